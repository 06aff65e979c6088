"""``LiveQueryService``: Mixpanel's reports, answered by Mixpanel."""

from __future__ import annotations

from mixpanel_nb.services.live.activity import ActivityReports
from mixpanel_nb.services.live.counts import CountReports
from mixpanel_nb.services.live.funnels import FunnelReports
from mixpanel_nb.services.live.retention import RetentionReports
from mixpanel_nb.services.live.saved import SavedReports
from mixpanel_nb.services.live.segmentation import SegmentationReports


class LiveQueryService(
    SegmentationReports, CountReports, FunnelReports, RetentionReports, ActivityReports, SavedReports
):
    """Asks Mixpanel; the same methods and results as ``LocalQueryService``, and saved reports and JQL.

    Each call costs one query of the project's quota (60 in an hour), and nothing is asked twice. All
    parameters are checked before: methods raise ``QueryError`` for those that make no sense or that only a
    fetched table can answer, and ``ExpressionError`` for a mistake in an expression. Then they raise what
    the client raises, and ``ServerError`` for an answer of an unexpected shape. Every result tells what was
    sent (``request``).

    Args:
        client: Asks Mixpanel.
        zone: The project's time zone.
        known_events: Names of events that are known without asking, for notes on misspelt ones.
    """
