"""Local reports: the questions of ``analytics`` asked of a table, and their rows as results.

``service`` has one method a report; ``engines`` is where the tables are; ``shapes``, ``funnels`` and
``cohorts`` put rows in the shapes of results; ``remarks`` says what a reader should know of an answer.
"""

from mixpanel_nb.services.local.engines import DuckDBEngine, Engine, EventTable
from mixpanel_nb.services.local.service import LocalQueryService

__all__ = ["DuckDBEngine", "Engine", "EventTable", "LocalQueryService"]
