"""Chapter 3: the ELBO."""

import math

import torch
from torch import Generator, Tensor
from torch.distributions import Independent, Normal, kl_divergence

from vae_lib.exercises.exercise import Exercise, case

_generator = Generator().manual_seed(0)


def _randn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=_generator)


def my_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    q = Independent(Normal(mean, (0.5 * log_var).exp()), 1)
    return kl_divergence(q, Independent(Normal(torch.zeros_like(mean), torch.ones_like(mean)), 1))


def _kl_terms(mean: Tensor, log_var: Tensor) -> Tensor:
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var)


KL = Exercise(
    reference=my_kl,
    points=4,
    cases=(
        case("for four examples of three dimensions", _randn(4, 3), _randn(4, 3)),
        case("for one example of one dimension", _randn(1, 1), _randn(1, 1)),
        case("for a very narrow q, with log-variance −9", _randn(2, 5), torch.full((2, 5), -9.0)),
    ),
    mistakes=(
        (
            lambda m, v: -_kl_terms(m, v).sum(-1),
            "Your KL is the negative of the right one. Look at the sign of the whole: a divergence is never negative.",
        ),
        (
            lambda m, v: _kl_terms(m, v).sum(),
            "You summed over the batch as well. Sum over the last dimension only; each example has its own KL.",
        ),
        (
            lambda m, v: _kl_terms(m, v).sum(-1).mean(),
            "You averaged over the batch. Return one number for each example.",
        ),
        (
            lambda m, v: _kl_terms(m, v).mean(-1),
            "You took the mean over the latent dimensions. The KL of independent dimensions is the sum of theirs.",
        ),
        (_kl_terms, "Each dimension's term is right. Now sum them over the last dimension."),
        (lambda m, v: 2 * _kl_terms(m, v).sum(-1), "The factor ½ is missing."),
        (
            lambda m, v: 0.5 * (m**2 + (2 * v).exp() - 1 - 2 * v).sum(-1),
            "You read log_var as the logarithm of the standard deviation. The variance is exp(log_var).",
        ),
        (
            lambda m, v: 0.5 * (m**2 + v - 1 - v).sum(-1),
            "The variance cancels against its logarithm: one of the two terms is exp(log_var), the other −log_var.",
        ),
        (lambda m, v: (_kl_terms(m, v) + 0.5).sum(-1), "The −1 is missing: for q = p your divergence is not zero."),
        (
            lambda m, v: 0.5 * ((1 + m**2) * (-v).exp() - 1 + v).sum(-1),
            "That is KL(p ‖ q), the other direction: the expectation is under q.",
        ),
    ),
    hints=(
        "Both Gaussians are diagonal, so the divergence is a sum over dimensions. Do one dimension first.",
        "In one dimension, E_q[log q − log p] needs only E_q[(z − mean)²] and E_q[z²]. What are they?",
        "One dimension gives (mean² + variance − 1 − log variance) / 2. Sum over the last axis.",
    ),
    forbidden=("kl_divergence", "kl_to_standard_normal"),
)


def my_iwae_bound(log_weights: Tensor) -> Tensor:
    return log_weights.logsumexp(0) - math.log(log_weights.shape[0])


IWAE_BOUND = Exercise(
    reference=my_iwae_bound,
    points=3,
    cases=(
        case("for five samples of three examples", _randn(5, 3)),
        case("for one sample, where it is the ELBO's estimate", _randn(1, 4)),
        case(
            "for weights as small as images have them, near exp(−500) and exp(−150)",
            _randn(4, 2) - torch.tensor([500, 150]),
        ),
    ),
    mistakes=(
        (lambda w: w.mean(0), "That is the mean of the log-weights, the ELBO. The logarithm stands outside the mean."),
        (lambda w: w.logsumexp(0), "The −log K is missing: the bound is the logarithm of a mean, not of a sum."),
        (lambda w: w.exp().mean(0).log(), "exp underflowed to zero, and its logarithm is −∞. Use torch.logsumexp."),
        *(
            (
                lambda w, eps=eps: (w.exp().mean(0) + eps).log(),
                "A small number inside the logarithm keeps it finite, and takes the place of the weights near "
                "exp(−500). Use torch.logsumexp.",
            )
            for eps in (1e-6, 1e-8, 1e-10, 1e-12, 1e-20)
        ),
        (
            lambda w: w.logsumexp(-1) - math.log(w.shape[-1]),
            "You averaged over the examples. The K samples lie on the first axis.",
        ),
        (lambda w: w.exp().mean(0), "You averaged the weights but did not take the logarithm."),
    ),
    hints=(
        "Write the bound as a formula first: log of (1/K) times a sum of weights. You are given their logarithms.",
        "exp(−500) is 0 in floating point. torch.logsumexp(log_weights, 0) never computes it.",
    ),
    forbidden=("iwae_bound",),
)

EXERCISES = (KL, IWAE_BOUND)
