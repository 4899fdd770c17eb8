"""MathJax comes with the site, and is checked: nothing that runs in a reader's browser enters a build unseen.

The files are those of npm's mathjax 3.2.2, carried by the Python package sphinx-mathjax-offline, so that no build needs
Node. That package copies them; here they are compared with the sum of npm's own.
"""

import hashlib
from importlib.util import find_spec
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

PACKAGE = "sphinx-mathjax-offline"
# `checksum` of the folder es5 in what `npm pack mathjax@3.2.2` brings
NPM = "8d246818b959dc9b1497386fef5fc6502b151b13fa2e72ff738f8b6321e9d0cd"


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension(PACKAGE)
    app.connect("builder-inited", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def check(app: Sphinx) -> None:
    """Raise ExtensionError where a file of MathJax is not what npm published."""
    place = folder()
    if (found := checksum(place)) != NPM:
        raise ExtensionError(
            f"{place} holds another MathJax than npm's 3.2.2: checksum {found}, expected {NPM}. "
            f"Install it anew: pip install --force-reinstall --no-deps {PACKAGE}"
        )


def folder() -> Path:
    """Where MathJax is installed."""
    spec = find_spec(PACKAGE)  # which imports nothing
    assert spec is not None and spec.origin is not None, PACKAGE
    return Path(spec.origin).parent / "static" / "mathjax"


def checksum(folder: Path) -> str:
    """SHA-256 over the names and the contents of a folder's files."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*"), key=lambda path: path.relative_to(folder).as_posix()):
        if path.is_file():
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
