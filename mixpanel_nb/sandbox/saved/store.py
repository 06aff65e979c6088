"""Saved items of the store, each about one of its stories (see ``dataset``)."""

from __future__ import annotations

from datetime import UTC, date, datetime

from mixpanel_nb.sandbox.dataset import FIRST_DAY, LAST_DAY
from mixpanel_nb.sandbox.saved.kinds import Annotation, Cohort, Did, Flow, Funnel, Insights, Report, Retention


def _at(year: int, month: int, day: int, hour: int = 9) -> datetime:
    return datetime(year, month, day, hour, tzinfo=UTC)


PURCHASE_FUNNEL = Funnel(
    1001,
    "Purchase funnel",
    (("View Product", None), ("Add to Cart", None), ("Start Checkout", None), ("Purchase", None)),
    length=7,
)
FUNNELS = (
    PURCHASE_FUNNEL,
    Funnel(1002, "Sign-up to first purchase", (("Sign Up", None), ("Purchase", None)), length=30),
    Funnel(
        1003,
        "Search to purchase",
        (("Search", None), ("View Product", None), ("Purchase", None)),
        length=24,
        length_unit="hour",
    ),
    Funnel(
        1004,
        "Phone to a basket over 50",
        (("App Open", None), ("Add to Cart", None), ("Start Checkout", 'properties["cart_value"] > 50')),
        length=2,
    ),
)

COHORTS = (
    Cohort(
        2001,
        "Pro members",
        "Members on the pro plan.",
        _at(2025, 1, 7),
        'properties["plan"] == "pro"',
    ),
    Cohort(
        2002,
        "Newsletter readers",
        "Members who take the newsletter, and so got the spring sale of 11 March.",
        _at(2025, 3, 10),
        'properties["newsletter"] == true',
    ),
    Cohort(
        2003,
        "Buyers of March",
        "Everybody with a purchase in March 2025.",
        _at(2025, 3, 3),
        Did("Purchase", date(2025, 3, 1), date(2025, 3, 31)),
    ),
    Cohort(
        2004,
        "Hit by the outage",
        "Phones that crashed on 18 and 19 February, members or not.",
        _at(2025, 2, 20),
        Did("App Crash", date(2025, 2, 18), date(2025, 2, 19)),
        is_visible=False,
    ),
)

REPORTS = (
    Report(
        3001,
        "Sign-ups and purchases per day",
        "The store's rhythm: weekends, growth, and the spike of the spring sale.",
        _at(2025, 1, 15),
        Insights(("Sign Up", "Purchase"), "day"),
        FIRST_DAY,
        LAST_DAY,
    ),
    Report(
        3002,
        "Crashes by release",
        "Phones with a crash per day, by app version: release 5.2.0.",
        _at(2025, 2, 20),
        Insights(("App Crash",), "day", "unique", "$app_version_string"),
        date(2025, 2, 10),
        date(2025, 2, 28),
    ),
    Report(
        PURCHASE_FUNNEL.id,
        PURCHASE_FUNNEL.name,
        "From a product's page to the purchase within a week.",
        _at(2025, 1, 20),
        PURCHASE_FUNNEL,
        FIRST_DAY,
        LAST_DAY,
    ),
    Report(
        3004,
        "Who comes back after sign-up",
        "Weekly retention of new members, for anything they do.",
        _at(2025, 2, 3),
        Retention("Sign Up", None, "week", 8),
        FIRST_DAY,
        date(2025, 2, 28),
    ),
    Report(
        3005,
        "What new members do",
        "The three events after sign-up, without page views.",
        _at(2025, 2, 4),
        Flow("Sign Up", 3, ("Page View",)),
        FIRST_DAY,
        date(2025, 1, 31),
    ),
)

ANNOTATIONS = (
    Annotation(4001, _at(2025, 2, 10, 0), "Price test begins: variant B costs 12 % more.", ((1, "pricing"),)),
    Annotation(4002, _at(2025, 2, 18, 7), "iOS 5.2.0 is out and crashes on opening.", ((2, "release"),)),
    Annotation(4003, _at(2025, 2, 20, 6), "iOS 5.2.1 ends the crashes.", ((2, "release"),)),
    Annotation(4004, _at(2025, 3, 9, 23), "Price test ends.", ((1, "pricing"),)),
    Annotation(4005, _at(2025, 3, 11, 8), "Spring sale, announced in the newsletter.", ((3, "campaign"),)),
)
