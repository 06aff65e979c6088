"""Insights, which only tables answer for now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.services.live.base import LiveReports, only_tables

if TYPE_CHECKING:
    from mixpanel_nb.queries import Active, Insights
    from mixpanel_nb.results import InsightsResult


class InsightsReports(LiveReports):
    """Metrics side by side."""

    def insights(self, query: Insights | Active) -> InsightsResult:
        """Raise: live Insights are not supported yet.

        Raises:
            ParameterError: always.
        """
        raise only_tables(
            f"{query.title} is answered from a table; Mixpanel is not asked for it yet.", "table"
        )
