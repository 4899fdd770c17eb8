"""The pictures within a figure's SVG, where matplotlib puts PNG in base64."""

import base64
import io
import re
from collections.abc import Callable

from PIL import Image

EMBEDDED = re.compile(r"(?<=data:image/png;base64,)[^\"]+")


def replaced(svg: str, change: Callable[[str], str]) -> str:
    """The SVG with each of its pictures as `change` makes it, from base64 to base64."""
    return EMBEDDED.sub(lambda found: change(found.group()), svg)


def read(png: str) -> Image.Image:
    """The picture that base64 holds."""
    return Image.open(io.BytesIO(base64.b64decode(png)))


def written(picture: Image.Image) -> str:
    """A picture in as few bytes as keep its pixels, in base64."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode()
