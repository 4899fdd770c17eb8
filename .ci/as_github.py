"""Run the steps of the workflow's job `build` in a clone, as GitHub does in a fork: `python .ci/as_github.py CLONE`.

The clone gets a fork's origin; the steps get the repository's name, and what earlier ones wrote for them. Of the tests,
those are run that look at what depends on a site's address, a repository and the editions; the rest ran before.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

REPOSITORY = "reader/vae"
TESTS = "tests/test_publish.py tests/test_container.py " + " ".join(
    f"tests/book/test_{name}.py" for name in ("links", "notebooks", "publishing")
)
SUDO = 'sudo() { "$@"; }\n'  # here everything runs as one user


def main(clone: Path) -> None:
    origin = f"https://github.com/{REPOSITORY}.git"
    subprocess.run(["git", "remote", "set-url", "origin", origin], cwd=clone, check=True)
    workflow = yaml.safe_load((clone / ".github/workflows/book.yml").read_text(encoding="utf-8"))
    environment = os.environ | {"GITHUB_REPOSITORY": REPOSITORY, "TESTS": TESTS}
    for step in workflow["jobs"]["build"]["steps"]:
        if "run" not in step:
            continue
        print(f"::: {step['run']}", flush=True)
        with tempfile.NamedTemporaryFile("r") as written:
            command = ["bash", "-eo", "pipefail", "-c", SUDO + step["run"]]
            subprocess.run(command, cwd=clone, env=environment | {"GITHUB_ENV": written.name}, check=True)
            environment |= dict(line.split("=", 1) for line in written.read().splitlines())


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
