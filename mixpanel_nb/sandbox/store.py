"""The sandbox's data set: raw lines in a DuckDB file, and the queries of the endpoints.

The lines are kept exactly as they were generated or exported; exports and profiles are answered from them.
Reports are answered from the typed tables of a second file, made of the same lines (``tables``). Every user
opens the files read-only, so any number of processes can share them.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Self

from mixpanel_nb.analytics.calendar import midnight
from mixpanel_nb.errors import MixpanelDataError
from mixpanel_nb.files.atomic import check_place, writing
from mixpanel_nb.sandbox import filters
from mixpanel_nb.sandbox.build import FORMAT_VERSION, SILENT, build_from_files, build_from_lines
from mixpanel_nb.sandbox.clocktime import in_milliseconds, in_seconds
from mixpanel_nb.sandbox.dataset import (
    DEFAULT_EVENTS,
    DEFAULT_SEED,
    GENERATOR_VERSION,
    generate_events,
    generate_profiles,
)
from mixpanel_nb.sandbox.profiles import Profiles
from mixpanel_nb.sandbox.reports import Reports
from mixpanel_nb.sandbox.saved import NOTHING, Saved, of_the_store
from mixpanel_nb.sandbox.tables import build_tables, tables_path
from mixpanel_nb.sandbox.user_counts import condition_of, times_done

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    import duckdb

    from mixpanel_nb.sandbox.build import Progress
    from mixpanel_nb.sandbox.reports import ReportRunner
    from mixpanel_nb.sandbox.saved.kinds import Cohort
    from mixpanel_nb.weekdays import Weekday

_BATCH_LINES = 500

# Events as Mixpanel counts them: of several with one id, user and time the most recently ingested. Few have
# several rows, so only lines that may be among them are read for their ids.
_COUNTED = """
WITH asked AS (
    SELECT rowid AS place, * FROM events
    WHERE ($event IS NULL OR event = $event) AND day >= coalesce($first, day) AND day <= coalesce($last, day)
), twice AS (
    SELECT hash(event, distinct_id, time) AS key FROM asked GROUP BY key HAVING count(*) > 1
), several AS (
    SELECT
        event, distinct_id, time, place, line ->> '/properties/$insert_id' AS id,
        greatest(
            TRY_CAST(line ->> '/properties/mp_processing_time_ms' AS BIGINT),
            TRY_CAST(line ->> '/properties/$mp_api_timestamp_ms' AS BIGINT)
        ) AS ingested
    FROM asked WHERE hash(event, distinct_id, time) IN (FROM twice)
), superseded AS (
    SELECT place FROM several WHERE id IS NOT NULL
    QUALIFY row_number() OVER (
        PARTITION BY event, distinct_id, time, id ORDER BY ingested DESC NULLS LAST, place DESC
    ) > 1
), counted AS (
    SELECT event, line FROM asked WHERE place NOT IN (FROM superseded)
)"""
_EVENT_NAMES = f"""
{_COUNTED}
SELECT event FROM counted
GROUP BY event ORDER BY count(*) DESC, event LIMIT $limit
"""
_TOP_PROPERTIES = f"""
{_COUNTED}, names AS (
    SELECT unnest(json_keys(line, '$.properties')) AS name FROM counted
)
SELECT name, count(*) AS count FROM names
WHERE name NOT IN ('time', 'distinct_id')
GROUP BY name ORDER BY count DESC, name LIMIT $limit
"""
_PROPERTY_VALUES = f"""
{_COUNTED}, found AS (
    SELECT json_extract(line, $pointer) AS value FROM counted
), items AS (
    SELECT unnest(
        CASE json_type(value) WHEN 'ARRAY' THEN json_extract_string(value, '$[*]')
        ELSE [json_extract_string(value, '$')] END
    ) AS item
    FROM found WHERE value IS NOT NULL
)
SELECT item FROM items WHERE item IS NOT NULL
GROUP BY item ORDER BY count(*) DESC, item LIMIT $limit
"""

_EXPORT_ALL = """
SELECT line, time FROM events
WHERE day BETWEEN $first AND $last AND ($events IS NULL OR list_contains($events::VARCHAR[], event))
LIMIT $limit
"""
_EXPORT = """
SELECT e.line, e.time
FROM (
    SELECT
        line, time, distinct_id, event AS event_name,
        make_timestamp(CAST(time * 1e6 AS BIGINT)) AS event_time,
        json_extract(line, '$.properties') AS properties
    FROM events
    WHERE day BETWEEN $first AND $last AND ($events IS NULL OR list_contains($events::VARCHAR[], event))
) AS e{join}
WHERE {condition}
LIMIT $limit
"""


class Dataset:
    """A data set, opened read-only; safe to use from several threads.

    Args:
        path: The DuckDB file, as ``generated`` or ``from_files`` have built it.
        saved: The saved items of its project.

    Attributes:
        week_start: The day on which weeks of its project begin; set it before the first question.
    """

    week_start: Weekday = "monday"

    def __init__(self, path: Path, saved: Saved = NOTHING) -> None:
        import duckdb

        self.path = path
        self.saved = saved
        self._connection = duckdb.connect(str(path), read_only=True)
        self._lock = threading.Lock()
        self._reports: Reports | None = None
        self._members: dict[int, Sequence[str]] = {}

    @classmethod
    def generated(
        cls,
        cache: Path,
        *,
        events: int = DEFAULT_EVENTS,
        seed: int = DEFAULT_SEED,
        on_progress: Progress | None = None,
    ) -> Self:
        """The generated store; built on first use, which takes a few seconds, then found in ``cache``.

        Args:
            cache: Directory for the built files; made if missing.
            events: About how many events.
            seed: Seed of the generator.
            on_progress: Called while building with (events so far, about how many there will be).
        """
        path = cache / f"store-{FORMAT_VERSION}.{GENERATOR_VERSION}-{events}-{seed}.duckdb"

        def build() -> None:
            lines, profiles = generate_events(events, seed), generate_profiles(events, seed)
            build_from_lines(path, lines, profiles, expected=events, on_progress=on_progress)

        return cls._built(path, build, of_the_store())

    @classmethod
    def from_files(cls, data: Path, profiles: Path | None, cache: Path) -> Self:
        """An export from disk; rebuilt when a file's path, size or modification time changes.

        Args:
            data: Raw export, ``.jsonl`` or ``.jsonl.gz``.
            profiles: Engage objects, one a line, or None.
            cache: Directory for the built files; made if missing.

        Raises:
            MixpanelDataError: A file cannot be read, or a line is wrong (it says which).
        """
        identity = "\n".join(_identity(file) for file in (data, profiles) if file is not None)
        digest = hashlib.sha256(identity.encode()).hexdigest()[:20]
        path = cache / f"export-{FORMAT_VERSION}-{digest}.duckdb"
        return cls._built(path, lambda: build_from_files(path, data, profiles), NOTHING)

    @classmethod
    def _built(cls, path: Path, build: Callable[[], None], saved: Saved) -> Self:
        """The data set of a file that is built where it is missing, and once more where it is damaged."""
        import duckdb

        if path.exists():
            _make_private(path)
            with suppress(duckdb.Error):
                return cls(path, saved)
        try:
            build()
            return cls(path, saved)
        except (duckdb.Error, OSError) as error:
            message = f"The sandbox's data cannot be kept in {path.parent}: {str(error).splitlines()[0]}"
            raise MixpanelDataError(message, hint="Set MIXPANEL_NB_HOME to another directory.") from None

    def close(self) -> None:
        """Close the files; iterators still running end with an error."""
        self._connection.close()
        with self._lock:
            if self._reports is not None:
                self._reports.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def date_range(self) -> tuple[date, date] | None:
        """First and last UTC day with events, or None if there are none."""
        [(first, last)] = self._rows("SELECT min(day), max(day) FROM events")
        return (first, last) if first is not None else None

    @cached_property
    def last_day(self) -> date | None:
        """The last UTC day with events, which is today as far as the data go."""
        days = self.date_range
        return days and days[1]

    @cached_property
    def now(self) -> float:
        """Unix seconds for ``NOW``: the end of the last day; without events, the clock's."""
        if self.last_day is None:
            return time.time()
        return midnight(self.last_day + timedelta(days=1)).replace(tzinfo=UTC).timestamp()

    def export_lines(
        self,
        from_date: date | str,
        to_date: date | str,
        events: Sequence[str] | None = None,
        limit: int | None = None,
        *,
        where: str | None = None,
        time_in_ms: bool | None = None,
    ) -> Iterator[bytes]:
        """Event lines without newline, day by day, each day in file order.

        Args:
            from_date: First UTC day, inclusive.
            to_date: Last UTC day, inclusive.
            events: Only these event names; None for all.
            limit: At most this many lines.
            where: Only events for which this expression is true.
            time_in_ms: Write ``time`` in milliseconds (True) or whole seconds (False); None: as they are.

        Raises:
            ExpressionError: there is a mistake in ``where``.
        """
        for lines in self._export_batches(from_date, to_date, events, limit, where, time_in_ms):
            for line in lines:
                yield line.encode()

    def export_blocks(
        self,
        from_date: date | str,
        to_date: date | str,
        events: Sequence[str] | None = None,
        limit: int | None = None,
        *,
        where: str | None = None,
        time_in_ms: bool | None = None,
    ) -> Iterator[bytes]:
        """The same as ``export_lines`` in blocks of some hundred lines, each line with its newline."""
        for lines in self._export_batches(from_date, to_date, events, limit, where, time_in_ms):
            lines.append("")
            yield "\n".join(lines).encode()

    def event_names(
        self, limit: int | None = None, from_date: date | str | None = None, to_date: date | str | None = None
    ) -> list[str]:
        """Event names, the most frequent first."""
        rows = self._counted(_EVENT_NAMES, first=_day(from_date), last=_day(to_date), limit=limit)
        return [name for (name,) in rows]

    def top_properties(self, event: str | None = None, limit: int = 10) -> dict[str, dict[str, int]]:
        """How many events carry each property, as ``{name: {"count": n}}``, the most frequent first.

        Args:
            event: Only of this event; None for all.
            limit: At most this many names; ``time`` and ``distinct_id``, which all have, are not listed.
        """
        rows = self._counted(_TOP_PROPERTIES, event=event, limit=limit)
        return {name: {"count": count} for name, count in rows}

    def property_values(self, event: str | None, name: str, limit: int = 255) -> list[str]:
        """Values of a property as text, the most frequent first; lists count item by item.

        Args:
            event: Only of this event; None for all.
            name: The property, exactly as it is written.
            limit: At most this many values.
        """
        pointer = "/properties/" + name.replace("~", "~0").replace("/", "~1")
        rows = self._counted(_PROPERTY_VALUES, event=event, pointer=pointer, limit=limit)
        return [value for (value,) in rows]

    def _counted(self, query: str, **parameters: Any) -> list[Any]:
        """The rows of a query on deduplicated events; all events and days by default."""
        return self._rows(query, {"event": None, "first": None, "last": None, **parameters})

    @property
    def profiles(self) -> Profiles:
        """The users."""
        return Profiles(self._rows, self.now)

    def members(self, cohort: Cohort) -> Sequence[str]:
        """The ids of a cohort's members, in order; as the data never change, found out once."""
        with self._lock:
            known = self._members.get(cohort.id)
        if known is None:
            known = self._find_members(cohort)
            with self._lock:
                self._members[cohort.id] = known
        return known

    def _find_members(self, cohort: Cohort) -> Sequence[str]:
        if isinstance(cohort.members, str):
            return self.profiles.ids(cohort.members)
        with self.runner() as runner:
            return list(times_done(runner, condition_of(cohort.members)))

    @contextmanager
    def runner(self) -> Iterator[ReportRunner]:
        """Where reports on the events are answered, for the length of the block.

        The first one builds the tables, which takes some seconds.

        Raises:
            MixpanelDataError: a line is not what a fetch could store.
        """
        with self._lock:
            if self._reports is None:
                self._reports = Reports(
                    self._built_tables(), self.now, self.week_start, self.saved.definitions()
                )
        with self._reports.runner() as runner:
            yield runner

    def _built_tables(self) -> Path:
        path = tables_path(self.path)
        _make_private(path)
        if not path.exists():
            build_tables(path, self._lines("events"), self._lines("profiles"))
        return path

    def _lines(self, kind: Literal["events", "profiles"]) -> Iterator[bytes]:
        for rows in self._batches(f"SELECT line FROM {kind}", {}):
            for (line,) in rows:
                yield line.encode()

    def dump(
        self, output: Path, kind: Literal["events", "profiles"] = "events", *, replace: bool = False
    ) -> int:
        """Write all lines as ``.jsonl`` or ``.jsonl.gz``, atomically.

        The gzip header names no file and no time, so the same data give the same file.

        Args:
            output: Where to.
            kind: Which lines.
            replace: Whether an existing file may be replaced.

        Returns:
            How many lines were written.

        Raises:
            StorageError: there is a file already, or a database.
        """
        check_place(output, replace=replace)
        with writing(output) as file:
            return self._dump_to(file, kind, compressed=output.suffix == ".gz")

    def _dump_to(self, file: BinaryIO | gzip.GzipFile, kind: str, *, compressed: bool) -> int:
        if compressed:
            with gzip.GzipFile("", "wb", compresslevel=6, fileobj=file, mtime=0) as packed:
                return self._dump_to(packed, kind, compressed=False)
        count = 0
        for rows in self._batches(f"SELECT line FROM {kind}", {}):
            file.write("".join(f"{line}\n" for (line,) in rows).encode())
            count += len(rows)
        return count

    def _export_batches(
        self,
        from_date: date | str,
        to_date: date | str,
        events: Sequence[str] | None,
        limit: int | None,
        where: str | None,
        time_in_ms: bool | None,
    ) -> Iterator[list[str]]:
        rewritten = in_milliseconds if time_in_ms else in_seconds
        chosen = filters.of_events(where, self.now)
        query = _EXPORT.format(join=chosen.join, condition=chosen.condition) if where else _EXPORT_ALL
        names = None if events is None else list(events)
        parameters = {
            **chosen.params,
            "first": _day(from_date),
            "last": _day(to_date),
            "events": names,
            "limit": limit,
        }
        for rows in self._batches(query, parameters):
            if time_in_ms is None:
                yield [line for line, _ in rows]
            else:
                yield [rewritten(line, time) for line, time in rows]

    def _batches(self, query: str, parameters: dict[str, Any]) -> Iterator[list[Any]]:
        """Rows in batches, as DuckDB reads them from the file; it keeps their order without a sort."""
        with self._undamaged(), self._cursor() as cursor:
            cursor.execute(query, _mentioned(cursor, query, parameters))
            while rows := cursor.fetchmany(_BATCH_LINES):
                yield rows

    def _rows(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[Any]:
        with self._undamaged(), self._cursor() as cursor:
            return cursor.execute(query, _mentioned(cursor, query, parameters or {})).fetchall()

    @contextmanager
    def _undamaged(self) -> Iterator[None]:
        """Tell where a file has changed on disk since it was built; only reading shows it."""
        import duckdb

        try:
            yield
        except duckdb.Error as error:
            if not re.search("Corrupt|read enough bytes", str(error)):
                raise
            message = f"The sandbox's data in {self.path} is damaged."
            raise MixpanelDataError(message, hint="Remove that file: it is made again.") from None

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor = self._connection.cursor()
        cursor.execute(SILENT)
        return cursor


def _make_private(file: Path) -> None:
    """Restrict a file made by an earlier version to this user."""
    with suppress(OSError):
        file.chmod(0o600)


def _mentioned(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Mapping[str, Any]
) -> dict[str, Any]:
    """The parameters that a query mentions, for DuckDB takes no others.

    An expression may bind a value and then not need it: ``string(properties["n"]) == 3`` is false for any n.
    """
    [statement] = connection.extract_statements(query)
    return {name: parameters[name] for name in statement.named_parameters}


def _identity(file: Path) -> str:
    resolved = file.resolve()
    if not resolved.exists():
        return str(resolved)
    found = resolved.stat()
    return f"{resolved}|{found.st_size}|{found.st_mtime_ns}"


def _day(day: date | str | None) -> date | None:
    return date.fromisoformat(day) if isinstance(day, str) else day
