"""Chapter 3: the ELBO."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from vae_course.bank._shared import Draws, kl_each, kl_terms
from vae_course.checking.exercise import SMALL, Exercise, case


def my_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    return kl_each(mean, log_var).sum(-1)


def _narrow_and_wide(draw: Draws) -> tuple[Tensor, Tensor]:
    mean, log_var = 3 * draw.randn(3, 5), draw.randn(3, 5)
    log_var[0], log_var[1, 2] = -40, 12
    return mean, log_var


_draw = Draws(my_kl)

KL = Exercise(
    reference=my_kl,
    points=4,
    cases=(
        case("for four examples of three dimensions", _draw.randn(4, 3), _draw.randn(4, 3)),
        case("for one example of two dimensions", _draw.randn(1, 2), _draw.randn(1, 2)),
        case("for a very narrow q and a very wide one, with log-variances −40 and 12", *_narrow_and_wide(_draw)),
    ),
    mistakes=(
        (
            lambda m, v: -kl_terms(m, v).sum(-1),
            "Your KL is the negative of the right one. Look at the sign of the whole: a divergence is never negative.",
        ),
        (
            lambda m, v: kl_terms(m, v).sum(),
            "You summed over the batch as well. Sum over the last dimension only; each example has its own KL.",
        ),
        (
            lambda m, v: kl_terms(m, v).sum(-1).mean(),
            "You averaged over the batch. Return one number for each example.",
        ),
        (
            lambda m, v: kl_terms(m, v).mean(),
            "You took the mean over everything, latent dimensions and batch. Sum over the latent dimensions, and keep "
            "one number for each example.",
        ),
        (
            lambda m, v: kl_terms(m, v).mean(-1),
            "You took the mean over the latent dimensions. The KL of independent dimensions is the sum of theirs.",
        ),
        *(
            (over_the_batch, "You reduced the batch, the first axis. Sum over the latent dimensions, the last axis.")
            for over_the_batch in (lambda m, v: kl_terms(m, v).sum(0), lambda m, v: kl_terms(m, v).mean(0))
        ),
        (
            lambda m, v: kl_terms(m, v).sum(-1, keepdim=True),
            "The numbers are right, in a column. Return shape (B,), without the summed axis.",
        ),
        (kl_terms, "Each dimension's term is right. Now sum them over the last dimension."),
        (lambda m, v: 2 * kl_terms(m, v).sum(-1), "The factor ½ is missing."),
        (
            lambda m, v: -2 * kl_terms(m, v).sum(-1),
            "The factor ½ is missing, and the sign of the whole is wrong: a divergence is never negative.",
        ),
        (lambda m, v: kl_terms(m, v).sum(-1) / math.log(2), "That is in bits. Use the natural logarithm."),
        (
            lambda m, v: 0.5 * (m**2 + (2 * v).exp() - 1 - 2 * v).sum(-1),
            "You read log_var as the logarithm of the standard deviation. The variance is exp(log_var).",
        ),
        (
            lambda m, v: 0.5 * (m**2 + (0.5 * v).exp() - 1 - v).sum(-1),
            "You put the standard deviation where the variance belongs. The variance is exp(log_var).",
        ),
        (
            lambda m, v: 0.5 * (m**2 + v - 1 - v.log()).sum(-1),
            "You took log_var for the variance itself, and its logarithm is NaN where it is negative. The variance is "
            "exp(log_var).",
        ),
        (
            lambda m, v: kl_terms(v, m).sum(-1),
            "The mean and the log-variance are exchanged. The first argument is the mean.",
        ),
        (
            lambda m, v: 0.5 * (m**2 + v - 1 - v).sum(-1),
            "The variance cancels against its logarithm: one of the two terms is exp(log_var), the other −log_var.",
        ),
        (
            lambda m, v: 0.5 * (m**2 + v.exp() - 1 + v).sum(-1),
            "The sign of the logarithm is wrong: log_var is subtracted, so that a narrow q costs more.",
        ),
        (
            lambda m, v: 0.5 * (m**2 - v.exp() - 1 - v).sum(-1),
            "The sign of the variance is wrong: exp(log_var) is added, so that a wide q costs more.",
        ),
        (
            lambda m, v: 0.5 * (-(m**2) + v.exp() - 1 - v).sum(-1),
            "The sign of the mean's square is wrong: it is added, so that a q far from the prior costs more.",
        ),
        (lambda m, v: 0.5 * (m + v.exp() - 1 - v).sum(-1), "The mean enters by its square."),
        (lambda m, v: 0.5 * (v.exp() - 1 - v).sum(-1), "The mean is missing: a q far from the prior costs more."),
        (lambda m, v: 0.5 * (m**2 - 1 - v).sum(-1), "The variance is missing: exp(log_var) is added."),
        (
            lambda m, v: 0.5 * (m**2 + v.exp() - 1).sum(-1),
            "The logarithm is missing: without −log_var a narrow q would cost nothing.",
        ),
        (lambda m, v: (kl_terms(m, v) + 0.5).sum(-1), "The −1 is missing: for q = p your divergence is not zero."),
        (
            lambda m, v: kl_terms(m, v).sum(-1) + 0.5 * (m.shape[-1] - 1),
            "The −1 is there once. It belongs to each dimension: put it inside the sum.",
        ),
        (
            lambda m, v: 0.5 * ((1 + m**2) * (-v).exp() - 1 + v).sum(-1),
            "That is KL(p ‖ q), the other direction: the expectation is under q.",
        ),
        *(
            (
                lambda m, v, eps=eps, root=root: (
                    0.5 * (m**2 + v.exp() - 1 - root * ((v / root).exp() + eps).log()).sum(-1)
                ),
                "A small number inside the logarithm takes the place of a small variance. The variance's logarithm is "
                "log_var as it stands.",
            )
            for root in (1, 2)  # beside the variance, beside the standard deviation
            for eps in SMALL
            if eps > 0.01 * math.exp(-40 / root)
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


def _far_apart(draw: Draws) -> Tensor:
    """Log-weights of three examples, too small for a float, too small for a double, and thousands of nats apart."""
    return 2 * draw.randn(4, 3) - torch.tensor(
        [[150, 1000, 3000], [150, 1000, 3000], [150, 1000, 6000], [150, 1000, 6000]]
    )


def _finite_by(guarded: Callable, eps: float, dtype: torch.dtype) -> Callable:
    return lambda w: guarded(w.to(dtype).exp(), eps).log().to(w.dtype)


_draw = Draws(my_iwae_bound)

IWAE_BOUND = Exercise(
    reference=my_iwae_bound,
    points=3,
    rtol=1e-5,  # a hundredth of a nat near −1,000
    cases=(
        case("for five samples of three examples", _draw.randn(5, 3)),
        case("for two samples of one example", _draw.randn(2, 1)),
        case("for weights as small as images have them, near exp(−1,000) and exp(−150)", _far_apart(_draw)),
    ),
    mistakes=(
        (lambda w: w.mean(0), "That is the mean of the log-weights, the ELBO. The logarithm stands outside the mean."),
        (lambda w: w.logsumexp(0), "The −log K is missing: the bound is the logarithm of a mean, not of a sum."),
        (
            lambda w: w.logsumexp(0) + math.log(len(w)),
            "The sign of log K is wrong: a mean is a sum divided by K, so log K is subtracted.",
        ),
        (
            lambda w: w.logsumexp(0) / len(w),
            "You divided the logarithm by K. The sum inside it is divided, which subtracts log K from the logarithm.",
        ),
        *(
            (
                lambda w, dtype=dtype: w.to(dtype).exp().mean(0).log().to(w.dtype),
                "exp underflowed to zero, and its logarithm is −∞. Use torch.logsumexp.",
            )
            for dtype in (torch.float32, torch.float64)
        ),
        *(
            (
                _finite_by(guarded, eps, dtype),
                "A small number inside the logarithm keeps it finite, and takes the place of the weights near "
                "exp(−1,000). Use torch.logsumexp.",
            )
            for guarded in (
                lambda weights, eps: weights.mean(0) + eps,
                lambda weights, eps: weights.mean(0).clamp(min=eps),
                lambda weights, eps: (weights.sum(0) + eps) / len(weights),
            )
            for eps, dtype in (
                *((eps, torch.float32) for eps in (*SMALL, torch.finfo(torch.float32).tiny)),
                *((eps, torch.float64) for eps in (1e-300, torch.finfo(torch.float64).tiny)),
            )
        ),
        (
            lambda w: w.logsumexp(-1) - math.log(w.shape[-1]),
            "You averaged over the examples. The K samples lie on the first axis.",
        ),
        (
            lambda w: w.logsumexp(0) - math.log(w.shape[-1]),
            "You divided by the number of examples. K is the number of samples, on the first axis.",
        ),
        (lambda w: w.exp().mean(0), "You averaged the weights but did not take the logarithm."),
        (
            lambda w: (w.logsumexp(0) - math.log(len(w))).mean(),
            "You averaged over the batch. Return one bound for each example.",
        ),
        (lambda w: math.log(len(w)) - w.logsumexp(0), "That is the negative of the bound, a loss. Return the bound."),
        (
            lambda w: w.max(0).values,
            "You took the largest weight alone. The bound is the logarithm of the mean of all weights.",
        ),
        (
            lambda w: (w.softmax(0) * w).sum(0),
            "You averaged the log-weights with the weights' own shares. Average the weights, then take the logarithm.",
        ),
    ),
    hints=(
        "Write the bound as a formula first: log of (1/K) times a sum of weights. You are given their logarithms.",
        "exp(−1,000) is 0 in floating point. torch.logsumexp(log_weights, 0) never computes it.",
    ),
    forbidden=("iwae_bound",),
)

QUESTIONS = {
    "ex-elbo-single-draw": "A bound in the mean",
    "ex-elbo-tighter": "Is a tighter bound a better model?",
}

EXERCISES = (KL, IWAE_BOUND)
