"""The typed tables behind the reports: the raw lines once more, stored as a fetch would store them.

They live in a file of their own beside the raw lines, made on first need and shared read-only.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.build import build_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.storage.schema import TableType

EVENTS: TableType = "events"
PROFILES: TableType = "profiles"

# Part of the file's name: raise it when the storage engine makes other tables of the same lines.
_TABLES_VERSION = 3
_LINES_AT_ONCE = 250_000  # loading one batch at a time bounds memory


def tables_path(raw: Path) -> Path:
    """The file of the tables that belong to a file of raw lines."""
    return raw.with_name(f"{raw.stem}.tables-{_TABLES_VERSION}{raw.suffix}")


def build_tables(target: Path, events: Iterator[bytes], profiles: Iterator[bytes]) -> None:
    """Build ``target`` with the tables ``events`` (one row per event, duplicates removed) and ``profiles``.

    Args:
        target: The DuckDB file to make.
        events: Event lines, without newline.
        profiles: Profile lines, without newline; the last one of a user counts.

    Raises:
        MixpanelDataError: a line is not what a fetch could store.
    """
    from mixpanel_nb.storage import StorageEngine

    with build_directory(target) as work:
        built = work / "tables.duckdb"
        with StorageEngine(built) as engine:
            _load(engine, EVENTS, events, work / "lines.jsonl")
            _load(engine, PROFILES, profiles, work / "lines.jsonl")
        built.replace(target)


def _load(engine: StorageEngine, table: TableType, lines: Iterator[bytes], file: Path) -> None:
    """Load all lines; where there are none, the table is made all the same."""
    from mixpanel_nb.storage.ledger import TableMetadata, now
    from mixpanel_nb.storage.loading import Batch

    is_new = True
    while _write(file, islice(lines, _LINES_AT_ONCE)) or is_new:
        engine.load(Batch(table, [file], [], TableMetadata(table, now())))
        is_new = False


def _write(file: Path, lines: Iterator[bytes]) -> bool:
    """Write the lines; whether there was any."""
    with file.open("wb") as stream:
        stream.writelines(line + b"\n" for line in lines)
        return stream.tell() > 0
