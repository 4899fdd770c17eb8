"""The PDF: the book as LaTeX, with the site's numbers, its figures as vectors and its preamble from pdf.tex.

Sphinx makes one tree of all pages. LaTeX counts for itself, and would count otherwise than the site; so every number
is written down before the figure, table or equation that has it.
"""

import subprocess
from pathlib import Path

from docutils import nodes
from docutils.nodes import Element
from PIL import Image
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.latex.nodes import thebibliography
from sphinx.config import Config
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.transforms.post_transforms.images import ImageConverter
from sphinx.util.math import wrap_displaymath
from sphinxcontrib.bibtex.domain import BibtexDomain

from _ext.editions.make import NAME
from _ext.editions.pages import SOLUTIONS, page_of, page_solutions
from _ext.figures import png
from vae_lib.figures import INK

PRINT = Path(__file__).resolve().parent
INK_ON_PAPER = "#1a1a1a"
COUNTED = {nodes.figure: "figure", nodes.table: "table", nodes.math_block: "displaymath"}  # as Sphinx calls them
LAST = 950  # after sphinx-external-toc, at 900, which says what the book's first page is
SCALE = 0.85  # of a figure as wide as the site's text to the paper's
PIXEL = 8  # a pixel of a digit becomes as many pixels, or a reader's zoom would blur it


class WholeBook(SphinxPostTransform):
    """Give the tree of all pages a preface, the site's numbers and the chapter of solutions."""

    default_priority = 850  # when all pages are what they will be
    builders = ("latex",)

    def run(self, **kwargs: object) -> None:
        for reference in list(self.document.findall(addnodes.number_reference)):
            reference.replace_self(nodes.reference("", reference.astext(), **_target(reference)))
        for page in self.document.findall(addnodes.start_of_file):
            numbered = self.env.toc_secnumbers.get(page["docname"], {}).get("")
            page.insert(0, _latex(rf"\setcounter{{secnumdepth}}{{{0 if numbered else -1}}}"))
        for image in self.document.findall(nodes.image):
            image.attributes.pop("align", None)  # in a figure it is centred, and Sphinx's own way is a hair too wide
        for node in list(self.document.findall(nodes.Element)):
            if type(node) in COUNTED and (number := self.number(node)):
                self.write_number(node, number)
        self.preface()
        self.bibliography()
        self.last_chapter()

    def number(self, node: Element) -> str:
        numbers = self.env.toc_fignumbers.get(page_of(node)["docname"], {}).get(COUNTED[type(node)], {})
        return ".".join(map(str, numbers.get(next(iter(node["ids"]), ""), ())))

    def write_number(self, node: Element, number: str) -> None:
        if isinstance(node, nodes.math_block):
            label = f"equation:{node['docname']}:{node['label']}"
            tex = wrap_displaymath(node.astext(), label, numbering=False)
            del node["label"]
            node[:] = [nodes.Text(tex.replace(r"\label", rf"\tag{{{number}}}\label", 1))]
            node["nowrap"] = True
        else:
            counter = "figure" if isinstance(node, nodes.figure) else "table"
            node.parent.insert(node.parent.index(node), _latex(rf"\renewcommand{{\the{counter}}}{{{number}}}"))

    def preface(self) -> None:
        """Make a chapter of what the site's home page says; the pages follow it as its equals."""
        (book,) = (node for node in self.document.children if isinstance(node, nodes.section))
        title, *content = book.children
        pages = [node for node in content if any(node.findall(addnodes.start_of_file))]
        preface = nodes.section("", nodes.title("", "About this book"), ids=["about-this-book"])
        preface += [node for node in content if node not in pages]
        book.children = []
        book += [title, _latex(r"\setcounter{secnumdepth}{-1}"), preface, *pages]

    def bibliography(self) -> None:
        """Put the list back into its page: Sphinx has made it the book's end."""
        (entries,) = self.document.findall(thebibliography)
        domain = self.env.get_domain("cite")
        assert isinstance(domain, BibtexDomain)
        (place,) = domain.bibliographies
        (page,) = (page for page in self.document.findall(addnodes.start_of_file) if page["docname"] == place.docname)
        entries.parent.remove(entries)
        page += entries

    def last_chapter(self) -> None:
        chapter = nodes.section("", nodes.title("", SOLUTIONS.title()), ids=[SOLUTIONS])
        for solutions in list(self.document.findall(page_solutions)):
            solutions.parent.remove(solutions)
            section = nodes.section("", *solutions.children, ids=[f"{SOLUTIONS}-of-the-chapter"])
            chapter += addnodes.start_of_file("", section, docname=solutions["docname"])
        (book,) = (node for node in self.document.children if isinstance(node, nodes.section))
        book += [_latex(r"\setcounter{secnumdepth}{-1}"), chapter]


class VectorFigures(ImageConverter):
    """Make PDF of the SVG that matplotlib wrote, its ink black and its digits sharp."""

    conversion_rules = [("image/svg+xml", "application/pdf")]  # noqa: RUF012

    def is_available(self) -> bool:
        return True  # make.py has looked

    def convert(self, _from: str, _to: str) -> bool:
        svg = Path(_from).read_text(encoding="utf-8").replace(INK, INK_ON_PAPER)
        svg = png.replaced(svg, _enlarged)
        subprocess.run(
            ["rsvg-convert", "--format=pdf", f"--zoom={SCALE}", "--output", _to], input=svg.encode(), check=True
        )
        return True


def _enlarged(given: str) -> str:
    """A picture in base64, each of its pixels a square of pixels."""
    image = png.read(given)
    return png.written(image.resize((PIXEL * image.width, PIXEL * image.height), Image.Resampling.NEAREST))


def _target(reference: Element) -> dict[str, str]:
    return {key: reference[key] for key in ("refid", "refuri") if key in reference}


def _latex(text: str) -> nodes.raw:
    return nodes.raw("", text, format="latex")


def configure(app: Sphinx, config: Config) -> None:
    (root, _, *others), *_ = config.latex_documents
    config.latex_documents = [(root, f"{NAME}.tex", *others)]
    config.latex_elements = {
        "papersize": "",
        "pointsize": "10pt",
        "extraclassoptions": "oneside,openany",
        "fontpkg": (PRINT / "fonts.tex").read_text(encoding="utf-8"),
        "fncychap": "",
        "geometry": "",
        "preamble": (PRINT / "pdf.tex").read_text(encoding="utf-8"),
        "maketitle": r"\booktitle",
        "tableofcontents": r"\tableofcontents",
        "figure_align": "htbp",
        "makeindex": "",
        "printindex": "",
    }


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", configure, priority=LAST)
    app.add_post_transform(WholeBook)
    app.add_post_transform(VectorFigures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
