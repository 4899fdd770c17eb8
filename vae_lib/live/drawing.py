"""A pad to draw a digit on, and what a model with two latent dimensions makes of it."""

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse
from torch import Generator, Tensor

from vae_lib import figures
from vae_lib.live.figure import LiveFigure, rounded
from vae_lib.live.latent import CODES, check_labels
from vae_lib.live.sprite import as_text
from vae_lib.live.traits import ABOVE_ZERO, LARGEST_INTEGER, Data, Integer, Number, Numbers
from vae_lib.live.weights import pack_decoder, pack_encoder
from vae_lib.models import PIXELS, VAE

EXAMPLES = 5  # images to start from instead of drawing


class DrawDigit(LiveFigure):
    """Draw a digit: q(z|x) on the plane, and what the decoder makes of its mean and of samples from it.

    images: (N, 784) and labels: (N,). The first five are examples on the pad; the posterior means of the first 1,000
    lie behind the plane. `image` (784 grey levels) is what was encoded: the drawing, centred and scaled as MNIST's
    digits are. `mean` and `std` are its posterior's, to be read. Raises ValueError for bad images or labels, a model of
    other dimensions, a limit that is not positive, and for layers that the front end cannot run.
    """

    room = (1125, 520)
    image = Numbers(Number(low=0.0, high=1.0), PIXELS)
    mean = Numbers(Number(), 2, fixed=True)
    std = Numbers(Number(low=0.0), 2, fixed=True)
    seed = Integer(0, low=0, high=LARGEST_INTEGER)  # of the samples' noise
    examples = Data()
    codes = Data()
    labels = Data()
    limit = Number(low=ABOVE_ZERO, fixed=True)

    def __init__(self, model: VAE, images: Tensor, labels: Tensor, *, limit: float = 3.0) -> None:
        if not isinstance(model, VAE) or model.latent != 2:
            raise ValueError(f"model: {type(model).__name__} with {model.latent} latents, expected a VAE with 2")
        check_labels(labels, images)
        with torch.no_grad():
            q = model.encode(images[:CODES])
        self.model = model
        super().__init__(
            label="Draw a digit, and see its posterior on the latent plane and what is decoded from it",
            networks={
                "encoder": pack_encoder(model),
                "decoder": pack_decoder(model),
            },
            image=rounded(images[0]),
            mean=q.mean[0].tolist(),
            std=q.std[0].tolist(),
            examples=as_text(images[:EXAMPLES]),
            codes=rounded(q.mean),
            labels=labels[:CODES].tolist(),
            limit=limit,
        )

    @torch.no_grad()
    def picture(self) -> Figure:
        x = torch.tensor(self.image).to(self.model.device).unsqueeze(0)  # (1, 784)
        q = self.model.encode(x)
        z = q.sample(generator=Generator(x.device).manual_seed(self.seed))
        shown = torch.cat([x, self.model.decode(torch.cat([q.mean, z])).mean])
        with figures.style(7.2, 3.6):
            figure, (left, right) = plt.subplots(1, 2)
        figures.plot_latents(
            torch.tensor(self.codes), torch.tensor(self.labels), limit=self.limit, ax=left, clear=[q.mean[0].tolist()]
        )
        across, up = q.mean[0].tolist()
        width, height = (4 * q.std[0]).tolist()  # two standard deviations either way
        left.add_patch(Ellipse((across, up), width, height, facecolor="white", edgecolor="black", linewidth=1.5))
        sheet = figures.digit_sheet(shown, columns=3, gap=2)
        right.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="none")
        right.set_axis_off()
        right.set_title("drawn, mean of $q$, sample of $q$")
        return figure
