"""Local reports: statements of ``analytics`` run on a table, and their rows as results.

``service`` has one method a report; ``engines`` contains the engines; ``shapes``, ``funnels`` and ``cohorts``
    convert rows to result data; ``remarks`` writes notes for the reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy

if TYPE_CHECKING:
    from mixpanel_nb.services.local.cohorts import Cohorts, as_asked
    from mixpanel_nb.services.local.engines import DuckDBEngine, Engine, EventTable
    from mixpanel_nb.services.local.experiments import Variants
    from mixpanel_nb.services.local.explaining import Explanation
    from mixpanel_nb.services.local.flows import Flows
    from mixpanel_nb.services.local.funnels import Funnels
    from mixpanel_nb.services.local.insights import Lines
    from mixpanel_nb.services.local.service import LocalQueryService
    from mixpanel_nb.services.local.sessions import SessionRows
    from mixpanel_nb.services.local.signals import Behaviours
    from mixpanel_nb.services.local.users import members
    from mixpanel_nb.services.local.watching import Watch
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "cohorts": ("Cohorts", "as_asked"),
            "engines": ("DuckDBEngine", "Engine", "EventTable"),
            "experiments": ("Variants",),
            "explaining": ("Explanation",),
            "flows": ("Flows",),
            "funnels": ("Funnels",),
            "insights": ("Lines",),
            "service": ("LocalQueryService",),
            "sessions": ("SessionRows",),
            "signals": ("Behaviours",),
            "users": ("members",),
            "watching": ("Watch",),
        },
    )

__all__ = [
    "Behaviours",
    "Cohorts",
    "DuckDBEngine",
    "Engine",
    "EventTable",
    "Explanation",
    "Flows",
    "Funnels",
    "Lines",
    "LocalQueryService",
    "SessionRows",
    "Variants",
    "Watch",
    "as_asked",
    "members",
]
