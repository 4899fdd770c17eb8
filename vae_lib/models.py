"""Encoders and decoders, and the two models made of them: the VAE and its matched autoencoder."""

import math

import torch
from torch import Generator, Tensor, nn

from vae_lib.checks import check_count, check_kind, check_tensor
from vae_lib.configs import PIXELS, SIDE, ModelConfig, check_likelihood
from vae_lib.distributions import Bernoulli, DiagonalGaussian, check_unit_interval, standard_normal


def build(config: ModelConfig, *, seed: int = 0) -> "VAE | Autoencoder":
    """What `ModelConfig.build` returns."""
    codes = 2 * config.latent if config.variational else config.latent
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if config.convolutional:
            encoder, decoder = conv_encoder(codes), conv_decoder(config.latent)
        else:
            encoder, decoder = mlp(PIXELS, *config.hidden, codes), mlp(config.latent, *config.hidden[::-1], PIXELS)
    model = VAE if config.variational else Autoencoder
    return model(encoder, Decoder(decoder, latent=config.latent, likelihood=config.likelihood))


def mlp(*sizes: int) -> nn.Sequential:
    """Linear layers of the given sizes with ReLU between them: (..., sizes[0]) -> (..., sizes[-1])."""
    if len(sizes) < 2:
        raise ValueError(f"sizes: {sizes}, expected at least two")
    for size in sizes:
        check_count("sizes", size)
    layers: list[nn.Module] = []
    for inputs, outputs in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def conv_encoder(codes: int) -> nn.Sequential:
    """Two strided convolutions, 28 -> 14 -> 7, then one linear layer: (B, 784) -> (B, codes)."""
    check_count("codes", codes)
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
    check_count("latent", latent)
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
        check_kind("network", network, nn.Module)
        check_count("latent", latent)
        check_likelihood(likelihood)
        self.network, self.latent, self.likelihood = network, latent, likelihood
        if likelihood == "gaussian":
            # One variance for all pixels, learned with the weights. It starts at the width of a noisy grey level:
            # from sigma = 1 the first epochs would be spent shrinking it.
            self.log_var = nn.Parameter(torch.tensor([2 * math.log(0.3)]))

    def forward(self, z: Tensor) -> Bernoulli | DiagonalGaussian:
        """z: (..., D) -> a distribution over (..., X)."""
        check_tensor("z", z)
        if z.ndim < 2 or z.shape[-1] != self.latent:
            advice = "; z[None] is a batch of one" if z.shape == (self.latent,) else ""
            raise ValueError(f"z: shape {tuple(z.shape)}, expected (..., B, {self.latent}){advice}")
        check_fits("z", z, self.network)
        pixels = self.network(z.flatten(0, -2)).unflatten(0, z.shape[:-1])  # (..., X); convolutions want one batch axis
        return DiagonalGaussian(pixels, self.log_var) if self.likelihood == "gaussian" else Bernoulli(pixels)


class _Pair(nn.Module):
    """An encoder and a decoder: what both models are made of."""

    def __init__(self, encoder: nn.Module, decoder: Decoder) -> None:
        super().__init__()
        check_kind("encoder", encoder, nn.Module)
        check_kind("decoder", decoder, Decoder)
        self.encoder, self.decoder = encoder, decoder

    @property
    def latent(self) -> int:
        return self.decoder.latent

    @property
    def device(self) -> torch.device:
        """Where the weights are, and what is made from nothing but the model; the CPU for a model without any."""
        return next((weight.device for weight in self.parameters()), torch.device("cpu"))

    def _encoded(self, x: Tensor) -> Tensor:
        check_fits("x", check_images(x), self.encoder)
        return self.encoder(x)

    def decode(self, z: Tensor) -> Bernoulli | DiagonalGaussian:
        """p(x|z), of both models, so that they are scored alike: z (..., B, D) -> a distribution over (..., B, X)."""
        return self.decoder(z)


class VAE(_Pair):
    """q(z|x) and p(x|z) over a standard normal prior. Kingma and Welling (2014); built up in chapters 2 to 5."""

    @property
    def prior(self) -> DiagonalGaussian:
        return standard_normal(self.latent, device=self.device)

    def encode(self, x: Tensor) -> DiagonalGaussian:
        """q(z|x): x (B, X) -> a Gaussian over (B, D)."""
        mean, log_var = self._encoded(x).chunk(2, dim=-1)  # (B, 2D) -> 2 x (B, D)
        return DiagonalGaussian(mean, log_var)

    def sample(self, n: int, *, generator: Generator | None = None) -> Bernoulli | DiagonalGaussian:
        """Draw n latents from the prior and return p(x|z) over (n, X); its `.mean` is what is usually shown."""
        check_count("n", n)
        return self.decode(self.prior.sample(n, generator=generator))


class Autoencoder(_Pair):
    """The VAE's layers without its probabilities: one code for each x, no prior (chapter 7)."""

    def encode(self, x: Tensor) -> Tensor:
        """The code of x: (B, X) -> (B, D)."""
        return self._encoded(x)


def check_images(x: Tensor) -> Tensor:
    """Return x unchanged, or raise a ValueError that says how it differs from a batch of images (B, X)."""
    if isinstance(x, Tensor) and not x.is_floating_point():
        raise ValueError(f"x: dtype {x.dtype}, expected torch.float32 in [0, 1]; divide bytes by 255")
    check_tensor("x", x)
    if x.ndim != 2 or x.shape[-1] != PIXELS:
        if x.shape in ((PIXELS,), (SIDE, SIDE)):
            advice = f"; x.reshape(1, {PIXELS}) is a batch of this one image"
        elif x.ndim > 2 and x[:1].numel() == PIXELS:
            advice = "; flatten images with x.flatten(1)"
        else:
            advice = f": grey images of {SIDE} by {SIDE} pixels, a row for each"
        raise ValueError(f"x: shape {tuple(x.shape)}, expected (B, {PIXELS}){advice}")
    if x.shape[0] == 0:
        raise ValueError(f"x: an empty batch, shape {tuple(x.shape)}")
    if x.dtype != torch.float32:
        raise ValueError(f"x: dtype {x.dtype}, expected torch.float32; x.float() is")
    check_unit_interval(x)
    return x


def check_fits(name: str, value: Tensor, network: nn.Module) -> None:
    """Raise a ValueError where the network keeps its weights elsewhere, or in another type."""
    weight = next(network.parameters(), value)
    if value.device != weight.device:
        raise ValueError(f"{name}: on the device '{value.device}', the model is on '{weight.device}'")
    if value.dtype != weight.dtype:
        raise ValueError(f"{name}: dtype {value.dtype}, the model's is {weight.dtype}")
