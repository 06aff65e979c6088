"""Result of a sync: added, changed and removed events per day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.base import Result

if TYPE_CHECKING:
    from datetime import date, datetime

    import pandas as pd

    from mixpanel_nb.results.cohorts import LocalCohort


@dataclass(frozen=True)
class DaySync:
    """The changes of a day (in UTC, or for projects created before 2023 in their time zone).

    Attributes:
        date: The day.
        is_new: Whether the table did not have the day before.
        added: Events that the table did not have.
        changed: Events whose properties changed.
        removed: Events that Mixpanel no longer has.
        total: Events of the day now.
    """

    date: date
    is_new: bool
    added: int
    changed: int
    removed: int
    total: int

    @property
    def differs(self) -> bool:
        """Whether anything was added, changed or removed."""
        return bool(self.added or self.changed or self.removed)


@dataclass(frozen=True, repr=False)
class SyncResult(Result):
    """The result of a sync, one row per requested day.

    Duration, requests and the clock are attributes but never shown, so that a notebook that is run again
    looks the same.

    Attributes:
        table: The table.
        rows: Rows it has now.
        days: The requested days, in order.
        duration_seconds: How long the sync took.
        synced_at: When it ended (UTC).
        requests: Requests sent to Mixpanel that count for the quota.
        cohorts: The cohorts of the table that were computed again.
        notes: Lines for the reader, such as that annotations were not fetched.
    """

    table: str
    rows: int
    days: tuple[DaySync, ...]
    duration_seconds: float
    synced_at: datetime
    requests: int
    cohorts: tuple[LocalCohort, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def column_names(self) -> list[str]:
        """``date, added, changed, removed, total``."""
        return ["date", "added", "changed", "removed", "total"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row for each day that was asked for."""
        return [(day.date, day.added, day.changed, day.removed, day.total) for day in self.days]

    @property
    def new_days(self) -> tuple[DaySync, ...]:
        """The days that the table did not have before."""
        return tuple(day for day in self.days if day.is_new)

    @property
    def days_again(self) -> tuple[DaySync, ...]:
        """The days that were fetched again."""
        return tuple(day for day in self.days if not day.is_new)

    def _frame(self) -> pd.DataFrame:
        """The rows, with ``date`` as midnight timestamps: suitable for resampling and plotting in pandas."""
        import pandas as pd

        frame = pd.DataFrame.from_records(self.tuples(), columns=self.column_names)
        frame["date"] = pd.to_datetime(frame["date"]).astype("datetime64[ns]")
        return frame.astype(dict.fromkeys(self.column_names[1:], "int64"))
