"""What a notebook is made by: whose copy this is, TeX without macros, Markdown from HTML, cells from a page."""

import re
import subprocess
from pathlib import Path

import nbformat
import pytest
from _ext.editions.pages import is_hidden_code, of_page
from _ext.figures.inline import compact, inline
from _ext.notebooks.cells import GLUE, page_cells, without_book
from _ext.notebooks.markdown import PageMarkdown
from _ext.site.origin import Checkout, repository
from bs4 import BeautifulSoup
from docutils import nodes
from docutils.utils import new_document
from hypothesis import given, strategies

from vae_course.handout.tex import expand, portable

URL = "https://reader.example/book/chapters/page.html"
MACROS = {
    "E": "{\\mathbb{E}}",
    "eps": "{\\varepsilon}",
    "d": "\\mathrm",
    "gap": "\\E[\\eps]",
    "mean": ["\\E_{#1}[#2]", 2],
}


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "protocol.file.allow=always")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A checkout of two commits, of which the first touched the package."""
    folder = tmp_path / "clone"
    (folder / "vae_lib").mkdir(parents=True)
    git(folder, "init", "--quiet")
    for path in ("vae_lib/elbo.py", "book.md"):
        (folder / path).write_text(path)
        git(folder, "add", path)
        git(folder, "commit", "--quiet", "-m", path)
    return folder


class TestRepository:
    @pytest.mark.parametrize(
        "remote",
        [
            "https://github.com/reader/vae.book",
            "https://github.com/reader/vae.book.git/",
            "https://x-access-token:secret@github.com/reader/vae.book.git",
            "git@github.com:reader/vae.book.git",
            "git@github.com:reader/vae.book",
            "ssh://git@github.com/reader/vae.book.git",
            "ssh://git@ssh.github.com:443/reader/vae.book.git",
            "git://github.com/reader/vae.book",
        ],
    )
    def test_is_read_from_a_remote_on_github(self, remote: str) -> None:
        assert repository(environment="", remote=remote, configured="") == "reader/vae.book"

    @pytest.mark.parametrize(
        "remote",
        [
            "",
            "/srv/git/book",
            "../book",
            "shared/book",
            "file:///srv/git/book.git",
            "C:/books/vae",
            "https://gitlab.com/reader/book.git",
            "git@gitlab.com:reader/book.git",
            "https://github.com.example.org/reader/book",
            "https://notgithub.com/reader/book",
            "https://github.com/reader",
            "https://github.com/reader/..",
            "https://github.com/reader/.git",
            "https://github.com/reader/book/tree/main",
            "https://github.com/reader/book?q=<script>",
        ],
    )
    def test_any_other_remote_names_none(self, remote: str) -> None:
        assert repository(environment="", remote=remote, configured="") == ""

    def test_the_ci_comes_first_and_the_configuration_last(self) -> None:
        remote = "git@github.com:of/git.git"
        assert repository(environment="of/ci", remote=remote, configured="of/config") == "of/ci"
        assert repository(environment="odd", remote=remote, configured="of/config") == "of/git"
        assert repository(environment="", remote="/srv/git/book", configured="of/config") == "of/config"
        assert repository(environment="odd", remote="/srv/git/book", configured="odd/../odd") == ""


class TestCheckout:
    def test_names_the_commit_that_last_touched_the_package(self, clone: Path) -> None:
        git(clone, "remote", "add", "origin", "git@github.com:reader/book.git")
        checkout = Checkout(clone)
        assert checkout.package_commit == git(clone, "rev-parse", "HEAD~1")
        assert checkout.remote == "git@github.com:reader/book.git"
        assert not checkout.shallow

    def test_knows_the_day_of_the_last_commit_that_touched_each_file(
        self, clone: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        changes = Checkout(clone).last_changes
        assert set(changes) == {clone / "vae_lib/elbo.py", clone / "book.md"}
        for name in ("book.md", "größe.md", "uncommitted.md"):
            (clone / name).write_text("later")
        git(clone, "add", "book.md", "größe.md")
        monkeypatch.setenv("GIT_COMMITTER_DATE", "2031-02-03T12:00Z")
        git(clone, "commit", "--quiet", "-m", "later")
        later = dict.fromkeys([clone / "book.md", clone / "größe.md"], "2031-02-03")
        assert Checkout(clone).last_changes == changes | later

    def test_a_shallow_clone_knows_that_it_is_one(self, clone: Path, tmp_path: Path) -> None:
        git(tmp_path, "clone", "--quiet", "--depth=1", clone.as_uri(), "shallow")
        checkout = Checkout(tmp_path / "shallow")
        assert checkout.shallow
        assert checkout.last_changes == {}  # all files would seem to be as old as the one commit
        assert checkout.package_commit == git(clone, "rev-parse", "HEAD")

    def test_a_copy_inside_another_checkout_is_none(self, clone: Path) -> None:
        git(clone, "remote", "add", "origin", "git@github.com:somebody/else.git")
        copy = clone / "copy"
        (copy / "vae_lib").mkdir(parents=True)
        checkout = Checkout(copy)
        assert (checkout.remote, checkout.package_commit, checkout.shallow) == ("", "", False)
        assert checkout.last_changes == {}

    def test_without_git_there_is_nothing_to_know(self, clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(clone))
        checkout = Checkout(clone)
        assert (checkout.remote, checkout.package_commit, checkout.shallow) == ("", "", False)
        assert checkout.last_changes == {}


class TestTex:
    @pytest.mark.parametrize(
        ("tex", "expanded"),
        [
            (r"\E_q", r"{\mathbb{E}}_q"),
            (r"\Ex + \d x", r"\Ex + \mathrm x"),  # another command that begins alike
            (r"a \\d", r"a \\d"),  # the end of a line, and a letter
            (r"\gap", r"{\mathbb{E}}[{\varepsilon}]"),
            (r"\mean{q}{\log \frac{a}{b}}", r"{\mathbb{E}}_{q}[\log \frac{a}{b}]"),
            (r"\mean q \eps", r"{\mathbb{E}}_{q}[{\varepsilon}]"),
            (r"\mean{\{}{\}}", r"{\mathbb{E}}_{\{}[\}]"),
        ],
    )
    def test_macros_are_written_out(self, tex: str, expanded: str) -> None:
        assert expand(tex, MACROS) == expanded

    def test_a_command_keeps_its_end(self) -> None:
        assert expand(r"\d{x}", {"d": r"\partial"}) == r"\partial{x}"
        assert expand(r"{\d}x", {"d": r"\partial"}) == r"{\partial}x"
        assert expand(r"\!x\!y", {"!": r"\partial"}) == r"\partial x\partial y"

    @pytest.mark.parametrize(
        ("tex", "macros", "said"),
        [(r"\a", {"a": r"\b", "b": r"\a"}, "end"), (r"\mean{q}", MACROS, "lacks"), (r"\mean{q}{", MACROS, "braces")],
    )
    def test_what_has_no_meaning_is_an_error(self, tex: str, macros: dict, said: str) -> None:
        with pytest.raises(ValueError, match=said):
            expand(tex, macros)

    @pytest.mark.parametrize("meaning", [3, None, ["#1"], ["#1", "1"], ["#1", 1, "x"], {"body": "#1"}])
    def test_a_macro_that_is_no_macro_is_named_with_what_it_is(self, meaning: object) -> None:
        with pytest.raises(ValueError, match=rf"^\\mean: {re.escape(repr(meaning))}, expected the macro's body, or \["):
            expand(r"a \mean{q}", {"mean": meaning})

    @given(strategies.text("\\{}abE1 \n%"))
    def test_tex_without_macros_is_left_as_it_is(self, tex: str) -> None:
        assert expand(tex, {}) == tex

    def test_a_formula_is_one_line_that_no_reader_takes_for_a_tag(self) -> None:
        assert portable("a <b % why\n  &> 50\\% \\\\\n- c", {}) == r"a \lt b &\gt 50\% \\ - c"


def markdown(text: str, url: str = "") -> str:
    return PageMarkdown(url, MACROS).markdown(list(BeautifulSoup(text, "html.parser").children))


TEX = "<math><semantics><mi>a</mi><annotation>{}</annotation></semantics></math>"
MATH = f'<span class="math notranslate nohighlight">{TEX}</span>'
DISPLAY = f'<div class="math notranslate nohighlight" id="e">{TEX}<span class="eqno">(3.1)</span></div>'
ALIGNED = r"\begin{aligned}a &= b \\ &= c\end{aligned}"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<h2>Signs</h2>", "## Signs"),
        ("<p>One\n1. <em>two</em>\n# a_b, 3 * 4, `x`</p>", r"One 1. *two* # a\_b, 3 \* 4, \`x\`"),
        ("<p>$5 &lt; $6 &amp; <code>a_$b</code></p>", r"\$5 &lt; \$6 & `a_$b`"),
        (f"<p>The mean {MATH.format(' E_q &lt; 1 ')}.</p>", r"The mean $E_q \lt 1$."),
        ("<p>" + MATH.format(r"\E_a * b_c") + "</p>", r"${\mathbb{E}}_a * b_c$"),
        (DISPLAY.format("\n a \n= b \n"), "$$\na = b \\tag{3.1}\n$$"),
        (
            DISPLAY.format(r"\begin{split}a \\ b\end{split}"),
            "$$\n\\begin{aligned}a \\\\ b\\end{aligned} \\tag{3.1}\n$$",
        ),
        (DISPLAY.format(r"\begin{split}" + ALIGNED + r"\end{split}"), f"$$\n{ALIGNED} \\tag{{3.1}}\n$$"),
        (DISPLAY.format(r"\begin{equation}a\end{equation}"), "$$\na \\tag{3.1}\n$$"),
        (f"<ul><li><p>so</p>{DISPLAY.format('a')}</li></ul>", "- so\n\n  $$ a \\tag{3.1} $$"),
        ("<ol><li><p>one</p></li><li><p>two</p></li></ol>", "1. one\n2. two"),
        ("<blockquote><div><p>one</p><p>two</p></div></blockquote>", "> one\n>\n> two"),
        (
            '<div class="tip admonition"><p class="admonition-title">Read</p><p>this</p>'
            f"{DISPLAY.format('a')}<pre>x = 1\n\ny = 2</pre></div>",
            "> **Read**\n>\n> this\n>\n> $$ a \\tag{3.1} $$\n>\n> ```\n> x = 1\n>\n> y = 2\n> ```",
        ),
        (
            '<div class="dropdown admonition"><p class="admonition-title">More</p><p>words</p></div>',
            "<details><summary>More</summary>\n\nwords\n\n</details>",
        ),
        (
            f"<details><summary><span>Is {MATH.format('a &lt; b')} &lt; <code>c</code>?</span><svg>x</svg></summary>"
            "<div><p><strong>No.</strong> Why?</p></div></details>",
            "<details><summary>Is $a \\lt b$ &lt; <code>c</code>?</summary>\n\n**No.** Why?\n\n</details>",
        ),
        (
            '<div class="highlight-ipython3"><div class="highlight"><pre>a_b = "$"\n# c\n</pre></div></div>',
            '```python\na_b = "$"\n# c\n```',
        ),
        ('<div class="highlight-console"><pre>make book</pre></div>', "```console\nmake book\n```"),
        ("<dl><dt>rate</dt><dd><p>nats</p></dd></dl>", "**rate**\n\n> nats"),
        (
            "<table><caption>Table 1</caption><thead><tr><th><p>a</p></th></tr></thead>"
            f"<tbody><tr><td><p>{MATH.format('p(a|b)')} or a|b</p></td></tr></tbody></table>",
            "Table 1\n\n| a |\n| --- |\n| $p(a\\vert b)$ or a\\|b |",
        ),
    ],
)
def test_each_kind_of_block_becomes_plain_markdown(page: str, expected: str) -> None:
    assert markdown(page) == expected


@pytest.mark.parametrize(
    ("page", "with_site", "without"),
    [
        ('<a href="#e">(3.1)</a>', f"[(3.1)]({URL}#e)", "(3.1)"),
        ('<a href="../project.html">Project</a>', "[Project](https://reader.example/book/project.html)", "Project"),
        ('<a href="https://a.example/b">b</a>', "[b](https://a.example/b)", "[b](https://a.example/b)"),
        (
            '<img src="../_images/a.png" alt="A plane">',
            "![A plane](https://reader.example/book/_images/a.png)",
            "*A plane*",
        ),
    ],
)
def test_links_lead_to_the_site_where_it_is_known(page: str, with_site: str, without: str) -> None:
    assert markdown(f"<p>{page}</p>", URL) == with_site
    assert markdown(f"<p>{page}</p>") == without


BOX = '<div class="cell docutils container"><pre>shown</pre>{}</div>'
PAGE = f"""
<section><h1>Title</h1><p>Words.</p>{BOX.format("<figcaption><p>Fig. 1</p></figcaption>")}<p>More.</p>
<section><h2>Exercises</h2>
<div class="exercise admonition"><p class="admonition-title">Exercise 1</p><section><p>Write it.</p>
<div class="starter highlight-python"><pre>def my_f(x):
    raise NotImplementedError
</pre></div><details><summary>Hint 1</summary><p>Think.</p></details></section></div>
<div class="solution dropdown admonition"><p class="admonition-title">Solution to <a href="#e">Exercise 1</a></p>
<section><p>So.</p>{BOX.format("")}<p>And so.</p></section></div></section></section>
"""


def source(*cells: tuple[str, list[str]]) -> nbformat.NotebookNode:
    new = nbformat.v4.new_code_cell
    return nbformat.v4.new_notebook(cells=[new(code, metadata={"tags": tags}) for code, tags in cells])


def test_a_page_becomes_cells_in_its_order() -> None:
    given_cells = [
        ("hidden = 0", ["remove-cell"]),
        ("plot()", []),
        ("glue(1)", ["remove-cell"]),
        ("def my_f(x): x", ["solution"]),
    ]
    cells = page_cells(PAGE, source(*given_cells), [1, 3], "", {})
    assert [cell.source for cell in cells] == [
        "# Title\n\nWords.",
        "hidden = 0",
        "plot()",
        "Fig. 1",
        "glue(1)",
        "More.",
        "## Exercises",
        "### Exercise 1\n\nWrite it.",
        "def my_f(x):\n    raise NotImplementedError",
        "check(my_f)",
        "<details><summary>Hint 1</summary>\n\nThink.\n\n</details>",
        "<details><summary>Solution to Exercise 1</summary>\n\nSo.\n\n</details>",
        "def my_f(x): x",
        "<details><summary>Solution to Exercise 1, continued</summary>\n\nAnd so.\n\n</details>",
    ]
    collapsed = [cell.source for cell in cells if cell.metadata.get("jupyter", {}).get("source_hidden")]
    assert collapsed == ["hidden = 0", "glue(1)", "def my_f(x): x"]


def test_a_page_with_other_cells_than_its_source_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells in the page, 1 expected"):
        page_cells(PAGE, source(("1", []), ("2", [])), [0], "", {})


def test_code_needs_no_myst_nb() -> None:
    bare = without_book("import torch\nfrom myst_nb import glue\n\nimport math\n\nglue('a', 1, display=False)")
    assert bare == f"import torch\n\nimport math\n\nglue('a', 1, display=False)\n\n{GLUE}"
    assert without_book("a = 1\n") == "a = 1\n"
    with pytest.raises(ValueError, match="myst_nb"):
        without_book("from myst_nb import glue, render\n")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('<div class="solution"><p>So.</p></div>', "holds no .admonition-title, summary"),
        ('<div class="exercise"><p>Do.</p></div>', "holds no .admonition-title, summary"),
        ("<details><p>So.</p></details>", "holds no summary, .admonition-title"),
        ('<div class="starter"><pre>x = 1</pre></div>', "the stub of one function, got:\nx = 1"),
        ('<div class="starter"><pre></pre></div>', "the stub of one function"),
    ],
)
def test_a_part_that_is_not_as_a_notebook_needs_it_is_named(body: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        page_cells(body, nbformat.v4.new_notebook(), [], URL, MACROS)


def test_a_figure_in_the_page_keeps_what_is_seen_of_it() -> None:
    drawn = """<defs>
<path d="M 0 0
L 0.123456 3.5
" id="tick" transform="scale(0.015625)"/>
</defs>
<!-- −2 -->
<g id="axis">
<g id="nothing"/>
<g style="fill: red">
<use x="57.027087" xlink:href="#tick"/>
</g>
</g>"""
    assert compact(drawn) == (
        '<defs><path d="M 0 0 L 0.12 3.5 " id="tick" transform="scale(0.015625)"/></defs>'
        '<g style="fill: red"><use x="57.03" xlink:href="#tick"/></g>'
    )


@pytest.mark.parametrize("head", ["<svg>", '<svg width="1pt">', '<svg viewBox="0 0 1 1">'])
def test_a_figure_without_a_size_is_named(head: str) -> None:
    with pytest.raises(ValueError, match=f"svg: {head!r}, expected a width in pt and a viewBox"):
        inline(f"{head}</svg>", alt="", prefix="")


@pytest.mark.parametrize(
    ("tag", "hidden"),
    [("hide-input", True), ("hide-cell", True), ("hide-output", False), ("solution", False)],
)
def test_a_cells_tags_hide_its_code_alike_on_paper_and_in_a_notebook(tag: str, hidden: bool) -> None:
    document = new_document("page")
    code = nodes.container("", nodes.literal_block("", "1"), nb_element="cell_code_source")
    output = nodes.container("", nodes.paragraph("", "1"), nb_element="cell_code_output")
    cell = nodes.container("", code, output, nb_element="cell_code", cell_metadata={"tags": [tag]}, hide_mode="any")
    document += cell
    assert (of_page(document, is_hidden_code) == [code]) == hidden
    source = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1", metadata={"tags": [tag]})])
    (made,) = page_cells('<div class="cell container"></div>', source, [0], URL, MACROS)
    assert bool(made.metadata.get("jupyter")) == hidden
