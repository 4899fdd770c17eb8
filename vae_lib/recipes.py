"""Named experiments. `load(name)` trains one once on a machine, and afterwards reads its checkpoint.

Each is trained on one thread, and several side by side (`load_all`). The products of these small models gain little
from a second thread, and so a model's numbers do not depend on how many cores there are.

A checkpoint is found by the hash of all that shaped it: the configuration, the code that trained it, the data and
torch's version. Change any of them and the model is trained anew, so that no figure is stale.
"""

import ast
import hashlib
import inspect
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import ModuleType

import torch
from filelock import AcquireReturnProxy, FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vae_lib import data, distributions, models, objectives, train
from vae_lib.models import VAE, Autoencoder, ModelConfig
from vae_lib.train import History, TrainConfig


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model and how it is trained."""

    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)


# 784-400-20 for ten epochs: the usual tutorial's network, quick enough for experiments of many runs.
SMALL = Recipe(model=ModelConfig(hidden=(400,)), train=TrainConfig(epochs=10))
SMALL_AE = replace(SMALL, model=replace(SMALL.model, variational=False))
WIDE = replace(SMALL, model=replace(SMALL.model, latent=50))


def _trained_with(recipe: Recipe, **changes: object) -> Recipe:
    return replace(recipe, train=replace(recipe.train, **changes))


RECIPES = {
    "vae-20": Recipe(),
    "vae-2": Recipe(model=ModelConfig(latent=2)),
    "ae-2": Recipe(model=ModelConfig(latent=2, variational=False)),
    "binary-20": Recipe(train=TrainConfig(binarize="dynamic")),
    "small": SMALL,
    "small-seed-1": _trained_with(SMALL, seed=1),
    "small-seed-2": _trained_with(SMALL, seed=2),
    "small-ae": SMALL_AE,
    "small-ae-seed-1": _trained_with(SMALL_AE, seed=1),
    "small-ae-seed-2": _trained_with(SMALL_AE, seed=2),
    "beta-0.1": _trained_with(SMALL, beta=0.1),
    "beta-0.3": _trained_with(SMALL, beta=0.3),
    "beta-3": _trained_with(SMALL, beta=3.0),
    "beta-10": _trained_with(SMALL, beta=10.0),
    "beta-30": _trained_with(SMALL, beta=30.0),
    "gaussian": replace(SMALL, model=replace(SMALL.model, likelihood="gaussian")),
    "wide": WIDE,
    "wide-warmup": _trained_with(WIDE, warmup_epochs=5),
    "wide-free-bits": _trained_with(WIDE, free_bits=0.25),
}


def load(name: str) -> tuple[VAE | Autoencoder, History]:
    """The trained model of a recipe, in evaluation mode, and its history.

    Trains it where no checkpoint fits (with a progress bar; another process that wants the same recipe waits and then
    reads). Raises ValueError for an unknown name and OSError, naming the folder, where the cache cannot be written.
    """
    recipe = get(name)
    splits = data.load()
    path = checkpoint_path(name, splits)
    with _only_process_at(path):
        found = read_checkpoint(path, recipe)
        if found is None:
            model = recipe.model.build(seed=recipe.train.seed)
            with _one_thread():
                history = train.fit(model, splits.train.images, splits.validation.images, recipe.train, label=name)
            write_checkpoint(path, model, history)
            found = model, history
    model, history = found
    return model.eval().requires_grad_(False), history


def load_all(names: Sequence[str]) -> Iterator[str]:
    """Train those recipes that have no checkpoint yet, one on each core, and yield each name when its model is there.

    Errors are those of `load`; names are checked before any training begins.
    """
    for name in names:
        get(name)
    splits = data.load()
    missing = [name for name in names if not checkpoint_path(name, splits).exists()]
    yield from (name for name in names if name not in missing)
    if len(missing) < 2:  # nothing to do side by side: train here, where the progress bar is the model's own
        for name in missing:
            load(name)
            yield name
        return
    context = multiprocessing.get_context("spawn")  # a forked process would inherit torch's threads, and hang
    with ProcessPoolExecutor(min(len(missing), os.cpu_count() or 1), context, initializer=_quiet) as workers:
        futures = {workers.submit(_train_in_worker, name): name for name in missing}
        with train.progress_bar(len(missing), "models", unit="model") as bar:
            try:
                for future in as_completed(futures):
                    future.result()
                    bar.update()
                    yield futures[future]
            except BaseException:
                workers.shutdown(wait=False, cancel_futures=True)
                raise


def get(name: str) -> Recipe:
    """The recipe of that name; ValueError with the known names otherwise."""
    if name not in RECIPES:
        raise ValueError(f"recipe: {name!r} is unknown, expected one of {', '.join(RECIPES)}")
    return RECIPES[name]


def checkpoint_path(name: str, splits: data.Splits) -> Path:
    """Where the recipe's checkpoint for these data and this code is, or would be."""
    shaped_by = {
        "recipe": asdict(get(name)),
        "code": code_fingerprint(data, distributions, models, objectives, train),
        "data": splits.fingerprint,
        "torch": torch.__version__,
    }
    key = hashlib.sha256(json.dumps(shaped_by, sort_keys=True).encode()).hexdigest()[:12]
    return data.cache_dir() / "recipes" / f"{name}-{key}.safetensors"


def code_fingerprint(*modules: ModuleType) -> str:
    """A hash of what the modules do: comments, docstrings and layout do not count."""
    digest = hashlib.sha256()
    for module in modules:
        tree = ast.parse(inspect.getsource(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()


def write_checkpoint(path: Path, model: torch.nn.Module, history: History) -> None:
    """Weights and history in one safetensors file, whole or not at all; OSError names the file."""
    tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
    tensors |= {f"history.{item.name}": getattr(history, item.name) for item in fields(History)}
    content = save(tensors, metadata={"digest": _digest(tensors)})
    scratch = None
    try:
        for left_over in path.parent.glob(f"{path.stem}*.part"):
            left_over.unlink()  # of a process that was killed: this one holds the lock
        handle, scratch = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(scratch, path)
    except OSError as error:
        if scratch:
            Path(scratch).unlink(missing_ok=True)
        raise OSError(f"{path}: the checkpoint could not be written ({error.strerror}).") from error


def read_checkpoint(path: Path, recipe: Recipe) -> tuple[VAE | Autoencoder, History] | None:
    """The recipe's trained model and history; None where there is no file, or it is damaged, which is said."""
    if not path.exists():
        return None
    model = recipe.model.build()
    try:
        with safe_open(path, framework="pt") as file:
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, safe_open is no mapping
            if (file.metadata() or {}).get("digest") != _digest(tensors):
                raise ValueError("its contents do not match their digest")
        model.load_state_dict(_without_prefix(tensors, "model."))
        return model, History(**_without_prefix(tensors, "history."))
    except (SafetensorError, ValueError, TypeError, RuntimeError) as error:
        print(f"{path} is damaged ({error}); its model is trained anew.", file=sys.stderr)
        return None


def _train_in_worker(name: str) -> None:
    load(name)  # and nothing returned: the model is in its checkpoint, and need not travel between processes


def _quiet() -> None:
    os.environ["TQDM_DISABLE"] = "1"  # the bars of several processes would write over one another


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _without_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}


def _only_process_at(path: Path) -> AcquireReturnProxy:
    """Hold the checkpoint's lock: of two processes that want one recipe, one trains it and the other reads it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        try:
            return lock.acquire(timeout=0)
        except Timeout:
            print(f"Another process is training {path.stem}; waiting for it.", file=sys.stderr)
            return lock.acquire()
    except OSError as error:
        if isinstance(error, Timeout):
            raise
        raise OSError(f"{path.parent} cannot be written ({error}); set VAE_LIB_CACHE to a folder that can.") from error


def _digest(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for key in sorted(tensors):
        tensor = tensors[key]
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)} ".encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()
