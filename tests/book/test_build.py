"""The book's own extensions, on books of one page or a few."""

import base64
import io
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import joblib
import pytest
import small_book
import sources
import torch
from bs4 import BeautifulSoup
from pages import BOOK
from PIL import Image

CONFIG = """\
title: A small book
execute: {{execute_notebooks: {mode}}}
sphinx:
  extra_extensions: [sphinx_exercise]
  local_extensions: {{_ext.execution: {book}, _ext.exercises: {book}, _ext.figures.inline: {book}}}
  config: {{nb_execution_raise_on_error: true, nb_merge_streams: true}}
"""
PAGE = """\
---
kernelspec: {{name: python3, display_name: Python 3, language: python}}
jupytext: {{text_representation: {{extension: .md, format_name: myst}}}}
---
# Planted

{prose}

```{{code-cell}} ipython3
{code}
```
"""


def build(
    folder: Path, code: str, *, mode: str = "cache", prose: str = "", others: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess:
    """Build a book with the page `planted`, whose one cell is `code`, and with other pages: their names and cells."""
    book = folder / "book"
    book.mkdir(exist_ok=True)
    (book / "_config.yml").write_text(CONFIG.format(mode=mode, book=BOOK))
    (book / "_toc.yml").write_text("format: jb-book\nroot: planted\n")
    for name, cell in {"planted": code, **others}.items():
        (book / f"{name}.md").write_text(PAGE.format(prose=prose, code=cell))
    return small_book.jupyter_book("build", book)


def test_a_cell_that_fails_stops_the_build_and_names_the_page(tmp_path: Path) -> None:
    result = build(tmp_path, "1 / 0")
    assert result.returncode != 0
    assert "planted.md" in result.stderr
    assert "ZeroDivisionError" in result.stdout + result.stderr


def test_every_page_that_fails_is_shown_and_no_other_is_executed_again(tmp_path: Path) -> None:
    result = build(tmp_path, "1 / 0", others={"second": "missing", "sound": "'sound'"})
    assert result.returncode != 0
    for shown in ("planted.md", "ZeroDivisionError", "second.md", "NameError"):
        assert shown in result.stderr
    mended = build(tmp_path, "1 / 1", others={"second": "'here'", "sound": "'sound'"})
    assert mended.returncode == 0, mended.stderr
    assert "second.md: executed" in mended.stdout
    assert "sound.md: executed" not in mended.stdout


SOLUTION = """\
from vae_course import check

def my_kl(mean, log_var):
    return {sign}0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)

check(my_kl)"""


def test_a_solution_that_has_rotted_stops_the_build_and_says_what_is_wrong(tmp_path: Path) -> None:
    result = build(tmp_path, SOLUTION.format(sign="-"))
    assert result.returncode != 0
    assert "planted.md" in result.stderr
    assert "the negative of the right one" in result.stderr
    assert build(tmp_path, SOLUTION.format(sign="")).returncode == 0
    assert "my_kl: correct." in article(tmp_path)


QUIZZES = {
    "```{quiz} Which?\n- [ ] This.\n\n  No.\n- [ ] That.\n\n  No.\n```": "one of them right; got 2, 0 right",
    "```{quiz} Which?\n- [x] This.\n```": "two answers or more, one of them right; got 0, 0 right",
}


def test_malformed_quizzes_are_told_with_their_page(tmp_path: Path) -> None:
    result = build(tmp_path, "1", mode="'off'", prose="\n\n".join(QUIZZES))
    assert [said for said in QUIZZES.values() if said not in result.stderr] == []
    assert result.stderr.count("planted.md") >= len(QUIZZES)


def test_names_that_nothing_has_are_all_told_before_anything_runs(tmp_path: Path) -> None:
    prose = "```{starter} my_kl\n```"
    others = {"second": "from vae_lib import recipes\nrecipes.load('vae-3')", "third": "open('ran', 'w').close()"}
    result = build(tmp_path, "from vae_course import check\ncheck(my_lk)", prose=prose, others=others)
    assert result.returncode != 0
    for told in (
        "planted.md:7: my_kl needs a solution cell on this page",
        "planted.md:12: no exercise is called 'my_lk'; did you mean my_kl?",
        "second.md:7: my_kl needs a solution cell on this page",
        "second.md:12: recipe: 'vae-3' is unknown",
        "third.md:7: my_kl needs a solution cell on this page",
    ):
        assert told in result.stderr
    assert not (tmp_path / "book" / "ran").exists()


MEET = """\
import time, torch
from pathlib import Path

Path({name!r}).touch()
while not Path({other!r}).exists():
    time.sleep(0.1)
assert torch.get_num_threads() == 1"""


@pytest.mark.skipif(joblib.cpu_count() < 2, reason="one core executes one page at a time")
def test_pages_are_executed_side_by_side_each_on_one_thread(tmp_path: Path) -> None:
    first, second = (MEET.format(name=name, other=other) for name, other in (("a", "b"), ("b", "a")))
    result = build(tmp_path, first, others={"second": second})
    assert result.returncode == 0, result.stderr


def test_a_page_is_executed_once_in_its_own_folder_and_not_again_for_its_prose(tmp_path: Path) -> None:
    code = "open('runs', 'a').write('x')"
    assert build(tmp_path, code).returncode == 0
    assert build(tmp_path, code, prose="Other words.").returncode == 0
    assert "Other words." in article(tmp_path)
    assert (tmp_path / "book" / "runs").read_text() == "x"


def test_what_a_cell_prints_in_pieces_is_one_text(tmp_path: Path) -> None:
    code = "import time\nfor piece in ('a', '\\nb', '\\n'):\n    print(piece, end='', flush=True)\n    time.sleep(0.5)"
    assert build(tmp_path, code).returncode == 0
    (printed,) = BeautifulSoup(article(tmp_path), "html.parser").select(".output.stream pre")
    assert printed.get_text() == "a\nb\n"


def article(folder: Path) -> str:
    """The text of the page that was built."""
    page = (folder / "book/_build/html/planted.html").read_text(encoding="utf-8")
    return str(BeautifulSoup(page, "html.parser").find("article"))


def test_a_figure_is_in_the_page_with_its_ink_and_the_same_in_each_build(tmp_path: Path) -> None:
    code = "from vae_lib import figures\nfigures.plot_lines([0, 1], {'a': [0, 1]}, xlabel='x', ylabel='y');"
    first = build(tmp_path, code)
    assert first.returncode == 0, first.stderr
    page = article(tmp_path)
    (figure,) = BeautifulSoup(page, "html.parser").select("svg.book-figure")
    assert "currentColor" in str(figure)
    shutil.rmtree(tmp_path / "book" / "_build")  # so that the page is executed again
    assert build(tmp_path, code).returncode == 0
    assert article(tmp_path) == page


def test_without_mnist_every_page_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAE_LIB_DATASET", "synthetic")
    result = build(tmp_path, "1", mode="'off'")
    assert result.returncode == 0, result.stderr
    assert "built without MNIST" in (tmp_path / "book/_build/html/planted.html").read_text(encoding="utf-8")


def test_a_wish_for_mnist_that_cannot_be_met_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VAE_LIB_DATASET", "mnist")
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VAE_LIB_DATA", str(tmp_path / "file" / "data"))  # a folder that can never be
    result = build(tmp_path, "1")
    assert result.returncode != 0
    assert "VAE_LIB_DATA" in result.stderr


HINTS = """\
from vae_course import hint

def {name}(*_):
    return 0

hint({name})"""


def test_a_page_is_executed_again_when_what_it_depends_on_changed_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("vae_lib", "vae_course", "book/_ext"):
        shutil.copytree(sources.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.syspath_prepend(tmp_path / "book")  # the build's extension is the copy, and brings the copied packages

    def executed(**others: str) -> set[str]:
        code = HINTS.format(name="my_kl")
        others |= {"second": HINTS.format(name="my_score_gradient"), "third": "from vae_lib import objectives"}
        result = build(tmp_path, code, others=others)
        assert result.returncode == 0, result.stderr
        return set(re.findall(r"^(\w+)\.md: executed", result.stdout, re.MULTILINE))

    assert executed() == {"planted", "second", "third"}
    before = article(tmp_path)
    bank = tmp_path / "vae_course" / "bank" / "elbo.py"
    text = bank.read_text()
    bank.write_text(text.replace("hints=(", 'hints=(\n"A planted hint.",', 1))
    assert executed() == {"planted"}
    assert "A planted hint." in article(tmp_path)
    bank.write_text(text)
    assert executed(another="1") == {"another"}  # the first hint's outputs are found again
    assert article(tmp_path) == before


@pytest.mark.parametrize(("mode", "kept"), [("RGBA", "LA"), ("RGB", "L")])
def test_a_grey_picture_in_a_figure_loses_bytes_and_no_pixel(monkeypatch, mode: str, kept: str) -> None:
    monkeypatch.syspath_prepend(BOOK)
    from _ext.figures.inline import grey

    values = torch.randint(256, (40, 50), generator=torch.Generator().manual_seed(0), dtype=torch.uint8).numpy()
    picture = Image.fromarray(values).convert(mode)
    if mode == "RGBA":
        picture.putalpha(Image.fromarray(values.T.copy()).resize(picture.size))
    before = as_base64(picture)
    after = Image.open(io.BytesIO(base64.b64decode(grey(before))))
    assert after.mode == kept and len(grey(before)) < len(before)
    assert after.convert("RGBA").tobytes() == picture.convert("RGBA").tobytes()
    picture.putpixel((3, 3), (200, 0, 0) + (255,) * (mode == "RGBA"))
    assert grey(as_base64(picture)) == as_base64(picture)  # one coloured pixel, and nothing is touched


def as_base64(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()
