"""A page as the cells of a notebook: the prose from the built page, the code from its source, in the page's order."""

import ast
import re
from collections.abc import Mapping

from bs4 import BeautifulSoup, Tag
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell

from _ext.blocks import HIDES_CODE, of_element
from _ext.elements import first
from _ext.notebooks.markdown import PageMarkdown
from vae_course.handout.blocks import KINDS, details

COLLAPSED = {"jupyter": {"source_hidden": True}, "cellView": "form"}  # JupyterLab, and Colab
CONTINUED = ", continued"
HEADINGS = ("h1", "h2", "h3", "h4")
TITLE = ".admonition-title, summary"
# What is no part of a cell of prose: what holds one of these is looked through.
CELLS = ", ".join(
    [*HEADINGS, *(kind.html for kind in KINDS.values() if kind.notebook in ("code", "starter", "cells", "folded"))]
)
END = "---"  # after what is closed on the page: a heading alone does not say where its text ends
IMPORT_GLUE = re.compile(r"^from myst_nb import glue\n", re.M)
GLUE = "def glue(*given, **options): pass  # puts numbers into the book's sentences; here they are there already"


def page_cells(
    body: str, source: NotebookNode, shown: list[int], url: str, macros: Mapping[str, object]
) -> list[NotebookNode]:
    """The cells of a page.

    body: its HTML; source: the notebook that was executed for it; shown: which of the source's cells have a place in
    the body, in its order; url: its address on the site, or "". Raises ValueError where the body has other cells.
    """
    soup = BeautifulSoup(body, "html.parser")
    for node in soup.select("a.headerlink, script, style, div.toctree-wrapper, .sd-summary-state-marker"):
        node.decompose()
    boxes = soup.select(KINDS["code-cell"].html)
    if len(boxes) != len(shown):
        raise ValueError(f"{len(boxes)} cells in the page, {len(shown)} expected")
    place_of = {id(box): place for box, place in zip(boxes, shown, strict=True)}
    return _Cells(source, place_of, PageMarkdown(url, macros)).of(soup)


class _Cells:
    def __init__(self, source: NotebookNode, place_of: dict[int, int], writer: PageMarkdown) -> None:
        self.source, self.place_of, self.writer = source, place_of, writer
        self.hidden = [
            place
            for place, cell in enumerate(source.cells)
            if cell.cell_type == "code" and place not in place_of.values()
        ]
        self.cells: list[NotebookNode] = []
        self.prose: list = []  # nodes that wait to become a cell
        self.solution = ""  # the title of the solution that we are in
        self.forms = {"code": self._shown, "starter": self._starter, "cells": self._under_title, "folded": self._folded}

    def of(self, soup: BeautifulSoup) -> list[NotebookNode]:
        self._walk(soup)
        self._end_prose()
        self._code_hidden_before(len(self.source.cells))
        for number, cell in enumerate(self.cells):
            cell.id = f"cell-{number}"  # the same in each build, so that a notebook changes only with its page
        return self.cells

    def _walk(self, node: Tag) -> None:
        """Go through a node's children: what is a cell by itself ends the prose before it."""
        for child in list(node.children):
            kind = of_element(child) if isinstance(child, Tag) else None
            if not isinstance(child, Tag):
                self.prose.append(child)
            elif child.name in HEADINGS:
                self._end_prose()
                self.prose.append(child)
            elif kind and kind.notebook in self.forms:
                self._end_prose()
                self.forms[kind.notebook](child)
            elif child.select_one(CELLS):
                self._walk(child)
            else:
                self.prose.append(child)

    def _end_prose(self) -> None:
        text = self.writer.markdown(self.prose)
        self.prose = []
        if not text:
            return
        if self.solution:
            text = details(self.solution, text)
            self.solution = f"{self.solution.removesuffix(CONTINUED)}{CONTINUED}"
        self.cells.append(new_markdown_cell(text))

    def _under_title(self, node: Tag) -> None:
        kind = of_element(node)
        first(node, TITLE).name = "h3"
        self._walk(node)
        if kind and kind.page == "closed":
            self._end_prose()
            self.cells.append(new_markdown_cell(END))

    def _folded(self, node: Tag) -> None:
        """Prose that opens at a click, and collapsed code."""
        self.solution = self.writer.summary(first(node, TITLE).extract())
        self._walk(node)
        self._end_prose()
        self.solution = ""

    def _shown(self, box: Tag) -> None:
        place = self.place_of[id(box)]
        self._code_hidden_before(place)
        self._code(place)
        if caption := box.find("figcaption"):
            self.prose += caption.contents
            self._end_prose()
        # What checks a cell's results, or uses them, belongs to it and not to the prose after it.
        following = min((other for other in self.place_of.values() if other > place), default=len(self.source.cells))
        self._code_hidden_before(following)

    def _code_hidden_before(self, place: int) -> None:
        while self.hidden and self.hidden[0] < place:
            self._code(self.hidden.pop(0))

    def _code(self, place: int) -> None:
        cell = self.source.cells[place]
        tags = list(cell.metadata.get("tags", []))
        metadata = {"tags": tags} if tags else {}
        if self.solution or HIDES_CODE & set(tags):
            metadata |= COLLAPSED
        self.cells.append(new_code_cell(without_book(cell.source), metadata=metadata))

    def _starter(self, node: Tag) -> None:
        """A cell for the reader's own answer, and one that checks it; the solution comes later, under the same name."""
        stub = node.get_text().strip()
        match ast.parse(stub).body:
            case [ast.FunctionDef(name=name)]:
                code = (stub, f"check({name})")
            case _:
                raise ValueError(f"a starter is the stub of one function, got:\n{stub}")
        self.cells += [new_code_cell(each, metadata={"tags": ["starter"]}) for each in code]


def without_book(code: str) -> str:
    """A cell's code without what only the book's build has installed.

    Raises ValueError where it needs more of myst-nb than `glue`, for which no stand-in is known.
    """
    bare, found = IMPORT_GLUE.subn("", code + "\n")
    if "myst_nb" in bare:
        raise ValueError("a cell uses myst_nb in another way than `from myst_nb import glue` on a line of its own")
    return f"{bare.rstrip()}\n\n{GLUE}" if found else code
