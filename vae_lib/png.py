"""A folder of 28 by 28 PNGs: a sub-folder for each class, if need be below `train` and `test`.

A picture counts by its grey level, white on black as in MNIST: colours are made grey, what is transparent is laid on
black, and nothing is inverted. The classes are numbered in the order of their names.
"""

import os
import struct
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from vae_lib.configs import SIDE

IGNORED = ("Thumbs.db", "desktop.ini", "__MACOSX")  # what systems leave there, beside names that begin with a dot
UNSOUND = (OSError, SyntaxError, ValueError, EOFError, struct.error)  # what Pillow raises for a damaged file


def in_folder(folder: Path) -> tuple[list[tuple[Tensor, Tensor]], tuple[str, ...]]:
    """Images (N, 784) and labels (N,) to train on and, where there is `test`, to test with; the names of the classes.

    Raises OSError that names the file or folder which is something else than the layout asks for.
    """
    inside = {path.name: path for path in _entries(folder)}
    split = inside.keys() in ({"train"}, {"train", "test"}) and any(path.is_dir() for path in _entries(inside["train"]))
    classes = _classes(inside["train"] if split else folder)
    parts = [_part(inside[name], classes) for name in ("train", "test") if name in inside] if split else []
    shown = tuple(os.fsencode(name).decode(errors="replace") for name in classes)  # a file system takes any bytes
    return parts or [_part(folder, classes)], shown


def _entries(folder: Path) -> list[Path]:
    """What is in the folder, in the order of the names, without what systems leave there."""
    try:
        return sorted(path for path in folder.iterdir() if path.name[0] != "." and path.name not in IGNORED)
    except OSError as error:
        raise OSError(f"{folder}: cannot be read ({error.strerror}).") from error


def _classes(folder: Path) -> list[str]:
    """The names of the classes' folders."""
    entries = _entries(folder)
    for path in entries:
        if not path.is_dir():
            raise OSError(
                f"{path}: expected a folder for each class here, with its PNGs (one, if there are no classes)."
            )
    if not entries:
        raise OSError(f"{folder}: is empty, expected the four idx files, or a folder of PNGs for each class.")
    return [path.name for path in entries]


def _part(folder: Path, classes: list[str]) -> tuple[Tensor, Tensor]:
    images, labels = [], []
    for path in _entries(folder):
        if path.name not in classes:
            raise OSError(f"{path}: no such class among those to train on, which are {', '.join(classes)}.")
        files = _entries(path)
        images += map(_grey, files)
        labels += [classes.index(path.name)] * len(files)
    if not images:
        raise OSError(f"{folder}: holds no PNG.")
    return torch.from_numpy(np.stack(images)).view(-1, SIDE * SIDE), torch.tensor(labels)


def _grey(path: Path) -> np.ndarray:
    """The picture's grey levels, (28, 28), uint8."""
    from PIL import Image  # here: who learns from MNIST needs no pictures

    if not path.is_file():
        raise OSError(f"{path}: is no file, expected nothing but PNGs in the folder of a class.")
    try:
        with path.open("rb") as file:
            head = file.read(24)
            if head[:8] != b"\x89PNG\r\n\x1a\n" or len(head) < 24:
                raise ValueError("it does not begin as a PNG does")
            size = struct.unpack(">2I", head[16:])
            if size == (SIDE, SIDE):  # looked at first: a picture of any other size is not unpacked
                Image.open(file, formats=["PNG"]).verify()  # its checksums; what was verified cannot be loaded
                image = Image.open(file, formats=["PNG"])
                image.load()
    except UNSOUND as error:
        raise OSError(f"{path}: cannot be read as a PNG ({getattr(error, 'strerror', None) or error}).") from error
    if size != (SIDE, SIDE):
        raise OSError(f"{path}: {size[0]} x {size[1]} pixels, expected {SIDE} x {SIDE}.")
    if image.mode.startswith("I"):  # 16 bits, which Pillow would cut off at 255
        return (np.asarray(image) / 257).round().astype(np.uint8)
    if "A" in image.mode or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", size, "black"), image.convert("RGBA"))
    return np.asarray(image.convert("L"))
