"""What a page depends on: tried on the packages themselves, copied and changed."""

import shutil
from pathlib import Path

import pytest
import sources
from _ext.dependencies import Code, Packages, imports, parse

from vae_lib.configs import RECIPES

# A page for each way to depend on something.
PAGES = {
    "bare": ["import torch\n1 + 1"],
    "checks": ["from vae_course import check, hint", "def my_kl(mean, log_var):\n    return 0", "check(my_kl)"],
    "checks another": [
        "from vae_course import check as c",
        "def my_reparameterize(mean, log_var, noise):\n    return 0",
        "c(my_reparameterize)",
    ],
    "asks nothing": ["from vae_course import check"],
    "measures": ["from vae_lib.objectives import elbo"],
    "draws": ["from vae_lib import figures"],
    "lists the bank": ["from vae_course.bank import EXERCISES"],
    "loads one": ["from vae_lib import recipes", 'model, _ = recipes.load("vae-2")'],
    "loads some": ["from vae_lib import recipes", "[recipes.load(name) for name in ('vae-2', 'small')]"],
    "puts together": ["from vae_lib import recipes", "[recipes.load(name) for name in (f'vae-{d}' for d in (2, 20))]"],
    "adds": ["from vae_lib import recipes", "[recipes.load('small' + seed) for seed in ('', '-seed-1')]"],
    "maps": ["from vae_lib import recipes", 'list(map(recipes.load, names))\nrecipes.get("vae-2")'],
    "renames": ["from vae_lib import recipes as r", 'r.load("vae-2")'],
    "commands": ["from vae_lib.cli import main", "main(['train', 'small'])"],
    "shows": ["from vae_lib import live", "live.LatentPlane(model)"],
    "shows by name": ["from vae_lib.live import LatentPlane"],
    "shows any": ["from vae_lib import live as figures", "getattr(figures, name)"],
    "is no Python": ["def f(:"],
}
BANK = {"lists the bank", "is no Python"}
ANY_RECIPE = {"puts together", "adds", "maps", "renames", "commands", "is no Python"}
SHOWS = {"shows", "shows by name", "shows any"}
RUNS_ALL = {"is no Python"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("vae_lib", "vae_course"):
        shutil.copytree(sources.ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def states(root: Path, recipes: dict = RECIPES) -> dict[str, str]:
    packages = Packages(root)
    return {name: packages.fingerprint(Code(tuple(cells)), recipes) for name, cells in PAGES.items()}


def changed(root: Path, file: str, change=lambda text: text + "\nplanted = 1\n") -> set[str]:
    """The pages that are executed again after a change of one file, which is then taken back."""
    path, before = root / file, states(root)
    text = path.read_text()
    path.write_text(change(text))
    after = states(root)
    path.write_text(text)
    assert states(root) == before
    return {name for name in PAGES if before[name] != after[name]}


def test_a_change_in_one_chapters_exercises_changes_the_page_that_checks_them(root):
    assert changed(root, "vae_course/bank/elbo.py") == {"checks"} | BANK
    assert changed(root, "vae_course/bank/reparameterization.py") == {"checks another"} | BANK
    assert changed(root, "vae_course/bank/mnist.py") == BANK


def test_a_hint_counts_and_a_comment_does_not(root):
    file = "vae_course/bank/elbo.py"
    assert changed(root, file, lambda text: text.replace("hints=(", 'hints=("Planted.", ', 1)) == {"checks"} | BANK
    assert changed(root, file, lambda text: f"# Planted.\n{text.replace('Chapter 3', 'Chapter three', 1)}") == set()


def test_what_all_exercises_share_changes_every_page_that_may_check(root):
    checking = {"checks", "checks another", "asks nothing", *BANK}
    for file in ("bank/__init__.py", "checking/exercise.py", "checking/report.py"):
        assert changed(root, f"vae_course/{file}") == checking, file
    assert changed(root, "vae_course/marking/worker.py") == RUNS_ALL


def test_a_change_in_the_science_changes_the_pages_that_reach_it(root):
    # recipes.py trains, and so reaches most; figures.py draws the history of a training, and the live figures' pictures
    loads = {"loads one", "loads some", "puts together", "adds", "maps", "renames", "commands"}
    assert changed(root, "vae_lib/objectives.py") == {"measures", "draws", *SHOWS, *loads} | RUNS_ALL
    assert changed(root, "vae_lib/figures.py") == {"draws", *SHOWS, "commands"} | RUNS_ALL
    assert changed(root, "vae_lib/__init__.py") == {"measures", "draws", *SHOWS, *loads} | RUNS_ALL
    assert changed(root, "vae_lib/commands.py") == {"commands"} | RUNS_ALL  # which the command line imports late


def test_a_live_figure_changes_the_pages_that_show_it(root):
    assert changed(root, "vae_lib/live/latent.py") == SHOWS | RUNS_ALL
    assert changed(root, "vae_lib/live/worlds.py") == {"shows any"} | RUNS_ALL
    shutil.copy(sources.ROOT / "docs/template/entropy.py", root / "vae_lib/live")
    line = "from vae_lib.live.entropy import Entropy\n"
    assert changed(root, "vae_lib/live/__init__.py", lambda text: text + line) == {"shows any"} | RUNS_ALL
    assert changed(root, "vae_lib/live/__init__.py") == SHOWS | RUNS_ALL


def test_a_recipe_changes_the_pages_that_load_it(root):
    before = states(root)

    def differ(recipes: dict) -> set[str]:
        return {name for name, state in states(root, recipes).items() if state != before[name]}

    assert differ({**RECIPES, "new": RECIPES["small"]}) == ANY_RECIPE
    assert differ({**RECIPES, "small": RECIPES["wide"]}) == {"loads some", *ANY_RECIPE}
    assert differ({**RECIPES, "vae-2": RECIPES["wide"]}) == {"loads one", "loads some", *ANY_RECIPE}
    assert differ({**RECIPES, "vae-20": RECIPES["wide"]}) == ANY_RECIPE
    line = '    "planted": SMALL,\n'
    assert (
        changed(root, "vae_lib/configs.py", lambda text: text.replace("RECIPES = {\n", f"RECIPES = {{\n{line}", 1))
        == set()
    )
    assert "loads one" in changed(root, "vae_lib/configs.py")


def test_the_magics_of_a_cell_hide_no_import():
    cells = ("%matplotlib inline\nimport a", "!ls\nimport b", "%%time\n%%capture out\nimport c", "import d\nd.e?")
    trees = Code(cells).trees
    assert [sorted(imports(tree)) for tree in trees] == [["a"], ["b"], ["c"], ["d"]]
    assert parse("%%bash\nfor f in *; do ls; done") is None


def test_a_relative_import_is_of_the_package_that_it_stands_in():
    assert imports(parse("from . import a\nfrom .b import c\nfrom ..d import e"), "top.inner") == {
        "top.inner.a", "top.inner.b.c", "top.d.e"
    }  # fmt: skip
