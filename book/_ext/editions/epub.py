"""The EPUB: one document a page, formulas as MathML, figures with the reader's own ink, and no script.

Sphinx's own builder leaves out what EPUB 3 asks for where a document holds MathML or SVG, and takes every page's
scripts and styles for the site's. The chapter of solutions is a document that no page is the source of: what the pages
keep for it is gathered while they are written.
"""

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from posixpath import dirname, join, normpath
from typing import Any

from docutils import nodes
from docutils.nodes import Element
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from _ext.editions.make import UNCHECKED
from _ext.editions.pages import SOLUTIONS, page_solutions
from _ext.formulas.mathjax import MathJax

STYLE = Path(__file__).resolve().with_name("epub.css")
LAST = 900  # after all extensions that add something to a page
COVER = "manifold.png"
ITEM = re.compile(r'(<item id="[^"]*" href="([^"]*)"[^>]*?)( properties="[^"]*")? ?/>')


class BookBuilder(Epub3Builder):
    """Sphinx's, with the book's style, MathJax at its side, and a manifest that says what is in each document."""

    def init(self) -> None:
        super().init()
        self.solutions: list[page_solutions] = []

    def write(self, *arguments: Any) -> None:
        with MathJax() as self.mathjax:
            super().write(*arguments)
            self.chapter = self.last_chapter()

    def last_chapter(self) -> str:
        """The body of the chapter of solutions."""
        moved = {name for page in self.solutions for node in page.findall(nodes.target) for name in node["ids"]}
        section = nodes.section("", nodes.title("", SOLUTIONS.title()), ids=[SOLUTIONS])
        self.imgpath, self.secnumbers, self.fignumbers = self.imagedir, {}, {}
        for page in sorted(self.solutions, key=lambda page: self.env.toc_secnumbers[page["docname"]][""]):
            docname = page["docname"]
            for reference in page.findall(nodes.reference):
                reference["ids"] = []  # of citations: numbers within their page
                if reference.get("internal"):
                    reference["refuri"] = self.from_last_chapter(docname, reference, moved)
            section += nodes.section("", *page.children, ids=[docname.replace("/", "-")])
        return self.render_partial(section)["fragment"]

    def from_last_chapter(self, docname: str, reference: Element, moved: set[str]) -> str:
        uri = reference.get("refuri", f"#{reference.get('refid')}")
        path, _, fragment = uri.partition("#")
        if fragment in moved:
            return f"#{fragment}"
        path = normpath(join(dirname(docname), path)) if path else self.get_target_uri(docname)
        return f"{path}#{fragment}" if fragment else path

    def copy_static_files(self) -> None:
        static = Path(self.outdir, "_static")
        static.mkdir(exist_ok=True)
        for path in (STYLE, Path(self.srcdir, "_static", COVER)):
            (static / path.name).write_bytes(path.read_bytes())

    def toc_metadata(self, *arguments: Any) -> dict:
        return super().toc_metadata(*arguments) | {"uid": self.config.epub_identifier}

    def build_content(self) -> None:
        super().build_content()
        package = Path(self.outdir, "content.opf")
        package.write_text(ITEM.sub(self.with_properties, package.read_text(encoding="utf-8")), encoding="utf-8")

    def with_properties(self, item: re.Match) -> str:
        start, path, given = item.groups()
        properties = [given.split('"')[1]] if given else []
        if path.endswith(".xhtml") and not given:
            text = Path(self.outdir, path).read_text(encoding="utf-8")
            properties += [name for name, tag in (("mathml", "<math "), ("svg", "<svg ")) if tag in text]
        if path == f"_static/{COVER}":
            properties.append("cover-image")
        return f'{start} properties="{" ".join(properties)}"/>' if properties else f"{start}/>"


def take_solutions(app: Sphinx, document: nodes.document, docname: str) -> None:
    if isinstance(app.builder, BookBuilder):
        for node in list(document.findall(page_solutions)):
            node.parent.remove(node)
            app.builder.solutions.append(node)


def add_last_chapter(app: Sphinx) -> Iterator[tuple[str, dict, str]]:
    if isinstance(app.builder, BookBuilder):
        yield SOLUTIONS, {"body": app.builder.chapter, "title": SOLUTIONS.title(), "parents": []}, "page.html"


def dress(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Leave nothing of the site's styles and scripts in a page."""
    if isinstance(app.builder, BookBuilder):
        context["css_files"] = [f"_static/{STYLE.name}"]
        context["script_files"] = []


def visit_math(self: HTML5Translator, node: nodes.math) -> None:
    self.body.append(_mathml(self, node, display=False))
    raise nodes.SkipNode


def visit_displaymath(self: HTML5Translator, node: nodes.math_block) -> None:
    self.body.append(self.starttag(node, "div", CLASS="math"))
    self.body.append(_mathml(self, node, display=True))
    if node["number"] and node.get("label"):
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})</span>')
    self.body.append("</div>\n")
    raise nodes.SkipNode


def _mathml(translator: HTML5Translator, node: Element, *, display: bool) -> str:
    builder = translator.builder
    assert isinstance(builder, BookBuilder)
    try:
        return builder.mathjax.set(node.astext(), display=display).mathml
    except ValueError as error:
        raise ExtensionError(f"{builder.current_docname}: {error}") from error


def configure(app: Sphinx, config: Config) -> None:
    config.version = metadata.version("vae_lib")
    config.epub_title = config.html_title
    config.epub_cover = (f"_static/{COVER}", "epub-cover.html")
    config.epub_basename = UNCHECKED  # make.py gives it its name


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_builder(BookBuilder, override=True)
    app.add_config_value("epub_math_renderer", "mathml", "epub")  # Sphinx asks for both under these names
    app.add_config_value("epub_domain_indices", False, "epub")
    app.add_html_math_renderer("mathml", (visit_math, None), (visit_displaymath, None))
    app.connect("config-inited", configure)
    app.connect("doctree-resolved", take_solutions, priority=LAST)
    app.connect("html-collect-pages", add_last_chapter)
    app.connect("html-page-context", dress, priority=LAST)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
