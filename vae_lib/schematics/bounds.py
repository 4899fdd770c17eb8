"""Bounds as drawings: where a lower bound touches what it bounds, and what it misses where it does not."""

import numpy as np
from matplotlib.axes import Axes

from vae_lib.schematics._drawing import ACCENT, arrow, canvas, dots, label, line

# Of a mixture of two Gaussians of width 1, equally probable: one stands at 0, and where the other stands is fitted.
OBSERVED, OLD = np.array([0, 0, 3.5]), 0.6
# A Gaussian posterior of two latents with this correlation, and how far from its mean an encoder names one.
CORRELATION, MISSED = 0.7, 0.85


def em_round() -> Axes:
    """The bound touches the likelihood at the old θ; at the bound's top the likelihood is higher still. Chapter 1."""
    r = responsibilities(OLD)
    new = float((r @ OBSERVED) / r.sum())
    theta, floor = np.linspace(-1.5, 5.6, 121), -8.9
    likelihood, below = log_likelihood(theta), bound(theta, OLD)
    with canvas(2.75, x=(-2.3, 6.0), y=(-10.0, -1.2)) as ax:
        arrow(ax, (-2.3, floor), (6.0, floor))
        line(ax, theta, likelihood)
        seen = below > floor + 0.3
        line(ax, theta[seen], below[seen], colour=ACCENT)
        for at, words in ((OLD, r"$\theta_\mathrm{old}$"), (new, r"$\theta_\mathrm{new}$")):
            height = float(log_likelihood(at))
            line(ax, [at, at], [floor, height], thin=True)
            dots(ax, at, height)
            label(ax, (at, floor), words, "below")
        dots(ax, new, bound(new, OLD), colour=ACCENT)
        label(ax, (5.7, floor), r"$\theta$", "below")
        label(ax, (3.5, -2.05), "log-likelihood", "above")
        label(ax, (-0.75, -4.2), "E-step:\nit touches", colour=ACCENT)
        label(ax, (3.75, -4.2), "M-step:\nto its top", colour=ACCENT)
        label(ax, (3.75, -7.3), "bound", "right", ACCENT)
    return ax


def two_gaps() -> Axes:
    """The best Gaussian's bound is a hill's top below the evidence, the encoder's a place on its side. Chapter 3."""
    mean = np.linspace(-1.05, 1.05, 121)
    best, encoder = -family_gap(), -family_gap() - float(short_cut(MISSED))
    with canvas(2.75, x=(-2.3, 3.85), y=(-1.95, 0.34)) as ax:
        arrow(ax, (-2.2, -1.65), (1.55, -1.65))
        line(ax, mean, best - short_cut(mean), colour=ACCENT)
        for at, height in ((-2.2, 0.0), (0.0, best), (MISSED, encoder)):
            line(ax, [at, 1.6], [height, height], thin=True)
        line(ax, [1.45, 1.45], [best, 0])
        line(ax, [1.45, 1.45], [encoder, best], colour=ACCENT)
        dots(ax, [0, MISSED], [best, encoder], colour=ACCENT)
        label(ax, (-1.3, 0), r"$\log p_\theta(x)$", "above")
        label(ax, (0, best - 0.12), r"$q^\bigstar$", "below")
        label(ax, (MISSED - 0.03, encoder), r"$q_\phi$", "left")
        label(ax, (1.45, best / 2), "approximation\ngap", "right")
        label(ax, (1.45, (best + encoder) / 2), "amortisation\ngap", "right", ACCENT)
        label(ax, (-0.3, -1.65), "diagonal Gaussians $q$", "below")
        label(ax, (-0.72, -0.75), r"$\mathcal{L}(\theta, q; x)$", "left", ACCENT)
    return ax


def log_likelihood(theta: np.ndarray | float) -> np.ndarray:
    """Of all observations, up to a constant, at each θ: (...)."""
    return np.log(np.exp(_kinds(theta)).mean(0)).sum(-1)


def responsibilities(theta: float) -> np.ndarray:
    """How probably each observation came from the Gaussian at θ: (N,)."""
    fixed, fitted = np.exp(_kinds(theta))
    return fitted / (fixed + fitted)


def bound(theta: np.ndarray | float, old: float) -> np.ndarray:
    """EM's bound on the log-likelihood at each θ, with the responsibilities at the old one: (...)."""
    r = responsibilities(old)
    parts = [w * (kind - np.log(2 * w)) for w, kind in zip((1 - r, r), _kinds(theta), strict=True)]
    return np.stack(parts).sum((0, -1))


def _kinds(theta: np.ndarray | float) -> np.ndarray:
    """The logarithms of both Gaussians at each observation, without their constant: (2, ..., N)."""
    centres = np.stack(np.broadcast_arrays(0.0, theta))
    return -((OBSERVED - centres[..., None]) ** 2) / 2


def family_gap() -> float:
    """What the best diagonal Gaussian misses, in nats."""
    return -np.log(1 - CORRELATION**2) / 2


def short_cut(missed: np.ndarray | float) -> np.ndarray | float:
    """What it misses more with its mean so far off along one latent, in nats."""
    return np.square(missed) / (1 - CORRELATION**2) / 2
