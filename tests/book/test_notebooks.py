"""The notebooks of the built book."""

import ast
import re
from collections import Counter
from pathlib import Path

import nbformat
import pages
import pytest
import yaml
from _ext.notebooks.cells import GLUE
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from nbformat import NotebookNode

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
    """What a page says, its captions included: the article without cells, their outputs and the editions it offers."""
    page = (html / source.relative_to(pages.BOOK).with_suffix(".html")).read_text(encoding="utf-8")
    article = BeautifulSoup(page, "html.parser").find("article")
    for caption in article.select("figcaption"):
        caption.find_parent("div", class_="cell").insert_after(caption.extract())
    for node in article.select("div.cell, .starter, .headerlink, .toctree-wrapper, .downloads, script, wbr"):
        node.decompose()
    for node in article.select("code > .pre"):
        node.unwrap()
    article.smooth()  # what a wbr parted is one word
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
        assert button["download"] == f"{source.stem}.ipynb"
        assert nbformat.read(page.parent / button["href"], as_version=4) == notebook_of(html, source)


def test_pages_without_code_and_for_the_site_alone_have_none(html: Path) -> None:
    folder = html.parent / "notebooks"
    made = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.ipynb")}
    assert made == {source.relative_to(pages.BOOK).with_suffix("").as_posix() for source in WITH_CODE}
    for source in set(pages.sources()) - set(WITH_CODE):
        page = (html / source.relative_to(pages.BOOK).with_suffix(".html")).read_text(encoding="utf-8")
        assert BeautifulSoup(page, "html.parser").select(".btn-download-notebook-button") == []
