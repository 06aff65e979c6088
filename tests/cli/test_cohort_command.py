"""Cohorts in a terminal: saved, listed, shown, used in reports and dropped; and what mistakes get."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mixpanel_nb import StorageError, Workspace, did

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command

pytestmark = pytest.mark.usefixtures("database")

DAYS = ("--from", "2025-01-01", "--to", "2025-01-14", "--table", "events")


def rows(mp: Command, *words: str, stdin: str = "") -> list[dict[str, Any]]:
    done = mp(*words, "--format", "json", stdin=stdin)
    assert done.code == 0, done.err
    found: list[dict[str, Any]] = json.loads(done.out)
    return found


def ids(mp: Command, sql: str) -> list[str]:
    return [row["distinct_id"] for row in rows(mp, "sql", sql)]


def test_a_cohort_is_saved_used_and_dropped(mp: Command) -> None:
    (saved,) = rows(mp, "cohort", "save", "buyers twice", "--did", "Purchase", "--at-least", "2")
    twice = "SELECT distinct_id FROM events WHERE event_name = 'Purchase' AND distinct_id <> '' GROUP BY 1 "
    expected = ids(mp, f"{twice} HAVING count(*) >= 2 ORDER BY 1")
    assert saved["size"] == len(expected) > 0
    assert saved["definition"] == "did Purchase at least 2 times"
    assert ids(mp, "FROM cohort_buyers_twice ORDER BY 1") == expected
    counted = rows(mp, "segmentation", "Purchase", "--in", "buyers twice", *DAYS)
    others = rows(mp, "segmentation", "Purchase", "--not-in", "buyers twice", *DAYS)
    everyone = rows(mp, "segmentation", "Purchase", *DAYS)
    split = rows(mp, "segmentation", "Purchase", "--on", "cohort:buyers twice", *DAYS)
    assert 0 < sum(row["count"] for row in counted) < sum(row["count"] for row in everyone)
    for inside, outside, both in zip(counted, others, everyone, strict=True):
        assert inside["count"] + outside["count"] == both["count"]
    in_both = [row["count"] for row in split if row["segment"] == "in buyers twice"]
    assert in_both == [row["count"] for row in counted]
    assert [row["name"] for row in rows(mp, "cohort", "list")] == ["buyers twice"]
    card = mp("cohort", "show", "buyers twice", "--format", "table").out
    assert '--in "buyers twice"' in card
    assert "cohort_buyers_twice" in card
    assert mp("cohort", "drop", "buyers twice").code == 0
    assert rows(mp, "cohort", "list") == []
    assert "no table 'cohort_buyers_twice'" in mp("sql", "FROM cohort_buyers_twice").err


def test_conditions_are_joined_by_and(mp: Command, tmp_path: Path) -> None:
    (lost,) = rows(mp, "cohort", "save", "lost", "--did", "Sign Up", "--not-did", "Purchase")
    assert lost["definition"] == "did Sign Up and did not do Purchase"
    (quick,) = rows(mp, "cohort", "save", "quick", "--did", "Sign Up", "--then", "Purchase within 7d")
    assert quick["definition"] == "did Sign Up, then Purchase within 7d"
    (none,) = rows(mp, "cohort", "save", "none", "--in", "lost", "--in", "quick")
    assert none["size"] == 0
    where = 'Purchase where properties["plan"] == "pro"'
    (pro,) = rows(mp, "cohort", "save", "pro", "--did", where, "--not-in", "lost")
    assert pro["size"] == len(
        ids(mp, "SELECT DISTINCT distinct_id FROM events WHERE event_name = 'Purchase' AND plan = 'pro'")
    )
    file = tmp_path / "ids.txt"
    known = ids(mp, "SELECT min(distinct_id) AS distinct_id FROM events WHERE distinct_id <> ''")[0]
    file.write_text(f"{known}\r\n\nnobody\n{known}\n")
    (listed,) = rows(mp, "cohort", "save", "listed", "--users-from", str(file))
    assert (listed["size"], listed["found"]) == (2, 1)
    (piped,) = rows(mp, "cohort", "save", "piped", "--users-from", "-", stdin="a\nb\n")
    assert piped["size"] == 2
    (queried,) = rows(mp, "cohort", "save", "queried", "--sql", "SELECT 'x' AS distinct_id, 1;")
    assert queried["size"] == 1


def test_the_same_command_again_computes_it_anew(mp: Command) -> None:
    words = ("cohort", "save", "buyers", "--did", "Purchase")
    (before,) = rows(mp, *words)
    mp("sql", "DELETE FROM events WHERE event_name = 'Purchase' AND distinct_id LIKE '%1'")
    (after,) = rows(mp, *words)
    assert after["size"] < before["size"]
    done = mp("cohort", "save", "buyers", "--did", "Sign Up")
    assert done.code == 3
    assert done.err.splitlines() == [
        "Error: There is a cohort 'buyers' already: did Purchase.",
        "Choose another name, or --replace.",
    ]
    (other,) = rows(mp, "cohort", "save", "buyers", "--did", "Sign Up", "--replace")
    mp("sql", "DELETE FROM events WHERE event_name = 'Sign Up' AND distinct_id LIKE '%1'")
    (refreshed,) = rows(mp, "cohort", "refresh", "buyers")
    assert refreshed["size"] < other["size"]


def test_tables_of_cohorts_do_not_become_the_usual_table(mp: Command) -> None:
    mp("cohort", "save", "buyers", "--did", "Purchase")
    sql = "CREATE TABLE cohort_mine AS SELECT * FROM events LIMIT 10"
    mp("sql", sql)
    assert {row["name"]: row["type"] for row in rows(mp, "tables")} == {
        "cohort_buyers": "cohort",
        "cohort_mine": "table",
        "events": "events",
        "profiles": "profiles",
    }
    assert "Asked table events" in mp("segmentation", "Purchase", "--format", "table").out
    done = mp("cohort", "save", "mine", "--did", "Purchase")
    assert (done.code, done.err.splitlines()[0]) == (
        3,
        "Error: The ids of 'mine' would be in the table cohort_mine, which holds a table of yours.",
    )
    clash = mp("cohort", "save", "Buyers!", "--did", "Purchase")
    assert "holds the cohort 'buyers'" in clash.err
    mp("drop", "cohort_buyers")
    assert rows(mp, "cohort", "list") == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["cohort", "show", "buyrs"], "Did you mean 'buyers'?"),
        (["cohort", "drop", "buyers", "nope"], "There is no cohort 'nope'."),
        (["cohort", "save", "x"], "--did"),
        (["cohort", "save", "a,b", "--did", "A"], "cannot name a cohort"),
        (["cohort", "save", "!", "--did", "A"], "cannot name a cohort"),
        (["cohort", "save", "x" * 70, "--did", "A"], "too long"),
        (
            ["cohort", "save", "x", "--did", "A", "--did", "B", "--at-least", "2"],
            "--at-least is of one --did.",
        ),
        (["cohort", "save", "x", "--did", "A", "--exactly", "0"], "did_not"),
        (["cohort", "save", "x", "--did", "A", "--within", "soon"], "--within is 'soon'"),
        (
            ["cohort", "save", "x", "--did", "A", "--within", "3d", "--from", "2025-01-01"],
            "do not go together",
        ),
        (["cohort", "save", "x", "--did", "A", "--where", "nope"], "'nope' is no value."),
        (["cohort", "save", "x", "--did", "A", "--sql", "SELECT 1"], "--did and --sql do not go together"),
        (
            ["cohort", "save", "x", "--in", "buyers", "--mixpanel", "2"],
            "--in and --mixpanel do not go",
        ),
        (["cohort", "save", "x", "--did", "A", "--table", "evens"], "Did you mean 'events'?"),
        (["cohort", "save", "x", "--in", "x"], "made of itself"),
        (["cohort", "save", "x", "--in", "buyrs"], "Did you mean 'buyers'?"),
        (["cohort", "save", "x", "--profile", 'properties["plan"] == 1'], 'Write user["plan"]'),
        (["cohort", "save", "x", "--sql", "DROP TABLE events"], "one query that gives ids"),
        (["cohort", "save", "x", "--sql", "SELECT 1, 2"], "no column distinct_id"),
        (["cohort", "save", "x", "--sql", "SELECT nope FROM events"], "LINE 1: SELECT nope"),
        (["cohort", "save", "x", "--users-from", "/nowhere"], "cannot be read"),
        (["segmentation", "Purchase", "--in", "buyrs", *DAYS], "Did you mean 'buyers'?"),
        (["segmentation", "Purchase", "--on", "cohort:buyrs", *DAYS], "Did you mean 'buyers'?"),
        (["segmentation", "Purchase", "--where", 'in_cohort("buyrs")', *DAYS], "Did you mean 'buyers'?"),
        (["segmentation", "Purchase", "--live", "--in", "buyers", *DAYS[:4]], "Ask a fetched table instead"),
        (["segmentation", "Purchase", "--live", "--on", "cohort:buyers", *DAYS[:4]], "a fetched table"),
        (
            ["segmentation", "Purchase", "--live", "--where", 'in_cohort("buyers")', *DAYS[:4]],
            "does not know the cohorts of your database",
        ),
        (["fetch", "profiles", "p", "--in", "buyrs"], "Did you mean 'buyers'?"),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, list) else "",
)
def test_a_mistake_gets_a_clear_line(mp: Command, words: list[str], says: str) -> None:
    mp("cohort", "save", "buyers", "--did", "Purchase")
    done = mp(*words)
    assert done.code in {3, 4}
    assert says in done.err
    assert "Traceback" not in done.err
    assert [row["name"] for row in rows(mp, "cohort", "list")] == ["buyers"]


def test_members_of_a_saved_cohort_of_mixpanel(mp: Command) -> None:
    cohorts = {row["name"]: row for row in rows(mp, "cohorts")}
    pro = cohorts["Pro members"]
    (saved,) = rows(mp, "cohort", "save", "pro members", "--mixpanel", str(pro["id"]))
    assert saved["size"] == pro["count"] > 0
    assert "no cohort 99" in mp("cohort", "save", "x", "--mixpanel", "99").err


def test_profiles_of_a_cohort(mp: Command) -> None:
    mp("cohort", "save", "few", "--sql", "SELECT distinct_id FROM profiles ORDER BY 1 LIMIT 7")
    assert mp("fetch", "profiles", "chosen", "--in", "few").code == 0
    assert ids(mp, "SELECT distinct_id FROM chosen ORDER BY 1") == ids(mp, "FROM cohort_few ORDER BY 1")


def test_sizes_take_days_as_every_command_does(mp: Command) -> None:
    rows(mp, "cohort", "save", "buyers", "--did", "Purchase")
    sizes = ("cohort", "sizes", "buyers", "--unit", "day")
    whole = rows(mp, *sizes)
    assert [row["date"] for row in whole] == [f"2025-01-{day:02}" for day in range(1, 15)]
    assert rows(mp, *sizes, "--last", "3d") == whole[-3:]
    assert rows(mp, *sizes, "--during", "2025-W02") == whole[5:12]
    assert rows(mp, *sizes, "--to", "2025-01-05", "--last", "2d") == whole[3:5]
    refused = mp(*sizes, "--last", "3d", "--during", "2025-W02")
    assert (refused.code, refused.err.splitlines()[1]) == (3, "Leave out one of them.")


def test_a_sync_computes_cohorts_again(mp: Command) -> None:
    mp("cohort", "save", "buyers", "--did", "Purchase")
    mp("cohort", "save", "others", "--not-in", "buyers", "--did", "Sign Up")
    (before,) = rows(mp, "cohort", "show", "others")
    done = mp("sync", "--cohorts", "--days", "1", "--to", "2025-01-20", "--format", "table")
    assert done.code == 0, done.err
    assert "Cohorts computed again: buyers (" in done.out
    (after,) = rows(mp, "cohort", "show", "others")
    assert (before["to_date"] < "2025-01-20", after["to_date"]) == (True, "2025-01-20")
    assert after["size"] != before["size"]


def test_a_read_only_workspace_reads_cohorts_and_saves_none(tmp_path: Path) -> None:
    path = tmp_path / "own.db"
    with Workspace.open(path, create=True) as ws:
        frame = pd.DataFrame({"event": ["A"], "time": [1_735_700_000], "user": ["u1"]})
        ws.load(frame, event="event", time="time", user="user")
        ws.cohort("a", did("A"))
    with Workspace.open(path, read_only=True) as ws:
        assert ws.cohort("a").ids == ["u1"]
        with pytest.raises(StorageError, match="opened read-only"):
            ws.cohort("b", did("A"))
