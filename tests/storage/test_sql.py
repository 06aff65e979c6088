"""SQL as people write it: several statements, values, mistakes, tables and views of their own."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb
import pandas as pd
import pytest

from mixpanel_nb.errors import ParameterError, QueryError, StorageError, TableNotFoundError
from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.storage.statements import sample_sql, summarize_sql

from .support import Exports, event

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageEngine]:
    """Three events in a file; what a test adds has a name of its own."""
    folder = tmp_path_factory.mktemp("sql")
    with StorageEngine(folder / "data.db") as engine:
        plans = ["pro", "free", "pro"]
        Exports(engine, folder).load(*(event({"plan": plan, "n": n}) for n, plan in enumerate(plans)))
        yield engine


# Ways to ask


def test_every_way_to_ask_gives_the_same_rows(store: StorageEngine) -> None:
    sql = "SELECT plan, count(*) AS events FROM events GROUP BY plan ORDER BY plan"
    rows = [("free", 1), ("pro", 2)]
    assert store.execute_rows(sql) == rows
    assert store.execute(sql).fetchall() == rows
    assert store.query(sql).fetch() == rows
    assert store.execute_df(sql).to_dict("list") == {"plan": ["free", "pro"], "events": [1, 2]}
    assert store.execute_scalar(sql) == "free"


def test_a_scalar_of_no_rows_is_none(store: StorageEngine) -> None:
    assert store.execute_scalar("SELECT n FROM events WHERE n > 100") is None
    assert store.execute_scalar("SELECT max(n) FROM events WHERE n > 100") is None


@pytest.mark.parametrize(
    "sql",
    [
        "SHOW TABLES",
        "DESCRIBE events",
        "SUMMARIZE events",
        "PRAGMA table_info('events')",
        "EXPLAIN SELECT 1",
        "FROM events",
        "TABLE events",
        "VALUES (1), (2)",
        "WITH e AS (FROM events) SELECT * FROM e",
        "PIVOT events ON plan USING count(*)",
        "FROM (PIVOT events ON plan USING sum(n))",
        "SELECT row(1, 2)",
        "SELECT NULL AS nothing, [1] AS list, {'a': 1} AS struct, 'x'::BLOB AS bytes",
        "CALL pragma_version()",
    ],
)
def test_queries_of_all_kinds_answer_in_every_form(store: StorageEngine, sql: str) -> None:
    rows = store.query(sql)
    assert rows.row_count == len(rows.fetch()) == len(store.execute_rows(sql)) > 0
    assert len(rows.columns) == len(rows.types) == len(store.execute_df(sql).columns)
    assert len(store.execute(sql).fetchall()) == rows.row_count


@pytest.mark.parametrize(
    "end", ["", ";", " ; ", ";;", "; -- done", " -- a;b\n;", "/* ; */ ;", ";\n\n-- the end;"]
)
def test_however_a_query_ends(store: StorageEngine, end: str) -> None:
    sql = "SELECT 'é;' AS a, $$;$$ AS b /* é; */ FROM events LIMIT 1"
    assert store.query(sql + end).fetch() == [("é;", ";")]
    assert store.execute_rows(sql + end) == [("é;", ";")]


@pytest.mark.parametrize("sql", ["", "   ", ";", "-- nothing", "/* nothing */ ;"])
def test_no_sql_is_said_to_be_none(store: StorageEngine, sql: str) -> None:
    with pytest.raises(ParameterError, match="no SQL to run"):
        store.execute_rows(sql)


def test_half_a_character_in_sql_is_refused(store: StorageEngine) -> None:
    with pytest.raises(ParameterError, match="half a character"):
        store.execute_rows("SELECT '\ud83d'")


def test_the_last_of_several_statements_answers(engine: StorageEngine) -> None:
    sql = "CREATE TABLE t (a INTEGER); INSERT INTO t VALUES (1), (2);\n\nSELECT sum(a) FROM t; -- done"
    assert engine.execute_scalar(sql) == 3
    assert engine.execute_rows("INSERT INTO t VALUES (3) RETURNING a") == [(3,)]
    assert engine.query("UPDATE t SET a = a + 1").fetch() == [(3,)]
    assert engine.execute_df("CREATE TABLE u (a INTEGER)").empty
    assert engine.execute("DROP TABLE u").fetchall() == []


def test_statements_before_a_mistake_have_happened(engine: StorageEngine) -> None:
    with pytest.raises(QueryError):
        engine.execute_rows("CREATE TABLE t (a INTEGER); SELECT nothing FROM t; CREATE TABLE u (a INTEGER)")
    assert [table.name for table in engine.list_tables()] == ["t"]


# Order and columns of kept rows


def test_kept_rows_have_the_querys_order(store: StorageEngine) -> None:
    rows = store.query("SELECT range AS n FROM range(300000) ORDER BY hash(range)")
    first = [
        n
        for (n,) in store.execute_rows(
            "SELECT range FROM range(300000) ORDER BY hash(range) LIMIT 5 OFFSET 7"
        )
    ]
    assert [n for (n,) in rows.fetch(5, 7)] == first
    assert rows.fetch(10, 299_999) == rows.fetch(None, 299_999)
    assert rows.fetch(10, 300_000) == rows.fetch(0) == []
    assert len(rows.df()) == rows.row_count == 300_000


def test_columns_of_one_name_are_kept_apart(store: StorageEngine) -> None:
    rows = store.query("SELECT 1 AS a, 2 AS a, 3 AS A")
    assert rows.fetch() == [(1, 2, 3)]
    assert len(set(rows.columns)) == 3


# Values


def test_values_are_bound_by_name(store: StorageEngine) -> None:
    sql = "SELECT count(*) FROM events WHERE plan = $plan AND n >= $least"
    assert store.execute_scalar(sql, {"plan": "pro", "least": 1, "unused": 5}) == 1


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -7,
        2**62,
        1.5,
        "O'Brien; DROP TABLE events",
        Decimal("1.10"),
        date(2025, 1, 1),
        datetime(2025, 1, 1, 12, tzinfo=UTC),
        b"\x00\xff",
        [1, 2],
        {"a": 1},
    ],
)
def test_a_value_comes_back_as_it_was(store: StorageEngine, value: Any) -> None:
    assert store.execute_scalar("SELECT $value", {"value": value}) == value
    assert store.query("SELECT ?", [value]).fetch() == [(value,)]


def test_each_statement_takes_the_values_it_names(store: StorageEngine) -> None:
    sql = "SET VARIABLE least = 1; SELECT $a; SELECT $b + $a + $b, getvariable('least')"
    assert store.execute_rows(sql, {"a": 1, "b": 10}) == [(21, 1)]


def test_names_are_found_in_any_case(store: StorageEngine) -> None:
    assert store.execute_scalar("SELECT $LIMIT_A + $limit_a", {"LIMIT_A": 2}) == 4
    assert store.execute_scalar("SELECT $x", {"X": 1, "x": 2}) == 2
    assert store.parameter_names_in("SELECT $LIMIT_A; SELECT $b, $b") == {"LIMIT_A", "b"}


@pytest.mark.parametrize("params", [None, {}, {"other": 1}, [1, 2]])
def test_a_missing_value_is_named(store: StorageEngine, params: Any) -> None:
    with pytest.raises(ParameterError, match=r"No value for \$plan\."):
        store.execute_rows("SELECT 1; SELECT count(*) FROM events WHERE plan = $plan", params)


def test_names_of_parameters_can_be_asked_for(store: StorageEngine) -> None:
    assert store.parameter_names_in("SELECT 1 -- $a") == set()
    with pytest.raises(QueryError):
        store.parameter_names_in("SELEC $a")


def test_a_missing_value_says_what_was_perhaps_meant(store: StorageEngine) -> None:
    with pytest.raises(ParameterError, match=r"No value for \$a, \$plan\.") as raised:
        store.execute_rows("SELECT $plan, $a", {"plans": 1})
    assert raised.value.hint is not None
    with pytest.raises(ParameterError, match="Did you mean 'plans'"):
        store.execute_rows("SELECT $plan", {"plans": 1})


def test_nothing_has_run_when_a_value_is_missing(engine: StorageEngine) -> None:
    with pytest.raises(ParameterError, match=r"\$b"):
        engine.execute_rows("CREATE TABLE t AS SELECT $a AS a; SELECT $b", {"a": 1})
    assert engine.list_tables() == []


def test_values_are_bound_by_position(store: StorageEngine) -> None:
    assert store.execute_rows("SELECT ?, ?", [1, "a"]) == [(1, "a")]
    assert store.execute_rows("SELECT $2, $1", (1, "a")) == [("a", 1)]
    assert store.execute_rows("SELECT ?; SELECT 0; SELECT ?, ?", [1, 2, 3]) == [(2, 3)]


@pytest.mark.parametrize(
    ("sql", "values", "message"),
    [
        ("SELECT ?, ?", [1], "takes 2 positional values, and 1 are given"),
        ("SELECT ?", [1, 2], "takes 1 positional values, and 2 are given"),
        ("SELECT 1", [1], "takes 0 positional values, and 1 are given"),
        ("SELECT ?", None, r"No value for \$1"),
    ],
)
def test_positional_values_must_be_as_many_as_are_asked_for(
    store: StorageEngine, sql: str, values: Any, message: str
) -> None:
    with pytest.raises(ParameterError, match=message):
        store.execute_rows(sql, values)


def test_a_table_name_cannot_be_bound(store: StorageEngine) -> None:
    with pytest.raises(QueryError):
        store.execute_rows("FROM $t", {"t": "events"})


# Mistakes


def context(store: StorageEngine, sql: str) -> str:
    with pytest.raises((QueryError, TableNotFoundError)) as raised:
        store.query(sql)
    with pytest.raises((QueryError, TableNotFoundError)) as again:
        store.execute_rows(sql)
    assert again.value.to_dict() == raised.value.to_dict()
    assert json.dumps(raised.value.to_dict())
    assert "\n" not in str(raised.value)
    found = raised.value.details.get("context", "")
    assert isinstance(found, str)
    return found


@pytest.mark.parametrize(
    ("sql", "line", "marked"),
    [
        ("SELECT nope FROM events", 1, "nope"),
        ("SELECT\n  n,\n  nope\nFROM events", 3, "nope"),
        ("\n\nSELECT nope FROM events", 3, "nope"),
        ("-- a comment\n/* and\nmore é */ SELECT 'é', nope FROM events", 3, "nope"),
        ("SELECT 1;\nSELECT 2;\n\n  SELECT\nnope FROM events", 5, "nope"),
        ("SELECT 1; SELECT nope FROM events", 1, "nope"),
        ("SELECT 1;\n-- LINE 9: x\nSELECT 'LINE 7: ', nope FROM events;\nSELECT 3", 3, "nope"),
        ("SELECT n\nFROM nowhere", 2, "nowhere"),
        ("SELECT 1;\n\nSELEC 2", 3, "SELEC"),
        ("SELECT 1 +\n\n\n", 1, ""),
        ("SELECT n FROM events;\nSELECT n + 'a' + unknown(n)\nFROM events", 2, "unknown"),
        ("\n" * 98 + "SELECT 1;\n\nSELECT nope FROM events", 101, "nope"),
    ],
)
def test_the_place_of_a_mistake_is_counted_in_the_users_own_lines(
    store: StorageEngine, sql: str, line: int, marked: str
) -> None:
    place, _, caret = context(store, sql).partition("\n")
    assert place.startswith(f"LINE {line}: ")
    if marked:
        assert place[caret.index("^") :].startswith(marked)


def test_a_column_that_is_not_there_is_named_with_others(store: StorageEngine) -> None:
    with pytest.raises(QueryError, match='"plam" not found') as raised:
        store.execute_rows("SELECT plam FROM events")
    assert raised.value.hint == "Did you mean plan?"


@pytest.mark.parametrize("name", ["evnts", '"evnts"', '"ev nts"', "main.evnts"])
def test_a_table_that_is_not_there_is_named_with_the_nearest(store: StorageEngine, name: str) -> None:
    with pytest.raises(
        TableNotFoundError, match=r"There is no table '(main\.)?ev ?nts'\. Did you mean 'events'"
    ):
        store.execute_rows(f"SELECT * FROM {name}")


def test_without_tables_people_are_told_to_fetch(engine: StorageEngine) -> None:
    with pytest.raises(TableNotFoundError, match="There are no tables yet"):
        engine.execute_rows("FROM events")


def test_mistakes_in_values_are_explained(store: StorageEngine) -> None:
    with pytest.raises(QueryError, match="Could not convert string 'pro'"):
        store.execute_rows("SELECT CAST(plan AS INTEGER) FROM events WHERE plan = 'pro'")
    with pytest.raises(QueryError, match="mine"):
        store.execute_rows("SELECT error('mine')")


def test_too_little_memory_is_said_and_not_the_users_mistake(engine: StorageEngine) -> None:
    engine.connection.execute("SET memory_limit = '20MB'; SET temp_directory = ''")
    engine.release()
    with pytest.raises(StorageError, match="more memory than there is"):
        engine.execute_rows("SELECT list(range) FROM range(20000000)")
    assert engine.execute_scalar("SELECT 1") == 1


def test_a_report_takes_little_memory_unless_it_needs_more_and_leaves_the_limit_as_it_was(
    engine: StorageEngine,
) -> None:
    usual = engine.execute_scalar("SELECT current_setting('memory_limit')")
    assert engine.execute_rows("SELECT current_setting('memory_limit')") == [("524.5 MiB",)]  # 550 MB
    assert engine.execute_rows("SELECT len(list(range)) FROM range(40000000)") == [(40_000_000,)]
    with pytest.raises(QueryError):
        engine.execute_rows("SELECT error('mine')")
    assert engine.execute_scalar("SELECT current_setting('memory_limit')") == usual
    for limit in ("300MB", "-1", "100MB"):
        engine.connection.execute(f"SET memory_limit = '{limit}'")
        engine.release()
        usual = engine.execute_scalar("SELECT current_setting('memory_limit')")
        for _ in range(3):
            engine.execute_rows("SELECT 1")
        assert engine.execute_scalar("SELECT current_setting('memory_limit')") == usual
    assert engine.execute_rows("SELECT current_setting('memory_limit')") == [("95.3 MiB",)]
    with pytest.raises(StorageError, match="more memory than there is"):
        engine.execute_rows("SELECT len(list(range)) FROM range(40000000)")
    assert engine.execute_scalar("SELECT current_setting('memory_limit')") == "95.3 MiB"


def test_a_session_without_memory_says_so_and_the_next_one_has_it_again(
    engine: StorageEngine,
) -> None:
    for starved in (engine, StorageEngine.memory()):
        starved.query("CREATE TABLE mine AS SELECT 1 AS a")
        starved.query("SET memory_limit = '1KB'")
        for _ in range(2):
            with pytest.raises(StorageError, match="more memory than"):
                starved.query("SELECT max(range) FROM range(100000)")
    assert engine.query("FROM mine").row_count == 1


SETTINGS = "SELECT name, value FROM duckdb_settings() WHERE name <> 'search_path' ORDER BY name"


@pytest.mark.parametrize(
    "sql",
    [
        "SET threads = 100000",
        "SET GLOBAL /* a */ threads TO 100000",
        "SET threads = 50 * 50",
        'SET "threads" = 100000',
        "set worker_threads = 100000",
        "PRAGMA threads = 100000",
        "EXPLAIN ANALYZE SET threads = 100000",
        "SET async_threads = 100000",
        "SET memory_limit = '900GB'",
        "SET memory_limit = '90' || '0GB'",
        "SET memory_limit = '-1'",
        "SET memory_limit = '100%'",
        "SET max_memory = none",
        "PRAGMA memory_limit = '900GB'",
        "SET VARIABLE size = '900GB'; SET memory_limit = getvariable('size')",
        "SET temp_directory = '/'",
        "RESET temp_directory",
        "SET max_temp_directory_size = '900TB'",
        "SET max_expression_depth = 100000000",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
        "SET disabled_filesystems = 'LocalFileSystem'",
        "SET python_enable_replacements = true",
        "SET integer_division = true",
        "SET default_collation = 'NOCASE'",
        "SET no_such_setting = 1",
    ],
)
def test_settings_that_others_rely_on_stay_as_they_are(store: StorageEngine, sql: str) -> None:
    before = store.query(SETTINGS).fetch()
    with pytest.raises(QueryError) as caught:
        store.execute_rows(sql)
    assert "\n" not in caught.value.message
    assert store.query(SETTINGS).fetch() == before
    assert store.execute_scalar("SELECT count(*) FROM events") == 3


@pytest.mark.parametrize(("name", "value"), [("threads", 100000), ("memory_limit", "900GB")])
def test_bound_values_do_not_pass_by_the_bounds_of_settings(
    store: StorageEngine, name: str, value: object
) -> None:
    before = store.query(SETTINGS).fetch()
    for sql, params in ((f"SET {name} = $most", {"most": value}), (f"SET {name} = ?", [value])):
        with pytest.raises(QueryError, match=f"SQL can set {name} to a .* up to"):
            store.execute_rows(sql, params)
    assert store.query(SETTINGS).fetch() == before


def test_settings_of_ones_own_and_lower_bounds_can_be_set(engine: StorageEngine) -> None:
    sql = """
        SET threads = 1; SET memory_limit = '200MB'; SET TimeZone = 'Asia/Tokyo'; SET VARIABLE mine = 7;
        SET preserve_insertion_order = false; SET search_path = 'memory'"""
    engine.query(sql)
    told = "SELECT current_setting('threads'), current_setting('TimeZone'), getvariable('mine')"
    assert engine.query(told).fetch() == [(1, "Asia/Tokyo", 7)]
    assert engine.execute_scalar("SELECT current_setting('memory_limit')") == "190.7 MiB"
    engine.query("RESET memory_limit; SET memory_limit = '50%'; SET TIME ZONE 'Europe/Berlin'; RESET threads")
    assert engine.execute_scalar("SELECT current_setting('TimeZone')") == "Europe/Berlin"


def test_a_step_of_with_may_change_tables_and_files(engine: StorageEngine, tmp_path: Path) -> None:
    engine.query("CREATE TABLE mine AS SELECT 1 AS a")
    added = "WITH added AS (INSERT INTO mine VALUES (2) RETURNING a) FROM added"
    assert engine.query(added).fetch() == [(2,)]
    assert engine.execute_rows("FROM mine ORDER BY a") == [(1,), (2,)]
    file = tmp_path / "out.csv"
    assert engine.query(f"WITH out AS (COPY mine TO '{file}') FROM out").fetch() == [(2,)]
    assert file.read_text() == "a\n1\n2\n"


def test_a_database_is_imported_and_extensions_are_updated(
    engine: StorageEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    with StorageEngine.memory() as other:
        other.query("CREATE TABLE mine AS SELECT 1 AS a")
        other.query(f"EXPORT DATABASE '{tmp_path / 'exported'}'")
    engine.query(f"IMPORT DATABASE '{tmp_path / 'exported'}'")
    assert engine.execute_rows("FROM mine") == [(1,)]
    assert engine.query("UPDATE EXTENSIONS").fetch() == []


def test_python_variables_are_not_looked_into(store: StorageEngine) -> None:
    secret = pd.DataFrame({"a": [1]})
    with pytest.raises(TableNotFoundError, match="'secret'"):
        store.execute_rows("FROM secret")
    assert len(secret) == 1


# Transactions


def test_a_transaction_within_the_sql_is_one(engine: StorageEngine) -> None:
    engine.execute_rows("BEGIN; CREATE TABLE t AS SELECT 1 AS a; INSERT INTO t VALUES (2); COMMIT")
    engine.execute_rows("BEGIN; DELETE FROM t; ROLLBACK")
    assert engine.execute_scalar("SELECT count(*) FROM t") == 2


def test_a_transaction_that_is_not_ended_is_refused_and_rolled_back(engine: StorageEngine) -> None:
    engine.execute_rows("CREATE TABLE t (a INTEGER)")
    for sql in ("BEGIN", "BEGIN; INSERT INTO t VALUES (1)", "BEGIN; INSERT INTO t VALUES (1); FROM t"):
        for ask in (engine.execute_rows, engine.execute_df):
            with pytest.raises(QueryError, match="begun and not ended"):
                ask(sql)
        assert engine.execute_rows("FROM t") == []


def test_a_mistake_inside_a_transaction_rolls_it_back(engine: StorageEngine) -> None:
    engine.execute_rows("CREATE TABLE t (a INTEGER)")
    with pytest.raises(TableNotFoundError, match=r"Did you mean 't'|Tables here: t"):
        engine.execute_rows("BEGIN; INSERT INTO t VALUES (1); SELECT * FROM tt; COMMIT")
    assert engine.execute_rows("FROM t") == []


def test_in_memory_a_transaction_lasts_until_it_is_ended() -> None:
    with StorageEngine.memory() as engine:
        engine.execute_rows("CREATE TABLE t (a INTEGER)")
        engine.execute_rows("BEGIN")
        engine.execute_rows("INSERT INTO t VALUES (1)")
        with pytest.raises(QueryError):
            engine.execute_rows("SELECT nope FROM t")
        with pytest.raises(QueryError, match="transaction"):
            engine.execute_rows("FROM t")
        engine.execute_rows("ROLLBACK")
        assert engine.execute_rows("FROM t") == []


# What people make themselves


def test_temporary_tables_and_settings_last_as_long_as_the_session(exports: Exports, path: Path) -> None:
    engine = exports.engine
    engine.execute_rows("CREATE TEMP TABLE mine AS SELECT 1 AS a; SET VARIABLE v = 7")
    exports.load(event())
    engine.execute_rows("/* more */ INSERT INTO mine VALUES (2)")
    assert (
        engine.execute_scalar("SELECT sum(a) + getvariable('v') + (SELECT count(*) FROM events) FROM mine")
        == 11
    )
    assert [table.name for table in engine.list_tables()] == ["events"]
    with StorageEngine(path) as other, pytest.raises(TableNotFoundError):
        other.execute_rows("FROM mine")


def test_tables_that_people_make_are_listed_as_tables(exports: Exports) -> None:
    exports.load(event({"plan": "pro"}))
    exports.engine.execute_rows(
        'CREATE TABLE Mine AS SELECT plan FROM events; CREATE TABLE "my table" (a INTEGER)'
    )
    tables = {table.name: table for table in exports.engine.list_tables()}
    assert list(tables) == ["Mine", "events", "my table"] or sorted(tables) == ["Mine", "events", "my table"]
    assert (tables["Mine"].type, tables["Mine"].row_count, tables["Mine"].fetched_at) == ("table", 1, None)
    assert tables["events"].type == "events"
    assert [(c.name, c.type, c.property) for c in exports.engine.get_schema("mine")] == [
        ("plan", "VARCHAR", None)
    ]
    exports.engine.drop_tables("MY TABLE")
    exports.engine.drop_tables("mine")
    assert [table.name for table in exports.engine.list_tables()] == ["events"]


def test_views_work_and_have_a_schema(exports: Exports) -> None:
    exports.load(event({"plan": "pro"}), event({"plan": "free"}))
    engine = exports.engine
    engine.execute_rows("CREATE VIEW pros AS SELECT plan, event_time FROM events WHERE plan = 'pro'")
    assert engine.execute_scalar("SELECT count(*) FROM pros") == 1
    assert [column.name for column in engine.get_schema("pros")] == ["plan", "event_time"]
    assert len(engine.execute_rows(sample_sql("pros", {"plan", "event_time"}, 5))) == 1
    listed = [(table.name, table.type, table.row_count) for table in engine.list_tables()]
    assert listed == [("events", "events", 2), ("pros", "view", None)]
    with pytest.raises(TableNotFoundError):
        engine.drop_tables("PROS", "nothing")
    engine.drop_tables("PROS")
    assert [table.name for table in engine.list_tables()] == ["events"]
    assert engine.execute_scalar("SELECT count(*) FROM events") == 2


def test_a_view_of_what_is_gone_is_listed_and_dropped(exports: Exports) -> None:
    exports.load(event({"plan": "pro"}))
    engine = exports.engine
    engine.execute_rows("CREATE TABLE mine AS FROM events; CREATE VIEW v AS FROM mine; DROP TABLE mine")
    assert [table.name for table in engine.list_tables()] == ["events", "v"]
    with pytest.raises(StorageError, match="The view 'v' cannot be read any more: There is no table 'mine'"):
        engine.get_schema("v")
    engine.drop_tables("v")
    assert [table.name for table in engine.list_tables()] == ["events"]


def test_views_work_for_other_programs_too(exports: Exports, path: Path) -> None:
    exports.load(event())
    exports.engine.execute_rows("CREATE VIEW v AS SELECT event_name FROM events")
    with duckdb.connect(str(path), read_only=True) as other:
        assert other.sql("FROM v").fetchall() == [("Visit",)]


def test_a_table_of_the_engines_own_is_out_of_reach(exports: Exports) -> None:
    exports.load(event())
    exports.load(event(), table="_replacing_events")
    for name in ("_metadata", "_ledger", "_columns", "_replacing_events", "_METADATA"):
        for ask in (exports.engine.drop_tables, exports.engine.get_schema):
            with pytest.raises(TableNotFoundError, match="Tables here: events"):
                ask(name)
        assert not exports.engine.table_exists(name)


def test_a_frame_can_be_named_until_it_is_taken_back(engine: StorageEngine) -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None]})
    engine.register("frame", frame)
    assert engine.execute_rows("SELECT count(*), count(b) FROM frame") == [(2, 1)]
    assert engine.query("FROM frame ORDER BY a DESC").fetch() == [(2, None), (1, "x")]
    engine.execute_rows("CREATE TABLE kept AS FROM frame")
    engine.unregister("frame")
    assert engine.execute_scalar("SELECT n FROM range(5000) AS t(n)") == 0  # one row of many is read
    engine.register("frame", frame)
    assert engine.execute_scalar("SELECT sum(a) FROM frame") == 3
    engine.unregister("frame")
    with pytest.raises(TableNotFoundError):
        engine.execute_rows("FROM frame")
    assert engine.execute_scalar("SELECT sum(a) FROM kept") == 3


def test_a_frame_that_cannot_be_used_is_refused_by_name(engine: StorageEngine) -> None:
    engine.execute_rows("CREATE TEMP TABLE frame (a INTEGER)")
    with pytest.raises(QueryError, match="The DataFrame 'frame' cannot be used in SQL"):
        engine.register("frame", pd.DataFrame({"a": [1]}))


def test_files_can_be_read_and_written(store: StorageEngine, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    store.execute_rows(f"COPY events TO '{out}'")
    assert store.execute_scalar(f"SELECT count(*) FROM '{out}'") == 3


def test_a_database_can_be_attached(engine: StorageEngine, tmp_path: Path) -> None:
    engine.execute_rows(f"ATTACH '{tmp_path / 'other.db'}' AS other; CREATE TABLE other.t AS SELECT 1 AS a")
    assert engine.execute_rows("FROM other.t") == [(1,)]
    assert engine.list_tables() == []


# Kept rows are freed


def kept_tables(engine: StorageEngine) -> int:
    count = engine.execute_scalar("SELECT count(*) FROM duckdb_tables() WHERE database_name = '_results'")
    assert isinstance(count, int)
    return count


def test_rows_are_freed_with_the_last_reference(engine: StorageEngine) -> None:
    rows = engine.query("SELECT range AS n FROM range(1000)")
    again = rows
    assert kept_tables(engine) == 1
    del rows
    assert again.fetch(1) == [(0,)]
    del again
    assert kept_tables(engine) == 0


def test_a_failed_query_keeps_nothing(engine: StorageEngine) -> None:
    with pytest.raises(QueryError):
        engine.query("SELECT error('no') FROM range(10)")
    assert kept_tables(engine) == 0


def test_rows_outlive_the_engine(engine: StorageEngine) -> None:
    rows = engine.query("SELECT 42 AS a")
    relation = engine.execute("SELECT 43 AS a")
    engine.close()
    assert rows.fetch() == [(42,)]
    assert relation.fetchall() == [(43,)]


def test_relations_can_be_worked_on(store: StorageEngine) -> None:
    relation = store.execute("SELECT * FROM events").filter("plan = 'pro'").aggregate("sum(n) AS total")
    store.execute_rows("SELECT 1")
    assert relation.fetchall() == [(2,)]
    assert store.execute("PRAGMA table_info('events')").filter("name = 'plan'").project(
        "type"
    ).fetchall() == [("VARCHAR",)]


# Ready-made statements


def test_a_sample_is_the_same_each_time_and_from_all_over(exports: Exports) -> None:
    exports.load(*(event({"n": n}, insert_id=f"{n}") for n in range(500)))
    sql = sample_sql("events", {"insert_id", "n"}, 20)
    rows = exports.engine.execute_rows(sql)
    assert rows == exports.engine.execute_rows(sql)
    assert len(rows) == 20
    assert len({row[-1] // 100 for row in rows}) > 2


def test_a_summary_tells_of_each_column(store: StorageEngine) -> None:
    rows = store.execute_rows(summarize_sql("events", ["plan", "n"]))
    assert [row[:4] for row in rows] == [("plan", "VARCHAR", "free", "pro"), ("n", "BIGINT", "0", "2")]
