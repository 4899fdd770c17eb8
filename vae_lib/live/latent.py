"""Figures that move through a latent space and decode where they are."""

import matplotlib.pyplot as plt
import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from vae_lib import evaluate, figures, latent
from vae_lib.live.figure import LiveFigure, as_text, rounded
from vae_lib.live.weights import pack_decoder
from vae_lib.models import VAE, Autoencoder

CODES = 1_000  # points behind a plane: enough to see each class's region, few enough to send


class LatentPlane(LiveFigure):
    """Drag over a two-dimensional latent space, or use the arrow keys; the decoded digit follows. `z` is the place.

    codes: (N, 2) and labels: (N,), drawn behind; the first 1,000 are. Raises ValueError for a model of other
    dimensions, and for layers that the front end cannot run.
    """

    z = traitlets.List(traitlets.Float(), minlen=2, maxlen=2).tag(sync=True)
    codes = traitlets.List().tag(sync=True)
    labels = traitlets.List().tag(sync=True)
    limit = traitlets.Float().tag(sync=True)

    def __init__(self, model: VAE | Autoencoder, codes: Tensor, labels: Tensor, *, limit: float = 3.0) -> None:
        check_codes(model, codes, labels)
        if not 0 < limit < float("inf"):
            raise ValueError(f"limit: {limit}, expected a positive number")
        self.model = model
        super().__init__(
            label="Latent plane: drag, or use the arrow keys, and the decoded digit follows",
            networks={"decoder": pack_decoder(model)},
            codes=rounded(codes[:CODES]),
            labels=labels[:CODES].tolist(),
            limit=limit,
            z=[0.0, 0.0],
        )

    def picture(self) -> Figure:
        with figures.style(8.6, 4.3):
            figure, (left, right) = plt.subplots(1, 2)
        figures.plot_latents(torch.tensor(self.codes), torch.tensor(self.labels), limit=self.limit, ax=left)
        right.imshow(figures.digit_sheet(latent.manifold(self.model, n=12), columns=12), cmap="gray", vmin=0, vmax=1)
        right.set_axis_off()
        return figure


class LatentSliders(LiveFigure):
    """One slider for each latent dimension, the most active first, and the digit that they decode to.

    x: (N, 784), images on which activity is measured (the variance of the posterior mean, chapter 6); the sliders
    start at the code of the first. `z` is the place, `order` the dimensions as the sliders stand. Raises ValueError
    for bad images, and for layers that the front end cannot run.
    """

    z = traitlets.List(traitlets.Float()).tag(sync=True)
    start = traitlets.List(traitlets.Float()).tag(sync=True)
    order = traitlets.List(traitlets.Int()).tag(sync=True)

    def __init__(self, model: VAE, x: Tensor) -> None:
        if len(x) < 2:
            raise ValueError(f"x: {len(x)} image, expected at least 2: activity is a variance over them")
        means = evaluate.codes(model, x)
        start = rounded(means[0])
        self.model = model
        super().__init__(
            label="Latent sliders: one for each dimension, the most active first, and the digit they decode to",
            networks={"decoder": pack_decoder(model)},
            order=means.var(0).argsort(descending=True).tolist(),
            start=start,
            z=start,
        )

    def picture(self) -> Figure:
        z, values = torch.tensor(self.start), torch.linspace(-3, 3, 13)
        rows = [latent.traversal(self.model, z, dimension, values) for dimension in self.order[:6]]
        return figures.plot_digits(torch.cat(rows), columns=len(values)).figure


class Interpolation(LiveFigure):
    """The way from one digit's code to another's, straight or along an arc, decoded where `t` in [0, 1] stands.

    images: (N, 784), the digits to choose from, and labels: (N,), their names. `ends` are the two chosen ones' indices.
    Raises ValueError for bad images, labels or ends, and for layers that the front end cannot run.
    """

    t = traitlets.Float(min=0.0, max=1.0).tag(sync=True)
    ends = traitlets.List(traitlets.Int(), minlen=2, maxlen=2).tag(sync=True)
    spherical = traitlets.Bool().tag(sync=True)
    codes = traitlets.List().tag(sync=True)
    images = traitlets.List().tag(sync=True)
    labels = traitlets.List().tag(sync=True)

    def __init__(
        self, model: VAE | Autoencoder, images: Tensor, labels: Tensor, *, ends: tuple[int, int] = (0, 1)
    ) -> None:
        codes = evaluate.codes(model, images)
        check_labels(labels, images)
        if len(ends) != 2 or not all(0 <= end < len(images) for end in ends):
            raise ValueError(f"ends: {ends}, expected two indices from 0 to {len(images) - 1}")
        self.model = model
        super().__init__(
            label="Interpolation: choose two digits, and walk from the code of one to the code of the other",
            networks={"decoder": pack_decoder(model)},
            codes=rounded(codes),
            images=as_text(images),
            labels=labels.tolist(),
            ends=list(ends),
        )

    def picture(self) -> Figure:
        start, end = (torch.tensor(self.codes[end]) for end in self.ends)
        paths = [latent.interpolate(start, end, 9, spherical=spherical) for spherical in (False, True)]
        decoded = self.model.decode(torch.cat(paths)).mean
        return figures.plot_digits(decoded, columns=9, row_labels=["straight", "spherical"]).figure


def check_labels(labels: Tensor, images: Tensor) -> None:
    """Raise a ValueError unless each image (or code) has its label, one of the ten digits."""
    if labels.shape != images.shape[:1]:
        raise ValueError(f"labels: shape {tuple(labels.shape)} for {len(images)} images, expected one for each")
    if labels.is_floating_point() or not 0 <= labels.min() <= labels.max() <= 9:
        raise ValueError(f"labels: {labels.dtype} from {labels.min()} to {labels.max()}, expected integers from 0 to 9")


def check_codes(model: VAE | Autoencoder, codes: Tensor, labels: Tensor) -> None:
    """Raise a ValueError unless the model has two latent dimensions and each code (N, 2) its label (N,)."""
    if model.latent != 2:
        raise ValueError(f"model: {model.latent} latent dimensions, expected 2")
    if codes.ndim != 2 or codes.shape[1] != 2 or len(codes) != len(labels) or len(codes) == 0:
        raise ValueError(f"codes: shape {tuple(codes.shape)} for {len(labels)} labels, expected (N, 2) and N labels")
    if not codes.isfinite().all():
        raise ValueError("codes: not all of them are finite numbers")
    check_labels(labels, codes)
