"""Live figures as a reader meets them: where they are, what they show, and how they are operated."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pages
from bs4 import BeautifulSoup
from playwright.sync_api import ElementHandle, Page, TimeoutError

# Read from the sources, so that collecting the tests needs no build.
NAMES = [
    source.relative_to(pages.BOOK).with_suffix(".html").as_posix()
    for source in pages.sources()
    if re.search(r"\blive\.[A-Z]", source.read_text(encoding="utf-8"))
]
KEYS = {"range": "ArrowRight", "radio": "ArrowRight", "select": "ArrowDown", "pad": "ArrowRight", "button": "Enter"}
BACK = {"range": "ArrowLeft", "select": "ArrowUp"}
POINTED = "input[type=range], input[type=radio]:checked, button, .live-pad"
KEYED = "input[type=range], input[type=radio]:checked, button, [data-live-pad], select"
FOCUSABLE = "a[href], input, select, textarea, button, summary, [tabindex], [contenteditable]"
KIND = "control => control.matches('.live-pad') ? 'pad' : control.type.split('-')[0]"
AT_ITS_END = "({ value, max, length, selectedIndex }) => value && (value === max || selectedIndex === length - 1)"
# What a figure shows beside a control itself, whose own mark and number say nothing about the rest.
SHOWN = """(control) => {
  const root = control.closest(".live"), own = control.closest("label, [role=radiogroup]") ?? control;
  const copy = root.cloneNode(true), place = [...root.querySelectorAll("*")].indexOf(own);
  copy.querySelectorAll("*")[place].remove();
  const canvases = [...root.querySelectorAll("canvas")].filter((canvas) => !own.contains(canvas));
  return copy.innerHTML + canvases.map((canvas) => canvas.toDataURL()).join();
}"""
# Where a pointer goes to operate a control, in the window's coordinates.
PATH = """async (control) => {
  control.scrollIntoView({ block: "center", behavior: "instant" });
  for (let frames = 0; frames < 2; frames++) await new Promise(requestAnimationFrame);
  if (control.type === "radio") {
    const options = [...control.closest("[role=radiogroup]").querySelectorAll("label")];
    control = options[(options.indexOf(control.closest("label")) + 1) % options.length];
  }
  const { x, y, width, height } = control.getBoundingClientRect(), at = (u, v) => [x + u * width, y + v * height];
  const { type, value, min, max } = control;
  if (type === "range") return [at(2 * value > +min + +max ? 0.2 : 0.8, 0.5)];
  return control.matches(".live-pad") ? [at(0.5, 0.4), at(0.3, 0.7)] : [at(0.5, 0.5)];
}"""


def kinds(html: Path) -> dict[str, list[str]]:
    """The kind of each live figure in the built book, by page."""
    found = {}
    for page in html.rglob("*.html"):
        states = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select(".live-figure > script")
        if states:
            found[page.relative_to(html).as_posix()] = [json.loads(state.get_text())["kind"] for state in states]
    return found


def unfold(page: Page) -> None:
    """Open what live figures lie folded in."""
    page.eval_on_selector_all("details:has(.live-figure)", "all => all.forEach((each) => { each.open = true; })")


def come_near(page: Page) -> None:
    """Go to each live figure, as a reader does, and wait until it runs, or says why it does not."""
    unfold(page)
    for figure in page.query_selector_all(".live-figure"):
        figure.scroll_into_view_if_needed()
        page.wait_for_function("figure => figure.dataset.live", arg=figure)
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")


Operation = Callable[[Page, ElementHandle], Iterator[None]]


def press(page: Page, control: ElementHandle) -> Iterator[None]:
    """Operate a control with the keyboard. Yields, as the other operations, whenever the figure should have changed."""
    control.focus()
    kind, at_its_end = control.evaluate(KIND), control.evaluate(AT_ITS_END)
    before = control.evaluate("control => control.value")
    page.keyboard.press(BACK[kind] if at_its_end else KEYS[kind])
    if kind == "range":  # one step of a latent that matters little may change no pixel, but the whole way does
        assert control.evaluate("control => control.value") != before
        page.keyboard.press("Home" if at_its_end else "End")
    yield


def drag(page: Page, control: ElementHandle) -> Iterator[None]:
    """Operate a control with the mouse."""
    first, *others = control.evaluate(PATH)
    page.mouse.move(*first)
    page.mouse.down()
    for point in others:
        yield
        page.mouse.move(*point)
    page.mouse.up()
    yield


def touch(page: Page, control: ElementHandle) -> Iterator[None]:
    """Operate a control with a finger, under which the page stays where it is."""
    session = page.context.new_cdp_session(page)

    def send(kind: str, *points: list[float]) -> None:
        fingers = [{"x": x, "y": y} for x, y in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    first, *others = control.evaluate(PATH)
    scrolled = page.evaluate("scrollY")
    send("touchStart", first)
    for point in others:
        yield
        send("touchMove", point)
        page.wait_for_timeout(60)  # or the browser takes it for a flick, and the next touch for an end of that
    send("touchEnd")
    yield
    session.detach()
    assert page.evaluate("scrollY") == scrolled


def idle(page: Page, operate: Operation, controls: str) -> list[str]:
    """Operate each of the controls, which a selector names: those after which the rest of its figure is as before.

    A button is pressed when something else has moved, so that there is something to reset.
    """
    found = []
    for figure in page.query_selector_all(".live-figure"):
        kinds = {control: control.evaluate(KIND) for control in figure.query_selector_all(controls)}
        ordered = sorted(kinds, key=lambda control: kinds[control] == "button")
        for control in ordered:
            if kinds[control] == "button":
                for _ in operate(page, next(other for other in ordered if other is not control)):
                    pass
            before = control.evaluate(SHOWN)
            for _ in operate(page, control):
                changed = f"([control, before]) => ({SHOWN})(control) !== before"
                try:
                    page.wait_for_function(changed, arg=[control, before], timeout=2_000)
                except TimeoutError:
                    found.append(control.evaluate("control => control.cloneNode().outerHTML"))
                before = control.evaluate(SHOWN)
    return found
