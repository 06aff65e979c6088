"""What an engine remembers of the catalog is what is there, whoever changes it in whatever way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from mixpanel_nb.errors import StorageError
from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.storage.identities import IdentityRecord
from mixpanel_nb.storage.kept_annotations import AnnotationRecord

from .support import Exports, event, metadata, profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .support import Start

WHEN = datetime(2025, 2, 1, 12)


@pytest.fixture(params=["file", "memory"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StorageEngine]:
    with StorageEngine(tmp_path / "data.db" if request.param == "file" else None) as engine:
        Exports(engine, tmp_path).load(event({"plan": "pro"}))
        yield engine


def columns(engine: StorageEngine, table: str = "events") -> dict[str, str]:
    return {column.name: column.type for column in engine.describe(table).columns}


def test_sql_changes_columns(engine: StorageEngine) -> None:
    before = columns(engine)
    engine.execute_rows("ALTER TABLE events ADD COLUMN mine INTEGER")
    assert columns(engine) == before | {"mine": "INTEGER"}
    engine.execute_rows("BEGIN; ALTER TABLE events DROP COLUMN mine; COMMIT")
    assert columns(engine) == before


def test_what_a_transaction_undoes_is_not_remembered() -> None:
    with StorageEngine.memory() as engine:
        engine.execute_rows("CREATE TABLE events AS SELECT 1 AS n")
        engine.execute_rows("BEGIN; ALTER TABLE events ADD COLUMN mine INTEGER")
        assert columns(engine) == {"n": "INTEGER", "mine": "INTEGER"}
        engine.execute_rows("ROLLBACK")
        assert columns(engine) == {"n": "INTEGER"}


def test_temporary_tables_and_frames_hide_a_table(engine: StorageEngine) -> None:
    before = columns(engine)
    engine.execute_rows("CREATE TEMP TABLE events AS SELECT 1 AS n")
    assert columns(engine) == {"n": "INTEGER"}
    engine.execute_rows("DROP TABLE temp.events")
    assert columns(engine) == before
    engine.register("events", pd.DataFrame({"framed": [1.5]}))
    assert columns(engine) == {"framed": "DOUBLE"}
    engine.unregister("events")
    assert columns(engine) == before


def test_a_temporary_table_of_a_file_that_is_only_read_hides_its_table(tmp_path: Path) -> None:
    path = tmp_path / "data.db"
    with StorageEngine(path) as engine:
        Exports(engine, tmp_path).load(event())
    with StorageEngine(path, read_only=True) as engine:
        before = columns(engine)
        engine.execute_rows("EXPLAIN ANALYZE CREATE TEMP TABLE events AS SELECT 1 AS n")
        assert columns(engine) == {"n": "INTEGER"} != before


def test_the_connection_changes_columns_also_after_it_was_released(engine: StorageEngine) -> None:
    con = engine.connection
    assert "mine" not in columns(engine)
    con.execute("ALTER TABLE events ADD COLUMN mine INTEGER")
    assert "mine" in columns(engine)
    engine.release()
    assert "mine" in columns(engine)
    con.execute("CREATE TEMP TABLE events AS SELECT 1 AS n")
    assert columns(engine) == {"n": "INTEGER"}


def test_another_program_changes_columns(tmp_path: Path, start: Start) -> None:
    path = tmp_path / "data.db"
    with StorageEngine(path) as engine:
        Exports(engine, tmp_path).load(event())
        assert "theirs" not in columns(engine)
        other = start(
            """
            import sys
            from mixpanel_nb.storage import StorageEngine

            StorageEngine(sys.argv[1]).execute_rows("ALTER TABLE events ADD COLUMN theirs INTEGER")
            print("done", flush=True)
            sys.stdin.readline()
            """,
            path,
        )
        assert other.told() == "done"
        assert "theirs" in columns(engine)


def test_a_file_that_another_program_makes(tmp_path: Path, start: Start) -> None:
    with StorageEngine(tmp_path / "later.db") as engine:
        assert engine.metadata_or_none("events") is None
        assert engine.cohorts() == []
        other = start(
            """
            import sys
            from datetime import datetime
            from mixpanel_nb.storage import StorageEngine, TableMetadata

            metadata = TableMetadata("events", datetime(2025, 2, 1, 12))
            StorageEngine(sys.argv[1]).create_events_table("events", [], metadata)
            print("done", flush=True)
            sys.stdin.readline()
            """,
            tmp_path / "later.db",
        )
        assert other.told() == "done"
        assert engine.metadata_or_none("events") is not None


def test_loads_and_drops(engine: StorageEngine, tmp_path: Path) -> None:
    assert engine.describe("events").entries.metadata == replace(metadata(), row_count=1)
    exports = Exports(engine, tmp_path)
    exports.load(event({"amount": 5}))
    assert columns(engine)["amount"] == "BIGINT"
    exports.load(event({"amount": 0.5}))
    assert columns(engine)["amount"] == "DOUBLE"
    known = engine.metadata_or_none("events")
    assert known is not None
    assert known.row_count == 3
    assert set(engine.origins()) == {"events"}
    exports.load(profile("ann"), table="profiles", table_type="profiles")
    assert set(engine.origins()) == {"events", "profiles"}
    engine.drop_tables("events")
    assert engine.metadata_or_none("events") is None
    assert set(engine.origins()) == {"profiles"}


def test_what_is_kept_with_tables(engine: StorageEngine) -> None:
    def everything() -> list[Any]:
        return [engine.identities("events"), engine.annotations("events"), engine.defined("custom_event")]

    assert everything() == [None, [], {}]
    record = IdentityRecord("events", "identities_events", "original", 1, 1, 1, WHEN)
    engine.save_identities(record, {"a": "b"})
    annotation = AnnotationRecord(1, WHEN, "Release")
    engine.save_annotations("events", [annotation])
    engine.define("custom_event", {7: {"name": "Any"}})
    assert everything() == [record, [annotation], {7: {"name": "Any"}}]
    engine.annotations("events").clear()
    engine.defined("custom_event").clear()
    assert everything() == [record, [annotation], {7: {"name": "Any"}}]
    engine.execute_rows("DROP TABLE identities_events")
    assert engine.identities("events") is None


def test_a_view_of_a_file_that_is_gone(engine: StorageEngine, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("a\n1\n")
    engine.create_view("seen", f"FROM read_csv('{file}')")
    assert columns(engine, "seen") == {"a": "BIGINT"}
    file.unlink()
    with pytest.raises(StorageError):
        engine.describe("seen")


def test_sql_sets_the_limit_of_memory(engine: StorageEngine) -> None:
    """A query is held to less than the session may use, which is as it was after it."""
    for limit in ("300.0 MiB", "1.0 GiB"):
        engine.execute_rows(f"SET memory_limit = '{limit}'")
        for _ in range(2):
            assert engine.execute_rows("SELECT 1") == [(1,)]
        assert str(engine.execute_scalar("SELECT current_setting('memory_limit')")) == limit
