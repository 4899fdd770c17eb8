"""What the chapters' files share: the random numbers of a case, and the KL divergence from the standard normal."""

import zlib
from collections.abc import Callable

import torch
from torch import Generator, Tensor
from torch.distributions import Normal, kl_divergence


class Draws:
    """The random numbers for the cases of one exercise.

    They are seeded by the name of its reference, so that another exercise may come, go or move and changes none of
    them.
    """

    def __init__(self, reference: Callable) -> None:
        self.generator = Generator().manual_seed(zlib.crc32(reference.__name__.encode()))

    def randn(self, *shape: int) -> Tensor:
        """From the standard normal."""
        return torch.randn(*shape, generator=self.generator)

    def rand(self, *shape: int) -> Tensor:
        """From the uniform distribution on [0, 1)."""
        return torch.rand(*shape, generator=self.generator)


def kl_each(mean: Tensor, log_var: Tensor) -> Tensor:
    """The KL of each dimension, (B, D), by torch.distributions: what references are made of."""
    return kl_divergence(Normal(mean, (0.5 * log_var).exp()), Normal(torch.zeros_like(mean), torch.ones_like(mean)))


def kl_terms(mean: Tensor, log_var: Tensor) -> Tensor:
    """The same from its formula: what mistakes are made of."""
    return 0.5 * (mean**2 + log_var.exp() - 1 - log_var)
