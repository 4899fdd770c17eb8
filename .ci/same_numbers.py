"""Compare two builds: `python .ci/same_numbers.py FIRST_HTML SECOND_HTML` exits with 1 where a page differs."""

import difflib
import sys
from pathlib import Path

from bs4 import BeautifulSoup


def article(page: Path) -> list[str]:
    """A page's text and drawings, line by line."""
    return str(BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")).splitlines()


def main(first: Path, second: Path) -> int:
    names = sorted(page.relative_to(first) for page in first.rglob("*.html") if "_static" not in page.parts)
    names = [name for name in names if BeautifulSoup((first / name).read_text("utf-8"), "html.parser").find("article")]
    different = 0
    for name in names:
        lines = list(difflib.unified_diff(article(first / name), article(second / name), lineterm="", n=0))
        different += bool(lines)
        for line in lines[:12]:
            print(f"{name}: {line[:160]}")
    print(f"{len(names)} pages compared, {different} differ")
    return 1 if different or not names else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
