"""The same class through real nbgrader: handed out, autograded, given feedback, and marked as our own marker does."""

import copy
import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
from classroom import classroom
from nbformat.v4 import new_markdown_cell

from vae_course.handout import assignment, written

NAMES = list(classroom(assignment.notebook("elbo", "student")))
PICTURES = [{"image/png": text} for text in ("aGFuZA==", "aGVhZA==")]
WITHIN = 900  # seconds for a step
FIRST, LAST = (title for _, title, _ in written.questions(["elbo"]))


def worded(released: nbformat.NotebookNode, minor: int = 0) -> nbformat.NotebookNode:
    """Both questions answered in two cells each below them, with pasted pictures; neither metadata nor, in 4.0, ids."""
    notebook = copy.deepcopy(released)
    for place in reversed([i for i, cell in enumerate(notebook.cells) if written.ASKED in cell.source]):
        title = FIRST if FIRST in notebook.cells[place].source else LAST
        notebook.cells[place + 1 : place + 2] = [
            new_markdown_cell(f"{title} {i} ![](attachment:image.png)", attachments={"image.png": picture})
            for i, picture in enumerate(PICTURES)
        ]
    for i, cell in enumerate(notebook.cells):
        cell.metadata.clear()
        cell["id"] = f"new-{i}"
        if minor < 5:
            del cell["id"]
    notebook.nbformat_minor = minor
    return notebook


def the_answer_to(title: str) -> str:
    return f"{title} 0 ![](attachment:image.png)\n\n{title} 1 ![](attachment:1-image.png)"


def nbgrader(course: Path, *arguments: str) -> subprocess.Popen:
    bin_folder = Path(sys.executable).parent  # nbgrader calls alembic by its name
    environment = os.environ | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    with (course / "log.txt").open("a") as log:
        return subprocess.Popen(
            [bin_folder / "nbgrader", *arguments], cwd=course, env=environment, stdout=log, stderr=log
        )


def ended(process: subprocess.Popen) -> int:
    """The exit code. Raises TimeoutExpired: nbgrader waits for ever for a kernel whose ports another process took."""
    try:
        return process.wait(WITHIN)
    finally:
        process.kill()


@pytest.fixture(scope="module")
def courses(tmp_path_factory) -> list[Path]:
    """Two courses with half of the class each, autograded side by side."""
    folders = [tmp_path_factory.mktemp(f"course-{i}") for i in range(2)]
    for i, folder in enumerate(folders):
        assignment.write(["elbo"], "nbgrader", folder)
        assert ended(nbgrader(folder, "generate_assignment", "elbo")) == 0, (folder / "log.txt").read_text()
        released = nbformat.read(folder / "release" / "elbo" / "elbo.ipynb", as_version=4)
        submitted = {name: student.notebook for name, student in list(classroom(released).items())[i::2]}
        for name, notebook in (submitted | {"worded": worded(released)}).items():
            path = folder / "submitted" / name / "elbo" / "elbo.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")
    for step in ("autograde", "generate_feedback"):  # the exit code is 1: one of the files is no notebook
        for running in [nbgrader(folder, step, "elbo") for folder in folders]:
            ended(running)
    return folders


@pytest.fixture(scope="module")
def scores(courses: list[Path]) -> dict[str, dict[str, float]]:
    """student -> cell -> what nbgrader gave."""
    given = {}
    with warnings.catch_warnings(action="ignore"):  # deprecations within nbgrader's database
        from nbgrader.api import Gradebook

        for course in courses:
            with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
                for submission in gradebook.assignment_submissions("elbo"):
                    grades = [grade for notebook in submission.notebooks for grade in notebook.grades]
                    given[submission.student.id] = {grade.name: grade.auto_score or 0.0 for grade in grades}
    return given


def test_what_is_released_holds_no_solution(courses):
    course = courses[0]
    text = (course / "release" / "elbo" / "elbo.ipynb").read_text()
    assert "raise NotImplementedError" in text
    for line in ("0.5 * (mean**2", "log_weights.logsumexp", "SOLUTION", "HIDDEN", "globals()"):
        assert line in (course / "source" / "elbo" / "elbo.ipynb").read_text() or line == "HIDDEN"
        assert line not in text


@pytest.mark.parametrize("name", NAMES)
def test_marks_are_those_of_our_own_marker(scores, name):
    expected = classroom(assignment.notebook("elbo", "student"))[name].marks
    given = scores[name]
    assert (given.get("ex-elbo-kl-grade", 0.0), given.get("ex-elbo-iwae-grade", 0.0)) == expected


@pytest.mark.parametrize("name", [name for name in NAMES if name != "no-notebook"])
def test_every_student_gets_feedback(courses, name):
    (page,) = (path for course in courses for path in course.glob(f"feedback/{name}/elbo/elbo.html"))
    assert "my_iwae_bound: " in page.read_text(encoding="utf-8")


def test_answers_in_words_wait_for_the_teacher(courses):
    notebook = nbformat.read(courses[0] / "autograded" / "right" / "elbo" / "elbo.ipynb", as_version=4)
    settings = [(cell, cell.metadata.get("nbgrader", {})) for cell in notebook.cells]
    waiting = [cell.source for cell, its in settings if its.get("grade") and its["grade_id"].endswith("answer")]
    assert waiting == ["*Write your answer here.*"] * 2


def test_an_answer_stands_below_its_question_wherever_it_was_written(courses):
    course = courses[0]
    notebook = nbformat.read(course / "autograded" / "worded" / "elbo" / "elbo.ipynb", as_version=4)
    for question, cell in zip(notebook.cells, notebook.cells[1:], strict=False):
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("answer"):
            title = FIRST if "single-draw" in cell.metadata.nbgrader.grade_id else LAST
            assert question.source.startswith(f"## Exercise {1 if title == FIRST else 4}: {title} (3 points)")
            assert cell.source == the_answer_to(title)
            assert cell.attachments == {"image.png": PICTURES[0], "1-image.png": PICTURES[1]}
    page = (course / "feedback" / "worded" / "elbo" / "elbo.html").read_text(encoding="utf-8")
    order = [page.index(text) for text in (f": {FIRST} (3", f"{FIRST} 0", f"{FIRST} 1", f": {LAST} (3", f"{LAST} 0")]
    assert order == sorted(order)
    assert page.count(f"{FIRST} 0") == 1


@pytest.mark.parametrize(("name", "waits"), [("worded", True), ("right", False)])
def test_an_answer_waits_for_its_points_and_an_untouched_question_has_none(courses, name, waits):
    with warnings.catch_warnings(action="ignore"):
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{courses[0]}/gradebook.db") as gradebook:
            (notebook,) = gradebook.find_submission("elbo", name).notebooks
            answers = {each.name: each for each in notebook.grades if each.name.endswith("answer")}
            assert {each: bool(grade.needs_manual_grade) for each, grade in answers.items()} == {
                "ex-elbo-single-draw-answer": waits,
                "ex-elbo-tighter-answer": waits,
            }
            assert [grade.max_score for grade in answers.values()] == [3, 3]


def collected(course: Path, notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    with warnings.catch_warnings(action="ignore"):
        from vae_course.handout.nbgrader import CollectAnswers

        about = {"db_url": f"sqlite:///{course}/gradebook.db", "notebook": "elbo", "assignment": "elbo"}
        return CollectAnswers().preprocess(notebook, {"nbgrader": about})[0]


@pytest.mark.parametrize("minor", range(6))
def test_the_notebook_is_valid_in_whatever_minor_format_it_came(courses, minor):
    released = nbformat.read(courses[0] / "release" / "elbo" / "elbo.ipynb", as_version=4)
    nbformat.validate(collected(courses[0], worded(released, minor)))


def test_an_answer_whose_question_was_deleted_is_named(courses):
    released = nbformat.read(courses[0] / "release" / "elbo" / "elbo.ipynb", as_version=4)
    first = next(i for i, cell in enumerate(released.cells) if written.ASKED in cell.source)
    released.cells[first + 1].source = "For small $z$."
    del released.cells[first]
    cells = collected(courses[0], released).cells
    place = next(i for i, cell in enumerate(cells) if cell.source == "For small $z$.")
    assert cells[place - 1].source == f"## The answer to “{FIRST}”"


def test_a_question_deleted_with_its_cell_is_named_and_waits(courses):
    released = nbformat.read(courses[0] / "release" / "elbo" / "elbo.ipynb", as_version=4)
    released.cells = [cell for cell in released.cells if not cell.id.startswith("ex-elbo-tighter")]
    cells = collected(courses[0], released).cells
    assert [cell.source for cell in cells[-2:]] == [f"## The answer to “{LAST}”", "*No answer was found.*"]
