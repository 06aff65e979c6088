"""Result of loading user files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.results.base import Result

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class LoadResult(Result):
    """The result of loading files or a data frame.

    Duration and the clock are attributes but never shown, so that a notebook that is run again looks the
    same.

    Attributes:
        table: Table that was filled.
        rows: Rows that it contains now.
        new_rows: Rows that this call added.
        form: What was read: ``JSON lines``, ``a JSON array``, ``CSV``, ``Parquet`` or ``a frame``.
        files: The names of the files that were read.
        held_files: The names of files that the table held already, and that were not read again.
        date_range: First and last day of the table (``YYYY-MM-DD``); None if it is empty.
        days: How many of these days have events.
        users: Users of the rows that were added.
        without_user: Rows that were added and have no user.
        without_time: Rows that were left out because they have no time.
        duplicates: Rows removed because they repeat another one: same event, user, time and id.
        event: The column of the event's name, or ``=`` and the name of every event.
        time: The column of the time; of several, the first that has a value.
        user: The column or columns of the user; None where there is none.
        id: The column or columns of the id; None where there is none.
        guessed: What was guessed, in words.
        per_day: Events of the table per day: in UTC, or in the time zone that was given.
        columns: Properties with their own typed column.
        duration_seconds: How long the load took.
        loaded_at: When it ended (UTC).
    """

    has_facts: ClassVar[bool] = True

    table: str
    rows: int
    new_rows: int
    form: str
    files: tuple[str, ...]
    held_files: tuple[str, ...]
    date_range: tuple[str, str] | None
    days: int
    users: int
    without_user: int
    without_time: int
    duplicates: int
    event: str
    time: str
    user: str | None
    id: str | None
    guessed: tuple[str, ...]
    per_day: tuple[tuple[date, int], ...]
    columns: tuple[str, ...]
    duration_seconds: float
    loaded_at: datetime

    @property
    def column_names(self) -> list[str]:
        """``date, count``."""
        return ["date", "count"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row for each day from the first to the last, 0 where nothing happened."""
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
        frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[ns]")
        return frame.astype({"count": "int64"})
