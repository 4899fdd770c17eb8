"""A font with the letters that are used, in the style sheet itself: there with the first paint.

Fonts of their own would come later, and not at all where a browser refuses them to a page from a folder.
"""

import base64
import io
import logging
from pathlib import Path

from fontTools.subset import Options, Subsetter, load_font, save_font

logging.getLogger("fontTools").setLevel(logging.WARNING)  # or a build says what it does to each table of a font


def with_letters(path: Path, letters: str) -> str:
    """The address of a WOFF that has some letters of a font's: the font's outlines, without hints."""
    options = Options(flavor="woff", notdef_outline=True, layout_features=[], hinting=False, drop_tables=["FFTM"])
    subsetter = Subsetter(options)
    subsetter.populate(text=letters)
    file = io.BytesIO()
    with load_font(str(path), options) as font:
        subsetter.subset(font)
        save_font(font, file, options)
    return address(file.getvalue())


def address(woff: bytes) -> str:
    return f'"data:font/woff;base64,{base64.b64encode(woff).decode()}"'
