"""The front end as one text: the modules in js/, joined.

anywidget loads a widget's module from a blob, where a relative import finds nothing, and a browser refuses module
scripts to a page opened from a folder. So the modules are joined, each after those it imports: all of the folder, as
each figure's adds itself to those that js/index.js knows. In a notebook the result is an ES module; in the book a
classic script.
"""

import re
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "js"
CSS = Path(__file__).parent / "live.css"
HOSTS = ("index", "page")  # what a notebook and a page of the book enter by; page imports index
# With «as» a name would differ from the one that its module defines.
IMPORT = re.compile(r'^import \{ [\w$]+(?:, [\w$]+)* \} from "\./(\w+)\.js";$', re.MULTILINE)
# Comments, strings and regular expressions, which may hold any bracket or word.
OPAQUE = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`"""
    r"""|(?<=[=(,:[!&|?{};>])\s*/(?!\*)(?:\\.|\[(?:\\.|[^]\\])*]|[^/\\[\n])+/""",
    re.DOTALL,
)
ONE_NAME = re.compile(r"(?:^|[;}])\s*(?:export )?(?:async )?(?:function\b\s*\*?|class\b)\s*([\w$]+)", re.MULTILINE)
NAMES = re.compile(r"(?<![\w$.])(?:const|let|var)\b\s*(.*?)(?:;|\Z|^(?=\w))", re.DOTALL | re.MULTILINE)


@cache
def notebook_module() -> str:
    """What anywidget imports."""
    return f"{_join('index')}export default {{ render }};\n"


@cache
def page_script() -> str:
    """What every page of the book with a live figure loads."""
    return f'(() => {{\n"use strict";\n{_join("page")}}})();\n'


def _join(entry: str) -> str:
    """A host's module and all others, each once and after those it needs, in one scope: names must differ."""
    order: list[str] = []

    def visit(name: str) -> None:
        if name not in order:
            for needed in IMPORT.findall(_read(name)):
                visit(needed)
            order.append(name)

    for name in sorted(path.stem for path in FOLDER.glob("*.js")):
        if name not in HOSTS:
            visit(name)
    visit(entry)
    modules = [_read(name) for name in order]
    names = [name for module, text in zip(order, modules, strict=True) for name in _defined(module, text)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{', '.join(twice)}: defined at the top of more than one module of {FOLDER}")
    return "".join(_bare(module, text) for module, text in zip(order, modules, strict=True))


def _read(module: str) -> str:
    """A module without its comments, for which no page should wait."""
    text = (FOLDER / f"{module}.js").read_text(encoding="utf-8")
    return OPAQUE.sub(lambda found: "" if found[0].startswith(("//", "/*")) else found[0], text)


def _defined(module: str, text: str) -> list[str]:
    """The names that a module defines at its top. Raises ValueError where they cannot be told."""
    top, depth = [], 0
    for character in OPAQUE.sub('""', text):
        depth -= character in ")]}"
        if depth == 0:
            top.append(character)
        depth += character in "([{"
        if depth < 0:
            break
    if depth:
        raise ValueError(f"{module}.js: its brackets do not match")
    top = "".join(top)
    names = ONE_NAME.findall(top)
    for declaration in NAMES.findall(top):
        for part in declaration.split(","):
            name = re.match(r"\s*([\w$]+)", part)
            if name is None:
                raise ValueError(f"{module}.js: «{part.strip()}» at its top, expected one name for each value")
            names.append(name[1])
    return names


def _bare(module: str, text: str) -> str:
    """Without imports and the word export. Raises ValueError for those of other forms, which would stay."""
    bare = re.sub(r"^ *export (?=function|const|let|var|class|async)", "", IMPORT.sub("", text), flags=re.MULTILINE)
    if left := re.search(r"^\s*(?:import|export)\b.*", OPAQUE.sub('""', bare), re.MULTILINE):
        raise ValueError(
            f'{module}.js: «{left[0].strip()}», expected `import {{ names }} from "./module.js";` '
            "in one line, or `export` before a definition"
        )
    return bare
