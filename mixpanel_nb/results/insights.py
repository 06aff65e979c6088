"""Result of an Insights report: metrics and formulas, over time and by segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.naming import free_name
from mixpanel_nb.queries.cells import InsightsCell
from mixpanel_nb.queries.metrics import LETTERS
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import Line as NumbersLine
from mixpanel_nb.results.numbers import Measure, Numbers, Sampling, days_of
from mixpanel_nb.results.report import ReportResult
from mixpanel_nb.results.series import OTHER

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.results.users import UsersResult


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
        adds_up: Whether the numbers of several buckets can be added.
        is_of_users: Whether each number counts users.
    """

    metric: str
    segment: tuple[str, ...]
    values: tuple[float | None, ...]
    complete: tuple[bool, ...]
    unit: str | None = None
    is_count: bool = False
    adds_up: bool = False
    is_of_users: bool = False

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
        left_out: Segments beyond the limit, which ``(other)`` stands for.
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
    left_out: int = 0

    @property
    def breakdowns(self) -> list[str]:
        """The columns of the breakdowns: their names, unlike each other and the other columns."""
        taken = ["date", "metric", "value", "complete"]
        names: list[str] = []
        for name in self.on:
            names.append(free_name(name, [*taken, *names]))
        return names

    @property
    def column_names(self) -> list[str]:
        """Date, metric, breakdowns, value, complete."""
        return ["date", "metric", *self.breakdowns, "value", "complete"]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a bucket, metric and segment, sorted by date and then as the lines are."""
        return [
            (
                day,
                line.metric,
                *line.segment,
                line.shown(line.values[place]),
                line.complete[place],
            )
            for place, day in enumerate(self.dates)
            for line in self.lines
        ]

    def users(
        self,
        *,
        metric: str | None = None,
        date: dt.date | str | None = None,
        segment: str | Sequence[str] | None = None,
    ) -> UsersResult:
        """The users behind a number: those who did the metric's events in a bucket of time and a segment.

        Of users of the last days (DAU, WAU, MAU) those of the days that end with the bucket; of first or last
        segments the users that count in this one. Rolling and cumulated numbers give the users of the bucket
        alone. A formula has no users of its own.

        Args:
            metric: The metric's name, or its letter; None is any of them.
            date: The bucket, as ``.df`` has it; None is all.
            segment: The segment, of several breakdowns a name each; None is all.

        Raises:
            ParameterError: the report shows no such number.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = InsightsCell(metric=metric, date=date, segment=segment)
        return self._users(
            cell,
            metric=self._metric_of(cell.metric),
            bucket=cells.bucket(cell.date, self.dates),
            segment=self._segment_of(cell.segment),
        )

    def _metric_of(self, metric: str | None) -> int | None:
        """The place of a metric."""
        count = len(self.metrics) - self._formulas
        if metric is None:
            return 0 if count == 1 else None
        if metric not in self.metrics and metric in LETTERS[:count]:
            return LETTERS.index(metric)
        place = self.metrics.index(cells.name(metric, self.metrics, "metric", "metric"))
        if place >= count:
            message = f"{metric!r} is a formula, which has no users of its own."
            hint = ["Ask for those of one of its metrics: ", Word("metric", self.metrics[0]), "."]
            raise ParameterError(message, parameter="metric", value=metric, hint=hint)
        return place

    @property
    def _formulas(self) -> int:
        """How many of the metrics are formulas."""
        query = self.question.query if self.question is not None else None
        return len(getattr(getattr(query, "insights", query), "formulas", ()))

    def _segment_of(self, segment: str | Sequence[str] | None) -> tuple[str, ...] | None:
        if segment is None:
            return None
        if not self.on:
            cells.unbroken(segment)
        named = cells.names(segment, len(self.on))
        known = list(dict.fromkeys(line.segment for line in self.lines))
        if self.left_out and known and named == known[-1] and named[0].startswith(OTHER):
            cells.rest(named, named, "segment", self.left_out)
        return cells.combination(named, known)

    def _dtypes(self) -> Mapping[str, str]:
        return {"date": "datetime64[ns]", "value": "float64", "complete": "bool"}

    def numbers(self) -> Numbers:
        """Its numbers, for a comparison: metrics by their place, so that their names may differ."""
        lines = tuple(
            NumbersLine(
                (self.metrics.index(line.metric), *line.segment),
                (line.metric, *line.segment),
                Measure("value", adds_up=line.adds_up, unit=line.unit),
                tuple(map(line.shown, line.values)),
                line.complete,
                sampling=Sampling() if line.is_of_users else None,
            )
            for line in self.lines
        )
        states = tuple(_state(self.lines, place) for place in range(len(self.dates)))
        return Numbers(
            (("unit", self.unit), ("number of metrics", len(self.metrics)), ("breakdowns", self.on)),
            ("metric", *self.breakdowns),
            lines,
            (None,) if self.unit is None else self.dates,
            days_of(self.dates, self.unit, self.from_date, self.to_date),
            states,
            self._absent,
        )

    def _absent(self, line: NumbersLine) -> float | None:
        """Nothing of a count, unless the segment is beyond the limit."""
        of_metric = [each for each in self.lines if each.metric == self.metrics[line.key[0]]]
        return 0 if of_metric and of_metric[0].is_count and not self.left_out else None


def _state(lines: Sequence[InsightsLine], place: int) -> bool | None:
    """Whether all of a bucket was counted, for all lines; None where none of it is known."""
    if all(line.complete[place] for line in lines):
        return True
    return False if any(line.values[place] is not None for line in lines) else None
