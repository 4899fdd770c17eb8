"""How a build of the book prepares its data and models: where it looks, what it says, and how it is interrupted."""

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from _ext import execution
from sphinx.errors import ExtensionError

from vae_lib import checkpoints, paths, recipes

pytestmark = pytest.mark.usefixtures("tiny")


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path) -> None:
    """An empty cache, where the other tests of this folder have the user's."""
    monkeypatch.setenv("VAE_LIB_CACHE", str(tmp_path / "cache"))
    for name in ("VAE_LIB_DATASET", "VAE_LIB_MODELS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def said(monkeypatch):
    """What the build logs."""
    lines = []
    monkeypatch.setattr(execution, "LOGGER", SimpleNamespace(info=lambda line, *values: lines.append(line % values)))
    return lines


@pytest.fixture
def started(monkeypatch):
    """The processes that the build starts: each ends with the planted exit code, and says where it looks."""
    processes = SimpleNamespace(code=0, looked=[])

    def start(command, cwd):
        seen = "os.environ['VAE_LIB_CACHE'], os.environ['VAE_LIB_DATA'], os.getcwd()"
        here = f"import os; print({seen}, sep='\\n', flush=True)"
        child = [sys.executable, "-S", "-c", f"{here}; raise SystemExit({processes.code})"]
        process = popen(child, cwd=cwd, stdout=subprocess.PIPE, text=True)
        processes.looked.append(process.stdout.read().splitlines())
        return process

    popen = subprocess.Popen
    monkeypatch.setattr(execution.subprocess, "Popen", start)
    return processes


@pytest.fixture
def prepare(tmp_path, monkeypatch, said):
    """Prepare a build that was started in the test's folder."""
    for name in (
        "VAE_LIB_DATA",
        "VAE_LIB_DATASET",
        "PYTHONOPTIMIZE",
        "IPYTHONDIR",
        "MATPLOTLIBRC",
        "TQDM_DISABLE",
        "PYTHONPATH",
    ):
        monkeypatch.setenv(name, os.environ.get(name, ""))  # put back after the test
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.chdir(tmp_path)
    app = SimpleNamespace(outdir=str(tmp_path / "_build" / "html"), connect=lambda *arguments: None)
    config = SimpleNamespace(nb_execution_mode="cache", html_theme_options={})

    def both() -> None:
        execution.prepare(app, config)
        execution.train_missing(config)

    return both


@pytest.mark.parametrize("named", ["here", "./deep/down", "~/cache", "../beside"])
def test_relative_folders_are_those_of_the_place_where_the_build_was_started(
    tmp_path, monkeypatch, prepare, started, named
):
    (tmp_path / "in").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("VAE_LIB_CACHE", named)
    monkeypatch.setenv("VAE_LIB_DATA", f"{named}-digits")
    expected = [Path(os.path.abspath(os.path.expanduser(path))) for path in (named, f"{named}-digits")]
    prepare()
    ((cache, digits, place),) = started.looked  # by the training, which works in another folder
    assert [Path(os.path.abspath(Path(place, path))) for path in (cache, digits)] == expected
    monkeypatch.chdir(tmp_path / "in")  # as a chapter's kernel does
    assert [Path(os.path.abspath(path)) for path in (paths.cache_dir(), paths.data_root())] == expected


def test_a_build_says_that_it_trains_where_it_trains(prepare, started, said):
    prepare()
    assert "training 2 models of the book, once on this machine: tiny, tiny-ae" in said


def test_a_build_says_that_it_fetches_where_it_fetches(prepare, started, said, monkeypatch):
    monkeypatch.setenv("VAE_LIB_MODELS", "https://example.org/models")
    prepare()
    assert (
        "fetching 2 models of the book from https://example.org/models, training what cannot be had: tiny, tiny-ae"
        in said
    )
    assert not [line for line in said if line.startswith("training")]


def test_a_build_says_nothing_of_models_that_are_there(prepare, started, said, small_splits):
    for name in ("tiny", "tiny-ae"):
        recipes.load(name)
    assert not checkpoints.published_at(recipes.checkpoint_path("tiny", small_splits))
    prepare()
    assert said == ["digits: synthetic"]
    assert started.looked == []


def test_nothing_is_trained_for_pages_with_names_that_nothing_has(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    code = "from vae_lib import recipes\nrecipes.load('misspelt')"
    page.write_text(f"```{{code-cell}}\n{code}\n```\n")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)], metadata={"source_map": [0]})
    monkeypatch.setattr(execution, "_notebooks", lambda *_: [("page", page, notebook)])
    monkeypatch.setattr(execution, "train_missing", lambda _: pytest.fail("a model was trained"))
    app = SimpleNamespace(config=SimpleNamespace(common_state=""), srcdir=str(tmp_path))
    env = SimpleNamespace(found_docs={"page"}, doc2path=lambda name: page)
    with pytest.raises(ExtensionError, match="'misspelt' is unknown"):
        execution.outdated(app, env, set(), set(), set())


@pytest.mark.parametrize(("code", "error"), [(130, KeyboardInterrupt), (1, ExtensionError), (2, ExtensionError)])
def test_an_interrupted_training_interrupts_the_build_and_a_failed_one_fails_it(prepare, started, code, error):
    started.code = code
    with pytest.raises(error):
        prepare()


def test_the_cache_keeps_what_was_used_last_and_what_this_build_uses(tmp_path):
    names = [f"state-{i}" for i in range(3 * execution.STATES)]
    for age, name in enumerate(reversed(names)):
        (tmp_path / name / "executed").mkdir(parents=True)
        os.utime(tmp_path / name, (1e9 - age, 1e9 - age))
    config = SimpleNamespace(nb_execution_cache_path=str(tmp_path))
    execution._forget_old_states(SimpleNamespace(config=config, page_states={"a": names[0], "b": names[2]}))
    rest = names[-2 * execution.STATES + 2 :]
    assert {path.name for path in tmp_path.iterdir()} == {names[0], names[2], *rest}


def test_a_cache_that_was_removed_by_hand_or_never_made_stops_no_build(tmp_path):
    config = SimpleNamespace(nb_execution_cache_path=str(tmp_path / "removed"))
    execution._forget_old_states(SimpleNamespace(config=config, page_states={}))
    execution._forget_old_states(SimpleNamespace(config=config, page_states={"a": "state"}))


def test_what_is_printed_of_all_pages_is_printed_again_when_a_title_or_its_minutes_change():
    pages = {"guide": "from vae_course.handout import written", "other": "import torch"}
    packages = execution.Packages(execution.ROOT)

    def states(outline: list[str]) -> dict[str, str]:
        notebooks = {
            name: nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]) for name, code in pages.items()
        }
        return {name: execution._state("", packages, name, each, outline) for name, each in notebooks.items()}

    before, after = states(["# A title"]), states(["# Another"])
    assert before["guide"] != after["guide"] and before["other"] == after["other"]
    text = (
        "# A title\n\n```{admonition} 30 minutes; 75 with everything\n:class: opening\n```\nProse.\n:::{table} T\n:::\n"
    )
    assert execution.OUTLINE.findall(text) == [
        "# A title",
        "```{admonition} 30 minutes; 75 with everything",
        ":::{table} T",
    ]
