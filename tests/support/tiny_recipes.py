"""Recipes that train in a blink, on digits that need no drawing, and what tests ask about their models."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch

from vae_lib import configs, data, recipes, train
from vae_lib.models import ModelConfig
from vae_lib.recipes import Recipe
from vae_lib.train import History, TrainConfig

TINY = Recipe(model=ModelConfig(hidden=(4,), latent=2), train=TrainConfig(epochs=2, batch_size=64, seed=3))
TINY_AE = replace(TINY, model=replace(TINY.model, variational=False))


@pytest.fixture
def tiny(monkeypatch, small_splits):
    """In place of the book's recipes and of MNIST."""
    monkeypatch.setattr(configs, "RECIPES", {"tiny": TINY, "tiny-ae": TINY_AE})
    monkeypatch.setattr(data, "load", lambda name=None: small_splits)


@pytest.fixture
def trainings(monkeypatch):
    """The labels of the trainings that took place."""
    labels = []

    def fit(*arguments, label=""):
        labels.append(label)
        return original(*arguments, label=label)

    original = train.fit
    monkeypatch.setattr(train, "fit", fit)
    return labels


def path(splits: data.Splits, name: str = "tiny") -> Path:
    return recipes.checkpoint_path(name, splits)


def same(one: tuple, other: tuple) -> bool:
    """Whether two (model, history) pairs hold the same numbers, bit for bit."""
    weights = [model.state_dict() for model, _ in (one, other)]
    histories = [[getattr(history, item.name) for item in fields(History)] for _, history in (one, other)]
    return (
        type(one[0]) is type(other[0])
        and weights[0].keys() == weights[1].keys()
        and all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
        and all(a.dtype == b.dtype and torch.equal(a, b) for a, b in zip(*histories, strict=True))
    )


def trained_by_hand(splits: data.Splits, recipe: Recipe = TINY) -> tuple:
    model = recipe.model.build(seed=recipe.train.seed)
    return model, train.fit(model, splits.train.images, splits.validation.images, recipe.train)
