"""Days of the sandbox as the tables that Mixpanel's pipelines, Fivetran and Airbyte fill."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import duckdb

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    Row = dict[str, Any]

DAYS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-08"}
TABLES = {
    "pipelines": ("mp_master_event", "mp_people_data_view", "mp_identity_mappings_data_view"),
    "fivetran": ("event", "people"),
    "airbyte": ("export", "engage"),
}
_COLUMNS = {
    "mp_master_event": {
        "device_id": "VARCHAR", "distinct_id": "VARCHAR", "event_name": "VARCHAR", "insert_id": "VARCHAR",
        "properties": "VARCHAR", "time": "TIMESTAMP WITH TIME ZONE", "user_id": "VARCHAR",
    },
    "mp_people_data_view": {"distinct_id": "VARCHAR", "properties": "VARCHAR"},
    "mp_identity_mappings_data_view": {"distinct_id": "VARCHAR", "resolved_distinct_id": "VARCHAR"},
    "event": {
        "_fivetran_id": "VARCHAR", "distinct_id": "VARCHAR", "event_time_ms": "BIGINT", "name": "VARCHAR",
        "properties": "VARCHAR", "time": "TIMESTAMP", "_fivetran_synced": "TIMESTAMP WITH TIME ZONE",
    },
    "people": {"distinct_id": "VARCHAR", "plan": "VARCHAR", "channel": "VARCHAR"},
    "engage": dict.fromkeys(("distinct_id", "plan", "channel", "_airbyte_raw_id"), "VARCHAR"),
}  # fmt: skip


def write(folder: Path) -> None:
    """A folder for each schema, with a folder of Parquet for each of its tables."""
    with Workspace.sandbox(folder / "sandbox.db") as ws:
        events = list(ws.stream_events(**DAYS, raw=True))
        profiles = list(ws.stream_profiles(raw=True))
    ids = {each["properties"].get("distinct_id") for each in events}
    people = [each for each in profiles if each["$distinct_id"] in ids]
    _save(folder / "pipelines", "mp_master_event", [_of_pipeline(each) for each in events])
    _save(folder / "pipelines", "mp_people_data_view", [_profile(each) for each in people])
    _save(folder / "pipelines", "mp_identity_mappings_data_view", mappings(events))
    _save(folder / "fivetran", "event", [_of_fivetran(each, place) for place, each in enumerate(events)])
    flat = [{"distinct_id": each["$distinct_id"], **_two(each["$properties"])} for each in people]
    _save(folder / "fivetran", "people", flat)
    names = plain_names(events)
    columns = dict.fromkeys(("event", "_airbyte_raw_id", *names.values()), "VARCHAR")
    rows = [_of_airbyte(each, names) for each in events]
    _save(folder / "airbyte", "export", rows, columns | {"time": "TIMESTAMP WITH TIME ZONE"})
    _save(folder / "airbyte", "engage", [row | {"_airbyte_raw_id": row["distinct_id"]} for row in flat])


def mappings(events: list[Row]) -> list[Row]:
    """The devices of users who are known by another id, as the identity mappings have them."""
    users = {
        f"$device:{found['$device_id']}": found["$user_id"]
        for found in (each["properties"] for each in events)
        if found.get("$user_id") and found.get("$device_id")
    }
    return [{"distinct_id": device, "resolved_distinct_id": user} for device, user in sorted(users.items())]


def _moment(properties: Row) -> datetime:
    count = properties["time"]
    return datetime.fromtimestamp(count / 1000 if count > 31_536_000_000 else count, UTC)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _of_pipeline(event: Row) -> Row:
    found = event["properties"]
    return {
        "device_id": found.get("$device_id"),
        "distinct_id": found.get("distinct_id"),
        "event_name": event["event"],
        "insert_id": found.get("$insert_id"),
        "properties": _text(found),
        "time": _moment(found),
        "user_id": found.get("$user_id"),
    }


def _of_fivetran(event: Row, place: int) -> Row:
    found = event["properties"]
    return {
        "_fivetran_id": f"row {place:06}",
        "distinct_id": found.get("distinct_id"),
        "event_time_ms": int(_moment(found).timestamp() * 1000),
        "name": event["event"],
        "properties": _text(found),
        "time": _moment(found).replace(tzinfo=None),
        "_fivetran_synced": _moment(found),
    }


def plain_names(events: list[Row]) -> dict[str, str]:
    """The names of properties as Airbyte has them: without a sign in front, different in more than case."""
    made: dict[str, str] = {}
    for name in sorted({name for event in events for name in event["properties"]}):
        plain = name.removeprefix("$")
        while plain.lower() in map(str.lower, made.values()):
            plain = f"_{plain}"
        made[name] = plain
    return made


def _of_airbyte(event: Row, names: dict[str, str]) -> Row:
    """All properties as the texts that Python makes of them."""
    found = {names[name]: str(value) for name, value in event["properties"].items()}
    own = {"event": event["event"], "time": _moment(event["properties"]), "_airbyte_raw_id": _text(found)}
    return found | own


def _profile(profile: Row) -> Row:
    return {"distinct_id": profile["$distinct_id"], "properties": _text(profile["$properties"])}


def _two(properties: Row) -> Row:
    return {name: properties.get(name) for name in ("plan", "channel")}


def _save(folder: Path, table: str, rows: list[Row], columns: dict[str, str] | None = None) -> None:
    held = folder / table
    held.mkdir(parents=True)
    lines = folder / f"{table}.lines"
    lines.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows), encoding="utf-8")
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        given = [str(lines), columns or _COLUMNS[table]]
        con.execute(
            "CREATE TABLE made AS SELECT * FROM read_json(?, columns=?, format='newline_delimited')", given
        )
        con.execute(f"COPY made TO '{held / 'part.parquet'}' (FORMAT parquet)")
    lines.unlink()
