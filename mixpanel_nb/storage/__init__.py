"""The local database: one DuckDB file, its tables, and the bulk loading of exports into them.

Here live the life cycle of the file (``database``), table and column definitions (``schema``,
``kinds``), bulk ingest of JSON lines (``ingest``), de-duplication, the fetch ledger (``ledger``)
and the facade over them, ``StorageEngine`` (``engine``). What it tells of them
is plain data (``records``). Nothing here knows of HTTP, of Mixpanel's API or of results: it takes files of
JSON lines and gives tables.
"""

from mixpanel_nb.storage.engine import StorageEngine
from mixpanel_nb.storage.ledger import Chunk, TableMetadata

__all__ = ["Chunk", "StorageEngine", "TableMetadata"]
