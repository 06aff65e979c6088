"""Tables of the engine's own that are made when there is something to keep in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import duckdb


@dataclass(frozen=True)
class KeptTable:
    """A table of what is kept with other tables.

    Attributes:
        name: Its name.
        columns: The type of each column; ``table_name`` is the table that a row belongs to.
    """

    name: str
    columns: Mapping[str, str]

    def exists(self, con: duckdb.DuckDBPyConnection) -> bool:
        """Whether there is this table, and not one of its name with other columns."""
        rows = con.execute(
            "SELECT column_count FROM duckdb_tables() WHERE database_name = current_catalog() "
            "AND schema_name = 'main' AND table_name = $name",
            {"name": self.name},
        ).fetchall()
        return rows == [(len(self.columns),)]

    def rows(self, con: duckdb.DuckDBPyConnection, order: str) -> list[tuple[Any, ...]]:
        """The rows of tables that are still there, ordered by a column."""
        if not self.exists(con):
            return []
        return con.execute(
            f"SELECT {', '.join(self.columns)} FROM {self.name} WHERE lower(table_name) IN "
            "(SELECT lower(table_name) FROM duckdb_tables() WHERE database_name = current_catalog()) "
            f"ORDER BY {order}"
        ).fetchall()

    def add(self, con: duckdb.DuckDBPyConnection, rows: Iterable[Sequence[Any]]) -> None:
        """Add rows; makes the table if it is not there."""
        definition = ", ".join(f"{name} {kind}" for name, kind in self.columns.items())
        con.execute(f"CREATE TABLE IF NOT EXISTS {self.name} ({definition})")
        places = ", ".join("?" for _ in self.columns)
        con.executemany(f"INSERT INTO {self.name} VALUES ({places})", list(rows))

    def forget(self, con: duckdb.DuckDBPyConnection, table: str) -> None:
        """Remove the rows that belong to a table."""
        if self.exists(con):
            con.execute(f"DELETE FROM {self.name} WHERE lower(table_name) = lower($table)", {"table": table})
