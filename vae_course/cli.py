"""The command line: `python -m vae_course assignment | mark`.

Here stands what can be said at once: help, and what is wrong with a call. What needs torch, which takes seconds to
import, is imported by the command that needs it.
"""

import argparse
import sys
from pathlib import Path

CHAPTERS = sorted(path.stem for path in Path(__file__).parent.glob("bank/[!_]*.py"))


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code.

    1 where a file failed, 2 for a senseless call, 130 after an interrupt.
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        options.run(options)
    except ValueError as error:
        parser.exit(2, f"{parser.prog}: error: {error}\n")
    except OSError as error:
        parser.exit(1, f"{parser.prog}: error: {error}\n")
    except KeyboardInterrupt:
        parser.exit(130, f"{parser.prog}: interrupted; what was there is as it was, run the same command again\n")
    return 0


def _assignment(options: argparse.Namespace) -> None:
    _check_chapters(options.chapters)
    from vae_course.handout import assignment

    for kind in assignment.KINDS:
        if folder := getattr(options, kind):
            for path in assignment.write(options.chapters, kind, folder, force=options.force):
                print(f"wrote {path}")


def _mark(options: argparse.Namespace) -> None:
    if not options.submissions.exists():
        raise ValueError(f"submissions: {options.submissions} is no folder")
    _check_chapters(options.chapters or [])
    from vae_course.marking.mark import mark

    told = mark(options.submissions, options.out, options.chapters, force=options.force)
    for line in told:  # a file's name need not be text that the terminal can show
        print(line.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding))
    print(f"wrote {options.out / 'grades.csv'}, and beside it a page of feedback for each student")


def _check_chapters(names: list[str]) -> None:
    if unknown := [name for name in names if name not in CHAPTERS]:
        raise ValueError(f"chapters: {', '.join(unknown)}, expected some of {', '.join(CHAPTERS)}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m vae_course", description="Hand out the book's exercises to a class, and mark what comes back."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    hand_out = commands.add_parser("assignment", help="notebooks of a chapter's exercises, for a class")
    hand_out.add_argument("chapters", nargs="+", metavar="CHAPTER", help=f"one of: {', '.join(CHAPTERS)}")
    kinds = hand_out.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--student", type=Path, metavar="DIR", help="stubs and checks; no solution anywhere in the file")
    kinds.add_argument(
        "--teacher", type=Path, metavar="DIR", help="with the solutions, and the mistakes that check names"
    )
    kinds.add_argument("--nbgrader", type=Path, metavar="DIR", help="a course folder for nbgrader")
    hand_out.add_argument(
        "--force", action="store_true", help="write over notebooks that are there, with all that is in them"
    )
    hand_out.set_defaults(run=_assignment)

    marker = commands.add_parser(
        "mark", help="mark submitted notebooks; runs their code, so read the teaching guide first"
    )
    marker.add_argument(
        "submissions",
        type=Path,
        metavar="SUBMISSIONS",
        help="NAME.ipynb or NAME/*.ipynb for each student, or what Moodle or Canvas names so",
    )
    marker.add_argument(
        "-o", "--out", type=Path, required=True, metavar="DIR",
        help="grades.csv and NAME.html go there; in a table of the same class the rows of these students are updated",
    )  # fmt: skip
    marker.add_argument("--force", action="store_true", help="replace a table that is there, whatever it is")
    marker.add_argument(
        "--chapters",
        nargs="+",
        metavar="CHAPTER",
        help="whose exercises count (default: those found in the submissions)",
    )
    marker.set_defaults(run=_mark)
    return parser
