"""Live reports: questions that Mixpanel's own API answers.

``service`` puts together what the other files hold, one file a group of reports: each checks what is asked
before a query is spent, asks, and hands the answer to ``reading``, which turns Mixpanel's JSON into the data
of results and knows nothing of requests. ``asking`` is what all groups share.
"""

from mixpanel_nb.services.live.service import LiveQueryService

__all__ = ["LiveQueryService"]
