"""A book of a page with code and a page of words, which the book's own extensions build outside of any repository."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pages
from bs4 import BeautifulSoup

CONFIG = """\
title: A small book
only_build_toc_files: true
execute: {{execute_notebooks: 'off'}}
html: {{announcement: Synthetic digits.}}
sphinx:
  local_extensions: {{{extensions}}}
  config: {{suppress_warnings: [etoc.toctree], github_repository: {repository!r}}}
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
# What a build imports of others, which takes most of its time: each is forked from a process that has it already.
LIBRARIES = [
    "jupyter_book.cli.main",
    "jupyter_book.sphinx",
    "matplotlib.pyplot",
    "myst_nb.sphinx_ext",
    "nbclient",
    "notfound.extension",
    "sphinx_book_theme",
    "sphinx_external_toc",
    "sphinx_thebe",
    "sphinxcontrib.bibtex",
    "sphinxext.opengraph",
    "torch",
]
AUTHOR = ("-c", "user.name=a", "-c", "user.email=a@b")


def write(folder: Path, *extensions: str, repository: str = "") -> Path:
    """Write the book's sources; the folder that holds them."""
    book = folder / "book"
    book.mkdir(exist_ok=True)
    local = ", ".join(f"{name}: {pages.BOOK}" for name in extensions)
    (book / "_config.yml").write_text(CONFIG.format(extensions=local, repository=repository))
    (book / "_toc.yml").write_text("format: jb-book\nroot: page\nchapters: [{file: words}]\n")
    (book / "page.md").write_text(FRONT + PAGE)
    (book / "words.md").write_text("# Words\n\nNo code.\n")
    return book


def build(book: Path) -> subprocess.CompletedProcess:
    """Build its site, with warnings as errors."""
    return jupyter_book("build", "-W", "-n", book)


def jupyter_book(*arguments: str | Path) -> subprocess.CompletedProcess:
    """The command `jupyter-book`, in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    with TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        command = ["jupyter-book", *map(str, arguments)]
        process = context.Process(target=_run, args=(command, dict(os.environ), *said))
        process.start()
        process.join()
        assert process.exitcode is not None  # it has come to its end
        return subprocess.CompletedProcess(command, process.exitcode, *(path.read_text("utf-8") for path in said))


def _run(command: list[str], environment: dict[str, str], stdout: Path, stderr: Path) -> None:
    for number, path in enumerate((stdout, stderr), 1):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT), number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = command
    from jupyter_book.cli.main import main

    main()


def page(book: Path, name: str) -> BeautifulSoup:
    """A page of its built site."""
    return BeautifulSoup((book / f"_build/html/{name}.html").read_text(encoding="utf-8"), "html.parser")


def commit(book: Path) -> str:
    """Commit the book, and a package beside it, to a new repository; the commit."""
    (book.parent / "vae_lib").mkdir()
    (book.parent / "vae_lib" / "__init__.py").touch()
    for arguments in (["init", "--quiet"], ["add", "."], [*AUTHOR, "commit", "--quiet", "-m", "a"]):
        subprocess.run(["git", *arguments], cwd=book.parent, check=True)
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=book, capture_output=True, text=True, check=True)
    return head.stdout.strip()
