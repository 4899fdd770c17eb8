"""`make pdf` and `make epub`: the book as one file, whole or not at all.

Sphinx works in a folder of its own for each format, from the pages that `make book` read and executed. What it makes
there is looked through, and only then moved to where a reader looks for it.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

BOOK = Path(__file__).resolve().parents[2]
BUILD = BOOK / "_build"
NAME = "vae-executed"
UNCHECKED = "unchecked"  # the EPUB's, as Sphinx writes it
# What an edition needs of the machine: a command, or a file that TeX finds, and the Debian package that brings it.
NEEDS = {
    "pdf": {
        "latexmk": "latexmk",
        "xelatex": "texlive-xetex",
        "caption.sty": "texlive-latex-recommended",
        "titlesec.sty": "texlive-latex-extra",
        "pzdr.tfm": "texlive-fonts-recommended",
        "texgyrepagella-regular.otf": "fonts-texgyre",
        "texgyrepagella-math.otf": "fonts-texgyre-math",
        "DejaVuSansMono.ttf": "fonts-dejavu-core",
        "rsvg-convert": "librsvg2-bin",
    },
    "epub": {},
}
# What TeX says in its log and goes on, though a reader would see it.
FAULTS = (
    r"Missing character: .+",
    r"LaTeX Warning: (?:Reference|Citation|Hyper reference) .+ undefined.*",
    r"Overfull \\hbox \((?:[1-9]\d|[5-9])\..+",  # by 5 pt or more
)


def file(edition: str) -> str:
    """Where an edition stands in the build's folder."""
    return f"{edition}/{NAME}.{edition}"


def missing(edition: str) -> dict[str, str]:
    """What an edition needs and this machine lacks, each with its package."""
    return {name: package for name, package in NEEDS[edition].items() if not _found(name)}


def _found(name: str) -> bool:
    if "." not in name:
        return shutil.which(name) is not None
    kpsewhich = shutil.which("kpsewhich")
    return kpsewhich is not None and subprocess.run([kpsewhich, name], capture_output=True, check=False).returncode == 0


def pdf() -> Path:
    """Write the PDF; the file it is in, not yet in its place."""
    folder = BUILD / "latex"
    _sphinx("--builder", "latex")
    command = ["latexmk", "-xelatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", f"{NAME}.tex"]
    if subprocess.run(
        command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
    ).returncode:
        raise SystemExit(f"TeX could not set the book; the end of {folder / NAME}.log says why")
    if found := faults((folder / f"{NAME}.log").read_text(encoding="utf-8", errors="replace")):
        raise SystemExit("\n".join(["The PDF has faults:", *found]))
    return folder / f"{NAME}.pdf"


def faults(log: str) -> list[str]:
    """What TeX's log says of faults that a reader would see. TeX breaks its lines at 79 characters."""
    whole = re.sub(r"(?<=^.{79})\n", "", log, flags=re.MULTILINE)
    return sorted({match for fault in FAULTS for match in re.findall(fault, whole)})


def epub() -> Path:
    """Write the EPUB; the file it is in, not yet in its place."""
    shutil.rmtree(BUILD / "epub", ignore_errors=True)  # all pages are written: each gives its solutions to the last
    _sphinx("--builder", "custom", "--custom-builder", "epub")
    return BUILD / "epub" / f"{UNCHECKED}.epub"


def _sphinx(*arguments: str) -> None:
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "-W", "-n", "--keep-going", *arguments, BOOK]
    if subprocess.run(command, check=False).returncode:
        raise SystemExit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("edition", choices=NEEDS)
    edition = parser.parse_args().edition
    goal = BUILD / file(edition)
    goal.unlink(missing_ok=True)  # an old one would pass for the new one, should that fail
    if lacking := missing(edition):
        packages = " ".join(sorted(set(lacking.values())))
        raise SystemExit(
            f"The {edition.upper()} needs {', '.join(lacking)}, which is not on this machine; "
            f"on Debian or Ubuntu, `apt-get install {packages}` brings it."
        )
    made = {"pdf": pdf, "epub": epub}[edition]()
    goal.parent.mkdir(parents=True, exist_ok=True)
    made.replace(goal)
    print(f"Open {os.path.relpath(goal)}")


if __name__ == "__main__":
    main()
