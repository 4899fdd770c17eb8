"""A way with the keyboard to what is wider than its place: the script scrolling.js, on every page of the site."""

from pathlib import Path

from sphinx.application import Sphinx

SCRIPT = Path(__file__).with_name("scrolling.js")


def write(app: Sphinx) -> None:
    if app.builder.name == "html":
        static = Path(app.outdir, "_static")
        static.mkdir(parents=True, exist_ok=True)
        (static / SCRIPT.name).write_bytes(SCRIPT.read_bytes())
        app.add_js_file(SCRIPT.name, loading_method="defer")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("builder-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
