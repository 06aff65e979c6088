"""Where local reports find their events: one module for each kind of engine, behind one protocol.

``base`` has the protocol and what it tells of a table; ``duckdb`` is the workspace's own file.
"""

from mixpanel_nb.services.local.engines.base import Engine, EventTable, Part
from mixpanel_nb.services.local.engines.duckdb import DuckDBEngine

__all__ = ["DuckDBEngine", "Engine", "EventTable", "Part"]
