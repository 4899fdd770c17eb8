"""What the sources cannot say of a line of type: what stays together, where code may break, and which numbers align.

A chapter's Markdown stays plain, and so do its notebook and its assignment; the page's tree is dressed here, before it
is written.
"""

import re
from collections.abc import Iterator

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

AROUND = re.compile(r" (?=±)|(?<=±) ")
HYPHEN = re.compile(r"(?<![\w\-–])-(?=\.?\d)")
VERBATIM = (nodes.literal, nodes.math, nodes.math_block, nodes.FixedTextElement, nodes.raw)
PIECES = re.compile(r"\s+|[^\s\-–—/]+[-–—/]*|[-–—/]+")  # a line may break at a space, and after a hyphen or a slash
BREAKS = re.compile(r"(?<=[\w)\]])(?=\.[^\W\d])|(?<=\w[(_=/,])(?=[\w.\-+])")  # before an attribute, after a bracket
SHORT = 16  # characters that every line has room for


class Minus(SphinxPostTransform):
    """A number that a cell computed has the minus of the numbers in the text around it, for Python writes a hyphen."""

    default_priority = 500  # after glue of other pages has come

    def run(self, **kwargs: object) -> None:
        for text in [node for node in self.document.findall(nodes.Text) if "-" in node]:
            if not _within(text, VERBATIM):
                before = _before(text)
                signed = HYPHEN.sub("\N{MINUS SIGN}", before + text)[len(before) :]
                if signed != text:
                    text.parent.replace(text, nodes.Text(signed))


class PlusMinus(SphinxPostTransform):
    """No line ends between a number and its spread, a ± b."""

    default_priority = 500

    def run(self, **kwargs: object) -> None:
        for text in [node for node in self.document.findall(nodes.Text) if "±" in node]:
            if not _within(text, VERBATIM):
                text.parent.replace(text, nodes.Text(AROUND.sub("\N{NO-BREAK SPACE}", text)))


class Together(SphinxPostTransform):
    """No line begins with the comma after a formula, or ends with the bracket before one.

    A browser may break a line on either side of a formula, whatever stands there.
    """

    default_priority = 500
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for parent in {id(node.parent): node.parent for node in self.document.findall(nodes.math)}.values():
            children: list[nodes.Node] = []
            for run in _runs(parent.children):
                whole = len(run) > 1 and any(isinstance(piece, nodes.math) for piece in run)
                children += [nodes.inline("", "", *run, classes=["together"])] if whole else run
            parent.children = []
            parent += children


class CodeBreaks(SphinxPostTransform):
    """Long code in a line of text breaks between its words, never within one."""

    default_priority = 500
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for text in [node for node in self.document.findall(nodes.Text) if isinstance(node.parent, nodes.literal)]:
            if max(map(len, text.split()), default=0) <= SHORT:
                continue
            first, *others = BREAKS.split(text.astext())
            pieces: list[nodes.Node] = [nodes.Text(first)]
            for piece in others:
                pieces += [nodes.raw("", "<wbr/>", format="html"), nodes.Text(piece)]
            if others:
                text.parent.replace(text, pieces)


class Spreads(SphinxPostTransform):
    """In a column of numbers some of which have a spread, a ± b, the numbers stand below one another."""

    default_priority = 400  # before their signs
    formats = ("html",)

    def run(self, **kwargs: object) -> None:
        for body in self.document.findall(nodes.tbody):
            for column in zip(*(row.children for row in body.findall(nodes.row)), strict=True):
                if any("text-right" in entry["classes"] and "±" in entry.astext() for entry in column):
                    for entry in column:
                        _set_apart(entry)


def _within(node: nodes.Node, kinds: tuple[type, ...]) -> bool:
    while node.parent is not None:
        node = node.parent
        if isinstance(node, kinds):
            return True
    return False


def _before(text: nodes.Text) -> str:
    """The character before a text, in what its parent holds."""
    place = text.parent.index(text)
    return text.parent[place - 1].astext()[-1:] if place else ""


def _runs(children: list[nodes.Node]) -> Iterator[list[nodes.Node]]:
    """What a formula's neighbours fall into: pieces between which no line should break are in one list."""
    run: list[nodes.Node] = []
    for child in children:
        pieces = [nodes.Text(piece) for piece in PIECES.findall(child)] if isinstance(child, nodes.Text) else [child]
        for piece in pieces:
            joins = isinstance(piece, nodes.math) or (isinstance(piece, nodes.Text) and not piece.isspace())
            if run and not joins:
                yield run
                run = []
            run.append(piece)
            if not joins or (isinstance(piece, nodes.Text) and piece[-1] in "-–—/"):
                yield run
                run = []
    if run:
        yield run


def _set_apart(entry: nodes.entry) -> None:
    for text in entry.findall(nodes.Text):
        if "±" in text:
            parent, (number, spread) = text.parent, text.split("±", 1)
            place = parent.index(text)
            rest = [nodes.Text("±" + spread), *parent.children[place + 1 :]]
            parent.children = parent.children[:place]
            parent += [nodes.Text(number), nodes.inline("", "", *rest, classes=["spread"])]
            return
    entry["classes"].append("without-spread")


def setup(app: Sphinx) -> dict[str, bool]:
    for transform in (Minus, PlusMinus, Together, CodeBreaks, Spreads):
        app.add_post_transform(transform)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
