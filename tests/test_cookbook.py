"""The recipes for sessions and active users give what Mixpanel's pages define, counted one by one here.

https://docs.mixpanel.com/docs/features/sessions and https://docs.mixpanel.com/docs/reports/insights
"""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

import duckdb
import pytest

PAGE = Path(__file__).parent.parent / "docs" / "howto" / "sql-cookbook.md"
FIRST = datetime.fromisoformat("2025-01-01 22:00")
HALF_AN_HOUR, DAY = timedelta(minutes=30), timedelta(days=1)


def recipe(heading: str) -> str:
    """The first statement below a heading."""
    below = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n")[1]
    found = re.search(r"```ipython\n%%mp_sql[^\n]*\n(.*?)```", below, re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def times() -> dict[str, list[datetime]]:
    """When each user did something: in bursts, some of them around midnight."""
    random = Random(1)
    found: defaultdict[str, list[datetime]] = defaultdict(list)
    for user in ("ann", "bob", "carl"):
        moment = FIRST
        while moment < FIRST + 67 * DAY:
            moment += timedelta(minutes=random.choice([1, 5, 20, 29, 30, 31, 90, 60 * 24 * 9]))
            found[user].append(moment)
    return found


@pytest.fixture
def con(times: dict[str, list[datetime]]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute("CREATE TABLE events (distinct_id VARCHAR, event_time TIMESTAMP, insert_id VARCHAR)")
    rows = [(user, moment, str(n)) for user, moments in times.items() for n, moment in enumerate(moments)]
    con.executemany("INSERT INTO events VALUES (?, ?, ?)", rows)
    return con


def test_sessions_end_after_half_an_hour_and_at_midnight(
    con: duckdb.DuckDBPyConnection, times: dict[str, list[datetime]]
) -> None:
    sessions: list[list[datetime]] = []
    for moments in times.values():
        before = None
        for moment in moments:
            if before is None or moment - before > HALF_AN_HOUR or moment.date() != before.date():
                sessions.append([])
            sessions[-1].append(moment)
            before = moment
    lasted = median((moments[-1] - moments[0]).total_seconds() for moments in sessions)
    events = round(sum(map(len, sessions)) / len(sessions), 1)
    ((number, length, mean),) = con.execute(recipe("Sessions")).fetchall()
    assert (number, length.total_seconds(), mean) == (len(sessions), lasted, events)


def test_monthly_active_users_are_those_of_thirty_days(
    con: duckdb.DuckDBPyConnection, times: dict[str, list[datetime]]
) -> None:
    rows = con.execute(recipe("Daily, weekly, monthly active users")).fetchall()
    assert rows
    for day, *counted, _ in rows:
        since = [day - (length - 1) * DAY for length in (1, 7, 30)]
        seen = [[moment.date() for moment in moments] for moments in times.values()]
        assert counted == [sum(any(first <= on <= day for on in days) for days in seen) for first in since]
