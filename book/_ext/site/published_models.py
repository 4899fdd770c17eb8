"""The book's trained models, put on the site under models/, so that a notebook fetches what it would train for minutes.

Only where the site's address is known (BOOK_URL): from nowhere else could they be fetched.
"""

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

FOLDER = "models"


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("_ext.site.origin")  # which finds the address
    app.connect("build-finished", publish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def address(site: str) -> str:
    """Where the models of a site are."""
    return f"{site.rstrip('/')}/{FOLDER}"


def publish(app: Sphinx, exception: Exception | None) -> None:
    """Copy each recipe's checkpoint, and nothing that an earlier build left there, into the site."""
    if exception is not None or app.builder.name != "html":
        return
    folder = Path(app.outdir, FOLDER)
    shutil.rmtree(folder, ignore_errors=True)
    if not app.config.html_baseurl:
        return
    from vae_lib import configs, recipes

    folder.mkdir()
    for name in configs.RECIPES:
        path = recipes.checkpoint_path(name, recipes.splits(name))
        if not path.exists():
            raise ExtensionError(f"models: {name} cannot be published before it is trained; {path} is missing")
        shutil.copyfile(path, folder / path.name)  # without the mode: only its owner may read the one in the cache
