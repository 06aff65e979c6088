"""What a report needs to know of a table: how each property can be read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

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
    """

    table: str
    properties: Mapping[str, PropertyColumn] = field(default_factory=dict)
    has_json: bool = True
    has_insert_id: bool = True
