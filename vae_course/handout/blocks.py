"""What each kind of block of the book becomes: on its page, in the page's notebook, on paper and in a hand-out.

The one place where a directive is taught. The page is read in four ways: as MyST (source.py), as docutils' nodes and as
HTML (book/_ext), and here stands how each of them recognises a block, and what it makes of it. It is here because
hand-outs are made where only the packages are installed; it names things of Sphinx, and imports none.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args, get_type_hints

# A fence of backticks has none in its title; a line that looks like one and has opens nothing.
FENCE = re.compile(r"(?P<fence>`{3,}(?=[^`]*$)|~{3,}|:{3,}(?=\{))(?:\{(?P<name>[^}\s]+)\})?.*")
OPENS_NOTHING = re.compile(r"`{3,}\{[^}\s]+\}.*`.*")
MARKS = re.compile(r"^(?:[ \t>]|[-*+][ \t]|\d+[.)][ \t])*")  # of quotations and lists
VERBATIM = ("code-cell", "code-block", "code")  # what stands in them is no MyST
WITH_CELLS = ("cells", "folded")
GATES = ("-start", "-end")  # stand around what holds cells: myst-nb finds no cell inside of a directive


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of block. Raises ValueError for a form that is none.

    node: how its docutils node is known, by tag and classes; html: the CSS selector of its element.
    page: "given" where something else makes the directive. "closed" makes one of the book's own, whose title opens it,
    {name}, or {name-start} and {name-end} around what holds cells: a container of the class `name`, and a <details>
    whose title begins with `label`; in a notebook, a line ends it.
    notebook: "prose" as it stands, in a "quotation", or in "details" that open at a click; "cells" of prose and code
    under the title as a heading; "folded", the same in details and collapsed cells; "code" and "starter" are cells.
    paper: "given" as Sphinx prints it, or the treatment in book/_ext/editions/pages.py.
    handout: "refused"; in "details"; a "section" under its title; or a "part", which assignment.py has a place for.
    """

    page: Literal["given", "closed"] = "given"
    notebook: Literal["prose", "quotation", "details", "cells", "folded", "code", "starter"]
    paper: Literal["given", "theorem", "proof", "question", "exercise", "solution", "aside", "ruled"]
    handout: Literal["refused", "details", "section", "part"]
    node: str = ""
    html: str = ""
    label: str = ""

    def __post_init__(self) -> None:
        for name, hint in get_type_hints(type(self)).items():
            if (forms := get_args(hint)) and getattr(self, name) not in forms:
                raise ValueError(f"{name}: {getattr(self, name)!r}, expected one of {', '.join(forms)}")


_PLAIN = Kind(notebook="prose", paper="given", handout="refused")
_ADMONITION = Kind(notebook="quotation", paper="given", handout="refused", html="div.admonition")

# By the directive's name. Of several that fit an element or a node, the first counts: the general ones stand last.
KINDS = {
    "code-cell": Kind(notebook="code", paper="given", handout="part", html="div.cell.container"),
    "prf:theorem": Kind(
        notebook="quotation", paper="theorem", handout="refused", node="theorem_node", html="div.theorem"
    ),
    "prf:proof": Kind(notebook="quotation", paper="proof", handout="refused", node="proof_node", html="div.proof"),
    "quiz": Kind(notebook="prose", paper="question", handout="refused", node="container.quiz", html="div.quiz"),
    "starter": Kind(notebook="starter", paper="given", handout="part", html="div.starter"),
    "exercise": Kind(
        notebook="cells", paper="exercise", handout="part", node="exercise_enumerable_node", html="div.exercise"
    ),
    "solution": Kind(notebook="folded", paper="solution", handout="part", node="solution_node", html="div.solution"),
    # What the next chapter does not need. A test counts the words of what stands outside: tests/book/test_reading.py.
    "deeper": Kind(
        page="closed",
        notebook="cells",
        paper="ruled",
        handout="section",
        node="container.deeper",
        html="details.deeper",
        label="Deeper: ",
    ),  # fmt: skip
    "dropdown": Kind(
        notebook="details", paper="aside", handout="details", node="container.dropdown", html="details, div.dropdown"
    ),
    **dict.fromkeys(("admonition", "important", "note", "tip", "warning"), _ADMONITION),
    **dict.fromkeys(("bibliography", "code-block", "downloads", "figure", "image", "index", "math", "table"), _PLAIN),
}


def kind_of(directive: str, where: str) -> Kind:
    """What a directive of a page is. Raises ValueError that names it, and `where` it stands, if it was never taught."""
    name = re.sub(f"({'|'.join(GATES)})$", "", directive)
    if name not in KINDS or name != directive and KINDS[name].notebook not in WITH_CELLS:
        raise ValueError(
            f"{where}: {{{directive}}} is a kind of block that was never taught: what it becomes in notebooks, on "
            "paper and in hand-outs is said in vae_course/handout/blocks.py"
        )
    return KINDS[name]


def directives(text: str) -> Iterator[str]:
    """The names of a text's directives, at whatever depth; what a fence of code shows is none.

    Raises ValueError with a line that was meant to open a block and opens none.
    """
    open_fences: list[tuple[str, bool]] = []  # and whether what they hold is verbatim
    for line in (MARKS.sub("", line).rstrip() for line in text.splitlines()):
        if open_fences and re.fullmatch(f"{open_fences[-1][0]}{open_fences[-1][0][0]}*", line):
            open_fences.pop()
        elif (found := FENCE.fullmatch(line)) and not (open_fences and open_fences[-1][1]):
            open_fences.append((found["fence"], not found["name"] or found["name"] in VERBATIM))
            if found["name"]:
                yield found["name"]
        elif OPENS_NOTHING.fullmatch(line) and not (open_fences and open_fences[-1][1]):
            raise ValueError(f"{line!r} opens no block: a title with a backtick wants a fence of colons, or ~~~")


def details(title: str, body: str) -> str:
    """What opens at a click, as Markdown. title: HTML; body: Markdown, which needs the empty lines around it."""
    return f"<details><summary>{title}</summary>\n\n{body.strip()}\n\n</details>"
