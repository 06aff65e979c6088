"""Giving a property a typed column afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.errors import StorageError, TableNotFoundError

from .support import TIME, check_columns, event, profile

if TYPE_CHECKING:
    from .support import Exports


@pytest.fixture
def exports(in_memory: Exports) -> Exports:
    return in_memory


def test_a_rare_property_is_reachable_and_typed_after(exports: Exports) -> None:
    exports.load(
        *(event({"often": 1, **({"rare": 9} if n == 7 else {})}, time=TIME + n) for n in range(10)), columns=1
    )
    assert exports.engine.execute_scalar("SELECT max(properties->>'rare') FROM events") == "9"
    assert exports.engine.promote("events", "rare") == ["rare"]
    assert exports.types() == {"often": "BIGINT", "rare": "BIGINT"}
    assert exports.column("rare") == [9 if n == 7 else None for n in range(10)]
    check_columns(exports.engine, "events")


def test_later_batches_fill_the_promoted_column(exports: Exports) -> None:
    exports.load(event({"a": 1}), columns=None)
    exports.engine.promote("events", "a")
    exports.load(event({"a": 0.5}, time=TIME + 1), columns=None)
    assert exports.types() == {"a": "DOUBLE"}
    assert exports.column("a") == [1.0, 0.5]


def test_texts_that_look_like_numbers_stay_text_after_promotion(exports: Exports) -> None:
    exports.load(event({"zip": "00501", "tags": "[x]"}), columns=None)
    exports.engine.promote("events", "zip", "tags")
    exports.load(event({"zip": "12", "tags": "true"}, time=TIME + 1), columns=None)
    assert exports.types() == {"zip": "VARCHAR", "tags": "VARCHAR"}
    assert exports.column("zip") == ["00501", "12"]
    assert exports.column("tags") == ["[x]", "true"]


def test_what_has_a_column_already_is_passed_over(exports: Exports) -> None:
    exports.load(event({"a": 1, "b": 2}), columns=["a"])
    assert exports.engine.promote("events", "a", "b", "b", "time", "$insert_id", "distinct_id") == ["b"]
    assert exports.engine.promote("events", "a", "b") == []
    assert exports.engine.promote("events") == []


def test_names_that_differ_in_case_or_are_taken(exports: Exports) -> None:
    exports.load(event({"plan": 1, "Plan": "x", "properties": True, "rowid": 5}), columns=["plan"])
    names = exports.engine.promote("events", "Plan", "properties", "rowid")
    assert names == ["Plan_2", "properties_2", "rowid_2"]
    assert exports.engine.execute_rows("SELECT plan, Plan_2, properties_2, rowid_2, rowid FROM events") == [
        (1, "x", True, 5, 0)
    ]


def test_a_property_that_no_row_has_is_refused_and_nothing_changed(exports: Exports) -> None:
    exports.load(event({"amount": 1, "nothing": None}), columns=None)
    before = exports.everything()
    with pytest.raises(StorageError, match=r"No row.*'amuont'.*Did you mean 'amount'") as raised:
        exports.engine.promote("events", "amount", "amuont")
    missing = {"parameter": "properties", "table": "events", "properties": ["amuont"]}
    assert raised.value.details == missing
    with pytest.raises(StorageError, match="'nothing'"):
        exports.engine.promote("events", "nothing")
    assert exports.everything() == before


@pytest.mark.parametrize("name", ["", "nul\0", "half\ud83d"])
def test_names_that_no_column_can_have_are_refused(exports: Exports, name: str) -> None:
    exports.load(event({"": 1, "nul\0": 2}))
    with pytest.raises(StorageError, match="cannot name a column"):
        exports.engine.promote("events", name)


def test_tables_that_were_not_fetched_are_refused(exports: Exports) -> None:
    exports.engine.execute_rows("CREATE TABLE mine AS SELECT 1 AS a")
    with pytest.raises(TableNotFoundError, match="was not fetched"):
        exports.engine.promote("mine", "a")
    with pytest.raises(TableNotFoundError, match="no table 'nothing'"):
        exports.engine.promote("nothing", "a")


def test_profiles_can_be_promoted(exports: Exports) -> None:
    exports.load(profile("ann", {"age": 30}), table="people", table_type="profiles", columns=None)
    assert exports.engine.promote("PEOPLE", "age") == ["age"]
    assert exports.engine.execute_rows("SELECT age FROM people") == [(30,)]
    assert exports.types("people") == {"age": "BIGINT"}
