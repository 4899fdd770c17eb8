"""The site's formulas: set by MathJax when their page is written, there at first paint, and heard by screen readers.

What a formula looks like is kept from one build to the next. Of MathJax's style sheet and fonts, the site gets what its
formulas use, as one file.
"""

import hashlib
import json
import re
from contextlib import ExitStack
from pathlib import Path

from docutils import nodes
from docutils.nodes import Element
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number
from sphinx.writers.html5 import HTML5Translator

from _ext import fonts
from _ext.elements import pages_of
from _ext.formulas import mathjax
from _ext.formulas.mathjax import Formula, MathJax
from vae_course.handout.tex import expand, macros

KEPT = "formulas.json"  # among what Sphinx keeps of a build
SHEET = "formulas.css"  # in the site's _static
OWN_STYLE = Path(__file__).resolve().with_suffix(".css")
RENDERER = "typeset"
GLYPH = re.compile(r"mjx-c[0-9A-F]+(?: TEX-\w+)?")
IN_SELECTOR = re.compile(r"\.(mjx-c[0-9A-F]+)(?:\.(TEX-\w+))?(?=[^{}]*\{)")
CONTENT = re.compile(r'content: "([^\n]+)";')
FACE = re.compile(r'@font-face .*font-family: MJX(?P<font>[\w-]+);.*url\((?P<url>"fonts/(?P<file>[^"]+)")\)', re.S)
UNNAMED = {"TEX", "TEX-S4", "ZERO"}  # the fonts of what has no class, and of what is stretched
WITHOUT_LETTERS = "MathJax_Zero.woff"  # it stands before the others, and makes every line as high


class Formulas:
    """The formulas of one build."""

    def __init__(self) -> None:
        self.kept: dict[str, list[str]] = {}
        self.style = ""
        self.running = ExitStack()
        self.mathjax: MathJax | None = None

    def read(self, app: Sphinx) -> None:
        """Take up what an earlier build kept, where that was made by the same MathJax and script."""
        self.made_by = hashlib.sha256(mathjax.NPM.encode() + mathjax.SCRIPT.read_bytes()).hexdigest()
        path = Path(app.doctreedir, KEPT)
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["made_by"] == self.made_by:
                self.kept, self.style = kept["formulas"], kept["style"]

    def set(self, tex: str, *, display: bool) -> Formula:
        """The formula. Raises ValueError with MathJax's sentence where it cannot read it."""
        name = f"{'display' if display else 'inline'} {tex}"
        if name not in self.kept:
            if self.mathjax is None:
                self.mathjax = self.running.enter_context(MathJax())
                self.style = self.mathjax.style
            self.kept[name] = list(self.mathjax.set(tex, display=display))
        return Formula(*self.kept[name])

    def write(self, app: Sphinx, exception: Exception | None) -> None:
        """Keep what was set, and put into the site what its pages need."""
        self.running.close()
        self.mathjax = None
        if app.builder.name != "html":
            return
        path = Path(app.doctreedir, KEPT)
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"made_by": self.made_by, "style": self.style, "formulas": self.kept}))
        part.replace(path)
        if exception is None:
            sheet = style(self.style, set(GLYPH.findall(pages_of(Path(app.outdir))))) + OWN_STYLE.read_text(
                encoding="utf-8"
            )
            Path(app.outdir, "_static", SHEET).write_text(sheet, encoding="utf-8")


def style(whole: str, glyphs: set[str]) -> str:
    """What some glyphs need of MathJax's style sheet, their fonts in it."""
    rules = []
    letters: dict[str, str] = dict.fromkeys(UNNAMED, "")
    for rule in whole.split("\n\n"):
        names = IN_SELECTOR.findall(rule)
        if all(" ".join(filter(None, name)) in glyphs for name in names):
            rules.append(rule)
            for font in {font for _, font in names if font} or UNNAMED:
                letters[font] = letters.get(font, "") + "".join(map(_letter, CONTENT.findall(rule)))

    def with_font(rule: str) -> str:
        rule = rule.replace("font-family: MJXZERO, ", "font-family: MJXZERO, MJXWAIT, ")
        face = FACE.search(rule)
        if face is None:
            return rule
        return rule.replace(face["url"], _font(face["file"], letters[face["font"]])) if face["font"] in letters else ""

    return "\n\n".join(map(with_font, rules))


def _letter(content: str) -> str:
    """What a rule's `content` shows: "\\2C6" is one letter."""
    return re.sub(r"\\([0-9A-F]+)", lambda code: chr(int(code[1], 16)), content)


def _font(name: str, letters: str) -> str:
    """One of MathJax's fonts, with some letters, as an address that holds it."""
    path = mathjax.folder() / "output/chtml/fonts/woff-v2" / name
    return fonts.address(path.read_bytes()) if name == WITHOUT_LETTERS else fonts.with_letters(path, letters)


def add_style(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    if "mjx-container" in context.get("body", ""):
        app.add_css_file(SHEET)


def displayed(node: nodes.math_block) -> str:
    """The TeX of a displayed formula, which may have several lines without saying so."""
    if node["nowrap"]:
        return node.astext()
    parts = [part for part in node.astext().split("\n\n") if part.strip()]
    parts = [rf"\begin{{split}}{part}\end{{split}}" if r"\\" in part else part for part in parts]
    if len(parts) == 1:
        return parts[0]
    return r"\begin{align}\begin{aligned}" + r"\\".join(parts) + r"\end{aligned}\end{align}"


def setup(app: Sphinx) -> dict[str, bool]:
    formulas = Formulas()

    def html(translator: HTML5Translator, tex: str, *, display: bool) -> str:
        tex = expand(tex, macros(app.config.mathjax3_config)).strip()
        try:
            formula = formulas.set(tex, display=display)
        except ValueError as error:
            raise ExtensionError(f"{translator.builder.current_docname}: {error}") from error
        seen = formula.chtml.replace("<mjx-math ", '<mjx-math aria-hidden="true" ', 1)
        heard = formula.mathml.removesuffix("</math>")
        source = f'<annotation encoding="application/x-tex">{translator.encode(tex)}</annotation>'
        start, _, inner = heard.partition(">")
        heard = f"{start}><semantics><mrow>{inner}</mrow>{source}</semantics></math>"
        return seen.replace("</mjx-container>", f"<mjx-assistive-mml>{heard}</mjx-assistive-mml></mjx-container>")

    def visit_math(translator: HTML5Translator, node: nodes.math) -> None:
        start = translator.starttag(node, "span", "", CLASS="math notranslate nohighlight")
        translator.body.append(f"{start}{html(translator, node.astext(), display=False)}</span>")
        raise nodes.SkipNode

    def visit_displaymath(translator: HTML5Translator, node: Element) -> None:
        assert isinstance(node, nodes.math_block)
        translator.body.append(translator.starttag(node, "div", CLASS="math notranslate nohighlight"))
        translator.body.append(f'<div class="formula">{html(translator, displayed(node), display=True)}</div>')
        if node["number"] and not node["nowrap"]:
            translator.body.append(f'<span class="eqno">({get_node_equation_number(translator, node)})')
            translator.add_permalink_ref(node, "Link to this equation")
            translator.body.append("</span>")
        translator.body.append("</div>\n")
        raise nodes.SkipNode

    app.add_html_math_renderer(RENDERER, (visit_math, None), (visit_displaymath, None))
    app.connect("builder-inited", formulas.read)
    app.connect("html-page-context", add_style)
    app.connect("build-finished", formulas.write)
    # one MathJax answers one question at a time
    return {"parallel_read_safe": True, "parallel_write_safe": False}
