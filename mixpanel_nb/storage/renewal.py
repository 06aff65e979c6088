"""Renewal of days that are fetched again: counts changes, and removes the old rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.storage.dedupe import EVENT_KEY
from mixpanel_nb.storage.sqltext import identifier

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    import duckdb

_KEY = f"hash({EVENT_KEY})"
_TEXT = "CAST(properties AS VARCHAR)"
# What an event holds, whatever the order in which its properties were sent (as text where a key comes twice).
_SORTED = f"""coalesce(
    CAST(TRY(list_sort(map_entries(from_json(properties, '"MAP(VARCHAR, JSON)"')))) AS VARCHAR), {_TEXT}
)"""
_COUNTS = "count(*) FILTER (rowid <= $newest) AS before, count(*) FILTER (rowid > $newest) AS after"
_COME, _GONE = "sum(greatest(after - before, 0))", "sum(greatest(before - after, 0))"


@dataclass(frozen=True)
class DayChange:
    """The changes of a day that was fetched again.

    Attributes:
        day: The day.
        added: Events that were not there before.
        changed: Events of the same name, user, time and id as before, with other properties.
        removed: Events that no longer exist.
        total: Events of the day now.
    """

    day: date
    added: int
    changed: int
    removed: int
    total: int


@dataclass(frozen=True)
class Renewal:
    """The days of a table that are replaced by rows that have just been inserted.

    Attributes:
        table: The table.
        spans: First and last day of each run of days.
        zone: The zone of these days; None is UTC.
        newest: The rowid of the last row that was there before.
    """

    table: str
    spans: Sequence[tuple[date, date]]
    zone: str | None
    newest: int

    def changes(self, con: duckdb.DuckDBPyConnection) -> list[DayChange]:
        """The changes of each day, while old and new rows are both in the table.

        Equal rows are counted, so that of several only as many are new as were added. Sorting properties is
        slow, so only those of events whose text is another are sorted.
        """
        rows = con.execute(
            f"""
            WITH _texts AS (
                SELECT {_KEY} AS key, hash({_TEXT}) AS content, {_COUNTS}
                FROM {identifier(self.table)} WHERE {self._within} GROUP BY 1, 2
            ), _others AS (
                SELECT key FROM _texts GROUP BY key HAVING {_COME} > 0 AND {_GONE} > 0
            ), _counted AS (
                SELECT {self._day} AS day, {_KEY} AS key,
                    CASE WHEN {_KEY} IN (FROM _others) THEN hash({_SORTED}) ELSE hash({_TEXT}) END AS content,
                    {_COUNTS}
                FROM {identifier(self.table)} WHERE {self._within} GROUP BY 1, 2, 3
            ), _moved AS (
                SELECT day, sum(after) AS total, {_COME} AS come, {_GONE} AS gone
                FROM _counted GROUP BY day, key
            )
            SELECT day, sum(come - least(come, gone)), sum(least(come, gone)), sum(gone - least(come, gone)),
                sum(total)
            FROM _moved GROUP BY day ORDER BY day
            """,
            {"newest": self.newest} | self._params,
        ).fetchall()
        found = {day: DayChange(day, *map(int, counts)) for day, *counts in rows}
        return [found.get(day, DayChange(day, 0, 0, 0, 0)) for day in self._days()]

    def remove_old(self, con: duckdb.DuckDBPyConnection) -> None:
        """Delete the rows of the days that were there before."""
        con.execute(
            f"DELETE FROM {identifier(self.table)} WHERE rowid <= $newest AND {self._within}",
            {"newest": self.newest} | self._params,
        )

    @property
    def _day(self) -> str:
        local = "event_time" if self.zone is None else "event_time AT TIME ZONE 'UTC' AT TIME ZONE $zone"
        return f"CAST({local} AS DATE)"

    @property
    def _within(self) -> str:
        spans = range(len(self.spans))
        return "(" + " OR ".join(f"{self._day} BETWEEN $since_{n} AND $until_{n}" for n in spans) + ")"

    @property
    def _params(self) -> dict[str, Any]:
        params: dict[str, Any] = {} if self.zone is None else {"zone": self.zone}
        for number, (first, last) in enumerate(self.spans):
            params |= {f"since_{number}": first, f"until_{number}": last}
        return params

    def _days(self) -> list[date]:
        return sorted(
            first + timedelta(days=offset)
            for first, last in self.spans
            for offset in range((last - first).days + 1)
        )
