"""What a block of a page is: what the table in vae_course/handout/blocks.py says of elements, nodes and directives.

Before a page is executed or read, each of its directives must be one that the table knows: a block that the notebook,
the editions or the hand-outs would show as it happens to come, or not at all, stops the build and is named. The book's
own boxes need no more than their row there; their directives are made here.
"""

from pathlib import Path

from bs4 import Tag
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from vae_course.handout.blocks import GATES, KINDS, Kind, directives, kind_of

# Of a cell's tags, those that keep its code from the page: behind a button, or out of it. A notebook collapses that
# code, and on paper it is left out.
HIDES_CODE = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
FIRST = 100  # before the pages are executed


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("blocks", "", "env")  # a change of the table makes Sphinx read every page again
    app.connect("config-inited", remember)
    app.connect("env-before-read-docs", refuse_unknown, priority=FIRST)
    for name, kind in KINDS.items():
        if kind.page == "closed":
            app.add_directive(name, Box)
            app.add_directive(name + GATES[0], Box)
            app.add_directive(name + GATES[1], End)
    app.add_transform(Gather)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def remember(app: Sphinx, config: Config) -> None:
    config.blocks = repr(KINDS)


def refuse_unknown(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Raise ExtensionError with every block of these pages whose kind was never taught."""
    faults = []
    for docname in docnames:
        path = Path(env.doc2path(docname))
        if path.suffix != ".md":
            continue
        try:
            names = dict.fromkeys(directives(path.read_text(encoding="utf-8")))
        except ValueError as error:
            faults.append(f"{docname}: {error}")
            continue
        for name in names:
            try:
                kind_of(name, docname)
            except ValueError as error:
                faults.append(str(error))
    if faults:
        raise ExtensionError("\n".join(faults))


def of_element(tag: Tag) -> Kind | None:
    """The kind of block that an element of a built page is."""
    return next((kind for kind in KINDS.values() if kind.html and tag.css.match(kind.html)), None)


def of_node(node: nodes.Element) -> Kind | None:
    """The kind of block that a node of a page's tree is."""
    marks = {*node.get("classes", ()), *node.get("container_classes", ()), node.get("design_component")}
    for kind in KINDS.values():
        tag, *classes = kind.node.split(".")
        if node.tagname == tag and marks.issuperset(classes):
            return kind
    return None


class gate(nodes.Element):  # noqa: N801
    """Where a box ends that began as a directive of its own."""


class Box(SphinxDirective):
    """A box whose title opens it: {name} with its content, or {name-start} before what {name-end} ends."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        name = self.name.removesuffix(GATES[0])
        title = f"{KINDS[name].label}{self.arguments[0]}"
        text = [f"::::::{{dropdown}} {title}", f":class-container: {name}", *self.content, "::::::"]
        holder = nodes.container()
        self.state.nested_parse(StringList(text, self.env.docname), self.content_offset, holder)
        if self.name != name:
            box = holder[0]
            assert isinstance(box, nodes.Element)
            box["gate"] = name
        return holder.children


class End(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        return [gate(gate=self.name.removesuffix(GATES[1]))]


class Gather(SphinxTransform):
    """Put what stands between the gates of a box into it."""

    default_priority = 10  # cells are there, and nothing is numbered yet

    def apply(self, **kwargs: object) -> None:
        for box in [node for node in self.document.findall(nodes.container) if "gate" in node]:
            name, parent = box["gate"], box.parent
            start = parent.index(box) + 1
            gates = [i for i, node in enumerate(parent) if isinstance(node, nodes.Element) and node.get("gate") == name]
            end = next((i for i in gates if i >= start), None)
            if end is None or not isinstance(parent[end], gate):
                raise ExtensionError(
                    f"{self.env.docname}: the {{{name}{GATES[0]}}} {box[0].astext()!r} has no {{{name}{GATES[1]}}} "
                    "before the next of its kind, or the next heading"
                )
            inside = parent[start:end]
            del parent[start : end + 1], box["gate"]
            box.extend(inside)
        for node in self.document.findall(gate):
            raise ExtensionError(f"{self.env.docname}: a {{{node['gate']}{GATES[1]}}} ends nothing")
