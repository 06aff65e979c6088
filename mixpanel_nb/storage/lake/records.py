"""What is recorded of a lake's table: its origin, its fetched chunks, its columns. As JSON, in one object."""

from __future__ import annotations

import builtins
import json
import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import StorageError
from mixpanel_nb.storage.kinds import Kinds
from mixpanel_nb.storage.ledger import Chunk, Source, TableMetadata
from mixpanel_nb.storage.schema import BASE_COLUMNS, ROW_NUMBER, PropertyColumn, column_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mixpanel_nb.storage.schema import TableType

FORMAT = 1
DAY = "day"  # the column by which events are partitioned
ADDED: dict[TableType, tuple[str, ...]] = {"events": (DAY, ROW_NUMBER), "profiles": (ROW_NUMBER,)}
"""The columns of a lake's table that a fetched table does not have."""

# Spark takes no field with a space or one of ,;{}()= in its name.
_NOT_IN_A_FIELD = re.compile(r"[^\w$]")
_PHYSICAL = {"JSON": "VARCHAR"}


@dataclass(frozen=True)
class LakeColumn:
    """A typed column of a lake's table.

    Its type in the files is that of the first chunk. A value of another type that came later is NULL there,
    and reports read the property from the JSON.

    Attributes:
        property: The property's exact name.
        name: The column's name in SQL, as a fetched table would have it.
        field: Its name in the files.
        kinds: Every JSON kind that the property is known to hold.
        raw: See ``PropertyColumn``.
        first: The kinds by which its type was chosen.
    """

    property: str
    name: str
    field: str
    kinds: Kinds
    raw: bool
    first: Kinds

    @builtins.property
    def column(self) -> PropertyColumn:
        """It as a column of a fetched table."""
        return PropertyColumn(self.property, self.name, self.kinds, self.raw)

    @builtins.property
    def stored_type(self) -> str:
        """The DuckDB type of its values, as they are in the files."""
        return self.first.sql_type

    @builtins.property
    def file_type(self) -> str:
        """The DuckDB type of the field in the files, which hold JSON as text."""
        return _PHYSICAL.get(self.stored_type, self.stored_type)

    @builtins.property
    def is_outgrown(self) -> bool:
        """Whether its type in the files does not hold every value."""
        return self.kinds.sql_type != self.stored_type

    @builtins.property
    def retyped(self) -> LakeColumn:
        """It with a type that holds every value."""
        return replace(self, first=self.kinds)


@dataclass(frozen=True)
class Record:
    """What is recorded of a lake's table.

    Attributes:
        type: ``events`` or ``profiles``.
        source: The project that its rows are from.
        filters: The filters of all of its fetches, as canonical JSON.
        fetched_at: When its latest chunk was stored (UTC).
        columns: Its typed columns.
        chunks: Its fetched chunks, in the order they came.
        request: The request of the last fetch.
        unfinished: Requests of which a part is stored, and a part is not.
        timezone: The project's time zone.
        legacy_zone: The zone of its days, see ``TableMetadata``.
    """

    type: TableType
    source: Source | None
    filters: str
    fetched_at: datetime
    columns: tuple[LakeColumn, ...] = ()
    chunks: tuple[Chunk, ...] = ()
    request: Mapping[str, Any] = field(default_factory=dict)
    unfinished: tuple[Mapping[str, Any], ...] = ()
    timezone: str | None = None
    legacy_zone: str | None = None

    @property
    def is_partitioned(self) -> bool:
        """Whether its rows are partitioned by day."""
        return self.type == "events"

    def metadata(self, rows: int) -> TableMetadata:
        """The record as that of a fetched table with so many rows."""
        days = sorted(day for chunk in self.chunks for day in (chunk.from_date, chunk.to_date) if day)
        return TableMetadata(
            self.type,
            self.fetched_at,
            days[0] if days else None,
            days[-1] if days else None,
            rows,
            json.loads(self.filters),
            complete=not self.unfinished,
            request=self.request,
            source=self.source,
            timezone=self.timezone,
            legacy_zone=self.legacy_zone,
        )

    def with_chunks(self, added: Sequence[Chunk]) -> Record:
        """The record with chunks added; earlier ones of the same days are left out."""
        days = {day: chunk.fetched_at for chunk in added for day in chunk.days()}
        kept = (chunk for chunk in self.chunks if self.is_partitioned and not _is_within(chunk, days))
        return replace(self, chunks=(*kept, *added))

    def fetched_after(self, days: Mapping[date, datetime]) -> set[date]:
        """The days that were fetched later than at these moments."""
        return {
            day
            for chunk in self.chunks
            for day in chunk.days()
            if day in days and chunk.fetched_at > days[day]
        }

    def with_kinds(self, found: Iterable[PropertyColumn]) -> Record:
        """The record with the kinds of the columns of chunks added."""
        kinds: defaultdict[str, Kinds] = defaultdict(lambda: Kinds.NONE)
        raw = set()
        for column in found:
            kinds[column.property] |= column.kinds
            if column.raw:
                raw.add(column.property)
        columns = (
            replace(each, kinds=each.kinds | kinds[each.property], raw=each.raw or each.property in raw)
            for each in self.columns
        )
        return replace(self, columns=tuple(columns))

    def to_json(self) -> bytes:
        """The record as an object of the lake."""
        fields = {
            "format": FORMAT,
            "type": self.type,
            "source": None if self.source is None else vars(self.source),
            "filters": self.filters,
            "columns": [_column_to_json(column) for column in self.columns],
            "chunks": [_chunk_to_json(chunk) for chunk in self.chunks],
            "request": dict(self.request),
            "unfinished": [dict(request) for request in self.unfinished],
            "fetched_at": self.fetched_at.isoformat(),
            "timezone": self.timezone,
            "legacy_zone": self.legacy_zone,
        }
        return json.dumps(fields, indent=1).encode()

    @classmethod
    def from_json(cls, content: bytes, where: str) -> Record:
        """The record that :meth:`to_json` wrote.

        Raises:
            StorageError: it is none, or of a later version.
        """
        try:
            fields = json.loads(content)
            if fields.pop("format") > FORMAT:
                message = f"{where} was written by a later version of mixpanel_nb."
                raise StorageError(message, hint="Install that version, or a later one.")
            source = fields.pop("source")
            return cls(
                source=None if source is None else Source(**source),
                columns=tuple(_column_from_json(column) for column in fields.pop("columns")),
                chunks=tuple(_chunk_from_json(chunk) for chunk in fields.pop("chunks")),
                unfinished=tuple(fields.pop("unfinished")),
                fetched_at=datetime.fromisoformat(fields.pop("fetched_at")),
                **fields,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            message = f"The record of {where} cannot be read."
            raise StorageError(message, hint="Fetch into another lake.") from None


def lake_columns(table_type: TableType, columns: Sequence[PropertyColumn]) -> tuple[LakeColumn, ...]:
    """The columns of a new lake's table with the types that these columns have."""
    taken = (*BASE_COLUMNS[table_type], *ADDED[table_type])
    names = column_names((column.property for column in columns), taken)
    safe = {column.property: _NOT_IN_A_FIELD.sub("_", names[column.property]) for column in columns}
    fields = _distinct(safe, taken)
    return tuple(
        LakeColumn(
            column.property,
            names[column.property],
            fields[column.property],
            column.kinds,
            column.raw,
            column.kinds,
        )
        for column in columns
    )


def _distinct(wanted: Mapping[str, str], taken: Sequence[str]) -> dict[str, str]:
    """The wanted name of each key, with a number behind it where another one has it, whatever its case."""
    used = {name.casefold() for name in taken}
    names: dict[str, str] = {}
    for key, name in wanted.items():
        chosen, number = name, 1
        while chosen.casefold() in used:
            number += 1
            chosen = f"{name}_{number}"
        used.add(chosen.casefold())
        names[key] = chosen
    return names


def _is_within(chunk: Chunk, days: Mapping[date, datetime]) -> bool:
    """Whether all days of a chunk were fetched at these moments, not before it."""
    return all(day in days and chunk.fetched_at <= days[day] for day in chunk.days())


def _column_to_json(column: LakeColumn) -> dict[str, Any]:
    return {**vars(column), "kinds": column.kinds.to_text(), "first": column.first.to_text()}


def _column_from_json(fields: dict[str, Any]) -> LakeColumn:
    kinds = {name: Kinds.from_text(fields[name]) for name in ("kinds", "first")}
    return LakeColumn(**(fields | kinds))


def _chunk_to_json(chunk: Chunk) -> dict[str, Any]:
    return {
        "from_date": None if chunk.from_date is None else str(chunk.from_date),
        "to_date": None if chunk.to_date is None else str(chunk.to_date),
        "filters": chunk.filters,
        "row_count": chunk.row_count,
        "requests": chunk.requests,
        "bytes": chunk.bytes,
        "fetched_at": chunk.fetched_at.isoformat(),
        "source": None if chunk.source is None else vars(chunk.source),
    }


def _chunk_from_json(fields: dict[str, Any]) -> Chunk:
    days = {
        name: None if fields[name] is None else date.fromisoformat(fields[name])
        for name in ("from_date", "to_date")
    }
    source = None if fields["source"] is None else Source(**fields["source"])
    moment = datetime.fromisoformat(fields["fetched_at"])
    return Chunk(**(fields | days | {"fetched_at": moment, "source": source}))
