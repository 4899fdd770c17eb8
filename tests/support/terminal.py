"""A command line as its user meets it: what it says and its exit code, Ctrl-C, and what it does not import."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import sources

IMPORTED = """
import sys
from {module} import main
try:
    code = main(sys.argv[1:])
except SystemExit as stop:
    code = stop.code
print(code, sorted({{"torch", "matplotlib", "sklearn", "IPython", "numpy"}} & sys.modules.keys()))
"""


def run(capsys: pytest.CaptureFixture, cli: ModuleType, *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a package's command."""
    capsys.readouterr()
    try:
        code = cli.main(list(arguments))
    except SystemExit as stop:
        assert isinstance(stop.code, int), stop.code
        code = stop.code
    said = capsys.readouterr()
    return code, said.out, said.err


def assert_senseless(capsys: pytest.CaptureFixture, cli: ModuleType, arguments: list[str], named: str) -> None:
    """The call is answered by exit code 2 and one line that names what is wrong."""
    code, _, err = run(capsys, cli, *arguments)
    assert code == 2
    assert named in err.splitlines()[-1]
    assert "Traceback" not in err
    assert "error: " in err


def assert_helps(capsys: pytest.CaptureFixture, cli: ModuleType, command: list[str], options: list[str]) -> None:
    """The command's help is printed, and names each of the options."""
    code, out, err = run(capsys, cli, *command, "--help")
    assert (code, err) == (0, "")
    assert [option for option in options if option not in out] == []


def environment(**variables: str) -> dict[str, str]:
    """That of a process which finds the packages of this checkout."""
    return os.environ | {"PYTHONPATH": str(sources.ROOT), "PYTHONDONTWRITEBYTECODE": "1", **variables}


def assert_quick(cli: ModuleType, arguments: str, code: int, folder: Path) -> None:
    """The call is answered with that code, without the libraries that take seconds, and leaves nothing behind."""
    command = [sys.executable, "-c", IMPORTED.format(module=cli.__name__), *arguments.split()]
    result = subprocess.run(command, env=environment(), capture_output=True, text=True, cwd=folder)
    assert result.stdout.splitlines()[-1] == f"{code} []", result.stderr
    assert list(folder.iterdir()) == []


def interrupt(command: list, environment: dict[str, str], reached: Callable[[], bool]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process in whose terminal Ctrl-C is pressed once `reached`.

    It must come to an end then, and with it every process that it started: they hold its stdout and stderr.
    """
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        give_up = time.monotonic() + 240
        while not reached():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < give_up, "it was not reached"
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        out, err = process.communicate(timeout=60)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    return process.returncode, out, err
