"""Synthetic digits: 28x28 pictures that look handwritten, drawn from latents that we know.

Each class is a few pen strokes: control points, joined by Catmull-Rom splines, in a frame one digit-height tall (x to
the right, y downwards). Six latents shape, place and ink the strokes, each drawn uniformly between the bounds in
``RANGES``, independently of the class and of the others:

==========  =====================================================================================
slant       lean to the right, radians from the vertical
width       horizontal stretch of the class's own shape, a factor
thickness   width of the stroke where it reaches half its intensity, pixels
size        height of the pen's path with a steady hand, pixels (the ink reaches a little beyond)
shift_x     how far the centre of mass of the pen's path lies right of the image's centre, pixels
shift_y     the same, below the image's centre
==========  =====================================================================================

One more latent, the *wobble*, is the unsteadiness of the hand: it moves every control point by a Gaussian step of
standard deviation ``WOBBLE``, in digit heights, independently in x and y. Nothing else varies.
"""

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

import torch
from torch import Tensor

from vae_lib.checks import check_device

RANGES = {
    "slant": (-0.2, 0.5),
    "width": (0.8, 1.4),
    "thickness": (1.4, 3.8),
    "size": (15.0, 18.0),
    "shift_x": (-1.0, 1.0),
    "shift_y": (-1.0, 1.0),
}
LATENTS = tuple(RANGES)  # the columns of every tensor of latents
WOBBLE = 0.05

SIDE = 28  # pixels
EDGE = 1.5  # pixels over which ink fades from 1 to 0, as soft as MNIST's
BLUR = 0.8  # pixels, the scale of the soft minimum in _distance
SEGMENTS = 48  # per digit, so about 1.2 pixels each: their blurs overlap and no beads show
CHUNK = 256  # digits drawn at once: some 15 MB of temporaries, whatever N

# One tuple of strokes per class, in hundredths of the digit's height. A point that is written twice is one control
# point, so strokes that meet there still meet when it wobbles; a stroke that ends where it began is a smooth closed
# curve.
STROKES = (
    (((40, 0), (9, 28), (10, 78), (40, 100), (71, 74), (70, 22), (40, 0)),),
    (((0, 0), (0, 50), (0, 100)),),
    (((5, 20), (30, 0), (56, 20), (40, 58), (2, 96)), ((2, 96), (36, 91), (74, 98))),
    (((4, 10), (34, 0), (55, 20), (24, 45)), ((24, 45), (61, 70), (36, 100), (0, 90))),
    (((14, 5), (0, 55)), ((0, 55), (35, 53), (72, 50)), ((56, 0), (50, 50), (44, 100))),
    (((66, 0), (20, 4)), ((20, 4), (12, 44)), ((12, 44), (43, 39), (60, 66), (38, 97), (5, 91))),
    (((46, 0), (16, 34), (3, 72), (26, 100), (54, 80), (36, 56), (3, 72)),),
    (((0, 10), (32, 3), (62, 3)), ((62, 3), (42, 46), (26, 100))),
    (((56, 14), (30, 0), (8, 20), (30, 46), (54, 76), (28, 100), (2, 78), (30, 46), (56, 14)),),
    (((56, 14), (30, 0), (5, 24), (22, 46), (50, 32), (56, 14)), ((56, 14), (52, 55), (42, 100))),
)
CLASSES = len(STROKES)
POINTS = max(len({point for stroke in glyph for point in stroke}) for glyph in STROKES)


@dataclass(frozen=True)
class SyntheticDigits:
    """N digits and all that made them: ``render(labels, latents, wobble)`` draws ``images`` again.

    images (N, 784) float32 in [0, 1]; labels (N,) int64; latents (N, 6) float32, columns in the order of ``LATENTS``;
    wobble (N, POINTS, 2) float32, in digit heights.
    """

    images: Tensor
    labels: Tensor
    latents: Tensor
    wobble: Tensor


def sample(n: int, *, seed: int) -> SyntheticDigits:
    """Draw n digits with uniform labels and latents and Gaussian wobble; the same seed gives the same digits.

    Raises ValueError if n is not a positive int or seed not an int.
    """
    if not isinstance(n, int) or n < 1:
        raise ValueError(f"n: got {n!r}, expected a positive int")
    if not isinstance(seed, int):
        raise ValueError(f"seed: got {seed!r}, expected an int")
    generator = torch.Generator().manual_seed(seed)
    low, high = torch.tensor(list(RANGES.values()), dtype=torch.float32).T
    labels = torch.randint(CLASSES, (n,), generator=generator)
    latents = low + (high - low) * torch.rand(n, len(LATENTS), generator=generator, dtype=torch.float32)
    wobble = WOBBLE * torch.randn(n, POINTS, 2, generator=generator, dtype=torch.float32)
    return SyntheticDigits(render(labels, latents, wobble), labels, latents, wobble)


def render(labels: Tensor, latents: Tensor, wobble: Tensor | None = None) -> Tensor:
    """Draw the digits that labels, latents and wobble describe; a pure function, without any randomness.

    labels (N,) int64 in 0..9; latents (N, 6) floating, units as in the module's table (values beyond the bounds in
    RANGES are drawn too); wobble (N, POINTS, 2) floating, in digit heights, None for a steady hand; a class with fewer
    control points ignores the last rows. Returns images (N, 784) float32 in [0, 1]. Draws CHUNK digits at a time.

    Raises ValueError, naming the argument, for a wrong shape or dtype, N = 0, a label outside 0..9, a latent or wobble
    that is not finite, or a size that is not positive.
    """
    if labels.dtype != torch.int64 or labels.ndim != 1 or len(labels) == 0:
        raise ValueError(f"labels: got {labels.dtype} of shape {tuple(labels.shape)}, expected int64 (N,) with N > 0")
    if labels.min() < 0 or labels.max() >= CLASSES:
        raise ValueError(f"labels: got values in {labels.min()}..{labels.max()}, expected 0..{CLASSES - 1}")
    _check_floats("latents", latents, (len(labels), len(LATENTS)))
    if (size := latents[:, LATENTS.index("size")].min()) <= 0:
        raise ValueError(f"latents: got a size of {size}, expected sizes > 0")
    if wobble is None:
        wobble = torch.zeros(1, POINTS, 2, device=labels.device).expand(len(labels), -1, -1)
    _check_floats("wobble", wobble, (len(labels), POINTS, 2))

    for name, value in (("latents", latents), ("wobble", wobble)):
        check_device(name, value, labels.device)
    images = torch.empty(len(labels), SIDE * SIDE, dtype=torch.float32, device=labels.device)
    chunks = zip(*(tensor.split(CHUNK) for tensor in (images, labels, latents, wobble)), strict=True)
    for image, label, latent, step in chunks:
        image.copy_(_draw(label, latent.float(), step.float()))
    return images


def _check_floats(name: str, value: Tensor, shape: tuple[int, ...]) -> None:
    if not value.is_floating_point() or value.shape != shape:
        raise ValueError(f"{name}: got {value.dtype} of shape {tuple(value.shape)}, expected floats of shape {shape}")
    if not value.isfinite().all():
        raise ValueError(f"{name}: got NaN or infinity, expected finite values")


def _draw(labels: Tensor, latents: Tensor, wobble: Tensor) -> Tensor:
    slant, width, thickness, size, shift_x, shift_y = latents.unsqueeze(-1).unbind(1)
    control, basis = (table.to(labels.device)[labels] for table in (_CONTROL, _BASIS))
    x, y = (basis @ (control + wobble)).unbind(-1)  # (n, 2 * SEGMENTS) starts, then ends
    x, y = size * (width * x - slant.tan() * y), size * y  # y points down, so that the top leans to the right
    (x, dx), (y, dy) = (((start + end) / 2, end - start) for start, end in (x.chunk(2, 1), y.chunk(2, 1)))
    length = torch.hypot(dx, dy)
    share = length / length.sum(1, keepdim=True)
    x = x - (share * x).sum(1, keepdim=True) + shift_x  # like MNIST, centred by mass
    y = y - (share * y).sum(1, keepdim=True) + shift_y
    return (0.5 + (thickness / 2 - _distance(x, y, length)) / EDGE).clamp(0, 1)


def _distance(x: Tensor, y: Tensor, length: Tensor) -> Tensor:
    """Distance in pixels of every pixel's centre to a pen path of segments with midpoints x, y and a length.

    The soft minimum of squared distances, -2 s^2 log sum_i w_i exp(-d_i^2 / 2 s^2), with s = BLUR: weights w_i
    proportional to length make it exact beside a long straight stroke and taper a loose end by about a pixel. The
    Gaussian factorises over rows and columns, so that the sum over segments is a matrix product. All arguments
    (n, SEGMENTS); returns (n, 784).
    """
    pixels = torch.arange(SIDE, dtype=x.dtype, device=x.device)[:, None] - (SIDE - 1) / 2  # (28, 1), from the centre
    # The floor at e^-40 keeps far pixels clear of log 0 and of subnormal numbers, which are slow.
    rows, columns = (((pixels - p[:, None]).square() / (-2 * BLUR**2)).clamp_min(-40).exp() for p in (y, x))
    weight = length[:, None] / (math.sqrt(2 * math.pi) * BLUR)
    density = (rows * weight) @ columns.mT  # (n, 28, 28)
    return (-2 * BLUR**2 * density.log()).clamp_min(0).sqrt().flatten(1)


def _spline(knots: Tensor, t: Tensor) -> Tensor:
    """The Catmull-Rom curve through knots (m, d) at times t (k,) in [0, m - 1]: (k, d). It meets knot i at t = i."""
    closed = torch.equal(knots[0], knots[-1])
    before, after = (knots[-2], knots[1]) if closed else (2 * knots[0] - knots[1], 2 * knots[-1] - knots[-2])
    p = torch.cat([before[None], knots, after[None]])
    i = t.long().clamp(max=len(knots) - 2)
    u = (t - i)[:, None]
    a, b, c, d = p[i], p[i + 1], p[i + 2], p[i + 3]
    return b + u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a))) / 2


def _glyph(strokes: tuple[tuple[tuple[int, int], ...], ...]) -> tuple[Tensor, Tensor]:
    """Control points (POINTS, 2) and the matrix (2 * SEGMENTS, POINTS) that takes them to segments' starts and ends."""
    points = list(dict.fromkeys(point for stroke in strokes for point in stroke))
    control = torch.zeros(POINTS, 2)
    control[: len(points)] = torch.tensor(points) / 100
    lengths = [sum(math.dist(a, b) for a, b in pairwise(stroke)) for stroke in strokes]
    bounds = [round(SEGMENTS * part / sum(lengths)) for part in accumulate(lengths, initial=0)]  # long strokes get more
    curves = []
    for stroke, (first, last) in zip(strokes, pairwise(bounds), strict=True):
        unit = torch.eye(POINTS)[[points.index(point) for point in stroke]]  # splines are linear in their knots
        curves.append(_spline(unit, torch.linspace(0, len(stroke) - 1, last - first + 1)))
    return control.float(), torch.cat([curve[:-1] for curve in curves] + [curve[1:] for curve in curves]).float()


# Control points (10, POINTS, 2) and spline matrices (10, 2 * SEGMENTS, POINTS), one a class.
_CONTROL, _BASIS = (torch.stack(parts) for parts in zip(*map(_glyph, STROKES), strict=True))
