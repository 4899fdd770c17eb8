"""Every notebook, opened in a real JupyterLab: what its Markdown becomes there, and what is folded away."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pages
import pytest
from browser import window
from lab import WITHIN, serve
from markdown_it import MarkdownIt
from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell, new_notebook
from playwright.sync_api import Browser

NAMES = [source.relative_to(pages.BOOK).with_suffix("").as_posix() for source in pages.with_notebook()]
FENCED = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
FORMULA = re.compile(r"\$\$.*?\$\$|(?<!\\)\$(?:[^$\\]|\\.)+\$", re.DOTALL)
RAW = re.compile(r"\{[\w:-]+\}|:::|```|\$\$|\\begin\{|\*\*|\]\(|</?\w+>|Math input error")
# What is on the screen of each cell. `prose` is its text without formulas and code; a cell of code has none.
SEEN = """() => [...document.querySelectorAll('.jp-Notebook .jp-Cell')].map((cell) => {
  const rendered = cell.querySelector('.jp-RenderedMarkdown');
  const all = (selector) => rendered ? [...rendered.querySelectorAll(selector)] : [];
  const prose = rendered?.cloneNode(true);
  prose?.querySelectorAll('mjx-container, code, pre').forEach((node) => node.remove());
  return {
    prose: prose?.textContent ?? null,
    code: rendered ? null : cell.innerText,
    collapsed: Boolean(cell.querySelector('.jp-Cell-inputWrapper .jp-Placeholder')),
    formulas: all('mjx-container').length,
    errors: all('mjx-merror, mjx-container [style*="red"], .jp-RenderedText').map((node) => node.textContent),
    headings: all('h1, h2, h3, h4').map((node) => node.localName),
    links: all('a:not(.jp-InternalAnchorLink)').map((node) => node.href),
    images: all('img').map((node) => [node.src, node.naturalWidth]),
  };
})"""
READY = """([cells, rendered, formulas]) => document.querySelectorAll('.jp-Notebook .jp-Cell').length === cells
  && document.querySelectorAll('.jp-Notebook .jp-RenderedMarkdown:not(:empty)').length === rendered
  && document.querySelectorAll('.jp-RenderedMarkdown mjx-container').length >= formulas
  && [...document.querySelectorAll('.jp-RenderedMarkdown img')].every((image) => image.complete)"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, html: Path) -> Iterator[tuple[str, Path]]:
    """Where notebooks are seen, as an address to put a name into; and the folder in which they are."""
    folder = tmp_path_factory.mktemp("lab") / "notebooks"
    shutil.copytree(html.parent / "notebooks", folder)
    with serve(folder, tmp_path_factory.mktemp("own")) as (address, token):
        yield f"{address}doc/tree/{{}}.ipynb?token={token}", folder


def formulas(cell: NotebookNode) -> int:
    return len(FORMULA.findall(FENCED.sub("", cell.source))) if cell.cell_type == "markdown" else 0


def look(chromium: Browser, lab: tuple[str, Path], name: str) -> tuple[NotebookNode, list[dict]]:
    """A notebook, and what is seen of each of its cells."""
    address, folder = lab
    notebook = nbformat.read(folder / f"{name}.ipynb", as_version=4)
    with window(chromium) as (page, asked):
        page.goto(address.format(name))
        rendered = sum(cell.cell_type == "markdown" for cell in notebook.cells)
        wanted = [len(notebook.cells), rendered, sum(map(formulas, notebook.cells))]
        page.wait_for_function(READY, arg=wanted, timeout=1_000 * WITHIN)
        seen = page.evaluate(SEEN)
        # A server that is told to end while a kernel starts does not end.
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for(timeout=1_000 * WITHIN)
    assert [fault for fault in asked if fault.startswith("asked another host")] == []
    return notebook, seen


def faults(seen: list[dict]) -> list[str]:
    """What a reader of the rendered Markdown would stumble over, a sentence for each."""
    found = []
    for cell in seen:
        found += [f"left over: {mark}" for mark in RAW.findall(cell["prose"] or "")]
        found += [f"a formula is wrong: {text}" for text in cell["errors"]]
        found += [f"a link leads nowhere: {link}" for link in cell["links"] if not link.startswith("https://")]
        found += [f"a picture is missing: {source}" for source, width in cell["images"] if not width]
    return found


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_reads_as_it_was_written(name: str, chromium: Browser, lab: tuple[str, Path]) -> None:
    notebook, seen = look(chromium, lab, name)
    assert faults(seen) == []
    parser = MarkdownIt("commonmark")
    for cell, shown in zip(notebook.cells, seen, strict=True):
        if cell.cell_type == "markdown":
            tokens = parser.parse(cell.source)
            assert shown["headings"] == [token.tag for token in tokens if token.type == "heading_open"]
            assert shown["formulas"] == formulas(cell)
        else:
            assert shown["collapsed"] == cell.metadata.get("jupyter", {}).get("source_hidden", False)
            assert " ".join(cell.source.splitlines()[0].split()) in " ".join(shown["code"].split())
    stubs = [cell for cell in seen if cell["code"] and "raise NotImplementedError" in cell["code"]]
    source = (pages.BOOK / f"{name}.md").read_text(encoding="utf-8")
    assert len(stubs) == len(re.findall(r"^```\{starter\}", source, re.MULTILINE))
    assert not any(cell["collapsed"] for cell in stubs)


PLANTED = {
    "See {doc}`elbo`.": "left over: {doc}",
    ":::{note}": "left over: :::",
    r"Two dollars: \$\$.": "left over: $$",
    "Bold that is none: ** so **.": "left over: **",
    "&lt;details>": "left over: <details>",
    r"$\frac{1}$": "a formula is wrong: ",
    r"$\KL$": "a formula is wrong: ",
    "[here]()": "a link leads nowhere: ",
    "[there](elbo.md)": "a link leads nowhere: http://127.0.0.1",
    "![A picture](none.png)": "a picture is missing: http://127.0.0.1",
}


def test_every_fault_is_seen(chromium: Browser, lab: tuple[str, Path]) -> None:
    """Planted, since the notebooks of the book have none."""
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    planted = new_notebook(cells=[new_markdown_cell(markdown) for markdown in PLANTED], metadata=kernel)
    nbformat.write(planted, lab[1] / "planted.ipynb")
    _, seen = look(chromium, lab, "planted")
    for cell, said in zip(seen, PLANTED.values(), strict=True):
        assert faults([cell])[0].startswith(said)
