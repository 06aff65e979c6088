"""Local reports: statements of ``analytics`` run on a table, and their rows as results.

``service`` takes a query, ``table`` tells statements what they need to know of the table, and ``reports`` has
one function a report. ``engines`` contains the engines; ``shapes``, ``funnels``, ``cohorts`` and the like
convert rows to result data; ``remarks`` writes notes for the reader.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy

if TYPE_CHECKING:
    from mixpanel_nb.services.local.engines import DuckDBEngine, Engine, EventTable
    from mixpanel_nb.services.local.service import LocalQueryService
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "engines": ("DuckDBEngine", "Engine", "EventTable"),
            "service": ("LocalQueryService",),
        },
    )

__all__ = ["DuckDBEngine", "Engine", "EventTable", "LocalQueryService"]
