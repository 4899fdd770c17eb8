"""The site under its Content-Security-Policy: every page, served with the header, and from its folder."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from _ext.elements import attribute, first
from browser import window
from bs4 import BeautifulSoup
from live_pages import come_near
from playwright.sync_api import Browser, Page, expect

# Also told to those who do not listen to the console; before any script of the page.
TELL = """addEventListener("securitypolicyviolation", (event) => {
  console.error(`refused: ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`);
});"""


def built(html: Path) -> list[str]:
    """Every page of the site, the search among them."""
    return sorted(path.relative_to(html).as_posix() for path in html.rglob("*.html") if path.name != "404.html")


def header(file: Path) -> str:
    """The policy that a server reads in a header file."""
    (found,) = re.findall(r'Content-Security-Policy:? "?([^"\n]+)', file.read_text(encoding="utf-8"))
    return found


class _WithPolicy(SimpleHTTPRequestHandler):
    policy = ""

    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", self.policy)
        super().end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def strict(html: Path) -> Iterator[str]:
    """The book's address on a server that sends the header."""
    handler = type("Handler", (_WithPolicy,), {"policy": header(html / "_headers")})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=html)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def sources(text: str) -> dict[str, set[str]]:
    return {name: set(given) for name, *given in (part.split() for part in text.split(";"))}


def test_the_policy_lets_no_inline_script_run_and_nothing_come_from_elsewhere(html: Path) -> None:
    given = sources(header(html / "_headers"))
    assert given["default-src"] == given["base-uri"] == given["frame-ancestors"] == {"'none'"}
    assert given["script-src"] == {"'self'"}
    allowed = {"'none'", "'self'", "data:"}
    assert {name for name, what in given.items() if not what <= allowed} == {"style-src"}
    assert {name for name, what in given.items() if "data:" in what} == {"img-src", "font-src"}
    assert header(html / "nginx_headers.conf") == header(html / "_headers")


def test_each_page_states_the_policy_before_it_names_a_file(html: Path) -> None:
    own = sources(header(html / "_headers"))
    del own["frame-ancestors"]  # which a page cannot say
    own["form-action"].add("file:")
    for page in built(html):
        soup = BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")
        stated = first(soup, "meta[http-equiv], link, script, style, img")
        assert attribute(stated, "http-equiv") == "Content-Security-Policy", page
        assert sources(attribute(stated, "content")) == own, page


def test_no_page_has_a_script_of_its_own_or_one_that_holds_up_its_first_paint(html: Path) -> None:
    for page in built(html):
        soup = BeautifulSoup((html / page).read_text(encoding="utf-8"), "html.parser")
        scripts = [
            node for node in soup.select("script") if attribute(node, "type") in ("", "text/javascript", "module")
        ]
        assert [str(node)[:100] for node in scripts if not node.get("src")] == [], page
        waits = [attribute(node, "src") for node in scripts if not node.has_attr("defer")]
        assert [Path(source).name for source in waits] == ["theme.js"], page
        handlers = [name for node in soup.find_all(True) for name in node.attrs if name.startswith("on")]
        assert handlers == [], page


def use(page: Page) -> None:
    """Whatever a page of the book lets one click, but its links."""
    page.wait_for_load_state()
    for button in page.locator(".theme-switch-button").all():
        for _ in range(3):
            button.click()
    for name in ("primary", "secondary"):
        for toggle in page.locator(f".bd-header-article .{name}-toggle:visible").all():
            toggle.click()
            page.keyboard.press("Escape")
    for opens in page.query_selector_all("details:not([open]) > summary, .toggle-button"):
        if opens.is_visible():
            opens.click()
    for figure in page.locator(".live-figure").all():
        figure.scroll_into_view_if_needed()
        expect(figure).to_have_attribute("data-live", "ready")
        for slider in figure.locator("input[type=range]:visible").all():
            slider.press("ArrowRight")
        for plane in figure.locator(".live-pad:visible").all():
            plane.click()


def search(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.locator("#pst-search-dialog input").fill("posterior")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=posterior")
    expect(page.locator("#search-results a").first).to_be_visible()


def test_every_page_works_under_the_policy(chromium: Browser, html: Path, strict: str) -> None:
    for name in built(html):
        with window(chromium, viewport={"width": 1280, "height": 900}) as (page, faults):
            page.add_init_script(TELL)
            page.goto(f"{strict}/{name}")
            use(page)
            assert faults == [], name


def test_what_the_themes_buttons_do(chromium: Browser, strict: str) -> None:
    with window(chromium, viewport={"width": 1280, "height": 900}) as (page, faults):
        page.add_init_script(TELL + "print = () => { document.title = 'printed'; };")
        page.goto(f"{strict}/chapters/elbo.html")
        page.get_by_role("button", name="Download this page").click()
        with page.expect_download() as saved:
            page.locator(".btn-download-notebook-button").click()
        assert saved.value.suggested_filename == "elbo.ipynb"
        if page.locator(".btn-download-pdf-button").is_hidden():
            page.get_by_role("button", name="Download this page").click()
        page.locator(".btn-download-pdf-button").click()
        expect(page).to_have_title("printed")
        for state in ("!== null", "=== null"):
            page.locator(".btn-fullscreen-button").click()
            page.wait_for_function(f"document.fullscreenElement {state}")
        page.locator("div.highlight").first.hover()
        page.locator("button.copybtn").first.click()
        expect(page.locator("button.copybtn.success").first).to_be_visible()
        search(page)
        assert faults == []


def test_every_page_works_from_its_folder(chromium: Browser, html: Path) -> None:
    with window(chromium, viewport={"width": 1280, "height": 900}) as (page, faults):
        page.add_init_script(TELL)
        for name in built(html):
            page.goto((html / name).as_uri())
            come_near(page)
            for figure in page.locator(".live-figure").all():
                expect(figure).to_have_attribute("data-live", "ready")
        assert faults == []
        page.goto((html / "index.html").as_uri())
        search(page)
        assert [fault for fault in faults if "refused" in fault] == []  # excerpts, for which it asks, a folder has none


def test_a_script_in_a_page_would_be_refused(chromium: Browser, strict: str) -> None:
    """Planted: a policy that nobody enforces would pass every test above."""
    with window(chromium) as (page, _):
        page.add_init_script(TELL)
        page.goto(f"{strict}/search.html")
        with page.expect_console_message(lambda message: message.text.startswith("refused: script-src-elem inline")):
            page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'title = 1'}))")
