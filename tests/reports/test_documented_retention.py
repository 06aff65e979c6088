"""Retention and frequency as Mixpanel documents them, asked of the package and of the reference."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .support import Project, case, did

if TYPE_CHECKING:
    from .support import Package, Reports

DAY = date(2012, 1, 2)
ONE_DAY: dict[str, Any] = {"from_date": DAY, "to_date": DAY}
# What tells the reports that every period of the examples has ended.
LATER = did("nobody", "Something", "2012-12-31 12:00")


def periods(record: dict[str, Any]) -> list[int | None]:
    return [value for name, value in record.items() if name.startswith("period_")]


def cohorts(reports: Reports, events: list[dict[str, Any]], **query: Any) -> dict[str, list[Any]]:
    """Size and counts of each cohort."""
    records = reports(Project(events))("retention", **query)
    return {record["cohort_date"]: [record["cohort_size"], *periods(record)] for record in records}


def integrated(user: str, *viewed: str) -> list[dict[str, Any]]:
    """A user born at noon of the second, who views reports at these times."""
    born = did(user, "event integration", "2012-01-02 12:00:00")
    return [born, *(did(user, "viewed report", when) for when in viewed)]


def test_rolling_periods_of_24_hours(reports: Reports) -> None:
    """Reference/retention-query: within 24 hours is the 0th interval, between 24 and 48 hours the next."""
    events = [
        *integrated("a", "2012-01-02 13:00", "2012-01-03 11:59:59"),
        *integrated("b", "2012-01-03 12:00:00"),
        *integrated("c", "2012-01-04 11:59:59"),
        *integrated("d", "2012-01-04 12:00:00"),
        *integrated("e"),
        LATER,
    ]
    query = {
        "born_event": "event integration",
        "return_event": "viewed report",
        "interval_count": 2,
        **ONE_DAY,
    }
    assert cohorts(reports, events, **query) == {"2012-01-02": [5, 1, 2, 1]}


def test_retention_is_not_a_funnel(reports: Reports) -> None:
    """The same page: those of an interval "are a subset of the initial 10, but not necessarily of the 9"."""
    events = [
        *integrated("a", "2012-01-02 13:00"),
        *integrated("b", "2012-01-04 13:00"),
        *integrated("c", "2012-01-04 13:00"),
        LATER,
    ]
    query = {
        "born_event": "event integration",
        "return_event": "viewed report",
        "interval_count": 2,
        **ONE_DAY,
    }
    assert cohorts(reports, events, **query) == {"2012-01-02": [3, 1, 0, 2]}


def test_birth_and_compounded_count_who_did_it_that_day(reports: Reports) -> None:
    """The same page: "first" of birth is who did the born event, of compounded who did ``event`` that day."""
    events = [
        did("a", "viewed report", "2012-01-01 12:00"),
        did("a", "viewed report", "2012-01-02 13:00"),
        did("a", "viewed report", "2012-01-03 14:00"),
        did("b", "viewed report", "2012-01-02 12:00"),
        LATER,
    ]
    days: dict[str, Any] = {"from_date": date(2012, 1, 1), "to_date": date(2012, 1, 3), "interval_count": 2}
    found = {"2012-01-01": [1, 0, 1, 1], "2012-01-02": [2, 0, 1, 0], "2012-01-03": [1, 0, 0, 0]}
    born = {"born_event": "viewed report", "return_event": "viewed report", **days}
    assert cohorts(reports, events, **born) == found
    assert cohorts(reports, events, return_event="viewed report", type="compounded", **days) == found


def test_any_event_where_none_is_named(reports: Reports) -> None:
    """GET /retention, ``event``: "If not specified, we look across all events"."""
    events = [*integrated("a"), did("a", "Other", "2012-01-03 13:00"), LATER]
    query = {"born_event": "event integration", "interval_count": 1, **ONE_DAY}
    assert cohorts(reports, events, **query) == {"2012-01-02": [1, 0, 1]}


def test_day_week_and_month_roll_from_the_birth(reports: Reports) -> None:
    """Docs/reports/retention: day 1 is 24 to 48 hours, week 1 days 7 to 14, month 1 days 30 to 60."""
    for unit, just_before, exactly in [
        ("day", "2012-01-03 11:59:59", "2012-01-03 12:00:00"),
        ("week", "2012-01-09 11:59:59", "2012-01-09 12:00:00"),
        ("month", "2012-02-01 11:59:59", "2012-02-01 12:00:00"),
    ]:
        events = [*integrated("a", just_before), *integrated("b", exactly), LATER]
        query = {"born_event": "event integration", "return_event": "viewed report", "unit": unit}
        (sizes,) = cohorts(reports, events, **query, interval_count=1, **ONE_DAY).values()
        assert sizes == [2, 1, 1], unit


def test_calendar_days_do_not_count(reports: Reports) -> None:
    """The same page, on calendar mode: 8 pm and 6 am of the next day are not day 1 in rolling mode."""
    events = [did("a", "Act", "2012-01-02 20:00"), did("a", "Act", "2012-01-03 06:00"), LATER]
    query = {"born_event": "Act", "return_event": "Act", "interval_count": 1, **ONE_DAY}
    assert cohorts(reports, events, **query) == {"2012-01-02": [1, 1, 0]}


def test_unbounded_accumulates_from_right_to_left(reports: Reports) -> None:
    """GET /retention, ``unbounded_retention``: day N is those "who retained on day N and any day after"."""
    events = [
        *integrated("a", "2012-01-02 13:00"),
        *integrated("b", "2012-01-04 13:00"),
        *integrated("c", "2012-05-01 13:00"),
        LATER,
    ]
    query = {
        "born_event": "event integration",
        "return_event": "viewed report",
        "interval_count": 3,
        **ONE_DAY,
    }
    assert cohorts(reports, events, **query) == {"2012-01-02": [3, 1, 0, 1, 0]}
    assert cohorts(reports, events, mode="on_or_after", **query) == {"2012-01-02": [3, 3, 2, 2, 1]}


def bought(user: str, *purchases: tuple[str, float]) -> list[dict[str, Any]]:
    """A user who signs up at noon of the second, and spends so much at these times."""
    born = did(user, "Sign Up", "2012-01-02 12:00:00")
    return [born, *(did(user, "Purchase", when, revenue=revenue) for when, revenue in purchases)]


SPENT = [
    *bought("a", ("2012-01-02 13:00", 10), ("2012-01-03 13:00", 20), ("2012-02-01 11:59", 30)),
    *bought("b", ("2012-01-04 13:00", 5.5), ("2012-02-02 13:00", 1000)),
    *bought("c"),
    LATER,
]
BUYING: dict[str, Any] = {"born_event": "Sign Up", "return_event": "Purchase", **ONE_DAY}


def test_lifetime_value_is_what_was_spent_on_or_before_a_day(reports: Reports) -> None:
    """Docs/reports/retention, "On or Before": "revenue spent from Day 0, Day 1 ..to Day 30"."""
    query = {**BUYING, "mode": "on_or_before", "prop": "revenue", "interval_count": 30}
    ((_, *sums),) = cohorts(reports, SPENT, **query).values()
    assert sums == [10, 30, *[35.5] * 27, 65.5, 65.5]
    by_period = {**query, "mode": "on", "interval_count": 2}
    assert cohorts(reports, SPENT, **by_period) == {"2012-01-02": [3, 10, 20, 5.5]}


def test_arpu_is_the_total_spent_per_user(reports: Reports) -> None:
    """The same section: "averaging the total revenue spent per user within the first 30 days"."""
    query = {**BUYING, "mode": "on_or_before", "prop": "revenue", "measure": "average"}
    ((_, within, later),) = cohorts(reports, SPENT, brackets=[0, 30, 60], **query).values()
    assert within == pytest.approx(65.5 / 3)
    assert later == pytest.approx(1065.5 / 3)


def test_users_on_or_before_accumulate_from_left_to_right(reports: Reports) -> None:
    """The same section: "total activity done during the period between the start and end event"."""
    query = {**BUYING, "mode": "on_or_before", "interval_count": 3}
    assert cohorts(reports, SPENT, **query) == {"2012-01-02": [3, 1, 1, 2, 2]}


def test_a_streak_is_consecutive_since_the_birth(reports: Reports) -> None:
    """The same page, "Streak mode": "played a game for 5 consecutive days since sign-up"."""
    days = {"a": (2, 3, 4, 5, 6), "b": (2, 3, 5, 6), "c": (3, 4, 5, 6)}
    events = [
        *(did(user, "Sign Up", "2012-01-02 12:00") for user in days),
        *(did(user, "Play", f"2012-01-{day:02} 13:00") for user in days for day in days[user]),
        LATER,
    ]
    query = {"born_event": "Sign Up", "return_event": "Play", "interval_count": 5, **ONE_DAY}
    assert cohorts(reports, events, mode="streak", **query) == {"2012-01-02": [3, 2, 2, 1, 1, 1, 0]}
    assert cohorts(reports, events, **query) == {"2012-01-02": [3, 2, 3, 2, 3, 3, 0]}


def test_a_birth_counts_towards_the_streak_where_it_is_the_same_event(reports: Reports) -> None:
    """The same section: "the birth event will count towards the streak"."""
    events = [did("a", "Visit", "2012-01-02 12:00"), did("a", "Visit", "2012-01-03 13:00"), LATER]
    query = {"born_event": "Visit", "return_event": "Visit", "interval_count": 2, **ONE_DAY}
    assert cohorts(reports, events, mode="streak", **query) == {"2012-01-02": [1, 1, 1, 0]}
    assert cohorts(reports, events, **query) == {"2012-01-02": [1, 0, 1, 0]}


def test_brackets_of_mobile_gaming(reports: Reports) -> None:
    """The same page, "Custom Retention Brackets": Day < 1, Days 1-3, 4-7, 8-14 and 15-30."""
    returned = {"a": (3,), "b": (5, 10), "c": (17, 18, 32), "d": (33,)}
    events = [
        event
        for user, days in returned.items()
        for event in integrated(user, *(str(DAY + timedelta(days=day - 2)) + " 12:00" for day in days))
    ]
    query = {"born_event": "event integration", "return_event": "viewed report", **ONE_DAY}
    gaming = {"brackets": [0, 1, 4, 8, 15, 31], **query}
    assert cohorts(reports, [*events, LATER], **gaming) == {"2012-01-02": [4, 0, 2, 0, 1, 1]}
    trial = {"brackets": [0, 7, 37], **query}
    assert cohorts(reports, [*events, LATER], **trial) == {"2012-01-02": [4, 2, 3]}


def test_calendar_periods_are_those_in_which_rolling_ones_do_not_count(reports: Reports) -> None:
    """The same page, "Calendar Retention Mode": its three examples, none of which is period 1 in rolling."""
    for unit, born, back in [
        ("day", "2012-01-02 20:00", "2012-01-03 06:00"),
        ("week", "2012-01-06 12:00", "2012-01-09 12:00"),
        ("month", "2012-02-25 12:00", "2012-03-03 12:00"),
    ]:
        events = [did("a", "Act", born), did("a", "Act", back), LATER]
        day = date.fromisoformat(born[:10])
        query: dict[str, Any] = {
            "born_event": "Act",
            "return_event": "Act",
            "interval_count": 1,
            "unit": unit,
        }
        query |= {"from_date": day, "to_date": day}
        assert [*cohorts(reports, events, alignment="calendar", **query).values()] == [[1, 0, 1]], unit
        assert [*cohorts(reports, events, **query).values()] == [[1, 1, 0]], unit


def test_calendar_weeks_as_the_page_counts_them(reports: Reports) -> None:
    """The same section: who returned in the week of sign-up, Dec 23 to 30, and who in the one after."""
    born = {f"u{number}": f"2024-12-{23 + number % 7} 12:00" for number in range(16)}
    same = [did(f"u{number}", "Post", f"2024-12-{23 + number % 7} 13:00") for number in range(6)]
    after = [did(f"u{number}", "Post", f"2024-12-30 {number:02}:00") for number in range(6, 16)]
    events = [*(did(user, "Sign Up", when) for user, when in born.items()), *same, *after]
    events.append(did("nobody", "Something", "2025-03-01 12:00"))
    weeks: dict[str, Any] = {"from_date": date(2024, 12, 23), "to_date": date(2024, 12, 29), "unit": "week"}
    query = {"born_event": "Sign Up", "return_event": "Post", "interval_count": 1, **weeks}
    assert cohorts(reports, events, alignment="calendar", **query) == {"2024-12-23": [16, 6, 10]}


def test_once_per_bucket_but_in_several(reports: Reports) -> None:
    """Docs/reports/retention, "User Cohort Buckets": a weekly buyer is in the bucket of every week."""
    events = [did("a", "Buy", f"2012-01-{day:02} 12:00") for day in (2, 3, 9, 16)]
    events.append(did("a", "View", "2012-01-09 13:00"))
    weeks: dict[str, Any] = {"unit": "week", "interval_count": 1, "from_date": DAY}
    weeks |= {"to_date": date(2012, 1, 22)}
    assert cohorts(reports, [*events, LATER], return_event="Buy", type="compounded", **weeks) == {
        "2012-01-02": [1, 1, 1],
        "2012-01-09": [1, 0, 1],
        "2012-01-16": [1, 0, 0],
    }
    assert cohorts(reports, [*events, LATER], born_event="Buy", return_event="View", **weeks) == {
        "2012-01-02": [1, 0, 1],
        "2012-01-09": [1, 1, 0],
        "2012-01-16": [1, 0, 0],
    }


def test_the_average_row(package: Package) -> None:
    """Docs/reports/retention, FAQ 3: 56 % of cohorts of 10 and 5 users; the pooled share is 60 %."""
    package(Project(case("average_row")))
    days: dict[str, Any] = {"from_date": date(2025, 3, 1), "to_date": date(2025, 3, 3)}
    result = package.workspace().retention(
        born_event="S", return_event="R", interval_count=1, table="events", **days
    )
    assert [cohort.size for cohort in result.cohorts] == [10, 5, 0]
    assert result.average[1] == pytest.approx(0.56)
    assert result.pooled[1] == pytest.approx(0.6)


def test_a_weekly_buyer_is_in_three_weekly_cohorts(reports: Reports) -> None:
    """The same section, on a file of one buyer who views an hour after each purchase."""
    query = {"born_event": "Buy", "return_event": "View", "unit": "week", "interval_count": 2}
    days: dict[str, Any] = {"from_date": date(2025, 1, 6), "to_date": date(2025, 1, 26)}
    assert cohorts(reports, case("weekly_cohorts"), **query, **days) == {
        "2025-01-06": [1, 1, 1, 1],
        "2025-01-13": [1, 1, 1, 0],
        "2025-01-20": [1, 1, 0, 0],
    }


def test_seven_days_are_the_unit_week(reports: Reports) -> None:
    """Reference/retention-query: unit and interval both say how long an interval is."""
    query: dict[str, Any] = {"born_event": "S", "return_event": "R", "interval_count": 2}
    query |= {"from_date": date(2025, 1, 1), "to_date": date(2025, 1, 12)}
    weeks = {"2024-12-30": [0, 0, 0, 0], "2025-01-06": [2, 0, 2, 0]}
    assert cohorts(reports, case("interval_7"), interval=7, **query) == weeks
    assert cohorts(reports, case("interval_7"), unit="week", **query) == weeks


def test_another_event_at_the_moment_of_birth_is_a_return(reports: Reports) -> None:
    """What makes a user part of a cohort is no return; an event of another name in that second is."""
    events = [
        *(did("a", name, "2012-01-02 12:00:00") for name in ("View", "Buy")),
        *(did("b", name, "2012-01-02 12:00:00") for name in ("View", "View")),
        did("c", "View", "2012-01-02 12:00:00"),
        LATER,
    ]
    query: dict[str, Any] = {"interval_count": 1, **ONE_DAY}
    assert cohorts(reports, events, type="compounded", **query) == {"2012-01-02": [3, 1, 0]}
    assert cohorts(reports, events, born_event="View", **query) == {"2012-01-02": [3, 1, 0]}
    by_name = {"return_event": "View", "type": "compounded"}
    assert cohorts(reports, events, **by_name, **query) == {"2012-01-02": [3, 0, 0]}


def test_periods_that_have_not_begun_are_unknown(reports: Reports) -> None:
    """Docs/reports/retention, "Incomplete Buckets": no zero is shown for what nobody can know yet."""
    events = [*integrated("a", "2012-01-02 13:00"), did("b", "Something", "2012-01-03 23:00")]
    query = {
        "born_event": "event integration",
        "return_event": "viewed report",
        "interval_count": 3,
        **ONE_DAY,
    }
    assert cohorts(reports, events, **query) == {"2012-01-02": [1, 1, 0, None, None]}


def test_frequency_is_at_least(reports: Reports) -> None:
    """Reference/retention-frequency-query: users "during at least 1 hour", 2 hours … of the day."""
    hours = {"a": (9,), "b": (9, 10), "c": (9, 10, 23), "d": (9, 9, 9)}
    events = [
        did(user, "Viewed report", f"{DAY} {hour:02}:{n:02}")
        for user in hours
        for n, hour in enumerate(hours[user])
    ]
    (record,) = reports(Project(events))(
        "frequency", event="Viewed report", unit="day", addiction_unit="hour", **ONE_DAY
    )
    assert periods(record) == [4, 2, 1, *[0] * 21], "24 entries, one an hour"


def test_frequency_of_days_in_a_week_and_month(reports: Reports) -> None:
    """Docs/reports/retention, "Frequency View": unique days in a week, unique days in a month."""
    events = [did("a", "Act", f"2012-01-{day:02} 12:00") for day in (2, 2, 4, 8, 9)]
    query: dict[str, Any] = {"from_date": DAY, "to_date": date(2012, 1, 9), "addiction_unit": "day"}
    first, second = reports(Project(events))("frequency", unit="week", **query)
    assert (periods(first), periods(second)) == ([1, 1, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0])
    (month,) = reports(Project(events))("frequency", unit="month", **query)
    assert periods(month) == [1, 1, 1, 1, *[0] * 27]
