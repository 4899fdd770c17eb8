"""Answers as readers write them, that the bank has not seen: each right one passes, each wrong one is refused.

A file in answers/ holds the answers to one exercise, a cell each, under a line `# %% right: how it is written` or
`# %% wrong: what is wrong with it`. A cell runs as it would in a notebook, after the imports in PREAMBLE, and what it
binds to the exercise's name is tried.
"""

import re
from collections import Counter
from pathlib import Path

import pytest
from pages import FIRST_CHAPTERS

from vae_course.bank import EXERCISES
from vae_course.checking.check import report_on
from vae_course.checking.report import Report

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


# Answers in words that no listed mistake is written in, and what is said of each; nothing where nothing is known.
TOLD = {
    ("my_binarize", "its own draws, from numpy"): "not from the uniform numbers that were passed in",
    ("my_binarize", "one number for an image, the mean"): "a uniform number that is not their own",
    ("my_binarize", "minus one and one"): "pixels other than 0 and 1",
    ("my_bernoulli_log_prob", "the float32 epsilon beside the probability"): "also changes the gradient",
    ("my_bernoulli_log_prob", "clamped at 1e-5"): "also changes the gradient",
    (
        "my_bernoulli_log_prob",
        "clamped at 1e-8, which does nothing at the top",
    ): "a clamp to it does nothing at the top",
    ("my_bernoulli_log_prob", "a sigmoid in double precision"): "the sigmoid rounds to exactly 1",
    ("my_negative_elbo", "the same with the sum over the batch"): "summed the distortion over the batch",
    ("my_negative_elbo", "the default reduction, and a summed KL"): "mean over pixels and images of the distortion",
    ("my_negative_elbo", "everything divided by the number of pixels"): "nats per image",
    ("my_negative_elbo", "the KL weight of popular repositories"): "gave the rate a small weight",
    ("my_negative_elbo", "the batch's share of the data set as a weight"): "a weight other than 1",
    ("my_negative_elbo", "the sign of the logarithm in the KL"): "the sign of log σ² is wrong",
    ("my_negative_elbo", "target and probability exchanged"): "arguments are exchanged",
    ("my_collapse_report", "a hundredth of all variance"): "compared each unit with the others",
    ("my_collapse_report", "every unit"): "",
    ("my_collapse_report", "every unit whose mean moves at all"): "",
    ("my_collapse_report", "a hundredth of the median variance"): "",
    ("my_collapse_report", "narrow posteriors"): "",
    ("my_rate_split", "densities in double precision"): "exp underflowed to zero, and its logarithm",
    ("my_rate_split", "the prior's density in double precision"): "exp underflowed to zero in the prior's density",
}


def _report(name: str, code: str) -> Report:
    notebook = {"__name__": "__main__"}
    exec(compile(PREAMBLE, "preamble", "exec"), notebook)
    exec(compile(code, name, "exec"), notebook)
    return report_on(notebook[name], EXERCISES[name])


@pytest.mark.parametrize(("name", "verdict", "code"), ANSWERS)
def test_an_answer_gets_its_due(name: str, verdict: str, code: str) -> None:
    report = _report(name, code)
    assert (report.state == "correct") == (verdict == "right"), str(report)
    assert verdict == "right" or report.score < 1


@pytest.mark.parametrize(("name", "words"), TOLD)
def test_an_answer_is_told_what_is_true_of_it(name: str, words: str) -> None:
    (code,) = (each.values[2] for each in ANSWERS if each.id == f"{name}-wrong: {words}")
    lesson = _report(name, code).lesson
    assert TOLD[name, words] in lesson
    assert bool(lesson) == bool(TOLD[name, words])


@pytest.mark.parametrize("name", [name for name, each in EXERCISES.items() if each.chapter in FIRST_CHAPTERS])
def test_each_exercise_of_the_first_chapters_has_been_tried_ten_times_both_ways(name: str) -> None:
    counted = Counter(answer.values[1] for answer in ANSWERS if answer.values[0] == name)
    assert min(counted["right"], counted["wrong"]) >= 10, counted


def test_every_answer_in_the_files_is_tried() -> None:
    marks = sum(path.read_text(encoding="utf-8").count("# %%") for path in FOLDER.iterdir())
    assert marks == len(ANSWERS)
