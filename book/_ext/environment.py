"""Sphinx's environment as it is in this book: with what myst-nb keeps in it, and the state of each page."""

from pathlib import Path
from typing import cast

from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment


class Environment(BuildEnvironment):
    """Only named here, and never made: the attributes are those that extensions give to Sphinx's own."""

    myst_config: MdParserConfig
    mystnb_config: NbParserConfig
    page_states: dict[str, str]


def of(app: Sphinx) -> Environment:
    return cast(Environment, app.env)


def notebook(env: Environment, docname: str) -> NotebookNode | None:
    """A page read as myst-nb reads it; None for one without code."""
    path = Path(env.doc2path(docname))
    text = path.read_text(encoding="utf-8")
    reader = create_nb_reader(str(path), env.myst_config, env.mystnb_config, text)
    return reader.read(text) if reader else None
