"""Mark a folder of submitted notebooks: a table of grades, and a page of feedback for each student.

Functions are found by their names, so a notebook that lost its metadata or its order on the way is marked like any
other.
"""

import contextlib
import csv
import html
import json
import os
import re
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import nbformat
from tqdm import tqdm

from vae_lib.exercises import marks
from vae_lib.exercises.bank import CHAPTERS, EXERCISES
from vae_lib.exercises.exercise import Exercise, Observation
from vae_lib.exercises.limits import FILE
from vae_lib.exercises.report import Report, judge
from vae_lib.exercises.worker import read
from vae_lib.exercises.written import TITLES, answers

SECONDS = 45  # for a whole notebook, imports included; what hangs is stopped, and the rest tried again without it
ATTEMPTS = 3
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what begins so, a spreadsheet computes
PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
body {{ max-width: 45rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}
</style>
<h1>{title}</h1>
<p><strong>{earned:g} of {possible:g} points</strong> for the functions.</p>
{body}
</html>
"""


class WorkerError(OSError):
    """Notebooks cannot be run on this machine: nobody's fault who is marked."""


@dataclass(frozen=True)
class Mark:
    """What one exercise of one submission earned, and why: the report, or the reason why there is none."""

    exercise: Exercise
    points: float
    report: Report | None
    reason: str = ""


@dataclass(frozen=True)
class Run:
    """What happened in the process of one notebook.

    events: the worker's lines. ends: what was ended by force, "cell 3" or a function's name, and how.
    """

    events: list[dict]
    ends: dict[str, str]


@dataclass(frozen=True)
class Submission:
    """A student's notebooks. student: the name of the folder, or of the file where it lies in none."""

    student: str
    notebooks: tuple[Path, ...]


def mark(folder: Path, out: Path, chapters: list[str] | None = None) -> Path:
    """Mark every submission in the folder and return the path of `grades.csv`.

    folder: NAME.ipynb, or NAME/**/*.ipynb, for each student. chapters: whose exercises count; where None, those of
    every chapter of which some submission holds a function. Raises ValueError where there is nothing to mark, and
    WorkerError where no notebook can be run here.
    """
    submissions = find(folder)
    unknown = set(chapters or ()) - set(CHAPTERS)
    if unknown:
        raise ValueError(f"chapters: {', '.join(sorted(unknown))}, expected some of {', '.join(CHAPTERS)}")
    exercises = [each for each in EXERCISES.values() if each.chapter in (chapters or _chapters(submissions))]
    if not exercises:
        raise ValueError(f"submissions: no notebook in {folder} holds a function of the book's exercises")
    out.mkdir(parents=True, exist_ok=True)
    names = [each.name for each in exercises]
    table = [["student", *names, "total", "of"]]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        ran = pool.map(lambda submission: [_run(path, names) for path in submission.notebooks], submissions)
        # Judged here, one after the other: to try a reference is to set the random state of the whole process.
        for submission, runs in zip(submissions, tqdm(ran, "marking", len(submissions), unit="notebook"), strict=True):
            earned = _best(submission, runs, exercises)
            _write(out / f"{submission.student}.html", _feedback(submission, earned))
            points = [each.points for each in earned]
            name = f"'{submission.student}" if submission.student.startswith(FORMULA) else submission.student
            table.append([name, *points, round(sum(points), 2), sum(each.points for each in exercises)])
    return _write(out / "grades.csv", table)


def find(folder: Path) -> list[Submission]:
    """The submissions in a folder, by name. Raises ValueError where there is no notebook."""
    if not folder.is_dir():
        raise ValueError(f"submissions: {folder} is no folder")
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*.ipynb")):
        parts = path.relative_to(folder).parts
        if ".ipynb_checkpoints" not in parts and not path.is_dir():
            found.setdefault(parts[0] if len(parts) > 1 else path.stem, []).append(path)
    if not found:
        raise ValueError(f"submissions: no notebook in {folder}; expected NAME.ipynb or NAME/*.ipynb for each student")
    return [Submission(student, tuple(paths)) for student, paths in found.items()]


def _chapters(submissions: list[Submission]) -> set[str]:
    """The chapters of which some submission holds a function, or the place for one."""
    names = set()
    for path in (path for each in submissions for path in each.notebooks):
        with contextlib.suppress(OSError):  # told where it is marked
            names |= set(re.findall(r"def (\w+)", path.read_text(encoding="utf-8", errors="replace")))
    return {exercise.chapter for name, exercise in EXERCISES.items() if name in names}


def _best(submission: Submission, runs: list[Run], exercises: list[Exercise]) -> list[Mark]:
    """The best mark for each exercise over the student's notebooks; one that cannot be run costs no other its marks."""
    best: dict[str, Mark] = {}
    for path, run in zip(submission.notebooks, runs, strict=True):
        try:
            marked = list(_judged(run, exercises))
        except Exception as error:  # a notebook that forges its results must not stop the others' marking
            reason = f"{path.name} could not be marked ({type(error).__name__}: {str(error)[:200]})."
            marked = [Mark(each, 0.0, None, reason) for each in exercises]
        for each in marked:
            name = each.exercise.name
            if name not in best or each.points > best[name].points or best[name].report is None:
                best[name] = each
    return list(best.values())


def _judged(run: Run, exercises: list[Exercise]) -> Iterator[Mark]:
    seen = {event["name"]: event["seen"] for event in run.events if "name" in event}
    failed = [event for event in run.events if "error" in event]
    for exercise in exercises:
        name = exercise.name
        if seen.get(name):
            report = judge(exercise, [_observation(each) for each in seen[name]])
            yield Mark(exercise, marks(report, exercise), report)
        elif name in run.ends:
            yield Mark(exercise, 0.0, None, f"{name}: {run.ends[name]}")
        else:
            makes = re.compile(rf"(def|import|as) +{name}\b|\b{name} *=")
            cells = [event for event in failed if makes.search(event["source"])]
            why = f" Its cell (number {cells[-1]['cell']}) raised {cells[-1]['error']}" if cells else ""
            others = "; ".join(f"{cell} {end}" for cell, end in run.ends.items() if cell.startswith("cell"))
            yield Mark(exercise, 0.0, None, f"{name} is not defined.{why}" + (f" ({others})" if others else ""))


def _run(path: Path, exercises: list[str]) -> Run:
    """Run a notebook in a process of its own; whatever lies in the file, or the code does, it is one student's."""
    try:
        read(path)
        return _run_until_done(path, exercises)
    except WorkerError:
        raise
    except Exception as error:
        reason = f"{path.name} could not be read or run as a notebook ({type(error).__name__}: {str(error)[:200]})."
        return Run([], dict.fromkeys(exercises, reason))


def _run_until_done(path: Path, exercises: list[str]) -> Run:
    """After an end by force the notebook is run again without the cell or the exercise that brought it about."""
    skip: list[int | str] = []
    ends: dict[str, str] = {}
    events: list[dict] = []
    for _ in range(ATTEMPTS):
        events, end = _run_once(path, {"exercises": exercises, "skip": skip})
        if not end:
            break
        last = next((event for event in reversed(events) if "trying" in event or "cell" in event), {})
        culprit = last.get("trying", last.get("cell"))
        if culprit is None:
            _check_worker()
            ends |= dict.fromkeys(exercises, end)
            break
        skip.append(culprit)
        ends[culprit if isinstance(culprit, str) else f"cell {culprit}"] = end
    return Run(events, ends)


def _run_once(path: Path, job: dict, *, errors: int | BinaryIO = subprocess.DEVNULL) -> tuple[list[dict], str]:
    """One run in a fresh folder; what was written of it, and how it ended, "" for well. errors: where stderr goes."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.jsonl")
        work = Path(folder, "work")
        work.mkdir()
        environment = os.environ | {
            "IPYTHONDIR": folder, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1",
        }  # fmt: skip
        command = [sys.executable, "-P", "-m", "vae_lib.exercises.worker", path.resolve(), results, json.dumps(job)]
        worker = subprocess.Popen(
            command, cwd=work, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip
        try:
            worker.wait(SECONDS)
            end = f"ended the interpreter (exit code {worker.returncode})."
        except subprocess.TimeoutExpired:
            end = f"did not come to an end in {SECONDS} s and had to be stopped."
        finally:
            _kill(worker)
        events = list(_events(results))
    return events, "" if any("done" in event for event in events) else end


def _check_worker() -> None:
    """Run a notebook without a cell. Raises WorkerError, with the last line of what was said, where that fails."""
    with tempfile.TemporaryDirectory() as folder, Path(folder, "errors").open("w+b") as errors:
        notebook = Path(folder, "empty.ipynb")
        nbformat.write(nbformat.v4.new_notebook(), notebook)
        _, end = _run_once(notebook, {"exercises": [], "skip": []}, errors=errors)
        if end:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise WorkerError(f"the process that runs notebooks fails on this machine: {said[-1] if said else end}")


def _events(results: Path) -> Iterator[dict]:
    """The lines that the worker wrote, as far as they are whole: it may have been stopped within one.

    The notebook may have put anything in the file's place: what is no plain file is not waited for.
    """
    try:
        file = os.open(results, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return
    with os.fdopen(file, "rb") as opened:
        plain = stat.S_ISREG(os.fstat(file).st_mode)
        text = opened.read(FILE).decode(errors="replace") if plain else ""
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            yield json.loads(line)


def _kill(worker: subprocess.Popen) -> None:
    """End the worker, and every process that the notebook started and left behind."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


def _observation(fields: dict) -> Observation:
    parts = tuple(map(_observation, fields["parts"]))
    shape = None if fields["shape"] is None else tuple(fields["shape"])
    return Observation(fields["kind"], fields["value"], shape, fields["text"], parts)


def _feedback(submission: Submission, earned: list[Mark]) -> str:
    sections = [
        f"<h2>{each.exercise.name}: {each.points:g} of {each.exercise.points:g}</h2>\n"
        + (each.report._repr_html_() if each.report else f"<p>{html.escape(each.reason)}</p>")
        for each in earned
    ]
    sections += [
        f"<h2>In your words: {html.escape(title)}</h2>\n<pre>{html.escape(text)}</pre>\n<p>Your teacher reads this.</p>"
        for title, text in _written(submission)
    ]
    return PAGE.format(
        title=html.escape(submission.student),
        earned=round(sum(each.points for each in earned), 2),
        possible=sum(each.exercise.points for each in earned),
        body="\n".join(sections),
    )


def _written(submission: Submission) -> Iterator[tuple[str, str]]:
    """The answers in words: (title of the question, answer)."""
    for path in submission.notebooks:
        with contextlib.suppress(Exception):  # told where the functions are marked
            for label, text in answers(read(path)).items():
                yield TITLES[label], text


def _write(path: Path, content: str | list[list]) -> Path:
    """Write beside the file first, so that an interrupted run leaves no half of it."""
    beside = path.with_name(".part")  # a short name, as a student's may be as long as a name can be
    with beside.open("w", newline="", encoding="utf-8", errors="replace") as file:
        if isinstance(content, str):
            file.write(content)
        else:
            csv.writer(file).writerows(content)
    return beside.replace(path)
