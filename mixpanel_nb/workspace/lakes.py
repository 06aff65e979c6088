"""Lakes as the storage of a workspace, and as the destination of its fetches."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from mixpanel_nb.errors import StorageError
from mixpanel_nb.files.places import holds_tables, place_of

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb.files.places import Place
    from mixpanel_nb.services.fetch.fetcher import FetcherService
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
        hint = "Check the folder, or fetch into it first: fetch_events(to=…), mp fetch events --to …"
        raise StorageError(message, hint=hint)
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


def _beside(project: Project, place: Place) -> Path:
    """Beside what downloads wait: the lake's folder, or for an object store a file of the home directory."""
    return place.folder or project.database.with_name(quote(place.address, safe=""))
