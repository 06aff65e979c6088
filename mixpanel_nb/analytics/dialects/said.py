"""A statement as an engine takes it, and the tables that it names there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Relation:
    """A table of another engine.

    Attributes:
        name: Its name there, in parts: catalog, schema, table.
        columns: Its columns, by name.
    """

    name: tuple[str, ...]
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Said:
    """A statement of another engine.

    Attributes:
        text: The SQL, with values by name where the engine binds them.
        params: Their values.
        shown: The SQL with all values written out.
    """

    text: str
    params: Mapping[str, Any]
    shown: str
