"""Digits to learn from.

MNIST comes through torchvision. Where it cannot be had, synthetic digits take its place and a warning says so; with
VAE_LIB_DATASET=mnist that is an error, and with VAE_LIB_DATASET=synthetic they are what is asked for.
"""

import gzip
import hashlib
import os
import socket
import tempfile
import warnings
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Generator, Tensor

from vae_lib import paths, synthetic
from vae_lib.checks import check_device, check_tensor

VALIDATION = 5_000
SPLIT_SEED = 1_998  # which 5,000 of the 60,000 training images are the validation split
BINARIZE_SEED = 2_008  # the one draw of static binarisation

# The canonical idx files, uncompressed: name -> (bytes, MD5).
MNIST_FILES = {
    "train-images-idx3-ubyte": (47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
    "train-labels-idx1-ubyte": (60_008, "a25bea736e30d166cdddb491f175f624"),
    "t10k-images-idx3-ubyte": (7_840_016, "2646ac647ad5339dbf082846283269ea"),
    "t10k-labels-idx1-ubyte": (10_008, "27ae3e4e09519cfbb04c329615203637"),
}


@dataclass(frozen=True)
class Digits:
    """Images (N, 784), float32 grey levels in [0, 1], and their labels (N,), int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: slice | Tensor) -> "Digits":
        return Digits(self.images[index], self.labels[index])


@dataclass(frozen=True)
class Splits:
    """55,000 digits to train on, 5,000 to watch training with, 10,000 for evaluation and nothing else."""

    name: str  # "mnist" or "synthetic"
    fingerprint: str  # changes when any image would
    train: Digits
    validation: Digits
    test: Digits


def load() -> Splits:
    """The digits that the environment asks for, split; each process reads them once.

    Raises OSError that names the file where MNIST is damaged, or missing although VAE_LIB_DATASET=mnist.
    """
    wanted = os.environ.get("VAE_LIB_DATASET") or "auto"
    if wanted not in ("auto", "mnist", "synthetic"):
        raise ValueError(f"VAE_LIB_DATASET: {wanted!r}, expected 'auto', 'mnist' or 'synthetic'")
    if wanted == "synthetic":
        return _synthetic()
    try:
        return _mnist(paths.data_root())
    except (FileNotFoundError, PermissionError) as missing:
        if wanted == "mnist":
            raise
        warnings.warn(f"{missing} Synthetic digits take its place.", stacklevel=2)
        return _synthetic()


def binarize(images: Tensor, *, generator: Generator) -> Tensor:
    """Draw each pixel as 0 or 1 with its grey level as the probability: (..., X) -> (..., X).

    Drawn anew for each batch this is dynamic binarisation; drawn once, static. Raises ValueError for what is no
    probability, and for a generator of another device than the images'.
    """
    check_tensor("images", images)
    check_device("generator", generator, images.device)
    try:
        return torch.bernoulli(images, generator=generator)
    except RuntimeError as error:
        raise ValueError(f"images: {images.dtype}, not all of them grey levels in [0, 1]") from error


def binarize_static(images: Tensor) -> Tensor:
    """The same zeros and ones at every call and on every device, as of a data set: (..., X) -> (..., X)."""
    check_tensor("images", images)
    return binarize(images.cpu(), generator=Generator().manual_seed(BINARIZE_SEED)).to(images.device)


@lru_cache(maxsize=1)
def _mnist(root: Path) -> Splits:
    raw = root / "MNIST" / "raw"
    _unpack(raw)
    if not all((raw / name).exists() for name in MNIST_FILES):
        _download(root)
    # Read here and not by torchvision, to the same tensors: importing torchvision costs a process four seconds.
    images, labels, test_images, test_labels = (_verified(raw / name) for name in MNIST_FILES)
    whole, test = (
        Digits(grey[16:].view(-1, 784).float() / 255, classes[8:].long())  # without the idx headers
        for grey, classes in ((images, labels), (test_images, test_labels))
    )
    order = torch.randperm(len(whole), generator=Generator().manual_seed(SPLIT_SEED))
    fingerprint = hashlib.sha256("".join(md5 for _, md5 in MNIST_FILES.values()).encode()).hexdigest()
    return Splits("mnist", fingerprint, whole[order[VALIDATION:]], whole[order[:VALIDATION]], test)


@lru_cache(maxsize=1)
def _synthetic() -> Splits:
    train, validation, test = (
        Digits(drawn.images, drawn.labels)
        for drawn in (synthetic.sample(n, seed=seed) for seed, n in enumerate((55_000, VALIDATION, 10_000)))
    )
    fingerprint = hashlib.sha256(test.images.numpy().tobytes()).hexdigest()  # drawn by the same code as the others
    return Splits("synthetic", fingerprint, train, validation, test)


def _verified(path: Path) -> Tensor:
    """The file's bytes; OSError where they are not the original's."""
    try:
        content = bytearray(path.read_bytes())
    except OSError as error:
        raise OSError(f"{path}: cannot be read ({error.strerror}).") from error
    _check_whole(path, path.name, content)
    return torch.frombuffer(content, dtype=torch.uint8)


def _check_whole(path: Path, name: str, content: bytes | bytearray) -> None:
    """A truncated or altered file is refused: it would change every number and look like data."""
    size, md5 = MNIST_FILES[name]
    if len(content) != size or hashlib.md5(content, usedforsecurity=False).hexdigest() != md5:
        raise OSError(
            f"{path} is damaged: {len(content):,} bytes whose MD5 is not that of the original ({size:,} bytes, {md5}). "
            "Delete it, and it is downloaded again."
        )


def _unpack(raw: Path) -> None:
    """Unpack those of the four files that are there as NAME.gz only, as a download by hand leaves them."""
    for name in MNIST_FILES:
        packed = raw / f"{name}.gz"
        if (raw / name).exists() or not packed.exists():
            continue
        try:
            with gzip.open(packed) as file:
                content = file.read(MNIST_FILES[name][0] + 1)  # no more than shows that it is too long
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise OSError(f"{packed} is damaged ({error}). Delete it, and it is downloaded again.") from error
        except OSError as error:
            raise OSError(f"{packed}: cannot be read ({error.strerror}).") from error
        _check_whole(packed, name, content)
        try:
            with tempfile.TemporaryDirectory(dir=raw, prefix=".unpacked-") as scratch:
                Path(scratch, name).write_bytes(content)
                os.replace(Path(scratch, name), raw / name)
        except OSError as error:
            raise OSError(f"{packed} cannot be unpacked there ({error}); make {raw} writable.") from error


def _download(root: Path) -> None:
    """Let torchvision fetch MNIST beside its place and move whole files in: a killed download leaves no half file."""
    from vae_lib._torchvision import MNIST

    raw = root / "MNIST" / "raw"
    timeout = socket.getdefaulttimeout()
    try:
        # In the folder above, if need be: none is made before there is something to put there.
        there = next(folder for folder in (root, *root.parents) if folder.exists())
        with tempfile.TemporaryDirectory(dir=there, prefix=".download-") as scratch:
            socket.setdefaulttimeout(20)  # torchvision sets none: a silent network would hang the build
            MNIST(scratch, download=True)
            raw.mkdir(parents=True, exist_ok=True)
            for name in MNIST_FILES:
                os.replace(Path(scratch, "MNIST", "raw", name), raw / name)
    except PermissionError as error:
        raise PermissionError(f"{root} cannot be written; set VAE_LIB_DATA to a folder that can ({error}).") from error
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # torchvision's runs over several lines
        raise FileNotFoundError(
            f"MNIST is not in {raw} and could not be downloaded ({reason}). "
            "Set VAE_LIB_DATA to a folder that holds MNIST/raw with the four idx files, unpacked or as .gz, or connect "
            "to the network."
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)
