"""docs/adding.md, followed to the letter on a copy of the repository: what it says is enough, and passes the tests."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sources
from bs4 import BeautifulSoup

from vae_lib import paths

GUIDE = (sources.ROOT / "docs" / "adding.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", GUIDE, re.MULTILINE | re.DOTALL))
PAGE = "chapters/entropy"
KEPT = paths.cache_dir() / "recipes"  # the trained models, read before any test changes the environment
DATA = paths.data_root()
FIGURE = """
```{code-cell} ipython3
---
mystnb:
  figure:
    caption: |
      The entropy follows the width.
    name: fig-template-live
---
from vae_lib import live, recipes

model, history = recipes.load("narrow")
live.Entropy()
```
"""


def blocks(section: str, kind: str) -> list[str]:
    """The code blocks of one kind in a section of the guide."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", SECTIONS[section], re.MULTILINE | re.DOTALL)


def put(path: Path, text: str, *, after: str) -> None:
    """Put a text below the line that holds another."""
    whole = path.read_text(encoding="utf-8")
    end = whole.index("\n", whole.index(after)) + 1
    path.write_text(whole[:end] + text + whole[end:], encoding="utf-8")


class Copy:
    """A copy of the repository in which the guide is followed, with the models and the executed pages of this one."""

    def __init__(self, folder: Path, built: Path) -> None:
        self.root = sources.copy(folder / "copy")
        shutil.copytree(built, self.root / "book" / "_build", symlinks=True)
        shutil.copytree(KEPT, folder / "cache" / "recipes")
        self.environment = os.environ | {
            "PYTHONPATH": str(self.root),
            "VAE_LIB_CACHE": str(folder / "cache"),
            "VAE_LIB_DATA": str(DATA),
            "VAE_LIB_DATASET": "mnist",
        }

    def run(self, *command: str) -> str:
        """What a command prints; it must succeed."""
        done = subprocess.run(command, cwd=self.root, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-3_000:] + done.stderr[-3_000:]
        return done.stdout + done.stderr

    def type(self, section: str) -> None:
        """Type the commands of a section of the guide."""
        for block in blocks(section, "sh"):
            self.run("bash", "-euc", block)

    def build(self) -> set[str]:
        """Build the book, warnings as errors; the pages that were executed."""
        jupyter_book = str(Path(sys.executable).with_name("jupyter-book"))
        said = self.run(jupyter_book, "build", "-W", "-n", "--keep-going", "book")
        return set(re.findall(r"(\S+)\.md: executed", said))

    def page(self) -> BeautifulSoup:
        text = (self.root / "book" / "_build" / "html" / f"{PAGE}.html").read_text(encoding="utf-8")
        return BeautifulSoup(text, "html.parser")

    def test(self, *names: str) -> None:
        """The tests that are about pages and banks, of the new chapter alone."""
        self.run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "entropy", *names)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    built = sources.ROOT / "book" / "_build"
    assert (built / "html").exists(), f"{built} holds no book: run `make book` first"
    return Copy(tmp_path_factory.mktemp("guide"), built)


ANY_RECIPE = {"index", "appendix/numbers", "chapters/autoencoder", "chapters/mnist", "chapters/rate_distortion"}


def test_a_chapter_with_an_exercise_a_recipe_and_a_live_figure(copy: Copy) -> None:
    """Built once: what takes long is the pages that load recipes by names which their code computes."""
    before = set(sources.files(copy.root))
    copy.type("A chapter")
    (line,) = blocks("A chapter", "yaml")
    put(copy.root / "book" / "_toc.yml", line, after="chapters/autoencoder")
    copy.type("An exercise")
    (recipe,) = blocks("A recipe", "python")
    put(copy.root / "vae_lib" / "configs.py", recipe, after="RECIPES = {")
    copy.type("A live figure")
    (line,) = blocks("A live figure", "python")
    put(copy.root / "vae_lib" / "live" / "__init__.py", line, after="from vae_lib.live.drawing")
    assert set(sources.files(copy.root)) - before == {
        Path(f"book/{PAGE}.md"),
        Path("vae_course/bank/entropy.py"),
        Path("vae_lib/live/entropy.py"),
        Path("vae_lib/live/js/entropy.js"),
    }
    put(copy.root / "book" / f"{PAGE}.md", FIGURE, after="By {glue:text}")

    assert copy.build() - ANY_RECIPE == {PAGE, "appendix/teaching_guide"}  # which prints from the whole bank
    words = copy.page().get_text()
    assert "my_entropy: correct." in words and "By 0.693 nats" in words
    assert copy.page().select_one(".live-figure .live-static svg")["aria-label"].startswith("Entropy: ")
    script = (copy.root / "book/_build/html/_static/live/live.js").read_text(encoding="utf-8")
    assert "entropy" in script
    copy.test(
        "tests/book/test_pages.py",
        "tests/book/test_exercise_pages.py",
        "tests/book/test_live_pages.py",
        "tests/course/test_exercises.py",
        "tests/lib/test_live.py",
    )
