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
