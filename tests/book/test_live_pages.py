"""Every live figure of every built page, in a real browser without a network, over http and from the folder."""

import base64
import gzip
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import live_pages
import nbformat
import pytest
import small_book
import torch
from axe_playwright_python.sync_playwright import Axe
from browser import window
from bs4 import BeautifulSoup
from live_pages import FOCUSABLE, KEYED, PATH, POINTED, come_near, drag, idle, press, touch, unfold
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import Browser, ElementHandle, Page, Request, Route

from vae_lib import live
from vae_lib.models import ModelConfig

WEIGHTS = re.compile(r"/_static/live/([0-9a-f]{16}\.js)")


@pytest.fixture(scope="module", params=live_pages.NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module", params=["http", "file"])
def opened(request, name: str, chromium: Browser, server: str, html: Path) -> Iterator[tuple[Page, list[str]]]:
    """A page of the book, opened once for all that is tried on it. Nothing moves on it by itself."""
    with window(chromium, has_touch=True, reduced_motion="reduce") as (page, faults):
        page.goto(f"{server if request.param == 'http' else html.as_uri()}/{name}")
        come_near(page)
        yield page, faults


@pytest.fixture
def page(opened: tuple[Page, list[str]]) -> Iterator[Page]:
    """The opened page. Whatever a test does there, nothing may go wrong."""
    page, faults = opened
    yield page
    found, faults[:] = list(faults), []
    assert found == []


def seen(figure: ElementHandle, selector: str) -> bool:
    part = figure.query_selector(selector)
    return part is not None and part.is_visible()


def stands(figure: ElementHandle) -> bool:
    """Whether a figure shows its picture and a sentence, and nothing else, when a reader comes to it."""
    figure.scroll_into_view_if_needed()
    drawn = figure.eval_on_selector(".live-static svg", "svg => svg.getBoundingClientRect().width > 100")
    said = seen(figure, ".live-note") and figure.query_selector(".live-note").text_content().endswith(".")
    return drawn and said and seen(figure, ".live-static") and not seen(figure, ".live")


def runs(figure: ElementHandle) -> bool:
    """Whether a figure is at work, and its picture out of the way."""
    return (
        figure.get_attribute("data-live") == "ready"
        and seen(figure, ".live")
        and not seen(figure, ".live-static")
        and not seen(figure, ".live-note")
    )


class TestFigures:
    def test_start(self, page: Page) -> None:
        assert all(runs(figure) for figure in page.query_selector_all(".live-figure"))

    def test_have_no_control_that_is_not_tried_here(self, page: Page) -> None:
        assert page.query_selector_all(f".live :is({FOCUSABLE}):not({KEYED}, [type=radio])") == []

    def test_answer_to_the_keyboard(self, page: Page) -> None:
        assert idle(page, press, KEYED) == []

    def test_follow_the_mouse(self, page: Page) -> None:
        assert idle(page, drag, POINTED) == []

    def test_follow_a_finger(self, page: Page) -> None:
        assert idle(page, touch, POINTED) == []

    def test_speak_with_one_voice(self, page: Page) -> None:
        """Of several live regions, a listener would hear each step of a slider several times."""
        for figure in page.query_selector_all(".live-figure"):
            regions = figure.query_selector_all("[aria-live], output, [role=status], [role=log], [role=alert]")
            assert [region.get_attribute("class") for region in regions] == ["live-voice"]

    def test_neither_move_nor_speak_for_the_right_button_or_another_key(self, page: Page) -> None:
        for pad in page.query_selector_all("[data-live-pad]"):
            silent = pad.evaluate_handle("pad => pad.closest('.live-figure').querySelector('.live-voice')")
            silent.evaluate("voice => { voice.textContent = ''; }")
            where = pad.get_attribute("aria-label")
            page.mouse.click(*pad.evaluate(PATH)[0], button="right")
            pad.focus()
            for key in ("Shift", "Alt+ArrowUp", "Control+ArrowRight", "Meta+ArrowDown", "Alt+Home"):
                page.keyboard.press(key)
            assert (pad.get_attribute("aria-label"), silent.evaluate("voice => voice.textContent")) == (where, "")

    def test_show_where_the_focus_is(self, page: Page) -> None:
        page.keyboard.press("Tab")  # from now on the focus is the keyboard's
        outlined = """(control) => {
          control.focus();
          const around = [control, control.nextElementSibling].filter(Boolean);
          return around.some((node) => getComputedStyle(node).outlineStyle !== "none");
        }"""
        controls = page.query_selector_all(f".live :is({KEYED})")
        assert [control.inner_html() for control in controls if not control.evaluate(outlined)] == []

    @pytest.mark.parametrize("theme", ["light", "dark"])
    def test_shut_nobody_out(self, page: Page, theme: str) -> None:
        page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
        found = Axe().run(page, context=".live-figure", options={"preload": False}).response["violations"]
        assert {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in found} == {}

    def test_fit_a_narrow_screen(self, page: Page) -> None:
        usual = page.viewport_size
        page.set_viewport_size({"width": 320, "height": 640})
        wide = "all => all.filter((node) => node.scrollWidth > node.clientWidth).map((node) => node.innerHTML)"
        assert page.eval_on_selector_all(".live-figure, .live", wide) == []
        beyond = "all => all.map((node) => node.getBoundingClientRect().right).filter((right) => right > innerWidth)"
        assert page.eval_on_selector_all(".live-figure", beyond) == []
        page.set_viewport_size(usual)

    def test_are_pictures_on_paper(self, page: Page) -> None:
        page.emulate_media(media="print")
        for figure in page.query_selector_all(".live-figure"):
            assert seen(figure, ".live-static") and not seen(figure, ".live") and not seen(figure, ".live-note")
        page.emulate_media(media="screen")


def test_without_scripts_the_picture_stands(chromium: Browser, name: str, html: Path) -> None:
    with window(chromium, java_script_enabled=False) as (page, faults):
        page.goto(f"{html.as_uri()}/{name}")
        unfold(page)
        assert all(stands(figure) for figure in page.query_selector_all(".live-figure"))
        assert faults == []


def test_without_a_canvas_the_picture_stands(chromium: Browser, name: str, html: Path) -> None:
    with window(chromium) as (page, faults):
        page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null;")
        page.goto(f"{html.as_uri()}/{name}")
        come_near(page)
        for figure in page.query_selector_all(".live-figure"):
            drawn_with_lines_only = runs(figure) and figure.query_selector("canvas") is None
            assert drawn_with_lines_only or stands(figure)
        assert faults == []


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda text: None, "Failed to load resource"),
        (lambda text: text[: len(text) // 2], "Invalid or unexpected token"),
        (lambda text: re.sub(r'"[^"]*"\);', '"AAAAAAAAAAAA");', text), None),
        (lambda text: re.sub(r'"(.{400})[^"]*"\);', r'"\1");', text), None),
    ],
    ids=["missing", "half a file", "no network", "half a network"],
)
def test_with_damaged_weights_the_picture_stands(
    chromium: Browser, name: str, html: Path, server: str, damage: Callable[[str], str | None], message: str | None
) -> None:
    def deliver(route: Route) -> None:
        file = html / "_static" / "live" / WEIGHTS.search(route.request.url)[1]
        body = damage(file.read_text(encoding="utf-8"))
        if body is None:
            route.fulfill(status=404)
        else:
            route.fulfill(body=body, content_type="text/javascript")

    with window(chromium) as (page, faults):
        page.route(WEIGHTS, deliver)
        page.goto(f"{server}/{name}")
        come_near(page)
        for figure in page.query_selector_all(".live-figure"):
            state = json.loads(figure.eval_on_selector("script", "script => script.textContent"))
            assert stands(figure) if state["networks"] else runs(figure)
        assert {fault for fault in faults if message is None or message not in fault} == set()  # but the browser's own


def test_a_figure_of_an_unknown_kind_stays_a_picture(chromium: Browser, html: Path, server: str) -> None:
    text = (html / "index.html").read_text(encoding="utf-8").replace('"kind":"', '"kind":"un')
    with window(chromium) as (page, faults):
        page.route("**/index.html", lambda route: route.fulfill(body=text, content_type="text/html"))
        page.goto(f"{server}/index.html")
        come_near(page)
        figure = page.query_selector(".live-figure")
        assert stands(figure)
        assert "no figure «un" in figure.query_selector(".live-note").inner_text()
        assert faults == []


def test_a_planted_fault_of_a_page_is_found(chromium: Browser, tmp_path: Path) -> None:
    (tmp_path / "planted.html").write_text(
        """<img src="http://example.org/a.png"><script>console.error("logged"); throw Error("thrown");</script>"""
    )
    with window(chromium) as (page, faults):
        page.goto((tmp_path / "planted.html").as_uri())
        assert all(any(planted in fault for fault in faults) for planted in ("example.org/a.png", "logged", "thrown"))


def test_a_slider_that_moves_nothing_but_its_own_number_is_found(chromium: Browser) -> None:
    slider = '<label><input type="range" oninput="this.nextSibling.value = this.value"><output></output></label>'
    with window(chromium) as (page, _):
        page.set_content(f'<div class="live-figure"><div class="live">{slider}</div></div>')
        assert len(idle(page, press, KEYED)) == 1
        assert page.locator("output").inner_text() == "100"  # but it was moved, all the way


def test_a_cells_picture_comes_into_its_page_once_and_the_weights_leave_it(tmp_path: Path, monkeypatch) -> None:
    """In a book of one page, whose cell was executed here."""
    monkeypatch.setenv("VAE_LIB_LIVE", "page")
    figure = live.LatentPlane(ModelConfig(hidden=(9,), latent=2).build(), torch.randn(5, 2), torch.arange(5))
    data, _ = figure._repr_mimebundle_()
    cell = new_code_cell("figure", outputs=[new_output("execute_result", data, execution_count=1)], execution_count=1)
    book = small_book.write(tmp_path, "_ext.site.origin", "_ext.figures.live")
    (book / "page.md").unlink()
    page = new_notebook(cells=[new_markdown_cell("# A page"), cell], metadata={"language_info": {"name": "python"}})
    nbformat.write(page, book / "page.ipynb")
    result = small_book.build(book)
    assert result.returncode == 0, result.stderr
    page = small_book.page(book, "page")
    (picture,) = page.select(".live-figure .live-static svg")
    assert picture["aria-label"] == figure.label
    assert len(picture.select("path")) == len(re.findall("<path", data["image/svg+xml"]))
    assert len(page.select("article svg")) == 1 and page.select(".live-weights") == []
    (name,) = json.loads(page.select_one(".live-figure > script").string)["networks"].values()
    weights = (book / f"_build/html/_static/live/{name}.js").read_text(encoding="utf-8")
    assert base64.b64encode(figure.networks["decoder"]).decode() in weights


def test_every_figure_of_the_package_is_in_the_book_and_every_page_with_one_is_tried_here(html: Path) -> None:
    found = live_pages.kinds(html)
    assert set().union(*found.values()) == {name[0].lower() + name[1:] for name in live.__all__}
    assert found.keys() == set(live_pages.NAMES)


def networks(figure: ElementHandle) -> set[str]:
    """The files of the networks that a figure runs."""
    state = json.loads(figure.eval_on_selector("script", "script => script.textContent"))
    return {f"{name}.js" for name in state["networks"].values()}


@pytest.mark.parametrize("source", ["http", "file"])
def test_weights_are_asked_for_when_their_figure_comes_near(
    chromium: Browser, name: str, html: Path, server: str, source: str
) -> None:
    """Within one screen of what is seen; on a page that is never read to its end, its last networks stay away."""
    asked: list[str] = []
    with window(chromium) as (page, faults):
        page.on("request", lambda request: asked.extend(WEIGHTS.findall(request.url)))
        page.goto(f"{server if source == 'http' else html.as_uri()}/{name}")
        page.wait_for_load_state("networkidle")
        figures, height = page.query_selector_all(".live-figure"), page.viewport_size["height"]
        boxes = {figure: figure.bounding_box() for figure in figures}  # none where it is folded away
        near = [figure for figure, box in boxes.items() if box and box["y"] < 2 * height]
        assert set(asked) == set().union(*map(networks, near))
        unfold(page)
        for figure in figures:
            figure.scroll_into_view_if_needed()
            page.wait_for_function("figure => figure.dataset.live === 'ready'", arg=figure)
            assert networks(figure) <= set(asked)
        assert len(asked) == len(set(asked)) and set(asked) == set().union(*map(networks, figures))
        assert faults == []


# All figures start at once.
ALL_NEAR = """window.IntersectionObserver = class {
  constructor(tell) { this.tell = tell; }
  observe(target) {
    this.tell([{ target, isIntersecting: true, boundingClientRect: target.getBoundingClientRect() }], this);
  }
  unobserve() {}
  disconnect() {}
};"""


def test_weights_come_one_after_the_other(chromium: Browser, server: str) -> None:
    """Over a slow line the first figure would wait for what the second one wants."""
    on_the_way: set[str] = set()
    at_once: list[int] = []

    def ask(request: Request) -> None:
        if WEIGHTS.search(request.url):
            on_the_way.add(request.url)
            at_once.append(len(on_the_way))

    with window(chromium) as (page, faults):
        page.on("request", ask)
        page.on("requestfinished", lambda request: on_the_way.discard(request.url))
        page.add_init_script(ALL_NEAR)
        page.goto(f"{server}/chapters/autoencoder.html")
        page.wait_for_function("[...document.querySelectorAll('.live-figure')].every(({ dataset }) => dataset.live)")
        assert at_once == [1, 1] and faults == []


def test_where_nothing_tells_what_is_near_every_figure_starts_at_once(chromium: Browser, name: str, html: Path) -> None:
    with window(chromium) as (page, _):  # the theme's own scripts do not do without
        page.add_init_script("delete window.IntersectionObserver;")
        page.goto(f"{html.as_uri()}/{name}")
        page.wait_for_function("[...document.querySelectorAll('.live-figure')].every(({ dataset }) => dataset.live)")
        unfold(page)
        assert all(runs(figure) for figure in page.query_selector_all(".live-figure"))


def test_weights_are_on_the_site_once_and_no_page_brings_them_along(html: Path) -> None:
    written = {path.stem for path in (html / "_static" / "live").glob("*.js")} - {"live"}
    used: set[str] = set()
    for page in html.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        used |= set(re.findall(r'"([0-9a-f]{16})"', " ".join(re.findall(r'"networks":\{([^}]*)\}', text))))
        assert WEIGHTS.findall(text) == [] and 'class="live-weights"' not in text
        assert ("_static/live/live.js" in text) == ("live-figure" in text)
    assert used == written


@pytest.mark.parametrize("width", [320, 390, 768, 1280])
def test_a_figure_takes_the_room_that_its_picture_had(chromium: Browser, name: str, html: Path, width: int) -> None:
    """So nothing below it moves; without its script it has the picture's room."""
    heights = []
    for blocked in (True, False):
        with window(chromium, viewport={"width": width, "height": 900}, reduced_motion="reduce") as (page, _):
            if blocked:
                page.route("**/live.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
            page.goto(f"{html.as_uri()}/{name}")
            unfold(page) if blocked else come_near(page)
            boxes = [figure.bounding_box() for figure in page.query_selector_all(".live-figure")]
            heights.append([box["height"] for box in boxes])
    assert heights[0] == pytest.approx(heights[1], abs=1)


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_moves_on_the_home_page(chromium: Browser, server: str, width: int) -> None:
    with window(chromium, viewport={"width": width, "height": 844}) as (page, _):
        page.add_init_script(
            """window.shift = 0;
            new PerformanceObserver((list) => { for (const { value } of list.getEntries()) window.shift += value; })
              .observe({ type: "layout-shift", buffered: true });"""
        )
        page.goto(f"{server}/index.html")
        page.wait_for_function("document.querySelector('.live-figure').dataset.live === 'ready'")
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert page.evaluate("shift") <= 0.02


def test_ten_digits_to_choose_from_stand_as_two_fives_on_a_phone(chromium: Browser, name: str, html: Path) -> None:
    with window(chromium, viewport={"width": 390, "height": 844}) as (page, _):
        page.goto(f"{html.as_uri()}/{name}")
        come_near(page)
        tops = "(all) => [...all.querySelectorAll('.live-option, .live-pick')].map((one) => one.offsetTop)"
        for digits in page.query_selector_all(".live-fives"):
            rows = digits.evaluate(tops)
            assert len(rows) != 10 or rows == [rows[0]] * 5 + [rows[9]] * 5 != [rows[0]] * 10


PARTS = """(figure) => [...figure.querySelectorAll(".live *")].flatMap((part) => {
  const { left, right, width } = part.getBoundingClientRect(), frame = figure.getBoundingClientRect();
  return width && (left < frame.left - 1 || right > frame.right + 1) ? [part.outerHTML] : [];
})"""


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_cut_when_text_is_twice_as_large(chromium: Browser, name: str, html: Path, width: int) -> None:
    with window(chromium, viewport={"width": width, "height": 844}) as (page, _):
        page.goto(f"{html.as_uri()}/{name}")
        come_near(page)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert [figure.evaluate(PARTS) for figure in page.query_selector_all(".live-figure") if runs(figure)] == [
            [] for _ in page.query_selector_all(".live-figure")
        ]


@pytest.mark.parametrize("width", [390, 1280])
def test_every_name_and_number_of_a_plane_can_be_read_when_it_opens(
    chromium: Browser, name: str, html: Path, width: int
) -> None:
    """The names of the classes, the marker and the axes' numbers: no two of them on each other."""
    boxes = """(plane) => [...plane.querySelectorAll("text, circle, .live-marker")].map((part) => {
      const { left, right, top, bottom } = part.getBoundingClientRect();
      const what = part.textContent || part.tagName, name = part.matches(".live-name, circle");
      return { left, right, top, bottom, what, name };
    })"""
    with window(chromium, viewport={"width": width, "height": 844}) as (page, _):
        page.goto(f"{html.as_uri()}/{name}")
        come_near(page)
        for plane in page.query_selector_all(".live-plane"):
            parts = plane.evaluate(boxes)
            names = [part["what"] for part in parts if part["name"] and part["what"] != "circle"]
            assert names == [str(digit) for digit in range(10)]
            shown = [part for part in parts if not (part["name"] and part["what"] != "circle")]  # of a name, its disc
            for i, one in enumerate(shown):
                for other in shown[:i]:
                    across = min(one["right"], other["right"]) - max(one["left"], other["left"])
                    down = min(one["bottom"], other["bottom"]) - max(one["top"], other["top"])
                    if "circle" in (one["what"], other["what"]):  # discs: of their boxes, only the corners may meet
                        assert min(across, down) < 0.3 * (one["right"] - one["left"]), (one, other)
                    else:
                        assert min(across, down) <= 0, (one, other)


def test_after_back_the_controls_say_what_their_figures_show(chromium: Browser, name: str, server: str) -> None:
    """Without the browser's cache of whole pages, which Playwright turns off: it fills in forms and starts scripts."""
    state = (
        """[...document.querySelectorAll(".live :is(input, select)")].map(({ value, checked }) => [value, checked])"""
    )
    with window(chromium, reduced_motion="reduce") as (page, _):
        page.goto(f"{server}/{name}")
        come_near(page)
        first = page.evaluate(state)
        for control in page.query_selector_all(".live :is(input[type=range], select)"):
            control.focus()
            page.keyboard.press("End")
        for control in page.query_selector_all(".live .live-option:last-child input[type=radio]"):
            control.check(force=True)
        moved = page.evaluate(state)
        page.goto(f"{server}/search.html")
        page.go_back()
        come_near(page)
        assert page.evaluate("performance.getEntriesByType('navigation')[0].type") == "back_forward"
        assert not first or moved != first
        assert page.evaluate(state) == first


def test_figures_keep_to_a_strict_policy(chromium: Browser, name: str, server: str) -> None:
    """Of the page's other scripts it says nothing."""
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'"
    )

    def strict(route: Route) -> None:
        response = route.fetch()
        route.fulfill(response=response, headers=response.headers | {"content-security-policy": policy})

    with window(chromium) as (page, _):
        page.route(f"**/{name}", strict)
        page.add_init_script(
            """window.refused = [];
            addEventListener("securitypolicyviolation", ({ sourceFile, violatedDirective, blockedURI }) =>
              refused.push([sourceFile, violatedDirective, blockedURI]));"""
        )
        page.goto(f"{server}/{name}")
        come_near(page)
        assert all(runs(figure) for figure in page.query_selector_all(".live-figure"))
        assert [refused for refused in page.evaluate("refused") if "/_static/live/" in " ".join(refused)] == []


def test_the_front_end_and_a_pair_of_networks_stay_small(html: Path) -> None:
    """Every reader of a page with a figure loads them: 15 kB as a server sends the script, and 1.5 MB for
    784-512-256-2 both ways.
    """
    scripts = {path.name: path.read_bytes() for path in (html / "_static" / "live").glob("*.js")}
    assert len(gzip.compress(scripts.pop("live.js"))) <= 15_000
    largest = sorted(map(len, scripts.values()))[-2:]
    assert sum(largest) <= 1_500_000


def test_no_page_carries_the_scripts_of_a_kernel(html: Path) -> None:
    for page in html.rglob("*.html"):
        scripts = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("script:not([type*=thebe])")
        foreign = re.compile(r"thebe|require\.js|html-manager|widget-state")
        assert [str(script)[:200] for script in scripts if foreign.search(str(script))] == [], page
