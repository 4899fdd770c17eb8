"""Planes as drawings: where codes lie, how wide they are, and what lies between them."""

import numpy as np
import torch
from matplotlib.axes import Axes

from vae_lib.latent import interpolate
from vae_lib.schematics._drawing import ACCENT, area, arrow, canvas, directions, dots, label, line, ring, rotation

# Of a PPCA with two latents and an x of two dimensions; the second row of its drawing turns the latent plane.
WEIGHT = rotation(0.45) @ np.diag([0.8, 0.4])
TURN = 0.6
# One posterior for each of nine images: its mean and its standard deviations along both latent axes.
MEANS, WIDTHS = np.split(
    np.array([
        (-1.25, 0.50, 0.26, 0.36), (-0.50, 1.25, 0.36, 0.26), (0.60, 1.20, 0.38, 0.28),
        (1.30, 0.35, 0.26, 0.38), (1.05, -0.85, 0.32, 0.28), (0.10, -1.30, 0.38, 0.26),
        (-1.00, -0.75, 0.30, 0.34), (-0.20, 0.15, 0.30, 0.36), (0.40, -0.20, 0.34, 0.30),
    ]), 2, axis=1,
)  # fmt: skip
SCALE = 0.36  # inches for a standard deviation of the prior; each ring is at two standard deviations


def ppca_ellipse() -> Axes:
    """W takes the circle of latents to an ellipse, and W R to the same ellipse with other axes. Chapter 2."""
    with canvas(2.75) as ax:
        for y, turn, words in ((1.98, 0.0, "$W$"), (0.6, TURN, "$WQ$")):
            circle, ellipse, columns = (0.55, y), (2.35, y), WEIGHT @ rotation(turn)
            area(ax, ring(circle, 0.45 * np.eye(2)))
            area(ax, ring(ellipse, columns))
            for axis, column in zip(np.eye(2), columns.T, strict=True):
                arrow(ax, circle, tuple(circle + 0.45 * axis), colour=ACCENT)
                arrow(ax, ellipse, tuple(ellipse + column), colour=ACCENT)
            arrow(ax, (1.13, y), (1.5, y), words)
        label(ax, (0.55, 2.64), "latents $z$")
        label(ax, (2.35, 2.64), "means of $x$")
    return ax


def posterior_clouds() -> Axes:
    """The posteriors of some images under the prior, and beside them their mean against it. Chapters 3, 6 and 8."""
    with canvas(2.05) as ax:
        left, right = (0.75, 1.0), (2.45, 1.0)
        _clouds(ax, left)
        grid = np.linspace(-2.1, 2.1, 57)
        x, y = (centre + SCALE * grid for centre in right)
        shades = [(ACCENT, opacity) for opacity in (0.15, 0.4, 0.65)]
        ax.contourf(x, y, aggregate(grid[None, :], grid[:, None]), [0.03, 0.07, 0.11, 1], colors=shades)
        line(ax, *_prior(right))
        for centre, words in ((left, r"each $q_\phi(z \mid x)$"), (right, r"their mean, $q_\phi(z)$")):
            label(ax, (centre[0], 1.95), words, colour=ACCENT)
            label(ax, (centre[0], 0.11), "prior $p(z)$")
    return ax


def codes_and_clouds() -> Axes:
    """An autoencoder's codes are points with holes between them, a VAE's are clouds that fill the prior. Chapter 7."""
    with canvas(2.05) as ax:
        generator = np.random.default_rng(3)
        for centre, shape in (
            ((0.35, 1.35), rotation(1.0) @ np.diag([0.2, 0.06])),
            ((1.2, 1.3), rotation(-0.6) @ np.diag([0.16, 0.08])),
            ((0.75, 0.5), rotation(0.15) @ np.diag([0.26, 0.05])),
        ):
            dots(ax, *(np.array(centre) + generator.standard_normal((18, 2)) @ shape.T).T, colour=ACCENT, size=3)
        _clouds(ax, (2.45, 1.0))
        label(ax, (0.75, 1.95), "autoencoder: points", colour=ACCENT)
        label(ax, (2.45, 1.95), "VAE: clouds", colour=ACCENT)
        label(ax, (0.78, 0.95), "a hole")
        label(ax, (2.45, 0.11), "prior $p(z)$")
    return ax


def chord_and_arc() -> Axes:
    """Between two codes of equal length the chord passes nearer to the origin, the arc does not. Chapters 5 and 8."""
    with canvas(2.2) as ax:
        origin, radius = np.array((1.6, 0.3)), 1.5
        units = directions(np.array([2.3, 0.85]))
        start, end = torch.from_numpy(radius * units)
        chord, arc, curve = (
            origin + interpolate(start, end, n, spherical=spherical).numpy()
            for n, spherical in ((9, False), (9, True), (121, True))
        )
        middle = chord[4]
        line(ax, *(origin + radius * directions(np.linspace(-0.1, np.pi + 0.1, 121))).T, thin=True)
        line(ax, *np.stack([origin, middle]).T, thin=True)
        label(ax, tuple((origin + middle) / 2), "shorter", "left")
        line(ax, *chord.T)
        dots(ax, *chord.T)
        line(ax, *curve.T, colour=ACCENT)
        dots(ax, *arc.T, colour=ACCENT)
        dots(ax, *origin)
        label(ax, tuple(origin), "0", "below")
        for unit, code in zip(units, ("$z(0)$", "$z(1)$"), strict=True):
            label(ax, tuple(origin + (radius + 0.24) * unit), code)
        label(ax, tuple(arc[4]), "arc", "above", ACCENT)
        label(ax, tuple(chord[6]), "chord", "below")
    return ax


def aggregate(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The density of the mean of the posteriors at the places (x, y) of a plane."""
    squares = [(np.asarray(v)[..., None] - MEANS[:, i]) ** 2 / WIDTHS[:, i] ** 2 for i, v in enumerate((x, y))]
    return (np.exp(-sum(squares) / 2) / (2 * np.pi * WIDTHS.prod(1))).mean(-1)


def _clouds(ax: Axes, centre: tuple[float, float]) -> None:
    for mean, width in zip(MEANS, WIDTHS, strict=True):
        area(ax, ring(centre + SCALE * mean, 2 * SCALE * np.diag(width)), colour=ACCENT)
    line(ax, *_prior(centre))


def _prior(centre: tuple[float, float]) -> np.ndarray:
    return ring(centre, 2 * SCALE * np.eye(2)).T
