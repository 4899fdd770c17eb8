import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def html() -> Path:
    """The built book; there is no skipping it."""
    built = ROOT / "book" / "_build" / "html"
    assert (built / "index.html").exists(), f"{built} holds no book: run `make book` first"
    return built


@pytest.fixture(autouse=True)
def cache() -> None:
    """The user's cache, in place of the empty one of the other tests: the book's models were trained by `make book`."""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def server(html: Path) -> Iterator[str]:
    """The book's address on this machine; the server ends with the tests."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=html)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
