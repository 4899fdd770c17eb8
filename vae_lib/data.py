"""Digits to learn from, and other images of their size.

MNIST comes through torchvision. Where it cannot be had, synthetic digits take its place and a warning says so, unless
MNIST is asked for by name. Fashion-MNIST and folders of one's own are asked for by name, too.
"""

import hashlib
import warnings
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from torch import Generator, Tensor

from vae_lib import idx, paths, png, synthetic
from vae_lib.checks import check_device, check_tensor

VALIDATION = 5_000
SPLIT_SEED = 1_998  # which 5,000 of the 60,000 training images are the validation split
BINARIZE_SEED = 2_008  # the one draw of static binarisation
FEWEST = 20  # images of one's own to split: of fewer, no two would be left to watch training with

DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt", "Trousers", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


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
    """Images to train on, to watch training with, and for evaluation alone: 55,000, 5,000 and 10,000 of MNIST."""

    name: str  # "mnist", "fashion", "synthetic", or that of a folder
    fingerprint: str  # changes when any image would
    train: Digits
    validation: Digits
    test: Digits
    classes: tuple[str, ...] = DIGITS  # what each label stands for


def load(name: str | Path | None = None) -> Splits:
    """The data of that name, or else those that the environment asks for, split; each process reads them once.

    name: "mnist", "fashion", "synthetic", "auto" (MNIST, or else synthetic digits and a warning) or a folder: of idx
    files, which have MNIST's names, or of 28 by 28 PNGs, a sub-folder for each class, if need be below `train` and
    `test`. A tenth of a folder's training images becomes the validation split, and another tenth the test split where
    the folder has none. Raises ValueError for another name, and OSError that names the file which is missing, damaged
    or something else than expected.
    """
    wanted = paths.dataset(name)
    if isinstance(wanted, Path):
        return _folder(wanted)
    if wanted == "synthetic":
        return _synthetic()
    if wanted == "fashion":
        return _fashion(paths.data_root())
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
    whole, test = idx.mnist(root)
    md5s = "".join(md5 for _, md5 in idx.MNIST_FILES.values())
    return _split("mnist", hashlib.sha256(md5s.encode()).hexdigest(), whole, test, VALIDATION, DIGITS)


@lru_cache(maxsize=1)
def _fashion(root: Path) -> Splits:
    whole, test = idx.fashion(root)
    md5s = "".join(idx.FASHION_FILES.values())
    return _split("fashion", hashlib.sha256(md5s.encode()).hexdigest(), whole, test, VALIDATION, CLOTHES)


@lru_cache(maxsize=1)
def _synthetic() -> Splits:
    train, validation, test = (
        Digits(drawn.images, drawn.labels)
        for drawn in (synthetic.sample(n, seed=seed) for seed, n in enumerate((55_000, VALIDATION, 10_000)))
    )
    fingerprint = hashlib.sha256(test.images.numpy().tobytes()).hexdigest()  # drawn by the same code as the others
    return Splits("synthetic", fingerprint, train, validation, test)


@lru_cache(maxsize=1)
def _folder(folder: Path) -> Splits:
    if parts := idx.in_folder(folder):
        classes = tuple(map(str, range(1 + max(int(labels.max()) for _, labels in parts))))
    else:
        parts, classes = png.in_folder(folder)
    images, labels = parts[0]
    if len(labels) < FEWEST:
        raise OSError(f"{folder}: {len(labels)} images to train on, expected at least {FEWEST}.")
    held_out = len(labels) // 10
    if len(parts) == 1:
        order = _order(len(labels))
        train, test = order[held_out:].sort().values, order[:held_out].sort().values
        parts = [(images[train], labels[train]), (images[test], labels[test])]
    whole, test = parts
    digest = hashlib.sha256()
    for images, labels in parts:
        digest.update(f"{len(labels)} images".encode() + images.numpy().tobytes() + labels.numpy().tobytes())
    return _split(paths.dataset_name(folder), digest.hexdigest(), whole, test, held_out, classes)


def _split(
    name: str,
    fingerprint: str,
    whole: idx.Labelled,
    test: idx.Labelled,
    validation: int,
    classes: tuple[str, ...],
) -> Splits:
    """Bytes as grey levels, and `validation` of the training images set aside."""
    order = _order(len(whole[1]))
    train, held_out, tested = (
        Digits(images[index].float() / 255, labels[index].long())
        for (images, labels), index in ((whole, order[validation:]), (whole, order[:validation]), (test, slice(None)))
    )
    return Splits(name, fingerprint, train, held_out, tested, classes)


def _order(n: int) -> Tensor:
    return torch.randperm(n, generator=Generator().manual_seed(SPLIT_SEED))
