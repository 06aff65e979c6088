"""What a fetch tells while it runs, and what it gives back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.errors import QueryError
from mixpanel_nb.results.base import Result
from mixpanel_nb.results.wording import days, first_of

if TYPE_CHECKING:
    from datetime import datetime

    import altair as alt
    import pandas as pd

    from mixpanel_nb.display import Card, Chart

_MAX_GAPS = 8  # without events, that are named

FetchType = Literal["events", "profiles"]
ChunkState = Literal["waiting", "loading", "here", "stored", "failed"]
FetchState = Literal["starting", "fetching", "waiting", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class ChunkProgress:
    """One chunk of a running fetch.

    Attributes:
        name: Its days, or what else it holds.
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
        state: ``done``, ``failed`` and ``cancelled`` are final: whoever shows progress cleans up.
        chunks_done: Chunks downloaded and found whole.
        chunks_total: How many there will be, or None while nobody knows.
        days_done: Days of events that are here.
        days_total: Days asked for, or None for profiles.
        rows: Rows received so far.
        bytes: Bytes received so far, as they came over the wire.
        elapsed_seconds: Seconds since the fetch began.
        message: What the fetch is waiting for, such as "waiting 42 s for the hourly quota".
        pieces: Each chunk that this call has to bring, in the order of its days.
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
        """Whether this is the last word of the fetch."""
        return self.state in {"done", "failed", "cancelled"}

    @property
    def rows_per_second(self) -> float | None:
        """Mean rate since the start, or None before the first row."""
        if not self.rows or self.elapsed_seconds <= 0:
            return None
        return self.rows / self.elapsed_seconds

    @property
    def seconds_left(self) -> float | None:
        """Seconds to the end at the present pace of chunks, or None when that cannot be known yet."""
        if not self.chunks_total or not self.chunks_done or self.elapsed_seconds <= 0:
            return None
        return self.elapsed_seconds / self.chunks_done * max(self.chunks_total - self.chunks_done, 0)


@dataclass(frozen=True, repr=False)
class FetchResult(Result):
    """What a fetch stored.

    Duration, requests and the clock are attributes but never shown, so that a notebook that is run again
    looks the same.

    Attributes:
        table: Table that was filled.
        rows: Rows the table holds of what was asked for.
        type: ``events`` or ``profiles``.
        duration_seconds: How long the fetch took.
        date_range: First and last day asked for (``YYYY-MM-DD``), or None for profiles.
        fetched_at: When the fetch ended (UTC).
        duplicates: Rows removed because they repeat another one.
        requests: Requests sent to Mixpanel.
        per_day: Events stored per day: in UTC, or for projects created before 2023 in their time zone.
        new_rows: Rows this call added.
        columns: Properties that have a typed column of their own.
        notes: Lines for the reader, such as that SQL has changed the table.
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

    @property
    def remarks(self) -> list[str]:
        """The notes."""
        return list(self.notes)

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
        """The rows, with ``date`` as midnight timestamps: what pandas resamples and plots."""
        import pandas as pd

        frame = pd.DataFrame.from_records(self.tuples(), columns=self.column_names)
        if "date" in frame:
            frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[ns]")
        return frame.astype({"count": "int64"})

    def chart(self) -> alt.Chart:
        """Events per day as bars.

        Raises:
            QueryError: For profiles, which have no days, and where no day is known.
        """
        drawing = self._drawing(titled=True)
        if drawing is None:
            raise QueryError(f"There are no days to draw for the {self.type} in {self.table!r}.")
        return drawing.draw()

    def _drawing(self, *, titled: bool) -> Chart | None:
        from mixpanel_nb.display import described_days

        rows = self.records() if self.type == "events" else []
        return described_days(rows, f"Events per day in {self.table}", titled=titled) if rows else None

    @property
    def headline(self) -> str:
        """The fetch in one line: ``4,136 events in table, 2025-01-01 to 2025-01-03 (4,136 new, …)``."""
        days = f", {self.date_range[0]} to {self.date_range[1]}" if self.date_range else ""
        what = f"{self.new_rows:,} new, {self.duplicates:,} duplicates removed"
        return f"{self.rows:,} {self.type} in {self.table}{days} ({what})."

    def card(self, *, max_rows: int | None = None) -> Card:
        """A headline, what was added and removed, and for events a drawing of the days."""
        del max_rows
        from mixpanel_nb.display import Card, format_value

        return Card(
            title=f"{format_value(self.rows)} {self.type} in {self.table}",
            subtitle=" to ".join(self.date_range) if self.date_range else None,
            facts=self._facts(),
            chart=self._drawing(titled=False) if self.rows else None,
            notes=[*self.notes, *self._gaps()] if self.rows else self.notes,
            empty=None if self.rows else self._nothing(),
        )

    def _nothing(self) -> str:
        if not self.requests:
            return f"{self.table} is empty, although what was asked for had been fetched before."
        within = f" from {' to '.join(self.date_range)}" if self.date_range else ""
        return f"Mixpanel has no {self.type}{within} that match what was asked for."

    def _gaps(self) -> list[str]:
        """That there are days without events, and which."""
        from mixpanel_nb.display import counted

        missing = [day for day, count in self.tuples() if not count] if self.type == "events" else []
        if not missing:
            return []
        runs: list[tuple[date, date]] = []
        for day in missing:
            follows = bool(runs) and day - runs[-1][1] == timedelta(days=1)
            runs[-1:] = [(runs[-1][0], day)] if follows else [*runs[-1:], (day, day)]
        told = first_of((days(first, last) for first, last in runs), _MAX_GAPS)
        return [f"{counted(len(missing), 'day')} without events: {told}."]

    def _facts(self) -> list[tuple[str, Any]]:
        facts: list[tuple[str, Any]] = [("New", self.new_rows), ("Duplicates removed", self.duplicates)]
        if self.columns:
            facts.append(("Typed columns", len(self.columns)))
        return facts
