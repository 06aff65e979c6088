"""Segmentation: an event over time, by segment, by ranges of a number, summed and averaged.

https://developer.mixpanel.com/reference/segmentation-query and the neighbouring pages.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from mixpanel_nb.queries.base import Answer, Query
from mixpanel_nb.queries.checks import Whole
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    Annotations,
    AnyUnit,
    Breakdown,
    Compare,
    Counted,
    Diff,
    Event,
    FromDate,
    Identities,
    InCohort,
    Limit,
    NotInCohort,
    Number,
    Table,
    ToDate,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import (
        NumericAverageResult,
        NumericBucketResult,
        NumericSumResult,
        SegmentationResult,
    )


@dataclass(frozen=True, kw_only=True)
class Segmentation(Query["SegmentationResult"]):
    """Show how often an event happened, over time and by segment."""

    name: ClassVar[str] = "segmentation"
    title: ClassVar[str] = "Segmentation"
    example: ClassVar[str] = '"Sign Up" --from 2025-01-01 --to 2025-03-31 --on plan --table events'

    event: Event
    from_date: FromDate
    to_date: ToDate
    on: Breakdown = None
    unit: AnyUnit = "day"
    where: Where = None
    type: Counted = "general"
    limit: Limit = 60
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None


@dataclass(frozen=True, kw_only=True)
class SegmentationNumeric(Query["NumericBucketResult"]):
    """Show how often an event happened, over time and by ranges of a number."""

    name: ClassVar[str] = "segmentation_numeric"
    title: ClassVar[str] = "Ranges of a number"
    example: ClassVar[str] = "Purchase --on revenue --from 2025-01-01 --to 2025-03-31 --table events"

    event: Event
    from_date: FromDate
    to_date: ToDate
    on: Number
    unit: AnyUnit = "day"
    where: Where = None
    type: Counted = "general"
    buckets: Annotated[
        int,
        Parameter("About how many ranges.", Whole(1_000), "N", read=int, label=Label("Ranges", default=10)),
    ] = 10
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None


@dataclass(frozen=True, kw_only=True)
class _NumberOverTime(Query[Answer]):
    """The common fields of sum and average."""

    event: Event
    from_date: FromDate
    to_date: ToDate
    on: Number
    unit: AnyUnit = "day"
    where: Where = None
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    annotations: Annotations = True
    compare: Compare = None
    diff: Diff = None
    table: Table = None


@dataclass(frozen=True, kw_only=True)
class SegmentationSum(_NumberOverTime["NumericSumResult"]):
    """Sum a number over the events, over time."""

    name: ClassVar[str] = "segmentation_sum"
    title: ClassVar[str] = "Sum of a number"
    example: ClassVar[str] = "Purchase --on revenue --from 2025-01-01 --to 2025-03-31 --table events"


@dataclass(frozen=True, kw_only=True)
class SegmentationAverage(_NumberOverTime["NumericAverageResult"]):
    """Average a number over the events, over time; what is no number counts as 0, as in Mixpanel."""

    name: ClassVar[str] = "segmentation_average"
    title: ClassVar[str] = "Average of a number"
    example: ClassVar[str] = "Purchase --on revenue --from 2025-01-01 --to 2025-03-31 --table events"
