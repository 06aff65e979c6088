"""A small table with all that engines may read differently, as files that each of them reads."""

# ruff: noqa: E501

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from pathlib import Path

JSON = ("categories", "items", "tags")
"""Columns whose text is JSON."""

BASE = ("event_name", "event_time", "distinct_id", "insert_id", "properties")
NAMES = ("Search", "View Product", "Add to Cart", "Purchase", "Page View", 'Viewed <b>"O\'Brien" & Co</b>')
HOSTILE = 'O\'Brien "x" \\ ${a}'
TYPES = {
    "plan": "VARCHAR", "Plan_2": "VARCHAR", "price": "DOUBLE", "quantity": "BIGINT", "revenue": "DOUBLE",
    "results_count": "BIGINT", "wifi": "BOOLEAN", "category": "VARCHAR", "categories": "VARCHAR",
    "items": "VARCHAR", "tags": "VARCHAR", "mp_country_code": "VARCHAR", "coupon": "VARCHAR", "text": "VARCHAR",
    "subject": "VARCHAR", "mp_lib": "VARCHAR", "$browser": "VARCHAR", HOSTILE: "VARCHAR",
}  # fmt: skip
_START = datetime(2025, 1, 5, 20)
LONG = "long"
"""A shape with the columns of ``events``, and nine weeks of many users, for what needs a past."""


def _properties(name: str, when: datetime, chance: random.Random) -> dict[str, Any]:
    """Properties of an event: some unset, some of several types, some that only JSON holds."""
    pick = chance.choice
    found = {
        "time": int(when.timestamp()),
        "plan": pick(["pro", "plus", "free", "PRO", "", None]),
        "Plan_2": pick(["Pro", "pro", None]),
        "price": pick([19.99, 20, 5, 0.1, 80.5, 1e20, 1e-7, 123456789.25, -3.5, None]),
        "quantity": pick([1, 2, 3, 2**60, None]),
        "revenue": round(chance.uniform(1, 200), 2) if name == "Purchase" else None,
        "results_count": chance.randrange(50) if name == "Search" else None,
        "wifi": pick([True, False, None]),
        "category": pick(["kitchen", "books", "naïve · garden", "日本", None]),
        "categories": pick(
            [["kitchen", "books"], ["books"], [], ["kitchen", "kitchen", 5, True, None], None]
        ),
        "items": pick([[{"a": 1, "b": [2]}], [[1, 2], "x"], None]),
        "tags": pick([['x"y'], ["it's", "\\"], None]),
        "rating": pick([5, "4", "x", 3.5, True, None]),
        "mp_country_code": pick(["DE", "US", "AT", None]),
        "coupon": pick(["A", None, None]),
        "text": pick(["same", "other", None]),
        "subject": pick(["same", None]),
        "mp_lib": pick(["web", "iphone"]),
        "$browser": pick(["Chrome", "Safari", None]),
        HOSTILE: pick(["it's ${b} \\ \" :c", "plain", None]),
    }
    return {key: value for key, value in found.items() if value is not None or chance.random() < 0.2}


def rows(
    number: int = 160, seed: int = 7, users: int = 25, start: datetime = _START, days: int = 14
) -> list[dict[str, Any]]:
    """Events of some users, with ties of time, pauses, and empty users."""
    chance = random.Random(seed)
    made: list[dict[str, Any]] = []
    for count in range(number):
        user = chance.choice([f"user {place}" for place in range(users)] + ["", "it's", "\\u"])
        when = start + timedelta(seconds=chance.randrange(days * 86_400))
        for _ in range(chance.randrange(1, 9)):
            name = chance.choice(NAMES)
            properties = _properties(name, when, chance)
            made.append(
                {
                    "event_name": name,
                    "event_time": when,
                    "distinct_id": user,
                    "insert_id": f"id{seed}x{len(made):05}x{count}",
                    "properties": json.dumps(properties, ensure_ascii=False),
                    **{key: _held(properties.get(key)) for key in TYPES},
                }
            )
            when += timedelta(
                seconds=chance.choice([0, 1, 2, 3, 60, 1800, 7200]), microseconds=chance.randrange(9)
            )
    return made


def _held(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value


def long_rows() -> list[dict[str, Any]]:
    """Nine weeks of many users, of which one day has ten times as many events."""
    busy = rows(240, seed=9, users=400, start=_START + timedelta(days=60), days=1)
    return [*rows(1500, seed=8, users=400, days=63), *busy]


def file_of(shape: str) -> str:
    """The file of a shape's events."""
    return f"{LONG if shape == LONG else 'events'}.parquet"


def write(folder: Path) -> None:
    """``events.parquet``, ``long.parquet`` and ``profiles.parquet``: typed columns, JSON as text."""
    columns = {
        "event_name": "VARCHAR", "event_time": "TIMESTAMP", "distinct_id": "VARCHAR", "insert_id": "VARCHAR",
        "properties": "VARCHAR", **TYPES,
    }  # fmt: skip
    with duckdb.connect() as con:
        for name, made in (("events", rows()), (LONG, long_rows())):
            lines = folder / f"{name}.jsonl"
            lines.write_text("".join(json.dumps(row, default=str) + "\n" for row in made), encoding="utf-8")
            con.execute(
                f"CREATE TABLE {name} AS SELECT * FROM read_json(?, columns=?)", [str(lines), columns]
            )
            con.execute(f"COPY {name} TO '{folder / f'{name}.parquet'}' (FORMAT parquet)")
        con.execute(
            "CREATE TABLE profiles AS SELECT DISTINCT distinct_id, CASE WHEN hash(distinct_id) % 2 = 0 THEN 'pro' END"
            " AS plan, 'channel ' || hash(distinct_id) % 3 AS channel FROM events WHERE distinct_id <> ''"
        )
        con.execute(f"COPY profiles TO '{folder / 'profiles.parquet'}' (FORMAT parquet)")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def in_clickhouse(name: str) -> str:
    """A name in ClickHouse's SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def columns_of(shape: str) -> list[str]:
    """The columns of a shape: ``events`` has all, ``flat`` no JSON of all properties, ``bare`` only that."""
    if shape == "bare":
        return list(BASE)
    return [*(BASE[:-1] if shape == "flat" else BASE), *TYPES]


def duckdb_workspace(folder: Path, shape: str) -> Workspace:
    """The same rows in DuckDB, as views: without an order of rows, as other engines have none."""
    ws = Workspace.memory(account="sandbox")
    for table in ("events", "profiles"):
        columns = columns_of(shape) if table == "events" else ["distinct_id", "plan", "channel"]
        read = ", ".join(
            f"CAST({_quoted(name)} AS JSON) AS {_quoted(name)}"
            if name in {*JSON, "properties"}
            else _quoted(name)
            for name in columns
        )
        file = folder / (file_of(shape) if table == "events" else "profiles.parquet")
        ws.sql(f"CREATE VIEW {table} AS SELECT {read} FROM '{file}'")
    return ws
