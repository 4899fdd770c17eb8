"""Mark a folder of submitted notebooks: a table of grades, and a page of feedback for each student.

Functions are found by their names, so a notebook that lost its metadata or its order on the way is marked like any
other. A fault of a student's file is that student's; any other stops the marking, and nobody is marked.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import joblib
from tqdm import tqdm

from vae_course.bank import CHAPTERS, EXERCISES
from vae_course.checking.check import marks
from vae_course.checking.exercise import Exercise
from vae_course.checking.report import judge
from vae_course.handout.written import questions
from vae_course.marking import feedback, gradebook
from vae_course.marking.feedback import Mark
from vae_course.marking.running import Run, run
from vae_course.marking.submissions import Choice, Notebook, Submission, choose, find, made_in


def mark(folder: Path, out: Path, chapters: list[str] | None = None, *, force: bool = False) -> list[str]:
    """Mark every submission in the folder, write out/grades.csv and the pages, and return what is to be told of it.

    folder: as submissions.py reads it. chapters: whose exercises count; where None, those of the table that is there,
    or of every chapter of which some submission holds a function. force: replace a table that is there, whatever it is;
    else the rows of the marked students are updated, as gradebook.py allows it.
    Raises ValueError where there is nothing to mark, or the table is another one, and WorkerError where no notebook can
    be run here; then, and where it is interrupted, nothing is written.
    """
    unknown = set(chapters or ()) - set(CHAPTERS)
    if unknown:
        raise ValueError(f"chapters: {', '.join(sorted(unknown))}, expected some of {', '.join(CHAPTERS)}")
    if out.resolve() == folder.resolve():
        raise ValueError(f"out: {out} is the folder of the submissions; expected another, as grades are no submission")
    grades = out / "grades.csv"
    before, known = ([], {}) if force else gradebook.read(grades)
    submissions, said = find(folder, known, leave_out=out)
    exercises = _exercises(chapters or _chapters(submissions, gradebook.chapters(before)))
    if not exercises:
        reasons = "".join(f"\n{each.student}: {each.empty}" for each in submissions if each.empty)
        raise ValueError(f"submissions: no notebook in {folder} holds a function of the book's exercises{reasons}")
    columns = gradebook.in_order(_columns(exercises), before)
    rows = {} if force else gradebook.merge(grades, columns, [each.student for each in submissions])
    choices = [choose(each, exercises) for each in submissions]
    pages, missing = {}, []
    # Judged when all have run, in this thread: to try a reference is to set the random state of the whole process.
    for submission, choice, runs in zip(submissions, choices, _run_all(choices), strict=True):
        earned = [_judged(each, submission, choice, runs) for each in exercises]
        reason = _why_unmarked(submission, choice, runs)
        notes = [reason] if reason else _notes(submission, choice)
        missing += [submission.student] if reason else []
        said += [f"{submission.student}: {' '.join(notes)}"] if notes else []
        answered = [each.path for each in submission.notebooks if not each.problem and each not in choice.older]
        pages[submission.student] = feedback.page(submission.student, earned, notes, answered)
        rows[submission.student] = rows.get(submission.student, {}) | _row(submission.student, earned, notes)
    out.mkdir(parents=True, exist_ok=True)
    for student, page in pages.items():
        gradebook.write_whole(out / f"{student}.html", page)
    gradebook.write(grades, columns, rows)
    return said + _counted(len(submissions), missing, len(rows) - len(submissions))


def _counted(submissions: int, missing: list[str], kept: int) -> list[str]:
    count = f"{submissions} submission{'s' * (submissions != 1)}, {submissions - len(missing)} marked"
    lines = [f"{count}, {len(missing)} not: {', '.join(missing)}." if missing else f"{count}."]
    return lines + ([f"{kept} more row{'s' * (kept != 1)} of the table stay as they were."] if kept else [])


def _chapters(submissions: list[Submission], before: set[str]) -> set[str]:
    """Those of the table, where it has all that are found: a student may hand in one of the class's notebooks again."""
    held = {name for each in submissions for notebook in each.notebooks for name in notebook.functions}
    found = {EXERCISES[name].chapter for name in held}
    return before if found <= before else found


def _exercises(chapters: set[str] | list[str]) -> list[Exercise]:
    return [each for each in EXERCISES.values() if each.chapter in chapters]


def _columns(exercises: list[Exercise]) -> list[str]:
    """Those of the table. The answers in words have empty ones for the teacher's points, which no total counts."""
    held = {each.chapter for each in exercises}
    words = [f"written: {label}" for label, _, _ in questions(each for each in CHAPTERS if each in held)]
    return ["student", *(each.name for each in exercises), "total", "of", *words, "note"]


def _run_all(choices: list[Choice]) -> list[dict[Notebook, Run]]:
    """The runs of each student's notebooks that count, as many at a time as this process may use cores."""
    stop = Event()
    with ThreadPoolExecutor(joblib.cpu_count()) as pool:
        try:
            waiting = [
                {each: pool.submit(run, each.path, names, stop) for each, names in choice.functions().items()}
                for choice in choices
            ]
            progress = tqdm(waiting, "marking", unit="student")
            return [{notebook: each.result() for notebook, each in runs.items()} for runs in progress]
        except BaseException:  # the processes are ended, else the pool would first run all that is waiting
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise


def _judged(exercise: Exercise, submission: Submission, choice: Choice, runs: dict[Notebook, Run]) -> Mark:
    name = exercise.name
    if name not in choice.counts:
        return Mark(exercise, 0.0, None, submission.empty)
    ran = runs[choice.counts[name]]
    if name in ran.seen:
        try:
            report = judge(exercise, ran.seen[name])
        except Exception as error:  # what was seen has its form (running.py), so this is nothing that a student did
            told = f"{type(error).__name__}: {error}"
            raise RuntimeError(f"{name} of {submission.student} cannot be judged, nobody is marked: {told}") from error
        return Mark(exercise, marks(report, exercise), report)
    if name in ran.ends:
        return Mark(exercise, 0.0, None, f"{name}: {ran.ends[name]}")
    cells = [f"Its cell (number {at}) raised {error}" for at, source, error in ran.failed if name in made_in(source)]
    ended = [f"{at.capitalize()} {end}" for at, end in ran.ends.items() if at.startswith("cell ")]
    unread = [each.problem for each in submission.notebooks if each.problem]
    return Mark(exercise, 0.0, None, " ".join([f"{name} is not defined.", *cells[-1:], *ended, *unread]))


def _why_unmarked(submission: Submission, choice: Choice, runs: dict[Notebook, Run]) -> str:
    """Why a student has no marks at all, where that is not for what the functions do; else ""."""
    held = any(name in notebook.functions for name, notebook in choice.counts.items())
    if submission.empty or held or any(ran.seen or ran.ends for ran in runs.values()):
        return submission.empty
    return f"No function of these exercises is in {', '.join(each.name for each in runs)}."


def _notes(submission: Submission, choice: Choice) -> list[str]:
    """What is to be said of the files where not every one of them counts."""
    older = [f"{each.name} does not count: {why}" for each, why in choice.older.items()]
    return older + [each.problem for each in submission.notebooks if each.problem]


def _row(student: str, earned: list[Mark], notes: list[str]) -> gradebook.Row:
    points = {each.exercise.name: str(each.points) for each in earned}
    total = round(sum(each.points for each in earned), 2)
    of = sum(each.exercise.points for each in earned)
    return {"student": student, **points, "total": str(total), "of": str(of), "note": " ".join(notes)}
