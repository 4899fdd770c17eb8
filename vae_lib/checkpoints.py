"""Checkpoints: a trained model and its history in one safetensors file, written, read, or fetched from the book's site.

A file is used whole or not at all. It is written beside its place and then moved there, so it may be read at any time;
in it stand a digest of its contents and its own name, which says what shaped it. It holds numbers only: nothing in it
is ever run.
"""

import hashlib
import os
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from http.client import HTTPException
from pathlib import Path
from typing import BinaryIO

import torch
from filelock import AcquireReturnProxy, FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from vae_lib.models import VAE, Autoencoder, ModelConfig
from vae_lib.progress import progress_bar
from vae_lib.train import History

SILENCE = 10  # seconds without a byte, after which a server is given up
PATIENCE = 60  # seconds for a whole file: in that time the model is as well trained here
LARGEST = 64 << 20  # bytes of a file to fetch; the book's have 3 MB, and a server may send without end
QUICK = 1  # seconds for which no bar is shown: a saved notebook keeps a line of each
UNSOUND = (SafetensorError, ValueError, TypeError, RuntimeError)  # what reading a damaged file may raise

Trained = tuple[VAE | Autoencoder, History]


def write(path: Path, model: torch.nn.Module, history: History) -> None:
    """Put a model and its history into the file; OSError names the file. The caller holds its lock."""
    tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
    tensors |= {f"history.{item.name}": getattr(history, item.name) for item in fields(History)}
    tensors = {name: value.cpu() for name, value in tensors.items()}  # what is read is built on the CPU
    about = f"{path.stem} torch-{torch.__version__}"
    # in one entry: of several, safetensors writes them in any order
    content = save(tensors, metadata={"checkpoint": f"{about} {_digest(tensors, about)}"})
    try:
        with _moved_to(path) as file:
            file.write(content)
    except OSError as error:
        raise OSError(f"{path}: the checkpoint could not be written ({error.strerror}).") from error


def read(path: Path, config: ModelConfig, *, aloud: bool = True) -> Trained | None:
    """The trained model and its history, on the CPU; None where there is no file, or it is damaged (said if `aloud`).

    Raises OSError, naming the file, where it may not be read.
    """
    try:
        path.open("rb").close()  # safetensors says of a file that may not be read that there is none
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise OSError(f"{path}: cannot be read ({error.strerror}).") from error
    try:
        return _verified(path, path.stem, config)
    except UNSOUND as error:
        if aloud:
            print(f"{path} is damaged ({error}); its model is trained anew.", file=sys.stderr)
        return None


def fetch(path: Path, config: ModelConfig) -> Trained | None:
    """The trained model and its history from where it is published, and its file into its place here.

    None where VAE_LIB_MODELS names no address, or the file cannot be had there, which is said. The caller holds the
    file's lock.
    """
    address = published_at(path)
    if not address:
        return None
    try:
        with _moved_to(path) as file:
            _download(address, file, path.stem)
            file.flush()
            return _verified(Path(file.name), path.stem, config)
    except (OSError, HTTPException) as error:
        reason = str(getattr(error, "reason", None) or error)
        problem = f"could not be fetched ({' '.join(reason.split())})"
    except UNSOUND as error:
        problem = f"is no sound checkpoint of this model ({error})"
    print(f"{address} {problem}; the model is trained here.", file=sys.stderr)
    return None


def published_at(path: Path) -> str:
    """The address of a checkpoint's published copy; "" where VAE_LIB_MODELS is not set, ValueError for a bad one."""
    site = os.environ.get("VAE_LIB_MODELS") or ""
    if site and not site.startswith(("https://", "http://", "file://")):
        raise ValueError(f"VAE_LIB_MODELS: {site!r}, expected an address that begins with https://, http:// or file://")
    return site and f"{site.rstrip('/')}/{path.name}"


def only_process_at(path: Path) -> AcquireReturnProxy:
    """Hold the checkpoint's lock: of two processes that want one model, one makes it and the other reads it.

    Raises OSError, naming the folder, where it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_suffix(".lock"))
        try:
            return lock.acquire(timeout=0)
        except Timeout:
            print(f"Another process is making {path.stem}; waiting for it.", file=sys.stderr)
            return lock.acquire()
    except OSError as error:
        if isinstance(error, Timeout):
            raise
        raise OSError(f"{path.parent} cannot be written ({error}); set VAE_LIB_CACHE to a folder that can.") from error


@contextmanager
def _moved_to(path: Path) -> Iterator[BinaryIO]:
    """A file beside the path that takes its place in the end; gone where anything went wrong."""
    part = path.with_suffix(".part")  # one that a killed process left is overwritten: this process holds the lock
    try:
        with part.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _download(address: str, file: BinaryIO, label: str) -> None:
    start, come, bar = time.monotonic(), 0, None
    with urllib.request.urlopen(address, timeout=SILENCE) as answer, ExitStack() as shown:
        size = int(answer.headers.get("Content-Length") or 0)
        while chunk := answer.read1(1 << 16):  # what has come: `read` would wait for the whole of it
            come += file.write(chunk)
            seconds = time.monotonic() - start
            if seconds > PATIENCE:
                raise TimeoutError(f"it was not whole after {PATIENCE} s")
            if come > LARGEST:
                raise OSError(f"it is larger than {LARGEST >> 20} MB")
            if bar is None and seconds > QUICK:
                bar = shown.enter_context(progress_bar(size, label, unit="B"))
                bar.unit_scale = True  # MB, not seven digits
            if bar is not None:
                bar.update(come - bar.n)


def _verified(path: Path, name: str, config: ModelConfig) -> Trained:
    """What the file holds; one of UNSOUND where it is not whole, or is not the checkpoint of that name."""
    model = config.build()
    with safe_open(path, framework="pt") as file:
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118, safe_open is no mapping
        about, _, digest = (file.metadata() or {}).get("checkpoint", "").rpartition(" ")
    if digest != _digest(tensors, about):
        raise ValueError("its contents do not match their digest")
    if (own := about.partition(" ")[0]) != name:
        raise ValueError(f"it is that of {own}")
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ValueError("not all of its numbers are finite")
    model.load_state_dict(_without_prefix(tensors, "model."))
    return model, History(**_without_prefix(tensors, "history."))


def _digest(tensors: dict[str, Tensor], about: str) -> str:
    digest = hashlib.sha256(about.encode())
    for key in sorted(tensors):
        tensor = tensors[key]
        digest.update(f"{key} {tensor.dtype} {tuple(tensor.shape)} ".encode() + tensor.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _without_prefix(tensors: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
