"""The questions that are answered in words, and the answers in a notebook that came back, whatever it went through.

Upload and conversion take a notebook's metadata and the ids of its cells, and students write where they please. So an
answer is known by its place: it is every word between the hand-out's question and the next heading of the hand-out.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nbformat import NotebookNode

from vae_course.bank import QUESTIONS

POINTS = 3  # for an answer in words; the teaching guide says how to give them
ASKED = "*Your answer goes into the cell below.*"  # ends each question; what follows in the same cell is an answer
PLACEHOLDER = "*Write your answer here.*"

TITLES = {label: title for of_chapter in QUESTIONS.values() for label, title in of_chapter.items()}
LABELS = {title.casefold(): label for label, title in TITLES.items()}

HEADING = re.compile(
    r"^[ \t]*(?:#[ \t].+: exercises|#+[ \t]*Exercise[ \t]+\d+:[ \t]*(?P<title>.+?)[ \t]*(?P<points>\(\d+ points?\))?)"
    r"[ \t]*$",
    re.M | re.I,
)
STARS = r"[*_]{}[*_]"  # editors write emphasis either way
END_OF_QUESTION = re.compile(STARS.format(re.escape(ASKED.strip("*"))))
EMPTY = re.compile(STARS.format(re.escape(PLACEHOLDER.strip("*"))))


@dataclass(frozen=True)
class Part:
    """A cell's share in the answer to a question. text: "" for none; asks: whether the question stands in it, too."""

    label: str
    text: str
    cell: NotebookNode
    asks: bool


def questions(chapters: Iterable[str]) -> list[tuple[str, str, int]]:
    """(label, title, points) of each question of the chapters that is answered in words, in the chapters' order."""
    return [(label, title, POINTS) for chapter in chapters for label, title in QUESTIONS.get(chapter, {}).items()]


def answers(notebook: NotebookNode) -> dict[str, str]:
    """label -> what the notebook answers, in Markdown; a question without an answer is left out.

    notebook: nbformat 4, of any minor version; it need not be valid.
    """
    found: dict[str, dict[str, None]] = {}
    for part in parts(notebook):
        if part.text:
            found.setdefault(part.label, {})[part.text] = None  # a cell that stands twice counts once
    return {label: "\n\n".join(texts) for label, texts in found.items()}


def parts(notebook: NotebookNode) -> Iterator[Part]:
    """Where the answers stand, in the notebook's order; a question or a cell without a word is there, with no text."""
    cells = [(cell, list(_pieces(_words(cell)))) for cell in notebook.get("cells", [])]
    asked = {_label(heading) for _, pieces in cells for heading, _ in pieces if heading}
    label = ""
    for cell, pieces in cells:
        if (named := _name(cell)) and named not in asked:  # the question is gone, and with it the answer's place
            label = named
        for heading, text in pieces:
            if heading:
                label = _label(heading)
            if label and (heading or text.strip()):
                own = EMPTY.sub("", END_OF_QUESTION.split(text)[-1]).strip()
                yield Part(label, own, cell, asks=heading is not None)


def _pieces(text: str) -> Iterator[tuple[re.Match | None, str]]:
    """A cell's text, cut at the hand-out's headings: (None, what stands before the first), (heading, what follows)."""
    opened, start = None, 0
    for heading in HEADING.finditer(text):
        if heading["title"] and not heading["points"] and not _label(heading):
            continue  # a heading of the student's own
        yield opened, text[start : heading.start()]
        opened, start = heading, heading.end()
    yield opened, text[start:]


def _words(cell: NotebookNode) -> str:
    """What a cell says in words: its text, or that of a code cell which holds no code."""
    text = "\n".join(str(cell.get("source") or "").splitlines())
    return "" if cell.get("cell_type") == "code" and _is_code(text) else text


def _is_code(text: str) -> bool:
    if re.match(r"\s*[%!?]", text):
        return True
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError):
        return False
    return not all(isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant) for each in statements)


def _label(heading: re.Match) -> str:
    """The question that a heading of the hand-out begins; "" where it begins something else."""
    return LABELS.get(" ".join((heading["title"] or "").split()).casefold(), "")


def _name(cell: NotebookNode) -> str:
    """The question whose answer a cell was made for, by its metadata or its id; "" where they are lost."""
    about = cell.get("metadata")
    ours, nbgrader = (about.get(key) if isinstance(about, dict) else None for key in ("vae_lib", "nbgrader"))
    for holder, key in ((ours, "written"), (nbgrader, "grade_id"), (cell, "id")):
        name = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(name, str) and name.endswith("-answer") and name.removesuffix("-answer") in TITLES:
            return name.removesuffix("-answer")
    return ""
