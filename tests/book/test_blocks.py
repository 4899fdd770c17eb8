"""A new directive is taught in one place, and a block that was never taught is shown by nothing."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pages
import pytest
import small_book
from _ext.blocks import Gather, gate, of_element, refuse_unknown
from _ext.editions import make as editions
from _ext.editions.pages import PrintedPage
from bs4 import BeautifulSoup
from docutils import nodes
from sphinx.errors import ExtensionError

from vae_course.handout.blocks import KINDS, directives, kind_of

ROOT = pages.BOOK.parent
TABLE = "vae_course/handout/blocks.py"
ROW = """\
    "remark": Kind(
        page="closed", notebook="cells", paper="ruled", handout="section",
        node="container.remark", html="details.remark", label="Remark: "
    ),
"""
CONFIG = """\
title: A small book
author: Nobody
only_build_toc_files: true
execute: {{execute_notebooks: 'off'}}
bibtex_bibfiles: [references.bib]
latex: {{latex_engine: xelatex, use_jupyterbook_latex: false}}
sphinx:
  local_extensions:
    {{_ext.formulas.page: {0}, _ext.notebooks.notebook: {0},
     _ext.editions.pdf: {0}, _ext.editions.epub: {0}, _ext.editions.pages: {0}}}
  config:
    epub_identifier: urn:uuid:0
    epub_show_urls: "no"
    html_math_renderer: typeset
    mathjax3_config: {{tex: {{macros: {{R: '{{\\mathbb{{R}}}}'}}}}}}
"""
REMARKS = """
```{remark-start} Why the columns are in $\\R$
```
Beside the rule.
```{code-cell} ipython3
inside = 1 + 1
```
More beside the rule.
```{remark-end}
```

:::{remark} Without a cell
- In a list.
:::

Outside again.
"""
SOURCES = "# Sources\n\n{cite:p}`one`\n\n```{bibliography}\n```\n"
ENTRY = "@book{one, author = {A. One}, title = {First}, publisher = {P}, year = {1999}}\n"


class Copy:
    """What makes the book, with the box in a chapter's exercises; and beside it a small book with the box."""

    def __init__(self, folder: Path) -> None:
        self.root, self.built = folder / "clone", folder / "book" / "_build"
        for name in ("vae_course", "book/_ext", "book/chapters"):
            shutil.copytree(ROOT / name, self.root / name)
        shutil.copy(pages.BOOK / "_config.yml", self.root / "book")
        chapter = self.root / "book" / "chapters" / "elbo.md"
        text = chapter.read_text(encoding="utf-8")
        chapter.write_text(text.replace("\n## Exercises\n", f"\n## Exercises\n{REMARKS}"), encoding="utf-8")
        self.book = small_book.write(folder)
        (self.book / "_config.yml").write_text(CONFIG.format(self.root / "book"))
        (self.book / "page.md").write_text(f"{small_book.FRONT}# A page\n{REMARKS}")
        (self.book / "words.md").write_text(SOURCES)
        (self.book / "references.bib").write_text(ENTRY)
        (self.book / "_static").mkdir()
        shutil.copy(pages.BOOK / "_static" / "manifold.png", self.book / "_static")

    def teach(self) -> None:
        table = self.root / TABLE
        text = table.read_text(encoding="utf-8")
        assert text.count("KINDS = {\n") == 1
        table.write_text(text.replace("KINDS = {\n", f"KINDS = {{\n{ROW}"), encoding="utf-8")

    def run(self, *command: str | Path) -> subprocess.CompletedProcess:
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(self.root), str(ROOT)])}
        return subprocess.run(command, cwd=self.root, env=environment, capture_output=True, text=True, check=False)

    def build(self, *builder: str) -> subprocess.CompletedProcess:
        return self.run(Path(sys.executable).with_name("jupyter-book"), "build", *builder, self.book)

    def handout(self) -> subprocess.CompletedProcess:
        return self.run(sys.executable, "-m", "vae_course", "assignment", "elbo", "--student", "out")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    """Before it was taught, the book and the hand-out named it; now all are made."""
    copy = Copy(tmp_path_factory.mktemp("taught"))
    for made, where in ((copy.build(), "page"), (copy.handout(), "elbo.md")):
        assert made.returncode != 0
        assert f"{where}: {{remark-start}} is a kind of block that was never taught" in made.stdout + made.stderr
    assert not (copy.built / "html" / "page.html").exists() and not (copy.root / "out").exists()
    copy.teach()
    for builder in ((), ("--builder", "latex"), ("--builder", "custom", "--custom-builder", "epub")):
        made = copy.build(*builder)
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    return copy


class TestTaught:
    def test_is_closed_on_the_page_with_what_it_holds(self, taught: Copy) -> None:
        page = BeautifulSoup((taught.built / "html" / "page.html").read_text(encoding="utf-8"), "html.parser")
        first, second = page.select("details.remark")
        assert "Remark: Why the columns" in first.summary.get_text() and "open" not in first.attrs
        assert "inside = 1 + 1" in first.select_one("div.cell").get_text() and "More beside" in first.get_text()
        assert "In a list." in second.get_text()
        assert "Outside" not in first.get_text() + second.get_text()

    def test_is_cells_of_the_notebook(self, taught: Copy) -> None:
        cells = nbformat.read(taught.built / "notebooks" / "page.ipynb", as_version=4).cells
        first = next(i for i, cell in enumerate(cells) if cell.source.startswith("### Remark: Why"))
        assert [cell.source for cell in cells[first:]] == [
            "### Remark: Why the columns are in ${\\mathbb{R}}$\n\nBeside the rule.",
            "inside = 1 + 1",
            "More beside the rule.",
            "---",
            "### Remark: Without a cell\n\n- In a list.",
            "---",
            "Outside again.",
        ]
        assert cells[first + 1].cell_type == "code" and "jupyter" not in cells[first + 1].metadata

    def test_has_a_rule_beside_it_on_paper(self, taught: Copy) -> None:
        (path,) = (taught.built / "latex").glob("*.tex")
        assert path.name == f"{editions.NAME}.tex"
        _, first, second = path.read_text(encoding="utf-8").split(r"\begin{sphinxuseclass}{ruled}")
        for words in ("Why the columns", r"{\mathbb{R}}", "Beside", "More beside"):
            assert words in first
        end = second.partition("Outside again")[0]
        assert "In a list." in end and r"\end{sphinxuseclass}" in end
        assert r"\newenvironment{sphinxclassruled}" in path.read_text(encoding="utf-8")

    def test_has_a_rule_beside_it_in_the_epub(self, taught: Copy) -> None:
        page = BeautifulSoup((taught.built / "epub" / "page.xhtml").read_text(encoding="utf-8"), "html.parser")
        first, second = page.select("div.ruled")
        assert "Why the columns" in first.get_text() and first.find("math") and "More beside" in first.get_text()
        assert "In a list." in second.get_text() and page.find("details") is None

    def test_is_cells_of_the_handout(self, taught: Copy) -> None:
        made = taught.handout()
        assert made.returncode == 0, made.stderr
        cells = nbformat.read(taught.root / "out" / "elbo.ipynb", as_version=4).cells
        assert [cell.source for cell in cells[1:7]] == [
            "### Remark: Why the columns are in ${\\mathbb{R}}$",
            "Beside the rule.",
            "inside = 1 + 1",
            "More beside the rule.",
            "### Remark: Without a cell\n\n- In a list.",
            "Outside again.",
        ]


def section(*parts: nodes.Node) -> nodes.document:
    """A page of one section, with the gates gathered."""
    settings = SimpleNamespace(env=SimpleNamespace(docname="page"), language_code="en")
    document = nodes.document(settings, SimpleNamespace())
    document += nodes.section("", *parts)
    Gather(document).apply()
    return document


def start(title: str) -> nodes.container:
    return nodes.container("", nodes.rubric("", title), gate="remark")


def words(text: str) -> nodes.paragraph:
    return nodes.paragraph("", text)


def test_each_box_takes_what_stands_between_its_gates() -> None:
    end = partial(gate, gate="remark")
    page = section(words("a"), start("One"), words("b"), words("c"), end(), words("d"), start("Two"), end(), words("e"))
    assert [node.astext() for node in page[0]] == ["a", "One\n\nb\n\nc", "d", "Two", "e"]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([start("One"), words("b")], "page: the {remark-start} 'One' has no {remark-end}"),
        ([start("One"), start("Two"), gate(gate="remark")], "page: the {remark-start} 'One' has no {remark-end}"),
        ([start("One"), nodes.section("", gate(gate="remark"))], "page: the {remark-start} 'One' has no {remark-end}"),
        ([start("One"), gate(gate="aside")], "page: the {remark-start} 'One' has no {remark-end}"),
        ([words("a"), gate(gate="remark")], "page: a {remark-end} ends nothing"),
    ],
    ids=["no end", "another inside", "a heading inside", "another's end", "no start"],
)
def test_gates_that_do_not_meet_are_named(parts: list[nodes.Node], said: str) -> None:
    with pytest.raises(ExtensionError, match=re.escape(said)):
        section(*parts)


def test_every_block_of_every_page_is_named_at_once(tmp_path: Path) -> None:
    texts = {"one": "# A\n\n:::{tip}\n1. ```{tab-set}\n   ```\n:::\n", "two": "```{margin} So\n```\n"}
    for name, text in texts.items():
        (tmp_path / f"{name}.md").write_text(text)
    env = SimpleNamespace(doc2path=lambda name: str(tmp_path / f"{name}.md"))
    with pytest.raises(ExtensionError, match=r"one: \{tab-set\} .*never taught.*\n.*two: \{margin\} .*never taught"):
        refuse_unknown(None, env, ["one", "two"])


def test_directives_are_found_at_every_depth_and_not_in_code() -> None:
    text = (
        "::::{tip} A\n:::{note}\n- ```{math}\n  x\n  ```\n:::\n::::\n````md\n```{shown}\n```\n````\n"
        '```{code-cell}\n"""\n:::{shown}\n"""\n```\n> ```{table} T\n> ```\nIn words: ```{shown}```\n'
    )
    assert list(directives(text)) == ["tip", "note", "math", "code-cell", "table"]


def test_a_title_with_a_backtick_is_refused_where_it_opens_nothing(tmp_path: Path) -> None:
    page = tmp_path / "one.md"
    env = SimpleNamespace(doc2path=lambda name: str(page))
    shown = "````md\n```{deeper} of `vae`\n````\n"
    page.write_text(f"# A\n\n{shown}:::{{deeper}} of `vae`\n:::\n")
    refuse_unknown(None, env, ["one"])
    page.write_text("# A\n\n```{deeper-start} of `vae`\n```\n```{deeper-end}\n```\n")
    with pytest.raises(ExtensionError, match=r"one: '```\{deeper-start\} of `vae`' opens no block"):
        refuse_unknown(None, env, ["one"])


def test_gates_stand_around_what_holds_cells_alone() -> None:
    assert kind_of("exercise-start", "page") is KINDS["exercise"]
    with pytest.raises(ValueError, match=r"page: \{quiz-start\} .*never taught"):
        kind_of("quiz-start", "page")


@pytest.mark.parametrize("field", ["page", "notebook", "paper", "handout"])
def test_a_form_that_nothing_makes_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"{field}: 'otter', expected one of"):
        replace(KINDS["quiz"], **{field: "otter"})


def test_paper_has_a_treatment_for_each_kind() -> None:
    assert [kind for kind in KINDS.values() if kind.paper != "given" and not hasattr(PrintedPage, kind.paper)] == []


def test_the_built_pages_have_the_blocks_of_their_sources(html: Path) -> None:
    """Known by their directives there and by their elements here, each kind is found as often."""
    names = ("exercise", "solution", "starter", "quiz", "prf:theorem", "prf:proof")
    for source in pages.sources():
        page = html / source.relative_to(pages.BOOK).with_suffix(".html")
        article = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")
        kinds = Counter(of_element(node) for node in article.find_all("div"))
        written = Counter(name.removesuffix("-start") for name in directives(source.read_text(encoding="utf-8")))
        assert {name: kinds[KINDS[name]] for name in names} == {name: written[name] for name in names}
