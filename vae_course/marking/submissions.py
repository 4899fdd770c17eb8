"""Whose file is whose, and which of a student's notebooks counts.

A student is what lies directly in the folder: `NAME.ipynb`, a folder `NAME`, Moodle's `NAME_ID_assignsubmission_file_`
(folder or file) or Canvas's `NAME_ID_FILEID_file.ipynb` and `NAME_LATE_ID_FILEID_file.ipynb`. With a platform's names
the student is `NAME_ID`, so that two of one name stay two, and what is handed in again stays with its student.
"""

import ast
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from os.path import realpath
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from vae_course.bank import EXERCISES
from vae_course.checking.exercise import Exercise

NOTEBOOK = re.compile(r"(\.ipynb)+(\.txt|\.json)?$", re.I)  # browsers and mail programs add an ending of their own
MOODLE = re.compile(r"(?P<student>.+_\d+)_assignsubmission_[a-z]+(_.*)?", re.S)
CANVAS = re.compile(
    r"(?P<name>[^_]+)_(LATE_)?(?P<id>\d\d+)_(?P<file>\d\d+)_.*?(-(?P<attempt>\d+))?(\.\w+)*", re.S | re.I
)
COPY = re.compile(r"([-_. ]+(\(\d+\)|v?\d+|copy\d*|old|new|final))+$", re.I)  # what tells one's versions apart
LITTER = {"__macosx", "__pycache__", "thumbs.db", "desktop.ini"}  # beside all that begins with a dot
MAGIC = re.compile(r"^\s*[%!].*$", re.M)  # lines that are IPython's
MAKES = re.compile(r"\b(?:def|class|import|as)\s+(\w+)|\b(\w+) *=(?!=)")
EXPECTED = "expected NAME.ipynb or NAME/*.ipynb for each student"


@dataclass(frozen=True)
class Notebook:
    """A file that is meant as a notebook.

    name: as the student has it. problem: why it cannot be read, or "". functions: those of exercises that it holds.
    when: of two, the later is greater; Canvas's numbers of the file and the attempt, and the file's time.
    """

    path: Path
    name: str
    problem: str = ""
    functions: frozenset[str] = frozenset()
    when: tuple[int, int, float] = (0, 0, 0.0)


@dataclass(frozen=True)
class Submission:
    """All that a student handed in. others: the names of the files that are no notebooks."""

    student: str
    notebooks: tuple[Notebook, ...]
    others: tuple[str, ...]

    @property
    def empty(self) -> str:
        """Why there is nothing to mark; "" where there is something."""
        if any(not each.problem for each in self.notebooks):
            return ""
        if self.notebooks:
            return " ".join(each.problem for each in self.notebooks)
        if not self.others:
            return "The folder is empty."
        zipped = " Unpack it first." if any(name.lower().endswith(".zip") for name in self.others) else ""
        shown = ", ".join(self.others[:5]) + (", …" if len(self.others) > 5 else "")
        return f"No notebook (.ipynb), only {shown}.{zipped}"


@dataclass(frozen=True)
class Choice:
    """counts: exercise -> the notebook that counts for it. older: why each of the others does not."""

    counts: dict[str, Notebook]
    older: dict[Notebook, str]

    def functions(self) -> dict[Notebook, list[str]]:
        """Each notebook that counts, and the exercises for which it does."""
        found: dict[Notebook, list[str]] = {}
        for name, notebook in self.counts.items():
            found.setdefault(notebook, []).append(name)
        return found


def read(path: Path) -> NotebookNode:
    """The notebook in a file, of whatever version; not validated, for a cell that stands twice is still marked."""
    if path.exists() and not path.is_file():
        raise OSError("no plain file")  # a pipe would be waited for
    return nbformat.convert(nbformat.reader.reads(path.read_text(encoding="utf-8-sig")), to_version=4)


def code(notebook: NotebookNode) -> list[tuple[int, str]]:
    """The code cells: (number in the notebook, source)."""
    cells = enumerate(notebook.cells, 1)
    return [(number, str(cell.get("source", ""))) for number, cell in cells if cell.get("cell_type") == "code"]


def find(
    folder: Path, known: Collection[str] = (), leave_out: Path | None = None
) -> tuple[list[Submission], list[str]]:
    """The submissions in a folder, by name, and what is to be said of how they were found.

    A folder that lies there alone and holds the class is looked into. known: students who have been marked before, by
    which one of them is told from a class. leave_out: what is no student's, though it lies there.
    Raises ValueError where there is nothing, or where one student cannot be told from a class.
    """
    if not folder.is_dir():
        raise ValueError(f"submissions: {folder} is no folder")
    said = []
    while inner := _class_in(folder, known, leave_out):
        said.append(f"{inner} holds the class.")
        folder = inner
    entries: dict[str, list[Path]] = {}
    for entry in _entries(folder, leave_out):
        entries.setdefault(student_of(entry), []).append(entry)
    if not entries:
        raise ValueError(f"submissions: no notebook in {folder}; {EXPECTED}")
    return [_submission(student, entries[student]) for student in sorted(entries)], said


def student_of(entry: Path) -> str:
    """The student whose file or folder this is, by its name alone."""
    if match := MOODLE.fullmatch(entry.name):
        return match["student"]
    if entry.is_dir():
        return entry.name
    if match := CANVAS.fullmatch(entry.name):
        return f"{match['name']}_{match['id']}"
    return NOTEBOOK.sub("", entry.name) if NOTEBOOK.search(entry.name) else entry.stem


def choose(submission: Submission, exercises: list[Exercise]) -> Choice:
    """Which notebook counts for which exercise: no two versions are mixed.

    Within a chapter, notebooks with different functions belong together. Of two with the same function, that counts
    which holds more of the chapter's functions, and of equals the newest: the newest whole hand-in.
    """
    readable = [each for each in submission.notebooks if not each.problem]
    readable.sort(key=lambda each: (each.when, _natural(each.name)), reverse=True)
    counts: dict[str, Notebook] = {}
    beaten: dict[Notebook, str] = {}
    for chapter in dict.fromkeys(each.chapter for each in exercises):
        in_order = [each.name for each in exercises if each.chapter == chapter]
        names = set(in_order)
        taken: list[Notebook] = []
        for notebook in sorted(readable, key=lambda each: -len(each.functions & names)):
            held = notebook.functions & names
            if better := next((each for each in taken if each.functions & held), None):
                beaten[notebook] = _why(notebook, better, names)
            elif held:
                taken.append(notebook)
        for name in in_order:
            holds = [each for each in taken if name in each.functions]
            if which := holds or taken or readable:
                counts[name] = which[0]
    used = {each for name, each in counts.items() if name in each.functions}
    return Choice(counts, {each: why for each, why in beaten.items() if each not in used})


def _why(notebook: Notebook, better: Notebook, names: set[str]) -> str:
    if len(notebook.functions & names) < len(better.functions & names):
        return f"{better.name} holds more of the functions."
    if notebook.when < better.when:
        return f"{better.name} is newer."
    return f"{better.name} is as new, and the last by name."


def _entries(folder: Path, leave_out: Path | None = None) -> list[Path]:
    """What lies in a folder, by name, without what computers leave there."""
    entries = sorted(entry for entry in folder.iterdir() if not _is_litter(entry.name))
    return [entry for entry in entries if leave_out is None or realpath(entry) != realpath(leave_out)]


def _is_litter(name: str) -> bool:
    return name.startswith(".") or name.lower() in LITTER


def _submission(student: str, entries: list[Path]) -> Submission:
    notebooks, others = [], []
    for entry, path in ((each, path) for each in entries for path in _files(each)):
        name = path.name if path == entry else path.relative_to(entry).as_posix()
        if NOTEBOOK.search(path.name):
            notebooks.append(_notebook(path, name, CANVAS.fullmatch(name) if path == entry else None))
        else:
            others.append(name)
    return Submission(student, tuple(notebooks), tuple(others))


def _files(entry: Path) -> Iterator[Path]:
    if not entry.is_dir():
        yield entry
        return
    for path in sorted(entry.rglob("*")):
        if not path.is_dir() and not any(map(_is_litter, path.relative_to(entry).parts)):
            yield path


def _notebook(path: Path, name: str, canvas: re.Match | None) -> Notebook:
    file, attempt = (int(canvas["file"]), int(canvas["attempt"] or 0)) if canvas else (0, 0)
    try:
        cells = [source for _, source in code(read(path))]
        when = (file, attempt, path.stat().st_mtime)
    except Exception as error:  # whatever lies in a student's file, it is no fault of the marker
        reason = f"{type(error).__name__}: {str(error)[:200]}"
        return Notebook(path, name, f"{name} could not be read as a notebook ({reason}).")
    return Notebook(path, name, "", frozenset().union(*map(made_in, cells)), when)


def made_in(cell: str) -> frozenset[str]:
    """The exercises whose names a cell of code defines, imports or assigns, in whatever way Python has."""
    try:
        nodes = list(ast.walk(ast.parse(MAGIC.sub("", cell))))
    except (SyntaxError, ValueError):  # as far as it can be told of what is no Python
        return frozenset(name for pair in MAKES.findall(cell) for name in pair if name in EXERCISES)
    bound = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    bound |= {node.name for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
    bound |= {node.asname or node.name for node in nodes if isinstance(node, ast.alias)}
    return frozenset(bound & EXERCISES.keys())


def _class_in(folder: Path, known: Collection[str], leave_out: Path | None) -> Path | None:
    """The folder that lies in this one alone, if it holds the class and is no student's."""
    entries = _entries(folder, leave_out)
    if len(entries) != 1 or not entries[0].is_dir() or MOODLE.fullmatch(entries[0].name) or entries[0].name in known:
        return None
    alone = entries[0]
    inner = _entries(alone, leave_out)
    platform = inner and all(MOODLE.fullmatch(each.name) or CANVAS.fullmatch(each.name) for each in inner)
    if platform or {student_of(each) for each in inner} & set(known) or _class_in(alone, known, leave_out):
        return alone
    held = {each: {name for one in _submission("", [each]).notebooks for name in one.functions} for each in inner}
    same = [each for each in inner if any(_alike(held[each], held[other]) for other in inner if other != each)]
    if same and all(each.is_dir() for each in same):
        return alone
    if len({COPY.sub("", NOTEBOOK.sub("", each.name)).lower() for each in same}) < 2:  # none, or ann, ann-2 and ann (3)
        return None
    raise ValueError(
        f"submissions: {alone} holds {same[0].name} and {same[1].name} with the same functions: is it a class, or one "
        f"student's folder? For a class, mark {alone}. For a student, leave there what counts, or let the files' names "
        "differ at their end alone, as elbo.ipynb and elbo-2.ipynb do."
    )


def _alike(one: set[str], other: set[str]) -> bool:
    """Whether two hand-ins are of the same exercises; a function that was copied from another chapter makes none so."""
    return 2 * len(one & other) > min(len(one), len(other))


def _natural(name: str) -> list[str | int]:
    """For sorting: elbo, elbo-2, elbo-10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", NOTEBOOK.sub("", name))]
