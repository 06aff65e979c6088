"""Engines of local reports: one module per engine, behind one protocol.

``base`` has the protocol and the description of a table; ``duckdb`` is the workspace's own file, or a lake.
"""

from mixpanel_nb.services.local.engines.base import Engine, EventTable, Part
from mixpanel_nb.services.local.engines.duckdb import DuckDBEngine

__all__ = ["DuckDBEngine", "Engine", "EventTable", "Part"]
