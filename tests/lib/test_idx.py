"""Fashion-MNIST, and idx files of anybody's own: read whole, split, and refused where they are not what they say."""

import gzip
import hashlib
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from own_images import draw, write_idx, write_idx_pair

from vae_lib import _torchvision, data, idx

pytestmark = pytest.mark.usefixtures("fresh_data")


def rows(*parts: data.Digits) -> dict[bytes, int]:
    """Each image's bytes and its label; an image that is there twice would be lost, and so counted."""
    pairs = [
        ((image * 255).round().byte().numpy().tobytes(), int(label))
        for part in parts
        for image, label in zip(part.images, part.labels, strict=True)
    ]
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def expected(images: np.ndarray, labels: list[int]) -> dict[bytes, int]:
    return {image.tobytes(): label for image, label in zip(images, labels, strict=True)}


# Fashion-MNIST, whose files are planted here: it cannot be had everywhere.


@pytest.fixture
def clothes(tmp_path, monkeypatch) -> Path:
    """A data folder with four files as Fashion-MNIST's are, of 60 and 20 images, whose checksums are the expected."""
    raw = tmp_path / "data" / "FashionMNIST" / "raw"
    raw.parent.mkdir(parents=True)
    write_idx_pair(raw, "train", draw(60), [i % 10 for i in range(60)], ending=".gz")
    write_idx_pair(raw, "t10k", draw(20, seed=1), [i % 10 for i in range(20)], ending=".gz")
    md5s = {name: hashlib.md5((raw / name).read_bytes()).hexdigest() for name in idx.FASHION_FILES}
    monkeypatch.setattr(idx, "FASHION_FILES", md5s)
    monkeypatch.setattr(data, "VALIDATION", 5)
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path / "data"))
    return raw


def test_the_checksums_are_those_that_torchvision_knows():
    assert dict(_torchvision.FashionMNIST.resources) == idx.FASHION_FILES
    assert len(data.CLOTHES) == len(_torchvision.FashionMNIST.classes)


@pytest.mark.parametrize("asked", ["by name", "by the environment"])
def test_fashion_is_read_and_split_as_mnist_is(clothes, monkeypatch, asked):
    if asked == "by the environment":
        monkeypatch.setenv("VAE_LIB_DATASET", "fashion")
    splits = data.load("fashion" if asked == "by name" else None)
    assert splits.name == "fashion"
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (55, 5, 20)
    assert rows(splits.train, splits.validation) == expected(draw(60), [i % 10 for i in range(60)])
    assert rows(splits.test) == expected(draw(20, seed=1), [i % 10 for i in range(20)])
    assert splits.classes[9] == "Ankle boot"
    assert data.load("fashion") is splits


@pytest.mark.parametrize("name", idx.FASHION_FILES)
def test_a_file_that_is_not_fashion_mnists_is_named_and_stays(clothes, name):
    other = gzip.compress(gzip.decompress((clothes / name).read_bytes())[::-1])
    (clothes / name).write_bytes(other)
    with pytest.raises(OSError, match=f"{name}: .* bytes that are not Fashion-MNIST's .*VAE_LIB_DATASET") as caught:
        data.load("fashion")
    assert "elete" not in str(caught.value)
    assert (clothes / name).read_bytes() == other


def test_fashion_is_downloaded_whole_and_never_replaced_by_synthetic_digits(clothes, monkeypatch, tmp_path):
    def download(root, *, download):
        shutil.copytree(tmp_path / "elsewhere", Path(root, "FashionMNIST", "raw"))
        if not reached:
            raise RuntimeError("Error downloading\nthe files")

    reached = []
    clothes.rename(tmp_path / "elsewhere")
    clothes.parent.rmdir()
    monkeypatch.setattr(_torchvision, "FashionMNIST", download)
    with pytest.raises(FileNotFoundError, match=f"FashionMNIST is not in {clothes} and could not be .*Error .* files"):
        data.load("fashion")
    assert not clothes.parent.exists()
    reached.append(True)
    assert data.load("fashion").name == "fashion"
    assert sorted(os.listdir(clothes)) == sorted(idx.FASHION_FILES)


# A folder of one's own.


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize("asked", ["by name", "as a path", "by the environment", "relative", "from home"])
def test_own_files_are_read_and_those_to_test_with_set_aside(tmp_path, monkeypatch, asked, ending):
    images, labels, folder = draw(50), [i % 3 for i in range(50)], tmp_path / "runes"
    write_idx_pair(folder, "train", images, labels, ending=ending)
    before = sorted(os.listdir(folder))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    if asked == "by the environment":
        monkeypatch.setenv("VAE_LIB_DATASET", str(folder))
    names = {"by name": str(folder), "as a path": folder, "relative": "runes", "from home": "~/runes"}
    splits = data.load(names.get(asked))
    assert (splits.name, splits.classes) == ("runes", ("0", "1", "2"))
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (40, 5, 5)
    assert rows(splits.train, splits.validation, splits.test) == expected(images, labels)
    assert sorted(os.listdir(folder)) == before


def test_own_test_files_are_the_test_split_in_their_order(tmp_path):
    write_idx_pair(tmp_path, "train", draw(40), [7] * 40)
    write_idx_pair(tmp_path, "t10k", draw(3, seed=1), [7, 200, 0], ending=".gz")
    splits = data.load(tmp_path)
    assert (len(splits.train), len(splits.validation)) == (36, 4)
    assert splits.test.labels.tolist() == [7, 200, 0]
    assert list(rows(splits.test)) == list(expected(draw(3, seed=1), [7, 200, 0]))
    assert len(splits.classes) == 201


def test_the_split_is_the_same_in_each_process_and_the_fingerprint_follows_each_pixel_label_and_part(tmp_path):
    images, fingerprints = draw(40), []
    for change in ("none", "none", "a pixel", "a label", "their order", "test files"):
        folder = tmp_path / f"{len(fingerprints)}"
        labels = [1 if change == "a label" else 0] + [1] * 39
        changed = images.copy()
        changed[39, 27, 27] ^= change == "a pixel"
        changed = changed[::-1] if change == "their order" else changed
        write_idx_pair(folder, "train", changed, labels)
        if change == "test files":
            write_idx_pair(folder, "t10k", images[:4], labels[:4])
        splits = data.load(folder)
        fingerprints.append((splits.fingerprint, list(rows(splits.validation))))
    assert fingerprints[0] == fingerprints[1]
    assert len({fingerprint for fingerprint, _ in fingerprints}) == 5


FAULTS = {
    "a part without labels": "train-labels-idx1-ubyte is missing",
    "half a test part": "t10k-labels-idx1-ubyte is missing",
    "truncated": "train-images-idx3-ubyte: 31,375 bytes, expected 31,376 for 40",
    "longer": "train-images-idx3-ubyte: 31,377 bytes, expected 31,376 for 40",
    "no header": "train-labels-idx1-ubyte begins with 3c 68 74 6d, expected 00 00 08 01",
    "floats": "train-images-idx3-ubyte begins with 00 00 0d 03, expected 00 00 08 03",
    "empty": "train-labels-idx1-ubyte begins with nothing, expected 00 00 08 01",
    "header alone": "train-images-idx3-ubyte begins with 00 00 08 03",
    "27 x 28": "train-images-idx3-ubyte holds images of 27 x 28 pixels, expected 28 x 28",
    "too few labels": "train-labels-idx1-ubyte: 39 labels for the 40 images beside it",
    "no image": "train-images-idx3-ubyte: 16 bytes",
    "nineteen": "19 images to train on, expected at least 20",
    "a folder": "train-images-idx3-ubyte: cannot be read",
    "a link to nowhere": "train-images-idx3-ubyte: cannot be read",
    "a link to itself": "train-images-idx3-ubyte: cannot be read",
    "no gzip": r"train-images-idx3-ubyte\.gz cannot be unpacked",
    "half a gzip": r"train-images-idx3-ubyte\.gz cannot be unpacked",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_not_as_its_header_says_is_named(tmp_path, fault):
    write_idx_pair(tmp_path, "train", draw(40), [0] * 40)
    images, labels = (tmp_path / f"train-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1"))
    content, packed = images.read_bytes(), tmp_path / f"{images.name}.gz"
    if fault in ("a folder", "a link to nowhere", "a link to itself", "no gzip", "half a gzip"):
        images.unlink()
    {
        "a part without labels": lambda: labels.unlink(),
        "half a test part": lambda: write_idx(tmp_path / "t10k-images-idx3-ubyte", draw(3)),
        "truncated": lambda: images.write_bytes(content[:-1]),
        "longer": lambda: images.write_bytes(content + b"\0"),
        "no header": lambda: labels.write_bytes(b"<html>404 Not Found</html>"),
        "floats": lambda: images.write_bytes(content[:2] + b"\x0d" + content[3:]),
        "empty": lambda: labels.write_bytes(b""),
        "header alone": lambda: images.write_bytes(content[:10]),
        "27 x 28": lambda: write_idx(images, draw(40)[:, 1:]),
        "too few labels": lambda: write_idx(labels, np.zeros(39, np.uint8)),
        "no image": lambda: write_idx_pair(tmp_path, "train", draw(0), []),
        "nineteen": lambda: write_idx_pair(tmp_path, "train", draw(19), [0] * 19),
        "a folder": lambda: images.mkdir(),
        "a link to nowhere": lambda: images.symlink_to(tmp_path / "nowhere"),
        "a link to itself": lambda: images.symlink_to(images),
        "no gzip": lambda: packed.write_bytes(b"whatever"),
        "half a gzip": lambda: packed.write_bytes(gzip.compress(content)[:-9]),
    }[fault]()
    with pytest.raises(OSError, match=FAULTS[fault]):
        data.load(tmp_path)


def test_own_files_in_mnists_place_are_told_where_to_go(tmp_path, monkeypatch):
    """And there they are read, whatever they are called elsewhere."""
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path))
    raw = tmp_path / "MNIST" / "raw"
    raw.parent.mkdir()
    write_idx_pair(raw, "train", draw(40), [0] * 40)
    write_idx_pair(raw, "t10k", draw(5), [0] * 5)
    for name in ("mnist", "auto"):
        with pytest.raises(OSError, match=f"{raw}/train-images-idx3-ubyte: .*of your own.*VAE_LIB_DATASET to it"):
            data.load(name)
    assert len(data.load(raw).train) == 36


def test_a_folder_is_never_taken_for_the_data_whose_name_it_has(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("mnist", "fashion", "synthetic", "auto"):
        write_idx_pair(tmp_path / name, "train", draw(20), [0] * 20)
        splits = data.load(f"./{name}")
        assert splits.name == f"{tmp_path.name}/{name}"
        assert torch.equal(splits.test.labels, torch.zeros(2, dtype=torch.long))


@pytest.mark.parametrize("wrong", ["", "nowhere", "a file", "~nobody-of-this-name/x", "nul\0byte", 7, ("mnist",)])
def test_what_is_neither_a_name_nor_a_folder_is_refused(tmp_path, monkeypatch, wrong):
    monkeypatch.chdir(tmp_path)
    Path("a file").touch()
    with pytest.raises(ValueError, match="^dataset: .*, expected 'auto', 'mnist', 'fashion', 'synthetic' or a folder"):
        data.load(wrong)
