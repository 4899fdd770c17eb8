"""The figure of a Gaussian's width and its entropy."""

import math

import torch
from matplotlib.figure import Figure
from torch.distributions import Normal

from vae_lib import figures
from vae_lib.live.figure import LiveFigure
from vae_lib.live.traits import Number


class Entropy(LiveFigure):
    """Move the standard deviation of a Gaussian; its density and its entropy follow. `std` is what is moved."""

    room = (350, 255)  # in a page, in pixels of height: its parts one below the other, and side by side
    std = Number(1.0, low=0.2, high=2.0)

    def __init__(self) -> None:
        super().__init__(label="Entropy: move the standard deviation of a Gaussian; its density and its entropy follow")

    def picture(self) -> Figure:
        z = torch.linspace(-4, 4, 201)
        density = Normal(0.0, self.std).log_prob(z).exp()
        ax = figures.plot_lines(z, {"q(z)": density}, xlabel="$z$", ylabel="density")
        entropy = 0.5 * (1 + math.log(2 * math.pi)) + math.log(self.std)
        with figures.style():
            ax.set_title(f"H = {entropy:.2f} nats".replace("-", "−"))
        return ax.figure
