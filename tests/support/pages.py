"""What the book consists of, and the faults that a page may have: each check returns sentences, none if all is well."""

import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from _ext.elements import attribute
from bs4 import BeautifulSoup

BOOK = Path(__file__).parents[2] / "book"
CELL = re.compile(r"^```\{code-cell\}.*?^```$", re.MULTILINE | re.DOTALL)
DRAWS = re.compile(r"figures\.plot_|plt\.subplots|figures\.style")
# Whose habits (how many hints, mistakes and questions, a number in the prose) some tests hold to. They bind no other
# chapter; what binds each says so where it fails.
FIRST_CHAPTERS = (
    "motivation", "latent_variable_models", "elbo", "reparameterization", "mnist", "rate_distortion", "autoencoder",
)  # fmt: skip
LEFT_OVER = (
    "{glue:",
    "{quiz}",
    "{starter}",
    "{doc}",
    "{eq}",
    "{numref}",
    "{cite:",
    "{ref}",
    "could not be found",
    "undefined label",
)


def sources() -> list[Path]:
    """Every page of the book, in its order."""
    contents = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    names = [contents["root"], *(chapter["file"] for part in contents["parts"] for chapter in part["chapters"])]
    return [BOOK / f"{name}.md" for name in names]


def with_notebook() -> list[Path]:
    """The pages of which the book makes a notebook: those with code, but those that are for the site alone."""
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    without = config["sphinx"]["config"]["notebook_without"]
    return [
        source
        for source in sources()
        if CELL.search(source.read_text(encoding="utf-8"))
        and source.relative_to(BOOK).with_suffix("").as_posix() not in without
    ]


def source_faults(text: str) -> list[str]:
    """Figures without alt text or caption, in a page's Markdown."""
    drawing = [cell for cell in CELL.findall(text) if DRAWS.search(cell) and "remove-output" not in cell]
    return [
        f"a figure cell has no {what}: {cell.splitlines()[-2]}"
        for cell in drawing
        for what in ("alt", "caption")
        if not re.search(rf"^ +{what}: *(\|\n +)?\S", cell, re.MULTILINE)
    ]


def page_faults(text: str) -> list[str]:
    """Errors and warnings in outputs, left-over markup, and pictures that say nothing to a screen reader."""
    article = BeautifulSoup(text, "html.parser").find("article")
    if article is None:
        return ["it has no article"]
    faults = [f"a cell wrote to stderr: {node.get_text()[:200]}" for node in article.select(".output.stderr")]
    faults += [f"a cell failed: {node.get_text()[-200:]}" for node in article.select(".output.traceback")]
    faults += [f"left over: {marker}" for marker in LEFT_OVER if marker in article.get_text()]
    faults += [f"no alt: {image.get('src')}" for image in article.select("img") if not attribute(image, "alt").strip()]
    faults += [
        "a figure has no label" for svg in article.select("svg[role=img]") if not attribute(svg, "aria-label").strip()
    ]
    ids = [attribute(node, "id") for node in article.select("svg [id]")]
    faults += [f"figures share the id {name}" for name in sorted({name for name in ids if ids.count(name) > 1})]
    return faults


def broken_links(page: Path, root: Path) -> list[str]:
    """Whatever a built page names, a file or an anchor, that is not there: links, pictures, styles and scripts."""
    faults = []
    for address in addresses(BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or address == "#":
            continue
        if parts.path.startswith("/"):
            inside = parts.path.removeprefix(_path_on_server(root))
            target = (root / unquote(inside)).resolve()  # outside of the site where the prefix is missing
        else:
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
        if not target.is_relative_to(root.resolve()) or not target.exists():
            faults.append(f"{address}: no such file")
        elif parts.fragment and target.suffix == ".html" and unquote(parts.fragment) not in _anchors(target):
            faults.append(f"{address}: no such anchor")
    return faults


@cache
def _path_on_server(root: Path) -> str:
    """What a built site's address has after the host, as its home page gives it: "/vae/"; "/" where it has none."""
    home = BeautifulSoup((root / "index.html").read_text(encoding="utf-8"), "html.parser")
    address = home.find("link", rel="canonical")
    return urlsplit(attribute(address, "href")).path.rpartition("/")[0] + "/" if address else "/"


@cache  # a page is named by many others
def _anchors(page: Path) -> set[str]:
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    return {attribute(node, "id") for node in soup.select("[id]")}


def addresses(soup: BeautifulSoup) -> list[str]:
    """Every address that a page names, in its order."""
    return [attribute(node, "href") or attribute(node, "src") for node in soup.select("[href], [src]")]
