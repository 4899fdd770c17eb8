"""Notebooks for a class, made from the book's chapters: for the student, for the teacher, and for nbgrader.

One source: the chapter's section of exercises (source.py). What the student gets holds no line of a solution.
"""

import re
from functools import cache
from pathlib import Path

import nbformat
import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from vae_lib.exercises.bank import CHAPTERS, EXERCISES
from vae_lib.exercises.source import Block, BookExercise, exercises, head_and_body, solution_of, stub

BOOK = Path(__file__).parents[2] / "book"
WRITTEN_POINTS = 3  # for an answer in words; the teaching guide says how to give them
KINDS = ("student", "teacher", "nbgrader")

INTRODUCTION = (
    "# {title}: exercises\n\n"
    "Write each function in the place of `raise NotImplementedError`, keep its name, and run the cell with `check` "
    "below it: it says what is wrong. `hint({function}, 1)` helps. Where an answer is asked for in words, write it "
    "into the cell below the question."
)
ANSWER = "*Write your answer here.*"
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
PROTECT = "from vae_lib.exercises.limits import protect\n\nprotect(globals())"
GRADE = """\
# This cell gives the marks for {name}.
### BEGIN HIDDEN TESTS
import sys

for module in [module for module in sys.modules if module.startswith("vae_lib.exercises")]:
    del sys.modules[module]
from vae_lib.exercises import grade

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
    "vae_lib.exercises.nbgrader.CollectAnswers",
    "nbgrader.preprocessors.OverwriteKernelspec",
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
"""


def write(chapters: list[str], kind: str, folder: Path) -> list[Path]:
    """Write a notebook for each chapter into the folder, and return their paths.

    kind: "student", "teacher" or "nbgrader" (a course folder with source/CHAPTER/CHAPTER.ipynb and nbgrader_config.py;
    one that is there already stays as the teacher has it).
    Raises ValueError for an unknown chapter or kind, FileNotFoundError where the book is not beside the package.
    """
    if kind not in KINDS:
        raise ValueError(f"kind: {kind!r}, expected one of {', '.join(KINDS)}")
    unknown = [name for name in chapters if name not in CHAPTERS]
    if unknown or not chapters:
        raise ValueError(f"chapters: {', '.join(unknown) or 'none'}, expected some of {', '.join(CHAPTERS)}")
    if not BOOK.is_dir():
        raise FileNotFoundError(
            f"{BOOK}: assignments are made from the book's chapters, so run this in a clone of the book"
        )
    notebooks = {name: notebook(name, kind) for name in chapters}  # each once; all are made before any is written
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, made in notebooks.items():
        path = folder / "source" / name / f"{name}.ipynb" if kind == "nbgrader" else folder / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.validate(made)
        path.write_text(nbformat.writes(made), encoding="utf-8")
        paths.append(path)
    config = folder / "nbgrader_config.py"
    if kind == "nbgrader" and not config.exists():
        config.write_text(NBGRADER_CONFIG.format(answer=ANSWER), encoding="utf-8")
    return paths


def notebook(chapter: str, kind: str) -> NotebookNode:
    """The notebook of one chapter's exercises."""
    opening, found = exercises(BOOK / "chapters" / f"{chapter}.md")
    functions = [each.function for each in found if each.function]
    cells = [_text("introduction", INTRODUCTION.format(title=_title(chapter), function=functions[0]))]
    cells += [_block(f"opening-{i}", block) for i, block in enumerate(opening)]
    for number, exercise in enumerate(found, 1):
        cells += _exercise(number, exercise, kind)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def _exercise(number: int, exercise: BookExercise, kind: str) -> list[NotebookNode]:
    points = EXERCISES[exercise.function].points if exercise.function else WRITTEN_POINTS
    statement = "\n\n".join(_markdown(block) for block in exercise.statement if block.name != "starter")
    cells = [_text(exercise.label, f"## Exercise {number}: {exercise.title} ({points} points)\n\n{statement}")]
    answer = _written if not exercise.function else _function
    return cells + answer(exercise, kind, points)


def _written(exercise: BookExercise, kind: str, points: int) -> list[NotebookNode]:
    cell_id = f"{exercise.label}-answer"
    if kind == "teacher":
        return _solution(exercise)
    metadata = {"vae_lib": {"written": exercise.title}}
    if kind == "nbgrader":
        metadata["nbgrader"] = _nbgrader(cell_id, grade=True, solution=True, points=points)
    return [new_markdown_cell(ANSWER, id=cell_id, metadata=metadata)]


def _function(exercise: BookExercise, kind: str, points: int) -> list[NotebookNode]:
    name = exercise.function
    check = new_code_cell(f"check({name})", id=f"{exercise.label}-check")
    code, cell_id = solution_of(exercise), f"{exercise.label}-answer"
    if kind == "student":
        return [new_code_cell(stub(code), id=cell_id), check]
    if kind == "teacher":
        # one sentence may stand for several ways of going wrong
        sentences = "\n".join(dict.fromkeys(f"- {sentence}" for _, sentence in EXERCISES[name].mistakes))
        return [
            *_solution(exercise),
            _text(f"{exercise.label}-mistakes", f"`check` names these mistakes:\n\n{sentences}"),
        ]
    grade = new_code_cell(
        GRADE.format(name=name),
        id=f"{exercise.label}-grade",
        metadata={"nbgrader": _nbgrader(f"{exercise.label}-grade", grade=True, locked=True, points=points)},
    )
    metadata = {"nbgrader": _nbgrader(cell_id, solution=True)}
    return [new_code_cell(_marked(code), id=cell_id, metadata=metadata), check, grade]


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
    """MyST as the Markdown that JupyterLab and Colab show: macros spelt out, roles as their text, dropdowns as
    details.
    """
    text = block.body
    for name, meaning in _macros().items():
        text = re.sub(rf"\\{name}(?![a-zA-Z])", lambda _, meaning=meaning: meaning, text)
    text = re.sub(r"\{[\w:]+\}`([^`<]+?)\s*<[^`>]+>`", r"\1", text)  # {ref}`words <label>` -> words
    text = re.sub(r"\{eq\}`[^`]+`", "the chapter's equation", text)
    text = re.sub(r"\{doc\}`(?:[^`]*/)?([^`/]+)`", lambda role: f"the chapter “{_title(role[1])}”", text)
    if block.name == "dropdown":
        return f"<details><summary>{block.argument}</summary>\n\n{text}\n\n</details>"
    if block.name:
        raise ValueError(f"a section of exercises cannot hold a {{{block.name}}}: no notebook would show it")
    return text


def _title(page: str) -> str:
    return re.search(r"^# (.+)$", (BOOK / "chapters" / f"{page}.md").read_text(encoding="utf-8"), re.M)[1]


@cache  # every block asks for them
def _macros() -> dict[str, str]:
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    return config["sphinx"]["config"]["mathjax3_config"]["tex"]["macros"]
