"""Figures that move through a latent space and decode where they are."""

import matplotlib.pyplot as plt
import torch
import traitlets
from matplotlib.figure import Figure
from torch import Tensor

from vae_lib import evaluate, figures, latent
from vae_lib.checks import check_kind, check_tensor
from vae_lib.live.figure import LiveFigure, rounded
from vae_lib.live.sprite import as_text
from vae_lib.live.traits import ABOVE_ZERO, Data, Flag, Integer, Number, Numbers
from vae_lib.live.weights import pack_decoder
from vae_lib.models import VAE, Autoencoder

CODES = 1_000  # points behind a plane: enough to see each class's region, few enough to send


class LatentPlane(LiveFigure):
    """Drag over a two-dimensional latent space, or use the arrow keys; the decoded digit follows. `z` is the place.

    codes: (N, 2) and labels: (N,), drawn behind; the first 1,000 are. Raises ValueError for a model of other
    dimensions, a limit that is not positive, and for layers that the front end cannot run.
    """

    room = (590, 325)
    z = Numbers(Number(), 2)
    codes = Data()
    labels = Data()
    limit = Number(low=ABOVE_ZERO, fixed=True)

    def __init__(self, model: VAE | Autoencoder, codes: Tensor, labels: Tensor, *, limit: float = 3.0) -> None:
        check_codes(model, codes, labels)
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
        sheet = figures.digit_sheet(latent.manifold(self.model, n=12), columns=12)
        right.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="none")
        right.set_axis_off()
        return figure


class LatentSliders(LiveFigure):
    """One slider for each latent dimension, the most active first, and the digit that they decode to.

    x: (N, 784), images on which activity is measured (the variance of the posterior mean, chapter 6); the sliders
    start at the code of the first. `z` is the place, `order` the dimensions as the sliders stand. Raises ValueError
    for bad images, and for layers that the front end cannot run.
    """

    room = (880, 460)
    z = Numbers(Number())
    start = Numbers(Number())
    order = Data()

    def __init__(self, model: VAE, x: Tensor) -> None:
        check_tensor("x", x)
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

    @traitlets.validate("z", "start")
    def _one_for_each_dimension(self, proposal: dict) -> list[float]:
        if len(proposal["value"]) != len(self.order):
            proposal["trait"].refuse(proposal["value"], f"{len(self.order)} numbers, one for each dimension")
        return proposal["value"]

    def picture(self) -> Figure:
        z, values = torch.tensor(self.start).to(self.model.device), torch.linspace(-3, 3, 13)
        rows = [latent.traversal(self.model, z, dimension, values) for dimension in self.order[:6]]
        return figures.figure_of(figures.plot_digits(torch.cat(rows), columns=len(values)))


class Interpolation(LiveFigure):
    """The way from one digit's code to another's, straight or along an arc, decoded where `t` in [0, 1] stands.

    images: (N, 784), the digits to choose from, and labels: (N,), their names. `ends` are the two chosen ones' indices.
    Raises ValueError for bad images, labels or ends, and for layers that the front end cannot run.
    """

    room = (540, 325)
    t = Number(0.0, low=0.0, high=1.0)
    ends = Numbers(Integer(), 2)
    spherical = Flag(False)
    codes = Data()
    images = Data()
    labels = Data()

    def __init__(
        self, model: VAE | Autoencoder, images: Tensor, labels: Tensor, *, ends: tuple[int, int] = (0, 1)
    ) -> None:
        codes = evaluate.codes(model, images)
        check_labels(labels, images)
        self.model = model
        super().__init__(
            label="Interpolation: choose two digits, and walk from the code of one to the code of the other",
            networks={"decoder": pack_decoder(model)},
            codes=rounded(codes),
            images=as_text(images),
            labels=labels.tolist(),
            ends=ends,
        )

    @traitlets.validate("ends")
    def _two_of_the_digits(self, proposal: dict) -> list[int]:
        last = len(self.codes) - 1
        if not all(0 <= end <= last for end in proposal["value"]):
            proposal["trait"].refuse(proposal["value"], f"two indices from 0 to {last}")
        return proposal["value"]

    def picture(self) -> Figure:
        start, end = (torch.tensor(self.codes[end]).to(self.model.device) for end in self.ends)
        paths = [latent.interpolate(start, end, 9, spherical=spherical) for spherical in (False, True)]
        decoded = self.model.decode(torch.cat(paths)).mean
        return figures.figure_of(figures.plot_digits(decoded, columns=9, row_labels=["straight", "spherical"]))


def check_labels(labels: Tensor, images: Tensor) -> None:
    """Raise a ValueError unless each image (or code) has its label, one of the ten digits."""
    check_tensor("labels", labels, floating=False)
    if labels.shape != images.shape[:1]:
        raise ValueError(f"labels: shape {tuple(labels.shape)} for {len(images)} images, expected one for each")
    if labels.is_floating_point() or not 0 <= labels.min() <= labels.max() <= 9:
        raise ValueError(f"labels: {labels.dtype} from {labels.min()} to {labels.max()}, expected integers from 0 to 9")


def check_codes(model: VAE | Autoencoder, codes: Tensor, labels: Tensor) -> None:
    """Raise a ValueError unless the model has two latent dimensions and each code (N, 2) its label (N,)."""
    check_kind("model", model, VAE, Autoencoder)
    check_tensor("codes", codes)
    check_tensor("labels", labels, floating=False)
    if model.latent != 2:
        raise ValueError(f"model: {model.latent} latent dimensions, expected 2")
    if codes.ndim != 2 or codes.shape[1] != 2 or len(codes) != len(labels) or len(codes) == 0:
        raise ValueError(f"codes: shape {tuple(codes.shape)} for {len(labels)} labels, expected (N, 2) and N labels")
    if not codes.isfinite().all():
        raise ValueError("codes: not all of them are finite numbers")
    check_labels(labels, codes)
