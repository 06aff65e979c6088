"""Looking into the local tables while a key is pressed: at once, or not at all."""

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


class TableLookup:
    """Answers of a workspace's tables, remembered until a cell has run or the file has changed.

    Questions are asked on a thread: an answer that comes later than the budget of the key press is there
    at the next one. A file that another process holds gives no answer.
    """

    def __init__(self) -> None:
        self._known: dict[object, Any] = {}
        self._state: object = None
        self._deadline = 0.0
        self._asking: threading.Thread | None = None

    def begin(self, workspace: Workspace, cells_run: int) -> None:
        """A key was pressed: forget what may have changed, and start the time that is left for it."""
        self._deadline = time.monotonic() + BUDGET_SECONDS
        state = (id(workspace), cells_run, _changed(workspace.storage))
        if state != self._state:
            self._known, self._state = {}, state

    def ask(
        self, storage: StorageEngine, key: object, work: Callable[[duckdb.DuckDBPyConnection], T]
    ) -> T | None:
        """What ``work`` finds out, or None where that is not known in time."""
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
    # Whatever goes wrong, a key press is no place to tell of it.
    with suppress(Exception), storage.read_without_waiting() as con:
        known[key] = work(con)
