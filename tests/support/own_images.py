"""Images of somebody's own, put into a folder as idx files or as PNGs."""

import gzip
from pathlib import Path

import numpy as np
from PIL import Image


def draw(n: int, *, seed: int = 0, side: int = 28) -> np.ndarray:
    """n images (n, side, side) of random grey levels, no two alike."""
    return np.random.default_rng(seed).integers(0, 256, (n, side, side), dtype=np.uint8)


def write_idx(path: Path, numbers: np.ndarray) -> None:
    """An idx file of bytes, packed if its name ends in .gz."""
    header = bytes((0, 0, 8, numbers.ndim)) + b"".join(n.to_bytes(4, "big") for n in numbers.shape)
    content = header + numbers.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def write_idx_pair(folder: Path, prefix: str, images: np.ndarray, labels: list[int], *, ending: str = "") -> None:
    """The two files of a part, "train" or "t10k"."""
    folder.mkdir(exist_ok=True)
    write_idx(folder / f"{prefix}-images-idx3-ubyte{ending}", images)
    write_idx(folder / f"{prefix}-labels-idx1-ubyte{ending}", np.array(labels, np.uint8))


def write_pngs(folder: Path, images: np.ndarray) -> None:
    """The images of a class, numbered."""
    folder.mkdir(parents=True)
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:03}.png")
