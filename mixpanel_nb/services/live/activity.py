"""Live activity feed: what some people did.

https://developer.mixpanel.com/reference/activity-stream-query
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import results
from mixpanel_nb.services import asked
from mixpanel_nb.services.live.asking import LiveReports, sent
from mixpanel_nb.services.live.reading.node import Node
from mixpanel_nb.services.live.reading.people import read_activity

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date


class ActivityReports(LiveReports):
    """What some people did."""

    def activity_feed(
        self, distinct_ids: str | Sequence[str], *, from_date: str | date, to_date: str | date
    ) -> results.ActivityFeedResult:
        """All events of some people, oldest first."""
        people, period = asked.names(distinct_ids, "distinct_ids"), self._period(from_date, to_date)
        answer = Node.of(self._client.activity_feed(people, from_date=period.first, to_date=period.last))
        events = read_activity(answer, people)
        return results.ActivityFeedResult(people, period.first, period.last, events, **sent(answer))
