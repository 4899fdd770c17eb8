"""What the book adds to Jupyter Book: one extension, in rooms."""

from sphinx.application import Sphinx

MODULES = (
    "execution",
    "blocks",
    "exercises",
    "formulas.page",
    "typography",
    "figures.inline",
    "figures.live",
    "site.bibliography",
    "site.descriptions",
    "site.downloads",
    "site.policy",
    "site.published_models",
    "site.publishing",
    "site.search",
    "site.styles",
    "site.theme",
    "site.trim",
    "notebooks.notebook",
    "editions.epub",
    "editions.pages",
    "editions.pdf",
)


def setup(app: Sphinx) -> dict[str, bool]:
    for name in MODULES:
        app.setup_extension(f"{__name__}.{name}")
    return {"parallel_read_safe": False, "parallel_write_safe": True}
