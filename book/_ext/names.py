"""The names by which pages call exercises and recipes, looked up before the first page is executed.

A page with a mistyped name would fail, too, but minutes later, when all others have been executed.
"""

import ast
import difflib
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode

from _ext.dependencies import parse

STARTER = re.compile(r"(?:`{3,}|:{3,})\{starter\}[ \t]+(\S+)")
SECTION = "## Exercises"
ASKS = {"check", "hint", "grade"}  # of vae_course, each with a function or its name first
LOADS = {"load", "load_all", "get", "checkpoint_path"}  # of vae_lib.recipes, each with a name or names first


def faults(path: Path, notebook: NotebookNode) -> list[tuple[int, str]]:
    """What is wrong with the names on a page: the line of each, and a sentence."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return sorted({*_of_starters(path, lines, notebook), *_of_calls(lines, notebook)})


def _of_starters(path: Path, lines: list[str], notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    starters = [(i, found[1]) for i, line in enumerate(lines, 1) if (found := STARTER.fullmatch(line.strip()))]
    solved = {
        getattr(node, "name", "")
        for cell in notebook.cells
        if "solution" in cell.metadata.get("tags", ()) and (tree := parse(cell.source))
        for node in tree.body
    }
    missing = [(line, name) for line, name in starters if name not in solved]
    for line, name in missing:
        yield line, f"{name} needs a solution cell on this page: one with the tag solution that defines it"
    for line, name in starters:
        if fault := _of_exercise(name):
            yield line, fault
    if not missing and SECTION in lines:
        from vae_course.handout.source import exercises

        try:
            exercises(path)
        except ValueError as error:  # of an exercise without a label, say
            yield lines.index(SECTION) + 1, str(error)


def _of_calls(lines: list[str], notebook: NotebookNode) -> Iterator[tuple[int, str]]:
    cells = [
        (line, cell.source, tree)
        for line, cell in zip(notebook.metadata.get("source_map", ()), notebook.cells, strict=False)
        if cell.cell_type == "code" and (tree := parse(cell.source))
    ]
    nodes = [node for *_, tree in cells for node in ast.walk(tree)]
    origins = {name: origin for node in nodes for name, origin in _imported(node)}
    # A variable may hold a function of another name, which is then the name that counts.
    variables = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    for start, source, tree in cells:
        above = lines.index(source.partition("\n")[0], start)  # the cell's first line is below its options
        for call in ast.walk(tree):
            if not isinstance(call, ast.Call) or not call.args:
                continue
            first, _, rest = ast.unparse(call.func).partition(".")
            package, _, function = f"{origins.get(first, '')}.{rest}".strip(".").rpartition(".")
            if package.startswith("vae_course") and function in ASKS:
                found = [_of_exercise(name) for name in _told(call.args[0]) if name not in variables]
            elif package == "vae_lib.recipes" and function in LOADS:
                found = [_of_recipe(name) for name in _literals(call.args[0])]
            else:
                found = []
            yield from ((above + call.lineno, fault) for fault in found if fault)


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that an import gives, each with what it stands for."""
    if isinstance(node, ast.ImportFrom):
        yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
    elif isinstance(node, ast.Import):
        for alias in node.names:
            top = alias.name.partition(".")[0]
            yield (alias.asname, alias.name) if alias.asname else (top, top)


def _told(argument: ast.expr) -> list[str]:
    return [argument.id] if isinstance(argument, ast.Name) else _literals(argument)


def _literals(argument: ast.expr) -> list[str]:
    """The texts that stand in the code itself; what is computed is seen when it runs."""
    parts = argument.elts if isinstance(argument, ast.List | ast.Tuple) else [argument]
    return [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def _of_exercise(name: str) -> str:
    from vae_course import bank

    if name in bank.EXERCISES:
        return ""
    for path in sorted(Path(bank.__file__).parent.glob("*.py")):
        if re.search(rf"^def {re.escape(name)}\(", path.read_text(encoding="utf-8"), re.MULTILINE):
            return (
                f"no exercise is called {name!r}: vae_course/bank/{path.name} defines it, but not among its EXERCISES"
            )
    near = difflib.get_close_matches(name, bank.EXERCISES, n=1)
    return f"no exercise is called {name!r}; " + (f"did you mean {near[0]}?" if near else "vae_course/bank has none")


def _of_recipe(name: str) -> str:
    from vae_lib import configs

    try:
        configs.get(name)
    except ValueError as error:
        return str(error)
    return ""
