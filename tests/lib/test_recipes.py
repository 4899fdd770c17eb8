"""Trained once, found again, and never stale, by one process or several."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from tiny_recipes import TINY, path, same, trained_by_hand

from vae_lib import checkpoints, configs, data, recipes, train
from vae_lib.models import VAE, Autoencoder, ModelConfig
from vae_lib.train import History, TrainConfig

pytestmark = pytest.mark.usefixtures("tiny")


def test_load_trains_once_and_reads_afterwards(small_splits, trainings, cache):
    first, second = recipes.load("tiny"), recipes.load("tiny")
    assert trainings == ["tiny"]
    assert same(first, second)
    assert first[0] is not second[0]
    assert path(small_splits).exists()
    assert path(small_splits).parent.parent == cache / "recipes"


@pytest.mark.parametrize("name", ["tiny", "tiny-ae"])
def test_what_is_loaded_is_what_training_on_the_training_images_gives(small_splits, name):
    expected = trained_by_hand(small_splits, configs.RECIPES[name])
    assert isinstance(expected[0], VAE if name == "tiny" else Autoencoder)
    for _ in range(2):  # trained, then read
        model, history = recipes.load(name)
        assert same((model, history), expected)
        assert not model.training
        assert not any(p.requires_grad for p in model.parameters())


def test_every_recipe_of_the_book_builds_and_survives_a_checkpoint(monkeypatch, tmp_path):
    monkeypatch.undo()  # the book's own recipes
    for name, recipe in configs.RECIPES.items():
        assert recipes.get(name) is recipe
    model = configs.RECIPES["gaussian"].model.build(seed=3)
    history = History(*torch.rand(4, 3, dtype=torch.float64))
    checkpoints.write(tmp_path / "a.safetensors", model, history)
    assert same(checkpoints.read(tmp_path / "a.safetensors", configs.RECIPES["gaussian"].model), (model, history))


def test_recipes_that_differ_in_name_only_would_show_the_same_model_twice(monkeypatch):
    monkeypatch.undo()
    assert len(set(configs.RECIPES.values())) == len(configs.RECIPES)


@pytest.mark.parametrize("use", [recipes.load, recipes.get])
def test_an_unknown_recipe_is_answered_with_the_known_ones(use):
    with pytest.raises(ValueError, match="^recipe: 'huge' is unknown, expected one of tiny, tiny-ae$"):
        use("huge")


# What shapes a checkpoint's name.

TRAIN_CHANGES = [
    {"epochs": 3}, {"batch_size": 65}, {"learning_rate": 2e-3}, {"beta": 2.0}, {"warmup_epochs": 1}, {"free_bits": 0.1},
    {"binarize": "dynamic"}, {"seed": 1},
]  # fmt: skip
MODEL_CHANGES = [
    {"hidden": (5,)},
    {"latent": 3},
    {"convolutional": True},
    {"likelihood": "gaussian"},
    {"variational": False},
]


def test_every_option_is_tried_below():
    assert {name for change in TRAIN_CHANGES for name in change} == {item.name for item in fields(TrainConfig)}
    assert {name for change in MODEL_CHANGES for name in change} == {item.name for item in fields(ModelConfig)}


def test_any_option_of_the_configuration_changes_the_path(small_splits, monkeypatch):
    others = [replace(TINY, train=replace(TINY.train, **change)) for change in TRAIN_CHANGES]
    others += [replace(TINY, model=replace(TINY.model, **change)) for change in MODEL_CHANGES]
    paths = set()
    for recipe in [TINY, *others]:
        monkeypatch.setattr(configs, "RECIPES", {"tiny": recipe})
        paths.add(path(small_splits))
    assert len(paths) == 1 + len(others)
    assert len({recipe.summary for recipe in [TINY, *others]}) == len(paths)  # and what help says of it


def test_data_and_torch_change_the_path(small_splits, monkeypatch):
    first = path(small_splits)
    assert path(small_splits) == first
    assert path(replace(small_splits, fingerprint="others")).name != first.name
    monkeypatch.setattr(torch, "__version__", "99.0")
    assert path(small_splits) != first
    assert path(small_splits).name == first.name  # under which it is published, and found from any torch


@pytest.mark.parametrize("module", ["data", "distributions", "models", "objectives", "train"])
def test_the_code_of_each_module_that_shapes_a_model_changes_the_path(small_splits, monkeypatch, module):
    def edited(file):
        text = original(file)
        return text + addition if file == Path(data.__file__).with_name(f"{module}.py") else text

    original, first = Path.read_bytes, path(small_splits)
    monkeypatch.setattr(Path, "read_bytes", edited)
    addition = b"\n# a remark\n\n\n"
    assert path(small_splits) == first
    addition = b"\nMORE = 1\n"
    assert path(small_splits) != first


CODE = '''
"""A module."""
import math

class Shape:
    """A shape."""

    def area(self, r):
        """The area.

        Of a disc."""
        return math.pi * r ** 2  # the usual

def empty():
    """Nothing but this."""

def some(r=1, *more: int, last=..., **others) -> str:
    return (lambda q: f'{r:.2f}')(r) or None
'''


@pytest.fixture
def fingerprint(tmp_path):
    count = iter(range(100))

    def of(*sources: str) -> str:
        files = []
        for source in sources:
            files.append(file := tmp_path / f"module_{next(count)}.py")
            file.write_text(textwrap.dedent(source))
        return recipes.code_fingerprint(*files)

    return of


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# the usual", "# the usual, and a remark"),
        ("  # the usual", ""),
        ("The area.", "The surface."),
        ('"""A module."""', '"""Another."""'),
        ('"""A shape."""', ""),
        ('"""Nothing but this."""', "'''Something else.'''"),
        ("def empty", "\n\n\ndef empty"),
        ("math.pi * r ** 2", "(math.pi *\n            r**2)"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count_as_code(fingerprint, old, new):
    assert old in CODE
    assert fingerprint(CODE) == fingerprint(CODE.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("** 2", "** 3"),
        ("def area", "def volume"),
        ("return ", ""),
        ("import math", "import math, cmath"),
        ("r ** 2", "2 ** r"),
        ("        return", "        'no docstring' + ''\n        return"),
        ("r=1", "r=2"),
        ("r=1", "r"),
        ("or None", "or 0"),
        ("or None", "or ''"),
        ("f'{r:.2f}'", "f'{r:.3f}'"),
        ("f'{r:.2f}'", "f'{r!r:.2f}'"),
    ],
)
def test_code_that_does_something_else_counts(fingerprint, old, new):
    assert old in CODE
    assert fingerprint(CODE) != fingerprint(CODE.replace(old, new))


def test_the_hash_is_the_same_in_every_python(fingerprint):
    """What it is was computed under 3.11, 3.12 and 3.13, whose syntax trees differ in the fields they have."""
    assert fingerprint(CODE)[:12] == "68e4f6b80d32"


def test_each_module_counts_in_its_place(fingerprint):
    one, other = "A = 1\n", "B = 2\n"
    assert len({fingerprint(one), fingerprint(other), fingerprint(one, other), fingerprint(other, one)}) == 4


# Disks that refuse.


@pytest.mark.parametrize("where", ["the cache itself", "a folder above it", "the recipes' folder"])
def test_a_cache_that_cannot_be_written_is_named_before_training(monkeypatch, tmp_path, trainings, where):
    """A file stands where the folder should be; permissions would not stop root."""
    folder = {
        "the cache itself": tmp_path / "c",
        "a folder above it": tmp_path / "c" / "d",
        "the recipes' folder": tmp_path,
    }[where]
    (tmp_path / ("recipes" if where == "the recipes' folder" else "c")).write_text("in the way")
    monkeypatch.setenv("VAE_LIB_CACHE", str(folder))
    with pytest.raises(
        OSError, match=f"^{folder / 'recipes'}/.* cannot be written .*; set VAE_LIB_CACHE to a folder that can"
    ):
        recipes.load("tiny")
    assert trainings == []


def test_a_cache_without_permission_is_named(monkeypatch, trainings, cache):
    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(checkpoints.FileLock, "acquire", refuse)
    with pytest.raises(OSError, match=f"^{cache / 'recipes'}/.* cannot be written .*Permission denied.*VAE_LIB_CACHE"):
        recipes.load("tiny")
    assert trainings == []


def test_a_training_that_fails_leaves_nothing_and_holds_no_lock(monkeypatch, small_splits):
    def diverge(*arguments, **options):
        raise train.TrainingDiverged("planted")

    with monkeypatch.context() as patch:
        patch.setattr(train, "fit", diverge)
        with pytest.raises(train.TrainingDiverged):
            recipes.load("tiny")
    assert not path(small_splits).exists()
    assert isinstance(recipes.load("tiny")[0], VAE)


# Other processes.

SCRIPT = """
import os, sys, time
from pathlib import Path

from vae_lib import configs, data, recipes, synthetic, train
from vae_lib.models import ModelConfig
from vae_lib.recipes import Recipe
from vae_lib.train import TrainConfig

fault, folder = sys.argv[1], Path(sys.argv[2])
train_, validation, test = (
    data.Digits(drawn.images, drawn.labels)
    for drawn in (synthetic.sample(n, seed=seed) for n, seed in ((300, 1), (100, 2), (150, 3)))
)
data.load = lambda name=None: data.Splits("synthetic", "few", train_, validation, test)
config = TrainConfig(epochs=2, batch_size=64, seed=3)
configs.RECIPES = {"tiny": Recipe(model=ModelConfig(hidden=(4,), latent=2), train=config)}


def held_up(function):
    def wrapper(*arguments, **options):
        print("reached", flush=True)
        while not (folder / "go").exists():
            time.sleep(0.01)
        return function(*arguments, **options)
    return wrapper


if fault == "training":
    train.fit = held_up(train.fit)
elif fault == "writing":
    os.fsync = held_up(os.fsync)
elif fault == "renaming":
    os.replace = held_up(os.replace)
model, history = recipes.load("tiny")
print(repr(history.elbo.tolist()), flush=True)
"""


def start(folder: Path, name: str, fault: str) -> subprocess.Popen:
    """Another process that loads the recipe and, once at the planted place, waits for folder/go."""
    (folder / "script.py").write_text(SCRIPT)
    source = Path(recipes.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    with open(folder / f"{name}.out", "w") as out, open(folder / f"{name}.err", "w") as err:
        command = [sys.executable, str(folder / "script.py"), fault, str(folder)]
        return subprocess.Popen(command, env=environment, stdout=out, stderr=err)


def wait_until(condition, *processes: subprocess.Popen) -> None:
    give_up = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < give_up, "nothing happened for two minutes"
        assert all(process.poll() in (None, 0) for process in processes), "a process failed"
        time.sleep(0.02)


def test_a_kill_while_training_or_writing_leaves_nothing_that_is_read(
    tmp_path, monkeypatch, small_splits, trainings, capsys
):
    expected = trained_by_hand(small_splits)
    faults = ("training", "writing", "renaming")
    processes = {}
    for fault in faults:
        monkeypatch.setenv("VAE_LIB_CACHE", str(tmp_path / fault))
        (tmp_path / fault).mkdir()
        processes[fault] = start(tmp_path / fault, "victim", fault)
    try:
        for fault, process in processes.items():
            wait_until(lambda: "reached" in (tmp_path / fault / "victim.out").read_text(), process)  # noqa: B023
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    assert [process.returncode for process in processes.values()] == [-signal.SIGKILL] * 3
    for fault in faults:
        monkeypatch.setenv("VAE_LIB_CACHE", str(tmp_path / fault))
        file = path(small_splits)
        assert not file.exists()
        assert len(list(file.parent.glob("*.part"))) == (fault != "training")  # the kill did come where it was meant to
        trainings.clear()
        assert same(recipes.load("tiny"), expected)
        assert trainings == ["tiny"]
        assert same(recipes.load("tiny"), expected)
        assert trainings == ["tiny"]
    assert capsys.readouterr().err == ""


def test_of_two_processes_at_once_one_trains_and_the_other_waits_and_reads(tmp_path, small_splits):
    names = ("first", "second")
    processes = [start(tmp_path, name, "training") for name in names]

    def text(kind: str) -> list[str]:
        return [(tmp_path / f"{name}.{kind}").read_text() for name in names]

    try:
        wait_until(lambda: any("reached" in out for out in text("out")) and any(text("err")), *processes)
        (tmp_path / "go").touch()
        assert [process.wait(timeout=120) for process in processes] == [0, 0]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    outputs, errors = text("out"), text("err")
    assert sorted(out.count("reached") for out in outputs) == [0, 1]
    assert len({out.replace("reached\n", "") for out in outputs}) == 1
    (waiting,) = (err for out, err in zip(outputs, errors, strict=True) if "reached" not in out)
    assert waiting == f"Another process is making {path(small_splits).stem}; waiting for it.\n"


SIDE_BY_SIDE = """
import sys
from dataclasses import replace

import torch

from vae_lib import recipes
from vae_lib.models import ModelConfig
from vae_lib.recipes import RECIPES, Recipe
from vae_lib.train import TrainConfig

print("started", flush=True)
TINY = Recipe(model=ModelConfig(hidden=(100,), latent=2), train=TrainConfig(epochs=1, batch_size=1_000))
RECIPES |= {f"tiny-{seed}": replace(TINY, train=replace(TINY.train, seed=seed)) for seed in range(3)}
names = [name for name in RECIPES if name.startswith("tiny-")]
if sys.argv[1] == "together":
    print(*sorted(recipes.load_all(names)))
else:
    torch.set_num_threads(2)
    for name in names:
        recipes.load(name)
    assert torch.get_num_threads() == 2
"""


@pytest.mark.usefixtures("mnist")  # which the script reads
def test_models_trained_side_by_side_by_a_script_without_a_guard_are_those_trained_one_by_one(tmp_path):
    """A script as a reader writes it: with recipes of its own, and without `if __name__ == "__main__"`."""
    script = tmp_path / "train_some.py"
    script.write_text(SIDE_BY_SIDE)
    contents = {}
    for way in ("together", "one by one"):
        environment = os.environ | {"VAE_LIB_CACHE": str(tmp_path / way), "VAE_LIB_DATASET": "mnist"}
        command = [sys.executable, script, way]
        result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.split() == ["started", *["tiny-0", "tiny-1", "tiny-2"] * (way == "together")]
        contents[way] = {file.name: file.read_bytes() for file in (tmp_path / way / "recipes").rglob("*.safetensors")}
    assert len(contents["together"]) == 3
    assert contents["together"] == contents["one by one"]


def test_load_all_checks_every_name_before_it_trains(trainings):
    with pytest.raises(ValueError, match="'huge'"):
        list(recipes.load_all(["tiny", "huge"]))
    assert trainings == []
