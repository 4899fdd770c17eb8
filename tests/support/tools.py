"""What the tests need of the machine beside Python. `python tests/support/tools.py` brings what is missing.

No test is skipped where something is missing: it fails, and says what to install.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import browser
import firefox

sys.path.insert(0, str(Path(__file__).parents[2] / "book"))

from _ext.editions import make as editions  # noqa: E402

EPUBCHECK = Path("/usr/share/java/epubcheck.jar")  # its command starts only where the kernel knows how to start a jar
# The commands by which the tests read the book's editions, and the Debian package of each.
READERS = {
    "java": "default-jre-headless",
    "pdffonts": "poppler-utils",
    "pdfinfo": "poppler-utils",
    "pdftotext": "poppler-utils",
    "qpdf": "qpdf",
}


def missing() -> list[str]:
    """The Debian packages of what is missing."""
    packages = {package for edition in editions.NEEDS for package in editions.missing(edition).values()}
    packages |= {package for command, package in READERS.items() if not shutil.which(command)}
    found = {"chromium": browser.find(), "epubcheck": EPUBCHECK.exists(), "firefox-esr": firefox.find()}
    return sorted(packages | {package for package, there in found.items() if not there})


def bring() -> int:
    """Install Playwright's Chromium where there is none, and what is missing then from Debian; the exit status."""
    if not browser.find():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    packages = missing()
    if packages and shutil.which("apt-get") and os.geteuid() == 0:
        install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
        for command in (["apt-get", "update", "-qq"], install):
            subprocess.run(command, env=os.environ | {"DEBIAN_FRONTEND": "noninteractive"}, check=False)
        packages = missing()
    if packages:
        print(f"The tests need what these packages of Debian bring: {' '.join(packages)}", file=sys.stderr)
    return 1 if packages else 0


if __name__ == "__main__":
    sys.exit(bring())
