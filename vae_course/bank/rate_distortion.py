"""Chapter 6: rate and distortion."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from vae_course.bank._shared import Draws, kl_each, kl_terms
from vae_course.checking.exercise import Case, Exercise, case, gradient, one_of_two


def my_collapse_report(mean: Tensor, log_var: Tensor) -> tuple[Tensor, Tensor]:
    return kl_each(mean, log_var).mean(0), mean.var(0) > 0.01


def _units(draw: Draws, n: int, *units: tuple[float, float, float, float]) -> tuple[Tensor, Tensor]:
    """Units with the given centre and variance of their means over n images, and centre and spread of log_var."""
    centre, variance, log_var, spread = torch.tensor(units).T
    signal = draw.randn(n, len(units))
    signal = (signal - signal.mean(0)) / signal.std(0)
    return centre + variance.sqrt() * signal, log_var + spread * draw.randn(n, len(units))


def _eleven_units(draw: Draws) -> tuple[Tensor, Tensor]:
    mean, log_var = _units(
        draw,
        200,
        (0, 1, -6, 0.3),  # in use
        (2, 0, 0, 0),  # the same for all images, and far from the prior
        (0, 0.00002, -4, 0),  # all but the same, and narrow
        (-1, 0, -6, 0),  # the same, far away and narrow
        (0, 0.0004, -2, 0.4),  # all but still, with widths that vary
        (0, 0.008, 0.1, 0.3),  # just below the threshold
        (0, 0.012, 0, 0),  # just above it, at a KL below it
        (0, 0.015, 0.8, 0),  # above it, and wider than the prior
        (0.5, 0.04, -0.05, 0),  # a little in use
        (0, 100, -6, 0),  # huge
        (0, 0.1, -0.02, 0),  # moves for 50 images alone, in the middle
    )
    mean[:100, -1] = mean[150:, -1] = 0
    return mean, log_var


def _truth_values(mean: Tensor, log_var: Tensor) -> Callable[[Callable], object]:
    """Which units are active; an error where the answer is not of truth values."""

    def run(function: Callable) -> object:
        active = one_of_two(function(mean.clone(), log_var.clone()), 1)
        if isinstance(active, Tensor) and active.dtype != torch.bool:
            form = f"a tensor of shape {tuple(active.shape)} and type {active.dtype}"
            raise TypeError(f"the second result is to hold truth values, type torch.bool, and is {form}")
        return active

    return run


_draw = Draws(my_collapse_report)
_ELEVEN = _eleven_units(_draw)
_COLLAPSED = _units(
    _draw, 90, (0, 0.008, 0, 0), (1, 0.001, -0.5, 0), (0, 5e-5, -3, 0), (-2, 0, -6, 0.2), (0, 0.004, 1, 0.2)
)
_APART = (_draw.randn(50, 4), _draw.randn(50, 4))

COLLAPSE_REPORT = Exercise(
    reference=my_collapse_report,
    points=4,
    cases=(
        case("KL for 200 images and eleven kinds of unit", *_ELEVEN, part=0),
        Case("truth values of which of the eleven are active", _truth_values(*_ELEVEN)),
        case("KL for 90 images and five units that collapsed", *_COLLAPSED, part=0),
        Case("truth values for these five, none of them active", _truth_values(*_COLLAPSED)),
        case("KL for 50 images and four units in use", *_APART, part=0),
    ),
    mistakes=(
        *(
            (
                lambda m, v, threshold=threshold: (kl_terms(m, v).mean(0), kl_terms(m, v).mean(0) > threshold),
                "You went by the KL. A unit with the same posterior for every image has a KL, too, and says nothing "
                "about the image: look at how its mean varies.",
            )
            for threshold in (0.01, 0.1)
        ),
        (
            lambda m, v: (kl_terms(m, v).mean(0), (m**2).mean(0) > 0.01),
            "You took the mean square of the posterior means. A mean that is 2 for every image is large and "
            "carries no information: take the variance over the images.",
        ),
        (
            lambda m, v: (kl_terms(m, v).mean(0), m.std(0) > 0.01),
            "You compared the standard deviation of the means with 0.01. The threshold is for their variance.",
        ),
        (
            lambda m, v: (kl_terms(m, v).mean(0), v.exp().mean(0) > 0.01),
            "You looked at the variance of q for one image. What counts is how much the mean of q varies from "
            "image to image.",
        ),
        (
            lambda m, v: (kl_terms(m, v).mean(0), v.var(0) > 0.01),
            "You looked at how log_var varies. The usual count looks at the means of q.",
        ),
        (
            lambda m, v: (kl_terms(m, v).mean(0), m.var(0) + v.exp().mean(0) > 0.01),
            "That is the variance of the aggregate posterior, the means' variance plus q's own. A collapsed unit "
            "has 1 there: take the means' variance alone.",
        ),
        *(
            (
                lambda m, v, share=share: (kl_terms(m, v).mean(0), m.var(0) > 0.01 * share(m.var(0))),
                "You compared each unit with the others. The threshold is 0.01 whatever the others do: one large unit "
                "must not hide a small one, and where all have collapsed none is active.",
            )
            for share in (torch.max, torch.sum, torch.mean)
        ),
        (
            lambda m, v: (kl_terms(m, v).mean(0), m.var(0) < 0.01),
            "Your mask is the other way round: it marks the units that are not active.",
        ),
        (
            lambda m, v: (kl_terms(m, v).mean(0), (m.var(0) > 0.01).sum()),
            "You returned the number of active units. Return the truth value of each.",
        ),
        (
            lambda m, v: (kl_terms(m, v).sum(0), m.var(0) > 0.01),
            "You summed the KL over the images. The rate is a mean over the data and a sum over the dimensions; "
            "here the dimensions stay apart.",
        ),
        (
            lambda m, v: (kl_terms(m, v).sum(-1).mean(), m.var(0) > 0.01),
            "You summed the KL over the dimensions. Leave them apart: one number for each unit.",
        ),
        (
            lambda m, v: (kl_terms(m, v).mean(-1), m.var(-1) > 0.01),
            "You averaged over the dimensions. The images lie on the first axis: average over that one.",
        ),
        (lambda m, v: (2 * kl_terms(m, v).mean(0), m.var(0) > 0.01), "The factor ½ is missing in the KL."),
        (
            lambda m, v: ((kl_terms(m, v) + 0.5).mean(0), m.var(0) > 0.01),
            "The −1 is missing in the KL: a unit whose posterior is the prior must have zero.",
        ),
        (
            lambda m, v: (0.5 * (m**2 + (2 * v).exp() - 1 - 2 * v).mean(0), m.var(0) > 0.01),
            "You read log_var as the logarithm of the standard deviation. The variance is exp(log_var).",
        ),
        (
            lambda m, v: (kl_terms(m.mean(0), v.exp().mean(0).log()), m.var(0) > 0.01),
            "You averaged the parameters first and took the KL of the average. Take each image's KL, then the mean.",
        ),
    ),
    hints=(
        "Two questions about each column: how far is q from the prior on average, and does q depend on the image "
        "at all?",
        "The first is the KL of a Gaussian from the standard normal, averaged over the rows. The second looks "
        "only at the posterior means.",
        "A unit is active where the variance of its posterior means over the images is above 0.01.",
    ),
    forbidden=("kl_divergence", "kl_to_standard_normal", "active_units"),
)


def my_free_bits(kl: Tensor, allowance: float) -> Tensor:
    each = kl.mean(0)
    return torch.where(each > allowance, each, torch.full_like(each, allowance)).sum()


def _gradient_of(kl: Tensor, allowance: float) -> Callable[[Callable], Tensor]:
    def run(function: Callable) -> Tensor:
        leaf = kl.clone().requires_grad_()
        result = function(leaf, allowance)
        return gradient(result, leaf)

    return run


_KL = torch.tensor(
    [[1.2, 0.05, 0.6, 0.0], [0.8, 0.15, 0.0, 0.1], [1.6, 0.1, 0.0, 0.2]]
)  # column means 1.2, 0.1, 0.2, 0.1

_draw = Draws(my_free_bits)

FREE_BITS = Exercise(
    reference=my_free_bits,
    points=3,
    cases=(
        case("for three images, with one dimension above the allowance", _KL, 0.25),
        case("where an image exceeds the allowance and the mean does not", _KL[:, 1:], 0.5),
        case("for 16 images and six dimensions", torch.linspace(0.1, 1.2, 6) * _draw.randn(16, 6) ** 2, 0.4),
        Case("and its gradient rests where a dimension is below the allowance", _gradient_of(_KL, 0.25)),
    ),
    mistakes=(
        (
            lambda kl, a: kl.detach().mean(0).clamp(min=a).sum(),
            "No gradient comes through your function: do not detach, and do not turn tensors into numbers.",
        ),
        (
            lambda kl, a: kl.clamp(min=a).mean(0).sum(),
            "You applied the allowance to each image before the mean. It is for the mean over the batch: one "
            "image may say little in a dimension if others say more.",
        ),
        (
            lambda kl, a: kl.mean(0).sum().clamp(min=a),
            "You applied the allowance to the whole rate. Each dimension has its own.",
        ),
        (
            lambda kl, a: kl.sum(-1).clamp(min=a).mean(),
            "You applied the allowance to each image's whole KL. It is for each dimension, after the mean over "
            "the batch.",
        ),
        (
            lambda kl, a: (kl.mean(0) - a).clamp(min=0).sum(),
            "You subtracted the allowance. Its gradient is the same, but the value is too small by the allowance "
            "in every dimension: what is below counts as the allowance, what is above counts in full.",
        ),
        (
            lambda kl, a: (kl.mean(0) * (kl.mean(0) > a)).sum(),
            "Below the allowance you charge nothing. Charge the allowance itself, or the loss jumps where a "
            "dimension crosses it.",
        ),
        (
            lambda kl, a: kl.mean(0).clamp(max=a).sum(),
            "You took the smaller of the two: that stops paying attention above the allowance, where the price "
            "should count. Take the larger.",
        ),
        (lambda kl, a: kl.mean(0).clamp(min=a).mean(), "You took the mean over the dimensions. The rate is their sum."),
        (
            lambda kl, a: kl.sum(0).clamp(min=a).sum(),
            "You summed over the batch. Average over the images before you compare with the allowance.",
        ),
        (lambda kl, a: kl.mean(0).clamp(min=a), "Each dimension's charge is right. Now sum them."),
        (lambda kl, a: kl.mean(0).sum(), "That is the plain rate: the allowance does nothing in it."),
    ),
    hints=(
        "In which order: mean over the images, allowance, sum over the dimensions?",
        "The allowance is a floor under each dimension's mean KL.",
        "torch.clamp with min puts a floor under every entry, and passes no gradient where the floor counts.",
    ),
)


def my_water_filling(variances: Tensor, level: float) -> tuple[Tensor, Tensor]:
    """By the linear model's own posterior, not by the formula: the column, then the KL and the error."""
    length2 = (variances - level).clamp(min=0)  # the column's, squared
    modelled = length2 + level
    variance, means = level / modelled, length2 * variances / modelled**2  # of q, and of its means over the data
    rates = 0.5 * (means + variance - 1 - variance.log())
    return rates, (1 - length2 / modelled) ** 2 * variances + length2 * variance


_SPECTRUM = torch.tensor([2.0, 0.25, 5.1, 0.8, 1.3, 0.02, 3.7])


def _rates(variances: Tensor, level: float) -> Tensor:
    return 0.5 * (variances / level).log().clamp(min=0)


def _errors(variances: Tensor, level: float) -> Tensor:
    return variances.clamp(max=level)


WATER_FILLING = Exercise(
    reference=my_water_filling,
    points=4,
    cases=(
        case("rates for seven directions, four of them above the level", _SPECTRUM, 1.1, part=0),
        case("errors of the seven", _SPECTRUM, 1.1, part=1),
        case("rates where all but two directions are above the level", _SPECTRUM, 0.3, part=0),
        case("errors where only one direction is above the level", _SPECTRUM, 4.0, part=1),
    ),
    mistakes=(
        (
            lambda x, s: (2 * _rates(x, s), _errors(x, s)),
            "The factor ½ is missing in the rate: the logarithm of a ratio of variances is twice that of the "
            "standard deviations.",
        ),
        (
            lambda x, s: (0.5 * (x / s).log(), _errors(x, s)),
            "Some of your rates are negative. A direction below the level is not described at all: its rate is zero.",
        ),
        (
            lambda x, s: (_rates(x, s) / math.log(2), _errors(x, s)),
            "Your rates are in bits. Use the natural logarithm.",
        ),
        (
            lambda x, s: (0.5 * ((x - s).clamp(min=1e-9) / s).log().clamp(min=0), _errors(x, s)),
            "You put the column's squared length λ − s² into the logarithm. The ratio is the data's variance"
            " λ over the level.",
        ),
        (
            lambda x, s: (0.5 * (1 + x / s).log(), _errors(x, s)),
            "You added 1 inside the logarithm: that would be right for λ as the signal's variance without the "
            "noise. Here λ is the data's variance, with the noise in it.",
        ),
        (
            lambda x, s: (_rates(x, s), torch.full_like(x, s)),
            "You gave every direction the level as its error. A direction that is not described errs by its whole"
            " variance, which is less.",
        ),
        (
            lambda x, s: (_rates(x, s), x.clamp(min=s)),
            "You took the larger of variance and level as the error. No direction errs by more than its own variance.",
        ),
        (
            lambda x, s: (_rates(x, s), x * (x <= s)),
            "You gave the directions that are kept no error. Their code is noisy, and they err by the level: only"
            " so much rate was paid.",
        ),
        (
            lambda x, s: (_rates(x, s), (x - s).clamp(min=0)),
            "That is λ − s², the variance that the model explains. The error is what remains.",
        ),
        (lambda x, s: (_rates(x, s**2), _errors(x, s**2)), "You squared the level. It is a variance already."),
        (
            lambda x, s: (_rates(y := x.sort(descending=True).values, s), _errors(y, s)),
            "You sorted the directions. Return them in the order in which they came.",
        ),
        (
            lambda x, s: (_rates(x, s).sum(), _errors(x, s).sum()),
            "You returned the sums. Return one rate and one error for each direction.",
        ),
    ),
    hints=(
        "Decide first which directions are kept. What is the rate of the others, and what is their error?",
        "A kept direction has half the logarithm of its variance over the level as its rate; every kept direction"
        " errs by the same amount.",
        "The error is the smaller of variance and level; clamp does both halves of the exercise.",
    ),
)

QUESTIONS = {
    "ex-rate-distortion-weight": "What a small weight weighs",
    "ex-rate-distortion-silent": "240 silent latents",
}

EXERCISES = (COLLAPSE_REPORT, FREE_BITS, WATER_FILLING)
