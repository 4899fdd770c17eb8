"""Densities as drawings: where samples fall, what each of them weighs, and which of them cross a jump."""

from statistics import NormalDist

import numpy as np
from matplotlib.axes import Axes

from vae_lib.schematics._drawing import ACCENT, area, arrow, canvas, dots, label, line

PRIOR, POSTERIOR, AIMED = NormalDist(), NormalDist(1.05, 0.2), NormalDist(1.03, 0.24)
BLIND_SAMPLES, AIMED_SAMPLES = 9, 4
LAW, STEP = NormalDist(0.75, 1.0), 0.6  # a Gaussian q, and how far its mean moves; f jumps at 0


def aimed_samples() -> Axes:
    """Of samples from the prior one has nearly all the weight; near the posterior the weights are even. Chapter 2."""
    z = np.linspace(-2.2, 2.2, 121)
    with canvas(3.3, x=(-2.3, 2.3), y=(-0.85, 5.0)) as ax:
        for floor, source, count in ((2.9, PRIOR, BLIND_SAMPLES), (0, AIMED, AIMED_SAMPLES)):
            line(ax, z, floor + density(POSTERIOR, z))
            line(ax, z, floor + density(source, z), colour=ACCENT)
            line(ax, [-2.3, 2.3], [floor, floor], thin=True)
            for place, weight in zip(*samples(source, count), strict=True):
                line(ax, [place, place], [floor - 0.12, floor + 0.12], colour=ACCENT, thin=True)
                dots(ax, place, floor - 0.35, colour=ACCENT, size=6.5 * np.sqrt(weight))
        label(ax, (0.9, 4.3), r"posterior $p(z \mid x)$", "left")
        label(ax, (-0.9, 3.4), "prior $p(z)$", "left", ACCENT)
        label(ax, (-2.3, 2.3), "blind: one has the weight", "right")
        label(ax, (0.75, 1.1), "aimed $q(z)$", "left", ACCENT)
        label(ax, (-2.3, -0.6), "aimed: even weights", "right")
    return ax


def jump_crossing() -> Axes:
    """Where a step of the mean carries draws across a jump, the mean of f grows, and every slope is zero. Chapter 4."""
    z, strip = np.linspace(-2.65, 3.35, 121), np.linspace(-STEP, 0, 31)
    peak, zero, one = LAW.pdf(LAW.mean), 0.62, 0.8
    with canvas(3.0, x=(-2.75, 3.45), y=(-0.1, 0.93)) as ax:
        area(ax, np.stack([[-STEP, *strip, 0], [0, *density(LAW, strip), 0]], 1), colour=ACCENT, edge=False)
        line(ax, z, density(LAW, z))
        line(ax, z, density(LAW, z - STEP), thin=True)
        line(ax, [-2.7, 3.4], [0, 0])
        line(ax, [0, 0], [0, one], thin=True)
        line(ax, [-2.7, 0], [zero, zero])
        line(ax, [0, 3.4], [one, one])
        arrow(ax, (LAW.mean, peak), (LAW.mean + STEP, peak), colour=ACCENT)
        label(ax, (-1.2, zero), "$f = 0$: slope 0", "above")
        label(ax, (1.75, one), "$f = 1$: slope 0", "above")
        label(ax, (LAW.mean + STEP / 2, peak), r"$\mu$ grows", "above", ACCENT)
        label(ax, (0, 0), "0", "below")
        label(ax, (-0.8, 0.22), "these draws\ncross", "left", ACCENT)
    return ax


def density(law: NormalDist, z: np.ndarray | float) -> np.ndarray:
    """Of a law, at each z."""
    return np.vectorize(law.pdf)(z)


def samples(law: NormalDist, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The middles of equally probable parts, and their importance weights as multiples of p(x): (count,) each."""
    z = np.array([law.inv_cdf((i + 0.5) / count) for i in range(count)])
    return z, density(POSTERIOR, z) / density(law, z)
