"""Pictures as text, for figures that show images which no network has to make while the reader watches."""

import base64
import io

import numpy as np
from PIL import Image
from torch import Tensor

from vae_lib import figures

LEVELS = 64  # of grey: as good as 256 to the eye, and a quarter fewer bytes


def data_url(images: Tensor, *, columns: int) -> str:
    """Images (N, 784) row by row as a PNG in a data URL, which CSS can show a part of at a time.

    Raises ValueError for an image with a NaN.
    """
    if images.isnan().any():
        raise ValueError("images: NaN in some of them, expected grey levels")
    sheet = np.rint(figures.digit_sheet(images, columns=columns) * (LEVELS - 1)) * (255 / (LEVELS - 1))
    return f"data:image/png;base64,{as_base64(png(Image.fromarray(np.rint(sheet).astype(np.uint8))))}"


def as_text(images: Tensor) -> list[str]:
    """Images (N, 784) in [0, 1] as one byte a pixel, each in base64: what `grey` in controls.js reads."""
    return [as_base64(image.tobytes()) for image in (255 * images).round().byte().cpu().numpy()]


def png(picture: Image.Image) -> bytes:
    """The picture as a PNG of the fewest bytes."""
    buffer = io.BytesIO()
    picture.save(buffer, format="png", optimize=True)
    return buffer.getvalue()


def as_base64(content: bytes) -> str:
    """Bytes as a text that a page, JSON and a notebook can hold."""
    return base64.b64encode(content).decode()
