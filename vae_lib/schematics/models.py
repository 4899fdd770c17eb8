"""Models as drawings: what depends on what, and what each arrow carries."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from vae_lib.schematics._drawing import (
    ACCENT,
    INK,
    RADIUS,
    THIN,
    Place,
    area,
    arrow,
    canvas,
    cross,
    label,
    middle,
    variable,
)


def generative_story() -> Axes:
    """The prior draws z, the decoder draws x, N times with one θ; back goes the posterior. Chapters 2 and 3."""
    with canvas(2.75) as ax:
        z, x = (1.6, 1.75), (1.6, 0.65)
        ax.add_patch(Rectangle((0.62, 0.2), 2.33, 1.95, facecolor="none", edgecolor=INK, linewidth=THIN))
        label(ax, (2.8, 0.34), "$N$")
        variable(ax, z, "$z$")
        variable(ax, x, "$x$", observed=True)
        label(ax, (1.6, 2.64), "prior $p(z)$")
        arrow(ax, (1.6, 2.53), (1.6, z[1] + RADIUS))
        arrow(ax, (1.5, z[1] - RADIUS), (1.5, x[1] + RADIUS), r"$p_\theta(x \mid z)$", "left")
        arrow(
            ax, (1.72, x[1] + RADIUS), (1.72, z[1] - RADIUS), "posterior\n" + r"$p_\theta(z \mid x)$", "right",
            colour=ACCENT, dashed=True, bend=0.12,
        )  # fmt: skip
        label(ax, (0.2, x[1]), r"$\theta$")
        arrow(ax, (0.32, x[1]), (x[0] - RADIUS, x[1]))
    return ax


def vae() -> Axes:
    """From an image through encoder, one draw and decoder, and what is handed on at each step. Chapters 3 and 5."""
    with canvas(3.1) as ax:
        x = 0.98
        label(ax, (x, 3.0), "image $x$")
        arrow(ax, (x, 2.89), (x, 2.6))
        _network(ax, (x, 2.4), r"encoder $\phi$", top=1.6, bottom=1.1)
        arrow(ax, (x, 2.2), (x, 1.8), r"$\mu,\ \log\,\sigma^2$", "right")
        label(ax, (x, 1.68), r"$z = \mu + \sigma\,\varepsilon$", colour=ACCENT)
        label(ax, (2.78, 1.68), r"$\varepsilon \sim \mathcal{N}(0, I)$", colour=ACCENT)
        arrow(ax, (2.32, 1.68), (1.5, 1.68), "one draw", "below", colour=ACCENT)
        arrow(ax, (x, 1.55), (x, 1.15))
        _network(ax, (x, 0.95), r"decoder $\theta$", top=1.1, bottom=1.6)
        arrow(ax, (x, 0.75), (x, 0.35), "a probability per pixel", "right")
        label(ax, (x, 0.15), r"$\hat x$")
    return ax


def gradient_paths() -> Axes:
    """Above, the gradient stops at a draw of z; below, with the noise drawn apart, it passes through z. Chapter 4."""
    with canvas(2.3) as ax:
        blocked, open_ = 2.2, 0.7
        for y, z in ((blocked, r"$z \sim q_\phi(z)$"), (open_, r"$z = \mu_\phi + \sigma_\phi\,\varepsilon$")):
            label(ax, (0.12, y), r"$\phi$")
            label(ax, (1.52, y), z)
            label(ax, (3.0, y), "$f(z)$")
            arrow(ax, (0.27, y), (0.93, y))
            arrow(ax, (2.11, y), (2.75, y))
            under = y - 0.15
            arrow(ax, (2.95, under), (1.6, under), colour=ACCENT, bend=-0.13)
            arrow(ax, (1.42, under), (0.15, under), colour=ACCENT, bend=-0.13, dashed=y == blocked)
        label(ax, (0.78, blocked - 0.36), "no gradient", "below", ACCENT)
        cross(ax, middle((1.42, blocked - 0.15), (0.15, blocked - 0.15), -0.13))
        label(ax, (1.52, 0.32), "gradient", "below", ACCENT)
        label(ax, (1.52, open_ + 0.6), r"$\varepsilon \sim \mathcal{N}(0, I)$")
        arrow(ax, (1.52, open_ + 0.48), (1.52, open_ + 0.14))
    return ax


def one_exchange() -> Axes:
    """Four models in a chain, each with one part of the one above exchanged: density, widths, codes. Chapter 7."""
    models = ("VAE, own prior", "VAE, mixture", "VAE, 20 widths", "AE, 20 widths")
    exchanges = ("density:\na mixture", "widths:\n20 for all digits", "codes, decoder:\nof the AE")
    with canvas(2.9) as ax:
        x, rows = 1.05, (2.75, 1.9, 1.05, 0.2)
        for y, words in zip(rows, models, strict=True):
            label(ax, (x, y), words)
        for y, words in zip(rows[:-1], exchanges, strict=True):
            arrow(ax, (x, y - 0.15), (x, y - 0.7), words, "right", colour=ACCENT)
    return ax


def _network(ax: Axes, centre: Place, words: str, *, top: float, bottom: float) -> None:
    """A network as a trapezium, which narrows where it encodes and widens where it decodes."""
    sides = np.array([(-top, 1), (top, 1), (bottom, -1), (-bottom, -1)])
    area(ax, np.array(centre) + sides * (0.5, 0.2))
    label(ax, centre, words)
