"""The events of some users."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from mixpanel_nb.errors import ChartError
from mixpanel_nb.results import ActivityEvent

from .reports import activity


def test_every_property_is_a_column_but_the_names_of_the_own_columns_are_not_repeated() -> None:
    frame = activity().df
    assert list(frame.columns) == ["event", "time", "distinct_id", "plan", "$city", "amount", "tags"]
    assert str(frame["time"].dtype) == "datetime64[ns, UTC]"
    assert frame["amount"].isna().tolist() == [True, False]
    assert activity().records()[1] == {
        "event": "Purchase",
        "time": "2025-01-02T18:00:00+00:00",
        "distinct_id": "user-1",
        "plan": None,
        "$city": None,
        "amount": 12.5,
        "tags": ["a"],
    }


def test_the_table_tells_each_event_with_what_the_project_sends_itself() -> None:
    lines = repr(activity()).split("\n")
    assert lines[-4].split("  ")[0] == "time (UTC)"
    assert lines[-2:] == [
        "2025-01-01 12:00:00  Sign Up   plan: pro",
        "2025-01-02 18:00:00  Purchase  amount: 12.5, tags: [a]",
    ]
    assert "distinct_id" not in lines[-4]


def test_several_users_are_told_apart() -> None:
    result = activity(distinct_ids=("user-1", "user-2"))
    assert "distinct_id" in repr(result)
    assert result.card().title == "Activity of user-1, user-2"
    assert dict(result.card().facts)["Users with events"] == 1


def test_times_are_shown_in_utc_wherever_they_come_from() -> None:
    paris = timezone(timedelta(hours=1))
    event = ActivityEvent("Sign Up", datetime(2025, 1, 1, 0, 30, 0, 5, tzinfo=paris), "user-1")
    assert "2024-12-31 23:30:00  Sign Up" in repr(activity(events=(event,)))


def test_the_words_count_the_events() -> None:
    card = activity().card()
    assert card.chart is not None
    assert card.chart.alt == (
        "Activity of user-1, 2 events from 2025-01-01 12:00 to 2025-01-02 18:00 UTC: Sign Up 1, Purchase 1."
    )


def test_the_time_line_has_a_dot_an_event_at_its_time() -> None:
    (points,) = activity().chart().to_dict()["datasets"].values()
    assert points == [
        {"x": "2025-01-01T12:00:00.000Z", "name": "Sign Up"},
        {"x": "2025-01-02T18:00:00.000Z", "name": "Purchase"},
    ]


def test_too_many_events_are_not_drawn_but_still_listed() -> None:
    start = datetime(2025, 1, 1, tzinfo=UTC)
    events = tuple(
        ActivityEvent("View", start + timedelta(minutes=number), "user-1") for number in range(1_001)
    )
    result = activity(events=events)
    assert result.card().chart is None
    assert "10 of 1,001 rows shown — .df has them all" in repr(result)
    with pytest.raises(ChartError, match=r"at most 1,000 events"):
        result.chart()


def test_nothing_names_the_users_and_the_days() -> None:
    assert activity(events=()).card().empty == "No events of user-1 from 2025-01-01 to 2025-01-04."
