"""Matplotlib's figures become part of the page, so that their ink is the page's own text colour in either theme."""

import math
import re
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from _ext.figures import png
from vae_lib.figures import INK

ROOT_ELEMENT = re.compile(r"<svg\b[^>]*>", re.DOTALL)
WITHOUT_POINTS = re.compile(r"<path(?![^>]* d=)")  # a space in a font, which must say that it has none
WIDTH = re.compile(r'\bwidth="([\d.]+)pt"')
VIEW = re.compile(r'viewBox="[^"]+"')
TYPE = re.compile(r"scale\(0?(\.\d+) -")  # a hundredth of the size in points, where a line of type begins
LEGIBLE = 9  # CSS pixels

POSITIONS = re.compile(r'(?<=\bd="|\bx="|\by=")[^"]+|(?<=\btranslate\()[^)]+')
LONG = re.compile(r"-?\d+\.\d{3,}")  # a hundredth of a point is finer than any screen
ID = re.compile(r' id="([^"]*)"')
NAMED = re.compile(r'(?:href="|url\()#([^")]+)')
GROUP = re.compile(r"<g\b[^>]*/>|(<g\b[^>]*>)|</g>")


class InlineFigures(SphinxPostTransform):
    """Replace the image of each SVG that a cell wrote by the SVG itself."""

    default_priority = 400  # after myst-nb has chosen what to show of a cell's outputs
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for number, image in enumerate(list(self.document.findall(nodes.image))):
            if image["uri"].endswith(".svg") and "jupyter_execute" in image["uri"]:
                svg = Path(self.app.srcdir, image["uri"]).read_text(encoding="utf-8")
                html = inline(svg, alt=image.get("alt", ""), prefix=f"figure-{number}-")
                html = png.in_files(html, self.app, self.env.docname)
                image.parent.replace(image, nodes.raw("", html, format="html"))


def inline(svg: str, *, alt: str, prefix: str) -> str:
    """The SVG as an element of a page: ids made unique by `prefix`, INK made currentColor, `alt` made its label."""
    start = ROOT_ELEMENT.search(svg)
    if start is None:
        raise ValueError("svg: no <svg> element")
    head, body = start.group(), svg[start.end() :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = WITHOUT_POINTS.sub('<path d=""', body)
    body = compact(body)
    body = re.sub(r'\bid="', f'id="{prefix}', body)
    body = re.sub(r'(href="#|url\(#)', rf"\g<1>{prefix}", body)
    body = body.replace(INK, "currentColor")
    body = png.replaced(body, grey)
    width, view = WIDTH.search(head), VIEW.search(head)
    if width is None or view is None:
        raise ValueError(f"svg: {head!r}, expected a width in pt and a viewBox")
    pixels = float(width[1]) * 96 / 72
    smallest = 96 / 72 * 100 * min(map(float, TYPE.findall(body)), default=math.inf)
    return (
        f'<div class="book-figure-frame">'
        f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '  # for the EPUB's XHTML
        f'class="book-figure" role="img" aria-label="{_attribute(alt)}" {view[0]} '
        f'style="width:{pixels:.0f}px;min-width:{math.ceil(pixels * LEGIBLE / smallest)}px">{body}</div>'
    )


def compact(svg: str) -> str:
    """The same drawing in fewer bytes: without comments, ids that nothing names, and groups that say nothing."""
    svg = re.sub(r"<!--.*?-->", "", svg, flags=re.DOTALL)
    svg = re.sub(r"\s*\n\s*", " ", re.sub(r">\s*\n\s*<", "><", svg))
    svg = POSITIONS.sub(lambda given: LONG.sub(lambda number: f"{float(number[0]):.2f}", given[0]), svg)
    named = set(NAMED.findall(svg))
    svg = ID.sub(lambda given: given[0] if given[1] in named else "", svg)
    kept: list[bool] = []  # for each group that is open

    def group(tag: re.Match) -> str:
        if tag[0].endswith("/>"):
            return ""  # nothing is in it
        if tag[1]:
            kept.append(tag[0] != "<g>")
            return tag[0] if kept[-1] else ""
        return tag[0] if kept.pop() else ""

    return GROUP.sub(group, svg)


def grey(given: str) -> str:
    """A picture in base64 with one channel in place of three equal ones, half the bytes; any other unchanged."""
    red, green, blue, opacity = png.read(given).convert("RGBA").split()
    if not red.tobytes() == green.tobytes() == blue.tobytes():
        return given
    return png.written(red if opacity.getextrema() == (255, 255) else Image.merge("LA", (red, opacity)))


def _attribute(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_post_transform(InlineFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
