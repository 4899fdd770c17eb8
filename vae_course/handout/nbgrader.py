"""What makes nbgrader give the marks that `python -m vae_course mark` gives; its settings are written by assignment.py.

Needs nbgrader (pip install "vae_lib[nbgrader]"); nothing else of the package imports this module.
"""

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from vae_course.handout.assignment import PROTECT
from vae_course.handout.written import TITLES, Part, parts

NO_ANSWER = "*No answer was found.*"
WITH_IDS = 5  # the minor version of nbformat 4 from which every cell has an id


class CollectAnswers(NbGraderPreprocessor):
    """The submission's own cells as they are, between the limits before them and the released marking cells after them.

    nbgrader stops a whole class at a doubled cell, and gives nothing where cells lost their metadata. Here no cell of a
    submission has a say in the marking. Each answer in words is found by its place and becomes one cell there.
    """

    def preprocess(self, notebook: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Called by `nbgrader autograde` for each notebook."""
        released = _released(resources["nbgrader"])
        written = {name: cell for name, cell in released.items() if cell.cell_type == "markdown"}
        shares = _shares(notebook, written)
        replaced = {id(part.cell) for of_one in shares.values() for part in of_one if not part.asks}
        last = {name: id(of_one[-1].cell) for name, of_one in shares.items()}
        own = [new_code_cell(PROTECT)]
        for cell in notebook.cells:
            settings = cell.metadata.pop("nbgrader", {})
            if id(cell) not in replaced and not (settings.get("grade") and cell.cell_type == "code"):
                own.append(cell)
            for name in (name for name, at in last.items() if at == id(cell)):
                own += _answer(name, written[name], shares[name])
        for name, cell in released.items():
            if name not in shares:
                own += _answer(name, cell, []) if name in written else [cell]
        for i, cell in enumerate(own):  # one that is missing, or stands twice, makes the notebook invalid
            cell["id"] = f"cell-{i}"
        notebook.cells = own
        notebook.nbformat_minor = max(notebook.nbformat_minor, WITH_IDS)
        return notebook, resources


def _released(about: dict) -> dict[str, NotebookNode]:
    """The cells that give marks, by name, as they were released."""
    with Gradebook(about["db_url"]) as gradebook:
        notebook = gradebook.find_notebook(about["notebook"], about["assignment"])
        sources = {cell.name: cell for cell in notebook.source_cells}
        released = {}
        for cell in notebook.grade_cells:
            source, written = sources[cell.name], cell.cell_type == "markdown"
            settings = {
                "schema_version": 3, "grade_id": cell.name, "grade": True, "solution": written,
                "locked": source.locked, "task": False, "points": cell.max_score,
                "checksum": source.checksum, "cell_type": cell.cell_type,
            }  # fmt: skip
            make = new_markdown_cell if written else new_code_cell
            released[cell.name] = make(source.source, metadata={"nbgrader": settings})
    return released


def _shares(notebook: NotebookNode, written: dict[str, NotebookNode]) -> dict[str, list[Part]]:
    """Where the submission answers each of the released questions; one that the book does not know is found by name."""
    shares: dict[str, list[Part]] = {}
    for part in parts(notebook):
        if (name := f"{part.label}-answer") in written:
            shares.setdefault(name, []).append(part)
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id")
        if name in written and _title(name) is None:
            shares[name] = [Part(name, cell.source, cell, asks=False)]
    return shares


def _answer(name: str, released: NotebookNode, shares: list[Part]) -> list[NotebookNode]:
    """The cell to be marked, with a heading where its question is not above it.

    An answer that was not begun is left as released, which nbgrader gives no points by itself.
    """
    texts: dict[str, None] = {}
    pictures: dict[str, dict] = {}
    for part in shares:
        text = part.text
        for picture, content in part.cell.get("attachments", {}).items():
            if pictures.setdefault(picture, content) != content:  # every pasted picture is called image.png
                text = text.replace(f"attachment:{picture}", f"attachment:{len(pictures)}-{picture}")
                pictures[f"{len(pictures)}-{picture}"] = content
        if text:
            texts[text] = None
    untouched = any(not part.asks for part in shares)
    cell = new_markdown_cell(
        "\n\n".join(texts) or (released.source if untouched else NO_ANSWER), metadata=released.metadata
    )
    if pictures:
        cell.attachments = pictures
    title = _title(name) if shares else _title(name) or name
    if title is None or any(part.asks for part in shares):
        return [cell]
    return [new_markdown_cell(f"## The answer to “{title}”"), cell]


def _title(name: str) -> str | None:
    return TITLES.get(name.removesuffix("-answer"))
