"""Live activity feed: what some users did.

https://developer.mixpanel.com/reference/activity-stream-query
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import results
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.live.base import LiveReports, sent
from mixpanel_nb.services.live.reading.users import read_activity

if TYPE_CHECKING:
    from mixpanel_nb.queries import ActivityFeed


class ActivityReports(LiveReports):
    """What some users did."""

    def activity_feed(self, query: ActivityFeed) -> results.ActivityFeedResult:
        """All events of some users, oldest first; Mixpanel has put this endpoint in maintenance mode."""
        users, period = query.distinct_ids, self._period(query.from_date, query.to_date)
        answer = self._ask(
            "stream/query", distinct_ids=list(users), from_date=period.first, to_date=period.last
        )
        events = read_activity(answer, users)
        return result_of(results.ActivityFeedResult, query, events=events, **sent(answer))
