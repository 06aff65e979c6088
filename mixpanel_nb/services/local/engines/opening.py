"""The client of what a user hands in: a session, a connection, or the URL of one."""

from __future__ import annotations

import re
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from mixpanel_nb.errors import ConfigError, ParameterError
from mixpanel_nb.services.local.engines.client import TranslatingClient

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.services.local.engines.client import Client

_HERE = "mixpanel_nb.services.local.engines"

CONNECTIONS = {
    "pyspark": f"{_HERE}.spark:SparkClient",
    "chdb": f"{_HERE}.clickhouse:ClickHouseClient",
    "clickhouse_connect": f"{_HERE}.clickhouse:ClickHouseClient",
    "duckdb": f"{_HERE}.foreign:DuckDBClient",
    "_duckdb": f"{_HERE}.foreign:DuckDBClient",
    "ibis": f"{_HERE}.ibis_backends:client_of",
}
"""What makes a client of a connection, by the package that the connection is of."""

SCHEMES = {
    "spark": f"{_HERE}.spark:opened",
    "sc": f"{_HERE}.spark:opened",
    "clickhouse": f"{_HERE}.clickhouse:opened",
    "duckdb": f"{_HERE}.foreign:opened",
    **dict.fromkeys(("bigquery", "databricks", "snowflake", "trino"), f"{_HERE}.unconnected:opened"),
}
"""What opens a client, by the scheme of a URL; it takes the URL without its query."""

_URL = re.compile(r"([a-z][a-z0-9+.-]*)://(.*)", re.DOTALL)
_GIVEN = ("events", "profiles", "mapping", "lake")


def client_of(connection: Any) -> Client:
    """The client of a session or connection.

    Raises:
        ParameterError: it is of none of the engines that there are.
        ConfigError: sqlglot is missing.
    """
    for kind in type(connection).__mro__:
        place = CONNECTIONS.get(kind.__module__.partition(".")[0])
        if place is not None:
            client: Client = _found(place)(connection)
            _check_translator(client)
            return client
    message = (
        f"A {type(connection).__module__}.{type(connection).__qualname__} is no engine that reports know."
    )
    known = "DuckDB, chdb, clickhouse-connect or Ibis"
    hint = f"Give a Spark session (classic or Connect), or a connection of {known}."
    raise ParameterError(message, parameter="connection", value=str(type(connection)), hint=hint)


def scheme_of(text: str) -> str | None:
    """The scheme of an engine's URL; None for the path of a file."""
    found = _URL.fullmatch(text)
    return found[1] if found is not None and found[1] in SCHEMES else None


def given_in(url: str) -> dict[str, str]:
    """What the query of a URL says (``?events=…&profiles=…&mapping=…`` or ``?lake=…``).

    Raises:
        ParameterError: the URL has another query.
    """
    given = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
    for name in given:
        if name not in _GIVEN:
            message = f"{name!r} in the URL of an engine names nothing."
            hint = (
                "It may name tables and a mapping, ?events=catalog.schema.table&profiles=…&mapping=…, "
                "or a lake, ?lake=/its/folder"
            )
            raise ParameterError(message, parameter="path", value=url, hint=hint)
    return given


def opened(url: str) -> Client:
    """The client of a URL.

    Raises:
        ConfigError: the engine's package is missing, or it cannot be reached.
    """
    client: Client = _found(SCHEMES[str(scheme_of(url))])(url.partition("?")[0])
    _check_translator(client)
    return client


def _found(place: str) -> Callable[[Any], Any]:
    module, _, name = place.partition(":")
    found: Callable[[Any], Any] = getattr(import_module(module), name)
    return found


def _check_translator(client: Client) -> None:
    """Check that statements can be said in the engine's SQL.

    Raises:
        ConfigError: sqlglot is missing.
    """
    if isinstance(client, TranslatingClient) and find_spec("sqlglot") is None:
        raise missing("sqlglot", "spark")


def missing(package: str, extra: str) -> ConfigError:
    """The error that an engine's package is not installed."""
    message = f"The package {package} is missing."
    return ConfigError(message, hint=f'Install it: pip install "mixpanel-nb[{extra}]"')
