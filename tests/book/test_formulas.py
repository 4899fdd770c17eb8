"""The site's formulas: set when the book is built, by the MathJax that npm published."""

import base64
import io
import json
import re
import shutil
from pathlib import Path
from types import SimpleNamespace

import pages
import pytest
import small_book
from _ext.formulas import mathjax
from _ext.formulas.mathjax import MathJax
from _ext.formulas.page import GLYPH, displayed
from browser import window
from bs4 import BeautifulSoup
from docutils import nodes
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser
from sphinx.errors import ExtensionError
from sphinx.ext.mathjax import html_visit_displaymath

ALL = [source.relative_to(pages.BOOK).with_suffix(".html") for source in pages.sources()]
WITH_FORMULAS = "# A page\n\nIn {math}`\\R^2` the sum is {eq}`sum`.\n\n$$\na \\\\ + \\{b\\}\n$$ (sum)\n"


def page(html: Path, name: Path) -> BeautifulSoup:
    return BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")


@pytest.mark.parametrize("name", ALL, ids=str)
def test_a_formula_needs_no_script_and_is_seen_heard_and_copied(html: Path, name: Path) -> None:
    site = page(html, name)
    assert not re.search("mathjax", " ".join(str(script) for script in site.select("script")), re.I)
    for node in site.select(".math"):
        (seen,), (heard,) = node.select("mjx-container > mjx-math"), node.select("mjx-assistive-mml > math")
        assert seen["aria-hidden"] == "true" and "tabindex" not in str(node)
        assert heard.select_one("semantics > mrow").get_text().strip()
        assert not node.select("mjx-merror, merror")
        assert not re.search(r"\\(?:E|R|KL|Normal|ELBO|eps)(?![A-Za-z])", heard.select_one("annotation").get_text())
    for left in site.select(".math"):
        left.decompose()
    assert not re.search(r"\\[(\[]", site.get_text())


def test_the_style_has_every_glyph_and_no_other_each_in_its_font(html: Path) -> None:
    style = (html / "_static/formulas.css").read_text(encoding="utf-8")
    used = {glyph for name in ALL for glyph in GLYPH.findall((html / name).read_text(encoding="utf-8"))}
    rule = re.compile(r"^mjx-c\.(mjx-c[0-9A-F]+)(?:\.(TEX-\w+))?::before \{[^\"]*content: \"(.+)\";", re.M)
    with MathJax() as running:
        known = {f"{name} {font}".strip() for name, font, _ in rule.findall(running.style)}
    # but for what is drawn from pieces, as wide braces are
    assert {f"{name} {font}".strip() for name, font, _ in rule.findall(style)} == used & known
    faces = re.findall(r"font-family: MJX(\S+);\n  src: url\(\"data:font/woff;base64,([^\"]+)\"", style)
    fonts = {name: TTFont(io.BytesIO(base64.b64decode(file))).getBestCmap() for name, file in faces}
    for _, font, content in rule.findall(style):
        codes = [int(code, 16) for code in content.split("\\")[1:]] or [ord(content)]
        assert {*codes} - {ord("\N{NO-BREAK SPACE}")} <= {*fonts[font or "TEX"]}
    without_glyphs = re.sub('content: "."', "", style)  # braces among them
    assert without_glyphs.count("{") == without_glyphs.count("}")


def test_it_takes_the_place_that_mathjax_gives_it_in_the_browser(html: Path, chromium: Browser) -> None:
    """MathJax itself is the oracle: the same formulas, with its script, on a page in the same font."""
    settings = "window.MathJax = {startup: {typeset: false}}"
    sources = [
        node.select_one("annotation").get_text() for node in page(html, Path("chapters/elbo.html")).select("div.math")
    ]
    with window(chromium, viewport={"width": 1280, "height": 900}, bypass_csp=True) as (tab, _):
        tab.goto((html / "chapters/elbo.html").as_uri())
        wide = "all => all.map(one => [one.getBoundingClientRect().width, one.getBoundingClientRect().height])"
        here = tab.locator("div.math mjx-math").evaluate_all(wide)
        tab.add_script_tag(content=settings)
        tab.add_script_tag(path=mathjax.folder() / "tex-chtml.js")
        tab.evaluate(
            """async (sources) => {
              await MathJax.startup.promise;
              const holders = [...document.querySelectorAll("div.math .formula")];
              for (const [i, holder] of holders.entries()) {
                holder.replaceChildren(await MathJax.tex2chtmlPromise(sources[i], { display: true }));
              }
              MathJax.startup.document.clear();
              MathJax.startup.document.updateDocument();
            }""",
            sources,
        )
        there = tab.locator("div.math mjx-math").evaluate_all(wide)
    assert len(here) == len(there) > 10
    for (width, height), (their_width, their_height) in zip(here, there, strict=True):
        assert width == pytest.approx(their_width, rel=0.01) and height == pytest.approx(their_height, rel=0.02)


@pytest.mark.parametrize("source", ["a", "a\n\n", "a \\\\\n b", "a\n\nb \\\\ c\n\n\n\nd"])
@pytest.mark.parametrize("nowrap", [False, True])
def test_lines_of_a_display_are_those_that_sphinx_sees(source: str, nowrap: bool) -> None:
    node = nodes.math_block(source, source, nowrap=nowrap, number=None)
    translator = SimpleNamespace(
        body=[],
        starttag=lambda *a, **k: "",
        encode=str,
        builder=SimpleNamespace(config=SimpleNamespace(mathjax_display=["", ""])),
    )
    with pytest.raises(nodes.SkipNode):
        html_visit_displaymath(translator, node)
    theirs = "".join(translator.body).replace("</div>", "")
    assert re.sub(r"\s", "", displayed(node)) == re.sub(r"\s", "", theirs)


class TestBuild:
    @pytest.fixture
    def book(self, tmp_path: Path) -> Path:
        book = small_book.write(tmp_path, "_ext.formulas.page", "_ext.site.origin")
        macros = "mathjax3_config: {tex: {macros: {R: '{\\mathbb{R}}'}}}"
        config = book / "_config.yml"
        config.write_text(config.read_text().replace("  config: {", f"  config: {{{macros}, "))
        (book / "page.md").write_text(WITH_FORMULAS)
        return book

    def test_a_formula_that_cannot_be_read_stops_it_by_name(self, book: Path) -> None:
        (book / "words.md").write_text("# Words\n\nHere $\\nothing$ is.\n")
        result = small_book.build(book)
        assert result.returncode != 0 and "words: Undefined control sequence \\nothing: '\\\\nothing'" in result.stderr

    def test_what_was_set_is_kept_and_a_site_has_the_style_of_all_its_pages(
        self, book: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert small_book.build(book).returncode == 0
        first = small_book.page(book, "page").select(".math")
        (kept,) = book.rglob("formulas.json")
        assert len(json.loads(kept.read_text())["formulas"]) == len(first) == 2
        (book / "page.md").write_text(WITH_FORMULAS.replace("the sum", "their sum"))
        (book / "words.md").write_text("# Words\n\nSome, $\\R^2$ among them.\n")
        monkeypatch.setenv("NODE_OPTIONS", "--require /nothing")  # node cannot start
        result = small_book.build(book)
        assert result.returncode == 0, result.stderr
        assert list(map(str, small_book.page(book, "page").select(".math"))) == list(map(str, first))
        style = (book / "_build/html/_static/formulas.css").read_text()
        assert "mjx-c.mjx-c211D.TEX-A::before" in style and "mjx-c.mjx-c7D::before" in style

    def test_numbers_and_references_stay(self, book: Path) -> None:
        assert small_book.build(book).returncode == 0
        built = small_book.page(book, "page")
        assert built.select_one("div.math .eqno").get_text() == "(1)#"
        assert built.select_one('a[href="#equation-sum"]').get_text() == "(1)"


@pytest.mark.parametrize("change", ["altered", "added", "renamed"])
def test_another_file_stops_the_build_and_the_folder_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    package = tmp_path / "sphinx-mathjax-offline"
    files = shutil.copytree(mathjax.folder(), package / "static" / "mathjax")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    with MathJax() as whole:
        assert whole.set("a", display=False).mathml.endswith("<mi>a</mi></math>")
    if change == "altered":
        with (files / "node-main.js").open("a") as script:
            script.write("\n")
    elif change == "added":
        (files / "more.js").touch()
    else:
        (files / "tex-chtml.js").rename(files / "tex.js")
    with pytest.raises(ExtensionError, match=f"{files} holds another MathJax"), MathJax():
        pass
