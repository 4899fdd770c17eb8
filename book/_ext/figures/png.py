"""The pictures within a figure's SVG, where matplotlib puts PNG in base64."""

import base64
import hashlib
import io
import re
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from sphinx.application import Sphinx
from sphinx.util.osutil import relative_uri

LARGE = re.compile(r"data:image/png;base64,([^\"]{4000,})")
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


def in_files(html: str, app: Sphinx, docname: str) -> str:
    """A page's HTML with its larger pictures as files of the site: the text need not wait for them.

    Other builders keep them where they are.
    """

    def move(found: re.Match[str]) -> str:
        content = base64.b64decode(found[1])
        path = Path(app.outdir, app.builder.imagedir, f"{hashlib.sha256(content).hexdigest()[:16]}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return relative_uri(app.builder.get_target_uri(docname), path.relative_to(app.outdir).as_posix())

    return LARGE.sub(move, html) if app.builder.name == "html" else html
