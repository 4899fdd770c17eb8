"""How long a chapter takes to read, counted on its built page: `python tests/support/reading.py [CHAPTER ...]`.

Its main line is what stands outside of Deeper sections, exercises and the quiz. 200 words take a minute, a displayed
formula or an open cell of code half a minute, a figure one. A word is what stands between spaces, a formula in the text
one word; words of captions and tables belong to the minute of a figure, or are looked up. With everything, exercises
take as long as the teaching guide gives them.
"""

import re
import sys
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import pages
from _ext.elements import attribute, first
from bs4 import BeautifulSoup, Tag

WORDS_A_MINUTE = 200
LIMIT = 2_200  # words of a main line
STEP = 5  # minutes are promised in fives
ASIDE = "details.deeper, div.exercise, div.quiz, div.opening"
ANSWERS = "div.solution, div.dropdown:not(.deeper), details:not(.deeper)"
NOT_READ = (
    "figure, table, pre, div.math, div.cell_input, div.cell_output, script, style, nav, a.headerlink, .live-figure"
)
PROMISE = re.compile(r"(\d+) minutes; (\d+) with everything")
GUIDE = re.compile(r"^\{ref\}`(ex-[\w-]+)` \(.*?(\d+) minutes", re.M)


@dataclass(frozen=True)
class Reading:
    words: int
    formulas: int  # displayed
    figures: int
    cells: int  # open ones, of code

    @property
    def minutes(self) -> float:
        return self.words / WORDS_A_MINUTE + (self.formulas + self.cells) / 2 + self.figures


def article(page: Path) -> Tag:
    found = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")
    assert isinstance(found, Tag)
    return found


def reading(part: Tag) -> Reading:
    """What there is to read in a part of a page. It is taken apart."""
    for node in part.select(ANSWERS):
        node.decompose()
    figures, formulas = len(part.select("figure, .cell_output table")), len(part.select("div.math"))
    cells = len(part.select("div.cell_input"))  # those behind a button went with the answers
    for node in part.select(NOT_READ):
        node.decompose()
    for node in part.select("span.math"):
        node.replace_with("formula")
    words = [word for word in part.get_text(" ").split() if any(map(str.isalnum, word))]
    return Reading(len(words), formulas, figures, cells)


def main_line(page: Path) -> Reading:
    part = article(page)
    for section in part.select("section:has(> h2)"):
        if first(section, "h2").get_text().startswith(("Exercises", "Check yourself")):
            section.decompose()
    for node in part.select(ASIDE):
        node.decompose()
    return reading(part)


def everything(page: Path) -> float:
    """Minutes for the whole page, its exercises done."""
    part = article(page)
    exercises = {attribute(node, "id") for node in part.select("div.exercise")}
    guide = dict(GUIDE.findall((pages.BOOK / "appendix" / "teaching_guide.md").read_text(encoding="utf-8")))
    return reading(part).minutes + sum(int(guide[name]) for name in exercises)


def rounded(minutes: float) -> int:
    """As minutes are promised."""
    return STEP * ceil(minutes / STEP)


def promised(page: Path) -> tuple[int, int]:
    """The minutes that a chapter's opening names, for the main line and with everything."""
    box = article(page).select_one("div.opening .admonition-title")
    found = PROMISE.fullmatch(box.get_text().strip()) if box else None
    if found is None:
        raise ValueError(f"{page.name} opens without its minutes: expected '30 minutes; 70 with everything'")
    return int(found[1]), int(found[2])


if __name__ == "__main__":
    for name in sys.argv[1:] or pages.FIRST_CHAPTERS:
        built = pages.BOOK / "_build" / "html" / "chapters" / f"{name}.html"
        line = main_line(built)
        print(f"{name:24} {line} {rounded(line.minutes)} minutes; {rounded(everything(built))} with everything")
