"""MNIST read whole and split once and for all; what happens where it is damaged, missing or cannot be fetched."""

import gzip
import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st

from vae_lib import _torchvision, data, paths, synthetic
from vae_lib import idx as idx_files

MNIST_ROOT = paths.data_root()  # read before any test changes the environment
RAW = MNIST_ROOT / "MNIST" / "raw"
NAMES = list(idx_files.MNIST_FILES)
LABELS = "t10k-labels-idx1-ubyte"  # the smallest of the four

pytestmark = pytest.mark.usefixtures("fresh_data")


def idx(name: str) -> np.ndarray:
    """An idx file by its own description: a magic number whose last byte counts the axes, their lengths, the bytes."""
    content = (RAW / name).read_bytes()
    axes = content[3]
    shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes)]
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def rows(images: torch.Tensor) -> list[bytes]:
    return [row.tobytes() for row in (images * 255).round().to(torch.uint8).numpy()]


def test_mnist_is_split_into_55000_5000_and_10000(mnist):
    assert mnist.name == "mnist"
    for part, size in ((mnist.train, 55_000), (mnist.validation, 5_000), (mnist.test, 10_000)):
        assert len(part) == size
        assert part.images.shape == (size, 784)
        assert part.labels.shape == (size,)
        assert part.images.dtype == torch.float32
        assert part.labels.dtype == torch.int64
        assert part.images.min() == 0
        assert part.images.max() == 1


def test_training_and_validation_images_together_are_mnists_each_with_its_label_and_none_twice(mnist):
    images, labels = idx("train-images-idx3-ubyte").reshape(60_000, 784), idx("train-labels-idx1-ubyte")
    truth = {image.tobytes(): int(label) for image, label in zip(images, labels, strict=True)}
    assert len(truth) == 60_000
    train, validation = rows(mnist.train.images), rows(mnist.validation.images)
    assert set(train) | set(validation) == set(truth)
    assert not set(train) & set(validation)
    assert [truth[row] for row in train] == mnist.train.labels.tolist()
    assert [truth[row] for row in validation] == mnist.validation.labels.tolist()


def test_the_test_split_is_mnists_in_its_order(mnist):
    grey = torch.from_numpy(idx("t10k-images-idx3-ubyte").reshape(10_000, 784).astype(np.float32)) / 255
    torch.testing.assert_close(mnist.test.images, grey)
    assert mnist.test.labels.tolist() == idx(LABELS).tolist()


def test_the_digits_are_those_that_torchvision_reads(mnist):
    theirs = _torchvision.MNIST(MNIST_ROOT, train=False)
    assert torch.equal(mnist.test.images, theirs.data.flatten(1).float() / 255)
    assert torch.equal(mnist.test.labels, theirs.targets)
    theirs = _torchvision.MNIST(MNIST_ROOT, train=True)
    order = torch.randperm(60_000, generator=torch.Generator().manual_seed(data.SPLIT_SEED))
    for part, index in ((mnist.train, order[data.VALIDATION :]), (mnist.validation, order[: data.VALIDATION])):
        assert torch.equal(part.images, theirs.data[index].flatten(1).float() / 255)
        assert torch.equal(part.labels, theirs.targets[index])


def test_the_validation_split_is_a_fair_draw_and_the_same_in_each_process(mnist, monkeypatch):
    shares = [torch.bincount(part.labels) / len(part) for part in (mnist.train, mnist.validation)]
    assert (shares[0] - shares[1]).abs().max() < 5 * (0.1 * 0.9 / 5_000) ** 0.5
    monkeypatch.setenv("VAE_LIB_DATA", str(MNIST_ROOT))
    torch.manual_seed(99)  # a split drawn from the global generator would change
    again = data.load()
    assert again is not mnist
    assert again.fingerprint == mnist.fingerprint
    assert torch.equal(again.validation.images, mnist.validation.images)
    assert torch.equal(again.train.labels, mnist.train.labels)
    assert data.load() is again  # read once


def test_digits_are_cut_by_slices_and_by_indices(mnist):
    part = mnist.test[torch.tensor([5, 2])]
    assert len(part) == 2
    assert part.labels.tolist() == mnist.test.labels[[5, 2]].tolist()
    assert torch.equal(part.images[1], mnist.test.images[2])
    assert len(mnist.test[:7]) == 7


@for_all(st.integers(0, 2**31))
def test_binarisation_draws_each_pixel_with_its_grey_level(seed):
    grey = torch.linspace(0, 1, 11)
    drawn = data.binarize(grey.expand(2_000, 11), generator=torch.Generator().manual_seed(seed))
    assert set(drawn.unique().tolist()) <= {0.0, 1.0}
    assert ((drawn.mean(0) - grey).abs() <= 6 * (grey * (1 - grey) / 2_000).sqrt()).all()
    again = data.binarize(grey.expand(2_000, 11), generator=torch.Generator().manual_seed(seed + 1))
    assert not torch.equal(again, drawn)


def test_static_binarisation_is_the_same_twice_whatever_was_drawn_between(digits):
    state = torch.get_rng_state()
    first = data.binarize_static(digits)
    assert torch.equal(torch.get_rng_state(), state)
    torch.rand(5)
    assert torch.equal(data.binarize_static(digits), first)
    assert set(first.unique().tolist()) == {0.0, 1.0}
    spread = (digits * (1 - digits)).sum().sqrt()
    assert (first - digits).sum().abs() < 5 * spread


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A data folder with links to MNIST's files: a test may put another file in a link's place."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        assert (RAW / name).exists(), f"MNIST is not in {RAW}: set VAE_LIB_DATA"
        (raw / name).symlink_to(RAW / name)
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path / "data"))
    return raw


def replace(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)


@pytest.mark.parametrize("wanted", ["auto", "mnist"])
@pytest.mark.parametrize("damage", ["truncated", "altered", "longer", "empty", "html"])
def test_a_damaged_file_is_named_and_never_read(root, monkeypatch, damage, wanted):
    whole = (root / LABELS).read_bytes()
    middle = len(whole) // 2
    damaged = {
        "truncated": whole[:-1],
        "altered": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "longer": whole + b"\0",
        "empty": b"",
        "html": b"<html>404 Not Found</html>",
    }[damage]
    replace(root / LABELS, damaged)
    monkeypatch.setenv("VAE_LIB_DATASET", wanted)
    with pytest.raises(OSError, match=f"{LABELS}: {len(damaged):,} bytes that are not MNIST's") as caught:
        data.load()
    assert "put them into another folder and set VAE_LIB_DATASET to it" in str(caught.value)
    assert "elete" not in str(caught.value)  # they may be somebody's own
    assert (root / LABELS).read_bytes() == damaged
    assert not isinstance(caught.value, FileNotFoundError)  # which `auto` would answer with synthetic digits


@pytest.mark.parametrize("name", NAMES)
def test_each_of_the_four_files_is_checked(root, name):
    if "train-images" in name:  # 47 MB: truncated in place of a copy
        replace(root / name, (RAW / name).read_bytes()[:100_000])
    else:
        content = bytearray((RAW / name).read_bytes())
        content[-1] ^= 128
        replace(root / name, bytes(content))
    with pytest.raises(OSError, match=f"{name}: .* bytes that are not MNIST's"):
        data.load()


def test_a_file_that_cannot_be_read_is_named(root):
    (root / LABELS).unlink()
    (root / LABELS).mkdir()
    with pytest.raises(OSError, match=f"{LABELS}: cannot be read"):
        data.load()


@pytest.fixture
def empty(tmp_path, monkeypatch):
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


class Downloads:
    """torchvision's MNIST, whose download does what a test plants."""

    def __init__(self, fetch):
        self.fetch, self.timeouts = fetch, []

    def __call__(self, root, *, download):
        assert download
        self.timeouts.append(socket.getdefaulttimeout())
        raw = Path(root, "MNIST", "raw")
        raw.mkdir(parents=True)
        return self.fetch(raw)


def stopped_by(error: BaseException):
    def fetch(raw: Path) -> None:
        for name in NAMES[:2]:
            (raw / name).write_bytes(b"half")
        raise error

    return fetch


@pytest.fixture
def small_synthetic(monkeypatch, small_splits):
    monkeypatch.setattr(data, "_synthetic", lambda: small_splits)
    return small_splits


@pytest.mark.parametrize(
    "error", [OSError("Connection\n  reset"), RuntimeError("Error downloading\nthe files"), TimeoutError("timed out")]
)
def test_missing_mnist_without_a_network_is_one_clear_sentence(empty, monkeypatch, error):
    monkeypatch.setenv("VAE_LIB_DATASET", "mnist")
    monkeypatch.setattr(_torchvision, "MNIST", Downloads(stopped_by(error)))
    with pytest.raises(FileNotFoundError) as caught:
        data.load()
    message = str(caught.value)
    reason = " ".join(str(error).split())
    assert message.startswith(f"MNIST is not in {empty / 'MNIST' / 'raw'} and could not be downloaded ({reason}).")
    assert "VAE_LIB_DATA" in message
    assert "\n" not in message


def test_missing_mnist_is_replaced_by_synthetic_digits_with_a_warning(empty, monkeypatch, small_synthetic):
    monkeypatch.setattr(_torchvision, "MNIST", Downloads(stopped_by(OSError("no route to host"))))
    with pytest.warns(
        UserWarning, match=r"MNIST is not in .*no route to host.* Synthetic digits take its place\."
    ) as caught:
        assert data.load() is small_synthetic
    assert len(caught) == 1
    assert caught[0].filename == __file__  # it points at the caller


def test_torchvisions_own_download_fails_cleanly_without_a_network(empty, monkeypatch, small_synthetic, capsys):
    """The real torchvision, and a network that answers nothing (conftest refuses every connection)."""
    asked = []

    def refuse(request, *args, **kwargs):
        asked.append(socket.getdefaulttimeout())
        raise OSError("a test wanted the network")

    monkeypatch.setattr("urllib.request.urlopen", refuse)
    with pytest.warns(UserWarning, match="MNIST is not in .* could not be downloaded"):
        assert data.load() is small_synthetic
    assert asked
    assert all(timeout for timeout in asked)
    assert not empty.exists()  # nothing is made where nothing can be put


@pytest.mark.parametrize("error", [OSError("gone"), RuntimeError("gone"), KeyboardInterrupt(), MemoryError()])
def test_an_interrupted_download_leaves_nothing_behind(empty, monkeypatch, error):
    monkeypatch.setenv("VAE_LIB_DATASET", "mnist")
    monkeypatch.setattr(_torchvision, "MNIST", Downloads(stopped_by(error)))
    with pytest.raises((FileNotFoundError, type(error))):
        data.load()
    assert not empty.exists()
    assert list(empty.parent.rglob(".download-*")) == []


def link_all(raw: Path) -> None:
    for name in NAMES:
        (raw / name).symlink_to(RAW / name)


@pytest.mark.parametrize("before", [None, 7.0])
def test_a_download_is_moved_in_whole_under_a_timeout_that_it_gives_back(empty, monkeypatch, mnist, before):
    downloads = Downloads(link_all)
    monkeypatch.setattr(_torchvision, "MNIST", downloads)
    outside = socket.getdefaulttimeout()
    socket.setdefaulttimeout(before)
    try:
        loaded = data.load()
        assert socket.getdefaulttimeout() == before
    finally:
        socket.setdefaulttimeout(outside)
    assert loaded.fingerprint == mnist.fingerprint
    assert torch.equal(loaded.test.labels, mnist.test.labels)
    assert sorted(os.listdir(empty / "MNIST" / "raw")) == sorted(NAMES)
    assert os.listdir(empty) == ["MNIST"]
    assert len(downloads.timeouts) == 1
    assert downloads.timeouts[0] > 0


def test_a_download_that_brings_the_wrong_bytes_is_not_read(empty, monkeypatch):
    def fetch(raw: Path) -> None:
        link_all(raw)
        replace(raw / LABELS, (RAW / LABELS).read_bytes()[::-1])

    monkeypatch.setattr(_torchvision, "MNIST", Downloads(fetch))
    with pytest.raises(OSError, match=f"{LABELS}: .* bytes that are not MNIST's"):
        data.load()


def test_mnist_that_is_there_is_not_downloaded_again(root, monkeypatch):
    monkeypatch.setattr(_torchvision, "MNIST", Downloads(stopped_by(AssertionError("downloaded"))))
    assert data.load().name == "mnist"


@pytest.mark.parametrize("named", ["misspelt", "two/levels/down"])
def test_a_misspelt_path_makes_no_folder(tmp_path, monkeypatch, small_synthetic, named):
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path / named))
    monkeypatch.setattr(_torchvision, "MNIST", Downloads(stopped_by(OSError("no route to host"))))
    with pytest.warns(UserWarning, match=f"MNIST is not in {tmp_path / named}/MNIST/raw"):
        data.load()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """MNIST as it is downloaded by hand: four packed files."""
    folder = tmp_path_factory.mktemp("packed")
    for name in NAMES:
        (folder / f"{name}.gz").write_bytes(gzip.compress((RAW / name).read_bytes(), compresslevel=1))
    return folder


@pytest.fixture
def root_gz(tmp_path, monkeypatch, packed):
    """A data folder with the packed files alone, and no network."""
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        (raw / f"{name}.gz").symlink_to(packed / f"{name}.gz")
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(_torchvision, "MNIST", Downloads(stopped_by(OSError("no route to host"))))
    return raw


def test_packed_files_are_unpacked_beside_themselves_and_used(root_gz, mnist):
    loaded = data.load()
    assert loaded.fingerprint == mnist.fingerprint
    assert torch.equal(loaded.test.images, mnist.test.images)
    assert torch.equal(loaded.train.labels, mnist.train.labels)
    assert sorted(os.listdir(root_gz)) == sorted([*NAMES, *(f"{name}.gz" for name in NAMES)])
    assert (root_gz / LABELS).read_bytes() == (RAW / LABELS).read_bytes()
    modes = {(root_gz / name).stat().st_mode for name in NAMES}
    (root_gz / "new").touch()
    assert modes == {(root_gz / "new").stat().st_mode}  # others of the machine may read them, too


def test_a_file_that_is_there_unpacked_is_not_unpacked_again(root_gz):
    replace(root_gz / f"{LABELS}.gz", b"whatever")
    (root_gz / LABELS).symlink_to(RAW / LABELS)
    assert data.load().name == "mnist"


@pytest.mark.parametrize("wanted", ["auto", "mnist"])
@pytest.mark.parametrize("damage", ["truncated", "altered", "another", "empty", "longer", "html"])
def test_a_damaged_packed_file_is_named_and_nothing_is_made_of_it(root_gz, packed, monkeypatch, damage, wanted):
    whole = (packed / f"{LABELS}.gz").read_bytes()
    damaged = {
        "truncated": whole[:-9],
        "altered": whole[:200] + bytes([whole[200] ^ 1]) + whole[201:],
        "another": gzip.compress((RAW / LABELS).read_bytes()[::-1]),
        "empty": b"",
        "longer": gzip.compress((RAW / LABELS).read_bytes() + b"0"),
        "html": b"<html>404 Not Found</html>",
    }[damage]
    replace(root_gz / f"{LABELS}.gz", damaged)
    monkeypatch.setenv("VAE_LIB_DATASET", wanted)
    problem = rf"{LABELS}\.gz(: .* are not MNIST's| cannot be unpacked).* [Mm]ove it away, and .* is downloaded again"
    with pytest.raises(OSError, match=problem) as caught:
        data.load()
    assert not isinstance(caught.value, FileNotFoundError)  # which `auto` would answer with synthetic digits
    assert not (root_gz / LABELS).exists()
    assert not [path for path in root_gz.iterdir() if path.name.startswith(".")]


def test_what_cannot_be_unpacked_for_want_of_room_is_told_and_leaves_nothing(root_gz, monkeypatch):
    def full(self, content):
        self.touch()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match=r"train-images-idx3-ubyte\.gz cannot be unpacked there .*No space left"):
        data.load()
    assert sorted(os.listdir(root_gz)) == sorted(f"{name}.gz" for name in NAMES)


def test_three_packed_files_are_not_mnist(root_gz, monkeypatch):
    (root_gz / f"{LABELS}.gz").unlink()
    monkeypatch.setenv("VAE_LIB_DATASET", "mnist")
    with pytest.raises(FileNotFoundError, match="could not be downloaded .no route to host."):
        data.load()


def test_a_folder_that_cannot_be_written_is_named_with_its_variable(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path / "file"))
    monkeypatch.setenv("VAE_LIB_DATASET", "mnist")
    with pytest.raises(OSError, match=f"{tmp_path / 'file'}.*VAE_LIB_DATA"):
        data.load()


def test_a_folder_without_permission_is_named_with_its_variable(empty, monkeypatch):
    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setenv("VAE_LIB_DATASET", "mnist")
    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(PermissionError, match=f"^{empty} cannot be written; set VAE_LIB_DATA"):
        data.load()


def test_where_auto_may_not_write_synthetic_digits_take_mnists_place(empty, monkeypatch, small_synthetic):
    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.warns(UserWarning, match="VAE_LIB_DATA.* Synthetic digits take its place"):
        assert data.load() is small_synthetic


@pytest.mark.parametrize("wanted", ["other", "MNIST", " mnist"])
def test_an_unknown_dataset_is_refused(monkeypatch, wanted):
    monkeypatch.setenv("VAE_LIB_DATASET", wanted)
    expected = "expected 'auto', 'mnist', 'fashion', 'synthetic' or a folder that is there$"
    with pytest.raises(ValueError, match=f"^VAE_LIB_DATASET: '{wanted}', {expected}"):
        data.load()
    monkeypatch.setenv("VAE_LIB_DATASET", "synthetic")
    with pytest.raises(ValueError, match=f"^dataset: '{wanted}', {expected}"):
        data.load(wanted)


@pytest.fixture
def quick_drawing(monkeypatch):
    """A hundredth of the synthetic digits that are asked for, and a record of what was."""
    asked = []

    def sample(n, *, seed):
        asked.append((n, seed))
        return draw(n // 100, seed=seed)

    draw = synthetic.sample
    monkeypatch.setattr(synthetic, "sample", sample)
    return asked


def test_synthetic_digits_are_split_as_mnist_and_drawn_from_different_seeds(monkeypatch, quick_drawing):
    monkeypatch.setenv("VAE_LIB_DATASET", "synthetic")
    monkeypatch.setenv("VAE_LIB_DATA", "/nowhere")  # which is not looked at
    splits = data.load()
    assert splits.name == "synthetic"
    assert [n for n, _ in quick_drawing] == [55_000, 5_000, 10_000]
    assert len({seed for _, seed in quick_drawing}) == 3
    assert [len(part) for part in (splits.train, splits.validation, splits.test)] == [550, 50, 100]
    assert data.load() is splits
    assert len(quick_drawing) == 3


def test_the_synthetic_fingerprint_changes_with_the_drawing(monkeypatch, quick_drawing, fresh_data):
    monkeypatch.setenv("VAE_LIB_DATASET", "synthetic")
    fingerprints = []
    for wobble in (synthetic.WOBBLE, synthetic.WOBBLE, 0.06):
        monkeypatch.setattr(synthetic, "WOBBLE", wobble)
        data._synthetic.cache_clear()
        fingerprints.append(data.load().fingerprint)
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


def test_every_path_follows_its_variable(monkeypatch, tmp_path):
    monkeypatch.delenv("VAE_LIB_DATA", raising=False)
    assert paths.cache_dir() == tmp_path / "cache"
    assert paths.data_root() == tmp_path / "cache" / "data"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("VAE_LIB_DATA", "~/digits")
    assert paths.data_root() == tmp_path / "digits"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VAE_LIB_CACHE", "here")
    assert paths.cache_dir() == tmp_path / "here"
    monkeypatch.setenv("VAE_LIB_CACHE", "")
    empty = paths.cache_dir()
    monkeypatch.delenv("VAE_LIB_CACHE")
    assert empty == paths.cache_dir()
    assert empty.name == "vae_lib"
    assert empty.is_absolute()


def run_with_torchvision(folder: Path, init: str) -> subprocess.CompletedProcess:
    """Import vae_lib._torchvision where torchvision's __init__ is the given code."""
    package = folder / "torchvision"
    package.mkdir()
    (package / "__init__.py").write_text(textwrap.dedent(init))
    (package / "datasets.py").write_text("class MNIST: pass\nclass FashionMNIST: pass\n")
    source = Path(_torchvision.__file__).parents[1]
    environment = os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{source}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = "from vae_lib._torchvision import MNIST; print(MNIST.__module__)"
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", command], env=environment, capture_output=True, text=True
    )


def test_mnist_is_read_where_torchvisions_compiled_half_is_missing(tmp_path):
    """What torchvision does where its operators are not there: it describes them, and torch says they do not exist."""
    result = run_with_torchvision(
        tmp_path,
        """
        import torch
        for name in ("nms", "qnms"):
            torch.library.register_fake("torchvision::" + name)(lambda *arguments: None)
        """,
    )
    assert (result.returncode, result.stdout) == (0, "torchvision.datasets\n"), result.stderr


def test_another_failure_of_torchvision_is_not_hidden(tmp_path):
    """It fails once only, so that a second import, which is not for this failure to have, would succeed."""
    result = run_with_torchvision(
        tmp_path,
        """
        import sys
        if not hasattr(sys, "failed_once"):
            sys.failed_once = True
            raise RuntimeError("libpng is broken")
        """,
    )
    assert result.returncode == 1
    assert "libpng is broken" in result.stderr


@pytest.mark.parametrize("images", [torch.tensor([0.5, 2.0]), torch.tensor([0.5, torch.nan]), torch.tensor([-0.1])])
def test_what_is_no_grey_level_is_not_binarised(images):
    with pytest.raises(ValueError, match=r"^images: torch.float32, not all of them grey levels in \[0, 1\]"):
        data.binarize_static(images)
