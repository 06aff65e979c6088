"""Anything may be typed as an expression: it means something, or is an ``ExpressionError``, never SQL."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.analytics.columns import PropertyColumn, TableColumns
from mixpanel_nb.analytics.definitions import CustomProperty
from mixpanel_nb.analytics.expressions import Compiler, Dialect, Scope
from mixpanel_nb.analytics.expressions.formulas import FormulaCompiler
from mixpanel_nb.analytics.expressions.values import segment
from mixpanel_nb.analytics.sql import Parameters, Statement
from mixpanel_nb.errors import ExpressionError

WORDS = [
    *(
        "and",
        "or",
        "not",
        "in",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "+",
        "-",
        "*",
        "/",
        "%",
        "(",
        ")",
        "[",
        "]",
    ),
    *(",", "true", "false", "NOW", '"pro"', "5", "1.5", "-3", '"x', "'", ";", "--", "/*", "$1", "$text", "?"),
    *('properties["plan"]', 'properties["amount"]', 'properties["tags"]', 'properties["other"]'),
    *('user["plan"]', 'event["$time"]', 'properties["$time"]', "datetime(", "floor(", "string(", "boolean("),
    *(
        "number(",
        "defined(",
        "has_prefix(",
        "list(",
        '"2025-01-01"',
        "\0",
        "\ud800",
        '"\\"',
        "plan",
        "é",
        "\n",
    ),
]
HOSTILE = st.sampled_from(
    [
        "'; DROP TABLE events; --",
        '" OR 1=1',
        "$text",
        "$$",
        "\\",
        "'",
        "/*",
        "a'b\"c",
        "*/ ",
        "x\ny",
        "{}",
        "%",
    ]
)
TEXTS = HOSTILE | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


def scope(dialect: Dialect = Dialect.EVENTS) -> Scope:
    holds: dict[str, Any] = {"plan": "text", "amount": "double", "tags": "json"}
    columns = TableColumns("events", {name: PropertyColumn(name, kind) for name, kind in holds.items()})
    return Scope(
        main=columns,
        parameters=Parameters(),
        zone=ZoneInfo("Europe/Berlin"),
        now=1.7e9,
        find_profiles=lambda: TableColumns("profiles"),
        dialect=dialect,
    )


@pytest.fixture(scope="module")
def con() -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        """
        CREATE TABLE events (event_name VARCHAR, event_time TIMESTAMP, distinct_id VARCHAR,
            insert_id VARCHAR, properties JSON, plan VARCHAR, amount DOUBLE, tags JSON);
        INSERT INTO events VALUES ('A', '2025-01-01', 'u', '1', '{"plan":"pro","other":[1,"a"]}', 'pro', 5,
            '["a"]');
        CREATE TABLE profiles (distinct_id VARCHAR, properties JSON, last_seen TIMESTAMP, plan VARCHAR,
            amount DOUBLE, tags JSON);
        """
    )
    return con


def statement(text: str, *, dialect: Dialect = Dialect.EVENTS) -> Statement:
    where = scope(dialect)
    condition = Compiler(where).condition(text)
    source = "events AS e LEFT JOIN profiles AS u ON u.distinct_id = e.distinct_id"
    return Statement(f"SELECT count(*) FROM {source} WHERE {condition}", where.parameters.values)


def run(con: duckdb.DuckDBPyConnection, made: Statement) -> Any:
    """The answer, which must be the same with bound values and with values written out."""
    bound = con.extract_statements(made.text)[0].named_parameters
    answer = con.execute(made.text, {name: made.params[name] for name in bound}).fetchall()
    written = made.rendered()
    assert len(con.extract_statements(written)) == 1
    assert con.execute(written).fetchall() == answer
    return answer


@given(
    st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join),
    st.sampled_from([Dialect.EVENTS, Dialect.PROFILES]),
)
def test_words_of_the_language_in_any_order(
    con: duckdb.DuckDBPyConnection, text: str, dialect: Dialect
) -> None:
    try:
        made = statement(text, dialect=dialect)
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)
        assert error.message
    else:
        run(con, made)


@given(
    st.lists(st.sampled_from([*WORDS, "A", "B", "if(", "ifs(", "let(", "undefined"]), max_size=14).map(
        " ".join
    )
)
def test_words_of_formulas_in_any_order(con: duckdb.DuckDBPyConnection, text: str) -> None:
    inputs = {"A": 'properties["amount"]', "B": 'properties["plan"]'}
    where = scope()
    try:
        value = FormulaCompiler(where, CustomProperty(1, "made", text, inputs)).result()
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)
        assert error.message
    else:
        source = "events AS e LEFT JOIN profiles AS u ON u.distinct_id = e.distinct_id"
        run(con, Statement(f"SELECT {segment(value)[0]} FROM {source}", where.parameters.values))


@given(st.text(max_size=40))
def test_any_text(con: duckdb.DuckDBPyConnection, text: str) -> None:
    try:
        made = statement(text)
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)
    else:
        run(con, made)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@given(TEXTS, TEXTS, TEXTS, st.sampled_from(["==", "!=", "<", "in", "+"]))
def test_hostile_texts_and_names_are_values_and_never_sql(
    con: duckdb.DuckDBPyConnection, name: str, text: str, prefix: str, operator: str
) -> None:
    compared = f"properties[{quoted(name)}] {operator} {quoted(text)}"
    if operator == "+":
        compared += f" == {quoted(prefix)}"
    expression = f"{compared} or has_prefix(user[{quoted(name)}], {quoted(prefix)})"
    made = statement(expression)
    assert run(con, made)
    assert text in made.params.values()
    spelled = made.text
    for value in (name, text, prefix):
        if len(value) > 12:  # shorter ones may be part of a word of SQL
            assert value not in spelled


@pytest.mark.parametrize("name", ['a"b', "a'b", "a;b", "$text", "a\nb", "A"])
def test_columns_with_hostile_names_are_quoted(name: str) -> None:
    con = duckdb.connect()
    column = '"' + name.replace('"', '""') + '"'
    con.execute(f"CREATE TABLE events (event_name VARCHAR, {column} VARCHAR)")
    con.execute("INSERT INTO events VALUES ('A', 'pro')")
    where = scope()
    where.main = TableColumns("events", {name: PropertyColumn(name, "text")}, has_json=False)
    condition = Compiler(where).condition(f'properties[{quoted(name)}] == "pro"')
    made = Statement(f"SELECT count(*) FROM events AS e WHERE {condition}", where.parameters.values)
    assert run(con, made) == [(1,)]
