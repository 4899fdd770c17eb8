"""The page of feedback that a student gets back."""

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vae_course.checking.exercise import Exercise
from vae_course.checking.report import Report
from vae_course.handout.written import TITLES, answers
from vae_course.marking.worker import read

PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>
:root {{ color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }}
body {{ max-width: 45rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere }}
</style>
<h1>{title}</h1>
<p><strong>{earned:g} of {possible:g} points</strong> for the functions.</p>
{body}
</html>
"""


@dataclass(frozen=True)
class Mark:
    """What one exercise of one submission earned, and why: the report, or the reason why there is none."""

    exercise: Exercise
    points: float
    report: Report | None
    reason: str = ""


def page(student: str, earned: list[Mark], notes: list[str], notebooks: list[Path]) -> str:
    """The page, in HTML. notes: which files count, in sentences. notebooks: whose answers in words stand on it."""
    sections = [f"<p>{html.escape(note)}</p>" for note in notes]
    sections += [
        f"<h2>{each.exercise.name}: {each.points:g} of {each.exercise.points:g}</h2>\n"
        + (each.report._repr_html_() if each.report else f"<p>{html.escape(each.reason)}</p>")
        for each in earned
    ]
    sections += [
        f"<h2>In your words: {html.escape(title)}</h2>\n<pre>{html.escape(text)}</pre>\n<p>Your teacher reads this.</p>"
        for title, text in _written(notebooks)
    ]
    return PAGE.format(
        title=html.escape(student),
        earned=round(sum(each.points for each in earned), 2),
        possible=sum(each.exercise.points for each in earned),
        body="\n".join(sections),
    )


def _written(notebooks: list[Path]) -> Iterator[tuple[str, str]]:
    """The answers in words: (title of the question, answer)."""
    for path in notebooks:
        try:
            found = answers(read(path))
        except Exception as error:  # a notebook may hold anything; its teacher is told to look into it
            yield path.name, f"The answers could not be read ({type(error).__name__}: {error})."
            continue
        for label, text in found.items():
            yield TITLES[label], text
