"""One submission in one process: run its cells, then try the functions that it defined. Started by running.py.

    python -P -m vae_course.marking.worker JOB RESULTS

JOB is a file of JSON, {"cells": [[number, source], ...], "exercises": [...], "skip": [...]}: the notebook is read by
whoever starts this, because importing nbformat takes longer than most notebooks run.

Writes a line of JSON for each thing that happened, so that what was seen before an end by force is not lost. Whether an
answer is right is not decided here: this process runs a stranger's code, which could say that it is.
"""

import dataclasses
import json
import sys
from pathlib import Path

import torch
from IPython.core.interactiveshell import InteractiveShell

from vae_course.bank import EXERCISES
from vae_course.checking.exercise import attempt
from vae_course.checking.limits import TookTooLong, protect, time_limit

CELL_SECONDS = 10


def main(job: dict, results: Path) -> None:
    """Run the cells of the job and try the functions of its exercises, but for what is to skip; results gets the lines.

    A number in skip is a cell's, a name an exercise's.
    """
    torch.set_num_threads(1)  # one process runs on each core
    bank = {name: EXERCISES[name] for name in job["exercises"] if name not in job["skip"]}
    shell = InteractiveShell.instance(user_ns={"__name__": "__main__"}, colors="NoColor")
    protect(shell.user_ns)
    with results.open("a", buffering=1) as out:

        def say(**line: object) -> None:
            out.write(json.dumps(line) + "\n")

        for number, source in job["cells"]:
            if number not in job["skip"]:
                say(cell=number)
                if error := _run(shell, source):
                    say(cell=number, source=source, error=error)
        for name, exercise in bank.items():
            say(trying=name)
            if name in shell.user_ns:
                seen = attempt(shell.user_ns[name], exercise)
                say(name=name, seen=[dataclasses.asdict(each) for each in seen])
            else:
                say(name=name, seen=None)
        say(done=True)


def _run(shell: InteractiveShell, source: str) -> str:
    """Run one cell as a notebook would, magics and all; what it raised, or ""."""
    try:
        with time_limit(CELL_SECONDS):
            result = shell.run_cell(source, silent=True)
        error = result.error_before_exec or result.error_in_exec
    except TookTooLong as late:  # IPython reports what a cell raised, unless time is up outside the cell
        error = late
    if isinstance(error, TookTooLong):
        return f"TimeoutError: not done after {CELL_SECONDS} s"
    return f"{type(error).__name__}: {error}" if error else ""


if __name__ == "__main__":
    job_path, results_path = sys.argv[1:]
    sys.argv = ["notebook"]  # where the results go is not the notebook's business
    main(json.loads(Path(job_path).read_text()), Path(results_path))
