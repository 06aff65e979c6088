"""How many users went through a sequence of steps, and where they were lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.report import OVERALL, ReportResult

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping
    from datetime import date


_MEASURES = ("step_conv_ratio", "overall_conv_ratio", "avg_time", "avg_time_from_start")


@dataclass(frozen=True)
class FunnelStep:
    """One step of a funnel, of one segment and bucket of time where it has these.

    Attributes:
        step: Its number, from 1.
        event: What the step is called.
        count: Users that reached it.
        step_conv_ratio: Share of those that reached the step before; 1 for step 1.
        overall_conv_ratio: Share of those that entered; 1 for step 1.
        avg_time: Mean seconds since the step before; None for step 1 or where nobody came.
        avg_time_from_start: Mean seconds since step 1; None for step 1 or where nobody came.
        segment: The segment, of a funnel that is broken down.
        date: Bucket of time of the entry, of a funnel over time.
    """

    step: int
    event: str
    count: int
    step_conv_ratio: float
    overall_conv_ratio: float
    avg_time: float | None
    avg_time_from_start: float | None
    segment: str | None = None
    date: dt.date | None = None


@dataclass(frozen=True, repr=False)
class FunnelResult(ReportResult):
    """How many users went through a sequence of steps.

    Attributes:
        steps: One ``FunnelStep`` a step, for each bucket of time and segment where there are such.
        events: What the steps are called, in order.
        from_date: First day of entry.
        to_date: Last day of entry.
        window: How long a user may take from step 1, in ``window_unit``; None where it is not known.
        window_unit: ``second``, ``minute``, ``hour``, ``day`` or ``week``.
        unit: Bucket of time with a funnel of its own, or None for one funnel over the whole range.
        on: The property or expression that splits the users, or None.
        where: The filter on the events of all steps, or None.
        funnel_id: Mixpanel's id of a saved funnel.
        name: Mixpanel's name of a saved funnel.
        left_out: Segments beyond the limit.
    """

    steps: tuple[FunnelStep, ...]
    events: tuple[str, ...]
    from_date: date
    to_date: date
    window: int | None
    window_unit: str | None
    unit: str | None
    on: str | None
    where: str | None
    funnel_id: int | None = None
    name: str | None = None
    left_out: int = 0

    @property
    def column_names(self) -> list[str]:
        """``step`` to ``avg_time_from_start``; before it ``date`` with a unit and ``segment`` with ``on``."""
        split = [name for name, given in (("date", self.unit), ("segment", self.on)) if given is not None]
        return [*split, "step", "event", "count", *_MEASURES]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a step."""
        return [tuple(getattr(step, name) for name in self.column_names) for step in self.steps]

    def _dtypes(self) -> Mapping[str, str]:
        times = {} if self.unit is None else {"date": "datetime64[ns]"}
        return times | {"step": "int64", "count": "int64"} | dict.fromkeys(_MEASURES, "float64")

    @property
    def conversion(self) -> float | None:
        """Share of those that entered that reached the last step; None for a funnel over time.

        Of all users together, where the funnel is broken down.
        """
        if self.unit is not None:
            return None
        segment = None if self.on is None else OVERALL
        ratios = [step.overall_conv_ratio for step in self.steps if step.segment == segment]
        return ratios[-1] if ratios else None
