"""Insights: metrics side by side, over time and by segment, and formulas over them.

https://docs.mixpanel.com/docs/reports/insights; ranges of numbers:
https://docs.mixpanel.com/docs/features/custom-buckets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import MAX_LIMIT, Flag, Name, OneOf, Optional, Whole
from mixpanel_nb.queries.formulas import Formula, Formulas
from mixpanel_nb.queries.metrics import LETTERS, Buckets, Metric, Metrics, PropertiesOrBuckets
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    ANY_EVENT,
    CALENDAR_UNITS,
    Annotations,
    CalendarUnit,
    Compare,
    Diff,
    FromDate,
    Identities,
    InCohort,
    Limit,
    NotInCohort,
    Table,
    ToDate,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import InsightsResult

MAX_ROLLING = 366
SHORT_UNITS = ("minute", "hour")
ACTIVE_UNITS = CALENDAR_UNITS[len(SHORT_UNITS) :]

Per = Annotated[
    CalendarUnit,
    Parameter(
        "minute, hour, day, week, month, quarter or year.",
        OneOf(CALENDAR_UNITS),
        "UNIT",
        label=Label("Per"),
    ),
]
On = Annotated[
    tuple[str | Buckets, ...],
    Parameter(
        "Break down by this property or expression (repeatable), or by ranges: buckets(amount, 10, 100).",
        PropertiesOrBuckets(),
        "PROPERTY",
        label=Label("By", names="properties", none="(total)"),
    ),
]


@dataclass(frozen=True, kw_only=True)
class Insights(Query["InsightsResult"]):
    """Show metrics side by side, over time and by segment, and formulas over them.

    A metric is an event, or a measure of it: Purchase, unique(Purchase), 'median(Purchase, amount)',
    'p90(per user total(Purchase))', each with a filter: 'Purchase where properties["plan"] == "pro"'. `*` is
    any event. In a formula A is the first metric, B the second: --formula 'Conversion = B / A * 100 [%]'.
    """

    name: ClassVar[str] = "insights"
    title: ClassVar[str] = "Insights"
    example: ClassVar[str] = (
        "'unique(View Product)' 'unique(Purchase)' --formula 'B / A * 100 [%]' "
        "--from 2025-01-01 --to 2025-03-31 --unit week --table events"
    )

    metrics: Annotated[
        tuple[Metric, ...],
        Parameter(
            "What to measure: an event, or e.g. unique(Purchase), sum(Purchase, amount), "
            "average(per user total(Purchase)).",
            Optional(Metrics(), (Metric(None),)),
            "METRIC",
            positional=True,
            label=Label("Metric", "subject", names="events", needed="Choose an event."),
            any_option=ANY_EVENT,
        ),
    ]
    from_date: FromDate
    to_date: ToDate
    formulas: Annotated[
        tuple[Formula, ...],
        Parameter(
            "A calculation with the metrics A, B, … (repeatable), as 'Conversion = B / A * 100 [%]'.",
            Formulas(),
            "FORMULA",
            option="--formula",
            label=Label("Formula", none="(none)"),
        ),
    ] = ()
    on: On = ()
    unit: Per = "day"
    where: Where = None
    rolling: Annotated[
        int | None,
        Parameter(
            "Average each bucket with those before it, so many together.",
            Optional(Whole(MAX_ROLLING, 2)),
            "N",
            read=int,
            label=Label("Rolling", choices=(("(no)", None), *((f"average of {n}", n) for n in (7, 28)))),
        ),
    ] = None
    cumulative: Annotated[
        bool, Parameter("Add each bucket to those before it.", Flag(), "", label=Label("Cumulative"))
    ] = False
    totals: Annotated[
        bool,
        Parameter("One number for all days, and none over time.", Flag(), "", label=Label("Totals alone")),
    ] = False
    limit: Annotated[
        int,
        Parameter(
            "Segments to show, the largest ones; the others are (other).",
            Whole(MAX_LIMIT),
            "N",
            read=int,
        ),
    ] = 60
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None

    @property
    def bucket_unit(self) -> str | None:
        """The unit of its buckets of time; None for totals."""
        return None if self.totals else self.unit

    def check(self) -> None:
        """Check for fields that contradict each other.

        Raises:
            ParameterError: they do.
        """
        self._check_formulas()
        if self.rolling is not None and self.cumulative:
            raise _both("rolling", "cumulative")
        for name in ("rolling", "cumulative"):
            if self.totals and getattr(self, name):
                raise _both("totals", name)
        if self.unit in SHORT_UNITS and not self.totals and any(each.active_days for each in self.metrics):
            message = [Word("unit"), f" is {self.unit!r}, and dau, wau and mau count days."]
            hint = "Take a day or longer."
            raise ParameterError(message, parameter="unit", value=self.unit, hint=hint)

    def _check_formulas(self) -> None:
        known = LETTERS[: len(self.metrics)]
        for formula in self.formulas:
            unknown = sorted(formula.letters - set(known))
            if unknown:
                message = [
                    Word("formulas"),
                    f" {formula.text[:60]!r} takes {unknown[0]}, which is no metric.",
                ]
                hint = f"The metrics are {', '.join(known)}, in their order."
                raise ParameterError(message, parameter="formulas", value=formula.text, hint=hint)


@dataclass(frozen=True, kw_only=True)
class Active(Query["InsightsResult"]):
    """Show active users of a day, a week and a month (DAU, WAU, MAU), and stickiness in percent.

    Stickiness is how many of a week's, or of a month's active users are active on its last day.
    """

    name: ClassVar[str] = "active"
    title: ClassVar[str] = "Active users"
    example: ClassVar[str] = "--from 2025-02-01 --to 2025-03-31 --table events"

    event: Annotated[
        str | None,
        Parameter(
            "What counts as active; any event.",
            Optional(Name()),
            "EVENT",
            positional=True,
            label=Label("Event", "subject", names="events", none="(any event)"),
            any_option=ANY_EVENT,
        ),
    ] = None
    from_date: FromDate
    to_date: ToDate
    on: On = ()
    unit: Annotated[
        CalendarUnit,
        Parameter("day, week, month, quarter or year.", OneOf(ACTIVE_UNITS), "UNIT", label=Label("Per")),
    ] = "day"
    where: Where = None
    limit: Limit = 60
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None

    @property
    def insights(self) -> Insights:
        """The same as metrics and formulas."""
        return Insights(
            metrics=tuple(
                Metric(self.event, measure, label=measure.upper()) for measure in ("dau", "wau", "mau")
            ),
            formulas=(
                Formula("A / B * 100", "DAU/WAU", "%"),
                Formula("A / C * 100", "DAU/MAU", "%"),
            ),
            **{
                name: getattr(self, name)
                for name in (
                    *("from_date", "to_date", "on", "unit", "where", "limit"),
                    *("in_cohort", "not_in_cohort", "identities", "table"),
                )
            },
        )


def _both(one: str, other: str) -> ParameterError:
    message = [Word(one), " and ", Word(other), " exclude each other."]
    return ParameterError(message, parameter=one, hint="Give one of them.")
