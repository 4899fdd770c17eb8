"""A class of submissions, marked: right, wrong, broken, hanging, greedy and dishonest ones, each with its reason."""

import csv
import html
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from classroom import cell_of, classroom
from nbformat.v4 import new_code_cell, new_notebook

from vae_lib.exercises import assignment, marking, running

CLASS = classroom(assignment.notebook("elbo", "student"))


def hand_in(folder: Path, students: dict) -> Path:
    for name, student in students.items():
        path = folder / name / "elbo.ipynb"
        path.parent.mkdir(parents=True)
        notebook = student.notebook
        path.write_text(notebook if isinstance(notebook, str) else json.dumps(notebook), encoding="utf-8")
    return folder


def grades(out: Path) -> dict[str, dict[str, str]]:
    with (out / "grades.csv").open(encoding="utf-8", newline="") as file:
        return {row.pop("student"): row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def marked(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("class")
    marking.mark(hand_in(folder / "submitted", CLASS), folder / "marked")
    return folder / "marked"


@pytest.mark.parametrize("name", CLASS)
class TestClass:
    def test_gets_the_marks_it_deserves(self, marked, name):
        row = grades(marked)[name]
        assert (float(row["my_kl"]), float(row["my_iwae_bound"])) == CLASS[name].marks
        assert float(row["total"]) == sum(CLASS[name].marks)
        assert float(row["of"]) == 7

    def test_is_told_why(self, marked, name):
        page = html.unescape((marked / f"{name}.html").read_text(encoding="utf-8"))
        assert CLASS[name].said in page
        assert f"<strong>{sum(CLASS[name].marks):g} of 7 points</strong>" in page


def test_processes_that_a_notebook_left_behind_are_ended(marked):
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
    assert not any(b"61321" in command for command in running)


def test_answers_in_words_stand_on_the_page_for_the_teacher(tmp_path):
    notebook = assignment.notebook("elbo", "student")
    answer = next(cell for cell in notebook.cells if "written" in cell.metadata.get("vae_lib", {}))
    answer.source = "Where $z^2 > 0.46$ <b>"
    (tmp_path / "ann.ipynb").write_text(json.dumps(notebook))
    marking.mark(tmp_path, tmp_path / "out")
    page = (tmp_path / "out" / "ann.html").read_text()
    assert "Where $z^2 &gt; 0.46$ &lt;b&gt;" in page
    assert "A bound in the mean" in page


def test_what_cannot_be_interrupted_is_stopped_and_the_rest_still_marked(tmp_path, monkeypatch):
    """A loop that catches everything outlives the time limit within; a process that is killed outlives nothing."""
    monkeypatch.setattr(running, "SECONDS", 30)  # imports take 5 of them, and more where the cores are busy
    deaf = "while True:\n        try:\n            while True: sum(range(1000))\n        except BaseException: pass"
    hanging, killed, cell = (assignment.notebook("elbo", "student") for _ in range(3))
    right = CLASS["right"].notebook
    for notebook in (hanging, killed, cell):
        for name in ("my_kl", "my_iwae_bound"):
            cell_of(notebook, name).source = cell_of(right, name).source
    cell_of(hanging, "my_kl").source = f"def my_kl(mean, log_var):\n    {deaf}"
    cell_of(killed, "my_kl").source = "import os\ndef my_kl(mean, log_var):\n    os.kill(os.getpid(), 9)"
    cell.cells.insert(1, new_code_cell("import os\nos.kill(os.getpid(), 9)"))
    for name, notebook in (("hanging", hanging), ("killed", killed), ("cell", cell)):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook))
    marking.mark(tmp_path, tmp_path / "out")
    rows = grades(tmp_path / "out")
    assert {name: (row["my_kl"], row["my_iwae_bound"]) for name, row in rows.items()} == {
        "hanging": ("0.0", "3.0"), "killed": ("0.0", "3.0"), "cell": ("4.0", "3.0")
    }  # fmt: skip
    assert "did not come to an end in 30 s" in (tmp_path / "out" / "hanging.html").read_text()
    assert "ended the interpreter (exit code -9)" in (tmp_path / "out" / "killed.html").read_text()


def test_the_better_of_two_notebooks_of_one_student_counts(tmp_path):
    for file, student in (("a.ipynb", "negative-kl"), ("b.ipynb", "right")):
        path = tmp_path / "in" / "ann" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(CLASS[student].notebook))
    marking.mark(tmp_path / "in", tmp_path / "out")
    assert grades(tmp_path / "out")["ann"]["total"] == "7.0"


def test_what_lies_about_among_the_submissions_costs_nobody_the_marks(tmp_path):
    right = json.dumps(CLASS["right"].notebook)
    odd = json.loads(right)
    for about in ("x", {"written": 5}):
        odd["cells"].insert(0, {"cell_type": "markdown", "source": "a lone \ud800", "metadata": {"vae_lib": about}})
    names = {"odd": json.dumps(odd), "bom": "\ufeff" + right, "n" * 245: right, "Zoë Ä ß": right}
    submitted = tmp_path / "in"
    (submitted / "folder.ipynb").mkdir(parents=True)
    (submitted / "nowhere.ipynb").symlink_to("/nowhere/at/all.ipynb")
    for name, text in names.items():
        (submitted / f"{name}.ipynb").write_text(text, encoding="utf-8")
    try:
        (submitted / os.fsdecode(b"\xff.ipynb")).write_text(right)
        names["?"] = right
    except OSError:
        pass  # a file system that wants proper names
    marking.mark(submitted, tmp_path / "out")
    totals = {name: row["total"] for name, row in grades(tmp_path / "out").items()}
    assert totals == dict.fromkeys(names, "7.0") | {"nowhere": "0.0"}
    assert (
        "could not be read or run as a notebook (FileNotFoundError" in (tmp_path / "out" / "nowhere.html").read_text()
    )
    assert len(list((tmp_path / "out").iterdir())) == len(totals) + 1  # nothing is left beside them


class TestBadInput:
    def test_a_folder_that_is_none_or_holds_no_notebook_is_named(self, tmp_path):
        with pytest.raises(ValueError, match=r"submissions: .*nowhere is no folder"):
            marking.mark(tmp_path / "nowhere", tmp_path / "out")
        with pytest.raises(ValueError, match=r"no notebook in .*expected NAME.ipynb or NAME/\*.ipynb"):
            marking.mark(tmp_path, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_notebooks_without_an_exercise_are_told_apart_from_empty_folders(self, tmp_path):
        (tmp_path / "ann.ipynb").write_text(json.dumps(new_notebook(cells=[new_code_cell("x = 1")])))
        with pytest.raises(ValueError, match="holds a function of the book's exercises"):
            marking.mark(tmp_path, tmp_path / "out")

    def test_an_unknown_chapter_is_named(self, tmp_path):
        (tmp_path / "ann.ipynb").write_text(json.dumps(CLASS["right"].notebook))
        with pytest.raises(ValueError, match="chapters: nowhere, expected some of .*elbo"):
            marking.mark(tmp_path, tmp_path / "out", ["nowhere"])


def test_what_is_printed_and_drawn_afterwards_is_what_it_would_have_been(tmp_path, capsys):
    """Trying functions sets the random state and swallows what is printed: not for the one who marks."""
    for i in range(6):
        (tmp_path / f"student-{i}.ipynb").write_text(json.dumps(CLASS["right"].notebook))
    before = torch.get_rng_state()
    marking.mark(tmp_path, tmp_path / "out")
    print("still heard")
    assert torch.equal(torch.get_rng_state(), before)
    assert "still heard" in capsys.readouterr().out


def test_a_name_that_a_spreadsheet_would_compute_stays_a_name(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "=1+1.ipynb").write_text(json.dumps(CLASS["right"].notebook))
    marking.mark(tmp_path / "in", tmp_path / "out")
    assert grades(tmp_path / "out")["'=1+1"]["total"] == "7.0"


def test_limits_of_the_machine_that_are_tighter_than_ours_cost_nobody_the_marks(tmp_path):
    (tmp_path / "ann.ipynb").write_text(json.dumps(CLASS["right"].notebook))
    command = f"ulimit -f 20000; exec {sys.executable} -m vae_lib mark . -o out"
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    assert grades(tmp_path / "out")["ann"]["total"] == "7.0"


def test_where_no_notebook_can_be_run_nobody_is_marked_and_the_reason_is_told(tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "nbformat.py").write_text("raise ImportError('this nbformat is broken')")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    (tmp_path / "ann.ipynb").write_text(json.dumps(CLASS["right"].notebook))
    with pytest.raises(OSError, match="fails on this machine: ImportError: this nbformat is broken"):
        marking.mark(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / "grades.csv").exists()


@pytest.mark.parametrize("thing", ["os.mkfifo(file)", "os.symlink('/dev/zero', file)", "file.mkdir()"])
def test_what_a_notebook_puts_in_the_place_of_its_results_holds_up_nobody(tmp_path, thing):
    forger = json.loads(json.dumps(CLASS["right"].notebook))
    code = (
        f"import os\nfrom pathlib import Path\nfor file in Path('..').glob('*.jsonl'):\n    file.unlink()\n    {thing}"
    )
    forger["cells"].insert(0, new_code_cell(code))
    (tmp_path / "forger.ipynb").write_text(json.dumps(forger))
    (tmp_path / "right.ipynb").write_text(json.dumps(CLASS["right"].notebook))
    marking.mark(tmp_path, tmp_path / "out")
    assert {name: row["total"] for name, row in grades(tmp_path / "out").items()} == {"forger": "0.0", "right": "7.0"}


@pytest.mark.parametrize("line", ["3", '{"name": "my_kl", "seen": 1}', '{"trying": {}}', "{", "\\udc80"])
def test_results_that_a_notebook_forges_cost_nobody_else_anything(tmp_path, line):
    """The worker's file is found by looking for it; what stands in it is not believed."""
    forger = json.loads(json.dumps(CLASS["right"].notebook))
    forge = f"for file in Path('..').glob('*.jsonl'): file.write_text({line!r} + chr(10), errors='replace')"
    code = f"import os\nfrom pathlib import Path\n{forge}\nos.kill(os.getpid(), 9)"
    forger["cells"].insert(0, new_code_cell(code))
    (tmp_path / "forger.ipynb").write_text(json.dumps(forger))
    (tmp_path / "right.ipynb").write_text(json.dumps(CLASS["right"].notebook))
    marking.mark(tmp_path, tmp_path / "out")
    assert grades(tmp_path / "out")["right"]["total"] == "7.0"
