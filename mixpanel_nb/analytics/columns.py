"""What a report needs to know of a table: how each property can be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mixpanel_nb.analytics.sql import INDENT, identifier

if TYPE_CHECKING:
    from collections.abc import Mapping

Holds = Literal["text", "double", "float", "integer", "decimal", "boolean", "moment", "json"]


@dataclass(frozen=True)
class PropertyColumn:
    """A column that holds every value of one property.

    Attributes:
        name: The column's name.
        holds: What all of its values are: ``double``, ``integer`` and ``decimal`` are numbers, ``float``
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
        properties: Properties that have a column of their own.
        has_json: Whether a column ``properties`` holds all of them as JSON.
        has_insert_id: Whether events can be told apart by ``insert_id``.
        read_as: SQL of each column, by the name that statements give it, where some have other types than
            those of a fetched table (a day, a number for a user); empty where all can be read as they are.
        order: The column that grows in the order in which rows were sent, by which events of one time follow
            each other; None where nobody knows.
    """

    table: str
    properties: Mapping[str, PropertyColumn] = field(default_factory=dict)
    has_json: bool = True
    has_insert_id: bool = True
    order: str | None = None
    read_as: Mapping[str, str] = field(default_factory=dict)

    def source(self, indent: str = "") -> str:
        """The table as statements read it, to stand in ``FROM`` at ``indent``."""
        if not self.read_as:
            return identifier(self.table)
        inner = f"\n{indent}{INDENT}"
        columns = f",{inner}{INDENT}".join(
            f"{sql} AS {identifier(name)}" for name, sql in self.read_as.items()
        )
        return f"({inner}SELECT{inner}{INDENT}{columns}{inner}FROM {identifier(self.table)}\n{indent})"

    def in_order(self, alias: str = "") -> list[str]:
        """The columns by which events of a user are ordered: by time, and what breaks a tie."""
        prefix = f"{alias}." if alias else ""
        ties = ["insert_id"] if self.has_insert_id else []
        return [f"{prefix}{name}" for name in ("event_time", *ties, "event_name")]
