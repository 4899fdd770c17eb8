"""What a published site has beside its pages, on a small book, and the editions that a home page offers."""

import datetime
import re
import zipfile
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

import pages
import pytest
import small_book
from _ext.site import downloads
from _ext.site.origin import site_address
from browser import window
from playwright.sync_api import Browser
from tools import editions

URL = "https://reader.example/vae"
SITEMAP = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9"}


@pytest.fixture
def book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("BOOK_URL", URL)
    monkeypatch.setenv("GITHUB_REPOSITORY", "reader/vae")
    return small_book.write(
        tmp_path, "_ext.site.downloads", "_ext.formulas.page", "_ext.notebooks.notebook", "_ext.site.publishing"
    )


def sitemap(book: Path) -> dict[str, str | None]:
    """Each address in the sitemap with the day of its last change."""
    urls = ElementTree.parse(book / "_build/html/sitemap.xml").findall("s:url", SITEMAP)
    return {url.findtext("s:loc", None, SITEMAP): url.findtext("s:lastmod", None, SITEMAP) for url in urls}


def test_a_published_page_has_an_address_a_card_and_a_way_to_correct_it(book: Path) -> None:
    (book / "page.md").write_text(small_book.FRONT + "# A page\n\nWhat is $q_\\phi(z \\mid x)$ for?\n")
    small_book.commit(book)
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    head = small_book.page(book, "page").head
    assert head.find("link", rel="canonical")["href"] == f"{URL}/page.html"
    tags = {tag["property"]: tag["content"] for tag in head.select("meta[property^='og:']")}
    assert tags["og:url"] == f"{URL}/page.html"
    assert tags["og:description"] == "What is q_φ(z | x) for?"
    card = book / "_build/html" / tags["og:image"].removeprefix(f"{URL}/")
    assert card.read_bytes().startswith(b"\x89PNG")
    page = small_book.page(book, "page")
    assert page.select_one(".btn-source-edit-button")["href"] == "https://github.com/reader/vae/edit/main/book/page.md"
    today = datetime.datetime.now(datetime.UTC).date()
    (day,) = re.findall(r"Last updated on (\S+)\.", page.select_one(".last-updated").get_text())
    assert abs(datetime.date.fromisoformat(day) - today) <= datetime.timedelta(days=1)
    assert sitemap(book) == {f"{URL}/page.html": day, f"{URL}/words.html": day}


def test_every_page_stays_in_the_sitemap_when_one_is_built_again(book: Path) -> None:
    assert small_book.build(book).returncode == 0
    (book / "words.md").write_text("# Words\n\nOther words.\n")
    assert small_book.build(book).returncode == 0
    assert sitemap(book) == {f"{URL}/page.html": None, f"{URL}/words.html": None}  # no git, no day


def test_an_address_that_is_not_there_gets_a_page_whose_links_work_from_any_depth(book: Path) -> None:
    assert small_book.build(book).returncode == 0
    page = small_book.page(book, "404")
    assert "Page not found" in page.find("article").get_text()
    links = [node.get("href") or node.get("src") for node in page.select("a[href], link[href], script[src]")]
    inside = [urlsplit(link).path for link in links if not urlsplit(link).scheme and not link.startswith("#")]
    assert len(inside) > 20
    for path in inside:
        assert path.startswith("/vae/")
        assert (book / "_build/html" / path.removeprefix("/vae/")).exists(), path


def test_an_address_ends_with_a_slash() -> None:
    assert site_address("https://reader.example/vae") == "https://reader.example/vae/"
    assert site_address("http://reader.example/") == "http://reader.example/"


@pytest.mark.parametrize(
    "text",
    [
        "reader.example/vae",
        "ftp://reader.example",
        "https:///vae",
        f"{URL}?page=1",
        f"{URL}/#",
        'https://a"b',
        "https://a b/",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{text!r}, expected an address like https://")):
        site_address(text)


def test_a_build_for_what_is_no_address_stops_and_says_so(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOK_URL", "reader.example/vae")
    result = small_book.build(book)
    assert result.returncode != 0
    assert "BOOK_URL: 'reader.example/vae', expected an address" in result.stdout + result.stderr


def test_without_an_address_a_repository_and_git_they_are_left_out(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BOOK_URL")
    monkeypatch.delenv("GITHUB_REPOSITORY")
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    page = small_book.page(book, "page")
    assert page.select("link[rel=canonical], meta[property^='og:'], .btn-source-edit-button, .last-updated") == []
    html = book / "_build/html"
    assert not (html / "sitemap.xml").exists() and not (html / "404.html").exists()


def test_a_later_build_without_an_address_leaves_nothing_that_wants_one(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    html = book / "_build/html"
    assert small_book.build(book).returncode == 0
    assert (html / "sitemap.xml").exists() and (html / "404.html").exists()
    monkeypatch.delenv("BOOK_URL")
    assert small_book.build(book).returncode == 0
    assert not (html / "sitemap.xml").exists() and not (html / "404.html").exists()


def test_the_editions_are_looked_for_where_they_are_made() -> None:
    assert {name.upper(): f"{name}/{editions.NAME}.{name}" for name in editions.NEEDS} == downloads.MADE


def edition(book: Path, name: str) -> Path:
    path = book / "_build" / downloads.MADE[name]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(name)
    return path


def offered(book: Path) -> dict[str, str]:
    links = small_book.page(book, "page").select("a[href^='downloads/']")
    for link in links:
        assert (book / "_build/html" / link["href"]).exists()
    return {link.get_text(): link["href"] for link in links}


def test_the_home_page_offers_the_editions_that_are_there(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (book / "page.md").write_text(small_book.FRONT + small_book.PAGE + "\n```{downloads}\n```\n")
    edition(book, "PDF")
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    assert "the EPUB is not there, and the home page offers none; `make epub` makes it" in result.stdout
    zipped = {"the site as a zip file": "downloads/vae-executed.zip"}
    assert offered(book) == {"PDF": "downloads/vae-executed.pdf"} | zipped
    with zipfile.ZipFile(book / "_build/html/downloads/vae-executed.zip") as archive:  # of a site built from nothing
        assert "vae-executed/_static/formulas.css" in archive.namelist()
    edition(book, "EPUB")
    assert small_book.build(book).returncode == 0  # no page is written again, and yet the offer is new
    assert offered(book) == {"PDF": "downloads/vae-executed.pdf", "EPUB": "downloads/vae-executed.epub"} | zipped
    with zipfile.ZipFile(book / "_build/html/downloads/vae-executed.zip") as archive:
        assert "To read elsewhere" not in archive.read("vae-executed/page.html").decode()
        left_out = re.compile("vae-executed/(downloads|models|404|sitemap|_images/social)")
        assert [name for name in archive.namelist() if left_out.match(name)] == []
    (book / "words.md").write_text("# Words\n\nOther words.\n")  # now both are older than a page
    monkeypatch.delenv("BOOK_URL")
    result = small_book.build(book)
    assert "the PDF is older than its pages" in result.stdout
    assert offered(book) == {}


def test_the_book_taken_along_opens_from_its_folder(chromium: Browser, html: Path, tmp_path: Path) -> None:
    home = html / "index.html"
    archive = downloads.take_along(html, home, home.read_text(encoding="utf-8"), tmp_path / "site.zip")
    with zipfile.ZipFile(archive) as file:
        file.extractall(tmp_path)
    site = tmp_path / downloads.NAME
    assert [name for name in ("_headers", "nginx_headers.conf") if (site / name).exists()] == []
    for source in pages.sources():
        page = site / source.relative_to(pages.BOOK).with_suffix(".html")
        assert [link for link in pages.broken_links(page, site) if "downloads/" not in link] == []
    with window(chromium) as (page, faults):
        page.goto((site / "index.html").as_uri())
        page.locator(".live-figure[data-live=ready]").wait_for()
        page.locator(".bd-sidebar-primary a", has_text="The ELBO").click()
        page.locator("mjx-container").first.wait_for()
        assert faults == []
