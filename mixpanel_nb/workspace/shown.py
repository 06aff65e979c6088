"""A workspace as a card: its account, file and tables, and what to type next."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mixpanel_nb.errors import MixpanelDataError

if TYPE_CHECKING:
    from mixpanel_nb.display import Card
    from mixpanel_nb.results import WorkspaceInfo
    from mixpanel_nb.workspace.workspace import Workspace


def card_of(workspace: Workspace) -> Card | None:
    """The card; None if the database cannot be read now, or the workspace is closed."""
    try:
        info = workspace.info()
    except MixpanelDataError:
        return None
    card = info.card()
    return replace(card, notes=[*card.notes, f"Next: {_next(info)}"])


def _next(info: WorkspaceInfo) -> str:
    """What to type, with ``ws`` for the workspace."""
    table = next((table.name for table in info.tables if table.type == "events"), None)
    if table is not None:
        return f'ws.sample("{table}") · ws.explore(table="{table}") · ws.sql("FROM {table} LIMIT 10")'
    if info.tables:
        return f'ws.sample("{info.tables[0].name}") · ws.sql("…")'
    if info.account == "sandbox":
        return 'ws.fetch_events(from_date="2025-01-01", to_date="2025-03-31")'
    return 'ws.fetch_events(last="30d")' if info.project_id else 'ws.load("events.csv")'
