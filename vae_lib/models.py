"""Encoders and decoders, and the two models made of them: the VAE and its matched autoencoder."""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Generator, Tensor, nn

from vae_lib.distributions import Bernoulli, DiagonalGaussian, check_unit_interval, standard_normal

SIDE = 28
PIXELS = SIDE * SIDE


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What a model is made of; the default is the 784-512-256-20 pair of chapter 5."""

    hidden: tuple[int, ...] = (512, 256)  # from the pixels inwards; the decoder is the mirror image
    latent: int = 20
    convolutional: bool = False  # a convolutional pair instead of `hidden`
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    variational: bool = True  # False: the autoencoder with the same layers

    def __post_init__(self) -> None:
        if self.latent < 1:
            raise ValueError(f"latent: {self.latent}, expected at least 1")
        if any(width < 1 for width in self.hidden):
            raise ValueError(f"hidden: {self.hidden}, expected widths of at least 1")
        _check_likelihood(self.likelihood)

    def build(self, *, seed: int = 0) -> "VAE | Autoencoder":
        """A fresh model whose initial weights are drawn from `seed`; the global generator is left as it was."""
        codes = 2 * self.latent if self.variational else self.latent
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            if self.convolutional:
                encoder, decoder = conv_encoder(codes), conv_decoder(self.latent)
            else:
                encoder, decoder = mlp(PIXELS, *self.hidden, codes), mlp(self.latent, *self.hidden[::-1], PIXELS)
        model = VAE if self.variational else Autoencoder
        return model(encoder, Decoder(decoder, latent=self.latent, likelihood=self.likelihood))


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers of the given sizes with ReLU between them: (..., sizes[0]) -> (..., sizes[-1])."""
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def conv_encoder(codes: int) -> nn.Sequential:
    """Two strided convolutions, 28 -> 14 -> 7, then one linear layer: (B, 784) -> (B, codes)."""
    return nn.Sequential(
        nn.Unflatten(-1, (1, SIDE, SIDE)),
        nn.Conv2d(1, 16, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, codes),
    )


def conv_decoder(latent: int) -> nn.Sequential:
    """The mirror image of `conv_encoder`: (B, D) -> (B, 784)."""
    return nn.Sequential(
        nn.Linear(latent, 32 * 7 * 7),
        nn.ReLU(),
        nn.Unflatten(-1, (32, 7, 7)),
        nn.ConvTranspose2d(32, 16, kernel_size=4, stride=2, padding=1),
        nn.ReLU(),
        nn.ConvTranspose2d(16, 1, kernel_size=4, stride=2, padding=1),
        nn.Flatten(),
    )


class Decoder(nn.Module):
    """p(x|z): a network from z to the parameters of a distribution over the pixels."""

    def __init__(self, network: nn.Module, *, latent: int, likelihood: str) -> None:
        super().__init__()
        _check_likelihood(likelihood)
        self.network, self.latent, self.likelihood = network, latent, likelihood
        if likelihood == "gaussian":
            # One variance for all pixels, learned with the weights. It starts at the width of a noisy grey level:
            # from sigma = 1 the first epochs would be spent shrinking it.
            self.log_var = nn.Parameter(torch.tensor([2 * math.log(0.3)]))

    def forward(self, z: Tensor) -> Bernoulli | DiagonalGaussian:
        """z: (..., D) -> a distribution over (..., X)."""
        if z.ndim < 2 or z.shape[-1] != self.latent:
            raise ValueError(f"z: shape {tuple(z.shape)}, expected (..., B, {self.latent})")
        pixels = self.network(z.flatten(0, -2)).unflatten(0, z.shape[:-1])  # (..., X); convolutions want one batch axis
        return DiagonalGaussian(pixels, self.log_var) if self.likelihood == "gaussian" else Bernoulli(pixels)


class VAE(nn.Module):
    """q(z|x) and p(x|z) over a standard normal prior. Kingma and Welling (2014); built up in chapters 2 to 5."""

    def __init__(self, encoder: nn.Module, decoder: Decoder) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    @property
    def latent(self) -> int:
        return self.decoder.latent

    @property
    def prior(self) -> DiagonalGaussian:
        return standard_normal(self.latent)

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """q(z|x): x (B, X) -> a Gaussian over (B, D)."""
        mean, log_var = self.encoder(check_images(x)).chunk(2, dim=-1)  # (B, 2D) -> 2 x (B, D)
        return DiagonalGaussian(mean, log_var)

    def decode(self, z: Tensor) -> Bernoulli | DiagonalGaussian:
        """p(x|z): z (..., B, D) -> a distribution over (..., B, X)."""
        return self.decoder(z)

    def sample(self, n: int, *, generator: Generator | None = None) -> Bernoulli | DiagonalGaussian:
        """Draw n latents from the prior and return p(x|z) over (n, X); its `.mean` is what is usually shown."""
        return self.decode(self.prior.sample(n, generator=generator))


class Autoencoder(nn.Module):
    """The VAE's layers without its probabilities: one code for each x, no prior (chapter 7)."""

    def __init__(self, encoder: nn.Module, decoder: Decoder) -> None:
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    @property
    def latent(self) -> int:
        return self.decoder.latent

    def encode(self, x: Tensor) -> Tensor:
        """The code of x: (B, X) -> (B, D)."""
        return self.encoder(check_images(x))

    def decode(self, z: Tensor) -> Bernoulli | DiagonalGaussian:
        """The pixels' distribution, so that both models are scored alike: (..., B, D) -> (..., B, X)."""
        return self.decoder(z)


def _check_likelihood(likelihood: str) -> None:
    if likelihood not in ("bernoulli", "gaussian"):
        raise ValueError(f"likelihood: {likelihood!r}, expected 'bernoulli' or 'gaussian'")


def check_images(x: Tensor) -> Tensor:
    """Return x unchanged, or raise a ValueError that says how it differs from a batch of images (B, X)."""
    if x.ndim != 2 or x.shape[-1] != PIXELS:
        raise ValueError(f"x: shape {tuple(x.shape)}, expected (B, {PIXELS}); flatten images with x.flatten(1)")
    if x.shape[0] == 0:
        raise ValueError(f"x: an empty batch, shape {tuple(x.shape)}")
    if x.dtype != torch.float32:
        raise ValueError(f"x: dtype {x.dtype}, expected torch.float32 in [0, 1]; divide bytes by 255")
    check_unit_interval(x)
    return x
