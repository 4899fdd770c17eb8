"""The Chromium that the tests drive: it reaches this machine only, and an account is kept of what goes wrong in it."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Quiet on the network: a test that watches for requests must not see the browser's own.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # for requests that no route sees
]
# A page lays out what is far from the screen when a reader comes near; tests look at all of it without going there.
LAID_OUT = """addEventListener("DOMContentLoaded", () => {
  const style = document.head.appendChild(document.createElement("style"));
  style.textContent = "article > section > section { content-visibility: visible !important; }";
})"""
ELSEWHERE = re.compile(r"^(?!(?:file|data|blob|about):|(?:http|ws)://127\.0\.0\.1[:/])")


def find() -> str | None:
    """The path of a Chromium on this machine, or of Playwright's own."""
    if path := next(filter(None, map(shutil.which, NAMES)), None):
        return path
    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@contextmanager
def launch() -> Iterator[Browser]:
    """A headless Chromium. Raises FileNotFoundError where there is none: nothing that needs it may be skipped."""
    path = find()
    if path is None:
        raise FileNotFoundError("no Chromium: `make test` brings one, or install Chromium or Chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")  # not longer: Playwright's event loop would stand in the way of other tests' own
def chromium() -> Iterator[Browser]:
    with launch() as browser:
        yield browser


@contextmanager
def window(browser: Browser, **options: Any) -> Iterator[tuple[Page, list[str]]]:
    """An empty page with a storage of its own, and the list to which its faults are added.

    Faults are errors on the console, exceptions that nothing caught, and requests to other hosts, which are refused.
    """
    faults: list[str] = []

    def refuse(route: Route) -> None:
        faults.append(f"asked another host: {route.request.url}")
        route.abort()

    context = browser.new_context(**options)
    context.add_init_script(LAID_OUT)
    context.route(ELSEWHERE, refuse)
    context.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    context.on("weberror", lambda thrown: faults.append(str(thrown.error)))
    try:
        yield context.new_page(), faults
    finally:
        context.close()
