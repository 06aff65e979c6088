"""How many users went through a sequence of steps, and where they were lost."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.naming import free_name, property_names
from mixpanel_nb.queries.cells import FunnelCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.numbers import (
    Line,
    Measure,
    Numbers,
    Sampling,
    Whose,
    days_of,
    nothing_is_unknown,
    within,
)
from mixpanel_nb.results.report import OVERALL, ReportResult, typed_frame
from mixpanel_nb.results.statistics import by_chance

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence
    from datetime import date

    import pandas as pd

    from mixpanel_nb.results.users import UsersResult

_MEASURES = (
    "step_conv_ratio",
    "overall_conv_ratio",
    "avg_time",
    "avg_time_from_start",
    "median_time",
    "median_time_from_start",
    "p90_time",
    "p90_time_from_start",
    "low",
    "high",
)
QUANTILES = ("min", "p25", "median", "p75", "p90", "p99", "max")
ENOUGH = 30
"""With fewer entries Mixpanel does not say whether a segment differs by more than chance
(https://docs.mixpanel.com/docs/reports/funnels/funnels-advanced#significance)."""
SIGNIFICANT = 0.95
"""Above this confidence Mixpanel calls a difference significant."""

_OWN = ("step", "event", "count", "sum", *_MEASURES, "from_step", "to_step", "mean", *QUANTILES)


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
        median_time: Median seconds since the step before; None where that is not known.
        median_time_from_start: Median seconds since step 1.
        p90_time: Seconds since the step before within which 90 % came.
        p90_time_from_start: Seconds since step 1 within which 90 % came.
        low: Where the 95 % interval (Wilson) of ``overall_conv_ratio`` begins.
        high: Where it ends.
        sum: Sum of the property at this step, where one was asked for.
        segments: The value of each breakdown, where there are several.
        is_optional: Whether users may leave it out. The ratio and times of the step after it, as its own, are
            those since the last step that is not optional.
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
    median_time: float | None = None
    median_time_from_start: float | None = None
    p90_time: float | None = None
    p90_time_from_start: float | None = None
    low: float | None = None
    high: float | None = None
    sum: float | None = None
    segments: tuple[str, ...] = ()
    is_optional: bool = False


@dataclass(frozen=True)
class FunnelTimes:
    """How long it took from one step to a later one, of one segment and bucket of time where there are these.

    Attributes:
        from_step: The number of the earlier step, from 1.
        to_step: The number of the later step.
        count: How many reached it.
        mean: Mean seconds; None where nobody came.
        quantiles: Seconds by ``min``, ``p25``, ``median``, ``p75``, ``p90``, ``p99`` and ``max``,
            interpolated between two times. Nothing where nobody came.
        distribution: From (included), to (excluded; None is without end) and how many, in seconds.
        segment: The segment, of a funnel that is broken down.
        segments: The value of each breakdown, where there are several.
        date: Bucket of time of the entry, of a funnel over time.
    """

    from_step: int
    to_step: int
    count: int
    mean: float | None
    quantiles: Mapping[str, float]
    distribution: tuple[tuple[float, float | None, int], ...]
    segment: str | None = None
    segments: tuple[str, ...] = ()
    date: dt.date | None = None


@dataclass(frozen=True)
class FunnelSignificance:
    """Whether a segment's conversion differs from that of all by more than chance.

    Attributes:
        segment: The segment.
        entered: Its entries.
        converted: Those that reached the last step.
        conversion: Their share.
        overall: The share of all.
        p: ``1 - max(P(X < k), P(X >= k))`` of the hypergeometric distribution, as Mixpanel computes it; None
            with fewer than 30 entries.
        confidence: ``1 - p``.
        is_significant: Whether the confidence is above 0.95.
    """

    segment: str
    entered: int
    converted: int
    conversion: float
    overall: float
    p: float | None
    confidence: float | None
    is_significant: bool


@dataclass(frozen=True, repr=False)
class FunnelResult(ReportResult):
    """How many users went through a sequence of steps.

    Attributes:
        steps: One ``FunnelStep`` a step, for each bucket of time and segment where there are such.
        events: What the steps are called, in order.
        from_date: First day of entry.
        to_date: Last day of entry.
        window: How long a user may take from step 1, in ``window_unit``; ``"ever"`` is without end; None
            where it is not known.
        window_unit: ``second``, ``minute``, ``hour``, ``day``, ``week``, ``month`` (30 days) or ``session``.
        unit: Bucket of time with a funnel of its own, or None for one funnel over the whole range.
        on: The property or expression that splits the users, several of them, or None.
        where: The filter on the events of all steps, or None.
        funnel_id: Mixpanel's id of a saved funnel.
        name: Mixpanel's name of a saved funnel.
        left_out: Segments beyond the limit.
        counts: What ``count`` counts: ``uniques`` (users), ``totals`` (attempts) or ``sessions``.
        sum_of: The property or expression that is summed, or None.
        rules: What else was asked of the attempts, in words.
        times: How long it took from each step to each later one, where that was asked for.
    """

    steps: tuple[FunnelStep, ...]
    events: tuple[str, ...]
    from_date: date
    to_date: date
    window: int | str | None
    window_unit: str | None
    unit: str | None
    on: str | tuple[str, ...] | None
    where: str | None
    funnel_id: int | None = None
    name: str | None = None
    left_out: int = 0
    counts: str = "uniques"
    sum_of: str | None = None
    rules: tuple[str, ...] = ()
    times: tuple[FunnelTimes, ...] = ()

    @property
    def column_names(self) -> list[str]:
        """``step`` to ``high``; before it ``date`` with a unit and ``segment`` with ``on``.

        Of several breakdowns these are their names, made unlike the other columns. After ``count`` comes
        ``sum``, where asked for.
        """
        sums = [] if self.sum_of is None else ["sum"]
        return [*self._split, "step", "event", "count", *sums, *_MEASURES]

    @property
    def _split(self) -> list[str]:
        dates = [] if self.unit is None else ["date"]
        if self.on is None:
            return dates
        columns = [*dates, *_OWN]
        for name in ("segment",) if isinstance(self.on, str) else self.on:
            columns.append(free_name(name, columns))
        return [*dates, *columns[len(dates) + len(_OWN) :]]

    def _split_of(self, row: FunnelStep | FunnelTimes) -> list[Any]:
        segments = row.segments or (row.segment,)
        return [*([] if self.unit is None else [row.date]), *([] if self.on is None else segments)]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a step."""
        own = self.column_names[len(self._split) :]
        return [(*self._split_of(step), *(getattr(step, name) for name in own)) for step in self.steps]

    def _dtypes(self) -> Mapping[str, str]:
        times = {} if self.unit is None else {"date": "datetime64[ns]"}
        sums = {} if self.sum_of is None else {"sum": "float64"}
        return times | {"step": "int64", "count": "int64"} | dict.fromkeys(_MEASURES, "float64") | sums

    def numbers(self) -> Numbers:
        """Its counts, shares and times, for a comparison; steps by their numbers, as names may differ."""
        places = {bucket: place for place, bucket in enumerate(dict.fromkeys(s.date for s in self.steps))}
        dates = tuple(places)
        whole = self.unit is None
        complete = (True,) * len(dates)
        if self.unit is not None:
            complete = within([day for day in dates if day], self.unit, self.from_date, self.to_date)
        found: dict[tuple[Any, ...], dict[int, FunnelStep]] = {}
        for step in self.steps:
            found.setdefault((*self._segments_of(step), step.step), {})[places[step.date]] = step
        lines = tuple(
            self._line(key, measure, [steps.get(place) for place in range(len(dates))], complete)
            for key, steps in found.items()
            for measure in self._measures
        )
        names = self._split if whole else self._split[1:]
        return Numbers(
            (
                ("unit", self.unit),
                ("number of steps", len(self.events)),
                ("count", self.counts),
                ("breakdowns", property_names(self.on)),
            ),
            (*names, "step", "event"),
            lines,
            dates,
            () if not dates else days_of([d for d in dates if d], self.unit, self.from_date, self.to_date),
            complete,
            nothing_is_unknown if self.left_out else _nobody,
        )

    def _line(
        self,
        key: tuple[Any, ...],
        measure: Measure,
        steps: Sequence[FunnelStep | None],
        complete: tuple[bool, ...],
    ) -> Line:
        number = key[-1]
        values = tuple(None if step is None else getattr(step, measure.name) for step in steps)
        if measure.kind == "share":
            entered = [self._reached(key[:-1], step) for step in steps]
            values = tuple(value if count else None for value, count in zip(values, entered, strict=True))
        is_last = number == len(self.events) if self.unit is not None else number > 1
        drawn = measure.name == "overall_conv_ratio" and is_last
        sampling = self._sampling(key, measure, steps)
        names = (*key, self.events[number - 1])
        whose = () if sampling is None else tuple(self._whose(measure, step) for step in steps)
        return Line(key, names, measure, values, complete, is_drawn=drawn, sampling=sampling, whose=whose)

    def _whose(self, measure: Measure, step: FunnelStep | None) -> Whose | None:
        if step is None:
            return None
        at: list[tuple[str, Any]] = [("date", step.date)] if step.date is not None else []
        at += [("segment", step.segments or step.segment)] if self.on is not None else []
        if measure.name == "count":
            return Whose((("step", step.step), *at))
        first = 1 if measure.name == "overall_conv_ratio" else self._required_before(step.step)
        return Whose((("step", step.step), *at), (("step", first), *at))

    def _sampling(
        self, key: tuple[Any, ...], measure: Measure, steps: Sequence[FunnelStep | None]
    ) -> Sampling | None:
        """Of users, whose attempts are not independent: of how many of them each share is."""
        if self.counts != "uniques" or measure.name not in {"count", "overall_conv_ratio", "step_conv_ratio"}:
            return None
        if measure.name == "count":
            return Sampling()
        *segments, number = key
        if number == 1:  # all of them
            return None
        at = 1 if measure.name == "overall_conv_ratio" else self._required_before(number)
        return Sampling(tuple(self._reached(tuple(segments), step, at) for step in steps))

    def _required_before(self, step: int) -> int:
        """The number of the step that ``step_conv_ratio`` of a step is a share of."""
        optional = {each.step for each in self.steps if each.is_optional}
        return max((number for number in range(1, step) if number not in optional), default=1)

    def _reached(self, segments: tuple[Any, ...], step: FunnelStep | None, number: int = 1) -> int:
        """How many reached a step of the segment and bucket of another one."""
        return 0 if step is None else self._counts.get((step.date, segments, number), 0)

    @cached_property
    def _counts(self) -> dict[tuple[Any, ...], int]:
        return {(step.date, self._segments_of(step), step.step): step.count for step in self.steps}

    def _segments_of(self, step: FunnelStep) -> tuple[Any, ...]:
        return () if self.on is None else step.segments or (step.segment,)

    @property
    def _measures(self) -> list[Measure]:
        """What is compared of each step; of times, those that are known."""
        shares = [Measure(name, "share") for name in ("overall_conv_ratio", "step_conv_ratio")]
        times = [
            Measure(name, "seconds")
            for name in ("median_time_from_start", "avg_time_from_start")
            if any(getattr(step, name) is not None for step in self.steps)
        ]
        sums = [] if self.sum_of is None else [Measure("sum", adds_up=True)]
        return [Measure("count", adds_up=self.counts != "uniques"), *shares, *sums, *times]

    def users(
        self,
        *,
        step: int | None = None,
        dropped: bool = False,
        segment: str | Sequence[str] | None = None,
        date: dt.date | str | None = None,
    ) -> UsersResult:
        """The users behind a step: those who reached it, or those who were lost before it.

        Where attempts or sessions are counted, or a funnel runs in several buckets, a user can be among both.

        Args:
            step: The step, from 1; None is step 1, all who entered.
            dropped: Whether those are meant who reached the step before, and not this one.
            segment: The segment, of several breakdowns a name each; None is all users.
            date: The bucket of entry, of a funnel over time; None is all.

        Raises:
            ParameterError: the funnel shows no such number, or Mixpanel answered.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.

        Example:
            >>> funnel = ws.funnel(steps=["View Product", "Add to Cart", "Purchase"], during="2025-01")
            >>> len(funnel.users(step=3)), len(funnel.users(step=3, dropped=True))
            (1206, 1223)
        """
        self._check_local()
        if step is not None:
            cells.step(step, len(self.events))
        if dropped and (step is None or step == 1):
            message = [Word("dropped"), " needs a step from 2 on, before which users were lost."]
            raise ParameterError(
                message, parameter="step", value=step, hint=["Name it: ", Word("step", 2), "."]
            )
        parameter = "dropped" if dropped else "reached"
        cell = FunnelCell(**{parameter: step}, segment=segment, date=date)
        dates = [each.date for each in self.steps if each.date is not None]
        if cell.date is not None and self.unit is None:
            message = ["The funnel is one for all days, and has no buckets of time."]
            hint = ["Leave out ", Word("date"), ", or ask the funnel again with ", Word("unit", "week"), "."]
            raise ParameterError(message, parameter="date", value=str(date), hint=hint)
        return self._users(
            cell,
            reached=cell.reached,
            dropped=cell.dropped,
            date=cells.bucket(cell.date, dates),
            segment=self._value_of(cell.segment),
        )

    def _value_of(self, segment: str | Sequence[str] | None) -> str | tuple[str, ...] | None:
        """What the table holds of a segment."""
        if segment is None or {OVERALL} == ({segment} if isinstance(segment, str) else set(segment)):
            return None
        if not isinstance(self.on, tuple):
            if self.on is None:
                cells.unbroken(segment)
            (only,) = cells.names(segment, 1)
            return cells.name(only, {each.segment or "" for each in self.steps}, "segment", "segment")
        known = {each.segment or "": each.segments for each in self.steps}
        if isinstance(segment, str) and segment in known:
            return known[segment]
        return cells.combination(cells.names(segment, len(self.on)), known.values())

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

    @property
    def significance(self) -> tuple[FunnelSignificance, ...]:
        """Of each segment, whether its conversion differs from that of all by more than chance.

        Nothing for a funnel that is not broken down, or over time. As Mixpanel computes it
        (https://docs.mixpanel.com/docs/reports/funnels/funnels-faq#how-does-mixpanel-calculate-statistical-significance).
        """
        if self.on is None or self.unit is not None or not self.steps:
            return ()
        paths: dict[str | None, list[FunnelStep]] = {}
        for step in self.steps:
            paths.setdefault(step.segment, []).append(step)
        whole = paths.pop(OVERALL, None)
        return () if whole is None else tuple(_significance(path, whole) for path in paths.values())

    @property
    def significance_df(self) -> pd.DataFrame:
        """:attr:`significance` as a DataFrame, a row a segment."""
        names = [each.name for each in fields(FunnelSignificance)]
        rows = [tuple(getattr(each, name) for name in names) for each in self.significance]
        types = {"entered": "int64", "converted": "int64", "p": "float64", "confidence": "float64"}
        return typed_frame(rows, names, types)

    @property
    def times_df(self) -> pd.DataFrame:
        """:attr:`times` as a DataFrame, a row a pair of steps.

        ``from_step, to_step, count, mean, min, p25, median, p75, p90, p99, max``; all times are seconds.
        """
        names = [*self._split, "from_step", "to_step", "count", "mean", *QUANTILES]
        rows = [
            (
                *self._split_of(each),
                each.from_step,
                each.to_step,
                each.count,
                each.mean,
                *(each.quantiles.get(name) for name in QUANTILES),
            )
            for each in self.times
        ]
        return typed_frame(rows, names, dict.fromkeys(["mean", *QUANTILES], "float64"))

    @property
    def distribution_df(self) -> pd.DataFrame:
        """The distribution of :attr:`times` as a DataFrame, a row a bucket.

        ``from_step, to_step, low, high, count``: ``low`` (included) and ``high`` (excluded) are seconds;
        buckets before the first that has any and after the last are left out.
        """
        names = [*self._split, "from_step", "to_step", "low", "high", "count"]
        rows = [
            (*self._split_of(each), each.from_step, each.to_step, low, high, count)
            for each in self.times
            for low, high, count in each.distribution
        ]
        return typed_frame(rows, names, {"low": "float64", "high": "float64", "count": "int64"})


def _nobody(line: Line) -> float | None:
    """Nobody at any step, and no share of them."""
    return 0 if line.measure.name == "count" else None


def _significance(path: Sequence[FunnelStep], whole: Sequence[FunnelStep]) -> FunnelSignificance:
    entered, converted = path[0].count, path[-1].count
    p = None
    if entered >= ENOUGH:
        p = by_chance(converted, entered, whole[-1].count, whole[0].count)
    confidence = None if p is None else 1 - p
    return FunnelSignificance(
        path[0].segment or "",
        entered,
        converted,
        path[-1].overall_conv_ratio,
        whole[-1].overall_conv_ratio,
        p,
        confidence,
        confidence is not None and confidence > SIGNIFICANT,
    )
