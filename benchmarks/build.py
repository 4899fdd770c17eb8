"""How long `make book` takes: in a clean clone with an empty cache, again, and after an edit to one chapter's prose.

python benchmarks/build.py. Clones the last commit of this checkout into a temporary folder; the data must be there. To
be reached on two cores: 12 min for the first build, of which 2 min are not training, and 20 s for each of the others.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TRAINING = "training "  # what the build says first of training, and of each model when it is trained
TRAINED = "held-out distortion"
EXECUTED = ": executed in "


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder, "clone")
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        environment = os.environ | {
            "VAE_LIB_CACHE": str(Path(folder, "cache")),
            "VAE_LIB_DATASET": "mnist",
            "PYTHONUNBUFFERED": "1",  # a line is timed when it comes
        }
        lines = list(make_book(clone, environment))
        start, end = (lines[i][0] for i in (0, -1))
        first = next(when for when, line in lines if line.startswith(TRAINING))
        last = max(when for when, line in lines if TRAINED in line)
        print(f"clean clone, empty cache: {end - start:.0f} s (limit 720 s)")
        print(f"  before training {first - start:.0f} s, training {last - first:.0f} s, after it {end - last:.0f} s")
        print(f"  not training: {end - start - (last - first):.0f} s (limit 120 s)")
        report("again, without change", list(make_book(clone, environment)))
        page = clone / "book/chapters/elbo.md"
        text = page.read_text(encoding="utf-8")
        page.write_text(text.replace("\n## Summary", "\nOne more sentence.\n\n## Summary"), encoding="utf-8")
        lines = list(make_book(clone, environment))
        if "One more sentence." not in (clone / "book/_build/html/chapters/elbo.html").read_text(encoding="utf-8"):
            sys.exit("the edit did not reach the page")
        report("after an edit to one chapter's prose", lines)


def make_book(clone: Path, environment: dict[str, str]) -> Iterator[tuple[float, str]]:
    """Run `make book`; each of its lines with the time at which it came, and one more at its end."""
    yield time.perf_counter(), ""
    command = subprocess.Popen(
        ["make", "book"], cwd=clone, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert command.stdout  # it was asked for
    for line in command.stdout:
        yield time.perf_counter(), line
    if command.wait():
        sys.exit(f"make book failed: {line}")
    yield time.perf_counter(), ""


def report(name: str, lines: list[tuple[float, str]]) -> None:
    if again := [line for _, line in lines if line.startswith(TRAINING) or EXECUTED in line]:
        sys.exit(f"{name}: what was done before was done again: {again}")
    print(f"{name}: {lines[-1][0] - lines[0][0]:.1f} s (limit 20 s)")


if __name__ == "__main__":
    main()
