"""Statements in the SQL of warehouses: they parse there, or are refused. None was run on one."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
import sqlglot

from mixpanel_nb import ParameterError, QueryError, Workspace
from mixpanel_nb.analytics.dialects.names import dialect_of
from mixpanel_nb.services.local.engines.stating import ONE_STATEMENT

from .corpus import DAYS, STEPS, questions

if TYPE_CHECKING:
    from collections.abc import Callable

    from .corpus import Asked

WAREHOUSES = ("bigquery", "databricks", "snowflake", "trino")
WEEKS = {
    "bigquery": "DATETIME_TRUNC(e.event_time, ISOWEEK)",
    "databricks": "date_trunc('week', e.event_time)",
    "snowflake": "DATEADD(DAY, 1 - DAYOFWEEKISO(e.event_time), DATE_TRUNC('day', e.event_time))",
    "trino": "date_trunc('week', e.event_time)",
}
"""The Monday of a week."""
SAID_BY_ALL = {"segmentation", "segmentation_sum", "event_counts", "insights", "funnel", "retention"}


def chosen() -> list[Asked]:
    every = [
        each
        for each in questions()
        if each.report in ONE_STATEMENT and not {"compare", "diff"} & each.given.keys()
    ]
    if os.environ.get("ENGINE_QUESTIONS") == "all":
        return every
    one_of_each = list({each.report: each for each in reversed(every)}.values())
    return [*one_of_each, *(each for each in every[::12] if each not in one_of_each)]


def over(warehouse: str, **given: Any) -> Workspace:
    return Workspace.over(f"{warehouse}://shop.mixpanel", account="sandbox", **given)


@pytest.mark.parametrize("warehouse", WAREHOUSES)
def test_statements_parse_or_are_refused(warehouse: str) -> None:
    """What an engine cannot say is an error that names the function and the engine."""
    dialect, ws, said = (
        dialect_of(warehouse),
        over(warehouse, profiles="shop.mixpanel.events"),
        Counter[str](),
    )
    for question in chosen():
        ws.timezone = question.zone
        try:
            text = ws.statement(question.report, **question.given, **question.days)
        except QueryError as error:
            assert f"cannot be said in {dialect.engine}'s SQL" in error.message
            continue
        said[question.report] += 1
        *settings, statement = [each for each in sqlglot.parse(text, read=dialect.sqlglot) if each]
        assert [each.sql().split()[0].upper() for each in settings] == ["SET"] * len(dialect.session)
        left = [each.name for each in statement.find_all(sqlglot.exp.Anonymous) if each.name.startswith("_")]
        assert left == []
        assert "mixpanel" in text.lower()
    assert set(said) >= SAID_BY_ALL


@pytest.mark.parametrize(
    ("warehouse", "parts"),
    [
        ("bigquery", ["DATETIME(`time`, 'UTC')", "JSON_QUERY", "`mp_master_event`", "IGNORE NULLS"]),
        ("snowflake", ["CONVERT_TIMEZONE('UTC', ", "TRY_PARSE_JSON", '"MP_MASTER_EVENT"', "AS event_name"]),
        ("databricks", ["SET TIME ZONE 'UTC';", "try_element_at", "`mp_master_event`"]),
        ("trino", ["JSON_PARSE", "at_timezone", '"mp_master_event"']),
    ],
)
def test_a_funnel_over_the_tables_of_a_pipeline(warehouse: str, parts: list[str]) -> None:
    ws = over(warehouse, mapping="pipelines")
    text = ws.statement("funnel", steps=STEPS, where='properties["plan"] == "pro"', **DAYS)
    for part in [*parts, "resolved_distinct_id"]:
        assert part in text
    weeks = ws.statement("segmentation", event="Search", unit="week", **DAYS)
    assert WEEKS[warehouse] in weeks


def test_reports_do_not_run_on_a_warehouse_that_is_not_connected() -> None:
    ws = over("bigquery", mapping="pipelines")
    with pytest.raises(
        QueryError, match="BigQuery is not connected: its reports are said in SQL, and not run"
    ):
        ws.funnel(steps=STEPS, **DAYS)
    with pytest.raises(ParameterError, match="has no statement of its own"):
        ws.statement("why", date="2025-01-15", metric="Search")
    with pytest.raises(ParameterError, match="There is no report 'funel'"):
        ws.statement("funel", steps=STEPS)
    with pytest.raises(ParameterError, match="'postgres://x' is no URL of an engine"):
        Workspace.over("postgres://x")


def test_a_statement_is_what_runs(duck: Callable[[str], Workspace]) -> None:
    ws = duck("bare")
    for question in chosen():
        ws.timezone = question.zone
        given: dict[str, Any] = {**question.given, **question.days, "table": "events"}
        assert ws.statement(question.report, **given) == getattr(ws, question.report)(**given).sql
