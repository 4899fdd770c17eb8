"""What the book changes in its theme: templates, scripts of its own, and the title beside the logo."""

from collections.abc import Iterable
from pathlib import Path
from typing import TextIO

from pygments.formatters import HtmlFormatter
from pygments.token import Name, Punctuation, Text, Whitespace, _TokenType
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.config import Config
from sphinx.highlighting import PygmentsBridge

HERE = Path(__file__).parent
PLAIN = {Name, Punctuation, Whitespace}  # in the ink of the block that holds them, in both themes
FIRST = 0  # before others ask for a template


def setup(app: Sphinx) -> dict[str, bool]:
    for script in ("buttons.js", "folded.js", "scrolling.js"):
        app.add_js_file(script)
    PygmentsBridge.html_formatter = Code
    app.connect("config-inited", keep_title)
    app.connect("builder-inited", add_files, priority=FIRST)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class Code(HtmlFormatter):
    """Without elements for what has no colour of its own: more than half of those in code, a tenth of a chapter's."""

    def format_unencoded(self, tokensource: Iterable[tuple[_TokenType, str]], outfile: TextIO) -> None:
        super().format_unencoded(((Text if kind in PLAIN else kind, text) for kind, text in tokensource), outfile)


def keep_title(app: Sphinx, config: Config) -> None:
    """The theme shows a logo in place of the title, where it is not told both."""
    if config.html_logo:
        config.html_theme_options["logo"] = {"text": config.html_title}


def add_files(app: Sphinx) -> None:
    """Templates that come before the theme's, and scripts: for the site alone, as the EPUB has another theme."""
    if isinstance(app.builder, StandaloneHTMLBuilder) and app.builder.name == "html":
        app.config.html_static_path.append(str(HERE / "static"))
        app.config.templates_path.insert(0, str(HERE / "templates"))
        app.builder.templates.init(app.builder, app.builder.theme)
