"""What makes nbgrader give the marks that `python -m vae_lib mark` gives; its settings are written by assignment.py.

Needs nbgrader (pip install "vae_lib[nbgrader]"); nothing else of the package imports this module.
"""

from nbconvert.exporters.exporter import ResourcesDict
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor

from vae_lib.exercises.assignment import PROTECT

NO_ANSWER = "*No answer was found.*"


class CollectAnswers(NbGraderPreprocessor):
    """The submission's own cells as they are, between the limits before them and the released marking cells after them.

    nbgrader stops a whole class at a doubled cell, and gives nothing where cells lost their metadata. Here no cell of a
    submission has a say in the marking, except that the answers in words are found by their id.
    """

    def preprocess(self, notebook: NotebookNode, resources: ResourcesDict) -> tuple[NotebookNode, ResourcesDict]:
        """Called by `nbgrader autograde` for each notebook."""
        about = resources["nbgrader"]
        answers, own = {}, [new_code_cell(PROTECT, id="vae-lib-protect")]
        for cell in notebook.cells:
            settings = cell.metadata.pop("nbgrader", {})
            if cell.cell_type == "markdown":
                answers[settings.get("grade_id") or cell.get("id")] = cell.source
            if not settings.get("grade"):
                own.append(cell)
        with Gradebook(about["db_url"]) as gradebook:
            released = gradebook.find_notebook(about["notebook"], about["assignment"])
            graded = {cell.name: cell for cell in released.grade_cells}
            sources = {cell.name: cell for cell in released.source_cells}
            for name, cell in graded.items():
                settings = {
                    "schema_version": 3, "grade_id": name, "grade": True, "solution": cell.cell_type == "markdown",
                    "locked": sources[name].locked, "task": False, "points": cell.max_score,
                    "checksum": sources[name].checksum, "cell_type": cell.cell_type,
                }  # fmt: skip
                metadata = {"nbgrader": settings}
                if cell.cell_type == "markdown":
                    own.append(new_markdown_cell(answers.get(name, NO_ANSWER), metadata=metadata))
                else:
                    own.append(new_code_cell(sources[name].source, metadata=metadata))
        ids = set()
        for i, cell in enumerate(own):  # an id that stands twice makes the notebook invalid
            if cell.get("id") in ids:
                cell["id"] = f"cell-{i}"
            ids.add(cell.get("id"))
        notebook.cells = own
        return notebook, resources
