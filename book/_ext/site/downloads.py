"""Other editions of the book, which the home page offers: those made before, and the site itself as a zip file.

`make pdf` and `make epub` write into _build/pdf and _build/epub. A published site (BOOK_URL) also holds itself, to take
along: it opens from the folder, since no page asks the network for anything.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from _ext.editions.make import NAME, NEEDS, file
from _ext.site.policy import HEADER_FILES

LOGGER = logging.getLogger(__name__)
MADE = {edition.upper(): file(edition) for edition in NEEDS}  # in the build's folder
FOLDER = "downloads"  # in the site's
LAST = 900  # when the others have put their files into the site
# What only a server uses, or would hold the book a second time.
NOT_TAKEN_ALONG = (FOLDER, "models", "404.html", "sitemap.xml", "_images/social_previews", *HEADER_FILES)
BETWEEN = ("<!-- downloads -->", "<!-- /downloads -->")
PLACE = re.compile(f"(?<={BETWEEN[0]}).*?(?={BETWEEN[1]})", re.DOTALL)


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("_ext.site.origin")  # which finds the address
    app.add_directive("downloads", Downloads)
    app.connect("build-finished", offer, priority=LAST)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Downloads(SphinxDirective):
    """Where the page offers the other editions; empty until they are known, and in every edition but the site."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw("", "".join(BETWEEN), format="html")]


def offer(app: Sphinx, exception: Exception | None) -> None:
    """Put the editions into the site, and links to them on its home page. It is filled anew after each build."""
    if exception is not None or app.builder.name != "html":
        return
    site, home = Path(app.outdir), Path(app.outdir, f"{app.config.root_doc}.html")
    page = home.read_text(encoding="utf-8")
    if not PLACE.search(page):
        return
    folder = site / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    pages = [Path(app.env.doc2path(name)) for name in app.env.found_docs]
    executed = Path(app.config.nb_execution_cache_path or app.doctreedir).glob("*/executed/*/base.ipynb")
    written = max(path.stat().st_mtime for path in (*pages, *executed))
    files = {}
    for name, path in MADE.items():
        made = site.parent / path
        if made.exists() and made.stat().st_mtime > written:
            files[name] = Path(shutil.copy(made, folder))
        else:
            state = "is older than its pages" if made.exists() else "is not there"
            LOGGER.info(
                "downloads: the %s %s, and the home page offers none; `make %s` makes it", name, state, name.lower()
            )
    if app.config.html_baseurl:
        files["the site as a zip file"] = take_along(site, home, PLACE.sub("", page), folder / f"{NAME}.zip")
    home.write_text(PLACE.sub(lambda place: _sentence(files), page), encoding="utf-8")


def take_along(site: Path, home: Path, page: str, archive: Path) -> Path:
    """Write the site into an archive, with this text as its home page, and return the archive's path."""
    with ZipFile(archive, "w", ZIP_DEFLATED) as zipped:
        for path in _files(site):
            name = f"{NAME}/{path.relative_to(site).as_posix()}"
            if path == home:
                zipped.writestr(name, page)
            else:
                zipped.write(path, name)
    return archive


def _files(site: Path) -> Iterator[Path]:
    left = [site / name for name in NOT_TAKEN_ALONG]
    for path in sorted(site.rglob("*")):
        if path.is_file() and not any(path.is_relative_to(other) for other in left):
            yield path


def _sentence(files: dict[str, Path]) -> str:
    links = [
        f'<a href="{FOLDER}/{path.name}">{name}</a> ({path.stat().st_size / 1e6:.1f} MB)'
        for name, path in files.items()
    ]
    if not links:
        return ""
    *first, last = links
    return f'<p class="downloads">To read elsewhere: {", ".join(first)}{", or " if first else ""}{last}.</p>'
