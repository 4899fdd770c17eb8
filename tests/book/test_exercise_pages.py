"""Exercises, hints, solutions and quizzes of the built pages, in a real browser without a network."""

from collections.abc import Iterator
from pathlib import Path

import pages
import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import window
from playwright.sync_api import Browser, Page

from vae_course.bank import CHAPTERS, EXERCISES
from vae_course.handout.source import exercises


@pytest.fixture(scope="module", params=CHAPTERS)
def chapter(request) -> str:
    return request.param


@pytest.fixture
def page(chapter: str, chromium: Browser, html: Path) -> Iterator[Page]:
    """The chapter, from its folder. Whatever a test does there, nothing may go wrong."""
    with window(chromium, reduced_motion="reduce") as (page, faults):
        page.goto(f"{html.as_uri()}/chapters/{chapter}.html")
        yield page
        assert faults == []


def test_every_exercise_stands_with_its_hints_and_its_solution_closed(page: Page, chapter: str) -> None:
    _, found = exercises(pages.BOOK / "chapters" / f"{chapter}.md")
    assert page.locator("div.exercise").count() == page.locator("div.solution").count() == len(found)
    for each in found:
        box = page.locator(f"#{each.label}")
        hints = box.locator("details")
        if each.function:
            assert hints.count() == len(EXERCISES[each.function].hints), "{starter} shows each hint of the bank, closed"
        else:
            assert hints.count() == 1 or chapter not in pages.FIRST_CHAPTERS
        assert not any(hints.nth(i).evaluate("node => node.open") for i in range(hints.count()))
        if each.function:
            assert "raise NotImplementedError" in box.locator("pre").inner_text()
        solution = page.locator(f"#{each.label.replace('ex-', 'solution-', 1)}")
        assert not solution.locator("section").is_visible()


def test_a_solution_opens_by_keyboard_and_shows_that_it_was_checked(page: Page, chapter: str) -> None:
    for each in exercises(pages.BOOK / "chapters" / f"{chapter}.md")[1]:
        solution = page.locator(f"#{each.label.replace('ex-', 'solution-', 1)}")
        solution.locator("button.toggle-button").focus()
        page.keyboard.press("Enter")
        assert solution.locator("section").is_visible()
        if each.function:
            assert f"{each.function}: correct." in solution.inner_text()


def test_a_hint_opens_by_keyboard(page: Page) -> None:
    for hint in page.locator("div.exercise details").all():
        hint.locator("summary").focus()
        page.keyboard.press("Enter")
        assert hint.locator(".sd-summary-content").is_visible()


def test_every_answer_of_the_quiz_opens_and_says_why(page: Page, chapter: str) -> None:
    assert page.locator(".quiz").count() >= 3 or chapter not in pages.FIRST_CHAPTERS
    places = []
    for question in page.locator(".quiz").all():
        answers = question.locator("details").all()
        verdicts = []
        for answer in answers:
            assert not answer.locator(".sd-summary-content").is_visible()
            answer.locator("summary").focus()
            page.keyboard.press("Enter")
            said = answer.locator(".sd-summary-content").inner_text()
            verdicts.append(said.split(".")[0])
            assert len(said) > 40, f"say why, right or wrong, in a sentence: {said}"
        assert sorted(verdicts) == ["Not so"] * (len(answers) - 1) + ["Right"], "one answer of a question is right"
        places.append(verdicts.index("Right"))
    assert len(places) < 3 or len(set(places)) > 1, "do not put the right answer of each question in the same place"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_they_shut_nobody_out(page: Page, theme: str) -> None:
    page.evaluate("theme => { document.documentElement.dataset.theme = theme; }", theme)
    for button in page.locator("div.solution button.toggle-button").all():
        button.click()
    page.locator("details").evaluate_all("all => all.forEach((node) => { node.open = true; })")
    # While a solution fades in, its letters are paler than they will be.
    page.evaluate("Promise.all(document.getAnimations().map((animation) => animation.finished))")
    context = {"include": [["#exercises"], ["#check-yourself"]]}
    found = Axe().run(page, context=context, options={"preload": False}).response["violations"]
    assert {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found} == {}


def test_they_fit_a_narrow_screen(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.locator("details").evaluate_all("all => all.forEach((node) => { node.open = true; })")
    beyond = "all => all.map((node) => node.getBoundingClientRect().right).filter((right) => right > innerWidth)"
    assert page.locator("div.exercise, div.solution, .quiz details").evaluate_all(beyond) == []
