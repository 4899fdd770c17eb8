"""A page's description, for those who list it: its first sentences, with its formulas in words."""

import re
import unicodedata
from html import escape

from docutils import nodes
from sphinx.application import Sphinx

BEFORE_CARDS = 400  # which describe a page, too, and leave what stands there
LONGEST = 160  # characters, of which a search engine shows about as many


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", describe, priority=BEFORE_CARDS)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def describe(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Add the description to the page's head; one without prose has its title and the book's."""
    if app.builder.name != "html":
        return
    if doctree is not None:
        put_formulas_in_words(doctree)
    prose = description(doctree) if doctree is not None else ""
    words = prose or f"{context.get('title', page.capitalize())} in {app.config.html_title}"
    tag = f'\n    <meta name="description" content="{escape(words)}" />'
    context["metatags"] = context.get("metatags", "") + tag


def description(doctree: nodes.document) -> str:
    """The first sentences of a page's own paragraphs, as many as LONGEST holds, or the first of them cut at a word."""
    words = " ".join(node.astext() for node in doctree.findall(_is_prose)).split()
    text = " ".join(words)
    whole = re.match(rf"(.{{1,{LONGEST - 1}}}[.?!])(?= |$)", text)
    if whole and len(whole[1]) > LONGEST // 2:
        return whole[1]
    return text if len(text) <= LONGEST else text[: LONGEST - 1].rpartition(" ")[0] + " …"


def _is_prose(node: nodes.Node) -> bool:
    return isinstance(node, nodes.paragraph) and isinstance(node.parent, nodes.section)


def put_formulas_in_words(doctree: nodes.document) -> None:
    """No TeX may stand in a description. The page's body is written already."""
    for node in doctree.findall(nodes.math):
        node[:] = [nodes.Text(re.sub(r"\\([A-Za-z]+)\s*", _sign, node.astext()))]


def _sign(command: re.Match[str]) -> str:
    try:
        return unicodedata.lookup(f"greek small letter {command[1]}")
    except KeyError:
        return {"mid": "| "}.get(command[1]) or command[0]
