"""Who uses whom, kept true by reading the imports; and what importing must not do."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sources

FILES = sorted(path for package in ("vae_lib", "vae_course") for path in (sources.ROOT / package).rglob("*.py"))

# What each room of a package may import of the others: a module is a room, and a folder is one. It reads from left to
# right; nothing points back, but within a folder.
CHAIN = [
    "checks",
    "configs",
    "_torchvision",
    "paths",
    "progress",
    "synthetic",
    "idx",
    "png",
    "data",
    "distributions",
    "models",
    "objectives",
    "train",
    "checkpoints",
    "recipes",
]
SCIENCE = {name: set(CHAIN[:i]) for i, name in enumerate(CHAIN)} | {
    "configs": {"checks", "models"},  # of which ModelConfig.build, when it is called, makes a model
    "_torchvision": set(),
    "paths": set(),
    "progress": set(),
    "worlds": {"checks"},
    "evaluate": {"checks", "distributions", "models", "objectives"},
    "latent": {"checks", "models"},
    "labels": set(),
    "figures": {"checks", "labels", "models", "train"},
    "schematics": {"latent", "figures", "schematics"},
    "live": {
        "checks",
        "synthetic",
        "distributions",
        "models",
        "train",
        "worlds",
        "evaluate",
        "latent",
        "figures",
        "live",
    },
    "__init__": set(),
    "commands": {"paths", "data", "models", "train", "recipes", "evaluate", "latent", "figures"},
    "cli": {"configs", "paths", "train", "commands"},
    "__main__": {"cli"},
}
COURSE = {
    "checking": {"checking", "bank"},
    "bank": {"bank", "checking"},
    "handout": {"handout", "bank"},
    "marking": {"marking", "handout", "bank", "checking"},
    "__init__": {"checking"},
    "cli": {"handout", "marking"},
    "__main__": {"cli"},
}
ALLOWED = {("vae_lib", room): may for room, may in SCIENCE.items()}
ALLOWED |= {("vae_course", room): may for room, may in COURSE.items()}


def room_of(path: Path) -> tuple[str, str]:
    """The package and the room of a file, ("vae_lib", "live") for each in that folder."""
    package, first, *_ = path.relative_to(sources.ROOT).parts
    return package, first.removesuffix(".py")


def imports(path: Path) -> set[str]:
    """Every dotted name that the file imports, anywhere in it: `from a import b` gives a and a.b."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join([path.parent.name] * (node.level > 0) + ([node.module] if node.module else []))
            names |= {base} | {f"{base}.{alias.name}" for alias in node.names}
    return names


def rooms_used(path: Path, package: str) -> set[str]:
    """The rooms of the package that the file imports."""
    rooms = {room for home, room in ALLOWED if home == package}
    return {name.split(".")[1] for name in imports(path) if name.startswith(f"{package}.")} & rooms


def test_every_module_has_its_place():
    assert set(map(room_of, FILES)) == ALLOWED.keys(), "a new module is given its place in ALLOWED, and in the design"


@pytest.mark.parametrize(("package", "room"), sorted(ALLOWED))
def test_no_room_imports_one_to_its_right_and_each_permission_is_used(package, room):
    used = set().union(*(rooms_used(path, package) for path in FILES if room_of(path) == (package, room)))
    if room in CHAIN and SCIENCE[room] == set(CHAIN[: CHAIN.index(room)]):
        assert used <= ALLOWED[package, room]
    else:
        assert used == ALLOWED[package, room]


def test_the_reader_of_imports_sees_every_kind(tmp_path):
    """Planted: a test that reads no imports would pass for ever."""
    file = tmp_path / "vae_lib" / "planted.py"
    file.parent.mkdir()
    lines = [
        "import vae_lib.train",
        "from vae_lib import recipes as r",
        "def f():",
        "    from vae_lib.data import load",
    ]
    file.write_text("\n".join([*lines, "    from . import models"]))
    assert rooms_used(file, "vae_lib") == {"train", "recipes", "data", "models"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(sources.ROOT)))
def test_each_package_stands_alone_and_nothing_imports_its_command_line(path):
    names = imports(path)
    package, room = room_of(path)
    others = {"vae_lib", "vae_course"} - {package}
    assert not {name.split(".")[0] for name in names} & {"book", "_ext", "tests", "benchmarks", "pytest", *others}
    assert room == "__main__" or not any(name.startswith(f"{package}.cli") for name in names)


def of(name: str) -> list[Path]:
    """The files of a room of vae_lib."""
    return [path for path in FILES if room_of(path) == ("vae_lib", name)]


@pytest.mark.parametrize("name", ["figures", "schematics", "latent", "worlds", "evaluate", "objectives", "live"])
def test_what_shows_or_measures_never_trains(name):
    nodes = [node for path in of(name) for node in ast.walk(ast.parse(path.read_text()))]
    used = {node.id for node in nodes if isinstance(node, ast.Name)}
    used |= {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    used |= {alias.name for node in nodes if isinstance(node, ast.ImportFrom) for alias in node.names}
    trains = {"TrainConfig", "backward", "optim", "Adam"} | ({"fit"} if name not in ("evaluate",) else set())
    if name == "worlds":
        trains -= {"fit"}  # a closed form, not a training
    assert not used & trains


def test_figures_take_of_training_its_history_only():
    names = imports(*of("figures"))
    assert {name for name in names if name.startswith("vae_lib.train.")} == {"vae_lib.train.History"}


def public(path: Path) -> list[ast.ClassDef | ast.FunctionDef]:
    return [
        node
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_")
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(sources.ROOT)))
def test_every_module_and_every_public_function_and_class_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text()))
    if path.parent.name == "bank":  # the chapter's stub documents the function that a reference stands for
        return
    silent = [node.name for node in public(path) if not ast.get_docstring(node)]
    for node in public(path):
        if isinstance(node, ast.ClassDef):  # methods that take more than self, but for Python's own
            silent += [
                f"{node.name}.{method.name}"
                for method in node.body
                if isinstance(method, ast.FunctionDef)
                and not method.name.startswith("_")
                and len(method.args.args + method.args.kwonlyargs) > 1
                and not ast.get_docstring(method)
            ]
    assert silent == []


SIDE_EFFECTS = """
import importlib, json, os, socket, sys, warnings
import matplotlib, numpy, torch
import matplotlib.pyplot

def state():
    settings = {key: str(value) for key, value in matplotlib.rcParams.items()}
    return {
        "torch's generator": torch.get_rng_state().tolist(),
        "numpy's generator": str(numpy.random.get_state()),
        "Python's generator": str(__import__("random").getstate()),
        "torch's defaults": [str(torch.get_default_dtype()), torch.get_num_threads(), torch.is_grad_enabled(),
                             torch.are_deterministic_algorithms_enabled()],
        "matplotlib's settings": settings,
        "figures": matplotlib.pyplot.get_fignums(),
        "the environment": dict(os.environ),
        "the network's timeout": socket.getdefaulttimeout(),
        "the working directory": os.getcwd(),
    }

changed = {}
for name in sys.argv[1:]:
    before = state()
    importlib.import_module(name)
    after = state()
    changed[name] = [key for key in before if before[key] != after[key]]
print(json.dumps(changed))
"""


def test_importing_changes_nothing_draws_nothing_and_writes_nothing(tmp_path):
    """Every module in one process: what the first of them changes is laid at its door."""
    inside = [path.relative_to(sources.ROOT).with_suffix("") for path in FILES if not path.stem.startswith("__")]
    names = [".".join(path.parts) for path in inside]
    for folder in ("home", "cache", "work", "mpl"):
        (tmp_path / folder).mkdir()
    environment = os.environ | {
        "PYTHONPATH": str(sources.ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(tmp_path / "home"),
        "VAE_LIB_CACHE": str(tmp_path / "cache" / "vae_lib"),
        "VAE_LIB_DATA": str(tmp_path / "cache" / "data"),
        "MPLCONFIGDIR": str(tmp_path / "mpl"),  # matplotlib keeps its list of fonts there
        "MPLBACKEND": "agg",
        "TORCHINDUCTOR_CACHE_DIR": str(tmp_path / "cache"),  # torch itself sets it while torchvision is imported
        "KMP_INIT_AT_FORK": "FALSE",  # and scikit-learn sets these two
        "KMP_DUPLICATE_LIB_OK": "True",
    }
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", SIDE_EFFECTS, *names],
        env=environment, cwd=tmp_path / "work", capture_output=True, text=True,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    changed = json.loads(result.stdout)  # and nothing else was printed
    assert {name: what for name, what in changed.items() if what} == {}
    assert [path for folder in ("home", "cache", "work") for path in (tmp_path / folder).rglob("*")] == []
