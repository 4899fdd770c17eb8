"""Notebooks of small books built anywhere: without git, in a fork, from a shallow clone, from a bad page."""

import os
import subprocess
from pathlib import Path

import nbformat
import pytest
import small_book
from _ext.notebooks.notebook import FIGURES

from vae_lib import data, recipes


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("GITHUB_REPOSITORY", "BOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    return small_book.write(tmp_path, "_ext.notebooks.notebook")


def set_up(book: Path) -> str:
    notebook = nbformat.read(book / "_build/notebooks/page.ipynb", as_version=4)
    return next(cell.source for cell in notebook.cells if cell.id == "set-up")


def without_figures(code: str) -> str:
    """A notebook's first cell without what wants IPython."""
    bare, found, _ = code.partition(FIGURES)
    assert found
    return bare


def models_after(code: str, chosen: str = "") -> str:
    """Where models are fetched from after a notebook's first cell; chosen: by its reader, before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAE_LIB_MODELS", chosen)
        if not chosen:
            patch.delenv("VAE_LIB_MODELS")
        exec(without_figures(code).replace("%pip", "pass  #"), {})
        return os.environ["VAE_LIB_MODELS"]


def launched(book: Path, name: str = "page") -> list[str]:
    return [link["href"] for link in small_book.page(book, name).select(".dropdown-launch-buttons a")]


def test_a_copy_without_git_says_what_is_left_out_and_how_to_install(book: Path) -> None:
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("notebooks: no repository on GitHub is known") == 1
    assert launched(book) == []
    assert "%pip" not in set_up(book) and "pip install -e ." in set_up(book)
    assert "VAE_LIB_MODELS" not in set_up(book)  # there is no site to fetch from
    with pytest.raises(ModuleNotFoundError, match="pip install"):
        exec(without_figures(set_up(book)).replace("vae_lib", "no_such_package"), {})
    exec(without_figures(set_up(book)), {})  # here it is installed
    assert not (book / "_build/notebooks/words.ipynb").exists()
    (button,) = small_book.page(book, "page").select(".btn-download-notebook-button")
    assert (button["href"], button["download"]) == ("_sources/page.ipynb", "page.ipynb")
    assert button["title"].startswith("Download the notebook. If it opens as text, save")
    text = (book / "_build/notebooks/page.ipynb").read_text(encoding="utf-8")
    assert "See Words." in text and "**Synthetic digits.**" in text


def test_a_fork_opens_and_installs_itself(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = small_book.commit(book)
    remote = ["git", "remote", "add", "origin", "git@github.com:reader/vae.git"]
    subprocess.run(remote, cwd=book, check=True)
    monkeypatch.setenv("BOOK_URL", "https://reader.example/vae/")
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    assert launched(book) == [
        "https://mybinder.org/v2/gh/reader/vae/notebooks?urlpath=lab%2Ftree%2Fpage.ipynb",
        "https://colab.research.google.com/github/reader/vae/blob/notebooks/page.ipynb",
    ]
    assert launched(book, "words") == []
    assert f'%pip install --quiet "vae_lib @ https://github.com/reader/vae/archive/{head}.zip"' in set_up(book)
    text = (book / "_build/notebooks/page.ipynb").read_text(encoding="utf-8")
    assert "See [Words](https://reader.example/vae/words.html)." in text
    assert models_after(set_up(book)) == "https://reader.example/vae/models"
    assert models_after(set_up(book), chosen="https://elsewhere.example") == "https://elsewhere.example"

    monkeypatch.setenv("GITHUB_REPOSITORY", "other/fork")  # the pages are written again, though none has changed
    assert small_book.build(book).returncode == 0
    assert all("/other/fork/" in address for address in launched(book))
    assert "/other/fork/archive/" in set_up(book)


def test_a_shallow_clone_installs_what_it_knows_and_says_so(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_book.commit(book)
    further = ["git", *small_book.AUTHOR, "commit", "--allow-empty", "-m", "b"]
    subprocess.run(further, cwd=book, capture_output=True, check=True)
    shallow = book.parent / "shallow"
    clone = ["git", "clone", "--quiet", "--depth=1", book.parent.as_uri(), shallow]
    subprocess.run(clone, capture_output=True, check=True)
    monkeypatch.setenv("GITHUB_REPOSITORY", "reader/vae")
    result = small_book.build(shallow / "book")
    assert result.returncode == 0, result.stderr
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=shallow, capture_output=True, text=True, check=True)
    assert f"/archive/{head.stdout.strip()}.zip" in set_up(shallow / "book")
    assert result.stdout.count("this clone is shallow") == 1


def test_a_repository_by_configuration_has_buttons_and_installs_nothing_unknown(book: Path) -> None:
    small_book.write(book.parent, "_ext.notebooks.notebook", repository="set/here")
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("notebooks: git knows no commit of vae_lib here") == 1
    assert all("/set/here/" in address for address in launched(book))
    assert "%pip" not in set_up(book)


def test_a_site_with_an_address_has_the_trained_models(
    book: Path, mnist: data.Splits, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    small_book.write(book.parent, "_ext.site.published_models", "_ext.notebooks.notebook")
    monkeypatch.setenv("VAE_LIB_CACHE", str(tmp_path / "cache"))
    published = book / "_build" / "html" / "models"
    assert small_book.build(book).returncode == 0
    assert not published.exists()  # without an address nobody could fetch them

    monkeypatch.setenv("BOOK_URL", "https://reader.example/vae")
    result = small_book.build(book)
    assert result.returncode != 0
    assert "models: vae-20 cannot be published before it is trained" in result.stderr

    trained = [recipes.checkpoint_path(name, mnist) for name in recipes.RECIPES]
    trained[0].parent.mkdir(parents=True)
    for path in trained:
        path.write_text(f"the model of {path.stem}")
        path.chmod(0o600)
    (published / "old-0123456789ab.safetensors").touch()
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    assert {path.name: path.read_text() for path in published.iterdir()} == {
        path.name: f"the model of {path.stem}" for path in trained
    }
    assert all(path.stat().st_mode & 0o044 for path in published.iterdir())  # a server may read them

    monkeypatch.delenv("BOOK_URL")
    assert small_book.build(book).returncode == 0
    assert not published.exists()


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ('<div class="cell docutils container"></div>', "2 cells in the page, 1 expected"),
        ("```{code-cell} ipython3\nimport myst_nb\n```", "uses myst_nb in another way"),
    ],
)
def test_a_page_that_makes_no_notebook_stops_the_build_and_is_named(book: Path, planted: str, said: str) -> None:
    (book / "page.md").write_text(f"{small_book.FRONT}{small_book.PAGE}\n{planted}\n")
    result = small_book.build(book)
    assert result.returncode != 0
    assert "page: no notebook can be made of it" in result.stderr + result.stdout
    assert said in result.stderr + result.stdout


def test_the_notebook_of_a_page_that_is_gone_or_lost_its_code_is_gone(book: Path) -> None:
    (book / "_toc.yml").write_text("format: jb-book\nroot: words\nchapters: [{file: page}, {file: other}]\n")
    (book / "other.md").write_text(small_book.FRONT + small_book.PAGE)
    assert small_book.build(book).returncode == 0
    made = [
        book / f"_build/{folder}/{name}.ipynb"
        for folder in ("notebooks", "html/_sources")
        for name in ("page", "other")
    ]
    assert all(path.exists() for path in made)
    (book / "_toc.yml").write_text("format: jb-book\nroot: words\nchapters: [{file: page}]\n")
    (book / "page.md").write_text("# A page\n\nWithout code.\n")
    assert small_book.build(book).returncode == 0
    assert not any(path.exists() for path in made)
