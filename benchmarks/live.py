"""What the live figures cost a reader, in headless Chromium on the built book: `python benchmarks/live.py`.

1. Slider event to pixels. At the start of an animation frame a slider takes a new value and an `input` event is
   dispatched; the clock stops when the figure has drawn: the network has run, every canvas has its pixels, every line
   and text its new value. Once more with the processor slowed down to a sixth. Figures without a slider are listed:
   pads are moved by an arrow key, and buttons pressed where there is nothing else.
   Beside it stands, for comparison, the whole frame's work up to the compositor, with the browser's style, layout and
   paint; and the same for a frame in which one word elsewhere on the page changes and the figure does not.
2. Bytes before compression. The front end's script; what the figures of the fullest page add to it beside their
   networks' weights, which are their elements in the HTML (state and picture), the script and the style; the weights of
   an encoder with its decoder; and that a page loads the weights that its own figures name, and no others.
3. How far the networks that run in the page are from torch's, on test digits.
"""

import argparse
import base64
import gzip
import json
import re
import statistics
import sys
from dataclasses import astuple, dataclass
from pathlib import Path

import torch
from bs4 import BeautifulSoup
from playwright.sync_api import ElementHandle, Page

from vae_lib import data, evaluate, recipes
from vae_lib.live.script import notebook_module
from vae_lib.live.weights import pack_decoder, pack_encoder

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "book")]

from browser import launch, window  # noqa: E402
from live_pages import come_near  # noqa: E402

TIMES = """async (figure, events) => {
  const slider = figure.querySelector("input[type=range]"), pad = figure.querySelector("[data-live-pad]");
  const buttons = figure.querySelectorAll(".live button");
  const word = document.body.appendChild(document.createElement("div"));
  word.style = "position: fixed; inset: 0 auto auto 0; contain: strict; width: 2em; height: 2em";
  const key = (name) => new KeyboardEvent("keydown", { key: name, bubbles: true });
  const act = (i) => {
    if (slider) slider.dispatchEvent(new Event("input", { bubbles: true }));
    else if (pad) pad.dispatchEvent(key(i % 20 < 10 ? "ArrowRight" : "ArrowLeft"));
    else buttons[i % buttons.length].click();
  };
  const frame = (i, change) => new Promise((done) => requestAnimationFrame(async () => {
    const { port1, port2 } = new MessageChannel(), start = performance.now();
    let drawn;
    port1.onmessage = () => done([drawn, performance.now() - start]);
    port2.postMessage(null);  // a task of its own: it comes when the frame is done
    change(i);
    await null;  // figures draw in a microtask, which was queued before this one
    drawn = performance.now() - start;
  }));
  figure.querySelector(".live").scrollIntoView({ block: "center", behavior: "instant" });
  const times = [];
  for (let i = 0; i < events; i++) {
    if (slider) slider.value = +slider.min + (((7 * i) % 20) / 19) * (slider.max - slider.min);
    times.push([...await frame(i, act), (await frame(i, () => { word.textContent = i; }))[1]]);
  }
  word.remove();
  return times.slice(20);
}"""


@dataclass
class Cost:
    """What a figure costs, in milliseconds from the event."""

    median: float  # until it is drawn
    high: float  # the 95th percentile
    slowed: float  # the median on a processor six times slower
    frame: float  # median until the frame is ready for the compositor
    bare_frame: float  # the same when a word changes in place of the figure


def cost(figure: ElementHandle, page: Page, events: int) -> Cost:
    """Of all but the first 20 events: the browser compiles what runs often."""
    drawn, frame, bare_frame = zip(*figure.evaluate(TIMES, events + 20), strict=True)
    session = page.context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 6})
    slowed, *_ = zip(*figure.evaluate(TIMES, events + 20), strict=True)
    session.send("Emulation.setCPUThrottlingRate", {"rate": 1})
    session.detach()
    median = statistics.median
    return Cost(median(drawn), statistics.quantiles(drawn, n=20)[-1], median(slowed), median(frame), median(bare_frame))


def weights_loaded(page: Page, address: str) -> set[str]:
    """Open a page; the networks whose weights it asked for."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(address)
    come_near(page)
    return set(re.findall(r"_static/live/([0-9a-f]{16})\.js", " ".join(asked)))


def differences(page: Page, name: str, images: int) -> tuple[float, float, float]:
    """How far the front end is from torch on test digits: in a pixel, in the mean pixel, in a posterior mean."""
    model, _ = recipes.load(name)
    x = data.load().test.images[:images]
    mean = evaluate.codes(model, x)
    packed = [base64.b64encode(part).decode() for part in (pack_encoder(model), pack_decoder(model))]
    source = notebook_module().replace("export default { render };", "")
    encoded, decoded = page.evaluate(
        f"""([packed, images, codes]) => {{
          {source}
          const [encoder, decoder] = packed.map((text) =>
            unpack(new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer)));
          const outputs = (network, inputs) => inputs.map((x) => Array.from(forward(network, x)));
          return [outputs(encoder, images), outputs(decoder, codes)];
        }}""",
        [packed, x.tolist(), mean.tolist()],
    )
    pixels = (torch.tensor(decoded) - model.decode(mean).mean).abs()
    means = (torch.tensor(encoded)[:, : model.latent] - mean).abs()
    return pixels.max().item(), pixels.mean().item(), means.max().item()


def compare(what: str, measured: float, limit: float, unit: str = "") -> None:
    digits = 4 if 0 < limit < 1 else 1
    verdict = "" if measured <= limit else "   TOO MUCH"
    print(f"{what:70} {measured:8,.{digits}f} {unit:2}  at most {limit:,g}{verdict}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--html", type=Path, default=ROOT / "book" / "_build" / "html", help="the built book")
    parser.add_argument("--images", type=int, default=1_000, help="test digits, for the difference from torch")
    parser.add_argument("--events", type=int, default=200, help="for each figure")
    arguments = parser.parse_args()
    html = arguments.html.resolve()

    costs, elements, pairs, strangers = [], {}, set(), set()
    print(f"{'milliseconds from the event':58} drawn   95th slowed  frame (bare)")
    with launch() as browser:
        for path in sorted(html.rglob("*.html")):
            found = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser").select(".live-figure")
            if not found:
                continue
            name = path.relative_to(html).as_posix()
            elements[name] = sum(len(str(element).encode()) for element in found) / 1_000
            states = [json.loads(state.get_text()) for each in found for state in each.select("script[type$=json]")]
            networks = [state["networks"] for state in states]
            pairs |= {frozenset(named.values()) for named in networks if named.keys() == {"encoder", "decoder"}}
            with window(browser) as (page, _):
                strangers |= weights_loaded(page, path.as_uri()) ^ {one for named in networks for one in named.values()}
                for state, figure in zip(states, page.query_selector_all(".live-figure"), strict=True):
                    measured = cost(figure, page, arguments.events)
                    print(f"{name:36} {state['kind']:18}", *(f"{value:6.1f}" for value in astuple(measured)))
                    if figure.query_selector("input[type=range]"):
                        costs.append(measured)

        with window(browser) as (page, _):
            apart = [differences(page, name, arguments.images) for name in ("vae-2", "vae-20")]

    size = {path.name: path.stat().st_size / 1_000 for path in (html / "_static" / "live").iterdir()}
    fullest = max(elements, key=lambda name: elements[name])
    print()
    compare("slider event to pixels, median of the slowest figure", max(one.median for one in costs), 4, "ms")
    compare("95th percentile of the slowest figure", max(one.high for one in costs), 8, "ms")
    compare("median of the slowest figure, processor slowed down six times", max(one.slowed for one in costs), 16, "ms")
    sent = len(gzip.compress((html / "_static" / "live" / "live.js").read_bytes())) / 1_000
    compare("script of the front end, as a server sends it", sent, 15, "kB")
    compare(
        f"figures of {fullest}, script and style", elements[fullest] + size["live.js"] + size["live.css"], 400, "kB"
    )
    for pair in pairs:
        compare("weights of an encoder and its decoder", sum(size[f"{network}.js"] for network in pair), 1_500, "kB")
    for what, limit, values in zip(
        ("decoded image against torch's, at any pixel", "in the mean pixel", "posterior mean"),
        (0.05, 0.002, 0.02),
        zip(*apart, strict=True),
        strict=True,
    ):
        compare(what, max(values), limit)
    compare("networks that a page loads without need, or lacks", len(strangers), 0)


if __name__ == "__main__":
    main()
