"""Events that are hidden in Lexicon are left out of "any event", where the project's Lexicon is known.

https://docs.mixpanel.com/docs/data-governance/lexicon: hidden events are "excluded from your query results".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from mixpanel_nb import Workspace
    from mixpanel_nb.results import FrequencyResult

DAYS: dict[str, Any] = {"from_date": "2025-03-01", "to_date": "2025-03-02", "table": "tiny"}


@pytest.fixture
def hidden(ws: Workspace) -> str:
    """The event that the sandbox's Lexicon hides; a table ``tiny`` has one of it, and two others."""
    name: str = next(
        schema.name for schema in ws.lexicon_schemas() if schema.entity_type == "event" and schema.hidden
    )
    ws.clear_cache()
    ws.sql(
        """
        CREATE TABLE tiny AS
        SELECT name AS event_name, CAST(time AS TIMESTAMP) AS event_time, 'ann' AS distinct_id
        FROM (VALUES ('Sign Up', '2025-03-01 10:00'), ($name, '2025-03-01 12:00'),
                     ($name, '2025-03-02 11:00'), ('Visit', '2025-03-02 12:00')) AS v (name, time)
        """,
        {"name": name},
    )
    return name


def hours(ws: Workspace) -> list[int]:
    """In how many hours of each day the user was active."""
    result: FrequencyResult = ws.frequency(unit="day", addiction_unit="hour", **DAYS)
    return [sum(row[1:-1]) for row in result.tuples()]


def test_any_event_is_any_that_is_not_hidden(ws: Workspace, hidden: str) -> None:
    assert hours(ws) == [2, 2]  # Lexicon was not asked: nobody knows
    ws.lexicon_schemas()
    assert hours(ws) == [1, 1]
    told = f"Hidden in Lexicon, and so left out of any event: {hidden}."
    assert told in ws.frequency(unit="day", addiction_unit="hour", **DAYS).notes
    counts = ws.event_counts(None, **DAYS)
    assert counts.df["count"].tolist() == [1, 1]
    assert told in counts.notes
    retention = ws.retention(born_event="Sign Up", interval_count=1, **DAYS)
    assert retention.cohorts[0].counts == (0, 1)
    assert told in retention.notes
    recurring = ws.retention(type="compounded", interval_count=1, **DAYS)
    assert [cohort.size for cohort in recurring.cohorts] == [1, 1]
    assert [event.event for event in ws.top_events(date="2025-03-02", table="tiny").events] == ["Visit"]


def test_who_asks_for_a_hidden_event_gets_it(ws: Workspace, hidden: str) -> None:
    ws.lexicon_schemas()
    result = ws.segmentation(hidden, **DAYS)
    assert result.df["count"].tolist() == [1, 1]
    assert result.notes == ()
