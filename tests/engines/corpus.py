"""Questions that every engine answers alike: all reports, units, zones, breakdowns and expressions."""

# ruff: noqa: E501 - a question a line

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .tables import LONG

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DAYS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-19"}
SECOND_WEEK: dict[str, Any] = {"from_date": "2025-01-13", "to_date": "2025-01-19"}
WEEKS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-03-08"}
STEPS = ("Search", "View Product", "Purchase")
NOT_DE = 'properties["mp_country_code"] != "DE" and properties["price"] > 20'
MIXED = 'properties["plan"] in ["pro", "plus"] or not defined(properties["price"])'

EXPRESSIONS = (
    'properties["plan"] == "pro"',
    'properties["plan"] != "pro"',
    'not properties["plan"] == "pro"',
    'properties["price"] > 20 and properties["price"] <= 80.5',
    'properties["price"] == 19.99 or properties["quantity"] == 2',
    'properties["Plan_2"] == "Pro"',
    'defined(properties["coupon"])',
    'not defined(properties["plan"])',
    '"kitchen" in properties["categories"]',
    '"ook" in properties["category"]',
    'properties["product"] in ["Tea", "Mug", 5, true]',
    'string(properties["price"]) == "19.99"',
    'number(properties["rating"]) >= 4',
    'boolean(properties["wifi"])',
    'properties["wifi"] == true',
    'properties["text"] == properties["subject"]',
    'properties["quantity"] * properties["price"] / 3 - 1 > 20 % 7',
    'floor(properties["price"]) == 19 or ceil(properties["price"]) == 20',
    'round(properties["price"]) >= 50',
    'properties["time"] > datetime("2025-01-10T12:00:00")',
    'datetime(properties["$created"]) < datetime("2025-01-10") or properties["price"] + 1 > 10',
    'string(datetime(properties["time"])) > "2025-01-15"',
    'properties["$browser"] + "!" == "Chrome!"',
    'properties["mp_lib"] == "web"',
    r'''properties["O'Brien \"x\" \\ ${a}"] == "it's ${b} \\ \" :c"''',
)
BREAKDOWNS = (
    "plan", "price", "wifi", "categories", "items", "tags", "Plan_2", "nothing of the kind", "mp_country_code",
    'properties["price"] * 2', 'string(properties["time"])', 'floor(properties["price"] / 10)',
)  # fmt: skip
UNITS = ("minute", "hour", "day", "week", "month")
ZONES = ("UTC", "Europe/Berlin", "America/New_York")


@dataclass(frozen=True)
class Asked:
    """A question.

    Attributes:
        report: The method of a workspace.
        given: Its arguments, without days and table.
        zone: The time zone of the workspace.
        days: Its days.
    """

    report: str
    given: Mapping[str, Any]
    zone: str = "UTC"
    days: Mapping[str, Any] = field(default_factory=lambda: DAYS)

    @property
    def name(self) -> str:
        return f"{self.report} {self.given} {self.zone}"


def asked(report: str, zone: str = "UTC", days: Mapping[str, Any] = DAYS, **given: Any) -> Asked:
    return Asked(report, given, zone, days)


def questions() -> list[Asked]:
    """All of them."""
    return [
        *_segmentation(), *_numbers(), *_counts(), *_insights(), *_funnels(), *_retention(), *_flows(), *_others(),
        *_compared(),
    ]  # fmt: skip


def of_long() -> list[Asked]:
    """Questions that need many users or weeks, of the shape ``long``."""
    return [*_signals(), *_unusual()]


def chosen(*, few: bool = False) -> list[tuple[str, Asked]]:
    """Shapes of tables, and questions: some of each report, or all of them as ``make engines`` asks.

    Args:
        few: One of each report and some more, of an engine that is slow with small tables.
    """
    every = questions()
    if os.environ.get("ENGINE_QUESTIONS") == "all":
        whole = [(shape, each) for shape in ("events", "flat", "bare") for each in every]
        return [*whole, *((LONG, each) for each in of_long())]
    some = [("events", each) for each in every[::5]] + [("bare", each) for each in every[2::13]]
    some = some[::4] if few else some
    one_of_each = [("events", each) for each in {each.report: each for each in every}.values()]
    one_of_each += [(LONG, each) for each in {each.report: each for each in of_long()}.values()]
    return [*some, *(each for each in one_of_each if each not in some)]


def _segmentation() -> Iterator[Asked]:
    for number, zone in enumerate(ZONES):
        for unit in UNITS:
            days = {"from_date": "2025-01-06", "to_date": "2025-01-06"} if unit == "minute" else DAYS
            kind = ("general", "unique", "average")[(number + UNITS.index(unit)) % 3]
            yield asked("segmentation", zone, days, event="View Product", unit=unit, type=kind)
    for number, where in enumerate(EXPRESSIONS):
        yield asked("segmentation", ZONES[number % 3], event=None, where=where, unit="week")
    for on in BREAKDOWNS:
        yield asked("segmentation", event="View Product", on=on, unit="week")
        yield asked("segmentation", event=None, on=on, type="unique", limit=3, unit="month")
    yield asked("segmentation", event="Purchase", on=["plan", "categories"], unit="week")
    yield asked("segmentation", event="Purchase", on=["plan", "mp_country_code"], type="unique", limit=3)
    yield asked("segmentation", event="View Product", where='user["plan"] == "pro"', on='user["channel"]')


def _numbers() -> Iterator[Asked]:
    for on in ("price", "quantity", "revenue", "results_count", 'properties["price"] * 100', "plan"):
        yield asked("segmentation_numeric", event=None, on=on, unit="week", buckets=5)
        yield asked("segmentation_sum", "Europe/Berlin", event=None, on=on, unit="day")
        yield asked("segmentation_average", event=None, on=on, unit="hour")
    yield asked("segmentation_numeric", event=None, on="price", type="unique", unit="month")


def _counts() -> Iterator[Asked]:
    for kind in ("general", "unique", "average"):
        yield asked("event_counts", events=["Search", "Purchase", 'Viewed <b>"O\'Brien" & Co</b>'], type=kind)
        yield asked("event_counts", "America/New_York", events=None, type=kind, unit="week")
        yield asked("top_events", days={"date": "2025-01-14"}, type=kind)
    yield asked("property_counts", event="View Product", prop="category", unit="week")
    yield asked("property_counts", event="View Product", prop="price", values=["19.99", "5"], unit="week")
    yield asked("frequency", unit="week", addiction_unit="day")
    yield asked(
        "frequency", "Europe/Berlin", event="View Product", unit="day", addiction_unit="hour", where=NOT_DE
    )
    yield asked("activity_feed", distinct_ids=["user_000023", "it's"])


def _insights() -> Iterator[Asked]:
    every = ["View Product", "unique(Purchase)", "sum(Purchase, revenue)", "average(View Product, price)"]
    shapes: tuple[dict[str, Any], ...] = (
        {"unit": "day"}, {"unit": "week", "totals": True}, {"on": ["plan"], "limit": 2},
        {"on": ["price", "categories"], "limit": 3, "unit": "month"}, {"rolling": 3}, {"where": MIXED},
        {"on": ["buckets(price)"], "totals": True}, {"on": ["buckets(price, 10, 49.5)"], "unit": "month"},
    )  # fmt: skip
    for number, shape in enumerate(shapes):
        yield asked("insights", ZONES[number % 3], metrics=every, **shape)
    others = (
        ["median(View Product, price)", "p90(View Product, price)", "p99(*, price)"],
        ["min(View Product, price)", "max(View Product, price)"],
        ["distinct(View Product, category)", "distinct(*, categories)", "distinct(*, price)"],
        ["sessions(View Product)", "average(per user sessions(*))"],
        ["p90(per user total(View Product))", "sum(per user max(Purchase, revenue))"],
        ["unique_first(View Product)", "unique_last(View Product)"],
        ["dau(View Product)", "wau(*)", "mau(Purchase)"],
        [f"View Product where {NOT_DE}", "Purchase"],
    )
    for metrics in others:
        yield asked("insights", metrics=metrics, unit="week")
        yield asked("insights", "Europe/Berlin", metrics=metrics, on=["plan", "wifi"], limit=3, unit="month")
    yield asked("insights", metrics=["Purchase", "View Product"], formulas=["A / B * 100 [%]"], unit="day")
    yield asked("insights", metrics=["wau(*)"], rolling=2, unit="week", on=["plan"])
    yield asked("active", unit="week")


def _funnels() -> Iterator[Asked]:
    shapes: tuple[dict[str, Any], ...] = (
        {}, {"on": "plan"}, {"on": "categories", "limit": 3}, {"unit": "week"}, {"unit": "day", "on": "plan"},
        {"window": 1, "window_unit": "hour"}, {"where": NOT_DE}, {"count": "totals"}, {"count": "sessions"},
        {"count": "totals", "exclude": ["Add to Cart"]}, {"exclude": ["Add to Cart"]}, {"order": "any"},
        {"order": "any", "anchors": [1], "window": "ever"}, {"optional": [2]}, {"optional": [2], "on": "plan"},
        {"reentry": "optimized"}, {"reentry": "optimized", "hold": ["plan"]},
        {"reentry": "aggressive", "count": "totals"}, {"hold": ["plan"]}, {"hold": ["plan"], "count": "totals"},
        {"window": 2, "window_unit": "session"}, {"window": "ever"}, {"sum_of": "price"}, {"times": True},
        {"on": ["plan", "wifi"], "attribution": "last"}, {"on": ["plan", "categories"], "attribution": "first"},
        {"on": "plan", "attribution": 2, "count": "totals"}, {"exclude": ["Add to Cart"], "on": "plan"},
        {"on": "plan", "times": True, "sum_of": "price"}, {"count": "sessions", "on": "plan"},
        {"window": 1, "window_unit": "session", "count": "totals", "on": "plan"},
    )  # fmt: skip
    for number, shape in enumerate(shapes):
        yield asked("funnel", ZONES[number % 3], steps=STEPS, **shape)
    twice = ("View Product", "Add to Cart", "View Product")
    repeated: tuple[dict[str, Any], ...] = (
        {},
        {"on": "plan"},
        {"count": "totals"},
        {"order": "any"},
        {"where": MIXED, "unit": "week"},
    )
    for shape in repeated:
        yield asked("funnel", steps=twice, **shape)
    yield asked("funnel", steps=("Search", ("View Product", NOT_DE), "Purchase"))


def _retention() -> Iterator[Asked]:
    shapes: tuple[dict[str, Any], ...] = (
        {"born_event": "Search", "return_event": "Purchase"}, {"born_event": "Search", "on": "plan"},
        {"born_event": "Search", "on": "categories", "limit": 3}, {"return_event": "Purchase"}, {},
        {"born_event": "Search", "unit": "week"}, {"born_event": "Search", "unit": "month", "interval_count": 2},
        {"born_event": "Search", "mode": "on_or_after"}, {"born_event": "Search", "mode": "on_or_before"},
        {"mode": "on_or_after"}, {"born_event": "Search", "mode": "streak"},
        {"born_event": "Search", "alignment": "calendar"},
        {"born_event": "Search", "alignment": "calendar", "unit": "week", "interval": 2},
        {"born_event": "Search", "brackets": [0, 1, 3, 7], "on": ["plan", "categories"], "limit": 3},
        {"type": "compounded", "return_event": "View Product"}, {"type": "compounded", "on": "plan"},
        {"born_event": "Search", "return_event": "Purchase", "prop": "revenue"},
        {"born_event": "Search", "return_event": "View Product", "prop": "price", "mode": "on_or_after"},
        {"born_event": "Search", "born_where": NOT_DE, "return_where": MIXED},
        {"born_event": "Search", "return_event": "Search", "alignment": "calendar", "unit": "month"},
    )  # fmt: skip
    for number, shape in enumerate(shapes):
        yield asked("retention", ZONES[number % 3], **shape)


def _flows() -> Iterator[Asked]:
    shapes: tuple[dict[str, Any], ...] = (
        {"start": "Search"}, {"end": "Purchase"}, {"start": "Search", "end": "Purchase", "back": 1},
        {"start": "Search", "end": "Purchase", "exclude": ["Add to Cart"]},
        {"start": "Search", "count": "totals"}, {"start": "Search", "end": "Purchase", "count": "totals"},
        {"start": "Search", "end": "Purchase", "count": "totals", "exclude": ["Add to Cart"]},
        {"start": "Search", "count": "sessions", "collapse_repeats": True},
        {"end": "Purchase", "count": "sessions"}, {"through": ("Search", "View Product"), "forward": 2},
        {"start": "Search", "on": "plan"}, {"start": "Search", "on": "categories", "segments": 3},
        {"start": "Search", "hold": ["plan"]}, {"start": "Search", "hide": ["Page View"], "where": MIXED},
        {"through": "Purchase", "expand": {"View Product": "category"}, "hide": "Page View"},
    )  # fmt: skip
    for number, shape in enumerate(shapes):
        yield asked("flow", ZONES[number % 3], **shape)


def _others() -> Iterator[Asked]:
    shapes: tuple[dict[str, Any], ...] = (
        {},
        {"on": "plan"},
        {"event": "Purchase", "unit": "week"},
        {"on": "categories", "where": MIXED},
    )
    for shape in shapes:
        yield asked("sessions", "Europe/Berlin", **shape)
    yield asked("sessions", timeout=5, exclude=["Page View"])
    yield asked("experiment", exposure="View Product", variant="plan", metrics=["unique(Purchase)"])
    yield asked(
        "experiment", exposure="View Product", variant="plan", on="categories", formulas="C / A", window=3, cuped=5,
        metrics=["unique(Search)", "average(View Product, price)", "sum(Purchase, revenue)"], winsorize=1,
    )  # fmt: skip
    yield asked("why", days={"date": "2025-01-15"}, metric="View Product")
    yield asked("why", days={"date": "2025-01-15"}, metric="unique(Purchase)", where=MIXED)
    yield asked("why", days={"date": "2025-01-13"}, metric="sum(Purchase, revenue)", unit="week")
    yield asked(
        "why",
        days={"date": "2025-01-13..2025-01-15"},
        metric="View Product",
        baseline="2025-01-02..2025-01-08",
    )


def _compared() -> Iterator[Asked]:
    before: tuple[tuple[str, dict[str, Any]], ...] = (
        ("segmentation", {"event": "Search", "on": "plan", "unit": "day"}),
        ("segmentation_numeric", {"event": "View Product", "on": "price", "unit": "day"}),
        ("property_counts", {"event": "View Product", "prop": "category", "unit": "day", "limit": 1}),
        ("insights", {"metrics": ["Search", "unique(Purchase)"], "on": ["plan"], "unit": "week"}),
        ("sessions", {"on": "plan"}),
        ("funnel", {"steps": STEPS}),
    )
    for report, given in before:
        yield asked(report, days=SECOND_WEEK, compare="previous", **given)
    pro_or_free = ('properties["plan"] == "pro"', 'properties["plan"] == "free"')
    groups: tuple[tuple[str, dict[str, Any]], ...] = (
        ("insights", {"metrics": ["View Product", "sum(Purchase, revenue)"], "unit": "week"}),
        ("funnel", {"steps": STEPS}),
        ("retention", {"born_event": "Search"}),
        ("flow", {"start": "Search"}),
    )
    for report, given in groups:
        yield asked(report, diff=pro_or_free, **given)


def _signals() -> Iterator[Asked]:
    shapes: tuple[dict[str, Any], ...] = (
        {}, {"goal": "Purchase", "window": 7}, {"goal": "Purchase", "start": "Search", "goal_where": NOT_DE},
        {"goal": "Purchase", "properties": ["plan", "categories"], "where": MIXED, "limit": 50},
        {"goal": "Purchase", "events": ["Search", "View Product"], "at_least": 1, "within": 7},
        {"goal": "Purchase", "goal_times": 2, "before_goal": True}, {"goal": "Search", "after": 7},
    )  # fmt: skip
    for number, shape in enumerate(shapes):
        yield asked("signal", ZONES[number % 3], WEEKS, **shape)


def _unusual() -> Iterator[Asked]:
    yield asked("anomalies", days={"date": "2025-03-08"})
    yield asked("anomalies", "Europe/Berlin", {"date": "2025-03-08"}, properties=["plan"], where=MIXED)
    yield asked("why", days={"date": "2025-03-07"}, metric="View Product")
    yield asked("why", days={"date": "2025-03-07"}, metric="unique(Purchase)", where=MIXED)
