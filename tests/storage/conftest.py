"""An engine on a real file of the test's own folder; one in memory where the file makes no difference."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.storage import StorageEngine

from .support import Exports, Program

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .support import Start


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def engine(path: Path) -> Iterator[StorageEngine]:
    with StorageEngine(path, max_wait=5) as engine:
        yield engine


@pytest.fixture
def exports(engine: StorageEngine, tmp_path: Path) -> Exports:
    return Exports(engine, tmp_path)


@pytest.fixture(scope="session")
def memory() -> Iterator[StorageEngine]:
    with StorageEngine.memory() as engine:
        yield engine


@pytest.fixture
def in_memory(memory: StorageEngine, tmp_path: Path) -> Iterator[Exports]:
    """Loads into memory, several times as fast as into a file of the test's own; emptied after the test."""
    yield Exports(memory, tmp_path)
    for (name,) in memory.execute_rows(
        "SELECT table_name FROM duckdb_tables() WHERE database_name = 'memory'"
    ):
        memory.execute_rows(f'DROP TABLE "{name}"')


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts Python programs; those that still run are killed after the test."""
    programs: list[Program] = []

    def run(code: str, *arguments: str | Path) -> Program:
        programs.append(Program(code, *arguments))
        return programs[-1]

    yield run
    for program in programs:
        program.killed()
