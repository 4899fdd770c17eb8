"""The book's exercises: `check` says what is wrong with a function, `hint` helps, `grade` gives marks for it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vae_course.checking.check import check, grade, hint

__all__ = ["check", "grade", "hint"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: it takes seconds, and a mistyped command is answered without."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from vae_course.checking import check as home

    return getattr(home, name)
