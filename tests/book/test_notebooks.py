"""The notebooks of the built book, and those of small books built anywhere: without git, in a fork, from a bad page."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import nbformat
import pages
import pytest
import yaml
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from nbformat import NotebookNode
from notebook_cells import GLUE

from vae_lib import data, recipes

CONFIG = yaml.safe_load((pages.BOOK / "_config.yml").read_text(encoding="utf-8"))["sphinx"]["config"]
WITH_CODE = pages.with_notebook()
RAW = re.compile(r"\{[\w:-]+\}`|^ *(?:`{3,}|:{3,}) *\{|^ *:{3,}|^\([\w-]+\)=|\{\{", re.MULTILINE)
MACRO = re.compile(rf"\\(?:{'|'.join(CONFIG['mathjax3_config']['tex']['macros'])})(?![A-Za-z])")
MATH = re.compile(r"\$\$.*?\$\$|\$[^$]+\$", re.DOTALL)
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
OPTIONS = re.compile(r"---\n.*?\n---\n|(?::[\w-]+:[^\n]*\n)*", re.DOTALL)


def notebook_of(html: Path, source: Path) -> NotebookNode:
    path = html.parent / "notebooks" / source.relative_to(pages.BOOK).with_suffix(".ipynb")
    return nbformat.read(path, as_version=4)


def texts(notebook: NotebookNode, kind: str) -> list[str]:
    return [cell.source for cell in notebook.cells if cell.cell_type == kind]


def code_of(source: Path) -> list[str]:
    """The code of a page's cells, as its source has it."""
    cells = []
    for cell in pages.CELL.findall(source.read_text(encoding="utf-8")):
        body = cell.partition("\n")[2].removesuffix("```")
        cells.append(body.removeprefix(OPTIONS.match(body)[0]).strip())
    return cells


def prose(notebook: NotebookNode) -> str:
    """What a notebook says of its page, each title of a solution once."""
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown" and cell.id != "about"]
    return re.sub(r"<summary>.*, continued</summary>", "", "\n\n".join(cells))


def prose_of(html: Path, source: Path) -> BeautifulSoup:
    """What a page says, its captions included: the article without cells and their outputs."""
    page = (html / source.relative_to(pages.BOOK).with_suffix(".html")).read_text(encoding="utf-8")
    article = BeautifulSoup(page, "html.parser").find("article")
    for caption in article.select("figcaption"):
        caption.find_parent("div", class_="cell").insert_after(caption.extract())
    for node in article.select("div.cell, .starter, .headerlink, .toctree-wrapper, script"):
        node.decompose()
    return article


def words(soup: BeautifulSoup) -> Counter[str]:
    return Counter(re.findall(r"\w+", soup.get_text(" ")))


@pytest.mark.parametrize("source", WITH_CODE, ids=lambda source: source.stem)
class TestNotebook:
    def test_is_plain_markdown_and_valid(self, source: Path, html: Path) -> None:
        notebook = notebook_of(html, source)
        nbformat.validate(notebook)
        text = "\n\n".join(texts(notebook, "markdown"))
        assert RAW.findall(MATH.sub("", text)) == []
        assert MACRO.findall(text) == []
        assert [marker for marker in pages.LEFT_OVER if marker in text] == []

    def test_has_the_code_of_its_page(self, source: Path, html: Path) -> None:
        cells = notebook_of(html, source).cells
        code = [
            cell.source.replace(GLUE, "").strip()
            for cell in cells
            if cell.cell_type == "code" and not {"starter", "set-up"} & set(cell.metadata.get("tags", []))
        ]
        assert code == [cell.replace("from myst_nb import glue\n", "").strip() for cell in code_of(source)]

    def test_has_the_words_of_its_page(self, source: Path, html: Path) -> None:
        """Read by another parser than the one that made it."""
        article = prose_of(html, source)
        for node in article.select(".math"):
            node.decompose()
        text = prose(notebook_of(html, source))
        markdown = "\n\n".join([MATH.sub("", FENCED.sub("", text)), *FENCED.findall(text)])
        read = MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)
        assert words(BeautifulSoup(read, "html.parser")) == words(article)

    def test_every_formula_of_the_page_is_there(self, source: Path, html: Path) -> None:
        formulas = prose_of(html, source).select(".math")
        text = FENCED.sub("", prose(notebook_of(html, source)))
        assert len(MATH.findall(text)) == len(formulas)
        numbers = [number.get_text().strip("()#") for node in formulas for number in node.select(".eqno")]
        assert re.findall(r"\\tag\{([^}]*)\}", text) == numbers

    def test_every_link_is_a_whole_address(self, source: Path, html: Path) -> None:
        text = "\n\n".join(texts(notebook_of(html, source), "markdown"))
        soup = BeautifulSoup(MarkdownIt("commonmark").render(text), "html.parser")
        addresses = [node.get("href") or node.get("src") for node in soup.select("a, img")]
        assert [address for address in addresses if not address.startswith("https://")] == []

    def test_what_the_page_hides_is_collapsed(self, source: Path, html: Path) -> None:
        for cell in notebook_of(html, source).cells:
            hidden = {"remove-cell", "remove-input", "hide-input", "solution"} & set(cell.metadata.get("tags", []))
            if cell.cell_type == "code":
                assert cell.metadata.get("jupyter", {}).get("source_hidden", False) >= bool(hidden)

    def test_each_exercise_has_a_cell_for_its_answer_before_its_solution(self, source: Path, html: Path) -> None:
        code = texts(notebook_of(html, source), "code")
        starters = re.findall(r"^```\{starter\} (\w+)", source.read_text(encoding="utf-8"), re.MULTILINE)
        for name in starters:
            stub, check, *rest = [cell for cell in code if re.search(rf"def {name}\(|check\({name}\)", cell)]
            assert stub.endswith("raise NotImplementedError") and ast.parse(stub)
            assert check == f"check({name})"
            assert rest[0].startswith(f"def {name}(") and "NotImplementedError" not in rest[0]

    def test_its_page_lets_it_be_downloaded(self, source: Path, html: Path) -> None:
        page = html / source.relative_to(pages.BOOK).with_suffix(".html")
        soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
        (button,) = soup.select(".btn-download-notebook-button")
        assert nbformat.read(page.parent / button["href"], as_version=4) == notebook_of(html, source)


def test_pages_without_code_and_for_the_site_alone_have_none(html: Path) -> None:
    folder = html.parent / "notebooks"
    made = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.ipynb")}
    assert made == {source.relative_to(pages.BOOK).with_suffix("").as_posix() for source in WITH_CODE}
    for source in set(pages.sources()) - set(WITH_CODE):
        page = (html / source.relative_to(pages.BOOK).with_suffix(".html")).read_text(encoding="utf-8")
        assert BeautifulSoup(page, "html.parser").select(".btn-download-notebook-button") == []


SMALL = """\
title: A small book
only_build_toc_files: true
execute: {{execute_notebooks: 'off'}}
html: {{announcement: Synthetic digits.}}
sphinx:
  local_extensions: {{notebooks: {extensions}}}
  config: {{suppress_warnings: [etoc.toctree], notebook_repository: {repository!r}}}
"""
FRONT = """\
---
kernelspec: {name: python3, display_name: Python 3, language: python}
jupytext: {text_representation: {extension: .md, format_name: myst}}
---
"""
PAGE = """\
# A page

See {doc}`words`.

```{code-cell} ipython3
1 + 1
```
"""


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A book of a page with code and one of words, in no repository."""
    for name in ("GITHUB_REPOSITORY", "BOOK_URL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "book"
    folder.mkdir()
    (folder / "_config.yml").write_text(SMALL.format(extensions=pages.BOOK / "_ext", repository=""))
    (folder / "_toc.yml").write_text("format: jb-book\nroot: page\nchapters: [{file: words}]\n")
    (folder / "page.md").write_text(FRONT + PAGE)
    (folder / "words.md").write_text("# Words\n\nNo code.\n")
    return folder


def build(book: Path) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "-W", "-n", book]
    return subprocess.run(command, capture_output=True, text=True, cwd=book, check=False)


def set_up(book: Path) -> str:
    notebook = nbformat.read(book / "_build/notebooks/page.ipynb", as_version=4)
    return next(cell.source for cell in notebook.cells if cell.id == "set-up")


def models_after(code: str, chosen: str = "") -> str:
    """Where models are fetched from after a notebook's first cell; chosen: by its reader, before."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VAE_LIB_MODELS", chosen)
        if not chosen:
            patch.delenv("VAE_LIB_MODELS")
        exec(code.replace("%pip", "pass  #"), {})
        return os.environ["VAE_LIB_MODELS"]


def launched(book: Path, page: str = "page") -> list[str]:
    soup = BeautifulSoup((book / f"_build/html/{page}.html").read_text(encoding="utf-8"), "html.parser")
    return [link["href"] for link in soup.select(".dropdown-launch-buttons a")]


def commit(folder: Path) -> str:
    """Make the folder a checkout with one commit, which holds a package; the commit."""
    (folder / "vae_lib").mkdir()
    (folder / "vae_lib/__init__.py").touch()
    for arguments in (["init"], ["add", "vae_lib"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-m", "a"]):
        subprocess.run(["git", *arguments], cwd=folder, capture_output=True, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, capture_output=True, text=True, check=True)
    return head.stdout.strip()


def test_a_copy_without_git_says_what_is_left_out_and_how_to_install(book: Path) -> None:
    result = build(book)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("notebooks: no repository on GitHub is known") == 1
    assert launched(book) == []
    assert "%pip" not in set_up(book) and "pip install -e ." in set_up(book)
    assert "VAE_LIB_MODELS" not in set_up(book)  # there is no site to fetch from
    with pytest.raises(ModuleNotFoundError, match="pip install"):
        exec(set_up(book).replace("vae_lib", "no_such_package"), {})
    exec(set_up(book), {})  # here it is installed
    assert not (book / "_build/notebooks/words.ipynb").exists()
    text = (book / "_build/notebooks/page.ipynb").read_text(encoding="utf-8")
    assert "See Words." in text and "**Synthetic digits.**" in text


def test_a_fork_opens_and_installs_itself(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = commit(book.parent)
    remote = ["git", "remote", "add", "origin", "git@github.com:reader/vae.git"]
    subprocess.run(remote, cwd=book, check=True)
    monkeypatch.setenv("BOOK_URL", "https://reader.example/vae/")
    result = build(book)
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
    assert build(book).returncode == 0
    assert all("/other/fork/" in address for address in launched(book))
    assert "/other/fork/archive/" in set_up(book)


def test_a_shallow_clone_installs_what_it_knows_and_says_so(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(book.parent)
    further = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--allow-empty", "-m", "b"]
    subprocess.run(further, cwd=book, capture_output=True, check=True)
    shallow = book.parent / "shallow"
    clone = ["git", "clone", "--quiet", "--depth=1", book.parent.as_uri(), shallow]
    subprocess.run(clone, capture_output=True, check=True)
    shutil.copytree(book, shallow / "book")
    monkeypatch.setenv("GITHUB_REPOSITORY", "reader/vae")
    result = build(shallow / "book")
    assert result.returncode == 0, result.stderr
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=shallow, capture_output=True, text=True, check=True)
    assert f"/archive/{head.stdout.strip()}.zip" in set_up(shallow / "book")
    assert result.stdout.count("this clone is shallow") == 1


def test_a_repository_by_configuration_has_buttons_and_installs_nothing_unknown(book: Path) -> None:
    (book / "_config.yml").write_text(SMALL.format(extensions=pages.BOOK / "_ext", repository="set/here"))
    result = build(book)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("notebooks: git knows no commit of vae_lib here") == 1
    assert all("/set/here/" in address for address in launched(book))
    assert "%pip" not in set_up(book)


def test_a_site_with_an_address_has_the_trained_models(
    book: Path, mnist: data.Splits, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = book / "_config.yml"
    config.write_text(config.read_text().replace("{notebooks", f"{{published_models: {pages.BOOK / '_ext'}, notebooks"))
    monkeypatch.setenv("VAE_LIB_CACHE", str(tmp_path / "cache"))
    published = book / "_build" / "html" / "models"
    assert build(book).returncode == 0
    assert not published.exists()  # without an address nobody could fetch them

    monkeypatch.setenv("BOOK_URL", "https://reader.example/vae")
    result = build(book)
    assert result.returncode != 0
    assert "models: vae-20 cannot be published before it is trained" in result.stderr

    trained = [recipes.checkpoint_path(name, mnist) for name in recipes.RECIPES]
    trained[0].parent.mkdir(parents=True)
    for path in trained:
        path.write_text(f"the model of {path.stem}")
        path.chmod(0o600)
    (published / "old-0123456789ab.safetensors").touch()
    result = build(book)
    assert result.returncode == 0, result.stderr
    assert {path.name: path.read_text() for path in published.iterdir()} == {
        path.name: f"the model of {path.stem}" for path in trained
    }
    assert all(path.stat().st_mode & 0o044 for path in published.iterdir())  # a server may read them


@pytest.mark.parametrize(
    ("planted", "said"),
    [
        ('```{raw} html\n<div class="cell docutils container"></div>\n```', "2 cells in the page, 1 expected"),
        ("```{code-cell} ipython3\nimport myst_nb\n```", "uses myst_nb in another way"),
    ],
)
def test_a_page_that_makes_no_notebook_stops_the_build_and_is_named(book: Path, planted: str, said: str) -> None:
    (book / "page.md").write_text(f"{FRONT}{PAGE}\n{planted}\n")
    result = build(book)
    assert result.returncode != 0
    assert "page: no notebook can be made of it" in result.stderr + result.stdout
    assert said in result.stderr + result.stdout


def test_the_notebook_of_a_page_that_is_gone_or_lost_its_code_is_gone(book: Path) -> None:
    (book / "_toc.yml").write_text("format: jb-book\nroot: words\nchapters: [{file: page}, {file: other}]\n")
    (book / "other.md").write_text(FRONT + PAGE)
    assert build(book).returncode == 0
    made = [
        book / f"_build/{folder}/{name}.ipynb"
        for folder in ("notebooks", "html/_sources")
        for name in ("page", "other")
    ]
    assert all(path.exists() for path in made)
    (book / "_toc.yml").write_text("format: jb-book\nroot: words\nchapters: [{file: page}]\n")
    (book / "page.md").write_text("# A page\n\nWithout code.\n")
    assert build(book).returncode == 0
    assert not any(path.exists() for path in made)
