"""Lakes as the storage of a workspace, and as the destination of its fetches."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from mixpanel_nb.display import counted
from mixpanel_nb.errors import StorageError
from mixpanel_nb.files.places import holds_tables, place_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from mixpanel_nb.files.places import Place
    from mixpanel_nb.results import ExportResult, LakeTableList
    from mixpanel_nb.services.fetch.fetcher import FetcherService
    from mixpanel_nb.storage import StorageEngine, TableMetadata
    from mixpanel_nb.storage.lake.engine import LakeStorage
    from mixpanel_nb.workspace.project import Project


def existing_place(place: str | Path) -> Place:
    """The place of a lake that is there.

    Raises:
        ParameterError: it is no place.
        StorageError: there is no lake in the folder.
    """
    found = place_of(place)
    if found.folder is not None and not holds_tables(found.folder):
        message = f"There is no lake in {found}."
        raise StorageError(message, hint="Check the folder, or fetch into it first.")
    return found


def lake_storage(place: Place) -> LakeStorage:
    """The storage of a workspace that reads a lake.

    Raises:
        ConfigError: ``deltalake`` is not installed.
    """
    from mixpanel_nb.storage.lake.engine import LakeStorage

    return LakeStorage(place)


def lake_fetcher(project: Project, place: Place) -> FetcherService:
    """The service that fetches into a lake.

    Raises:
        ConfigError: there is no account, or ``deltalake`` is not installed.
    """
    from mixpanel_nb.services.fetch.chunks import source_of
    from mixpanel_nb.services.fetch.fetcher import FetcherService
    from mixpanel_nb.services.fetch.lake import LakeStore, LakeTargets

    store = LakeStore(place, _beside(project, place))
    targets = LakeTargets(store, source_of(project.api), project.legacy_zone)
    return FetcherService(project.api, store, targets=targets, **project.of_fetches)


def put_into_lake(storage: StorageEngine, table: str, place: Place) -> ExportResult:
    """Write a fetched table to a lake.

    Raises:
        ConfigError: ``deltalake`` is not installed.
        ParameterError: it is no name of a table.
        TableNotFoundError: there is no such table.
        StorageError: the table was not fetched, or the lake has other rows.
    """
    from pathlib import Path

    from mixpanel_nb.services.fetch.target import is_stored
    from mixpanel_nb.storage.lake.delta import check_installed
    from mixpanel_nb.storage.lake.table import LakeTable
    from mixpanel_nb.storage.sqltext import check_table_name
    from mixpanel_nb.workspace.wrapping import export_result

    check_installed()
    name = check_table_name(table.strip())
    written = storage.put_into_lake(name, LakeTable(place.table(name), is_stored))
    return export_result(name, Path(place.table(name).address), written)


def lake_tables(storage: StorageEngine, notes: tuple[str, ...] = ()) -> LakeTableList:
    """The tables of a lake.

    Raises:
        StorageError: the storage is a database.
    """
    from mixpanel_nb.results import LakeTableInfo, LakeTableList

    lake = _lake(storage)
    found = ((name, table.snapshot()) for name, table in lake.lake_tables().items())
    infos = (
        LakeTableInfo(
            name,
            known.record.type,
            known.rows,
            len(known.files),
            sum(file.size for file in known.files),
            *_days(known.record.metadata(known.rows)),
            complete=not known.record.unfinished,
            version=known.version.number,
            outgrown=tuple(c.property for c in known.record.columns if c.is_outgrown),
        )
        for name, known in found
        if known is not None
    )
    return LakeTableList(lake.address, tuple(infos), notes)


def compacted(storage: StorageEngine) -> LakeTableList:
    """The tables of a lake after compacting it. Errors as in :func:`lake_tables`."""
    notes = []
    for name, table in _lake(storage).lake_tables().items():
        done = table.compact()
        if done.retyped:
            changed = f"{', '.join(done.retyped)} of {name} {'has' if len(done.retyped) == 1 else 'have'}"
            notes.append(f"{changed} another type now; {counted(done.rewritten, 'file')} written anew.")
        if done.removed:
            notes.append(f"{counted(done.removed, 'file')} of {name} removed.")
    return lake_tables(storage, tuple(notes or ["There was nothing to do."]))


def _lake(storage: StorageEngine) -> LakeStorage:
    from mixpanel_nb.storage.lake.engine import LakeStorage

    if not isinstance(storage, LakeStorage):
        message = "This workspace is on a database, not on a lake."
        raise StorageError(message, hint="Name the lake.")
    return storage


def _days(metadata: TableMetadata) -> tuple[date | None, date | None]:
    return metadata.from_date, metadata.to_date


def _beside(project: Project, place: Place) -> Path:
    """Beside what downloads wait: the lake's folder, or for an object store a file of the home directory."""
    return place.folder or project.database.with_name(quote(place.address, safe=""))
