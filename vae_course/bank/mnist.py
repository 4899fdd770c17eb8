"""Chapter 5: a VAE on MNIST."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.distributions import Bernoulli, Independent

from vae_course.bank._shared import Draws, kl_each, kl_terms
from vae_course.checking.exercise import Case, Exercise, case, gradient


def my_binarize(x: Tensor, uniform: Tensor) -> Tensor:
    """One where the grey level is above the uniform number, else zero."""
    return torch.where(x > uniform, torch.ones_like(x), torch.zeros_like(x))


_DRAWS = 64  # of each image; a uniform number from the middle of each 64th decides them


def _grey(draw: Draws, low: int, high: int, *shape: int) -> Tensor:
    """Grey levels in odd 64ths, never one half, from low to high 32nds."""
    return (2 * torch.randint(low, high, shape, generator=draw.generator) + 1) / _DRAWS


def _law(label: str, draw: Draws, x: Tensor, floating: bool = False) -> Case:
    """The share of ones of each pixel, by whatever rule the uniform numbers decide.

    An error where the rule is not one for each pixel, or where pixels other than 0 and 1 come out.
    floating: an error, too, where the pixels are not floating point, as the loss needs them.
    """
    images = x.repeat(_DRAWS, 1)
    order = torch.stack([torch.randperm(_DRAWS, generator=draw.generator) for _ in range(x.numel())], 1)
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

_draw = Draws(my_binarize)

BINARIZE = Exercise(
    reference=my_binarize,
    points=2,
    cases=(
        _law("the share of ones is the grey level, for four small images", _draw, _grey(_draw, 0, 32, 4, 9)),
        _law("and for dark grey images, where some pixels become 1 all the same", _draw, _grey(_draw, 8, 15, 2, 25)),
        _law("and for images in black, white and grey", _draw, _grey(_draw, -16, 48, 3, 8).clamp(0, 1)),
        _law(
            "and the pixels are floating point, as the loss needs them", _draw, _grey(_draw, 0, 32, 4, 9), floating=True
        ),
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


_draw = Draws(my_bernoulli_log_prob)

BERNOULLI_LOG_PROB = Exercise(
    reference=my_bernoulli_log_prob,
    points=4,
    cases=(
        case("for three binary images", _draw.randn(3, 6), (_draw.rand(3, 6) > 0.5).float()),
        case("for grey images, where it is the negative cross-entropy", _draw.randn(4, 5), _draw.rand(4, 5)),
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
    return (kl_each(mean, log_var).sum(-1) - log_likelihood).mean()


def _distortion(logits: Tensor, x: Tensor) -> Tensor:
    """(B, X), before any sum."""
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def _batch(draw: Draws, b: int, pixels: int, latents: int) -> tuple[Tensor, ...]:
    return draw.randn(b, pixels), draw.rand(b, pixels), draw.randn(b, latents), draw.randn(b, latents)


_draw = Draws(my_negative_elbo)
_AT = _batch(_draw, 3, 6, 2)


def _pulls(function: Callable) -> tuple[Tensor, ...]:
    """The gradients in the decoder's and the encoder's outputs."""
    logits, x, mean, log_var = (value.clone() for value in _AT)
    outputs = [value.requires_grad_() for value in (logits, mean, log_var)]
    loss = function(logits, x, mean, log_var)
    return tuple(gradient(loss, value) for value in outputs)


def _terms(distortion: Callable = _distortion, rate: Callable = kl_terms, weight: float = 1) -> Callable:
    """The loss from other terms, reduced as they should be, or with a weight on the rate."""
    return lambda odds, x, m, v: (distortion(odds, x).sum(-1) + weight * rate(m, v).sum(-1)).mean()


def _sized(weight: Callable) -> Callable:
    """The loss with a weight on the rate that depends on the numbers of pixels and of latent dimensions."""
    return lambda odds, x, m, v: _terms(weight=weight(x.shape[1], m.shape[1]))(odds, x, m, v)


_BATCH_SIZES = (64, 100, 128, 256)

_PIXEL_MEAN = (
    "You took the mean over the pixels and the sum over the latent dimensions. That weighs the rate with the "
    "number of pixels: with 784 of them the code would stay empty. Sum over both."
)
_BOTH_PER_PIXEL = (
    "You divided both terms by the number of pixels, or by 784. Their balance is right, but the loss is in nats per "
    "image: divide by the number of images only."
)
_WEIGHT = (
    "The rate has a weight other than 1. −ELBO adds the two terms as they are; with a weight it is the loss of a "
    "β-VAE, and no bound on log p(x)."
)
_PIXEL_MEAN_AND_WEIGHT = (
    "You took the mean over the pixels and gave the rate a small weight, as if to make up for it. Sum over the pixels "
    "and over the latent dimensions; then no weight is needed."
)
_EXCHANGED_ARGUMENTS = (
    "The cross-entropy's arguments are exchanged: the decoder's output comes first, the image second, as the target."
)
_SQUARED_ERROR = (
    "You took a squared error, which is a Gaussian's distortion. These are Bernoulli pixels: the distortion is their "
    "cross-entropy."
)

NEGATIVE_ELBO = Exercise(
    reference=my_negative_elbo,
    points=4,
    cases=(
        case("for a batch of four images of twelve pixels", *_batch(_draw, 4, 12, 3)),
        case("for two images of 700 pixels and twenty latent dimensions", *_batch(_draw, 2, 700, 20)),
        case("for more latent dimensions than pixels", *_batch(_draw, 3, 5, 7)),
        Case("in its gradient, without which no optimiser makes it smaller", _pulls),
    ),
    mistakes=(
        (lambda odds, x, m, v: _distortion(odds, x).mean() + kl_terms(m, v).sum(-1).mean(), _PIXEL_MEAN),
        (
            lambda odds, x, m, v: _distortion(odds, x).mean() + kl_terms(m, v).sum(),
            "You took the mean over pixels and images of the distortion, and summed the rate over everything. The "
            "rate would count as often as there are pixels and images. Sum each over its last axis, and take the mean "
            "over images.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).mean() + kl_terms(m, v).mean(),
            "You took the mean over pixels and latent dimensions. Sum over both, and take the mean over images only.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum(-1).mean() + kl_terms(m, v).mean(),
            "The distortion is right. The rate is a mean over latent dimensions, where their sum is wanted.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum() + kl_terms(m, v).mean(),
            "You summed the distortion over the batch and took the mean of the rate over images and latent dimensions. "
            "Sum each over its last axis, and take the mean over images.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum() + kl_terms(m, v).sum(-1).mean(),
            "The rate is right. The distortion is summed over the images, where their mean is wanted: the weight of "
            "the rate depends on the batch size.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum() / len(x) + kl_terms(m, v).sum(),
            "The distortion is averaged over the images, and the rate is summed over them: the weight of the rate "
            "depends on the batch size. Average both.",
        ),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum() + kl_terms(m, v).sum(),
            "You summed over the batch, too. Then the loss, and the length of its gradient, grow with the batch "
            "size. Take the mean over images.",
        ),
        (lambda odds, x, m, v: _distortion(odds, x).mean() + kl_terms(m, v).sum() / x.numel(), _BOTH_PER_PIXEL),
        (lambda odds, x, m, v: _terms()(odds, x, m, v) / 784, _BOTH_PER_PIXEL),
        (
            lambda odds, x, m, v: _distortion(odds, x).mean() + kl_terms(m, v).sum() / len(x) / 784,
            _PIXEL_MEAN_AND_WEIGHT,
        ),
        *(
            (
                lambda odds, x, m, v, weight=weight: (
                    _distortion(odds, x).mean() + weight * kl_terms(m, v).sum(-1).mean()
                ),
                _PIXEL_MEAN_AND_WEIGHT,
            )
            for weight in (0.00025, 0.0025, 0.001, 0.005, 0.01, 0.1, 0.5)
        ),
        *((_terms(weight=weight), _WEIGHT) for weight in (0.00025, 0.0025, 0.001, 0.005, 0.01, 0.1, 0.5, 4.0)),
        *((_terms(weight=n / images), _WEIGHT) for n in _BATCH_SIZES for images in (50_000, 60_000)),
        *((_sized(weight), _WEIGHT) for weight in (lambda x, d: 1 / x, lambda x, d: 1 / 784, lambda x, d: d / x)),
        (
            lambda odds, x, m, v: _distortion(odds, x).sum(-1) + kl_terms(m, v).sum(-1),
            "Each image's loss is right. Return the mean over the batch, one number.",
        ),
        (
            lambda odds, x, m, v: -_terms()(odds, x, m, v),
            "That is the ELBO. An optimiser makes its number smaller, so hand it the negative.",
        ),
        (_terms(weight=-1), "The rate is subtracted. Both terms are costs: the loss is their sum."),
        (
            _terms(lambda odds, x: -_distortion(odds, x)),
            "The distortion is subtracted. Both terms are costs: the loss is their sum.",
        ),
        (_terms(weight=2), "The rate counts double: the factor ½ of the KL is missing."),
        (
            _terms(rate=lambda m, v: kl_terms(m, 2 * v)),
            "You read log_var as the logarithm of the standard deviation. The variance is exp(log_var).",
        ),
        (
            _terms(rate=lambda m, v: kl_terms(m, v) + v),
            "In the KL the sign of log σ² is wrong: it is subtracted, or a narrow posterior would cost nothing.",
        ),
        (
            _terms(rate=lambda m, v: kl_terms(m, v) + 0.5),
            "The −1 is missing in the KL: a posterior that is the prior must have a rate of zero.",
        ),
        (
            _terms(rate=lambda m, v: kl_terms(m, v) + 1),
            "The sign of the 1 in the KL is wrong: a posterior that is the prior must have a rate of zero.",
        ),
        (
            _terms(rate=lambda m, v: 0.5 * (m**2 + (0.5 * v).exp() - 1 - v)),
            "In the KL you put the standard deviation where the variance belongs: exp(log_var).",
        ),
        (_terms(lambda odds, x: _distortion(x, odds)), _EXCHANGED_ARGUMENTS),
        (
            _terms(lambda odds, x: F.binary_cross_entropy(x, odds.sigmoid(), reduction="none")),
            _EXCHANGED_ARGUMENTS,
        ),
        (
            _terms(F.binary_cross_entropy),
            "binary_cross_entropy wants probabilities, and the decoder gives log-odds. There is a function that takes "
            "these.",
        ),
        (_terms(lambda odds, x: (odds.sigmoid() - x) ** 2), _SQUARED_ERROR),
        (_terms(lambda odds, x: (odds - x) ** 2), _SQUARED_ERROR),
        (_terms(lambda odds, x: 0.5 * (odds.sigmoid() - x) ** 2), _SQUARED_ERROR),
        (
            lambda odds, x, m, v: (_distortion(odds.sigmoid(), x).sum(-1) + kl_terms(m, v).sum(-1)).mean(),
            "The sigmoid was applied twice. The function that takes log-odds applies it itself.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1) + kl_terms(m, v).sum(-1)).mean().detach(),
            "The number is right, but no gradient comes back, and an optimiser has nothing to go by. Look for item, "
            "detach, no_grad or float.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1).detach() + kl_terms(m, v).sum(-1)).mean(),
            "The number is right, but the distortion was cut off from its gradient: the decoder would learn nothing.",
        ),
        (
            lambda odds, x, m, v: (_distortion(odds, x).sum(-1) + kl_terms(m, v).sum(-1).detach()).mean(),
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

QUESTIONS = {
    "ex-mnist-floor": "What nobody can avoid",
    "ex-mnist-report": "A report to review",
}

EXERCISES = (BINARIZE, BERNOULLI_LOG_PROB, NEGATIVE_ELBO)
