"""Conversion of storage records to results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.results import (
    ColumnInfo,
    ExportResult,
    PlanResult,
    PlanStep,
    TableInfo,
    TableSchema,
    UnfinishedFetch,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from mixpanel_nb.storage.records import ColumnRecord, ExportRecord, PlanRecord, TableRecord


def table_infos(records: Iterable[TableRecord]) -> tuple[TableInfo, ...]:
    """The tables of a workspace."""
    return tuple(TableInfo(**vars(record)) for record in records)


def unfinished_fetches(database: Path) -> tuple[UnfinishedFetch, ...]:
    """The fetches of a database that have not stored all that has arrived."""
    from mixpanel_nb.services.fetch.staging import arrived

    return tuple(UnfinishedFetch(table, *held) for table, held in arrived(database).items())


def table_schema(table: str, records: Iterable[ColumnRecord]) -> TableSchema:
    """The columns of ``table``."""
    return TableSchema(table, tuple(ColumnInfo(**vars(record)) for record in records))


def plan_result(query: str, record: PlanRecord) -> PlanResult:
    """How DuckDB answers ``query``."""
    return PlanResult(query, tuple(PlanStep(**vars(step)) for step in record.steps), record.seconds)


def export_result(source: str, path: Path, record: ExportRecord) -> ExportResult:
    """The rows of ``source``, a table or SQL, that were written to ``path``."""
    return ExportResult(source, path, **vars(record))
