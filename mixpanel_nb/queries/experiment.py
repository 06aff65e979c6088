"""Experiments: how the users of each variant of a test did after they were exposed to it.

https://docs.mixpanel.com/docs/experiments; how each figure is computed: ``docs/statistics.md``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, get_args

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Flag, Name, OneOf, Optional, Several, Text, Whole
from mixpanel_nb.queries.formulas import Formula, Formulas
from mixpanel_nb.queries.metrics import Metric, Metrics
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    FromDate,
    Identities,
    InCohort,
    NotInCohort,
    Segments,
    Table,
    ToDate,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import ExperimentResult

EXPOSURE = "$experiment_started"
"""Mixpanel's event of a user who meets an experiment for the first time."""

VARIANT = "Variant name"
"""Mixpanel's property of that event."""

MEASURED = ("total", "unique", "sum", "average")
"""The measures that an experiment can test."""

WindowUnit = Literal["hour", "day", "week"]
Correction = Literal["holm", "bonferroni", "bh", "none"]
CORRECTIONS: tuple[Correction, ...] = get_args(Correction)

MAX_WINDOW = 2_400
MAX_DAYS = 366
MOST_VARIANTS = 50

_RATIO = re.compile(r"\s*([A-Z])\s*/\s*([A-Z])\s*")


@dataclass(frozen=True, kw_only=True)
class Experiment(Query["ExperimentResult"]):
    """Compare the variants of an experiment: users by their first exposure, and what they did after it.

    A metric is a word as in insights: unique(Purchase) is who converted, Purchase how often, 'sum(Purchase,
    revenue)' how much per user, 'average(Purchase, revenue)' how much per event; --formula 'B / A' is the
    ratio of two. A table answers.
    """

    name: ClassVar[str] = "experiment"
    title: ClassVar[str] = "Experiment"
    needs_table: ClassVar[bool] = True
    example: ClassVar[str] = (
        "'unique(Purchase)' 'average(Purchase, revenue)' --exposure 'View Product' --variant price_variant "
        "--control A --from 2025-02-10 --to 2025-03-09 --table events"
    )

    metrics: Annotated[
        tuple[Metric, ...],
        Parameter(
            "What to test: e.g. unique(Purchase), Purchase, sum(Purchase, amount), "
            "average(Purchase, amount).",
            Metrics(),
            "METRIC",
            positional=True,
            label=Label("Metric", "subject", names="events", needed="Choose an event."),
        ),
    ]
    from_date: FromDate
    to_date: ToDate
    exposure: Annotated[
        str,
        Parameter(
            "The event by which users meet the experiment; their first one counts.",
            Name(),
            "EVENT",
            label=Label("Exposure", "subject", names="events", none=f"({EXPOSURE})"),
        ),
    ] = EXPOSURE
    variant: Annotated[
        str,
        Parameter(
            "The property of that event that holds the variant (or an expression).",
            Name(),
            "PROPERTY",
            label=Label("Variant", "subject", names="properties", none=f"({VARIANT})"),
        ),
    ] = VARIANT
    control: Annotated[
        str | None,
        Parameter(
            "The variant that the others are compared with; the one that is called control, else the first.",
            Optional(Name()),
            "VARIANT",
            label=Label("Control", none="(control)"),
        ),
    ] = None
    formulas: Annotated[
        tuple[Formula, ...],
        Parameter(
            "The ratio of two metrics (repeatable), as 'Orders per checkout = B / A'.",
            Formulas(),
            "FORMULA",
            option="--formula",
            label=Label("Ratio", none="(none)"),
        ),
    ] = ()
    where: Where = None
    on: Segments = None
    window: Annotated[
        int | None,
        Parameter(
            "Count what follows an exposure within so many hours, days or weeks; to the last day.",
            Optional(Whole(MAX_WINDOW)),
            "N",
            read=int,
            label=Label(
                "Window", choices=(("(to the last day)", None), *((str(n), n) for n in (1, 3, 7, 14, 28)))
            ),
        ),
    ] = None
    window_unit: Annotated[
        WindowUnit,
        Parameter("hour, day or week.", OneOf(get_args(WindowUnit)), "UNIT", label=Label("of")),
    ] = "day"
    cuped: Annotated[
        int | None,
        Parameter(
            "Adjust for what users did in so many days before their exposure (CUPED).",
            Optional(Whole(MAX_DAYS)),
            "DAYS",
            read=int,
            label=Label("CUPED", choices=(("(no)", None), ("14 days", 14), ("28 days", 28))),
        ),
    ] = None
    winsorize: Annotated[
        int | None,
        Parameter(
            "Cap numbers per user at this percentile of both ends: 1 is the 1st and the 99th.",
            Optional(Whole(49)),
            "PERCENT",
            read=int,
            label=Label("Cap", choices=(("(no)", None), ("1 %", 1), ("5 %", 5))),
        ),
    ] = None
    sequential: Annotated[
        bool,
        Parameter(
            "Intervals and p-values that hold however often one looks.",
            Flag(),
            "",
            label=Label("Sequential"),
        ),
    ] = False
    correction: Annotated[
        Correction,
        Parameter(
            "For several metrics and variants: holm, bonferroni, bh (Benjamini-Hochberg) or none.",
            OneOf(CORRECTIONS),
            "METHOD",
            label=Label("Correction"),
        ),
    ] = "holm"
    confidence: Annotated[
        int,
        Parameter("Percent of the intervals.", Whole(99, 50), "PERCENT", read=int),
    ] = 95
    effect: Annotated[
        int | None,
        Parameter(
            "Tell the power of the test to see a lift of so many percent.",
            Optional(Whole(1_000)),
            "PERCENT",
            read=int,
        ),
    ] = None
    split: Annotated[
        tuple[str, ...],
        Parameter(
            "The share that a variant was to have (repeatable), as B=10; equal shares.",
            Several(Text(), MOST_VARIANTS),
            "VARIANT=SHARE",
        ),
    ] = ()
    limit: Annotated[int, Parameter("Segments to show, the largest ones.", Whole(100), "N", read=int)] = 10
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    table: Table = None

    def check(self) -> None:
        """Check what is measured, and the shares.

        Raises:
            ParameterError: an experiment cannot test it.
        """
        for metric in self.metrics:
            if metric.measure not in MEASURED or metric.per_user is not None:
                message = f"An experiment does not test {str(metric)[:60]!r}."
                event = metric.event or "*"
                hint = (
                    f"Take {event}, unique({event}), sum({event}, …) or average({event}, …); "
                    "a ratio of two is a formula."
                )
                raise ParameterError(message, parameter="metrics", value=str(metric), hint=hint)
        for formula in self.formulas:
            self.ratio(formula)
        _ = self.shares

    def ratio(self, formula: Formula) -> tuple[int, int]:
        """The places of the two metrics of a formula, which is their ratio.

        Raises:
            ParameterError: it is none, or one of the metrics is itself a mean.
        """
        found = _RATIO.fullmatch(formula.text)
        places = (
            tuple("ABCDEFGHIJKLMNOPQRSTUVWXYZ".index(letter) for letter in found.groups()) if found else ()
        )
        if not found or max(places) >= len(self.metrics):
            message = [
                Word("formulas"),
                f" is {formula.text[:60]!r}, which is no ratio of two of the metrics.",
            ]
            raise ParameterError(message, parameter="formulas", value=formula.text, hint="Write B / A, say.")
        for place in places:
            if self.metrics[place].measure == "average":
                message = [Word("formulas"), f" {formula.text[:60]!r} is a ratio of an average."]
                hint = "Take totals, users and sums."
                raise ParameterError(message, parameter="formulas", value=formula.text, hint=hint)
        return places[0], places[1]

    @property
    def shares(self) -> dict[str, float]:
        """The share that each variant was to have, as numbers of any scale; none where all are equal.

        Raises:
            ParameterError: one is no such share.
        """
        shares: dict[str, float] = {}
        for word in self.split:
            name, separator, number = word.rpartition("=")
            try:
                share = float(number)
            except ValueError:
                share = 0.0
            if not separator or not name or not 0 < share < 1e9:
                hint = "Give the variant and its share, as B=10."
                raise ParameterError(
                    [Word("split"), f" is {word[:40]!r}."], parameter="split", value=word, hint=hint
                )
            shares[name] = share
        return shares
