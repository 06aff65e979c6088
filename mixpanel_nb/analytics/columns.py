"""The columns of a table: how reports read each property."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mixpanel_nb.analytics.sql import INDENT, identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

_BEHIND_ALL = 2**62
"""More than the number of any row that was sorted."""

EVENT_KEY = "event_name, distinct_id, event_time, insert_id"
"""What is the same in all copies of an event."""

_INGESTED = (
    "greatest(TRY_CAST(properties->>'/mp_processing_time_ms' AS BIGINT), "
    "TRY_CAST(properties->>'/$mp_api_timestamp_ms' AS BIGINT))"
)
_INGESTED_COLUMNS = ("mp_processing_time_ms", "$mp_api_timestamp_ms", "mp_api_timestamp_ms")

Holds = Literal["text", "double", "float", "integer", "decimal", "boolean", "moment", "json"]


@dataclass(frozen=True)
class PropertyColumn:
    """A column that contains every value of one property.

    Attributes:
        name: The column's name.
        holds: The type of its values: ``double``, ``integer`` and ``decimal`` are numbers, ``float``
            numbers among which NaN and infinities may be, ``moment`` a timestamp in UTC, ``json`` any kind of
            value, as JSON.
    """

    name: str
    holds: Holds


@dataclass(frozen=True)
class TableColumns:
    """The columns of a table of events or profiles.

    Attributes:
        table: Its name.
        properties: Properties with their own column.
        has_json: Whether a column ``properties`` holds all of them as JSON.
        has_insert_id: Whether there is an ``insert_id`` that identifies events.
        read_as: SQL of each column, by the name that statements give it, where some have other types than
            those of a fetched table (a day, a number for a user); empty if none needs a conversion.
        order: The column that increases in the order in which rows were sent and orders events of the same
            time; None if unknown.
        sent: The column that comes before ``order`` for that, of a table that was sorted since; NULL in rows
            that were added later, which were sent later.
        distinct: Whether rows that are copies of one event are read as one, the most recently ingested, as
            Mixpanel's reports do (https://docs.mixpanel.com/reference/event-deduplication).
        identities: SQL of the resolved ids (``distinct_id``, ``resolved_id``) by which ``distinct_id`` is
            read; None for ids as they are.
        one_each: Whether there is one row for each resolved id: that of the id itself, or else of the first.
        relation: SQL of the table for ``FROM``; None for its name.
    """

    table: str
    properties: Mapping[str, PropertyColumn] = field(default_factory=dict)
    has_json: bool = True
    has_insert_id: bool = True
    order: str | None = None
    sent: str | None = None
    read_as: Mapping[str, str] = field(default_factory=dict)
    distinct: bool = False
    identities: str | None = None
    one_each: bool = False
    relation: str | None = None

    def source(self, indent: str = "") -> str:
        """SQL of the table for ``FROM``, at ``indent``."""
        if self.identities is None:
            return self._events(indent)
        inner = f"\n{indent}{INDENT}"
        number = f", _raw.{identifier(self.order)}" if self._order_is_hidden and not self.distinct else ""
        user = "coalesce(_ids.resolved_id, _raw.distinct_id)"
        lines = [
            f"SELECT _raw.* REPLACE ({user} AS distinct_id){number}",
            f"FROM {self._events(indent + INDENT)} AS _raw",
            f"LEFT JOIN {self.identities} AS _ids ON _ids.distinct_id = _raw.distinct_id",
        ]
        if self.one_each:
            own = "_ids.resolved_id IS NOT NULL, _raw.distinct_id"
            lines.append(f"QUALIFY row_number() OVER (PARTITION BY {user} ORDER BY {own}) = 1")
        return f"({inner}{inner.join(lines)}\n{indent})"

    @property
    def everything(self) -> str:
        """SQL of the columns of the table, which a statement calls ``e``, except what only orders rows."""
        added = self._order_is_hidden and (self.identities is not None or self.distinct)
        left_out = [name for name in (self.order if added else None, self.sent) if name is not None]
        return f"e.* EXCLUDE ({', '.join(map(identifier, left_out))})" if left_out else "e.*"

    def place(self, alias: str = "") -> str:
        """SQL of a number that orders events of the same time as they were sent; NULL if that is unknown."""
        prefix = f"{alias}." if alias else ""
        if self.order is None:
            return "NULL"
        place = f"{prefix}{identifier(self.order)}"
        if self.sent is None:
            return place
        return f"coalesce({prefix}{identifier(self.sent)}, {place} + {_BEHIND_ALL})"

    def resolved(self, ids: str) -> str:
        """A query of ids (SQL) with the column ``distinct_id``, as the table's ids are read."""
        if self.identities is None:
            return ids
        return (
            "(SELECT DISTINCT coalesce(_ids.resolved_id, _own.distinct_id) AS distinct_id "
            f"FROM {ids} AS _own LEFT JOIN {self.identities} AS _ids "
            "ON _ids.distinct_id = _own.distinct_id)"
        )

    @property
    def _order_is_hidden(self) -> bool:
        """Whether ``SELECT *`` of the table leaves out the column of its order."""
        return self.order is not None and not self.read_as

    def _events(self, indent: str) -> str:
        """SQL of the table with the ids that its rows carry."""
        return self._once(indent) if self.distinct else self._rows(indent)

    def _once(self, indent: str) -> str:
        """SQL of the table with one row an event."""
        inner = f"\n{indent}{INDENT}"
        columns = "_rows.*"
        if self._order_is_hidden:
            order = identifier(self.order or "")
            columns += f", _rows.{order} AS {order}"
        newest = [f"{ingested} DESC NULLS LAST" for ingested in self._ingested()]
        newest += [f"{self.place('_rows')} DESC"] if self.order is not None else []
        last = f" ORDER BY {', '.join(newest)}" if newest else ""
        number = f"row_number() OVER (PARTITION BY {EVENT_KEY}{last})"
        rows = self._rows(indent + INDENT)
        return (
            f"({inner}SELECT * EXCLUDE (_copy)"
            f"{inner}FROM (SELECT {columns}, {number} AS _copy FROM {rows} AS _rows) AS _copies"
            f"{inner}WHERE _copy = 1 OR insert_id IS NULL\n{indent})"
        )

    def _ingested(self) -> list[str]:
        """SQL of when a row was ingested, from the JSON or else from columns."""
        if self.has_json:
            return [_INGESTED]
        names = [self.properties[name].name for name in _INGESTED_COLUMNS if name in self.properties]
        return [f"TRY_CAST(CAST({identifier(name)} AS VARCHAR) AS BIGINT)" for name in names]

    def _rows(self, indent: str) -> str:
        table = self.relation or identifier(self.table)
        if not self.read_as:
            return table
        inner = f"\n{indent}{INDENT}"
        columns = f",{inner}{INDENT}".join(
            f"{sql} AS {identifier(name)}" for name, sql in self.read_as.items()
        )
        return f"({inner}SELECT{inner}{INDENT}{columns}{inner}FROM {table}\n{indent})"

    def in_order(self, alias: str = "") -> list[str]:
        """The columns by which events of a user are ordered: time, then the order of sending if known."""
        prefix = f"{alias}." if alias else ""
        ties = ["insert_id", "event_name"] if self.has_insert_id else ["event_name"]
        if self.order is not None:
            ties = [identifier(name) for name in (self.sent, self.order) if name is not None]
        return [f"{prefix}{name}" for name in ("event_time", *ties)]
