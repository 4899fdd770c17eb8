"""A live figure in a real JupyterLab: what is moved there reaches Python, and what Python sets is shown."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress

import nbformat
import pytest
from browser import window
from lab import WITHIN, serve
from playwright.sync_api import Browser, Page, TimeoutError

SHOW = """\
import torch
from vae_lib.live import LatentPlane
from vae_lib.models import ModelConfig

model = ModelConfig(hidden=(16,), latent=2).build()
figure = LatentPlane(model, torch.tensor([[1.0, 1.0], [-1.0, 0.0]]), torch.tensor([3, 7]))
figure"""
CELLS = [SHOW, "print(figure.z)", "figure.z = [1.0, -2.0]"]
CELL = ".jp-Notebook .jp-CodeCell"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the notebook with the figure, in a JupyterLab of the test's own."""
    folder = tmp_path_factory.mktemp("notebooks")
    cells = [nbformat.v4.new_code_cell(code) for code in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), folder / "figure.ipynb")
    with serve(folder, tmp_path_factory.mktemp("lab")) as (address, token):
        yield f"{address}lab/tree/figure.ipynb?token={token}"


@pytest.fixture
def notebook(chromium: Browser, lab: str) -> Iterator[Page]:
    with window(chromium) as (page, faults):
        page.set_default_timeout(1_000 * WITHIN)
        page.goto(lab)
        # Without a kernel a cell is not queued but passed over, and nothing says so.
        page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']").wait_for()
        yield page
        assert [fault for fault in faults if fault.startswith("asked another host")] == []


def run_cell(page: Page, place: int) -> None:
    cell = page.locator(CELL).nth(place)
    for _ in range(WITHIN // 5):  # a key that is pressed while JupyterLab still arranges the notebook is lost
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        with suppress(TimeoutError):
            cell.locator(".jp-InputPrompt", has_text=re.compile(r"\[[*\d]+\]")).wait_for(timeout=5_000)
            break
    cell.locator(".jp-InputPrompt", has_text=f"[{place + 1}]:").wait_for()


def selected(page: Page) -> list[bool]:
    """Of each cell, whether it is selected."""
    return page.locator(CELL).evaluate_all("cells => cells.map((cell) => cell.classList.contains('jp-mod-selected'))")


def test_a_figure_talks_to_python_and_keeps_its_keys(notebook: Page) -> None:
    page = notebook
    run_cell(page, 0)
    figure = page.locator(".jp-OutputArea .live")
    figure.wait_for()
    assert page.locator(".jp-OutputArea-output img").count() == 0  # the picture is for where no widget can be

    pad, digit = figure.locator("[data-live-pad]"), figure.locator("canvas.live-digit")
    pad.focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    assert "now at 0.06, 0.06" in pad.get_attribute("aria-label")
    slider = figure.locator("input").nth(1)
    slider.focus()
    for key in ("ArrowLeft", "ArrowDown"):
        page.keyboard.press(key)
    assert selected(page) == [True, False, False]
    slider.evaluate("slider => delete slider.dataset.lmSuppressShortcuts")
    page.keyboard.press("ArrowDown")
    assert selected(page) == [False, True, False]  # which the mark had kept JupyterLab from

    run_cell(page, 1)
    printed = page.locator(CELL).nth(1).locator(".jp-OutputArea-output")
    assert json.loads(printed.inner_text()) == pytest.approx([0.06, -0.05])

    before = digit.evaluate("canvas => canvas.toDataURL()")
    run_cell(page, 2)
    page.locator("[data-live-pad][aria-label*='now at 1.00']").wait_for()
    assert digit.evaluate("canvas => canvas.toDataURL()") != before
