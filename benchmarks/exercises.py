"""How long a check takes, and how long marking a class takes: python benchmarks/exercises.py [--chapter elbo].

Checks the book's own solution of every exercise, and the wrong version that takes longest to tell from the classic
ones.
Marks 30 submissions of one chapter, a class as a teacher meets it: 18 right, 8 untouched, 2 with a loop that never
ends in a function, 2 with one in a cell. To be reached on two cores: under 1 s a check, under 180 s for the class.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell

from vae_course.bank import CHAPTERS, EXERCISES
from vae_course.checking.check import report_on
from vae_course.checking.exercise import Exercise
from vae_course.handout import assignment, source
from vae_course.marking.mark import mark

STUDENTS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chapter", choices=CHAPTERS, default="elbo")
    chapter = parser.parse_args().chapter
    times = {
        name: max(seconds(solution(exercise), exercise), seconds(odd, exercise)) for name, exercise in EXERCISES.items()
    }
    slowest = max(times, key=lambda name: times[name])
    print(f"one check: {max(times.values()):.3f} s at most ({slowest}; limit 1 s), of {len(times)} exercises")
    with tempfile.TemporaryDirectory() as folder:
        hand_in(chapter, Path(folder, "submitted"))
        start = time.perf_counter()
        mark(Path(folder, "submitted"), Path(folder, "marked"))
        print(f"marking {STUDENTS} submissions of {chapter}: {time.perf_counter() - start:.0f} s (limit 180 s)")


def solution(exercise: Exercise) -> Callable:
    """The function of the chapter's solution, in a notebook's own namespace."""
    namespace: dict = {"__name__": "__main__"}
    opening, found = source.exercises(assignment.BOOK / "chapters" / f"{exercise.chapter}.md")
    for block in opening:
        if block.name == "code-cell":
            exec(block.body, namespace)
    exec(next(source.solution_of(each) for each in found if each.function == exercise.name), namespace)
    return namespace[exercise.name]


def odd(*_: object) -> float:
    """Wrong in no classic way, so that every mistake is compared."""
    return 0.123456789


def seconds(function: Callable, exercise: Exercise) -> float:
    start = time.perf_counter()
    report_on(function, exercise)
    return time.perf_counter() - start


def hand_in(chapter: str, folder: Path) -> None:
    folder.mkdir()
    solutions = {
        each.function: source.solution_of(each)
        for each in source.exercises(assignment.BOOK / "chapters" / f"{chapter}.md")[1]
        if each.function
    }
    first = next(iter(solutions))
    for student in range(STUDENTS):
        notebook = assignment.notebook(chapter, "student")
        if student >= 8:
            for cell in notebook.cells:
                for name, code in solutions.items():
                    if f"def {name}(" in cell.source:
                        cell.source = code
        if student >= STUDENTS - 2:
            notebook.cells.append(new_code_cell(f"def {first}(*_):\n    while True: pass"))
        elif student >= STUDENTS - 4:
            notebook.cells.insert(0, new_code_cell("while True: pass"))
        (folder / f"student-{student:02}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")


if __name__ == "__main__":
    main()
