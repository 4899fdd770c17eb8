"""What the book changes in its theme: templates, two scripts in place of inline ones, and the title beside the logo."""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

HERE = Path(__file__).parent


def setup(app: Sphinx) -> dict[str, bool]:
    app.connect("config-inited", configure)
    app.add_js_file("buttons.js")
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def configure(app: Sphinx, config: Config) -> None:
    config.templates_path.insert(0, str(HERE / "templates"))  # before the theme's
    config.html_static_path.append(str(HERE / "static"))
    if config.html_logo:  # in place of the title, if the theme were not told
        config.html_theme_options["logo"] = {"text": config.html_title}
