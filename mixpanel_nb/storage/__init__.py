"""The local database: one DuckDB file, its tables, and the bulk loading of exports into them.

This package contains the life cycle of the file (``database``), table and column definitions (``schema``,
``kinds``), bulk ingest of JSON lines (``ingest``), de-duplication, the fetch ledger (``ledger``) and the
facade over them, ``StorageEngine`` (``engine``); ``lake`` has tables in Delta's format. It returns plain data
(``records``). Nothing here depends on HTTP, Mixpanel's API or results: it loads files of JSON lines into
tables.
"""

from mixpanel_nb.storage.engine import StorageEngine
from mixpanel_nb.storage.ledger import Chunk, TableMetadata

__all__ = ["Chunk", "StorageEngine", "TableMetadata"]
