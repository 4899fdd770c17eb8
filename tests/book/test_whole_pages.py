"""Every whole page over http, in both themes, on narrow and wide screens, and in large type."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import whole_pages
from axe_playwright_python.sync_playwright import Axe
from browser import window
from playwright.sync_api import Browser, Page
from whole_pages import CUT, FORMULAS, HIDDEN, PICTURES, READ_THROUGH

WIDE, NARROW = 1280, 390
USUAL, LARGE = "16px", "32px"  # the type's size: as browsers have it, and at 200 %


@pytest.fixture(scope="module", params=whole_pages.NAMES)
def page(request, chromium: Browser, server: str) -> Iterator[Page]:
    """A page over http, opened once for all that is looked at there."""
    with window(chromium, reduced_motion="reduce") as (page, faults):
        page.goto(f"{server}/{request.param}")
        yield page
        assert faults == []


def resize(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.evaluate(READ_THROUGH)


def violations(page: Page, theme: str, *without: str) -> dict[str, list[str]]:
    """The elements at fault in a theme, by axe's rule. Glyphs are hidden from those who listen; their MathML is not."""
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    context = {"exclude": [["mjx-math"], *([part] for part in without)]}
    found = Axe().run(page, context=context, options={"preload": False, "resultTypes": ["violations"]}).response
    return {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in found["violations"]}


def test_formulas_and_pictures_are_there(page: Page) -> None:
    assert page.evaluate(FORMULAS) + page.evaluate(PICTURES) == []


@pytest.mark.parametrize(("width", "theme", "other"), [(WIDE, "light", "dark"), (NARROW, "dark", "light")])
def test_nobody_is_shut_out(page: Page, width: int, theme: str, other: str) -> None:
    """The article, which takes long, is looked at in each theme and at each width; what is around it, in all four."""
    resize(page, width)
    assert violations(page, theme) == {}
    assert violations(page, other, "article") == {}


@pytest.mark.parametrize(("width", "size"), [(WIDE, USUAL), (NARROW, USUAL), (WIDE, LARGE)])
def test_nothing_is_cut(page: Page, width: int, size: str) -> None:
    resize(page, width)
    page.evaluate("size => { document.documentElement.style.fontSize = size; }", size)
    page.evaluate(READ_THROUGH)
    cut = page.evaluate(CUT)
    page.evaluate("document.documentElement.style.fontSize = ''")
    assert cut == []


def test_every_page_is_looked_at_here(html: Path) -> None:
    built = {path.relative_to(html).as_posix() for path in html.rglob("*.html") if "_static" not in path.parts}
    assert built - {"404.html"} == set(whole_pages.NAMES)


PLANTED = """<!DOCTYPE html><html lang="en"><title>A page</title><main><h1>A page</h1>
<span class="math">\\(x\\)</span>
<span class="math"><mjx-container><mjx-math><mjx-merror>y</mjx-merror></mjx-math>
<math><msup><mi>x</mi></msup></math></mjx-container></span>
<p style="color: #999">pale</p><p>a <code>\\(</code></p>
<div style="width: 3em; overflow: hidden"><p style="white-space: nowrap">words that are cut</p></div>
<div tabindex="0" style="width: 3em; overflow: auto"><p style="white-space: nowrap">words one can scroll to</p></div>
<p style="margin-left: 99%; white-space: nowrap">far out</p>
<article><p hidden>never seen</p>
<svg role="img" aria-label="nothing" width="0"></svg><img src="gone.png" alt="gone"></article></main></html>"""


def test_planted_faults_are_found(chromium: Browser) -> None:
    with window(chromium) as (page, _):
        page.set_content(PLANTED)
        formulas = [fault.partition(":")[0] for fault in page.evaluate(FORMULAS)]
        assert formulas == ["not typeset", "no MathML", "an error", "TeX in the text"]
        pictures = [fault.partition(":")[0] for fault in page.evaluate(PICTURES)]
        assert pictures == ["no picture", "a drawing without a place"]
        assert page.evaluate(HIDDEN) == ["never seen"]
        assert page.evaluate(CUT) == ["cut by DIV : words that are cut", "beyond the page: far out"]
        assert violations(page, "light").keys() == {"color-contrast"}
