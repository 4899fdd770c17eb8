"""The repository's own files, whether it is a clone or came as an archive without git: all that .gitignore leaves."""

import fnmatch
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
LEFT = [line.rstrip("/") for line in (ROOT / ".gitignore").read_text().split()] + [".git"]


def files(root: Path = ROOT) -> Iterator[Path]:
    """Their paths, relative to the top; root: a copy of the repository."""
    for folder, inner, names in os.walk(root):
        here = Path(folder).relative_to(root)
        inner[:] = [name for name in inner if not _left(here / name)]
        yield from (here / name for name in names if not _left(here / name))


def copy(to: Path) -> Path:
    """A copy of them in a new folder."""
    for path in files():
        (to / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, to / path)
    return to


def _left(path: Path) -> bool:
    return any(fnmatch.fnmatch(path.as_posix() if "/" in pattern else path.name, pattern) for pattern in LEFT)
