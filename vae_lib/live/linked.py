"""The figure that lays the planes of an autoencoder and a VAE side by side."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from torch import Tensor

from vae_lib import evaluate, figures
from vae_lib.checks import check_kind
from vae_lib.live.figure import LiveFigure, rounded
from vae_lib.live.latent import CODES, check_labels
from vae_lib.live.sprite import data_url
from vae_lib.live.traits import Data, Number, Numbers
from vae_lib.live.weights import pack_decoder
from vae_lib.models import VAE, Autoencoder, check_images

FRAME = (0.005, 0.995)  # a plane's frame holds 99 % of its codes in each direction


class LinkedPlanes(LiveFigure):
    """An autoencoder's latent plane beside a VAE's, each with its codes, its own frame and its decoded digit.

    The two spaces have no coordinates in common. A drag in one moves the other's place to the same share of its frame;
    a picked image goes to its own code in both. `z_ae` and `z_vae` are the places. x: (N, 784) and labels: (N,); the
    codes of the first 1,000 are drawn, and the first image of each class can be picked. Raises ValueError for models
    of other kinds or dimensions, bad images, and layers that the front end cannot run.
    """

    room = (1210, 615)
    z_ae = Numbers(Number(), 2)
    z_vae = Numbers(Number(), 2)
    codes = Data()  # {"ae": [[z1, z2], ...], "vae": ...}
    limits = Data()  # {"ae": [[left, right], [bottom, top]], "vae": ...}
    labels = Data()
    examples = Data()  # which of the codes are the images to pick
    sheet = Data()  # those images, one below the other

    def __init__(self, ae: Autoencoder, vae: VAE, x: Tensor, labels: Tensor) -> None:
        _check(ae, vae, x, labels)
        models, codes, limits = {"ae": ae, "vae": vae}, {}, {}
        for name, model in models.items():
            found = evaluate.codes(model, x)  # (N, 2)
            codes[name] = rounded(found[:CODES])
            limits[name] = rounded(torch.quantile(found, torch.tensor(FRAME).to(found.device), dim=0).T)
        shown = labels[:CODES].tolist()
        examples = [shown.index(k) for k in sorted(set(shown))]
        super().__init__(
            label="Two latent planes, an autoencoder's and a VAE's: drag in one, or use the arrow keys; "
            "both decoded digits follow",
            networks={name: pack_decoder(model) for name, model in models.items()},
            codes=codes,
            limits=limits,
            labels=shown,
            examples=examples,
            sheet=data_url(torch.stack([x[place] for place in examples]), columns=1),
            z_ae=codes["ae"][examples[0]],
            z_vae=codes["vae"][examples[0]],
        )

    def picture(self) -> Figure:
        with figures.style(7.2, 3.7):
            figure, axes = plt.subplots(1, 2, layout="constrained")
        for ax, (name, title) in zip(axes, (("ae", "autoencoder"), ("vae", "VAE")), strict=True):
            points, labels = torch.tensor(self.codes[name]), torch.tensor(self.labels)
            figures.plot_latents(points, labels, ax=ax, frame=self.limits[name])
            ax.set_title(title)
        return figure


def _check(ae: Autoencoder, vae: VAE, x: Tensor, labels: Tensor) -> None:
    for name, model, kind in (("ae", ae, Autoencoder), ("vae", vae, VAE)):
        check_kind(name, model, kind)
        if model.latent != 2:
            raise ValueError(f"{name}: {model.latent} latent dimensions, expected 2")
    check_labels(labels, check_images(x))
