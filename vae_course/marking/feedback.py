"""The page of feedback that a student gets back."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from vae_course.checking.exercise import Exercise
from vae_course.checking.report import Report
from vae_course.handout.written import TITLES, answers
from vae_course.marking.submissions import read

# What stands in braces is escaped, but for a report, which is HTML and escapes what it holds.
PAGE = Environment(autoescape=True, trim_blocks=True, keep_trailing_newline=True).from_string("""\
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{ student }}</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 45rem; margin: 2rem auto; padding: 0 1rem }
pre { white-space: pre-wrap; overflow-wrap: anywhere }
</style>
<h1>{{ student }}</h1>
<p><strong>{{ "%g" % earned }} of {{ possible }} points</strong> for the functions.</p>
{% for note in notes %}
<p>{{ note }}</p>
{% endfor %}
{% for each in marks %}
<h2>{{ each.exercise.name }}: {{ "%g" % each.points }} of {{ each.exercise.points }}</h2>
{% if each.report %}
{{ each.report._repr_html_() | safe }}
{% else %}
<p>{{ each.reason }}</p>
{% endif %}
{% endfor %}
{% for title, text in written %}
<h2>In your words: {{ title }}</h2>
<pre>{{ text }}</pre>
<p>Your teacher reads this.</p>
{% endfor %}
</html>
""")


@dataclass(frozen=True)
class Mark:
    """What one exercise of one submission earned, and why: the report, or the reason why there is none."""

    exercise: Exercise
    points: float
    report: Report | None
    reason: str = ""


def page(student: str, earned: list[Mark], notes: list[str], notebooks: list[Path]) -> str:
    """The page, in HTML. notes: which files count, in sentences. notebooks: whose answers in words stand on it."""
    return PAGE.render(
        student=student,
        earned=round(sum(each.points for each in earned), 2),
        possible=sum(each.exercise.points for each in earned),
        notes=notes,
        marks=earned,
        written=_written(notebooks),
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
