"""The tables behind the reports: made once of the same lines, shared, asked by several at once."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import mixpanel_nb
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.sandbox.tables import tables_path
from mixpanel_nb.storage import StorageEngine

if TYPE_CHECKING:
    from .naive import Naive

AUTH = ("sandbox", "sandbox")
SEGMENTATION = "/api/query/segmentation"
WEEK = {"project_id": "1", "event": "Purchase", "from_date": "2025-02-10", "to_date": "2025-02-16"}
EXPORT = [
    '{"event":"A","properties":{"time":1736294400,"distinct_id":"x","$insert_id":"1","n":1}}',
    '{"event":"A","properties":{"time":1736294400000,"distinct_id":"x","$insert_id":"1","n":1}}',
    '{"event":"A","properties":{"time":1736380800,"distinct_id":"","n":2.5}}',
    '{"event":"B","properties":{"time":1736380800,"distinct_id":"z"}}',
]


def served(dataset: Dataset) -> httpx.Client:
    transport = httpx.WSGITransport(create_app(dataset))
    return httpx.Client(transport=transport, base_url="http://localhost", auth=AUTH)


def write(path: Path, lines: list[str]) -> Path:
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


def test_tables_are_made_on_first_need_and_then_found(tmp_path: Path) -> None:
    with Dataset.generated(tmp_path, events=2000) as dataset, served(dataset) as client:
        path = tables_path(dataset.path)
        client.get("/api/query/events/names", params={"project_id": "1"})
        assert not path.exists()
        first = client.get(SEGMENTATION, params=WEEK).json()
        made = path.stat().st_mtime_ns
    with Dataset.generated(tmp_path, events=2000) as dataset, served(dataset) as client:
        assert client.get(SEGMENTATION, params=WEEK).json() == first
        assert path.stat().st_mtime_ns == made
    assert sorted(tmp_path.iterdir()) == sorted([dataset.path, path])


def test_the_tables_hold_each_event_once(dataset: Dataset, deduplicated: list[Any]) -> None:
    with dataset.runner():
        pass
    with StorageEngine(tables_path(dataset.path), read_only=True) as storage:
        [(rows,)] = storage.execute_rows("SELECT count(*) FROM events")
        [(users,)] = storage.execute_rows("SELECT count(*) FROM profiles")
        typed = {column.property for column in storage.property_columns("events")}
    assert rows == len(deduplicated)
    assert users == dataset.profiles.page(0)[1]
    assert {"plan", "revenue", "$os"} <= typed


def test_two_processes_may_make_the_same_tables_at_once(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from mixpanel_nb.analytics.sql import Statement\n"
        "from mixpanel_nb.sandbox.store import Dataset\n"
        "dataset = Dataset.generated(Path(sys.argv[1]), events=4000)\n"
        "with dataset.runner() as runner:\n"
        "    print(runner.engine.rows(Statement('SELECT count(*) FROM events', {}))[0][0])\n"
        "dataset.close()"
    )
    environment = {"PYTHONPATH": str(Path(mixpanel_nb.__file__).parents[1])}
    command = [sys.executable, "-c", program, str(tmp_path / "cache")]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) for _ in range(2)]
    one, other = [int(process.communicate(timeout=120)[0]) for process in running]
    assert one == other > 3500
    assert len(list((tmp_path / "cache").iterdir())) == 2


def test_many_clients_at_once_get_the_same_answers_as_one(dataset: Dataset) -> None:
    questions = [
        (SEGMENTATION, WEEK),
        (SEGMENTATION, {**WEEK, "on": "plan", "type": "unique"}),
        ("/api/2.0/funnels", {**WEEK, "funnel_id": "1001", "unit": "week"}),
        ("/api/query/retention", {**WEEK, "born_event": "Sign Up", "unit": "day"}),
        ("/api/query/engage", {"project_id": "1", "filter_by_cohort": '{"id":2003}', "page_size": "5"}),
        ("/api/query/events/top", {"project_id": "1", "type": "general"}),
    ]

    def ask(question: tuple[str, dict[str, str]]) -> Any:
        path, params = question
        answer = httpx.get(f"{server.url}{path}", params=params, auth=AUTH, verify=False, timeout=60)
        assert answer.status_code == 200
        found = answer.json()
        return {key: found[key] for key in found if key not in ("computed_at", "session_id")}

    with SandboxServer(Dataset(dataset.path, dataset.saved)) as server:
        alone = [ask(question) for question in questions]
        with ThreadPoolExecutor(12) as pool:
            assert list(pool.map(ask, questions * 8)) == alone * 8
        server.app.dataset.close()


def test_closing_leaves_no_thread(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    with Dataset.generated(tmp_path, events=2000) as dataset, served(dataset) as client:
        client.get(SEGMENTATION, params=WEEK)
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.mark.parametrize("root", ["/api/query", "/api/2.0"])
def test_get_form_and_json_are_the_same_question(client: httpx.Client, root: str) -> None:
    where = 'properties["revenue"] > 50 and properties["$city"] != "São Paulo"'
    given = {**WEEK, "on": "$city", "where": where}
    got = client.get(f"{root}/segmentation", params=given)
    assert len(got.json()["data"]["values"]) > 5
    assert client.post(f"{root}/segmentation", data=given).json() == got.json()
    assert client.post(f"{root}/segmentation/", json=given).json() == got.json()
    mixed = client.post(
        f"{root}/segmentation", params={**given, "event": "Search"}, json={"event": "Purchase"}
    )
    assert mixed.json() == got.json()


def test_long_answers_are_gzipped_for_those_who_take_it(client: httpx.Client) -> None:
    params = {**WEEK, "on": "$city", "unit": "hour"}
    plain = client.get(SEGMENTATION, params=params, headers={"Accept-Encoding": "identity"})
    packed = client.get(SEGMENTATION, params=params, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.json() == plain.json()


def test_head_asks_and_sends_nothing(client: httpx.Client) -> None:
    answer = client.head(SEGMENTATION, params=WEEK)
    assert (answer.status_code, answer.content) == (200, b"")
    assert client.head(SEGMENTATION, params={**WEEK, "unit": "year"}).status_code == 400


@pytest.mark.parametrize("name", ["export.jsonl", "export.jsonl.gz"])
def test_a_replayed_export_answers_reports(tmp_path: Path, name: str) -> None:
    data = write(tmp_path / name, EXPORT)
    users = write(
        tmp_path / "people.jsonl",
        [
            '{"$distinct_id":"x","$properties":{"plan":"free"}}',
            '{"$distinct_id":"x","$properties":{"plan":"pro"}}',
        ],
    )
    days = {"project_id": "1", "from_date": "2025-01-01", "to_date": "2025-01-31"}
    with Dataset.from_files(data, users, tmp_path / "cache") as replayed, served(replayed) as client:
        counts = client.get(SEGMENTATION, params={**days, "event": "A"}).json()["data"]["values"]["A"]
        assert counts == {"2025-01-08": 1, "2025-01-09": 1}
        unique = client.get(SEGMENTATION, params={**days, "event": "A", "type": "unique"}).json()
        assert unique["data"]["values"]["A"] == {"2025-01-08": 1}  # the other event is nobody's
        total = {**days, "event": "A", "on": "n", "unit": "month"}
        sums = client.get("/api/query/segmentation/sum", params=total).json()["results"]
        assert sums == {"2025-01-01": 3.5}
        pro = {**days, "event": "A", "where": 'user["plan"] == "pro"', "unit": "month"}
        assert client.get(SEGMENTATION, params=pro).json()["data"]["values"]["A"] == {"2025-01-01": 1}
        top = client.get("/api/query/events/top", params={"project_id": "1", "type": "general"}).json()
        assert {event["event"] for event in top["events"]} == {"A", "B"}


def test_a_replay_without_users_knows_nothing_of_anybody(tmp_path: Path) -> None:
    data = write(tmp_path / "export.jsonl", EXPORT)
    params = {**WEEK, "event": "A", "from_date": "2025-01-01", "where": 'not defined(user["plan"])'}
    with Dataset.from_files(data, None, tmp_path / "cache") as replayed, served(replayed) as client:
        answer = client.get(SEGMENTATION, params=params)
        assert sum(answer.json()["data"]["values"]["A"].values()) == 2
        engage = client.get("/api/query/engage", params={"project_id": "1"}).json()
        assert (engage["total"], engage["results"]) == (0, [])


def test_an_export_without_events_has_reports_without_counts(tmp_path: Path) -> None:
    data = write(tmp_path / "export.jsonl", [])
    with Dataset.from_files(data, None, tmp_path / "cache") as replayed, served(replayed) as client:
        assert client.get(SEGMENTATION, params=WEEK).json()["data"]["values"] == {"Purchase": {}}
        recent = {"project_id": "1", "event": '["A"]', "type": "general", "unit": "day", "interval": "2"}
        assert len(client.get("/api/query/events", params=recent).json()["data"]["series"]) == 2
        top = client.get("/api/query/events/top", params={"project_id": "1", "type": "general"}).json()
        assert top == {"events": [], "type": "general"}


def test_a_line_that_no_table_can_hold_is_told(tmp_path: Path) -> None:
    twice = '{"event":"A","event":"B","properties":{"time":1736294400,"distinct_id":"x"}}'
    data = write(tmp_path / "export.jsonl", [EXPORT[0], twice])
    with Dataset.from_files(data, None, tmp_path / "cache") as replayed, served(replayed) as client:
        answer = client.get(SEGMENTATION, params=WEEK)
        assert answer.status_code == 500
        assert "cannot ask its data" in answer.json()["error"]
        assert not any(path.name.startswith(".") for path in (tmp_path / "cache").iterdir())


def test_a_published_answer_is_the_same_after_a_replay(
    tmp_path: Path, dataset: Dataset, counted: Naive
) -> None:
    dataset.dump(tmp_path / "events.jsonl.gz")
    dataset.dump(tmp_path / "people.jsonl", "profiles")
    files = tmp_path / "events.jsonl.gz", tmp_path / "people.jsonl", tmp_path / "cache"
    with Dataset.from_files(*files) as replayed, served(replayed) as client:
        answer = client.get(SEGMENTATION, params=WEEK).json()
        assert answer["data"]["values"]["Purchase"] == counted.per_day("Purchase")
        where = json.dumps("pro")
        matching = {"project_id": "1", "where": f'properties["plan"] == {where}'}
        engage = client.get("/api/query/engage", params=matching).json()
        assert engage["total"] == len(dataset.profiles.ids(matching["where"]))
