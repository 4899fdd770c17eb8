"""The table of grades: written whole, and kept when some of its students are marked again."""

import csv
import io
from pathlib import Path

from vae_course.bank import EXERCISES

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what begins so, a spreadsheet computes
FORCE = "--force replaces the table"
Row = dict[str, str]  # by column


def read(path: Path) -> tuple[list[str], dict[str, Row]]:
    """The columns of a table, and its rows by student; both empty where there is none.

    Raises ValueError where the file is no table of grades.
    """
    if not path.exists():
        return [], {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            columns, *rows = csv.reader(file, strict=True)
    except (ValueError, csv.Error):  # an empty file, or no text
        columns, rows = [], []
    if columns[:1] != ["student"] or any(len(row) != len(columns) for row in rows):
        raise ValueError(f"out: {path} is no table of grades as marking writes it; {FORCE}")
    return columns, {_plain(row[0]): dict(zip(columns, row, strict=True)) for row in rows}


def chapters(columns: list[str]) -> set[str]:
    """The chapters whose exercises are columns of the table."""
    return {EXERCISES[name].chapter for name in columns if name in EXERCISES}


def in_order(columns: list[str], before: list[str]) -> list[str]:
    """The columns in the order of a table that has the same, so that a teacher finds each where it was."""
    return before if sorted(before) == sorted(columns) else columns


def merge(path: Path, columns: list[str], students: list[str]) -> dict[str, Row]:
    """The rows of the table in the file, to be updated with the rows of these students.

    Raises ValueError where the file has other columns, or is another class's: it may lack students where all of its own
    are marked, and have more where it has all of the marked, but not both.
    """
    there, rows = read(path)
    if not rows:
        return {}
    if there != columns:
        raise ValueError(
            f"out: {path} has the columns {', '.join(there)}, and this marking has {', '.join(columns)}; name its "
            f"chapters with --chapters, or another folder; {FORCE}"
        )
    new, rest = [name for name in students if name not in rows], [name for name in rows if name not in students]
    if new and rest:
        raise ValueError(
            f"out: {path} is the table of other students: it lacks {_some(new)}, and has {_some(rest)}, who are not "
            f"marked now; mark them together, or into another folder; {FORCE}"
        )
    return rows


def write(path: Path, columns: list[str], rows: dict[str, Row]) -> None:
    """Write the table, a row for each student by name."""
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(columns)
    for student in sorted(rows):
        table.writerow(_guarded(rows[student].get(column, "")) for column in columns)
    write_whole(path, text.getvalue())


def write_whole(path: Path, text: str) -> None:
    """Write beside the file first, so that an interrupted run leaves no half of it."""
    beside = path.with_name(".part")  # a short name, as a student's may be as long as a name can be
    try:
        beside.write_text(text, encoding="utf-8", errors="replace", newline="")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _plain(cell: str) -> str:
    return cell[1:] if cell.startswith(tuple(f"'{sign}" for sign in FORMULA)) else cell


def _some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
