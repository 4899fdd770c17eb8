"""Whether a function is the reader's own: what `check` and both markers look at before they try it."""

import inspect
import types
from collections.abc import Callable, Iterator

OWN = "vae_lib.exercises"
OFFERED = ("check", "hint", "exit", "quit")  # what a notebook may have from there (limits.py replaces the last two)


def borrowed(function: Callable, forbidden: tuple[str, ...] = ()) -> str:
    """A sentence that says where the function takes the answer from; empty where it is the reader's own.

    Looks at the function, under decorators that keep it, and at the functions beside it that it calls. A determined
    cheat gets round this; the teaching guide says so.
    """
    function = unwrapped(function)
    if not isinstance(function, types.FunctionType):
        kind = getattr(function, "__name__", type(function).__name__)
        return f"This is {kind!r} under another name: define the function yourself, with def."
    for code_of in _with_helpers(function):
        if code_of.__module__ and code_of.__module__.split(".")[0] == "vae_lib":
            return f"This is the book's own {code_of.__name__} (from {code_of.__module__}): write yours."
        names = set(_names(code_of.__code__))
        for name in sorted(names):
            from_the_package = _origin(code_of.__globals__.get(name)).startswith(OWN) and name not in OFFERED
            if name.startswith(OWN) or from_the_package:
                return f"Your function reads the solution from the package ({name}): write your own."
        for name in forbidden:
            if name in names | _true_names(code_of, names) and not _own(code_of.__globals__.get(name), function):
                return f"Your function uses {name}, which is the answer itself: write it from its formula."
    return ""


def unwrapped(function: object) -> object:
    """The function under its decorators, as far as these say what they decorate."""
    try:
        return inspect.unwrap(function)
    except ValueError:  # one that says it decorates itself
        return function


def _true_names(function: types.FunctionType, names: set[str]) -> set[str]:
    """What is imported under another name, by its own."""
    found = (function.__globals__.get(name) for name in names)
    return {str(getattr(value, "__name__", "")) for value in found if not _own(value, function)}


def _own(value: object, function: types.FunctionType) -> bool:
    """Whether a value is a function from the same notebook, which may have any name."""
    value = unwrapped(value)
    return isinstance(value, types.FunctionType) and value.__globals__ is function.__globals__


def _origin(value: object) -> str:
    """The name of the module that an object, or the first thing in a dictionary, comes from."""
    if isinstance(value, types.ModuleType):
        return value.__name__
    if isinstance(value, dict):
        value = next(iter(value.values()), None)
    return getattr(value, "__module__", None) or ""


def _with_helpers(function: types.FunctionType) -> Iterator[types.FunctionType]:
    """The function, and those of its own notebook that it calls, directly or through others."""
    seen, waiting = set(), [function]
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        yield current
        called = (current.__globals__.get(name) for name in _names(current.__code__))
        waiting += [unwrapped(f) for f in called if _own(f, function)]


def _names(code: types.CodeType) -> Iterator[str]:
    """Global names, attributes and imported modules in the code, and in the functions nested in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
