"""Every link of the built site: what stays within it resolves; what leaves it, the weekly job asks."""

import csv
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pages
import pytest
from bs4 import BeautifulSoup


def test_whatever_a_page_of_the_site_names_is_there(html: Path) -> None:
    built = [page for page in html.rglob("*.html") if "_static" not in page.parts]  # the theme's own templates
    assert len(built) > len(pages.sources())  # the search and the indices are pages, too
    assert {page: faults for page in built if (faults := pages.broken_links(page, html))} == {}


@pytest.mark.parametrize(
    ("named", "fault"),
    [
        ('<a href="gone.html">a</a>', "gone.html: no such file"),
        ('<a href="#gone">a</a>', "#gone: no such anchor"),
        ('<a href="page.html#gone">a</a>', "page.html#gone: no such anchor"),
        ('<img src="gone.png">', "gone.png: no such file"),
        ('<script src="../page.html"></script>', "../page.html: no such file"),  # outside of the site
    ],
)
def test_a_broken_link_is_found(tmp_path: Path, named: str, fault: str) -> None:
    page = tmp_path / "page.html"
    page.write_text(f'<p id="here">{named}<a href="#here">b</a><a href="page.html#here">c</a><a href="#">d</a></p>')
    assert pages.broken_links(page, tmp_path) == [fault]


def test_a_link_from_the_servers_root_is_looked_for_under_the_sites_address(tmp_path: Path) -> None:
    """The page for addresses that are not there names all from the root: it is shown at any depth."""
    for name, head in {
        "index": '<link rel="canonical" href="https://reader.example/vae/index.html">',
        "404": "",
    }.items():
        (tmp_path / f"{name}.html").write_text(head + '<a href="/vae/index.html">a</a><a href="/index.html">b</a>')
    assert pages.broken_links(tmp_path / "404.html", tmp_path) == ["/index.html: no such file"]


def test_the_weekly_job_asks_every_address_elsewhere(html: Path) -> None:
    """Run as the workflow runs it, but for the asking: there is no network here, and the list is what counts."""
    workflow = (pages.BOOK.parent / ".github/workflows/book.yml").read_text(encoding="utf-8")
    assert "linkchecker --check-extern book/_build/html/[!4]*.html" in workflow
    options = ["--check-extern", "--ignore-url=^https?:", "--verbose", "--no-status", "--output=csv/utf-8"]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # as root, linkchecker becomes somebody who may not read everywhere
        site = shutil.copytree(html, Path(folder, "site"))
        command = [Path(sys.executable).with_name("linkchecker"), *options, *site.glob("[!4]*.html")]
        table = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = [row for row in table.splitlines() if not row.startswith("#")]
    listed = {row["urlname"].split("#")[0] for row in csv.DictReader(rows, delimiter=";")}
    named = {
        address.split("#")[0]
        for page in set(html.rglob("*.html")) - {html / "404.html"}
        for address in pages.addresses(BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser"))
        if address.startswith("http")
    }
    assert len(named) > 20
    assert named - listed == set()
