"""Where the classes' names stand in a plane, and in which ink; live/js/labels.js has both, too."""

import math
from collections.abc import Iterator, Sequence

Place = Sequence[float]
TURN = math.pi * (3 - math.sqrt(5))  # the golden angle: a spiral's points lie evenly over the plane


def apart(
    places: Sequence[Place], gap: float, frame: Sequence[tuple[float, float]], taken: Sequence[Place] = ()
) -> list[Place]:
    """Each place, or the nearest one beside it that is `gap` or more from those before and from those in `taken`.

    frame: ((left, right), (bottom, top)), which none may leave. Where there is none, the place itself.
    """
    stand = list(taken)
    for place in places:
        stand.append(next((beside for beside in _around(place, gap / 10) if _free(beside, gap, frame, stand)), place))
    return stand[len(taken) :]


def _around(place: Place, step: float) -> Iterator[Place]:
    for i in range(20_000):
        radius = step * math.sqrt(i)
        yield place[0] + radius * math.cos(TURN * i), place[1] + radius * math.sin(TURN * i)


def _free(beside: Place, gap: float, frame: Sequence[tuple[float, float]], stand: Sequence[Place]) -> bool:
    inside = all(low <= value <= high for value, (low, high) in zip(beside, frame, strict=True))
    return inside and all(math.dist(other, beside) >= gap for other in stand)


def ink_on(colour: Sequence[float]) -> str:
    """Black or white, whichever reads better on a colour, (red, green, blue) from 0 to 1."""
    luminance = sum(share * value**2.2 for share, value in zip((0.2126, 0.7152, 0.0722), colour[:3], strict=True))
    return "black" if luminance > 0.18 else "white"
