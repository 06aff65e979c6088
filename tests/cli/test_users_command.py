"""``mp users``: the users behind a number, and commands that read their ids."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cli.conftest import Command

pytestmark = pytest.mark.usefixtures("database")

DAYS = ("--from", "2025-01-01", "--to", "2025-01-14", "--table", "events")
FUNNEL = ("funnel", "--step", "View Product", "--step", "Purchase", *DAYS)


def steps(mp: Command) -> list[int]:
    return [row["count"] for row in json.loads(mp(*FUNNEL).out)]


def test_as_many_as_the_report_counts(mp: Command) -> None:
    entered, converted = steps(mp)
    reached = mp("users", *FUNNEL, "--reached", "2", "--format", "ids").out.splitlines()
    lost = mp("users", *FUNNEL, "--dropped", "2", "--format", "ids").out.splitlines()
    assert len(reached) == converted
    assert len(lost) == entered - converted
    assert not set(reached) & set(lost)


def test_rows(mp: Command) -> None:
    done = mp("users", *FUNNEL, "--dropped", "2", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert list(rows[0])[:4] == ["distinct_id", "first_time", "last_time", "events"]
    assert json.loads(mp("users", *FUNNEL, "--dropped", "2").out)[0]["distinct_id"] == rows[0]["distinct_id"]


def test_ids_from_standard_input(mp: Command) -> None:
    ids = mp("users", *FUNNEL, "--reached", "2", "--format", "ids").out.splitlines()[:3]
    feed = json.loads(mp("activity-feed", "-", *DAYS, stdin="\n".join(ids) + "\n\n").out)
    assert {row["distinct_id"] for row in feed} == set(ids)
    assert feed == json.loads(mp("activity-feed", *ids, *DAYS).out)
    empty = mp("activity-feed", "-", *DAYS, stdin="")
    assert (empty.code, empty.err.splitlines()[-1]) == (3, "Give at least one.")


def test_users_of_a_comparison(mp: Command) -> None:
    def ids(*words: str) -> set[str]:
        done = mp("users", "segmentation", "Purchase", "--on", "plan", *words, "--format", "ids")
        assert done.code == 0, done.err
        return set(done.out.split())

    this = ("--from", "2025-01-08", "--to", "2025-01-14", "--table", "events")
    before = ("--from", "2025-01-01", "--to", "2025-01-07", "--table", "events")
    for cell in ((), ("--segment", "free")):
        now, then = ids(*cell, *this), ids(*cell, *before)
        compared = (*cell, *this, "--compare", "previous")
        assert ids(*compared, "--gained") == now - then
        assert ids(*compared, "--lost") == then - now
        assert ids(*compared) == now | then
        assert now - then
        assert then - now
    only_now = ("--segment", "pro", *this)
    assert ids(*only_now, "--compare", "previous", "--gained") == ids(*only_now)
    assert ids(*only_now, "--compare", "previous", "--lost") == set()


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("funnel", *FUNNEL[1:], "--dropped", "9"), "--dropped is 9, and the funnel has 2 steps."),
        (
            ("funnel", *FUNNEL[1:], "--reached", "2", "--dropped", "2"),
            "--reached and --dropped do not go together.",
        ),
        (
            ("segmentation", "Purchase", *DAYS, "--at", "2025-02-01"),
            "its buckets are 2025-01-01 to 2025-01-14.",
        ),
        (("segmentation", "Purchase", *DAYS, "--segment", "pro"), "ask the report again with --on."),
        (("retention", "--born", "Sign Up", *DAYS, "--away"), "Name the period: --period 1."),
        (("event-counts", "Purchase", "--event", "Purchas", *DAYS), "Did you mean 'Purchase'?"),
        (("segmentation", "Purchase", *DAYS, "--gained"), "Compare: --compare previous."),
        (
            ("segmentation", "Purchase", *DAYS, "--compare", "previous", "--gained", "--lost"),
            "--gained and --lost do not go together.",
        ),
        (
            ("segmentation", "Purchase", *DAYS, "--compare", "previous", "--lost", "--at", "2025-01-02"),
            "Both reports have buckets of their own.",
        ),
        (("frequency", *DAYS, "--at-least", "99"), "A day has at most 24 hours in this report."),
    ],
)
def test_a_number_that_is_not_there(mp: Command, words: tuple[str, ...], error: str) -> None:
    done = mp("users", *words)
    assert (done.code, done.out) == (3, "")
    assert error in done.err


def test_only_users_have_ids(mp: Command) -> None:
    done = mp("tables", "--format", "ids")
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith("Error: These rows are not users")
