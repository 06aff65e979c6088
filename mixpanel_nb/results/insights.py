"""Result of an Insights report: metrics and formulas, over time and by segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.naming import free_name
from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


@dataclass(frozen=True)
class InsightsLine:
    """One metric or formula of one segment.

    Attributes:
        metric: Its name.
        segment: The segment, one text a breakdown; empty without.
        values: One number per bucket of time; None if undefined or unknown.
        complete: Whether the whole bucket lies within the requested days and was fetched.
        unit: The unit of the numbers, such as ``%``, if a formula has one.
        is_count: Whether it counts events, users or values.
        compared: The values of the comparison period, one per bucket; empty without comparison.
    """

    metric: str
    segment: tuple[str, ...]
    values: tuple[float | None, ...]
    complete: tuple[bool, ...]
    unit: str | None = None
    is_count: bool = False
    compared: tuple[float | None, ...] = ()

    def shown(self, value: float | None) -> float | None:
        """A value of the line, a count as a whole number."""
        whole = self.is_count and value is not None and value.is_integer()
        return int(value) if whole and value is not None else value

    @property
    def known(self) -> list[float]:
        """Values of complete buckets; if there are none, all values."""
        pairs = [pair for pair in zip(self.values, self.complete, strict=True) if pair[0] is not None]
        whole = [value for value, complete in pairs if complete and value is not None]
        return whole or [value for value, _ in pairs if value is not None]

    @property
    def mean(self) -> float | None:
        """The mean of :attr:`known`."""
        return sum(self.known) / len(self.known) if self.known else None


@dataclass(frozen=True, repr=False)
class InsightsResult(ReportResult):
    """Metrics, and formulas over them, in each bucket of time and each segment.

    Attributes:
        metrics: The names of the metrics and formulas, in order.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week``, ``month``, ``quarter`` or ``year``; None for totals.
        on: What splits the events, one name a breakdown.
        where: The filter of all metrics, or None.
        dates: Every bucket of the range, in order; for totals the first day alone.
        lines: Every metric of every segment, the segments in the order of their events.
        rolling: The number of buckets of a rolling average, or None.
        cumulative: Whether each value is added to those before.
        compared_dates: The comparison bucket of each bucket; empty without comparison.
        left_out: Segments beyond the limit, which ``(other)`` stands for.
        compared_sql: The statement of the comparison values.
    """

    metrics: tuple[str, ...]
    from_date: date
    to_date: date
    unit: str | None
    on: tuple[str, ...]
    where: str | None
    dates: tuple[date, ...]
    lines: tuple[InsightsLine, ...]
    rolling: int | None = None
    cumulative: bool = False
    compared_dates: tuple[date | None, ...] = ()
    left_out: int = 0
    compared_sql: str | None = None

    @property
    def breakdowns(self) -> list[str]:
        """The columns of the breakdowns: their names, unlike each other and the other columns."""
        taken = ["date", "metric", "value", "complete", *(_COMPARED if self.compared_dates else ())]
        names: list[str] = []
        for name in self.on:
            names.append(free_name(name, [*taken, *names]))
        return names

    @property
    def column_names(self) -> list[str]:
        """Date, metric, breakdowns, value, complete, and what it is compared with."""
        return [
            "date",
            "metric",
            *self.breakdowns,
            "value",
            "complete",
            *(_COMPARED if self.compared_dates else ()),
        ]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket, metric and segment, sorted by date and then as the lines are."""
        return [
            (
                day,
                line.metric,
                *line.segment,
                line.shown(line.values[place]),
                line.complete[place],
                *self._compared(line, place),
            )
            for place, day in enumerate(self.dates)
            for line in self.lines
        ]

    def _compared(self, line: InsightsLine, place: int) -> tuple[Any, ...]:
        if not self.compared_dates:
            return ()
        value, before = line.values[place], line.compared[place]
        difference = None if value is None or before is None else value - before
        change = difference / abs(before) if difference is not None and before else None
        return self.compared_dates[place], line.shown(before), line.shown(difference), change

    def _dtypes(self) -> Mapping[str, str]:
        kinds = {"date": "datetime64[ns]", "value": "float64", "complete": "bool"}
        if self.compared_dates:
            kinds |= {"compared_date": "datetime64[ns]", **dict.fromkeys(_COMPARED[1:], "float64")}
        return kinds


_COMPARED = ("compared_date", "compared", "difference", "change")
