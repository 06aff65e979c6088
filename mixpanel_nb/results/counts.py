"""Results of event counts, property counts and top events."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.queries.cells import EventCell, EventsCell, ValueCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import Measure, Numbers, Sampling, lines_of, nothing_is_unknown
from mixpanel_nb.results.report import ReportResult
from mixpanel_nb.results.series import OTHER, SeriesResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from datetime import date

    from mixpanel_nb.results.users import UsersResult


ANY_EVENT = "any event"
"""The name of the series that counts any event."""


@dataclass(frozen=True, repr=False)
class EventCountsResult(SeriesResult):
    """How often each of several events happened in each bucket of time.

    Attributes:
        events: The events, in the order asked for; ``any event`` alone if any event is counted.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of the range, in order.
        values: Event to bucket to count. Missing counts are 0.
        complete: For each bucket, whether all of it was counted (see ``BucketedResult``).
    """

    name_column: ClassVar[str] = "event"

    events: tuple[str, ...]
    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[str, Mapping[date, float]]
    complete: tuple[bool | None, ...] = ()

    def numbers(self) -> Numbers:
        """Its counts, for a comparison; those of events that were not asked for are unknown."""
        return replace(super().numbers(), absent=nothing_is_unknown)

    def users(self, *, date: dt.date | str | None = None, event: str | None = None) -> UsersResult:
        """The users behind a count: of a bucket of time, an event, both, or the whole report.

        Args:
            date: The bucket, as ``.df`` has it; None is all.
            event: The event, or ``any event`` of a report of any; None is all.

        Raises:
            ParameterError: the report shows no such number, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = EventsCell(date=date, event=event)
        events: tuple[str, ...] | None = self.events
        if cell.event is not None:
            events = (cells.name(cell.event, self.events, "event", "event"),)
        if self._is_of_any_event:
            events = None
        return self._users(cell, date=cells.bucket(cell.date, self.dates), events=events)

    @property
    def _is_of_any_event(self) -> bool:
        return self.question is not None and getattr(self.question.query, "events", ()) is None

    def _series(self) -> Mapping[str, Mapping[date, float]]:
        return {event: self.values.get(event, {}) for event in self.events}


@dataclass(frozen=True, repr=False)
class PropertyCountsResult(SeriesResult):
    """How often an event happened with each value of a property, in each bucket of time.

    Attributes:
        event: The event.
        prop: The property.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        where: The filter, or None.
        dates: Every bucket of the range, in order.
        values: Value to bucket to count, the most frequent value first. A bucket that is missing is 0.
        left_out: Values beyond the limit.
        rest: Bucket to count of the other events, in a table; None if the limit removed nothing.
        complete: For each bucket, whether all of it was counted (see ``BucketedResult``).
    """

    name_column: ClassVar[str] = "value"

    event: str
    prop: str
    from_date: date
    to_date: date
    unit: str
    type: str
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[str, Mapping[date, float]]
    left_out: int = 0
    rest: Mapping[date, float] | None = None
    complete: tuple[bool | None, ...] = ()

    def _further_shape(self) -> tuple[tuple[str, Any], ...]:
        return (("property", self.prop),)

    def users(self, *, date: dt.date | str | None = None, value: str | None = None) -> UsersResult:
        """The users behind a count: of a bucket of time, a value, both, or the whole report.

        Args:
            date: The bucket, as ``.df`` has it; None is all.
            value: The value of the property; None is all.

        Raises:
            ParameterError: the report shows no such number, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = ValueCell(date=date, value=value)
        cells.rest(cell.value, OTHER, "value", self.left_out)
        named = () if cell.value is None else (cells.name(cell.value, self.values, "value", "value"),)
        return self._users(
            cell,
            date=cells.bucket(cell.date, self.dates),
            segments=tuple((self.prop, each) for each in named),
        )

    def _series(self) -> Mapping[str, Mapping[date, float]]:
        return self.values


@dataclass(frozen=True)
class TopEvent:
    """One event of a day.

    Attributes:
        event: Its name.
        count: How often it happened.
        percent_change: Change against the day before as a fraction of that day, or of the same part of it as
            has passed of this one; 1.0 if it had none.
    """

    event: str
    count: int
    percent_change: float


@dataclass(frozen=True, repr=False)
class TopEventsResult(ReportResult):
    """The events of one day, the most frequent first.

    Attributes:
        date: The day, or None if unknown.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        events: The events.
    """

    date: dt.date | None
    type: str
    events: tuple[TopEvent, ...]

    @property
    def column_names(self) -> list[str]:
        """``event, count, percent_change``."""
        return ["event", "count", "percent_change"]

    def users(self, *, event: str | None = None) -> UsersResult:
        """The users of the day: of an event, or of any.

        Args:
            event: The event; None is all.

        Raises:
            ParameterError: the report shows no such event, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = EventCell(event=event)
        known = [each.event for each in self.events]
        named = None if cell.event is None else (cells.name(cell.event, known, "event", "event"),)
        return self._users(cell, day=self.date, events=named)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row an event."""
        return [(event.event, event.count, event.percent_change) for event in self.events]

    def numbers(self) -> Numbers:
        """Its counts, for a comparison; those of events beyond a limit are unknown."""
        measure = Measure("count", adds_up=self.type == "general")
        sampling = Sampling() if self.type == "unique" else None
        counts = [((event.event,), [event.count]) for event in self.events]
        lines = lines_of(counts, measure, (True,), sampling)
        return Numbers((("type", self.type),), ("event",), lines, (None,), (1,), (True,), nothing_is_unknown)

    def _dtypes(self) -> Mapping[str, str]:
        return {"count": "float64" if self.type == "average" else "int64", "percent_change": "float64"}
