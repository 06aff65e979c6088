"""Records of tables, plans and exports: plain data, which the workspace converts to results."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime


@dataclass(frozen=True)
class TableRecord:
    """One table.

    Attributes:
        name: Its name.
        type: ``events`` or ``profiles``; ``cohort``, ``identities``, ``table`` or ``view`` where it was not
            fetched.
        row_count: Rows, counted; None for a view, which would have to be run.
        fetched_at: When it was last filled (UTC); None where it was not fetched.
        from_date: First day asked for; None for profiles.
        to_date: Last day asked for; None for profiles.
        complete: False while chunks of its range are missing.
        filters: What all of it was limited to.
        mixed: Whether its parts were fetched with different filters, so that no filter holds for all of it.
        source: The project it was fetched from, as text.
        timezone: The time zone of the project; None for profiles.
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


@dataclass(frozen=True)
class ColumnRecord:
    """One column of a table or view.

    Attributes:
        name: Its name in SQL.
        type: DuckDB's type name.
        nullable: Whether it may be NULL.
        property: The Mixpanel property it holds, or None.
    """

    name: str
    type: str
    nullable: bool
    property: str | None


@dataclass(frozen=True)
class PlanStepRecord:
    """One step of a query plan; it takes rows from the steps below it.

    Attributes:
        depth: How many steps are above it.
        operator: DuckDB's name of what it does, such as ``HASH_JOIN``.
        details: Tables, columns and conditions, as text.
        estimated_rows: Rows that DuckDB expects, or None.
        rows: Rows that came out, or None where nothing was run.
        seconds: Time spent in it, of all threads together, or None where nothing was run.
    """

    depth: int
    operator: str
    details: str
    estimated_rows: int | None
    rows: int | None
    seconds: float | None


@dataclass(frozen=True)
class PlanRecord:
    """A query plan.

    Attributes:
        steps: The steps from the last to the first, each above those it takes rows from.
        seconds: How long the statement ran, or None where it was not run.
    """

    steps: tuple[PlanStepRecord, ...]
    seconds: float | None


@dataclass(frozen=True)
class ExportRecord:
    """A finished export.

    Attributes:
        format: ``parquet``, ``csv`` or ``jsonl``.
        compression: ``gzip``, ``zstd`` or None; inside the file for Parquet.
        rows: Rows written.
        size_bytes: Bytes of all files; None where they went to a pipe.
        files: How many files.
        partition_by: Columns whose values name the folders.
    """

    format: str
    compression: str | None
    rows: int
    size_bytes: int | None
    files: int
    partition_by: tuple[str, ...]
