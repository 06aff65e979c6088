"""Rows of a funnel's statement as its steps and times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics import funnel_counts
from mixpanel_nb.naming import unique_names
from mixpanel_nb.results import OVERALL, FunnelStep, FunnelTimes
from mixpanel_nb.results.funnel import QUANTILES
from mixpanel_nb.results.report import segment_names
from mixpanel_nb.results.series import BETWEEN
from mixpanel_nb.results.statistics import wilson
from mixpanel_nb.services.local.shapes import rounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.analytics.calendar import Bucket
    from mixpanel_nb.queries import Funnel

Row = dict[str, Any]


class Funnels:
    """The rows of ``funnel.statement`` as steps and times."""

    def __init__(self, wanted: Funnel, rows: Sequence[tuple[Any, ...]]) -> None:
        self._wanted = wanted
        self._rows: dict[tuple[str | None, Bucket | None], Row] = {}
        self._measures = funnel_counts.measures(wanted)
        self._runs = funnel_counts.places(wanted)
        self.segments: list[str | None] = [OVERALL] if wanted.on else [None]
        self.left_out = 0
        values = [_key(row[1 if wanted.unit else 0]) for row in rows] if wanted.on else []
        self._names = _names(values)
        self._parts = {name: value for value, name in self._names.items() if isinstance(value, tuple)}
        for row in rows:
            self._add(list(row))

    def _add(self, row: list[Any]) -> None:
        bucket = row.pop(0) if self._wanted.unit else None
        name: str | None = None
        if self._wanted.on:
            name = self._names[_key(row.pop(0))]
            place, segments = row[-2:]
            self.left_out = segments - place
            if name not in self.segments:
                self.segments.append(name)
        self._rows[name, bucket] = dict(zip(self._measures, row, strict=False))

    @property
    def events(self) -> tuple[str, ...]:
        """What the steps are called: their events, or where several can come next all of these."""
        steps = self._wanted.steps
        return tuple(
            " or ".join(dict.fromkeys(steps[number - 1].event for number in run)) for run in self._runs
        )

    def missing(self) -> list[str]:
        """Events of the steps that nobody reached, and that may not be there at all."""
        whole = [row for (name, _), row in self._rows.items() if name in {None, OVERALL}]
        steps = self._wanted.steps
        return [
            steps[number - 1].event
            for place, run in enumerate(self._runs, 1)
            if not any(row[f"count_{place}"] for row in whole)
            for number in run
        ]

    def values(self) -> list[Any]:
        """The segments but for everyone: names, of several breakdowns tuples of these."""
        return [self._parts.get(name or "", name) for name in self.segments[1:]]

    def steps(self, buckets: Sequence[Bucket | None]) -> tuple[FunnelStep, ...]:
        """All steps, bucket by bucket, segment by segment."""
        return tuple(
            step for bucket in buckets for name in self.segments for step in self._steps(name, bucket)
        )

    def times(self, buckets: Sequence[Bucket | None]) -> tuple[FunnelTimes, ...]:
        """The times of all pairs of steps, bucket by bucket, segment by segment."""
        return tuple(
            FunnelTimes(
                start,
                end,
                row.get(f"count_{start}_{end}" if start in self._wanted.optional else f"count_{end}", 0),
                row.get(f"mean_{start}_{end}"),
                _quantiles(row.get(f"quantiles_{start}_{end}")),
                _distribution(row.get(f"histogram_{start}_{end}")),
                segment=name,
                segments=self._parts_of(name),
                date=bucket,
            )
            for bucket in buckets
            for name in self.segments
            for row in (self._rows.get((name, bucket), {}),)
            for start, end in funnel_counts.pairs(self._wanted)
        )

    def _steps(self, name: str | None, bucket: Bucket | None) -> list[FunnelStep]:
        row = self._rows.get((name, bucket), {})
        events = self.events
        users = [row.get(f"count_{number}", 0) for number in range(1, len(events) + 1)]
        sums = self._wanted.sum_of is not None
        found = []
        for place, event in enumerate(events):
            number = place + 1
            low, high = wilson(users[place], users[0]) if place else (1.0, 1.0)
            found.append(
                FunnelStep(
                    step=number,
                    event=event,
                    count=users[place],
                    step_conv_ratio=_ratio(users[place], users[self._wanted.before(number) - 1])
                    if place
                    else 1.0,
                    overall_conv_ratio=_ratio(users[place], users[0]) if place else 1.0,
                    avg_time=row.get(f"avg_time_{number}"),
                    avg_time_from_start=row.get(f"avg_time_from_start_{number}"),
                    segment=name,
                    date=bucket,
                    median_time=row.get(f"median_time_{number}"),
                    median_time_from_start=row.get(f"median_time_from_start_{number}"),
                    p90_time=row.get(f"p90_time_{number}"),
                    p90_time_from_start=row.get(f"p90_time_from_start_{number}"),
                    low=low,
                    high=high,
                    sum=rounded(row.get(f"sum_{number}") or 0.0) if sums else None,
                    segments=self._parts_of(name),
                    is_optional=number in self._wanted.optional,
                )
            )
        return found

    def _parts_of(self, name: str | None) -> tuple[str, ...]:
        """A segment as the values of all breakdowns, where there are several."""
        if not isinstance(self._wanted.on, tuple) or name is None:
            return ()
        return self._parts.get(name, (OVERALL,) * len(self._wanted.on))


def _key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _names(values: Iterable[Any]) -> dict[Any, str]:
    """The names of segments, each another; those of several breakdowns are joined."""
    own = dict.fromkeys(values)
    if not any(isinstance(value, tuple) for value in own):
        return dict(segment_names(own))
    names: dict[Any, str] = {None: OVERALL}
    for value in own:
        if value is not None:
            names[value] = BETWEEN.join(value)
    joined = list(names.values())
    return dict(zip(names, unique_names(joined), strict=True))


def _quantiles(found: Sequence[float] | None) -> dict[str, float]:
    """Seconds by the names of the quantiles; nothing where nobody came."""
    if found is None:
        return {}
    return {name: value / 1e6 for name, value in zip(QUANTILES, found, strict=True)}


def _distribution(found: dict[int, int] | None) -> tuple[tuple[float, float | None, int], ...]:
    """How many took how long: from, to (None is no end) and number, without empty buckets at the ends."""
    counts = list((found or {}).values())
    lows: tuple[float, ...] = (0, *funnel_counts.EDGES)
    highs: tuple[float | None, ...] = (*funnel_counts.EDGES, None)
    rows = [(lows[place], highs[place], count) for place, count in enumerate(counts)]
    some = [place for place, (_, _, count) in enumerate(rows) if count]
    return tuple(rows[some[0] : some[-1] + 1]) if some else ()


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
