"""What every page costs a reader, in headless Chromium on the built book: `python benchmarks/pages.py [PAGE ...]`.

The site is served from this machine, compressed as servers do. A page is named as its file, chapters/elbo.html.

1. A slow phone: a processor six times slower, 1.6 Mbit/s and 150 ms. Seconds from the click until something is painted;
   until no formula waits to be typeset; until the fonts of the formulas are there; and until the first live figure has
   drawn and the processor is free for it. The reader goes to that figure at first paint.
2. Lighthouse's mobile run: its scores, the largest paint (LCP), the time for which the page does not answer (TBT), what
   moves (CLS), and bytes. npm brings Lighthouse when this is run.
3. Kilobytes: the page as it lies in the folder, as it is sent, and as it is sent with all that it loads in 1.
   For the site, megabytes in the folder, without trained models and the downloads made of the same pages.

At the end stands the worst page for each target.
"""

import argparse
import gzip
import json
import mimetypes
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from playwright.sync_api import Browser

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "support"))

from browser import ARGUMENTS, find, launch  # noqa: E402

LIGHTHOUSE = "lighthouse@13.5.0"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 3, "is_mobile": True, "has_touch": True}
NETWORK = {"offline": False, "latency": 150, "downloadThroughput": 1.6e6 / 8, "uploadThroughput": 0.75e6 / 8}
SLOWER = 6
TRIES = 3  # Lighthouse gives up where the machine is busy
WITHIN = 120_000  # milliseconds for a page to come to rest
TEXT = re.compile(r"text/|javascript|json|xml")
MODELS = re.compile(r"^(_static/live/[0-9a-f]{16}\.js|(models|downloads)/)")

# Looks every 20 ms, and notes when something was still missing, in milliseconds from the click.
WATCH = """(() => {
  const seen = window.seen = { bare: 0, fonts: 0, figure: 0 };
  let near = false;
  const paint = () => performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  const look = () => {
    const now = performance.now(), figure = document.querySelector(".live-figure");
    const formulas = [...document.querySelectorAll(".math")];
    if (document.readyState === "loading") formulas.pop();  // of which half may have arrived
    if (formulas.some((formula) => !formula.querySelector("mjx-container"))) seen.bare = now;
    if ([...document.fonts].some(({ family, status }) => /MJX|MathJax/.test(family) && status === "loading"))
      seen.fonts = now;
    if (figure && paint() && !near) near = figure.scrollIntoView({ block: "center", behavior: "instant" }) ?? true;
    if (figure?.dataset.live === "ready" && !seen.figure) {
      seen.figure = now;
      requestAnimationFrame(() => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => { seen.figure = performance.now(); };
        port2.postMessage(null);  // a task of its own: it comes when the frame is done
      });
    }
    const wanted = figure && !seen.figure || now - Math.max(seen.bare, seen.fonts, seen.figure) < 1000;
    seen.rests = document.readyState === "complete" && !wanted;
    seen.paint = paint();
    setTimeout(look, 20);
  };
  look();
})()"""

# Asked in the page: what waits for it from outside, the site's policy forbids.
RESTS = f"""new Promise((done, fail) => {{
  const look = () => seen.rests ? done() : setTimeout(look, 100);
  look();
  setTimeout(() => fail(Error("the page does not come to rest")), {WITHIN});
}})"""


@dataclass
class Cost:
    """Of one page; None where it has no such thing."""

    paint: float  # seconds on the slow phone, as the three that follow
    formulas: float | None
    glyphs: float | None
    figure: float | None
    score: float
    lcp: float  # seconds
    tbt: float  # seconds
    cls: float
    kib: float
    access: float
    practice: float
    seo: float
    html: float  # kB
    sent: float  # kB, compressed
    loads: float  # kB, compressed, all that the page loads


TARGETS: tuple[tuple[str, Callable[[Cost], float | None], str, float], ...] = (
    ("Lighthouse's performance", lambda cost: cost.score, "at least", 90),
    ("largest paint, s", lambda cost: cost.lcp, "at most", 2.5),
    ("does not answer, s", lambda cost: cost.tbt, "at most", 0.2),
    ("moves", lambda cost: cost.cls, "at most", 0.02),
    ("formulas after the first paint, s", lambda cost: cost.formulas and cost.formulas - cost.paint, "at most", 0),
    ("a figure runs, s", lambda cost: cost.figure, "at most", 6),
    ("page as sent, kB", lambda cost: cost.sent, "at most", 400),
    ("page in the folder, kB", lambda cost: cost.html, "at most", 1_000),
    ("accessibility", lambda cost: cost.access, "at least", 100),
    ("best practices", lambda cost: cost.practice, "at least", 100),
    ("SEO", lambda cost: cost.seo, "at least", 100),
)


class Compressed(SimpleHTTPRequestHandler):
    """Serves a folder as hosts of static sites do: text compressed, connections kept."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # noqa: N802
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            self.send_error(404)
            return
        kind, body, compressed = as_sent(path)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if compressed:
            self.send_header("Content-Encoding", "gzip")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


@cache
def as_sent(path: Path) -> tuple[str, bytes, bool]:
    """A file's type, its bytes as they are sent, and whether these are compressed."""
    kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
    body = path.read_bytes()
    return (f"{kind}; charset=utf-8", gzip.compress(body), True) if TEXT.search(kind) else (kind, body, False)


@contextmanager
def serve(html: Path) -> Iterator[str]:
    """The address of the site."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressed, directory=html)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def on_slow_phone(browser: Browser, address: str) -> tuple[dict[str, float], float]:
    """When what was there, in milliseconds, and the kilobytes that came."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    session = context.new_cdp_session(page)
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"] / 1_000))
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", NETWORK)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    page.add_init_script(WATCH)
    page.goto(address, timeout=WITHIN)
    page.evaluate(RESTS)
    seen = page.evaluate("({ ...seen, formulas: document.querySelectorAll('.math').length })")
    context.close()
    return seen, sum(received)


def lighthouse(address: str) -> dict:
    """Lighthouse's report of a page on its mobile phone."""
    flags = " ".join(["--headless=new", *(re.sub("=(.+)", r'="\1"', each) for each in ARGUMENTS)])
    command = [
        "npm", "exec", "--yes", LIGHTHOUSE, "--", address, "--quiet", "--output=json", "--output-path=stdout",
        f"--only-categories={','.join(CATEGORIES)}",
        f"--chrome-flags={flags}",
    ]  # fmt: skip
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"  # node and npm of the tests' environment
    environment = os.environ | {"CHROME_PATH": find() or "", "PATH": path}
    for _ in range(TRIES):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return json.loads(done.stdout)
    sys.exit(f"{address}: {done.stderr}")


def cost(browser: Browser, address: str, page: Path) -> tuple[Cost, list[str]]:
    """What a page costs, and what Lighthouse's audits, but those of speed, found at fault there."""
    seen, loads = on_slow_phone(browser, address)
    report = lighthouse(address)
    audits, categories = report["audits"], report["categories"]
    paint, bare, fonts, figure = (seen[each] / 1_000 for each in ("paint", "bare", "fonts", "figure"))
    result = Cost(
        paint=paint,
        formulas=max(paint, bare) if seen["formulas"] else None,
        glyphs=max(paint, bare, fonts) if seen["formulas"] else None,
        figure=figure or None,
        score=100 * categories["performance"]["score"],
        lcp=audits["largest-contentful-paint"]["numericValue"] / 1_000,
        tbt=audits["total-blocking-time"]["numericValue"] / 1_000,
        cls=audits["cumulative-layout-shift"]["numericValue"],
        kib=audits["total-byte-weight"]["numericValue"] / 1_024,
        access=100 * categories["accessibility"]["score"],
        practice=100 * categories["best-practices"]["score"],
        seo=100 * categories["seo"]["score"],
        html=page.stat().st_size / 1_000,
        sent=len(as_sent(page)[1]) / 1_000,
        loads=loads,
    )
    asked = {audit["id"] for name in CATEGORIES[1:] for audit in categories[name]["auditRefs"] if audit["weight"]}
    return result, sorted(each for each in asked if audits[each]["score"] not in (None, 1))


def shown(value: float | None) -> str:
    """In eight columns."""
    return f"{'–' if value is None else f'{value:,.0f}' if value >= 30 else f'{value:.2f}':>8}"


def compare(what: str, measured: float, bound: str, limit: float, where: str = "") -> None:
    missed = measured > limit if bound == "at most" else measured < limit
    print(f"{what:36}{shown(measured)}  {bound} {limit:<6g}{'MISSED' if missed else 'reached':8} {where}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--html", type=Path, default=ROOT / "book" / "_build" / "html", help="the built book")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="default: all")
    arguments = parser.parse_args()
    html = arguments.html.resolve()
    files = {path.relative_to(html).as_posix(): path for path in sorted(html.rglob("*")) if path.is_file()}
    names = arguments.pages or [name for name in files if name.endswith(".html") and not name.startswith("_static")]

    print(f"{'':36}", *(f"{field.name:>8}" for field in fields(Cost)))
    costs: dict[str, Cost] = {}
    faults: dict[str, list[str]] = {}
    with serve(html) as address, launch() as browser:
        for name in names:
            costs[name], faults[name] = cost(browser, f"{address}/{name}", files[name])
            print(f"{name:36}", *map(shown, astuple(costs[name])), flush=True)
    print()
    for name, found in faults.items():
        if found:
            print(f"{name}: {', '.join(found)}")
    print()
    for what, of, bound, limit in TARGETS:
        measured = {name: value for name in costs if (value := of(costs[name])) is not None}
        if measured:
            worst = (max if bound == "at most" else min)(measured, key=lambda name: measured[name])
            compare(what, measured[worst], bound, limit, worst)
    site = sum(path.stat().st_size for name, path in files.items() if not MODELS.match(name)) / 1e6
    compare("site without models, MB", site, "at most", 15)


if __name__ == "__main__":
    main()
