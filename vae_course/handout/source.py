"""The chapter is the source: what its section of exercises holds, read from the MyST file.

From it come the page (book/_ext/exercises.py), the student's and the teacher's notebooks and the assignments
(assignment.py).
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vae_course.handout.blocks import VERBATIM, directives, kind_of

FENCE = re.compile(r"(?P<fence>`{3,}|:{3,})\{(?P<name>[\w:-]+)\}[ \t]*(?P<argument>.*)")
OPTION = re.compile(r":(?P<key>[\w-]+):[ \t]*(?P<value>.*)")
SECTION = "## Exercises"
IN_WORDS = "*In words.*"


@dataclass(frozen=True)
class Block:
    """A directive of the page (name, argument, options, body), or, with an empty name, the text between two of them."""

    name: str
    argument: str = ""
    options: dict[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True)
class BookExercise:
    """One exercise of a page. function: what the reader writes; "" where the answer is written in words.

    statement, words, solution: their blocks, in order. words: what is asked beside the function, after its starter.
    """

    label: str
    title: str
    function: str
    statement: tuple[Block, ...]
    words: tuple[Block, ...]
    solution: tuple[Block, ...]


def exercises(page: Path) -> tuple[list[Block], list[BookExercise]]:
    """The blocks of the page's section of exercises that belong to none (its first cells), and its exercises.

    Raises ValueError where the section is malformed: the message names the page, the exercise and what is missing.
    """
    text = page.read_text(encoding="utf-8")
    start = re.search(rf"^{SECTION}$", text, re.M)
    if start is None:
        return [], []
    end = re.search(r"^## ", text[start.end() :], re.M)
    section = text[start.end() : start.end() + end.start()] if end else text[start.end() :]
    opening, found, parts, inside = [], [], {}, ""
    for block in blocks(section):
        _refuse_what_no_handout_shows(
            block, f"{page.name}: the exercise {found[-1]['title']!r}" if found else page.name
        )
        name, _, edge = block.name.partition("-")
        if name in ("exercise", "solution") and edge == "start":
            inside = name
            if name == "exercise":
                parts = {
                    "label": block.options.get("label", ""),
                    "title": block.argument,
                    "exercise": [],
                    "solution": [],
                }
                found.append(parts)
            elif not found or block.argument != parts["label"]:
                raise ValueError(f"{page.name}: the solution {block.argument!r} does not follow its exercise")
        elif edge == "end":
            inside = "" if name == inside else inside
        else:
            (parts[inside] if inside else opening).append(block)
    return opening, [_exercise(page, each) for each in found]


def _refuse_what_no_handout_shows(block: Block, where: str) -> None:
    within = [] if block.name in VERBATIM else list(directives(block.body))
    if within and not block.name:
        raise ValueError(f"{where}: the {{{within[0]}}} stands in a list or a quotation, where no hand-out finds it")
    for name in [block.name, *within] if block.name else ():
        if kind_of(name, where).handout == "refused":
            raise ValueError(f"{where}: a section of exercises cannot hold a {{{name}}}: no hand-out would show it")


def _exercise(page: Path, parts: dict) -> BookExercise:
    where = f"{page.name}: the exercise {parts['title']!r}"
    starters = [block.argument for block in parts["exercise"] if block.name == "starter"]
    if not parts["label"] or not parts["solution"] or len(starters) > 1:
        raise ValueError(f"{where} needs a label, a solution and at most one starter")
    function = starters[0] if starters else ""
    try:
        defined = [_defines(block) for block in parts["solution"]] if function else []
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error
    if function and function not in defined:
        raise ValueError(f"{where} has no solution cell that defines {function}")
    statement, words = _parts(parts["exercise"])
    # A question without a place for its answer is in no hand-out and earns no points.
    if function and any("?" in block.body for block in statement) or words and not words[0].body.startswith(IN_WORDS):
        raise ValueError(f"{where}: what it asks beside {function} follows the starter and begins with {IN_WORDS}")
    return BookExercise(parts["label"], parts["title"], function, statement, words, tuple(parts["solution"]))


def _parts(blocks: list[Block]) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """What stands before the starter, and what after it."""
    at = next((i for i, block in enumerate(blocks) if block.name == "starter"), len(blocks))
    return tuple(blocks[:at]), tuple(blocks[at + 1 :])


def _defines(block: Block) -> str:
    """The function that a cell with the tag `solution` defines; "" for every other block."""
    if block.name != "code-cell" or "solution" not in block.options.get("tags", ""):
        return ""
    return _function(block.body).name


def _function(code: str) -> ast.FunctionDef:
    """The function that a solution cell holds, and nothing beside it."""
    try:
        held = ast.parse(code).body
    except SyntaxError as error:
        raise ValueError(f"a solution cell is no Python ({error.msg}):\n{code}") from error
    match held:
        case [ast.FunctionDef() as function] if ast.get_docstring(function) is not None:
            return function
    raise ValueError(f"a solution cell holds one function with a docstring, got:\n{code}")


def blocks(text: str) -> Iterator[Block]:
    """The text and the directives of a piece of MyST, in order; what lies inside a directive stays in its body."""
    lines, prose = iter(text.splitlines()), []
    for line in lines:
        opening = FENCE.fullmatch(line.rstrip())
        if opening is None:
            prose.append(line)
            continue
        if "".join(prose).strip():
            yield Block("", body="\n".join(prose).strip())
        prose = []
        body = []
        for inner in lines:
            if inner.rstrip() == opening["fence"]:
                break
            body.append(inner)
        options = {}
        while body and (option := OPTION.fullmatch(body[0].rstrip())):
            options[option["key"]] = option["value"]
            body.pop(0)
        yield Block(opening["name"], opening["argument"].strip(), options, "\n".join(body).strip("\n"))
    if "".join(prose).strip():
        yield Block("", body="\n".join(prose).strip())


def solution_of(exercise: BookExercise) -> str:
    """The code of the cell that defines the exercise's function."""
    return next(block.body for block in exercise.solution if _defines(block) == exercise.function)


def head_and_body(code: str) -> tuple[str, str]:
    """The two parts of a solution cell: signature and docstring, which the reader is given, and the answer."""
    documentation = _function(code).body[0]
    lines = code.splitlines()
    return "\n".join(lines[: documentation.end_lineno]), "\n".join(lines[documentation.end_lineno :])


def stub(code: str) -> str:
    """What the reader starts from: the head of the solution, without its body."""
    return f"{head_and_body(code)[0]}\n    raise NotImplementedError"
