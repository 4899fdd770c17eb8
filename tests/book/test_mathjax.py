"""The MathJax that the pages load: what npm published, and nothing else."""

import shutil
from pathlib import Path

import pytest
from _ext.site import mathjax
from sphinx.errors import ExtensionError


def test_the_site_has_npms_files(html: Path) -> None:
    assert mathjax.checksum(html / "_static" / "mathjax") == mathjax.NPM


@pytest.mark.parametrize("change", ["altered", "added", "renamed"])
def test_another_file_stops_the_build_and_the_folder_is_named(
    html: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    package = tmp_path / "sphinx-mathjax-offline"
    files = shutil.copytree(html / "_static" / "mathjax", package / "static" / "mathjax")
    (package / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    mathjax.check(None)
    if change == "altered":
        with (files / "tex-chtml.js").open("a") as script:
            script.write("\n")
    elif change == "added":
        (files / "more.js").touch()
    else:
        (files / "tex-chtml.js").rename(files / "tex.js")
    with pytest.raises(ExtensionError, match=f"{files} holds another MathJax"):
        mathjax.check(None)
