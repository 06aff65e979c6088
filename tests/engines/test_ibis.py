"""Connections of Ibis: the engine that they connect to is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import ibis
import pytest

from mixpanel_nb import ParameterError, QueryError, Workspace
from mixpanel_nb.services.local.engines.ibis_backends import IbisClient, duckdb_type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.services.local.engines.elsewhere import ElsewhereEngine

# Of Ibis itself, with DuckDB 2.0.
pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

DAY: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-06"}


@pytest.fixture
def connection() -> Iterator[Any]:
    made = ibis.duckdb.connect()
    made.raw_sql("CREATE SCHEMA shop")
    made.raw_sql(
        "CREATE TABLE shop.events AS SELECT 'Buy' AS event_name, TIMESTAMP '2025-01-06 10:00' AS event_time, "
        "'ann' AS distinct_id, '{\"plan\": \"pro\"}'::JSON AS properties"
    )
    yield made
    made.disconnect()


def test_a_connection_to_duckdb_is_asked(connection: Any) -> None:
    ws = Workspace.over(connection, events="shop.events", account="sandbox")
    result = ws.segmentation("Buy", on="plan", **DAY)
    assert result.totals == {"pro": 1}
    assert ws.sql_scalar("SELECT count(*) FROM shop.events") == 1


def test_what_a_warehouse_is_asked_goes_through_ibis(
    connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trino's SQL of a plain question is DuckDB's too, so that DuckDB can stand for Trino."""
    monkeypatch.setattr(type(connection), "name", "trino")
    ws = Workspace.over(connection, events="shop.events", account="sandbox")
    assert isinstance(cast("ElsewhereEngine", ws._engine).client, IbisClient)
    assert {each.name: each.type for each in ws.schema("shop.events")}["event_time"] == "TIMESTAMP"
    assert ws.sql("SELECT 1.5 AS n, 'x' AS t").to_dict("records") == [{"n": 1.5, "t": "x"}]
    assert ws.info().tables[0].row_count == 1
    with pytest.raises(QueryError, match=r"^Trino: .*nowhere"):
        ws.sql("SELECT nowhere")
    with pytest.raises(QueryError, match="binds no values"):
        ws.sql("SELECT :a", {"a": 1})


def test_a_connection_to_another_engine_is_refused(connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(connection), "name", "postgres")
    with pytest.raises(ParameterError, match="Reports are not said in the SQL of postgres"):
        Workspace.over(connection)


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("!string", "VARCHAR"),
        ("timestamp(6)", "TIMESTAMP"),
        ("timestamp('UTC', 6)", "TIMESTAMP WITH TIME ZONE"),
        ("array<int64>", "BIGINT[]"),
        ("decimal(38, 9)", "DECIMAL(38, 9)"),
        ("struct<a: string>", "STRUCT()"),
        ("json", "VARIANT"),
    ],
)
def test_types_are_those_of_duckdb(theirs: str, ours: str) -> None:
    assert duckdb_type(theirs) == ours
