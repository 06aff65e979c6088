"""A real IPython shell with the extension loaded, and real kernels."""

from __future__ import annotations

import os
import re
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from faces import built, connected, database  # noqa: F401 - fixtures
from IPython.utils.capture import capture_output
from jupyter_client.manager import start_new_kernel
from shells import opened_shell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from IPython.core.interactiveshell import InteractiveShell
    from jupyter_client.blocking.client import BlockingKernelClient
    from jupyter_client.manager import KernelManager

COLOR = re.compile(r"\x1b\[[\d;]*m")
PATIENCE = 120


@dataclass(frozen=True)
class Ran:
    """What a cell did."""

    value: Any
    error: BaseException | None
    out: str


class Shell:
    """An IPython shell that runs cells."""

    def __init__(self, ip: InteractiveShell) -> None:
        self.ip: Any = ip  # typed in part
        self.names: dict[str, Any] = ip.user_ns

    def run(self, cell: str) -> Ran:
        """Run a cell, whether it fails or not."""
        with capture_output(display=False) as captured:
            done = self.ip.run_cell(cell)
        text = COLOR.sub("", captured.stdout + captured.stderr)
        return Ran(done.result, done.error_before_exec or done.error_in_exec, text)

    def value(self, cell: str) -> Any:
        """The value of a cell that must not fail."""
        ran = self.run(cell)
        assert ran.error is None, ran.out
        return ran.value

    def failure(self, cell: str) -> list[str]:
        """The lines that a cell shows that must fail."""
        ran = self.run(cell)
        assert ran.error is not None
        return ran.out.strip("\n").splitlines()


@pytest.fixture
def ip() -> Iterator[InteractiveShell]:
    with opened_shell() as shell:
        yield shell


@pytest.fixture
def shell(ip: InteractiveShell) -> Iterator[Shell]:
    ip.run_line_magic("load_ext", "mixpanel_nb")
    yield Shell(ip)
    ip.run_line_magic("unload_ext", "mixpanel_nb")


@dataclass
class Kernel:
    """A kernel of its own process."""

    manager: KernelManager
    client: BlockingKernelClient
    answer: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)

    def run(self, code: str) -> dict[str, Any]:
        """Run a cell and give the kernel's reply; ``outputs`` are the messages of the cell."""
        self.outputs = []
        reply: dict[str, Any] = self.client.execute_interactive(
            code, timeout=PATIENCE, output_hook=self.outputs.append, allow_stdin=True, stdin_hook=self._type
        )["content"]
        return reply

    def _type(self, message: dict[str, Any]) -> None:
        del message
        self.client.input(self.answer)

    def ok(self, code: str) -> None:
        """Run a cell that must not fail."""
        reply = self.run(code)
        assert reply["status"] == "ok", reply

    def value(self, expression: str) -> str:
        """The repr of an expression's value."""
        reply = self.client.execute(
            "", silent=True, user_expressions={"value": expression}, store_history=False
        )
        content = self._reply(reply)["user_expressions"]["value"]
        assert content["status"] == "ok", content
        return str(content["data"]["text/plain"])

    def inspected(self, code: str, cursor: int) -> str:
        """What Shift-Tab shows at a place of a cell."""
        content = self._reply(self.client.inspect(code, cursor))
        return str(content["data"].get("text/plain", ""))

    def interrupt(self, code: str, *, after: float) -> tuple[dict[str, Any], float]:
        """Run a cell, interrupt it after some seconds, and give the reply and how long that took."""
        message = self.client.execute(code, stop_on_error=False)
        time.sleep(after)
        sent = time.monotonic()
        self.manager.interrupt_kernel()
        return self._reply(message), time.monotonic() - sent

    def press_during(self, code: str, button: str, *, after: float) -> tuple[dict[str, Any], float]:
        """Run a cell, press a button of it some seconds later, and give the reply and how long that took.

        The press is sent to a subshell (JEP 91), as JupyterLab does.
        """
        control = self.client.control_channel
        request = self.client.session.msg("create_subshell_request", {})
        control.send(request)
        subshell = control.get_msg(timeout=PATIENCE)["content"]["subshell_id"]
        message = self.client.execute(code, stop_on_error=False)
        time.sleep(after)
        opened: list[str] = []
        while not opened:
            sent: dict[str, Any] = self.client.get_iopub_msg(timeout=PATIENCE)
            state = (
                sent["content"].get("data", {}).get("state", {}) if sent["msg_type"] == "comm_open" else {}
            )
            opened = [sent["content"]["comm_id"]] if state.get("description") == button else []
        data = {"method": "custom", "content": {"event": "click"}}
        press = self.client.session.msg("comm_msg", {"comm_id": opened[0], "data": data})
        press["header"]["subshell_id"] = subshell
        pressed = time.monotonic()
        self.client.shell_channel.send(press)
        return self._reply(message), time.monotonic() - pressed

    def _reply(self, message: str) -> dict[str, Any]:
        while True:
            reply: dict[str, Any] = self.client.get_shell_msg(timeout=PATIENCE)
            if reply["parent_header"]["msg_id"] == message:
                return dict(reply["content"])

    def start(self, code: str) -> Callable[[], dict[str, Any]]:
        """Run a cell without waiting; calling the result waits for the reply."""
        message = self.client.execute(code, stop_on_error=False)
        return lambda: self._reply(message)


@contextmanager
def started_kernel() -> Iterator[Kernel]:
    """A kernel with this process's variables and the extension loaded."""
    kernel = Kernel(*start_new_kernel(kernel_name="python3", env=dict(os.environ)))
    try:
        kernel.ok("%load_ext mixpanel_nb")
        yield kernel
    finally:
        kernel.client.stop_channels()
        kernel.manager.shutdown_kernel(now=True)


@pytest.fixture
def start_kernel(home: object) -> Iterator[Callable[[], Kernel]]:
    """Kernels with this test's home."""
    with ExitStack() as started:
        yield lambda: started.enter_context(started_kernel())


@pytest.fixture
def kernel(start_kernel: Callable[[], Kernel]) -> Kernel:
    return start_kernel()


@pytest.fixture(scope="module")
def shared_kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """One kernel for the tests of a module that leave nothing in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXPANEL_NB_HOME", str(tmp_path_factory.mktemp("shared") / "home"))
        with started_kernel() as kernel:
            yield kernel
