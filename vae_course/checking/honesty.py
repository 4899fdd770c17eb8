"""Whether an answer is the reader's own: what `check` and both markers ask of it before they try it, and meanwhile.

It counts what a thing is, not what it is called: a reader's own `kl_divergence` is honest, and the library's is found
under any name. A determined cheat gets round this; the teaching guide says so.
"""

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

LIBRARIES = sys.stdlib_module_names | {"numpy", "scipy", "torch", "torchvision", "vae_lib", "vae_course"}
PACKAGE = "vae_course"
# whose functions a notebook may have: check, hint, and the marker's exit
OFFERED = tuple(PACKAGE + module for module in ("", ".checking.check", ".checking.limits"))
EMPTY = types.CellType()
SCRIPTED = torch.jit.ScriptFunction | torch.jit.ScriptModule


def borrowed(function: object, forbidden: tuple[str, ...] = ()) -> str:
    """A sentence that says from where the answer is taken, as far as that is seen without a call; empty for one's own.

    What only a call shows is seen by Watch. A scripted function runs unseen, so that its graph is looked at here.
    """
    if not callable(function):
        return f"This is of type {type(function).__name__}, and no function: define the function yourself."
    parts = list(made_of(function))
    if not any(map(_is_own_code, parts)):
        return _says_whose(function)
    for part in parts:
        if source := _read_solution(part):
            return f"Your function reads the solution from the package ({source}): write your own."
        if isinstance(part, SCRIPTED):
            operations = str(getattr(part, "inlined_graph", ""))
            for name in forbidden:
                if f"aten::{name}(" in operations:
                    return answer_itself(name)
    return ""


def answer_itself(name: str) -> str:
    """The sentence for an answer that comes from a forbidden function."""
    return f"Your function uses {name}, which is the answer itself: write it from its formula."


def is_library(namespace: dict) -> bool:
    """Whether code with these globals is a library's, and not a notebook's or of a file beside it."""
    return _root(namespace.get("__name__")) in LIBRARIES


class Watch(TorchFunctionMode):
    """Follows what a library's forbidden functions return, through PyTorch, to see whether it gets into the answer.

    A call alone is no fault: an assert or a print may compare with the library. forbidden: names of functions,
    methods or classes. used: which of them is in the answer, or "".
    """

    def __init__(self, forbidden: tuple[str, ...]) -> None:
        super().__init__()
        self.used = ""
        self._forbidden = frozenset(forbidden)
        self._followed: dict[int, tuple[object, str]] = {}  # by id; the object is kept, or another could take its id

    def over(self, function: Callable) -> Callable:
        """The function, watched while it runs."""
        if not self._forbidden:
            return function

        def watched(*arguments: Any, **options: Any) -> Any:
            before = sys.getprofile()
            with self:
                sys.setprofile(self._note)
                try:
                    result = function(*arguments, **options)
                finally:
                    sys.setprofile(before if callable(before) else None)  # cProfile's cannot be set again from here
            self.used = self.used or self._source(result)
            return result

        return watched

    def _note(self, frame: types.FrameType, event: str, result: object) -> None:
        """Python's own functions, which PyTorch does not see, as those of torch.distributions."""
        if event == "return":
            names = self._forbidden.intersection(frame.f_code.co_qualname.split("."))
            if names and is_library(frame.f_globals):
                self._follow(result, min(names))

    def __torch_function__(self, function: Callable, kinds: Any, arguments: tuple = (), options: Any = None) -> Any:
        """PyTorch's: a result comes from where an argument does. One without a result has changed its first."""
        result = function(*arguments, **(options or {}))
        name = getattr(function, "__name__", "")
        if source := name if name in self._forbidden else self._source((arguments, options)):
            self._follow(arguments[:1] if result is None else result, source)
        return result

    def _follow(self, result: object, source: str) -> None:
        self._followed.update((id(number), (number, source)) for number in _numbers(result))

    def _source(self, result: object) -> str:
        found = (self._followed.get(id(number)) for number in _numbers(result))
        return next((source for _, source in filter(None, found)), "")


def _numbers(result: object) -> Iterator[object]:
    """What holds numbers in a result. No int and no bool: Python has one object for all that are equal."""
    if isinstance(result, Tensor | np.ndarray | np.floating | float):
        yield result
    elif isinstance(result, tuple | list | dict):
        for part in result.values() if isinstance(result, dict) else result:
            yield from _numbers(part)


def made_of(thing: object) -> Iterator[object]:
    """A callable and what it is made of: functions and classes, what they are bound to or find by name, attributes."""
    seen, waiting = {}, [thing]
    while waiting:
        part = waiting.pop()
        if id(part) not in seen:
            seen[id(part)] = part
            yield part
            waiting += _inside(part)


def _inside(part: object) -> Iterator[object]:
    if isinstance(part, types.FunctionType):
        yield from (cell.cell_contents for cell in part.__closure__ or () if cell != EMPTY)
        yield from part.__defaults__ or ()
        yield from (part.__kwdefaults__ or {}).values()
        if not is_library(part.__globals__):
            yield from (part.__globals__.get(name) for name in _names(part.__code__))
    elif isinstance(part, functools.partial):
        yield from (part.func, *part.args, *part.keywords.values())
    elif isinstance(part, types.MethodType | staticmethod | classmethod):
        yield from (part.__func__, getattr(part, "__self__", None))
    elif isinstance(part, property):
        yield part.fget
    elif isinstance(part, type):
        if _root(part.__module__) not in LIBRARIES:
            yield from (*vars(part).values(), *part.__bases__)
    elif callable(part) and not isinstance(part, SCRIPTED):
        yield type(part)
        for value in getattr(part, "__dict__", {}).values():
            yield value
            yield from value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    yield inspect.getattr_static(part, "__wrapped__", None)


def _is_own_code(part: object) -> bool:
    if isinstance(part, types.FunctionType):
        return not is_library(part.__globals__)
    return isinstance(part, SCRIPTED) or (isinstance(part, type) and _root(part.__module__) not in LIBRARIES)


def _says_whose(thing: Any) -> str:
    while isinstance(thing, functools.partial):
        thing = thing.func
    name = getattr(thing, "__name__", type(thing).__name__)
    home = getattr(thing, "__module__", None) or type(getattr(thing, "__self__", thing)).__module__
    root = _root(home)
    others = "Python's" if root in sys.stdlib_module_names else f"{root}'s"
    whose = "the book's" if root in ("vae_lib", PACKAGE) else others
    return f"This is {whose} own {name}: define the function yourself."


def _read_solution(part: object) -> str:
    """What a part reads from the package of the exercises, by its name; "" for nothing."""
    if not isinstance(part, types.FunctionType):
        return ""
    if is_library(part.__globals__):
        home = part.__globals__["__name__"]
        return part.__name__ if home.startswith(PACKAGE) and home not in OFFERED else ""
    for name in sorted(set(_names(part.__code__))):
        value = part.__globals__.get(name)
        if isinstance(value, dict):
            value = next(iter(value.values()), None)
        whole = isinstance(value, types.ModuleType)
        home = str(getattr(value, "__name__" if whole else "__module__", ""))
        if name.startswith(PACKAGE) or (home.startswith(PACKAGE) and (whole or home not in OFFERED)):
            return name
    return ""


def _root(module: object) -> str:
    return str(module or "").partition(".")[0]


def _names(code: types.CodeType) -> Iterator[str]:
    """Global names, attributes and imported modules in the code, and in the functions nested in it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)
