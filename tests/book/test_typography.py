"""The line of type: numbers written one way, columns that line up, and pages that fit a phone and a desk."""

import re
from pathlib import Path

import pages
import pytest
from _ext.elements import attribute, classes
from browser import window
from bs4 import BeautifulSoup, Tag
from playwright.sync_api import Browser, Page
from whole_pages import READ_THROUGH

PAGES = [source.relative_to(pages.BOOK).with_suffix(".html").as_posix() for source in pages.sources()]
# What is not prose; years of what is cited; and live figures, which have tests of their own.
NOT_PROSE = "pre, code, script, style, svg, .math, mjx-container, .live-figure, a[href*='bibliography'], .citation"
ONE_WAY = {
    r"\d\s+%": "a space before %",
    r"(?<![\w\-–.])-(?=\.?\d)": "a hyphen for a minus",
    r"(?<![\w.,\-])\d{4,}(?![\w\-])": "thousands without a comma",
}
NUMBER = re.compile(r"[−<>≈~]?[\d.,]+(\s*±\s*[\d.,]+)?%?")


def number_faults(page: str) -> list[str]:
    """Numbers of a page's text that are not written as all others are."""
    article = BeautifulSoup(page, "html.parser").find("article")
    assert isinstance(article, Tag)
    for node in article.select(NOT_PROSE):
        node.replace_with("◊")
    text = " ".join(article.get_text().split())
    return [
        f"{fault}: {text[max(0, found.start() - 20) : found.end() + 10]}"
        for pattern, fault in ONE_WAY.items()
        for found in re.finditer(pattern, text)
    ]


def table_faults(page: str) -> list[str]:
    """Headers that say nothing, and columns of numbers that are not set flush right."""
    faults = []
    for table in BeautifulSoup(page, "html.parser").select("article table:not(.dataframe, .live-figure table)"):
        heads = table.select("thead th")
        for head in heads:
            if not re.sub(r"\\\(.*?\\\)", "", head.get_text()).strip():
                faults.append(f"a header without words: {head}")
        for i, head in enumerate(heads):
            cells = [row.find_all(["td", "th"])[i] for row in table.select("tbody tr")]
            words = [cell.get_text().strip() for cell in cells]
            is_numbers = all(NUMBER.fullmatch(word) or word == "–" for word in words) and set(words) != {"–"}
            if is_numbers and not all("text-right" in classes(cell) for cell in [head, *cells]):
                faults.append(f"numbers not flush right: {head.get_text()}, {words}")
    return faults


@pytest.mark.parametrize("name", PAGES)
class TestMarkup:
    def test_numbers_are_written_one_way(self, name: str, html: Path) -> None:
        assert number_faults((html / name).read_text(encoding="utf-8")) == []

    def test_tables_have_headers_and_their_numbers_line_up(self, name: str, html: Path) -> None:
        assert table_faults((html / name).read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("planted", ["81 %", "-0.01", "(-.5)", "from 250000", "1717 nats"])
def test_a_number_written_another_way_is_found(planted: str) -> None:
    assert len(number_faults(f"<article><p>At {planted} so. In 12.5%, −0.01, 1,717 of 784-400-20.</p></article>")) == 1


def test_a_bare_header_and_a_ragged_column_are_found() -> None:
    row = "<tr><td>a</td><td>1.0 ± 0.1</td></tr>"
    head = r'<th><span class="math">\(R\)</span></th><th>rate</th>'
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{row}</tbody></table>"
    found = table_faults(f"<article>{table}</article>")
    assert [fault.split(":")[0] for fault in found] == ["a header without words", "numbers not flush right"]


def test_the_bibliography_has_the_labels_of_the_text(html: Path) -> None:
    """Each link to an entry says what the entry's label says, but for brackets."""
    listed = BeautifulSoup((html / "appendix/bibliography.html").read_text(encoding="utf-8"), "html.parser")
    labels = {attribute(entry, "id"): re.sub(r"[\[\],]", "", entry.select(".label")[0].get_text()) for entry in
              listed.select(".citation")}  # fmt: skip
    cited = 0
    for name in PAGES:
        page = BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")
        for link in page.select("article a[href*='bibliography.html#']"):
            words = link.get_text().replace(",", "")
            assert labels[attribute(link, "href").partition("#")[2]].endswith(words), (name, words)
            cited += 1
    assert cited > len(labels)


READY = r"""async () => {
  for (const box of document.querySelectorAll("details")) box.open = true;
  for (const box of document.querySelectorAll(".toggle-hidden")) box.classList.remove("toggle-hidden");
  await document.fonts.ready;
}"""
# What is cut or reaches over the text's right edge, words in two parts, lines that begin with what belongs to the line
# before, and small type. Live figures and displayed formulas are not this file's.
FAULTS = r"""(desk) => {
  const faults = [];
  const article = document.querySelector("article");
  const skip = "script, style, pre, .live-figure, .math, mjx-container";
  const seen = (node) => node.getClientRects().length > 0 && getComputedStyle(node).visibility !== "hidden";
  const words = (node) => node.textContent.trim().replace(/\s+/g, " ").slice(0, 60);
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth) faults.push(`the page scrolls sideways: ${root.scrollWidth}`);
  const boxes = article.querySelectorAll("pre, .pst-scrollable-table-container, .book-figure-frame");
  for (const box of boxes) {
    if (seen(box) && desk && box.scrollWidth > box.clientWidth + 1) {
      faults.push(`wider than the text: ${box.scrollWidth} of ${box.clientWidth}: ${words(box)}`);
    }
  }
  for (const caption of article.querySelectorAll("table caption")) {
    if (seen(caption) && caption.offsetWidth > caption.closest(".pst-scrollable-table-container").clientWidth + 1) {
      faults.push(`a caption wider than what is seen of its table: ${words(caption)}`);
    }
  }
  const walker = document.createTreeWalker(article, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const rects = (node, from, to) => {
    range.setStart(node, from);
    range.setEnd(node, to);
    return [...range.getClientRects()].filter((rect) => rect.width > 0.5);
  };
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (!node.data.trim() || !seen(node.parentElement) || node.parentElement.closest(skip)) continue;
    for (const word of node.data.matchAll(/[\p{L}\p{N}]{2,}/gu)) {
      const lines = new Set(rects(node, word.index, word.index + word[0].length).map((rect) => Math.round(rect.top)));
      if (lines.size > 1) faults.push(`a word in two parts: ${word[0]} in ${words(node.parentElement)}`);
    }
    const before = node.previousSibling ?? node.parentElement.previousSibling;
    if (/^[,;.:!?)\]%’]/.test(node.data) && before instanceof HTMLElement && before.getClientRects().length) {
      const [sign] = rects(node, 0, 1);
      const last = [...before.getClientRects()].at(-1);
      if (sign && sign.left < last.right - 2 && sign.top > last.top + 8) {
        faults.push(`a line begins with ${node.data.slice(0, 12)} after ${words(before)}`);
      }
    }
  }
  for (const svg of article.querySelectorAll("svg.book-figure")) {
    if (!svg.getClientRects().length) continue;
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    for (const line of svg.querySelectorAll("g[id*='text_'] g[transform]")) {
      const size = /scale\(([\d.]+) -/.exec(line.getAttribute("transform"));
      if (size && size[1] * 100 * scale < 8.95) {
        const label = svg.getAttribute("aria-label").slice(0, 40);
        faults.push(`type of ${(size[1] * 100 * scale).toFixed(1)} px in ${label}`);
        break;
      }
    }
  }
  return faults;
}"""


def layout_faults(page: Page, *, desk: bool) -> list[str]:
    page.evaluate(READY)
    page.evaluate(READ_THROUGH)
    return page.evaluate(FAULTS, desk)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_its_screen(name: str, width: int, chromium: Browser, server: str) -> None:
    with window(chromium, viewport={"width": width, "height": 900}) as (page, _):
        page.goto(f"{server}/{name}")
        assert layout_faults(page, desk=width == 1280) == []


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ('<div style="width: 999px">a</div>', "the page scrolls sideways"),
        ('<pre style="width: 99px; overflow: auto">' + "a" * 99 + "</pre>", "wider than the text"),
        ('<p style="width: 30px; overflow-wrap: anywhere">meaning</p>', "a word in two parts"),
        ('<p style="width: 60px"><span style="display: inline-block; width: 60px">x</span>, so</p>', "a line begins"),
    ],
)
def test_a_planted_fault_of_layout_is_found(planted: str, fault: str, chromium: Browser) -> None:
    with window(chromium, viewport={"width": 390, "height": 900}) as (page, _):
        page.set_content(f"<!doctype html><article>{planted}</article>")
        assert [found for found in layout_faults(page, desk=True) if fault in found]


@pytest.mark.parametrize("name", PAGES)
def test_what_scrolls_is_a_stop_for_the_tab_key_and_nothing_else_is(name: str, chromium: Browser, server: str) -> None:
    with window(chromium, viewport={"width": 390, "height": 900}) as (page, _):
        page.goto(f"{server}/{name}")
        page.evaluate(READY)
        page.evaluate(READ_THROUGH)
        wrong = page.evaluate(
            """(boxes) => [...document.querySelectorAll(boxes)]
              .filter((box) => (box.scrollWidth > box.clientWidth + 1) !== (box.tabIndex === 0 && !!box.ariaLabel))
              .map((box) => box.outerHTML.slice(0, 120))""",
            "article :is(pre, .pst-scrollable-table-container, .book-figure-frame)",
        )
        assert wrong == []
