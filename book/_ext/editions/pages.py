"""The pages as the PDF and the EPUB have them, where nothing opens at a click.

An exercise stands with its stub and, set small, its hints; a question of a quiz stands with its answers, lettered.
What a reader should not see while trying, the solutions and the verdicts on the answers, is taken out of its page and
becomes the book's last chapter; links lead there and back. Everything becomes a plain container with a class, which
pdf.tex and epub.css dress, so that the two editions differ in nothing but their dress.
"""

from collections.abc import Callable, Iterable, Sequence
from string import ascii_lowercase

from docutils import nodes
from docutils.nodes import Element, Node
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform

from _ext.blocks import HIDES_CODE, of_node
from vae_course.handout.blocks import KINDS
from vae_course.handout.tex import expand, macros

EDITIONS = ("latex", "epub")
SOLUTIONS = "solutions"  # the last chapter's title, in lower case, and its file in the EPUB


class page_solutions(nodes.General, nodes.Element):  # noqa: N801
    """The solutions of the page `docname`, which stay in it until it is whole. Where they go, each edition knows."""


class Pictures(SphinxPostTransform):
    """Give each picture that a cell shows, and that has no words of its own, those that the cell gave with it."""

    default_priority = 3  # before myst-nb keeps one of a cell's outputs (at 4): the words are another of them
    builders = EDITIONS

    def run(self, **kwargs: object) -> None:
        for bundle in self.document.findall(nodes.container):
            if bundle.get("nb_element") == "mime_bundle":
                words = [node.astext() for node in elements(bundle) if node["mime_type"] == "text/plain"]
                for image in bundle.findall(nodes.image):
                    image.setdefault("alt", *words)


class PrintedPage(SphinxPostTransform):
    """Replace what opens at a click by what can be printed."""

    default_priority = 15  # references are resolved (at 10); sphinx-exercise (20) and sphinx-design (199) find nothing
    builders = EDITIONS

    def run(self, **kwargs: object) -> None:
        for formula in [*self.document.findall(nodes.math), *self.document.findall(nodes.math_block)]:
            formula[:] = [nodes.Text(expand(formula.astext(), macros(self.config.mathjax3_config)))]
        for words in list(self.document.findall(nodes.inline)):
            if words["ids"]:  # a place to link to, which LaTeX would pass over
                words.insert(0, nodes.target("", "", ids=words["ids"]))
                words["ids"] = []
        for page in [self.document, *self.document.findall(addnodes.start_of_file)]:
            children, page.children = page.children, []
            page.extend(children)  # which makes it their parent: Sphinx has not, where it put pages together
            self.docname = page.get("docname", self.env.docname)
            self.solutions = page_solutions(docname=self.docname)
            self.names: dict[str, Element] = {}  # of the page's exercises
            for code in of_page(page, is_hidden_code):
                code.parent.remove(code)
            for kind in KINDS.values():  # in its order: the dropdowns of a quiz are gone when the others are looked for
                for node in (
                    of_page(page, lambda node, kind=kind: of_node(node) is kind) if kind.paper != "given" else ()
                ):
                    getattr(self, kind.paper)(node)
            if self.solutions.children:
                chapter = nodes.Text(f"Chapter {self.chapter}, ")
                self.solutions.insert(
                    0, nodes.title("", "", chapter, *self.env.titles[self.docname].deepcopy().children)
                )
                page += self.solutions

    @property
    def chapter(self) -> int:
        return self.env.toc_secnumbers[self.docname][""][0]

    def theorem(self, node: Element) -> None:
        title, content = elements(node)
        name = nodes.strong("", f"Theorem {self.number(node, 'theorem')}", *title.children)
        _replace(node, _box("theorem", node["ids"], nodes.paragraph("", "", name), *content.children))

    def aside(self, node: Element) -> None:
        title, *content = elements(node)
        if not isinstance(content[0], nodes.paragraph):
            content.insert(0, nodes.paragraph())
        _run_in(content[0], nodes.strong("", "", *title.children, nodes.Text(".")))
        _replace(node, _box("aside", [], *content))

    def ruled(self, node: Element) -> None:
        title, *content = elements(node)
        heading = nodes.paragraph("", "", nodes.strong("", "", *title.children))
        _replace(node, _box("ruled", [*node["ids"], *title["ids"]], heading, *content))

    def number(self, node: Element, kind: str) -> str:
        return ".".join(map(str, self.env.toc_fignumbers[self.docname][kind][node["ids"][0]]))

    def proof(self, node: Element) -> None:
        (box,) = elements(node)
        paragraphs = elements(box)
        opening, last = paragraphs[0], paragraphs[-1]
        first = opening[0]
        opening.replace(first, nodes.Text(first.astext().removeprefix("Proof. ")))
        _run_in(opening, nodes.emphasis("", "Proof."))
        if isinstance(last, nodes.paragraph):
            last.extend([nodes.Text("\N{NO-BREAK SPACE}"), nodes.math("", r"\square")])
        _replace(node, _box("proof", [], *paragraphs))

    def exercise(self, node: Element) -> None:
        title, content = elements(node)
        name = nodes.strong("", f"Exercise {self.number(node, 'exercise')} (", *title[1].children, nodes.Text(")"))
        box = _box("exercise", node["ids"], nodes.paragraph("", "", name), *content.children)
        box += self.turn("Solution", node["ids"][0].replace("ex-", "solution-", 1))
        _replace(node, box)
        self.names[node["ids"][0]] = name

    def solution(self, node: Element) -> None:
        name = self.names[node["target_label"]].deepcopy()
        back = nodes.reference("", "", name, refuri=f"#{node['target_label']}", internal=True)
        node.parent.remove(node)
        self.solutions += _box("solution", node["ids"], nodes.paragraph("", "", back), *node[1].children)

    def question(self, node: Element) -> None:
        place = sum(1 for box in elements(self.solutions) if "answers" in box["classes"]) + 1
        number, name = f"{self.chapter}.{place}", f"{self.chapter}-{place}"
        question, *answers = elements(node)
        _run_in(question, nodes.strong("", f"Question {number}."))
        letters = dict(zip(ascii_lowercase, answers, strict=False))
        (right,) = [letter for letter, answer in letters.items() if "quiz-right" in answer["container_classes"]]

        title = nodes.strong("", f"Question {number}: ({right})")
        back = nodes.reference("", "", title, refuri=f"#question-{name}", internal=True)
        why = _lettered(answer.children[1:] for answer in answers)
        self.solutions += _box("answers", [f"answers-{name}"], nodes.paragraph("", "", back), why)
        choice = _lettered([nodes.paragraph("", "", *answer[0].children)] for answer in answers)
        turn = self.turn("Answer", f"answers-{name}")
        _replace(node, _box("question", [f"question-{name}"], question, choice, turn))

    def turn(self, words: str, target: str) -> Element:
        """A link to the last chapter; on paper, with the number of the page."""
        builder = self.app.builder
        page = self.docname if builder.name == "latex" else SOLUTIONS
        uri = f"{builder.get_relative_uri(self.docname, page)}#{target}"
        link = nodes.paragraph("", "", nodes.reference("", words, refuri=uri, internal=True))
        if builder.name == "latex":
            link += nodes.raw("", rf", page~\pageref{{\detokenize{{{self.docname}:{target}}}}}", format="latex")
        return _box("turn", [], link)


def of_page(page: Element, is_one: Callable[[Element], bool]) -> list[Element]:
    """The page's own nodes of a kind, without those of pages inside it."""
    return [node for node in page.findall(nodes.Element) if is_one(node) and page_of(node) is page]


def is_hidden_code(node: Element) -> bool:
    """Whether it is the code of a cell whose tags keep it from the page."""
    if node.get("nb_element") != "cell_code_source":
        return False
    return not HIDES_CODE.isdisjoint(node.parent["cell_metadata"].get("tags", ()))


def elements(node: Element) -> list[Element]:
    """A node's children that are elements; of what holds blocks, all of them."""
    return [child for child in node.children if isinstance(child, Element)]


def page_of(node: Node) -> Element:
    """The page that holds a node: the document, or in the PDF's tree, which holds the whole book, a file of it."""
    while not isinstance(node, nodes.document | addnodes.start_of_file):
        node = node.parent
    return node


def _box(name: str, ids: list[str], *children: Node) -> nodes.container:
    target = [nodes.target("", "", ids=ids)] if ids else []  # a container's own ids get no label in LaTeX
    return nodes.container("", *target, *children, classes=[name])


def _replace(node: Element, box: Element) -> None:
    node.parent.replace(node, box)  # replace_self would give the box the node's ids and classes, too


def _run_in(paragraph: Element, title: Node) -> None:
    paragraph[0:0] = [title, nodes.Text(" ")]


def _lettered(items: Iterable[Sequence[Node]]) -> nodes.enumerated_list:
    """A list (a), (b) and so on."""
    entries = [nodes.list_item("", *children) for children in items]
    return nodes.enumerated_list("", *entries, enumtype="loweralpha", prefix="(", suffix=")")


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("_ext.blocks")
    app.add_node(page_solutions)
    app.add_post_transform(Pictures)
    app.add_post_transform(PrintedPage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
