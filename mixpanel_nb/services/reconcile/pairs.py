"""The numbers of both answers, place by place."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mixpanel_nb.results import ReportResult
    from mixpanel_nb.results.numbers import Line, Measure, Numbers

Name = tuple[tuple[Any, ...], str]
"""The key of a line, and the name of its measure."""


@dataclass(frozen=True)
class Place:
    """Where a number is: its bucket, key and measure."""

    date: date | None
    key: tuple[Any, ...]
    measure: str


@dataclass(frozen=True)
class Pair:
    """A number on both sides; None where it is unknown."""

    names: tuple[Any, ...]
    measure: Measure
    mixpanel: float | None
    table: float | None
    is_whole: bool

    @property
    def agrees(self) -> bool | None:
        """Whether both are the same; None where Mixpanel's is unknown, or both are."""
        if self.mixpanel is None:
            return None
        if self.table is None:
            return False
        return isclose(self.mixpanel, self.table, rel_tol=1e-9, abs_tol=1e-9)


def paired(live: ReportResult, local: ReportResult, limit: int | None) -> dict[Place, Pair]:
    """Every number of both answers: counts, and shares where there are no counts.

    Args:
        live: Mixpanel's answer.
        local: The table's.
        limit: How many segments were asked for, or None.

    Raises:
        ParameterError: the answers have different forms.
    """
    theirs, ours = live.numbers(), local.numbers()
    differing = theirs.differing_shape(ours)
    if differing is not None:
        what, one, other = differing
        message = f"Mixpanel answered in another form: its {what} is {one!r}, the table's {other!r}."
        raise ParameterError(message, parameter="report", hint="Ask in another unit, or fewer days.")
    mixpanel, table = Side(theirs, limit), Side(ours, limit)
    lines = _compared({**table.lines, **mixpanel.lines})
    dates: set[Any] = {*theirs.dates, *ours.dates}
    return {
        Place(day, *name): Pair(
            line.names,
            line.measure,
            mixpanel.value(name, line, day),
            table.value(name, line, day),
            table.is_whole(name, day),
        )
        for day in sorted(dates, key=lambda day: (day is not None, day))
        for name, line in lines.items()
    }


def _compared(lines: Mapping[Name, Line]) -> dict[Name, Line]:
    """The lines without times, and without shares of what is counted."""
    counted = {line.key for line in lines.values() if line.measure.kind == "number"}
    return {
        name: line
        for name, line in lines.items()
        if line.measure.kind == "number" or (line.measure.kind == "share" and line.key not in counted)
    }


class Side:
    """The numbers of one answer, by key and measure, and by bucket.

    Args:
        numbers: The numbers.
        limit: How many segments were asked for, or None.
    """

    def __init__(self, numbers: Numbers, limit: int | None) -> None:
        self._numbers = numbers
        self.lines: dict[tuple[tuple[Any, ...], str], Line] = {
            (line.key, line.measure.name): line for line in numbers.lines
        }
        self._places = {day: place for place, day in enumerate(numbers.dates)}
        self._is_cut = limit is not None and len(numbers.columns) > 0 and len(self.lines) >= limit

    def value(self, name: tuple[tuple[Any, ...], str], like: Line, day: date | None) -> float | None:
        """A number; what the answer would say of a line or a bucket that it does not have."""
        place, line = self._places.get(day), self.lines.get(name)
        if line is not None and place is not None:
            return line.values[place]
        if self._is_cut and line is None:
            return None
        if place is not None and self._numbers.states[place] is None:
            return None
        return self._numbers.absent(like)

    def is_whole(self, name: tuple[tuple[Any, ...], str], day: date | None) -> bool:
        """Whether all of a number was counted."""
        place, line = self._places.get(day), self.lines.get(name)
        return line is None or place is None or line.complete[place]
