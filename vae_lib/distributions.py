"""The distributions a VAE is made of; every log-density and divergence in nats."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from vae_lib.checks import check_count, check_device, check_kind, check_tensor

LOG_2PI = math.log(2 * math.pi)


@dataclass(frozen=True)
class DiagonalGaussian:
    """N(mean, diag(exp(log_var))) over the last dimension.

    mean: (..., D). log_var: (..., D), or a shape that broadcasts to it.
    """

    mean: Tensor
    log_var: Tensor

    def __post_init__(self) -> None:
        check_tensor("mean", self.mean)
        check_tensor("log_var", self.log_var)
        check_device("log_var", self.log_var, self.mean.device)
        try:
            self.log_var.expand_as(self.mean)
        except RuntimeError:
            raise ValueError(
                f"log_var: shape {tuple(self.log_var.shape)} does not fit mean's {tuple(self.mean.shape)}"
            ) from None

    @property
    def std(self) -> Tensor:
        return (0.5 * self.log_var).exp()

    def rsample(self, samples: int | None = None, *, generator: Generator | None = None) -> Tensor:
        """Draw z = mean + std * noise, so that gradients reach both parameters (chapter 4).

        Returns (..., D), or (S, ..., D) when `samples` is S. The noise is drawn on the mean's device; ValueError for a
        generator of another, since a seed gives other numbers on each kind of device.
        """
        if samples is not None:
            check_count("samples", samples)
        shape = self.mean.shape if samples is None else (samples, *self.mean.shape)
        check_device("generator", generator, self.mean.device)
        noise = torch.randn(shape, generator=generator, dtype=self.mean.dtype, device=self.mean.device)
        return self.mean + self.std * noise

    def sample(self, samples: int | None = None, *, generator: Generator | None = None) -> Tensor:
        """Draw as `rsample` does, with no gradient."""
        return self.rsample(samples, generator=generator).detach()

    def log_prob(self, x: Tensor) -> Tensor:
        """log N(x; mean, std^2), summed over the last dimension: (..., D) -> (...), in nats."""
        _check_last_dimension(x, self.mean)
        square = (x - self.mean) ** 2 * (-self.log_var).exp()
        return -0.5 * (square + self.log_var + LOG_2PI).sum(-1)


@dataclass(frozen=True)
class Bernoulli:
    """Independent Bernoulli pixels, given by their log-odds. logits: (..., X)."""

    logits: Tensor

    def __post_init__(self) -> None:
        check_tensor("logits", self.logits)

    @property
    def mean(self) -> Tensor:
        return self.logits.sigmoid()

    def sample(self, *, generator: Generator | None = None) -> Tensor:
        """Draw zeros and ones on the logits' device: (..., X). Raises ValueError for a generator of another."""
        check_device("generator", generator, self.logits.device)
        return torch.bernoulli(self.mean, generator=generator)

    def log_prob(self, x: Tensor) -> Tensor:
        """x log p + (1 - x) log(1 - p), summed over the last dimension: (..., X) -> (...), in nats.

        A log-probability where x is binary. On grey levels it is the (negative) cross-entropy most tutorials train on,
        and no normalised likelihood: chapter 5 says what that costs. Raises ValueError for x outside [0, 1] or NaN.
        """
        _check_last_dimension(x, self.logits)
        check_unit_interval(x)
        logits, x = torch.broadcast_tensors(self.logits, x)
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def standard_normal(dimensions: int, *, device: torch.device | None = None) -> DiagonalGaussian:
    """The prior N(0, I) over `dimensions` latent dimensions, on torch's default device or another."""
    check_count("dimensions", dimensions)
    return DiagonalGaussian(torch.zeros(dimensions, device=device), torch.zeros(dimensions, device=device))


def kl_to_standard_normal(q: DiagonalGaussian) -> Tensor:
    """KL(q || N(0, I)) of each dimension: (..., D), in nats; sum over the last for the whole (chapter 3).

    Kingma and Welling (2014), appendix B.
    """
    check_kind("q", q, DiagonalGaussian)
    return 0.5 * (q.mean**2 + q.log_var.exp() - 1 - q.log_var)


def check_unit_interval(x: Tensor) -> None:
    """Raise a ValueError that names the range of x unless all of it lies in [0, 1]."""
    _check_numbers(x)
    low, high = (extreme.item() for extreme in torch.aminmax(x))
    if not (low >= 0 and high <= 1):  # a NaN fails both comparisons
        raise ValueError(f"x: values from {low:g} to {high:g}, expected [0, 1]")


def _check_last_dimension(x: Tensor, parameter: Tensor) -> None:
    _check_numbers(x)
    check_device("x", x, parameter.device)
    if x.ndim == 0 or x.shape[-1] != parameter.shape[-1]:
        raise ValueError(f"x: shape {tuple(x.shape)}, expected (..., {parameter.shape[-1]})")
    try:
        torch.broadcast_shapes(x.shape, parameter.shape)
    except RuntimeError:
        raise ValueError(f"x: shape {tuple(x.shape)} does not fit the parameters' {tuple(parameter.shape)}") from None


def _check_numbers(x: Tensor) -> None:
    check_tensor("x", x)
    if x.numel() == 0:
        raise ValueError(f"x: an empty batch, shape {tuple(x.shape)}")
