"""What ``--output``, ``export`` and ``sandbox dump`` may replace: one rule in all of them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import duckdb
import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.commands import parsing
from mixpanel_nb.errors import StorageError
from mixpanel_nb.notebook.notebook_session import NotebookSession

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command
    from mixpanel_nb.sandbox.server import SandboxServer
    from mixpanel_nb.sandbox.store import Dataset

QUERY = "SELECT 1 AS n"
WRITERS = {
    "output": (["sql", QUERY, "--format", "csv", "--output"], []),
    "output of tables": (["tables", "-o"], []),
    "export": (["export", QUERY], ["--format", "csv"]),
    "dump": (["sandbox", "dump", "--events", "1000", "--output"], []),
}
writers = pytest.mark.parametrize(("before", "after"), WRITERS.values(), ids=WRITERS)


def rows_in(database: Path) -> int:
    with duckdb.connect(str(database), read_only=True) as con:
        return int(con.execute("SELECT count(*) FROM events").fetchall()[0][0])


@pytest.mark.usefixtures("database")
@writers
def test_a_file_that_is_there_goes_only_with_replace(
    mp: Command, tmp_path: Path, before: list[str], after: list[str]
) -> None:
    file = tmp_path / "notes.csv"
    file.write_text("mine")
    refused = mp(*before, str(file), *after)
    assert (refused.code, refused.out, file.read_text()) == (3, "", "mine")
    assert f"There is a file {file} already." in refused.err
    assert "replace it with --replace" in refused.err
    assert mp(*before, str(file), *after, "--replace").code == 0
    assert file.read_bytes() != b"mine"


@writers
@pytest.mark.parametrize("replace", [[], ["--replace"]], ids=["", "replace"])
def test_a_database_is_never_replaced(
    mp: Command, database: Path, tmp_path: Path, before: list[str], after: list[str], replace: list[str]
) -> None:
    other = tmp_path / "other.csv"
    with duckdb.connect(str(other)) as con:
        con.execute("CREATE TABLE events AS SELECT 1 AS a")
    link, twin = tmp_path / "link.csv", tmp_path / "twin.csv"
    link.symlink_to(database)
    os.link(database, twin)
    held = rows_in(database)
    for file in (database, other, link, twin):
        refused = mp(*before, str(file), *after, *replace)
        assert (refused.code, refused.out) == (3, "")
        assert f"{file} is a database." in refused.err
    assert (rows_in(database), rows_in(other)) == (held, 1)


@writers
def test_nothing_is_written_that_a_database_would_take_for_its_log(
    mp: Command, database: Path, before: list[str], after: list[str]
) -> None:
    log = database.with_name(f"{database.name}.wal")
    refused = mp(*before, str(log), *after)
    assert refused.code == 3
    assert "would be taken for the log of a database" in refused.err
    assert not log.exists()
    assert rows_in(database) > 0


def test_a_fetch_whose_output_may_not_be_written_asks_for_nothing(
    mp: Command, connected: SandboxServer, home: Path, tmp_path: Path
) -> None:
    (tmp_path / "days.json").write_text("mine")
    days = ("--from", "2025-01-01", "--to", "2025-01-02", "-o", str(tmp_path / "days.json"))
    refused = mp("fetch", "events", *days)
    assert refused.code == 3
    assert "days.json already" in refused.err
    assert connected.requests == []
    assert mp("fetch", "events", *days, "--replace").code == 0
    assert [row["date"] for row in json.loads((tmp_path / "days.json").read_text())] == [
        "2025-01-01",
        "2025-01-02",
    ]
    assert home.exists()


def test_pipes_and_devices_may_always_be_written(mp: Command, database: Path) -> None:
    assert database.exists()
    assert mp("sql", QUERY, "-o", "/dev/null").code == 0


def test_an_export_is_as_closed_as_the_file_it_replaces(mp: Command, database: Path, tmp_path: Path) -> None:
    assert database.exists()
    file = tmp_path / "events.csv"
    file.touch()
    file.chmod(0o600)
    assert mp("export", QUERY, str(file), "--replace").code == 0
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("n\n1\n", 0o600)


def test_a_notebook_has_the_same_rule(database: Path, tmp_path: Path) -> None:
    session = NotebookSession()
    (tmp_path / "x.csv").write_text("mine")
    try:
        for words in (["export", QUERY, str(tmp_path / "x.csv")], ["export", QUERY, str(database)]):
            with pytest.raises(StorageError):
                parsing.invoke(parsing.root(), [*words, "--format", "csv"], session, shown_as="mp")
    finally:
        session.close()
    assert (tmp_path / "x.csv").read_text() == "mine"
    assert rows_in(database) > 0


def test_a_database_that_is_held_is_refused_without_letting_go_of_its_lock(
    database: Path,
) -> None:
    """Opening and closing the file beside DuckDB would end the lock of this process."""
    with Workspace.open(database) as workspace:
        connection = workspace.connection
        with pytest.raises(StorageError, match="is a database"):
            workspace.export(QUERY, database, format="csv", replace=True)
        program = f"import duckdb; duckdb.connect({str(database)!r})"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert "Could not set lock" in done.stderr
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_a_data_set_is_not_dumped_over_a_file(store: Dataset, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl.gz"
    file.write_text("mine")
    with pytest.raises(StorageError, match="already"):
        store.dump(file)
    assert file.read_text() == "mine"
    lines = store.dump(file, replace=True)
    assert len(gzip.decompress(file.read_bytes()).splitlines()) == lines
