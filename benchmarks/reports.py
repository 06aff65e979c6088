"""The local reports about the shop, through ``Workspace`` and by hand, and that both say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks import byhand
from benchmarks.data import PERIOD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mixpanel_nb import Workspace
    from mixpanel_nb.results import FunnelResult, RetentionResult, SegmentationResult


Answer = dict[Any, Any]

RANGE: dict[str, Any] = {"from_date": PERIOD.first, "to_date": PERIOD.last, "table": "events"}
STEPS = ("Page View", "View Product", "Add to Cart", "Purchase")


@dataclass(frozen=True)
class Report:
    """A question in two forms.

    Attributes:
        told: What it is.
        ask: Asks a workspace.
        said: What the workspace's result says, as a mapping.
        sql: The same question by hand.
        rows: What its rows say, in the same form.
        zone: The project's time zone.
    """

    told: str
    ask: Callable[[Workspace], Any]
    said: Callable[[Any], Answer]
    sql: str
    rows: Callable[[Iterable[tuple[Any, ...]]], Answer]
    zone: str = "UTC"


def segments_said(result: SegmentationResult) -> Answer:
    """Counts by day and segment, without zeros."""
    return {
        (day, name): count for name, days in result.values.items() for day, count in days.items() if count
    }


def segment_rows(rows: Iterable[tuple[Any, ...]]) -> Answer:
    """Rows of ``date, segment, count`` in that form."""
    return {(day, name): count for day, name, count in rows if count}


def funnel_said(result: FunnelResult) -> Answer:
    """For each step: users, and two mean times, to the millisecond."""
    return {
        step.step: (step.count, _rounded(step.avg_time), _rounded(step.avg_time_from_start))
        for step in result.steps
    }


def funnel_rows(rows: Iterable[tuple[Any, ...]]) -> Answer:
    """The one row of a funnel in that form."""
    (row,) = rows
    found: Answer = {1: (row[0], None, None)}
    for step, place in enumerate(range(1, len(row), 3), start=2):
        found[step] = (row[place], _rounded(row[place + 1]), _rounded(row[place + 2]))
    return found


def retention_said(result: RetentionResult) -> Answer:
    """Users by cohort and period, without zeros; period -1 is the size of the cohort."""
    return {
        (cohort.date, period): users
        for cohort in result.cohorts
        for period, users in enumerate((cohort.size, *cohort.counts), start=-1)
        if users
    }


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


REPORTS = {
    "segmentation": Report(
        "segmentation of an event by day and country",
        lambda ws: ws.segmentation("Page View", on="mp_country_code", **RANGE),
        segments_said,
        byhand.SEGMENTATION,
        segment_rows,
    ),
    "unique": Report(
        "the same, users instead of events",
        lambda ws: ws.segmentation("Page View", on="mp_country_code", type="unique", **RANGE),
        segments_said,
        byhand.UNIQUE,
        segment_rows,
    ),
    "funnel": Report(
        "funnel of four steps within 7 days",
        lambda ws: ws.funnel(steps=STEPS, window=7, **RANGE),
        funnel_said,
        byhand.FUNNEL,
        funnel_rows,
    ),
    "retention": Report(
        "retention over 10 weeks",
        lambda ws: ws.retention(born_event="View Product", unit="week", interval_count=10, **RANGE),
        retention_said,
        byhand.RETENTION,
        segment_rows,
    ),
}
"""The reports that have a budget."""

VARIANTS = {
    "by_number": Report(
        "segmentation by a number",
        lambda ws: ws.segmentation("Page View", on="amount", **RANGE),
        segments_said,
        byhand.BY_NUMBER,
        segment_rows,
    ),
    "by_boolean": Report(
        "segmentation by true and false",
        lambda ws: ws.segmentation("Page View", on="is_member", **RANGE),
        segments_said,
        byhand.BY_BOOLEAN,
        segment_rows,
    ),
    "in_berlin": Report(
        "segmentation by country in the time zone of Berlin",
        lambda ws: ws.segmentation("Page View", on="mp_country_code", **RANGE),
        segments_said,
        byhand.IN_BERLIN,
        segment_rows,
        zone="Europe/Berlin",
    ),
    "repeated": Report(
        "funnel of three steps, the first two the same event",
        lambda ws: ws.funnel(steps=("Page View", "Page View", "Purchase"), window=7, **RANGE),
        funnel_said,
        byhand.REPEATED_FUNNEL,
        funnel_rows,
    ),
}
"""Reports that take other ways through the package."""
