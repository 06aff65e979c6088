"""Mixpanel's own client, in an environment of its own, takes the sandbox for Mixpanel: with our figures."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from .environment import QUARTER, Client

if TYPE_CHECKING:
    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.server import SandboxServer

TWO_WEEKS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-19"}

ASK = """
import json, sys
import mixpanel_headless
quarter, weeks = json.loads(sys.argv[1])
ws = mixpanel_headless.Workspace()
funnel = ws.funnel(1001, unit="month", **quarter)
retention = ws.retention(
    born_event="Sign Up", return_event="Purchase", unit="week", interval_count=4, **weeks
)
print(json.dumps({
    "events": ws.events(),
    "properties": ws.properties("Purchase"),
    "purchases": ws.segmentation("Purchase", **quarter).series["Purchase"],
    "funnel": [step.count for step in funnel.steps],
    "retention": {cohort.date: [cohort.size, cohort.retention] for cohort in retention.cohorts},
    "frequency": ws.frequency(unit="week", addiction_unit="day", **weeks).data,
    "pro": sorted(person["distinct_id"] for person in ws.query_user(
        mode="profiles", where='properties["plan"] == "pro"', limit=None
    ).profiles),
    "streamed": sum(1 for _ in ws.stream_events(**quarter)),
}))
"""


@pytest.fixture(scope="module")
def theirs(server: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Mixpanel's client makes of the sandbox."""
    client = Client("mixpanel-headless==0.4.0")
    assert client.installed == client.version
    account = {"MP_USERNAME": "sandbox", "MP_SECRET": "sandbox", "MP_PROJECT_ID": "1", "MP_REGION": "us"}
    home = tmp_path_factory.mktemp("headless")
    asked = json.dumps([QUARTER, TWO_WEEKS])
    printed = client.run(ASK, asked, home=home, MP_API_BASE_URL=server.url, **account)
    answer: dict[str, Any] = json.loads(printed)
    return answer


def test_names_are_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    assert sorted(theirs["events"]) == [row["event"] for row in ws.events().records()]
    assert set(theirs["properties"]) <= {row["property"] for row in ws.properties("Purchase").records()}
    assert theirs["properties"]


def test_segmentation_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.segmentation("Purchase", **QUARTER, table="events")
    assert theirs["purchases"] == {row["date"]: row["count"] for row in ours.records() if row["count"]}


def test_the_saved_funnel_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    """Their client adds up the buckets."""
    steps = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
    ours = ws.funnel(steps=steps, unit="month", **QUARTER, table="events")
    assert theirs["funnel"] == [
        sum(step.count for step in ours.steps if step.step == number) for number in range(1, 5)
    ]


def test_retention_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.retention(
        born_event="Sign Up",
        return_event="Purchase",
        unit="week",
        interval_count=4,
        **TWO_WEEKS,
        table="events",
    )
    assert theirs["retention"] == {
        str(cohort.date): [
            cohort.size,
            pytest.approx([(count or 0) / cohort.size for count in cohort.counts]),
        ]
        for cohort in ours.cohorts
    }


def test_frequency_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.frequency(unit="week", addiction_unit="day", **TWO_WEEKS, table="events")
    assert theirs["frequency"] == {str(date): list(counts) for date, counts in ours.counts.items()}


def test_profiles_are_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.stream_profiles(where='properties["plan"] == "pro"')
    assert theirs["pro"] == sorted(person["distinct_id"] for person in ours)


def test_their_stream_has_every_event_duplicates_included(theirs: dict[str, Any], ws: Workspace) -> None:
    stored = ws.sql_scalar("SELECT count(*) FROM events")
    assert theirs["streamed"] == sum(1 for _ in ws.stream_events(**QUARTER))
    assert theirs["streamed"] > stored
