"""What a notebook may not do while it is marked: run for ever, take all memory, end the interpreter, install packages,
start a shell, read the solutions.

These limits catch accidents and the idle cheat. They are no sandbox: the code still reads and writes files and
reaches the network as the user who marks. The teaching guide says what to do about that.
"""

import contextlib
import os
import signal
import sys
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NoReturn

from IPython import get_ipython
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList

PACKAGE = "vae_course"
MEMORY = 2 << 30  # bytes beyond what the interpreter has when the notebook begins
FILE = 64 << 20  # bytes in one file
# Magics that start a program: all that IPython registers from these modules, and these by name, as a magic that is not
# known stops its cell, and a student's machine may know more of them.
MODULES_OF_MAGICS = ("IPython.core.magics.packaging", "IPython.core.magics.script")
SHELLS = ("script", "bash", "sh", "shell", "cmd", "powershell", "perl", "ruby", "pypy", "python", "python2", "python3")
PROGRAMS = ("pip", "conda", "mamba", "micromamba", "uv", "edit", "ed", "man", "qtconsole")


class TookTooLong(BaseException):
    """No Exception, so that a notebook's own `except Exception` does not catch it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TookTooLong in the block after so many seconds, where signals allow it (the main thread, not Windows)."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> NoReturn:
        raise TookTooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def protect(namespace: dict) -> None:
    """Set the limits for the notebook whose globals these are; called once, before its first cell."""
    _limit_memory_and_files()
    if shell := get_ipython():
        _start_no_process(shell)
    namespace["exit"] = namespace["quit"] = sys.exit = os._exit = os.abort = _leave
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]
    bare = types.ModuleType(PACKAGE)
    for name in ("check", "hint"):
        setattr(bare, name, lambda *_: None)
    sys.modules[PACKAGE] = bare


def _leave(*_: object) -> NoReturn:
    raise SystemExit("the code asks the interpreter to end")


def _start_no_process(shell: InteractiveShell) -> None:
    """Let `!` and the magics that install or run a program do nothing, and say so; the rest of a cell still runs."""

    def leave_out(command: str) -> None:
        print(f"While a notebook is marked nothing is installed and no shell is started. Left out: {command.strip()}")

    def system(cmd: str, *_: object, **__: object) -> None:  # the parameters have IPython's names
        shell.user_ns["_exit_code"] = 0
        leave_out(cmd)

    def getoutput(cmd: str, *_: object, **__: object) -> SList:
        system(cmd)
        return SList()

    def magic(name: str) -> Callable:
        return lambda line="", cell="": leave_out(f"{name} {line}")

    shell.system = shell.system_raw = shell.system_piped = system
    shell.getoutput = getoutput
    kinds: list[tuple[Literal["line", "cell"], str, Iterable[str]]] = [("line", "%", PROGRAMS), ("cell", "%%", SHELLS)]
    for kind, sign, named in kinds:
        registered = shell.magics_manager.magics[kind]
        theirs = {name for name, each in registered.items() if each.__module__ in MODULES_OF_MAGICS}
        for name in theirs.union(named):
            shell.magics_manager.register_function(magic(sign + name), kind, name)


def _limit_memory_and_files() -> None:
    try:
        import resource
    except ImportError:
        return  # Windows: the limits of time have to do
    _limit(resource.RLIMIT_FSIZE, FILE)
    with contextlib.suppress(OSError), open("/proc/self/statm") as pages:  # where there is none, memory has no limit
        in_use = int(pages.read().split()[0]) * resource.getpagesize()
        _limit(resource.RLIMIT_AS, in_use + MEMORY)


def _limit(kind: int, wanted: int) -> None:
    """Set a limit, but no higher one than the machine allows."""
    import resource

    _, highest = resource.getrlimit(kind)
    if highest != resource.RLIM_INFINITY:
        wanted = min(wanted, highest)
    resource.setrlimit(kind, (wanted, highest))
