"""The figures' traits: each checks what it is given, in the constructor and on every assignment, before it is sent.

What a reader moves can be set from Python, too. The rest is fixed: it was computed once, and the front end reads it
once, so that another value would leave the screen as it was.
"""

import reprlib
import sys
from numbers import Integral, Real
from typing import NoReturn, TypeGuard

import traitlets
from traitlets import HasTraits, Undefined

LARGEST = sys.float_info.max  # between it and its opposite lies no infinite number, and no NaN
LARGEST_INTEGER = 2**53 - 1  # up to here JavaScript has them all
ABOVE_ZERO = 5e-324  # the smallest positive number


class BadValue(traitlets.TraitError, ValueError):
    """What cannot be shown: a ValueError, as for all bad input, and a TraitError, which undoes the assignment."""


class Checked(traitlets.TraitType):
    """The base of the traits: plain data. Raises BadValue that names the trait, what came and what was expected."""

    def __init__(self, default: object = Undefined, *, fixed: bool = False) -> None:
        super().__init__(default, read_only=fixed)
        self.tag(sync=True)

    def __set__(self, figure: HasTraits, value: object) -> None:
        if self.read_only:
            self.refuse(value, "what its figure was made with, since it is fixed")
        super().__set__(figure, value)

    def refuse(self, value: object, expected: str) -> NoReturn:
        """Raise the BadValue that says what came and what was expected."""
        raise BadValue(f"{self.name}: {reprlib.repr(value)}, expected {expected}")


class Flag(Checked):
    """True or False."""

    def validate(self, figure: HasTraits, value: object) -> bool:
        """Called by traitlets before the value is set, here and below. Raises BadValue."""
        return value if isinstance(value, bool) else self.refuse(value, "True or False")


class Text(Checked):
    """A text."""

    def validate(self, figure: HasTraits, value: object) -> str:
        """The text. Raises BadValue for anything else."""
        return value if isinstance(value, str) else self.refuse(value, "a text")


class Number(Checked):
    """A finite number from `low` to `high`, as a float."""

    kind, made, words = Real, float, "a finite number"

    def __init__(
        self, default: object = Undefined, *, low: float = -LARGEST, high: float = LARGEST, fixed: bool = False
    ) -> None:
        super().__init__(default, fixed=fixed)
        self.low, self.high = low, high
        if low == ABOVE_ZERO:
            self.words = "a positive number"
        elif low > -LARGEST:
            self.words += f" from {low}" + f" to {high}" * (high < LARGEST)

    def fits(self, value: object) -> TypeGuard[Real]:
        """Whether the value is such a number."""
        if not isinstance(value, self.kind) or isinstance(value, bool):
            return False
        try:
            return self.low <= self.made(value) <= self.high  # made first: NumPy compares in the precision of its own
        except OverflowError:
            return False

    def validate(self, figure: HasTraits, value: object) -> float:
        """The number as a float or an int of Python's. Raises BadValue for anything else."""
        return self.made(value) if self.fits(value) else self.refuse(value, self.words)


class Integer(Number):
    """An integer from `low` to `high`."""

    kind, made, words = Integral, int, "an integer"


class Numbers(Checked):
    """A list of numbers of one kind: `length` of them, or if that is None, `shortest` or more."""

    def __init__(self, each: Number, length: int | None = None, *, shortest: int = 1, fixed: bool = False) -> None:
        super().__init__(fixed=fixed)
        self.each, self.length, self.shortest = each, length, shortest

    def validate(self, figure: HasTraits, value: object) -> list[float]:
        """The list of a list or a tuple. Raises BadValue that says which of the numbers does not fit."""
        count = f"{self.shortest} or more" if self.length is None else self.length
        lengths = range(self.shortest, sys.maxsize) if self.length is None else (self.length,)
        if not isinstance(value, list | tuple) or len(value) not in lengths:
            self.refuse(value, f"a list of {count}, each {self.each.words}")
        for place, one in enumerate(value):
            if not self.each.fits(one):
                raise BadValue(f"{self.name}: {one!r} at place {place}, expected {self.each.words}")
        return [self.each.made(one) for one in value]


class Data(Checked):
    """What the figure was made with: numbers, texts and bytes, in lists and dictionaries. It is fixed."""

    def __init__(self) -> None:
        super().__init__(fixed=True)

    def validate(self, figure: HasTraits, value: object) -> object:
        """The value. Raises BadValue for what JSON has no word for."""
        parts = [value]
        while parts:
            part = parts.pop()
            if isinstance(part, dict | list):
                parts += part.values() if isinstance(part, dict) else part
            elif not isinstance(part, bool | str | bytes | int) and not Number.fits(Number(), part):
                self.refuse(part, "finite numbers, texts, lists and dictionaries")
        return value
