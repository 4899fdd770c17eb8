"""The site's Content-Security-Policy: a page runs the site's own files and nothing else.

It stands in each page, so that it holds on GitHub Pages and in a folder; and in files from which other servers take it
as a header. No page has a script of its own: what extensions write into pages goes into a file.
"""

import hashlib
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx

AFTER_OTHERS = 900  # the last of them adds its scripts at 500
AFTER_OPTIONS = 300  # of scripts: after DOCUMENTATION_OPTIONS (at 200), before those of extensions (at 500)
PER_PAGE = "DOCUMENTATION_OPTIONS.pagename"  # only the theme's switch between versions would read it
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self' 'unsafe-inline'",  # formulas and figures have their measures in style attributes
    "img-src": "'self' data:",
    "font-src": "'self' data:",  # the formulas' fonts are in their style sheet
    "connect-src": "'self'",  # the search reads pages
    "base-uri": "'none'",
    "form-action": "'self'",
}
IN_PAGE = POLICY | {"form-action": "'self' file:"}  # of a page in a folder: for Firefox no form's target is its 'self'
IN_HEADER = POLICY | {"frame-ancestors": "'none'"}  # which counts in a header only
HEADER_FILES = {
    "_headers": "# For Netlify and Cloudflare Pages, which read it here.\n/*\n  Content-Security-Policy: {policy}\n",
    "nginx_headers.conf": (
        "# For nginx: `include` this file in the site's `server` or `location`.\n"
        'add_header Content-Security-Policy "{policy}" always;\n'
    ),
}


def text(policy: dict[str, str]) -> str:
    """A policy as a header has it."""
    return "; ".join(f"{directive} {sources}" for directive, sources in policy.items())


def setup(app: Sphinx) -> dict[str, bool]:
    app.setup_extension("_ext.site.theme")
    app.connect("html-page-context", apply, priority=AFTER_OTHERS)
    app.connect("build-finished", write_headers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def apply(app: Sphinx, page: str, template: str, context: dict, doctree: nodes.document | None) -> None:
    """Give the page its policy, and let its scripts wait until it is read, the inline ones in a file."""
    if app.builder.name != "html":
        return
    meta = f'\n    <meta http-equiv="Content-Security-Policy" content="{text(IN_PAGE)}" />'
    context["metatags"] = meta + context.get("metatags", "")
    scripts = context["script_files"]
    inline = [script.attributes["body"] for script in scripts if not script.filename]
    settings = "\n".join(dict.fromkeys(body for body in inline if not body.startswith(PER_PAGE)))
    name = f"settings-{hashlib.sha256(settings.encode()).hexdigest()[:8]}.js"  # pages may differ
    Path(app.outdir, "_static", name).write_text(f"{settings}\n", encoding="utf-8")
    scripts[:] = [script for script in scripts if script.filename]
    app.add_js_file(name, priority=AFTER_OPTIONS)
    for script in scripts:
        script.attributes["defer"] = "defer"  # they keep their order


def write_headers(app: Sphinx, exception: Exception | None) -> None:
    if exception is None and app.builder.name == "html":
        for name, content in HEADER_FILES.items():
            Path(app.outdir, name).write_text(content.format(policy=text(IN_HEADER)), encoding="utf-8")
