"""Lookups in the local tables within the time budget of a key press."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.workspace import Workspace

T = TypeVar("T")

BUDGET_SECONDS = 0.1
FIRST_BUDGET_SECONDS = 1.0
"""Of the first key press after connecting: the file has to be opened."""


class TableLookup:
    """Cached lookups in a workspace's tables, valid until a cell has run or the file has changed.

    Lookups run on a thread: a result that exceeds the budget of the key press is available at the next one. A
    file locked by another process gives no result.
    """

    def __init__(self) -> None:
        self._known: dict[object, Any] = {}
        self._state: tuple[int, int, object] | None = None
        self._deadline = 0.0
        self._asking: threading.Thread | None = None

    def begin(self, workspace: Workspace, cells_run: int) -> None:
        """Start a completion: drop outdated results and start the time budget."""
        is_first = self._state is None or self._state[0] != id(workspace)
        self._deadline = time.monotonic() + (FIRST_BUDGET_SECONDS if is_first else BUDGET_SECONDS)
        state = (id(workspace), cells_run, _changed(workspace.storage))
        if state != self._state:
            self._known, self._state = {}, state

    def ask(
        self, storage: StorageEngine, key: object, work: Callable[[duckdb.DuckDBPyConnection], T]
    ) -> T | None:
        """The result of ``work``, or None if it takes too long."""
        if key not in self._known and self._is_free():
            # Not a daemon thread: Python would end it inside DuckDB's code, and with it the whole process.
            self._asking = threading.Thread(target=_answer, args=(storage, work, self._known, key))
            self._asking.start()
            self._is_free()
        return cast("T | None", self._known.get(key))

    def _is_free(self) -> bool:
        if self._asking is not None:
            self._asking.join(max(0.0, self._deadline - time.monotonic()))
            if self._asking.is_alive():
                return False
        return True


def _changed(storage: StorageEngine) -> object:
    try:
        return storage.path and storage.path.stat().st_mtime_ns
    except OSError:
        return None


def _answer(
    storage: StorageEngine,
    work: Callable[[duckdb.DuckDBPyConnection], Any],
    known: dict[object, Any],
    key: object,
) -> None:
    # Completion never reports errors.
    with suppress(Exception), storage.read_without_waiting() as con:
        known[key] = work(con)
