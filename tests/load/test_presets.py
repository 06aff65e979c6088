"""An export of each tool, written by hand from its documentation, arrives typed."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from load.conftest import EXPORTS
from mixpanel_nb.errors import MixpanelDataError, ParameterError
from mixpanel_nb.services.load.presets import PRESETS

if TYPE_CHECKING:
    from pathlib import Path

    from mixpanel_nb import Workspace

ROWS: dict[str, list[tuple[str, str, str]]] = {
    "amplitude": [
        ("View Product", "2025-03-01T09:00:00.250000", "700000000001"),
        ("Sign Up", "2025-03-01T09:01:00.250000", "700000000001"),
        ("Purchase", "2025-03-01T09:02:00.250000", "700000000001"),
        ("View Product", "2025-03-01T10:00:00.250000", "700000000002"),
    ],
    "ga4": [
        ("page_view", "2025-03-01T09:00:00.123456", "1066425839.1740819600"),
        ("page_view", "2025-03-01T09:00:01.123456", "1066425839.1740819600"),
        ("purchase", "2025-03-01T09:01:00.000001", "alice"),
        ("session_start", "2025-03-02T09:00:00", "2022222222.1740906000"),
    ],
    "segment": [
        ("page", "2025-03-01T09:00:00.200000", "an-1"),
        ("identify", "2025-03-01T09:01:00.200000", "alice"),
        ("Order Completed", "2025-03-01T09:02:00.200000", "alice"),
        ("Product Viewed", "2025-03-01T10:00:00.200000", "bob"),
    ],
    "posthog": [
        ("$pageview", "2025-03-01T09:00:00.123456", "0188a5e0-1111-7000-8000-000000000001"),
        ("signed up", "2025-03-01T09:01:00.123456", "0188a5e0-1111-7000-8000-000000000001"),
        ("purchase", "2025-03-01T09:02:00.123456", "0188a5e0-1111-7000-8000-000000000001"),
        ("$pageview", "2025-03-01T10:00:00.123456", "0188a5e0-2222-7000-8000-000000000002"),
    ],
    "snowplow": [
        ("page_view", "2025-03-01T09:00:00.900000", "bc2e92ec-0001"),
        ("event", "2025-03-01T09:01:00.900000", "alice"),
        ("purchase", "2025-03-01T10:00:00.900000", "nu-2"),
    ],
    "pipelines": [
        ("Sign Up", "2025-03-01T09:01:00", "alice"),
        ("Purchase", "2025-03-01T09:02:00", "alice"),
        ("Sign Up", "2025-03-01T10:00:00", "bob"),
    ],
}
ROWS |= dict.fromkeys(("fivetran", "airbyte"), ROWS["pipelines"])
TYPED: dict[str, dict[str, str]] = {
    "amplitude": {
        "item": "VARCHAR",
        "price": "DOUBLE",
        "quantity": "BIGINT",
        "tags": "JSON",
        "referred": "BOOLEAN",
        "user_properties.plan": "VARCHAR",
        "user_properties.age": "BIGINT",
        "session_id": "BIGINT",
        "country": "VARCHAR",
        "event_properties.country": "VARCHAR",
        "user_properties.country": "VARCHAR",
        "is_attribution_event": "BOOLEAN",
        "groups": "JSON",
        "user_id": "VARCHAR",
        "amplitude_id": "BIGINT",
    },
    "ga4": {
        "ga_session_id": "BIGINT",
        "value": "DOUBLE",
        "currency": "VARCHAR",
        "page_location": "VARCHAR",
        "user_properties.plan": "VARCHAR",
        "device.category": "VARCHAR",
        "device.web_info.browser": "VARCHAR",
        "event_bundle_sequence_id": "BIGINT",
        "user_first_touch_timestamp": "BIGINT",
        "items": "JSON",
        "ecommerce.purchase_revenue": "DOUBLE",
        "ecommerce.total_item_quantity": "BIGINT",
        "is_active_user": "BOOLEAN",
        "geo.country": "VARCHAR",
        "stream_id": "VARCHAR",
        "user_ltv.revenue": "DOUBLE",
    },
    "segment": {
        "revenue": "DOUBLE",
        "coupon": "VARCHAR",
        "products": "JSON",
        "first": "BOOLEAN",
        "price": "BIGINT",
        "context.page.path": "VARCHAR",
        "context.active": "BOOLEAN",
        "context.campaign.source": "VARCHAR",
        "traits.plan": "VARCHAR",
        "traits.logins": "BIGINT",
        "type": "VARCHAR",
        "version": "BIGINT",
    },
    "posthog": {
        "$browser": "VARCHAR",
        "$browser_version": "BIGINT",
        "amount": "DOUBLE",
        "items": "JSON",
        "referred": "BOOLEAN",
        "person_properties.plan": "VARCHAR",
        "person_properties.logins": "BIGINT",
        "distinct_id": "VARCHAR",
    },
    "snowplow": {
        "app_id": "VARCHAR",
        "br_viewwidth": "BIGINT",
        "br_cookies": "BOOLEAN",
        "se_value": "DOUBLE",
        "geo_latitude": "DOUBLE",
        "contexts_com_acme_user_1": "JSON",
        "domain_sessionidx": "BIGINT",
        "unstruct_event_com_acme_purchase_1": "JSON",
    },
    "pipelines": {
        "$city": "VARCHAR",
        "$os": "VARCHAR",
        "amount": "DOUBLE",
        "gift": "BOOLEAN",
        "items": "JSON",
        "plan": "VARCHAR",
        "device_id": "VARCHAR",
        "user_id": "VARCHAR",
        "mp_processing_time_ms": "BIGINT",
    },
    "fivetran": {
        "$city": "VARCHAR",
        "amount": "DOUBLE",
        "gift": "BOOLEAN",
        "items": "JSON",
        "event_time_ms": "BIGINT",
    },
    "airbyte": {"city": "VARCHAR", "amount": "VARCHAR", "items": "VARCHAR", "dataset": "VARCHAR"},
}
TWICE = dict.fromkeys(("amplitude", "segment", "pipelines", "fivetran", "airbyte"), 1)


def stored(ws: Workspace) -> list[tuple[str, str, str]]:
    rows = ws.sql_rows("SELECT event_name, event_time, distinct_id FROM events ORDER BY rowid").rows
    return [(event, at.isoformat(), user) for event, at, user in rows]


def types(ws: Workspace) -> dict[str | None, str]:
    return {column.property: column.type for column in ws.schema("events").columns if column.property}


def test_there_is_an_export_of_every_tool() -> None:
    assert sorted(file.stem for file in EXPORTS.iterdir()) == sorted(PRESETS)


@pytest.mark.parametrize("tool", PRESETS)
def test_an_export(ws: Workspace, tool: str) -> None:
    (file,) = EXPORTS.glob(f"{tool}.*")
    result = ws.load(file, from_tool=tool)
    assert stored(ws) == ROWS[tool]
    assert types(ws).items() >= TYPED[tool].items()
    assert result.duplicates == TWICE.get(tool, 0)
    assert result.guessed == ()
    assert result.without_user == result.without_time == 0


@pytest.mark.parametrize("tool", [tool for tool in PRESETS if tool != "snowplow"])
def test_every_value_of_the_file_has_a_column(ws: Workspace, tool: str) -> None:
    (file,) = EXPORTS.glob(f"{tool}.jsonl")
    ws.load(file, from_tool=tool, columns=500)
    preset, held = PRESETS[tool], types(ws)
    for line in file.read_text().splitlines():
        for name, value in json.loads(line).items():
            alone = name in {
                fields[0] for fields in (preset.events, preset.times, preset.users, preset.ids) if fields
            }
            spread = any(each.path == (name,) for each in preset.spreads)
            if value is not None and not alone and not spread:
                assert name in held
            for each in preset.spreads:
                if each.path == (name,) and isinstance(value, dict):
                    assert all(_has(held, name, key) for key, inner in value.items() if inner is not None)
                if each.path == (name,) and isinstance(value, list):
                    assert all(_has(held, name, pair["key"]) for pair in value)


def _has(held: dict[str | None, str], name: str, key: str) -> bool:
    return any(
        column is not None and (column in {key, f"{name}.{key}"} or column.startswith(f"{name}.{key}."))
        for column in held
    )


@pytest.mark.parametrize("tool", ["ga4", "posthog", "pipelines"])
def test_a_parquet_export_gives_the_same(ws: Workspace, tmp_path: Path, tool: str) -> None:
    lines = [json.loads(line) for line in (EXPORTS / f"{tool}.jsonl").read_text().splitlines()]
    file = tmp_path / "export.parquet"
    pq.write_table(pa.Table.from_pylist([_as_parquet(tool, line) for line in lines]), file)
    ws.load(EXPORTS / f"{tool}.jsonl", "lines", from_tool=tool)
    ws.load(file, from_tool=tool)
    assert stored(ws) == ROWS[tool]
    assert types(ws).items() >= TYPED[tool].items()
    for name in TYPED[tool]:
        column = f'"{name}"' if name != "distinct_id" else "distinct_id_2"
        counted = [
            ws.sql_rows(f"SELECT {column}::VARCHAR FROM {table} ORDER BY rowid").rows
            for table in ("events", "lines")
        ]
        assert [_loosely(row) for row in counted[0]] == [_loosely(row) for row in counted[1]], name


def _as_parquet(tool: str, line: dict[str, Any]) -> dict[str, Any]:
    """A row as the tool writes it to Parquet: times typed, objects as JSON in texts where it says so."""
    if tool == "ga4":
        numbers = PRESETS["ga4"].numbers | {"event_timestamp"}
        whole: dict[str, Any] = {
            name: int(value) if name in numbers and value is not None else value
            for name, value in line.items()
        }
        for pair in (*whole["event_params"], *whole["user_properties"]):
            if pair["value"]["int_value"] is not None:
                pair["value"]["int_value"] = int(pair["value"]["int_value"])
        return whole
    texts = {name: json.dumps(value) for name, value in line.items() if isinstance(value, dict)}
    at = "timestamp" if tool == "posthog" else "time"
    return {**line, **texts, at: datetime.fromisoformat(line[at])}


def _loosely(row: tuple[str | None]) -> str | None:
    return None if row[0] is None else row[0].replace(" ", "").replace('"1"', "1")


def test_a_user_that_is_named_counts_before_that_of_the_tool(ws: Workspace) -> None:
    result = ws.load(EXPORTS / "amplitude.jsonl", from_tool="amplitude", user="user_id,device_id")
    assert [user for _, _, user in stored(ws)] == [
        "d-1",
        "alice@example.com",
        "alice@example.com",
        "bob@example.com",
    ]
    assert result.user == "user_id, device_id"


def test_reports_break_down_by_what_was_spread(ws: Workspace) -> None:
    ws.load(EXPORTS / "amplitude.jsonl", from_tool="amplitude")
    report = ws.segmentation(
        "Purchase", from_date="2025-03-01", to_date="2025-03-01", table="events", on="user_properties.plan"
    )
    assert report.df[["segment", "count"]].values.tolist() == [["pro", 1]]


def test_snowplows_files_without_a_header_are_refused_and_say_how_to_load_them(
    ws: Workspace, tmp_path: Path
) -> None:
    """https://docs.snowplow.io/docs/pipeline/enriched-tsv-format: 131 fields, separated by tabs."""
    fields = {0: ("app_id", "shop"), 3: ("collector_tstamp", "2025-03-01 09:00:00.250")}
    fields |= {5: ("event", "page_view"), 6: ("event_id", "c6ef3124"), 12: ("user_id", "alice")}
    fields |= {52: ("contexts", '{"schema":"iglu:com.acme/contexts","data":[{"data":{"a":1}}]}')}
    names, row = (
        [fields[place][which] if place in fields else f"c{place}" * (1 - which) for place in range(131)]
        for which in (0, 1)
    )
    file = tmp_path / "enriched.tsv"
    file.write_text(("\t".join(row) + "\n") * 2)
    with pytest.raises(ParameterError, match="no export of Snowplow") as refused:
        ws.load(file, from_tool="snowplow")
    assert "Analytics SDK" in str(refused.value.hint)
    file.write_text("\t".join(names) + "\n" + "\t".join(row) + "\n")
    ws.load(file, from_tool="snowplow")
    (found,) = ws.sql_rows(
        "SELECT event_name, distinct_id, insert_id, app_id, contexts->>'schema' FROM events"
    )
    assert found == ("page_view", "alice", "c6ef3124", "shop", "iglu:com.acme/contexts")


@pytest.mark.parametrize("ending", ["parquet", "csv", "jsonl", "table"])
def test_the_identity_mappings_of_a_pipeline_are_joined(ws: Workspace, tmp_path: Path, ending: str) -> None:
    """https://docs.mixpanel.com/docs/data-pipelines/json-pipelines: distinct_id, resolved_distinct_id."""
    ws.load(EXPORTS / "pipelines.jsonl", from_tool="pipelines")
    rows = [("alice", "bob"), ("bob", "bob"), ("nobody's", "bob")]
    pairs = [{"distinct_id": one, "resolved_distinct_id": user} for one, user in rows]
    file = tmp_path / f"identity's mappings.{ending}"
    match ending:
        case "parquet":
            pq.write_table(pa.Table.from_pylist(pairs), file)
        case "csv":
            file.write_text("distinct_id,resolved_distinct_id\n" + "".join(f"{a},{b}\n" for a, b in rows))
        case "jsonl":
            file.write_text("".join(json.dumps(pair) + "\n" for pair in pairs))
        case "table":
            values = ", ".join("('{}', '{}')".format(a.replace("'", "''"), b) for a, b in rows)
            columns = "distinct_id, resolved_distinct_id"
            ws.sql(f"CREATE TABLE mappings AS SELECT * FROM (VALUES {values}) t({columns})")
    asked: dict[str, Any] = {"type": "unique", "table": "events", "during": "2025-03", "unit": "month"}
    assert ws.segmentation("Sign Up", **asked).df["count"].tolist() == [2]
    found = ws.identities("events", mapping="mappings" if ending == "table" else file)
    assert (found.ids, found.users, found.largest) == (2, 1, 3)
    assert found.resolved == {"alice": "bob", "nobody's": "bob"}
    assert ws.segmentation("Sign Up", **asked).df["count"].tolist() == [1]
    assert ws.segmentation("Sign Up", identities="raw", **asked).df["count"].tolist() == [2]


def test_mappings_without_their_columns_are_refused(ws: Workspace, tmp_path: Path) -> None:
    ws.load(EXPORTS / "pipelines.jsonl", from_tool="pipelines")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    for mapping in (tmp_path / "x.csv", tmp_path / "missing.csv"):
        with pytest.raises(MixpanelDataError) as told:
            ws.identities("events", mapping=mapping)
        assert "\n" not in told.value.message
