"""Progress and result of a fetch."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.results.base import Result

if TYPE_CHECKING:
    from datetime import datetime

    import pandas as pd


FetchType = Literal["events", "profiles"]
ChunkState = Literal["waiting", "loading", "here", "stored", "failed"]
FetchState = Literal["starting", "fetching", "waiting", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class ChunkProgress:
    """One chunk of a running fetch.

    Attributes:
        name: Its days, or other content.
        state: ``waiting`` for its turn, ``loading``, ``here`` on the disk, ``stored`` in the table, or
            ``failed``.
        rows: Rows received so far.
    """

    name: str
    state: ChunkState
    rows: int


@dataclass(frozen=True)
class FetchProgress:
    """One moment of a running fetch.

    Attributes:
        table: Table that is being filled.
        type: ``events`` or ``profiles``.
        state: ``done``, ``failed`` and ``cancelled`` are final: the progress display is removed.
        chunks_done: Chunks downloaded and verified.
        chunks_total: Total number of chunks, or None while unknown.
        days_done: Downloaded days of events.
        days_total: Days asked for, or None for profiles.
        rows: Rows received so far.
        bytes: Bytes received over the network so far.
        elapsed_seconds: Seconds since the fetch began.
        message: What the fetch is waiting for, such as "waiting 42 s for the hourly quota".
        pieces: Each chunk of this call, in order of its days.
    """

    table: str
    type: FetchType
    state: FetchState
    chunks_done: int
    chunks_total: int | None
    days_done: int
    days_total: int | None
    rows: int
    bytes: int
    elapsed_seconds: float
    message: str | None = None
    pieces: tuple[ChunkProgress, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether the fetch has ended."""
        return self.state in {"done", "failed", "cancelled"}

    @property
    def rows_per_second(self) -> float | None:
        """Mean rate since the start, or None before the first row."""
        if not self.rows or self.elapsed_seconds <= 0:
            return None
        return self.rows / self.elapsed_seconds

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end at the present pace of chunks, or None while unknown."""
        if not self.chunks_total or not self.chunks_done or self.elapsed_seconds <= 0:
            return None
        return self.elapsed_seconds / self.chunks_done * max(self.chunks_total - self.chunks_done, 0)


@dataclass(frozen=True, repr=False)
class FetchResult(Result):
    """The result of a fetch.

    Duration, requests and the clock are attributes but never shown, so that a notebook that is run again
    looks the same.

    Attributes:
        table: Table that was filled.
        rows: Rows of the request in the table.
        type: ``events`` or ``profiles``.
        duration_seconds: How long the fetch took.
        date_range: First and last day asked for (``YYYY-MM-DD``), or None for profiles.
        fetched_at: When the fetch ended (UTC).
        duplicates: Rows removed because they repeat another one.
        requests: Requests sent to Mixpanel that count for the quota.
        per_day: Events stored per day: in UTC, or for projects created before 2023 in their time zone.
        new_rows: Rows this call added.
        columns: Properties with their own typed column.
        notes: Lines for the reader, such as that SQL has changed the table.
        without_id: Profiles that were left out because they have no ``$distinct_id``.
    """

    table: str
    rows: int
    type: FetchType
    duration_seconds: float
    date_range: tuple[str, str] | None
    fetched_at: datetime
    duplicates: int
    requests: int
    per_day: tuple[tuple[date, int], ...] = ()
    new_rows: int = 0
    columns: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    without_id: int = 0

    @property
    def column_names(self) -> list[str]:
        """``date, count`` for events; ``table, count`` for profiles, which have no days."""
        return ["date", "count"] if self.type == "events" else ["table", "count"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """Events: one row for each day of the range, 0 where nothing happened. Profiles: one row."""
        if self.type != "events":
            return [(self.table, self.rows)]
        counts = dict.fromkeys(self._days(), 0) | dict(self.per_day)
        return sorted(counts.items())

    def _days(self) -> list[date]:
        if self.date_range is None:
            return []
        first, last = (date.fromisoformat(day) for day in self.date_range)
        return [first + timedelta(days=offset) for offset in range((last - first).days + 1)]

    def _frame(self) -> pd.DataFrame:
        """The rows, with ``date`` as midnight timestamps: suitable for resampling and plotting in pandas."""
        import pandas as pd

        frame = pd.DataFrame.from_records(self.tuples(), columns=self.column_names)
        if "date" in frame:
            frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[ns]")
        return frame.astype({"count": "int64"})
