"""The same rows for DuckDB and for other engines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from . import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from mixpanel_nb import Workspace


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("tables")
    tables.write(made)
    return made


@pytest.fixture(scope="module")
def duck(folder: Path) -> Iterator[Callable[[str], Workspace]]:
    opened: dict[str, Workspace] = {}

    def of(shape: str) -> Workspace:
        if shape not in opened:
            opened[shape] = tables.duckdb_workspace(folder, shape)
        return opened[shape]

    yield of
    for ws in opened.values():
        ws.close()
