"""Mistyped and forgotten names on a page are found before anything runs, each with its line."""

from pathlib import Path

import pytest
import small_book
from _ext.names import faults
from myst_nb.core.config import NbParserConfig
from myst_nb.core.read import create_nb_reader
from myst_parser.config.main import MdParserConfig

EXERCISE = """\
## Exercises

:::{exercise-start} A divergence
:label: ex
:::

```{starter} my_kl
```

:::{exercise-end}
:::

:::{solution-start} ex
:::

```{code-cell} ipython3
:tags: [solution]

def my_kl(mean, log_var):
    \"\"\"Nats.\"\"\"
    return 0 * mean
```

:::{solution-end}
:::
"""


def found(folder: Path, *cells: str, prose: str = "") -> list[str]:
    """The faults of a page, each after the text of its line."""
    path = folder / "page.md"
    blocks = "\n\n".join(f"```{{code-cell}} ipython3\n:tags: [hide-input]\n\n{cell}\n```" for cell in cells)
    path.write_text(f"{small_book.FRONT}# A page\n\n{blocks}\n\n{prose}\n")
    text = path.read_text()
    notebook = create_nb_reader(str(path), MdParserConfig(), NbParserConfig(), text).read(text)
    return [f"{text.splitlines()[line - 1].strip()} -> {fault}" for line, fault in faults(path, notebook)]


IMPORTS = "from vae_course import check, hint as help_me\nfrom vae_lib import recipes"
MY_KL = "def my_kl(mean, log_var):\n    return mean"


@pytest.mark.parametrize(
    "code",
    [
        "check(my_kl)\nhelp_me(my_kl, 1)",
        'recipes.load("vae-2")\nrecipes.get(name)\nlist(recipes.load_all(["vae-2", name]))',
        "mine = my_kl\ncheck(mine)",  # its function has the name
        "%matplotlib inline\n!ls\ncheck(my_kl)",
        "def check_it(f):\n    return f\ncheck_it(no_exercise)",
        "%%bash\ncheck(my_lk)",
    ],
)
def test_what_is_there_is_no_fault(tmp_path, code):
    assert found(tmp_path, IMPORTS, MY_KL, code) == []


def test_a_whole_exercise_is_no_fault(tmp_path):
    assert found(tmp_path, prose=EXERCISE) == []


def test_every_unknown_name_is_told_with_its_line(tmp_path):
    cells = ["%%time\ncheck(my_lk)", 'help_me(my_lk, 2)\nmodel, _ = recipes.load("vae-3")', 'recipes.get("vae-4")']
    told = found(tmp_path, IMPORTS, *cells)
    assert [each.partition(" -> ")[0] for each in told] == [*(line for cell in cells for line in cell.split("\n"))][1:]
    assert told[0].endswith("no exercise is called 'my_lk'; did you mean my_kl?")
    assert told[2].endswith("'vae-3' is unknown, expected one of vae-20, vae-2, " + told[2].partition("vae-2, ")[2])


def test_a_function_of_the_bank_that_is_no_exercise_is_said_to_be_there(tmp_path, monkeypatch):
    from vae_course import bank

    others = {name: each for name, each in bank.EXERCISES.items() if name != "my_kl"}
    monkeypatch.setattr(bank, "EXERCISES", others)  # a dictionary that gets it back has it last
    (told,) = found(tmp_path, IMPORTS, MY_KL, "check(my_kl)")
    assert "vae_course/bank/elbo.py defines it, but not among its EXERCISES" in told


def test_an_exercise_whose_solution_is_missing_is_told_at_its_starter(tmp_path):
    (told,) = found(tmp_path, prose=EXERCISE.replace("[solution]", "[hide-input]"))
    assert told == (
        "```{starter} my_kl -> my_kl needs a solution cell on this page: one with the tag solution that defines it"
    )


def test_an_exercise_that_is_malformed_otherwise_is_told_at_its_section(tmp_path):
    (told,) = found(tmp_path, prose=EXERCISE.replace(":label: ex\n", "").replace("-start} ex", "-start}"))
    assert told.startswith("## Exercises -> page.md: the exercise 'A divergence' needs a label")
