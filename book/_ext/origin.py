"""Whose copy of the book this is: its repository on GitHub, and the commit that holds the package.

Nothing names the repository in the files: a fork's buttons open the fork, and its notebooks install the fork's package.
"""

import re
import subprocess
from pathlib import Path

PACKAGE_FILES = ("vae_lib", "pyproject.toml")
NAME = r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*/(?!\.(?:\.|git)?/?$)[A-Za-z0-9_.-]+?)(?:\.git)?/?"
# https with or without a user and a token, git's old protocol, ssh in its three spellings
REMOTE = rf"(?:(?:https?|git|ssh)://(?:[^@/\s]+@)?|[\w.-]+@)(?:www\.|ssh\.)?github\.com(?::\d+)?[:/]/?{NAME}"


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

    def last_change(self, path: Path) -> str:
        """The day of the last commit that touched a file, as 2026-11-25; "" where a shallow clone cannot know it."""
        return self._git("log", "-1", "--format=%cs", "--", str(path)) if self.exists and not self.shallow else ""

    def _git(self, *arguments: str) -> str:
        try:
            result = subprocess.run(
                ["git", *arguments], cwd=self.folder, capture_output=True, text=True, timeout=20, check=False
            )
        except (OSError, subprocess.TimeoutExpired):
            return ""
        return "" if result.returncode else result.stdout.strip()
