"""``lake``: commands of lakes, which fetches fill with ``--to``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from mixpanel_nb.commands.session import session_of
from mixpanel_nb.results import LakeTableList

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.workspace import Workspace

app = typer.Typer()
Lake = Annotated[
    str | None,
    typer.Argument(metavar="LAKE", help="Its folder or address; that of the workspace if left out."),
]


@app.command()
def info(context: typer.Context, place: Lake = None) -> LakeTableList:
    """Show the tables of a lake with their files, size and days.

    Example: mp lake info ./shop-lake
    """
    with _workspace(context, place) as workspace:
        return workspace.lake_tables()


@app.command()
def compact(context: typer.Context, place: Lake = None) -> LakeTableList:
    """Give columns types that hold all values, and remove files that are no longer needed.

    Files of older versions are kept for a week. Fetches into the lake may go on meanwhile.

    Example: mp lake compact ./shop-lake
    """
    with _workspace(context, place) as workspace:
        return workspace.compact()


@contextmanager
def _workspace(context: typer.Context, place: str | None) -> Iterator[Workspace]:
    """The workspace on a lake, or that of the session."""
    if place is None:
        yield session_of(context).workspace
        return
    from mixpanel_nb.workspace import Workspace

    with Workspace.lake(place) as workspace:
        yield workspace
