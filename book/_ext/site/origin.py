"""Whose copy of the book this is: its authors, the site's address, the repository on GitHub, and what git knows.

Nothing names the repository in the files: a fork's buttons open the fork, and its notebooks install the fork's package.
"""

import os
import re
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

BEFORE_OTHERS = 400
PACKAGE_FILES = ("vae_lib", "vae_course", "pyproject.toml")
NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*/(?!\.(?:\.|git)?/?$)[A-Za-z0-9_.-]+?)(?:\.git)?/?"
# https with or without a user and a token, git's old protocol, ssh in its three spellings
REMOTE = rf"(?:(?:https?|git|ssh)://(?:[^@/\s]+@)?|[\w.-]+@)(?:www\.|ssh\.)?github\.com(?::\d+)?[:/]/?{NAME}"


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("github_repository", "", "html")  # "owner/name", where neither the CI nor git knows it
    app.connect("config-inited", find, priority=BEFORE_OTHERS)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def find(app: Sphinx, config: Config) -> None:
    """Complete the configuration: authors, address, repository. Raises ExtensionError for a bad BOOK_URL.

    The authors are those of the title, which stands in one place; an edition's author and publisher are the same.
    """
    config.author = config.author.replace("{title}", config.html_title)
    if url := os.environ.get("BOOK_URL"):
        try:
            config.html_baseurl = site_address(url)
        except ValueError as error:
            raise ExtensionError(f"BOOK_URL: {error}") from error
    config.github_repository = repository(
        environment=os.environ.get("GITHUB_REPOSITORY", ""),
        remote=Checkout(Path(app.srcdir).parent).remote,
        configured=config.github_repository,
    )


def site_address(text: str) -> str:
    """The site's address with a slash at its end. Raises ValueError for other text."""
    parts = urlsplit(text)
    odd = re.search(r"""[\s"'<>\\#?]""", text)  # it stands in pages and in the notebooks' code
    if parts.scheme not in ("http", "https") or not parts.netloc or odd:
        raise ValueError(f"{text!r}, expected an address like https://owner.github.io/name")
    return text.rstrip("/") + "/"


def repository(*, environment: str, remote: str, configured: str) -> str:
    """The "owner/name" of the book's repository on GitHub; "" where it is not known.

    environment: what GitHub's own CI says; remote: the address of git's `origin`; configured: what the book's
    configuration says. The first of them that is well-formed counts.
    """
    for pattern, text in ((NAME, environment), (REMOTE, remote), (NAME, configured)):
        if found := re.fullmatch(pattern, text.strip()):
            return found["name"]
    return ""


class Checkout:
    """What git knows about a folder: every answer is "" where there is no git, or the folder is no checkout's top."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # A copy without git may lie in a folder of another checkout, whose remote is not the book's.
        top = self._git("rev-parse", "--show-toplevel")
        self.exists = bool(top) and Path(top).resolve() == folder.resolve()

    @property
    def remote(self) -> str:
        """The address of `origin`."""
        return self._git("remote", "get-url", "origin") if self.exists else ""

    @property
    def package_commit(self) -> str:
        """The commit that last touched the package, so that other commits leave the notebooks as they are."""
        return self._git("log", "-1", "--format=%H", "--", *PACKAGE_FILES) if self.exists else ""

    @property
    def shallow(self) -> bool:
        return self.exists and self._git("rev-parse", "--is-shallow-repository") == "true"

    @property
    def last_changes(self) -> dict[Path, str]:
        """Each committed file with the day of its last commit, as 2026-11-25; none where a shallow clone hides it."""
        days: dict[Path, str] = {}
        if not self.exists or self.shallow:
            return days
        for commit in self._git("-c", "core.quotePath=off", "log", "--format=%x00%cs", "--name-only").split("\0"):
            day, *names = commit.split("\n")
            for name in filter(None, names):
                days.setdefault(self.folder / name, day)  # the newest commit comes first
        return days

    def _git(self, *arguments: str) -> str:
        try:
            result = subprocess.run(
                ["git", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return "" if result.returncode else result.stdout.strip()
