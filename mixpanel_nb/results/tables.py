"""Results about the workspace: tables, columns, the workspace itself, and accounts."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, overload

from mixpanel_nb.results.base import Result, RowsResult

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    import pandas as pd

Item = TypeVar("Item")


@dataclass(frozen=True)
class TableInfo:
    """One table of a workspace.

    Attributes:
        name: Its name.
        type: ``events`` or ``profiles``; ``cohort``, ``identities``, ``table`` or ``view`` where it was not
            fetched.
        row_count: Rows it holds; None for a view, which would have to be run to know.
        fetched_at: When it was last filled (UTC).
        from_date: First day asked for; None for profiles.
        to_date: Last day asked for; None for profiles.
        complete: False while chunks of its range are missing.
        filters: The filters of all of it, such as ``{"events": [...], "where": "..."}``.
        mixed: Whether its parts were fetched with different filters, so that no filter applies to all of it.
        source: The project it was fetched from, such as ``project 12345 at mixpanel.com``; None where it was
            not fetched.
        timezone: The time zone of the project, in which reports on it count days; None for profiles.
    """

    name: str
    type: str
    row_count: int | None
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
        """Its filters as text; empty if there are none."""
        if self.mixed:
            return "differs from part to part"
        return ", ".join(f"{name}: {_filter_text(value)}" for name, value in self.filters.items())


@dataclass(frozen=True)
class UnfinishedFetch:
    """A fetch that was stopped, or is running, whose downloads wait to be stored.

    Attributes:
        table: Its table, in lower case; the database has it once a part is stored.
        chunks: How many downloads have arrived.
        rows: Their rows.
    """

    table: str
    chunks: int
    rows: int


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
    workspace_id: str | None = None


class _ItemList(Result, Sequence[Item], Generic[Item]):
    """A result and sequence of dataclasses of one type."""

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
    """The tables of a workspace: a sequence of ``TableInfo``.

    Attributes:
        tables: The tables.
        unfinished: Fetches that have not stored all that has arrived.
    """

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(TableInfo))
    tables: tuple[TableInfo, ...]
    unfinished: tuple[UnfinishedFetch, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", tuple(self.tables))

    def _items(self) -> tuple[TableInfo, ...]:
        return self.tables

    @property
    def names(self) -> list[str]:
        """Names of the tables."""
        return [table.name for table in self.tables]

    def _frame(self) -> pd.DataFrame:
        return super()._frame().astype({"row_count": "Int64"})


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


@dataclass(frozen=True, repr=False)
class AccountList(_ItemList[AccountInfo], RowsResult):
    """The configured accounts: a sequence of ``AccountInfo``, without secrets."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(AccountInfo))
    accounts: tuple[AccountInfo, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "accounts", tuple(self.accounts))

    def _items(self) -> tuple[AccountInfo, ...]:
        return self.accounts


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
        timezone: The time zone of days in reports, unless a table has another.
        unfinished: Fetches that have not stored all that has arrived.
        engine: The other engine that its tables are on; None for DuckDB.
    """

    has_facts: ClassVar[bool] = True

    path: str | Path | None
    project_id: str | None
    region: str | None
    account: str | None
    tables: tuple[TableInfo, ...] = ()
    size_bytes: int | None = None
    timezone: str = "UTC"
    unfinished: tuple[UnfinishedFetch, ...] = ()
    engine: str | None = None

    @property
    def column_names(self) -> list[str]:
        """The columns of ``TableList``."""
        return list(TableList.item_columns)

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a table."""
        return TableList(self.tables).tuples()


def _filter_text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
