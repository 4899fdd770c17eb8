"""Toy worlds whose marginal and posterior are known, to hold a VAE's approximations against. Densities in nats."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.distributions import LowRankMultivariateNormal, Normal

from vae_lib.checks import check_device

WIDEST_STEP = 0.005  # of a grid over z
STEPS = 6  # of a grid, or more, for one noise: a posterior is about as wide as the noise by the curve's speed, up to 3
LEAST_NOISE = 1e-4  # a grid for less would have more than a million points


@dataclass(frozen=True)
class CurveWorld:
    """z ~ N(0, 1); x in the plane, around a curve that z runs along: x | z ~ N(curve(z), noise² I).

    One latent dimension, so the marginal and the posterior are integrals over a line: quadrature on `grid` gives them
    to many digits. Where the curve's two ends come close, one x has two explanations. Used in chapters 2 and 3. Raises
    ValueError for a noise that is not positive, and when the integrals are asked for, for one below LEAST_NOISE.
    """

    noise: float = 0.15

    def __post_init__(self) -> None:
        if not 0 < self.noise < math.inf:
            raise ValueError(f"noise: {self.noise}, expected a positive number")

    @property
    def grid(self) -> Tensor:
        """Quadrature points over z, (G,), float64; wide, since rare z explain the x that are unlikely.

        3,201 points, and more where the noise is below 0.03: no peak may fall between two of them.
        """
        if self.noise < LEAST_NOISE:
            raise ValueError(f"noise: {self.noise}, expected at least {LEAST_NOISE} for integrals over z")
        step = min(WIDEST_STEP, self.noise / STEPS)
        return torch.linspace(-8, 8, 2 * math.ceil(8 / step) + 1, dtype=torch.float64)

    def curve(self, z: Tensor) -> Tensor:
        """The noiseless x: (...,) -> (..., 2)."""
        radius, angle = 1 + 0.15 * z, 1.4 * z
        return torch.stack([radius * angle.cos(), radius * angle.sin()], dim=-1)

    def sample(self, n: int, *, generator: Generator) -> tuple[Tensor, Tensor]:
        """Draw z (n,) and x (n, 2), on the generator's device."""
        chance = {"generator": generator, "dtype": torch.float64, "device": generator.device}
        z = torch.randn(n, **chance)
        return z, self.curve(z) + self.noise * torch.randn(n, 2, **chance)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z): x (..., 2) and z (...,) broadcast to (...,)."""
        return Normal(self.curve(z), self.noise).log_prob(x).sum(-1)

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x, z) = log p(z) + log p(x|z): x (..., 2) and z (...,) broadcast to (...,)."""
        return Normal(0.0, 1.0).log_prob(z) + self.log_likelihood(x, z)

    def log_marginal(self, x: Tensor) -> Tensor:
        """log p(x), the joint integrated over z: (..., 2) -> (...)."""
        grid = self.grid.to(x.device)
        return log_integral(self.log_joint(x.unsqueeze(-2), grid), grid)

    def posterior(self, x: Tensor) -> Tensor:
        """The density p(z|x) at each point of `grid`: (..., 2) -> (..., G)."""
        grid = self.grid.to(x.device)
        log_joint = self.log_joint(x.unsqueeze(-2), grid)
        return (log_joint - log_integral(log_joint, grid).unsqueeze(-1)).exp()


def log_integral(values: Tensor, grid: Tensor) -> Tensor:
    """The log of the integral of exp(values) over an even grid (G,): (..., G) -> (...)."""
    return values.logsumexp(-1) + (grid[1] - grid[0]).log()


@dataclass(frozen=True)
class ProbabilisticPCA:
    """z ~ N(0, I_D), x | z ~ N(mean + W z, noise² I): the VAE that linear algebra solves. Tipping and Bishop (1999).

    mean: (X,). weight: (X, D). Derived in chapter 2. Raises ValueError for a noise that is not positive.
    """

    mean: Tensor
    weight: Tensor
    noise: float

    def __post_init__(self) -> None:
        if not 0 < self.noise < math.inf:
            raise ValueError(f"noise: {self.noise}, expected a positive number")

    @classmethod
    def fit(cls, x: Tensor, latent: int) -> "ProbabilisticPCA":
        """Maximum likelihood in closed form: x (N, X), N of at least 2, with 1 <= latent < X.

        Raises ValueError for other shapes, for numbers that are not finite, and for data that vary in no more than
        `latent` directions: their likelihood has no maximum.
        """
        if x.ndim != 2 or not 1 <= latent < x.shape[1]:
            raise ValueError(f"x, latent: shape {tuple(x.shape)} and {latent}, expected (N, X) and 1 <= latent < X")
        if len(x) < 2 or not x.is_floating_point() or not x.isfinite().all():
            raise ValueError(f"x: shape {tuple(x.shape)}, {x.dtype}; expected two or more rows of finite numbers")
        mean = x.mean(0)
        variances, directions = torch.linalg.eigh(torch.cov(x.T))  # ascending
        noise_variance = variances[:-latent].mean()
        if noise_variance <= len(variances) * torch.finfo(x.dtype).eps * variances[-1]:
            raise ValueError(f"x: {len(x)} rows that vary in no more than {latent} directions, which leaves no noise")
        weight = directions[:, -latent:] * (variances[-latent:] - noise_variance).clamp(min=0).sqrt()
        return cls(mean, weight.flip(1), math.sqrt(noise_variance.item()))  # the largest direction first

    @property
    def latent(self) -> int:
        return self.weight.shape[1]

    @property
    def marginal(self) -> LowRankMultivariateNormal:
        """p(x) = N(mean, W Wᵀ + noise² I)."""
        return LowRankMultivariateNormal(self.mean, self.weight, torch.full_like(self.mean, self.noise**2))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z): x (..., X) and z (..., D) -> (...)."""
        return Normal(self.mean + z @ self.weight.T, self.noise).log_prob(x).sum(-1)

    def log_joint(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x, z) = log p(z) + log p(x|z): x (..., X) and z (..., D) -> (...)."""
        return Normal(0.0, 1.0).log_prob(z).sum(-1) + self.log_likelihood(x, z)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (..., D) and covariance (D, D) of p(z|x); the covariance is the same for every x."""
        one = torch.eye(self.latent, dtype=self.weight.dtype, device=self.weight.device)
        precision = self.weight.T @ self.weight / self.noise**2 + one
        covariance = torch.linalg.inv(precision)
        return (x - self.mean) @ self.weight @ covariance / self.noise**2, covariance

    def sample(self, n: int, *, generator: Generator) -> tuple[Tensor, Tensor]:
        """Draw z (n, D) and x (n, X) on the weight's device. Raises ValueError for a generator of another."""
        check_device("generator", generator, self.weight.device)
        chance = {"generator": generator, "dtype": self.weight.dtype, "device": self.weight.device}
        z, noise = torch.randn(n, self.latent, **chance), torch.randn(n, len(self.mean), **chance)
        return z, self.mean + z @ self.weight.T + self.noise * noise
