import re
import shlex
from pathlib import Path
from types import ModuleType

import pytest

from vae_course import cli as course
from vae_lib import cli as lib

ROOT = Path(__file__).parents[1]


def commands(text: str) -> list[str]:
    """The lines of a Markdown text's code blocks, without comments."""
    blocks = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line.split("#")[0].strip() for kind, block in blocks if not kind for line in block.splitlines()]


def test_every_make_command_is_a_target() -> None:
    rules = re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    for name in ("README.md", "CONTRIBUTING.md", "book/index.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        used = set(re.findall(r"`make (\w+)`", text)) | {c.split()[1] for c in commands(text) if c.startswith("make ")}
        assert {"book", "test"} <= used <= targets, name


@pytest.mark.parametrize("cli", [lib, course], ids=["vae_lib", "vae_course"])
def test_every_command_of_a_package_parses(cli: ModuleType) -> None:
    start = f"python -m {cli.__package__} "
    pages = (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("book/*.md"), *ROOT.glob("book/appendix/*.md"))
    calls = [c for page in pages for c in commands(page.read_text(encoding="utf-8")) if c.startswith(start)]
    assert len(calls) >= 3
    for call in calls:
        assert cli._parser().parse_args(shlex.split(call)[3:]).run


def test_the_map_names_every_room() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rooms = [f"{path.name}/" for path in ROOT.glob("*/") if any(path.glob("*.py")) and path.name != "node_modules"]
    for package in ("vae_lib", "vae_course", "book/_ext"):
        rooms += [path.name for path in (ROOT / package).glob("[a-z]*.py")]
        rooms += [f"{path.parent.name}/" for path in (ROOT / package).glob("*/__init__.py")]
    assert [room for room in rooms if room not in readme] == []
