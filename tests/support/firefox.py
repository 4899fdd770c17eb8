"""The Firefox that the tests drive by WebDriver BiDi: it reaches this machine only, and its faults are kept.

Playwright drives builds of its own alone, which Debian lacks.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser import ELSEWHERE
from websocket import WebSocket, create_connection

NAMES = ("firefox-esr", "firefox")
WITHIN = 60  # seconds, for Firefox to start, or to answer, on a busy machine
PREFERENCES = {
    "security.fileuri.strict_origin_policy": True,  # as readers have it; relaxed where a driver is at work
    "network.proxy.type": 1,
    "network.proxy.http": "127.0.0.1",
    "network.proxy.http_port": 9,  # nobody listens: what leaves this machine fails
    "network.proxy.ssl": "127.0.0.1",
    "network.proxy.ssl_port": 9,
    "network.proxy.no_proxies_on": "127.0.0.1",
    "browser.cache.disk.enable": False,
    "browser.sessionhistory.max_total_viewers": 0,  # Back opens a page anew
}
# Said of a formula of which half has arrived, where the network or the machine is slow.
HALF_READ = re.compile("Invalid markup: Incorrect number of children for <m")
EVENTS = ("log.entryAdded", "network.beforeRequestSent", "network.fetchError", "network.responseCompleted")
# What BiDi does not report of a page from a folder: pictures, scripts and styles that are not there.
LISTENER = """() => addEventListener("error", ({ target }) => {
  if (target !== window) console.error(`failed to load ${target.currentSrc || target.src || target.href}`);
}, true)"""


def find() -> str | None:
    """The path of a Firefox on this machine."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Firefox:
    """A tab. Its faults: errors on its console, errors that nothing caught, and requests that fail or go elsewhere."""

    def __init__(self, socket: WebSocket) -> None:
        self.faults: list[str] = []
        self._socket = socket
        self._sent = 0
        self.command("session.new", capabilities={})
        self.command("session.subscribe", events=list(EVENTS))
        self.command("script.addPreloadScript", functionDeclaration=LISTENER)
        self._tab = self.command("browsingContext.getTree")["contexts"][0]["context"]

    def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """What Firefox answers; events that come before it are looked at. Raises RuntimeError where it refuses."""
        self._sent += 1
        self._socket.send(json.dumps({"id": self._sent, "method": method, "params": parameters}))
        while (message := json.loads(self._socket.recv())).get("id") != self._sent:
            self._look_at(message)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['message']}")
        return message["result"]

    def open(self, address: str) -> None:
        """Load a page and all that it names."""
        self.command("browsingContext.navigate", context=self._tab, url=address, wait="complete")

    def reload(self) -> None:
        self.command("browsingContext.reload", context=self._tab, wait="complete")

    def back(self) -> None:
        """Return to the page before this one, which is loaded anew."""
        self.command("browsingContext.traverseHistory", context=self._tab, delta=-1)
        self.evaluate(
            '() => document.readyState === "complete" || new Promise((done) => addEventListener("load", done))'
        )

    def evaluate(self, function: str) -> Any:
        """What a JavaScript function, which may be async, returns: anything that JSON can hold."""
        answer = self.command(
            "script.callFunction",
            functionDeclaration=f"async () => JSON.stringify(await ({function})())",
            target={"context": self._tab},
            awaitPromise=True,
        )
        if answer["type"] == "exception":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"].get("value", "null"))

    def _look_at(self, event: dict[str, Any]) -> None:
        match event.get("method"), event.get("params"):
            case "log.entryAdded", {"level": "error", "text": text}:
                if not HALF_READ.match(text):
                    self.faults.append(text)
            case "network.beforeRequestSent", {"request": {"url": url}} if ELSEWHERE.match(url):
                self.faults.append(f"asked another host: {url}")
            case "network.fetchError", {"request": {"url": url}, "errorText": text}:
                self.faults.append(f"{text}: {url}")
            case "network.responseCompleted", {"response": {"url": url, "status": status}} if status >= 400:
                self.faults.append(f"{status}: {url}")


@contextmanager
def launch(profile: Path) -> Iterator[Firefox]:
    """A headless Firefox; profile: an empty folder. Raises FileNotFoundError where there is none."""
    path = find()
    if path is None:
        raise FileNotFoundError("no Firefox: `make test` brings one to root on Debian, or install Firefox")
    lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});\n" for name, value in PREFERENCES.items()]
    (profile / "user.js").write_text("".join(lines))
    command = [path, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            socket = create_connection(f"ws://127.0.0.1:{_port(profile)}/session", timeout=WITHIN, suppress_origin=True)
            yield Firefox(socket)
            socket.close()
        finally:
            process.terminate()


def _port(profile: Path) -> int:
    """Where Firefox listens, which it writes into its profile."""
    told = profile / "WebDriverBiDiServer.json"
    for _ in range(10 * WITHIN):
        if told.exists() and (text := told.read_text()):
            return json.loads(text)["ws_port"]
        time.sleep(0.1)
    raise TimeoutError(f"Firefox did not start within {WITHIN} s")


@pytest.fixture(scope="module")
def firefox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Firefox]:
    with launch(tmp_path_factory.mktemp("firefox")) as browser:
        yield browser
