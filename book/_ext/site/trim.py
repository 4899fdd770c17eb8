"""What a build puts into the site and no page asks for: it leaves again, before the site is packed."""

import re
import shutil
from pathlib import Path

from sphinx.application import Sphinx

BEFORE_PACKING = 800  # downloads.py packs at 900; by then the others have put their files into the site
UNUSED = (
    "**/*.map",  # from scripts and styles to their sources
    "locales",  # of the theme's build
    "*webpack-macros.html",
    "scripts/fontawesome.js*",  # the icons, which are in the style sheet
    "vendor/fontawesome",
)
# A script of the theme's measures every block of code and writes to it, one after the other, and so lays the page out
# as often: a phone stands still for seconds. scrolling.js does the same for what is near.
MEASURED = re.compile(r'\["pre",[^\]]+\]\.join\(", "\)')
SOURCE_MAP = re.compile(r"(?://# sourceMappingURL=\S+|/\*# sourceMappingURL=[^*]+\*/)\s*\Z")


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("build-finished", trim, priority=BEFORE_PACKING)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def trim(app: Sphinx, exception: Exception | None) -> None:
    """Remove files that no page names, their names in scripts and styles, and pages without a source."""
    if exception is not None or app.builder.name != "html":
        return
    site, static = Path(app.outdir), Path(app.outdir, "_static")
    unused = {path for pattern in UNUSED for path in static.glob(pattern)}
    pages = {site / f"{name}.html" for name in (*app.env.found_docs, "search", "404")}
    unused |= {path for path in site.rglob("[!_]*.html") if static not in path.parents} - pages
    for path in unused:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in (*static.glob("scripts/*.js"), *static.glob("*.css")):
        text = MEASURED.sub('"#none"', path.read_text(encoding="utf-8"))
        path.write_text(SOURCE_MAP.sub("", text), encoding="utf-8")
