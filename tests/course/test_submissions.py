"""Whose file is whose, and which of a student's notebooks counts: by the names that platforms give, and by dates."""

import json
import os
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from vae_course.bank import EXERCISES
from vae_course.marking import submissions

KL, IWAE, MNIST = "my_kl", "my_iwae_bound", "my_binarize"


def put(path: Path, *functions: str, time: int = 0) -> Path:
    """A notebook with these functions; time: seconds, when it was saved."""
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [new_code_cell(f"def {name}(*_):\n    pass") for name in functions]
    path.write_text(json.dumps(new_notebook(cells=cells)), encoding="utf-8")
    os.utime(path, (1e9 + time, 1e9 + time))
    return path


def students(folder: Path, *known: str) -> dict[str, list[str]]:
    """student -> the names of the notebooks."""
    found, _ = submissions.find(folder, known)
    return {each.student: [notebook.name for notebook in each.notebooks] for each in found}


def counting(folder: Path) -> dict[str, str]:
    """function -> the notebook that counts for it, for the only student in the folder."""
    ((submission,), _) = submissions.find(folder)
    chapters = {EXERCISES[name].chapter for each in submission.notebooks for name in each.functions}
    choice = submissions.choose(submission, [each for each in EXERCISES.values() if each.chapter in chapters])
    return {name: choice.counts[name].name for name in (KL, IWAE, MNIST) if name in choice.counts}


class TestWhose:
    @pytest.mark.parametrize(
        ("file", "student"),
        [
            ("ann.ipynb", "ann"),
            ("ANN.IPYNB", "ANN"),
            ("ann.ipynb.txt", "ann"),
            ("ann.ipynb.json", "ann"),
            ("ann.ipynb.ipynb", "ann"),
            ("ann.b.ipynb", "ann.b"),
            ("ann/elbo.ipynb", "ann"),
            ("ann/deep/elbo.ipynb.txt", "ann"),
            ("Ann Lee_123456_assignsubmission_file_/elbo.ipynb", "Ann Lee_123456"),
            ("Ann Lee_123456_assignsubmission_file/elbo.ipynb", "Ann Lee_123456"),
            ("Ann_Lee_123456_assignsubmission_file_elbo.ipynb", "Ann_Lee_123456"),
            ("leeann_4711_80012_elbo.ipynb", "leeann_4711"),
            ("leeann_4711_80012_elbo-1.ipynb", "leeann_4711"),
            ("leeann_LATE_4711_80012_my_elbo-12.ipynb.txt", "leeann_4711"),
            ("ann_2_elbo.ipynb", "ann_2_elbo"),
        ],
    )
    def test_names_as_people_and_platforms_give_them(self, tmp_path, file, student):
        put(tmp_path / file, KL)
        put(tmp_path / "bob.ipynb", KL)  # a folder that is not alone is no class
        found = students(tmp_path)
        assert found.keys() == {student, "bob"}
        assert len(found[student]) == 1

    def test_two_of_one_name_stay_two_and_a_late_one_stays_with_its_student(self, tmp_path):
        for name in (
            "leeann_11_90_elbo.ipynb", "leeann_LATE_11_95_elbo-1.ipynb", "leeann_12_91_elbo.ipynb",
            "Ann Lee_11_assignsubmission_file_/a.ipynb", "Ann Lee_12_assignsubmission_file_/a.ipynb",
        ):  # fmt: skip
            put(tmp_path / name, KL)
        assert {student: len(found) for student, found in students(tmp_path).items()} == {
            "leeann_11": 2, "leeann_12": 1, "Ann Lee_11": 1, "Ann Lee_12": 1
        }  # fmt: skip

    def test_what_computers_leave_behind_is_no_student(self, tmp_path):
        put(tmp_path / "ann.ipynb", KL)
        for litter in (
            "__MACOSX/._ann.ipynb", "__MACOSX/ann.ipynb", "._ann.ipynb", ".ipynb_checkpoints/ann-checkpoint.ipynb",
            ".DS_Store", "Thumbs.db", "desktop.ini", "bob/.ipynb_checkpoints/x.ipynb", "bob/__MACOSX/._x.ipynb",
        ):  # fmt: skip
            put(tmp_path / litter, KL)
        assert students(tmp_path) == {"ann": ["ann.ipynb"], "bob": []}

    @pytest.mark.parametrize(
        ("files", "reason"),
        [
            ([], "The folder is empty."),
            (["Thumbs.db"], "The folder is empty."),
            (["elbo.py"], "only elbo.py."),
            (["elbo.pdf", "deep/photo.jpg"], "only deep/photo.jpg, elbo.pdf."),
            (["elbo.zip"], "only elbo.zip. Unpack it first."),
        ],
    )
    def test_a_student_without_a_notebook_is_there_with_the_reason(self, tmp_path, files, reason):
        put(tmp_path / "bob.ipynb", KL)
        (tmp_path / "ann").mkdir()
        for name in files:
            put(tmp_path / "ann" / name, KL)
        ann, bob = submissions.find(tmp_path)[0]
        assert ann.student == "ann"
        assert ann.empty.endswith(reason)
        assert bob.empty == ""

    @pytest.mark.parametrize("name", ["ann.py", "ann.zip", "ann.pdf", "ann"])
    def test_so_is_one_whose_file_lies_in_no_folder(self, tmp_path, name):
        (tmp_path / name).write_bytes(b"%PDF")
        (found,), _ = submissions.find(tmp_path)
        assert (found.student, found.notebooks) == ("ann", ())
        assert name in found.empty

    def test_what_cannot_be_read_is_told_and_waited_for_by_nobody(self, tmp_path):
        os.mkfifo(tmp_path / "pipe.ipynb")
        (tmp_path / "loop.ipynb").symlink_to("loop.ipynb")
        (tmp_path / "list.ipynb").write_text("[1]")
        (tmp_path / "bare.ipynb").write_text('{"nbformat": 4, "nbformat_minor": 5, "cells": [3]}')
        found, _ = submissions.find(tmp_path, leave_out=tmp_path / "out")
        assert [each.student for each in found] == ["bare", "list", "loop", "pipe"]
        assert all(f"{each.student}.ipynb could not be read as a notebook" in each.empty for each in found)


class TestClassInAFolder:
    """A zip often unpacks into one folder, which is no student."""

    @pytest.mark.parametrize(
        "files",
        [
            ["ann/elbo.ipynb", "bob/elbo.ipynb"],
            ["leeann_11_90_elbo.ipynb", "ruizbob_12_91_elbo.ipynb"],
            ["Ann_11_assignsubmission_file_/a.ipynb"],
        ],
    )
    def test_is_looked_into_and_that_is_told(self, tmp_path, files):
        for name in files:
            put(tmp_path / "outer" / "Week 3" / name, KL)
        (tmp_path / "__MACOSX").mkdir()
        found, said = submissions.find(tmp_path)
        assert len(found) == len(files)
        assert said == [f"{folder} holds the class." for folder in (tmp_path / "outer", tmp_path / "outer" / "Week 3")]

    @pytest.mark.parametrize(
        "files",
        [
            {"elbo.ipynb": KL},
            {"elbo.ipynb": KL, "mnist.ipynb": MNIST},
            {"elbo/elbo.ipynb": KL, "mnist/mnist.ipynb": MNIST},
            {"elbo.ipynb": KL, "elbo-2.ipynb": KL, "Elbo (3).ipynb": KL},
        ],
    )
    def test_is_told_from_a_student_alone(self, tmp_path, files):
        for name, function in files.items():
            put(tmp_path / "ann" / name, function)
        assert list(students(tmp_path)) == ["ann"]

    def test_is_asked_for_where_it_cannot_be_told(self, tmp_path):
        put(tmp_path / "x" / "ann.ipynb", KL)
        put(tmp_path / "x" / "bob.ipynb", KL)
        with pytest.raises(ValueError, match=r"submissions: .*x holds ann.ipynb and bob.ipynb with the same functions"):
            submissions.find(tmp_path)
        assert list(students(tmp_path, "x")) == ["x"]  # a student who is known
        assert list(students(tmp_path, "bob")) == ["ann", "bob"]
        assert list(students(tmp_path / "x")) == ["ann", "bob"]

    @pytest.mark.parametrize(
        "names",
        [("s001", "s002", "s003"), ("elbo_ann", "elbo_bob"), ("1001", "1002"), ("s1", "s2"), ("Lee Ann", "Lee Bob")],
    )
    def test_numbers_and_common_beginnings_make_no_versions_of_a_class(self, tmp_path, names):
        for name in names:
            put(tmp_path / "class3" / f"{name}.ipynb", KL)
        with pytest.raises(ValueError, match="with the same functions: is it a class, or one student's folder"):
            submissions.find(tmp_path)

    @pytest.mark.parametrize("names", [("elbo", "elbo-2"), ("elbo", "elbo (1)"), ("elbo_v1", "elbo_v2", "elbo_final")])
    def test_versions_by_their_names_are_one_students(self, tmp_path, names):
        for name in names:
            put(tmp_path / "ann" / f"{name}.ipynb", KL)
        assert list(students(tmp_path)) == ["ann"]


class TestVersions:
    def test_what_does_not_count_is_told_whatever_else_the_class_was_asked(self, tmp_path):
        put(tmp_path / "ann" / "a.ipynb", KL, IWAE, time=0)
        put(tmp_path / "ann" / "b.ipynb", KL, time=1)
        ((ann,), _) = submissions.find(tmp_path, known=["ann"])
        older = submissions.choose(ann, [EXERCISES[KL], EXERCISES[IWAE], EXERCISES[MNIST]]).older
        assert [each.name for each in older] == ["b.ipynb"]

    def test_the_newest_counts_for_all_functions(self, tmp_path):
        put(tmp_path / "ann" / "z.ipynb", KL, IWAE, time=1)
        put(tmp_path / "ann" / "z-old.ipynb", KL, IWAE, time=0)
        put(tmp_path / "ann" / "z-2.ipynb", KL, IWAE, time=2)
        assert counting(tmp_path) == {KL: "z-2.ipynb", IWAE: "z-2.ipynb"}
        ((ann,), _) = submissions.find(tmp_path)
        older = submissions.choose(ann, [EXERCISES[KL], EXERCISES[IWAE]]).older
        assert {each.name: why for each, why in older.items()} == {
            "z.ipynb": "z-2.ipynb is newer.", "z-old.ipynb": "z-2.ipynb is newer."
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("files", "newest"),
        [
            (["leeann_11_90_elbo.ipynb", "leeann_LATE_11_101_elbo.ipynb"], 1),  # by the number of the file
            (["leeann_LATE_11_90_elbo-10.ipynb", "leeann_11_90_elbo-9.ipynb"], 0),  # of the attempt
            (["leeann_LATE_11_90_elbo-1.ipynb", "leeann_11_90_elbo.ipynb"], 0),
            (["leeann_late_11_101_elbo.ipynb", "leeann_11_90_elbo.ipynb"], 0),
        ],
    )
    def test_canvas_numbers_say_which_is_newer_whatever_the_files_dates_are(self, tmp_path, files, newest):
        for i, name in enumerate(files):
            put(tmp_path / name, KL, time=i if newest == 0 else -i)
        assert counting(tmp_path)[KL] == files[newest]

    def test_what_looks_like_canvas_numbers_in_a_students_folder_says_nothing(self, tmp_path):
        put(tmp_path / "ann" / "elbo_2024_05_old.ipynb", KL, time=0)
        put(tmp_path / "ann" / "elbo.ipynb", KL, time=1)
        assert counting(tmp_path)[KL] == "elbo.ipynb"

    def test_of_one_date_the_last_by_name_counts_and_that_is_told(self, tmp_path):
        for name in ("elbo.ipynb", "elbo-2.ipynb", "elbo-10.ipynb"):
            put(tmp_path / "ann" / name, KL)
        ((ann,), _) = submissions.find(tmp_path)
        choice = submissions.choose(ann, [EXERCISES[KL]])
        assert choice.counts[KL].name == "elbo-10.ipynb"
        assert set(choice.older.values()) == {"elbo-10.ipynb is as new, and the last by name."}

    def test_notebooks_of_different_functions_belong_together(self, tmp_path):
        put(tmp_path / "ann" / "one.ipynb", KL, time=2)
        put(tmp_path / "ann" / "two.ipynb", IWAE, time=1)
        put(tmp_path / "ann" / "three.ipynb", MNIST, time=0)
        assert counting(tmp_path) == {KL: "one.ipynb", IWAE: "two.ipynb", MNIST: "three.ipynb"}

    def test_a_part_does_not_take_the_place_of_the_whole_nor_is_it_mixed_in(self, tmp_path):
        put(tmp_path / "ann" / "e.ipynb", KL, IWAE, time=0)
        put(tmp_path / "ann" / "e-2.ipynb", KL, time=1)
        assert counting(tmp_path) == {KL: "e.ipynb", IWAE: "e.ipynb"}

    def test_a_function_copied_into_another_chapters_notebook_costs_nothing(self, tmp_path):
        mnist = ("my_binarize", "my_bernoulli_log_prob", "my_negative_elbo")
        put(tmp_path / "ann" / "elbo.ipynb", KL, IWAE, time=0)
        put(tmp_path / "ann" / "mnist.ipynb", *mnist, KL, time=1)
        assert counting(tmp_path) == {KL: "elbo.ipynb", IWAE: "elbo.ipynb", MNIST: "mnist.ipynb"}

    def test_one_that_cannot_be_read_is_no_version(self, tmp_path):
        broken = put(tmp_path / "ann" / "b.ipynb", KL, time=1)
        broken.write_text(broken.read_text()[:-5])
        put(tmp_path / "ann" / "a.ipynb", KL, time=0)
        assert counting(tmp_path)[KL] == "a.ipynb"


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("def my_kl(a): pass", True),
        ("my_kl = torch.jit.script(f)", True),
        ("class my_kl(nn.Module): pass", True),
        ("from helper import f as my_kl", True),
        ("my_kl: object = KL()", True),
        ("my_kl, other = KL(), 1", True),
        ("[my_kl] = [KL()]", True),
        ("print(my_kl := KL())", True),
        ("for my_kl in [KL()]: pass", True),
        ("def\tmy_kl(a): pass", True),
        ("%%time\nmy_kl = KL()", True),
        ("!pip install x\nx = 1\ndef my_kl(a): pass", True),
        ("def my_kl(a):\n    return (", True),  # which is no Python, and is told so
        ("my_kl = (", True),
        ("'my_kl = 1'", False),
        ("# my_kl = 1", False),
        ("f(my_kl=1)", False),
        ("my_kl == 3", False),
        ("check(my_kl)", False),
        ("def my_kl_2(): pass", False),
        ("not_my_kl = 1", False),
    ],
)
def test_where_a_name_comes_from_is_found_in_the_cell(source, found):
    assert ("my_kl" in submissions.made_in(source)) is found
