"""The one style sheet: it has what the pages need of the theme's rules and icons, and pages wait for no other."""

import base64
import io
import re
from pathlib import Path

import pydata_sphinx_theme
import pytest
import tinycss2
from _ext.elements import attribute
from _ext.site.styles import SHEET, marks, needed, with_icons
from _ext.site.theme import PLAIN, Code
from browser import window
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from playwright.sync_api import Browser
from pygments import highlight
from pygments.lexers import PythonLexer
from pygments.styles import get_style_by_name
from pygments.token import Text
from whole_pages import NAMES, READ_THROUGH

STATIC = Path(pydata_sphinx_theme.__file__).parent / "theme" / "pydata_sphinx_theme" / "static"
THEME = (STATIC / "styles" / "pydata-sphinx-theme.css").read_text(encoding="utf-8")

PART = re.compile(r"::?(before|after|placeholder|marker|backdrop|file-selector-button|-[\w-]+)(?![\w-])")


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (".a.b{}", True),
        (".a .gone{}", False),
        ("#a>b{}", True),
        ("#gone{}", False),
        ("a:not(.gone){}", True),
        (".a:is(.gone,.b){}", True),
        (".a:is(.gone,#gone){}", False),
        (":where(.gone) a{}", False),
        ("a:has(.gone){}", False),
        ("a[data-gone='.gone']:nth-child(2)::before{}", True),
        ("@media print{.a{}}", True),
        ("@media print{.gone{}}", False),
        ("@supports (a:b){@media print{.gone{}}}", False),
        ("@font-face{src:url(a)}", True),
        ("@keyframes gone{from{}}", True),
        (r".a\:b{}", False),  # one class of this name
    ],
)
def test_a_rule_stays_if_it_can_match(rule: str, kept: bool) -> None:
    assert bool(needed(rule, {"a", "b"})) is kept


def test_of_several_selectors_those_stay_that_can_match() -> None:
    assert needed(".a,.gone,p{color:red}", {"a"}).strip() == ".a,p{color:red}"


def test_what_left_matches_nothing_on_any_page(html: Path, chromium: Browser) -> None:
    """The browser is the oracle: it is asked for each selector that the theme has and the site has not."""
    kept = selectors(needed(THEME, marks(html)))
    left = sorted(selectors(THEME) - kept)
    assert len(left) > len(kept) > 100
    with window(chromium, reduced_motion="reduce") as (page, _):
        for name in NAMES:
            page.goto(f"{html.as_uri()}/{name}")
            page.evaluate(READ_THROUGH)  # and the live figures were made
            found = page.evaluate("all => all.filter((one) => document.querySelector(one))", left)
            assert found == [], name


def selectors(sheet: str) -> set[str]:
    """Those of a style sheet, without what stands for a part of an element."""
    rules = tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True)
    preludes = [tinycss2.serialize(rule.prelude) for rule in rules if rule.type == "qualified-rule"]
    return {PART.sub("", one).strip() or "*" for prelude in preludes for one in split(prelude)}


def split(prelude: str) -> list[str]:
    """At the commas outside of brackets."""
    return re.split(r",(?![^(]*\))", prelude)


def test_pages_wait_for_one_style_sheet_and_for_formulas_where_they_have_some(html: Path) -> None:
    for name in NAMES:
        page = BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")
        named = [attribute(link, "href").rpartition("/")[2] for link in page.select("link[rel=stylesheet]")]
        assert named == [SHEET, *["formulas.css"] * bool(page.select_one("mjx-container"))], name
    assert {path.name for path in (html / "_static").rglob("*.css")} == {SHEET, "formulas.css"}


def test_every_icon_that_is_shown_is_in_the_font(html: Path) -> None:
    style = (html / "_static" / SHEET).read_text(encoding="utf-8")
    faces = re.findall(r"Font Awesome[^}]*font-weight: ?900[^}]*data:font/woff;base64,([^\")]+)", style)
    (font,) = (TTFont(io.BytesIO(base64.b64decode(face))).getBestCmap() for face in faces)
    shown = {name for page in NAMES for name in re.findall(r"fa-[\w-]+", (html / page).read_text(encoding="utf-8"))}
    codes = {
        name: ord(code)
        for rule, code in re.findall(r'([^{}]*)\{content: ?"([\ue000-\uf8ff])"', style)
        for name in re.findall(r"\.(fa-[\w-]+)", rule)
    }
    icons = shown & codes.keys()
    assert {"fa-magnifying-glass", "fa-download", "fa-bars"} <= icons
    assert {name for name in icons if codes[name] not in font} == set()


def test_a_font_without_the_icon_has_no_place_for_it() -> None:
    rule = '@font-face{src:url(../vendor/fontawesome/webfonts/fa-solid-900.woff2) format("woff2")}'
    sheet = with_icons(rule + '.fa-bars:before{content:"\uf0c9"}', STATIC / "styles")
    (face,) = re.findall(r"base64,([^\"]+)", sheet)
    cmap = TTFont(io.BytesIO(base64.b64decode(face))).getBestCmap()
    assert 0xF0C9 in cmap and 0xF019 not in cmap


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_code_without_an_element_has_the_ink_of_its_block(theme: str) -> None:
    style = get_style_by_name(f"a11y-high-contrast-{theme}")
    assert [style.style_for_token(kind) for kind in PLAIN] == [style.style_for_token(Text)] * len(PLAIN)


def test_code_has_elements_for_its_colours_alone() -> None:
    code = "def f(x):\n    return x.y + 1\n"
    page = BeautifulSoup(highlight(code, PythonLexer(), Code()), "html.parser")
    assert [span.text for span in page.select("span[class]")] == ["def", "f", "return", ".", "+", "1"]
    assert page.text.strip() == code.strip()
