"""What is known of a table: where it came from, which chunks are in it, whether it is whole."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import ParameterError, TableExistsError, TableNotFoundError
from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.storage.ledger import canonical, now

from .support import FETCHED, TIME, Exports, chunk, event, metadata, profile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def exports(in_memory: Exports) -> Exports:
    return in_memory


JAN_1, JAN_2, JAN_9 = date(2025, 1, 1), date(2025, 1, 2), date(2025, 1, 9)
FILTERS = {"events": ["Visit"], "where": 'properties["a"] == "é"', "limit": None}


def test_a_load_records_where_the_table_came_from(engine: StorageEngine, path: Path) -> None:
    exports = Exports(engine, path.parent)
    request = {"from_date": "2025-01-01", "events": ["Visit"]}
    recorded = metadata(from_date=JAN_1, to_date=JAN_2, filters=FILTERS, complete=False, request=request)
    entry = replace(chunk(JAN_1, JAN_2, 2), filters=canonical(FILTERS))
    exports.load(event(), event(), metadata=recorded, chunks=[entry])
    kept = {name: value for name, value in FILTERS.items() if value is not None}
    expected = replace(recorded, row_count=2, filters=kept)
    assert exports.engine.get_metadata("EVENTS") == expected
    with StorageEngine.open_existing(path) as other:
        assert other.metadata_or_none("events") == expected
        assert other.chunks("Events") == [entry]
        (table,) = other.list_tables()
    assert (table.name, table.type, table.row_count, table.complete) == ("events", "events", 2, False)
    assert (table.fetched_at, table.from_date, table.to_date) == (FETCHED, JAN_1, JAN_2)
    assert table.filters == kept


def test_chunks_are_kept_in_the_order_they_came(exports: Exports) -> None:
    first, second, third = chunk(JAN_9, JAN_9, 1), chunk(JAN_1, JAN_1, 1), chunk(JAN_2, JAN_2, 0)
    exports.load(event(), chunks=[first])
    exports.load(event(), chunks=[second, third])
    assert exports.engine.chunks("events") == [first, second, third]


@pytest.mark.parametrize(
    ("before", "then", "held"),
    [
        ((JAN_2, JAN_2), (JAN_9, JAN_9), (JAN_2, JAN_9)),
        ((JAN_2, JAN_9), (JAN_1, JAN_1), (JAN_1, JAN_9)),
        ((JAN_1, JAN_9), (JAN_2, JAN_2), (JAN_1, JAN_9)),
        ((None, None), (JAN_1, JAN_2), (JAN_1, JAN_2)),
        ((JAN_1, JAN_2), (None, None), (JAN_1, JAN_2)),
    ],
)
def test_the_range_grows_with_what_is_added(exports: Exports, before: Any, then: Any, held: Any) -> None:
    for first, last in (before, then):
        exports.load(event(), metadata=metadata(from_date=first, to_date=last))
    found = exports.engine.get_metadata("events")
    assert (found.from_date, found.to_date) == held


def test_a_table_can_be_marked_incomplete_and_whole_again(exports: Exports) -> None:
    exports.load(event(), metadata=metadata(request={"limit": 5}))
    exports.engine.mark("events", complete=False)
    assert not exports.engine.get_metadata("events").complete
    assert exports.engine.get_metadata("events").request == {"limit": 5}
    exports.engine.mark("events", complete=True, request={})
    assert exports.engine.get_metadata("events") == metadata(row_count=1)
    exports.engine.mark("nothing", complete=True)
    assert exports.engine.metadata_or_none("nothing") is None


def test_rows_per_day_are_days_of_utc(exports: Exports) -> None:
    midnight = 1_735_776_000  # 2025-01-02
    exports.load(*(event(time=time) for time in (TIME, midnight - 1, midnight, midnight + 7 * 86_400)))
    assert exports.engine.rows_per_day("events", JAN_1, JAN_2) == {JAN_1: 2, JAN_2: 1}
    assert exports.engine.rows_per_day("events", JAN_9, JAN_9) == {JAN_9: 1}
    assert exports.engine.rows_per_day("events", date(2024, 1, 1), date(2024, 12, 31)) == {}


def test_a_dropped_table_leaves_no_record(exports: Exports) -> None:
    exports.load(event(), chunks=[chunk()])
    exports.load(event(), chunks=[chunk()], table="other")
    exports.engine.drop_tables("Events")
    assert not exports.engine.table_exists("events")
    assert exports.engine.chunks("events") == []
    assert exports.engine.property_columns("events") == []
    assert exports.engine.execute_rows("SELECT DISTINCT table_name FROM _ledger") == [("other",)]
    assert len(exports.engine.chunks("other")) == 1
    with pytest.raises(TableNotFoundError, match="no table 'events'"):
        exports.engine.get_metadata("events")


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE events",
        "ALTER TABLE events RENAME TO elsewhere",
    ],
)
def test_a_table_that_someone_dropped_in_sql_covers_nothing(exports: Exports, sql: str) -> None:
    """Else the next fetch would think that its days are there, and ask for nothing."""
    exports.load(
        event({"a": "x"}), chunks=[chunk(JAN_1, JAN_1, 1)], metadata=metadata(from_date=JAN_1, to_date=JAN_1)
    )
    exports.engine.execute_rows(sql)
    assert exports.engine.chunks("events") == []
    assert exports.engine.metadata_or_none("events") is None
    assert exports.engine.property_columns("events") == []
    exports.load(
        event({"a": 1}), chunks=[chunk(JAN_9, JAN_9, 1)], metadata=metadata(from_date=JAN_9, to_date=JAN_9)
    )
    assert exports.engine.chunks("events") == [chunk(JAN_9, JAN_9, 1)]
    assert exports.engine.get_metadata("events").from_date == JAN_9
    assert exports.types() == {"a": "BIGINT"}


def test_a_replacement_takes_the_place_of_the_table_at_once(exports: Exports) -> None:
    exports.load(event({"v": "old"}), event({"v": "old"}), chunks=[chunk(JAN_1, JAN_1)])
    exports.load(event({"v": 1}), table="_replacing_events", chunks=[chunk(JAN_2, JAN_2)])
    assert [table.name for table in exports.engine.list_tables()] == ["events"]
    assert exports.engine.metadata_or_none("_replacing_events") is not None
    exports.engine.swap("_replacing_events", "events")
    assert exports.column("v") == [1]
    assert exports.types() == {"v": "BIGINT"}
    assert exports.engine.chunks("events") == [chunk(JAN_2, JAN_2)]
    assert exports.engine.get_metadata("events").row_count == 1
    assert exports.engine.metadata_or_none("_replacing_events") is None
    exports.load(event({"v": 0.5}, time=TIME + 1))
    assert exports.column("v") == [1.0, 0.5]


def test_a_replacement_of_nothing_is_a_new_table(exports: Exports) -> None:
    exports.load(event(), table="_replacing_events")
    exports.engine.swap("_replacing_events", "events")
    assert exports.engine.get_metadata("events").row_count == 1


def test_an_unfinished_replacement_can_be_discarded(exports: Exports) -> None:
    exports.load(event(), chunks=[chunk()])
    exports.load(event(), table="_replacing_events", chunks=[chunk()])
    for _ in range(2):
        exports.engine.discard("_replacing_events")
        assert exports.engine.metadata_or_none("_replacing_events") is None
        assert exports.engine.chunks("_replacing_events") == []
    assert len(exports.engine.chunks("events")) == 1


def test_nothing_is_recorded_of_tables_that_were_not_fetched(engine: StorageEngine) -> None:
    engine.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
    assert engine.metadata_or_none("mine") is None
    with pytest.raises(TableNotFoundError, match="was not fetched from Mixpanel"):
        engine.get_metadata("mine")
    assert engine.chunks("mine") == []
    assert engine.property_columns("mine") == []


# Tables of Python's objects


def test_tables_can_be_made_of_objects(engine: StorageEngine) -> None:
    assert (
        engine.create_events_table("events", iter([event({"n": 1}), event({"n": 2})]), metadata("profiles"))
        == 2
    )
    assert engine.create_profiles_table("people", [profile("ann", {"n": 1})], metadata("events")) == 1
    assert engine.create_events_table("empty", [], metadata()) == 0
    assert [(t.name, t.type, t.row_count) for t in engine.list_tables()] == [
        ("empty", "events", 0),
        ("events", "events", 2),
        ("people", "profiles", 1),
    ]


def test_a_table_that_is_there_is_not_made_again(engine: StorageEngine) -> None:
    engine.create_events_table("events", [event()], metadata())
    with pytest.raises(TableExistsError, match="'EVENTS' already") as raised:
        engine.create_profiles_table("EVENTS", [], metadata())
    assert raised.value.hint is not None
    with pytest.raises(ParameterError, match="cannot name a table"):
        engine.create_events_table("_mine", [], metadata())
    assert engine.get_metadata("events").row_count == 1


def test_equal_filters_have_equal_texts() -> None:
    assert canonical({"where": "a", "events": ["b"], "limit": None}) == canonical(
        {"events": ["b"], "where": "a"}
    )
    assert canonical({"events": [], "where": None, "other": ()}) == canonical({}) == "{}"
    assert canonical({"where": "a"}) != canonical({"where": "b"})


def test_now_is_utc_without_a_zone() -> None:
    assert now().tzinfo is None
    assert abs(now().replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(seconds=5)
