"""Chapter 2: latent variable models."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from vae_course.bank._shared import Draws
from vae_course.checking.exercise import SMALL, Exercise, case


def my_grid_posterior(log_joint: Tensor, step: float) -> Tensor:
    scaled = (log_joint.double() - log_joint.double().max(-1, keepdim=True).values).exp()
    return (scaled / (step * scaled.sum(-1, keepdim=True))).to(log_joint.dtype)


def _log_joints(draw: Draws, variances: list[float]) -> Tensor:
    """Rough bells that fade out before the grid ends, so that the trapezoidal rule is as right as the plain sum."""
    centres, squares = torch.tensor([[-1.0], [0.3], [1.5]]), torch.tensor(variances)[:, None]
    return -0.5 * (torch.linspace(-8, 8, 65) - centres) ** 2 / squares + draw.randn(3, 65)


_draw = Draws(my_grid_posterior)

GRID_POSTERIOR = Exercise(
    reference=my_grid_posterior,
    points=3,
    rtol=1e-3,  # differences of float32 near −1,000
    cases=(
        case("for three observations on a grid with step ¼", _log_joints(_draw, [0.3, 1.0, 0.6]), 0.25),
        case(
            "for two observations on a grid with step 2", _draw.randn(2, 6) - torch.tensor([30.0, 0, 0, 0, 0, 30]), 2.0
        ),
        case(
            "for log-joints near −1,000 and −150, as images have them, and steep ones",
            _log_joints(_draw, [0.3, 1.0, 0.02]) - torch.tensor([[1000], [150], [2500]]),
            0.25,
        ),
    ),
    mistakes=(
        (
            lambda v, h: v.softmax(-1),
            "Your values sum to one: they are the probabilities of the grid's cells. A density times the step sums "
            "to one.",
        ),
        (
            lambda v, h: v.softmax(-1) * h,
            "You multiplied by the step where a density is divided by it: density times step is the probability of "
            "a cell.",
        ),
        *(
            (
                lambda v, h, dtype=dtype: ((w := v.to(dtype).exp()) / (w.sum(-1, keepdim=True) * h)).to(v.dtype),
                "Near −1,000 the exponential underflows and you divide zero by zero. Subtract logarithms before you "
                "exponentiate.",
            )
            for dtype in (torch.float32, torch.float64)
        ),
        *(
            (
                lambda v, h, eps=eps, dtype=dtype: ((w := v.to(dtype).exp()) / (w.sum(-1, keepdim=True) * h + eps)).to(
                    v.dtype
                ),
                "However the division is kept defined, by a small number or by nan_to_num, a density of zero is left "
                "near −1,000, where the exponential underflows. Subtract logarithms before you exponentiate.",
            )
            for dtype in (torch.float32, torch.float64)
            for eps in SMALL[::2]
        ),
        (
            lambda v, h: v.exp() / v.exp().sum(-1, keepdim=True),
            "Two things: your values sum to one over the grid, where density times step should; and near −1,000 the "
            "exponential underflows.",
        ),
        (
            lambda v, h: (v - v.logsumexp(-1, keepdim=True) - h).exp(),
            "You took the step where its logarithm belongs: log p(x) is the logsumexp over the grid plus log step.",
        ),
        (
            lambda v, h: v.softmax(-1) / (h * v.shape[-1]),
            "You divided by the number of points as well. The integral is a sum times the step, not a mean.",
        ),
        (
            lambda v, h: v.softmax(-1) * v.shape[-1],
            "Your values have the mean one over the grid. It is density times step that sums to one.",
        ),
        (
            lambda v, h: v.softmax(-1) / h**2,
            "You divided by the step twice. Once makes a density of the cells' probabilities.",
        ),
        (lambda v, h: v.exp(), "That is the joint density along z. The posterior is the joint divided by p(x)."),
        (
            lambda v, h: (v - v.max(-1, keepdim=True).values).exp(),
            "Your curve has the right shape and the height one. Divide by its integral, not by its maximum.",
        ),
        (
            lambda v, h: v - v.logsumexp(-1, keepdim=True) - math.log(h),
            "That is the logarithm of the posterior. The density itself is asked for.",
        ),
        (lambda v, h: v.softmax(0) / h, "You normalised over the observations. The grid lies on the last axis."),
        (
            lambda v, h: (v - v.logsumexp((0, 1)) - math.log(h)).exp(),
            "You divided by one integral for the whole batch. Each x has its own p(x).",
        ),
        (
            lambda v, h: v / (v.sum(-1, keepdim=True) * h),
            "You normalised the logarithms. It is the densities that have to integrate to one.",
        ),
    ),
    hints=(
        "Bayes' rule: the posterior is the joint divided by p(x), and p(x) is the integral of the joint over z, "
        "here a sum times the step.",
        "In logarithms: log p(x) is the logsumexp of the log-joint over the grid, plus the logarithm of the step. "
        "Subtract it, then exponentiate.",
    ),
)


def my_ppca_posterior(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    gain = weight.T @ torch.linalg.inv(_marginal_covariance(weight, s))  # conditions the joint Gaussian of z and x
    return (x - mean) @ gain.T, torch.eye(weight.shape[1]) - gain @ weight


def _marginal_covariance(weight: Tensor, s: float) -> Tensor:
    return weight @ weight.T + s**2 * torch.eye(len(weight))


def _precision(weight: Tensor, s: float) -> Tensor:
    return torch.eye(weight.shape[1]) + weight.T @ weight / s**2


def _forgets_noise_in_mean(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    covariance = torch.linalg.inv(_precision(weight, s))
    return (x - mean) @ weight @ covariance, covariance


def _forgets_covariance_in_mean(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return (x - mean) @ weight / s**2, torch.linalg.inv(_precision(weight, s))


def _projects(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return (x - mean) @ torch.linalg.pinv(weight).T, torch.linalg.inv(_precision(weight, s))


def _forgets_prior(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return (x - mean) @ torch.linalg.pinv(weight).T, torch.linalg.inv(weight.T @ weight / s**2)


def _returns_precision(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return my_ppca_posterior(x, mean, weight, s)[0], _precision(weight, s)


def _returns_variances(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    posterior_mean, covariance = my_ppca_posterior(x, mean, weight, s)
    return posterior_mean, covariance.diagonal()


def _forgets_noise_in_covariance(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    posterior_mean, covariance = my_ppca_posterior(x, mean, weight, s)
    return posterior_mean, covariance / s**2


def _inverts_each_entry(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return my_ppca_posterior(x, mean, weight, s)[0], 1 / _precision(weight, s)


def _repeats_covariance(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    posterior_mean, covariance = my_ppca_posterior(x, mean, weight, s)
    return posterior_mean, covariance.expand(len(x), -1, -1)


def _returns_marginal(x: Tensor, mean: Tensor, weight: Tensor, s: float) -> tuple[Tensor, Tensor]:
    return my_ppca_posterior(x, mean, weight, s)[0], _marginal_covariance(weight, s)


_draw = Draws(my_ppca_posterior)
_few = (_draw.randn(4, 5), _draw.randn(5), _draw.randn(5, 2), 0.5)
_noisy = (_draw.randn(2, 6), _draw.randn(6), _draw.randn(6, 3), 2.0)

PPCA_POSTERIOR = Exercise(
    reference=my_ppca_posterior,
    points=5,
    cases=(
        case("in its mean, for four observations and two latents", *_few, part=0),
        case("in its covariance, for two latents", *_few, part=1),
        case("in its mean, for three latents and much noise, s = 2", *_noisy, part=0),
        case("in its covariance, for three latents and much noise", *_noisy, part=1),
    ),
    mistakes=(
        (
            lambda x, m, w, s: my_ppca_posterior(x, torch.zeros_like(m), w, s),
            "The mean of the data is not subtracted: at x = mean your posterior should sit at the prior's mean.",
        ),
        (
            _projects,
            "Your mean is the projection on the columns of W. The posterior's mean is drawn towards the prior's, "
            "the more the greater the noise.",
        ),
        (
            _forgets_prior,
            "The prior is missing: without the identity in the precision this is least squares, and with much noise "
            "it believes all it sees.",
        ),
        (
            lambda x, m, w, s: my_ppca_posterior(x, m, w, math.sqrt(s)),
            "You used s where s² belongs: s is the noise's standard deviation.",
        ),
        (
            _forgets_noise_in_mean,
            "Your mean lacks the division by s². Read off the linear term of the joint's logarithm once more.",
        ),
        (
            _forgets_covariance_in_mean,
            "Your mean is the linear term alone. To complete the square it has to be multiplied by the posterior's "
            "covariance.",
        ),
        (
            lambda x, m, w, s: my_ppca_posterior(x, x.mean(0), w, s),
            "You subtracted the mean of this batch. The model has a mean of its own: use the one that was passed in.",
        ),
        (
            lambda x, m, w, s: my_ppca_posterior(x, m, w, s**2),
            "You squared s twice, or took s² for the standard deviation: the noise's variance is s².",
        ),
        (
            _forgets_noise_in_covariance,
            "You returned the inverse of WᵀW + s²I. The posterior's covariance is s² times that.",
        ),
        (
            _inverts_each_entry,
            "You took the reciprocal of each entry of the precision. The covariance is the inverse of the matrix.",
        ),
        (
            lambda x, m, w, s: my_ppca_posterior(x, m, w, s)[::-1],
            "Both are right, in the wrong order: the means first.",
        ),
        (
            _repeats_covariance,
            "You returned a covariance for each observation. They are all the same: return it once, D × D.",
        ),
        (_returns_precision, "You returned the precision P. The covariance is its inverse."),
        (
            _returns_variances,
            "You returned the variances alone. Unless the columns of W are orthogonal the latents are correlated in "
            "the posterior: return the matrix.",
        ),
        (_returns_marginal, "That is the covariance of x, in the space of pixels. The posterior's is D × D."),
    ),
    hints=(
        "Write log p(z) + log p(x | z) as a function of z, and keep the terms that are quadratic and linear in z.",
        "The quadratic term gives the precision, the prior's plus the likelihood's. The mean μ solves precision · μ "
        "= linear term.",
        "The precision is I + WᵀW / s², the linear term Wᵀ(x − mean) / s². The covariance is the inverse of the "
        "precision.",
    ),
)


def my_effective_sample_size(log_weights: Tensor) -> Tensor:
    shares = log_weights.double().softmax(0)
    return (1 / (shares**2).sum(0)).to(log_weights.dtype)


def _beside_others(draw: Draws, log_weights: list[float]) -> Tensor:
    """Log-weights whose ESS is known, and those of another observation."""
    return torch.stack([torch.tensor(log_weights), draw.randn(len(log_weights))], -1)


def _by_weights(guarded: Callable, dtype: torch.dtype) -> Callable:
    return lambda v: guarded(v.to(dtype).exp()).to(v.dtype)


_draw = Draws(my_effective_sample_size)

EFFECTIVE_SAMPLE_SIZE = Exercise(
    reference=my_effective_sample_size,
    points=4,
    rtol=1e-3,  # differences of float32 near −1,000
    cases=(
        case("for six samples of three observations", 1.5 * _draw.randn(6, 3)),
        case("for eight equal weights, where it is eight, and eight others", _beside_others(_draw, [0.7] * 8)),
        case(
            "for weights as small as images have them, near exp(−1,000) and exp(−150)",
            3 * _draw.randn(5, 4) - torch.tensor([1000, 150, 1000, 150]),
        ),
        case(
            "for three equal weights among seventeen that vanish, which count three, and twenty others",
            _beside_others(_draw, [0.0] * 3 + [-3000.0] * 17),
        ),
    ),
    mistakes=(
        (
            lambda v: 1 / (v.exp() ** 2).sum(0),
            "That holds for weights that sum to one. Yours do not: normalise them first, or divide by their sum "
            "squared.",
        ),
        *(
            (
                _by_weights(lambda w: w.sum(0) ** 2 / (w**2).sum(0), dtype),
                "Your exponentials underflow near exp(−1,000), and zero by zero is not a number. Normalise each "
                "observation's weights while they are logarithms.",
            )
            for dtype in (torch.float32, torch.float64)
        ),
        *(
            (
                _by_weights(lambda w, eps=eps: (w + eps).sum(0) ** 2 / ((w + eps) ** 2).sum(0), dtype),
                "A small number added to the weights, or put under them as a floor, swamps weights near exp(−1,000), "
                "and calls them all equal. Normalise while they are logarithms.",
            )
            for dtype in (torch.float32, torch.float64)
            for eps in SMALL
            if dtype == torch.float64 or eps > 1e-19  # whose square is no float
        ),
        *(
            (
                _by_weights(lambda w, eps=eps: w.sum(0) ** 2 / ((w**2).sum(0) + eps), torch.float64),
                "However the division is kept defined, by a small number or by nan_to_num, an ESS of zero is left "
                "where the weights are near exp(−1,000). Normalise while they are logarithms.",
            )
            for eps in SMALL
        ),
        *(
            (
                _by_weights(lambda w, eps=eps: 1 / (w / (w.sum(0) + eps)).square().sum(0), torch.float32),
                "A small number in the denominator leaves shares of zero where the weights are near exp(−1,000), and "
                "an infinite ESS. Normalise while they are logarithms.",
            )
            for eps in SMALL
        ),
        (
            lambda v: v.softmax(0).square().sum(0),
            "That is the reciprocal: it falls from one towards 1/S as the weights become even.",
        ),
        (
            lambda v: 1 / v.softmax(0).square().mean(0),
            "You took a mean for the sum of squares: for S equal weights yours is S², not S.",
        ),
        (
            lambda v: 1 / v.softmax(0).square().sum(0) / len(v),
            "That is the share of the samples, ESS / S. The number of them is asked for.",
        ),
        (
            lambda v: (1 / v.softmax(0).square().sum(0)).mean(),
            "You averaged over the observations. Return one number for each.",
        ),
        (
            lambda v: len(v) * v.softmax(0).square().sum(0),
            "That is S over the ESS, how many guesses an effective one costs. The ESS is its reciprocal times S.",
        ),
        (
            lambda v: v.softmax(0).sum(0) / v.softmax(0).square().sum(0).sqrt(),
            "You divided by the root of the sum of squares. The sum in the numerator is squared; do not take the root.",
        ),
        (lambda v: 2 * v.logsumexp(0) - (2 * v).logsumexp(0), "That is its logarithm. Exponentiate at the end."),
        (
            lambda v: v.sum(0) ** 2 / (v**2).sum(0),
            "You put the log-weights into the formula. It is meant for the weights.",
        ),
        (
            lambda v: 1 / v.softmax(-1).square().sum(-1),
            "You summed over the observations. The samples lie on the first axis.",
        ),
        (
            lambda v: (-(v.softmax(0) * v.log_softmax(0)).sum(0)).exp(),
            "That is the exponential of the entropy of the weights, another count. This one uses the sum of their "
            "squares.",
        ),
        (
            lambda v: 1 / v.softmax(0).max(0).values,
            "You looked at the largest weight alone. All weights enter, by their squares.",
        ),
    ),
    hints=(
        "The formula does not change if all weights are multiplied by one number. Choose that number so that "
        "nothing underflows.",
        "Divide the weights by their sum: a softmax of log_weights over the samples. Then the numerator is one.",
    ),
)

QUESTIONS = {
    "ex-lvm-improbable": "As sure of the improbable, in this world",
    "ex-lvm-unbiased": "Unbiased, and still wrong",
}

EXERCISES = (GRID_POSTERIOR, PPCA_POSTERIOR, EFFECTIVE_SAMPLE_SIZE)
