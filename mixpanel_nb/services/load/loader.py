"""``LoadService``: loads user files and data frames into a table, in one transaction."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, TableExistsError, Word
from mixpanel_nb.results.fetch import FetchProgress
from mixpanel_nb.results.load import LoadResult
from mixpanel_nb.services.existing import check_if_exists
from mixpanel_nb.services.load import earlier
from mixpanel_nb.services.load.mapping import Asked, Decided, checked_unit, decide, preset_of
from mixpanel_nb.services.load.paths import found_files
from mixpanel_nb.storage import TableMetadata, inputs, ledger
from mixpanel_nb.storage.inference import DEFAULT_COLUMNS
from mixpanel_nb.storage.loading import Batch, Loaded
from mixpanel_nb.storage.own_rows import OwnRows
from mixpanel_nb.storage.sqltext import check_table_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from mixpanel_nb.errors import Text
    from mixpanel_nb.results.fetch import FetchState
    from mixpanel_nb.storage import StorageEngine

_APPEND, _REPLACE = Word("if_exists", "append"), Word("if_exists", "replace")
_ANOTHER = ", or choose another name."
_OTHERWISE = ("Choose another name, or replace it with ", _REPLACE, ".")
_FRAMES = ("__arrow_c_stream__", "__dataframe__")
_ONCE = {  # a method of what is no frame yet, and what makes it one
    "read_next_batch": "It can be read once only. Load the table that .read_all() gives.",
    "collect": "It is not computed yet. Load the frame that .collect() gives.",
}


@dataclass(frozen=True)
class _Plan:
    """What a load reads.

    Attributes:
        before: The record of the table to append to; None where the table is new.
        files: The files to read.
        held: The names of files that the table holds already.
        records: The records of the files that it holds afterwards.
        replaces: Whether it takes the place of another table.
    """

    before: TableMetadata | None
    files: Sequence[Path]
    held: tuple[str, ...]
    records: Sequence[earlier.Record]
    replaces: bool = False


@dataclass(frozen=True)
class LoadService:
    """Loads user files and data frames.

    Attributes:
        storage: The database.
    """

    storage: StorageEngine

    def load(
        self,
        what: Any,
        name: str,
        asked: Asked,
        *,
        columns: int | Sequence[str] | None = DEFAULT_COLUMNS,
        if_exists: str = "fail",
        progress: Callable[[FetchProgress], None] | None = None,
    ) -> LoadResult:
        """Load files or a frame into the table ``name``. See ``Workspace.load``."""
        started = time.monotonic()
        preset_of(asked.from_tool)
        checked_unit(asked.time_unit)
        frame = what if _is_frame(what) else None
        files = [] if frame is not None else found_files(_listed(what))
        plan = self._plan(name, files, asked, if_exists)
        with _reporting(progress, name, plan.files, started) as tell:
            found = inputs.look_at(plan.files or files) if frame is None else inputs.look_at_frame(frame)
            decided = decide(found, asked)
            loaded = Loaded(0, 0)
            if plan.files or frame is not None:
                tell("fetching", 0)
                batch = self._batch(name, found, decided, asked, columns, plan)
                loaded = self.storage.load_rows(batch, frame)
            tell("done", loaded.rows)
        return self._result(name, plan, found, decided, loaded, started)

    def _plan(self, name: str, files: Sequence[Path], asked: Asked, if_exists: str) -> _Plan:
        """Which files are read, and into what.

        Raises:
            ParameterError: ``if_exists`` is invalid.
            TableExistsError: the table may not be written, or ``if_exists`` is ``same`` and it holds others.
        """
        before = self._check_table(name, asked, if_exists)
        new = earlier.records(files, asked)
        if before is None:
            return _Plan(None, files, (), new, replaces=if_exists == "replace")
        old = earlier.recorded(before.request)
        if if_exists == "same" and not (new and all(record in old for record in new)):
            raise self._other(name, before, earlier.changed(new, old))
        unread = [file for file, record in zip(files, new, strict=True) if record not in old]
        held = tuple(file.name for file in files if file not in unread)
        return _Plan(before, unread, held, [*old, *(record for record in new if record not in old)])

    def _check_table(self, name: str, asked: Asked, if_exists: str) -> TableMetadata | None:
        """The record of the table to append to.

        Raises:
            ParameterError: ``if_exists`` is invalid.
            TableExistsError: the table may not be written.
        """
        check_table_name(name)
        check_if_exists(if_exists)
        self.storage.check_writable()
        if if_exists == "replace" or not self.storage.table_exists(name):
            return None
        before = self.storage.metadata_or_none(name)
        if before is None or before.type != "events":
            kind = (
                "not a table of events that was fetched or loaded"
                if before is None
                else "a table of profiles"
            )
            raise _exists(name, f"{name!r} is {kind}.", _OTHERWISE)
        if if_exists == "fail":
            raise self._other(name, before)
        if before.source is not None:
            message = f"Table {name!r} holds events of {before.source}; files are kept apart from them."
            raise _exists(name, message, _OTHERWISE)
        if before.legacy_zone != asked.timezone:
            message = f"The times of table {name!r} were read as those of {before.legacy_zone or 'UTC'}."
            raise _exists(name, message, ["Give the same ", Word("timezone"), _ANOTHER])
        return before

    def _other(self, name: str, before: TableMetadata, changed: Sequence[str] = ()) -> TableExistsError:
        """The error for a table that holds something else."""
        if changed:
            message = f"{', '.join(changed)} changed after it was loaded into {name!r}."
            return _exists(name, message, ["Replace the table with ", _REPLACE, _ANOTHER])
        days = f", from {before.from_date} to {before.to_date}" if before.from_date else ""
        message = f"There is a table {name!r} already, with {self.storage.row_count(name):,} rows{days}."
        return _exists(name, message, ["Add to it with ", _APPEND, ", replace it with ", _REPLACE, _ANOTHER])

    def _batch(
        self,
        name: str,
        found: inputs.Input,
        decided: Decided,
        asked: Asked,
        columns: int | Sequence[str] | None,
        plan: _Plan,
    ) -> Batch:
        before = plan.before
        # Rows without an id are new in each load, even if equal to earlier ones.
        loads = len(self.storage.chunks(name)) if before is not None else 0
        rows = OwnRows(found, decided.mapping, salt=str(loads) if loads else "")
        zone = asked.timezone
        request = earlier.request_of(plan.records)
        metadata = TableMetadata("events", ledger.now(), timezone=zone, legacy_zone=zone, request=request)
        if before is not None:
            metadata = replace(metadata, complete=before.complete)
        return Batch(name, [], [], metadata, columns, rows=rows, replace=plan.replaces)

    def _result(
        self,
        name: str,
        plan: _Plan,
        found: inputs.Input,
        decided: Decided,
        loaded: Loaded,
        started: float,
    ) -> LoadResult:
        metadata = self.storage.get_metadata(name)
        first, last = metadata.from_date, metadata.to_date
        per_day = self.storage.rows_per_day(name, first, last, metadata.legacy_zone) if first and last else {}
        mapping = decided.mapping
        return LoadResult(
            table=name,
            rows=self.storage.row_count(name),
            new_rows=loaded.rows,
            form=found.form,
            files=tuple(file.name for file in plan.files),
            held_files=plan.held,
            date_range=(str(first), str(last)) if first and last else None,
            days=len(per_day),
            users=loaded.users,
            without_user=loaded.without_user,
            without_time=loaded.without_time,
            duplicates=loaded.duplicates,
            event=f"={mapping.every}" if mapping.every is not None else ", ".join(mapping.events) or "event",
            time=", ".join(mapping.times),
            user=", ".join(mapping.users) or None,
            id=", ".join(mapping.ids) or None,
            guessed=decided.guessed,
            per_day=tuple(per_day.items()),
            columns=tuple(column.property for column in self.storage.property_columns(name)),
            duration_seconds=time.monotonic() - started,
            loaded_at=metadata.fetched_at,
        )


def _exists(name: str, message: str, hint: Text) -> TableExistsError:
    return TableExistsError(message, hint=hint, details={"table": name})


def _listed(what: Any) -> list[str | Path]:
    """The sources as a list of paths.

    Raises:
        ParameterError: it is neither a path nor a frame.
    """
    named = list(what) if isinstance(what, (list, tuple)) else [what]
    paths = [each for each in named if isinstance(each, (str, Path))]
    if len(paths) == len(named):
        return paths
    hint = "Give a path, a list of paths, or a frame of pandas, Polars or Arrow."
    for method, advice in _ONCE.items():
        if hasattr(what, method):
            hint = advice
    message = f"An object of type {type(what).__name__} cannot be loaded."
    raise ParameterError(message, parameter="path", value=type(what).__name__, hint=hint)


def _is_frame(what: Any) -> bool:
    """Whether it is a table in memory that can be read more than once."""
    return any(hasattr(what, name) for name in _FRAMES) and not hasattr(what, "read_next_batch")


@contextmanager
def _reporting(
    report: Callable[[FetchProgress], None] | None, table: str, files: Sequence[Path], started: float
) -> Iterator[Callable[[FetchState, int], None]]:
    """A progress reporter, which always sends a final snapshot."""
    size = sum(file.stat().st_size for file in files)
    ended = False

    def tell(state: FetchState, rows: int) -> None:
        nonlocal ended
        ended = state in {"done", "failed", "cancelled"}
        if report is not None:
            done = int(state == "done")
            elapsed = time.monotonic() - started
            report(FetchProgress(table, "events", state, done, 1, 0, None, rows, size, elapsed))

    tell("starting", 0)
    try:
        yield tell
    except KeyboardInterrupt:
        tell("cancelled", 0)
        raise
    finally:
        if not ended:
            tell("failed", 0)
