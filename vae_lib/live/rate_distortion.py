"""The figure that moves beta over trained models."""

import math
from collections.abc import Mapping

import torch
import traitlets
from matplotlib.figure import Figure
from torch import Generator, Tensor

from vae_lib import evaluate, figures, train
from vae_lib.distributions import kl_to_standard_normal
from vae_lib.live.figure import LiveFigure, rounded
from vae_lib.live.sprite import data_url
from vae_lib.live.traits import Data, Integer
from vae_lib.models import VAE, check_images

SHOWN = 8  # images, and samples, for each model
ON_PAPER = 4  # of them, since a picture has to show all models at once


class RateDistortion(LiveFigure):
    """Slide β over trained models: their place in the rate–distortion plane, what they draw, what each latent carries.

    models: {β: VAE} of one latent size. x: (N, 784), the images on which they are measured; the first eight are shown.
    `index` is the place in `betas` of the model that is shown. Everything is computed here: the page gets numbers and
    pictures, no network. Raises ValueError for models that are no VAEs of one size, and for bad or too few images.
    """

    room = (995, 490)
    index = Integer()
    betas = Data()
    rates = Data()
    distortions = Data()
    kl = Data()  # of each latent dimension, the largest first: one list a model
    active = Data()  # whether that dimension is an active unit (chapter 6), in the same order
    sheet = Data()  # inputs; for each model reconstructions, then samples: 4 by 2 digits

    def __init__(self, models: Mapping[float, VAE], x: Tensor) -> None:
        _check(models, x)
        models = dict(sorted(models.items()))
        terms = torch.tensor([train.mean_terms(model, x) for model in models.values()])  # (M, 2)
        kl, active, pictures = [], [], []
        for model in models.values():
            with torch.no_grad():
                mean_kl = kl_to_standard_normal(model.encode(x)).mean(0)  # (D,)
                generator = Generator(x.device).manual_seed(0)  # the same noise for every model
                z = model.encode(x[:SHOWN]).sample(generator=generator)
                pictures += [model.decode(z).mean, model.sample(SHOWN, generator=generator).mean]
            order = mean_kl.argsort(descending=True)
            kl.append(rounded(mean_kl[order]))
            active.append(evaluate.active_units(model, x)[order].tolist())
        self.inputs, self.pictures = x[:SHOWN], pictures
        betas = list(models)
        super().__init__(
            label="Rate and distortion: slide β over trained models; the place on the curve, reconstructions, samples "
            "and the KL of each latent dimension follow",
            index=betas.index(min(betas, key=lambda beta: abs(beta - 1))),
            betas=[float(beta) for beta in betas],
            rates=rounded(terms[:, 1]),
            distortions=rounded(-terms[:, 0]),
            kl=kl,
            active=active,
            sheet=data_url(torch.cat([x[:SHOWN], *pictures]).clamp(0, 1), columns=4),
        )

    @traitlets.validate("index")
    def _one_of_the_models(self, proposal: dict) -> int:
        last = len(self.betas) - 1
        if not 0 <= proposal["value"] <= last:
            proposal["trait"].refuse(proposal["value"], f"an index from 0 to {last}")
        return proposal["value"]

    def picture(self) -> Figure:
        blank = torch.full((1, self.inputs.shape[1]), math.nan, device=self.inputs.device)
        rows = [self.inputs[:ON_PAPER], blank.expand(ON_PAPER + 1, -1)]
        for reconstructions, samples in zip(self.pictures[::2], self.pictures[1::2], strict=True):
            rows += [reconstructions[:ON_PAPER], blank, samples[:ON_PAPER]]
        ax = figures.plot_digits(
            torch.cat(rows),
            columns=2 * ON_PAPER + 1,
            row_labels=["input"] + [f"β = {beta:g}" for beta in self.betas],
            column_labels=["", "reconstructions", "", "", "", "", "samples"],
        )
        return figures.figure_of(ax)


def _check(models: Mapping[float, VAE], x: Tensor) -> None:
    if not models:
        raise ValueError("models: none, expected {β: VAE}")
    for beta, model in models.items():
        if not beta > 0:
            raise ValueError(f"models: β = {beta}, expected more than 0")
        if not isinstance(model, VAE):
            raise ValueError(f"models: a {type(model).__name__} for β = {beta}, expected a VAE")
    sizes = {model.latent for model in models.values()}
    if len(sizes) > 1:
        raise ValueError(f"models: {sorted(sizes)} latent dimensions, expected the same in all")
    if len(check_images(x)) < SHOWN:
        raise ValueError(f"x: {len(x)} images, expected at least {SHOWN}")
