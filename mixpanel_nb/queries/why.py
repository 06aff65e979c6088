"""Why a number moved: whether it did, and which values and events moved with it.

https://docs.mixpanel.com/docs/root-cause-analysis; how each figure is computed: ``docs/statistics.md``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query, request_defaults
from mixpanel_nb.queries.checks import Names, OneOf, Optional, Whole
from mixpanel_nb.queries.counts import EventCounts, PropertyCounts
from mixpanel_nb.queries.days import DayOrDays, Days, range_of
from mixpanel_nb.queries.insights import Insights
from mixpanel_nb.queries.metrics import Metric, Metrics
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.segmentation import Segmentation, SegmentationSum
from mixpanel_nb.queries.shared import (
    LARGE_UNITS,
    Annotations,
    Identities,
    InCohort,
    LargeUnit,
    NotInCohort,
    Table,
    Where,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.results import WhyResult

EXPLAINED = ("total", "unique", "sum")
"""The measures whose parts are numbers of the same kind."""

HISTORY: dict[LargeUnit, int] = {"day": 56, "week": 26, "month": 18}
"""How many buckets before it say what is usual."""

_WEEKS = 4
_DAY = dt.timedelta(days=1)
_LONG = {"day": 1, "week": 7, "month": 31}


@dataclass(frozen=True)
class OneMetric:
    """One metric, or its text form."""

    def __call__(self, value: Any, name: str) -> Metric:
        """The metric.

        Raises:
            ParameterError: it cannot be explained.
        """
        metrics = Metrics()(value, name)
        (metric, *others) = metrics
        if others:
            several = [Word(name), f" are {len(metrics)}."]
            raise ParameterError(several, parameter=name, value=str(value), hint="Give one.")
        if metric.measure not in EXPLAINED or metric.per_user is not None:
            event = metric.event or "*"
            message = f"{str(metric)[:60]!r} is not explained: its values do not add up to it."
            hint = f"Take {event}, unique({event}) or sum({event}, …)."
            raise ParameterError(message, parameter=name, value=str(metric), hint=hint)
        return metric

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        return Metrics().schema()


@dataclass(frozen=True, kw_only=True)
class Why(Query["WhyResult"]):
    """Explain a day, week or month of a metric: is it unusual, which values carry it, what came with it.

    What is usual is learned from the buckets before, with the rhythm of the week. Days as FROM..TO are
    compared with --baseline, or with the weeks before. Every property of the events is tried. A metric is a
    word as in insights: Purchase, unique(Purchase), 'sum(Purchase, revenue)'. What moved together is said,
    not what caused it. A table answers.
    """

    name: ClassVar[str] = "why"
    title: ClassVar[str] = "Why"
    needs_table: ClassVar[bool] = True
    example: ClassVar[str] = "Purchase 2025-03-11 --table events"

    metric: Annotated[
        Metric,
        Parameter(
            "The metric: an event, unique(EVENT) or sum(EVENT, PROPERTY).",
            OneMetric(),
            "METRIC",
            positional=True,
            label=Label("Metric", "subject", names="events", needed="Choose an event."),
        ),
    ]
    date: Annotated[
        dt.date | str,
        Parameter(
            "The day, the first day of the week or month, or days as FROM..TO.",
            DayOrDays(),
            "DAY",
            positional=True,
            label=Label("Days", "subject", needed="Give a day, or days as FROM..TO."),
        ),
    ]
    baseline: Annotated[
        str | None,
        Parameter(
            "Compare with these days, FROM..TO; of several days the weeks before, four at least.",
            Optional(Days()),
            "DAYS",
            label=Label("Compare with", none="(what is usual)"),
        ),
    ] = None
    unit: Annotated[
        LargeUnit, Parameter("day, week or month.", OneOf(LARGE_UNITS), "UNIT", label=Label("Per"))
    ] = "day"
    where: Where = None
    properties: Annotated[
        tuple[str, ...],
        Parameter(
            "Try only this property (repeatable); all of them.",
            Names(optional=True),
            "PROPERTY",
            option="--property",
        ),
    ] = ()
    limit: Annotated[int, Parameter("Findings to show.", Whole(100), "N", read=int)] = 10
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    table: Table = None

    def check(self) -> None:
        """Check the two ranges.

        Raises:
            ParameterError: they have days in common, or a unit goes with them that is none of days.
        """
        if self.baseline_days is None:
            return
        if self.unit != "day":
            message = [Word("unit"), f" is {self.unit}, and ranges are compared day by day."]
            hint = ["Leave out ", Word("unit"), ", or give the first day of a bucket alone."]
            raise ParameterError(message, parameter="unit", value=self.unit, hint=hint)
        (first, last), (since, until) = self.days, self.baseline_days
        if first <= until and since <= last:
            message = [Word("baseline"), f" {since} to {until} has days in common with {first} to {last}."]
            raise ParameterError(message, parameter="baseline", value=self.baseline, hint="Give other days.")

    @property
    def days(self) -> tuple[dt.date, dt.date]:
        """The first and the last day that are to be explained."""
        if isinstance(self.date, str):
            return range_of(self.date)
        if self.unit == "month":
            following = (self.date.replace(day=28) + dt.timedelta(days=4)).replace(day=1)
            return self.date, following - _DAY
        return self.date, self.date + _DAY * (_LONG[self.unit] - 1)

    @property
    def baseline_days(self) -> tuple[dt.date, dt.date] | None:
        """The days that a range is compared with: by default whole weeks before it; None for a bucket."""
        if self.baseline is not None:
            return range_of(self.baseline)
        if not isinstance(self.date, str):
            return None
        first, last = self.days
        weeks = max(_WEEKS, -(-((last - first).days + 1) // 7))
        return first - 7 * weeks * _DAY, first - _DAY

    @property
    def from_date(self) -> dt.date:
        """The first day that says what is usual."""
        if self.baseline_days is not None:
            return min(self.days[0], self.baseline_days[0])
        first = self.days[0] - HISTORY[self.unit] * _LONG[self.unit] * _DAY
        return first.replace(day=1) if self.unit == "month" else first

    @property
    def to_date(self) -> dt.date:
        """The last day that is read."""
        return max(self.days[1], self.baseline_days[1]) if self.baseline_days else self.days[1]


def of_result(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a question whose metric is a result: what the result asked, where nothing else is given.

    Raises:
        ParameterError: the report is not one number over time whose parts add up.
    """
    question = asked["metric"].question
    if question is None:
        message = "This result has lost its question."
        raise ParameterError(message, parameter="metric", hint="Ask the report again, or name the metric.")
    usual = request_defaults(Why)
    given = {name: value for name, value in asked.items() if value != usual.get(name)}
    return {**explained(question.query), **given, "metric": explained(question.query)["metric"]}


def explained(query: Query[Any]) -> dict[str, Any]:
    """What explains a bucket of a report: the fields of ``Why``, without the bucket.

    Raises:
        ParameterError: the report is not one number over time whose parts add up.
    """
    given = {
        name: getattr(query, name)
        for name in ("where", "in_cohort", "not_in_cohort", "identities", "table", "unit")
        if getattr(query, name, None)
    }
    counted = {"general": "total", "unique": "unique"}
    match query:
        case Segmentation() | PropertyCounts() if query.type in counted:
            return {"metric": Metric(query.event, counted[query.type]), **given}
        case SegmentationSum():
            return {"metric": Metric(query.event, "sum", query.on), **given}
        case EventCounts() if query.type in counted and len(query.events or [None]) == 1:
            event = query.events[0] if query.events else None
            return {"metric": Metric(event, counted[query.type]), **given}
        case Insights() if len(query.metrics) == 1 and not query.formulas and not query.totals:
            return {"metric": query.metrics[0], **given}
    message = f"{query.title} is not one number over time whose parts add up."
    hint: list[str | Word] = [
        "Name the metric instead: Purchase, unique(Purchase) or sum(Purchase, revenue)."
    ]
    if hasattr(query, "diff"):
        hint += [" How the report itself differs between days says ", Word("diff"), "."]
    raise ParameterError(message, parameter="metric", value=query.name, hint=hint)
