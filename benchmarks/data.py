"""Export files as Mixpanel would send them, made by DuckDB from row numbers: the same each time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import duckdb

from mixpanel_nb.services.fetch.plan import DateRange, plan

if TYPE_CHECKING:
    from pathlib import Path

PERIOD = DateRange(date(2025, 1, 1), date(2025, 3, 31))

# 22 properties of an event, besides time, distinct_id and $insert_id, as a web SDK and a shop send them.
PROPERTIES = {
    "$city": "['Berlin', 'Paris', 'New York', 'San Francisco', 'Tokyo', 'Zürich'][1 + u % 6]",
    "$region": "'Region ' || u % 40",
    "mp_country_code": "['DE', 'FR', 'US', 'US', 'JP', 'CH'][1 + u % 6]",
    "$os": "['iOS', 'Android', 'Windows', 'Mac OS X'][1 + u % 4]",
    "$browser": "['Chrome', 'Safari', 'Firefox'][1 + u % 3]",
    "$browser_version": "90 + u % 50",
    "$screen_height": "[720, 844, 1080, 1440][1 + u % 4]",
    "$screen_width": "[1280, 390, 1920, 2560][1 + u % 4]",
    "mp_lib": "'web'",
    "$lib_version": "'2.45.' || u % 3",
    "$device_id": "md5('device' || u)",
    "$user_id": "'user-' || u",
    "$current_url": "'https://shop.example.com/product/' || r % 2000 || '?ref=' || r % 20",
    "plan": "['free', 'pro', 'team'][1 + u % 3]",
    "amount": "round(r % 50000 / 100, 2)",
    "quantity": "1 + r % 8",
    "is_member": "u % 3 = 0",
    "coupon": "CASE r % 5 WHEN 0 THEN 'SPRING' WHEN 1 THEN 'WELCOME10' END",
    "tags": "['new', 'sale', 'gift'][1 : r % 4]",
    "order_id": "9007199254740993 + i",
    "mp_processing_time_ms": "t * 1000 + r % 90000",
    "$mp_api_timestamp_ms": "t * 1000 + r % 9000",
}


def make_chunks(folder: Path, rows: int) -> list[Path]:
    """One gzip file of JSON lines for each chunk of a fetch of ``PERIOD``, ``rows`` lines in all."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    done = 0
    for span in plan(PERIOD, set()):
        until = rows * (span.last - PERIOD.first + timedelta(days=1)).days // PERIOD.days
        file = folder / f"{span.first}_{span.last}.jsonl.gz"
        if not file.exists():
            write_events(file, span, range(done, until))
        files.append(file)
        done = until
    return files


def write_events(file: Path, span: DateRange, numbers: range) -> None:
    """Write the events of these numbers, spread evenly over the days of ``span``."""
    start = int(datetime.combine(span.first, datetime.min.time(), UTC).timestamp())
    fields = ", ".join(f"'{name}': {value}" for name, value in PROPERTIES.items())
    step = span.days * 86400 / max(len(numbers), 1)
    part = file.with_suffix(".part")
    with duckdb.connect() as con:
        con.execute(
            f"""
            COPY (
                SELECT ['Page View', 'Search', 'View Product', 'Add to Cart', 'Purchase'][1 + r % 5] AS event,
                    {{'time': t, 'distinct_id': 'user-' || u, '$insert_id': md5('event' || i), {fields}}}
                    AS properties
                FROM (
                    SELECT i, {start} + CAST(floor((i - {numbers.start}) * {step}) AS BIGINT) AS t,
                        CAST(hash(i) % 50000 AS BIGINT) AS u,
                        CAST(hash(i * 7919) % 1000000 AS BIGINT) AS r
                    FROM range({numbers.start}, {numbers.stop}) AS numbers(i)
                )
            ) TO '{part}' (FORMAT json, COMPRESSION gzip)
            """
        )
    part.rename(file)


def raw_size(files: list[Path]) -> int:
    """Bytes of JSON lines in gzip files."""
    import gzip

    total = 0
    for file in files:
        with gzip.open(file) as stream:
            while block := stream.read(1 << 20):
                total += len(block)
    return total


def make_wide(file: Path, rows: int, properties: int = 1000, each: int = 25) -> None:
    """Events with ``each`` of ``properties`` sparse properties: names differing in case, mixed types.

    Property 0 is in nearly every event, the last ones are rare; every seventh has a twin whose name
    differs in case alone, every eleventh holds numbers and texts.
    """
    import json
    import random

    draw = random.Random(7)
    names = [
        f"Property {n // 2}" if n % 14 == 1 else f"property {n // 2 if n % 14 == 0 else n}"
        for n in range(properties)
    ]
    start = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp())
    with file.open("w") as stream:
        for row in range(rows):
            chosen = {int(properties * draw.random() ** 2) for _ in range(each)}
            values = {names[n]: _wide_value(n, draw) for n in sorted(chosen)}
            fixed = {"time": start + row, "distinct_id": f"user-{row % 5000}", "$insert_id": f"wide-{row}"}
            stream.write(json.dumps({"event": f"Event {row % 40}", "properties": fixed | values}) + "\n")


def _wide_value(number: int, draw: object) -> object:
    pick = draw.random()  # type: ignore[attr-defined]  # a random.Random
    if number % 11 == 0:
        return int(pick * 100) if pick < 0.5 else f"v{int(pick * 100)}"
    kinds = (f"value {int(pick * 50)}", int(pick * 1000), round(pick * 100, 2), pick < 0.5)
    return kinds[number % 4]
