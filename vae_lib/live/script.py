"""The front end as one text: the modules in js/, joined.

anywidget loads a widget's module from a blob, where a relative import finds nothing, and a browser refuses module
scripts to a page opened from a folder. So the modules are joined in the order of their imports. In a notebook the
result is an ES module; in the book a classic script.
"""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "js"
CSS = Path(__file__).parent / "live.css"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./(\w+)\.js";$', re.MULTILINE)
DEFINED = re.compile(r"^(?:export )?(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)


@cache
def notebook_module() -> str:
    """What anywidget imports."""
    return f"{_join('index')}export default {{ render }};\n"


@cache
def page_script() -> str:
    """What every page of the book with a live figure loads."""
    return f'(() => {{\n"use strict";\n{_join("page")}}})();\n'


def _join(entry: str) -> str:
    """A module and all it imports, each once and after those it needs, in one scope: names must differ."""
    order: list[str] = []

    def visit(name: str) -> None:
        for needed in IMPORT.findall((FOLDER / f"{name}.js").read_text(encoding="utf-8")):
            if needed not in order:
                visit(needed)
        order.append(name)

    visit(entry)
    text = "".join((FOLDER / f"{name}.js").read_text(encoding="utf-8") for name in order)
    names = DEFINED.findall(text)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: defined at the top of more than one module of {FOLDER}")
    return _bare(text)


def _bare(text: str) -> str:
    """Without imports and the word export."""
    return re.sub(r"^export (?=function|const|class|async)", "", IMPORT.sub("", text), flags=re.MULTILINE)
