"""The container, as far as it goes without an engine that builds it: its file, what it copies, and its command."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

from browser import window
from lab import WITHIN, serve
from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")
INSTRUCTIONS = re.findall(r"^([A-Z]+) (.+)$", re.sub(r"\\\n\s*", "", TEXT), re.MULTILINE)


def test_the_file_is_as_its_linter_wants_it() -> None:
    command = [Path(sys.executable).with_name("hadolint"), "--failure-threshold", "warning", ROOT / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_what_it_copies_is_there_and_not_kept_back() -> None:
    copied = [name for kind, text in INSTRUCTIONS if kind == "COPY" for name in text.split()[1:-1]]
    assert {"vae_lib", "book", "requirements.txt"} <= set(copied)
    sent = re.findall(r"^!(.+)$", (ROOT / ".dockerignore").read_text(), re.MULTILINE)
    assert sorted(sent) == sorted(copied)
    assert [name for name in copied if not (ROOT / name).exists()] == []
    named = set(re.findall(r"[\w.-]+\.(?:txt|toml|md)", (ROOT / "requirements.txt").read_text()))
    assert {"constraints.txt"} <= named <= set(copied)  # what the installation reads is there before it


def test_words_of_the_course_or_a_chapter_train_nothing_again() -> None:
    """A layer is made anew after the first COPY that changed: the models' layer stands before those of the words."""
    steps = [f"{kind} {text}" for kind, text in INSTRUCTIONS]
    (trained,) = [place for place, step in enumerate(steps) if step.startswith("RUN python -m vae_lib train")]
    before = {name for step in steps[:trained] if step.startswith("COPY ") for name in step.split()[2:-1]}
    assert before == {"requirements.txt", "constraints.txt", "vae_lib"}


def test_it_has_the_jupyterlab_that_the_tests_try() -> None:
    (version,) = re.findall(r"jupyterlab==\S+", TEXT)
    assert version in (ROOT / "requirements-test.txt").read_text().splitlines()


def test_its_command_serves_the_book_beside_its_notebooks(chromium: Browser, tmp_path: Path) -> None:
    (command,) = [json.loads(text) for kind, text in INSTRUCTIONS if kind == "CMD"]
    assert command[:2] == ["jupyter", "lab"]
    options = dict(option.removeprefix("--").split("=", 1) for option in command[2:] if "=" in option)
    notebooks, site = (options.pop(f"ServerApp.{name}") for name in ("root_dir", "extra_static_paths"))
    assert options == {
        "ip": "0.0.0.0",
        "port": "8888",
    }  # the container's own; what is published of it, who runs it says
    served = {"ServerApp.extra_static_paths": str(ROOT / site)}
    own = tmp_path / "notebooks"
    shutil.copytree(ROOT / notebooks, own)  # JupyterLab writes beside what it opens
    with serve(own, tmp_path, served) as (address, token), window(chromium) as (page, faults):
        page.set_default_timeout(1_000 * WITHIN)
        page.goto(f"{address}static/index.html")
        page.locator(".live-figure[data-live=ready]").wait_for()
        page.goto(f"{address}static/chapters/elbo.html")
        page.locator("mjx-container").first.wait_for()
        assert faults == []
        page.goto(f"{address}lab/tree/chapters/elbo.ipynb?token={token}")
        page.locator(".jp-Notebook h1", has_text="The ELBO").wait_for()
        assert [fault for fault in faults if fault.startswith("asked another host")] == []
