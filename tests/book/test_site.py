"""What every page of the site has around its text, what it asks for, and what it looks like before its scripts run."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pages
import pytest
import yaml
from _ext.elements import attribute, first
from _ext.site import descriptions, trim
from browser import window
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from playwright.sync_api import Browser, Page, Route


@pytest.fixture(scope="module")
def site(html: Path) -> dict[str, BeautifulSoup]:
    """Every page of the site, but the one for addresses that are not there."""
    built = {path.relative_to(html).as_posix(): path for path in html.rglob("*.html") if path.name != "404.html"}
    return {name: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for name, path in built.items()}


def test_the_site_has_a_page_for_each_source_one_to_search_on_and_no_other(site: dict[str, BeautifulSoup]) -> None:
    sources = {source.relative_to(pages.BOOK).with_suffix(".html").as_posix() for source in pages.sources()}
    assert site.keys() == sources | {"search.html"}


def test_each_page_has_the_licences_and_the_way_home(site: dict[str, BeautifulSoup]) -> None:
    for name, soup in site.items():
        (footer,) = soup.select("footer.bd-footer-content")
        assert "Text and figures: CC BY 4.0. Code: MIT." in footer.get_text(), name
        assert attribute(first(soup, "nav.bd-links a"), "href") in ("#", "index.html", "../index.html"), name


def test_each_page_is_described_in_words_of_its_own(site: dict[str, BeautifulSoup]) -> None:
    found = {
        name: [attribute(tag, "content") for tag in soup.select("meta[name=description]")]
        for name, soup in site.items()
    }
    assert {name for name, tags in found.items() if len(tags) != 1} == set()
    words = [tag for (tag,) in found.values()]
    assert len(set(words)) == len(words)
    for text in words:
        assert 30 <= len(text) <= descriptions.LONGEST
        assert not re.search(r"[\\${}<>]", text), text


@pytest.mark.parametrize(
    ("paragraphs", "description"),
    [
        (["One."], "One."),
        (["a " * 60 + "b.", "c " * 60], "a " * 60 + "b."),  # whole sentences, where they say enough
        (["Why? " + "word " * 60], "Why? " + "word " * 30 + "…"),
        (["x " * 79 + "yz."], "x " * 79 + "…"),  # 161 characters: no word is cut
    ],
)
def test_a_description_ends_with_a_sentence_or_at_a_word(paragraphs: list[str], description: str) -> None:
    section = nodes.section("", nodes.title("", "Title"), *(nodes.paragraph("", text) for text in paragraphs))
    section += nodes.note("", nodes.paragraph("", "An aside."))
    document = new_document("page")
    document += section
    assert descriptions.description(document) == description
    assert len(description) <= descriptions.LONGEST


def test_the_logo_is_also_the_favicon(site: dict[str, BeautifulSoup]) -> None:
    title = yaml.safe_load((pages.BOOK / "_config.yml").read_text(encoding="utf-8"))["title"]
    for name, soup in site.items():
        up = "../" * name.count("/")
        assert attribute(first(soup, "link[rel=icon]"), "href") == f"{up}_static/logo.svg"
        (link,) = soup.select(".bd-sidebar-primary a.navbar-brand")
        assert {attribute(image, "src") for image in link.select("img")} == {f"{up}_static/logo.svg"}
        assert link.get_text(strip=True) == title


def test_the_site_holds_nothing_that_no_page_asks_for(html: Path) -> None:
    static = html / "_static"
    left = [
        path
        for path in static.rglob("*")
        if re.search(r"\.(map|ttf|woff2?)$|fontawesome\.js|thebe|^locales$|macros\.html$", path.name)
    ]
    assert left == []
    assert '"#none"' in (static / "scripts" / "pydata-sphinx-theme.js").read_text(encoding="utf-8")


def test_whatever_a_style_or_script_names_is_there(html: Path) -> None:
    styles = [path for path in (html / "_static").rglob("*.css") if "mathjax" not in path.parts]
    named = {
        (path, name)
        for path in styles
        for name in re.findall(r"url\([\"']?([^)\"']+)", path.read_text(encoding="utf-8"))
        if not name.startswith(("data:", "#"))
    }
    assert [str(path) + name for path, name in named if not (path.parent / urlsplit(name).path).exists()] == []
    scripts = [path for path in (html / "_static").rglob("*.js") if "mathjax" not in path.parts]
    maps = [path for path in (*styles, *scripts) if "sourceMappingURL" in path.read_text(encoding="utf-8")]
    assert maps == []


def test_what_is_trimmed_is_not_named_any_more(tmp_path: Path) -> None:
    static = tmp_path / "_static"
    texts = {
        "scripts/a.js": 'a(["pre",".x > .y"].join(", "));\n//# sourceMappingURL=a.js.map',
        "scripts/a.js.map": "{}",
        "scripts/fontawesome.js": "",
        "a.css": "a{}\n/*# sourceMappingURL=a.css.map*/\n",
        "vendor/fontawesome/a.woff2": "",
        "locales/de/a.po": "",
    }
    for name, text in texts.items():
        path = static / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name in ("kept", "search", "genindex"):
        (tmp_path / f"{name}.html").touch()
    app: Any = SimpleNamespace(
        builder=SimpleNamespace(name="html"), outdir=str(tmp_path), env=SimpleNamespace(found_docs={"kept"})
    )
    for _ in range(2):  # a second build finds what the first has left
        trim.trim(app, None)
        left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
        kept = {"_static/scripts/a.js", "_static/a.css"}
        assert left == kept | {"kept.html", "search.html"}
        assert (static / "scripts/a.js").read_text().strip() == 'a("#none");'
        assert (static / "a.css").read_text().strip() == "a{}"


def only_the_first_script(page: Page) -> None:
    """As on a slow line: the scripts that may wait have not come yet."""

    def answer(route: Route) -> None:
        if Path(urlsplit(route.request.url).path).name == "theme.js":
            route.continue_()
        else:
            route.fulfill(body="", content_type="text/javascript")

    page.route(re.compile(r"\.js(\?|$)"), answer)


def ground(page: Page) -> float:
    """How light the page is, from 0 to 255."""
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    red, green, blue, *opacity = map(float, re.findall(r"[\d.]+", colour))
    return 255 if opacity == [0] else (red + green + blue) / 3  # of no colour of its own, it has the browser's white


@pytest.mark.parametrize(
    ("system", "chosen", "dark"),
    [
        ("dark", None, True),
        ("light", None, False),
        ("dark", "light", False),
        ("light", "dark", True),
        ("dark", "?", True),
    ],
)
def test_the_theme_is_there_before_the_scripts_that_wait(
    chromium: Browser, server: str, system: str, chosen: str | None, dark: bool
) -> None:
    with window(chromium, color_scheme=system) as (page, _):
        if chosen is not None:
            page.add_init_script(f"localStorage.setItem('mode', '{chosen}')")
        only_the_first_script(page)
        page.goto(f"{server}/appendix/notation.html")
        assert (ground(page) < 60) is dark


def test_a_page_without_scripts_is_light(site: dict[str, BeautifulSoup]) -> None:
    assert {attribute(first(soup, "html"), "data-theme") for soup in site.values()} == {"light"}


def test_a_search_is_paid_for_by_those_who_search(chromium: Browser, server: str) -> None:
    with window(chromium) as (page, _):
        asked: list[str] = []
        page.on("request", lambda request: asked.append(urlsplit(request.url).path))
        page.goto(f"{server}/appendix/notation.html")
        page.wait_for_load_state("networkidle")
        assert any("doctools" in path for path in asked)
        assert [path for path in asked if "search" in path or "language" in path] == []
        page.goto(f"{server}/search.html?q=posterior")
        assert any(path.endswith("searchindex.js") for path in asked)


def test_every_icon_is_in_the_font(chromium: Browser, server: str) -> None:
    with window(chromium) as (page, faults):
        for name in ("index", "chapters/elbo", "search"):
            page.goto(f"{server}/{name}.html")
            page.wait_for_function("document.fonts.check('900 16px \"Font Awesome 6 Free\"')")
            shown = page.eval_on_selector_all(
                "i[class*='fa-'], span[class*='fa-']",
                "icons => icons.map(icon => [icon.className, getComputedStyle(icon, '::before').content])",
            )
            assert len(shown) > 5
            assert [name for name, content in shown if not re.fullmatch('"[\ue000-\uf8ff]"|"[^"]{1,2}"', content)] == []
        assert faults == []


def test_the_focus_is_seen_on_each_button_of_the_header(chromium: Browser, server: str) -> None:
    with window(chromium, viewport={"width": 390, "height": 800}) as (page, _):
        page.goto(f"{server}/chapters/elbo.html")
        page.keyboard.press("Tab")  # from now on the browser shows where the focus is
        buttons = page.locator(".bd-header-article .btn:visible").all()
        assert len(buttons) >= 5
        for button in buttons:
            button.focus()
            look = button.evaluate(
                "node => { const s = getComputedStyle(node); return [s.outlineStyle, s.outlineWidth]; }"
            )
            assert look[0] == "solid" and float(look[1].removesuffix("px")) >= 2, button.inner_html()
