"""Never half-written, damaged or another's, on this machine or fetched from a site: each failure planted."""

import contextlib
import errno
import json
import math
import os
import re
import select
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from hypothesis import given as for_all
from hypothesis import strategies as st
from safetensors import safe_open
from tiny_recipes import TINY, path, same, trained_by_hand

from vae_lib import checkpoints, recipes
from vae_lib.models import ModelConfig
from vae_lib.recipes import Recipe
from vae_lib.train import History

pytestmark = pytest.mark.usefixtures("tiny")


def header(content: bytes) -> dict:
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def rewritten(content: bytes, change) -> bytes:
    """A safetensors file with its header changed and its data as they were."""
    length = int.from_bytes(content[:8], "little")
    described = header(content)
    change(described)
    text = json.dumps(described, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[8 + length :]


def other_type(described: dict) -> None:
    """The same bytes, read as integers."""
    described["model.encoder.0.weight"]["dtype"] = "I32"


def other_shape(described: dict) -> None:
    described["history.kl"]["shape"] = described["history.kl"]["shape"][::-1] + [1]


def swapped(described: dict) -> None:
    """Two tensors of one shape in each other's place."""
    one, other = described["history.kl"], described["history.log_likelihood"]
    one["data_offsets"], other["data_offsets"] = other["data_offsets"], one["data_offsets"]


def renamed(described: dict) -> None:
    """As if it were another recipe's."""
    described["__metadata__"]["checkpoint"] = "other-" + described["__metadata__"]["checkpoint"]


DAMAGE = {
    "empty": lambda content: b"",
    "a few bytes": lambda content: content[:5],
    "header only": lambda content: content[: 8 + int.from_bytes(content[:8], "little")],
    "last byte gone": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "one byte flipped in the data": lambda content: content[:-100] + bytes([content[-100] ^ 1]) + content[-99:],
    "one byte flipped in the header": lambda content: content[:30] + bytes([content[30] ^ 1]) + content[31:],
    "zeros": lambda content: bytes(len(content)),
    "text": lambda content: b"<html>no space left</html>" * 100,
    "no digest": lambda content: rewritten(content, lambda described: described.pop("__metadata__")),
    "swapped tensors": lambda content: rewritten(content, swapped),
    "another type": lambda content: rewritten(content, other_type),
    "another shape": lambda content: rewritten(content, other_shape),
    "another name": lambda content: rewritten(content, renamed),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_checkpoint_is_told_and_trained_anew(small_splits, trainings, capsys, damage):
    whole = recipes.load("tiny")
    file = path(small_splits)
    content = file.read_bytes()
    file.write_bytes(DAMAGE[damage](content))
    capsys.readouterr()
    again = recipes.load("tiny")
    assert same(again, whole)
    assert trainings == ["tiny", "tiny"]
    said = capsys.readouterr().err
    assert said.startswith(f"{file} is damaged (")
    assert said.endswith("; its model is trained anew.\n") and said.count("is damaged") == 1
    assert same(recipes.load("tiny"), whole)
    assert len(trainings) == 2


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory, small_splits):
    file = tmp_path_factory.mktemp("flips") / "tiny.safetensors"
    model, history = trained_by_hand(small_splits)
    checkpoints.write(file, model, history)
    return file, file.read_bytes(), (model, history)


@for_all(st.floats(0, 1, exclude_max=True), st.integers(1, 255), st.booleans())
def test_no_flipped_byte_is_ever_read_as_another_model(checkpoint, place, flip, in_header):
    """A flip may pass unseen only where it changes nothing, such as a space in the header."""
    file, content, whole = checkpoint
    size = 8 + int.from_bytes(content[:8], "little") if in_header else len(content)
    at = int(place * size)
    file.write_bytes(content[:at] + bytes([content[at] ^ flip]) + content[at + 1 :])
    found = checkpoints.read(file, TINY.model)
    assert found is None or same(found, whole)


def test_a_checkpoint_of_another_models_shapes_is_told_and_trained_anew(small_splits, trainings, capsys):
    other = Recipe(model=ModelConfig(hidden=(5,), latent=2), train=TINY.train)
    file = path(small_splits)
    file.parent.mkdir(parents=True)
    checkpoints.write(file, *trained_by_hand(small_splits, other))
    trainings.clear()
    assert same(recipes.load("tiny"), trained_by_hand(small_splits))
    assert trainings[0] == "tiny"
    assert f"{file} is damaged" in capsys.readouterr().err


def test_a_sound_checkpoint_is_read_without_a_word(small_splits, capsys):
    recipes.load("tiny")
    recipes.load("tiny")
    assert capsys.readouterr().err == ""


def test_a_checkpoint_that_never_was_is_no_damage(tmp_path, capsys):
    assert checkpoints.read(tmp_path / "none.safetensors", TINY.model) is None
    assert capsys.readouterr().err == ""


def test_a_checkpoint_that_may_not_be_read_is_named(small_splits, trainings):
    """A folder stands in its place; permissions would not stop root."""
    path(small_splits).mkdir(parents=True)
    with pytest.raises(OSError, match=re.escape(f"{path(small_splits)}: cannot be read (Is a directory)")):
        recipes.load("tiny")
    assert trainings == []


def test_reading_wants_neither_the_lock_nor_a_cache_that_can_be_written(small_splits, monkeypatch, capsys):
    whole = recipes.load("tiny")

    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(checkpoints.FileLock, "acquire", refuse)
    assert same(recipes.load("tiny"), whole)
    assert capsys.readouterr().err == ""


def test_a_checkpoint_may_be_read_by_whom_the_users_umask_allows(small_splits):
    before = os.umask(0o022)
    try:
        recipes.load("tiny")
    finally:
        os.umask(before)
    assert path(small_splits).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk_names_the_file_and_leaves_no_part_of_it(monkeypatch, small_splits, call):
    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    file = path(small_splits)
    with monkeypatch.context() as patch:
        patch.setattr(os, call, refuse)
        with pytest.raises(OSError, match="could not be written \\(No space left on device\\)") as caught:
            recipes.load("tiny")
    assert str(caught.value).startswith(f"{file}: ")
    assert [other.suffix for other in file.parent.iterdir() if other.suffix != ".lock"] == []
    assert same(recipes.load("tiny"), trained_by_hand(small_splits))  # and with space again, all is well


def test_a_full_disk_leaves_an_older_checkpoint_as_it_was(monkeypatch, small_splits):
    recipes.load("tiny")
    file = path(small_splits)
    content = file.read_bytes()

    def refuse(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="No space left"):
            checkpoints.write(file, *trained_by_hand(small_splits))
    assert file.read_bytes() == content


# Published.


class Site(ThreadingHTTPServer):
    """A site of models on this machine: `answer` is given each request, and the file's content as it was published."""

    daemon_threads = True

    def __init__(self, file: Path, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.file, self.content, self.answer = file, content, whole
        self.asked: list[str] = []
        self.go = threading.Event()  # for answers that wait
        self.address = f"http://127.0.0.1:{self.server_port}/models"

    def handle_error(self, *arguments: object) -> None:
        pass  # a reader who gave up


class Request(BaseHTTPRequestHandler):
    def do_GET(self) -> None:  # noqa: N802, the base class calls it so
        self.server.asked.append(self.path)
        if self.path == f"/models/{self.server.file.name}":
            self.server.answer(self, self.server.content)
        else:
            self.send_error(404)

    def log_message(self, *arguments: object) -> None:
        pass

    def send(self, content: bytes, *, size: int | None = None, kind: str = "application/octet-stream") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content) if size is None else size))
        self.end_headers()
        self.wfile.write(content)
        self.wfile.flush()


def whole(request: Request, content: bytes) -> None:
    request.send(content)


def missing(request: Request, content: bytes) -> None:
    request.send_error(404)


def failing(request: Request, content: bytes) -> None:
    request.send_error(503)


def page(request: Request, content: bytes) -> None:
    request.send(b"<!doctype html><title>Sign in</title>" * 100, kind="text/html")


def empty(request: Request, content: bytes) -> None:
    request.send(b"")


def truncated(request: Request, content: bytes) -> None:
    request.send(content[:-100])


def cut_off(request: Request, content: bytes) -> None:
    request.send(content[:-100], size=len(content))


def altered(request: Request, content: bytes) -> None:
    request.send(DAMAGE["one byte flipped in the data"](content))


def of_another_recipe(request: Request, content: bytes) -> None:
    """Whole, sound, and of the same shapes: only its name tells."""
    file = request.server.file.with_name("other-0123456789ab.safetensors")
    checkpoints.write(file, TINY.model.build(seed=4), History(*torch.zeros(4, 2, dtype=torch.float64)))
    request.send(file.read_bytes())


def pickled(request: Request, content: bytes) -> None:
    file = request.server.file.with_suffix(".pt")
    torch.save({"model.encoder.0.weight": torch.zeros(3)}, file)
    request.send(file.read_bytes())


def no_answer(request: Request, content: bytes) -> None:
    request.server.go.wait(20)


def silent_midway(request: Request, content: bytes) -> None:
    request.send(content[:1000], size=len(content))
    request.server.go.wait(20)


def dripping(request: Request, content: bytes) -> None:
    request.send(b"", size=len(content))
    for place in range(len(content)):
        request.wfile.write(content[place : place + 1])
        request.wfile.flush()
        if request.server.go.wait(0.05):
            return


def endless(request: Request, content: bytes) -> None:
    request.send_response(200)
    request.end_headers()  # and no length
    with contextlib.suppress(ConnectionError):
        while not request.server.go.is_set():
            request.wfile.write(bytes(1 << 20))


def not_finite(request: Request, content: bytes) -> None:
    model = TINY.model.build()
    torch.nn.init.constant_(model.encoder[0].bias, math.nan)
    checkpoints.write(request.server.file, model, History(*torch.zeros(4, 2, dtype=torch.float64)))
    request.send(request.server.file.read_bytes())


def no_http(request: Request, content: bytes) -> None:
    request.wfile.write(b"220 mail ready\r\n")


FAULTS = {
    missing: "could not be fetched (Not Found)",
    failing: "could not be fetched (Service Unavailable)",
    no_http: "could not be fetched (220 mail ready)",
    no_answer: "could not be fetched (timed out)",
    silent_midway: "could not be fetched (timed out)",
    dripping: "could not be fetched (it was not whole after 1 s)",
    endless: "could not be fetched (it is larger than 64 MB)",
    not_finite: "is no sound checkpoint of this model (not all of its numbers are finite)",
    page: "is no sound checkpoint of this model (",
    empty: "is no sound checkpoint of this model (",
    truncated: "is no sound checkpoint of this model (",
    cut_off: "is no sound checkpoint of this model (",
    altered: "is no sound checkpoint of this model (its contents do not match their digest)",
    of_another_recipe: "is no sound checkpoint of this model (it is that of other-0123456789ab)",
    pickled: "is no sound checkpoint of this model (",
}


@pytest.fixture
def site(tmp_path, monkeypatch, small_splits) -> Iterator[Site]:
    """A site with the model `tiny`, trained under another torch, and the variable that names it."""
    file = tmp_path / "site" / path(small_splits).name
    file.parent.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(torch, "__version__", "99.0")
        checkpoints.write(file, *trained_by_hand(small_splits))
    with Site(file, file.read_bytes()) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("VAE_LIB_MODELS", server.address)
        yield server
        server.go.set()
        server.shutdown()


def test_a_published_model_is_fetched_bit_for_bit_whatever_torch_it_is_from(site, small_splits, trainings, capsys):
    fetched = recipes.load("tiny")
    assert path(small_splits).read_bytes() == site.content
    assert same(fetched, trained_by_hand(small_splits))
    with safe_open(path(small_splits), framework="pt") as file:
        assert file.metadata()["checkpoint"].startswith(f"{site.file.stem} torch-99.0 ")
    assert same(recipes.load("tiny"), fetched)
    assert site.asked == [f"/models/{site.file.name}"]  # once
    assert trainings == [""]  # by hand, above
    assert capsys.readouterr().err == ""
    assert not recipes.load("tiny")[0].training


@pytest.mark.parametrize("ending", ["", "/"])
def test_a_folder_serves_as_well_as_a_site(site, small_splits, trainings, monkeypatch, ending):
    monkeypatch.setenv("VAE_LIB_MODELS", site.file.parent.as_uri() + ending)
    recipes.load("tiny")
    assert path(small_splits).read_bytes() == site.content
    assert (site.asked, trainings) == ([], [])


def test_nothing_is_fetched_where_no_address_is_given(site, trainings, monkeypatch):
    monkeypatch.delenv("VAE_LIB_MODELS")
    recipes.load("tiny")
    monkeypatch.setenv("VAE_LIB_MODELS", "")
    recipes.load("tiny-ae")
    assert (site.asked, trainings) == ([], ["tiny", "tiny-ae"])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_is_not_there_or_not_sound_is_told_and_trained(site, small_splits, trainings, monkeypatch, capsys, fault):
    monkeypatch.setattr(checkpoints, "SILENCE", 0.5)
    monkeypatch.setattr(checkpoints, "PATIENCE", 1)
    site.answer = fault
    found = recipes.load("tiny")
    said = capsys.readouterr().err
    assert said.startswith(f"{site.address}/{site.file.name} {FAULTS[fault]}")
    assert said.endswith("); the model is trained here.\n")
    assert said.count("\n") == 1
    assert trainings == ["tiny"]
    assert same(found, trained_by_hand(small_splits))
    assert {file.suffix for file in path(small_splits).parent.iterdir()} == {".safetensors", ".lock"}
    assert same(recipes.load("tiny"), found)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/models", "file:///nowhere/models", "http://example.org/models"]
)
def test_without_a_server_or_a_network_the_model_is_trained(monkeypatch, trainings, capsys, address):
    monkeypatch.setenv("VAE_LIB_MODELS", address)
    recipes.load("tiny")
    assert trainings == ["tiny"]
    said = capsys.readouterr().err
    assert said.startswith(f"{address}/tiny-") and " could not be fetched (" in said and said.count("\n") == 1


@pytest.mark.parametrize("address", ["models", "/models", "ftp://example.org/models"])
def test_what_is_no_address_is_refused_before_training(monkeypatch, trainings, address):
    monkeypatch.setenv("VAE_LIB_MODELS", address)
    for use in (recipes.load, lambda name: list(recipes.load_all([name]))):
        with pytest.raises(ValueError, match=f"^VAE_LIB_MODELS: '{address}', expected an address that begins with"):
            use("tiny")
    assert trainings == []


def test_a_damaged_file_here_is_fetched_anew(site, small_splits, trainings, capsys):
    recipes.load("tiny")
    path(small_splits).write_bytes(DAMAGE["last byte gone"](site.content))
    recipes.load("tiny")
    assert path(small_splits).read_bytes() == site.content
    assert trainings == []
    assert "is damaged" in capsys.readouterr().err


def test_of_many_models_what_is_published_is_fetched_and_the_rest_trained(site, small_splits, trainings, capsys):
    assert list(recipes.load_all(["tiny", "tiny-ae"])) == ["tiny", "tiny-ae"]
    assert trainings == ["tiny-ae"]
    assert path(small_splits).read_bytes() == site.content
    assert capsys.readouterr().err.count("could not be fetched (Not Found)") == 1  # and not asked for a second time


@pytest.mark.parametrize("quick", [0, 60])
def test_a_bar_shows_what_has_come_unless_it_is_there_at_once(site, monkeypatch, quick):
    class Bar:
        n = 0

        def __enter__(self):
            return self

        def __exit__(self, *arguments):
            shown.append(self.n)

        def update(self, size):
            self.n += size

    def bar(total, label, *, unit):
        shown.extend([total, label, unit])
        return Bar()

    shown = []
    monkeypatch.setattr(checkpoints, "progress_bar", bar)
    monkeypatch.setattr(checkpoints, "QUICK", quick)
    recipes.load("tiny")
    assert shown == ([] if quick else [len(site.content), site.file.stem, "B", len(site.content)])


LOAD = """
from vae_lib import configs, data, recipes, synthetic
from vae_lib.models import ModelConfig
from vae_lib.train import TrainConfig

train, validation, test = (
    data.Digits(drawn.images, drawn.labels)
    for drawn in (synthetic.sample(n, seed=seed) for n, seed in ((300, 1), (100, 2), (150, 3)))
)
data.load = lambda name=None: data.Splits("synthetic", "few", train, validation, test)
config = TrainConfig(epochs=2, batch_size=64, seed=3)
configs.RECIPES = {"tiny": recipes.Recipe(model=ModelConfig(hidden=(4,), latent=2), train=config)}
_, history = recipes.load("tiny")
print(history.elbo.tolist())
"""


def test_of_two_processes_at_once_one_fetches_and_the_other_waits_and_reads(site, small_splits):
    def held_up(request: Request, content: bytes) -> None:
        site.go.wait(60)
        request.send(content)

    site.answer = held_up
    source = Path(recipes.__file__).parents[1]
    command = [sys.executable, "-c", LOAD]
    environment = os.environ | {"PYTHONPATH": str(source), "OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    processes = [
        subprocess.Popen(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    try:
        ready, _, _ = select.select([process.stderr for process in processes], [], [], 60)
        waiting = ready[0].readline()
        site.go.set()
        outputs = [process.communicate(timeout=60)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    assert waiting == f"Another process is making {path(small_splits).stem}; waiting for it.\n"
    assert outputs == [f"{trained_by_hand(small_splits)[1].elbo.tolist()}\n"] * 2
    assert len(site.asked) == 1
    assert path(small_splits).read_bytes() == site.content
