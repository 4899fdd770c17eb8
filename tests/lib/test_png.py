"""A folder of PNGs: which layouts are read, what becomes of each kind of picture, and what is refused by name."""

import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from own_images import draw, write_pngs
from PIL import Image

from vae_lib import data

pytestmark = pytest.mark.usefixtures("fresh_data")


def as_bytes(part: data.Digits) -> list[bytes]:
    return [image.tobytes() for image in (part.images * 255).round().byte().numpy()]


@pytest.fixture
def animals(tmp_path) -> Path:
    """Thirty cats and twenty-five dogs."""
    write_pngs(tmp_path / "animals" / "dog", draw(25, seed=1))
    write_pngs(tmp_path / "animals" / "cat", draw(30))
    return tmp_path / "animals"


def test_each_sub_folder_is_a_class_in_the_order_of_their_names(animals, monkeypatch):
    monkeypatch.setenv("VAE_LIB_DATASET", str(animals))
    splits = data.load()
    assert (splits.name, splits.classes) == ("animals", ("cat", "dog"))
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (45, 5, 5)
    seen = {}
    for part in (splits.train, splits.validation, splits.test):
        seen |= dict(zip(as_bytes(part), part.labels.tolist(), strict=True))
        assert part.images.dtype == torch.float32
    assert seen == {image.tobytes(): label for label, n in ((0, 30), (1, 25)) for image in draw(n, seed=label)}


@pytest.mark.parametrize("with_test", [False, True])
def test_train_and_test_above_the_classes_are_the_parts(tmp_path, with_test):
    write_pngs(tmp_path / "train" / "a", draw(30))
    write_pngs(tmp_path / "train" / "b", draw(10, seed=1))
    if with_test:
        write_pngs(tmp_path / "test" / "b", draw(3, seed=2))
    splits = data.load(tmp_path)
    assert splits.classes == ("a", "b")
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [
        36 if with_test else 32,
        4,
        3 + (not with_test),
    ]
    if with_test:
        assert as_bytes(splits.test) == [image.tobytes() for image in draw(3, seed=2)]
        assert splits.test.labels.tolist() == [1] * 3


@pytest.mark.parametrize("names", [("train", "test"), ("train",), ("test",), ("train", "test", "rail")])
def test_classes_may_be_called_train_and_test(tmp_path, names):
    for seed, name in enumerate(names):
        write_pngs(tmp_path / name, draw(20, seed=seed))
    assert data.load(tmp_path).classes == tuple(sorted(names))


def test_what_systems_leave_there_is_no_picture(animals):
    before = data.load(animals)
    for path in (".DS_Store", "cat/.DS_Store", "cat/._000.png", "dog/Thumbs.db", "desktop.ini"):
        (animals / path).write_bytes(b"\0")
    (animals / "__MACOSX" / "cat").mkdir(parents=True)
    data._folder.cache_clear()
    assert data.load(animals).fingerprint == before.fingerprint


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_of_any_bytes_are_read_and_shown(tmp_path):
    folder = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xe9"))
    write_pngs(folder / os.fsdecode(b"caf\xe9"), draw(20))
    splits = data.load(folder)
    assert f"{splits.name} {splits.classes}".encode() == "�� ('caf�',)".encode()


# What becomes of a picture: here the test's own arithmetic, and not Pillow's.

GREY = draw(1)[0]
ALPHA = draw(1, seed=1)[0]
RGB = draw(3, seed=2).transpose(1, 2, 0)
LUMA = RGB @ np.array([0.299, 0.587, 0.114])
PALETTE = np.arange(256)[::-1].repeat(3).astype(np.uint8)


def with_palette(**options) -> Image.Image:
    image = Image.fromarray(GREY, "P")
    image.putpalette(PALETTE.tobytes())
    image.info |= options
    return image


KINDS = {
    "grey": (Image.fromarray(GREY), GREY),
    "black and white": (Image.fromarray(GREY > 99), 255 * (GREY > 99)),
    "16 bits": (Image.fromarray(GREY.astype(np.uint16) * 256 + ALPHA), (GREY * 256.0 + ALPHA) / 257),
    "colour": (Image.fromarray(RGB), LUMA),
    "a palette": (with_palette(), 255 - GREY),
    "grey and alpha": (Image.fromarray(np.stack([GREY, ALPHA], -1)), GREY * (ALPHA / 255)),
    "colour and alpha": (Image.fromarray(np.dstack([RGB, ALPHA])), LUMA * ALPHA / 255),
    "a palette with a transparent entry": (with_palette(transparency=7), np.where(GREY == 7, 0, 255 - GREY)),
}


@pytest.mark.filterwarnings("ignore:.*mode.*parameter is deprecated:DeprecationWarning")
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_png_counts_by_its_grey_level_on_black(tmp_path, kind):
    image, expected = KINDS[kind]
    write_pngs(tmp_path / "a", draw(19, seed=9))
    image.save(tmp_path / "a" / "it.PNG")
    splits = data.load(tmp_path)
    every = torch.cat([splits.train.images, splits.validation.images, splits.test.images]) * 255
    nearest = (every - torch.as_tensor(expected).view(-1)).abs().max(1).values.min().item()
    assert nearest <= (0.5 if kind in ("16 bits",) else 1.5 if "alpha" in kind else 1 if kind == "colour" else 0.001)


# What is refused.


def picture(path: Path, **options) -> bytes:
    Image.fromarray(GREY).save(path, "PNG", **options)
    return path.read_bytes()


FAULTS = {
    "20 x 30": r"cat/x\.png: 20 x 30 pixels, expected 28 x 28",
    "enormous": r"cat/x\.png: 60000 x 60000 pixels, expected 28 x 28",
    "a JPEG": r"cat/x\.png: cannot be read as a PNG",
    "empty": r"cat/x\.png: cannot be read as a PNG",
    "truncated": r"cat/x\.png: cannot be read as a PNG",
    "a text": r"cat/README\.txt: cannot be read as a PNG",
    "a folder within": r"cat/more: is no file",
    "a link to nowhere": r"cat/x\.png: is no file",
    "a link to itself": r"cat/x\.png: is no file",
    "a link to the folder above": r"cat/up: is no file",
    "a pipe": r"cat/x\.png: is no file",
    "a file beside the classes": r"animals/labels\.csv: expected a folder for each class here",
    "no class": r"flat/.*\.png: expected a folder for each class here",
    "an empty folder": r"animals: is empty, expected the four idx files, or a folder of PNGs for each class",
    "empty classes": r"animals: holds no PNG",
    "nineteen": r"animals: 19 images to train on, expected at least 20",
    "a class to test with alone": r"test/eel: no such class among those to train on, which are cat, dog",
    "nothing to test with": r"test: holds no PNG",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_no_such_folder_is_refused_by_name(animals, tmp_path, fault):
    x, folder = animals / "cat" / "x.png", animals
    if fault == "20 x 30":
        Image.fromarray(np.zeros((30, 20), np.uint8)).save(x)
    elif fault == "enormous":
        content = picture(x)
        head = b"IHDR" + struct.pack(">2I", 60_000, 60_000) + content[24:29]
        x.write_bytes(content[:12] + head + struct.pack(">I", zlib.crc32(head)) + content[33:])
    elif fault == "a JPEG":
        Image.fromarray(GREY).save(x, "JPEG")
    elif fault == "empty":
        x.touch()
    elif fault == "truncated":
        x.write_bytes(picture(x)[:-40])
    elif fault == "a text":
        (animals / "cat" / "README.txt").write_text("Cats.")
    elif fault == "a folder within":
        (animals / "cat" / "more").mkdir()
    elif fault == "a link to nowhere":
        x.symlink_to("nowhere")
    elif fault == "a link to itself":
        x.symlink_to(x)
    elif fault == "a link to the folder above":
        (animals / "cat" / "up").symlink_to(animals)
    elif fault == "a pipe":
        os.mkfifo(x)
    elif fault == "a file beside the classes":
        (animals / "labels.csv").touch()
    elif fault == "no class":
        folder = tmp_path / "flat"
        write_pngs(folder, draw(20))
    elif fault in ("an empty folder", "empty classes", "nineteen"):
        animals.rename(tmp_path / "others")
        (animals / "cat").mkdir(parents=True)
        if fault == "an empty folder":
            (animals / "cat").rmdir()
        if fault == "nineteen":
            write_pngs(animals / "dog", draw(19))
    else:
        folder = tmp_path / "parts"
        folder.mkdir()
        animals.rename(folder / "train")
        (folder / "test").mkdir()
        if fault == "a class to test with alone":
            write_pngs(folder / "test" / "eel", draw(1))
    with pytest.raises(OSError, match=FAULTS[fault]) as caught:
        data.load(folder)
    assert not isinstance(caught.value, FileNotFoundError | PermissionError)  # of which MNIST's absence consists


def test_no_flipped_bit_of_a_picture_is_read_as_another_picture(animals):
    file = animals / "cat" / "000.png"
    whole, right = file.read_bytes(), data.load(animals).fingerprint
    refused = 0
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        data._folder.cache_clear()
        try:
            assert data.load(animals).fingerprint == right
        except OSError as error:
            assert str(file) in str(error)  # noqa: PT017
            refused += 1
    assert refused > 0.9 * len(range(0, len(whole), 7))
