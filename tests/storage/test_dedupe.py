"""One row per event, as Mixpanel's reports count; one per user; ids for events that came without."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from .support import TIME, case, event, profile

if TYPE_CHECKING:
    from .support import Exports


@pytest.fixture
def exports(in_memory: Exports) -> Exports:
    return in_memory


def same(version: str, ingested: int | None = None, **base: Any) -> dict[str, Any]:
    held = {"version": version, **({} if ingested is None else {"mp_processing_time_ms": ingested})}
    return event(held, **{"insert_id": "same", **base})


def versions(exports: Exports) -> list[str]:
    return [
        v for (v,) in exports.engine.execute_rows("SELECT properties->>'version' AS v FROM events ORDER BY v")
    ]


def test_the_most_recently_ingested_wins_whatever_the_order(exports: Exports) -> None:
    loaded = exports.load(same("middle", 2), same("newest", 3), same("oldest", 1))
    assert (loaded.rows, loaded.duplicates) == (1, 2)
    assert versions(exports) == ["newest"]


def test_the_other_ingestion_time_counts_too(exports: Exports) -> None:
    newest = event({"version": "api", "$mp_api_timestamp_ms": 9}, insert_id="same")
    exports.load(newest, same("processed", 5))
    assert versions(exports) == ["api"]


def test_a_known_ingestion_time_beats_an_unknown_one(exports: Exports) -> None:
    exports.load(same("known", 1), same("unknown"))
    assert versions(exports) == ["known"]


def test_across_batches_an_older_copy_does_not_replace_a_newer_one(exports: Exports) -> None:
    exports.load(same("newer", 2))
    loaded = exports.load(same("older", 1), same("another", insert_id="another"))
    assert (loaded.rows, loaded.duplicates) == (1, 1)
    assert versions(exports) == ["another", "newer"]


def test_across_batches_the_later_of_equal_ones_wins(exports: Exports) -> None:
    exports.load(same("first"))
    loaded = exports.load(same("second"))
    assert (loaded.rows, loaded.duplicates) == (0, 1)
    assert versions(exports) == ["second"]
    assert exports.engine.get_metadata("events").row_count == 1


def test_what_differs_in_any_part_of_the_key_is_another_event(exports: Exports) -> None:
    others: list[dict[str, Any]] = [
        {},
        {"name": "Buy"},
        {"time": TIME + 1},
        {"distinct_id": "bob"},
        {"insert_id": "x"},
    ]
    loaded = exports.load(*(same(f"{number}", **other) for number, other in enumerate(others)))
    assert (loaded.rows, loaded.duplicates) == (5, 0)


def test_a_fetch_without_dedupe_keeps_what_one_export_sent_twice(exports: Exports) -> None:
    loaded = exports.load(same("one"), same("two"), dedupe=False)
    assert (loaded.rows, loaded.duplicates) == (2, 0)
    assert versions(exports) == ["one", "two"]


def test_a_fetch_without_dedupe_replaces_what_was_fetched_before(exports: Exports) -> None:
    exports.load(same("one"), same("two"), same("rest", insert_id="rest"), dedupe=False)
    loaded = exports.load(same("three"), same("four"), dedupe=False)
    assert (loaded.rows, loaded.duplicates) == (0, 2)
    assert versions(exports) == ["four", "rest", "three"]


def test_duplicates_far_from_the_batch_are_left_alone(exports: Exports) -> None:
    exports.load(same("one"), same("two"), dedupe=False)
    assert exports.load(same("other", time=TIME + 86_400)).duplicates == 0
    assert versions(exports) == ["one", "other", "two"]


def test_many_duplicates_among_many_rows(exports: Exports) -> None:
    lines = [same("x", ingested=copy, insert_id=f"{n}") for copy in range(3) for n in range(3000)]
    loaded = exports.load(*lines)
    assert (loaded.rows, loaded.duplicates) == (3000, 6000)
    kept = exports.engine.execute_rows("SELECT DISTINCT properties->>'mp_processing_time_ms' FROM events")
    assert kept == [("2",)]


# Ids


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_insert_id_is_derived_the_same_each_time(exports: Exports, missing: Any) -> None:
    line = event({"plan": "pro"}, insert_id=missing)
    exports.load(line)
    loaded = exports.load(line)
    assert (loaded.rows, loaded.duplicates) == (0, 1)
    derived = exports.engine.execute_scalar("SELECT insert_id FROM events")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", derived)
    assert str(UUID(derived)) == derived


def test_events_without_ids_that_differ_get_different_ones(exports: Exports) -> None:
    lines = [event({"n": n}, insert_id=None) for n in range(50)]
    lines += [event({"n": n}, insert_id=None, name="Buy") for n in range(50)]
    assert exports.load(*lines).rows == 100
    assert exports.engine.execute_scalar("SELECT count(DISTINCT insert_id) FROM events") == 100


@pytest.mark.parametrize("missing", [None, ""])
@pytest.mark.parametrize("dedupe", [True, False])
def test_events_without_ids_are_no_duplicates(exports: Exports, missing: Any, dedupe: bool) -> None:
    """Reference/event-deduplication: without an ``$insert_id`` they do not qualify."""
    lines = [event({"plan": "pro"}, insert_id=missing)] * 3 + [event({"plan": "free"}, insert_id=missing)]
    loaded = exports.load(*lines, dedupe=dedupe)
    assert (loaded.rows, loaded.duplicates) == (4, 0)
    ids = exports.engine.execute_rows("SELECT insert_id FROM events ORDER BY ALL")
    assert len({str(UUID(derived)) for (derived,) in ids}) == 4
    again = exports.load(*reversed(lines), dedupe=dedupe)
    assert (again.rows, again.duplicates) == (0, 4)
    assert exports.engine.execute_rows("SELECT insert_id FROM events ORDER BY ALL") == ids


def test_of_events_with_and_without_ids_only_the_former_are_merged(exports: Exports) -> None:
    loaded = exports.load(*case("no_insert_id"))
    counted = Counter(exports.engine.execute_rows("SELECT event_name, distinct_id FROM events"))
    assert counted["A", "u4"] == 2  # two equal rows, neither with an id
    assert counted == {
        ("A", "u"): 2,
        ("B", "u"): 1,
        **{("A", user): 1 for user in ("u2", "u3", "u5", "$device:x", "user9")},
        ("A", "u4"): 2,
    }
    assert (loaded.rows, loaded.duplicates) == (10, 3)


@pytest.mark.parametrize("missing", [None, ""])
def test_a_missing_distinct_id_is_null(exports: Exports, missing: Any) -> None:
    assert (
        exports.load(
            event(distinct_id=missing, insert_id="a"), event(distinct_id=missing, insert_id="a")
        ).rows
        == 1
    )
    assert exports.engine.execute_rows("SELECT distinct_id FROM events") == [(None,)]


def test_a_property_that_is_absent_is_as_missing_as_null(exports: Exports) -> None:
    exports.load({"event": "e", "properties": {"time": TIME}})
    distinct_id, insert_id = exports.engine.execute_rows("SELECT distinct_id, insert_id FROM events")[0]
    assert distinct_id is None
    assert UUID(insert_id)


def test_ids_that_are_numbers_become_text(exports: Exports) -> None:
    exports.load(event(distinct_id=12345678901234567890, insert_id=7))
    assert exports.engine.execute_rows("SELECT distinct_id, insert_id FROM events") == [
        ("12345678901234567890", "7")
    ]


# Profiles


def load_profiles(exports: Exports, *users: dict[str, Any]) -> Any:
    return exports.load(*users, table="profiles", table_type="profiles")


def test_a_profile_replaces_the_older_one(exports: Exports) -> None:
    load_profiles(exports, profile("ann", {"plan": "free"}), profile("bob", {"plan": "free"}))
    loaded = load_profiles(exports, profile("ann", {"plan": "pro", "age": 30}))
    assert (loaded.rows, loaded.duplicates) == (0, 1)
    rows = exports.engine.execute_rows("SELECT distinct_id, plan, age FROM profiles ORDER BY 1")
    assert rows == [("ann", "pro", 30), ("bob", "free", None)]


def test_the_last_of_a_user_in_one_batch_wins(exports: Exports) -> None:
    loaded = load_profiles(
        exports, profile("ann", {"n": 1}), profile("ann", {"n": 2}), profile("ann", {"n": 3})
    )
    assert (loaded.rows, loaded.duplicates) == (1, 2)
    assert exports.engine.execute_rows("SELECT n FROM profiles") == [(3,)]


@pytest.mark.parametrize(
    ("seen", "held"),
    [
        ("2025-01-31T13:05:00", "2025-01-31 13:05:00"),
        ("2025-01-31", "2025-01-31 00:00:00"),
        ("long ago", None),
        (None, None),
        (17, None),
    ],
)
def test_last_seen_is_a_time_where_it_is_one(exports: Exports, seen: Any, held: str | None) -> None:
    load_profiles(exports, profile("ann", {"$last_seen": seen}))
    found = exports.engine.execute_scalar("SELECT last_seen FROM profiles")
    assert (None if found is None else str(found)) == held
    assert exports.types("profiles") == {}


def test_a_profile_without_properties_is_a_row(exports: Exports) -> None:
    load_profiles(exports, {"$distinct_id": "ann"}, {"$distinct_id": 7, "$properties": None})
    rows = exports.engine.execute_rows(
        "SELECT distinct_id, CAST(properties AS VARCHAR) FROM profiles ORDER BY 1"
    )
    assert rows == [("7", "{}"), ("ann", "{}")]
