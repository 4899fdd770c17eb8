"""Every page is valid HTML by the Nu checker, but for a few faults of the book's extensions."""

import json
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

VNU = Path(__file__).parents[2] / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
# What extensions write that the book cannot change, and which.
UPSTREAM = {
    "Duplicate ID “exercise-content”.": "sphinx-exercise",
    "Duplicate ID “solution-content”.": "sphinx-exercise",
    "Duplicate ID “proof(-content)?”.": "sphinx-proof",
    "Element “p” not allowed as child of element “summary” in this context.": "myst-nb, where code is folded",
}


def errors(pages: list[Path]) -> dict[str, set[str]]:
    """The names of the pages with each error."""
    assert VNU.exists(), f"{VNU} is missing: `make check` brings it"
    command = ["java", "-jar", VNU, "--errors-only", "--exit-zero-always", "--stdout", "--format", "json", *pages]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    found = defaultdict(set)
    for message in told["messages"]:
        found[message["message"]].add(Path(message.get("url", "")).name)
    return found


@pytest.fixture(scope="module")
def found(html: Path) -> dict[str, set[str]]:
    return errors([path for path in sorted(html.rglob("*.html")) if "_static" not in path.parts])


def test_no_page_has_an_error_but_those_of_extensions(found: dict[str, set[str]]) -> None:
    known = re.compile("|".join(UPSTREAM))
    assert {error: names for error, names in found.items() if not known.match(error)} == {}


@pytest.mark.parametrize("known", UPSTREAM)
def test_no_fault_is_excused_that_is_mended(found: dict[str, set[str]], known: str) -> None:
    assert any(re.match(known, error) for error in found)


def test_an_error_is_found_and_its_page_named(tmp_path: Path) -> None:
    head = '<!DOCTYPE html><html lang="en"><title>A page</title><p id="a">a</p>'
    sound, twice = tmp_path / "sound.html", tmp_path / "twice.html"
    sound.write_text(head)
    twice.write_text(head + '<p id="a">a</p>')
    assert errors([sound, twice]) == {"Duplicate ID “a”.": {"twice.html"}}
