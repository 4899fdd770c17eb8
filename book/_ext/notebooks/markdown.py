"""Plain Markdown of a built page's HTML, in which every number, citation and reference has been resolved.

What JupyterLab, Colab, VS Code and GitHub agree on: CommonMark with tables, TeX between dollars, and <details>.
"""

import html
import re
from collections.abc import Mapping
from urllib.parse import urljoin, urlsplit

from bs4 import BeautifulSoup, Tag
from markdownify import MarkdownConverter

from _ext.blocks import of_element
from _ext.elements import attribute, classes, first
from vae_course.handout.blocks import details
from vae_course.handout.tex import portable

INLINE_TAGS = ("code", "em", "strong")
# Sphinx puts `split` around whatever has two lines
WRAPPED = re.compile(r"\\begin\{split\}\s*(?P<inner>\\begin\{(\w+\*?)\}.*\\end\{\2\})\s*\\end\{split\}", re.S)
MARKS = re.compile(r"^[>\s]*")
KEPT = re.compile("\x01(\\d+)\x02")


class PageMarkdown(MarkdownConverter):
    """url: the page's address on the site, or "" where no site is known; then links within it become their words.

    What Markdown must not touch, formulas and code, waits in `kept` while the text around it is converted.
    """

    def __init__(self, url: str, macros: Mapping[str, object]) -> None:
        super().__init__(heading_style="ATX", bullets="-")
        self.url, self.macros, self.kept = url, macros, []

    def markdown(self, nodes: list) -> str:
        """The Markdown of some neighbours on the page."""
        root = BeautifulSoup("", "html.parser").new_tag("div")
        for node in nodes:
            root.append(node.extract())
        text = self._restore(self.convert_soup(root))
        return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", text)).strip()

    def summary(self, node: Tag) -> str:
        """The words of a node as HTML, for where Markdown does not reach: in a <summary>."""
        return self._inline_html(node).strip()

    def _inline_html(self, node: Tag) -> str:
        parts = []
        for child in node.children:
            if not isinstance(child, Tag):
                parts.append(html.escape(str(child), quote=False))
            elif "math" in classes(child):
                parts.append(self._inline_math(child))
            elif child.name in INLINE_TAGS:
                parts.append(f"<{child.name}>{self._inline_html(child)}</{child.name}>")
            elif child.name != "svg":
                parts.append(self._inline_html(child))
        return re.sub(r"\s+", " ", "".join(parts))

    def _keep(self, text: str) -> str:
        self.kept.append(text)
        return f"\x01{len(self.kept) - 1}\x02"

    def _restore(self, text: str) -> str:
        def put(found: re.Match) -> str:
            line = found.string[found.string.rfind("\n", 0, found.start()) + 1 : found.start()]
            prefix = line[
                : len(line) - len(MARKS.sub("", line))
            ]  # code in a quotation or a list keeps the marks of its lines
            return self.kept[int(found[1])].replace("\n", "\n" + prefix)

        while "\x01" in text:  # what is kept may hold what was kept before
            text = KEPT.sub(put, text)
        return text

    def escape(self, text: str, parent_tags: set[str]) -> str:
        text = super().escape(text, parent_tags)  # pyright: ignore[reportAttributeAccessIssue]  not in its stubs
        if {"pre", "code"} & parent_tags:
            return text
        return text.replace("`", "\\`").replace("$", r"\$").replace("<", "&lt;")

    # Mathematics

    def _inline_math(self, node: Tag) -> str:
        tex = portable(_tex(node), self.macros)
        return f"${_in_table(tex) if node.find_parent(['td', 'th']) else tex}$"

    def _display(self, node: Tag) -> str:
        number = node.find("span", class_="eqno")
        tag = rf" \tag{{{number.extract().get_text().strip('()#')}}}" if number else ""
        tex = WRAPPED.sub(r"\g<inner>", _tex(node))
        # A display of its own, or one that counts its lines, cannot stand between dollars.
        tex = re.sub(r"\\(begin|end)\{(?:split|align\*?)\}", r"\\\1{aligned}", tex)
        tex = re.sub(r"\\(begin|end)\{gather\*?\}", r"\\\1{gathered}", tex)
        tex = re.sub(r"\\(begin|end)\{equation\*?\}", "", tex)
        return portable(tex, self.macros) + tag

    def convert_span(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        return self._keep(self._inline_math(node)) if "math" in classes(node) else text

    def _math(self, node: Tag) -> str:
        if node.find_parent(["td", "th"]):
            return self._keep(rf"$\displaystyle {_in_table(self._display(node))}$")
        if node.find_parent(["li", "blockquote", "dd"]) or node.find_parent(class_="admonition"):
            return _block(self._keep(f"$$ {self._display(node)} $$"))
        return _block(self._keep(f"$$\n{self._display(node)}\n$$"))

    # Blocks

    def convert_p(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        # On one line, so that nothing within a paragraph can begin a list.
        text = " ".join(text.split())
        if "admonition-title" in classes(node):
            kind = of_element(node.parent) if node.parent else None
            text = "" if kind and kind.notebook == "details" else f"**{text}**"  # the summary says it
        return text if "_inline" in parent_tags else _block(text)

    def convert_div(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        if "math" in classes(node):
            return self._math(node)
        kind = of_element(node)
        if kind and kind.notebook == "details":
            return self._details(node, text)
        if kind and kind.notebook == "quotation":
            return _quotation(text)
        return _block(text)

    def _details(self, node: Tag, text: str) -> str:
        return _block(details(self.summary(first(node, "summary, .admonition-title")), text))

    def convert_pre(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        box = node.find_parent(class_=re.compile("^highlight-"))
        language = next((name[10:] for name in classes(box) if name.startswith("highlight-")), "") if box else ""
        language = {"default": "", "none": "", "ipython3": "python"}.get(language, language)
        return _block(self._keep(f"```{language}\n{node.get_text().rstrip()}\n```"))

    def convert_details(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        return self._details(node, text)

    def convert_summary(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        return ""  # part of the details

    def convert_dt(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        return _block(f"**{' '.join(text.split())}**")

    def convert_dd(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        return _quotation(text)

    def convert_td(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        text = text.replace("|", r"\|")
        return super().convert_td(node, text, parent_tags)  # pyright: ignore[reportAttributeAccessIssue]  not in stubs

    def convert_th(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        text = text.replace("|", r"\|")
        return super().convert_th(node, text, parent_tags)  # pyright: ignore[reportAttributeAccessIssue]  not in stubs

    def convert_svg(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        return ""

    # Links

    def convert_a(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        target = attribute(node, "href")
        if not text.strip() or not (self.url or urlsplit(target).scheme):
            return text
        before, after = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        return f"{before}[{text.strip()}]({urljoin(self.url, target)}){after}"

    def convert_img(self, node: Tag, text: str, parent_tags: set[str]) -> str:
        words, source = self.escape(attribute(node, "alt"), parent_tags), attribute(node, "src")
        if not (self.url or urlsplit(source).scheme):
            return f"*{words}*" if words else ""
        return self._keep(f"![{words}]({urljoin(self.url, source)})")


def _tex(node: Tag) -> str:
    """The source of a formula, which its MathML holds."""
    return first(node, "annotation").get_text()


def _block(text: str) -> str:
    return f"\n\n{text.strip()}\n\n" if text.strip() else ""


def _quotation(text: str) -> str:
    return _block("\n".join(f"> {line}".rstrip() for line in text.strip().splitlines()))


def _in_table(tex: str) -> str:
    """A formula without the mark that would end its cell."""
    return tex.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
