"""The stories of the data set, recomputed from a dump without any of the package's own reports."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import mean
from typing import Any

Event = dict[str, Any]
FUNNEL = ("View Product", "Add to Cart", "Start Checkout", "Purchase")
WEEK = 7 * 86_400


def platform(event: Event) -> str:
    system = event["properties"].get("$os")
    return system if system in ("iOS", "Android") else "web"


def day(event: Event) -> date:
    return datetime.fromtimestamp(event["properties"]["time"], UTC).date()


def test_the_purchase_funnel_narrows_and_is_best_on_the_web_and_worst_on_android(
    deduplicated: list[Event],
) -> None:
    users: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for event in deduplicated:
        users[platform(event), event["event"]].add(event["properties"]["distinct_id"])
    overall = {}
    for name in ("web", "iOS", "Android"):
        steps = [len(users[name, step]) for step in FUNNEL]
        assert steps == sorted(steps, reverse=True)
        overall[name] = steps[-1] / steps[0]
    assert 0.05 < overall["Android"] < overall["iOS"] < overall["web"] < 0.6


def weekly_retention(events: list[Event], *, trait: str, value: str | None) -> list[float]:
    """Share of January's sign-ups that come back in week 1, 2, … after signing up."""
    signed_up = {
        event["properties"]["distinct_id"]: event["properties"]
        for event in events
        if event["event"] == "Sign Up" and day(event) < date(2025, 2, 1)
    }
    group = {
        user: properties["time"]
        for user, properties in signed_up.items()
        if value is None or properties.get(trait) == value
    }
    active: defaultdict[int, set[str]] = defaultdict(set)
    for event in events:
        user = event["properties"]["distinct_id"]
        if user in group:
            active[(event["properties"]["time"] - group[user]) // WEEK].add(user)
    return [len(active[week]) / len(group) for week in range(1, 8)]


def test_retention_decays_week_by_week(deduplicated: list[Event]) -> None:
    rates = weekly_retention(deduplicated, trait="", value=None)
    assert rates[0] > mean(rates[1:3]) > mean(rates[4:])
    assert 0.02 < rates[-1] < rates[0] < 0.8


def test_users_who_came_by_referral_are_retained_best(deduplicated: list[Event]) -> None:
    referral = mean(weekly_retention(deduplicated, trait="utm_source", value="friend"))
    for channel in ("google", "instagram"):
        assert referral > 1.2 * mean(weekly_retention(deduplicated, trait="utm_source", value=channel))


def test_pro_plans_are_retained_better_than_free_ones(deduplicated: list[Event]) -> None:
    pro = mean(weekly_retention(deduplicated, trait="plan", value="pro"))
    assert pro > mean(weekly_retention(deduplicated, trait="plan", value="free"))


def test_the_price_test_raises_revenue_per_order_and_lowers_conversion(deduplicated: list[Event]) -> None:
    revenue: defaultdict[str, list[float]] = defaultdict(list)
    checkouts: Counter[str] = Counter()
    for event in deduplicated:
        variant = event["properties"].get("price_variant")
        if variant and event["event"] == "Purchase":
            revenue[variant].append(event["properties"]["revenue"])
        checkouts[variant] += event["event"] == "Start Checkout"
    assert mean(revenue["B"]) > mean(revenue["A"])
    assert len(revenue["B"]) / checkouts["B"] < 0.9 * len(revenue["A"]) / checkouts["A"]


def test_the_price_test_runs_four_weeks_and_makes_every_product_dearer(deduplicated: list[Event]) -> None:
    prices: dict[tuple[str, str], float] = {}
    test_days = set()
    for event in deduplicated:
        properties = event["properties"]
        if "price_variant" in properties:
            test_days.add(day(event))
            if event["event"] == "View Product":
                prices[properties["product_id"], properties["price_variant"]] = properties["price"]
    assert min(test_days) == date(2025, 2, 10)
    assert date(2025, 3, 9) <= max(test_days) <= date(2025, 3, 10)  # a visit may run past midnight
    for product, variant in prices:
        assert abs(prices[product, "B"] / prices[product, "A"] - 1.12) < 0.01, (product, variant)


def test_the_outage_collapses_ios_and_spikes_crashes_of_release_5_2_0_only(
    deduplicated: list[Event],
) -> None:
    counts: Counter[tuple[str, date]] = Counter((platform(event), day(event)) for event in deduplicated)
    crashes: Counter[date] = Counter(day(event) for event in deduplicated if event["event"] == "App Crash")
    for outage in (date(2025, 2, 18), date(2025, 2, 19)):
        before, after = outage - timedelta(days=7), outage + timedelta(days=7)
        usual = (counts["iOS", before] + counts["iOS", after]) / 2
        assert counts["iOS", outage] < 0.6 * usual
        for unharmed in ("web", "Android"):
            other = (counts[unharmed, before] + counts[unharmed, after]) / 2
            assert counts[unharmed, outage] > 0.6 * other
        assert crashes[outage] > 4 * max(crashes[before], crashes[after], 1)
    releases = {
        event["properties"]["$app_version_string"]
        for event in deduplicated
        if event["event"] == "App Crash" and day(event) in (date(2025, 2, 18), date(2025, 2, 19))
    }
    assert "5.2.0" in releases


def test_weekends_evenings_and_growth_show(deduplicated: list[Event]) -> None:
    per_day = Counter(day(event) for event in deduplicated)
    per_hour = Counter(event["properties"]["time"] // 3600 % 24 for event in deduplicated)
    weekend = [count for when, count in per_day.items() if when.weekday() >= 5]
    weekday = [count for when, count in per_day.items() if when.weekday() < 5]
    assert mean(weekend) > 1.15 * mean(weekday)
    assert per_hour[20] > 4 * per_hour[4]

    def total(month: int) -> int:
        return sum(count for when, count in per_day.items() if when.month == month and when.day <= 28)

    assert total(1) < total(2) < total(3)


def test_the_newsletter_brings_a_spike_of_two_days(deduplicated: list[Event]) -> None:
    per_day = Counter(day(event) for event in deduplicated)
    for spike in (date(2025, 3, 11), date(2025, 3, 12)):
        neighbours = (per_day[spike - timedelta(days=7)], per_day[spike + timedelta(days=7)])
        assert per_day[spike] > 1.5 * max(neighbours)
    campaign_days = {
        day(event) for event in deduplicated if event["properties"].get("utm_campaign") == "spring_sale"
    }
    assert campaign_days <= {date(2025, 3, 11), date(2025, 3, 12), date(2025, 3, 13)}  # past midnight
