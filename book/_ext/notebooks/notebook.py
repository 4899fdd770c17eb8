"""A notebook of each page with code, which the page's buttons download, or open on Binder and in Colab.

The built page becomes plain Markdown again, with its numbers, citations and references in their places, so that a
notebook reads the same in JupyterLab, Colab, VS Code and on GitHub. The notebooks stand in _build/notebooks, from where
they are published as the branch `notebooks`; the site holds a copy of each.
"""

from pathlib import Path
from urllib.parse import quote

import nbformat
from docutils import nodes
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError
from sphinx.util import logging

from _ext import environment
from _ext.notebooks.cells import page_cells
from _ext.site.origin import Checkout
from _ext.site.published_models import address
from vae_course.handout.tex import macros

LOGGER = logging.getLogger(__name__)
FOLDER = "_sources"  # where the theme expects what a page was made of
AFTER_THEME = 900  # the theme makes its buttons at 501
INSTALL = """\
# Run this cell first. It installs the book's package where it is missing.
import importlib.util
{models}
if importlib.util.find_spec("vae_lib") is None:
    %pip install --quiet "vae_lib @ {archive}"\
"""
ASK = """\
# Run this cell first. It looks for the book's package.
import importlib.util
{models}
if importlib.util.find_spec("vae_lib") is None:
    raise ModuleNotFoundError(
        "vae_lib is missing. In the folder of the book's repository, run `pip install -e .`; then restart the kernel."
    )\
"""
FIGURES = """


# Figures are as large as in the book, with two pixels for each of the screen's.
from matplotlib_inline.backend_inline import set_matplotlib_formats

set_matplotlib_formats("retina", dpi=192)\
"""
MODELS = """\
import os

# Trained models come from the book's site. Without this line they are trained here, which takes minutes.
os.environ.setdefault("VAE_LIB_MODELS", "{address}")
"""


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("_ext.blocks")
    app.setup_extension("_ext.site.origin")
    app.add_config_value("notebook_branch", "notebooks", "html")
    app.add_config_value("notebook_without", [], "html")  # pages whose code is for the site only
    app.add_config_value("notebook_setup", "", "html")  # a change makes Sphinx write every page again
    app.connect("config-inited", write_setup)
    app.connect("html-page-context", add_notebook, priority=AFTER_THEME)
    app.connect("build-finished", remove_others)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_setup(app: Sphinx, config: Config) -> None:
    """Write the cell that sets a notebook up; say what is left out, and why."""
    checkout = Checkout(Path(app.srcdir).parent)
    commit = checkout.package_commit
    if config.github_repository and commit:
        archive = f"https://github.com/{config.github_repository}/archive/{commit}.zip"
        config.notebook_setup = set_up(archive, config.html_baseurl)
        if checkout.shallow:
            LOGGER.info("notebooks: this clone is shallow; they install vae_lib of %s, its oldest commit", commit[:7])
        return
    config.notebook_setup = set_up("", config.html_baseurl)
    if not config.github_repository:
        LOGGER.info("notebooks: no repository on GitHub is known; they have no buttons for Binder and Colab")
    else:
        LOGGER.info("notebooks: git knows no commit of vae_lib here; they say how to install it, and do not do it")


def set_up(archive: str, site: str) -> str:
    """The code that a notebook begins with; "" for the archive of the package or the site's address, if unknown."""
    models = MODELS.format(address=address(site)) if site else ""
    package = INSTALL.format(archive=archive, models=models) if archive else ASK.format(models=models)
    return package + FIGURES


def add_notebook(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Write the page's notebook, and give the page its buttons."""
    if doctree is None or app.builder.name != "html":
        return
    notebook = make_notebook(app, page, context["body"], doctree)
    for folder in _folders(app):
        path = folder / f"{page}.ipynb"
        if notebook is None:
            path.unlink(missing_ok=True)  # of a page that had code once
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
    _set_buttons(app, page, context, has_notebook=notebook is not None)


def make_notebook(app: Sphinx, page: str, body: str, doctree: nodes.document) -> NotebookNode | None:
    """The notebook of a page, None where the page has no code for a reader."""
    if page in app.config.notebook_without:
        return None
    source = environment.notebook(environment.of(app), page)
    if source is None or not any(cell.cell_type == "code" for cell in source.cells):
        return None
    shown = [node["cell_index"] for node in doctree.findall(nodes.container) if node.get("nb_element") == "cell_code"]
    url = f"{app.config.html_baseurl.rstrip('/')}/{page}.html" if app.config.html_baseurl else ""
    try:
        cells = page_cells(body, source, shown, url, macros(app.config.mathjax3_config))
    except ValueError as error:
        raise ExtensionError(f"{page}: no notebook can be made of it: {error}") from error
    top = 1 if cells[0].cell_type == "markdown" else 0
    cells[top:top] = [
        new_markdown_cell(_about(app, url), id="about"),
        new_code_cell(app.config.notebook_setup, id="set-up", metadata={"tags": ["set-up"]}),
    ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel, "language_info": {"name": "python"}})
    nbformat.validate(notebook)
    return notebook


def _about(app: Sphinx, url: str) -> str:
    book = f"*{app.config.html_title}*"
    place = f"[a page of {book}]({url})" if url else f"a page of {book}"
    text = f"This notebook is {place}. The numbers in its sentences were computed when the book was built."
    announcement = app.config.html_theme_options.get("announcement", "")
    return f"{text}\n\n**{announcement}**" if announcement else text


def _set_buttons(app: Sphinx, page: str, context: dict, *, has_notebook: bool) -> None:
    groups = {group.get("label"): group for group in context["header_buttons"]}
    if downloads := groups.get("download-buttons"):
        # Not the page's source: it is not on the site.
        kept = [button for button in downloads["buttons"] if button.get("label") != "download-source-button"]
        downloads["buttons"] = [_download(page, context)] * has_notebook + kept
    if has_notebook and app.config.github_repository:
        context["header_buttons"].insert(0, _launch(app.config, page))


def _download(page: str, context: dict) -> dict:
    """A button whose file is saved, where a browser would show it as text; from a folder some show it all the same."""
    file = f"{quote(page)}.ipynb"
    # The theme's button has a place for no attribute but this one, and writes it as it stands.
    return {
        "type": "link",
        "url": f'{context["pathto"](FOLDER, 1)}/{file}" download="{file.rpartition("/")[2]}',
        "text": ".ipynb",
        "icon": "fas fa-code",
        "tooltip": "Download the notebook. If it opens as text, save that page (Ctrl+S) under its name.",
        "label": "download-notebook-button",
    }


def _launch(config: Config, page: str) -> dict:
    owner_name, branch = config.github_repository, quote(config.notebook_branch, safe="")
    path = quote(f"{page}.ipynb")
    places = {
        "Binder": (
            f"https://mybinder.org/v2/gh/{owner_name}/{branch}?urlpath={quote(f'lab/tree/{path}', safe='')}",
            "_static/images/logo_binder.svg",
        ),
        "Colab": (
            f"https://colab.research.google.com/github/{owner_name}/blob/{branch}/{path}",
            "_static/images/logo_colab.png",
        ),
    }
    buttons = [
        {"type": "link", "text": name, "tooltip": f"Open on {name}", "icon": icon, "url": url}
        for name, (url, icon) in places.items()
    ]
    return {
        "type": "group",
        "tooltip": "Run this page",
        "icon": "fas fa-rocket",
        "buttons": buttons,
        "label": "launch-buttons",
    }


def remove_others(app: Sphinx, exception: Exception | None) -> None:
    """Remove the notebooks of pages that are gone: what lies in the folder is published."""
    for folder in _folders(app) if exception is None and app.builder.name == "html" else ():
        for path in folder.rglob("*.ipynb"):
            if path.relative_to(folder).with_suffix("").as_posix() not in app.env.found_docs:
                path.unlink()


def _folders(app: Sphinx) -> tuple[Path, Path]:
    return Path(app.outdir).parent / "notebooks", Path(app.outdir, FOLDER)
