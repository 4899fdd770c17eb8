import re
import shlex
from pathlib import Path

from vae_lib.cli import _parser

ROOT = Path(__file__).parents[1]


def commands(text: str) -> list[str]:
    """The lines of a Markdown text's code blocks, without comments."""
    blocks = re.findall(r"^```([^\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line.split("#")[0].strip() for kind, block in blocks if not kind for line in block.splitlines()]


def test_every_make_command_is_a_target() -> None:
    rules = re.findall(r"^([a-z ]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    targets = {target for rule in rules for target in rule.split()}
    for name in ("README.md", "book/index.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        used = set(re.findall(r"\bmake (\w+)`", text)) | {c.split()[1] for c in commands(text) if c.startswith("make ")}
        assert {"book", "test"} <= used <= targets


def test_every_command_of_the_package_parses() -> None:
    for name in ("README.md", "book/index.md"):
        calls = [c for c in commands((ROOT / name).read_text(encoding="utf-8")) if c.startswith("python -m vae_lib")]
        assert len(calls) >= 3
        for call in calls:
            assert _parser().parse_args(shlex.split(call)[3:]).run


def test_it_counts_the_live_figures_rightly() -> None:
    pages = (path.read_text(encoding="utf-8") for path in (ROOT / "book").glob("**/*.md"))
    made = [name for page in pages for name in re.findall(r"^live\.([A-Z]\w+)\(", page, re.MULTILINE)]
    words = {9: "nine", 12: "Twelve"}
    said = f"{words[len(made)]} of its figures, of {words[len(set(made))]} kinds, are live"
    assert said in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_map_names_every_module() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for module in (ROOT / "vae_lib").glob("[a-z]*.py"):
        assert module.name in readme, module.name
