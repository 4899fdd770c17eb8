"""`python -m vae_course`: what it writes and prints, its errors, and what interrupts it."""

import sys
from pathlib import Path

import nbformat
import pytest
import terminal

from vae_course import cli
from vae_course.bank import CHAPTERS


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `python -m vae_course ARGUMENTS`."""
    return terminal.run(capsys, cli, *arguments)


def test_assignments_are_written_and_marked(capsys, tmp_path):
    code, out, _ = run(capsys, "assignment", "elbo", "mnist", "--student", "in")
    assert (code, out) == (0, f"wrote {Path('in/elbo.ipynb')}\nwrote {Path('in/mnist.ipynb')}\n")
    (tmp_path / "in" / "mnist.ipynb").rename(tmp_path / "in" / "elbo.ipynb")
    code, out, err = run(capsys, "mark", "in", "-o", "out", "--chapters", "mnist")
    wrote = f"wrote {Path('out/grades.csv')}, and beside it a page of feedback for each student\n"
    assert (code, out) == (0, f"1 submission, 1 marked.\n{wrote}")
    assert "marking" in err  # the progress bar
    assert (tmp_path / "out" / "elbo.html").exists()
    header, row = (tmp_path / "out" / "grades.csv").read_text().splitlines()
    words = "written: ex-mnist-floor,written: ex-mnist-report"
    assert header == f"student,my_binarize,my_bernoulli_log_prob,my_negative_elbo,total,of,{words},note"
    assert row == "elbo,0.0,0.0,0.0,0.0,10,,,"


def test_a_chapter_named_twice_is_written_once(capsys, tmp_path):
    code, out, _ = run(capsys, "assignment", "elbo", "elbo", "--nbgrader", "ein Kurs für Ä")
    assert (code, out) == (0, f"wrote {Path('ein Kurs für Ä/source/elbo/elbo.ipynb')}\n")
    assert "# The course's settings." in (tmp_path / "ein Kurs für Ä" / "nbgrader_config.py").read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "COMMAND"),
        (["paint"], "paint"),
        (["assignment", "elbo"], "--student --teacher --nbgrader"),
        (["assignment", "nowhere", "--student", "out"], "nowhere"),
        (["assignment", "elbo", "--student", "a", "--teacher", "b"], "not allowed with"),
        (["mark"], "SUBMISSIONS"),
        (["mark", "nowhere", "-o", "out"], "nowhere is no folder"),
        (["mark", "."], "-o"),
        (["mark", ".", "-o", "out"], "expected NAME.ipynb"),
    ],
)
def test_a_call_that_makes_no_sense_exits_2_and_names_what_is_wrong(capsys, arguments, named):
    terminal.assert_senseless(capsys, cli, arguments, named)


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ([], ["assignment", "mark"]),
        (["assignment"], ["CHAPTER", "--student", "--teacher", "--nbgrader", "elbo", "rate_distortion"]),
        (["mark"], ["SUBMISSIONS", "--out", "--chapters", "grades.csv"]),
    ],
)
def test_help_mentions_every_option(capsys, command, options):
    terminal.assert_helps(capsys, cli, command, options)


def test_an_interrupted_marking_says_one_line(tmp_path):
    cell = "def my_kl(mean, log_var): return 0\nopen('{}', 'w')\nimport time\ntime.sleep(10)"
    (tmp_path / "in").mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.format(tmp_path / "running"))])
    for student in ("ann", "bob", "eve"):
        nbformat.write(notebook, tmp_path / "in" / f"{student}.ipynb")
    command = [sys.executable, "-m", "vae_course", "mark", tmp_path / "in", "-o", tmp_path / "out"]
    code, out, err = terminal.interrupt(command, terminal.environment(TQDM_DISABLE="1"), (tmp_path / "running").exists)
    said = "python -m vae_course: interrupted; what was there is as it was, run the same command again\n"
    assert (code, out, err) == (130, "", said)
    assert not (tmp_path / "out" / "grades.csv").exists()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("--help", 0),
        ("mark --help", 0),
        ("", 2),
        ("assignment misspelt --student out", 2),
        ("mark misspelt -o out", 2),
        ("mark . -o out --chapters misspelt", 2),
    ],
)
def test_help_and_mistakes_are_answered_without_the_libraries_that_take_seconds(tmp_path, arguments, code):
    terminal.assert_quick(cli, arguments, code, tmp_path)


def test_the_chapters_are_the_banks():
    assert set(cli.CHAPTERS) == set(CHAPTERS)
