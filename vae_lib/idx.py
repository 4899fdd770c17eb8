"""MNIST's file format, idx: MNIST itself, Fashion-MNIST, and a folder of anybody's own.

Four files hold a data set, images and labels to train on and to test with. Of a published one each file is compared
with its checksum before it is read; of one's own, the header is. Nothing here deletes a file, or asks anybody to.
"""

import gzip
import hashlib
import os
import socket
import tempfile
import zlib
from collections.abc import Iterable
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from vae_lib.configs import SIDE

# MNIST's files, unpacked: name -> (bytes, MD5).
MNIST_FILES = {
    "train-images-idx3-ubyte": (47_040_016, "6bbc9ace898e44ae57da46a324031adb"),
    "train-labels-idx1-ubyte": (60_008, "a25bea736e30d166cdddb491f175f624"),
    "t10k-images-idx3-ubyte": (7_840_016, "2646ac647ad5339dbf082846283269ea"),
    "t10k-labels-idx1-ubyte": (10_008, "27ae3e4e09519cfbb04c329615203637"),
}
# Fashion-MNIST's, packed as they are downloaded: it is of these that checksums are published. name -> MD5.
FASHION_FILES = {
    "train-images-idx3-ubyte.gz": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte.gz": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte.gz": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte.gz": "bb300cfdad3c16e7a12a480ee83cd310",
}
NAMES = tuple(MNIST_FILES)  # and of every data set's four files
NO_GZIP = (EOFError, zlib.error, gzip.BadGzipFile)  # what unpacking a damaged file may raise

Labelled = tuple[Tensor, Tensor]  # images (N, 784) and labels (N,), both uint8
File = tuple[Path, bytearray]  # where it was, and what was in it, unpacked


def mnist(root: Path) -> list[Labelled]:
    """MNIST's training and test images, from the place below `root` where torchvision keeps them, or downloaded there.

    Raises FileNotFoundError where they cannot be had, and OSError that names the file which is not the original.
    """
    raw = root / "MNIST" / "raw"
    _unpack(raw)
    if not all((raw / name).exists() for name in MNIST_FILES):
        _download(root, "MNIST", MNIST_FILES, "unpacked or as .gz")
    # Read here and not by torchvision, to the same tensors: importing torchvision costs a process four seconds.
    files = [(raw / name, _read(raw / name)) for name in MNIST_FILES]
    for path, content in files:
        _check_mnist(path, path.name, content)
    return _pairs(files)


def fashion(root: Path) -> list[Labelled]:
    """Fashion-MNIST's training and test images (Xiao et al., 2017); found, downloaded and refused as MNIST's are."""
    raw = root / "FashionMNIST" / "raw"
    if not all((raw / name).exists() for name in FASHION_FILES):
        _download(root, "FashionMNIST", FASHION_FILES, "as .gz, which have the checksums")
    files = []
    for name, md5 in FASHION_FILES.items():
        packed = _read(raw / name)
        if _md5(packed) != md5:
            raise _not_the_original(raw / name, packed, f"Fashion-MNIST's (MD5 {md5})")
        files.append((raw / name, bytearray(gzip.decompress(packed))))
    return _pairs(files)


def in_folder(folder: Path) -> list[Labelled] | None:
    """The training images, and test images if there are any, of somebody's own files, unpacked or as .gz.

    None where the folder holds none of the four. Raises OSError that names a file which is missing, cannot be read or
    is not what its header says.
    """
    there = {name: path for name in NAMES for path in (folder / f"{name}.gz", folder / name) if os.path.lexists(path)}
    if not there:
        return None
    files = []
    for name in NAMES if there.keys() & set(NAMES[2:]) else NAMES[:2]:
        if name not in there:
            raise OSError(f"{folder / name} is missing, beside {there.popitem()[1].name}.")
        packed = _read(there[name])
        try:
            files.append((there[name], bytearray(gzip.decompress(packed)) if there[name].suffix == ".gz" else packed))
        except NO_GZIP as error:
            raise OSError(f"{there[name]} cannot be unpacked ({error}).") from error
    return _pairs(files)


def _read(path: Path) -> bytearray:
    try:
        return bytearray(path.read_bytes())
    except OSError as error:
        raise OSError(f"{path}: cannot be read ({error.strerror}).") from error


def _pairs(files: list[File]) -> list[Labelled]:
    """Images and labels by turns, paired."""
    pairs = []
    for (images_path, images), (labels_path, labels) in zip(files[::2], files[1::2], strict=True):
        pair = _numbers(images_path, images, (SIDE, SIDE)), _numbers(labels_path, labels, ())
        if len(pair[0]) != len(pair[1]):
            raise OSError(f"{labels_path}: {len(pair[1]):,} labels for the {len(pair[0]):,} images beside it.")
        pairs.append(pair)
    return pairs


def _numbers(path: Path, content: bytearray, shape: tuple[int, ...]) -> Tensor:
    """The bytes after the header, (N, prod(shape)) or (N,) for (), after a look at all that the header says.

    It is a magic number, whose third byte says that there are bytes and whose fourth how many axes, and their lengths.
    """
    magic, start = bytes((0, 0, 8, 1 + len(shape))), 4 + 4 * (1 + len(shape))
    if content[:4] != magic or len(content) < start:
        raise OSError(
            f"{path} begins with {content[:4].hex(' ') or 'nothing'}, expected {magic.hex(' ')}: an idx file."
        )
    n, *have = (int.from_bytes(content[i : i + 4], "big") for i in range(4, start, 4))
    if tuple(have) != shape:
        raise OSError(f"{path} holds images of {' x '.join(map(str, have))} pixels, expected {SIDE} x {SIDE}.")
    if n == 0 or len(content) != start + n * prod(shape):
        raise OSError(f"{path}: {len(content):,} bytes, expected {start + n * prod(shape):,} for {n:,} of them.")
    numbers = torch.frombuffer(content, dtype=torch.uint8, offset=start)
    return numbers.view(n, -1) if shape else numbers


def _md5(content: bytes | bytearray) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _check_mnist(path: Path, name: str, content: bytes | bytearray) -> None:
    """A truncated or altered file is refused: it would change every number and look like data."""
    size, md5 = MNIST_FILES[name]
    if len(content) != size or _md5(content) != md5:
        raise _not_the_original(path, content, f"MNIST's ({size:,} bytes, MD5 {md5})")


def _not_the_original(path: Path, content: bytes | bytearray, original: str) -> OSError:
    return OSError(
        f"{path}: {len(content):,} bytes that are not {original}. If these are images of your own, put them into "
        "another folder and set VAE_LIB_DATASET to it. If it was downloaded, move it away, and it is downloaded again."
    )


def _unpack(raw: Path) -> None:
    """Unpack those of MNIST's files that are there as NAME.gz only, as a download by hand leaves them."""
    for name in MNIST_FILES:
        packed = raw / f"{name}.gz"
        if (raw / name).exists() or not packed.exists():
            continue
        try:
            with gzip.open(packed) as file:
                content = file.read(MNIST_FILES[name][0] + 1)  # no more than shows that it is too long
        except NO_GZIP as error:
            raise OSError(
                f"{packed} cannot be unpacked ({error}). Move it away, and MNIST is downloaded again."
            ) from error
        except OSError as error:
            raise OSError(f"{packed}: cannot be read ({error.strerror}).") from error
        _check_mnist(packed, name, content)
        try:
            with tempfile.TemporaryDirectory(dir=raw, prefix=".unpacked-") as scratch:
                Path(scratch, name).write_bytes(content)
                os.replace(Path(scratch, name), raw / name)
        except OSError as error:
            raise OSError(f"{packed} cannot be unpacked there ({error}); make {raw} writable.") from error


def _download(root: Path, kind: str, names: Iterable[str], form: str) -> None:
    """Let torchvision fetch the files beside their place and move whole ones in: a killed download leaves no half file.

    kind: torchvision's class, and the folder below `root`.
    """
    from vae_lib import _torchvision

    raw = root / kind / "raw"
    timeout = socket.getdefaulttimeout()
    try:
        # In the folder above, if need be: none is made before there is something to put there.
        there = next(folder for folder in (root, *root.parents) if folder.exists())
        with tempfile.TemporaryDirectory(dir=there, prefix=".download-") as scratch:
            socket.setdefaulttimeout(20)  # torchvision sets none: a silent network would hang the build
            getattr(_torchvision, kind)(scratch, download=True)
            raw.mkdir(parents=True, exist_ok=True)
            for name in names:
                os.replace(Path(scratch, kind, "raw", name), raw / name)
    except PermissionError as error:
        raise PermissionError(f"{root} cannot be written; set VAE_LIB_DATA to a folder that can ({error}).") from error
    except (OSError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # torchvision's runs over several lines
        raise FileNotFoundError(
            f"{kind} is not in {raw} and could not be downloaded ({reason}). "
            f"Set VAE_LIB_DATA to a folder that holds {kind}/raw with the four idx files, {form}, or connect "
            "to the network."
        ) from error
    finally:
        socket.setdefaulttimeout(timeout)
