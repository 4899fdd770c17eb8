"""What a published site has beside its pages.

With an address (BOOK_URL): canonical links, cards for those who share a page, a sitemap, and a page for addresses that
are not there. With a repository: a way to correct the page. With git: the day of the page's last change. What is not
known is left out.

Sitemap and days are made here, as the extensions for them see one build only: sphinx-sitemap lists the pages that it
wrote, and 404 and search among them; sphinx-last-updated-by-git asks for the pages that it read, and warns without git.
"""

import os
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from _ext.site.origin import Checkout

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NOT_FOUND = {
    "title": "Page not found",
    "body": "<h1>Page not found</h1>\n<p>There is no page at this address. The chapters are in the list on the side, "
    "and the search finds words in all of them.</p>",
}


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("_ext.site.origin")
    app.setup_extension("_ext.site.descriptions")
    app.add_config_value("social_card", {}, "html")  # pictures and colour, as sphinxext-opengraph takes them
    if os.environ.get("BOOK_URL"):
        app.setup_extension("sphinxext.opengraph")
        app.setup_extension("notfound.extension")
        app.connect("config-inited", set_address)
        app.connect("build-finished", write_sitemap)
    else:
        app.connect("build-finished", remove_what_wants_an_address)
    app.connect("config-inited", add_repository)
    app.add_config_value("last_changes", {}, "")  # asked of git once for a build, not for each page
    app.connect("config-inited", find_last_changes)
    app.connect("html-page-context", add_last_change)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def set_address(app: Sphinx, config: Config) -> None:
    """Tell the extensions where the site will be."""
    config.notfound_urls_prefix = urlsplit(config.html_baseurl).path
    config.ogp_site_url = config.html_baseurl
    config.ogp_site_name = config.html_title
    config.ogp_social_cards = config.social_card
    config.notfound_context = NOT_FOUND


def add_repository(app: Sphinx, config: Config) -> None:
    """Let the theme's buttons lead to the repository, to the page's source there, and to its issues."""
    if config.github_repository:
        config.html_theme_options |= {
            "repository_url": f"https://github.com/{config.github_repository}",
            "repository_branch": "main",
            "path_to_docs": Path(app.srcdir).name,
            "use_repository_button": True,
            "use_edit_page_button": True,
            "use_issues_button": True,
        }


def find_last_changes(app: Sphinx, config: Config) -> None:
    config.last_changes = Checkout(Path(app.srcdir).parent).last_changes


def add_last_change(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    if doctree is not None:
        context["last_updated"] = _last_change(app, page)


def write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    """List every page with its last change: all of them, though this build may have written few."""
    if exception is not None or app.builder.name != "html":
        return
    pages = ElementTree.Element("urlset", xmlns=SITEMAP)
    for page in sorted(app.env.found_docs):
        url = ElementTree.SubElement(pages, "url")
        ElementTree.SubElement(url, "loc").text = app.config.html_baseurl + app.builder.get_target_uri(page)
        if day := _last_change(app, page):
            ElementTree.SubElement(url, "lastmod").text = day
    ElementTree.indent(pages)
    path = Path(app.outdir, "sitemap.xml")
    ElementTree.ElementTree(pages).write(path, encoding="utf-8", xml_declaration=True)


def remove_what_wants_an_address(app: Sphinx, exception: Exception | None) -> None:
    """Remove what an earlier build, for an address, left in the site."""
    for name in ("sitemap.xml", "404.html"):
        Path(app.outdir, name).unlink(missing_ok=True)


def _last_change(app: Sphinx, page: str) -> str:
    """The day of the last commit that touched the page; "" where that is not known."""
    return app.config.last_changes.get(Path(app.env.doc2path(page)), "")
