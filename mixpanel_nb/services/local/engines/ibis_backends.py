"""Connections of Ibis: what they connect to, or a client that hands them SQL of their engine."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.dialects.names import dialect_of
from mixpanel_nb.errors import ParameterError, QueryError
from mixpanel_nb.rows import MemoryRows
from mixpanel_nb.services.local.engines.client import TranslatingClient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mixpanel_nb.analytics.dialects.translation import Dialect
    from mixpanel_nb.services.local.engines.client import Client

WAREHOUSES = ("bigquery", "databricks", "snowflake", "trino")
"""The backends that are handed SQL; none of them was run by us."""

_MAX_MESSAGE = 300
_TYPES = {
    "string": "VARCHAR",
    "boolean": "BOOLEAN",
    "int8": "TINYINT",
    "int16": "SMALLINT",
    "int32": "INTEGER",
    "int64": "BIGINT",
    "float32": "FLOAT",
    "float64": "DOUBLE",
    "date": "DATE",
    "json": "VARIANT",
}
_OF_VALUES = {bool: "BOOLEAN", int: "BIGINT", float: "DOUBLE"}


def client_of(backend: Any) -> Client:
    """The client of a connection of Ibis.

    Raises:
        ParameterError: reports are not said in the SQL of its engine.
    """
    from mixpanel_nb.services.local.engines.clickhouse import ClickHouseClient
    from mixpanel_nb.services.local.engines.foreign import DuckDBClient
    from mixpanel_nb.services.local.engines.spark import SparkClient

    match backend.name:
        case "duckdb":
            return DuckDBClient(backend.con)
        case "pyspark":
            return SparkClient(backend._session)
        case "clickhouse":
            return ClickHouseClient(backend.con)
        case name if name in WAREHOUSES:
            return IbisClient(backend)
    known = ", ".join(sorted(("duckdb", "pyspark", "clickhouse", *WAREHOUSES)))
    message = f"Reports are not said in the SQL of {backend.name}."
    hint = f"Ibis connections are taken of {known}."
    raise ParameterError(message, parameter="connection", value=backend.name, hint=hint)


@dataclass(frozen=True)
class IbisClient(TranslatingClient):
    """A connection of Ibis to a warehouse.

    Attributes:
        backend: The connection.
    """

    backend: Any

    @property
    def dialect(self) -> Dialect:
        """See :class:`Client`."""
        return dialect_of(self.backend.name)

    def columns(self, table: tuple[str, ...]) -> list[tuple[str, str]] | None:
        """See :class:`Client`."""
        exceptions: Any = import_module("ibis.common.exceptions")
        *outer, name = table
        place: Any = tuple(outer) if len(outer) > 1 else outer[0] if outer else None
        try:
            schema = self.backend.table(name, database=place).schema()
        except exceptions.TableNotFound:
            return None
        return [(column, duckdb_type(str(kind))) for column, kind in schema.items()]

    def run(self, text: str, params: Mapping[str, Any]) -> MemoryRows:
        """See :class:`Client`."""
        if params:
            message = "Ibis binds no values here."
            raise QueryError(message, hint="Write them into the SQL.")
        try:
            for setting in self.dialect.session:
                self.backend.raw_sql(setting)
            return _rows_of(self.backend.raw_sql(text))
        except Exception as error:  # noqa: BLE001 - each driver has errors of its own
            line = str(error).strip().split("\n")[0][:_MAX_MESSAGE]
            message = f"{self.engine}: {line}"
            raise QueryError(message) from None

    def close(self) -> None:
        """See :class:`Client`. It was handed in."""


def _rows_of(answer: Any) -> MemoryRows:
    """The rows of a cursor, or those that BigQuery's client iterates over."""
    if hasattr(answer, "fetchall"):
        names = [each[0] for each in answer.description or ()]
        rows = [tuple(row) for row in answer.fetchall()]
    else:
        names = [each.name for each in answer.schema]
        rows = [tuple(row.values()) for row in answer]
    return MemoryRows(names, [_type_of(rows, place) for place in range(len(names))], rows)


def _type_of(rows: Sequence[tuple[Any, ...]], place: int) -> str:
    value = next((row[place] for row in rows if row[place] is not None), None)
    return _OF_VALUES.get(type(value), "VARCHAR")


def duckdb_type(kind: str) -> str:
    """A type of Ibis as DuckDB calls it."""
    kind = kind.removeprefix("!")
    if kind.startswith("timestamp"):
        return "TIMESTAMP WITH TIME ZONE" if "'" in kind else "TIMESTAMP"
    if kind.startswith("array<"):
        return f"{duckdb_type(kind[6:-1])}[]"
    if kind.startswith("decimal"):
        return kind.upper()
    if kind.startswith(("struct<", "map<")):
        return "STRUCT()"
    return _TYPES.get(kind, kind.upper())
