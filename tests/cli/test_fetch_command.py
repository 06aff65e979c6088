"""``mp fetch``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from asking import metered

from mixpanel_nb.sandbox.faults import FaultRule, Faults

if TYPE_CHECKING:
    from cli.conftest import Command
    from mixpanel_nb.sandbox.server import SandboxServer

pytestmark = pytest.mark.usefixtures("connected")
DAYS = ("--from", "2025-01-01", "--to", "2025-01-03")


def test_events_prints_the_days_and_says_what_was_stored(mp: Command) -> None:
    done = mp("fetch", "events", *DAYS)
    days = json.loads(done.out)
    total = sum(day["count"] for day in days)
    assert [day["date"] for day in days] == ["2025-01-01", "2025-01-02", "2025-01-03"]
    assert done.err.startswith(f"{total:,} events in events, 2025-01-01 to 2025-01-03 ({total:,} new, ")
    assert json.loads(mp("sql", "SELECT count(*) AS n FROM events").out) == [{"n": total}]


def test_a_table_needs_no_second_summary(mp: Command) -> None:
    done = mp("fetch", "events", *DAYS, "--format", "table")
    assert done.err == ""
    assert "events in events" in done.out


def test_profiles(mp: Command) -> None:
    done = mp("fetch", "profiles", "people", "--property", "$name", "--columns", "5")
    assert json.loads(done.out)[0]["table"] == "people"
    assert " profiles in people (" in done.err


def test_options_reach_the_export(mp: Command, connected: SandboxServer) -> None:
    done = mp(
        *("fetch", "events", "few", *DAYS, "--event", "Purchase", "--event", "Sign Up"),
        *("--columns", "plan", "--workers", "2"),
    )
    assert done.code == 0
    asked = "\n".join(connected.requests)
    assert "Purchase" in asked
    assert "Sign" in asked
    names = {row["event_name"] for row in json.loads(mp("sql", "SELECT DISTINCT event_name FROM few").out)}
    assert names <= {"Purchase", "Sign Up"}


def test_a_table_that_exists_is_kept_unless_append_or_replace_is_said(mp: Command) -> None:
    mp("fetch", "events", *DAYS)
    another = mp("fetch", "events", *DAYS, "--event", "Purchase")
    assert another.code == 3
    assert another.out == ""
    assert "Add to it with --append, replace it with --replace, or choose another name." in another.err
    assert mp("fetch", "events", "--from", "2025-01-03", "--to", "2025-01-04", "--append").code == 0
    assert mp("fetch", "events", *DAYS, "--replace").code == 0


def test_what_is_here_is_not_asked_for_again(mp: Command, connected: SandboxServer) -> None:
    first = mp("fetch", "events", *DAYS)
    profiles = mp("fetch", "profiles")
    connected.requests.clear()
    again = mp("fetch", "events", *DAYS)
    assert (again.code, again.out) == (0, first.out)
    assert "here; nothing was asked." in again.err
    assert "new" not in again.err
    again = mp("fetch", "profiles")
    assert (again.code, again.out) == (0, profiles.out)
    assert "nothing was asked" in again.err
    assert connected.requests == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--from", "2025-02-30", "--to", "2025-03-01"], "2025-02-30"),
        (["--from", "2025-01-02", "--to", "2025-01-01"], "earlier day first"),
        (["--from", "2025-01-01", "--to", "2999-01-01"], "2999-01-01"),
        ([], "--from is missing"),
        ([*DAYS, "--limit", "0"], "limit"),
        ([*DAYS, "--limit", "many"], "--limit"),
        ([*DAYS, "--workers", "0"], "workers"),
        ([*DAYS, "--append", "--replace"], "append"),
        ([*DAYS, "--from-date", "2025-01-01"], "--from-date"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_asked(
    mp: Command, connected: SandboxServer, words: list[str], says: str
) -> None:
    done = mp("fetch", "events", *words)
    assert done.code == 3
    assert done.out == ""
    assert says in done.err
    assert connected.requests == []


@pytest.mark.parametrize(
    ("rule", "code", "says"),
    [
        (FaultRule("status", times=None, status=401), 2, "credentials"),
        (FaultRule("status", times=None, status=402), 2, ""),
        (FaultRule("status", times=None, status=403), 2, ""),
        (FaultRule("status", times=None, status=404), 4, ""),
        (FaultRule("status", times=None, status=400, body='{"error": "bad where"}'), 3, "bad where"),
        (FaultRule("rate_limited", times=None, retry_after=3600), 5, "again at"),
        (FaultRule("html", times=None), 1, ""),
    ],
    ids=lambda value: f"{value.kind} {value.status}" if isinstance(value, FaultRule) else "",
)
def test_the_exit_code_tells_what_went_wrong(
    mp: Command, faults: Faults, rule: FaultRule, code: int, says: str
) -> None:
    faults.add(rule)
    done = mp("fetch", "events", "--from", "2025-01-02", "--to", "2025-01-02")
    assert done.code == code, done.err
    assert done.err.startswith("Error: ")
    assert says in done.err
    assert done.out == ""


def test_what_mixpanel_says_cannot_steer_the_terminal(mp: Command, faults: Faults) -> None:
    faults.add(FaultRule("status", times=None, status=400, body='{"error": "bad \\u001b[31mwhere"}'))
    done = mp("fetch", "events", *DAYS)
    assert "where" in done.err
    assert "\x1b" not in done.err


def test_a_sync_says_what_each_day_brought(mp: Command, connected: SandboxServer) -> None:
    mp("fetch", "events", *DAYS)
    connected.requests.clear()
    done = mp("sync", "events", "--days", "2", "--to", DAYS[-1])
    assert done.code == 0
    assert list(json.loads(done.out)[0]) == ["date", "added", "changed", "removed", "total"]
    assert "days fetched again: nothing changed." in done.err
    assert len(metered(connected.requests)) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["sync", "nope"], 4, "There is no table 'nope'."),
        (["sync", "mine"], 4, "was not fetched from Mixpanel"),
        (["sync", "events", "--days", "-1"], 3, "--days is -1."),
        (["fetch", "events", "events", "--append", "--event", "Purchase"], 3, "--event is not that of table"),
        (["fetch", "events", "other", "--append"], 3, "there is no table 'other' whose days could go on."),
        (["fetch", "events", "other"], 3, "--from is missing."),
    ],
)
def test_what_cannot_be_synced_asks_nothing(
    mp: Command, connected: SandboxServer, words: list[str], code: int, says: str
) -> None:
    mp("fetch", "events", *DAYS)
    mp("sql", "CREATE TABLE mine AS SELECT 1 AS one")
    connected.requests.clear()
    done = mp(*words)
    assert (done.code, done.out) == (code, "")
    assert says in done.err
    assert connected.requests == []
