"""Every exercise of the book that `check` knows, by the name of its function; one file a chapter.

A file is found by being here; what begins with an underscore is no chapter's. Its QUESTIONS are those that are answered
in words, label -> title, as the page has them: marking works where the package is installed without the book.
"""

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from vae_course.checking.exercise import Exercise, as_delivered


def collect(modules: Iterable[ModuleType]) -> dict[str, Exercise]:
    """The exercises of the modules, by name. Raises ValueError that names the file, and what is wrong with it."""
    found: dict[str, Exercise] = {}
    for module in modules:
        file = module.__name__.replace(".", "/") + ".py"
        exercises = getattr(module, "EXERCISES", None)
        if not isinstance(exercises, tuple) or not exercises or not all(isinstance(e, Exercise) for e in exercises):
            raise ValueError(f"{file}: EXERCISES is {exercises!r:.200}, expected a tuple of one Exercise or more")
        for each in exercises:
            if each.reference.__module__ != module.__name__:
                raise ValueError(
                    f"{file}: the reference {each.name} is defined in {each.reference.__module__}, expected here"
                )
            if each.name in found:
                raise ValueError(f"{file}: {each.name} is an exercise of {found[each.name].chapter} already")
            found[each.name] = each
    return found


CHAPTERS = tuple(sorted(path.stem for path in Path(__file__).parent.glob("[!_]*.py")))
with as_delivered():  # the cases are made here, whatever type the notebook has set
    _MODULES = {chapter: import_module(f"{__name__}.{chapter}") for chapter in CHAPTERS}
EXERCISES = collect(_MODULES.values())
QUESTIONS: dict[str, dict[str, str]] = {name: getattr(module, "QUESTIONS", {}) for name, module in _MODULES.items()}
