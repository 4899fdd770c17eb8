"""The book's title stands in book/_config.yml. What cannot be made of it is compared with it here."""

import re
from types import SimpleNamespace

import pytest
import sources
import yaml
from _ext.editions.make import NAME
from _ext.site import origin

CONFIG = yaml.safe_load((sources.ROOT / "book" / "_config.yml").read_text(encoding="utf-8"))
TITLE = CONFIG["title"]
# Where the title must stand: each file with the pattern whose group is the title there.
PLACES = [
    ("README.md", r"\A# (.+)$"),
    ("book/index.md", r"^# (.+)$"),
    ("CITATION.cff", r'^title: "(.+)"$'),
    ("CITATION.cff", r"^  - name: The authors of (.+)$"),
    ("LICENSE", r"^Copyright \(c\) \d+ The authors of (.+)$"),
]


@pytest.mark.parametrize(("file", "pattern"), PLACES)
def test_every_file_has_the_title_of_the_configuration(file, pattern):
    found = re.search(pattern, (sources.ROOT / file).read_text(encoding="utf-8"), re.MULTILINE)
    assert found and found[1] == TITLE, f"{file}: {found and found[0]!r}, expected the title {TITLE!r}"


def test_no_other_file_has_the_title():
    known = {file for file, _ in PLACES} | {"book/_config.yml"}
    others = [path for path in sources.files() if path.suffix not in (".png", ".ico", ".woff2")]
    assert {path.as_posix() for path in others if TITLE.encode() in (sources.ROOT / path).read_bytes()} == known


def test_the_authors_are_those_of_the_title(monkeypatch, tmp_path):
    monkeypatch.delenv("BOOK_URL", raising=False)
    config = SimpleNamespace(author=CONFIG["author"], html_title=TITLE, github_repository="")
    origin.find(SimpleNamespace(srcdir=tmp_path / "book"), config)
    assert config.author == f"The authors of {TITLE}"


def test_the_editions_have_one_file_name():
    made = set()
    for file in ("README.md", "Makefile"):
        made |= set(
            re.findall(r"book/_build/(?:pdf|epub)/([\w-]+)\.", (sources.ROOT / file).read_text(encoding="utf-8"))
        )
    assert made == {NAME}
