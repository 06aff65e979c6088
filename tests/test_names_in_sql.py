"""A property or a table may have any name that our own SQL uses: every answer stays what it was.

The names are taken from the statements themselves, as they are recorded in a run.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
import sqlglot
from sqlglot import exp
from workspaces import workspace_on

from mixpanel_nb import Workspace
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.storage import TableMetadata, ledger
from mixpanel_nb.storage.connections import new_session
from mixpanel_nb.storage.loading import Batch
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from mixpanel_nb.storage.schema import TableType

Line = dict[str, Any]

TIME = 1_735_725_600  # 2025-01-01 10:00 UTC
DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-03"}
WORD = re.compile(r"[A-Za-z_]\w*")
TEXT = re.compile(r"'(?:[^']|'')*'")
PRO = 'properties["plan"] == "pro" or "x" in properties["tags"]'

Question = tuple[str, tuple[Any, ...], dict[str, Any]]
BOTH_WAYS: list[Question] = [
    ("segmentation", ("A",), {}),
    ("segmentation", ("A",), {"unit": "hour", "type": "unique", "where": PRO}),
    *(("segmentation", ("A",), {"on": on}) for on in ("plan", "amount", "tags", "mixed", "flag", "nested")),
    ("segmentation", ("A",), {"on": 'user["city"]'}),
    ("segmentation_numeric", ("A",), {"on": "amount"}),
    ("segmentation_sum", ("A",), {"on": "amount"}),
    ("segmentation_average", ("A",), {"on": "amount"}),
    ("event_counts", (["A", "B"],), {"type": "unique"}),
    ("property_counts", ("A", "plan"), {}),
    ("retention", (), {"born_event": "A", "return_event": "B"}),
    ("retention", (), {"return_event": "B", "type": "compounded"}),
    ("retention", (), {"born_event": "A", "mode": "on_or_after", "unit": "week"}),
    ("frequency", (), {}),
]
LOCAL: list[Question] = [
    *BOTH_WAYS,
    ("insights", (["A", "unique_last(B)", "mau(*)"],), {"on": ["plan", "tags", "amount"], "limit": 3}),
    ("insights", (["average(per user sum(A, amount))"],), {"on": ["buckets(amount)"], "unit": "year"}),
    ("active", (), {"on": ["mixed"]}),
    ("top_events", (), {"date": "2025-01-02"}),
    ("funnel", (), {"steps": ["A", "B"], "on": "plan", "unit": "day"}),
    ("funnel", (), {"steps": ["A", ("A", PRO), "B"], "on": "tags"}),
    ("funnel", (), {"steps": ["A", "B"], "exclude": "B", "where": PRO}),
    ("funnel", (), {"steps": ["A", "B"], "count": "sessions", "on": "plan"}),
    ("funnel", (), {"steps": ["A", "B"], "reentry": "optimized", "on": ["plan", "tags"]}),
    ("retention", (), {"born_event": "A", "on": "plan"}),
    ("flow", (), {"start": "A", "end": ("B", PRO), "count": "totals", "exclude": "C"}),
    (
        "flow",
        (),
        {"through": "A", "hold": "plan", "expand": {"A": "tags"}, "on": "tags", "collapse_repeats": True},
    ),
    ("flow", (), {"end": "B", "count": "sessions", "on": 'user["city"]'}),
    (
        "experiment",
        (["A", "unique(B)", "average(B, amount)"],),
        {
            "exposure": "A",
            "variant": "plan",
            "on": "tags",
            "where": PRO,
            "cuped": 2,
            "winsorize": 5,
            "window": 1,
        },
    ),
    ("why", ("A", "2025-01-02"), {"where": PRO}),
    ("anomalies", (), {"where": PRO, "date": "2025-01-02", "properties": ["plan", "tags"]}),
    ("signal", ("B",), {"where": PRO, "window": 1, "properties": ["plan", "tags", "mixed"]}),
    ("signal", ("B",), {"start": "A", "window": 1, "goal_times": 2, "before_goal": True}),
    ("sessions", (), {"on": "plan", "event": "A", "where": PRO}),
]


def lines() -> list[Line]:
    """Events of a few users over three days, one of them sent twice."""
    found = []
    for number in range(36):
        own = {
            "plan": ["pro", "free", ""][number % 3],
            "amount": number % 7,
            "tags": ["x", "y"][: number % 3],
            "mixed": [number, "text", True][number % 3],
            "flag": number % 2 == 0,
            "nested": {"a": number % 2},
        }
        held = {
            "time": TIME + 6_000 * number,
            "distinct_id": f"u{number % 5}",
            "$insert_id": f"id{number}",
        }
        found.append({"event": "AB"[number % 2], "properties": {**held, **own}})
    return [*found, found[4]]


def users() -> list[Line]:
    return [
        {
            "$distinct_id": f"u{number}",
            "$properties": {"city": f"c{number % 2}", "$last_seen": "2025-01-03T10:00:00"},
        }
        for number in range(5)
    ]


def named(given: Iterable[Line], properties: str, names: Sequence[str]) -> list[Line]:
    """The lines with a property of each name beside their own: texts, and every other one a number."""
    return [
        line
        | {
            properties: line[properties]
            | {
                name: f"{name}-{number % 4}" if place % 2 else number % 4
                for place, name in enumerate(names)
                if name not in line[properties]
            }
        }
        for number, line in enumerate(given)
    ]


class Recorded:
    """A DuckDB connection that notes the statements that are run."""

    def __init__(self, connection: Any, said: list[str]) -> None:
        self._connection = connection
        self._said = said

    def execute(self, statement: Any, *values: Any) -> Any:
        self._said.append(str(statement))
        return self._connection.execute(statement, *values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def load(
    ws: Workspace, file: Path, table: str, kind: TableType, rows: Sequence[Line], *, dedupe: bool = True
) -> None:
    """All of them in two batches that overlap, with a column for every property."""
    for part in (rows[:20], rows[10:]):
        file.write_text("".join(json.dumps(row) + "\n" for row in part))
        metadata = TableMetadata(kind, ledger.now())
        ws.storage.load(Batch(table, [file], [], metadata, columns=2_000, dedupe=dedupe))


def fill(ws: Workspace, file: Path, names: Sequence[str] = ()) -> None:
    events = named(lines(), "properties", names)
    load(ws, file, "events", "events", events)
    load(ws, file, "every", "events", events, dedupe=False)
    load(ws, file, "profiles", "profiles", named(users(), "$properties", names))


def reported(ws: Workspace, table: str, questions: Iterable[Question] = LOCAL) -> list[Any]:
    return [
        getattr(ws, name)(*given, **asked, **_days(name), table=table) for name, given, asked in questions
    ]


def _days(report: str) -> dict[str, Any]:
    return {} if report in {"top_events", "why", "anomalies"} else DAYS


def told(ws: Workspace, folder: Path, own: Sequence[str]) -> dict[str, Any]:
    """Whatever can be asked of the tables, without the properties that are not ``own``."""
    ws.promote("events", "plan")
    feed = ws.activity_feed(["u1", "u2"], **DAYS, table="events")
    ws.export("events", folder / "lake", partition_by=["day", "event_name"], format="jsonl", replace=True)
    months = ws.export("events", folder / "months", partition_by="month", format="csv", replace=True)
    columns = {column.name: column.property or (column.name,) for column in ws.schema("events")}
    kept = [("event_name",), ("event_time",), ("distinct_id",), ("insert_id",), *own]
    summary = {columns.get(row.pop("column")): row for row in ws.summarize("events").records()}
    results = reported(ws, "events")
    return {
        "reports": [result.records() for result in results],
        "users": [result.users().ids for result in results],
        "feed": [
            (
                event.event,
                event.time,
                event.distinct_id,
                {name: event.properties[name] for name in own if name in event.properties},
            )
            for event in feed.events
        ],
        "days": ws.storage.rows_per_day("events", date(2025, 1, 1), date(2025, 1, 3)),
        "summary": {name: summary[name] for name in kept if name in summary},
        "sample": len(ws.sample("events", 5)),
        "folders": Counter(
            re.sub("day[^=]*=", "day=", str(file.parent.relative_to(folder / "lake")))
            for file in (folder / "lake").rglob("*.jsonl")
            for _ in file.read_text().splitlines()
        ),
        "months": [re.sub("month[^=]*=", "month=", path.name) for path in (folder / "months").iterdir()],
        "rows": (
            months.rows,
            ws.sql_scalar("SELECT count(*) FROM events"),
            ws.sql_scalar("SELECT count(*) FROM every"),
            ws.sql_scalar("SELECT count(*) FROM profiles"),
        ),
        "expression": len(ws.sql(ws.expression(PRO, table="events").sql)),
    }


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], set[str]]:
    """The answers without further properties, and the words in the statements behind them."""
    folder = tmp_path_factory.mktemp("plain")
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "mixpanel_nb.storage.database.new_session", lambda **how: Recorded(new_session(**how), said)
        )
        with Workspace.memory(account="sandbox", timezone="Europe/Berlin") as ws:
            fill(ws, folder / "lines.jsonl")
            answers = told(ws, folder, OWN)
    words = {word for statement in said for word in WORD.findall(TEXT.sub("", statement))}
    return answers, words


OWN = list(lines()[0]["properties"])


def names_for(words: set[str], written: Callable[[str], str]) -> list[str]:
    return sorted({written(word) for word in words} - {*OWN, "city", "$last_seen"})


@pytest.mark.parametrize("written", [str, str.upper])
def test_properties_named_like_anything_in_our_sql(
    plain: tuple[dict[str, Any], set[str]], tmp_path: Path, written: Callable[[str], str]
) -> None:
    answers, words = plain
    expected = "date day month key event segment place e u item p0 user_id row old new"
    assert {*expected.split()} <= words
    assert answers["rows"] == (36, 36, 36, 5)
    names = names_for(words, written)
    with Workspace.memory(account="sandbox", timezone="Europe/Berlin") as ws:
        fill(ws, tmp_path / "lines.jsonl", names)
        assert {column.property for column in ws.schema("events")} >= {*names}
        found = told(ws, tmp_path, OWN)
        for about, answer in answers.items():
            assert found[about] == answer, about
        feed = ws.activity_feed("u1", **DAYS, table="events")
        assert {*names} <= {name for event in feed.events for name in event.properties}
        assert (
            len({*feed.column_names})
            == len(feed.column_names)
            == 3 + len({*OWN, *names} - {"time", "distinct_id"})
        )


def test_a_table_named_like_a_step_of_our_sql(plain: tuple[dict[str, Any], set[str]], tmp_path: Path) -> None:
    """Of a table with the name of a step, the first and the last report that have this step tell the same."""
    answers, _ = plain
    with Workspace.memory(account="sandbox", timezone="Europe/Berlin") as ws:
        load(ws, tmp_path / "lines.jsonl", "profiles", "profiles", users())
        load(ws, tmp_path / "lines.jsonl", "events", "events", lines())
        places: dict[str, set[int]] = {}
        for place, result in enumerate(reported(ws, "events")):
            for step in sqlglot.parse_one(result.sql, read="duckdb").find_all(exp.CTE):
                places.setdefault(step.alias.lstrip("_"), set()).add(place)
        assert {"matching", "entering", "cohorts", "step_2"} <= places.keys()
        for name in sorted(places):
            load(ws, tmp_path / "lines.jsonl", name, "events", lines())
            for place in {min(places[name]), max(places[name])}:
                (result,) = reported(ws, name, [LOCAL[place]])
                assert result.records() == answers["reports"][place], (name, LOCAL[place])
                assert result.users().ids == answers["users"][place], (name, LOCAL[place])


def test_the_sandbox_serves_an_export_with_such_properties(
    plain: tuple[dict[str, Any], set[str]], tmp_path: Path, home: Path
) -> None:
    _, words = plain
    names = names_for(words, str)
    events = sorted(named(lines(), "properties", names), key=lambda line: line["properties"]["time"])
    (tmp_path / "events.jsonl").write_text("".join(json.dumps(line) + "\n" for line in events))
    profiles = named(users(), "$properties", names)
    (tmp_path / "people.jsonl").write_text("".join(json.dumps(line) + "\n" for line in profiles))
    with (
        Dataset.from_files(
            tmp_path / "events.jsonl", tmp_path / "people.jsonl", tmp_path / "cache"
        ) as dataset,
        SandboxServer(create_app(dataset)) as server,
    ):
        client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
        with workspace_on(client, tmp_path / "data.db") as ws:
            ws.fetch_events(**DAYS)
            ws.fetch_profiles()
            for name, given, asked in BOTH_WAYS:
                live = getattr(ws, name)(*given, **asked, **DAYS)
                local = getattr(ws, name)(*given, **asked, **DAYS, table="events")
                assert _rows(live) == _rows(local), (name, asked)
            feed, table = (ws.activity_feed("u1", **DAYS, table=table) for table in (None, "events"))
            assert [event.properties for event in feed.events] == [event.properties for event in table.events]
            assert {*names} <= {*feed.events[0].properties}


def _rows(result: Any) -> list[str]:
    return sorted(str(sorted(record.items())) for record in result.records())
