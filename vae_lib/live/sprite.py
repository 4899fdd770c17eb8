"""Digits in one small picture, for figures that show images which no network has to make while the reader watches."""

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
    buffer = io.BytesIO()
    Image.fromarray(np.rint(sheet).astype(np.uint8)).save(buffer, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
