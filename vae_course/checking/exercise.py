"""An exercise: a reference, cases to try a function on, and the classic mistakes with a teacher's sentence for each.

A case does not compare. It runs the function and says what was seen, so that a marker can run a submission in one
process and judge it in another (report.py, running.py).
"""

import contextlib
import io
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import torch
from torch import Tensor

from vae_course.checking.honesty import Watch, answer_itself, borrowed, is_library
from vae_course.checking.limits import TookTooLong, time_limit

LARGEST = 100_000  # numbers in one result; a case returns far fewer
SECONDS = 10  # for one case: the references need milliseconds, but the first call of torch.func imports for seconds
# What is added, or clamped at, to keep a logarithm finite or a quotient defined: mistakes are tried with all of them.
SMALL = (1e-5, 1e-6, 1e-7, torch.finfo(torch.float32).eps, 1e-8, 1e-9, 1e-10, 1e-12, 1e-16, 1e-20, 1e-30)
TOO_LONG = f"TimeoutError: not done after {SECONDS} s. Is there a loop that never ends?"


@dataclass(frozen=True)
class Case:
    """One thing to try a function on. label: says it in words. run: calls the function, returns what was found."""

    label: str
    run: Callable[[Callable], Any]


def case(label: str, *arguments: Any, part: int | None = None) -> Case:
    """The plain case: call the function with these arguments, copied, so that a call cannot spoil the next.

    part: which of two results to look at, so that each is judged by itself.
    """

    def run(function: Callable) -> Any:
        result = function(*(a.clone() if isinstance(a, Tensor) else a for a in arguments))
        return result if part is None else one_of_two(result, part)

    return Case(label, run)


def one_of_two(result: Any, part: int) -> Any:
    """One of two results. Where there are not two this is an error that says so, not a look at what else came."""
    if isinstance(result, tuple | list) and len(result) == 2:
        return result[part]
    if isinstance(result, tuple | list | Tensor | Real):
        form = f"{len(result)} of them" if isinstance(result, tuple | list) else f"one {type(result).__name__}"
        raise TypeError(f"two results are expected, as in `return first, second`, not {form}")
    return result


def gradient(result: Any, of: Tensor) -> Tensor:
    """The gradient of the sum of a result; zeros where none arrives, so that the numbers can still be compared."""
    if not isinstance(result, Tensor | Real):
        raise TypeError(f"a gradient comes from a tensor, not from {type(result).__name__}")
    if isinstance(result, Real) or not result.requires_grad:
        return torch.zeros_like(of)
    found = torch.autograd.grad(result.sum(), of, retain_graph=True, allow_unused=True)[0]
    return torch.zeros_like(of) if found is None else found


@contextlib.contextmanager
def as_delivered() -> Iterator[None]:
    """PyTorch's and NumPy's own defaults for a while: a notebook may have set another type or device, or switched
    gradients off.
    """
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.device("cpu"),
            torch.autocast("cpu", enabled=False),
            torch.autograd.set_detect_anomaly(False),
            np.errstate(all="warn"),
        ):
            yield
    finally:
        torch.set_default_dtype(before)


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """What `check` knows of one function that the reader writes. The reference's name is the function's name.

    mistakes: pairs of a wrong function and the sentence a teacher would say of it. The first that shows what the
    reader's shows, in every case, is said.
    forbidden: names of a library's functions, methods or classes whose result may not be used, because it is the
    answer. The reader's own may have any name.
    """

    reference: Callable
    cases: tuple[Case, ...]
    mistakes: tuple[tuple[Callable, str], ...]
    hints: tuple[str, ...]
    points: int
    forbidden: tuple[str, ...] = ()
    rtol: float = 1e-4
    atol: float = 1e-5
    chapter: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chapter", self.reference.__module__.rpartition(".")[2])

    @property
    def name(self) -> str:
        return self.reference.__name__


@dataclass(frozen=True)
class Observation:
    """What one case saw of a function.

    kind: "value", "error" (the function raised; text says what), "unusable" (what it returned made the case raise),
    "not attempted" or "borrowed" (text says from where).
    value: a nested list of numbers for kind "value"; shape: its shape, or None where the result was no number or
    tensor, which text then names. A sequence of results is kind "sequence", with an Observation for each.
    """

    kind: str
    value: Any = None
    shape: tuple[int, ...] | None = None
    text: str = ""
    parts: tuple["Observation", ...] = ()


def attempt(function: Callable, exercise: Exercise) -> list[Observation]:
    """What every case sees of a reader's function; only that it is borrowed, where it is not the reader's own.

    The function may be anything that is called like one, and a class of such: an object is made of it for each call.
    """
    found = borrowed(function, exercise.forbidden)
    if not found:
        watch = Watch(exercise.forbidden)
        seen = observe(watch.over(_called_anew(function) if isinstance(function, type) else function), exercise)
        if not watch.used:
            return seen
        found = answer_itself(watch.used)
    return [Observation("borrowed", text=found)] * len(exercise.cases)


def _called_anew(kind: type) -> Callable:
    return lambda *arguments, **options: kind()(*arguments, **options)


def observe(function: Callable, exercise: Exercise) -> list[Observation]:
    """Try the function on every case, each from the same random seed; what it prints and warns is not shown.

    After a case that took too long the rest are not tried: they would take as long.
    """
    seen = []
    for each in exercise.cases:
        slow = seen and seen[-1].text == TOO_LONG
        seen.append(seen[-1] if slow else _observe(function, each))
    return seen


def _observe(function: Callable, each: Case) -> Observation:
    quiet = io.StringIO()
    returned = []

    def watched(*arguments: Any, **options: Any) -> Any:
        returned.clear()
        result = function(*arguments, **options)
        returned.append(True)
        return result

    with (
        as_delivered(),
        torch.random.fork_rng(devices=[]),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(quiet),
        contextlib.redirect_stderr(quiet),  # nbgrader gives no marks to a cell that writes there
    ):
        warnings.simplefilter("ignore")
        torch.manual_seed(0)
        try:
            with time_limit(SECONDS):
                return _seen(each.run(watched))
        except NotImplementedError as error:
            if _is_stub(error):
                return Observation("not attempted")
            return Observation("error", text=_told(error))
        except TookTooLong:
            return Observation("error", text=TOO_LONG)
        except (Exception, SystemExit) as error:  # a reader's own error is the feedback
            return Observation("unusable" if returned else "error", text=_told(error))


def _is_stub(error: NotImplementedError) -> bool:
    """Whether the reader's own code raised it, and bare; PyTorch raises it too, for what it cannot do."""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    return not error.args and not is_library(frame.f_globals)


def _told(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # a reader's own exception need not be able to say what it is
        return type(error).__name__


def _seen(result: Any) -> Observation:
    if isinstance(result, Real):  # numpy's numbers, too
        return Observation("value", value=float(result), shape=())
    if isinstance(result, Tensor) and result.numel() <= LARGEST and not result.is_complex():
        return Observation("value", value=result.detach().double().tolist(), shape=tuple(result.shape))
    if isinstance(result, tuple | list):
        return Observation(
            "sequence",
            parts=tuple(_seen(part) for part in result[:16]),
            text=f"{len(result)} result{'s' * (len(result) != 1)}",
        )
    if isinstance(result, Tensor):
        return Observation("value", text=f"a tensor of shape {tuple(result.shape)} and type {result.dtype}")
    return Observation("value", text="None" if result is None else type(result).__name__)
