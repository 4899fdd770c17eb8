"""Figures of worlds with one latent dimension, small enough that everything about them is known."""

import math
from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.distributions import Normal

from vae_lib import figures
from vae_lib.live.figure import LiveFigure, rounded
from vae_lib.live.traits import Data, Integer, Number, Numbers
from vae_lib.worlds import CurveWorld, ProbabilisticPCA, log_integral

LIMIT = 1.5  # the plane of the curved world is shown from -LIMIT to LIMIT
SAMPLES = 300  # drawn on it
LINEAR = (1.5, 0.8)  # x and noise of z ~ N(0, 1), x | z ~ N(z, noise²): chapter 3
CURVED = ((-0.95, 0.0), 0.15)  # x and noise of the curved world, where its two ends explain x: chapters 2 and 3
LEAST_NOISE = 0.01  # of a world that a page can follow: its grid has ten thousand points
NARROWEST = 0.05  # the least width that a slider gives
LOWEST = -8.0  # where the explorer's bar ends at the latest, in nats


class ExactPosterior(LiveFigure):
    """Move x in the plane of the curved world; the exact posterior over z follows, and log p(x). `x` is the place.

    samples: (N, 2), observations drawn behind. Everything is computed by quadrature in the page. Raises ValueError for
    samples or x of another shape, and for a world with a noise below LEAST_NOISE.
    """

    room = (590, 310)
    x = Numbers(Number(), 2)
    noise = Number(low=LEAST_NOISE, fixed=True)
    samples = Data()
    limit = Data()

    def __init__(self, world: CurveWorld, samples: Tensor, x: Sequence[float] = CURVED[0]) -> None:
        if samples.ndim != 2 or samples.shape[1] != 2:
            raise ValueError(f"samples: shape {tuple(samples.shape)}, expected (N, 2)")
        self.world = world
        super().__init__(
            label="Exact posterior: drag x in the plane, or use the arrow keys; what x says about z follows",
            noise=world.noise,
            samples=rounded(samples[(samples.abs() < LIMIT).all(-1)][:SAMPLES]),
            limit=LIMIT,
            x=list(x),
        )

    def picture(self) -> Figure:
        x, grid = torch.tensor(self.x, dtype=torch.float64), self.world.grid
        line = self.world.curve(torch.linspace(-4.4, 3.2, 300))
        with figures.style(7.4, 3.3):
            figure, (left, right) = plt.subplots(1, 2, layout="constrained")
            left.plot(*line.T, color=figures.INK, linewidth=1)
            left.plot(*torch.tensor(self.samples).reshape(-1, 2).T, ".", color=figures.INK, markersize=3)
            left.plot(*self.x, "o", color=figures.COLOURS[1])
            left.set(xlabel="$x_1$", ylabel="$x_2$", aspect="equal", xlim=(-LIMIT, LIMIT), ylim=(-LIMIT, LIMIT))
        seen = grid.abs() <= 4
        curves = {"posterior": self.world.posterior(x), "prior": Normal(0.0, 1.0).log_prob(grid).exp()}
        curves = {name: curve[seen] for name, curve in curves.items()}
        figures.plot_lines(grid[seen], curves, xlabel="$z$", ylabel="density", legend=True, ax=right)
        with figures.style():
            right.set_title(f"log p(x) = {self.world.log_marginal(x):.2f} nats".replace("-", "−"))
        return figure


class ElboExplorer(LiveFigure):
    """Move q = N(mean, std²) over a known posterior; the ELBO, log p(x) and the gap between them follow.

    world: 0 is z ~ N(0, 1), x | z ~ N(z, 0.8²) at x = 1.5, whose posterior is Gaussian; 1 is the curved world at
    x = (-0.95, 0), whose posterior has two modes. Raises ValueError for another world.
    """

    room = (580, 310)
    mean = Number(0.0)
    std = Number(1.0, low=NARROWEST)
    world = Integer(low=0, high=1)
    worlds = Data()

    def __init__(self, world: int = 0) -> None:
        super().__init__(
            label="ELBO explorer: move the mean and the width of q; the ELBO, log p(x) and the gap between them follow",
            world=world,
            worlds={"linear": [*LINEAR], "curved": [[*CURVED[0]], CURVED[1]]},
        )

    def log_joint(self, z: Tensor) -> Tensor:
        """log p(x, z) of the world that is shown: (...,) -> (...)."""
        x, noise = (LINEAR, CURVED)[self.world]
        x = torch.tensor(x, dtype=torch.float64).to(z.device)
        if self.world == 0:  # one direction, and all of it is latent
            one = torch.ones_like(x).view(1, 1)
            return ProbabilisticPCA(0 * one[0], one, noise).log_joint(x.unsqueeze(-1), z.unsqueeze(-1))
        return CurveWorld(noise).log_joint(x, z)

    def picture(self) -> Figure:
        grid = CurveWorld().grid
        step, log_joint, q = grid[1] - grid[0], self.log_joint(grid), Normal(self.mean, self.std)
        log_marginal = log_integral(log_joint, grid)
        curves = {"q(z)": q.log_prob(grid).exp(), "p(z|x)": (log_joint - log_marginal).exp()}
        elbo = (curves["q(z)"] * (log_joint - q.log_prob(grid))).sum() * step
        seen = grid.abs() <= 4
        curves = {name: curve[seen] for name, curve in curves.items()}
        parts = f"ELBO {elbo:.3f} = log p(x) {log_marginal:.3f} − gap {log_marginal - elbo:.3f} nats"
        with figures.style(7.4, 3.3):
            figure, (left, right) = plt.subplots(1, 2, layout="constrained")
            figures.plot_lines(grid[seen], curves, xlabel="$z$", ylabel="density", legend=True, ax=left)
            _bar(right, elbo.item(), log_marginal.item())
            figure.suptitle(parts.replace("-", "−"), fontsize=11)
        return figure


def _bar(ax: Axes, elbo: float, log_marginal: float) -> None:
    """From zero leftwards: what no q can change, then what this q misses. The bar ends at the ELBO."""
    end = max(elbo, LOWEST)
    ax.barh(0, log_marginal, height=1, color=figures.INK, alpha=0.35)
    ax.barh(0, end - log_marginal, left=log_marginal, height=1, color=figures.COLOURS[1])
    ax.text(log_marginal, 0, " log p(x)", va="center")
    ax.text(end, 0.65, "ELBO" if elbo >= LOWEST else "◂ ELBO", va="bottom")
    ax.set(xlabel="nats", xlim=(LOWEST, 0), ylim=(-2, 3), yticks=[])
    ax.spines["left"].set_visible(False)


class Reparameterization(LiveFigure):
    """Frozen draws z = mean + std · noise and the slope of f(z) = (z - a)² at each; both gradient estimates follow.

    noise: (S,), the draws, at least two. `mean`, `std` and `noise` are what the reader moves and redraws. Raises
    ValueError for noise of another shape.
    """

    room = (575, 395)
    mean = Number(1.0)
    std = Number(0.8, low=NARROWEST)
    noise = Numbers(Number(), shortest=2)
    a = Number(fixed=True)

    def __init__(self, noise: Tensor, *, a: float) -> None:
        if noise.ndim != 1 or len(noise) < 2:
            raise ValueError(f"noise: shape {tuple(noise.shape)}, expected (S,) with S of at least 2")
        super().__init__(
            label="Reparameterization: move μ and σ; the frozen draws, their slopes of f and two estimates follow",
            noise=rounded(noise),
            a=a,
        )

    def picture(self) -> Figure:
        z, noise = torch.linspace(-5, 5, 101), torch.tensor(self.noise)
        draws = self.mean + self.std * noise
        slopes = 2 * (draws - self.a)
        by_mean, by_std = ((g.mean().item(), g.std().item() / math.sqrt(len(g))) for g in (slopes, slopes * noise))
        with figures.style():
            ax = plt.subplots()[1]
            ax.plot(z, (z - self.a) ** 2, color=figures.INK)
            ax.set(xlabel="$z$; a dash for each draw, as steep as $f$ there", ylabel="$f(z)$", ylim=(-3, 20))
            across, up = ax.transData.transform((1, 1)) - ax.transData.transform((0, 0))
            half = 20 / (across**2 + (up * slopes) ** 2).sqrt()  # equally long, however steep
            ax.plot(
                torch.stack([draws - half, draws + half]),
                torch.stack([-1.5 - half * slopes, -1.5 + half * slopes]),
                color=figures.COLOURS[1],
                linewidth=1.5,
            )
            ax.set_title(
                "pathwise: ∂/∂μ {:.2f} ± {:.2f}, ∂/∂σ {:.2f} ± {:.2f}".format(*by_mean, *by_std).replace("-", "−")
            )
        return figures.figure_of(ax)
