"""Result of a search for what was unusual in the last days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.cells import AnomalyCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    from mixpanel_nb.queries import Why
    from mixpanel_nb.results.users import UsersResult

SPOKEN = 0.05
"""The chance that a run on quiet days says something."""

AnomalyKind = Literal["all", "event", "value"]


@dataclass(frozen=True)
class Anomaly:
    """A day on which a number was beyond what is usual.

    Attributes:
        date: The day.
        kind: ``all`` (any event), ``event``, or ``value`` (of a property, in all events).
        prop: The property; None of events.
        value: The event or the value; None of any event.
        actual: Events of the day.
        expected: What is usual for it.
        chance: The probability of such a distance by chance, corrected for all that was compared.
        also: What moved with it on that day, as ``property = value`` or the event's name: events where any
            event is unusual likewise, and values that are nearly the same events.
        why: The question that explains it.
        actuals: The number on each of the result's dates; None where the table does not hold all of a day.
        expecteds: What was usual for each, from those before it alone.
    """

    date: dt.date
    kind: AnomalyKind
    prop: str | None
    value: str | None
    actual: float
    expected: float
    chance: float
    also: tuple[str, ...]
    why: Why
    actuals: tuple[float | None, ...] = ()
    expecteds: tuple[float | None, ...] = ()

    @property
    def change(self) -> float:
        """What is above what is usual."""
        return self.actual - self.expected

    @property
    def name(self) -> str:
        """``property = value``, the event's name, or ``any event``."""
        if self.value is None:
            return "any event"
        return self.value if self.prop is None else f"{self.prop} = {self.value}"

    @property
    def command(self) -> str:
        """The command that explains it, as typed in a terminal; a call where no line can hold it."""
        magic = self.why.magic()
        return self.why.python() if magic is None else f"mp {magic.removeprefix('%mp_')}"


_COLUMNS = ("date", "kind", "property", "value", "actual", "expected", "change", "chance", "also", "why")


@dataclass(frozen=True, repr=False)
class AnomaliesResult(ReportResult):
    """What was unusual in the last days.

    Attributes:
        from_date: The first day that was judged; None if the table has no events.
        to_date: The last one; None likewise.
        where: The filter, or None.
        anomalies: What was unusual, the last day first, and within it the least likely first.
        judged: How many of the days have enough days before them.
        events: How many events were compared.
        tried: The properties whose values were compared.
        comparisons: The numbers that were compared, all days together.
        left_out: Anomalies beyond the limit.
        dates: The days before that say what is usual, and those that were judged.
    """

    from_date: dt.date | None
    to_date: dt.date | None
    where: str | None
    anomalies: tuple[Anomaly, ...]
    judged: int = 0
    events: int = 0
    tried: tuple[str, ...] = ()
    comparisons: int = 0
    left_out: int = 0
    dates: tuple[dt.date, ...] = ()

    def users(
        self,
        *,
        date: dt.date | str | None = None,
        event: str | None = None,
        prop: str | None = None,
        value: str | None = None,
    ) -> UsersResult:
        """The users of a number: of a day, of an event on it, or of the events with a value.

        Args:
            date: The day; None is all days that were judged.
            event: The event; None is any event.
            prop: Only of events with a value of this property; None is all events.
            value: That value.

        Raises:
            ParameterError: no such day was judged, or a property or a value is missing.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = AnomalyCell(date=date, event=event, prop=prop, value=value)
        if self.from_date is None or self.to_date is None:
            message = "There are no events, and so no users."
            raise ParameterError(message, parameter="date", hint=["Name another ", Word("table"), "."])
        judged = [day for day in self.dates if self.from_date <= day <= self.to_date]
        day = cells.bucket(cell.date, judged)
        first, last = (self.from_date, self.to_date) if day is None else (day, day)
        return self._users(cell, days=(first, last), event=cell.event, prop=cell.prop, value=cell.value)

    @property
    def column_names(self) -> list[str]:
        """``date, kind, property, value, actual, expected, change, chance, also, why``."""
        return list(_COLUMNS)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row an anomaly; ``why`` is the command that explains it."""
        return [
            (
                *(each.date, each.kind, each.prop, each.value, each.actual, each.expected),
                *(each.change, each.chance, ", ".join(each.also) or None, each.command),
            )
            for each in self.anomalies
        ]

    def _dtypes(self) -> Mapping[str, str]:
        return {"date": "datetime64[ns]", **dict.fromkeys(_COLUMNS[4:8], "float64")}
