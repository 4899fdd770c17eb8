"""A class of generated submissions for chapter 3's exercises, and the marks that each of them deserves.

Right answers, every classic mistake, and what else comes in: broken, hanging, greedy and dishonest notebooks.
"""

import copy
import textwrap
from collections.abc import Callable
from dataclasses import dataclass

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

KL = "return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)"
IWAE = "return torch.logsumexp(log_weights, 0) - torch.tensor(float(len(log_weights))).log()"
# Nothing of it is done while it is marked, and what stands after it is.
INSTALLS = """\
from pathlib import Path

%pip install no-such-package
!pip install no-such-package && touch installed
if not Path("installed").exists():
    listed = !ls
assert listed == []
scale = 1.0"""


@dataclass(frozen=True)
class Student:
    """One submission: the notebook, or the text of a file that is none; the marks (my_kl, my_iwae_bound); what is
    said.
    """

    notebook: NotebookNode | str
    marks: tuple[float, float]
    said: str = ""


def classroom(handed_out: NotebookNode) -> dict[str, Student]:
    """The class, by name. handed_out: the student's notebook of chapter 3."""

    def answers(kl: str = KL, iwae: str = IWAE) -> NotebookNode:
        notebook = copy.deepcopy(handed_out)
        for name, body in (("my_kl", kl), ("my_iwae_bound", iwae)):
            cell = cell_of(notebook, name)
            cell.source = cell.source.replace("    raise NotImplementedError", textwrap.indent(body, "    "))
        return notebook

    def changed(change: Callable[[NotebookNode], None]) -> NotebookNode:
        notebook = answers()
        change(notebook)
        return notebook

    def first_cell(code: str) -> NotebookNode:
        return changed(lambda notebook: notebook.cells.insert(0, new_code_cell(code)))

    def cell_after(name: str, code: str) -> NotebookNode:
        return changed(lambda nb: nb.cells.insert(nb.cells.index(cell_of(nb, name)) + 1, new_code_cell(code)))

    def duplicate(notebook: NotebookNode) -> None:
        for name in ("my_kl", "my_iwae_bound"):
            cell = cell_of(notebook, name)
            notebook.cells.insert(notebook.cells.index(cell), copy.deepcopy(cell))
        notebook.cells.append(copy.deepcopy(notebook.cells[-2]))

    def strip(notebook: NotebookNode) -> None:
        notebook.metadata.clear()
        for cell in notebook.cells:
            cell.metadata.clear()
            cell.pop("id", None)
        notebook.nbformat_minor = 4

    installs = answers(KL.replace("return", "return scale *"))
    installs.cells.insert(1, new_code_cell(INSTALLS))
    installs.cells.insert(1, new_code_cell("%%bash\npip install no-such-package"))

    return {
        "right": Student(answers(), (4, 3)),
        "untouched": Student(copy.deepcopy(handed_out), (0, 0), "not attempted"),
        "one-of-two": Student(answers(iwae="raise NotImplementedError"), (4, 0), "not attempted"),
        # classic mistakes
        "negative-kl": Student(
            answers("return -0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum(-1)"), (0, 3), "negative"
        ),
        "summed-the-batch": Student(
            answers("return 0.5 * (mean**2 + log_var.exp() - 1 - log_var).sum()"), (0, 3), "batch"
        ),
        "is-an-elbo": Student(
            answers(iwae="return log_weights.mean(0)"), (4, 0), "The logarithm stands outside the mean"
        ),
        "underflows": Student(answers(iwae="return log_weights.exp().mean(0).log()"), (4, 2), "underflowed"),
        # results of no use
        "none": Student(answers("0.5 * mean.sum(-1)"), (0, 3), "returned None"),
        "nan": Student(answers("return (0 * mean).sum(-1) * float('nan')"), (0, 3), "NaN"),
        "wrong-shape": Student(answers("return mean[:, :, None]"), (0, 3), "Expected a tensor of shape"),
        "wrong-type": Student(answers("return 'half'"), (0, 3), "got str"),
        "numpy": Student(answers("return mean.sum(-1).numpy()"), (0, 3), "got ndarray"),
        "huge-result": Student(answers("return torch.zeros(2_000_000)"), (0, 3), "shape (2000000,)"),
        "raises": Student(answers("return mean.nope"), (0, 3), "AttributeError"),
        "wrong-signature": Student(cell_after("my_kl", "def my_kl(mean): return mean"), (0, 3), "TypeError"),
        # what only makes noise
        "prints-and-warns": Student(
            answers(
                "import warnings, sys\nprint('hello')\nwarnings.warn('beware')\nprint('!', file=sys.stderr)\n" + KL
            ),
            (4, 3),
        ),
        "spoils-its-arguments": Student(
            answers(KL.replace("return", "result =") + "\nmean.zero_()\nreturn result"), (4, 3)
        ),
        "uses-magics": Student(first_cell("%matplotlib inline\n!true"), (4, 3)),
        "installs": Student(installs, (4, 3)),
        "leaves-a-process": Student(first_cell("import subprocess\nsubprocess.Popen(['sleep', '61321'])"), (4, 3)),
        # broken notebooks
        "syntax-error": Student(answers("return 0.5 * (mean**2"), (0, 3), "SyntaxError"),
        "error-in-a-cell": Student(first_cell("1 / 0"), (4, 3)),
        "missing-cell": Student(changed(lambda nb: nb.cells.remove(cell_of(nb, "my_kl"))), (0, 3), "not defined"),
        "no-marking-cells": Student(
            changed(lambda nb: nb.update(cells=[c for c in nb.cells if "check(" not in c.source])), (4, 3)
        ),
        "doubled-cells": Student(changed(duplicate), (4, 3)),
        "lost-metadata": Student(changed(strip), (4, 3)),
        "no-notebook": Student("this is no notebook", (0, 0), "could not be"),
        # for ever
        "loop-in-function": Student(answers("while True: pass"), (0, 3), "not done after"),
        "loop-in-cell": Student(first_cell("while True: pass"), (4, 3)),
        "huge-memory": Student(answers("return torch.ones(10**12).sum()"), (0, 3), "raised"),
        "grows": Student(answers("held = []\nwhile True: held.append(torch.ones(10**7))"), (0, 3), "raised"),
        # leaving
        "sys-exit": Student(answers("import sys\nsys.exit(0)"), (0, 3), "SystemExit"),
        "exit-in-cell": Student(first_cell("exit()"), (4, 3)),
        "os-exit": Student(answers("import os\nos._exit(0)"), (0, 3), "SystemExit"),
        # dishonest
        "overwrites-check": Student(
            cell_after("my_kl", "def my_kl(mean, log_var): return 0\ncheck = grade = print"),
            (0, 3),
            "Expected a tensor",
        ),
        "patches-the-package": Student(
            cell_after(
                "my_kl",
                "def my_kl(mean, log_var): return 0\nimport vae_course as e\ne.grade = lambda *a: 1000.0",
            ),
            (0, 3),
        ),
        "imports-the-solution": Student(
            cell_after("my_kl", "del my_kl\nfrom vae_course.bank.elbo import my_kl"), (0, 3), "not defined"
        ),
        "calls-the-solution": Student(
            answers("from vae_course.bank.elbo import my_kl as theirs\nreturn theirs(mean, log_var)"),
            (0, 3),
            "package",
        ),
        "calls-the-library": Student(
            answers(
                "from vae_lib.distributions import DiagonalGaussian, kl_to_standard_normal\n"
                "return kl_to_standard_normal(DiagonalGaussian(mean, log_var)).sum(-1)"
            ),
            (0, 3),
            "the answer itself",
        ),
    }


def cell_of(notebook: NotebookNode, function: str) -> NotebookNode:
    """The cell that defines the function."""
    return next(cell for cell in notebook.cells if f"def {function}(" in cell.source)
