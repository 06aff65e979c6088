"""A fetched table of a shop's events for the local reports, made from row numbers: the same each time.

Users arrive over 90 days; half of the visits are of users who came lately (the longer ago, the fewer come
back), the other half are a power law's: a few users come all the time. A visit is some events within
minutes, of which ever fewer are further steps towards a purchase. Times are whole seconds, so some are equal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from benchmarks.data import PERIOD, PROPERTIES
from mixpanel_nb.services.fetch.plan import DateRange, plan
from mixpanel_nb.storage import Chunk, StorageEngine, TableMetadata
from mixpanel_nb.storage.ledger import Source, now
from mixpanel_nb.storage.loading import Batch

if TYPE_CHECKING:
    from pathlib import Path

EVENTS_A_USER = 20

# Eight visits of 32 events in all, again and again: the visit of each of these events, and its place in it.
LENGTHS = (3, 1, 6, 2, 12, 1, 4, 3)
VISIT = [visit for visit, length in enumerate(LENGTHS) for _ in range(length)]
PLACE = [place for length in LENGTHS for place in range(length)]

# What happens at each place of a visit (from the seventh on, the last of these), one of four.
STEPS = (
    ("Page View", "Page View", "Page View", "Search"),
    ("View Product", "View Product", "Search", "Page View"),
    ("View Product", "Add to Cart", "Search", "Page View"),
    ("Add to Cart", "Add to Cart", "View Product", "Page View"),
    ("Checkout", "Checkout", "Add to Cart", "Page View"),
    ("Purchase", "Purchase", "Checkout", "Page View"),
    ("Page View", "View Product", "Search", "Purchase"),
)


def make_shop(folder: Path, rows: int) -> Path:
    """A database with a table ``events`` of so many rows (a multiple of 32), loaded as a fetch loads it."""
    path = folder / f"shop-{rows}.db"
    if path.exists():
        return path
    unfinished = folder / f"shop-{rows}.part.db"
    unfinished.unlink(missing_ok=True)
    engine = StorageEngine(unfinished)
    done = 0
    for span in plan(PERIOD, set()):
        until = rows * (span.last - PERIOD.first + timedelta(days=1)).days // PERIOD.days
        file = folder / f"shop-{span.first}.jsonl"
        _write(file, range(done, until), rows)
        engine.load(_batch(file, span, until - done))
        file.unlink()
        done = until
    engine.close()
    return unfinished.rename(path)


def _batch(file: Path, span: DateRange, rows: int) -> Batch:
    chunk = Chunk(span.first, span.last, "{}", rows, 1, file.stat().st_size, now())
    days = {"from_date": str(PERIOD.first), "to_date": str(PERIOD.last)}
    metadata = TableMetadata(
        "events", now(), PERIOD.first, PERIOD.last, request=days, source=Source("shop", "1")
    )
    return Batch("events", [file], [chunk], metadata)


def _write(file: Path, numbers: range, rows: int) -> None:
    """Write the events of these numbers as lines of an export."""
    start = int(datetime.combine(PERIOD.first, datetime.min.time(), UTC).timestamp())
    fields = ", ".join(f"'{name}': {value}" for name, value in PROPERTIES.items())
    visits, users = rows // 4, rows // EVENTS_A_USER
    with duckdb.connect() as con:
        con.execute(
            f"""
            COPY (
                SELECT {[list(step) for step in STEPS]}[1 + least(place, 6)][1 + r % 4] AS event,
                    {{'time': t, 'distinct_id': user_id, '$insert_id': md5('event' || i), {fields}}}
                    AS properties
                FROM (
                    SELECT *,
                        {start} + visit * {PERIOD.days * 86400} // {visits}
                            + place * CAST(hash(visit) % 40 AS BIGINT) AS t,
                        CASE
                            WHEN visit % 1000 = 0 THEN ''
                            WHEN hash(u) % 5 < 3 THEN '$device:' || CAST(md5('' || u) AS UUID)
                            ELSE 'user-' || u
                        END AS user_id
                    FROM (
                        SELECT *, CAST(floor(arrived *
                            CASE hash(visit + 1) % 2 WHEN 0 THEN 1 - pow(x, 4) ELSE pow(x, 2) END
                        ) AS BIGINT) AS u
                        FROM (
                            SELECT *, hash(visit * 31) % 1000000 / 1e6 AS x,
                                {users} * (0.2 + 0.8 * visit / {visits}) AS arrived
                            FROM (
                                SELECT i, i // 32 * 8 + {VISIT}[1 + i % 32] AS visit,
                                    {PLACE}[1 + i % 32] AS place,
                                    CAST(hash(i * 7919) % 1000000 AS BIGINT) AS r
                                FROM range({numbers.start}, {numbers.stop}) AS numbers(i)
                            )
                        )
                    )
                )
            ) TO '{file}' (FORMAT json)
            """
        )
