"""Lakes: folders or object stores with a Delta table for each table, which several processes fill at once.

``place`` reads addresses, ``objects`` reads and writes small files of a lake, ``delta`` is the transaction
log, ``records`` what is recorded of a table, ``chunk`` types downloads and writes them as Parquet, ``table``
commits them. ``engine`` is a workspace's storage that reads a lake through DuckDB. Downloading and requests
do not belong here.

A table's rows and its record cannot disagree: the record is an object of its own beside the log, written
before the commit, and the commit that adds the rows also names it, as an application transaction of Delta's
(https://github.com/delta-io/delta/blob/master/PROTOCOL.md#transaction-identifiers). Readers take the record
that the version they read names. Unlike the metadata of a commit, such a transaction stays in checkpoints, so
it is neither lost when old log files are removed nor by the commits of other tools.
"""
