"""The book as PDF and as EPUB, made as a reader makes them, and read by other programs than those that made them."""

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import live_pages
import pages
import pytest
import tools
from _ext.editions.pdf import PIXEL
from _ext.figures import png
from _ext.formulas.mathjax import MathJax
from bs4 import BeautifulSoup
from PIL import Image
from tools import EPUBCHECK, editions

from vae_course.bank import CHAPTERS
from vae_course.handout.source import exercises

TITLES = {
    source.stem: re.search(r"^# (.+)$", source.read_text(encoding="utf-8"), re.M)[1] for source in pages.sources()
}
NUMBERED = [source.stem for source in pages.sources() if source.parent.name == "chapters"]
EXERCISES = [each for name in CHAPTERS for each in exercises(pages.BOOK / "chapters" / f"{name}.md")[1]]
NUMBER = re.compile(r"(?:Fig\.|Table|Theorem|Exercise) \d+(?:\.\d+)?")


def run(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="session", autouse=True)
def tools_are_there() -> None:
    missing = tools.missing()
    assert not missing, f"these packages of Debian are missing: {' '.join(missing)}; `make test` brings them to root"


def made(edition: str) -> Path:
    command = [sys.executable, pages.BOOK / "_ext/editions/make.py", edition]
    result = subprocess.run(command, cwd=pages.BOOK.parent, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:] + result.stderr
    assert ": executed in" not in result.stdout  # `make book` has done it
    return pages.BOOK / "_build" / editions.file(edition)


@pytest.fixture(scope="session")
def pdf(html: Path) -> Path:
    return made("pdf")


@pytest.fixture(scope="session")
def text(pdf: Path) -> str:
    return run("pdftotext", pdf, "-")


@pytest.fixture(scope="session")
def epub(html: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The EPUB, unpacked."""
    folder = tmp_path_factory.mktemp("epub")
    with zipfile.ZipFile(made("epub")) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="session")
def documents(epub: Path) -> dict[str, BeautifulSoup]:
    """The EPUB's documents, by their names."""
    paths = sorted(epub.rglob("*.xhtml"))
    return {path.relative_to(epub).with_suffix("").as_posix(): soup(path) for path in paths}


@pytest.fixture(scope="session")
def site(html: Path) -> dict[str, BeautifulSoup]:
    """The articles of the site's pages."""
    names = [source.relative_to(pages.BOOK).with_suffix("").as_posix() for source in pages.sources()]
    return {name: soup(html / f"{name}.html").find("article") for name in names}


def soup(path: Path) -> BeautifulSoup:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def numbers(words: str) -> set[str]:
    return set(NUMBER.findall(" ".join(words.split())))


class TestPdf:
    def test_is_whole_and_of_a_books_length(self, pdf: Path) -> None:
        run("qpdf", "--check", pdf)
        assert 150 < int(re.search(r"Pages: +(\d+)", run("pdfinfo", pdf))[1]) < 300

    def test_brings_its_fonts(self, pdf: Path) -> None:
        fonts = run("pdffonts", pdf).splitlines()[2:]
        assert fonts
        assert [font for font in fonts if not re.search(r"yes (?:yes|no) +(?:yes|no) +\d+ +\d+$", font)] == []

    def test_its_outline_names_every_page(self, pdf: Path) -> None:
        outlines = json.loads(run("qpdf", "--json", "--json-key=outlines", pdf))["outlines"]
        titles = [re.sub(r"^\d+ +", "", outline["title"]) for outline in outlines]
        wanted = ["About this book", *list(TITLES.values())[1:], "Solutions"]
        assert titles == wanted

    def test_has_no_reference_that_leads_nowhere_and_no_left_over_markup(self, text: str) -> None:
        assert "??" not in text
        assert [marker for marker in pages.LEFT_OVER if marker in text] == []

    def test_no_page_ends_between_a_caption_and_its_table_or_at_a_spread(self, pdf: Path) -> None:
        tables = 0
        for page in run("pdftotext", "-layout", pdf, "-").split("\f"):
            captions = [place.start() for place in re.finditer(r"^ *Table [\d.]+\. ", page, re.MULTILINE)]
            tables += len(captions)
            assert not captions or re.search(r"\S {2,}\S", page[captions[-1] :].strip()), page
            assert not re.search(r"±\s*\n|^ *±", page, re.MULTILINE), page
        assert tables > 5

    def test_has_the_sites_numbers(self, text: str, site: dict[str, BeautifulSoup]) -> None:
        wanted = set().union(*(numbers(page.get_text(" ")) for page in site.values()))
        assert len(wanted) > 60
        assert wanted - numbers(text) == set()
        equations = {number.get_text().strip("#") for page in site.values() for number in page.select(".eqno")}
        assert {number for number in equations if number not in text} == set()

    def test_gives_nothing_away_before_the_last_chapter(self, text: str) -> None:
        before, after = (" ".join(part.split()) for part in re.split(r"\fSolutions\s+Chapter 1, ", text))
        for exercise in EXERCISES:
            title = f"({exercise.title.replace('$', '')})"
            assert exercise.solution
            if "\\" not in title:
                assert plain(title) in plain(before) and plain(title) in plain(after), exercise.label
            for said in (f"def {exercise.function}(", f"{exercise.function}: correct.") if exercise.function else ():
                assert (before.count(said), after.count(said)) == (said.startswith("def"), 1), exercise.label
        assert before.count("raise NotImplementedError") == sum(bool(exercise.function) for exercise in EXERCISES)
        questions = sum(path.read_text(encoding="utf-8").count("```{quiz}") for path in pages.sources())
        assert (before.count("Right."), after.count("Right.")) == (0, questions)
        assert before.count("Not so.") == 0

    def test_has_the_picture_of_every_live_figure(self, pdf: Path, site: dict[str, BeautifulSoup], html: Path) -> None:
        shown = [image["xlink:href"] for page in site.values() for image in page.select(".live-static image")]
        inside = [png.read(source.partition(",")[2]) for source in shown if source.startswith("data:")]
        files = [html / "_images" / source.rpartition("/")[2] for source in shown if not source.startswith("data:")]
        read = (Image.open(io.BytesIO(path.read_bytes())) for path in files)
        pictures = {picture.size for picture in (*inside, *read)}
        pictures = {(PIXEL * width, PIXEL * height) for width, height in pictures}
        listed = run("pdfimages", "-list", pdf).splitlines()[2:]
        printed = [tuple(map(int, line.split()[3:5])) for line in listed]
        assert pictures
        # what draws the SVG for TeX puts a picture's edge on whole pixels of its own
        assert [size for size in pictures if not any(other == pytest.approx(size, rel=0.02) for other in printed)] == []


def plain(words: str) -> str:
    """Letters, digits and signs alone: TeX sets quotation marks and spaces of its own."""
    return re.sub(r"[\s‘’“”'\"↪]+", "", words)


class TestEpub:
    def test_is_valid(self, epub: Path) -> None:
        assert "No errors or warnings detected" in run("java", "-jar", EPUBCHECK, built_epub())

    def test_says_what_it_is(self, epub: Path) -> None:
        package = ElementTree.parse(epub / "content.opf").getroot()
        told = {node.tag.rpartition("}")[2]: node.text for node in package[0]}
        assert told["title"] == TITLES["index"] and told["language"] == "en" and "authors" in told["creator"]
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", told["identifier"])
        assert "CC BY 4.0" in told["rights"]
        assert [item.get("href") for item in package[1] if item.get("properties") == "cover-image"]

    def test_its_contents_name_every_page_in_order(self, epub: Path) -> None:
        titles = [link.get_text() for link in soup(epub / "nav.xhtml").select("nav a")]
        assert titles == [*TITLES.values(), "Solutions"]

    def test_runs_nothing_and_asks_nobody(self, documents: dict[str, BeautifulSoup]) -> None:
        for page in documents.values():
            assert page.select("script, iframe, object, form, button, input, details") == []
            sources = [node["src"] for node in page.select("[src]")]
            assert [source for source in sources if re.match(r"\w+:|//", source)] == []

    def test_every_picture_has_words(self, documents: dict[str, BeautifulSoup], site: dict[str, BeautifulSoup]) -> None:
        drawn = [svg["aria-label"] for page in documents.values() for svg in page.select("svg")]
        shown = [
            image.get("alt", "") for name, page in documents.items() if name in site for image in page.select("img")
        ]
        assert all(words.strip() for words in drawn + shown)
        assert len(drawn) == sum(len(page.select("svg.book-figure")) for page in site.values())

    def test_shows_the_picture_of_every_live_figure(self, documents: dict[str, BeautifulSoup], html: Path) -> None:
        for name, kinds in live_pages.kinds(html).items():
            page = BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser")
            wanted = [svg["aria-label"] for svg in page.select(".live-static svg")]
            shown = [svg.get("aria-label") for svg in documents[name.removesuffix(".html")].select("figure svg")]
            assert len(wanted) == len(kinds) and [label for label in shown if label in wanted] == wanted

    def test_has_every_formula_and_number_of_the_site(
        self, documents: dict[str, BeautifulSoup], site: dict[str, BeautifulSoup]
    ) -> None:
        wanted = sum(len(page.select(".math")) for page in site.values())
        formulas = [math.get_text() for page in documents.values() for math in page.select("math")]
        assert len(formulas) - formulas.count("◻") == wanted > 1000  # the square ends a proof, in print alone
        for name, page in site.items():
            assert numbers(page.get_text(" ")) - numbers(documents[name].get_text(" ")) == set()
            equations = [number.get_text().strip("#") for number in page.select(".eqno")]
            assert [number.get_text() for number in documents[name].select(".eqno")] == equations

    def test_solutions_are_in_the_last_chapter_alone(self, documents: dict[str, BeautifulSoup]) -> None:
        last = documents["solutions"]
        assert [node.get_text() for node in last.select("h2")] == [
            f"Chapter {number}, {TITLES[name]}" for number, name in enumerate(NUMBERED, 1) if name in CHAPTERS
        ]
        for exercise in EXERCISES:
            name = exercise.label.replace("ex-", "solution-", 1)
            assert last.find(id=name)
            for page, document in documents.items():
                assert page == "solutions" or document.find(id=name) is None
            if exercise.function:
                (box,) = [box for box in last.select("div.solution") if box.find(id=name)]
                assert f"{exercise.function}: correct." in box.get_text()
        words = "".join(document.get_text() for page, document in documents.items() if page != "solutions")
        assert "Right." not in words and "Not so." not in words


def built_epub() -> Path:
    return pages.BOOK / "_build" / editions.file("epub")


def test_a_broken_epub_is_refused(epub: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.epub"
    with zipfile.ZipFile(built_epub()) as whole, zipfile.ZipFile(broken, "w") as archive:
        for item in whole.infolist():
            data = whole.read(item)
            archive.writestr(item, data.replace(b"</math>", b"", 1) if item.filename == "chapters/elbo.xhtml" else data)
    result = subprocess.run(["java", "-jar", EPUBCHECK, broken], capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert "elbo.xhtml" in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("log", "found"),
    [
        ("Missing character: There is no ᵀ (U+1D40) in font [texgyrepagella-regular.otf]/\nOT:script=latn;!", "U+1D40"),
        ("LaTeX Warning: Reference `equation:gone' on page 3 undefined on input line 12.", "gone"),
        ("Overfull \\hbox (31.5pt too wide) in paragraph at lines 7--9", "31.5pt"),
    ],
)
def test_what_tex_says_of_a_fault_is_found(log: str, found: str) -> None:
    (said,) = editions.faults(f"This is XeTeX\n{log}\nOutput written")
    assert found in said


def test_what_no_reader_sees_is_no_fault() -> None:
    assert editions.faults("Overfull \\hbox (1.3pt too wide) in paragraph\nUnderfull \\hbox (badness 10000)") == []


@pytest.fixture
def old(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A PDF that was made before, in a folder of its own."""
    monkeypatch.setattr(editions, "BUILD", tmp_path)
    monkeypatch.setattr(sys, "argv", ["make.py", "pdf"])
    path = tmp_path / editions.file("pdf")
    path.parent.mkdir()
    path.write_text("old")
    return path


def test_without_its_tools_a_pdf_is_not_begun_and_they_are_named(monkeypatch: pytest.MonkeyPatch, old: Path) -> None:
    monkeypatch.setenv("PATH", str(old.parent))
    with pytest.raises(SystemExit, match="xelatex.*apt-get install .*texlive-xetex"):
        editions.main()
    assert not old.exists()


def test_a_pdf_that_fails_leaves_none(monkeypatch: pytest.MonkeyPatch, old: Path) -> None:
    def fail() -> Path:
        raise SystemExit("TeX could not set the book")

    monkeypatch.setattr(editions, "pdf", fail)
    with pytest.raises(SystemExit, match="could not"):
        editions.main()
    assert not old.exists()


def test_the_readme_names_the_packages() -> None:
    readme = (pages.BOOK.parent / "README.md").read_text(encoding="utf-8")
    named = re.search(r"^apt-get install (.+)$", readme, re.M)[1].split()
    assert named == sorted({package for needs in editions.NEEDS.values() for package in needs.values()})


@pytest.fixture(scope="module")
def mathjax() -> Iterator[MathJax]:
    with MathJax() as mathjax:
        yield mathjax


class TestMathml:
    @pytest.mark.parametrize(
        ("tex", "part"),
        [
            (r"\mathbb{E}", "<mi>𝔼</mi>"),
            (r"\mathbb{R}", "<mi>ℝ</mi>"),
            (r"\mathcal{N}", "<mi>𝒩</mi>"),
            (r"\mathcal{L}", "<mi>ℒ</mi>"),
            (r"\mathrm{d}", '<mi mathvariant="normal">d</mi>'),
            (r"\log p", '<mspace width="0.167em"></mspace><mi>p</mi>'),
            (r"2 \log(p)", '<mn>2</mn><mspace width="0.167em"></mspace><mi>log</mi>'),
            (r"\log(p)", '&#x2061;</mo><mo stretchy="false">(</mo>'),
            (r"\begin{aligned}a &= b \\ &= c\end{aligned}", "<mtable"),
        ],
    )
    def test_is_what_readers_know(self, mathjax: MathJax, tex: str, part: str) -> None:
        mathml = mathjax.set(tex, display=False).mathml
        assert part in mathml and "mjx" not in mathml

    @pytest.mark.parametrize(
        ("tex", "said"), [(r"\frac{a}", "argument"), (r"\nothing", "nothing"), (r"\mathfrak{g}", "no letter")]
    )
    def test_what_cannot_be_said_is_an_error(self, mathjax: MathJax, tex: str, said: str) -> None:
        with pytest.raises(ValueError, match=said):
            mathjax.set(tex, display=False)
