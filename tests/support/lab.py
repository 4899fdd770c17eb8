"""A real JupyterLab of the test's own, which serves one folder on this machine."""

import json
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import pytest

WITHIN = 60  # seconds, for a server or a kernel to start on a busy machine
# Every cell is rendered, and stays so, whether or not it is in sight.
TRACKER = {"windowingMode": "none"}


@contextmanager
def serve(notebooks: Path, own: Path, also: Mapping[str, str] = MappingProxyType({})) -> Iterator[tuple[str, str]]:
    """Its address and its token; notebooks: what it shows; own: an empty folder for its files; also: other options.

    It ends with the block. Should the test be killed, it ends by itself when nobody has used it for a while.
    """
    settings = own / "SETTINGS" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    settings.parent.mkdir(parents=True)
    settings.write_text(json.dumps(TRACKER))
    folders = ("HOME", "IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = os.environ | {name: str(own / name) for name in folders}
    environment["JUPYTERLAB_SETTINGS_DIR"] = str(own / "SETTINGS")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", "--port=0", "--allow-root"]
    token = secrets.token_hex()
    options = {
        "IdentityProvider.token": token,
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
        "ServerApp.root_dir": str(notebooks),
        "ServerApp.shutdown_no_activity_timeout": "120",
        "MappingKernelManager.cull_idle_timeout": "60",
        "ServerApp.terminals_enabled": "False",
    } | dict(also)
    with (own / "log").open("w") as log:
        process = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            yield _address(process, own), token
        finally:
            process.terminate()
            try:
                process.wait(WITHIN)
            except subprocess.TimeoutExpired:  # how long Jupyter takes over its end is not what is tested
                process.kill()
                process.wait()


def _address(process: subprocess.Popen, own: Path) -> str:
    """The server's address, as soon as it has written it down."""
    deadline = time.monotonic() + WITHIN
    while process.poll() is None and time.monotonic() < deadline:
        for path in (own / "JUPYTER_RUNTIME_DIR").glob("jpserver-*.json"):
            return json.loads(path.read_text())["url"]
        time.sleep(0.2)
    pytest.fail(f"JupyterLab did not start: {(own / 'log').read_text()}")
