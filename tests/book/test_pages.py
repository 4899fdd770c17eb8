import re
from pathlib import Path

import pages
import pytest
from bs4 import BeautifulSoup, Tag

SOURCES = pages.sources()
CHAPTERS = [source for source in SOURCES if source.parent.name == "chapters"]
FIRST_CHAPTERS = [source for source in CHAPTERS if source.stem in pages.FIRST_CHAPTERS]
ENDING = ["Summary", "Check yourself", "Exercises", "Where to read on"]


def built(html: Path, source: Path) -> str:
    """The page made of a source, as text."""
    return (html / source.relative_to(pages.BOOK).with_suffix(".html")).read_text(encoding="utf-8")


def figures_of(page: str) -> list[Tag]:
    return BeautifulSoup(page, "html.parser").select("svg.book-figure")


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
class TestPage:
    def test_every_figure_has_alt_text_and_caption_in_its_source(self, source: Path) -> None:
        assert pages.source_faults(source.read_text(encoding="utf-8")) == []

    def test_no_error_no_warning_no_left_over_markup(self, source: Path, html: Path) -> None:
        assert pages.page_faults(built(html, source)) == []

    def test_every_cell_that_draws_has_its_figure(self, source: Path, html: Path) -> None:
        cells = pages.CELL.findall(source.read_text(encoding="utf-8"))
        drawing = [cell for cell in cells if pages.DRAWS.search(cell)]
        assert len(figures_of(built(html, source))) >= len(drawing)


@pytest.mark.parametrize("source", CHAPTERS, ids=lambda source: source.stem)
class TestChapter:
    def test_ends_with_a_summary_and_what_follows_it_in_order(self, source: Path) -> None:
        text = source.read_text(encoding="utf-8")
        there = re.findall(rf"^## ({'|'.join(ENDING)})$", text, re.MULTILINE)
        assert there == [name for name in ENDING if name in there], f"a chapter ends in this order: {ENDING}"
        assert {"Summary", "Where to read on"} <= set(there), (
            "a chapter ends with what to remember and where to read on"
        )

    def test_figures_take_the_colour_of_the_page(self, source: Path, html: Path) -> None:
        from vae_lib.figures import INK

        for figure in figures_of(built(html, source)):
            assert INK not in str(figure), (
                "a figure keeps its grey ink: draw within figures.style(), which is turned into the page's own"
            )


@pytest.mark.parametrize("source", FIRST_CHAPTERS, ids=lambda source: source.stem)
class TestFirstChapters:
    def test_end_with_a_summary_traps_exercises_and_reading(self, source: Path) -> None:
        text = source.read_text(encoding="utf-8")
        summary = text.index("\n## Summary\n")
        assert text.index("**Traps.**") > summary
        places = [text.index(f"\n## {name}\n") for name in ("Check yourself", "Exercises", "Where to read on")]
        assert [summary, *places] == sorted([summary, *places])
        assert "{cite:t}" in text[places[-1] :]

    def test_their_prose_quotes_numbers_from_their_cells(self, source: Path) -> None:
        assert "{glue:text}" in source.read_text(encoding="utf-8")

    def test_have_a_figure_in_the_colour_of_the_page(self, source: Path, html: Path) -> None:
        assert any("currentColor" in str(figure) for figure in figures_of(built(html, source)))


def test_the_bibliography_holds_every_citation(html: Path) -> None:
    text = "".join(source.read_text(encoding="utf-8") for source in SOURCES)
    cited = {key for keys in re.findall(r"\{cite:[tp]\}`([\w, ]+)`", text) for key in re.split(r",\s*", keys)}
    page = BeautifulSoup(built(html, pages.BOOK / "appendix" / "bibliography.md"), "html.parser")
    assert cited
    assert len(page.select("div.citation")) == len(cited)


@pytest.mark.parametrize(
    ("planted", "fault"),
    [
        ('<div class="output stderr">UserWarning</div>', "stderr"),
        ('<div class="output traceback">ZeroDivisionError</div>', "failed"),
        ("<p>see {doc}`elbo`</p>", "left over"),
        ('<img src="a.png">', "no alt"),
        ('<svg role="img" aria-label=" "></svg>', "no label"),
        ('<svg role="img"></svg>', "no label"),
        ('<svg><g id="a"></g></svg><svg><g id="a"></g></svg>', "share the id a"),
    ],
)
def test_a_planted_fault_of_a_page_is_found(planted: str, fault: str) -> None:
    (found,) = pages.page_faults(f"<article>{planted}</article>")
    assert fault in found


def test_a_page_without_an_article_is_at_fault() -> None:
    (found,) = pages.page_faults("<main></main>")
    assert "no article" in found


def test_a_figure_without_alt_text_is_found() -> None:
    cell = "```{code-cell} ipython3\n---\n  caption: |\n    It.\n---\nfigures.plot_lines(x);\n```\n"
    (found,) = pages.source_faults(cell)
    assert "no alt" in found
