"""The bank is found, not listed: a file of a chapter is all that an exercise needs, and changes no other's."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
import torch
from sources import ROOT

from vae_course import bank
from vae_course.bank import CHAPTERS, EXERCISES, _shared
from vae_course.checking.exercise import Exercise, case, observe

BANK = Path(bank.__file__).parent
PLANTED = """
from vae_course.bank._shared import Draws
from vae_course.checking.exercise import Exercise, case

def my_double(x):
    return 2 * x

_draw = Draws(my_double)
EXERCISES = (
    Exercise(
        reference=my_double,
        points=2,
        cases=(case("for three numbers", _draw.randn(3)),),
        mistakes=((lambda x: x, "The factor 2 is missing."),),
        hints=("A sum will do.",),
    ),
)
"""


def module(name: str, exercises: object) -> ModuleType:
    made = ModuleType(f"vae_course.bank.{name}")
    if exercises is not None:
        made.EXERCISES = exercises
    return made


def exercise(name: str, home: str) -> Exercise:
    def reference(x):
        return x

    reference.__name__, reference.__module__ = name, f"vae_course.bank.{home}"
    return Exercise(reference=reference, points=2, cases=(case("one", torch.ones(1)),), mistakes=(), hints=())


class TestCollect:
    def test_finds_a_file_that_is_put_there_and_passes_over_one_with_an_underscore(self, tmp_path):
        shutil.copytree(ROOT / "vae_course", tmp_path / "vae_course")
        (tmp_path / "vae_course" / "bank" / "planted.py").write_text(PLANTED)
        (tmp_path / "vae_course" / "bank" / "_no_chapter.py").write_text("raise AssertionError")
        code = (
            "from vae_course import check\nfrom vae_course.bank import CHAPTERS, EXERCISES\n"
            "def my_double(x): return x + x\ncheck(my_double)\nprint(EXERCISES['my_double'].chapter, *CHAPTERS)"
        )
        command = [sys.executable, "-P", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path).stdout
        assert said.startswith("my_double: correct.")
        assert said.splitlines()[-1].split() == ["planted", *sorted([*CHAPTERS, "planted"])]

    @pytest.mark.parametrize(
        ("modules", "said"),
        [
            ([module("new", None)], "vae_course/bank/new.py: EXERCISES is None, expected a tuple of one Exercise"),
            ([module("new", ())], r"vae_course/bank/new.py: EXERCISES is \(\), expected"),
            ([module("new", exercise("my_a", "new"))], "vae_course/bank/new.py: EXERCISES is Exercise"),
            ([module("new", (1,))], r"vae_course/bank/new.py: EXERCISES is \(1,\), expected"),
            (
                [module("old", (exercise("my_a", "old"),)), module("new", (exercise("my_a", "new"),))],
                "vae_course/bank/new.py: my_a is an exercise of old already",
            ),
            (
                [module("new", (exercise("my_a", "new"), exercise("my_a", "new")))],
                "vae_course/bank/new.py: my_a is an exercise of new already",
            ),
            (
                [module("new", (exercise("my_a", "_shared"),))],
                "vae_course/bank/new.py: the reference my_a is defined in vae_course.bank._shared, expected here",
            ),
        ],
    )
    def test_names_the_file_that_is_at_fault(self, modules, said):
        with pytest.raises(ValueError, match=said):
            bank.collect(modules)

    def test_takes_the_exercises_as_they_stand(self):
        two = (exercise("my_b", "new"), exercise("my_a", "new"))
        assert list(bank.collect([module("new", two)])) == ["my_b", "my_a"]


def inputs(exercise: Exercise) -> list[list[float]]:
    """The numbers of every tensor that the cases pass to a function."""
    found = []

    def watched(*arguments):
        found.extend(each.double().flatten().tolist() for each in arguments if isinstance(each, torch.Tensor))
        return exercise.reference(*arguments)

    observe(watched, exercise)
    return found


def loaded(chapter: str) -> dict[str, Exercise]:
    """The chapter's file, run once more."""
    spec = importlib.util.spec_from_file_location(f"vae_course.bank.{chapter}", BANK / f"{chapter}.py")
    again = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(again)
    return {each.name: each for each in again.EXERCISES}


@pytest.mark.parametrize("name", EXERCISES)
def test_an_exercises_numbers_depend_on_its_own_seed_alone(name, monkeypatch):
    """All others draw other numbers, as where one of them came, went or was changed."""

    class Others(_shared.Draws):
        def __init__(self, reference):
            super().__init__(reference)
            if reference.__name__ != name:
                self.randn(1)

    monkeypatch.setattr(_shared, "Draws", Others)
    before = inputs(EXERCISES[name])
    again = loaded(EXERCISES[name].chapter)
    assert inputs(again[name]) == before
    assert sum(inputs(each) != inputs(EXERCISES[other]) for other, each in again.items()) >= len(again) - 2


def test_a_seed_is_the_same_in_every_process():
    """Python's own hash of a string is not."""
    code = "from vae_course.bank.elbo import KL; KL.cases[0].run(lambda mean, log_var: print(mean.tolist()))"
    command = [sys.executable, "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout.splitlines()
    here = []
    EXERCISES["my_kl"].cases[0].run(lambda mean, log_var: here.append(str(mean.tolist())))
    assert said == here
