"""Typed property columns: which type they get, that it holds every value, that they grow with the data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.storage import StorageEngine

from .support import TIME, Exports, check_columns, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def exports(in_memory: Exports) -> Exports:
    return in_memory


KINDS: list[tuple[list[Any], str, list[Any]]] = [
    (["pro", "", "free"], "VARCHAR", ["pro", "", "free"]),
    (["2025-01-01", "2025-01-01T00:00:00"], "VARCHAR", ["2025-01-01", "2025-01-01T00:00:00"]),
    (["5", "007", "-1.5", "1e3"], "VARCHAR", ["5", "007", "-1.5", "1e3"]),
    (["true", "null", "[1]", '{"a": 1}', "NaN"], "VARCHAR", ["true", "null", "[1]", '{"a": 1}', "NaN"]),
    (
        ['say "hi"', "back\\slash", "tab\tnewline\n", "\0"],
        "VARCHAR",
        ['say "hi"', "back\\slash", "tab\tnewline\n", "\0"],
    ),
    (
        ["line\u2028separator", "\u2029\u0085", "😀é"],
        "VARCHAR",
        ["line\u2028separator", "\u2029\u0085", "😀é"],
    ),
    ([1, 0, -7], "BIGINT", [1, 0, -7]),
    ([2**53 - 1, 2**53, 2**53 + 1], "BIGINT", [2**53 - 1, 2**53, 2**53 + 1]),
    ([2**63 - 1, -(2**63)], "BIGINT", [2**63 - 1, -(2**63)]),
    ([2**63, 1], "VARCHAR", ["9223372036854775808", "1"]),
    ([10**30], "VARCHAR", ["1" + "0" * 30]),
    ([0.5, 2.0, -1e-300], "DOUBLE", [0.5, 2.0, -1e-300]),
    ([1, 0.5], "DOUBLE", [1.0, 0.5]),
    ([2**53 - 1, 0.5], "DOUBLE", [float(2**53 - 1), 0.5]),
    ([2**53 + 1, 0.5], "VARCHAR", ["9007199254740993", "0.5"]),
    ([2**63, 0.5], "VARCHAR", ["9223372036854775808", "0.5"]),
    ([1e300, 12345678901234567890.0], "DOUBLE", [1e300, 12345678901234567890.0]),
    ([True, False], "BOOLEAN", [True, False]),
    ([True, 1], "VARCHAR", ["true", "1"]),
    (["a", 1, 0.5, False], "VARCHAR", ["a", "1", "0.5", "false"]),
    ([None, 1, None], "BIGINT", [None, 1, None]),
    ([None, "a"], "VARCHAR", [None, "a"]),
]


@pytest.fixture(scope="module")
def kinds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    """One table with a property ``p0``, ``p1`` … for each of the cases above."""
    folder = tmp_path_factory.mktemp("kinds")
    with StorageEngine(folder / "data.db") as engine:
        exports = Exports(engine, folder)
        longest = max(len(values) for values, *_ in KINDS)
        lines = [
            event(
                {f"p{case}": values[row] for case, (values, *_) in enumerate(KINDS) if row < len(values)},
                time=TIME + row,
            )
            for row in range(longest)
        ]
        exports.load(*lines)
        yield exports


@pytest.mark.parametrize("case", range(len(KINDS)), ids=[f"{values}"[:40] for values, *_ in KINDS])
def test_the_type_follows_from_the_values(kinds: Exports, case: int) -> None:
    values, sql_type, held = KINDS[case]
    assert kinds.types()[f"p{case}"] == sql_type
    assert kinds.column(f"p{case}")[: len(values)] == held


def test_all_columns_are_what_properties_say(kinds: Exports) -> None:
    check_columns(kinds.engine, "events")


def test_lists_and_objects_stay_json(exports: Exports) -> None:
    columns: dict[str, list[Any]] = {
        "list": [[1, "a", None], [], [[]], None],
        "object": [{"k": [True]}, {}, {"": 1}, {"a": {"b": None}}],
        "either": [[1], "text", {"a": 1}, 5],
        "late": [None, True, 0.5, [0]],
    }
    exports.load(
        *(event({name: column[n] for name, column in columns.items()}, time=TIME + n) for n in range(4))
    )
    assert exports.types() == dict.fromkeys(columns, "JSON")
    for name, values in columns.items():
        assert [None if text is None else json.loads(text) for text in exports.column(name)] == values


WRITTEN: dict[str, tuple[list[str], str, list[Any]]] = {
    "zero": (["-0", "1"], "BIGINT", [0, 1]),
    "exponent": (["1e3", "1"], "DOUBLE", [1000.0, 1.0]),
    "capital": (["1E+2", "-0.0"], "DOUBLE", [100.0, -0.0]),
    "overflow": (["1e400", "1"], "VARCHAR", ["1e400", "1"]),
    "infinite": (["-Infinity", "1.5"], "DOUBLE", [None, 1.5]),
    "whole": (["9007199254740993.0", "1"], "DOUBLE", [9007199254740992.0, 1.0]),
    "precise": (["0.1000000000000000055511151231257827", "1"], "DOUBLE", [0.1, 1.0]),
    "escaped": (['"\\u0041\\u00e9\\ud83d\\ude00"', '"\\/\\b"'], "VARCHAR", ["Aé😀", "/\b"]),
}


def test_unusual_ways_to_write_a_value(exports: Exports) -> None:
    for row in range(2):
        pairs = "".join(f',"{name}":{texts[row]}' for name, (texts, *_) in WRITTEN.items())
        exports.load(f'{{"event":"e","properties":{{"time":{TIME + row}{pairs}}}}}\n')
    assert exports.types() == {name: sql_type for name, (_, sql_type, _) in WRITTEN.items()}
    assert {name: exports.column(name) for name in WRITTEN} == {
        name: held for name, (*_, held) in WRITTEN.items()
    }


def test_nan_as_python_writes_it_is_null(exports: Exports) -> None:
    exports.load_values("p", float("nan"), 1.5, float("-inf"))
    assert exports.types() == {"p": "DOUBLE"}
    assert exports.column("p") == [None, 1.5, None]
    held = exports.engine.execute_rows(
        "SELECT CAST(properties->'p' AS VARCHAR) FROM events ORDER BY event_time"
    )
    assert held == [("null",), ("1.5",), ("null",)]


def test_the_first_of_equal_keys_counts_in_column_and_json_alike(exports: Exports) -> None:
    exports.load(f'{{"event":"e","properties":{{"time":{TIME},"p":1,"p":2}}}}\n')
    assert exports.column("p") == [1]
    assert exports.engine.execute_scalar("SELECT properties->>'p' FROM events") == "1"


def test_a_megabyte_of_text_is_kept(exports: Exports) -> None:
    long = "é" * 500_000 + '"'
    exports.load_values("p", long, [long])
    assert json.loads(exports.column("p")[0]) == long
    exports.load_values("q", long, table="other")
    assert exports.column("q", "other") == [long]


def test_json_is_stored_compressed(engine: StorageEngine, tmp_path: Path) -> None:
    exports = Exports(engine, tmp_path)
    exports.load(*(event({"text": f"{'the same words again ' * 20}{number}"}) for number in range(3000)))
    storage = (
        "SELECT DISTINCT compression FROM pragma_storage_info('events') WHERE column_name = 'properties'"
    )
    kinds = {
        kind.lower()
        for (kind,) in exports.engine.execute_rows(f"{storage} AND segment_type IN ('JSON', 'VARCHAR')")
    }
    assert "zstd" in kinds
    assert kinds <= {"zstd", "uncompressed"}


# What a sample does not show


def test_kinds_that_appear_late_change_the_type(exports: Exports) -> None:
    """The sample is the first 4,000 lines: what comes behind it is another kind."""
    early = [event({"n": 1, "t": "a", "b": True, "f": 0.5, "x": None}) for _ in range(4000)]
    late = event({"n": 0.5, "t": ["a"], "b": "yes", "f": 2**60 + 1, "x": 7}, time=TIME + 1)
    assert exports.load(*early, late).rows == 4001
    assert exports.types() == {"n": "DOUBLE", "t": "JSON", "b": "VARCHAR", "f": "VARCHAR"}
    last = exports.engine.execute_rows(
        "SELECT n, t, b, f, properties->>'x' FROM events ORDER BY event_time DESC"
    )[0]
    assert last == (0.5, '["a"]', "yes", "1152921504606846977", "7")
    check_columns(exports.engine, "events")


def test_a_text_column_reads_a_late_text_that_looks_like_json_as_text(exports: Exports) -> None:
    exports.load(*(event({"p": "word"}) for _ in range(4000)), event({"p": "[1]"}), event({"p": "12"}))
    assert exports.types() == {"p": "VARCHAR"}
    assert exports.engine.execute_scalar("SELECT count(*) FROM events WHERE p IN ('[1]', '12')") == 2


# Later batches


LATER: list[tuple[list[Any], list[Any], str, list[Any]]] = [
    ([1], [0.5], "DOUBLE", [1.0, 0.5]),
    ([2**53 + 1], [0.5], "VARCHAR", ["9007199254740993", "0.5"]),
    ([0.5], [2**53 + 1], "VARCHAR", ["0.5", "9007199254740993"]),
    ([1], ["a"], "VARCHAR", ["1", "a"]),
    ([True], ["a"], "VARCHAR", ["true", "a"]),
    ([1], [True], "VARCHAR", ["1", "true"]),
    ([1], [2**63], "VARCHAR", ["1", "9223372036854775808"]),
    (["a"], [1], "VARCHAR", ["a", "1"]),
    (["a"], ["1"], "VARCHAR", ["a", "1"]),
    (["a"], [[1]], "JSON", ['"a"', "[1]"]),
    ([None, "a"], [{}], "JSON", [None, '"a"', "{}"]),
    ([[1]], ["a"], "JSON", ["[1]", '"a"']),
    ([1.5], [None], "DOUBLE", [1.5, None]),
]


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exports]:
    """One table with a property for each of the cases above, loaded in two batches."""
    folder = tmp_path_factory.mktemp("later")
    with StorageEngine(folder / "data.db") as engine:
        exports = Exports(engine, folder)
        for batch in (0, 1):
            lines = [
                event(
                    {f"p{n}": case[batch][row] for n, case in enumerate(LATER) if row < len(case[batch])},
                    time=TIME + 2 * batch + row,
                )
                for row in range(2)
            ]
            exports.load(*lines)
        yield exports


@pytest.mark.parametrize(
    "case", range(len(LATER)), ids=[f"{first} then {second}" for first, second, *_ in LATER]
)
def test_a_later_batch_widens_the_column_for_all_rows(later: Exports, case: int) -> None:
    first, second, sql_type, held = LATER[case]
    assert later.types()[f"p{case}"] == sql_type
    column = later.column(f"p{case}")
    assert column[: len(first)] + column[2 : 2 + len(second)] == held


def test_all_rows_of_both_batches_are_what_properties_say(later: Exports) -> None:
    check_columns(later.engine, "events")


def test_a_batch_that_holds_both_keeps_whole_numbers_exact(exports: Exports) -> None:
    """2^53 + 1 fits the BIGINT column; the decimal that comes later must not round it."""
    exports.load_values("p", 1)
    exports.load(event({"p": 2**53 + 1}, time=TIME + 1))
    exports.load(event({"p": 0.5}, time=TIME + 2))
    assert exports.column("p") == ["1", "9007199254740993", "0.5"]


def test_a_later_batch_adds_columns_and_fills_them_for_older_rows(exports: Exports) -> None:
    exports.load(event({"a": 1, "b": "x"}), columns=["a"])
    exports.load(event({"a": 2, "b": "y", "c": True}, time=TIME + 1))
    assert exports.types() == {"a": "BIGINT", "b": "VARCHAR", "c": "BOOLEAN"}
    assert exports.engine.execute_rows("SELECT a, b, c FROM events ORDER BY a") == [
        (1, "x", None),
        (2, "y", True),
    ]


def test_rare_properties_of_a_later_batch_get_no_column(exports: Exports) -> None:
    exports.load(*(event({"a": 1}) for _ in range(5)))
    exports.load(*(event({"a": 1, **({"rare": 1} if number == 0 else {})}) for number in range(200)))
    assert exports.types() == {"a": "BIGINT"}
    assert exports.engine.execute_scalar("SELECT count(*) FROM events WHERE properties->>'rare' = '1'") == 1


# How many


def test_the_most_frequent_properties_get_columns(exports: Exports) -> None:
    lines = [
        event({"often": 1, **({"half": 1} if n % 2 else {}), **({"once": 1} if n == 0 else {})})
        for n in range(10)
    ]
    exports.load(*lines, columns=2)
    assert list(exports.types()) == ["often", "half"]


def test_no_columns_keep_everything_in_properties(exports: Exports) -> None:
    nothing: list[int | list[str] | None] = [None, 0, [], -1]
    for number, wanted in enumerate(nothing):
        exports.load(event({"a": 1}), columns=wanted, table=f"t{number}")
        assert exports.types(f"t{number}") == {}
        assert exports.engine.execute_scalar(f"SELECT properties->>'a' FROM t{number}") == "1"


def test_named_columns_are_made_even_where_no_row_has_them_yet(exports: Exports) -> None:
    exports.load(event({"a": 1, "b": 2}), columns=["b", "later", "b", "time"])
    assert exports.types() == {"b": "BIGINT", "later": "VARCHAR"}
    exports.load(
        event({"later": None}, time=TIME + 1), event({"later": 0.5}, time=TIME + 2), columns=["later"]
    )
    assert exports.types() == {"b": "BIGINT", "later": "DOUBLE"}
    assert exports.column("later") == [None, None, 0.5]


def test_one_name_is_one_column_and_not_its_letters(exports: Exports) -> None:
    exports.load(event({"plan": "a", "p": 1}), columns="plan")
    assert exports.types() == {"plan": "VARCHAR"}


def test_the_limit_counts_columns_that_are_there(exports: Exports) -> None:
    exports.load(event({"a": 1, "b": 1}), columns=2)
    exports.load(event({"a": 1, "b": 1, "c": 1}), columns=2)
    exports.load(event({"a": 1, "b": 1, "c": 1, "d": 1}), columns=3)
    assert list(exports.types()) == ["a", "b", "c"]


def test_hundreds_of_sparse_properties(exports: Exports) -> None:
    exports.load(*(event({f"p{number:04}": number}) for number in range(150)), columns=150)
    assert len(exports.types()) == 150
    assert exports.engine.execute_scalar("SELECT sum(p0149) FROM events") == 149


def test_columns_that_someone_changed_in_sql_are_left_to_them(exports: Exports) -> None:
    exports.load(event({"a": 1, "b": 1, "c": 1}))
    exports.engine.execute_rows(
        "ALTER TABLE events DROP COLUMN a; ALTER TABLE events ALTER b TYPE VARCHAR; "
        "ALTER TABLE events ADD COLUMN d INTEGER DEFAULT 7"
    )
    assert [column.property for column in exports.engine.property_columns("events")] == ["c"]
    exports.load(event({"a": 2, "b": 2, "c": 2, "d": 2}, time=TIME + 1), columns=["c", "d"])
    rows = exports.engine.execute_rows("SELECT b, c, d, d_2 FROM events ORDER BY event_time")
    assert rows == [("1", 1, 7, None), (None, 2, 7, 2)]
