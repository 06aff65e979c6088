"""Mixpanel's own client, in an environment of its own, takes the sandbox for Mixpanel: with our figures."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from .environment import QUARTER, Client

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.server import SandboxServer
    from mixpanel_nb.sandbox.store import Dataset

TWO_WEEKS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-19"}

ASK = """
import json, sys
import mixpanel_headless
quarter, weeks, person = json.loads(sys.argv[1])
ws = mixpanel_headless.Workspace()
funnel = ws.funnel(1001, unit="month", **quarter)
retention = ws.retention(
    born_event="Sign Up", return_event="Purchase", unit="week", interval_count=4, **weeks
)
feed, page = [], None
while page is None or page.sentinel_event:
    page = ws.activity_feed(
        [person], from_date=quarter["from_date"], limit=4,
        sentinel_event=page and page.sentinel_event,
    )
    feed = page.events + feed
tag = ws.create_annotation_tag(mixpanel_headless.CreateAnnotationTagParams(name="board"))
note = ws.create_annotation(mixpanel_headless.CreateAnnotationParams(
    date="2025-03-20 09:00:00", description="Meeting", tags=[tag.id]
))
ws.update_annotation(note.id, mixpanel_headless.UpdateAnnotationParams(description="Board meeting"))
made = ws.get_annotation(note.id)
ws.delete_annotation(note.id)
print(json.dumps({
    "feed": [event.event for event in feed],
    "found": [event.event for event in ws.activity_feed(
        [person], from_date=quarter["from_date"], search="PURCHASE"
    ).events],
    "made": [made.date, made.description, [tag.name for tag in made.tags]],
    "left": [one.id for one in ws.list_annotations()],
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
def busiest(store: Dataset) -> str:
    """Who has most events, duplicates included."""
    events = (json.loads(line)["properties"] for line in store.export_lines(*QUARTER.values()))
    [(user, _)] = Counter(event["distinct_id"] for event in events if event["distinct_id"]).most_common(1)
    return str(user)


@pytest.fixture(scope="module")
def theirs(server: SandboxServer, busiest: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Mixpanel's client makes of the sandbox."""
    client = Client("mixpanel-headless==0.4.0")
    assert client.installed == client.version
    account = {"MP_USERNAME": "sandbox", "MP_SECRET": "sandbox", "MP_PROJECT_ID": "1", "MP_REGION": "us"}
    home = tmp_path_factory.mktemp("headless")
    asked = json.dumps([QUARTER, TWO_WEEKS, busiest])
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
            pytest.approx([rate or 0 for rate in cohort.rates]),
        ]
        for cohort in ours.cohorts
    }


def test_frequency_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.frequency(unit="week", addiction_unit="day", **TWO_WEEKS, table="events")
    assert theirs["frequency"] == {str(date): list(counts) for date, counts in ours.counts.items()}


def test_profiles_are_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.stream_profiles(where='properties["plan"] == "pro"')
    assert theirs["pro"] == sorted(user["distinct_id"] for user in ours)


def test_their_stream_has_every_event_duplicates_included(theirs: dict[str, Any], ws: Workspace) -> None:
    stored = ws.sql_scalar("SELECT count(*) FROM events")
    assert theirs["streamed"] == sum(1 for _ in ws.stream_events(**QUARTER))
    assert theirs["streamed"] > stored


def test_pages_of_a_feed_are_all_of_it(theirs: dict[str, Any], ws: Workspace, busiest: str) -> None:
    rows = ws.sql("SELECT event_name FROM events WHERE distinct_id = $who", {"who": busiest})
    assert Counter(theirs["feed"]) == Counter(rows["event_name"])
    assert len(theirs["feed"]) > 4
    assert {"Purchase"} & set(rows["event_name"]) <= set(theirs["found"])


def test_annotations_are_made_changed_and_removed(theirs: dict[str, Any], store: Dataset) -> None:
    assert theirs["made"] == ["2025-03-20T09:00:00+00:00", "Board meeting", ["board"]]
    assert sorted(theirs["left"]) == [note.id for note in store.saved.annotations]


def test_a_token_is_taken(server: SandboxServer, tmp_path: Path) -> None:
    script = "import mixpanel_headless as m; print(len(m.Workspace().events()))"
    account = {"MP_OAUTH_TOKEN": "sandbox", "MP_PROJECT_ID": "1", "MP_REGION": "us"}
    client = Client("mixpanel-headless==0.4.0")
    assert int(client.run(script, home=tmp_path, MP_API_BASE_URL=server.url, **account)) > 5
