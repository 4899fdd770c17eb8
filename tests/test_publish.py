"""What publishes the book: the workflow, Binder's files, and the script that writes the branch of notebooks."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import sources
import yaml

from vae_lib import paths

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def git(folder: Path, *arguments: str) -> str:
    own = ["-c", "user.name=test", "-c", "user.email=test@localhost"]
    return subprocess.run(["git", *own, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
class TestWorkflow:
    def test_is_what_the_published_schema_asks_for(self, path: Path) -> None:
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout

    def test_every_action_is_pinned_to_a_commit(self, path: Path) -> None:
        used = re.findall(r"uses: (.+)", path.read_text())
        assert used
        assert [action for action in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}  # v\d+\.\d+\.\d+", action)] == []

    def test_may_read_and_only_what_publishes_may_write(self, path: Path) -> None:
        workflow = yaml.safe_load(path.read_text())
        assert workflow["permissions"] == {"contents": "read"}
        for job in workflow["jobs"].values():
            if "permissions" in job:
                assert "github.ref == 'refs/heads/main'" in job["if"]

    def test_names_no_repository(self, path: Path) -> None:
        text = re.sub(r"uses: .+", "", path.read_text())
        assert re.findall(r"github\.com/\w+/\w+|[\w-]+\.github\.io", text) == []


def test_the_workflow_keeps_the_models_where_the_package_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that the cache action saves: of a path with ".." it warns, and every run trains all models."""
    steps = yaml.safe_load((ROOT / ".github/workflows/book.yml").read_text())["jobs"]["build"]["steps"]
    (kept,) = [step["with"]["path"] for step in steps if step.get("uses", "").startswith("actions/cache@")]
    assert ".." not in kept
    monkeypatch.delenv("VAE_LIB_CACHE")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert Path(kept).expanduser() == paths.cache_dir()


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("reader/vae", "https://reader.github.io/vae"),
        ("reader/reader.github.io", "https://reader.github.io"),
    ],
)
def test_the_site_is_where_pages_puts_it(repository: str, address: str) -> None:
    environment = os.environ | {"GITHUB_REPOSITORY": repository}
    done = subprocess.run([ROOT / ".ci" / "site_address"], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout == f"BOOK_URL={address}\n"


def test_the_branch_of_notebooks_holds_what_binder_needs_and_changes_only_with_it(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--bare", "origin.git")
    fork = sources.copy(tmp_path / "fork")  # as it is here, committed or not
    git(fork, "init", "--quiet")
    git(fork, "remote", "add", "origin", str(tmp_path / "origin.git"))
    git(fork, "add", "--all")
    git(fork, "commit", "--quiet", "--message", "A fork")
    built = fork / "book" / "_build" / "notebooks" / "chapters" / "elbo.ipynb"
    built.parent.mkdir(parents=True)
    built.write_text("{}")
    script = fork / ".ci" / "publish_notebooks"
    branches = git(fork, "branch", "--list")

    def publish(**given: str) -> str:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "BOOK_"))}
        done = subprocess.run([script], env=environment | given, capture_output=True, text=True, check=True)
        return done.stdout

    assert publish().startswith("notebooks: published")
    assert publish() == "notebooks: nothing new\n"
    assert git(tmp_path / "origin.git", "rev-list", "--count", "notebooks") == "1\n"
    files = git(tmp_path / "origin.git", "ls-tree", "-r", "--name-only", "notebooks").split()
    assert {"LICENSE", "LICENSE-TEXT"} <= set(files)
    assert {"chapters/elbo.ipynb", "pyproject.toml", "binder/requirements.txt"} <= set(files)
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    assert {f"{name.replace('.', '/')}/__init__.py" for name in packages} <= set(files)
    assert not [name for name in files if name.startswith(("book/", "tests/", ".github/")) or name == "binder/models"]
    assert git(fork, "branch", "--list") == branches  # nothing is left behind here
    built.write_text('{"changed": true}')
    assert publish().startswith("notebooks: published")
    assert git(tmp_path / "origin.git", "rev-list", "--count", "notebooks") == "1\n"
    assert publish(BOOK_URL="https://reader.example/vae/").startswith("notebooks: published")
    site = git(tmp_path / "origin.git", "show", "notebooks:binder/models")
    assert site == "https://reader.example/vae/models\n"


def test_binder_takes_the_models_from_the_site_if_there_is_one(tmp_path: Path) -> None:
    (tmp_path / "python").write_text('#!/bin/sh\necho "$@ from ${VAE_LIB_MODELS:-nowhere}"\n')
    (tmp_path / "python").chmod(0o755)
    (tmp_path / "binder").mkdir()
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    environment.pop("VAE_LIB_MODELS", None)

    def trained() -> str:
        command = [ROOT / "binder" / "postBuild"]
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()[-1]

    assert trained() == "-m vae_lib train --all from nowhere"
    (tmp_path / "binder" / "models").write_text("https://reader.example/vae/models\n")
    assert trained() == "-m vae_lib train --all from https://reader.example/vae/models"


def test_binder_has_the_versions_of_the_book() -> None:
    wanted = (ROOT / "binder" / "requirements.txt").read_text().splitlines()
    pinned = [line.partition(" ;")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()]
    versions = [line for line in wanted if "==" in line]
    assert versions
    assert [line for line in versions if line not in pinned] == []
    assert wanted[-1] == "."
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)
