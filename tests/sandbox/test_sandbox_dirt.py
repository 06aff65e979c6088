"""The dirt of real exports is in the data set, each kind of it."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.dataset import generate_events, generate_profiles

if TYPE_CHECKING:
    from collections.abc import Iterable

Event = dict[str, Any]


def values(events: Iterable[Event], name: str) -> list[Any]:
    return [event["properties"][name] for event in events if name in event["properties"]]


def test_some_events_are_ingested_twice_and_some_of_those_changed(dumped: list[Event]) -> None:
    copies: dict[Any, list[Event]] = {}
    for event in dumped:
        properties = event["properties"]
        if "$insert_id" in properties:
            key = (event["event"], properties["distinct_id"], properties["time"], properties["$insert_id"])
            copies.setdefault(key, []).append(properties)
    duplicated = [found for found in copies.values() if len(found) > 1]
    assert 0.004 < len(duplicated) / len(dumped) < 0.008
    assert all(
        first["mp_processing_time_ms"] != second["mp_processing_time_ms"] for first, second in duplicated
    )
    assert any(
        first["mp_processing_time_ms"] > second["mp_processing_time_ms"] for first, second in duplicated
    )
    ordered = [sorted(found, key=lambda copy: int(copy["mp_processing_time_ms"])) for found in duplicated]
    corrected = [(old, new) for old, new in ordered if old.get("plan") != new.get("plan")]
    assert corrected
    assert all((old["plan"], new["plan"]) == ("free", "plus") for old, new in corrected)


def test_a_few_events_have_no_insert_id(dumped: list[Event]) -> None:
    missing = sum("$insert_id" not in event["properties"] for event in dumped)
    assert 0.0005 < missing / len(dumped) < 0.003


def test_quantity_is_a_number_and_sometimes_text(dumped: list[Event]) -> None:
    kinds = Counter(type(value) for value in values(dumped, "quantity"))
    assert kinds[int] > 10 * kinds[str] > 0


def test_plan_and_capital_plan_occur_in_one_event(dumped: list[Event]) -> None:
    both = [event["properties"] for event in dumped if {"plan", "Plan"} <= set(event["properties"])]
    assert both
    assert {properties["Plan"] for properties in both} == {"Free", "Plus", "Pro"}


def test_text_holds_line_separators_emoji_and_right_to_left(dumped: list[Event]) -> None:
    text = "".join(values(dumped, "text"))
    for character in ("\u2028", "\u0085", "😍", "מ", "ج", "\n"):
        assert character in text


def test_separators_are_raw_in_the_lines_so_that_only_newline_splits_them() -> None:
    whole = b"\n".join(generate_events(20_000))
    assert "\u2028".encode() in whole
    assert len(whole.decode().splitlines()) > len(whole.split(b"\n"))


def test_there_are_lists_objects_nulls_and_integers_that_no_float_holds(dumped: list[Event]) -> None:
    purchase = next(event["properties"] for event in dumped if event["event"] == "Purchase")
    assert isinstance(purchase["items"], list)
    assert isinstance(purchase["shipping"]["to"], dict)
    assert None in values(dumped, "coupon")
    order_ids = values(dumped, "order_id")
    assert all(order_id > 2**53 and int(float(order_id)) != order_id for order_id in order_ids)


def test_some_mobile_events_are_processed_days_late(dumped: list[Event]) -> None:
    late = [
        event["properties"]
        for event in dumped
        if event["properties"]["mp_processing_time_ms"] - event["properties"]["time"] * 1000 > 2 * 86_400_000
    ]
    assert 0.001 < len(late) / len(dumped) < 0.01


def test_users_are_devices_until_they_sign_up(dumped: list[Event]) -> None:
    [sign_up, *_] = [event["properties"] for event in dumped if event["event"] == "Sign Up"]
    assert sign_up["distinct_id"] == sign_up["$user_id"]
    before = [
        event["properties"]
        for event in dumped
        if event["properties"].get("$device_id") == sign_up["$device_id"]
        and event["properties"]["time"] < sign_up["time"]
    ]
    assert before
    assert all(found["distinct_id"] == f"$device:{found['$device_id']}" for found in before)
    assert all("$user_id" not in found for found in before)


def test_nobodys_events_and_markup_are_there(dumped: list[Event]) -> None:
    assert "" in {event["properties"]["distinct_id"] for event in dumped}
    markup = '<b>"O\'Brien" & Co</b>'
    assert f"Viewed {markup}" in {event["event"] for event in dumped}
    assert markup in values(dumped, "partner")


def test_events_of_a_day_are_not_in_time_order(dumped: list[Event]) -> None:
    first_day = [when for when in values(dumped, "time") if when < 1735776000]
    assert first_day != sorted(first_day)


def test_events_carry_about_as_many_properties_as_an_sdk_sends(dumped: list[Event]) -> None:
    assert 20 < sum(len(event["properties"]) for event in dumped) / len(dumped) < 30


def test_profiles_belong_to_the_members_seen_in_events(dumped: list[Event]) -> None:
    profiles = {
        profile["$distinct_id"]: profile["$properties"]
        for profile in map(json.loads, generate_profiles(60_000))
    }
    signed_up = {event["properties"]["distinct_id"]: event for event in dumped if event["event"] == "Sign Up"}
    assert set(signed_up) <= set(profiles)
    assert set(values(dumped, "$user_id")) <= set(profiles)
    assert all(properties["$created"] <= properties["$last_seen"] for properties in profiles.values())
    assert {type(properties["loyalty_points"]) for properties in profiles.values()} == {int, str}
