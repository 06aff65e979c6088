"""Cards and charts of two groups: both, their difference, and what it rests on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.results import ComparedGroups, FlowEdge, FlowNode, RetentionCohort
from mixpanel_nb.results.comparison import compared
from results import reports

if TYPE_CHECKING:
    from mixpanel_nb.results import ComparisonResult, ReportResult

NO_NUMBERS = {
    "ActivityFeedResult",
    "AnomaliesResult",
    "ExperimentResult",
    "ReconcileResult",
    "SignalResult",
    "WhyResult",
}
HOSTILE = ("</style><script>alert(1)</script>", "a\nb\u2028\\'\"{x}" * 9)


def of(one: ReportResult, other: ReportResult, *, in_both: int | None = 0) -> ComparisonResult[Any]:
    users = None if in_both is None else (100, 100)
    return compared(one, other, diff=ComparedGroups(("pro", "free"), users=users, in_both=in_both))


def drawn(comparison: ComparisonResult[Any]) -> str:
    return json.dumps(comparison.chart().to_dict(), ensure_ascii=False)


def told(comparison: ComparisonResult[Any]) -> str:
    return " ".join(comparison.card().notes)


@pytest.mark.parametrize(
    "result",
    [
        each
        for each in [*reports.every_report(), *reports.every_hostile_report()]
        if type(each).__name__ not in NO_NUMBERS
    ],
    ids=lambda result: type(result).__name__,
)
def test_every_report_of_hostile_groups_is_shown(result: ReportResult) -> None:
    for in_both in (None, 0, 3, 99):
        groups = ComparedGroups(HOSTILE, users=None if in_both is None else (100, 110), in_both=in_both)
        comparison = compared(result, result, diff=groups)
        assert "<script" not in comparison.to_html()
        assert comparison.to_text()
        comparison.chart().to_dict()
        assert list(comparison.df) == comparison.column_names == list(comparison.records()[0])
        assert len(set(comparison.column_names)) == len(comparison.column_names)
        assert {"first", "second", "low", "high"} <= set(comparison.column_names)
        assert len(comparison.totals_df) == len(comparison.totals)
        json.dumps(comparison.to_dict(), allow_nan=False)


def test_a_funnel_has_both_bars_and_their_difference() -> None:
    comparison = of(reports.funnel(reports.path(1_000, 250)), reports.funnel(reports.path(1_000, 200)))
    assert "25.0% · +5.0 points (+1.3 to +8.6)" in drawn(comparison)
    assert [comparison.card().facts[place] for place in (0, 1)] == [("Users, pro", 100), ("Users, free", 100)]
    assert "z-test with the pooled share" in told(comparison)
    assert "not known" not in told(comparison)


def test_retention_has_lines_and_the_difference_in_a_band() -> None:
    one, other = (
        reports.retention(
            RetentionCohort(reports.day(0), 500, (500, share), complete=(True, True)), interval_count=1
        )
        for share in (200, 150)
    )
    comparison = of(one, other)
    chart = comparison.chart().to_dict()
    assert len(chart["vconcat"]) == 2
    marks = [layer["mark"]["type"] for layer in chart["vconcat"][1]["layer"]]
    assert marks == ["area", "rule", "line"]
    assert "pro − free, points" in drawn(comparison)
    hidden = of(one, other, in_both=50).chart().to_dict()
    assert [layer["mark"]["type"] for layer in hidden["vconcat"][1]["layer"]] == ["rule", "line"]


def test_users_over_time_have_intervals_and_events_have_none() -> None:
    values = {"total": {reports.day(place): 40 + place for place in range(4)}}
    users = of(*(reports.segmentation(values, on=None, type="unique") for _ in range(2)))
    assert "Poisson" in told(users)
    assert all(row["low"] < row["difference"] == 0 < row["high"] for row in users.records())
    events = of(*(reports.segmentation(values, on=None) for _ in range(2)))
    assert "No intervals: events of a user depend on each other" in told(events)
    assert all(row["low"] is None for row in events.records())


def flow(**counts: int) -> Any:
    whole = sum(counts.values())
    nodes = [FlowNode(0, "Search", whole, "anchor")]
    nodes += [FlowNode(1, name, count, "event") for name, count in counts.items()]
    edges = [FlowEdge(0, "Search", name, count, 1) for name, count in counts.items()]
    shape: dict[str, Any] = {"anchors": ("Search",), "forward": 1, "back": 0, "on": None}
    return reports.flow(flow_nodes=tuple(nodes), flow_edges=tuple(edges), flow_paths=(), **shape)


def test_a_flow_has_the_colour_of_the_group_that_does_more_of_it() -> None:
    comparison = of(flow(Buy=300, Look=200, Leave=500), flow(Buy=200, Look=310, Leave=490))
    bands = (points for points in comparison.chart().to_dict()["datasets"].values() if "link" in points[0])
    points = {point["text"]: point["fill"] for found in bands for point in found}
    assert list(points) == [
        "Search → Buy: 30.0% / 20.0%",
        "Search → Look: 20.0% / 31.0%",
        "Search → Leave: 50.0% / 49.0%",
    ]
    more, less, alike = points.values()
    assert len({more, less, alike}) == 3
    assert "Blue: more pro. Orange: more free." in drawn(comparison)
    assert "Bands are blue where pro has more, orange where free has more, grey where" in told(comparison)
    absent = of(flow(Buy=300, Leave=700), flow(Buy=300, Look=700))
    assert "70.0% / –" in drawn(absent)


def test_groups_that_nothing_happened_in_are_said() -> None:
    empty, full = reports.funnel(reports.path(0, 0)), reports.funnel(reports.path(100, 40))
    assert "Nothing happened in the group pro." in told(of(empty, full))
    assert "Nothing happened in the group free." in told(of(full, empty))
    assert of(empty, empty).card().empty == "Nothing happened in either group, pro or free."
