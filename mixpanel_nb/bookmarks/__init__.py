"""Bookmarks: Mixpanel's JSON of a report, translated to a query and back.

A bookmark is what Mixpanel's web application and its own client send to ``insights`` and ``arb_funnels``, and
what a saved report holds as its ``params``. The translation is pure: it knows neither HTTP, SQL, results nor
rendering. The live reports write bookmarks, the sandbox reads them, and saved reports become queries.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy

if TYPE_CHECKING:
    from mixpanel_nb.bookmarks.inline import OwnCohort
    from mixpanel_nb.bookmarks.links import Linked, linked
    from mixpanel_nb.bookmarks.reading import Reading, read
    from mixpanel_nb.bookmarks.writing import Body, body_of
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "inline": ("OwnCohort",),
            "links": ("Linked", "linked"),
            "reading": ("Reading", "read"),
            "writing": ("Body", "body_of"),
        },
    )

__all__ = ["Body", "Linked", "OwnCohort", "Reading", "body_of", "linked", "read"]
