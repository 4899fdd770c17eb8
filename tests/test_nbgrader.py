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


def nbgrader(course: Path, *arguments: str) -> subprocess.CompletedProcess:
    bin_folder = Path(sys.executable).parent  # nbgrader calls alembic by its name
    environment = os.environ | {"PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"}
    return subprocess.run(
        [bin_folder / "nbgrader", *arguments], cwd=course, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("course")
    assignment.write(["elbo"], "nbgrader", folder)
    done = nbgrader(folder, "generate_assignment", "elbo")
    assert done.returncode == 0, done.stderr
    released = nbformat.read(folder / "release" / "elbo" / "elbo.ipynb", as_version=4)
    for name, student in classroom(released).items():
        path = folder / "submitted" / name / "elbo" / "elbo.ipynb"
        path.parent.mkdir(parents=True)
        notebook = student.notebook
        path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")
    nbgrader(folder, "autograde", "elbo")  # its exit code is 1: one of the files is no notebook
    nbgrader(folder, "generate_feedback", "elbo")
    return folder


@pytest.fixture(scope="module")
def scores(course: Path) -> dict[str, dict[str, float]]:
    """student -> cell -> what nbgrader gave."""
    with warnings.catch_warnings(action="ignore"):  # deprecations within nbgrader's database
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{course}/gradebook.db") as gradebook:
            return {
                name: {
                    grade.name: grade.auto_score or 0.0
                    for notebook in gradebook.find_submission("elbo", name).notebooks
                    for grade in notebook.grades
                }
                for name in NAMES
            }


def test_what_is_released_holds_no_solution(course):
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
def test_every_student_gets_feedback(course, name):
    page = (course / "feedback" / name / "elbo" / "elbo.html").read_text(encoding="utf-8")
    assert "my_iwae_bound: " in page


def test_answers_in_words_wait_for_the_teacher(course):
    notebook = nbformat.read(course / "autograded" / "right" / "elbo" / "elbo.ipynb", as_version=4)
    waiting = [
        cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("answer")
    ]
    assert [cell.source for cell in waiting] == ["*Write your answer here.*"] * 2
