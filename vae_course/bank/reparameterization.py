"""Chapter 4: reparameterization."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, autograd
from torch.distributions import Normal

from vae_course.bank._shared import Draws
from vae_course.checking.exercise import Case, Exercise, case, gradient


def my_reparameterize(mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """The draw, by one fused operation of PyTorch."""
    return torch.addcmul(mean, log_var.exp().sqrt(), noise)


def _draw_gradients(function: Callable) -> tuple[Tensor, Tensor]:
    """The gradients of a weighted sum of the draw, in the mean and in the log-variance; zero where none arrives."""
    mean, log_var = (value.clone().requires_grad_() for value in (_AT_MEAN, _AT_LOG_VAR))
    weighted = function(mean, log_var, _AT_NOISE.clone()) * _AT_WEIGHTS
    return gradient(weighted, mean), gradient(weighted, log_var)


_draw = Draws(my_reparameterize)
_AT_MEAN, _AT_LOG_VAR, _AT_NOISE, _AT_WEIGHTS = (_draw.randn(3, 2) for _ in range(4))

REPARAMETERIZE = Exercise(
    reference=my_reparameterize,
    points=3,
    cases=(
        case("for four examples of three dimensions", _draw.randn(4, 3), _draw.randn(4, 3), _draw.randn(4, 3)),
        case("for two draws of each example", _draw.randn(4, 3), _draw.randn(4, 3), _draw.randn(2, 4, 3)),
        case(
            "for a narrow q and a wide one, with log-variances −14 and 12",
            _draw.randn(2, 5),
            torch.tensor([[-14.0], [12.0]]).expand(2, 5),
            _draw.randn(2, 5),
        ),
        Case("in its gradient, which reaches the mean and the log-variance", _draw_gradients),
    ),
    mistakes=(
        (
            lambda m, v, n: (m + (0.5 * v).exp() * n).detach(),
            "The numbers are right, but no gradient comes back: the draw was cut off from the mean and the "
            "log-variance. Look for detach, no_grad or .data.",
        ),
        (
            lambda m, v, n: m + (0.5 * v).exp().detach() * n,
            "The gradient reaches the mean and not the log-variance: the spread was cut off, by detach or no_grad.",
        ),
        (
            lambda m, v, n: m.detach() + (0.5 * v).exp() * n,
            "The gradient reaches the log-variance and not the mean, which was cut off.",
        ),
        (
            lambda m, v, n: m + v.exp() * n,
            "You scaled the noise with the variance. What multiplies it is the standard deviation, whose square "
            "the variance is.",
        ),
        (
            lambda m, v, n: m + v * n,
            "You scaled the noise with log_var itself. It is the logarithm of a variance; undo the logarithm first.",
        ),
        (
            lambda m, v, n: m + v.sqrt() * n,
            "You took the square root of log_var, which is NaN wherever it is negative. The variance is exp(log_var).",
        ),
        (
            lambda m, v, n: m + 0.5 * v.exp() * n,
            "The half belongs inside the exponential: it takes the square root of the variance. Outside, it leaves "
            "half the variance where the standard deviation belongs.",
        ),
        (
            lambda m, v, n: m + (-0.5 * v).exp() * n,
            "You divided by the standard deviation where the noise has to be multiplied by it. Dividing "
            "standardises a draw; here you make one.",
        ),
        (
            lambda m, v, n: (m + n) * (0.5 * v).exp(),
            "You scaled the mean as well. Only the noise is scaled; the mean is added afterwards.",
        ),
        *(
            (
                lambda m, v, n, like=like: m + (0.5 * v).exp() * torch.randn_like(n if like else m),
                "You drew noise of your own. Use the noise that was passed in: the same noise has to give the same "
                "draw.",
            )
            for like in (False, True)
        ),
        *(
            (
                lambda m, v, n, eps=eps: m + (v.exp() + eps).sqrt() * n,
                "A small number under the root makes a narrow q wider than it is. The exponential is never zero here, "
                "and exp(log_var / 2) needs no root.",
            )
            for eps in (1e-3, 1e-4, 1e-5, 1e-6)
        ),
        (
            lambda m, v, n: m + (0.5 * v).exp(),
            "The noise is not used: every draw would lie one standard deviation above the mean.",
        ),
        (
            lambda m, v, n: m,
            "You returned the mean. The draw lies around it, by the noise times the standard deviation.",
        ),
        (lambda m, v, n: (0.5 * v).exp() * n, "The mean is missing: this draws around zero."),
        (
            lambda m, v, n: v + (0.5 * m).exp() * n,
            "The mean and the log-variance are exchanged. The first argument is the mean.",
        ),
        (
            lambda m, v, n: m + (2 * v).exp() * n,
            "You squared the variance where its root is wanted. The standard deviation is exp(log_var / 2).",
        ),
        (
            lambda m, v, n: m + F.softplus(v) * n,
            "A softplus makes a spread positive, but log_var is the logarithm of a variance: undo it by exp.",
        ),
        (
            lambda m, v, n: m + n,
            "The noise is not scaled: this draws from a Gaussian with variance 1, whatever log_var says.",
        ),
    ),
    hints=(
        "Noise with mean 0 and variance 1 is given. Which two operations give it the wanted mean and variance?",
        "The noise is multiplied by the standard deviation. How do you get that from the logarithm of the "
        "variance, in one exponential?",
    ),
    forbidden=("rsample", "DiagonalGaussian"),
)


def my_score_gradient(
    f: Callable, mean: Tensor, log_var: Tensor, noise: Tensor, baseline: float
) -> tuple[Tensor, Tensor]:
    """The estimator, by automatic differentiation of log q at the draws, each with its own copy of the parameters."""
    mean, log_var = (value.expand_as(noise).clone().requires_grad_() for value in (mean, log_var))
    q = Normal(mean, (0.5 * log_var).exp())
    z = (q.mean + q.stddev * noise).detach()
    by_mean, by_log_var = autograd.grad(q.log_prob(z).sum(), (mean, log_var))
    surplus = (f(z) - baseline).unsqueeze(-1)
    return surplus * by_mean, surplus * by_log_var


def _score(
    f: Callable,
    mean: Tensor,
    log_var: Tensor,
    noise: Tensor,
    baseline: float,
    *,
    surplus: Callable = lambda height, baseline: height - baseline,
    by_mean: Callable = lambda e, std: e / std,
    by_log_var: Callable = lambda e, std: 0.5 * (e**2 - 1),
    std: Callable = lambda log_var: (0.5 * log_var).exp(),
) -> tuple[Tensor, Tensor]:
    """The estimator from its formula; each keyword puts a fault in one place."""
    s = std(log_var)
    factor = surplus(f(mean + s * noise), baseline).unsqueeze(-1)
    return factor * by_mean(noise, s), factor * by_log_var(noise, s)


def _with(**fault: Callable) -> Callable:
    return lambda *arguments: _score(*arguments, **fault)


def _along_the_path(f: Callable, mean: Tensor, log_var: Tensor, noise: Tensor, baseline: float) -> tuple[Tensor, ...]:
    mean, log_var = (value.expand_as(noise).clone().requires_grad_() for value in (mean, log_var))
    return autograd.grad((f(mean + (0.5 * log_var).exp() * noise) - baseline).sum(), (mean, log_var))


def _averaged(*arguments) -> tuple[Tensor, ...]:
    return tuple(each.mean(0) for each in _score(*arguments))


def _bowl(z: Tensor) -> Tensor:
    return ((z + 0.5) ** 2).sum(-1)


def _steps(z: Tensor) -> Tensor:
    return (2 * z).floor().sum(-1)


_draw = Draws(my_score_gradient)
_SCORE_SETTINGS = (
    ("five draws in three dimensions", (_bowl, _draw.randn(3), _draw.randn(3), _draw.randn(5, 3), 2.0)),
    ("a narrow q, with log-variance −4", (_bowl, _draw.randn(2), torch.full((2,), -4.0), _draw.randn(4, 2), -1.5)),
    ("an f with jumps, which has no slope to use", (_steps, _draw.randn(2), _draw.randn(2), _draw.randn(6, 2), 0.7)),
)

SCORE_GRADIENT = Exercise(
    reference=my_score_gradient,
    points=5,
    cases=tuple(
        case(f"in the {name}, for {setting}", *arguments, part=which)
        for which, name in enumerate(("mean", "log-variance"))
        for setting, arguments in _SCORE_SETTINGS
    ),
    mistakes=(
        (
            _with(by_mean=lambda e, s: 0 * e, by_log_var=lambda e, s: torch.full_like(e, -0.5)),
            "The sample moved along with the parameters, so that its score in the mean vanished. The score is "
            "the derivative of log q(z) with z held fixed: detach z first.",
        ),
        (
            _along_the_path,
            "You differentiated f along the path of the sample: that is the pathwise estimator. The score "
            "function uses only the height of f.",
        ),
        (
            _with(surplus=lambda h, b: -(h - b)),
            "The sign is wrong. This is the gradient of E[f] itself, not of a loss to be made smaller, and it "
            "makes draws with a large f more probable.",
        ),
        (_with(surplus=lambda h, b: h), "The baseline is not used. Subtract it from the height before you multiply."),
        (_with(surplus=lambda h, b: h + b), "The baseline was added. It is subtracted."),
        (
            _with(surplus=lambda h, b: torch.ones_like(h)),
            "That is the score alone. Each draw's score is multiplied by how high f is there, less the baseline.",
        ),
        (
            _with(by_mean=lambda e, s: e),
            "The score in the mean lacks a factor. It is (z − mean) / variance; how does that read in the noise?",
        ),
        (
            _with(by_mean=lambda e, s: e / s**2),
            "You divided the noise by the variance. It is z − mean that is divided by the variance, and z − mean "
            "is already std times noise.",
        ),
        (
            _with(by_log_var=lambda e, s: e**2 - 1),
            "The score in log_var lacks a factor ½: the log-density has −½ log_var in it.",
        ),
        (
            _with(by_log_var=lambda e, s: 0.5 * e**2),
            "The score in log_var has a mean other than zero: the derivative of the term −½ log_var is missing.",
        ),
        (
            _with(by_log_var=lambda e, s: (e**2 - 1) / s),
            "That is the derivative in the standard deviation. The parameter here is log_var: one more factor by "
            "the chain rule.",
        ),
        (
            _with(std=lambda v: v.exp()),
            "You read log_var as the logarithm of the standard deviation. The variance is exp(log_var).",
        ),
        (
            _with(by_log_var=lambda e, s: 0.5 * (e**2 / s**2 - 1)),
            "You divided the noise by the standard deviation in the score in log_var. The noise is (z − mean) / std "
            "already, and its square is what is wanted.",
        ),
        (
            _with(by_log_var=lambda e, s: 0.5 * ((s * e) ** 2 - 1)),
            "The square of z − mean has to be divided by the variance: in the score in log_var, that is noise².",
        ),
        (
            _with(by_log_var=lambda e, s: 0.5 * (1 - e**2)),
            "The sign of the score in log_var is wrong: a draw far from the mean asks for a wider q.",
        ),
        (
            _with(by_mean=lambda e, s: -e / s),
            "The sign of the score in the mean is wrong: a draw above the mean asks for a higher mean.",
        ),
        (
            lambda *arguments: _score(*arguments)[::-1],
            "Both are right, in the wrong order: the gradient in the mean first.",
        ),
        (
            lambda f, m, v, n, b: tuple(each / len(n) for each in _score(f, m, v, n, b)),
            "You divided by the number of draws. Return the estimate of every draw; their mean is taken later.",
        ),
        (
            lambda *arguments: tuple(each.sum(0) for each in _score(*arguments)),
            "You summed over the draws. Return the estimate of every draw, so that its spread can be seen.",
        ),
        (_averaged, "You averaged over the draws. Return the estimate of every draw, so that its spread can be seen."),
    ),
    hints=(
        "The draw is mean + std · noise. Write log q(z) of one dimension, and differentiate it in mean and in "
        "log_var with z held fixed.",
        "With z − mean = std · noise, the two derivatives are noise / std and (noise² − 1) / 2.",
        "f gives one height for each draw, shape (S,); the scores have shape (S, D). Give the height a last axis "
        "of length one before you multiply.",
    ),
)


def my_leave_one_out(heights: Tensor) -> Tensor:
    """The mean of the others, draw by draw."""
    others = [torch.cat([heights[:s], heights[s + 1 :]]).mean(0) for s in range(len(heights))]
    return torch.stack(others)


_draw = Draws(my_leave_one_out)

LEAVE_ONE_OUT = Exercise(
    reference=my_leave_one_out,
    points=3,
    cases=(
        case("for five draws of three examples", _draw.randn(5, 3)),
        case("for three draws of four examples", _draw.randn(3, 4)),
        case("for log-likelihoods as images have them, near −100", 5 * _draw.randn(4, 2) - 100),
    ),
    mistakes=(
        (
            lambda h: h.mean(0).expand_as(h),
            "The mean has seen the draw it is subtracted for: every draw counts in its own baseline. Leave it "
            "out of its own sum, and out of the count.",
        ),
        (
            lambda h: h.mean(0),
            "That is one mean for each example, with every draw in it. Each draw needs a baseline of its own, "
            "from the others.",
        ),
        (lambda h: (h.sum(0) - h) / len(h), "The own height was left out of the sum but not out of the count."),
        (
            lambda h: h.sum(0).expand_as(h) / (len(h) - 1),
            "The own height was left out of the count but not out of the sum.",
        ),
        (
            lambda h: h - (h.sum(0) - h) / (len(h) - 1),
            "That is what is left after the baseline has been subtracted. Return the baseline.",
        ),
        (
            lambda h: (h.sum(1, keepdim=True) - h) / (h.shape[1] - 1),
            "You averaged over the other examples. Average over the other draws of the same example, on the "
            "first axis.",
        ),
        (
            lambda h: (h.sum() - h) / (h.numel() - 1),
            "You averaged over all examples. Each example has its own height; average over its own other draws.",
        ),
        (
            lambda h: h - h.mean(0),
            "That is what is left after the mean of all draws has been subtracted. Return the baseline, the mean of "
            "the others.",
        ),
        (
            lambda h: (h - h.sum(0)) / (len(h) - 1),
            "The sign is wrong: the sum of the others is the sum of all, less the own height.",
        ),
        (
            lambda h: (h.sum(0) - h) / (h.shape[1] - 1),
            "The sum of the others is right. Divide it by how many draws they are, not by a number of examples.",
        ),
        (
            lambda h: (h.sum(0) - h) / (len(h) - 1) / len(h),
            "The mean of the others is right. You divided it once more, by the number of draws.",
        ),
        (
            lambda h: h.roll(1, 0),
            "You took one other draw as the baseline. It is the mean of all the others.",
        ),
        (
            lambda h: torch.cat([0 * h[:1], (h.cumsum(0) / torch.arange(1, len(h) + 1)[:, None])[:-1]]),
            "You averaged the draws before. All the others count, before and after.",
        ),
        (lambda h: h.sum(0) - h, "The sum of the other draws is right. Divide by how many they are."),
    ),
    hints=(
        "For one draw: the sum of all heights of its example, less its own, divided by how many are left.",
        "No loop is needed. The sum over the first axis has shape (B,), and subtracting the heights (S, B) from "
        "it broadcasts.",
    ),
)

QUESTIONS = {
    "ex-reparameterization-constant": "What a constant costs",
    "ex-reparameterization-leave-one-out-words": "A baseline that has not seen its own sample, in words",
    "ex-reparameterization-choose": "Three models without a slope",
}

EXERCISES = (REPARAMETERIZE, SCORE_GRADIENT, LEAVE_ONE_OUT)
