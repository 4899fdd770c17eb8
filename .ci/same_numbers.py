"""Compare two builds: `python .ci/same_numbers.py FIRST_HTML SECOND_HTML` exits with 1 where a page differs."""

import difflib
import sys
from pathlib import Path

from bs4 import BeautifulSoup


def article(page: Path) -> list[str]:
    """A page's text and drawings, line by line; nothing where it has no article."""
    found = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").find("article")
    return str(found or "").splitlines()


def main(first: Path, second: Path) -> int:
    ours, theirs = (
        {page.relative_to(site): article(page) for page in site.rglob("*.html")} for site in (first, second)
    )
    names = [name for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) or theirs.get(name)]
    different = 0
    for name in names:
        lines = list(difflib.unified_diff(ours.get(name, []), theirs.get(name, []), lineterm="", n=0))
        different += bool(lines)
        for line in lines[:12]:
            print(f"{name}: {line[:160]}")
    print(f"{len(names)} pages compared, {different} differ")
    return 1 if different or not names else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
