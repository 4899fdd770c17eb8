"""What a page's outputs depend on: its own code, and what this reaches of the book's packages.

Imports are read, not run: those of the page's cells, and from there those of each module that is reached, wherever in
it they stand. Some modules hold something for every page, and a page meets a part of each: the bank has all chapters'
exercises, configs.py all recipes, and a package that only hands on names, as those of drawings and figures do, is no
more than the modules of those that are used.
"""

import ast
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from IPython.core.inputtransformer2 import TransformerManager

PACKAGES = ("vae_lib", "vae_course")
CHECK, BANK = "vae_course.checking.check", "vae_course.bank"
AROUND_PYTHON = ("%%time", "%%timeit", "%%capture", "%%prun")  # what follows another magic may be any language
RECIPES, CONFIGS = "vae_lib.recipes", "vae_lib.configs"


def parse(cell: str) -> ast.Module | None:
    """The syntax tree of a cell, its magics made calls as IPython does; None where it is no Python."""
    lines = cell.split("\n")
    for i, line in enumerate(lines):
        if not line.startswith("%%"):
            break
        if line.split()[0] not in AROUND_PYTHON:
            return None
        lines[i] = "pass"  # so that the others keep their numbers
    try:
        return ast.parse(TransformerManager().transform_cell("\n".join(lines)))
    except SyntaxError:
        return None


def imports(tree: ast.AST, package: str = "") -> set[str]:
    """Every dotted name that is imported, anywhere: `from a import b` gives a.b. package: a relative one's."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) + 1 - node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            names |= {base if alias.name == "*" else f"{base}.{alias.name}" for alias in node.names}
    return names


@dataclass(frozen=True)
class Code:
    """The code cells of a page, in order."""

    cells: tuple[str, ...]

    @cached_property
    def trees(self) -> list[ast.Module | None]:
        """Of each cell; None for one that is no Python."""
        return list(map(parse, self.cells))

    @property
    def nodes(self) -> list[ast.AST]:
        """All that stands in the cells."""
        return [node for tree in self.trees if tree for node in ast.walk(tree)]

    @property
    def imports(self) -> set[str]:
        """Every dotted name that the cells import."""
        return set().union(*(imports(tree) for tree in self.trees if tree))

    def used_of(self, module: str) -> set[str] | None:
        """What is used of a module, `module.name` alone; None where it is imported or used in another way."""
        nodes, used = self.nodes, set()
        imported = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        called = {a.asname or a.name for node in imported for a in node.names if f"{node.module}.{a.name}" == module}
        bare = sum(isinstance(node, ast.Name) and node.id in called for node in nodes)
        for node in nodes:
            match node:
                case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in called:
                    used.add(attribute)
                    bare -= 1
                case ast.Import(names=names) if any(each.name.startswith(module) for each in names):
                    return None
        return None if bare else used

    @property
    def names(self) -> set[str]:
        """Every word of the code that may be the name of a function."""
        fields = [value for node in self.nodes for _, value in ast.iter_fields(node)]
        return {value for value in fields if isinstance(value, str)}

    @property
    def texts(self) -> set[str]:
        """Every text of the code."""
        return {node.value for node in self.nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}

    @property
    def pieces(self) -> set[str]:
        """The texts of which the code makes longer ones."""
        found = []
        for node in self.nodes:
            match node:
                case ast.JoinedStr(values=parts):
                    found += parts
                case ast.BinOp(op=ast.Add(), left=left, right=right):
                    found += [left, right]
        return {part.value for part in found if isinstance(part, ast.Constant) and isinstance(part.value, str)}

    @property
    def recipes(self) -> set[str] | None:
        """The texts by which recipes may be loaded, any where it is by a variable; None where a name is computed."""
        loaded, uses = set(), 0
        for node in self.nodes:
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="recipes"), attr="load" | "get"),
                    args=[ast.Constant() | ast.Name() as name],
                ):
                    loaded |= {name.value} if isinstance(name, ast.Constant) else self.texts
                    uses -= 1
                case ast.Name(id="recipes"):
                    uses += 1
                case ast.ImportFrom(names=names) if any(each.name == "recipes" and each.asname for each in names):
                    return None
        return None if uses else loaded


@dataclass(frozen=True)
class Module:
    """What is asked of one: the names that it imports, the functions at its top, and a hash of what it does.

    handed_on: where each name comes from, for a package that does nothing but import them for others; else None.
    """

    imports: frozenset[str]
    functions: frozenset[str]
    hash: str
    handed_on: Mapping[str, str] | None


@cache
def read(source: bytes, name: str, package: str) -> Module:
    """Read a module's text. Comments, docstrings and layout do not count, nor the recipes, which count by name."""
    tree = ast.parse(source, filename=name)
    functions = frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:]
    if name == CONFIGS:
        tree.body = [node for node in tree.body if not _defines_recipes(node)]
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return Module(frozenset(imports(tree, package)), functions, digest, _handed_on(tree) if name == package else None)


def _handed_on(tree: ast.Module) -> Mapping[str, str] | None:
    names = {}
    for node in tree.body:
        match node:
            case ast.ImportFrom(module=str(module), names=aliases, level=0):
                names |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in aliases}
            case ast.Assign(targets=[ast.Name(id="__all__")]):
                pass
            case _:
                return None
    return names or None


def _defines_recipes(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "RECIPES"


class Packages:
    """The modules of the book's packages under a folder."""

    def __init__(self, root: Path) -> None:
        self.modules: dict[str, Module] = {}
        for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            self.modules[name] = read(path.read_bytes(), name, ".".join(parts[:-1]))
        self._bank = {name for name in self.modules if name.startswith(f"{BANK}.")}

    def fingerprint(self, code: Code, recipes: Mapping[str, object]) -> str:
        """A hash of all that the code reaches, and of those recipes that it loads."""
        modules, names = self.needed_by(code), self._recipes(code)
        if any(len(piece) > 2 and piece in name for piece in code.pieces for name in recipes):
            names = None  # a name may be put together
        loaded = recipes if names is None else {name: recipes[name] for name in sorted(names & recipes.keys())}
        parts = [f"{name} {self.modules[name].hash}" for name in sorted(modules)]
        return hashlib.sha256("\n".join([*parts, repr(loaded)]).encode()).hexdigest()

    def needed_by(self, code: Code) -> set[str]:
        """The modules that the code reaches: all of them where a cell is no Python and could do anything."""
        if None in code.trees:
            return set(self.modules)
        found = self._reached(self._taken(code))
        if CHECK in found and BANK not in found:
            # `check` looks in the whole bank for the exercise of a function's name. What it finds is in the file of an
            # exercise that this page names: the other chapters' files can change nothing here.
            names = code.names
            files = [file for file in self._bank if names & self.modules[file].functions]
            found = self._reached(files, found={*found, BANK})
        return found

    def _recipes(self, code: Code) -> set[str] | None:
        """The recipes that the code loads; None for any of them."""
        if None in code.trees:
            return None
        own = code.imports
        if RECIPES in self._reached(own - {RECIPES}) or any(name.startswith((CONFIGS, f"{RECIPES}.")) for name in own):
            return None  # by another way than `recipes.load`: the command line, say
        return code.recipes if RECIPES in own else set()

    def _taken(self, code: Code) -> set[str]:
        """The code's imports; instead of a package that only hands on names, those of its names that are used."""
        taken = code.imports
        for name in sorted(taken & self.modules.keys()):
            if self.modules[name].handed_on and (used := code.used_of(name)):
                taken = taken - {name} | {f"{name}.{each}" for each in used}
        return taken

    def _reached(self, imported: Iterable[str], found: Iterable[str] = ()) -> set[str]:
        """The modules of these names, and all that they import in turn; what was found is not looked at again."""
        found, waiting = set(found), list(imported)
        while waiting:
            parts = waiting.pop().split(".")
            for i in range(len(parts)):  # with a module, the packages that it lies in are imported
                name, rest = ".".join(parts[: i + 1]), parts[i + 1 :]
                if rest and name in self.modules and (handed_on := self.modules[name].handed_on):
                    waiting += [handed_on[rest[0]]] if rest[0] in handed_on else []
                elif name in self.modules and name not in found:
                    found.add(name)
                    waiting += self._imported_by(name)
        return found

    def _imported_by(self, name: str) -> set[str]:
        names = set(self.modules[name].imports)
        if name == CHECK:
            return {each for each in names if not each.startswith(BANK)}
        return names | self._bank if name == BANK else names  # the bank finds its files, and names none
