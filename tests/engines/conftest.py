"""The same rows for DuckDB and for other engines."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

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


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A local session with settings that would make answers wrong."""
    if shutil.which("java") is None:
        raise RuntimeError("There is no Java: install it (Debian: apt-get install default-jre-headless).")
    from pyspark.sql import SparkSession

    folder = tmp_path_factory.mktemp("spark")
    builder: Any = SparkSession.builder
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.local.dir": str(folder / "local"),
        # Small tables: what is not compiled starts sooner.
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.session.timeZone": "America/New_York",
        "spark.sql.ansi.enabled": "false",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    made = builder.master("local[2]").getOrCreate()
    yield made
    made.stop()
