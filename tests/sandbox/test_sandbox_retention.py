"""Retention and frequency: their figures against plain Python, and what is refused."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .naive import DAY, FIRST, LAST, day_of, monday

if TYPE_CHECKING:
    from .conftest import Get
    from .naive import Naive

BORN: dict[str, Any] = {"born_event": "Sign Up", "unit": "day", "interval_count": 5}


@pytest.mark.parametrize("back", [None, "Purchase", "Sign Up"])
def test_cohorts_are_counted_period_by_period(get: Get, counted: Naive, back: str | None) -> None:
    answer = get("retention", event=back, **BORN).json()
    sizes, returned = counted.retention("Sign Up", back, FIRST, LAST, DAY, 5)
    assert list(answer) == [str(FIRST + timedelta(days=number)) for number in range(7)]
    for day, cohort in answer.items():
        assert cohort["first"] == sizes[date.fromisoformat(day)]
        assert cohort["counts"] == returned[date.fromisoformat(day)]


def test_an_interval_makes_periods_of_days(get: Get, counted: Naive) -> None:
    answer = get("retention", born_event="Sign Up", interval=3, interval_count=4).json()
    _, returned = counted.retention("Sign Up", None, FIRST, LAST, 3 * DAY, 4)
    assert answer[str(FIRST)]["counts"] == returned[FIRST]


def test_weeks_and_months_are_cohorts_of_their_own(get: Get, counted: Naive) -> None:
    [(week, weekly)] = get("retention", born_event="Sign Up", unit="week").json().items()
    [(month, monthly)] = get("retention", born_event="Sign Up", unit="month").json().items()
    assert (week, month) == ("2025-02-10", "2025-02-01")
    assert len(weekly["counts"]) == 2  # the 0th interval, and one by default
    assert weekly["first"] == monthly["first"] == len(counted.users("Sign Up"))


def test_counts_end_where_nobody_can_know_yet(get: Get) -> None:
    params: dict[str, Any] = {"from_date": "2025-03-28", "to_date": "2025-03-31", **BORN}
    lengths = {day: len(cohort["counts"]) for day, cohort in get("retention", **params).json().items()}
    assert lengths == {"2025-03-28": 4, "2025-03-29": 3, "2025-03-30": 2, "2025-03-31": 1}


def test_unbounded_counts_add_up_from_the_right(get: Get) -> None:
    answer = get("retention", unbounded_retention="true", **BORN).json()[str(FIRST)]["counts"]
    assert answer == sorted(answer, reverse=True)
    assert answer[0] >= get("retention", **BORN).json()[str(FIRST)]["counts"][0]


def test_compounded_cohorts_are_of_everyone_who_did_it_that_day(get: Get, counted: Naive) -> None:
    answer = get("retention", retention_type="compounded", event="Purchase", interval_count=1).json()
    for day, cohort in answer.items():
        on = date.fromisoformat(day)
        assert cohort["first"] == len(counted.users("Purchase", on, on))


def test_filters_of_birth_and_return_are_told_apart(get: Get, counted: Naive) -> None:
    by_mail = counted.users("Sign Up", where=lambda p: p["method"] == "email")
    born = get("retention", born_where='properties["method"] == "email"', **BORN).json()
    assert sum(cohort["first"] for cohort in born.values()) == len(by_mail)
    back = get("retention", event="Purchase", where='properties["revenue"] > 100000', **BORN).json()
    assert sum(cohort["first"] for cohort in back.values()) == len(counted.users("Sign Up"))
    assert not any(any(cohort["counts"]) for cohort in back.values())


def test_a_saved_report_has_rates(get: Get, counted: Naive) -> None:
    answer = get("retention", bookmark_id=3004, from_date=None, to_date=None).json()
    assert list(answer)[:2] == ["2024-12-30", "2025-01-06"]
    cohort = answer["2025-01-06"]
    assert cohort["first"] == len(counted.users("Sign Up", date(2025, 1, 6), date(2025, 1, 12)))
    assert cohort["rates"] == [pytest.approx(count / cohort["first"]) for count in cohort["counts"]]


def test_frequency_counts_users_active_in_at_least_so_many_hours(get: Get, counted: Naive) -> None:
    answer = get("retention/addiction", unit="day", addiction_unit="hour").json()["data"]
    hours: defaultdict[tuple[date, str], set[int]] = defaultdict(set)
    for event in counted.matching(None):
        if event["properties"]["distinct_id"]:
            hours[day_of(event), event["properties"]["distinct_id"]].add(event["properties"]["time"] // 3600)
    for day, users in answer.items():
        active = [len(found) for (on, _), found in hours.items() if str(on) == day]
        assert users == [sum(count > place for count in active) for place in range(24)]
    assert len(answer) == 7


def test_frequency_of_one_event_in_days_of_a_week(get: Get, counted: Naive) -> None:
    params: dict[str, Any] = {"unit": "week", "addiction_unit": "day", "event": "Purchase"}
    [(week, users)] = get("retention/addiction", **params).json()["data"].items()
    days: defaultdict[str, set[date]] = defaultdict(set)
    for event in counted.matching("Purchase"):
        days[event["properties"]["distinct_id"]].add(day_of(event))
    exactly = Counter(len(found) for found in days.values())
    assert week == str(monday(FIRST))
    assert users == [sum(n for k, n in exactly.items() if k > place) for place in range(7)]


def test_a_breakdown_is_by_the_second_event_everyone_first(get: Get, counted: Naive) -> None:
    params: dict[str, Any] = {**BORN, "event": "Purchase", "interval_count": 6}
    plain = get("retention", **params).json()
    answer = get("retention", on="plan", **params).json()
    assert {day: groups["$overall"] for day, groups in answer.items()} == plain
    free = get("retention", where='properties["plan"] == "free"', **params).json()
    assert {day: groups["free"] for day, groups in answer.items()} == free
    assert any(any(cohort["counts"]) for cohort in free.values())
    held = Counter(
        e["properties"].get("plan") for e in counted.matching("Purchase", FIRST, date(2025, 3, 31))
    )
    [(most, _)] = held.most_common(1)
    limited = get("retention", on='properties["plan"]', limit=1, **params).json()
    assert {tuple(groups) for groups in limited.values()} == {("$overall", most or "undefined")}


def test_frequency_by_items_of_a_list(get: Get, counted: Naive) -> None:
    params: dict[str, Any] = {"unit": "week", "addiction_unit": "day", "event": "Purchase"}
    [groups] = get("retention/addiction", on="categories", **params).json()["data"].values()
    [everyone] = get("retention/addiction", **params).json()["data"].values()
    assert groups.pop("$overall") == everyone
    buyers: dict[str, set[str]] = {}
    for event in counted.matching("Purchase"):
        for name in event["properties"]["categories"]:
            buyers.setdefault(name, set()).add(event["properties"]["distinct_id"])
    assert {name: users[0] for name, users in groups.items()} == {
        name: len(users - {""}) for name, users in buyers.items()
    }


@pytest.mark.parametrize("on", ["quantity", "coupon", "missing", 'properties["revenue"] > 50', "order_id"])
def test_every_kind_of_segment_is_found_again(get: Get, counted: Naive, on: str) -> None:
    """The users of all segments together are those who bought, whatever kind of value tells the segment."""
    params: dict[str, Any] = {"unit": "week", "addiction_unit": "day", "event": "Purchase", "limit": 10_000}
    [groups] = get("retention/addiction", on=on, **params).json()["data"].values()
    everyone = groups.pop("$overall")
    assert groups
    assert sum(users[0] for users in groups.values()) >= everyone[0]
    assert all(users[0] for users in groups.values())


def test_objects_are_no_segments(get: Get) -> None:
    params: dict[str, Any] = {"unit": "week", "addiction_unit": "day", "event": "Purchase", "on": "shipping"}
    [groups] = get("retention/addiction", **params).json()["data"].values()
    assert list(groups) == ["$overall"]


@pytest.mark.parametrize(
    ("path", "params", "error"),
    [
        ("retention", {"unit": "day"}, "Missing required parameter: born_event"),
        ("retention", {**BORN, "interval": 1}, "Validate failed: unit and interval both set"),
        ("retention", {**BORN, "unit": "hour"}, "Invalid unit: 'hour', expected one of day, week, month"),
        ("retention", {**BORN, "retention_type": "death"}, "Invalid retention_type: 'death'"),
        ("retention", {**BORN, "interval_count": 0}, "Invalid interval_count"),
        (
            "retention",
            {"born_event": "Sign Up", "interval": 91},
            "Invalid interval: 91 exceeds the maximum of 90",
        ),
        ("retention", {**BORN, "on": 'properties["plan'}, "Invalid on"),
        ("retention", {**BORN, "on": "plan", "limit": 0}, "Invalid limit"),
        ("retention", {**BORN, "born_where": "not"}, "Invalid born_where"),
        ("retention", {**BORN, "to_date": None}, "Missing required parameter: to_date"),
        ("retention/addiction", {"unit": "day"}, "Missing required parameter: addiction_unit"),
        ("retention/addiction", {"addiction_unit": "hour"}, "Missing required parameter: unit"),
        ("retention/addiction", {"unit": "hour", "addiction_unit": "hour"}, "Invalid unit: 'hour'"),
        ("retention/addiction", {"unit": "day", "addiction_unit": "week"}, "Invalid addiction_unit: 'week'"),
    ],
)
def test_a_bad_question_is_a_400_that_says_why(
    get: Get, path: str, params: dict[str, Any], error: str
) -> None:
    answer = get(path, **params)
    assert answer.status_code == 400
    assert error in answer.json()["error"]


def test_an_unknown_report_is_a_404(get: Get) -> None:
    for number in (99, 3001):  # the latter is no retention report
        answer = get("retention", bookmark_id=number)
        assert (answer.status_code, set(answer.json())) == (404, {"request", "error"})
