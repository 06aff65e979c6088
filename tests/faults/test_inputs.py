"""Whatever an export, a cell or a command line holds: right, or refused in one line."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from faults import inputs
from faults.record import Record
from mixpanel_nb import Workspace
from mixpanel_nb.storage import StorageEngine, TableMetadata, ledger
from mixpanel_nb.storage.loading import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.sandbox.server import SandboxServer

SOME = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DEEP = b'{"event":"e","properties":{"time":1735700000,"a":' + b"[" * 3_000 + b'"]"' + b"]" * 3_000 + b"}}"


@pytest.fixture
def ws(mixpanel: SandboxServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Workspace]:
    """The workspace of the account in use, with a table that nobody may touch."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MP_API_BASE_URL", mixpanel.url)
    monkeypatch.setenv("MP_ACCOUNT", "sandbox")
    with Workspace("sandbox") as workspace:
        workspace.sql("CREATE TABLE keep AS SELECT 1 AS a")
        workspace.fetch_events(from_date="2025-01-01", to_date="2025-01-02", columns=["plan"])
        yield workspace


@SOME
@given(inputs.streams())
def test_a_stream_is_stored_as_it_was_sent_or_refused(tmp_path: Path, stream: bytes) -> None:
    assert inputs.ingested(tmp_path, stream)


def test_lists_in_lists_are_stored_however_deep(tmp_path: Path) -> None:
    file = tmp_path / "deep.jsonl"
    file.write_bytes(DEEP)
    for end in (b"", b"\n"):
        assert inputs.accepted(DEEP + end)
    for place in (-1, -2, -1_000, 60):
        assert not inputs.accepted(DEEP[:place])
    with StorageEngine.memory() as engine:
        engine.load(Batch("events", [file], [], TableMetadata("events", ledger.now())))
        text = engine.execute_scalar("SELECT CAST(properties->'a' AS VARCHAR) FROM events")
    assert text == "[" * 3_000 + '"]"' + "]" * 3_000


def test_odd_sql_gets_an_answer_or_one_line(ws: Workspace) -> None:
    record = Record()
    for sql in inputs.ODD_SQL:
        record.attempt(inputs.HEADING, sql, partial(inputs.asked_in_sql, ws, sql))
    assert {row.what: row.faults for row in record.rows.values() if row.faults} == {}


@pytest.mark.parametrize("sql", inputs.CHANGING_SQL)
def test_a_read_only_workspace_refuses_sql_that_changes_anything(tmp_path: Path, sql: str) -> None:
    assert inputs.refused_read_only(tmp_path, sql)


@pytest.mark.usefixtures("ws")
@SOME
@given(inputs.command_lines)
@example(["properties", "\ud83d"])
def test_a_command_line_is_obeyed_or_refused_in_one_line(words: list[str]) -> None:
    assert inputs.typed_in_terminal(words)


@pytest.mark.usefixtures("ws")
@SOME
@given(inputs.magic_lines)
def test_a_magic_line_is_obeyed_or_refused_in_one_line(shell: Any, line: tuple[str, str]) -> None:
    assert inputs.typed_in_notebook(shell, *line)


@pytest.mark.usefixtures("ws")
@SOME
@given(inputs.cells)
def test_a_cell_is_answered_or_refused_in_one_line(shell: Any, cell: tuple[str, str, str]) -> None:
    assert inputs.typed_in_notebook(shell, *cell)
