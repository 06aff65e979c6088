"""Flows and sessions, which Mixpanel's documented API does not have.

https://docs.mixpanel.com/docs/export-methods says of flows that they cannot be exported by an API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from mixpanel_nb.services.live.base import LiveReports, only_tables

if TYPE_CHECKING:
    from mixpanel_nb.queries import Flow, Sessions


class FlowReports(LiveReports):
    """Reports that only tables answer."""

    def flow(self, _: Flow) -> NoReturn:
        """What users did after, before and between some events."""
        raise only_tables("Mixpanel's API has no flows.", "table")

    def sessions(self, _: Sessions) -> NoReturn:
        """How many sessions there were, and how long they lasted."""
        raise only_tables("Mixpanel's API has no sessions.", "table")
