"""One style sheet for the site: of the theme's and the extensions' rules those that can match, with the icons used.

A browser shows nothing until it has every style sheet that a page names. The theme and the extensions bring a dozen,
one that asks for another, with the rules of all that they could show and fonts of two thousand icons.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import tinycss2
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.builders.html._assets import _CascadingStyleSheet
from tinycss2.ast import AtRule, FunctionBlock, HashToken, IdentToken, LiteralToken, Node, QualifiedRule

from _ext import fonts
from _ext.elements import pages_of

SHEET = "styles.css"  # in the site's _static
THEME = ("styles/theme.css", "styles/pydata-sphinx-theme.css")  # the theme's templates name them, before all others
SCRIPTS = ("*.js", "scripts/*.js", "live/live.js")  # they make elements, too
LAST = 900  # when others have named theirs
BEFORE_TRIM = 700
MARKS = re.compile(r"""\b(?:class|id)=(?:"([^"]*)"|'([^']*)')""")
WORD = re.compile(r"[\w-]+")
ASKS_FOR = re.compile(r'@import "([^"]+)";')
FILE = re.compile(r'src:url\(([^)]+)\.woff2\) format\("woff2"\)[^}]*')
ICON = re.compile("[\ue000-\uf8ff]")  # in Unicode's private part
GROUPS = {"media", "supports", "layer", "container"}  # rules that hold rules


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("html-page-context", name_one, priority=LAST)
    app.connect("build-finished", gather, priority=BEFORE_TRIM)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _name(sheet: _CascadingStyleSheet) -> str:
    return str(sheet.filename).removeprefix("_static/")


def name_one(app: Sphinx, page: str, template: str, context: dict, doctree: object) -> None:
    """Of the style sheets that all pages name, this page names one in their place."""
    if app.builder.name == "html":
        assert isinstance(app.builder, StandaloneHTMLBuilder)
        everywhere = [_name(sheet) for sheet in app.builder._orig_css_files]
        context["sheets"] = [SHEET, *(name for name in map(_name, context["css_files"]) if name not in everywhere)]


def gather(app: Sphinx, exception: Exception | None) -> None:
    """Write the one style sheet and remove those that it is made of. A build that wrote no page has some of these."""
    static = Path(app.outdir, "_static")
    if exception is not None or app.builder.name != "html":
        return
    assert isinstance(app.builder, StandaloneHTMLBuilder)
    named = map(_name, sorted(app.builder._css_files, key=lambda sheet: sheet.priority))
    paths = [static / name for name in (*THEME, *named)]
    if (static / THEME[-1]).exists():
        words = marks(Path(app.outdir))
        sheet = "\n".join(needed(with_asked(path), words) for path in paths)
        (static / SHEET).write_text(with_icons(sheet, (static / THEME[-1]).parent), encoding="utf-8")
    for path in (*paths, static / "basic.css"):  # asked for by the theme's
        path.unlink(missing_ok=True)


def marks(site: Path) -> set[str]:
    """Every class and name that an element of a site may have: those in its pages, and all words of its scripts."""
    scripts = (path.read_text(encoding="utf-8") for name in SCRIPTS for path in (site / "_static").glob(name))
    in_pages = {word for found in MARKS.findall(pages_of(site)) for word in WORD.findall(" ".join(found))}
    return in_pages.union(*(WORD.findall(text) for text in scripts))


def with_asked(path: Path) -> str:
    """A style sheet, with those in it that it asks for."""
    return ASKS_FOR.sub(lambda found: with_asked(path.parent / found[1]), path.read_text(encoding="utf-8"))


def needed(sheet: str, words: set[str]) -> str:
    """The rules of a style sheet that match something where these words are all classes and names of elements."""
    return "".join(_needed(tinycss2.parse_stylesheet(sheet, skip_comments=True, skip_whitespace=True), words))


def _needed(rules: Iterable[Node], words: set[str]) -> Iterator[str]:
    for rule in rules:
        if isinstance(rule, AtRule) and rule.lower_at_keyword in GROUPS and rule.content is not None:
            inner = "".join(_needed(tinycss2.parse_rule_list(rule.content, True, True), words))
            if inner:
                yield f"@{rule.at_keyword}{tinycss2.serialize(rule.prelude)}{{{inner}}}"
        elif isinstance(rule, QualifiedRule):
            selectors = [each for each in _split(rule.prelude) if _possible(each, words)]
            if selectors:
                named = ",".join(tinycss2.serialize(each).strip() for each in selectors)
                yield f"{named}{{{tinycss2.serialize(rule.content).strip()}}}\n"
        else:
            yield tinycss2.serialize([rule])


def _split(tokens: Iterable[Node]) -> list[list[Node]]:
    """At the commas."""
    parts: list[list[Node]] = [[]]
    for token in tokens:
        if isinstance(token, LiteralToken) and token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _possible(selector: list[Node], words: set[str]) -> bool:
    """Whether something can match a selector: every class and every id that it wants is among the words."""
    before: Node | None = None
    for token in selector:
        if isinstance(token, FunctionBlock) and token.lower_name in ("is", "where", "has"):
            possible = any(_possible(each, words) for each in _split(token.arguments))
        elif isinstance(token, HashToken) or (isinstance(token, IdentToken) and before == "."):
            possible = token.value in words
        else:
            possible = True
        if not possible:
            return False
        before = token
    return True


def with_icons(sheet: str, folder: Path) -> str:
    """A style sheet whose fonts have the icons that it shows, and are in it; folder: where its fonts' names begin."""
    icons = "".join(ICON.findall(sheet))

    def embed(found: re.Match) -> str:
        font = fonts.with_letters(folder / f"{found[1]}.ttf", icons)
        return f'src:url({font}) format("woff")'

    return FILE.sub(embed, sheet)
