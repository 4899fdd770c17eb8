"""The book's experiments, as plain values: what a model is made of, and how it is trained.

Nothing here needs torch, which takes seconds to import: a command line that asks for a name is answered at once.
"""

import math
from dataclasses import dataclass, field, fields, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal

from vae_lib.checks import check_count, told

if TYPE_CHECKING:
    from vae_lib.models import VAE, Autoencoder

SIDE = 28
PIXELS = SIDE * SIDE


def check_likelihood(likelihood: str) -> None:
    """Raise a ValueError for a distribution of the pixels that no decoder has."""
    if not isinstance(likelihood, str) or likelihood not in ("bernoulli", "gaussian"):
        raise ValueError(f"likelihood: {told(likelihood)}, expected 'bernoulli' or 'gaussian'")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What a model is made of; the default is the 784-512-256-20 pair of chapter 5."""

    hidden: tuple[int, ...] = (512, 256)  # from the pixels inwards; the decoder is the mirror image
    latent: int = 20
    convolutional: bool = False  # a convolutional pair instead of `hidden`
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    variational: bool = True  # False: the autoencoder with the same layers

    def __post_init__(self) -> None:
        check_count("latent", self.latent)
        if not isinstance(self.hidden, tuple | list):
            raise ValueError(f"hidden: {told(self.hidden)}, expected a tuple of widths, as in (400,)")
        if not all(isinstance(width, Integral) and width >= 1 for width in self.hidden):
            raise ValueError(f"hidden: {self.hidden}, expected widths of at least 1")
        check_likelihood(self.likelihood)

    def build(self, *, seed: int = 0) -> "VAE | Autoencoder":
        """A fresh model whose initial weights are drawn from `seed`; the global generator is left as it was."""
        from vae_lib.models import build  # here, as it imports torch

        return build(self, seed=seed)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a model is trained; an experiment states only what differs."""

    epochs: int = 20
    batch_size: int = 128
    learning_rate: float = 1e-3
    beta: float = 1.0  # weight on the KL; 1 gives the ELBO
    warmup_epochs: int = 0  # beta rises linearly from 0 over these epochs (chapter 6)
    free_bits: float = 0.0  # nats of each latent dimension's mean KL that cost nothing (chapter 6)
    binarize: Literal["none", "static", "dynamic"] = "none"
    seed: int = 0  # initial weights, order of the batches, noise

    def __post_init__(self) -> None:
        for name in ("epochs", "batch_size", "warmup_epochs", "seed"):
            if not isinstance(getattr(self, name), int):
                raise ValueError(f"{name}: {told(getattr(self, name))}, expected a whole number")
        for name, least in (("epochs", 1), ("batch_size", 1), ("warmup_epochs", 0), ("beta", 0), ("free_bits", 0)):
            if not (isinstance(getattr(self, name), Real) and least <= getattr(self, name) < math.inf):
                raise ValueError(f"{name}: {told(getattr(self, name))}, expected a finite number of at least {least}")
        if not (isinstance(self.learning_rate, Real) and 0 < self.learning_rate < math.inf):
            raise ValueError(f"learning_rate: {told(self.learning_rate)}, expected a positive number")
        if self.binarize not in ("none", "static", "dynamic"):
            raise ValueError(f"binarize: {told(self.binarize)}, expected 'none', 'static' or 'dynamic'")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model, how it is trained, and on which data."""

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    dataset: str | None = None  # as `data.load` takes it; None: the data that the environment asks for

    @property
    def summary(self) -> str:
        """The recipe in a line: its kind, its layers, its epochs, and whatever differs from the default."""
        model, default = self.model, TrainConfig()
        layers = "convolutional" if model.convolutional else "-".join(map(str, (PIXELS, *model.hidden)))
        said = [f"{'VAE' if model.variational else 'autoencoder'} {layers}-{model.latent}"]
        said += [f"{model.likelihood} pixels"] if model.likelihood != "bernoulli" else []
        said += [f"{self.train.epochs} epochs"]
        for item in fields(TrainConfig):
            value = getattr(self.train, item.name)
            if item.name != "epochs" and value != getattr(default, item.name):
                said.append(f"{item.name} {value}")
        said += [f"on {self.dataset}"] if self.dataset else []
        return ", ".join(said)


# 784-400-20 for ten epochs: the usual tutorial's network, quick enough for experiments of many runs.
SMALL = Recipe(model=ModelConfig(hidden=(400,)), train=TrainConfig(epochs=10))
SMALL_AE = replace(SMALL, model=replace(SMALL.model, variational=False))
WIDE = replace(SMALL, model=replace(SMALL.model, latent=50))


def _trained_with(recipe: Recipe, **changes: object) -> Recipe:
    return replace(recipe, train=replace(recipe.train, **changes))


RECIPES = {
    "vae-20": Recipe(),
    "vae-2": Recipe(model=ModelConfig(latent=2)),
    "ae-2": Recipe(model=ModelConfig(latent=2, variational=False)),
    "binary-20": Recipe(train=TrainConfig(binarize="dynamic")),
    "small": SMALL,
    "small-seed-1": _trained_with(SMALL, seed=1),
    "small-seed-2": _trained_with(SMALL, seed=2),
    "small-ae": SMALL_AE,
    "small-ae-seed-1": _trained_with(SMALL_AE, seed=1),
    "small-ae-seed-2": _trained_with(SMALL_AE, seed=2),
    "beta-0.1": _trained_with(SMALL, beta=0.1),
    "beta-0.3": _trained_with(SMALL, beta=0.3),
    "beta-3": _trained_with(SMALL, beta=3.0),
    "beta-10": _trained_with(SMALL, beta=10.0),
    "beta-30": _trained_with(SMALL, beta=30.0),
    "gaussian": replace(SMALL, model=replace(SMALL.model, likelihood="gaussian")),
    "wide": WIDE,
    "wide-warmup": _trained_with(WIDE, warmup_epochs=5),
    "wide-free-bits": _trained_with(WIDE, free_bits=0.25),
}


def get(name: str) -> Recipe:
    """The recipe of that name; ValueError with the known names otherwise."""
    if not isinstance(name, str) or name not in RECIPES:
        raise ValueError(f"recipe: {told(name)} is unknown, expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
