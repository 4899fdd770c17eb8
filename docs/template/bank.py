"""The template's exercise: the entropy of a diagonal Gaussian."""

import math

from torch import Tensor

from vae_course.checking.exercise import Exercise, case

LOG_2_PI = math.log(2 * math.pi)


def my_entropy(log_var: Tensor) -> Tensor:
    return 0.5 * (1 + LOG_2_PI + log_var).sum(-1)


EXERCISES = (
    Exercise(
        reference=my_entropy,
        points=2,
        cases=(
            case("for three codes of two dimensions", Tensor([[0.0, 0.0], [0.5, -2.0], [-3.0, 1.0]])),
            case("for one code of four dimensions", Tensor([[0.3, -0.4, 2.0, -5.0]])),
        ),
        mistakes=(
            (
                lambda log_var: 0.5 * (1 + LOG_2_PI + log_var).sum(),
                "You summed over the batch, too. Each code has an entropy of its own: sum over its dimensions alone.",
            ),
            (
                lambda log_var: -0.5 * (1 + LOG_2_PI + log_var).sum(-1),
                "The sign is wrong: entropy is the mean of −log q.",
            ),
            (
                lambda log_var: 0.5 * (LOG_2_PI + log_var).sum(-1),
                "The 1 is missing: it is the mean of the squared distance from the centre, in units of the variance.",
            ),
            (
                lambda log_var: (0.5 * (1 + LOG_2_PI) + log_var).sum(-1),
                "You took log_var for the logarithm of the standard deviation: halve it.",
            ),
        ),
        hints=(
            "Take the logarithm of the density first; what is its mean?",
            "The mean of (z − μ)² is the variance, so that each dimension adds ½ (1 + log 2π + log σ²).",
        ),
    ),
)
