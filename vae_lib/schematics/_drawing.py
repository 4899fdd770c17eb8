"""The strokes of which every drawing is made: one set of widths, arrow heads, sizes of type and distances."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyArrowPatch, Polygon

from vae_lib.figures import COLOURS, INK, style

ACCENT = COLOURS[0]
WIDTH = 3.2  # inches: with the margin that a saved figure gets, the width of the text on a phone
LINE, THIN = 1.6, 0.9  # points
FAINT = 0.2  # the opacity of an area
TYPE = 10  # points
GAP = 6  # points between a line and its words
DASHES = (0, (4, 2.5))
HEAD = 5.5  # points: an arrow head's length
RADIUS = 0.19  # inches, of a variable's circle

Place = tuple[float, float]
Values = float | Sequence[float] | np.ndarray
SIDES = {"on": (0, 0), "above": (0, 1), "below": (0, -1), "left": (-1, 0), "right": (1, 0)}


@contextmanager
def canvas(height: float, *, x: Place = (0, WIDTH), y: Place | None = None) -> Iterator[Axes]:
    """Axes without a frame that fill a drawing of this height in inches; x, y: what the coordinates run through.

    Where these are not given, they are inches from the lower left corner.
    """
    with style(WIDTH, height):
        ax = plt.figure().add_axes((0, 0, 1, 1))
        ax.set(xlim=x, ylim=y or (0, height))
        ax.set_axis_off()
        yield ax


def label(ax: Axes, place: Place, words: str, side: str = "on", colour: str = INK) -> None:
    """Words at a place, or on one side of it."""
    right, up = SIDES[side]
    ax.annotate(
        words, place, xytext=(GAP * right, GAP * up), textcoords="offset points", color=colour, size=TYPE,
        ha=("center", "left", "right")[right], va=("center", "bottom", "top")[up], linespacing=1.3,
    )  # fmt: skip


def arrow(
    ax: Axes,
    start: Place,
    end: Place,
    words: str = "",
    side: str = "above",
    *,
    colour: str = INK,
    dashed: bool = False,
    bend: float = 0,
) -> None:
    """An arrow, and at its middle what it carries; `bend` is how far it bows to its right, as a share of its length."""
    where = middle(start, end, bend)
    look = {"color": colour, "linewidth": LINE, "mutation_scale": 1, "shrinkA": 0, "joinstyle": "miter"}
    curve = f"arc3,rad={2 * bend}"
    if dashed:  # a head's outline would be dashed, too: it is an arrow of its own
        ax.add_patch(
            FancyArrowPatch(start, end, arrowstyle="-", connectionstyle=curve, shrinkB=HEAD, linestyle=DASHES, **look)
        )
        control = 2 * np.array(where) - np.add(start, end) / 2
        way = (end - control) / np.hypot(*(end - control))
        start, curve = tuple(end - HEAD / 72 * way), "arc3"
    tip = f"-|>,head_length={HEAD},head_width={0.45 * HEAD}"
    ax.add_patch(FancyArrowPatch(start, end, arrowstyle=tip, connectionstyle=curve, shrinkB=0, **look))
    if words:
        label(ax, where, words, side, colour)


def middle(start: Place, end: Place, bend: float = 0) -> Place:
    """Where an arrow from start to end has half of its way behind it."""
    (x0, y0), (x1, y1) = start, end
    return (x0 + x1) / 2 + bend * (y1 - y0), (y0 + y1) / 2 - bend * (x1 - x0)


def line(ax: Axes, x: Values, y: Values, *, colour: str = INK, thin: bool = False) -> None:
    """A line through these points."""
    ax.plot(x, y, color=colour, linewidth=THIN if thin else LINE, solid_capstyle="butt")


def dots(ax: Axes, x: Values, y: Values, *, colour: str = INK, size: float = 5) -> None:
    """Points; size: their diameter in points."""
    ax.plot(x, y, "o", color=colour, markersize=size, markeredgewidth=0)


def cross(ax: Axes, place: Place) -> None:
    """Here nothing passes."""
    ax.plot(*place, "x", color=ACCENT, markersize=9, markeredgewidth=2)


def area(ax: Axes, corners: np.ndarray, *, colour: str = INK, edge: bool = True) -> None:
    """A shape through corners (N, 2), filled faintly."""
    ax.add_patch(Polygon(corners, facecolor=(colour, FAINT), edgecolor=colour if edge else "none", linewidth=THIN))


def variable(ax: Axes, centre: Place, letter: str, *, observed: bool = False) -> None:
    """A random variable as a circle, which is shaded if it is observed."""
    ax.add_patch(Circle(centre, RADIUS, facecolor=(INK, FAINT if observed else 0), edgecolor=INK, linewidth=LINE))
    label(ax, centre, letter)


def ring(centre: Place, matrix: np.ndarray) -> np.ndarray:
    """Where a 2 by 2 matrix takes the unit circle, around a centre: (61, 2)."""
    turn = np.linspace(0, 2 * np.pi, 61)
    return np.asarray(centre) + directions(turn) @ matrix.T


def directions(angles: np.ndarray | float) -> np.ndarray:
    """Unit vectors at these angles, in radians: (..., 2)."""
    return np.stack([np.cos(angles), np.sin(angles)], -1)


def rotation(angle: float) -> np.ndarray:
    """The matrix of a turn to the left, in radians: (2, 2)."""
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
