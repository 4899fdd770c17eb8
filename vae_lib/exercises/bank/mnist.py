"""Chapter 5: a VAE on MNIST."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence

from vae_lib.exercises.exercise import Case, Exercise, case, gradient

_generator = Generator().manual_seed(0)


def _rand(*shape: int) -> Tensor:
    return torch.rand(*shape, generator=_generator)


def _randn(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=_generator)


def my_binarize(x: Tensor, uniform: Tensor) -> Tensor:
    """One where the grey level is above the uniform number, else zero."""
    return torch.where(x > uniform, torch.ones_like(x), torch.zeros_like(x))


_DRAWS = 64  # of each image; a uniform number from the middle of each 64th decides them


def _grey(low: int, high: int, *shape: int) -> Tensor:
    """Grey levels in odd 64ths, never one half, from low to high 32nds."""
    return (2 * torch.randint(low, high, shape, generator=_generator) + 1) / _DRAWS


def _law(label: str, x: Tensor, floating: bool = False) -> Case:
    """The share of ones of each pixel, by whatever rule the uniform numbers decide.

    An error where the rule is not one for each pixel, or where pixels other than 0 and 1 come out.
    floating: an error, too, where the pixels are not floating point, as the loss needs them.
    """
    images = x.repeat(_DRAWS, 1)
    order = torch.stack([torch.randperm(_DRAWS, generator=_generator) for _ in range(x.numel())], 1)
    uniform = ((order + 0.5) / _DRAWS).reshape(images.shape)

    def run(function: Callable) -> object:
        drawn = function(images.clone(), uniform.clone())
        if not isinstance(drawn, Tensor):
            return drawn
        if drawn.shape != images.shape:
            raise TypeError(f"the images are of shape {tuple(images.shape)}, the result is of {tuple(drawn.shape)}")
        if floating and not drawn.is_floating_point():
            raise TypeError(f"the pixels are of type {drawn.dtype}, and the loss needs floating point")
        if not torch.equal(drawn, function(images.clone(), uniform.clone())):
            raise ValueError("the same images and uniform numbers gave other pixels when they were passed in again")
        if not ((drawn == 0) | (drawn == 1)).all():
            raise ValueError("there are pixels other than 0 and 1")
        for first in range(2):
            mirrored = uniform.clone()
            mirrored[:, first::2] = 1 - mirrored[:, first::2]
            changed = function(images.clone(), mirrored) != drawn
            if changed[:, 1 - first :: 2].any():
                raise ValueError("pixels changed where the uniform number in the same place did not")
        return drawn.double().reshape(_DRAWS, *x.shape).mean(0)

    return Case(label, run)


def _of_every_kind(rule: Callable, sentence: str) -> tuple[tuple[Callable, str], ...]:
    """A rule that gives truth values, and what readers turn these into."""
    kinds = (torch.float32, torch.bool, torch.int64, torch.int32, torch.uint8)
    return tuple((lambda x, u, kind=kind: rule(x, u).to(kind), sentence) for kind in kinds)


_THRESHOLD = (
    "You set a threshold, and a pixel comes out the same whatever its own uniform number is. A grey level is to be the "
    "probability of a 1: compare it with the uniform number."
)
_EXCHANGED = (
    "Zeros and ones are exchanged: a bright pixel should be a 1 with high probability. Which of the two numbers has to "
    "be the larger?"
)
_SHARED = (
    "Pixels are decided by a uniform number that is not their own, as where one number decides over a whole image. "
    "Each pixel is drawn by itself, with the number in its own place."
)

BINARIZE = Exercise(
    reference=my_binarize,
    points=2,
    cases=(
        _law("the share of ones is the grey level, for four small images", _grey(0, 32, 4, 9)),
        _law("and for dark grey images, where some pixels become 1 all the same", _grey(8, 15, 2, 25)),
        _law("and for images in black, white and grey", _grey(-16, 48, 3, 8).clamp(0, 1)),
        _law("and the pixels are floating point, as the loss needs them", _grey(0, 32, 4, 9), floating=True),
    ),
    mistakes=(
        *_of_every_kind(lambda x, u: x > 0.5, _THRESHOLD),
        *_of_every_kind(lambda x, u: x > x.mean(), _THRESHOLD),
        *_of_every_kind(lambda x, u: u > x, _EXCHANGED),
        *_of_every_kind(lambda x, u: u < 0.5, "The grey levels are not used: every pixel is a fair coin."),
        (
            lambda x, u: u < x,
            "The pixels are right, but Boolean. The loss computes with them: return zeros and ones of x's type.",
        ),
        *(
            (
                lambda x, u, kind=kind: (u < x).to(kind),
                "The pixels are right, but integers. The loss needs zeros and ones of x's type.",
            )
            for kind in (torch.int64, torch.int32, torch.uint8)
        ),
        *_of_every_kind(lambda x, u: u[:, :1] < x, _SHARED),
        *_of_every_kind(lambda x, u: u[:1] < x, _SHARED),
        (
            lambda x, u: torch.bernoulli(x),
            "These draws are not from the uniform numbers that were passed in: the same numbers gave other pixels. Use "
            "those, so that the draw can be repeated.",
        ),
        (
            lambda x, u: x * u,
            "There are pixels other than 0 and 1 in the result. A draw makes each grey pixel 0 or 1, and nothing else.",
        ),
    ),
    hints=(
        "A uniform number in [0, 1] falls below x with probability x. That is all there is to it.",
        "A comparison gives Booleans. Turn them into the numbers that the loss computes with.",
    ),
)


def my_bernoulli_log_prob(logits: Tensor, x: Tensor) -> Tensor:
    """The log-probability, by torch.distributions."""
    return Independent(Bernoulli(logits=logits, validate_args=False), 1).log_prob(x)


def _log_terms(logits: Tensor, x: Tensor) -> Tensor:
    """The log-probability of each pixel, before any sum."""
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


_FLOAT32 = torch.finfo(torch.float32).eps


def _through_probabilities(p: Tensor, x: Tensor, of_one: float = 0, of_zero: float = 0) -> Tensor:
    """By the formula, with a small number added to the probability of a one, of a zero, or to both."""
    return (x * (p + of_one).log() + (1 - x) * (1 - p + of_zero).log()).sum(-1)


def _clamped(eps: float) -> Callable:
    return lambda odds, x: _through_probabilities(odds.sigmoid().clamp(eps, 1 - eps), x)


def _with_epsilon(eps: float) -> Callable:
    return lambda odds, x: _through_probabilities(odds.sigmoid(), x, eps, eps)


def _with_one_epsilon(eps: float) -> Callable:
    return lambda odds, x: _through_probabilities(odds.sigmoid(), x, of_one=eps)


def _with_other_epsilon(eps: float) -> Callable:
    return lambda odds, x: _through_probabilities(odds.sigmoid(), x, of_zero=eps)


def _clamped_below(eps: float) -> Callable:
    def log_prob(odds: Tensor, x: Tensor) -> Tensor:
        p = odds.sigmoid()
        return (x * p.clamp(min=eps).log() + (1 - x) * (1 - p).clamp(min=eps).log()).sum(-1)

    return log_prob


_ROUNDED = (
    "Right on paper. At log-odds of 40 the sigmoid rounds to exactly 1, and the logarithm of 0 is −∞. Put "
    "the log-odds into the formula before you compute."
)
_NEVER_CORRECTED = (
    "A small number that keeps the logarithm finite also changes the gradient: a pixel that is wrong and sure is "
    "hardly corrected, or never. Start from the log-odds instead."
)
_ONE_END = (
    "A small number that keeps the logarithm finite works at one end only here, and changes the gradient there. At the "
    "other end the logarithm of 0 is still −∞. (In single precision 1 − 1e-8 is 1: a clamp to it does nothing at the "
    "top.) Start from the log-odds instead."
)
_OVERFLOW = (
    "The formula is right, but exp(200) overflows to infinity in single precision. There is a function "
    "that computes log(1 + exp(·)) without computing exp."
)


def _pull(function: Callable) -> Tensor:
    """The gradient in the log-odds where the decoder is sure and wrong."""
    logits = torch.tensor([[40.0, -40.0, 200.0, -200.0]], requires_grad=True)
    value = function(logits, torch.tensor([[0.0, 1.0, 0.0, 1.0]]))
    return gradient(value, logits)


BERNOULLI_LOG_PROB = Exercise(
    reference=my_bernoulli_log_prob,
    points=4,
    cases=(
        case("for three binary images", _randn(3, 6), (_rand(3, 6) > 0.5).float()),
        case("for grey images, where it is the negative cross-entropy", _randn(4, 5), _rand(4, 5)),
        case(
            "for log-odds of 40 and 200 that are wrong",
            torch.tensor([[40.0, -40.0], [200.0, -200.0]]),
            torch.tensor([[0.0, 1.0], [0.0, 1.0]]),
        ),
        Case("in its gradient, which still pulls where the decoder is sure and wrong", _pull),
    ),
    mistakes=(
        (
            lambda odds, x: -_log_terms(odds, x).sum(-1),
            "That is the distortion, the negative of what is asked. A log-probability of binary pixels is never "
            "above zero.",
        ),
        (
            lambda odds, x: _log_terms(odds, x).mean(-1),
            "You took the mean over the pixels. Independent pixels multiply, so their logarithms add.",
        ),
        (
            lambda odds, x: _log_terms(odds, x).sum(),
            "You summed over the batch as well. Sum over the last axis only; each image has its own log-probability.",
        ),
        (
            lambda odds, x: _log_terms(odds, x).mean(),
            "You took the mean over everything. Sum over the pixels, and keep one number for each image.",
        ),
        (_log_terms, "Each pixel's term is right. Now sum them over the last axis."),
        (
            lambda odds, x: _log_terms(odds.sigmoid(), x).sum(-1),
            "The sigmoid was applied twice: what you passed on as log-odds were probabilities already.",
        ),
        (
            lambda odds, x: _log_terms(odds, x).sum(-1).detach(),
            "The numbers are right, but no gradient comes back: the log-odds were cut off. Look for detach, no_grad or "
            ".data.",
        ),
        (lambda odds, x: _through_probabilities(odds.sigmoid(), x), _ROUNDED),
        (lambda odds, x: _through_probabilities(odds.double().sigmoid(), x), _ROUNDED),
        (lambda odds, x: _through_probabilities(1 / (1 + (-odds).exp()), x), _ROUNDED),
        (
            lambda odds, x: (x * odds.sigmoid().log() + (1 - x) * (-odds).sigmoid().log()).sum(-1),
            "Right on paper. At log-odds of 200 an exponential is too large for single precision, or a sigmoid too "
            "small, and its logarithm is infinite. There are functions that compute log(1 + exp(·)), and the logarithm "
            "of the sigmoid, in one.",
        ),
        *(
            (guarded(eps), _NEVER_CORRECTED)
            for eps in (1e-5, 1e-6, _FLOAT32, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16)
            for guarded in (_with_epsilon, _clamped_below, *((_clamped,) if eps >= 1e-7 else ()))
        ),
        *(
            (guarded(eps), _ONE_END)
            for eps in (1e-5, 1e-6, _FLOAT32, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16)
            for guarded in (_with_one_epsilon, _with_other_epsilon)
        ),
        (
            lambda odds, x: -F.binary_cross_entropy(odds.sigmoid(), x, reduction="none").sum(-1),
            "PyTorch clamps the logarithm of a probability at −100, so that no gradient is left where the decoder is "
            "sure and wrong. Start from the log-odds.",
        ),
        (lambda odds, x: (x * odds - (1 + odds.exp()).log()).sum(-1), _OVERFLOW),
        (lambda odds, x: ((x - 1) * odds - (1 + (-odds).exp()).log()).sum(-1), _OVERFLOW),
        (
            lambda odds, x: torch.where(x == 1, F.logsigmoid(odds), F.logsigmoid(-odds)).sum(-1),
            "Right for pixels that are 0 or 1. A grey pixel takes x of the one logarithm and 1 − x of the other.",
        ),
        (
            lambda odds, x: (x * F.logsigmoid(odds)).sum(-1),
            "Only the pixels that are 1 are counted. A pixel that is 0 has a probability, too.",
        ),
        (
            lambda odds, x: (x * odds + F.softplus(odds)).sum(-1),
            "A sign is wrong: log(1 + exp(logit)) is subtracted.",
        ),
        (
            lambda odds, x: (odds - F.softplus(odds)).sum(-1),
            "The image is not used: this is the log-probability of an image of ones.",
        ),
    ),
    hints=(
        "Write x log p + (1 − x) log(1 − p) in the log-odds l, with log p = l − log(1 + exp(l)). Two terms are left.",
        "torch.nn.functional.softplus(l) is log(1 + exp(l)), and does not overflow.",
        "One pixel gives x · l − softplus(l). Sum over the last axis.",
    ),
    forbidden=(
        "binary_cross_entropy_with_logits",
        "BCEWithLogitsLoss",
        "cross_entropy",
        "CrossEntropyLoss",
        "log_prob",
    ),
)


def my_negative_elbo(logits: Tensor, x: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """The loss, with both terms from torch.distributions."""
    log_likelihood = Bernoulli(logits=logits, validate_args=False).log_prob(x).sum(-1)
    prior = Normal(torch.zeros_like(mean), torch.ones_like(mean))
    return (kl_divergence(Normal(mean, (0.5 * log_var).exp()), prior).sum(-1) - log_likelihood).mean()


def _distortion(logits: Tensor, x: Tensor) -> Tensor:
    """(B, X), before any sum."""
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def _rate(mean: Tensor, log_var: Tensor) -> Tensor:
    """(B, D), before any sum."""
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var)


def _batch(b: int, pixels: int, latents: int) -> tuple[Tensor, ...]:
    return _randn(b, pixels), _rand(b, pixels), _randn(b, latents), _randn(b, latents)


_AT = _batch(3, 6, 2)


def _pulls(function: Callable) -> tuple[Tensor, ...]:
    """The gradients in the decoder's and the encoder's outputs."""
    logits, x, mean, log_var = (value.clone() for value in _AT)
    outputs = [value.requires_grad_() for value in (logits, mean, log_var)]
    loss = function(logits, x, mean, log_var)
    return tuple(gradient(loss, value) for value in outputs)


NEGATIVE_ELBO = Exercise(
    reference=my_negative_elbo,
    points=4,
    cases=(
        case("for a batch of four images of twelve pixels", *_batch(4, 12, 3)),
        case("for one image of 784 pixels and twenty latent dimensions", *_batch(1, 784, 20)),
        case("for a q at the prior, where only the distortion is left", *_batch(3, 5, 2)[:2], *torch.zeros(2, 3, 2)),
        Case("in its gradient, without which no optimiser makes it smaller", _pulls),
    ),
    mistakes=(
        (
            lambda odds, x, m, v: _distortion(odds, x).mean() + _rate(m, v).sum(-1).mean(),
            "You took the mean over the pixels and the sum over the latent dimensions. That weighs the rate with the "
            "number of pixels: with 784 of them the code would stay empty. Sum over both.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).mean() + _rate(m, v).mean(),
            "You took the mean over pixels and latent dimensions. Sum over both, and take the mean over images only.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum(-1).mean() + _rate(m, v).mean(),
            "The distortion is right. The rate is a mean over latent dimensions, where their sum is wanted.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum() / len(x) + _rate(m, v).sum(),
            "The distortion is averaged over the images, and the rate is summed over them: the weight of the rate "
            "depends on the batch size. Average both.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum() + _rate(m, v).sum(),
            "You summed over the batch, too. Then the loss, and the length of its gradient, grow with the batch "
            "size. Take the mean over images.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum(-1) + _rate(m, v).sum(-1),
            "Each image's loss is right. Return the mean over the batch, one number.",
        ),
        (
            lambda odds, x, m, v: -(_distortion(odds, x).sum(-1) + _rate(m, v).sum(-1)).mean(),
            "That is the ELBO. An optimiser makes its number smaller, so hand it the negative.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1) - _rate(m, v).sum(-1)).mean(),
            "The rate is subtracted. Both terms are costs: the loss is their sum.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1) + 2 * _rate(m, v).sum(-1)).mean(),
            "The factor ½ of the KL is missing, so the rate counts double.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1) + _rate(m, 2 * v).sum(-1)).mean(),
            "You read log_var as the logarithm of the standard deviation. The variance is exp(log_var).",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds.sigmoid(), x).sum(-1) + _rate(m, v).sum(-1)).mean(),
            "The sigmoid was applied twice. The function that takes log-odds applies it itself.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1) + _rate(m, v).sum(-1)).mean().detach(),
            "The number is right, but no gradient comes back, and an optimiser has nothing to go by. Look for item, "
            "detach, no_grad or float.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1).detach() + _rate(m, v).sum(-1)).mean(),
            "The number is right, but the distortion was cut off from its gradient: the decoder would learn nothing.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1) + _rate(m, v).sum(-1).detach()).mean(),
            "The number is right, but the rate was cut off from its gradient: the encoder would have nothing to pay.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum(-1).mean(),
            "The rate is missing: that is an autoencoder's loss.",
        ),
    ),
    hints=(
        "Two terms. Which of them is a sum over pixels, which a sum over latent dimensions, and over what is the mean?",
        "Keep each term as one number for each image, shape (B,), by asking the library for no reduction. Add the "
        "two, and take the mean last.",
    ),
    forbidden=("elbo", "kl_divergence", "kl_to_standard_normal"),
)

EXERCISES = (BINARIZE, BERNOULLI_LOG_PROB, NEGATIVE_ELBO)
