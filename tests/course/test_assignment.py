"""From one chapter: the page's stubs, the student's notebook with no solution in it, the teacher's, and nbgrader's."""

import json
import os
import re
import subprocess
import sys
import tomllib

import nbformat
import pages
import pytest

from vae_course.bank import CHAPTERS, EXERCISES
from vae_course.handout import assignment, source, written

PAGES = {chapter: assignment.BOOK / "chapters" / f"{chapter}.md" for chapter in CHAPTERS}
EACH = pytest.mark.parametrize("chapter", CHAPTERS)
FIRST = pytest.mark.parametrize("chapter", pages.FIRST_CHAPTERS)


def solution_lines(chapter):
    """Every line of every solution, words and code, that the student is not given elsewhere anyway."""
    opening, found = source.exercises(PAGES[chapter])
    given = "\n".join(block.body for block in [*opening, *(b for each in found for b in each.statement)])
    given += "\n".join(source.stub(source.solution_of(each)) for each in found if each.function)
    given += "\n".join(f"check({each.function})" for each in found)
    lines = {line.strip() for each in found for block in each.solution for line in block.body.splitlines()}
    return [line for line in lines if len(line) > 8 and line not in given]


class TestStudent:
    @EACH
    def test_no_line_of_a_solution_stands_anywhere_in_the_file(self, chapter, tmp_path):
        (path,) = assignment.write([chapter], "student", tmp_path)
        text = json.dumps(json.loads(path.read_text()), ensure_ascii=False)
        lines = solution_lines(chapter)
        assert len(lines) >= 10
        assert [line for line in lines if json.dumps(line, ensure_ascii=False)[1:-1] in text] == []

    @EACH
    def test_the_same_search_finds_the_solutions_where_they_are(self, chapter):
        """Planted: a search that finds nothing in the teacher's notebook would find nothing in the student's."""
        code = "\n".join(c.source for c in assignment.notebook(chapter, "teacher").cells if c.cell_type == "code")
        assert sum(line in code for line in solution_lines(chapter)) >= 4

    @EACH
    def test_holds_stub_and_check_of_each_function_and_a_place_for_each_answer_in_words(self, chapter):
        cells = assignment.notebook(chapter, "student").cells
        code = [cell.source for cell in cells if cell.cell_type == "code"]
        functions = [name for name, each in EXERCISES.items() if each.chapter == chapter]
        for name in functions:
            at = next(i for i, text in enumerate(code) if f"def {name}(" in text)
            assert code[at].endswith("raise NotImplementedError")
            assert code[at + 1] == f"check({name})"
        places = [i for i, cell in enumerate(cells) if cell.source == written.PLACEHOLDER]
        found = source.exercises(PAGES[chapter])[1]
        assert len(places) == sum(not each.function for each in found) + sum(bool(each.words) for each in found) >= 2
        for place, (label, title, points) in zip(places, written.questions([chapter]), strict=True):
            assert re.match(rf"## Exercise \d: {re.escape(title)} \({points} points\)\n", cells[place - 1].source)
            assert cells[place - 1].source.endswith(written.ASKED)
            assert cells[place].id == f"{label}-answer"

    @EACH
    def test_shows_no_directive_role_or_macro_of_the_book(self, chapter):
        for kind in ("student", "teacher"):
            text = "\n".join(c.source for c in assignment.notebook(chapter, kind).cells if c.cell_type == "markdown")
            assert re.findall(r"\{[\w:-]+\}`|^:{3,}|^```\{", text, re.M) == []
            assert re.findall(r"\\(?:E|KL|Normal|ELBO|eps|R|Var|diag|d)(?![a-zA-Z])", text) == []

    @EACH
    def test_runs_from_top_to_bottom_with_nothing_attempted(self, chapter, capsys):
        run(assignment.notebook(chapter, "student"))
        said = capsys.readouterr().out
        assert said.count("not attempted") == sum(each.chapter == chapter for each in EXERCISES.values())

    @EACH
    def test_the_same_source_gives_the_same_file(self, chapter):
        first, second = (nbformat.writes(assignment.notebook(chapter, "student")) for _ in range(2))
        assert first == second


class TestTeacher:
    @EACH
    def test_runs_and_every_solution_is_correct(self, chapter, capsys, monkeypatch):
        monkeypatch.setenv("VAE_LIB_EXERCISES", "strict")
        run(assignment.notebook(chapter, "teacher"))
        assert capsys.readouterr().out.count(": correct.") >= 2

    @EACH
    def test_lists_the_mistakes_that_check_names(self, chapter):
        text = "\n".join(cell.source for cell in assignment.notebook(chapter, "teacher").cells)
        for exercise in EXERCISES.values():
            if exercise.chapter == chapter:
                assert all(f"- {sentence}" in text for _, sentence in exercise.mistakes)


def run(notebook):
    namespace = {"__name__": "__main__"}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            exec(cell.source, namespace)


class TestBook:
    @FIRST
    def test_has_three_to_six_exercises_by_hand_in_code_and_open(self, chapter):
        _, found = source.exercises(PAGES[chapter])
        assert 3 <= len(found) <= 6
        kinds = [re.match(r"\*(By hand|In code|Open)\.\*", each.statement[0].body)[1] for each in found]
        assert set(kinds) == {"By hand", "In code", "Open"}
        assert all((kind == "In code") == bool(each.function) for kind, each in zip(kinds, found, strict=True))
        assert all(each.function or any(b.name == "dropdown" for b in each.statement) for each in found), "a hint"
        assert all("misconception" in "".join(block.body for block in each.solution) for each in found if each.function)

    def test_has_at_least_28_in_all_and_knows_every_function(self):
        by_chapter = {chapter: source.exercises(page)[1] for chapter, page in PAGES.items()}
        found = [each for of_chapter in by_chapter.values() for each in of_chapter]
        assert sum(len(by_chapter[chapter]) for chapter in pages.FIRST_CHAPTERS) >= 28
        assert {each.function for each in found if each.function} == EXERCISES.keys()
        assert len({each.label for each in found}) == len(found)

    @FIRST
    def test_ends_with_a_quiz(self, chapter):
        section = PAGES[chapter].read_text(encoding="utf-8").split("\n## Check yourself\n")[1].split("\n## ")[0]
        questions = [block for block in source.blocks(section) if block.name == "quiz"]
        assert len(questions) >= 3


EXERCISE = (
    "```{{exercise-start}} One\n:label: a\n```\n{before}\n```{{starter}} my_f\n```\n{after}\n```{{exercise-end}}\n```\n"
    "```{{solution-start}} a\n```\n```{{code-cell}} ipython3\n:tags: [solution]\ndef my_f():\n"
    '    """Says."""\n    return 1\n```\n```{{solution-end}}\n```'
)


class TestSource:
    @EACH
    def test_a_function_is_asked_for_without_a_question_that_has_no_cell(self, chapter):
        """A statement that wants words beside a function says so after the starter, where the answer gets its cell."""
        wants_words = re.compile(
            r"\?|\b(then answer|explain|why|say|argue|discuss|describe|justify|compare|what)\b", re.I
        )
        for each in source.exercises(PAGES[chapter])[1]:
            asked = " ".join(block.body for block in each.statement if each.function)
            assert wants_words.findall(asked) == [], each.title

    def test_where_check_tells_n_from_n_minus_one_the_question_says_which(self):
        """Either gives a covariance: which one is meant must not be learnt from a lost point."""
        found = [each for page in PAGES.values() for each in source.exercises(page)[1]]
        asked = {each.function: "\n".join(block.body for block in each.statement) for each in found}
        telling = [name for name, each in EXERCISES.items() if any("N − 1" in said for _, said in each.mistakes)]
        assert telling
        assert [name for name in telling if "N - 1" not in asked[name]] == []

    def test_what_is_asked_in_words_beside_a_function_follows_its_starter(self, tmp_path):
        page = tmp_path / "page.md"
        page.write_text(f"# Page\n\n## Exercises\n\n{EXERCISE.format(before='Do.', after='*In words.* Why so?')}\n")
        (found,) = source.exercises(page)[1]
        assert [block.body for block in found.statement] == ["Do."]
        assert [block.body for block in found.words] == ["*In words.* Why so?"]

    def test_stub_keeps_signature_and_documentation_only(self):
        code = 'def my_f(\n    x,\n    *, y=1,\n):\n    """Says\n    more."""\n    # how\n    return x + y'
        assert source.stub(code) == (
            'def my_f(\n    x,\n    *, y=1,\n):\n    """Says\n    more."""\n    raise NotImplementedError'
        )

    def test_a_solution_without_documentation_is_refused(self):
        with pytest.raises(ValueError, match="one function with a docstring"):
            source.stub("def my_f(x):\n    return x")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("```{exercise-start} One\n:label: a\n```\nDo.\n```{exercise-end}\n```", "'One' needs a label, a solution"),
            ("```{solution-start} b\n```\n```{solution-end}\n```", "'b' does not follow its exercise"),
            (
                "```{exercise-start} One\n:label: a\n```\n```{starter} my_f\n```\n```{exercise-end}\n```\n"
                "```{solution-start} a\n```\nSo.\n```{solution-end}\n```",
                "'One' has no solution cell that defines my_f",
            ),
            (
                EXERCISE.format(before="Write it. Then answer: why so?", after=""),
                "'One': what it asks beside my_f follows",
            ),
            (EXERCISE.format(before="Write it.", after="Why so?"), "'One': what it asks beside my_f follows"),
        ],
    )
    def test_a_malformed_section_names_the_exercise(self, text, said, tmp_path):
        page = tmp_path / "page.md"
        page.write_text(f"# Page\n\n## Exercises\n\n{text}\n")
        with pytest.raises(ValueError, match=f"page.md.*{re.escape(said)}"):
            source.exercises(page)

    @pytest.mark.parametrize(
        ("cell", "said"),
        [
            ("x = 1", "holds one function with a docstring, got:\nx = 1"),
            ("class my_f:\n    pass", "holds one function with a docstring, got:\nclass my_f:"),
            ('def my_f():\n    """Says."""\n\n\nx = my_f()', "holds one function with a docstring, got:\ndef my_f"),
            ("# later", "holds one function with a docstring, got:\n# later"),
            ("def my_f(:", "is no Python (invalid syntax):\ndef my_f(:"),
        ],
    )
    def test_a_solution_cell_that_is_no_function_is_named_with_what_it_holds(self, cell, said, tmp_path):
        page = tmp_path / "page.md"
        function = 'def my_f():\n    """Says."""\n    return 1'
        text = EXERCISE.format(before="Do.", after="").replace(function, cell)
        page.write_text(f"# Page\n\n## Exercises\n\n{text}\n")
        with pytest.raises(ValueError, match=f"^page.md: the exercise 'One': a solution cell {re.escape(said)}"):
            source.exercises(page)
        with pytest.raises(ValueError, match=f"^a solution cell {re.escape(said)}"):
            source.stub(cell)

    @pytest.mark.parametrize(
        ("block", "said"),
        [
            ("```{prf:lemma} So\n```", r"\{prf:lemma\} is a kind of block that was never taught"),
            (":::{quiz} So?\n:::", r"cannot hold a \{quiz\}: no hand-out"),
            ("::::{dropdown} Hint\n:::{figure} a.svg\n:::\n::::", r"cannot hold a \{figure\}: no hand-out"),
            ("- ```{dropdown} Hint\n  ```", r"the \{dropdown\} stands in a list"),
        ],
    )
    def test_a_block_that_no_handout_shows_is_named_with_its_page_and_exercise(self, block, said, tmp_path):
        page = tmp_path / "page.md"
        page.write_text(
            f"# Page\n\n## Exercises\n\n{EXERCISE.format(before=f'Do.{chr(10)}{chr(10)}{block}', after='')}\n"
        )
        with pytest.raises(ValueError, match=f"page.md: the exercise 'One': .*{said}"):
            source.exercises(page)

    def test_a_page_without_exercises_has_none(self, tmp_path):
        page = tmp_path / "page.md"
        page.write_text("# Page\n")
        assert source.exercises(page) == ([], [])


def handout(statement, folder, monkeypatch):
    """The question that the student's notebook asks, of a chapter with one exercise in another book."""
    (folder / "chapters").mkdir(exist_ok=True)
    (folder / "_config.yml").write_text(
        "sphinx: {config: {mathjax3_config: {tex: {macros: {E: '{\\mathbb{E}}', mean: ['\\E_{#1}[#2]', 2]}}}}}\n"
    )
    (folder / "chapters" / "elbo.md").write_text(
        f"# Page\n\n## Exercises\n\n{EXERCISE.format(before=statement, after='').replace('my_f', 'my_kl')}\n"
    )
    monkeypatch.setattr(assignment, "BOOK", folder)
    assignment._macros.cache_clear()
    try:
        return assignment.notebook("elbo", "student").cells[1].source.partition("\n\n")[2]
    finally:
        assignment._macros.cache_clear()


class TestWords:
    def test_macros_are_written_out_in_formulas_alone(self, tmp_path, monkeypatch):
        words = handout("Say $\\E x$ costs \\$5, `$\\E`, $$\n\\mean{q}{x}\n$$ or \\E.", tmp_path, monkeypatch)
        assert words == "Say ${\\mathbb{E}} x$ costs \\$5, `$\\E`, $$\n{\\mathbb{E}}_{q}[x]\n$$ or \\E."

    def test_a_block_inside_another_becomes_what_it_is(self, tmp_path, monkeypatch):
        text = "Do.\n\n::::{dropdown} Hint\nLook.\n\n:::{dropdown} More\n$\\E$\n:::\n::::"
        inner = "<details><summary>More</summary>\n\n${\\mathbb{E}}$\n\n</details>"
        outer = f"<details><summary>Hint</summary>\n\nLook.\n\n{inner}\n\n</details>"
        assert handout(text, tmp_path, monkeypatch) == f"Do.\n\n{outer}"

    @pytest.mark.parametrize("left", ["{glue:text}`elbo`", "{cite:t}`kingma`", "{numref}`Figure %s`"])
    def test_a_role_whose_words_only_the_built_book_knows_is_named(self, left, tmp_path, monkeypatch):
        said = f"elbo.md: the exercise 'One': .*cannot hold {re.escape(left)}"
        with pytest.raises(ValueError, match=said):
            handout(f"See {left}.", tmp_path, monkeypatch)

    def test_a_chapter_is_called_by_its_title_and_one_without_a_title_is_named(self, tmp_path, monkeypatch):
        (tmp_path / "chapters").mkdir()
        other = tmp_path / "chapters" / "other.md"
        other.write_text("(label)=\n# The other one\n")
        assert handout("See {doc}`other`.", tmp_path, monkeypatch) == "See the chapter “The other one”."
        other.write_text("## A part\n")
        with pytest.raises(ValueError, match="elbo.md: the exercise 'One': .*other.md: no title, expected a line"):
            handout("See {doc}`other`.", tmp_path, monkeypatch)

    def test_a_cell_has_no_place_in_a_statement(self, tmp_path, monkeypatch):
        with pytest.raises(ValueError, match=r"elbo.md: the exercise 'One': a \{code-cell\} has no place here"):
            handout("Do.\n\n```{code-cell} ipython3\n1\n```", tmp_path, monkeypatch)


class TestBadInput:
    def test_unknown_chapters_are_named_and_nothing_is_written(self, tmp_path):
        with pytest.raises(ValueError, match="chapters: nowhere, expected some of .*elbo"):
            assignment.write(["elbo", "nowhere"], "student", tmp_path / "out")
        with pytest.raises(ValueError, match="chapters: none"):
            assignment.write([], "student", tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_second_chapter_leaves_a_courses_settings_as_the_teacher_has_them(self, tmp_path):
        assignment.write(["elbo"], "nbgrader", tmp_path)
        config = tmp_path / "nbgrader_config.py"
        config.write_text(config.read_text().replace('"vae"', '"mine"'))
        before = config.read_text()
        paths = assignment.write(["mnist"], "nbgrader", tmp_path)
        assert [path.name for path in paths] == ["mnist.ipynb"]
        assert config.read_text() == before

    def test_an_unknown_kind_is_named(self, tmp_path):
        with pytest.raises(ValueError, match="kind: 'otter', expected one of student, teacher, nbgrader"):
            assignment.write(["elbo"], "otter", tmp_path)

    @pytest.mark.parametrize("kind", assignment.KINDS)
    def test_a_notebook_that_is_there_is_left_and_so_are_all_others(self, kind, tmp_path):
        """A student's work or a teacher's edits may be in it; the second chapter's is looked at before the first's."""
        (work,) = assignment.write(["mnist"], kind, tmp_path)
        work.write_text("a night's work")
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(FileExistsError, match=f"{re.escape(str(work))}: there already; .*--force"):
            assignment.write(["elbo", "mnist"], kind, tmp_path)
        assert work.read_text() == "a night's work"
        assert sorted(tmp_path.rglob("*")) == before

    @pytest.mark.parametrize("kind", assignment.KINDS)
    def test_force_writes_over_notebooks_and_nothing_else(self, kind, tmp_path):
        (path,) = assignment.write(["elbo"], kind, tmp_path)
        whole = path.read_text()
        others = dict.fromkeys((tmp_path / "notes.txt", tmp_path / "nbgrader_config.py"), "mine")
        for other, text in others.items():
            other.write_text(text)
        path.write_text("old")
        assert assignment.write(["elbo"], kind, tmp_path, force=True) == [path]
        assert path.read_text() == whole
        assert {other: other.read_text() for other in others} == others

    def test_force_does_not_reach_what_is_no_file(self, tmp_path):
        (tmp_path / "mnist.ipynb").mkdir()
        with pytest.raises(FileExistsError, match="mnist.ipynb: there already"):
            assignment.write(["elbo", "mnist"], "student", tmp_path, force=True)
        assert not (tmp_path / "elbo.ipynb").exists()

    @pytest.mark.parametrize("other", [False, True], ids=["nothing", "another-book"])
    def test_without_the_chapters_it_says_what_it_looked_for_and_what_to_do(self, other, tmp_path, monkeypatch):
        """Installed, the package lies beside other packages, of which one may be called `book`."""
        monkeypatch.setattr(assignment, "BOOK", tmp_path / "book")
        if other:
            (tmp_path / "book").mkdir()
        page = tmp_path / "book" / "chapters" / "elbo.md"
        with pytest.raises(
            FileNotFoundError, match=f"{re.escape(str(page))} is not there: .*clone the book's repository"
        ):
            assignment.write(["elbo"], "student", tmp_path / "out")
        assert not (tmp_path / "out").exists()


GUIDE = (assignment.BOOK / "appendix" / "teaching_guide.md").read_text(encoding="utf-8")
CLONE = """\
set -e
git() {  # clone ADDRESS FOLDER
    mkdir -p "$3/book"
    cp -r "$REPOSITORY/vae_lib" "$REPOSITORY/vae_course" "$3"
    cp -r "$REPOSITORY/book/chapters" "$REPOSITORY/book/_config.yml" "$3/book"
}
pip() { :; }
nbgrader() { test -f nbgrader_config.py -a -f "source/$2/$2.ipynb"; }
python() { "$PYTHON" "$@"; }
"""
ONLY_INSTALLED = """\
import runpy, sys
from pathlib import Path
sys.argv = ["vae_course", "assignment", "elbo", "--student", "out"]
from vae_course.handout import assignment
assignment.BOOK = Path("site-packages/book").absolute()
runpy.run_module("vae_course", run_name="__main__")
"""


class TestGuide:
    def test_its_blocks_run_one_after_the_other_from_an_empty_folder(self, tmp_path):
        """The stand-ins for git, pip and nbgrader fetch, need and ask what the real ones do."""
        fences = re.findall(r"^```(.*?)\n(.*?)^```$", GUIDE, re.M | re.S)
        blocks = [block for info, block in fences if not info and "assignment" in block]
        assert len(blocks) == 2
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"REPOSITORY": str(assignment.BOOK.parent), "PYTHON": sys.executable, "OMP_NUM_THREADS": "1"}
        ran = subprocess.run(
            ["bash", "-c", CLONE + "".join(blocks)], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr
        made = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.ipynb")}
        assert made == {
            "vae-book/student/elbo.ipynb",
            "vae-book/student/reparameterization.ipynb",
            "vae-book/teacher/elbo.ipynb",
            "vae-book/teacher/reparameterization.ipynb",
            "course/source/elbo/elbo.ipynb",
        }

    def test_machines_of_ones_own_get_jupyter_too(self):
        """The package brings none, as a hosted notebook has its own."""
        (line,) = (line for line in GUIDE.splitlines() if line.startswith("- **Own machines"))
        project = tomllib.loads((assignment.BOOK.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        assert not any(re.match("jupyterlab|notebook", needed) for needed in project["dependencies"])
        assert re.search(r"pip install jupyterlab git\+ADDRESS", line)


class TestCommand:
    def test_refuses_and_forces_as_asked(self, tmp_path):
        def command(*more: str) -> subprocess.CompletedProcess:
            arguments = [sys.executable, "-m", "vae_course", "assignment", "elbo", "--student", str(tmp_path), *more]
            return subprocess.run(arguments, cwd=assignment.BOOK.parent, capture_output=True, text=True)

        work = tmp_path / "elbo.ipynb"
        work.write_text("a night's work")
        refused = command()
        assert (refused.returncode, refused.stdout) == (1, "")
        assert f"error: {work}: there already" in refused.stderr
        assert work.read_text() == "a night's work"
        assert command("--force").returncode == 0
        nbformat.validate(nbformat.read(work, as_version=4))

    def test_where_only_the_package_is_installed_it_says_what_to_do(self, tmp_path):
        environment = os.environ | {"PYTHONPATH": str(assignment.BOOK.parent)}
        ran = subprocess.run(
            [sys.executable, "-c", ONLY_INSTALLED], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert ran.returncode == 1
        assert "Traceback" not in ran.stderr
        assert str(tmp_path / "site-packages" / "book" / "chapters" / "elbo.md") in ran.stderr
        assert "clone the book's repository and run the command in the clone's folder" in ran.stderr
        assert list(tmp_path.iterdir()) == []
