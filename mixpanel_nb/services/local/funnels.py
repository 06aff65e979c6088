"""Rows of a funnel's statement as its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.results import OVERALL, FunnelStep
from mixpanel_nb.results.report import segment_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.queries import Funnel


class Funnels:
    """The rows of ``funnel.statement`` as steps."""

    def __init__(self, wanted: Funnel, rows: Sequence[tuple[Any, ...]]) -> None:
        self._wanted = wanted
        self._counts: dict[tuple[str | None, Bucket | None], tuple[Any, ...]] = {}
        self.segments: list[str | None] = [OVERALL] if wanted.on else [None]
        self.left_out = 0
        self._names = segment_names(row[1 if wanted.unit else 0] for row in rows) if wanted.on else {}
        for row in rows:
            self._add(list(row))

    def _add(self, row: list[Any]) -> None:
        bucket = row.pop(0) if self._wanted.unit else None
        name: str | None = None
        if self._wanted.on:
            name = self._names[row.pop(0)]
            place, segments = row[-2:]
            self.left_out = segments - place
            if name not in self.segments:
                self.segments.append(name)
        self._counts[name, bucket] = tuple(row)

    @property
    def events(self) -> tuple[str, ...]:
        """The events of the steps."""
        return tuple(step.event for step in self._wanted.steps)

    def missing(self) -> list[str]:
        """Events of the steps that nobody reached, and that may not be there at all."""
        reached = [row for (name, _), row in self._counts.items() if name in {None, OVERALL}]
        steps = self._wanted.steps
        return [
            step.event
            for place, step in enumerate(steps)
            if not any(row[_place_of_count(place)] for row in reached)
        ]

    def steps(self, buckets: Sequence[Bucket | None]) -> tuple[FunnelStep, ...]:
        """All steps, bucket by bucket, segment by segment."""
        return tuple(
            step for bucket in buckets for name in self.segments for step in self._steps(name, bucket)
        )

    def _steps(self, name: str | None, bucket: Bucket | None) -> list[FunnelStep]:
        row = self._counts.get((name, bucket))
        steps = self._wanted.steps
        users = [row[_place_of_count(place)] if row else 0 for place in range(len(steps))]
        return [
            FunnelStep(
                step=place + 1,
                event=step.event,
                count=users[place],
                step_conv_ratio=_ratio(users[place], users[place - 1]) if place else 1.0,
                overall_conv_ratio=_ratio(users[place], users[0]) if place else 1.0,
                avg_time=row[_place_of_count(place) + 1] if row and place else None,
                avg_time_from_start=row[_place_of_count(place) + 2] if row and place else None,
                segment=name,
                date=bucket,
            )
            for place, step in enumerate(steps)
        ]


def _place_of_count(place: int) -> int:
    """Where the count of a step is: the first step has a count alone, the others two times behind it."""
    return 0 if place == 0 else 1 + (place - 1) * 3


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
