"""``ClickHouseClient``: SQL on ClickHouse, in this process (chdb) or on a server (clickhouse-connect)."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ConfigError, QueryError
from mixpanel_nb.rows import MemoryRows
from mixpanel_nb.services.local.engines.client import TranslatingClient

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.analytics.dialects.translation import Dialect
    from mixpanel_nb.services.local.engines.of_lake import LakeView

_FORMAT = "JSONCompactEachRowWithNamesAndTypes"
_READING = {
    "output_format_json_quote_64bit_integers": 0,
    "output_format_json_quote_denormals": 1,
    "output_format_json_named_tuples_as_objects": 0,
    "max_query_size": 16_777_216,  # questions of many properties at once are long
}
_TYPES = {
    "String": "VARCHAR",
    "Bool": "BOOLEAN",
    "Float64": "DOUBLE",
    "Float32": "FLOAT",
    "Date": "DATE",
    "Date32": "DATE",
    "UUID": "UUID",
    **{
        f"Int{bits}": name
        for bits, name in ((8, "TINYINT"), (16, "SMALLINT"), (32, "INTEGER"), (64, "BIGINT"))
    },
    **{
        f"UInt{bits}": f"U{name}"
        for bits, name in ((8, "TINYINT"), (16, "SMALLINT"), (32, "INTEGER"), (64, "BIGINT"))
    },
    "Int128": "HUGEINT",
    "UInt128": "UHUGEINT",
    "Int256": "HUGEINT",
}
_OF_FILES = {
    "VARCHAR": "Nullable(String)",
    "BIGINT": "Nullable(Int64)",
    "DOUBLE": "Nullable(Float64)",
    "BOOLEAN": "Nullable(Bool)",
    "TIMESTAMPTZ": "Nullable(DateTime64(6, 'UTC'))",
}
_WRAPPED = re.compile(r"(?:Nullable|LowCardinality)\((.*)\)", re.DOTALL)
_MAX_MESSAGE = 300


@dataclass(frozen=True)
class ClickHouseClient(TranslatingClient):
    """A connection to ClickHouse.

    Attributes:
        connection: A session or connection of chdb, or a client of clickhouse-connect.
        owned: Whether :meth:`close` closes it.
    """

    connection: Any
    owned: bool = False
    engine = "ClickHouse"

    @property
    def dialect(self) -> Dialect:
        """See :class:`Client`."""
        from mixpanel_nb.analytics.dialects.clickhouse import CLICKHOUSE

        return CLICKHOUSE

    def columns(self, table: tuple[str, ...]) -> list[tuple[str, str]] | None:
        """See :class:`Client`."""
        name = ".".join(map(_quoted, table))
        try:
            described = self.run(f"DESCRIBE TABLE {name}", {})
        except QueryError as error:
            if "UNKNOWN_TABLE" in error.message or "UNKNOWN_DATABASE" in error.message:
                return None
            raise
        return [(row[0], duckdb_type(row[1])) for row in described.rows_]

    def show(self, view: LakeView) -> None:
        """See :class:`Client`. The files are those that ClickHouse can read by their paths."""
        types = ", ".join(f"{_quoted(each.field)} {_OF_FILES[each.sql_type]}" for each in view.fields)
        columns = ", ".join(f"{_quoted(each.field)} AS {_quoted(each.name)}" for each in view.fields)
        files = view.files[0] if len(view.files) == 1 else f"{{{','.join(view.files)}}}"
        folder = view.root.removeprefix("file://")
        source = f"file({_text(f'{folder}/{files}')}, Parquet, {_text(types)})"
        self.run(f"CREATE OR REPLACE VIEW {_quoted(view.name)} AS SELECT {columns} FROM {source}", {})

    def run(self, text: str, params: Mapping[str, Any]) -> MemoryRows:
        """See :class:`Client`."""
        lines = self._answer(text, params).splitlines()
        if len(lines) < 2:
            return MemoryRows([], [], [])
        names, types, *rows = map(json.loads, lines)
        readers = [_bare(kind) for kind in types]
        return MemoryRows(
            names,
            [duckdb_type(kind) for kind in types],
            [tuple(map(_value, row, readers)) for row in rows],
        )

    def _answer(self, text: str, params: Mapping[str, Any]) -> str:
        """The lines of an answer.

        Raises:
            QueryError: ClickHouse refuses it.
        """
        if hasattr(self.connection, "raw_query"):
            return self._of_server(text, params)
        if params:
            message = "chdb binds no values here."
            raise QueryError(message, hint="Write them into the SQL.")
        settings = ", ".join(f"{name} = {value}" for name, value in _READING.items())
        try:
            self.connection.query(f"SET {settings}")
            return str(self.connection.query(text, _FORMAT))
        except RuntimeError as error:
            raise QueryError(_message(error)) from None

    def _of_server(self, text: str, params: Mapping[str, Any]) -> str:
        from clickhouse_connect.driver.exceptions import ClickHouseError

        try:
            raw = self.connection.raw_query(text, parameters=dict(params), fmt=_FORMAT, settings=_READING)
        except ClickHouseError as error:
            raise QueryError(_message(error)) from None
        return bytes(raw).decode()

    def close(self) -> None:
        """See :class:`Client`."""
        if self.owned:
            self.connection.close()


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _text(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def opened(url: str) -> ClickHouseClient:
    """A client of its own: of the folder of a chdb session, ``clickhouse:///FOLDER``.

    Raises:
        ConfigError: chdb is missing, or there is no such folder.
    """
    try:
        session: Any = import_module("chdb.session")  # untyped
    except ImportError:
        from mixpanel_nb.services.local.engines.opening import missing

        raise missing("chdb", "clickhouse") from None
    place = url.partition("://")[2]
    try:
        return ClickHouseClient(session.Session(place) if place else session.Session(), owned=True)
    except RuntimeError as error:
        message = f"ClickHouse does not open {place}: {str(error).splitlines()[0][:_MAX_MESSAGE]}"
        raise ConfigError(message) from None


def _bare(kind: str) -> str:
    """A type without what says that it may be missing, or how it is stored."""
    while found := _WRAPPED.fullmatch(kind):
        kind = found[1]
    return kind


def duckdb_type(kind: str) -> str:
    """A type of ClickHouse as DuckDB calls it."""
    kind = _bare(kind)
    if kind.startswith("DateTime"):
        return "TIMESTAMP WITH TIME ZONE"
    if kind.startswith("Array("):
        return f"{duckdb_type(kind[6:-1])}[]"
    if kind.startswith("Decimal"):
        return kind.upper()
    if kind.startswith(("FixedString", "Enum")):
        return "VARCHAR"
    if kind.startswith(("Tuple", "Map", "Variant", "Dynamic", "JSON")):
        return "STRUCT()"
    return _TYPES.get(kind, kind.upper())


def _value(value: Any, kind: str) -> Any:
    """A value of the answer as DuckDB's client would give it.

    A list cannot be NULL there, and the mean of nothing is NaN.
    """
    if value is None:
        return None
    if kind.startswith("Float"):
        number = float(value)
        return None if math.isnan(number) else number
    if kind.startswith("DateTime"):
        return datetime.fromisoformat(value)
    if kind.startswith("Date"):
        return date.fromisoformat(value)
    if kind.startswith(("Int", "UInt")):
        return int(value)
    if kind.startswith("Array("):
        items = [_value(item, _bare(kind[6:-1])) for item in value]
        return items if any(item is not None for item in items) else None
    return value


def _message(error: Exception) -> str:
    """What ClickHouse says, without where in its code."""
    text = " ".join(str(error).split())
    text = re.sub(r"^Code: \d+\. |DB::Exception: ", "", text)
    return f"ClickHouse: {text[:_MAX_MESSAGE]}"
