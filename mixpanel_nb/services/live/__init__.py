"""Live reports, answered by Mixpanel's API.

``service`` combines the groups of reports, one file each: a report checks its parameters before it sends a
    request, and passes the answer to ``reading``, which converts Mixpanel's JSON to result data and does not
    depend on requests. ``base`` has the parts that all groups share.
"""

from mixpanel_nb.services.live.service import LiveQueryService

__all__ = ["LiveQueryService"]
