"""Whether the pins can be installed elsewhere: for each platform and Python, all of them at once and as wheels alone.

uv answers from the package index, for machines that are not here, with the markers of the requirements read as they
would be there. It asks for metadata, and downloads no wheel.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PYTHONS = ("3.11.0", "3.12", "3.13")  # the oldest that the Makefile lets through, and the later ones
MACOS = "14.0"  # what torch's builds for Apple's processors ask for
PLATFORMS = {
    "Linux": "x86_64-manylinux_2_28",
    "Linux, ARM": "aarch64-manylinux_2_28",
    "macOS, Apple silicon": "aarch64-apple-darwin",
    "macOS, Intel": "x86_64-apple-darwin",
    "Windows": "x86_64-pc-windows-msvc",
}
PLACES = [
    (platform, python)
    for platform in PLATFORMS
    for python in PYTHONS
    if (platform, python) != ("macOS, Intel", "3.13")  # of torch, which ended there before that Python came
]


def unmet(requirements: Path, platform: str, python: str) -> str:
    """Why these requirements cannot be installed there; "" where they can."""
    command = [
        Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--no-header", "--no-annotate",
        "--only-binary=:all:", f"--python-platform={PLATFORMS[platform]}", f"--python-version={python}", requirements,
    ]  # fmt: skip
    environment = os.environ | {"MACOSX_DEPLOYMENT_TARGET": MACOS}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


ASKED = [("requirements.txt", *place) for place in PLACES]
ASKED += [("requirements-test.txt", platform, PYTHONS[0]) for platform in PLATFORMS]


@pytest.fixture(scope="session")
def answers() -> dict[tuple[str, str, str], str]:
    """What is unmet of which requirements where; asked side by side, as most of the time is waiting."""
    with ThreadPoolExecutor(8) as pool:
        return dict(zip(ASKED, pool.map(lambda asked: unmet(ROOT / asked[0], *asked[1:]), ASKED), strict=True))


@pytest.mark.parametrize("asked", ASKED, ids=" ".join)
def test_all_can_be_installed(asked: tuple[str, str, str], answers: dict[tuple[str, str, str], str]) -> None:
    assert answers[asked] == ""


def test_what_lacks_a_wheel_or_wants_another_python_is_found(tmp_path: Path) -> None:
    """Two pins that once kept readers out."""
    planted = tmp_path / "requirements.txt"
    planted.write_text("tdewolff-minify==2.24.12\n")
    assert unmet(planted, "Linux", "3.12") == ""
    assert "tdewolff-minify" in unmet(planted, "macOS, Apple silicon", "3.12")
    planted.write_text("soupsieve==4.1.1\n")
    assert unmet(planted, "Linux", "3.12") == ""
    assert "Python" in unmet(planted, "Linux", "3.11.0")


def test_the_readme_names_the_platforms() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [
        platform for platform in ("Linux", "macOS", "Apple silicon", "Intel", "Windows") if platform not in readme
    ] == []
    assert f"macOS {MACOS.partition('.')[0]}" in readme
