"""Shift-Tab: a magic's help, wherever the cursor is on its line."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

_OURS = "mixpanel_nb"


def register(shell: InteractiveShell) -> None:
    """Let the kernel, if there is one, find our magics from any place on their lines.

    IPython looks for the name at the cursor, which on the line of a magic is a word of ours.
    """
    unregister(shell)
    kernel: Any = getattr(shell, "kernel", None)
    if kernel is not None:
        kernel.do_inspect = _inspecting_magics(kernel.do_inspect)


def unregister(shell: InteractiveShell) -> None:
    """Leave the kernel as it was."""
    kernel: Any = getattr(shell, "kernel", None)
    if kernel is not None and getattr(vars(kernel).get("do_inspect"), "__qualname__", "") == _OURS:
        del kernel.do_inspect


def _inspecting_magics(inspect: Any) -> Any:
    @wraps(inspect)
    def do_inspect(code: str, cursor_pos: int, *args: Any, **kwargs: Any) -> Any:
        from mixpanel_nb.notebook.completion.place import place

        found = place(code, cursor_pos) if "%mp_" in code else None
        if found is None or found.kind == "sql":
            return inspect(code, cursor_pos, *args, **kwargs)
        magic = f"%{found.magic}"
        return inspect(magic, len(magic), *args, **kwargs)

    do_inspect.__qualname__ = _OURS
    return do_inspect
