"""What a workspace holds: its tables, their columns, the workspace itself, and the accounts."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from mixpanel_nb.results.base import Result, RowsResult

if TYPE_CHECKING:
    from datetime import date, datetime

    from mixpanel_nb.display import Card, Table

Item = TypeVar("Item")

_MANY_ROWS = 200


@dataclass(frozen=True)
class TableInfo:
    """One table of a workspace.

    Attributes:
        name: Its name.
        type: ``events`` or ``profiles``.
        row_count: Rows it holds.
        fetched_at: When it was last filled (UTC).
        from_date: First day asked for; None for profiles.
        to_date: Last day asked for; None for profiles.
        complete: False while chunks of its range are missing.
        filters: What all of it was limited to, such as ``{"events": [...], "where": "..."}``.
        mixed: Whether its parts were fetched with different filters, so that no filter holds for all of it.
        source: The project it was fetched from, such as ``project 12345 at mixpanel.com``; None where it was
            not fetched.
        timezone: The time zone of the project, in which reports on it count days; None for profiles.
    """

    name: str
    type: str
    row_count: int
    fetched_at: datetime | None = None
    from_date: date | None = None
    to_date: date | None = None
    complete: bool = True
    filters: Mapping[str, Any] = field(default_factory=dict)
    mixed: bool = False
    source: str | None = None
    timezone: str | None = None

    @property
    def limited_to(self) -> str:
        """What it was limited to, in words; nothing where it was not."""
        if self.mixed:
            return "differs from part to part"
        return ", ".join(f"{name}: {_told(value)}" for name, value in self.filters.items())


@dataclass(frozen=True)
class ColumnInfo:
    """One column of a table.

    Attributes:
        name: Its name in SQL.
        type: DuckDB's type name.
        nullable: Whether it may be NULL.
        property: The Mixpanel property it holds, or None for the columns every table has.
    """

    name: str
    type: str
    nullable: bool = True
    property: str | None = None


@dataclass(frozen=True)
class AccountInfo:
    """One configured account; the secret is never part of it."""

    name: str
    username: str
    project_id: str
    region: str
    is_default: bool = False
    timezone: str = "UTC"
    legacy_time: bool = False


class _ItemList(Result, Sequence[Item], Generic[Item]):
    """A result over small dataclasses of one type: also a sequence of them."""

    shown_rows: ClassVar[int] = _MANY_ROWS
    item_columns: ClassVar[tuple[str, ...]]

    @abstractmethod
    def _items(self) -> tuple[Item, ...]: ...

    @property
    def column_names(self) -> list[str]:
        """The fields of the items."""
        return list(self.item_columns)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row an item."""
        return [tuple(getattr(item, name) for name in self.item_columns) for item in self._items()]

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        return self._items()[index]

    def __len__(self) -> int:
        return len(self._items())


@dataclass(frozen=True, repr=False)
class TableList(_ItemList[TableInfo], RowsResult):
    """The tables of a workspace: a sequence of ``TableInfo``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(TableInfo))
    tables: tuple[TableInfo, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", tuple(self.tables))

    def _items(self) -> tuple[TableInfo, ...]:
        return self.tables

    @property
    def names(self) -> list[str]:
        """Names of the tables."""
        return [table.name for table in self.tables]

    def card(self, *, max_rows: int | None = None) -> Card:
        """Name, type, rows, range and completeness of each table."""
        del max_rows
        from mixpanel_nb.display import Card, counted

        return Card(
            title=counted(len(self.tables), "table"),
            subtitle=_origin(self.tables),
            table=_tables_table(self.tables),
            empty=None if self.tables else "This workspace has no tables yet.",
        )


@dataclass(frozen=True, repr=False)
class TableSchema(_ItemList[ColumnInfo]):
    """The columns of a table: a sequence of ``ColumnInfo``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(ColumnInfo))
    table: str
    columns: tuple[ColumnInfo, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "columns", tuple(self.columns))

    def _items(self) -> tuple[ColumnInfo, ...]:
        return self.columns

    def card(self, *, max_rows: int | None = None) -> Card:
        """Name, type and property of each column."""
        del max_rows
        from mixpanel_nb.display import Card, Column, Table, counted

        headers = [Column(name, "text") for name in ("column", "type", "property")]
        rows = [(column.name, column.type, column.property or "") for column in self.columns]
        return Card(title=f"{self.table}: {counted(len(self.columns), 'column')}", table=Table(headers, rows))


@dataclass(frozen=True, repr=False)
class AccountList(_ItemList[AccountInfo], RowsResult):
    """The configured accounts: a sequence of ``AccountInfo``, without secrets."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(AccountInfo))
    accounts: tuple[AccountInfo, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "accounts", tuple(self.accounts))

    def _items(self) -> tuple[AccountInfo, ...]:
        return self.accounts

    def card(self, *, max_rows: int | None = None) -> Card:
        """Name, user, project and region of each account."""
        del max_rows
        from mixpanel_nb.display import Card, Column, Table, counted

        names = ("account", "username", "project", "region", "time zone", "default")
        headers = [Column(name, "text") for name in names]
        rows = [
            (a.name, a.username, a.project_id, a.region, a.timezone, "yes" if a.is_default else "")
            for a in self.accounts
        ]
        return Card(
            title=counted(len(self.accounts), "account"),
            table=Table(headers, rows) if rows else None,
            empty=None if rows else "No account is configured yet.",
        )


@dataclass(frozen=True, repr=False)
class WorkspaceInfo(Result):
    """A workspace and its tables; as JSON one object with all of it.

    Attributes:
        path: The database file, or None in memory.
        project_id: Mixpanel project, or None for a workspace opened without an account.
        region: ``us``, ``eu`` or ``in``; None without an account.
        account: Name of the account, or None.
        tables: Its tables.
        size_bytes: Size of the file, or None in memory.
        timezone: The time zone of days in reports, where a table does not know another.
    """

    shown_rows: ClassVar[int] = _MANY_ROWS
    has_facts: ClassVar[bool] = True

    path: str | Path | None
    project_id: str | None
    region: str | None
    account: str | None
    tables: tuple[TableInfo, ...] = ()
    size_bytes: int | None = None
    timezone: str = "UTC"

    @property
    def column_names(self) -> list[str]:
        """The columns of ``TableList``."""
        return list(TableList.item_columns)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a table."""
        return TableList(self.tables).tuples()

    def card(self, *, max_rows: int | None = None) -> Card:
        """Account, project and tables. The file's folder and size differ per machine: they are not shown."""
        del max_rows
        from mixpanel_nb.display import Card

        known = {
            "Account": self.account,
            "Project": self.project_id,
            "Region": self.region,
            "Time zone": self.timezone if self.timezone != "UTC" else None,
            "Database": Path(self.path).name if self.path else "in memory",
        }
        return Card(
            title="Workspace",
            subtitle=_origin(self.tables),
            facts=[(label, value) for label, value in known.items() if value],
            table=_tables_table(self.tables),
            empty=None if self.tables else "This workspace has no tables yet.",
        )


def _tables_table(tables: Sequence[TableInfo]) -> Table | None:
    from mixpanel_nb.display import Column, Table

    columns = [
        Column("table", "text"),
        Column("type", "text"),
        Column("rows", "integer"),
        Column("from", "date"),
        Column("to", "date"),
        Column("complete", "text"),
    ]
    rows: list[tuple[Any, ...]] = [
        (t.name, t.type, t.row_count, t.from_date or "", t.to_date or "", "yes" if t.complete else "no")
        for t in tables
    ]
    further = {
        "limited to": [t.limited_to for t in tables] if any(t.limited_to for t in tables) else [],
        "source": [t.source or "" for t in tables] if len(_sources(tables)) > 1 else [],
        "time zone": [t.timezone or "" for t in tables] if len(_zones(tables)) > 1 else [],
    }
    for name, values in further.items():
        if values:
            columns.append(Column(name, "text"))
            rows = [(*row, value) for row, value in zip(rows, values, strict=True)]
    return Table(columns, rows) if rows else None


def _origin(tables: Sequence[TableInfo]) -> str | None:
    """The source and the time zone that all tables share; where they differ, they are columns."""
    sources, zones = _sources(tables), _zones(tables)
    told = [f"Fetched from {sources[0]}" if len(sources) == 1 else ""]
    told.append(f"days of {zones[0]}" if len(zones) == 1 and zones != ["UTC"] else "")
    return ", ".join(text for text in told if text) or None


def _sources(tables: Sequence[TableInfo]) -> list[str]:
    return sorted({table.source for table in tables if table.source is not None})


def _zones(tables: Sequence[TableInfo]) -> list[str]:
    return sorted({table.timezone for table in tables if table.timezone is not None})


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
