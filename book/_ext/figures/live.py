"""Live figures in the built book: the script once, each network's weights once, and only on the pages that use them.

A cell's output holds its figure's state and, inline, the weights; a picture is beside it (see `vae_lib.live.figure`).
Here the picture comes into the page, and the weights leave it for a script of their own: a page opened from a folder
may load scripts, and nothing else.
"""

import base64
import hashlib
import os
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform

WEIGHTS = re.compile(r'<script type="text/plain" class="live-weights" data-id="([0-9a-f]{16})">([^<]*)</script>\n?')
PICTURE = re.compile(r'(?<=<img class="live-static")')
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


class PutPicture(SphinxPostTransform):
    """Put each figure's picture, another of its cell's outputs, into its HTML: it stands where no script runs."""

    default_priority = 3  # before myst-nb keeps one of a cell's outputs (at 4)
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for node in list(self.document.findall(nodes.raw)):
            if 'class="live-figure"' in node.astext():
                (image,) = node.parent.parent.findall(nodes.image)
                picture = base64.b64encode(Path(self.app.srcdir, image["uri"]).read_bytes()).decode()
                html = PICTURE.sub(f' src="data:image/png;base64,{picture}"', node.astext())
                node.parent.replace(node, nodes.raw("", html, format="html", classes=node["classes"]))


class MoveWeights(SphinxPostTransform):
    """Take the weights out of each figure's HTML and write them to the site, once for all pages."""

    default_priority = 400  # after myst-nb has chosen what to show of a cell's outputs
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        ids: list[str] = []
        for node in list(self.document.findall(nodes.raw)):
            html = node.astext()
            if 'class="live-figure"' not in html:
                continue
            for name, packed in WEIGHTS.findall(html):
                self._write(name, packed)
                ids.append(name)
            # Without myst-nb's classes: the theme lays a light ground behind .text_html, in dark mode too.
            node.parent.replace(node, nodes.raw("", WEIGHTS.sub("", html), format="html"))
            self.document["live_weights"] = sorted(set(ids))

    def _write(self, name: str, packed: str) -> None:
        path = Path(self.app.outdir, "_static", FOLDER, f"{name}.js")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_suffix(".part")  # a name is used once it stands: half a file would stay for ever
            part.write_text(f'vaeLive.weights("{name}", "{packed}");\n', encoding="utf-8")
            part.replace(path)


def add_scripts(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    if doctree is not None and "live_weights" in doctree:
        app.add_css_file(f"{FOLDER}/live.css")
        for name in ("live", *doctree["live_weights"]):  # deferred scripts run in their order
            app.add_js_file(f"{FOLDER}/{name}.js", loading_method="defer")


def remove_old_weights(app: Sphinx, exception: Exception | None) -> None:
    """Remove the weights that no page names any more: of models that were trained anew."""
    if exception is not None or app.builder.name != "html":
        return
    used = "".join(path.read_text(encoding="utf-8") for path in Path(app.outdir).rglob("*.html"))
    for path in Path(app.outdir, "_static", FOLDER).glob("*.js"):
        if path.name != "live.js" and path.name not in used:
            path.unlink()
