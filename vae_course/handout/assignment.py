"""Notebooks for a class, made from the book's chapters: for the student, for the teacher, and for nbgrader.

One source: the chapter's section of exercises (source.py). What the student gets holds no line of a solution.
"""

import os
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from vae_course.bank import CHAPTERS, EXERCISES
from vae_course.handout.blocks import details, kind_of
from vae_course.handout.source import Block, BookExercise, blocks, exercises, head_and_body, solution_of, stub
from vae_course.handout.tex import expand_formulas, macros
from vae_course.handout.written import ASKED, PLACEHOLDER, POINTS

BOOK = Path(__file__).parents[2] / "book"
KINDS = ("student", "teacher", "nbgrader")

INTRODUCTION = (
    "# {title}: exercises\n\n"
    "Write each function in the place of `raise NotImplementedError`, keep its name, and run the cell with `check` "
    "below it: it says what is wrong. `hint({function}, 1)` helps. Where an answer is asked for in words, write it "
    "into the cell below the question. Keep the headings of the exercises: your answers are found by them.\n\n"
    "If the next cell does not find `vae_lib`, the book's package is not installed where this notebook runs: "
    "install it as your teacher says, then restart the kernel."
)
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
PROTECT = "from vae_course.checking.limits import protect\n\nprotect(globals())"
GRADE = """\
# This cell gives the marks for {name}.
### BEGIN HIDDEN TESTS
import sys

for module in [module for module in sys.modules if module.startswith("vae_course")]:
    del sys.modules[module]
from vae_course import grade

grade("{name}", globals())
### END HIDDEN TESTS\
"""
NBGRADER_CONFIG = """\
# The course's settings. Students get what `nbgrader generate_assignment NAME` writes into release/.
c = get_config()
c.CourseDirectory.course_id = "vae"
c.Execute.timeout = 30
c.Execute.interrupt_on_timeout = True
c.ClearSolutions.code_stub = {{"python": "raise NotImplementedError"}}
c.ClearSolutions.text_stub = "{answer}"
# A submission's own cells run first, then the cells that give marks, as they were released: a lost, doubled or
# changed cell of the submission does no harm.
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.ClearOutput",
    "vae_course.handout.nbgrader.CollectAnswers",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
"""


def write(chapters: list[str], kind: str, folder: Path, *, force: bool = False) -> list[Path]:
    """Write a notebook for each chapter into the folder, and return their paths.

    kind: "student", "teacher" or "nbgrader" (a course folder with source/CHAPTER/CHAPTER.ipynb and nbgrader_config.py;
    settings that are there already stay as the teacher has them). force: write over notebooks that are there.
    Raises ValueError for an unknown chapter or kind, FileNotFoundError where the book is not beside the package, and
    FileExistsError where a notebook is there already; then none is written.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r}, expected one of {', '.join(KINDS)}")
    unknown = [name for name in chapters if name not in CHAPTERS]
    if unknown or not chapters:
        raise ValueError(f"chapters: {', '.join(unknown) or 'none'}, expected some of {', '.join(CHAPTERS)}")
    paths = {
        name: folder / "source" / name / f"{name}.ipynb" if kind == "nbgrader" else folder / f"{name}.ipynb"
        for name in chapters
    }
    # Somebody's work may be in what is there.
    taken = [str(path) for path in paths.values() if os.path.lexists(path) and not (force and path.is_file())]
    if taken:
        raise FileExistsError(
            f"{', '.join(taken)}: there already; write into another folder, or over notebooks with --force"
        )
    notebooks = {name: notebook(name, kind) for name in paths}  # all are made before any is written
    for name, made in notebooks.items():
        nbformat.validate(made)
        _write(paths[name], nbformat.writes(made))
    config = folder / "nbgrader_config.py"
    if kind == "nbgrader" and not config.exists():
        _write(config, NBGRADER_CONFIG.format(answer=PLACEHOLDER))
    return list(paths.values())


def _write(path: Path, text: str) -> None:
    """Write beside the file first: what is there is replaced by a whole one, or stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def notebook(chapter: str, kind: str) -> NotebookNode:
    """The notebook of one chapter's exercises.

    Raises FileNotFoundError where the book is not beside the package, and ValueError where it holds what no hand-out
    shows, by the names of page, exercise and block.
    """
    page = BOOK / "chapters" / f"{chapter}.md"
    if not page.is_file():
        raise FileNotFoundError(
            f"{page} is not there: assignments are made from the book's chapters, which are not installed with the "
            "package; clone the book's repository and run the command in the clone's folder"
        )
    opening, found = exercises(page)
    functions = [each.function for each in found if each.function]
    cells = [_text("introduction", INTRODUCTION.format(title=_title(chapter), function=functions[0]))]
    where = page.name
    try:
        cells += [_block(f"opening-{i}", block) for i, block in enumerate(opening)]
        for number, exercise in enumerate(found, 1):
            where = f"{page.name}: the exercise {exercise.title!r}"
            make = _function if exercise.function else _written
            cells += make(f"Exercise {number}: {exercise.title}", exercise, kind)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _written(heading: str, exercise: BookExercise, kind: str) -> list[NotebookNode]:
    asked = _asked(exercise.label, heading, exercise.statement, kind)
    return asked + (_solution(exercise) if kind == "teacher" else [])


def _asked(label: str, heading: str, statement: tuple[Block, ...], kind: str) -> list[NotebookNode]:
    """A question to be answered in words, and the place for the answer: written.py finds it by these."""
    question = _statement(label, heading, POINTS, statement)
    if kind == "teacher":
        return [question]
    question.source += f"\n\n{ASKED}"
    cell_id = f"{label}-answer"
    metadata = {"vae_lib": {"written": cell_id}}
    if kind == "nbgrader":
        metadata["nbgrader"] = _nbgrader(cell_id, grade=True, solution=True, points=POINTS)
    return [question, new_markdown_cell(PLACEHOLDER, id=cell_id, metadata=metadata)]


def _statement(label: str, heading: str, points: int, blocks: tuple[Block, ...]) -> NotebookNode:
    return _text(label, "\n\n".join([f"## {heading} ({points} points)", *map(_markdown, blocks)]))


def _function(heading: str, exercise: BookExercise, kind: str) -> list[NotebookNode]:
    name = exercise.function
    points = EXERCISES[name].points
    statement = _statement(exercise.label, heading, points, exercise.statement)
    check = new_code_cell(f"check({name})", id=f"{exercise.label}-check")
    words = _asked(f"{exercise.label}-words", f"{heading}, in words", exercise.words, kind) if exercise.words else []
    code, cell_id = solution_of(exercise), f"{exercise.label}-answer"
    if kind == "student":
        return [statement, new_code_cell(stub(code), id=cell_id), check, *words]
    if kind == "teacher":
        # one sentence may stand for several ways of going wrong
        sentences = "\n".join(dict.fromkeys(f"- {sentence}" for _, sentence in EXERCISES[name].mistakes))
        mistakes = _text(f"{exercise.label}-mistakes", f"`check` names these mistakes:\n\n{sentences}")
        return [statement, *words, *_solution(exercise), mistakes]
    grade = new_code_cell(
        GRADE.format(name=name),
        id=f"{exercise.label}-grade",
        metadata={"nbgrader": _nbgrader(f"{exercise.label}-grade", grade=True, locked=True, points=points)},
    )
    metadata = {"nbgrader": _nbgrader(cell_id, solution=True)}
    return [statement, new_code_cell(_marked(code), id=cell_id, metadata=metadata), check, grade, *words]


def _solution(exercise: BookExercise) -> list[NotebookNode]:
    return [_block(f"{exercise.label}-solution-{i}", block) for i, block in enumerate(exercise.solution)]


def _marked(code: str) -> str:
    """The solution between nbgrader's markers, so that what nbgrader releases is the stub."""
    head, body = head_and_body(code)
    return f"{head}\n    {BEGIN}\n{body}\n    {END}"


def _nbgrader(cell_id: str, *, points: int | None = None, **flags: bool) -> dict:
    settings = {
        "schema_version": 3,
        "grade_id": cell_id,
        "grade": False,
        "solution": False,
        "locked": False,
        "task": False,
    }
    return settings | flags | ({} if points is None else {"points": points})


def _block(cell_id: str, block: Block) -> NotebookNode:
    if block.name == "code-cell":
        return new_code_cell(block.body, id=cell_id)
    return _text(cell_id, _markdown(block))


def _text(cell_id: str, text: str) -> NotebookNode:
    return new_markdown_cell(text, id=cell_id)


def _markdown(block: Block) -> str:
    """MyST as the Markdown that JupyterLab and Colab show: macros spelt out, roles as their text, each block inside it
    as its kind says.
    """
    if not block.name:
        return _prose(block.body)
    kind, body = kind_of(block.name, ""), "\n\n".join(map(_markdown, blocks(block.body)))
    if kind.handout == "details":
        return details(block.argument, body)
    if kind.handout == "section":
        return f"### {kind.label}{_prose(block.argument)}\n\n{body}".strip()
    raise ValueError(f"a {{{block.name}}} has no place here: each cell of a hand-out is words or code")


def _prose(text: str) -> str:
    text = expand_formulas(text, _macros())
    text = re.sub(r"\{[\w:]+\}`([^`<]+?)\s*<[^`>]+>`", r"\1", text)  # {ref}`words <label>` -> words
    text = re.sub(r"\{eq\}`[^`]+`", "the chapter's equation", text)
    text = re.sub(r"\{doc\}`(?:[^`]*/)?([^`/]+)`", lambda role: f"the chapter “{_title(role[1])}”", text)
    if left := re.search(r"\{[\w:]+\}`[^`]*`", text):
        raise ValueError(f"a section of exercises cannot hold {left[0]}: its words are known in the built book only")
    return text


def _title(page: str) -> str:
    path = BOOK / "chapters" / f"{page}.md"
    if found := re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.M):
        return found[1]
    raise ValueError(f"{path.name}: no title, expected a line that begins with '# '")


@cache  # every block asks for them
def _macros() -> Mapping[str, object]:
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    return macros(config["sphinx"]["config"]["mathjax3_config"])
