"""Answers in words are found wherever a student wrote them and whatever the notebook went through on its way back."""

import itertools
import json
import random

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_raw_cell

from vae_course.bank import CHAPTERS
from vae_course.handout import assignment, source, written
from vae_course.marking.submissions import read

ANSWER = "Where $z^2$ exceeds 0.46,\n\n# the log\n\n## Exercise 1: my working\nis `{}`."


def places(notebook):
    """The indices of the cells that wait for an answer, with what will be answered to each question, in order."""
    found = [i for i, cell in enumerate(notebook.cells) if cell.source == written.PLACEHOLDER]
    return [(place, ANSWER.format(number)) for number, place in enumerate(found)]


def in_its_cell(notebook):
    for place, text in places(notebook):
        notebook.cells[place].source = text


def below_the_placeholder(notebook):
    for place, text in places(notebook):
        notebook.cells[place].source += f"\n{text}"


def after_the_placeholder_in_another_editors_stars(notebook):
    for place, text in places(notebook):
        notebook.cells[place].source = f"_Write your answer here._ {text}"


def in_a_new_cell_below(notebook, make=new_markdown_cell):
    for place, text in reversed(places(notebook)):
        notebook.cells.insert(place + 1, make(text))


def in_a_raw_cell(notebook):
    in_a_new_cell_below(notebook, new_raw_cell)


def in_a_code_cell(notebook):
    """What the + of the toolbar makes."""
    in_a_new_cell_below(notebook, new_code_cell)


def in_place_of_the_cell(notebook):
    for place, text in places(notebook):
        notebook.cells[place] = new_markdown_cell(text)


def in_the_questions_cell(notebook):
    for place, text in places(notebook):
        notebook.cells[place - 1].source += f"\n\n{text}"


def on_the_questions_last_line(notebook):
    for place, text in places(notebook):
        notebook.cells[place - 1].source += f" {text}"


WRITTEN = [
    in_its_cell,
    below_the_placeholder,
    after_the_placeholder_in_another_editors_stars,
    in_a_new_cell_below,
    in_a_raw_cell,
    in_a_code_cell,
    in_place_of_the_cell,
    in_the_questions_cell,
    on_the_questions_last_line,
]


def as_it_was(notebook):
    return nbformat.writes(notebook)


def without_metadata(notebook):
    for cell in notebook.cells:
        cell.metadata.clear()
    return nbformat.writes(notebook)


def without_metadata_or_ids(notebook):
    for cell in notebook.cells:
        cell.metadata.clear()
        del cell["id"]
    notebook.nbformat_minor = 0
    return json.dumps(notebook)


def with_new_ids(notebook):
    generator = random.Random(0)
    for cell in notebook.cells:
        cell.metadata.clear()
        cell.id = f"{generator.getrandbits(32):08x}"
    return nbformat.writes(notebook)


def in_format_3(notebook):
    for cell in notebook.cells:
        cell.metadata.clear()
    text = nbformat.writes(notebook, version=3)
    assert "worksheets" in json.loads(text)
    return text


def with_windows_lines(notebook):
    for cell in notebook.cells:
        cell.metadata.clear()
        cell.source = cell.source.replace("\n", "\r\n")
    return nbformat.writes(notebook)


def with_neighbours_merged(notebook):
    """As a notebook comes back from a Markdown or Python file."""
    cells = []
    for kind, group in itertools.groupby(notebook.cells, lambda cell: cell.cell_type):
        group = list(group)
        joined = "\n\n".join(cell.source for cell in group)
        cells += [new_markdown_cell(joined)] if kind == "markdown" else group
    notebook.cells = cells
    return nbformat.writes(notebook)


SENT = [
    as_it_was,
    without_metadata,
    without_metadata_or_ids,
    with_new_ids,
    in_format_3,
    with_windows_lines,
    with_neighbours_merged,
]


def answers(text, folder):
    """As the marker reads them."""
    path = folder / "ann.ipynb"
    path.write_text(text, encoding="utf-8", newline="")
    return written.answers(read(path))


def expected(chapter):
    return {label: ANSWER.format(number) for number, (label, _, _) in enumerate(written.questions([chapter]))}


@pytest.mark.filterwarnings("ignore::nbformat.warnings.MissingIDFieldWarning")
class TestFound:
    @pytest.mark.parametrize("sent", SENT, ids=lambda sent: sent.__name__)
    @pytest.mark.parametrize("write", WRITTEN, ids=lambda write: write.__name__)
    @pytest.mark.parametrize("chapter", CHAPTERS)
    def test_each_answer_is_found_and_belongs_to_its_question(self, chapter, write, sent, tmp_path):
        notebook = assignment.notebook(chapter, "student")
        write(notebook)
        assert answers(sent(notebook), tmp_path) == expected(chapter)

    @pytest.mark.parametrize("sent", SENT, ids=lambda sent: sent.__name__)
    @pytest.mark.parametrize("chapter", CHAPTERS)
    def test_what_was_not_answered_is_no_answer(self, chapter, sent, tmp_path):
        assert answers(sent(assignment.notebook(chapter, "student")), tmp_path) == {}

    def test_a_lost_question_leaves_its_answer_where_the_cell_says_so(self, tmp_path):
        """The second of two neighbours: its place is below the first."""
        notebook = assignment.notebook("reparameterization", "student")
        in_its_cell(notebook)
        del notebook.cells[places_of(notebook, "ex-reparameterization-choose")]
        assert answers(nbformat.writes(notebook), tmp_path) == expected("reparameterization")

    def test_the_place_counts_where_a_copied_cell_says_otherwise(self, tmp_path):
        notebook = assignment.notebook("elbo", "student")
        (first, _), (last, _) = places(notebook)
        notebook.cells[last] = nbformat.from_dict(notebook.cells[first] | {"source": "To the last."})
        assert answers(json.dumps(notebook), tmp_path) == {"ex-elbo-tighter": "To the last."}

    def test_cells_that_stand_twice_count_once(self, tmp_path):
        notebook = assignment.notebook("elbo", "student")
        in_its_cell(notebook)
        notebook.cells = [cell for cell in notebook.cells for _ in range(2)]
        assert answers(json.dumps(notebook), tmp_path) == expected("elbo")

    def test_several_cells_are_one_answer(self, tmp_path):
        notebook = assignment.notebook("elbo", "student")
        (first, _), _ = places(notebook)
        notebook.cells[first].source = "One."
        notebook.cells[first + 1 : first + 1] = [new_code_cell("1 + 1"), new_markdown_cell("Two.")]
        assert answers(nbformat.writes(notebook), tmp_path) == {"ex-elbo-single-draw": "One.\n\nTwo."}

    def test_two_chapters_in_one_notebook_are_kept_apart(self, tmp_path):
        both = [assignment.notebook(chapter, "student") for chapter in ("elbo", "mnist")]
        for notebook in both:
            in_its_cell(notebook)
        both[0].cells += both[1].cells
        assert answers(json.dumps(both[0]), tmp_path) == expected("elbo") | expected("mnist")

    def test_odd_cells_cost_no_answer(self, tmp_path):
        notebook = assignment.notebook("elbo", "student")
        in_its_cell(notebook)
        for about in ("x", {"written": ["y"]}, {"written": "z-answer"}):
            notebook.cells.insert(0, new_markdown_cell("", metadata={"vae_lib": about}))
        notebook.cells.append(new_code_cell("%pip install torch"))
        assert answers(json.dumps(notebook), tmp_path) == expected("elbo")


def places_of(notebook, cell_id):
    return next(i for i, cell in enumerate(notebook.cells) if cell.id == cell_id)


class TestQuestions:
    @pytest.mark.parametrize("chapter", CHAPTERS)
    def test_are_those_of_the_chapter_in_its_order(self, chapter):
        asked = []
        for each in source.exercises(assignment.BOOK / "chapters" / f"{chapter}.md")[1]:
            if not each.function:
                asked.append((each.label, each.title, 3))
            elif each.words:
                asked.append((f"{each.label}-words", f"{each.title}, in words", 3))
        assert written.questions([chapter]) == asked

    def test_have_names_and_titles_of_their_own(self):
        asked = written.questions(CHAPTERS)
        assert len({label for label, _, _ in asked}) == len({title.casefold() for _, title, _ in asked}) == len(asked)
