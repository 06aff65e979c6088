"""Result of segmentation: an event over time and by segment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.naming import free_name, property_names
from mixpanel_nb.results.series import SeriesResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


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

    def _series(self) -> Mapping[Any, Mapping[date, float]]:
        return self.values or ({} if self.on else {"total": {}})
