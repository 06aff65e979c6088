"""A folder of files that another tool wrote, as tables of DuckDB in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.errors import QueryError, StorageError
from mixpanel_nb.files.places import LOG
from mixpanel_nb.services.local.engines.foreign import DuckDBClient
from mixpanel_nb.storage.connections import new_session
from mixpanel_nb.storage.explain import explain
from mixpanel_nb.storage.sqltext import identifier, literal_path, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mixpanel_nb.services.load.tables import TableMapping

PARQUET = (".parquet",)
JSON_LINES = (".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz")


def folder_client(folder: Path, mapping: TableMapping) -> DuckDBClient:
    """A client that reads a folder: each table of a mapping in a folder of its own, or events alone.

    Parquet and JSON lines are read, at any depth, those of a Delta table by its log. Views stand for them, so
    files that come later are seen.

    Args:
        folder: The folder.
        mapping: The mapping, which says how tables may be called.

    Raises:
        StorageError: there are no such files.
    """
    names = (mapping.event_table, *mapping.profile_tables, *mapping.identity_tables)
    places = {name: folder / name for name in names if (folder / name).is_dir()}
    if mapping.event_table not in places:
        _check_is_one_table(folder, names)
        places = {mapping.event_table: folder}
    client = DuckDBClient(new_session(read_only=True), owned=True)
    for name, place in places.items():
        _show(client, name, place)
    return client


def _check_is_one_table(folder: Path, names: Iterable[str]) -> None:
    """Check that a folder holds the files of events, and not those of several tables further down.

    Raises:
        StorageError: it holds tables.
    """
    deeper = next((each for name in names for each in folder.rglob(name) if each.is_dir()), None)
    if deeper is not None:
        message = f"{folder} holds tables further down, such as {deeper}."
        raise StorageError(message, hint=f"Name the folder above the table: {deeper.parent}")


def _show(client: DuckDBClient, name: str, place: Path) -> None:
    """Make the view of a table."""
    try:
        client.connection.execute(f"CREATE VIEW {identifier(name)} AS SELECT * FROM {_source(place)}")
    except duckdb.Error as error:
        client.close()
        found = explain(error)
        raise found from None
    except (StorageError, QueryError):
        client.close()
        raise


def _source(place: Path) -> str:
    """SQL of the rows of a folder's files.

    Raises:
        StorageError: it has none that can be read.
        ConfigError: it is a Delta table, and ``deltalake`` is not installed.
    """
    if (place / LOG).is_dir():
        return _parquet(_of_delta(place))
    for endings, read in ((PARQUET, _parquet), (JSON_LINES, _json_lines)):
        held = {ending for ending in endings if next(place.rglob(f"*{ending}"), None) is not None}
        if held:
            return read(f"{literal_path(place)}/**/*{ending}" for ending in sorted(held))
    message = f"There is no file of Parquet or JSON lines in {place}."
    raise StorageError(message, hint="Name the folder of the table, or the folder above it.")


def _of_delta(place: Path) -> list[str]:
    """The files of the current version of a Delta table."""
    from mixpanel_nb.storage.lake.delta import check_installed

    check_installed()
    from deltalake import DeltaTable

    return [str(literal_path(Path(name))) for name in DeltaTable(str(place)).file_uris()]


def _parquet(paths: Iterable[str]) -> str:
    listed = ", ".join(map(text, paths))
    return f"read_parquet([{listed}], union_by_name = true, hive_partitioning = false)"


def _json_lines(paths: Iterable[str]) -> str:
    """The members of each line as columns, whose values are JSON."""
    listed = ", ".join(map(text, paths))
    return (
        f"read_json([{listed}], format = 'newline_delimited', maximum_depth = 1, union_by_name = true, "
        "hive_partitioning = false, sample_size = -1)"
    )
