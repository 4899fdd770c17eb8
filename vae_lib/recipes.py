"""Named experiments. `load(name)` trains one once on a machine, and afterwards reads its checkpoint.

Each is trained on one thread, and several side by side (`load_all`). The products of these small models gain little
from a second thread, and so a model's numbers do not depend on how many cores there are.

A checkpoint is found by the hash of all that shaped it, the configuration, the code that trained it and the data, in
the folder of torch's version. Change any of them and the model is trained anew, so that no figure is stale. A published
checkpoint has the same name without the folder: it is fetched whatever torch is here, and gives the book's own numbers.
"""

import ast
import hashlib
import inspect
import json
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from pathlib import Path

import joblib
import torch

from vae_lib import checkpoints, data, distributions, models, objectives, paths, progress, train
from vae_lib.checkpoints import Trained
from vae_lib.configs import RECIPES, Recipe, get
from vae_lib.models import VAE, Autoencoder
from vae_lib.train import History

__all__ = ["RECIPES", "Recipe", "checkpoint_path", "code_fingerprint", "get", "load", "load_all", "splits"]


SHAPING_CODE = [Path(inspect.getfile(module)) for module in (data, distributions, models, objectives, train)]


def load(name: str, *, dataset: str | Path | None = None) -> tuple[VAE | Autoencoder, History]:
    """The trained model of a recipe, in evaluation mode, and its history.

    dataset: what to train it on, as `data.load` takes it; without it, the recipe's own, or else the environment's.
    Where no checkpoint fits, it is fetched from the address in VAE_LIB_MODELS, if there is one, or else trained (with a
    progress bar; another process that wants the same recipe waits and then reads). Raises ValueError for an unknown
    name and OSError, naming the folder, where the cache cannot be written.
    """
    model, history = _ready(name, splits(name, dataset), fetch=True)
    return model.eval().requires_grad_(False), history


def splits(name: str, dataset: str | Path | None = None) -> data.Splits:
    """The data that a recipe is trained on: those asked for here, or else by the recipe, or else by the environment."""
    return data.load(_wanted(name, dataset))


def _wanted(name: str, dataset: str | Path | None) -> str | Path | None:
    return get(name).dataset if dataset is None else dataset


def load_all(names: Iterable[str], *, dataset: str | Path | None = None) -> Iterator[str]:
    """Fetch or train those recipes that have no checkpoint yet, and yield each name when its model is there.

    What must be trained is trained one on each core, in processes that read the data themselves and know nothing of the
    caller's script. `dataset` and errors are those of `load`; names are checked before that. After an interrupt what is
    not yet trained is given up.
    """
    if isinstance(names, str):
        raise ValueError(f"names: the string {names!r}, expected a list of names")
    names = list(names)
    for name in names:
        get(name)
    read = cache(data.load)  # once for all, also where MNIST is asked for in vain
    missing = []
    for name in names:
        path = checkpoint_path(name, read(_wanted(name, dataset)))
        if path.exists() or (checkpoints.published_at(path) and _fetched(name, path)):
            yield name
        else:
            missing.append(name)
    if len(missing) < 2:  # nothing to do side by side: train here, where the progress bar is the model's own
        for name in missing:
            _train(name, dataset)
            yield name
        return
    context = multiprocessing.get_context("spawn")  # a forked process would inherit torch's threads, and hang
    others = multiprocessing.active_children()
    with ProcessPoolExecutor(min(len(missing), joblib.cpu_count()), context, initializer=_quiet) as workers:
        try:
            with _beside_the_caller():
                futures = {workers.submit(_train_as, name, get(name), dataset): name for name in missing}
            with progress.progress_bar(len(missing), "models", unit="model") as bar:
                for future in as_completed(futures):
                    future.result()
                    bar.update()
                    yield futures[future]
        except Exception:
            workers.shutdown(wait=False, cancel_futures=True)  # what is being trained is trained to its end
            raise
        except BaseException:  # an interrupt, or a caller who wants no more
            for process in set(multiprocessing.active_children()) - set(others):
                process.terminate()
            raise


def checkpoint_path(name: str, splits: data.Splits) -> Path:
    """Where the recipe's checkpoint for these data, this code and this torch is, or would be."""
    shaped_by = {
        "recipe": {"model": asdict(get(name).model), "train": asdict(get(name).train)},
        "code": code_fingerprint(*SHAPING_CODE),
        "data": splits.fingerprint,
    }
    key = hashlib.sha256(json.dumps(shaped_by, sort_keys=True).encode()).hexdigest()[:12]
    return paths.cache_dir() / "recipes" / f"torch-{torch.__version__}" / f"{name}-{key}.safetensors"


def code_fingerprint(*sources: Path) -> str:
    """A hash of what these files of Python do, the same in every version: comments, docstrings, layout do not count."""
    digest = hashlib.sha256()
    for source in sources:
        tree = ast.parse(source.read_bytes())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
                node.body = node.body[1:]
        digest.update(_structure(tree).encode())
    return digest.hexdigest()


def _structure(part: object) -> str:
    """A syntax tree as text. Unlike ast.dump's it has no empty fields, of which each version of Python adds some."""
    if isinstance(part, ast.AST):
        given = [f"{name}={_structure(value)}" for name, value in ast.iter_fields(part) if value not in (None, [])]
        return f"{type(part).__name__}({', '.join(given)})"
    if isinstance(part, list):
        return f"[{', '.join(map(_structure, part))}]"
    return ascii(part)


def _ready(name: str, splits: data.Splits, *, fetch: bool) -> Trained:
    """The recipe's model and history: read, or else fetched if that is wanted and can be, or else trained."""
    recipe, path = get(name), checkpoint_path(name, splits)
    if found := checkpoints.read(path, recipe.model):  # needs no lock, nor a cache that can be written
        return found
    with checkpoints.only_process_at(path):
        if found := checkpoints.read(path, recipe.model, aloud=False):
            return found  # made by another process meanwhile
        if fetch and (found := checkpoints.fetch(path, recipe.model)):
            return found
        model = recipe.model.build(seed=recipe.train.seed)
        with _one_thread():
            history = train.fit(model, splits.train.images, splits.validation.images, recipe.train, label=name)
        checkpoints.write(path, model, history)
        return model, history


def _fetched(name: str, path: Path) -> bool:
    with checkpoints.only_process_at(path):
        return path.exists() or checkpoints.fetch(path, get(name).model) is not None


def _train(name: str, dataset: str | Path | None) -> None:
    _ready(name, splits(name, dataset), fetch=False)  # and nothing returned: it need not travel between processes


def _train_as(name: str, recipe: Recipe, dataset: str | Path | None) -> None:
    RECIPES[name] = recipe  # which may be the caller's own
    _train(name, dataset)


@contextmanager
def _beside_the_caller() -> Iterator[None]:
    """Processes started in this block do not import the caller's script, and leave Ctrl-C to this process.

    A spawned process imports the script anew, to find there what it shall do: a script without the guard
    `if __name__ == "__main__"` would start all over in it.
    """
    script, windows = sys.modules["__main__"], not hasattr(signal, "pthread_sigmask")
    before = set() if windows else signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which they inherit
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = script
        if not windows:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _quiet() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # also where a mask is not inherited; the caller ends its workers
    os.environ["TQDM_DISABLE"] = "1"  # the bars of several processes would write over one another
    progress.tqdm.set_lock(
        threading.RLock()
    )  # tqdm's own lies outside the process, and would outlive one that is ended


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
