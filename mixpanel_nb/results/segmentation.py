"""Result of segmentation: an event over time and by segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.naming import free_name, property_names
from mixpanel_nb.queries.cells import SegmentCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import Whose
from mixpanel_nb.results.series import OTHER, SeriesResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from datetime import date

    from mixpanel_nb.results.numbers import Key
    from mixpanel_nb.results.users import UsersResult


@dataclass(frozen=True, repr=False)
class SegmentationResult(SeriesResult):
    """How often an event happened in each bucket of time and each segment.

    Attributes:
        event: The event; None for any.
        from_date: First day.
        to_date: Last day.
        unit: ``minute``, ``hour``, ``day``, ``week`` or ``month``.
        type: ``general`` (events), ``unique`` (users) or ``average`` (events per user).
        on: The property or expression that splits the events, several of them, or None.
        where: The filter, or None.
        dates: Every bucket of the range, in order.
        values: Segment (of several breakdowns a tuple) to bucket to count, the largest segment first;
            without ``on`` one segment, ``total``.
            A bucket that is missing is 0.
        left_out: Segments beyond the limit.
        rest: Bucket to count of the other events, in a table; None if the limit removed nothing.
        complete: For each bucket, whether all of it was counted (see ``BucketedResult``).
    """

    name_column: ClassVar[str] = "segment"

    event: str | None
    from_date: date
    to_date: date
    unit: str
    type: str
    on: str | tuple[str, ...] | None
    where: str | None
    dates: tuple[date, ...]
    values: Mapping[Any, Mapping[date, float]]
    left_out: int = 0
    rest: Mapping[date, float] | None = None
    complete: tuple[bool | None, ...] = ()

    @property
    def totals(self) -> dict[Any, float]:
        """Segment to the sum of its counts over the range.

        For ``general`` that is its number of events. For ``unique`` a user counts once in every bucket, and
        for ``average`` the sum is meaningless.
        """
        return {segment: sum(counts.values()) for segment, counts in self.values.items()}

    @property
    def name_columns(self) -> list[str]:
        """``segment``; of several breakdowns their names, made unlike the other columns."""
        columns = ["date", "count", "complete"]
        for name in self.on if isinstance(self.on, tuple) else (self.name_column,):
            columns.append(free_name(name, columns))
        return columns[3:]

    def _further_shape(self) -> tuple[tuple[str, Any], ...]:
        return (("breakdowns", property_names(self.on)),)

    def _whose(self, key: Key) -> tuple[Whose | None, ...]:
        if self.type != "unique" or self.left_out:
            return ()
        segment = (("segment", key if isinstance(self.on, tuple) else key[0]),) if self.on is not None else ()
        return tuple(Whose((("date", day), *segment)) for day in self.dates)

    def users(
        self, *, date: dt.date | str | None = None, segment: str | Sequence[str] | None = None
    ) -> UsersResult:
        """The users behind a count: of a bucket of time, a segment, both, or the whole report.

        Args:
            date: The bucket, as ``.df`` has it; None is all.
            segment: The segment, of several breakdowns a name each; None is all.

        Raises:
            ParameterError: the report shows no such number, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = SegmentCell(date=date, segment=segment)
        return self._users(
            cell, date=cells.bucket(cell.date, self.dates), segments=self._breakdown_of(cell.segment)
        )

    def _breakdown_of(self, segment: str | Sequence[str] | None) -> tuple[tuple[str, str], ...]:
        """Each breakdown with the name in it."""
        if segment is None or (self.on is None and segment == "total"):
            return ()
        if self.on is None:
            cells.unbroken(segment)
            return ()
        if isinstance(self.on, str):
            cells.rest(segment, OTHER, "segment", self.left_out)
            (only,) = cells.names(segment, 1)
            return ((self.on, cells.name(only, self.values, "segment", "segment")),)
        cells.rest(segment, (OTHER,) * len(self.on), "segment", self.left_out)
        return tuple(
            zip(self.on, cells.combination(cells.names(segment, len(self.on)), self.values), strict=True)
        )

    def _series(self) -> Mapping[Any, Mapping[date, float]]:
        return self.values or ({} if self.on else {"total": {}})
