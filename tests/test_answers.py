"""Answers as readers write them, that the bank has not seen: each right one passes, each wrong one is refused.

A file in answers/ holds the answers to one exercise, a cell each, under a line `# %% right: how it is written` or
`# %% wrong: what is wrong with it`. A cell runs as it would in a notebook, after the imports in PREAMBLE, and what it
binds to the exercise's name is tried.
"""

import re
from collections import Counter
from pathlib import Path

import pytest

from vae_lib.exercises import report_on
from vae_lib.exercises.bank import EXERCISES

FOLDER = Path(__file__).parent / "answers"
CELL = re.compile(r"^# %% (right|wrong): (.+)\n((?:(?!# %%).*\n?)*)", re.MULTILINE)
PREAMBLE = """
import math
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Bernoulli, Categorical, Independent, Normal
"""
ANSWERS = [
    pytest.param(path.stem, verdict, code, id=f"{path.stem}-{verdict}: {words}")
    for path in sorted(FOLDER.glob("my_*.py"))
    for verdict, words, code in CELL.findall(path.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("name", "verdict", "code"), ANSWERS)
def test_an_answer_gets_its_due(name: str, verdict: str, code: str) -> None:
    notebook = {"__name__": "__main__"}
    exec(compile(PREAMBLE, "preamble", "exec"), notebook)
    exec(compile(code, name, "exec"), notebook)
    report = report_on(notebook[name], EXERCISES[name])
    assert (report.state == "correct") == (verdict == "right"), str(report)
    assert verdict == "right" or report.score < 1


@pytest.mark.parametrize("name", EXERCISES)
def test_each_exercise_has_been_tried_ten_times_both_ways(name: str) -> None:
    counted = Counter(answer.values[1] for answer in ANSWERS if answer.values[0] == name)
    assert min(counted["right"], counted["wrong"]) >= 10, counted


def test_every_answer_in_the_files_is_tried() -> None:
    marks = sum(path.read_text(encoding="utf-8").count("# %%") for path in FOLDER.iterdir())
    assert marks == len(ANSWERS)
