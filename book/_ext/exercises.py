"""What stands in a section of exercises: the code to start from, and the questions of the quiz.

`{starter} my_kl` shows the stub of a function, cut from the solution that the same page holds in a dropdown, and the
hints that `hint(my_kl, 1)` gives. `{quiz} A question?` takes a list of answers, `[x]` before the right one and `[ ]`
before the others, each followed by a paragraph that explains it; every answer becomes a dropdown, so the page needs
no script.
"""

import os
import re
from pathlib import Path

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ANSWER = re.compile(r"^- \[(?P<mark>[ x])\] (?P<answer>.+?)\n\n(?P<why>.+?)(?=^- \[|\Z)", re.M | re.S)


def setup(app: Sphinx) -> dict[str, bool]:
    os.environ["VAE_LIB_EXERCISES"] = "strict"  # a solution that fails its check stops the build
    app.add_directive("starter", Starter)
    app.add_directive("quiz", Quiz)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


class _Markdown(SphinxDirective):
    def parsed(self, text: str) -> list[nodes.Node]:
        holder = nodes.container()
        self.state.nested_parse(StringList(text.splitlines(), self.env.docname), self.content_offset, holder)
        return holder.children


class Starter(_Markdown):
    """The stub of the function that its one argument names, and a dropdown for each of its hints."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        from vae_course.bank import EXERCISES
        from vae_course.handout.source import exercises, solution_of, stub

        name = self.arguments[0]
        here = [each for each in exercises(Path(self.env.doc2path(self.env.docname)))[1] if each.function == name]
        if not here or name not in EXERCISES:
            raise self.error(f"{name} needs a solution cell on this page and an exercise in vae_course/bank")
        text = f"```{{code-block}} python\n:class: starter\n{stub(solution_of(here[0]))}\n```\n"
        for i, hint in enumerate(EXERCISES[name].hints, 1):
            text += f"\n:::{{dropdown}} Hint {i}\n{hint}\n:::\n"
        return self.parsed(text)


class Quiz(_Markdown):
    """A question and its answers, each a dropdown that says whether it is right, and why."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self) -> list[nodes.Node]:
        answers = list(ANSWER.finditer("\n".join(self.content) + "\n"))
        right = [each for each in answers if each["mark"] == "x"]
        if len(answers) < 2 or len(right) != 1:
            raise self.error(
                f"a quiz question has two answers or more, one of them right; got {len(answers)}, {len(right)} right"
            )
        text = f"**{self.arguments[0]}**\n"
        for each in answers:
            verdict, style = ("Right.", "right") if each["mark"] == "x" else ("Not so.", "wrong")
            why = re.sub(r"^  ", "", each["why"].strip("\n"), flags=re.M)
            text += f"\n::::{{dropdown}} {each['answer']}\n:class-container: quiz-{style}\n**{verdict}** {why}\n::::\n"
        return [nodes.container("", *self.parsed(text), classes=["quiz"])]
