"""What training maximises and evaluation reports: the ELBO and its K-sample family, in nats per example."""

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from vae_lib.checks import check_count, check_kind
from vae_lib.distributions import kl_to_standard_normal
from vae_lib.models import VAE, Autoencoder


@dataclass(frozen=True)
class Elbo:
    """The two terms of the bound for each example; their difference is the bound.

    log_likelihood: (B,), log p(x|z) at the sampled z. The distortion is its negative.
    kl_terms: (B, D), the KL of each latent dimension. Their sum is the rate.
    """

    log_likelihood: Tensor
    kl_terms: Tensor

    @property
    def kl(self) -> Tensor:
        """KL(q(z|x) || p(z)): (B,)."""
        return self.kl_terms.sum(-1)

    @property
    def value(self) -> Tensor:
        """The bound: (B,)."""
        return self.log_likelihood - self.kl


def elbo(model: VAE, x: Tensor, *, generator: Generator | None = None) -> Elbo:
    """One-sample estimate of the evidence lower bound, in nats per example.

    x: (B, X) in [0, 1]. Derived in chapter 3; Kingma and Welling (2014), eq. 3.
    """
    check_kind("model", model, VAE)
    q = model.encode(x)  # q(z|x), (B, D)
    z = q.rsample(generator=generator)  # (B, D)
    return Elbo(model.decode(z).log_prob(x), kl_to_standard_normal(q))


def reconstruction(model: Autoencoder, x: Tensor) -> Elbo:
    """The autoencoder's objective in the same form: the same log-likelihood, and no KL to pay (chapter 7)."""
    check_kind("model", model, Autoencoder)
    z = model.encode(x)  # (B, D)
    return Elbo(model.decode(z).log_prob(x), torch.zeros_like(z))


def log_weights(model: VAE, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
    """log p(x, z) - log q(z|x) at S draws from q: x (B, X) -> (S, B), in nats. Derived in chapter 3."""
    check_count("samples", samples)
    check_kind("model", model, VAE)
    q = model.encode(x)
    z = q.rsample(samples, generator=generator)  # (S, B, D)
    return model.decode(z).log_prob(x) + model.prior.log_prob(z) - q.log_prob(z)


def iwae_bound(model: VAE, x: Tensor, *, samples: int, generator: Generator | None = None) -> Tensor:
    """The K-sample bound log (1/K) sum_k p(x, z_k) / q(z_k|x): (B,), in nats; K = 1 is an ELBO estimate.

    Burda, Grosse and Salakhutdinov (2016), eq. 8; derived in chapter 3.
    """
    return log_weights(model, x, samples=samples, generator=generator).logsumexp(0) - math.log(samples)
