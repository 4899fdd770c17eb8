"""Run a notebook in a process of its own (worker.py), and save what can be saved of one that does not come to an end.

What the process writes is not believed: the notebook may have written it. What has not the form of a result is none.
"""

import contextlib
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO

import torch

from vae_course.bank import EXERCISES
from vae_course.checking.exercise import Observation
from vae_course.checking.limits import FILE
from vae_course.marking.submissions import code, read

SECONDS = 45  # for a whole notebook, imports included; what hangs is stopped, and the rest tried again without it
ATTEMPTS = 3
DEEPEST = 20  # results within results
KINDS = {"value", "error", "unusable", "not attempted", "borrowed", "sequence"}


class WorkerError(OSError):
    """Notebooks cannot be run on this machine: nobody's fault who is marked."""


@dataclass(frozen=True)
class Run:
    """What happened in the process of one notebook.

    seen: exercise -> what its cases saw; one whose function is not defined is left out. failed: (number, source, error)
    of each cell that raised. ends: what was ended by force, "cell 3" or a function's name, and how.
    """

    seen: dict[str, list[Observation]] = field(default_factory=dict)
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)


def run(path: Path, exercises: list[str], stop: Event) -> Run:
    """Run a notebook and try the functions of these exercises.

    After an end by force it is run again without the cell or the exercise that brought it about. stop: set from
    another thread, it ends the process. Raises CancelledError then, and WorkerError where no notebook can be run.
    """
    cells = code(read(path))
    skip: list[int | str] = []
    ends: dict[str, str] = {}
    events: list[dict] = []
    for _ in range(ATTEMPTS):
        events, end = _run_once({"cells": cells, "exercises": exercises, "skip": skip}, stop)
        if not end:
            break
        last = next((event for event in reversed(events) if "trying" in event or "cell" in event), {})
        culprit = last.get("trying", last.get("cell"))
        if culprit is None:
            _check_worker(stop)
            return Run(ends=dict.fromkeys(exercises, end))
        skip.append(culprit)
        ends[culprit if isinstance(culprit, str) else f"cell {culprit}"] = end
    else:
        reached = {event["name"] for event in events if "name" in event}
        end = f"was not reached: the notebook was stopped {ATTEMPTS} times before."
        ends |= {name: end for name in exercises if name not in reached and name not in ends}
    seen = {event["name"]: event["seen"] for event in events if event.get("seen")}
    failed = [(event["cell"], event["source"], event["error"]) for event in events if "error" in event]
    forged = {name: "its result could not be read." for name, observations in seen.items() if observations == "forged"}
    return Run({name: found for name, found in seen.items() if name not in forged}, failed, forged | ends)


def _run_once(job: dict, stop: Event, *, errors: int | BinaryIO = subprocess.DEVNULL) -> tuple[list[dict], str]:
    """One run in a fresh folder; what was written of it, and how it ended, "" for well. errors: where stderr goes."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        given, results, work = (Path(folder, name) for name in ("job.json", "results.jsonl", "work"))
        given.write_text(json.dumps(job))
        work.mkdir()
        environment = os.environ | {
            "IPYTHONDIR": folder, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1",
        }  # fmt: skip
        command = [sys.executable, "-P", "-m", "vae_course.marking.worker", given, results]
        worker = subprocess.Popen(
            command, cwd=work, env=environment, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors,
        )  # fmt: skip
        try:
            over = time.monotonic() + SECONDS
            while worker.poll() is None and time.monotonic() < over:
                if stop.wait(0.05):
                    raise CancelledError
            late = worker.returncode is None
        finally:
            _kill(worker)
        events = list(_events(results))
    if any("done" in event for event in events):
        return events, ""
    if late:
        return events, f"did not come to an end in {SECONDS} s and had to be stopped."
    return events, f"ended the interpreter (exit code {worker.returncode})."


def _check_worker(stop: Event) -> None:
    """Run a notebook without a cell. Raises WorkerError, with the last line of what was said, where that fails."""
    with tempfile.TemporaryFile() as errors:
        _, end = _run_once({"cells": [], "exercises": [], "skip": []}, stop, errors=errors)
        if end:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines()
            raise WorkerError(f"the process that runs notebooks fails on this machine: {said[-1] if said else end}")


def _kill(worker: subprocess.Popen) -> None:
    """End the worker, and every process that the notebook started and left behind; on Windows the worker alone."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS has the second where all have ended
            os.killpg(worker.pid, signal.SIGKILL)
    else:
        worker.kill()
    worker.wait()


def _events(results: Path) -> Iterator[dict]:
    """The lines that the worker wrote, as far as they are whole: it may have been stopped within one.

    The notebook may have put anything in the file's place: what is no plain file is not waited for.
    """
    flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # Windows has neither, and no such files
    try:
        file = os.open(results, os.O_RDONLY | flags)
    except OSError:
        return
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        return
    with os.fdopen(file, "rb") as opened:
        text = opened.read(FILE).decode(errors="replace")
    for line in text.splitlines():
        with contextlib.suppress(ValueError, RecursionError):
            if event := _event(json.loads(line)):
                yield event


def _event(line: Any) -> dict | None:
    """A line of the worker's, its observations read; None where it is not of the worker's form."""
    match line:
        case {"done": True}:
            return line
        case {"trying": str(name)} if name in EXERCISES:
            return line
        case {"name": str(name), "seen": seen} if name in EXERCISES:
            return {"name": name, "seen": seen and _observations(seen, len(EXERCISES[name].cases))}
        case {"cell": int(), "source": str(), "error": str()}:
            return line
        case {"cell": int()} if len(line) == 1:
            return line
    return None


def _observations(seen: Any, cases: int) -> list[Observation] | str:
    """One for each case, or "forged"."""
    try:
        if len(seen) == cases:
            return [_observation(each) for each in seen]
    except (TypeError, KeyError, ValueError, RuntimeError, OverflowError):
        pass
    return "forged"


def _observation(fields: dict, depth: int = 0) -> Observation:
    """Raises one of the above where the fields are not an observation's: comparing it must not fail."""
    kind, value, shape, text, parts = (fields[name] for name in ("kind", "value", "shape", "text", "parts"))
    said = isinstance(text, str) and (text or kind != "borrowed")  # borrowed, without from where, would be no mistake
    if kind not in KINDS or not said or depth > DEEPEST:
        raise ValueError(f"observation: kind {kind!r} at depth {depth}")
    if shape is not None:
        shape = tuple(shape)
        if kind != "value" or torch.tensor(value, dtype=torch.float64).shape != shape:
            raise ValueError(f"observation: a {kind} of shape {shape}")
    return Observation(kind, value, shape, text, tuple(_observation(part, depth + 1) for part in parts))
