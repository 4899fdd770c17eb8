"""Chapter 7: autoencoder and VAE."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from vae_course.bank._shared import Draws, kl_terms
from vae_course.checking.exercise import Case, Exercise, case

_LOG_2PI = math.log(2 * math.pi)


def my_ex_post_elbo(log_likelihood: Tensor, log_prior: Tensor, z: Tensor, code: Tensor, s: float) -> Tensor:
    q = Independent(Normal(code, torch.full_like(code, s)), 1)
    return log_likelihood + log_prior - q.log_prob(z)


def _log_q(z: Tensor, code: Tensor, s: float) -> Tensor:
    return Normal(code, s).log_prob(z).sum(-1)


def _drawn(draw: Draws, batch: int, latent: int, s: float) -> tuple[Tensor, Tensor, Tensor, Tensor, float]:
    code = 3 * draw.randn(batch, latent)
    z = code + s * draw.randn(batch, latent)
    log_prior = Normal(0.0, 3.0).log_prob(z).sum(-1)
    return -80 + 5 * draw.randn(batch), log_prior, z, code, s


_draw = Draws(my_ex_post_elbo)

EX_POST_ELBO = Exercise(
    reference=my_ex_post_elbo,
    points=3,
    cases=(
        case("for four images and three dimensions", *_drawn(_draw, 4, 3, 0.5)),
        case("for twenty dimensions and a narrow noise", *_drawn(_draw, 5, 20, 0.2)),
        case("for a hundred dimensions and a noise wider than 1", *_drawn(_draw, 3, 100, 1.4)),
    ),
    mistakes=(
        (
            lambda a, b, z, e, s: a + b,
            "The term −log q(z|x) is missing. Without it a code of unlimited precision would cost nothing.",
        ),
        (
            lambda a, b, z, e, s: a + b + _log_q(z, e, s),
            "The sign of log q is wrong: it is subtracted, so that a narrow q costs more.",
        ),
        (
            lambda a, b, z, e, s: a - b + _log_q(z, e, s),
            "You added the rate to the log-likelihood. The bound is the log-likelihood minus the rate log q − log p.",
        ),
        (lambda a, b, z, e, s: -(a + b - _log_q(z, e, s)), "That is −ELBO, the loss. Return the bound itself."),
        (
            lambda a, b, z, e, s: a + b - _log_q(z, e, s) - 0.5 * _LOG_2PI * z.shape[-1],
            "The constant of log q, half log 2π for each dimension, is missing. It does not cancel here: the "
            "fitted density's own constant stands in log_prior.",
        ),
        (
            lambda a, b, z, e, s: a + b - _log_q(z, e, s) - (z.shape[-1] - 1) * (0.5 * _LOG_2PI + math.log(s)),
            "You took the constants of q, log s and half log 2π, once. Every dimension has its own.",
        ),
        (
            lambda a, b, z, e, s: a + b - _log_q(z, e, s) - z.shape[-1] * math.log(s),
            "The term log s of q's density is missing: it is the price of precision.",
        ),
        (
            lambda a, b, z, e, s: a + b - _log_q(z, e, math.sqrt(s)),
            "You used s as a variance. It is the standard deviation of the noise.",
        ),
        (
            lambda a, b, z, e, s: a + b - _log_q(z, e, s**2),
            "You gave s squared where the distribution wants a standard deviation.",
        ),
        (
            lambda a, b, z, e, s: a + b + z.shape[-1] * (0.5 + 0.5 * _LOG_2PI + math.log(s)),
            "You took the entropy of q, the mean of −log q over all draws. The estimate is from one draw: use log q at "
            "this z.",
        ),
        (
            lambda a, b, z, e, s: a + b - _log_q(z, e, 1.0),
            "You did not use s: this q has standard deviation 1.",
        ),
        (
            lambda a, b, z, e, s: a + b - Normal(e, s).log_prob(z).exp().prod(-1).log(),
            "Right on paper. But the product of a hundred densities underflows to zero in single precision, and its "
            "logarithm is −∞. Add the logarithms of the densities instead.",
        ),
        (
            lambda a, b, z, e, s: a + Normal(0.0, 1.0).log_prob(z).sum(-1) - _log_q(z, e, s),
            "You used a standard normal prior. The autoencoder's codes were never asked to follow it: use the "
            "log_prior that was fitted to them.",
        ),
        (
            lambda a, b, z, e, s: a + b - Normal(e, s).log_prob(z).mean(-1),
            "You averaged log q over the dimensions. Sum it.",
        ),
        (
            lambda a, b, z, e, s: a + b - Normal(0.0, s).log_prob(z).sum(-1),
            "Your q is centred at 0. It is centred at the image's code.",
        ),
        (
            lambda a, b, z, e, s: (a + b - _log_q(z, e, s)).mean(),
            "You averaged over the batch. Return one estimate for each image.",
        ),
    ),
    hints=(
        "Which three log-densities does a single-draw estimate of the ELBO hold, and with which signs?",
        "q is a Gaussian around the code with standard deviation s in each dimension. Its log-density is a sum "
        "over dimensions.",
        "log q has three parts in each dimension: minus half the squared standardised distance, minus log s, "
        "minus half log 2π.",
    ),
    forbidden=("elbo", "DiagonalGaussian"),
)


def my_rate_split(z: Tensor, mean: Tensor, log_var: Tensor) -> tuple[Tensor, Tensor]:
    each = Independent(Normal(mean, (0.5 * log_var).exp()), 1)
    aggregate = MixtureSameFamily(Categorical(logits=torch.zeros(len(mean))), each).log_prob(z)
    prior = Independent(Normal(torch.zeros_like(z), torch.ones_like(z)), 1).log_prob(z)
    return (each.log_prob(z) - aggregate).mean(), (aggregate - prior).mean()


def _pairs(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """Log-density of each draw under each posterior: (N, N)."""
    return Normal(mean, (0.5 * log_var).exp()).log_prob(z.unsqueeze(1)).sum(-1)


def _log_prior(z: Tensor) -> Tensor:
    return Normal(0.0, 1.0).log_prob(z).sum(-1)


def _split(z: Tensor, pairs: Tensor, aggregate: Tensor) -> tuple[Tensor, Tensor]:
    return (pairs.diagonal() - aggregate).mean(), (aggregate - _log_prior(z)).mean()


def _scaled(parts: tuple[Tensor, Tensor], factor: float) -> tuple[Tensor, Tensor]:
    return factor * parts[0], factor * parts[1]


def _aggregate(pairs: Tensor) -> Tensor:
    return pairs.logsumexp(1) - math.log(len(pairs))


def _pooled(z: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    variance = mean.var(0, correction=0) + log_var.exp().mean(0)
    return Normal(mean.mean(0), variance.sqrt()).log_prob(z).sum(-1)


def _others(pairs: Tensor) -> Tensor:
    hidden = pairs.masked_fill(torch.eye(len(pairs), dtype=torch.bool), -math.inf)
    return hidden.logsumexp(1) - math.log(len(pairs) - 1)


def _posteriors(
    draw: Draws, n: int, latent: int, spread: float, log_var: float | Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    mean, log_var = spread * draw.randn(n, latent), log_var + 0.3 * draw.randn(n, latent)
    return mean + (0.5 * log_var).exp() * draw.randn(n, latent), mean, log_var


_draw = Draws(my_rate_split)
_OVERLAPPING = _posteriors(_draw, 30, 2, 0.8, -0.7)
_FEW = _posteriors(_draw, 8, 3, 0.8, torch.linspace(-2, 0.5, 8)[:, None])
_APART = _posteriors(_draw, 6, 1000, 0.1, torch.linspace(-1, 1, 6)[:, None])  # narrow and wide ones

RATE_SPLIT = Exercise(
    reference=my_rate_split,
    points=5,
    cases=(
        case("information for 30 images whose posteriors overlap", *_OVERLAPPING, part=0),
        case("rest of the rate for these 30", *_OVERLAPPING, part=1),
        case("information for eight images in three dimensions", *_FEW, part=0),
        case("rest of the rate for these eight", *_FEW, part=1),
        case("information of six posteriors that do not overlap, in 1,000 dimensions, which is log 6", *_APART, part=0),
        case("rest of the rate for these six", *_APART, part=1),
    ),
    mistakes=(
        (
            lambda z, m, v: _split(z, p := _pairs(z, m, v), p.exp().mean(1).log()),
            "exp underflowed to zero, and its logarithm is −∞. Use torch.logsumexp.",
        ),
        (
            lambda z, m, v: (
                (s := _split(z, p := _pairs(z, m, v), _aggregate(p)))[0],
                s[1] + (_log_prior(z) - Normal(0.0, 1.0).log_prob(z).exp().prod(-1).log()).mean(),
            ),
            "exp underflowed to zero in the prior's density, and its logarithm is −∞. Add the log-densities of the "
            "dimensions instead of multiplying the densities.",
        ),
        *(
            (
                lambda z, m, v, eps=eps: _split(z, p := _pairs(z, m, v), (p.exp().mean(1) + eps).log()),
                "A small number inside the logarithm keeps it finite and makes it wrong: where the densities underflow "
                "to zero, that number is all that is left. Use torch.logsumexp.",
            )
            for eps in (1e-8, 1e-10, 1e-12, 1e-20, 1e-30)
        ),
        (
            lambda z, m, v: _split(z, p := _pairs(z, m, v), p.mean(1)),
            "You averaged log-densities. The aggregate posterior is the mean of the densities: the logarithm "
            "stands outside.",
        ),
        (
            lambda z, m, v: _split(z, p := _pairs(z, m, v), p.logsumexp(1)),
            "The −log N is missing: the aggregate posterior is the mean of N densities, not their sum.",
        ),
        (
            lambda z, m, v: _split(z, p := _pairs(z, m, v), p.logsumexp(0) - math.log(len(p))),
            "You summed over the draws under one posterior. For each draw, sum over all the posteriors.",
        ),
        (
            lambda z, m, v: _split(z, _pairs(z, m, v), _pooled(z, m, v)),
            "You took one Gaussian with the mean and variance of the aggregate posterior. The aggregate posterior"
            " is a mixture of N Gaussians.",
        ),
        (
            lambda z, m, v: _split(z, p := _pairs(z, m, v), _others(p)),
            "You left the image's own posterior out of the mixture. The identity holds with all N.",
        ),
        (
            lambda z, m, v: ((s := _split(z, p := _pairs(z, m, v), _aggregate(p)))[0] + s[1], s[1]),
            "You compared q with the prior: that is the whole rate. Compare it with the aggregate posterior first.",
        ),
        (
            lambda z, m, v: _split(z, p := _pairs(z, m, v), _aggregate(p))[::-1],
            "Both parts are right, in the wrong order: the information first.",
        ),
        (
            lambda z, m, v: ((s := _split(z, p := _pairs(z, m, v), _aggregate(p)))[0], -s[1]),
            "The second part has the wrong sign: it is log q(z) − log p(z), with z from q.",
        ),
        (
            lambda z, m, v: _scaled(_split(z, p := _pairs(z, m, v), _aggregate(p)), -1),
            "Both signs are wrong: each part is a divergence, and in the mean never negative.",
        ),
        (
            lambda z, m, v: ((s := _split(z, p := _pairs(z, m, v), _aggregate(p)))[0], s[0] + s[1]),
            "Your second part is the whole rate. Take the information off.",
        ),
        (
            lambda z, m, v: (
                (s := _split(z, p := _pairs(z, m, v), _aggregate(p)))[0],
                kl_terms(m, v).sum(-1).mean() - s[0],
            ),
            "You took the information off the rate in closed form. That is right in the mean over draws; here both "
            "parts are estimates from the same draws, the second the mean of log q(z) − log p(z).",
        ),
        (
            lambda z, m, v: _split(z, p := _pairs(z, m, 2 * v), _aggregate(p)),
            "You read log_var as the logarithm of the standard deviation. The variance is exp(log_var).",
        ),
        (
            lambda z, m, v: _scaled(_split(z, p := _pairs(z, m, v), _aggregate(p)), 1 / z.shape[-1]),
            "You averaged over the latent dimensions. Log-densities of independent dimensions add up.",
        ),
    ),
    hints=(
        "You need three numbers for each draw: the log-density under its own posterior, under the mean of all "
        "posteriors, and under the prior.",
        "Make an (N, N) table of the log-density of draw i under posterior n, with z.unsqueeze(1). Its own "
        "posterior is on the diagonal.",
        "The aggregate posterior's log-density is logsumexp over the posteriors, minus log N.",
    ),
    rtol=1e-3,
)


def my_frechet_distance(a: Tensor, b: Tensor) -> Tensor:
    a, b = a.double(), b.double()
    root = _root(torch.cov(a.T))
    cross = torch.linalg.eigvalsh(root @ torch.cov(b.T) @ root).clamp(min=0).sqrt().sum()
    return (a.mean(0) - b.mean(0)).square().sum() + a.var(0).sum() + b.var(0).sum() - 2 * cross


def _root(c: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(c)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def _parts(a: Tensor, b: Tensor, correction: int = 1) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Distance of the means, both covariances, and the trace of the root of their product."""
    c1, c2 = torch.cov(a.T, correction=correction), torch.cov(b.T, correction=correction)
    return (a.mean(0) - b.mean(0)).norm(), c1, c2, torch.linalg.eigvals(c1 @ c2).real.clamp(min=0).sqrt().sum()


def _frechet(a: Tensor, b: Tensor, twice: float = 2, power: float = 2, correction: int = 1) -> Tensor:
    apart, c1, c2, cross = _parts(a, b, correction)
    return apart**power + c1.trace() + c2.trace() - twice * cross


def _with_cross(a: Tensor, b: Tensor, cross: Tensor) -> Tensor:
    apart, c1, c2, _ = _parts(a, b)
    return apart**2 + c1.trace() + c2.trace() - 2 * cross


def _cloud(draw: Draws, n: int, shift: float) -> Tensor:
    return shift + draw.randn(n, 4) @ draw.randn(4, 4)


def _same_moments(draw: Draws) -> tuple[Tensor, Tensor]:
    """A bell-shaped cloud and the corners of a square, with equal means and covariances."""
    corners = torch.tensor([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]], dtype=torch.float64).repeat(10, 1)
    bell = draw.randn(40, 2).double()
    bell = bell - bell.mean(0)
    whiten = torch.linalg.inv(_root(torch.cov(bell.T)))
    return bell @ whiten @ _root(torch.cov(corners.T)), corners


_draw = Draws(my_frechet_distance)
_BELL, _CORNERS = _same_moments(_draw)
_STRETCHED = _BELL * torch.tensor([1.0, 3.0], dtype=torch.float64)
_SHEARED = _CORNERS @ torch.tensor([[1.0, 2.0], [0.0, 1.0]], dtype=torch.float64)


def _shapes(function: Callable) -> Tensor:
    pairs = ((_BELL, _CORNERS), (_BELL, _CORNERS + 1), (_STRETCHED, _SHEARED))
    return torch.tensor([float(function(a.clone(), b.clone())) for a, b in pairs])


FRECHET_DISTANCE = Exercise(
    reference=my_frechet_distance,
    points=4,
    atol=1e-3,
    rtol=1e-3,
    cases=(
        case("for two clouds of 60 points, correlated and apart", _cloud(_draw, 60, 0.0), _cloud(_draw, 60, 0.7)),
        case("for clouds of 40 and 90 points", _cloud(_draw, 40, 0.3), _cloud(_draw, 90, 0.0)),
        Case("for two shapes of equal moments: zero, but not once one is moved, or both are deformed", _shapes),
    ),
    mistakes=(
        (
            lambda a, b: _frechet(a, b).clamp(min=0).sqrt(),
            "That is the root of it. The formula gives the squared distance, which is what is reported.",
        ),
        (
            lambda a, b: _frechet(a, b, twice=1),
            "The factor 2 before the root is missing: the distance of a cloud from itself would not be zero.",
        ),
        (lambda a, b: _frechet(a, b, power=1), "The distance of the means is squared in the formula."),
        (lambda a, b: _parts(a, b)[0] ** 2, "You compared the means only. The covariances have their part: the trace."),
        (lambda a, b: _frechet(a, b) - _parts(a, b)[0] ** 2, "The distance of the means is missing."),
        (
            lambda a, b: _frechet(a, b, correction=0),
            "You divided the covariances by N. torch.cov divides by N − 1; use it, or the same.",
        ),
        (
            lambda a, b: _with_cross(a, b, (torch.cov(a.T) @ torch.cov(b.T)).clamp(min=0).sqrt().trace()),
            "You took the root of each entry. The root of a matrix M is the matrix whose square is M; its trace "
            "is the sum of the roots of M's eigenvalues.",
        ),
        (
            lambda a, b: _with_cross(
                a, b, torch.linalg.eigvalsh(torch.cov(a.T) @ torch.cov(b.T)).clamp(min=0).sqrt().sum()
            ),
            "The product of two covariances is not symmetric, and eigvalsh reads one triangle of it. Use eigvals, or "
            "the symmetric C1^½ C2 C1^½.",
        ),
        (
            lambda a, b: _with_cross(a, b, torch.linalg.svdvals(torch.cov(a.T) @ torch.cov(b.T)).sqrt().sum()),
            "Those are the roots of singular values. The product of two covariances is not symmetric, so its "
            "eigenvalues are others.",
        ),
        (
            lambda a, b: _with_cross(a, b, (torch.cov(a.T) @ torch.cov(b.T)).trace().sqrt()),
            "You took the root of the trace, a sum of eigenvalues. It is the trace of the root, a sum of their roots.",
        ),
        (
            lambda a, b: _with_cross(a, b, (a.std(0) * b.std(0)).sum()),
            "You used the variances only, as if the features were uncorrelated. Use the covariance matrices.",
        ),
        (
            lambda a, b: _with_cross(a, b, (_root(torch.cov(a.T)) @ _root(torch.cov(b.T))).trace()),
            "You multiplied the two roots. The root of a product is the product of the roots only for matrices "
            "that commute.",
        ),
        (
            lambda a, b: _with_cross(a, b, (torch.cov(a.T) @ torch.cov(b.T)).trace()),
            "The root of the product of the covariances is missing.",
        ),
        (
            lambda a, b: _parts(a, b)[0] ** 2 + (torch.cov(a.T) - torch.cov(b.T)).square().sum(),
            "You compared the covariances entry by entry, squared. The formula has the trace of C1 + C2 − 2 (C1 "
            "C2)^½, in the units of a variance.",
        ),
    ),
    hints=(
        "Four ingredients: two means and two covariance matrices. torch.cov wants the features on the first axis.",
        "You do not need the matrix root itself, only its trace.",
        "The trace of a matrix is the sum of its eigenvalues, and those of a root are the roots of the "
        "eigenvalues: torch.linalg.eigvals of the product, its real part, the square root, the sum.",
    ),
    forbidden=("frechet_distance",),
)

QUESTIONS = {
    "ex-autoencoder-scale": "A rate belongs to a pair",
    "ex-autoencoder-yardstick": "More real than real",
}

EXERCISES = (EX_POST_ELBO, RATE_SPLIT, FRECHET_DISTANCE)
