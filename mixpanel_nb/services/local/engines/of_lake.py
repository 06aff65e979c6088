"""Tables of a lake on another engine: their files as views there, with what the lake records of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.storage.ledger import Entries
from mixpanel_nb.storage.schema import BASE_COLUMNS, ROW_NUMBER

if TYPE_CHECKING:
    from mixpanel_nb.files.places import Place
    from mixpanel_nb.storage.lake.table import Snapshot

_TIMES = ("event_time", "last_seen")


@dataclass(frozen=True)
class Field:
    """A field of files, as a column.

    Attributes:
        field: Its name in the files.
        sql_type: Its type there, as DuckDB calls it.
        name: The name of the column.
    """

    field: str
    sql_type: str
    name: str


@dataclass(frozen=True)
class LakeView:
    """A table of a lake as of one commit.

    Attributes:
        name: Its name.
        files: Its files, as paths in their folder.
        root: The URL of the folder.
        fields: Its columns.
        json: The columns that hold JSON as text.
        entries: What is recorded of it.
    """

    name: str
    files: tuple[str, ...]
    root: str
    fields: tuple[Field, ...]
    json: frozenset[str]
    entries: Entries


def views_of(place: Place) -> dict[str, LakeView]:
    """The tables of a lake, by name.

    Properties whose values outgrew the type of their column have none here: reports read their JSON.

    Raises:
        StorageError: there is no lake.
        ConfigError: ``deltalake`` is not installed.
    """
    from mixpanel_nb.storage.lake.engine import LakeStorage

    tables = LakeStorage(place).lake_tables()
    known = {name: table.snapshot() for name, table in tables.items()}
    return {
        name: _view(name, _url(place.table(name)), snapshot)
        for name, snapshot in known.items()
        if snapshot is not None
    }


def _view(name: str, root: str, snapshot: Snapshot) -> LakeView:
    record = snapshot.record
    kept = [column for column in record.columns if not column.is_outgrown]
    fields = [
        *(
            Field(each, "TIMESTAMPTZ" if each in _TIMES else "VARCHAR", each)
            for each in BASE_COLUMNS[record.type]
        ),
        *(Field(column.field, column.file_type, column.name) for column in kept),
        Field(ROW_NUMBER, "BIGINT", ROW_NUMBER),
    ]
    return LakeView(
        name,
        tuple(file.name for file in snapshot.files),
        root,
        tuple(fields),
        frozenset(column.name for column in kept if column.column.sql_type == "JSON"),
        Entries(record.metadata(snapshot.rows), record.chunks, [column.column for column in kept]),
    )


def _url(place: Place) -> str:
    """The place as engines take it."""
    return place.address if place.folder is None else f"file://{place.folder}"
