"""What is deeper is closed when a page opens; a link to it or into it opens it; on paper it is open."""

from collections.abc import Iterator
from pathlib import Path

import pages
import pytest
from browser import window
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, Page

INSIDE = "document.getElementById(decodeURIComponent(location.hash.slice(1)))"
CHAPTERS = [f"chapters/{name}.html" for name in pages.FIRST_CHAPTERS]


@pytest.fixture(params=CHAPTERS)
def inside(request, html: Path) -> tuple[str, list[str]]:
    """A page, and the names of what can be linked to in its Deeper sections."""
    page = BeautifulSoup((html / request.param).read_text(encoding="utf-8"), "html.parser")
    sections = page.select("details.deeper")
    assert sections and not [each for each in sections if each.has_attr("open")]
    return request.param, [str(node["id"]) for each in sections for node in each.select("[id]:not(svg *)")]


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    with window(chromium, viewport={"width": 1280, "height": 800}, reduced_motion="reduce") as (page, faults):
        yield page
        assert faults == []


def seen(page: Page) -> bool:
    """Whether what the address names is open and on the screen."""
    page.wait_for_timeout(100)
    return page.evaluate(
        f"""() => {{
          const node = {INSIDE}, {{ top }} = node.getBoundingClientRect();
          return node.checkVisibility() && !node.closest("details:not([open])") && top > -5 && top < innerHeight;
        }}"""
    )


def test_a_link_into_it_opens_it_again_and_again(inside: tuple[str, list[str]], page: Page, html: Path) -> None:
    name, ids = inside
    if not ids:
        pytest.fail(f"{name}: nothing in its Deeper sections can be linked to")
    page.goto(f"{html.as_uri()}/{name}#{ids[-1]}")
    assert seen(page)
    page.evaluate("document.querySelectorAll('details.deeper').forEach((each) => { each.open = false; })")
    page.evaluate(
        "id => { document.querySelector('article h1').innerHTML += `<a id='again' href='#${id}'>there</a>`; }", ids[-1]
    )
    page.locator("#again").click()
    assert seen(page)
    page.evaluate("id => { location.hash = id; }", ids[0])
    assert seen(page)


def test_on_paper_it_is_open(page: Page, html: Path) -> None:
    page.goto(f"{html.as_uri()}/{CHAPTERS[1]}")
    page.emulate_media(media="print")
    hidden = (
        "() => [...document.querySelectorAll('details.deeper > :last-child')].filter((one) => !one.checkVisibility())"
    )
    assert page.evaluate(hidden) == []
