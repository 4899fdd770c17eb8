"""How the chapters are executed: on which data, with which trained models, and when again.

Before the first page is read, the data are chosen once for all chapters, the names that the pages use are looked up,
and every recipe is trained that has no checkpoint yet, with progress on the terminal; the kernels then only read. The
execution cache has a folder for each state of a page: of its code, of what this reaches of the book's packages, of the
data and the libraries. So a page is executed anew when any of them changed, and only then. What is lacking is executed
side by side, before Sphinx reads one page after the other and finds each of them there.
"""

import hashlib
import html
import os
import platform
import re
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib import metadata
from pathlib import Path

import joblib
import nbclient
from filelock import FileLock, Timeout
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging

from _ext import environment
from _ext.dependencies import Code, Packages
from _ext.environment import Environment
from _ext.names import faults

ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("torch", "matplotlib", "numpy", "scikit-learn", "ipykernel", "myst-nb")
OTHER_DATA_NOTE = (
    "This copy was built without MNIST: every figure and number on this page comes from {data}, "
    "and the prose, which speaks of MNIST, may not fit them."
)
STATES = 3  # of each page stay in the cache, so that one finds its outputs again after a change is taken back
INTERRUPTED = 130  # the exit code of `python -m vae_lib` after Ctrl-C
QUOTED = re.compile(r"`/([\w/]+)\.md::")  # a page that shows another's number: {glue:text}`/chapters/elbo.md::name:.1f`
READS_PAGES = "vae_course.handout"  # whoever imports it prints what it finds in the pages: titles, minutes, exercises
OUTLINE = re.compile(r"^(?:#|`{3,}\{|:{3,}\{).*", re.MULTILINE)
LOGGER = logging.getLogger(__name__)

# What a kernel of the build has that a reader's has not: vector figures, without date and random ids, so that two
# builds of one commit agree to the letter.
KERNEL_CONFIG = """\
c.IPKernelApp.log_level = "ERROR"
c.InlineBackend.figure_formats = {"svg"}
c.InlineBackend.print_figure_kwargs = {"bbox_inches": "tight", "metadata": {"Date": None}}
"""
MATPLOTLIB_CONFIG = "svg.hashsalt: vae_lib\n"


def setup(app: Sphinx) -> dict[str, bool]:
    sys.path.insert(0, str(ROOT))  # the book of this checkout runs the vae_lib of this checkout
    app.add_config_value("common_state", "", "")
    app.connect("config-inited", prepare)
    app.connect("env-get-outdated", outdated)
    app.connect("env-before-read-docs", execute)
    app.connect("source-read", choose_cache)
    return {"parallel_read_safe": False, "parallel_write_safe": True}


def prepare(app: Sphinx, config: Config) -> None:
    """Choose the data and the execution cache's folder."""
    build = Path(app.outdir).parent
    build.mkdir(parents=True, exist_ok=True)
    _be_the_only_build(app, build)
    _fix_folders()
    data_name, fingerprint = _data()
    if data_name != "mnist":
        os.environ["PYTHONOPTIMIZE"] = "1"  # what the chapters assert, they assert of MNIST
        named = {"synthetic": "synthetic digits", "fashion": "Fashion-MNIST"}
        own = f"the images of «{html.escape(data_name)}»"
        config.html_theme_options["announcement"] = OTHER_DATA_NOTE.format(data=named.get(data_name, own))
    config.nb_execution_cache_path = str(build / ".jupyter_cache")
    versions = [platform.python_version(), *(f"{name} {metadata.version(name)}" for name in LIBRARIES)]
    config.common_state = "\n".join([fingerprint, *versions])


def outdated(app: Sphinx, env: Environment, added: set[str], changed: set[str], removed: set[str]) -> list[str]:
    """The pages whose outputs may be others than those that were read; Sphinx itself sees what changed in their text.

    Raises ExtensionError with every name on any page that nothing has; only then is anything trained.
    """
    before, env.page_states, wrong = getattr(env, "page_states", {}), {}, []
    packages, found = Packages(ROOT), sorted(env.found_docs)
    outline = [line for name in found for line in OUTLINE.findall(Path(env.doc2path(name)).read_text(encoding="utf-8"))]
    for docname, path, notebook in _notebooks(env, found):
        env.page_states[docname] = _state(app.config.common_state, packages, docname, notebook, outline)
        wrong += [f"{path.relative_to(app.srcdir)}:{line}: {fault}" for line, fault in faults(path, notebook)]
    if wrong:
        raise ExtensionError("\n".join(wrong))
    train_missing(app.config)
    _set_kernel_environment(Path(app.outdir).parent)
    return [name for name in env.found_docs if before.get(name) != env.page_states.get(name)]


def train_missing(config: Config) -> None:
    """Fetch or train the models that have no checkpoint yet, unless nothing is to be executed."""
    from vae_lib import configs, recipes

    if config.nb_execution_mode == "off":
        return
    paths = {name: recipes.checkpoint_path(name, recipes.splits(name)) for name in configs.RECIPES}
    if missing := [name for name, path in paths.items() if not path.exists()]:
        _train(missing)


def choose_cache(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let myst-nb look for the page's outputs where those of its state are."""
    env = environment.of(app)
    if docname in env.page_states:
        env.mystnb_config = env.mystnb_config.copy(execution_cache_path=str(_folder(env, docname)))


def execute(app: Sphinx, env: Environment, docnames: list[str]) -> None:
    """Execute those of the pages that the cache lacks, one on each core; with them read whoever shows their numbers.

    Raises ExtensionError with every page that failed. The others are kept: the next build executes what was mended.
    """
    if app.config.nb_execution_mode != "cache":
        return
    docnames += [name for name in sorted(env.found_docs - set(docnames)) if _quoted(env, name) & set(docnames)]
    failures = []
    with ThreadPoolExecutor(joblib.cpu_count()) as kernels:
        running = {
            kernels.submit(_run, path, notebook, app.config.nb_execution_timeout): (docname, path, notebook)
            for docname, path, notebook in _notebooks(env, docnames)
            if not _cached(env, docname, notebook)
        }
        try:
            for future in as_completed(running):
                docname, path, notebook = running[future]
                name = path.relative_to(app.srcdir).as_posix()
                if error := future.exception():
                    LOGGER.info("%s: failed", name)
                    failures.append(f"{name}: {error}")
                    continue
                bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": future.result()})
                cache = get_cache(_folder(env, docname))
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
                LOGGER.info("%s: executed in %.0f s", name, future.result())
        except KeyboardInterrupt:
            LOGGER.info("interrupted; the pages that are being executed end first")
            kernels.shutdown(cancel_futures=True)
            raise
    if failures:
        raise ExtensionError("\n".join(failures))
    _forget_old_states(env)


def _notebooks(env: Environment, docnames: list[str]) -> Iterator[tuple[str, Path, NotebookNode]]:
    """The pages with code, read as myst-nb will read them."""
    for docname in docnames:
        if notebook := environment.notebook(env, docname):
            yield docname, Path(env.doc2path(docname)), notebook


def _quoted(env: Environment, docname: str) -> set[str]:
    """The pages whose numbers a page shows."""
    return set(QUOTED.findall(Path(env.doc2path(docname)).read_text(encoding="utf-8")))


def _state(common: str, packages: Packages, docname: str, notebook: NotebookNode, outline: list[str]) -> str:
    """A hash of all that the page's outputs depend on, its place among it. outline: of all pages."""
    from vae_lib.configs import RECIPES

    code = Code(tuple(cell.source for cell in notebook.cells if cell.cell_type == "code"))
    parts = [common, docname, *code.cells, packages.fingerprint(code, RECIPES)]
    parts += outline if any(name.startswith(READS_PAGES) for name in code.imports) else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:12]


def _folder(env: Environment, docname: str) -> Path:
    return Path(env.config.nb_execution_cache_path, env.page_states[docname])


def _cached(env: Environment, docname: str, notebook: NotebookNode) -> bool:
    try:
        get_cache(_folder(env, docname)).match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


def _forget_old_states(env: Environment) -> None:
    """Keep those of this build and, of the others, those used last."""
    for name in env.page_states:
        _folder(env, name).mkdir(parents=True, exist_ok=True)  # it may have been removed by hand
        os.utime(_folder(env, name))
    folders = sorted(Path(env.config.nb_execution_cache_path).glob("*/"), key=lambda path: path.stat().st_mtime)
    for folder in folders[: -STATES * len(env.page_states)]:
        shutil.rmtree(folder)


def _run(path: Path, notebook: NotebookNode, timeout: int) -> float:
    """Execute the notebook in place, in its page's folder; the seconds it took."""
    start = time.perf_counter()
    nbclient.execute(
        notebook,
        cwd=str(path.parent),
        timeout=timeout,
        record_timing=False,
        coalesce_streams=True,  # what a cell prints may come in pieces; joined later, it would gain empty lines
        shutdown_kernel="immediate",  # to leave in good order takes a second, and a kernel here has nothing to save
    )
    return time.perf_counter() - start


def _be_the_only_build(app: Sphinx, build: Path) -> None:
    """Two builds into one folder would mix their pages: the second waits."""
    lock = FileLock(build / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        LOGGER.info("another build of this book is running; waiting for it")
        lock.acquire()
    app.connect("build-finished", lambda app, exception: lock.release())


def _data() -> tuple[str, str]:
    """The name of the data that the pages are about, and the fingerprint of these and those that recipes name."""
    from vae_lib import configs, data, recipes

    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            splits = data.load()
    except (OSError, ValueError) as error:
        raise ExtensionError(str(error)) from error
    for warning in caught:
        LOGGER.info("%s", warning.message)  # not a Sphinx warning: a book on synthetic digits is a whole book
    LOGGER.info("digits: %s", splits.name)
    if os.environ["VAE_LIB_DATASET"] == "auto":  # the same for all chapters, whatever the network does meanwhile
        os.environ["VAE_LIB_DATASET"] = splits.name
    fingerprints = {splits.fingerprint, *(recipes.splits(name).fingerprint for name in configs.RECIPES)}
    return splits.name, " ".join(sorted(fingerprints))


def _fix_folders() -> None:
    """Relative folders are those seen from where the build was started; training and kernels work in other places."""
    from vae_lib import paths

    try:
        dataset = paths.dataset()
    except ValueError as error:
        raise ExtensionError(str(error)) from error
    folders = {"VAE_LIB_CACHE": paths.cache_dir(), "VAE_LIB_DATA": paths.data_root(), "VAE_LIB_DATASET": dataset}
    os.environ |= {name: str(folder) for name, folder in folders.items()}


def _train(names: list[str]) -> None:
    """Fetch or train the models; ExtensionError where that fails, KeyboardInterrupt where it is interrupted."""
    site, listed = os.environ.get("VAE_LIB_MODELS"), ", ".join(names)
    LOGGER.info("")  # Sphinx has begun a line of its own
    if site:
        LOGGER.info("fetching %d models of the book from %s, training what cannot be had: %s", len(names), site, listed)
    else:
        LOGGER.info("training %d models of the book, once on this machine: %s", len(names), listed)
    with subprocess.Popen([sys.executable, "-m", "vae_lib", "train", *names], cwd=ROOT) as training:
        try:
            training.wait()
        except KeyboardInterrupt:  # the terminal interrupted both: it says what becomes of its work, and ends
            training.wait()
            raise
    if training.returncode == INTERRUPTED:
        raise KeyboardInterrupt
    if training.returncode:
        raise ExtensionError("a model of the book could not be trained; the message above says why")


def _set_kernel_environment(build: Path) -> None:
    profile = build / "ipython" / "profile_default"  # also keeps a user's own start-up files out of the pages
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text(KERNEL_CONFIG, encoding="utf-8")
    os.environ["IPYTHONDIR"] = str(profile.parent)
    (build / "matplotlibrc").write_text(MATPLOTLIB_CONFIG, encoding="utf-8")
    os.environ["MATPLOTLIBRC"] = str(build)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.environ["TQDM_DISABLE"] = "1"
    os.environ["OMP_NUM_THREADS"] = "1"  # kernels share the cores, and no number depends on how many there are
