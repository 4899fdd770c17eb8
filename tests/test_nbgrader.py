"""The same class through real nbgrader: handed out, autograded, given feedback, and marked as our own marker does."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
from classroom import classroom

from vae_lib.exercises import assignment

NAMES = list(classroom(assignment.notebook("elbo", "student")))


def nbgrader(course: Path, *arguments: str) -> subprocess.Popen:
    bin_folder = Path(sys.executable).parent  # nbgrader calls alembic by its name
    environment = os.environ | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    with (course / "log.txt").open("a") as log:
        return subprocess.Popen(
            [bin_folder / "nbgrader", *arguments], cwd=course, env=environment, stdout=log, stderr=log
        )


@pytest.fixture(scope="module")
def courses(tmp_path_factory) -> list[Path]:
    """Two courses with half of the class each, autograded side by side."""
    folders = [tmp_path_factory.mktemp(f"course-{i}") for i in range(2)]
    for i, folder in enumerate(folders):
        assignment.write(["elbo"], "nbgrader", folder)
        assert nbgrader(folder, "generate_assignment", "elbo").wait() == 0, (folder / "log.txt").read_text()
        released = nbformat.read(folder / "release" / "elbo" / "elbo.ipynb", as_version=4)
        for name, student in list(classroom(released).items())[i::2]:
            path = folder / "submitted" / name / "elbo" / "elbo.ipynb"
            path.parent.mkdir(parents=True)
            notebook = student.notebook
            path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")
    for step in ("autograde", "generate_feedback"):  # the exit code is 1: one of the files is no notebook
        for running in [nbgrader(folder, step, "elbo") for folder in folders]:
            running.wait()
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
