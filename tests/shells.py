"""An IPython shell of a test's own."""

from __future__ import annotations

import atexit
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def opened_shell() -> Iterator[InteractiveShell]:
    """A shell for the block, without history; nothing of it is left afterwards.

    IPython would keep it until the process ends, and then collect garbage once a shell: for minutes, after
    some hundred tests.
    """
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell: Any = InteractiveShell.instance(config=config, colors="nocolor")  # typed in part
    try:
        yield shell
    finally:
        InteractiveShell.clear_instance()
        shell.restore_sys_module_state()  # the next one would keep its __main__
        atexit.unregister(shell.atexit_operations)
