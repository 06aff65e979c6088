"""Views of tables, columns, the workspace and accounts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.display import Card, Column, Table, counted
from mixpanel_nb.results import (
    AccountList,
    TableInfo,
    TableList,
    TableSchema,
    UnfinishedFetch,
    WorkspaceInfo,
)
from mixpanel_nb.views.base import R, View

if TYPE_CHECKING:
    from collections.abc import Sequence


class ItemsView(View[R]):
    """A list of what there is: more of its rows are shown than of a report's."""

    shown_rows: ClassVar[int] = 200


class TableListView(ItemsView[TableList]):
    """The tables of a workspace."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Name, type, rows, range and completeness of each table."""
        del max_rows
        return Card(
            title=counted(len(self.result.tables), "table"),
            subtitle=_origin(self.result.tables),
            table=_tables_table(self.result.tables),
            notes=self.remarks,
            empty=None if self.result.tables else "This workspace has no tables yet.",
        )

    @property
    def remarks(self) -> list[str]:
        """The fetches that are unfinished."""
        return _unfinished(self.result.unfinished)


class TableSchemaView(ItemsView[TableSchema]):
    """The columns of a table."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Name, type and property of each column."""
        del max_rows
        headers = [Column(name, "text") for name in ("column", "type", "property")]
        rows = [(column.name, column.type, column.property or "") for column in self.result.columns]
        return Card(
            title=f"{self.result.table}: {counted(len(self.result.columns), 'column')}",
            table=Table(headers, rows),
        )


class AccountListView(ItemsView[AccountList]):
    """The configured accounts, without secrets."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Name, user, project and region of each account, and data views if there are any."""
        del max_rows
        accounts = self.result.accounts
        has_views = any(account.workspace_id for account in accounts)
        view = ("data view",) if has_views else ()
        names = ("account", "username", "project", *view, "region", "time zone", "default")
        headers = [Column(name, "text") for name in names]
        rows = [
            (
                account.name,
                account.username,
                account.project_id,
                *((account.workspace_id or "",) if has_views else ()),
                account.region,
                account.timezone,
                "yes" if account.is_default else "",
            )
            for account in accounts
        ]
        return Card(
            title=counted(len(self.result.accounts), "account"),
            table=Table(headers, rows) if rows else None,
            empty=None if rows else "No account is configured yet.",
        )


class WorkspaceInfoView(ItemsView[WorkspaceInfo]):
    """A workspace and its tables."""

    def card(self, *, max_rows: int | None = None) -> Card:
        """Account, project and tables. The file's folder and size differ per machine: they are not shown."""
        del max_rows
        known = {
            "Account": self.result.account,
            "Project": self.result.project_id,
            "Region": self.result.region,
            "Time zone": self.result.timezone if self.result.timezone != "UTC" else None,
            "Tables": f"on {self.result.engine}" if self.result.engine else None,
            "Database": None if self.result.engine else self._database,
        }
        return Card(
            title="Workspace",
            subtitle=_origin(self.result.tables),
            facts=[(label, value) for label, value in known.items() if value],
            table=_tables_table(self.result.tables),
            notes=self.remarks,
            empty=None if self.result.tables else "This workspace has no tables yet.",
        )

    @property
    def _database(self) -> str:
        return Path(self.result.path).name if self.result.path else "in memory"

    @property
    def remarks(self) -> list[str]:
        """The fetches that are unfinished."""
        return _unfinished(self.result.unfinished)


def _unfinished(fetches: Sequence[UnfinishedFetch]) -> list[str]:
    return [
        f"The fetch of {each.table} is unfinished: {counted(each.chunks, 'chunk')} "
        f"({counted(each.rows, 'row')}) arrived and not stored yet. The same line goes on from there."
        for each in fetches
    ]


def _tables_table(tables: Sequence[TableInfo]) -> Table | None:
    columns = [
        Column("table", "text"),
        Column("type", "text"),
        Column("rows", "integer"),
        Column("from", "date"),
        Column("to", "date"),
        Column("complete", "text"),
    ]
    rows: list[tuple[Any, ...]] = [
        (
            t.name,
            t.type,
            "" if t.row_count is None else t.row_count,
            t.from_date or "",
            t.to_date or "",
            "yes" if t.complete else "no",
        )
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
