"""The minutes that a chapter promises are those that its words, formulas, figures and open code take."""

from pathlib import Path

import pages
import pytest
from bs4 import BeautifulSoup
from reading import LIMIT, PROMISE, Reading, everything, main_line, promised, rounded

LONGEST = 40  # minutes for a main line
CHAPTERS = pages.FIRST_CHAPTERS


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_main_line_is_read_in_the_minutes_that_the_chapter_promises(chapter: str, html: Path) -> None:
    page = html / "chapters" / f"{chapter}.html"
    line = main_line(page)
    assert line.words <= LIMIT and line.minutes <= LONGEST, line
    assert promised(page) == (rounded(line.minutes), rounded(everything(page)))


def test_the_home_page_and_the_guide_promise_the_same(html: Path) -> None:
    for name in ("index", "appendix/teaching_guide"):
        page = BeautifulSoup((html / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        said = [tuple(map(int, found)) for found in PROMISE.findall(page.select_one("article").get_text())]
        assert said == [promised(html / "chapters" / f"{chapter}.html") for chapter in CHAPTERS], name


PLANTED = """<article><section><h1>A page</h1>
<div class="admonition opening"><p class="admonition-title">30 minutes; 75 with everything</p>
<p>not counted</p></div>
<p>Two words, a <span class="math">long formula</span> &mdash; and code.</p><div class="math">shown apart</div>
<div class="cell"><div class="cell_input"><pre>a b c</pre></div>
<details class="hide above-input"><summary>Show the code</summary><div class="cell_input"><pre>d</pre></div></details>
<figure><figcaption>not counted</figcaption></figure></div>
<details class="deeper"><summary>Deeper: no</summary><p>in the deep</p>
<figure></figure><div class="math"></div></details>
<section><h2>Exercises</h2><p>do this</p><div class="exercise" id="ex-elbo-kl"><p>one more</p></div>
<div class="solution"><p>not read</p></div></section></section></article>"""


def test_what_is_counted(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(PLANTED, encoding="utf-8")
    assert main_line(page) == Reading(words=2 + 6, formulas=1, figures=1, cells=1)
    assert promised(page) == (30, 75)
    everywhere = Reading(words=8 + 7 + 5 + 3 + 2, formulas=2, figures=2, cells=1)  # line, opening, Deeper, exercises
    assert everything(page) == pytest.approx(everywhere.minutes + 10)  # which the guide gives this exercise


def test_a_chapter_without_its_minutes_is_named(tmp_path: Path) -> None:
    page = tmp_path / "bare.html"
    page.write_text("<article><h1>A page</h1></article>")
    with pytest.raises(ValueError, match=r"bare\.html opens without its minutes"):
        promised(page)
