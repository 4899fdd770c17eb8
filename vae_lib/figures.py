"""The book's figures: arrays in, Axes out; nothing here computes a result.

One house style. Figures have no background of their own. Lines and type are in INK, a grey that reads on white and on
near-black; in the built book the page's own text colour takes its place. Digits are white on black in every figure.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from torch import Tensor

from vae_lib.checks import check_tensor
from vae_lib.labels import apart, ink_on
from vae_lib.models import SIDE
from vae_lib.train import History

INK = "#7d7d7d"
# Blue, vermilion, green, purple, brown: told apart by colour-blind readers, and 3:1 or more on white and near-black.
COLOURS = ("#2a80c8", "#d9560b", "#0a9069", "#b357a2", "#806030")
PIXELS_PER_INCH = 96  # CSS pixels: a figure's inches become the page's pixels one to one
STYLE: dict[Any, Any] = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "figure.dpi": 2 * PIXELS_PER_INCH,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.titlesize": 11,
    "axes.labelsize": 11,
    "xtick.labelsize": 10,
    "ytick.labelsize": 10,
    "font.size": 11,
    "lines.linewidth": 2,
    "image.cmap": "viridis",
}


@contextmanager
def style(width: float = 6.5, height: float = 3.4) -> Iterator[None]:
    """The house style with a default figure size in inches, for a figure that a chapter draws itself."""
    with plt.rc_context({**STYLE, "figure.figsize": (width, height)}):
        yield
        interactive = plt.isinteractive()
    mpl.interactive(interactive)  # the first figure loads a notebook's backend, which turns it on: that has to last


def digit_sheet(images: Tensor, *, columns: int, gap: int = 0) -> np.ndarray:
    """Images (N, 784) side by side, row by row, with `gap` pixels of NaN between them: (rows, columns) of pixels."""
    check_tensor("images", images)
    if images.ndim != 2 or images.shape[1] != SIDE * SIDE or len(images) == 0:
        raise ValueError(f"images: shape {tuple(images.shape)}, expected (N, {SIDE * SIDE}) with N of at least 1")
    if columns < 1:
        raise ValueError(f"columns: {columns}, expected at least 1")
    rows, pitch = math.ceil(len(images) / columns), SIDE + gap
    sheet = np.full((rows * pitch - gap, columns * pitch - gap), np.nan)  # NaN is drawn as nothing
    for i, image in enumerate(_array(images).reshape(-1, SIDE, SIDE)):
        top, left = pitch * (i // columns), pitch * (i % columns)
        sheet[top : top + SIDE, left : left + SIDE] = image
    return sheet


def plot_digits(
    images: Tensor,
    *,
    columns: int,
    scale: int = 2,
    gap: int = 2,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Axes:
    """A sheet of images (N, 784), row by row; a pixel is drawn `scale` by `scale`, `gap` pixels lie between tiles."""
    sheet, pitch = digit_sheet(images, columns=columns, gap=gap), SIDE + gap
    height, width = (side * scale / PIXELS_PER_INCH for side in sheet.shape)
    with style(width, height):
        ax = plt.figure().add_axes((0, 0, 1, 1))
        ax.imshow(sheet, cmap="gray", vmin=0, vmax=1, interpolation="none", aspect="auto")
        ax.set_axis_off()
        for row, label in enumerate(row_labels):
            ax.text(-5, row * pitch + SIDE / 2, label, ha="right", va="center")
        for column, label in enumerate(column_labels):
            ax.text(column * pitch + SIDE / 2, -5, label, ha="center", va="bottom")
    return ax


def plot_lines(
    x: Tensor | Sequence[float],
    curves: Mapping[str, Tensor | Sequence[float]],
    *,
    xlabel: str,
    ylabel: str,
    log: str = "",
    spreads: Mapping[str, Tensor | Sequence[float]] | None = None,
    markers: bool = False,
    legend: bool = False,
    bottom: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Curves over x, each that has a name labelled where it ends; `log` names the logarithmic axes ("x", "y", "xy").

    legend: name the curves in a legend instead, for curves that end in one place.

    spreads: for some of the curves, a half-width that is shaded around it. Raises ValueError for a curve without a
    finite point.
    """
    places, heights = _floats(x), {name: _floats(y) for name, y in curves.items()}
    halves = {name: _floats(half) for name, half in (spreads or {}).items()}
    if empty := [name for name, y in heights.items() if not np.isfinite(y).any()]:
        raise ValueError(f"curves: {empty[0]!r} has no finite point")
    with style():
        ax = ax or plt.subplots()[1]
        if "x" in log:
            ax.set_xscale("log")
        if "y" in log:
            ax.set_yscale("log")
        ends = []
        for name, y in heights.items():
            (line,) = ax.plot(places, y, marker="o" if markers else None, label=name)
            if name in halves:
                half = halves[name]
                ax.fill_between(places, y - half, y + half, color=line.get_color(), alpha=0.25, linewidth=0)
            if name:
                ends.append((name, places[np.isfinite(y)][-1], y[np.isfinite(y)][-1], line.get_color()))
        if bottom is not None:
            ax.set_ylim(bottom=bottom)  # before the names are placed
        if legend:
            ax.legend(frameon=False)
        else:
            _label_ends(ax, ends)
        ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def plot_history(history: History) -> Axes:
    """−ELBO after each epoch on training and held-out images, and beside it its two held-out terms, in nats."""
    epochs = range(1, len(history.kl) + 1)
    with style(7.2, 3.2):
        _, (left, right) = plt.subplots(1, 2, layout=ConstrainedLayoutEngine(wspace=0.12))
        plot_lines(
            epochs,
            {"training": -history.elbo, "held-out": -history.held_out_elbo},
            xlabel="epoch",
            ylabel="−ELBO (nats)",
            ax=left,
        )
        plot_lines(
            epochs,
            {"distortion": -history.held_out_log_likelihood, "rate": history.held_out_kl},
            xlabel="epoch",
            ylabel="held-out terms (nats)",
            bottom=0,
            ax=right,
        )
    return left


def plot_latents(
    points: Tensor,
    labels: Tensor,
    *,
    ax: Axes | None = None,
    limit: float | None = None,
    frame: Sequence[Sequence[float]] | None = None,
    clear: Sequence[Sequence[float]] = (),
) -> Axes:
    """A plane of codes (N, 2), each class in its colour with its digit at the cloud's centre. labels: (N,), from 0.

    limit: show the square from -limit to limit. frame: show ((left, right), (bottom, top)), stretched to the axes.
    Digits that would stand on each other, or on one of the places in `clear`, stand beside.
    """
    check_tensor("points", points)
    check_tensor("labels", labels, floating=False)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) != len(labels):
        raise ValueError(f"points: shape {tuple(points.shape)} for {len(labels)} labels, expected (N, 2) and N labels")
    codes, classes = _array(points), _array(labels)
    with style(5.2, 5.2):
        ax = ax or plt.subplots()[1]
        colours = plt.get_cmap("tab10")
        digits = np.unique(classes).tolist()
        for digit in digits:
            x, y = codes[classes == digit].T
            ax.scatter(x, y, s=3, alpha=0.35, color=colours(digit % 10), linewidths=0, rasterized=True)
        ax.set(xlabel="$z_1$", ylabel="$z_2$", aspect="equal")
        if limit:
            ax.set(xlim=(-limit, limit), ylim=(-limit, limit))
        if frame:
            ax.set(xlim=tuple(frame[0]), ylim=tuple(frame[1]), aspect="auto")
        medians = [np.median(codes[classes == digit], 0).tolist() for digit in digits]
        for digit, (x, y) in zip(digits, _apart(ax, medians, clear), strict=True):
            ax.text(
                x, y, str(digit), ha="center", va="center", color=ink_on(colours(digit % 10)), weight="bold",
                bbox={"boxstyle": "circle,pad=0.2", "facecolor": colours(digit % 10), "edgecolor": "none"},
            )  # fmt: skip
    return ax


def plot_field(
    x: Tensor, y: Tensor, values: Tensor, *, xlabel: str, ylabel: str, label: str, ax: Axes | None = None
) -> Axes:
    """A quantity over a plane as a heat map with its colour bar: x (A,), y (B,), values (B, A).

    Each value is drawn as a cell around its place. Raises ValueError for values of another shape, and for x or y that
    are not evenly spaced, two or more.
    """
    for name, given in (("x", x), ("y", y), ("values", values)):
        check_tensor(name, given)
    extent = (*_edges("x", x), *_edges("y", y))
    if tuple(values.shape) != (len(y), len(x)):
        raise ValueError(f"values: shape {tuple(values.shape)}, expected ({len(y)}, {len(x)}): y's places by x's")
    with style(5.2, 4.2):
        ax = ax or plt.subplots()[1]
        image = ax.imshow(_array(values), origin="lower", extent=extent, interpolation="none", aspect="equal")
        bar = ax.figure.colorbar(image, ax=ax, label=label, shrink=0.85)
        bar.outline.set_visible(False)
        ax.set(xlabel=xlabel, ylabel=ylabel)
    return ax


def plot_bars(
    values: Mapping[str, float], *, xlabel: str, spreads: Mapping[str, float] | None = None, form: str = "{:.1f}"
) -> Axes:
    """Named quantities as horizontal bars with the number at each end; `spreads` adds ± to some of them."""
    spreads = spreads or {}
    with style(6.5, 0.5 + 0.42 * len(values)):
        ax = plt.subplots()[1]
        places = range(len(values))
        ax.barh(places, list(values.values()), height=0.6, color=COLOURS[0])
        for place, (name, value) in zip(places, values.items(), strict=True):
            text = form.format(value) + (f" ± {form.format(spreads[name])}" if name in spreads else "")
            ax.annotate(text, (max(value, 0), place), xytext=(5, 0), textcoords="offset points", va="center")
        ax.set_yticks(places, list(values))
        ax.tick_params(axis="y", length=0)
        ax.invert_yaxis()
        ax.margins(x=0.15)
        ax.set_xlabel(xlabel)
    return ax


def figure_of(ax: Axes) -> Figure:
    """The figure in which axes stand, and not only the part of it (a SubFigure) that holds them."""
    return ax.figure if isinstance(ax.figure, Figure) else ax.figure.figure


def _array(values: Tensor) -> np.ndarray:
    """The numbers of a tensor on whatever device, with a gradient or without."""
    return values.detach().cpu().numpy()


def _floats(values: Tensor | Sequence[float]) -> np.ndarray:
    return np.asarray(_array(values) if isinstance(values, Tensor) else values, dtype=float)


def _edges(name: str, centres: Tensor) -> tuple[float, float]:
    """Where a row of cells around these places begins and ends."""
    places = _array(centres).astype(float)
    steps = np.diff(places) if places.ndim == 1 else np.empty(0)
    if not steps.any() or not np.allclose(steps, steps[0], rtol=1e-3, atol=0):
        raise ValueError(f"{name}: shape {places.shape}, expected two or more places at even distances")
    half = (places[-1] - places[0]) / (len(places) - 1) / 2
    return places[0] - half, places[-1] + half


def _apart(ax: Axes, places: Sequence[Sequence[float]], clear: Sequence[Sequence[float]]) -> np.ndarray:
    """Places in the data's units for digits on discs, of which none covers another: (N, 2)."""
    ax.autoscale_view()
    ax.apply_aspect()  # as it will be drawn
    gap = 20 * ax.figure.dpi / 72  # points: of 11 point type, with its disc around it
    box = ax.get_window_extent()
    frame = [(box.x0 + gap / 2, box.x1 - gap / 2), (box.y0 + gap / 2, box.y1 - gap / 2)]
    pixels = [ax.transData.transform(list(points)).tolist() if points else [] for points in (places, clear)]
    return ax.transData.inverted().transform(apart(pixels[0], gap, frame, pixels[1]))


def _label_ends(ax: Axes, ends: Sequence[tuple[str, float, float, str]]) -> None:
    """Write each name at the end of its curve, after a dash of its colour: no colour reads on white and on near-black.

    Names are pushed apart by a line's height where they would overlap.
    """
    ax.autoscale_view()
    line_height = 15 / (ax.get_window_extent().height * 72 / ax.figure.dpi)  # of 11 point type, in axes' heights
    heights = [ax.transAxes.inverted().transform(ax.transData.transform((x, y)))[1] for _, x, y, _ in ends]
    last = -math.inf
    for i in np.argsort(heights):
        name, x, _, colour = ends[i]
        last = max(heights[i], last + line_height)
        ax.annotate(
            name,
            xy=(x, last),
            xycoords=("data", "axes fraction"),
            xytext=(18, 0),
            textcoords="offset points",
            va="center",
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 2, "shrinkA": 3, "shrinkB": 4},
        )
