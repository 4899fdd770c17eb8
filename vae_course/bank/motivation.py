"""Chapter 1: motivation."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily

from vae_course.bank._shared import Draws
from vae_course.checking.exercise import SMALL, Exercise, case


def _binary(draw: Draws, *shape: int) -> Tensor:
    return torch.bernoulli(torch.full(shape, 0.5), generator=draw.generator)


def _templates(draw: Draws, *shape: int) -> Tensor:
    return 0.1 + 0.8 * draw.rand(*shape)


def _weights(draw: Draws, kinds: int) -> Tensor:
    return draw.randn(kinds).softmax(-1)


def my_ink_probability(x: Tensor) -> Tensor:
    imaginary = torch.stack([torch.zeros_like(x[0]), torch.ones_like(x[0])])
    weight = torch.cat([torch.ones(len(x)), torch.full((2,), 0.5)])
    return weight @ torch.cat([x, imaginary]) / weight.sum()


_some_ink = torch.tensor([[0.0, 1, 1, 0, 1], [0, 1, 0, 0, 1], [0, 1, 0, 1, 1], [0, 1, 1, 0, 0]])

_draw = Draws(my_ink_probability)

INK_PROBABILITY = Exercise(
    reference=my_ink_probability,
    points=2,
    cases=(
        case("for four images of five pixels, one never inked and one always", _some_ink),
        case("for two images of three pixels", _some_ink[:2, :3]),
        case("for fifty images of eight pixels", _binary(_draw, 50, 8)),
    ),
    mistakes=(
        *(
            (
                uncounted,
                "You added nothing to the counts: a pixel that is never inked gets probability zero, or whatever you "
                "clip it to. Count the two imaginary observations as well.",
            )
            for uncounted in (
                lambda x: x.mean(0),
                *(lambda x, eps=eps: x.mean(0).clamp(eps, 1 - eps) for eps in (0.05, 0.01, 1e-3, 1e-4)),
                *(lambda x, eps=eps: x.mean(0) + eps for eps in (0.01, 1e-3, 1e-4)),
            )
        ),
        (
            lambda x: (x.sum(0) + 0.5) / len(x),
            "You added the imaginary ink but not the imaginary observations: a pixel that is always inked gets more "
            "than one. What is the total weight now?",
        ),
        (
            lambda x: (x.sum(0) + 1) / (len(x) + 2),
            "You added two whole observations. Each of the two weighs only a half.",
        ),
        (
            lambda x: (x.sum(0) + 0.5) / (len(x) + 2),
            "You counted the imaginary ink by halves and the imaginary observations whole. Each of the two weighs only "
            "a half, so the total grows by one.",
        ),
        (
            lambda x: (x.sum(0) + 0.5) / (len(x) + 0.5),
            "You counted the imaginary observation with ink alone: a pixel that is always inked gets probability one.",
        ),
        (
            lambda x: (x.mean(0) + 0.5) / 2,
            "You gave the imaginary observations as much weight as all the data. They weigh one together, the data "
            "one for each image.",
        ),
        (
            lambda x: x.sum(0) + 0.5,
            "That is the weight of the ink. Divide by the weight of all observations.",
        ),
        (
            lambda x: (len(x) - x.sum(0) + 0.5) / (len(x) + 1),
            "That is the probability of no ink.",
        ),
        (
            lambda x: (x.sum(0) + 1) / (len(x) + 1),
            "You added one whole observation, with ink everywhere. Half of the weight belongs to an observation "
            "without ink.",
        ),
        (
            lambda x: x.sum(0) / (len(x) + 1),
            "You added the imaginary observations to the total but their ink nowhere: a pixel that is never inked "
            "still gets zero.",
        ),
        (
            lambda x: (x.sum(1) + 0.5) / (x.shape[1] + 1),
            "That is one number for each image: you summed over the pixels. Each pixel has its own probability, "
            "from all images.",
        ),
        (
            lambda x: (x.sum() + 0.5) / (x.numel() + 1),
            "You put all pixels together. Each pixel has its own probability.",
        ),
    ),
    hints=(
        "Without the imaginary observations the answer is the mean image. What do they add to the count of ink, and "
        "what to the number of observations?",
        "Two observations of weight ½ add ½ to each pixel's ink and 1 to the number of observations.",
    ),
)


def my_mixture_log_prob(x: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    return MixtureSameFamily(Categorical(pi), Independent(Bernoulli(theta), 1)).log_prob(x)


def _log_given_kind(x: Tensor, theta: Tensor) -> Tensor:
    return x @ theta.log().T + (1 - x) @ (1 - theta).log().T


def _finite_by(guarded: Callable, eps: float) -> Callable:
    """The naive formula in double precision, as a guard keeps it finite."""

    def log_prob(x: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
        given_kind = _log_given_kind(x, theta).double().exp()
        return guarded(given_kind, pi.double(), eps).log().to(x.dtype)

    return log_prob


def _kept_off_the_ends(guarded: Callable, eps: float) -> Callable:
    def log_prob(x: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
        given_kind = x @ guarded(theta, eps).log().T + (1 - x) @ guarded(1 - theta, eps).log().T
        return (pi.log() + given_kind).logsumexp(-1)

    return log_prob


def _log_joint(x: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    return pi.log() + _log_given_kind(x, theta)


def _common(draw: Draws, shape: tuple[int, int], unlike: float) -> Tensor:
    """Templates that differ little, so that none explains an image alone."""
    return _templates(draw, 1, shape[1]) + unlike * draw.randn(*shape)


def _with_a_rare_pixel(x: Tensor, pi: Tensor, theta: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The first pixel is inked in the first image, where its probability is two in a million."""
    x[0, 0], theta[:, 0] = 1, 2e-6
    return x, pi, theta


_draw = Draws(my_mixture_log_prob)

MIXTURE_LOG_PROB = Exercise(
    reference=my_mixture_log_prob,
    points=4,
    rtol=3e-5,  # a twentieth of a nat at 2,000 pixels
    atol=1e-2,  # what 1e-8 beside the probability of the rare pixel changes is no fault
    cases=(
        case(
            "for five images of six pixels and three kinds",
            *_with_a_rare_pixel(_binary(_draw, 5, 6), _weights(_draw, 3), _templates(_draw, 3, 6)),
        ),
        case(
            "for one image of four pixels and two kinds",
            *_with_a_rare_pixel(_binary(_draw, 1, 4), _weights(_draw, 2), _templates(_draw, 2, 4)),
        ),
        case(
            "for 2,000 pixels, where each probability is below the smallest float, and the smallest double",
            *_with_a_rare_pixel(_binary(_draw, 3, 2000), _weights(_draw, 4), _common(_draw, (4, 2000), 0.02)),
        ),
    ),
    mistakes=(
        (
            lambda x, pi, theta: -_log_joint(x, pi, theta).logsumexp(-1),
            "That is −log p(x), the score. The function returns log p(x), which is never above zero here.",
        ),
        (
            lambda x, pi, theta: _log_given_kind(x, (pi @ theta)[None])[:, 0],
            "You averaged the templates and scored the mean image: independent pixels again. Average the kinds' "
            "probabilities of the whole image.",
        ),
        (
            lambda x, pi, theta: (pi * _log_given_kind(x, theta)).sum(-1),
            "That is the weighted mean of the logarithms, a lower bound. p(x) is the weighted mean of the "
            "probabilities, and its logarithm comes last.",
        ),
        (
            lambda x, pi, theta: _log_given_kind(x, theta).logsumexp(-1),
            "The weights of the kinds are missing: your sum counts every kind with weight one.",
        ),
        (
            lambda x, pi, theta: _log_given_kind(x, theta).logsumexp(-1) - math.log(len(pi)),
            "You gave all kinds the same weight. Use the weights in pi.",
        ),
        (
            lambda x, pi, theta: (pi * _log_given_kind(x, theta)).logsumexp(-1),
            "You multiplied the logarithms by the weights. A weight multiplies a probability; what does that do to "
            "its logarithm?",
        ),
        (
            lambda x, pi, theta: (pi + _log_given_kind(x, theta)).logsumexp(-1),
            "You added the weight itself to a logarithm. Add the logarithm of the weight.",
        ),
        (
            lambda x, pi, theta: _log_joint(1 - x, pi, theta).logsumexp(-1),
            "Ink and blank are exchanged: theta is the probability of ink.",
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).sum(-1),
            "You added the logarithms over the kinds. It is the probabilities that are added.",
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).logsumexp(-1) / x.shape[-1],
            "That is nats per pixel. The logarithm of the whole image's probability is asked for.",
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).logsumexp(-1) / math.log(2),
            "That is in bits. Use the natural logarithm.",
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).logsumexp(-1).sum(),
            "You summed over the images. Return one number for each.",
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).max(-1).values,
            "You kept the best kind alone. The other kinds add their share of probability.",
        ),
        (
            lambda x, pi, theta: (pi.log() + x @ theta.log().T).logsumexp(-1),
            "Only the inked pixels count in yours. A pixel without ink is evidence too, with probability 1 − theta.",
        ),
        (
            lambda x, pi, theta: (pi.log() + _log_given_kind(x, theta) / x.shape[-1]).logsumexp(-1),
            "You took the mean over the pixels. The probability of an image is a product over its pixels, its "
            "logarithm a sum.",
        ),
        (
            lambda x, pi, theta: (pi * _log_given_kind(x, theta).exp()).sum(-1).log(),
            "With 2,000 pixels the exponential underflows to zero, and its logarithm is −∞. Stay with logarithms: "
            "torch.logsumexp.",
        ),
        *(
            (
                _finite_by(guarded, eps),
                "A small number inside the logarithm keeps it finite, and is all that is left of 2,000 pixels. Stay "
                "with logarithms: torch.logsumexp.",
            )
            for guarded in (
                lambda p, pi, eps: (p @ pi) + eps,
                lambda p, pi, eps: (p @ pi).clamp(min=eps),
                lambda p, pi, eps: (p + eps) @ pi,
            )
            for eps in (*SMALL, 1e-300, 1e-308)
        ),
        *(
            (
                _kept_off_the_ends(guarded, eps),
                "A small number in theta makes a rare pixel commoner than it is. No theta is 0 or 1, so the logarithms "
                "are finite as they stand.",
            )
            for guarded in (
                lambda p, eps: p.clamp(eps, 1 - eps),
                lambda p, eps: p + eps,
            )
            for eps in (1e-2, 1e-3, 1e-4, *SMALL)
            if guarded(torch.tensor(2e-6), eps) > 2.05e-6
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).logsumexp(-1).exp(),
            "You returned the probability itself. Its logarithm is asked for, and only that survives many pixels.",
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).logsumexp(0),
            "You summed over the images. The kinds lie on the last axis of log p(x, k).",
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).logsumexp(-1).mean(),
            "You averaged over the images. Return one number for each.",
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta),
            "That is log p(x, k) for every kind. Sum the kinds out, as probabilities.",
        ),
    ),
    hints=(
        "First write log p(x | k) for all images and all kinds, (B, K): one matrix product for the inked pixels, "
        "one for the others.",
        "A weight times a probability is, in logarithms, a sum: log p(x, k) = log pi_k + log p(x | k).",
        "The sum over k is one of probabilities. torch.logsumexp takes it without ever leaving the logarithms.",
    ),
    forbidden=("MixtureSameFamily",),
)


def my_conditional_mean(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    visible, dtype = seen.shape[-1], theta.dtype
    seen, pi, theta = seen.double(), pi.double() / pi.double().sum(), theta.double()
    columns = []
    for j in range(visible, theta.shape[-1]):
        inked = torch.cat([seen, torch.ones_like(theta[:1, :1]).expand(len(seen), 1)], -1)
        joint = my_mixture_log_prob(inked, pi, torch.cat([theta[:, :visible], theta[:, [j]]], -1))
        marginal = my_mixture_log_prob(seen, pi, theta[:, :visible])
        columns.append((joint - marginal).exp())
    return torch.stack(columns, -1).to(dtype)


def _split(seen: Tensor, theta: Tensor) -> tuple[Tensor, Tensor]:
    return theta[:, : seen.shape[-1]], theta[:, seen.shape[-1] :]


def _mixed(log_weights: Tensor, theta: Tensor) -> Tensor:
    return log_weights.softmax(-1) @ theta


def _blank_unseen(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    x = torch.cat([seen, torch.zeros(len(seen), theta.shape[-1] - seen.shape[-1])], -1)
    return _mixed(_log_joint(x, pi, theta), _split(seen, theta)[1])


def _one_kind(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    above, below = _split(seen, theta)
    return below[_log_joint(seen, pi, above).argmax(-1)]


def _unnormalised(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    above, below = _split(seen, theta)
    return _log_joint(seen, pi, above).exp() @ below


def _by_division(normalised: Callable) -> Callable:
    """The weights by exponentials in double precision, and Bayes' rule as it stands."""

    def conditional_mean(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
        above, below = _split(seen, theta)
        return normalised(_log_joint(seen, pi, above).double().exp()).to(theta.dtype) @ below

    return conditional_mean


def _mean_log_odds(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    above, below = _split(seen, theta)
    return _mixed(_log_joint(seen, pi, above), below.logit()).sigmoid()


def _over_images(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    above, below = _split(seen, theta)
    return _log_joint(seen, pi, above).softmax(0) @ below


def _whole_image(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    return _mixed(_log_joint(seen, pi, _split(seen, theta)[0]), theta)


def _ink_alone(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    above, below = _split(seen, theta)
    return _mixed(pi.log() + seen @ above.log().T, below)


def _without_weights(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    above, below = _split(seen, theta)
    return _mixed(_log_given_kind(seen, above), below)


def _ignoring_seen(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    return (pi @ _split(seen, theta)[1]).expand(len(seen), -1)


_draw = Draws(my_conditional_mean)
_seen = _common(_draw, (3, 2000), 0.02)

CONDITIONAL_MEAN = Exercise(
    reference=my_conditional_mean,
    points=5,
    rtol=2e-3,  # differences of float32 near −1400
    cases=(
        case(
            "for twelve images, three of whose eight pixels are seen",
            _binary(_draw, 12, 3),
            _weights(_draw, 3),
            _templates(_draw, 3, 8),
        ),
        case(
            "for one image with two pixels seen, both blank",
            torch.zeros(1, 2),
            _weights(_draw, 2),
            _templates(_draw, 2, 5),
        ),
        case(
            "for 2,000 seen pixels, whose probability is below the smallest float, and the smallest double",
            torch.cat([_binary(_draw, 2, 2000), _seen[:1].round()]),
            _weights(_draw, 3),
            torch.cat([_seen, _templates(_draw, 3, 5)], -1),
        ),
    ),
    mistakes=(
        (_whole_image, "You returned all pixels. Those that are seen need no prediction: return the rest."),
        (_over_images, "Your weights sum to one over the images. For each image they sum to one over the kinds."),
        (_unnormalised, "That is the joint p(seen, rest): your weights do not sum to one. Divide by p(seen)."),
        (
            _ignoring_seen,
            "You weighed the kinds as if nothing were seen. The seen pixels speak for some kinds and against others.",
        ),
        (_one_kind, "You took the likeliest kind alone. The others keep their share: weigh all the kinds."),
        (_without_weights, "Bayes' rule is only half there: the prior weights pi of the kinds are missing."),
        (_ink_alone, "Only the inked pixels count in your weights. A seen pixel without ink is evidence too."),
        (
            _blank_unseen,
            "You counted the unseen pixels as blank. The weights rest on the seen pixels alone, and on their part "
            "of the templates.",
        ),
        (
            _mean_log_odds,
            "You averaged log-odds. The probability of ink is the weighted mean of the kinds' probabilities.",
        ),
        (
            lambda seen, pi, theta: _mixed(pi + _log_given_kind(seen, _split(seen, theta)[0]), _split(seen, theta)[1]),
            "You added the weights themselves to logarithms, or took their softmax. Add the logarithms of the weights.",
        ),
        (
            lambda seen, pi, theta: _mixed(
                pi.log() + _log_given_kind(seen, _split(seen, theta)[0]) / seen.shape[-1], _split(seen, theta)[1]
            ),
            "You took the mean over the seen pixels. The probability of what is seen is a product over its pixels, its "
            "logarithm a sum.",
        ),
        (
            lambda seen, pi, theta: _mixed(_log_joint(1 - seen, pi, _split(seen, theta)[0]), _split(seen, theta)[1]),
            "Ink and blank are exchanged in your weights: theta is the probability of ink.",
        ),
        (
            lambda seen, pi, theta: _log_joint(seen, pi, _split(seen, theta)[0]).softmax(-1),
            "Those are the weights p(k | seen). Mix the kinds' probabilities of ink with them.",
        ),
        (
            lambda seen, pi, theta: my_conditional_mean(seen, pi, theta).round(),
            "You decided each pixel. Return its probability of ink.",
        ),
        (
            _by_division(lambda joint: joint / joint.sum(-1, keepdim=True)),
            "With many seen pixels the exponentials underflow and you divide zero by zero. Take the softmax of the "
            "logarithms.",
        ),
        *(
            (
                _by_division(lambda joint, eps=eps: joint / (joint.sum(-1, keepdim=True) + eps)),
                "However the division is kept defined, by a small number or by nan_to_num, nothing is left of the "
                "weights with many seen pixels. Take the softmax of the logarithms.",
            )
            for eps in SMALL[:6:2]
        ),
        *(
            (
                _by_division(lambda joint, eps=eps: (joint + eps) / (joint + eps).sum(-1, keepdim=True)),
                "A small number added to the weights keeps the division defined, and with many seen pixels it is all "
                "that is left of them. Take the softmax of the logarithms.",
            )
            for eps in SMALL[:6:2]
        ),
    ),
    hints=(
        "Given the kind, the seen and the unseen pixels are independent. So what is seen tells about the rest only "
        "through the kind.",
        "Find the weights p(k | seen) first, by Bayes' rule, from the seen columns of theta alone. They sum to one "
        "over the kinds.",
        "The weights are a softmax of log pi_k + log p(seen | k); the answer is their matrix product with the unseen "
        "columns of theta.",
    ),
)

QUESTIONS = {
    "ex-motivation-two-pixels": "Two kinds tie two pixels together",
    "ex-motivation-table": "What may stand in one table",
}

EXERCISES = (INK_PROBABILITY, MIXTURE_LOG_PROB, CONDITIONAL_MEAN)
