"""Mixpanel's own mixpanel-utils takes the sandbox for Mixpanel: all that it reads."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from .environment import QUARTER, Client, refused

if TYPE_CHECKING:
    from mixpanel_nb.sandbox.server import SandboxServer
    from mixpanel_nb.sandbox.store import Dataset

ASK = r"""
import json, sys
from mixpanel_utils import MixpanelUtils
base, days = sys.argv[1], json.loads(sys.argv[2])
account = MixpanelUtils("sandbox", service_account_username="sandbox", project_id=1, token="t")
secret = MixpanelUtils("sandbox", token="t")
for client in (account, secret):
    client.raw_api = client.formatted_api = base + "/api"
bought = [{"window": "30d", "name": "bought", "event_selectors": [{"event": "Purchase"}]}]
account.export_people("people.csv", format="csv")
account.export_events("events.csv", days, format="csv")
found = {
    "events": account.query_export(days),
    "by secret": len(secret.query_export(days)),
    "packed": account.query_export({**days, "event": json.dumps(["Purchase"])}, add_gzip_header=True),
    "not pro": account.query_export({**days, "where": 'properties["plan"] not in ["pro"]'}),
    "unlike": account.query_export({**days, "where": 'string(properties["plan"]) == 3'}),
    "raw": account.query_export(days, raw_stream=True).read().decode(),
    "people": account.query_engage(),
    "pro": account.query_engage({"where": 'properties["plan"] == "pro"'}),
    "selected": secret.query_engage({"selector": 'properties["plan"] == "pro"'}),
    "cohort": account.query_engage({"filter_by_cohort": json.dumps({"id": 2001})}),
    "bought": account.query_engage({"selector": '(behaviors["bought"] > 0)', "behaviors": bought}, 0),
    "jql": account.query_jql("function main() { return [1, 2] }"),
    "lines": [sum(1 for _ in open(name)) for name in ("people.csv", "events.csv")],
}
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def theirs(server: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What it makes of the sandbox."""
    client = Client("mixpanel-utils==2.2.7")
    assert client.installed == client.version
    home = tmp_path_factory.mktemp("utils")
    answer: dict[str, Any] = json.loads(client.run(ASK, server.url, json.dumps(QUARTER), home=home))
    return answer


@pytest.fixture(scope="module")
def lines(store: Dataset) -> list[dict[str, Any]]:
    return [json.loads(line) for line in store.export_lines(*QUARTER.values())]


def ids(users: list[dict[str, Any]]) -> list[str]:
    return sorted(user["$distinct_id"] for user in users)


def test_nothing_is_refused(theirs: dict[str, Any], server: SandboxServer) -> None:
    assert theirs["jql"] == [1, 2]
    assert refused(server) == []


def test_the_export_is_every_event(theirs: dict[str, Any], lines: list[dict[str, Any]]) -> None:
    assert theirs["by secret"] == len(theirs["events"]) == len(lines)
    assert theirs["raw"].count("\n") == len(lines)

    def keys(events: list[dict[str, Any]]) -> list[Any]:
        return sorted((e["event"], e["properties"]["distinct_id"], e["properties"]["time"]) for e in events)

    assert keys(theirs["packed"]) == keys([event for event in lines if event["event"] == "Purchase"])
    not_pro = [event for event in lines if event["properties"].get("plan") != "pro"]
    assert keys(theirs["not pro"]) == keys(not_pro)
    assert theirs["unlike"] == []


def test_every_profile_comes_once(theirs: dict[str, Any], store: Dataset) -> None:
    profiles = [json.loads(line) for line in store.profiles.page(0, 100_000)[0]]
    assert ids(theirs["people"]) == ids(profiles)
    pro = ids([user for user in profiles if user["$properties"].get("plan") == "pro"])
    assert ids(theirs["pro"]) == ids(theirs["selected"]) == ids(theirs["cohort"]) == pro


def test_behaviors_are_those_of_the_last_30_days(
    theirs: dict[str, Any], lines: list[dict[str, Any]], store: Dataset
) -> None:
    """It sends its clock's time, and the last day of the data is today."""
    since = datetime(2025, 3, 2, tzinfo=UTC).timestamp()
    purchases = [event["properties"] for event in lines if event["event"] == "Purchase"]
    buyers = {properties["distinct_id"] for properties in purchases if properties["time"] >= since}
    known = {json.loads(line)["$distinct_id"] for line in store.profiles.page(0, 100_000)[0]}
    assert ids(theirs["bought"]) == sorted(known & buyers) != []
