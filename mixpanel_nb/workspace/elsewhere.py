"""Workspaces over tables that are not in a file of the workspace's own: of an engine, or of a folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, StorageError, Word
from mixpanel_nb.files.places import is_address, place_of
from mixpanel_nb.workspace.lakes import existing_place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from mixpanel_nb.services.local.engines.client import Client
    from mixpanel_nb.services.local.engines.elsewhere import ElsewhereEngine
    from mixpanel_nb.services.local.engines.of_lake import LakeView

    Mapped = str | Path | Mapping[str, Any]


def engine_over(
    connection: Any,
    events: str | None,
    profiles: str | None,
    json: Iterable[str],
    mapping: Mapped | None,
    lake: str | Path | None,
) -> ElsewhereEngine:
    """The engine of a connection or URL. See ``Workspace.over``.

    Raises:
        ParameterError: the connection is of no engine that is known, or the mapping is none, or it is given
            for a lake.
        StorageError: there is no lake.
        ConfigError: an engine's package is missing, or it cannot be reached.
    """
    from mixpanel_nb.services.load.tables import mapping_of
    from mixpanel_nb.services.local.engines import opening
    from mixpanel_nb.services.local.engines.elsewhere import ElsewhereEngine
    from mixpanel_nb.services.local.engines.unconnected import UnconnectedClient

    given: dict[str, str] = {}
    if isinstance(connection, str):
        if opening.scheme_of(connection) is None:
            message = f"{connection!r} is no URL of an engine."
            hint = "For a database file there is Workspace.open."
            raise ParameterError(message, parameter="connection", value=connection, hint=hint)
        given = opening.given_in(connection)
    named = mapping or given.get("mapping")
    read = None if named is None else mapping_of(named)
    client = opening.opened(connection) if isinstance(connection, str) else opening.client_of(connection)
    place = lake or given.get("lake")
    if place is not None and read is not None:
        raise ParameterError(
            [Word("mapping"), " is for tables of other tools, and a lake needs none."],
            parameter="mapping",
            value=str(named),
        )
    views = {} if place is None else _shown(client, place)
    usual = "events" if read is None else read.event_table
    if isinstance(client, UnconnectedClient) and client.schema:
        usual = f"{client.schema}.{usual}"
    return ElsewhereEngine(
        client,
        events or given.get("events") or usual,
        profiles or given.get("profiles") or ("profiles" if "profiles" in views else None),
        frozenset(json),
        read,
        views,
    )


def _shown(client: Client, place: str | Path) -> dict[str, LakeView]:
    """The tables of a lake, as views of an engine.

    Raises:
        StorageError: there is no lake.
        ParameterError: the engine does not read lakes here.
    """
    from mixpanel_nb.services.local.engines.of_lake import views_of

    views = views_of(existing_place(place))
    for view in views.values():
        client.show(view)
    return views


def engine_of_files(place: str | Path, mapping: Mapped) -> ElsewhereEngine:
    """The engine of a folder of another tool's files, or of a database file of DuckDB.

    Raises:
        ParameterError: the mapping is none.
        StorageError: there is nothing that can be read.
    """
    from mixpanel_nb.files.system import resolved
    from mixpanel_nb.services.load.tables import mapping_of
    from mixpanel_nb.services.local.engines import folders, foreign
    from mixpanel_nb.services.local.engines.elsewhere import ElsewhereEngine

    read = mapping_of(mapping)
    path = place_of(place).folder if is_address(place) else resolved(place)
    if path is None:
        message = "A mapping reads folders, and no object store."
        hint = "Hand in a connection of DuckDB or Spark that reads it: Workspace.over(connection, mapping=…)."
        raise StorageError(message, hint=hint)
    if path.is_dir():
        return ElsewhereEngine(folders.folder_client(path, read), read.event_table, mapping=read)
    return ElsewhereEngine(foreign.opened(f"duckdb://{path}"), read.event_table, mapping=read)
