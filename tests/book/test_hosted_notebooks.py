"""Every notebook, run as on Colab: torch is there, the first cell brings vae_lib, and nothing else of the book is."""

import base64
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import joblib
import nbformat
import pages
import pytest
import sources
from _ext.notebooks.notebook import set_up
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from vae_lib import data, paths, recipes

ROOT = pages.BOOK.parent
NAMES = [source.relative_to(pages.BOOK).with_suffix("").as_posix() for source in pages.with_notebook()]
# What Colab has: these, in the book's versions here, are larger than what a reader wants to wait for ...
LARGE = ("torch", "torchvision", "numpy", "scikit-learn", "matplotlib")
# ... and of these it has old ones, which it asks its readers to restart over when anything replaces them.
OLD = ("ipython==7.34.0", "ipykernel==6.17.1", "ipywidgets==7.7.1")
OWN = re.compile("PYTHON|VIRTUAL_ENV|VAE_LIB|JUPYTER|IPYTHON|MPL|MATPLOTLIB|TQDM|BOOK_")  # of this process and the book
SIZES = """
import json
from importlib.metadata import distributions
sizes = {d.name: [d.version, sum(d.locate_file(f).stat().st_size for f in d.files)] for d in distributions()}
print(json.dumps(sizes))
"""
WIDGET = "application/vnd.jupyter.widget-view+json"
MINUTES = 10  # for one notebook, on a machine that is busy
MEGABYTES = 10  # that the first cell may bring where torch is


class Machine:
    """A Python of its own in a folder, which knows nothing of this repository."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.programs = folder, folder / "python" / "bin"
        kept = {name: value for name, value in os.environ.items() if not OWN.match(name)}
        self.environment = kept | {
            "HOME": str(folder),
            "PATH": f"{self.programs}{os.pathsep}{kept['PATH']}",
            "OMP_NUM_THREADS": "1",
        }

    def run(self, *command: str | Path, **environment: str) -> str:
        environment = self.environment | environment
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def installed(self) -> dict[str, list]:
        """Of each distribution its version and its bytes."""
        return json.loads(self.run(self.programs / "python", "-c", SIZES))

    def execute(self, notebook: NotebookNode, name: str, **environment: str) -> NotebookNode:
        """The notebook with its outputs, errors included, run from the top in a folder that is otherwise empty."""
        path = self.folder / name / "notebook.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
        options = ["--inplace", "--allow-errors", f"--timeout={60 * MINUTES}"]
        self.run(self.programs / "jupyter", "execute", *options, path, **environment)
        return nbformat.read(path, as_version=4)


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    """Like Colab before a notebook is opened, but for the version of Python, which is this one."""
    machine = Machine(tmp_path_factory.mktemp("machine"))
    subprocess.run([sys.executable, "-m", "venv", machine.programs.parent], check=True)
    pinned = (ROOT / "requirements.txt").read_text().splitlines()
    large = [line for line in pinned if line.partition("==")[0] in LARGE]
    assert {line.partition("==")[0] for line in large} == set(LARGE)
    install = [machine.programs / "pip", "install", "--quiet", "--no-compile"]
    machine.run(*install, *large, *OLD, "nbclient", HOME=os.environ["HOME"])  # where pip has its cache
    return machine


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, mnist: data.Splits) -> Path:
    """What is published: the trained models, and the repository's archive as GitHub makes it."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "models").mkdir()
    for name in recipes.RECIPES:
        path = recipes.checkpoint_path(name, mnist)
        assert path.exists(), f"{name} is not trained: run `make book` first"
        shutil.copyfile(path, folder / "models" / path.name)
    with zipfile.ZipFile(folder / "vae.zip", "w") as archive:
        for path in sources.files():
            archive.write(ROOT / path, f"vae-0123456789abcdef/{path}")
    return folder


@pytest.fixture(scope="session")
def first_cell(site: Path) -> str:
    """The cell that a notebook begins with, for what is published there."""
    return set_up((site / "vae.zip").as_uri(), site.as_uri())


@pytest.fixture(scope="session")
def brought(machine: Machine, first_cell: str) -> tuple[dict[str, list], dict[str, list]]:
    """What is installed on the machine before the first cell runs, and after."""
    before = machine.installed()
    cells = [new_code_cell(first_cell), new_code_cell("import vae_lib.figures, vae_lib.recipes")]
    assert faults(machine.execute(new_notebook(cells=cells), "first")) == []
    return before, machine.installed()


@pytest.fixture(scope="session")
def executed(machine: Machine, brought: tuple, first_cell: str, html: Path) -> dict[str, NotebookNode]:
    """Each notebook of the book with its outputs, run on that machine, one on each core."""

    def run(name: str) -> NotebookNode:
        notebook = nbformat.read(html.parent / "notebooks" / f"{name}.ipynb", as_version=4)
        (cell,) = (cell for cell in notebook.cells if cell.id == "set-up")
        cell.source = first_cell
        places = {"VAE_LIB_CACHE": str(machine.folder / name / "cache"), "VAE_LIB_DATA": str(paths.data_root())}
        return machine.execute(notebook, name, VAE_LIB_DATASET="mnist", **places)

    with ThreadPoolExecutor(joblib.cpu_count()) as runners:
        return dict(zip(NAMES, runners.map(run, NAMES), strict=True))


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def faults(notebook: NotebookNode) -> list[str]:
    """Errors, whatever was written to stderr, and cells that were not run."""
    told = [f"{output.ename}: {output.evalue}" for output in outputs(notebook) if output.output_type == "error"]
    told += [f"stderr: {output.text}" for output in outputs(notebook) if output.get("name") == "stderr"]
    counts = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    return told + ["not every cell was run"] * (counts != list(range(1, len(counts) + 1)))


def words(text: str) -> str:
    return " ".join(text.split())


def shown(notebook: NotebookNode) -> list[str]:
    """What its cells print, say and draw, in order; what a cell prints arrives in pieces, and between progress bars."""
    widgets = notebook.metadata.get("widgets", {}).get("application/vnd.jupyter.widget-state+json", {}).get("state", {})
    found = []
    for cell in notebook.cells:
        printed = ""
        for output in cell.get("outputs", ()):
            formats = output.get("data", {})
            model = widgets.get(formats.get(WIDGET, {}).get("model_id"), {})
            thing = ""
            if output.output_type == "stream":
                printed += output.text
            elif model.get("model_module") == "anywidget":
                thing = "a live figure"
            elif "image/png" in formats:
                thing = "a figure"
            elif "text/html" in formats:
                thing = words(BeautifulSoup(formats["text/html"], "html.parser").get_text())
            if thing:
                found += [words(printed), thing]
                printed = ""
        found.append(words(printed))
    return found


def shown_on_page(page: Path) -> list[str]:
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    found = []
    for node in soup.select(".cell_output .output, .cell_output figure"):
        if node.name == "figure":
            found.append("a live figure" if node.select_one(".live-figure") else "a figure")
        elif not node.find_parent("figure"):
            found.append(words(node.get_text()))
    return found


def test_the_first_cell_leaves_torch_alone_and_brings_little(brought: tuple) -> None:
    before, after = brought
    assert "vae_lib" not in before
    assert {name: after[name] for name in before} == before
    new = {name: size for name, (_, size) in after.items() if name not in before}
    assert "vae_lib" in new
    assert sum(new.values()) < MEGABYTES * 1e6, new


@pytest.mark.parametrize("name", NAMES)
class TestNotebook:
    def test_runs_from_the_top_without_a_complaint(self, name: str, executed: dict[str, NotebookNode]) -> None:
        assert faults(executed[name]) == []

    def test_its_first_cell_has_nothing_to_say(self, name: str, executed: dict[str, NotebookNode]) -> None:
        (cell,) = (cell for cell in executed[name].cells if cell.id == "set-up")
        assert cell.outputs == []

    def test_shows_what_its_page_shows(self, name: str, executed: dict[str, NotebookNode], html: Path) -> None:
        here = iter(shown(executed[name]))
        on_page = shown_on_page(html / f"{name}.html")
        assert on_page
        assert [thing for thing in on_page if thing not in here] == []  # and in the page's order: `in` moves on

    def test_draws_in_the_size_of_the_book(self, name: str, executed: dict[str, NotebookNode]) -> None:
        for output in outputs(executed[name]):
            if output.output_type == "display_data" and (picture := output.data.get("image/png")):
                pixels = Image.open(io.BytesIO(base64.b64decode(picture))).width
                assert output.metadata["image/png"]["width"] == pixels // 2

    def test_an_exercise_waits_for_its_answer(self, name: str, executed: dict[str, NotebookNode]) -> None:
        for cell in executed[name].cells:
            if cell.cell_type == "code" and "starter" in cell.metadata.get("tags", []) and "check(" in cell.source:
                assert "not attempted" in "".join(shown(new_notebook(cells=[cell]))).lower()

    def test_trains_nothing(self, name: str, executed: dict[str, NotebookNode], machine: Machine, site: Path) -> None:
        fetched = list((machine.folder / name / "cache").rglob("*.safetensors"))
        loads = any("recipes.load(" in cell.source for cell in executed[name].cells if cell.cell_type == "code")
        assert bool(fetched) == loads
        assert [path for path in fetched if path.read_bytes() != (site / "models" / path.name).read_bytes()] == []


def test_every_fault_is_found() -> None:
    """Planted, since the notebooks above have none."""
    failed = new_output("error", ename="ValueError", evalue="planted", traceback=[])
    warned = new_output("stream", name="stderr", text="UserWarning: planted")
    for outputs, count, said in (
        ([failed], 1, "ValueError: planted"),
        ([warned], 1, warned.text),
        ([], None, "not ev"),
    ):
        notebook = new_notebook(cells=[new_code_cell("1", outputs=outputs, execution_count=count)])
        (fault,) = faults(notebook)
        assert said in fault
