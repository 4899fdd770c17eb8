"""What is said of a function: not attempted, not yet and why, or correct."""

import functools
import html
import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch

from vae_course.checking.exercise import Exercise, Observation, as_delivered, observe

known = functools.cache(observe)  # for the bank's own functions, which show the same each time
NOT_ATTEMPTED, NOT_YET, CORRECT = "not attempted", "not yet", "correct"
COLOURS = {NOT_ATTEMPTED: "#9a6700", NOT_YET: "#cf222e", CORRECT: "#1a7f37"}


@dataclass(frozen=True)
class Report:
    """name: the function's. state: one of the three above. lesson: the mistake, in a teacher's sentence, where it is
    known.

    lines: (label, what is wrong or "") of each case.
    """

    name: str
    state: str
    lesson: str
    lines: tuple[tuple[str, str], ...]

    @property
    def score(self) -> float:
        """The share of the cases that the function got right, in [0, 1]."""
        return sum(not wrong for _, wrong in self.lines) / len(self.lines)

    def __str__(self) -> str:
        if self.state == NOT_ATTEMPTED:
            return f"{self.name}: not attempted. Put your code in the place of `raise NotImplementedError`."
        text = [f"{self.name}: {self.state}."]
        text += [f"  {self.lesson}"] if self.lesson else []
        for label, wrong in self.lines:
            text.append(f"  [{'x' if wrong else 'ok'}] {label}")
            text += [f"      {wrong}"] if wrong and not self.lesson else []
        return "\n".join(text)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        head, *rest = (html.escape(line) for line in str(self).replace("[ok]", "✓").replace("[x]", "✗").splitlines())
        bar = f"border-left: 4px solid {COLOURS[self.state]}; padding: 0.25rem 0 0.25rem 0.75rem"
        body = "".join(_hanging(line) for line in rest)
        return f'<div class="vae-check" style="{bar}"><strong>{head}</strong>{body}</div>'


def _hanging(line: str) -> str:
    """A line as far in as its spaces say; what wraps stands below its words, not below their mark."""
    words = line.lstrip()
    mark = 1.5 * words.startswith(("✓", "✗"))
    place = f"padding-left: {(len(line) - len(words)) / 2 + mark}em; text-indent: -{mark}em"
    return f'<div style="white-space: pre-wrap; {place}">{words}</div>'


@as_delivered()
def judge(exercise: Exercise, seen: list[Observation]) -> Report:
    """Compare what was seen of a function with what is seen of the reference, and name the mistake if it is a classic
    one.
    """
    wanted = known(exercise.reference, exercise)
    failing = [i for i, (got, want) in enumerate(zip(seen, wanted, strict=True)) if not agree(got, want, exercise)]
    if any(got.kind == NOT_ATTEMPTED for got in seen):
        state, lesson = NOT_ATTEMPTED, ""
    elif seen[0].kind == "borrowed":
        state, lesson = NOT_YET, seen[0].text
    else:
        state, lesson = (NOT_YET if failing else CORRECT), _lesson(exercise, seen, wanted, failing)
    lines = [
        (each.label, _wrong(got, want) if i in failing else "")
        for i, (each, got, want) in enumerate(zip(exercise.cases, seen, wanted, strict=True))
    ]
    return Report(exercise.name, state, lesson, tuple(lines))


def agree(got: Observation, want: Observation, exercise: Exercise) -> bool:
    """Whether two observations show the same: one form, and numbers within the exercise's tolerance."""
    if not _same_form(got, want):
        return False
    if got.kind == "sequence":
        return all(agree(a, b, exercise) for a, b in zip(got.parts, want.parts, strict=True))
    if got.shape is None or got.kind != "value":
        return got.text == want.text
    a, b = (torch.tensor(each.value, dtype=torch.float64) for each in (got, want))
    return torch.allclose(a, b, rtol=exercise.rtol, atol=exercise.atol, equal_nan=True)


def _lesson(exercise: Exercise, seen: list[Observation], wanted: list[Observation], failing: list[int]) -> str:
    """The first classic mistake that fails in the same cases, and shows the same there.

    One that would fail in others as well is another mistake, though it may coincide in a case.
    """
    if not failing:
        return ""
    expected = [got if i in failing else want for i, (got, want) in enumerate(zip(seen, wanted, strict=True))]
    for wrong, sentence in exercise.mistakes:
        if all(agree(*pair, exercise) for pair in zip(expected, known(wrong, exercise), strict=True)):
            return sentence
    return ""


def _wrong(got: Observation, want: Observation) -> str:
    if got.kind == "error":
        return f"Your function raised {got.text}"
    if got.kind == "unusable":
        return f"What your function returned cannot be used here. {got.text}"
    if got.kind == "borrowed":
        return got.text
    if got.kind == NOT_ATTEMPTED:
        return "not attempted"
    if got.kind == "value" and got.shape is None:
        if got.text == "None":
            return "Your function returned None: is a `return` missing?"
        return f"Expected {_form(want)}, got {got.text}."
    if not _same_form(got, want):
        return f"Expected {_form(want)}, got {_form(got)}."
    pairs = list(_pairs(got, want))
    if any(not math.isfinite(a) for a, _ in pairs):
        return (
            "The result contains NaN or infinity: look for an exponential that overflows, a logarithm of zero, or the "
            "root of a negative number."
        )
    if not pairs:
        return f"Expected {_form(want)}."
    a, b = max(pairs, key=lambda pair: abs(pair[0] - pair[1]))
    return f"The form is right, the numbers are not: yours is {a:.4g} where {b:.4g} is expected."


def _same_form(got: Observation, want: Observation) -> bool:
    if got.kind != want.kind or got.shape != want.shape or len(got.parts) != len(want.parts):
        return False
    return all(_same_form(a, b) for a, b in zip(got.parts, want.parts, strict=True))


def _form(seen: Observation) -> str:
    if seen.kind == "sequence":
        shown = [*map(_form, seen.parts[:3]), *(["…"] if len(seen.parts) > 3 else [])]
        return f"{seen.text} ({', '.join(shown)})" if shown else seen.text
    if seen.shape is None:
        return seen.text
    return f"a tensor of shape {seen.shape}" if seen.shape else "one number"


def _pairs(got: Observation, want: Observation) -> Iterator[tuple[float, float]]:
    """The numbers of two observations of one form, side by side."""
    for a, b in zip(got.parts, want.parts, strict=True):
        yield from _pairs(a, b)
    if got.shape is not None:
        numbers = (torch.tensor(each.value, dtype=torch.float64).flatten().tolist() for each in (got, want))
        yield from zip(*numbers, strict=True)
