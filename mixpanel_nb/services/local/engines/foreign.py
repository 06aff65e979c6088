"""``DuckDBClient``: SQL on a handed-in connection of DuckDB, in settings under which it answers truly."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_nb.analytics.dialects.said import Said
from mixpanel_nb.errors import ConfigError
from mixpanel_nb.files.system import expanded
from mixpanel_nb.rows import MemoryRows
from mixpanel_nb.services.local.engines.client import no_lake_on, parts_of
from mixpanel_nb.storage.explain import explain, headline
from mixpanel_nb.storage.sqltext import identifier, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_nb.analytics.dialects.said import Relation
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.services.local.engines.of_lake import LakeView

SETTINGS = {
    "TimeZone": "UTC",
    "default_null_order": "NULLS_LAST",
    "default_order": "ASCENDING",
    "integer_division": "false",
    "python_enable_replacements": "false",  # a table that is not there is no variable of ours
}
"""What a connection must be set to while a statement runs; afterwards it is as it was."""


@dataclass(frozen=True)
class DuckDBClient:
    """A connection of DuckDB.

    Attributes:
        connection: The connection.
        owned: Whether :meth:`close` closes it.
    """

    connection: duckdb.DuckDBPyConnection
    owned: bool = False
    engine = "DuckDB"
    json_is_text = False

    def written(self, table: str) -> str:
        """See :class:`Client`."""
        return ".".join(map(identifier, parts_of(table)))

    def say(self, statement: Statement, relations: Mapping[str, Relation]) -> Said:
        """See :class:`Client`. Statements are DuckDB's already."""
        del relations
        return Said(statement.text, statement.params, statement.rendered())

    def columns(self, table: tuple[str, ...]) -> list[tuple[str, str]] | None:
        """See :class:`Client`."""
        try:
            found = self._answer(f"DESCRIBE SELECT * FROM {'.'.join(map(identifier, table))}", {})
        except (duckdb.CatalogException, duckdb.BinderException):
            return None
        except duckdb.Error as error:
            raise explain(error) from None
        return [(row[0], row[1]) for row in found.rows_]

    def run(self, text: str, params: Mapping[str, Any]) -> MemoryRows:
        """See :class:`Client`."""
        try:
            return self._answer(text, params)
        except duckdb.Error as error:
            raise explain(error) from None

    def _answer(self, statement: str, params: Mapping[str, Any]) -> MemoryRows:
        with settings(self.connection):
            done = self.connection.execute(statement, dict(params) or None)
            described = done.description or []
            rows = done.fetchall()
        return MemoryRows([each[0] for each in described], [str(each[1]) for each in described], rows)

    def parameter_names(self, text: str) -> set[str]:
        """See :class:`Client`: values are written ``$name``."""
        try:
            return {
                name for each in self.connection.extract_statements(text) for name in each.named_parameters
            }
        except duckdb.Error:
            return set()  # running it tells what is wrong

    def show(self, view: LakeView) -> None:
        """See :class:`Client`. A workspace of its own reads lakes."""
        raise no_lake_on(self.engine, view)

    def close(self) -> None:
        """See :class:`Client`."""
        if self.owned:
            self.connection.close()


_one_at_a_time = threading.RLock()


@contextmanager
def settings(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """The connection in :data:`SETTINGS`, and as it was afterwards."""
    with _one_at_a_time:
        shown = ", ".join(f"CAST(current_setting({text(name)}) AS VARCHAR)" for name in SETTINGS)
        (found,) = connection.execute(f"SELECT {shown}").fetchall()
        before = {
            name: value
            for name, value in zip(SETTINGS, found, strict=True)
            if value.lower() != SETTINGS[name].lower()
        }
        try:
            for name in before:
                connection.execute(f"SET {name} = {text(SETTINGS[name])}")
            yield
        finally:
            for name, value in before.items():
                connection.execute(f"SET {name} = {text(value)}")


def opened(url: str) -> DuckDBClient:
    """A client of its own of a database file, which it reads: ``duckdb:///PATH``.

    Raises:
        ConfigError: it cannot be opened.
    """
    file = expanded(url.partition("://")[2])
    try:
        return DuckDBClient(duckdb.connect(str(file), read_only=True), owned=True)
    except duckdb.Error as error:
        hint = "Name a database file of DuckDB that is there."
        raise ConfigError(headline(error), hint=hint) from None
