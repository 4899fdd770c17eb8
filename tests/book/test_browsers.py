"""Every whole page in Chromium from its folder and in Firefox; after Back, without scripts, and on paper."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import live_pages
import pytest
import whole_pages
from browser import window
from firefox import Firefox
from playwright.sync_api import Browser, Page
from whole_pages import COLOURS, FIGURES, FORMULAS, HIDDEN, OPERATE, PICTURES

LONGEST = {"chapters/elbo.html": 18, "chapters/mnist.html": 28}  # pages of paper


@pytest.fixture(scope="module", params=whole_pages.NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def page(name: str, chromium: Browser, html: Path) -> Iterator[Page]:
    """A page in Chromium, from its folder."""
    with window(chromium) as (page, faults):
        page.goto(f"{html.as_uri()}/{name}")
        yield page
        assert faults == []


@pytest.fixture(scope="module")
def bare(name: str, chromium: Browser, html: Path) -> Iterator[Page]:
    """The same without scripts."""
    with window(chromium, java_script_enabled=False) as (page, faults):
        page.goto(f"{html.as_uri()}/{name}")
        yield page
        assert faults == []


def test_formulas_and_pictures_are_there(page: Page) -> None:
    assert page.evaluate(FORMULAS) + page.evaluate(PICTURES) == []


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_in_firefox_nothing_fails_and_formulas_and_pictures_are_there(
    firefox: Firefox, name: str, html: Path, server: str, scheme: str
) -> None:
    firefox.open(f"{server if scheme == 'http' else html.as_uri()}/{name}")
    assert firefox.evaluate(FORMULAS) + firefox.evaluate(PICTURES) == []
    found, firefox.faults[:] = list(firefox.faults), []
    assert found == []


def test_without_scripts_formulas_pictures_and_solutions_can_be_read(bare: Page) -> None:
    assert bare.evaluate(FORMULAS) + bare.evaluate(PICTURES) + bare.evaluate(HIDDEN) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_without_scripts_a_page_is_light_and_so_are_all_its_parts(page: Page, bare: Page, scheme: str) -> None:
    page.emulate_media(color_scheme="light")
    bare.emulate_media(color_scheme=scheme)
    usual, colours = page.evaluate(COLOURS), bare.evaluate(COLOURS)
    both = usual.keys() & colours.keys()
    assert {what: colours[what] for what in both} == {what: usual[what] for what in both}


def test_on_paper_every_heading_is_there(page: Page, name: str, tmp_path: Path) -> None:
    paper = tmp_path / "page.pdf"
    paper.write_bytes(page.pdf(format="A4"))
    text = subprocess.run(["pdftotext", paper, "-"], capture_output=True, text=True, check=True).stdout
    words = page.eval_on_selector_all(
        "article :is(h1, h2, h3)", "all => all.map((node) => node.firstChild.textContent)"
    )
    printed = "".join(text.split())
    assert [each for each in words if "".join(each.split()) not in printed] == []
    assert text.count("\f") <= LONGEST.get(name, 60)


def has_controls(figures: list[dict]) -> bool:
    """Whether a page has any of which a browser could put back what it said; some figures are dragged only."""
    return any(figure["controls"] for figure in figures)


class TestControlsAgreeWithTheirFigure:
    """A browser puts back what a form said when the page was left; a figure starts anew."""

    @pytest.fixture(params=live_pages.NAMES)
    def address(self, request, server: str) -> str:
        return f"{server}/{request.param}"

    def test_in_chromium(self, chromium: Browser, address: str) -> None:
        with window(chromium) as (page, faults):
            agree(address, page.goto, page.evaluate, page.reload, page.go_back)
            assert faults == []

    def test_in_firefox(self, firefox: Firefox, address: str) -> None:
        agree(address, firefox.open, firefox.evaluate, firefox.reload, firefox.back)


def agree(address: str, go: Callable, evaluate: Callable, reload: Callable, back: Callable) -> None:
    go(address)
    fresh = evaluate(FIGURES)
    evaluate(OPERATE)
    assert (evaluate(FIGURES) != fresh) == has_controls(fresh)
    reload()
    assert evaluate(FIGURES) == fresh, "after a reload"
    evaluate(OPERATE)
    go("about:blank")
    back()
    assert evaluate(FIGURES) == fresh, "after Back"


def test_planted_faults_are_found_in_firefox(firefox: Firefox, tmp_path: Path) -> None:
    (tmp_path / "planted.html").write_text(
        """<!DOCTYPE html><title>A page</title><link rel="stylesheet" href="gone.css"><script src="gone.js"></script>
        <style>@font-face { font-family: gone; src: url(gone.woff2) } p { font-family: gone }</style><p>\\(x\\)</p>
        <img src="gone.png"><img src="https://example.org/a.png">
        <script>console.error("logged"); throw Error("thrown");</script>"""
    )
    firefox.open((tmp_path / "planted.html").as_uri())
    assert [fault.partition(":")[0] for fault in firefox.evaluate(FORMULAS)] == ["no font gone", "TeX in the text"]
    assert len(firefox.evaluate(PICTURES)) == 2
    for planted in ("gone.css", "gone.js", "gone.woff2", "gone.png", "example.org/a.png", "logged", "thrown"):
        assert any(planted in fault for fault in firefox.faults), planted
    firefox.faults.clear()
