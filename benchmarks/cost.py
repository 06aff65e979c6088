"""What reports cost on a cluster, on paper: ``python -m benchmarks.cost [LAKE]``.

With a lake, the bytes that each column takes for an event, read from the footers of its Parquet files.
Without one, the tables of ``docs/engines.md``: plain arithmetic on what was measured (``MEASURED``, by
``python -m benchmarks --only engines``) and on assumptions (``Assumed``).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import duckdb

BILLION = 10**9


@dataclass(frozen=True)
class Cost:
    """What an event costs in a report on Spark.

    Attributes:
        report: The report.
        scans: How often Spark's plan reads the table.
        read: Bytes of Parquet, the columns of all of these scans.
        shuffled: Bytes that go from one task to another.
        cpu: Microseconds of one core.
    """

    report: str
    scans: int
    read: float
    shuffled: float
    cpu: float


@dataclass(frozen=True)
class Assumed:
    """Assumptions about a cluster, of which none was measured here.

    Attributes:
        scan: Bytes of an object store that a core reads in a second.
        network: Bytes that a core sends to others in a second.
        wait: Seconds that somebody waits for an answer.
        file: Bytes of a file that is read in one task.
        days: Days of events that a lake holds.
        asked: Days that a question is about.
    """

    scan: float = 50e6
    network: float = 50e6
    wait: float = 60
    file: float = 256e6
    days: int = 1_000
    asked: int = 90


MEASURED = (
    Cost("segmentation by day and country", 2, 9.8, 0.0, 0.8),
    Cost("the same, users", 2, 13.6, 6.3, 1.2),
    Cost("funnel of four steps", 4, 33.8, 4.5, 1.7),
    Cost("retention over 10 weeks", 4, 29.7, 29.5, 3.1),
    Cost("segmentation by a number", 3, 24.0, 3.6, 2.3),
    Cost("segmentation in the zone of Berlin", 2, 9.8, 0.0, 0.6),
    Cost("three metrics by week", 3, 21.1, 5.1, 1.6),
    Cost("median by day", 1, 8.0, 0.6, 0.4),
    Cost("daily, weekly, monthly active users", 2, 16.2, 18.9, 2.1),
    Cost("funnel with an exclusion", 5, 42.2, 7.0, 2.6),
    Cost("flow of three steps", 3, 27.4, 35.4, 7.1),
    Cost("sessions by day", 2, 16.9, 40.1, 5.2),
)
ASSUMED = Assumed()
EVENT_BYTES = 111.9
"""Bytes of an event in a lake, all columns and its JSON."""


def cores(cost: Cost, events: float, assumed: Assumed = ASSUMED) -> float:
    """The cores that answer in time: each computes, reads and sends, one after the other."""
    each = cost.cpu / 1e6 + cost.read / assumed.scan + cost.shuffled / assumed.network
    return events * each / assumed.wait


def column_bytes(lake: str) -> list[tuple[str, float]]:
    """Bytes for an event of each column of a lake's ``events``, the largest first, below their sum."""
    files = f"{lake}/events/*/*.parquet"
    with duckdb.connect() as con:
        ((rows,),) = con.execute("SELECT sum(num_rows) FROM parquet_file_metadata($1)", [files]).fetchall()
        found = con.execute(
            "SELECT path_in_schema, sum(total_compressed_size) / $2 FROM parquet_metadata($1) "
            "GROUP BY 1 ORDER BY 2 DESC",
            [files, rows],
        ).fetchall()
    return [("all columns", sum(size for _, size in found)), *found]


def tables(assumed: Assumed = ASSUMED) -> str:
    """The tables of the page."""
    sizes = [number * BILLION for number in (10, 100, 1_000)]
    lines = [
        "| report | scans | read | shuffled | CPU | "
        + " | ".join(f"{size // BILLION:,} billion" for size in sizes)
        + " |"
    ]
    lines.append("|---|---|---|---|---|" + "---|" * len(sizes))
    for cost in MEASURED:
        needed = (f"{cores(cost, size * assumed.asked / assumed.days, assumed):,.0f} cores" for size in sizes)
        measured = f"{cost.scans} | {cost.read:.1f} B | {cost.shuffled:.1f} B | {cost.cpu:.1f} µs"
        lines.append(f"| {cost.report} | {measured} | {' | '.join(needed)} |")
    lines += ["", "| events | a day | bytes | files of 256 MB a day |", "|---|---|---|---|"]
    for size in sizes:
        day = size / assumed.days
        lines.append(
            f"| {size // BILLION:,} billion | {day / 1e6:,.0f} M | {size * EVENT_BYTES / 1e12:,.1f} TB | "
            f"{max(1, round(day * EVENT_BYTES / assumed.file)):,} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print("\n".join(f"{size:8.2f}  {name}" for name, size in column_bytes(sys.argv[1])))
    else:
        print(tables())
