"""The book's exercises: `check` says what is wrong with a function, `hint` helps, `grade` gives marks for it."""

import difflib
import os
import sys
from collections.abc import Callable
from types import FrameType

from IPython.display import display

from vae_course.bank import EXERCISES
from vae_course.checking.exercise import Exercise, attempt
from vae_course.checking.report import CORRECT, Report, judge

__all__ = ["check", "grade", "hint"]


def check(function: Callable) -> None:
    """Show whether the function solves the exercise of its name: not attempted, not yet (and why), or correct.

    An object, a partial or a lambda has no such name; the variable that holds it, where `check` is called, gives one.
    Raises ValueError where no exercise has that name. With VAE_LIB_EXERCISES=strict, as in the build of the book,
    anything but correct is an AssertionError.
    """
    report = report_on(function, _find(function, sys._getframe(1)))
    display(report)
    if os.environ.get("VAE_LIB_EXERCISES") == "strict" and report.state != CORRECT:
        raise AssertionError(str(report))


def hint(function: Callable, number: int = 1) -> None:
    """Print one of the hints for the exercise that the function is for; the first says least."""
    exercise = _find(function, sys._getframe(1))
    if not isinstance(number, int) or not 1 <= number <= len(exercise.hints):
        raise ValueError(f"number: {number!r}, expected 1 to {len(exercise.hints)} for {exercise.name}")
    print(f"Hint {number} of {len(exercise.hints)}: {exercise.hints[number - 1]}")


def grade(name: str, namespace: dict) -> float:
    """Print the report on the function of that name in a notebook's globals(), and return the marks for it.

    The exercise's points times the share of its cases that are right; 0 where the function is missing. Raises
    ValueError where no exercise has that name.
    """
    exercise = _called(name)
    if not isinstance(namespace, dict):
        raise ValueError(f"namespace: {type(namespace).__name__}, expected a notebook's globals()")
    if name not in namespace:
        print(f"{name} is not defined: its cell is missing, or failed.")
        return 0.0
    report = report_on(namespace[name], exercise)
    print(report)
    return marks(report, exercise)


def report_on(function: Callable, exercise: Exercise) -> Report:
    """What `check` shows."""
    return judge(exercise, attempt(function, exercise))


def marks(report: Report, exercise: Exercise) -> float:
    """Marks to two decimals."""
    return round(exercise.points * report.score, 2)


def _find(function: Callable, caller: FrameType) -> Exercise:
    """The exercise of the function's name, or of the variable that holds it where check or hint was called."""
    if not callable(function):
        raise ValueError(
            f"function: {type(function).__name__}, expected the function that you wrote, as in check(my_kl)"
        )
    variables = caller.f_globals | caller.f_locals
    held_by = [name for name in EXERCISES if variables.get(name) is function]
    name = getattr(function, "__name__", "<nameless>")
    if len(held_by) > 1 and name not in held_by:
        raise ValueError(f"function: it is {' and '.join(held_by)} here; check cannot tell which of them you mean")
    if len(held_by) == 1:
        (name,) = held_by
    if name in ("<lambda>", "<nameless>"):
        kind = "a lambda" if name == "<lambda>" else f"this {type(function).__name__}"
        raise ValueError(
            f"function: {kind} has no name of its own; write your function with def, or assign it first, as in "
            "my_kl = …, and then check(my_kl)"
        )
    return _called(name)


def _called(name: str) -> Exercise:
    if not isinstance(name, str):
        raise ValueError(f"name: {type(name).__name__}, expected the name of an exercise's function")
    if name not in EXERCISES:
        near = difflib.get_close_matches(name, EXERCISES, n=1)
        advice = f"did you mean {near[0]}?" if near else f"the exercises are {', '.join(sorted(EXERCISES))}"
        raise ValueError(f"function: no exercise is called {name!r}; {advice}")
    return EXERCISES[name]
