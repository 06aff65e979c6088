"""Events of which a table has several copies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics.columns import EVENT_KEY
from mixpanel_nb.analytics.sql import INDENT

if TYPE_CHECKING:
    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.analytics.sql import Statement


def statement(context: ReportContext) -> Statement:
    """How many events of the period have several copies: one row with the number."""
    events = context.select().in_period().sql(INDENT)
    return context.statement(
        f"SELECT count(*)\nFROM (\n{INDENT}SELECT 1 {events}\n"
        f"{INDENT}GROUP BY {EVENT_KEY}\n{INDENT}HAVING count(*) > 1\n) AS _copied"
    )
