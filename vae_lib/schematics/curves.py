"""Curves as drawings: each point is computed from the formula that its chapter derives."""

import numpy as np
from matplotlib.axes import Axes

from vae_lib.schematics._drawing import ACCENT, INK, area, arrow, canvas, dots, label, line

# A Gaussian source, described for a decoder with noise of variance 1: what its directions vary by.
VARIANCES = np.array([4.2, 3.0, 2.1, 1.45, 0.7, 0.45, 0.25])
NOISE = 1.0
CHEAP, DEAR = 0.5, 2.6  # two prices of a nat of rate, β₁ and β₂
BEST_WIDTHS = 0.2, 1.0  # σ of the posteriors of two latent dimensions


def two_attempts() -> Axes:
    """A mapping has an answer for every image, noise too; a density says which images there are. Chapter 1."""
    with canvas(3.05) as ax:
        three, seven, noise = 0.6, 1.5, 2.65
        answers, images, floor = 2.95, 2.0, 0.35
        for answer, words in ((three, "3"), (seven, "7")):
            label(ax, (answer, answers), words, colour=ACCENT)
            for step in (-0.25, 0, 0.25):
                arrow(ax, (answer + step, images), (answer + 0.4 * step, answers - 0.13))
        arrow(ax, (noise, images), (seven + 0.11, answers - 0.06))
        label(ax, (2.55, answers), "label $f(x)$")
        x = np.linspace(0, 3.2, 161)
        density = floor + 0.95 * _hump(x, three) + 0.8 * _hump(x, seven)
        area(ax, np.stack([[0, *x, 3.2], [floor, *density, floor]], 1), colour=ACCENT, edge=False)
        line(ax, x, density, colour=ACCENT)
        label(ax, (1.75, 1.0), "density $p(x)$", "right", ACCENT)
        for place, words in ((three, "threes"), (seven, "sevens"), (noise, "noise")):
            label(ax, (place, images), words, "below")
        label(ax, (1.6, floor), "all images $x$", "below")
        for height in (images, floor):
            line(ax, [0, 3.2], [height, height])
    return ax


def jensen_chord() -> Axes:
    """The mean of two logarithms lies on the chord, below the logarithm of their mean. Chapter 3."""
    with canvas(2.55, x=(-0.45, 5.2), y=(-2.6, 2.05)) as ax:
        low, high, floor = 0.25, 4.2, -2.05
        mean, w = (low + high) / 2, np.geomspace(0.15, 5.0, 121)
        below, above = (mean, (np.log(low) + np.log(high)) / 2), (mean, np.log(mean))
        arrow(ax, (-0.45, floor), (5.2, floor))
        line(ax, w, np.log(w))
        line(ax, [low, high], np.log([low, high]))
        line(ax, *zip(below, above, strict=True), colour=ACCENT)
        dots(ax, [low, mean, mean, high], [np.log(low), below[1], above[1], np.log(high)])
        for at, words in ((low, "one value"), (mean, "the mean"), (high, "another")):
            line(ax, [at, at], [floor - 0.08, floor + 0.08])
            label(ax, (at, floor), words, "below")
        label(ax, (4.75, np.log(4.75)), "log", "above")
        label(ax, (mean, above[1] + 0.2), "log of the mean", "left")
        label(ax, (mean, below[1] - 0.18), "mean of the logs", "right")
        label(ax, (mean, below[1] + 0.62), "gap", "right", ACCENT)
    return ax


def water_filling() -> Axes:
    """A direction is described down to the water's level, and one that lies below it not at all. Chapter 6."""
    with canvas(2.75, x=(0, 7.6), y=(-1.95, 4.75)) as ax:
        for i, (variance, error) in enumerate(zip(VARIANCES, water(VARIANCES, NOISE)[1], strict=True)):
            area(ax, _column(i, 0, error))
            if variance > error:
                area(ax, _column(i, error, variance), colour=ACCENT)
        kept, end = (VARIANCES > NOISE).sum(), len(VARIANCES)
        line(ax, [0, 7.6], [NOISE, NOISE], colour=ACCENT)
        line(ax, [0, 7.6], [0, 0])
        label(ax, (1.0, 4.0), r"variance $\lambda$ of a direction", "right")
        label(ax, (6.6, NOISE), "level $s^2$", "above", ACCENT)
        label(ax, (kept / 2, 0), "kept\nrate $½\\,\\log(\\lambda / s^2)$\nerror $s^2$", "below", ACCENT)
        label(ax, ((kept + end) / 2, 0), "dropped\nrate 0\nerror $\\lambda$", "below")
    return ax


def rate_distortion_plane() -> Axes:
    """Models lie on or above a frontier of slope −β, and none below the entropy of the data. Chapter 6."""
    frontier = np.transpose([plane(level) for level in np.geomspace(VARIANCES.max(), 0.15, 121)])
    best, entropy = plane(NOISE), 0.5 * np.log(2 * np.pi * np.e * VARIANCES).sum()
    left, floor, top = 0.0, 6.2, 13.2
    with canvas(2.9, x=(-0.3, 7.3), y=(5.45, 13.3)) as ax:
        area(ax, np.array([(left, floor), (left, entropy), (entropy - floor, floor)]), edge=False)
        line(ax, [left, entropy - floor], [entropy, floor])
        line(ax, [left, sum(best) - floor], [sum(best), floor], colour=ACCENT, thin=True)
        line(ax, *frontier, colour=ACCENT)
        dots(ax, *best, colour=ACCENT)
        arrow(ax, (left, floor), (7.3, floor))
        arrow(ax, (left, floor), (left, top))
        label(ax, (6.6, floor), "rate $R$", "below")
        label(ax, (left, top - 0.15), r"distortion $\Delta$", "right")
        label(ax, (1.35, 7.5), "no model:\n$R + \\Delta < H$")
        label(ax, (0.2, 12.2), r"$\beta$ large", "right")
        label(ax, (best[0] + 0.1, best[1] + 0.15), r"$\beta = 1$: best ELBO", "right", ACCENT)
        label(ax, (6.3, 7.1), r"$\beta$ small", "above")
        label(ax, (sum(best) - 6.3, 6.5), "same ELBO", "right", ACCENT)
        label(ax, plane(2.2), r"slope $-\beta$", "right", ACCENT)
    return ax


def price_bracket() -> Axes:
    """Either optimum lies above the other's line, so their chord is no flatter and no steeper than these. Chapter 6."""
    (r1, d1), (r2, d2) = plane(CHEAP), plane(DEAR)
    right, floor = 6.4, 6.2
    meet = (d2 + DEAR * r2 - d1 - CHEAP * r1) / (DEAR - CHEAP)  # the rate at which the two lines cross
    steep, corner, flat = (0, d2 + DEAR * r2), (meet, d1 + CHEAP * (r1 - meet)), (right, d1 + CHEAP * (r1 - right))
    with canvas(2.9, x=(-0.3, 7.3), y=(5.45, 13.3)) as ax:
        area(ax, np.array([(0, floor), steep, corner, flat, (right, floor)]), edge=False)
        line(ax, [0, r2 + (d2 - floor) / DEAR], [steep[1], floor])
        line(ax, [0, right], [d1 + CHEAP * r1, flat[1]])
        line(ax, [r2, r1], [d2, d1], colour=ACCENT)
        dots(ax, [r1, r2], [d1, d2], colour=ACCENT)
        arrow(ax, (0, floor), (7.3, floor))
        arrow(ax, (0, floor), (0, 13.0))
        label(ax, (6.6, floor), "rate $R$", "below")
        label(ax, (0, 12.85), r"distortion $\Delta$", "right")
        label(ax, (r2, d2 + 0.1), r"$(R_2, \Delta_2)$", "right", ACCENT)
        label(ax, (r1, d1 + 0.3), r"$(R_1, \Delta_1)$", "right", ACCENT)
        label(ax, (2.3, 6.65), r"slope $-\beta_2$", "right")
        label(ax, (5.95, 7.65), r"slope $-\beta_1$")
        label(ax, (0.75, 8.0), "no\nmodel")
    return ax


def one_bowl() -> Axes:
    """Over σ the bowls of two dimensions differ in width, over log σ² they differ in place alone. Chapter 4."""
    over, floor = np.linspace(-2.9, 1.5, 121), 0.4  # log σ², counted from the best one
    with canvas(2.0) as ax:
        for best, colour in zip(BEST_WIDTHS, (ACCENT, INK), strict=True):
            bowl = floor + 1.15 * excess(over)
            line(ax, 0.12 + 0.64 * best * np.exp(over / 2), bowl, colour=colour)
            line(ax, 2.85 + 0.18 * (over + 2 * np.log(best)), bowl, colour=colour)
        arrow(ax, (0.1, floor), (1.55, floor))
        arrow(ax, (1.7, floor), (3.2, floor))
        label(ax, (0.8, floor), r"over $\sigma$", "below")
        label(ax, (2.42, floor), r"over $\rho = \log\,\sigma^2$", "below")
        label(ax, (0.33, 1.6), r"small $\sigma_\bigstar$", "above", ACCENT)
        label(ax, (1.2, 1.6), r"large $\sigma_\bigstar$", "above")
    return ax


def excess(over: np.ndarray) -> np.ndarray:
    """The nats that a log σ² costs which lies so far over the best one."""
    return (np.exp(over) - 1 - over) / 2


def water(variances: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Rate in nats and squared error of each direction of a Gaussian, described down to this level."""
    return 0.5 * np.log(np.maximum(variances / level, 1)), np.minimum(variances, level)


def plane(level: float) -> tuple[float, float]:
    """Rate and distortion in nats with the water at this level; the slope there is -level / NOISE, which is -β."""
    rates, errors = water(VARIANCES, level)
    return rates.sum(), (errors / NOISE + np.log(2 * np.pi * NOISE)).sum() / 2


def _hump(x: np.ndarray, centre: float) -> np.ndarray:
    return np.exp(-(((x - centre) / 0.2) ** 2) / 2)


def _column(i: int, bottom: float, top: float) -> np.ndarray:
    return np.array([(i + 0.1, bottom), (i + 0.9, bottom), (i + 0.9, top), (i + 0.1, top)])
