"""Every report that takes ``compare``, where nothing happened on one side, or on both."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import ChartError
from mixpanel_nb.queries import QUERIES, parameters_of

from .support import Project, did

if TYPE_CHECKING:
    from .support import Package

EMPTY, FULL, EMPTIER = (
    ("2025-03-03", "2025-03-16"),
    ("2025-04-07", "2025-04-20"),
    ("2025-01-06", "2025-01-19"),
)
NEEDED: dict[str, dict[str, Any]] = {
    "segmentation": {"event": "Buy"},
    "segmentation_numeric": {"event": "Buy", "on": "price"},
    "segmentation_sum": {"event": "Buy", "on": "price"},
    "segmentation_average": {"event": "Buy", "on": "price"},
    "event_counts": {"events": ["Buy", "Look"]},
    "property_counts": {"event": "Buy", "prop": "price"},
    "insights": {
        "metrics": ["Buy", "median(Buy, price)", "p90(per user sum(Buy, price))"],
        "formulas": ["B / A"],
    },
    "active": {},
    "funnel": {"steps": ["Look", "Buy"], "sum_of": "price"},
    "retention": {"born_event": "Look"},
    "flow": {"start": "Look"},
    "frequency": {"event": "Buy"},
    "sessions": {},
}
COMPARING = sorted(name for name, query in QUERIES.items() if "compare" in parameters_of(query))
SPLIT = [name for name in COMPARING if "on" in parameters_of(QUERIES[name]) and "on" not in NEEDED[name]]
BY_PLAN = {"on": "plan"}
BOUGHT = Project(
    [
        did(f"u{number}", name, f"2025-04-{10 + number} 12:0{place}", price=number, plan="pro")
        for number in range(5)
        for place, name in enumerate(("Look", "Buy"))
    ]
)


def test_every_report_that_compares_is_tried() -> None:
    assert sorted(NEEDED) == COMPARING


@pytest.mark.parametrize(
    ("days", "other"), [(FULL, EMPTY), (EMPTY, FULL), (EMPTY, EMPTIER)], ids=["before", "after", "both"]
)
@pytest.mark.parametrize(
    ("report", "split"), [*((name, {}) for name in COMPARING), *((name, BY_PLAN) for name in SPLIT)]
)
def test_nothing_on_a_side_is_compared(
    package: Package, report: str, split: dict[str, Any], days: tuple[str, str], other: tuple[str, str]
) -> None:
    package(BOUGHT)
    ask = getattr(package.workspace(), report)
    result = ask(
        **NEEDED[report],
        **split,
        from_date=days[0],
        to_date=days[1],
        compare="..".join(other),
        table="events",
    )
    assert_shown(result, "before", "after")


@pytest.mark.parametrize(
    "groups",
    [("plan=pro", "plan=free"), ("plan=free", "plan=pro"), ("plan=free", "plan=no")],
    ids=["second", "first", "both"],
)
@pytest.mark.parametrize("report", COMPARING)
def test_an_empty_group_is_compared(package: Package, report: str, groups: tuple[str, str]) -> None:
    package(BOUGHT)
    ask = getattr(package.workspace(), report)
    result = ask(**NEEDED[report], from_date=FULL[0], to_date=FULL[1], diff=groups, table="events")
    assert_shown(result, "first", "second")
    assert result.diff.names == groups
    side = result.before if groups[0] == "plan=pro" else result.after
    other = result.after if groups[0] == "plan=pro" else result.before
    if "plan=pro" in groups:
        assert any(total.before or total.after for total in result.totals), "nothing is lost"
        assert "in the group plan=free" in " ".join(result.to_text().split())
    assert all(not users for users in [len(side.users())])
    assert len(other.users()) == (5 if "plan=pro" in groups else 0)


def assert_shown(result: Any, *sides: str) -> None:
    known = [row for row in result.records() if all(row[side] for side in sides)]
    assert not known
    assert result.to_text() and result.to_html()
    try:
        result.chart().to_dict()
    except ChartError as error:
        assert "nothing to draw" in str(error)
