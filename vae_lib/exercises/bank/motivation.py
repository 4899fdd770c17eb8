"""Chapter 1: motivation."""

import math

import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily

from vae_lib.exercises.exercise import Exercise, case

_generator = Generator().manual_seed(1)


def _binary(*shape: int) -> Tensor:
    return torch.bernoulli(torch.full(shape, 0.5), generator=_generator)


def _templates(*shape: int) -> Tensor:
    return 0.1 + 0.8 * torch.rand(*shape, generator=_generator)


def _weights(kinds: int) -> Tensor:
    return torch.randn(kinds, generator=_generator).softmax(-1)


def my_ink_probability(x: Tensor) -> Tensor:
    imaginary = torch.stack([torch.zeros_like(x[0]), torch.ones_like(x[0])])
    weight = torch.cat([torch.ones(len(x)), torch.full((2,), 0.5)])
    return weight @ torch.cat([x, imaginary]) / weight.sum()


_some_ink = torch.tensor([[0.0, 1, 1, 0, 1], [0, 1, 0, 0, 1], [0, 1, 0, 1, 1], [0, 1, 1, 0, 0]])

INK_PROBABILITY = Exercise(
    reference=my_ink_probability,
    points=2,
    cases=(
        case("for four images of five pixels, one never inked and one always", _some_ink),
        case("for a single image", _some_ink[:1]),
        case("for fifty images of eight pixels", _binary(50, 8)),
    ),
    mistakes=(
        (
            lambda x: x.mean(0),
            "You added nothing to the counts: a pixel that is never inked gets probability zero, or whatever you "
            "clip it to. Count the two imaginary observations as well.",
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


def _log_joint(x: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    return pi.log() + _log_given_kind(x, theta)


_many = _templates(4, 784)

MIXTURE_LOG_PROB = Exercise(
    reference=my_mixture_log_prob,
    points=4,
    cases=(
        case("for five images of six pixels and three kinds", _binary(5, 6), _weights(3), _templates(3, 6)),
        case(
            "for a single kind, which is the model of independent pixels",
            _binary(2, 4),
            torch.ones(1),
            _templates(1, 4),
        ),
        case(
            "for 784 pixels, where each probability is below the smallest float",
            torch.cat([_binary(2, 784), _many[:1].round()]),
            _weights(4),
            _many,
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
            "With 784 pixels the exponential underflows to zero, and its logarithm is −∞. Stay with logarithms: "
            "torch.logsumexp.",
        ),
        *(
            (
                lambda x, pi, theta, eps=eps: ((pi * _log_given_kind(x, theta).exp()).sum(-1) + eps).log(),
                "A small number inside the logarithm keeps it finite, and is all that is left of 784 pixels. Stay with "
                "logarithms: torch.logsumexp.",
            )
            for eps in (1e-6, 1e-8, 1e-10, 1e-12, 1e-20)
        ),
        (
            lambda x, pi, theta: _log_joint(x, pi, theta).logsumexp(-1).exp(),
            "You returned the probability itself. Its logarithm is asked for, and only that survives 784 pixels.",
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
        marginal = my_mixture_log_prob(seen, pi, theta[:, :visible]) if visible else 0.0
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


def _underflowing(seen: Tensor, pi: Tensor, theta: Tensor) -> Tensor:
    above, below = _split(seen, theta)
    weights = _log_joint(seen, pi, above).exp()
    return weights / weights.sum(-1, keepdim=True) @ below


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


_close = _templates(1, 600).expand(3, -1) + 0.01 * torch.randn(3, 600, generator=_generator)

CONDITIONAL_MEAN = Exercise(
    reference=my_conditional_mean,
    points=5,
    rtol=1e-3,  # differences of float32 near −400
    cases=(
        case("for four images, three of whose eight pixels are seen", _binary(4, 3), _weights(3), _templates(3, 8)),
        case("with no pixel seen, where it is the mean image", torch.zeros(2, 0), _weights(4), _templates(4, 5)),
        case(
            "for 590 seen pixels, whose probability is below the smallest float",
            torch.cat([_binary(2, 590), _close[:1, :590].round()]),
            _weights(3),
            _close,
        ),
    ),
    mistakes=(
        (_whole_image, "You returned all pixels. Those that are seen need no prediction: return the rest."),
        (_over_images, "Your weights sum to one over the images. For each image they sum to one over the kinds."),
        (_unnormalised, "That is the joint p(a, b): your weights do not sum to one. Divide by p(a)."),
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
            _underflowing,
            "With many seen pixels the exponentials underflow and you divide zero by zero. Take the softmax of the "
            "logarithms.",
        ),
    ),
    hints=(
        "Given the kind, the seen and the unseen pixels are independent. So what is seen tells about the rest only "
        "through the kind.",
        "Find the weights p(k | a) first, by Bayes' rule, from the seen columns of theta alone. They sum to one "
        "over the kinds.",
        "The weights are a softmax of log pi_k + log p(a | k); the answer is their matrix product with the unseen "
        "columns of theta.",
    ),
)

EXERCISES = (INK_PROBABILITY, MIXTURE_LOG_PROB, CONDITIONAL_MEAN)
