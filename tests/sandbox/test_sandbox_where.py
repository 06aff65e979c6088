"""``where`` on the raw lines: any legal expression is answered, whatever types meet in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from reports.expressions import Scope, evaluate
from reports.strategies import CONDITION, ODD, examples

from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.store import Dataset

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reports.expressions import Node

NOON = 1736071200
DAY: dict[str, Any] = {"project_id": 1, "from_date": "2025-01-05", "to_date": "2025-01-05"}
MIXED = ["a", "3", "", "pro", "true", 3, 0, -2.5, 2**60, True, False, None, [], ["pro", 3], {"a": 1}, ...]
NAMES = ["plan", "amount", "mixed", "count", "flag", "tags", "big", ODD]


def held(number: int) -> dict[str, Any]:
    """Properties in which every name holds every kind of value, in one event or another."""
    values = {name: MIXED[(number + 3 * place) % len(MIXED)] for place, name in enumerate(NAMES)}
    return {name: value for name, value in values.items() if value is not ...}


HELD = {f"i{number:02}": held(number) for number in range(len(MIXED))}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server whose events and profiles hold all kinds of values under the same names."""
    folder = tmp_path_factory.mktemp("mixed")
    base = {"time": NOON, "distinct_id": "u"}
    events = [{"event": "A", "properties": {**base, "$insert_id": i, **values}} for i, values in HELD.items()]
    profiles = [{"$distinct_id": i, "$properties": values} for i, values in HELD.items()]
    with client_of(folder, events, profiles) as client:
        yield client


def client_of(folder: Path, events: list[Any], profiles: list[Any]) -> httpx.Client:
    files = {folder / "events.jsonl": events, folder / "profiles.jsonl": profiles}
    for path, lines in files.items():
        path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    dataset = Dataset.from_files(folder / "events.jsonl", folder / "profiles.jsonl", folder / "cache")
    transport = httpx.WSGITransport(create_app(dataset))
    return httpx.Client(transport=transport, base_url="http://localhost", auth=("sandbox", "sandbox"))


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ('string(properties["n"]) == 3', False),
        ('string(properties["n"]) == "3"', True),
        ('properties["n"] == "3"', False),
        ('properties["n"] != "3"', True),
        ('number(properties["x"]) > 1', False),
        ('boolean(properties["n"]) == "true"', False),
        ('event["$time"] >= "2025-01-01"', False),
        ('event["$time"] >= datetime("2025-01-01T00:00:00")', True),
        ('datetime(properties["x"]) < datetime("2025-01-01T00:00:00")', False),
        ('"a" < 5 or properties["n"] == 3', True),
        ('properties["x"] in [3, true]', False),
        ('properties["x"] not in [3, true]', True),
        ('floor(string(properties["n"])) == 3', False),
        ('has_prefix(number(properties["x"]), "a")', False),
        ('list(string(properties["x"])) == "a"', False),
        ('-string(properties["n"]) == 3', False),
        ('not string(properties["n"]) < 3', True),
    ],
)
def test_unlike_types_are_compared_and_not_refused(tmp_path: Path, where: str, kept: bool) -> None:
    properties = {"time": NOON, "distinct_id": "u1", "$insert_id": "i000001", "x": "a", "n": 3}
    own = {"x": "a", "n": 3}
    with client_of(
        tmp_path,
        [{"event": "A", "properties": properties}],
        [{"$distinct_id": "u1", "$properties": own}],
    ) as client:
        export = client.get("/api/2.0/export", params={**DAY, "where": where})
        engage = client.post("/api/query/engage", params={"project_id": 1}, data={"where": where})
    assert (export.status_code, export.text.count("\n")) == (200, int(kept)), export.text
    if engage.status_code == 400:
        assert "Mixpanel's profile queries do not understand" in engage.json()["error"]
    else:
        assert (engage.status_code, engage.json()["total"]) == (200, int(kept)), engage.text


def wanted(where: Node) -> list[str]:
    scopes = {i: Scope(values, {}, NOON, ZoneInfo("UTC")) for i, values in HELD.items()}
    return sorted(i for i, scope in scopes.items() if evaluate(where, scope) is True)


@examples(150)
@given(CONDITION)
def test_any_condition_keeps_what_it_means_to_keep(mixed: httpx.Client, where: Node) -> None:
    export = mixed.get("/api/2.0/export", params={**DAY, "where": str(where)})
    engage = mixed.post("/api/query/engage", params={"project_id": 1}, data={"where": str(where)})
    for answer in (export, engage):
        assert answer.status_code == 200 or answer.json()["error"].startswith("Invalid where"), answer.text
    if export.status_code == 200:
        lines = [json.loads(line) for line in export.text.splitlines()]
        assert sorted(line["properties"]["$insert_id"] for line in lines) == wanted(where)
    if engage.status_code == 200:
        assert sorted(user["$distinct_id"] for user in engage.json()["results"]) == wanted(where)
