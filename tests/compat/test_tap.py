"""Singer's tap-mixpanel takes the sandbox for Mixpanel: every stream that it has, whole."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

import pytest

from .environment import QUARTER, Client, refused

if TYPE_CHECKING:
    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.server import SandboxServer
    from mixpanel_nb.sandbox.store import Dataset

STREAMS = {"export", "engage", "funnels", "cohorts", "cohort_members", "annotations"}

# Its hosts are written into it, so requests are sent elsewhere on their way.
ASK = r"""
import contextlib, io, json, re, sys
import requests
base = sys.argv[1]
plain = requests.Session.request
def redirected(session, method, url, **more):
    return plain(session, method, re.sub(r"^https://(data\.)?mixpanel\.com", base, url), **more)
requests.Session.request = redirected
import tap_mixpanel
config = {
    "api_secret": "sandbox", "project_timezone": "UTC", "attribution_window": "5", "date_window_size": "45",
    "start_date": "2025-01-01T00:00:00Z", "end_date": "2025-03-31T00:00:00Z", "user_agent": "tests",
    "select_properties_by_default": "true",
}
with open("config.json", "w") as file:
    json.dump(config, file)
sys.argv = ["tap-mixpanel", "--config", "config.json", "--discover"]
found = io.StringIO()
with contextlib.redirect_stdout(found):
    tap_mixpanel.main()
catalog = json.loads(found.getvalue())
for stream in catalog["streams"]:
    for part in stream["metadata"]:
        if part["metadata"].get("inclusion") != "unsupported":
            part["metadata"]["selected"] = True
with open("catalog.json", "w") as file:
    json.dump(catalog, file)
sys.argv = ["tap-mixpanel", "--config", "config.json", "--catalog", "catalog.json"]
tap_mixpanel.main()
"""

Streams = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def theirs(server: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Streams:
    """The records of each stream."""
    client = Client("tap-mixpanel==1.8.0")
    assert client.installed == client.version
    printed = client.run(ASK, server.url, home=tmp_path_factory.mktemp("tap"))
    messages = [json.loads(line) for line in printed.splitlines()]
    found: Streams = defaultdict(list)
    for message in messages:
        if message["type"] == "RECORD":
            found[message["stream"]].append(message["record"])
    return found


def test_every_stream_has_records_and_nothing_is_refused(theirs: Streams, server: SandboxServer) -> None:
    assert set(theirs) == STREAMS
    assert refused(server) == []


def test_the_export_is_every_event_duplicates_included(theirs: Streams, store: Dataset) -> None:
    lines = [json.loads(line) for line in store.export_lines(*QUARTER.values())]
    assert Counter(record["event"] for record in theirs["export"]) == Counter(e["event"] for e in lines)
    users = Counter(record.get("distinct_id") or "" for record in theirs["export"])
    assert users == Counter(event["properties"]["distinct_id"] for event in lines)


def test_every_profile_comes_once(theirs: Streams, store: Dataset) -> None:
    profiles = [json.loads(line) for line in store.profiles.page(0, 100_000)[0]]
    ids = [record["distinct_id"] for record in theirs["engage"]]
    assert sorted(ids) == sorted(profile["$distinct_id"] for profile in profiles)
    pro = {p["$distinct_id"] for p in profiles if p["$properties"].get("plan") == "pro"}
    members = {r["distinct_id"] for r in theirs["cohort_members"] if r["cohort_id"] == 2001}
    assert members == pro
    [cohort] = [record for record in theirs["cohorts"] if record["id"] == 2001]
    assert cohort["count"] == len(pro)


def test_the_saved_funnel_is_the_same(theirs: Streams, ws: Workspace) -> None:
    steps = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
    ours = ws.funnel(steps=steps, unit="day", **QUARTER, table="events")
    expected: dict[str, list[int]] = defaultdict(list)
    for step in ours.steps:
        expected[str(step.date)].append(step.count)
    found = {
        record["date"]: [step["count"] for step in record["steps"]]
        for record in theirs["funnels"]
        if record["funnel_id"] == 1001
    }
    assert found == expected


def test_annotations_are_the_project_s(theirs: Streams, store: Dataset) -> None:
    expected = {note.id: note.description for note in store.saved.annotations}
    assert {record["id"]: record["description"] for record in theirs["annotations"]} == expected
