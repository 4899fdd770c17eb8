"""A class of submissions, marked: right, wrong, broken, hanging, greedy and dishonest ones, each with its reason."""

import copy
import csv
import html
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from pathlib import Path

import pytest
import torch
from bs4 import BeautifulSoup
from classroom import IWAE, KL, Student, cell_of, classroom
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from vae_course.bank import EXERCISES
from vae_course.checking.exercise import attempt
from vae_course.checking.report import judge
from vae_course.handout import assignment
from vae_course.marking import feedback, mark, running

CLASS = classroom(assignment.notebook("elbo", "student"))
RIGHT = CLASS["right"].notebook


def begins_with(code: str) -> NotebookNode:
    """A right notebook that runs this first."""
    notebook = copy.deepcopy(RIGHT)
    notebook.cells.insert(0, new_code_cell(code))
    return notebook


def with_words(words: str) -> NotebookNode:
    """A right notebook with an answer in words."""
    notebook = copy.deepcopy(RIGHT)
    answer = next(cell for cell in notebook.cells if "written" in cell.metadata.get("vae_lib", {}))
    answer.source = words
    return notebook


# The worker finds its file at its name; what stands in it is not believed, and what stands in its place is not read.
PUTS = "import os\nfrom pathlib import Path\nfor file in Path('..').glob('*.jsonl'):\n    file.unlink()\n    {}"
THINGS = ["os.mkfifo(file)", "os.symlink('/dev/zero', file)", "file.mkdir()"]
FORGES = """\
import os
from pathlib import Path
for file in Path('..').glob('*.jsonl'): file.write_text({!r} + chr(10), errors='replace')
os.kill(os.getpid(), 9)"""
LINES = ["3", '{"name": "my_kl", "seen": 1}', '{"trying": {}}', "{", "\\udc80"]
FORGERS = {f"puts-{i}": Student(begins_with(PUTS.format(thing)), (0, 0)) for i, thing in enumerate(THINGS)}
FORGERS |= {f"forges-{i}": Student(begins_with(FORGES.format(line)), (0, 0)) for i, line in enumerate(LINES)}
OTHERS = {"=1+1": Student(with_words("Where $z^2 > 0.46$ <b>"), (4, 3))}


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
def marking(tmp_path_factory) -> tuple[Path, bool, bool]:
    """The whole class, marked once: the folder; whether the random state and sys.stdout are what they were."""
    folder = tmp_path_factory.mktemp("class")
    random, out = torch.get_rng_state(), sys.stdout
    mark.mark(hand_in(folder / "submitted", CLASS | FORGERS | OTHERS), folder / "marked")
    return folder / "marked", torch.equal(torch.get_rng_state(), random), sys.stdout is out


@pytest.fixture(scope="module")
def marked(marking) -> Path:
    return marking[0]


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


def test_answers_in_words_stand_on_the_page_for_the_teacher(marked):
    page = (marked / "=1+1.html").read_text()
    assert "Where $z^2 &gt; 0.46$ &lt;b&gt;" in page
    assert "A bound in the mean" in page


def test_nothing_on_a_page_is_taken_for_html_or_for_a_template():
    hostile = "<script>{{ 1 + 1 }}</script>{% raw %}'\"&"
    exercise = EXERCISES["my_kl"]

    def raises(*_):
        raise ValueError(hostile)

    earned = [
        feedback.Mark(exercise, 0.0, None, hostile),
        feedback.Mark(exercise, 0.0, judge(exercise, attempt(raises, exercise))),
    ]
    found = BeautifulSoup(feedback.page(hostile, earned, [hostile], []), "html.parser")
    assert found.script is None
    assert found.title.text == found.h1.text == hostile
    assert [each.text for each in found.find_all("p")][1:] == [hostile, hostile]
    assert f"Your function raised ValueError: {hostile}" in found.select_one(".vae-check").text


def test_what_cannot_be_interrupted_is_stopped_and_the_rest_still_marked(tmp_path, monkeypatch):
    """A loop that catches everything outlives the time limit within; a process that is killed outlives nothing."""
    monkeypatch.setattr(running, "SECONDS", 30)  # imports take 5 of them, and more where the cores are busy
    deaf = "while True:\n        try:\n            while True: time.sleep(1)\n        except BaseException: pass"
    hanging, killed, cell = (assignment.notebook("elbo", "student") for _ in range(3))
    for notebook in (hanging, killed, cell):
        for name in ("my_kl", "my_iwae_bound"):
            cell_of(notebook, name).source = cell_of(RIGHT, name).source
    cell_of(hanging, "my_kl").source = f"import time\ndef my_kl(mean, log_var):\n    {deaf}"
    cell_of(killed, "my_kl").source = "import os\ndef my_kl(mean, log_var):\n    os.kill(os.getpid(), 9)"
    cell.cells.insert(1, new_code_cell("import os\nos.kill(os.getpid(), 9)"))
    for name, notebook in (("hanging", hanging), ("killed", killed), ("cell", cell)):
        (tmp_path / f"{name}.ipynb").write_text(json.dumps(notebook))
    mark.mark(tmp_path, tmp_path / "out")
    rows = grades(tmp_path / "out")
    assert {name: (row["my_kl"], row["my_iwae_bound"]) for name, row in rows.items()} == {
        "hanging": ("0.0", "3.0"), "killed": ("0.0", "3.0"), "cell": ("4.0", "3.0")
    }  # fmt: skip
    assert "did not come to an end in 30 s" in (tmp_path / "out" / "hanging.html").read_text()
    assert "ended the interpreter (exit code -9)" in (tmp_path / "out" / "killed.html").read_text()


def test_what_lies_about_among_the_submissions_costs_nobody_the_marks(tmp_path):
    right = json.dumps(RIGHT)
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
    mark.mark(submitted, tmp_path / "out")
    totals = {name: row["total"] for name, row in grades(tmp_path / "out").items()}
    assert totals == dict.fromkeys(names, "7.0") | {"nowhere": "0.0", "folder.ipynb": "0.0"}
    assert "could not be read as a notebook (FileNotFoundError" in (tmp_path / "out" / "nowhere.html").read_text()
    assert "The folder is empty." in (tmp_path / "out" / "folder.ipynb.html").read_text()
    assert len(list((tmp_path / "out").iterdir())) == len(totals) + 1  # nothing is left beside them


class TestBadInput:
    def test_a_folder_that_is_none_or_holds_no_notebook_is_named(self, tmp_path):
        with pytest.raises(ValueError, match=r"submissions: .*nowhere is no folder"):
            mark.mark(tmp_path / "nowhere", tmp_path / "out")
        with pytest.raises(ValueError, match=r"no notebook in .*expected NAME.ipynb or NAME/\*.ipynb"):
            mark.mark(tmp_path, tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_notebooks_without_an_exercise_are_told_apart_from_empty_folders(self, tmp_path):
        (tmp_path / "ann.ipynb").write_text(json.dumps(new_notebook(cells=[new_code_cell("x = 1")])))
        with pytest.raises(ValueError, match="holds a function of the book's exercises"):
            mark.mark(tmp_path, tmp_path / "out")

    def test_an_unknown_chapter_is_named(self, tmp_path):
        (tmp_path / "ann.ipynb").write_text(json.dumps(RIGHT))
        with pytest.raises(ValueError, match="chapters: nowhere, expected some of .*elbo"):
            mark.mark(tmp_path, tmp_path / "out", ["nowhere"])


def test_what_is_printed_and_drawn_afterwards_is_what_it_would_have_been(marking):
    """Trying functions sets the random state and swallows what is printed: not for the one who marks."""
    _, same_random_state, same_output = marking
    assert same_random_state
    assert same_output


def test_a_name_that_a_spreadsheet_would_compute_stays_a_name(marked):
    assert grades(marked)["'=1+1"]["total"] == "7.0"


def test_limits_of_the_machine_that_are_tighter_than_ours_cost_nobody_the_marks(tmp_path):
    (tmp_path / "ann.ipynb").write_text(json.dumps(RIGHT))
    command = f"ulimit -f 20000; exec {sys.executable} -m vae_course mark . -o out"
    subprocess.run(["bash", "-c", command], cwd=tmp_path, check=True, capture_output=True)
    assert grades(tmp_path / "out")["ann"]["total"] == "7.0"


def test_where_no_notebook_can_be_run_nobody_is_marked_and_the_reason_is_told(tmp_path, monkeypatch):
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "IPython.py").write_text("raise ImportError('this IPython is broken')")
    monkeypatch.setenv("PYTHONPATH", str(broken))
    (tmp_path / "ann.ipynb").write_text(json.dumps(RIGHT))
    with pytest.raises(OSError, match="fails on this machine: ImportError: this IPython is broken"):
        mark.mark(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / "grades.csv").exists()


@pytest.mark.parametrize("name", FORGERS)
def test_results_that_a_notebook_forges_earn_nothing_and_hold_up_nobody(marked, name):
    rows = grades(marked)
    assert rows[name]["total"] == "0.0"
    assert len(rows) == len(CLASS | FORGERS | OTHERS)


WRONG_KL, WRONG_IWAE = "return mean.sum(-1)", "return log_weights.mean(0)"  # the second earns 1 of 3


def answered(kl: str = KL, iwae: str = IWAE) -> str:
    """A small notebook with the two functions of chapter 3."""
    functions = {"my_kl(mean, log_var)": kl, "my_iwae_bound(log_weights)": iwae}
    cells = [new_code_cell(f"def {head}:\n    {body}") for head, body in functions.items()]
    return json.dumps(new_notebook(cells=[new_code_cell("import torch"), *cells]))


def put(path: Path, text: str, at: int = 0) -> None:
    """at: seconds, when the file was saved."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    os.utime(path, (1e9 + at, 1e9 + at))


def run_here(path: Path, names: list[str], stop: threading.Event) -> running.Run:
    """What running.run does, without its process: for what happens before and after."""
    failed, namespace = [], {"__name__": "__main__"}
    for number, cell in enumerate(json.loads(path.read_text(encoding="utf-8"))["cells"], 1):
        try:
            exec(cell["source"], namespace)
        except Exception as error:
            failed.append((number, cell["source"], f"{type(error).__name__}: {error}"))
    seen = {name: attempt(namespace[name], EXERCISES[name]) for name in names if name in namespace}
    return running.Run(seen, failed)


@pytest.fixture
def here(monkeypatch) -> None:
    monkeypatch.setattr(mark, "run", run_here)


def page(out: Path, student: str) -> str:
    return html.unescape((out / f"{student}.html").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("here")
class TestNobodyVanishes:
    def test_each_of_a_platforms_folders_has_a_row_and_the_missing_are_counted_and_named(self, tmp_path):
        odd = {
            "Eve": ("elbo.pdf", "%PDF"), "Fay": ("elbo.ipynb.zip", "PK"), "Gus": ("elbo.ipynb", "{"),
            "Hal": ("other.ipynb", json.dumps(new_notebook(cells=[new_code_cell("x = 1")]))),
        }  # fmt: skip
        even = {"Ann": "elbo.ipynb", "Bob": "ELBO.IPYNB", "Cy": "elbo.ipynb.txt", "Di": "elbo.ipynb.json"}
        files = odd | {student: (name, answered()) for student, name in even.items()}
        for number, (student, (name, text)) in enumerate(files.items(), 100):
            put(tmp_path / "in" / f"{student}_{number}_assignsubmission_file_" / name, text)
        (tmp_path / "in" / "Ida_99_assignsubmission_file_").mkdir()
        said = mark.mark(tmp_path / "in", tmp_path / "out")
        rows = grades(tmp_path / "out")
        assert {name.split("_")[0]: row["total"] for name, row in rows.items()} == (
            dict.fromkeys(even, "7.0") | dict.fromkeys([*odd, "Ida"], "0.0")
        )
        reasons = {
            "Eve_100": "No notebook (.ipynb), only elbo.pdf.",
            "Fay_101": "No notebook (.ipynb), only elbo.ipynb.zip. Unpack it first.",
            "Gus_102": "elbo.ipynb could not be read as a notebook (NotJSONError: ",
            "Hal_103": "No function of these exercises is in other.ipynb.",
            "Ida_99": "The folder is empty.",
        }
        *lines, count = said
        assert [line.split(": ")[0] for line in lines] == list(reasons)
        for line, (student, reason) in zip(lines, reasons.items(), strict=True):
            assert line.startswith(f"{student}: {reason}")
            assert rows[student]["note"] == line.removeprefix(f"{student}: ")
            assert reason in page(tmp_path / "out", student)
        assert count == "9 submissions, 4 marked, 5 not: Eve_100, Fay_101, Gus_102, Hal_103, Ida_99."

    def test_where_nobody_has_a_notebook_the_reasons_are_told(self, tmp_path):
        put(tmp_path / "in" / "ann.zip", "PK")
        with pytest.raises(ValueError, match=r"holds a function of the book's exercises\nann: .*only ann.zip"):
            mark.mark(tmp_path / "in", tmp_path / "out")

    def test_marking_again_does_not_take_the_grades_for_a_submission(self, tmp_path):
        put(tmp_path / "ann.ipynb", answered())
        for _ in range(2):
            assert mark.mark(tmp_path, tmp_path / "out") == ["1 submission, 1 marked."]
        with pytest.raises(ValueError, match="out: .* is the folder of the submissions"):
            mark.mark(tmp_path, tmp_path)


@pytest.mark.usefixtures("here")
class TestSeveralNotebooks:
    def test_two_versions_with_one_mistake_each_earn_what_the_newest_earns(self, tmp_path):
        put(tmp_path / "in" / "ann" / "elbo.ipynb", answered(kl=WRONG_KL), at=0)
        put(tmp_path / "in" / "ann" / "elbo-2.ipynb", answered(iwae=WRONG_IWAE), at=1)
        said = mark.mark(tmp_path / "in", tmp_path / "out")
        row = grades(tmp_path / "out")["ann"]
        assert (row["my_kl"], row["my_iwae_bound"]) == ("4.0", str(judged_here("my_iwae_bound", WRONG_IWAE)))
        note = "elbo.ipynb does not count: elbo-2.ipynb is newer."
        assert said == [f"ann: {note}", "1 submission, 1 marked."]
        assert row["note"] == note
        assert note in page(tmp_path / "out", "ann")

    def test_notebooks_of_two_chapters_are_one_hand_in(self, tmp_path):
        put(tmp_path / "in" / "ann" / "elbo.ipynb", answered())
        binarize = "def my_binarize(x, uniform):\n    return (uniform < x).float()"
        put(tmp_path / "in" / "ann" / "mnist.ipynb", json.dumps(new_notebook(cells=[new_code_cell(binarize)])), at=1)
        mark.mark(tmp_path / "in", tmp_path / "out")
        row = grades(tmp_path / "out")["ann"]
        assert (row["my_kl"], row["my_iwae_bound"]) == ("4.0", "3.0")
        assert float(row["my_binarize"]) == EXERCISES["my_binarize"].points
        assert row["note"] == ""

    @pytest.mark.parametrize(
        ("name", "text", "reason"),
        [
            ("my_kl", answered(kl="return (("), "my_kl is not defined. Its cell (number 2) raised SyntaxError"),
            (
                "my_kl",
                answered()[:-9],
                "my_kl is not defined. elbo.ipynb could not be read as a notebook (NotJSONError",
            ),
        ],
    )
    def test_what_is_wrong_with_one_is_told_though_the_other_is_whole(self, tmp_path, name, text, reason):
        put(tmp_path / "in" / "ann" / "elbo.ipynb", text)
        other = json.dumps(new_notebook(cells=[new_code_cell("def my_binarize(x, uniform): return x")]))
        put(tmp_path / "in" / "ann" / "mnist.ipynb", other, at=1)
        put(tmp_path / "in" / "ann" / "zoo.ipynb", json.dumps(new_notebook()), at=2)
        put(tmp_path / "in" / "bob" / "elbo.ipynb", answered())
        mark.mark(tmp_path / "in", tmp_path / "out")
        assert reason in page(tmp_path / "out", "ann")

    def test_so_is_a_hang(self, tmp_path, monkeypatch):
        ends = {"elbo.ipynb": {"my_kl": "did not come to an end."}, "mnist.ipynb": {}}
        monkeypatch.setattr(mark, "run", lambda path, names, stop: running.Run(ends=ends[path.name]))
        put(tmp_path / "in" / "ann" / "elbo.ipynb", answered())
        other = json.dumps(new_notebook(cells=[new_code_cell("def my_binarize(x, uniform): return x")]))
        put(tmp_path / "in" / "ann" / "mnist.ipynb", other, at=1)
        mark.mark(tmp_path / "in", tmp_path / "out")
        assert "my_kl: did not come to an end." in page(tmp_path / "out", "ann")

    def test_answers_in_words_come_from_the_version_that_counts(self, tmp_path):
        for at, words in enumerate(("the old thought", "the new thought")):
            notebook = assignment.notebook("elbo", "student")
            next(cell for cell in notebook.cells if cell.id.endswith("single-draw-answer")).source = words
            put(tmp_path / "in" / "ann" / f"elbo-{at}.ipynb", json.dumps(notebook), at=at)
        mark.mark(tmp_path / "in", tmp_path / "out")
        assert "the new thought" in page(tmp_path / "out", "ann")
        assert "the old thought" not in page(tmp_path / "out", "ann")


def judged_here(name: str, body: str) -> float:
    namespace = {"torch": torch}
    exec(f"def {name}(log_weights):\n    {body}", namespace)
    exercise = EXERCISES[name]
    return round(exercise.points * judge(exercise, attempt(namespace[name], exercise)).score, 2)


@pytest.mark.usefixtures("here")
class TestTheTableThatIsThere:
    @pytest.fixture
    def out(self, tmp_path) -> Path:
        """A class of three, marked, the words of one of them given their points."""
        for name in ("ann", "bob", "=eve"):
            put(tmp_path / "class" / f"{name}.ipynb", answered(kl=WRONG_KL))
        out = tmp_path / "out"
        mark.mark(tmp_path / "class", out)
        table = (out / "grades.csv").read_text().replace("ann,0.0,3.0,3.0,7,,", "ann,0.0,3.0,3.0,7,2,")
        (out / "grades.csv").write_text(table)
        assert grades(out)["ann"]["written: ex-elbo-single-draw"] == "2"
        return out

    @pytest.mark.parametrize("name", ["ann", "=eve"])
    def test_one_student_marked_again_updates_one_row_and_keeps_the_teachers_points(self, tmp_path, out, name):
        before = grades(out)
        put(tmp_path / "appeal" / name / "elbo-new.ipynb", answered())
        said = mark.mark(tmp_path / "appeal", out)
        assert said == ["1 submission, 1 marked.", "2 more rows of the table stay as they were."]
        shown = name.replace("=", "'=")
        changed = before[shown] | {"my_kl": "4.0", "total": "7.0"}
        assert grades(out) == before | {shown: changed}

    def test_a_class_that_has_grown_is_marked_again(self, tmp_path, out):
        put(tmp_path / "class" / "late.ipynb", answered())
        mark.mark(tmp_path / "class", out)
        assert {name: row["total"] for name, row in grades(out).items()} == {
            "ann": "3.0", "bob": "3.0", "'=eve": "3.0", "late": "7.0"
        }  # fmt: skip
        assert grades(out)["ann"]["written: ex-elbo-single-draw"] == "2"

    def test_one_of_the_classs_two_chapters_may_come_again(self, tmp_path):
        put(tmp_path / "class" / "ann.ipynb", answered(kl=WRONG_KL))
        mark.mark(tmp_path / "class", tmp_path / "out", ["elbo", "mnist"])
        put(tmp_path / "appeal" / "ann.ipynb", answered())
        mark.mark(tmp_path / "appeal", tmp_path / "out")
        assert grades(tmp_path / "out")["ann"]["total"] == "7.0"

    def test_its_columns_stay_in_their_order(self, tmp_path, out):
        columns = ["student", "my_iwae_bound", "my_kl", *list(grades(out)["ann"])[2:]]
        rows = grades(out)
        with (out / "grades.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.DictWriter(file, columns)
            table.writeheader()
            table.writerows({"student": name} | row for name, row in rows.items())
        put(tmp_path / "appeal" / "ann.ipynb", answered())
        mark.mark(tmp_path / "appeal", out)
        assert grades(out) == rows | {"ann": rows["ann"] | {"my_kl": "4.0", "total": "7.0"}}
        assert (out / "grades.csv").read_text().splitlines()[0].split(",") == columns

    @pytest.mark.parametrize(
        ("student", "chapters", "reason"),
        [
            (
                "zoe",
                None,
                "is the table of other students: it lacks zoe, and has =eve, ann, bob, who are not marked now",
            ),
            ("ann", ["elbo", "mnist"], r"has the columns student, my_kl, .*, and this marking has .*my_binarize"),
        ],
    )
    def test_anything_else_is_refused_before_it_is_run_and_replaces_it_by_force(
        self, tmp_path, out, monkeypatch, student, chapters, reason
    ):
        before = {path.name: path.read_bytes() for path in out.iterdir()}
        put(tmp_path / "other" / f"{student}.ipynb", answered())
        with monkeypatch.context() as patch:
            patch.setattr(mark, "run", lambda *_: pytest.fail("a notebook was run"))
            with pytest.raises(ValueError, match=f"out: .*grades.csv {reason}.*--force replaces the table"):
                mark.mark(tmp_path / "other", out, chapters)
        assert {path.name: path.read_bytes() for path in out.iterdir()} == before
        mark.mark(tmp_path / "other", out, chapters, force=True)
        assert list(grades(out)) == [student]

    @pytest.mark.parametrize("text", ["", "my,own,file\n", "student,my_kl\nann\n", "\x00"])
    def test_a_file_that_is_no_table_is_not_written_over(self, tmp_path, text):
        put(tmp_path / "out" / "grades.csv", text)
        put(tmp_path / "in" / "ann.ipynb", answered())
        with pytest.raises(ValueError, match="grades.csv is no table of grades as marking writes it; --force"):
            mark.mark(tmp_path / "in", tmp_path / "out")
        assert (tmp_path / "out" / "grades.csv").read_text() == text


class TestFaultsOfTheMarker:
    """They stop the marking under their name; a class of zeros would be believed."""

    @pytest.mark.usefixtures("here")
    @pytest.mark.parametrize("error", [ValueError, KeyError, torch.linalg.LinAlgError])
    def test_in_judging(self, tmp_path, monkeypatch, error):
        def fail(*_):
            raise error("a fault in the bank")

        put(tmp_path / "in" / "ann.ipynb", answered())
        monkeypatch.setattr(mark, "judge", fail)
        with pytest.raises(
            RuntimeError, match=f"my_kl of ann cannot be judged, nobody is marked: {error.__name__}: .*bank"
        ):
            mark.mark(tmp_path / "in", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    @pytest.mark.parametrize("error", [OSError, TypeError])
    def test_in_running(self, tmp_path, monkeypatch, error):
        def fail(*_, **__):
            raise error("no more processes")

        put(tmp_path / "in" / "ann.ipynb", answered())
        monkeypatch.setattr(running.subprocess, "Popen", fail)
        with pytest.raises(error, match="no more processes"):
            mark.mark(tmp_path / "in", tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_where_processes_have_no_groups_as_on_windows_marking_works(tmp_path, monkeypatch):
    for name in ("killpg", "O_NOFOLLOW", "O_NONBLOCK"):
        monkeypatch.delattr(os, name)
    put(tmp_path / "in" / "ann.ipynb", answered())
    mark.mark(tmp_path / "in", tmp_path / "out")
    assert grades(tmp_path / "out")["ann"]["total"] == "7.0"


HANGS = """\
import time
open({started!r}, "w").close()
while True:
    try:
        while True: time.sleep(1)
    except BaseException: pass"""


def commands_with(word: bytes) -> list[bytes]:
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if os.access(path, os.R_OK)]
    return [command for command in running if word in command and b"marking.worker" in command]


def wait_for(file: Path) -> None:
    for _ in range(1200):
        if file.exists():
            return
        time.sleep(0.1)
    pytest.fail(f"{file} never came")


def test_an_interrupt_ends_all_that_runs_and_leaves_the_grades_as_they_were(tmp_path):
    put(tmp_path / "out" / "grades.csv", "student,my_kl,my_iwae_bound,total,of\n")
    before = (tmp_path / "out" / "grades.csv").read_bytes()
    hangs = json.dumps(new_notebook(cells=[new_code_cell(HANGS.format(started=str(tmp_path / "started")))]))
    for i in range(2 * os.cpu_count()):
        put(tmp_path / "in" / f"student-{i}.ipynb", hangs)
    command = [sys.executable, "-m", "vae_course", "mark", tmp_path / "in", "-o", tmp_path / "out", "--chapters=elbo"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as marker:
        try:
            wait_for(tmp_path / "started")
            marker.send_signal(signal.SIGINT)
            marker.communicate(timeout=running.SECONDS - 15)  # before a notebook would be stopped for its own sake
        finally:
            marker.kill()
    assert marker.returncode != 0
    assert commands_with(bytes(tmp_path)) == []
    assert (tmp_path / "out" / "grades.csv").read_bytes() == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["grades.csv"]


def test_one_run_that_is_called_off_ends_its_process(tmp_path):
    put(tmp_path / "ann.ipynb", json.dumps(new_notebook(cells=[new_code_cell(HANGS.format(started="begun"))])))
    stop = threading.Event()
    stop.set()
    with pytest.raises(CancelledError):
        running.run(tmp_path / "ann.ipynb", ["my_kl"], stop)
    assert commands_with(bytes(tmp_path)) == []


def test_what_was_not_reached_is_not_called_undefined(monkeypatch, tmp_path):
    names = [each.name for each in EXERCISES.values()][: running.ATTEMPTS + 1]

    def killed(job, stop):
        (first, *_) = [name for name in job["exercises"] if name not in job["skip"]]
        return [{"cell": 1}, {"trying": first}], "ended the interpreter."

    monkeypatch.setattr(running, "_run_once", killed)
    put(tmp_path / "ann.ipynb", answered())
    ran = running.run(tmp_path / "ann.ipynb", names, threading.Event())
    assert ran.ends == dict.fromkeys(names[:-1], "ended the interpreter.") | {
        names[-1]: f"was not reached: the notebook was stopped {running.ATTEMPTS} times before."
    }


OBSERVATION = {"kind": "value", "value": 0.0, "shape": [], "text": "", "parts": []}
DEEP = OBSERVATION
for _ in range(60):
    DEEP = OBSERVATION | {"kind": "sequence", "shape": None, "parts": [DEEP]}


@pytest.mark.parametrize(
    "forged",
    [
        3, "x", {}, [], None, [None], [[]], [{}],
        [OBSERVATION], [OBSERVATION | {"kind": []}], [OBSERVATION | {"kind": "?"}],
        [OBSERVATION | {"text": 3}], [OBSERVATION | {"value": "x"}], [OBSERVATION | {"value": [[1], [2, 3]]}],
        [OBSERVATION | {"shape": [2]}], [OBSERVATION | {"shape": 7}], [OBSERVATION | {"kind": "error"}],
        [OBSERVATION | {"parts": 5}], [OBSERVATION | {"value": 10**400}], [DEEP],
        [OBSERVATION | {"kind": "sequence", "shape": None}], [OBSERVATION | {"kind": "borrowed", "shape": None}],
        [OBSERVATION | {"value": None, "shape": None, "text": "<b>"}],
    ],
)  # fmt: skip
def test_whatever_a_notebook_forges_can_be_judged_or_is_no_result(tmp_path, forged):
    """Else one forger would stop the marking of the class."""
    exercise = EXERCISES["my_kl"]
    for seen in (forged, forged * len(exercise.cases) if isinstance(forged, list) else forged):
        (tmp_path / "results").write_text(json.dumps({"name": "my_kl", "seen": seen}) + '\n{"done": true}\n')
        for event in running._events(tmp_path / "results"):
            if event.get("seen") and event["seen"] != "forged":
                assert judge(exercise, event["seen"]).score < 1


SHELL = """
import pathlib, sys
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance(user_ns={"__name__": "__main__"}, colors="NoColor")
from vae_course.checking.limits import protect
protect(shell.user_ns)
for cell in sys.stdin.read().split("\\f"):
    result = shell.run_cell(cell)
    print("\\f", repr(result.error_before_exec or result.error_in_exec), sorted(map(str, pathlib.Path().iterdir())))
"""
STARTS = [
    "!touch made", "x = !touch made\nassert x == [] and x.n == ''", "!!touch made", "if True:\n    !touch made",
    "%system touch made", "%sx touch made", "%sc -l a=touch made", "%mkdir made", "%alias make touch\n%make made",
    "%%bash\ntouch made", "%%sh\ntouch made", "%%script bash\ntouch made", "%%system\ntouch made", "%%!\ntouch made",
    "%%bash --bg\ntouch made", "%%python3\nopen('made', 'w')", "%%perl\nopen(F, '>made')", "%%shell\ntouch made",
    "%%capture\n!touch made", "%%time\n!touch made", "get_ipython().system('touch made')",
    "get_ipython().system_raw('touch made')", "get_ipython().getoutput('touch made')",
    "get_ipython().system(cmd='touch made')", "get_ipython().system_raw(cmd='touch made')",
    "get_ipython().system_piped(cmd='touch made')", "get_ipython().getoutput(cmd='touch made')",
    "get_ipython().run_line_magic('pip', 'download made')", "get_ipython().run_cell_magic('bash', '', 'touch made')",
    "%pip --log made list", "pip list --log made", "%conda list", "%uv --version", "%mamba list", "!{'touch'} made",
]  # fmt: skip


def test_nothing_is_installed_and_no_shell_is_started_and_that_is_told(tmp_path):
    environment = os.environ | {"IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONPATH": os.pathsep.join(sys.path)}
    (tmp_path / "work").mkdir()
    command = [sys.executable, "-c", SHELL]
    cells = [cell + ("" if cell.startswith(("%%", "pip")) else "\nassert True") for cell in STARTS]
    told = subprocess.run(
        command, cwd=tmp_path / "work", env=environment, input="\f".join(cells), capture_output=True, text=True
    ).stdout
    *said, rest = told.split("\f")
    ends = [*(part.splitlines()[0].strip() for part in said[1:]), rest.strip()]
    assert ends == ["None []"] * len(STARTS)
    assert told.count("nothing is installed and no shell is started") == len(STARTS) - 1  # %%capture takes one
