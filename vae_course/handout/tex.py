"""TeX that every reader of notebooks shows: without the book's macros, and without what Markdown takes for its own.

The page's notebook, its editions and the hand-outs write macros out alike.
"""

import re
from collections.abc import Mapping

COMMAND = re.compile(r"\\([A-Za-z]+|.)", re.S)
# Code, in which a dollar is a dollar, or a formula.
FORMULA = re.compile(
    r"(?P<code>`+).*?(?P=code)"
    r"|(?<!\\)(?P<dollars>\$\$?)[^$]+?(?P=dollars)|\\begin\{(?P<name>\w+\*?)\}.*?\\end\{(?P=name)\}",
    re.S,
)
LONGEST_CHAIN = 20  # macros that call macros


def macros(mathjax: Mapping | None) -> Mapping[str, object]:
    """The book's macros, from what its configuration says to MathJax (`mathjax3_config`)."""
    return (mathjax or {}).get("tex", {}).get("macros", {})


def portable(tex: str, macros: Mapping[str, object]) -> str:
    """The formula on one line, its macros written out, without comments, `<` and `>`.

    One line, because in a list or a quotation every further line would begin with Markdown's own marks.
    """
    tex = expand(re.sub(r"(?<!\\)%.*", "", tex), macros)
    tex = tex.replace("<", r"\lt ").replace(">", r"\gt ")  # or a reader takes them for a tag
    return " ".join(tex.split())


def expand_formulas(text: str, macros: Mapping[str, object]) -> str:
    """Markdown with the macros in its formulas written out, and all else as it is."""
    return FORMULA.sub(lambda found: found[0] if found["code"] else expand(found[0], macros), text)


def expand(tex: str, macros: Mapping[str, object], depth: int = 0) -> str:
    """The formula with each macro replaced by its meaning.

    macros: as MathJax takes them, name -> body, or name -> [body, number of arguments]. They are written out because
    Colab forgets a \\newcommand from one cell to the next. Raises ValueError where macros call each other without end,
    an argument is missing, or braces do not match.
    """
    if depth > LONGEST_CHAIN:
        raise ValueError(f"macros that call each other without end: {tex!r}")
    parts, place = [], 0
    while found := COMMAND.search(tex, place):
        parts.append(tex[place : found.start()])
        place = found.end()
        if found[1] not in macros:
            parts.append(found[0])
            continue
        match macros[found[1]]:
            case str(body):
                count = 0
            case [str(body), int(count)]:
                pass
            case meaning:
                raise ValueError(f"{found[0]}: {meaning!r}, expected the macro's body, or [body, number of arguments]")
        arguments = []
        for _ in range(count):
            argument, place = _argument(tex, place)
            arguments.append(argument)
        body = re.sub(r"#([1-9])", lambda hole, given=arguments: given[int(hole[1]) - 1], body)
        body = expand(body, macros, depth + 1)
        if re.search(r"\\[A-Za-z]+$", body) and tex[place : place + 1].isalpha():
            body += " "  # \R x is not \Rx
        parts.append(body)
    return "".join(parts) + tex[place:]


def _argument(tex: str, place: int) -> tuple[str, int]:
    """The argument that begins at a place: what stands in braces, or one command or character; and where it ends."""
    while tex[place : place + 1].isspace():
        place += 1
    if tex[place : place + 1] != "{":
        found = re.compile(r"\\[A-Za-z]+|\\?.").match(tex, place)
        if found is None:
            raise ValueError(f"a macro lacks an argument: {tex!r}")
        return found[0], found.end()
    depth = 0
    for found in re.compile(r"\\.|[{}]", re.S).finditer(tex, place):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return tex[place + 1 : found.start()], found.end()
    raise ValueError(f"braces that do not match: {tex!r}")
