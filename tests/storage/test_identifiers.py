"""Names as they come: quoted wherever they meet SQL, kept apart wherever DuckDB would fold them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.errors import ParameterError, StorageError
from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.storage.schema import column_names
from mixpanel_nb.storage.sqltext import check_table_name, identifier, json_pointer, text
from mixpanel_nb.surrogates import replace_lone_surrogates

from .support import TIME, Exports, check_columns, event

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = [
    "plan",
    "Plan",
    "PLAN",
    "$os",
    "a b",
    "a.b",
    "a/b",
    "a~b",
    "a~1b",
    "$.a",
    "[0]",
    "*",
    "0",
    "'; DROP TABLE events; --",
    'a"; drop table x',
    "back\\slash",
    "new\nline",
    "line\u2028separator",
    "é",
    "É",
    "ß",
    "ss",
    "😀",
    "select",
    "p",
    "p0",
    "rowid",
    "ROWID",
    "Time",
    "DISTINCT_ID",
    "event",
    "event_name",
    "event_time",
    "insert_id",
    "properties",
    "plan_2",
    "x" * 255,
]


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    """Two batches of events with every name; the second replaces one event of the first."""
    folder = tmp_path_factory.mktemp("names")
    with StorageEngine(folder / "data.db") as engine:
        exports = Exports(engine, folder)
        for batch in (1, 2):
            held = {name: f"{batch} {number}" for number, name in enumerate(NAMES)}
            ids = {"insert_id": "same"} if batch == 2 else {}
            exports.load(event(held, insert_id="same"), event(held, time=TIME + batch, **ids))
        yield exports


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_every_name_has_a_column_of_its_own(named: Exports, name: str) -> None:
    (column,) = [column for column in named.engine.property_columns("events") if column.property == name]
    values = {f"{batch} {NAMES.index(name)}" for batch in (1, 2)}
    held = named.engine.execute_rows(f"SELECT DISTINCT {identifier(column.name)} FROM events")
    assert {value for (value,) in held} == values
    pointer = f"SELECT DISTINCT properties->>{json_pointer(name)} FROM events"
    assert {value for (value,) in named.engine.execute_rows(pointer)} == values


def test_values_of_odd_names_are_in_the_right_rows_once(named: Exports) -> None:
    """A column named like DuckDB's row number must not mislead the removal of duplicates."""
    assert named.engine.execute_scalar("SELECT count(*) FROM events") == 3
    check_columns(named.engine, "events")


def test_a_column_keeps_its_propertys_name_unless_it_is_taken(named: Exports) -> None:
    names = {column.property: column.name for column in named.engine.property_columns("events")}
    assert names["$os"] == "$os"
    assert names["event_name"] == "event_name_2"
    assert names["properties"] == "properties_2"
    assert "rowid" not in {name.lower() for name in names.values()}
    assert len({name.lower() for name in names.values()}) == len(names)


def test_names_that_no_column_can_have_stay_in_properties(exports: Exports) -> None:
    held = {"": 1, "nul\0": 2, "plan": "a"}
    exports.load(event(held), columns=["", "nul\0", "plan"])
    assert exports.types() == {"plan": "VARCHAR"}
    exports.load(event(held), table="other")
    assert exports.types("other") == {"plan": "VARCHAR"}
    stored = json.loads(exports.engine.execute_scalar("SELECT CAST(properties AS VARCHAR) FROM other"))
    assert {name: stored[name] for name in held} == held


def test_half_a_character_in_a_name_is_mended_and_gets_its_column(exports: Exports) -> None:
    file = exports.file([f'{{"event":"e","properties":{{"time":{TIME},"cut\\ud83d":1}}}}\n'])
    with pytest.raises(Exception, match="surrogate"):
        exports.load(files=[file])
    assert replace_lone_surrogates(file)
    exports.load(files=[file])
    assert exports.types() == {"cut\ufffd": "BIGINT"}


def test_column_names_are_unlike_when_case_is_folded() -> None:
    assert column_names(["a", "A", "a_2", "Properties"], ["properties"]) == {
        "a": "a",
        "A": "A_2",
        "a_2": "a_2_2",
        "Properties": "Properties_2",
    }


@pytest.mark.parametrize("name", ["events", "E2", "a_b_9", "x" * 63])
def test_table_names_that_are_taken(exports: Exports, name: str) -> None:
    assert check_table_name(name) == name


@pytest.mark.parametrize(
    "name", ["", "_metadata", "_mine", "1st", "a b", "a-b", 'a"b', "a;b", "é", "a\n", "x" * 64, "a.b", "\0"]
)
def test_table_names_that_are_refused(engine: StorageEngine, name: str) -> None:
    with pytest.raises(ParameterError, match="cannot name a table") as raised:
        check_table_name(name)
    assert raised.value.hint is not None
    assert "letter" in raised.value.hint


def test_a_very_long_table_name_is_not_repeated_whole() -> None:
    with pytest.raises(ParameterError) as raised:
        check_table_name("x" * 5000)
    assert len(str(raised.value)) < 200


def test_quoting() -> None:
    assert identifier('a"b') == '"a""b"'
    assert text("it's") == "'it''s'"
    assert json_pointer("a/b~c'd") == "'/a~1b~0c''d'"
    with pytest.raises(StorageError, match="NUL"):
        identifier("a\0b")
