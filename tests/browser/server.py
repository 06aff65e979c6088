"""A JupyterLab with settings, data and home of its own, on a free port of this machine."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOME = "mixpanel"
"""The folder of what the package keeps."""

_PATIENCE = 300  # seconds until it answers, on a machine that does other things too
_SETTINGS: dict[str, dict[str, Any]] = {
    # All cells are in the page, not only those in sight.
    "notebook-extension/tracker": {"windowingMode": "none"},
    # Nobody is asked about news, and none are fetched.
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


@contextlib.contextmanager
def running_lab(base: Path) -> Iterator[str]:
    """The address of a JupyterLab that serves ``base / "notebooks"`` and ends with the block."""
    _prepare(base)
    port = _free_port()
    command = [
        *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--expose-app-in-browser"),
        *("--ServerApp.token=", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"),
        *("--LabApp.extension_manager=readonly", f"--ServerApp.root_dir={base / 'notebooks'}"),
    ]
    with (base / "lab.log").open("wb") as log:
        lab = subprocess.Popen(command, env=_environment(base), stdout=log, stderr=subprocess.STDOUT)
        try:
            yield _answering(f"http://127.0.0.1:{port}", lab, base)
        finally:
            lab.terminate()  # it ends its kernels first
            lab.wait(30)


def _prepare(base: Path) -> None:
    for name in ("notebooks", "home"):
        (base / name).mkdir(parents=True)
    for name, values in _SETTINGS.items():
        file = base / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(values))


def _environment(base: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MP_", "JUPYTER"))}
    return kept | {
        "HOME": str(base / "home"),
        "IPYTHONDIR": str(base / "ipython"),
        "JUPYTERLAB_SETTINGS_DIR": str(base / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(base / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(base / "config"),
        "JUPYTER_DATA_DIR": str(base / "data"),
        "JUPYTER_RUNTIME_DIR": str(base / "runtime"),
        "MIXPANEL_NB_HOME": str(base / HOME),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answering(url: str, lab: subprocess.Popen[bytes], base: Path) -> str:
    """The address, once something answers there."""
    deadline = time.monotonic() + _PATIENCE
    while lab.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"{url}/api").is_success:
                return url
        time.sleep(0.05)
    raise RuntimeError(f"JupyterLab does not answer:\n{(base / 'lab.log').read_text()[-4_000:]}")
