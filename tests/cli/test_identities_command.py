"""Identities in a terminal: found, used in reports, dropped; and what mistakes get."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import StorageError, Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command

pytestmark = pytest.mark.usefixtures("database")

DAYS = ("--from", "2025-01-01", "--to", "2025-01-14", "--table", "events", "--format", "json")


def answer(mp: Command, *words: str) -> Any:
    done = mp(*words)
    assert done.code == 0, done.err
    return json.loads(done.out)


def users(mp: Command, *words: str) -> int:
    rows = answer(mp, "funnel", "--step", "App Open", "--step", "Sign Up", *words, *DAYS)
    return int(rows[1]["count"])


def test_identities_are_found_used_and_dropped(mp: Command) -> None:
    raw = users(mp)
    found = answer(mp, "identities", "--format", "json")
    assert found["system"] == "simplified"
    assert found["users"] < found["ids"]
    assert [link["link"] for link in found["links"]] == ["$device_id"]
    counted = answer(
        mp,
        "sql",
        "SELECT count(DISTINCT coalesce(resolved_id, distinct_id)) AS users FROM events "
        "LEFT JOIN identities_events USING (distinct_id) WHERE distinct_id <> ''",
        "--format",
        "json",
    )
    assert counted == [{"users": found["users"]}]
    assert users(mp) == users(mp, "--identities", "resolved") > raw
    assert users(mp, "--identities", "raw") == raw
    assert "Users are resolved" in mp("active", *DAYS).err
    assert mp("drop", "identities_events").code == 0
    assert users(mp) == raw


def test_both_sides_of_a_comparison_count_users(mp: Command) -> None:
    answer(mp, "identities", "--format", "json")
    words = ("active", "--from", "2025-01-08", "--to", "2025-01-14", "--table", "events", "--format", "json")
    resolved = answer(mp, *words, "--compare", "previous")
    raw = answer(mp, *words, "--compare", "previous", "--identities", "raw")
    assert resolved != raw


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("identities", "nope"), "no table 'nope'"),
        (("identities", "profiles"), "holds no events"),
        (("identities", "--system", "old"), "--system is 'old'"),
        (("segmentation", "Purchase", "--identities", "merged", *DAYS), "--identities is 'merged'"),
        (
            ("segmentation", "Purchase", "--identities", "resolved", *DAYS),
            "Find them first: mp identities events",
        ),
        (
            ("segmentation", "Purchase", "--during", "2025-01-01", "--live", "--identities", "raw"),
            "Mixpanel resolves users by itself",
        ),
    ],
)
def test_mistakes_get_a_line(mp: Command, words: tuple[str, ...], told: str) -> None:
    done = mp(*words)
    assert done.code in {3, 4, 1}
    assert told in done.err
    assert "Traceback" not in done.err


def test_a_read_only_database_uses_identities_that_are_there(database: Path) -> None:
    days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-14"}
    with Workspace.open(database, read_only=True) as ws, pytest.raises(StorageError):
        ws.identities("events")
    with Workspace.open(database) as ws:
        ws.identities("events")
        expected = ws.active(table="events", **days).records()
    with Workspace.open(database, read_only=True) as ws:
        assert ws.active(table="events", identities="resolved", **days).records() == expected


def test_a_view_of_ones_own_has_identities(database: Path) -> None:
    with Workspace.open(database) as ws:
        ws.sql("CREATE VIEW mine AS SELECT * FROM events WHERE event_time < '2025-01-08'")
        found = ws.identities("mine")
        assert 0 < found.users < found.ids
        ws.sql(
            "CREATE TABLE three AS SELECT 'A' AS event_name, DATE '2025-01-01' AS event_time, 7 distinct_id"
        )
        alone = ws.identities("three")
        assert (alone.ids, alone.users, alone.links) == (1, 1, ())
        days: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-01"}
        assert ws.segmentation("A", type="unique", table="three", **days).totals == {"total": 1}
        resolved = ws.segmentation("View Product", type="unique", table="mine", **days)
        assert "Users are resolved" in resolved.notes[0]
