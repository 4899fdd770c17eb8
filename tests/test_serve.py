"""`make serve`: the built book on this machine, and a sentence where a port is taken."""

import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SCRIPT = "book/serve.py"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The script in a folder of its own, beside a book of one page."""
    (tmp_path / "book/_build/html").mkdir(parents=True)
    (tmp_path / "book/_build/html/index.html").write_text("a page")
    (tmp_path / SCRIPT).write_bytes((ROOT / SCRIPT).read_bytes())
    return tmp_path


def serve(folder: Path, port: int | str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, folder / SCRIPT, str(port)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_it_serves_the_book_until_it_is_ended(copy: Path) -> None:
    with serve(copy, 0) as server:
        try:
            address = re.search(r"http://localhost:\d+", server.stdout.readline())[0]
            with urllib.request.urlopen(address.replace("localhost", "127.0.0.1") + "/index.html") as page:
                assert page.read() == b"a page"
        finally:
            server.terminate()


@pytest.mark.parametrize("port", ["taken", "70000"])
def test_a_port_that_cannot_be_had_is_told_in_one_line(copy: Path, port: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1] if port == "taken" else int(port)
        _, told = serve(copy, number).communicate()
    assert re.fullmatch(rf"Port {number} cannot be used \(.+\); choose another: make serve PORT=\d+\n", told)


def test_without_a_book_it_says_how_to_make_one(copy: Path) -> None:
    (copy / "book/_build/html/index.html").unlink()
    _, told = serve(copy, 0).communicate()
    assert "run `make book`" in told and "Traceback" not in told


def test_make_passes_the_port_on() -> None:
    done = subprocess.run(
        ["make", "--dry-run", "serve", "PORT=8123"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert f"{SCRIPT} 8123\n" in done.stdout
