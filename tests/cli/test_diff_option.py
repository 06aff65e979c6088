"""``--diff``: two groups of a report, what is typed wrongly, and the users of one group alone."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli.conftest import Command

pytestmark = pytest.mark.usefixtures("database")

DAYS = ("--from", "2025-01-01", "--to", "2025-01-14")
TABLE = ("--table", "events")
STEPS = ("--step", "View Product", "--step", "Purchase")
PURCHASES = ("segmentation", "Purchase", "--type", "unique", *DAYS, *TABLE)


def counts(mp: Command, *words: str) -> list[int]:
    done = mp(*words)
    assert done.code == 0, done.err
    return [row["count"] for row in json.loads(done.out)]


def test_each_group_is_the_report_with_its_filter(mp: Command) -> None:
    done = mp(*PURCHASES, "--diff", "plan=pro", 'properties["plan"] == "free"', "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert list(rows[0]) == [
        *("date", "segment", "first", "second", "difference", "change", "low", "high", "complete")
    ]
    for side, plan in (("first", "pro"), ("second", "free")):
        where = f'properties["plan"] == "{plan}"'
        assert [int(row[side]) for row in rows] == counts(mp, *PURCHASES, "--where", where)
    assert all(float(row["low"]) < float(row["difference"]) < float(row["high"]) for row in rows)
    assert "Users are taken to be independent." in done.err


def test_a_group_of_a_funnel_is_its_segment_of_a_breakdown(mp: Command) -> None:
    """Where no user has two values, as here: the condition is one of the first step, too."""
    funnel = ("funnel", *STEPS, *DAYS, *TABLE)
    rows = json.loads(mp(*funnel, "--diff", "plan=pro", "plan=free").out)
    split = json.loads(mp(*funnel, "--on", "plan").out)
    for side, plan in (("first", "pro"), ("second", "free")):
        mine = [row[side] for row in rows if row["measure"] == "count"]
        assert mine == [row["count"] for row in split if row["segment"] == plan]


def test_mixpanel_is_asked_twice_and_answers_the_same(mp: Command) -> None:
    days = ("--from", "2025-01-01", "--to", "2025-01-07", "--window", "1")  # all of it is in the table, too
    for report in (("funnel", *STEPS), ("flow", "--start", "Sign Up")):
        asked = (*report, *days, "--diff", "plan=pro", "plan=free")
        live, table = mp("--account", "sandbox", *asked, "--live"), mp(*asked, *TABLE)
        assert live.code == 0, live.err
        assert "not known how many users are in both" in " ".join(live.err.split())
        theirs, mine = (
            sorted(
                str((row["first"], row["second"]))
                for row in json.loads(done.out)
                if row["measure"] in {"count", "share"}
            )
            for done in (live, table)
        )
        assert mine
        assert theirs == mine


def test_the_users_of_one_group_alone(mp: Command) -> None:
    def ids(*words: str) -> set[str]:
        done = mp("users", *PURCHASES, *words, "--format", "ids")
        assert done.code == 0, done.err
        return set(done.out.split())

    pro, some = ids("--where", 'properties["plan"] == "pro"'), ids("--where", 'properties["plan"] != "free"')
    groups = ("--diff", "plan=pro", "plan!=free")
    assert ids(*groups, "--gained") == pro - some == set()
    assert ids(*groups, "--lost") == some - pro
    assert ids(*groups) == pro | some
    told = " ".join(mp(*PURCHASES, *groups).err.split())
    assert f"{len(pro)} user" in told
    assert "in both groups (100.0% of the smaller one)" in told
    assert "intervals and tests take them into account" in told


@pytest.mark.parametrize(
    ("words", "says", "hint"),
    [
        (("--diff", "plan=pro", "plan=pro"), "names the group 'plan=pro' twice", "Name two groups"),
        (("--diff", "plan=pro", ""), "has the group ''", "Write it as plan=pro"),
        (("--diff", "plan=pro", "@"), "has the group '@'", "Write it as plan=pro"),
        (("--diff", "2025-01", "plan=pro"), "days with a condition", "Compare days with days"),
        (("--diff", "2025-01", "2025-02"), "--to and --diff do not go together", "Give one of them"),
        (("--diff", "plan=pro", "plan=free", "--compare", "previous"), "do not go together", "Give one"),
        (("--diff", "@nobody", "plan=pro"), "There is no cohort 'nobody'", "mp cohort list"),
        (("--diff", "pro", "free"), "'pro' is no value", 'properties["pro"]'),
        (("--diff", 'properties["plan"] = "x"', "plan=free"), "Unexpected '=' at character 20", "=="),
        (("--diff", "plan=pro'; DROP TABLE events; --", "=="), "expected", ""),
        (
            ("--diff", "plan=pro", "--live"),
            "--diff takes two groups, and 'plan=pro' is given",
            "plan=pro, @co",
        ),
        (("--diff", "plan=pro"), "--diff takes two values, and one is given", "--diff plan=pro plan=free"),
    ],
)
def test_what_is_no_pair_of_groups_is_said_in_a_line(
    mp: Command, words: tuple[str, ...], says: str, hint: str
) -> None:
    done = mp(*PURCHASES, *words)
    assert done.code == 3, done.out
    assert says in done.err
    assert hint in done.err
    assert "Traceback" not in done.err


def test_a_hostile_value_is_a_value(mp: Command) -> None:
    done = mp(*PURCHASES, "--diff", "plan=pro'; DROP TABLE events; --", 'plan!="\n"', "--format", "jsonl")
    assert done.code == 0, done.err
    assert {json.loads(line)["first"] for line in done.out.splitlines()} == {0}
    assert counts(mp, *PURCHASES)
