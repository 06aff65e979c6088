"""Local reports: statements of ``analytics`` run on a table, and their rows as results.

``service`` has one method a report; ``engines`` contains the engines; ``shapes``, ``funnels`` and ``cohorts``
    convert rows to result data; ``remarks`` writes notes for the reader.
"""

from mixpanel_nb.services.local.engines import DuckDBEngine, Engine, EventTable
from mixpanel_nb.services.local.service import LocalQueryService

__all__ = ["DuckDBEngine", "Engine", "EventTable", "LocalQueryService"]
