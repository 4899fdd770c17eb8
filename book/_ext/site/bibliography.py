"""The bibliography's labels are the text's own: what is cited as Kingma and Welling, 2014 is found under that name.

docutils gives its entries roles of which one is deprecated, and the other does not allow what stands in it.
"""

import re
from collections.abc import Iterable, Iterator

from docutils import nodes
from pybtex.database import Entry
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as PlainStyle
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

NAME = "author_year"
ROLE = re.compile(r'(<div(?: class="citation"[^>]*)?) role="(?:doc-biblioentry|list)"')


class AuthorYear(BaseLabelStyle):
    """Labels as sphinxcontrib-bibtex cites: one name, two, or the first of more; and the year."""

    def format_labels(self, sorted_entries: Iterable[Entry]) -> Iterator[str]:
        given: set[str] = set()
        for entry in sorted_entries:
            assert entry.fields is not None  # as pybtex declares it before it is set
            label = f"{_names(entry)}, {entry.fields['year']}"
            if label in given:
                raise ExtensionError(f"references.bib: two entries are cited as {label}, expected one")
            given.add(label)
            yield label


class Style(PlainStyle):
    default_label_style = NAME


def _names(entry: Entry) -> str:
    assert entry.persons is not None
    names = [
        " ".join(map(str, person.rich_prelast_names + person.rich_last_names)) for person in entry.persons["author"]
    ]
    return " and ".join(names) if len(names) < 3 else f"{names[0]} et al."


def drop_roles(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    if 'class="citation"' in context.get("body", ""):
        context["body"] = ROLE.sub(r"\1", context["body"])


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", drop_roles)
    register_plugin("pybtex.style.labels", NAME, AuthorYear)
    register_plugin("pybtex.style.formatting", NAME, Style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
