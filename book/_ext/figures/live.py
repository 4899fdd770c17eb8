"""Live figures in the built book: the script once, each network's weights once, asked for as their figure comes near.

A cell's output holds its figure's state and, inline, the weights; a drawing is beside it (see `vae_lib.live.figure`).
Here the drawing comes into the page, and the weights leave it for a script of their own: a page opened from a folder
may load scripts, and nothing else.
"""

import hashlib
import os
import re
from pathlib import Path

from docutils import nodes
from PIL import Image
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform

from _ext.elements import pages_of
from _ext.figures import png
from _ext.figures.inline import inline

WEIGHTS = re.compile(r'<script type="text/plain" class="live-weights" data-id="([0-9a-f]{16})">([^<]*)</script>\n?')
PICTURE = '<div class="live-static">'
FOLDER = "live"  # in _static


def setup(app: Sphinx) -> dict[str, bool]:
    os.environ["VAE_LIB_LIVE"] = "page"  # the kernels inherit it
    app.connect("config-inited", hash_front_end)
    app.connect("builder-inited", write_front_end)
    app.connect("html-page-context", add_scripts)
    app.connect("build-finished", remove_old_weights)
    app.add_config_value("live_front_end", "", "html")  # a new script: every page is written anew, none executed
    app.add_post_transform(PutPicture)
    app.add_post_transform(MoveWeights)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def hash_front_end(app: Sphinx, config: Config) -> None:
    from vae_lib.live.script import CSS, page_script

    content = page_script() + CSS.read_text(encoding="utf-8")
    config.live_front_end = hashlib.sha256(content.encode()).hexdigest()


def write_front_end(app: Sphinx) -> None:
    from vae_lib.live.script import CSS, page_script

    if app.builder.name == "html":
        folder = Path(app.outdir, "_static", FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "live.js").write_text(page_script(), encoding="utf-8")
        (folder / "live.css").write_text(CSS.read_text(encoding="utf-8"), encoding="utf-8")
        app.add_css_file(f"{FOLDER}/live.css")


class PutPicture(SphinxPostTransform):
    """Put each figure's drawing, another of its cell's outputs, into its HTML: it stands where no script runs."""

    default_priority = 3  # before myst-nb keeps one of a cell's outputs (at 4)
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for number, node in enumerate(list(self.document.findall(nodes.raw))):
            if 'class="live-figure"' in node.astext():
                bundle = node.parent.parent
                (image,) = bundle.findall(nodes.image)
                others = bundle.findall(nodes.Element)
                (words,) = (other.astext() for other in others if other.get("mime_type") == "text/plain")
                svg = Path(self.app.srcdir, image["uri"]).read_text(encoding="utf-8")
                picture = inline(png.replaced(svg, with_few_colours), alt=words, prefix=f"live-{number}-")
                picture = png.in_files(picture, self.app, self.env.docname)
                html = node.astext().replace(PICTURE, PICTURE + picture)
                node.parent.replace(node, nodes.raw("", html, format="html", classes=node["classes"]))


def with_few_colours(given: str) -> str:
    """A picture in base64 with 256 colours: half the bytes, and nothing to see of it."""
    return png.written(png.read(given).convert("RGBA").quantize(256, method=Image.Quantize.FASTOCTREE))


class MoveWeights(SphinxPostTransform):
    """Take the weights out of each figure's HTML and write them to the site, once for all pages."""

    default_priority = 400  # after myst-nb has chosen what to show of a cell's outputs
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for node in list(self.document.findall(nodes.raw)):
            html = node.astext()
            if 'class="live-figure"' not in html:
                continue
            for name, packed in WEIGHTS.findall(html):
                self._write(name, packed)
            # Without myst-nb's classes: the theme lays a light ground behind .text_html, in dark mode too.
            node.parent.replace(node, nodes.raw("", WEIGHTS.sub("", html), format="html"))
            self.document["live_figures"] = True

    def _write(self, name: str, packed: str) -> None:
        path = Path(self.app.outdir, "_static", FOLDER, f"{name}.js")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")  # a name is used once it stands: half a file would stay for ever
            part.write_text(f'vaeLive.weights("{name}", "{packed}");\n', encoding="utf-8")
            part.replace(path)


def add_scripts(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    if doctree is not None and "live_figures" in doctree:
        app.add_js_file(f"{FOLDER}/live.js", loading_method="defer")


def remove_old_weights(app: Sphinx, exception: Exception | None) -> None:
    """Remove the weights that no page names any more: of models that were trained anew."""
    if exception is not None or app.builder.name != "html":
        return
    used = pages_of(Path(app.outdir))
    for path in Path(app.outdir, "_static", FOLDER).glob("*.js"):
        if path.name != "live.js" and path.stem not in used:
            path.unlink()
