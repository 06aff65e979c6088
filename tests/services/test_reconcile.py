"""Reconciliation: each cause of a difference is put into a server or a table, and has to be found."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from faces import moved_to

from mixpanel_nb import ConfigError, ParameterError, TableNotFoundError, Workspace
from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.workspace import Project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.results import ReconcileResult

Line = dict[str, Any]
Serve = Callable[[Iterable[Line]], SandboxServer]
FIRST, LAST = date(2025, 1, 1), date(2025, 1, 28)
DAYS = [FIRST + timedelta(days=number) for number in range(28)]
RANGE: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-28"}
EVENTS = ("Visit", "Purchase")


def lines(seed: int = 1) -> list[Line]:
    """Four weeks of events, with users who come again."""
    draw = random.Random(seed)
    return [line(draw, day) for day in DAYS for _ in range(draw.randint(25, 60))]


def line(draw: random.Random, day: date) -> Line:
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
    held = {
        "time": midnight + draw.randrange(86_400),
        "distinct_id": f"u{draw.randrange(60)}",
        "$insert_id": f"{draw.getrandbits(64):x}",
        "plan": draw.choice(["free", "pro"]),
        "revenue": draw.randrange(1, 50),
    }
    return {"event": draw.choice(EVENTS), "properties": held}


def counted(found: Iterable[Line], event: str = "Purchase", zone: str = "UTC") -> Counter[date]:
    """Events of each day, by one loop; copies of an event once."""
    seen = {
        (each["properties"]["$insert_id"], each["properties"]["time"])
        for each in found
        if each["event"] == event
    }
    return Counter(datetime.fromtimestamp(time, ZoneInfo(zone)).date() for _, time in seen)


class World:
    """Mixpanel as it was when the table was fetched, and as it is when it is asked."""

    def __init__(self, folder: Path, stack: ExitStack, serve: Serve) -> None:
        self.file = folder / "data.db"
        self.stack = stack
        self.serve = serve
        self.server: SandboxServer

    def workspace(self, server: SandboxServer, **settings: Any) -> Workspace:
        """A workspace on the one database, as if its tables came from this server; it closes the others."""
        self.stack.close()
        of_account = {name: settings[name] for name in ("timezone",) if name in settings}
        account = Credentials("sandbox", "sandbox", "1", **of_account)
        client = MixpanelAPIClient(account, base_url=server.url, max_retries=1, backoff=0.01)
        project = Project(account, client=client, timezone=settings.get("named_timezone"))
        if self.file.exists():
            moved_to(server.url, self.file)
        workspace = Workspace.from_parts(project, StorageEngine(self.file))
        self.stack.callback(workspace.close)
        return workspace

    def fetched(self, data: Iterable[Line], **how: Any) -> None:
        self.workspace(self.serve(data)).fetch_events(**{**RANGE, **how})

    def reconciled(
        self, data: Iterable[Line], *asked: Any, settings: dict[str, Any] | None = None, **given: Any
    ) -> ReconcileResult:
        """The reconciliation with a Mixpanel that has these data; it costs one query."""
        self.server = self.serve(data)
        found = self.workspace(self.server, **(settings or {})).reconcile(
            *(asked or ("segmentation", "Purchase")), **{**RANGE, **given}
        )
        assert len(self.server.requests) == 1, self.server.requests
        return found


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Serves data over HTTP; equal data by the same server, whose requests are forgotten."""
    folder = tmp_path_factory.mktemp("served")
    servers: dict[str, SandboxServer] = {}

    def serve(data: Iterable[Line]) -> SandboxServer:
        text = "".join(json.dumps(each) + "\n" for each in data)
        if text not in servers:
            file = folder / f"{len(servers)}.jsonl"
            file.write_text(text)
            dataset = stack.enter_context(Dataset.from_files(file, None, folder / f"{file.stem}.cache"))
            servers[text] = stack.enter_context(SandboxServer(create_app(dataset)))
        servers[text].requests.clear()
        return servers[text]

    with ExitStack() as stack:
        yield serve


@pytest.fixture
def world(tmp_path: Path, serve: Serve) -> Iterator[World]:
    with ExitStack() as stack:
        yield World(tmp_path, stack, serve)


def rows(result: ReconcileResult) -> dict[date, tuple[Any, Any, Any]]:
    return {
        number.date: (number.mixpanel, number.table, number.causes)  # type: ignore[misc]  # it is over time
        for number in result.numbers_found
    }


def causes(result: ReconcileResult) -> dict[str, str]:
    return {cause.name: cause.status for cause in result.causes}


def test_equal_data_agree_and_it_is_said(world: World) -> None:
    data = lines()
    world.fetched(data)
    result = world.reconciled(data)
    assert result.agrees
    assert (result.agreeing, result.compared, result.causes) == (28, 28, ())
    assert result.headline == "Purchase: all 28 days agree"
    assert {day: row[:2] for day, row in rows(result).items()} == {
        day: (counted(data)[day], counted(data)[day]) for day in DAYS
    }
    assert list(result.df) == ["date", "segment", "mixpanel", "table", "difference", "cause"]
    assert not result.df["difference"].any()


def test_late_events(world: World) -> None:
    data = lines()
    world.fetched(data)
    draw = random.Random(5)
    late = [line(draw, day) | {"event": "Purchase"} for day in (DAYS[20], DAYS[25], DAYS[25])]
    result = world.reconciled([*data, *late])
    expected, before = counted([*data, *late]), counted(data)
    differing = {day for day in DAYS if expected[day] != before[day]}
    assert differing == {DAYS[20], DAYS[25]}
    assert rows(result) == {
        day: (expected[day], before[day], ("late_events",) if day in differing else ()) for day in DAYS
    }
    (cause,) = result.causes
    assert (cause.name, cause.status, cause.command) == ("late_events", "possible", "sync events --days 8")
    assert "all other days agree" in cause.evidence
    assert result.headline == "Purchase: 26 of 28 days agree"
    assert "Type: mp sync events --days 8" in result.to_text()
    assert "Type: %mp_sync events --days 8" in result.to_html()


def test_the_command_for_late_events_makes_both_agree(world: World) -> None:
    data = lines()
    world.fetched(data)
    late = [*data, line(random.Random(5), DAYS[22]) | {"event": "Purchase"}]
    (cause,) = world.reconciled(late).causes
    assert cause.command is not None
    again = world.workspace(world.server)
    again.sync("events", days=int(cause.command.rpartition(" ")[2]), to_date=LAST)
    assert again.reconcile("segmentation", "Purchase", **RANGE).agrees


def test_events_that_were_deleted(world: World) -> None:
    data = lines()
    world.fetched(data)
    kept = [each for each in data if each["properties"]["$insert_id"][0] != "7"]
    result = world.reconciled(kept)
    assert causes(result) == {"changed_events": "possible"}
    assert {day for day, row in rows(result).items() if row[2]} == {
        day for day in DAYS if counted(kept)[day] != counted(data)[day]
    }


def test_duplicates(world: World) -> None:
    data = lines()
    copies = [each for each in data if each["properties"]["$insert_id"][0] in "07"]
    world.fetched([*data, *copies], dedupe=False)
    result = world.reconciled([*data, *copies])
    assert causes(result) == {"duplicates": "tested"}
    assert f"several copies of {len(copies)} events" in result.causes[0].evidence
    assert "all 28 days agree" in result.causes[0].evidence
    differing = {day for day, row in rows(result).items() if row[2]}
    assert differing == {day for day in DAYS if counted(copies)[day]}
    assert not result.agrees


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({"named_timezone": "America/New_York"}, id="the reports' zone is not the account's"),
        pytest.param({"timezone": "America/New_York"}, id="the account's zone is not the project's"),
    ],
)
def test_time_zones(world: World, settings: dict[str, Any]) -> None:
    data = lines()
    world.workspace(world.serve(data), **settings).fetch_events(**RANGE)
    result = world.reconciled(data, settings=settings)
    right, wrong = counted(data), counted(data, zone="America/New_York")
    assert {day: row[:2] for day, row in rows(result).items()} == {
        day: (right[day], wrong[day]) for day in DAYS
    }
    assert causes(result) == {"time_zone": "tested"}
    assert "with the time zone UTC" in result.causes[0].evidence
    assert "all 28 days agree" in result.causes[0].evidence


def test_days_that_were_not_fetched(world: World) -> None:
    data = lines()
    world.fetched(data, to_date="2025-01-10")
    world.workspace(world.serve(data)).fetch_events(
        from_date="2025-01-14", to_date="2025-01-28", if_exists="append"
    )
    result = world.reconciled(data)
    missing = DAYS[10:13]
    assert causes(result) == {"days_not_fetched": "tested"}
    assert {day for day, row in rows(result).items() if row[2]} == set(missing)
    assert all(rows(result)[day][1] is None for day in missing)
    assert (
        result.causes[0].evidence == "events holds nothing of 2025-01-11 to 2025-01-13; all other days agree."
    )
    assert result.causes[0].command == "fetch events events --from 2025-01-11 --to 2025-01-13 --append"


@pytest.mark.parametrize(
    ("how", "named"),
    [
        ({"where": 'properties["plan"] == "pro"'}, "where"),
        ({"events": ["Visit"]}, "events"),
        ({"limit": 300}, "limit"),
    ],
)
def test_filters_of_the_fetch(world: World, how: dict[str, Any], named: str) -> None:
    data = lines()
    world.fetched(data, **how)
    result = world.reconciled(data)
    assert causes(result) == {"filters": "possible"}
    assert result.causes[0].advice == f"Fetch these days into another table, without {named}."


@pytest.mark.parametrize(
    "asked",
    [
        (("segmentation", "Purchase"), {"type": "unique"}),
        (("retention",), {"born_event": "Visit", "return_event": "Purchase", "interval_count": 3}),
    ],
)
def test_users_that_were_merged(world: World, asked: tuple[Any, Any]) -> None:
    data = lines()
    world.fetched(data)
    merged = json.loads(json.dumps(data))
    for each in merged:
        held = each["properties"]
        held["distinct_id"] = f"u{int(held['distinct_id'][1:]) // 2}"
    result = world.reconciled(merged, *asked[0], **asked[1])
    assert "identities" in causes(result)
    assert causes(result)["identities"] == "possible"
    assert world.reconciled(merged, "segmentation", "Purchase").agrees, "its events are the same"


def with_devices(data: Iterable[Line]) -> tuple[list[Line], list[Line]]:
    """The same events as a project with devices exports them, and as it counts them after the merge."""
    exported, merged = [], []
    for number, each in enumerate(data):
        held = each["properties"]
        user, device = held["distinct_id"], f"d-{held['distinct_id']}"
        identified = number % 3 > 0
        known = {"$device_id": device, **({"$user_id": user} if identified else {})}
        before = held | known | {"distinct_id": user if identified else f"$device:{device}"}
        exported.append(each | {"properties": before})
        merged.append(each | {"properties": before | {"distinct_id": user}})
    return exported, merged


@pytest.mark.parametrize(
    ("of_mixpanel", "asked", "right", "wrong"),
    [
        pytest.param("merged", "raw", "resolved", "raw", id="ids are merged there"),
        pytest.param("exported", None, "raw", "resolved", id="ids are not merged there"),
    ],
)
def test_identities_are_tried_where_they_are_known(
    world: World, of_mixpanel: str, asked: Any, right: str, wrong: str
) -> None:
    exported, merged = with_devices(lines())
    world.fetched(exported)
    count: dict[str, Any] = {"type": "unique", "unit": "week"}
    unknown = world.reconciled(merged, "segmentation", "Purchase", **count)
    assert [(cause.name, cause.status, cause.command) for cause in unknown.causes] == [
        ("identities", "possible", "identities events")
    ]
    world.workspace(world.server).identities("events")
    assert world.reconciled(merged, "segmentation", "Purchase", **count).agrees
    data = {"merged": merged, "exported": exported}[of_mixpanel]
    result = world.reconciled(data, "segmentation", "Purchase", identities=asked, **count)
    assert causes(result) == {"identities": "tested"}
    said = {"resolved": "users resolved", "raw": "each id a user"}
    assert result.causes[0].evidence == (
        f"with {said[right]} all 5 weeks agree; with {said[wrong]} 0 of 5 weeks agree."
    )
    assert f"--identities {right}" in (result.causes[0].advice or "")


def test_several_causes_at_once(world: World) -> None:
    data = lines()
    copies = [each for each in data if each["properties"]["$insert_id"][0] in "0123"]
    settings: dict[str, Any] = {"named_timezone": "Asia/Tokyo"}
    world.workspace(world.serve([*data, *copies]), **settings).fetch_events(**RANGE, dedupe=False)
    late = [line(random.Random(3), DAYS[26]) | {"event": "Purchase"}]
    result = world.reconciled([*data, *copies, *late], settings=settings)
    assert causes(result) == {"time_zone": "tested", "duplicates": "tested", "late_events": "possible"}
    assert rows(result)[DAYS[26]][2] == ("late_events",)


WINDOWS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-02-10", "unit": "week"}


def test_a_saved_funnel(ws: Workspace) -> None:
    """Mixpanel tells neither the window of a saved funnel (24 hours, 2 days) nor the filter of a step."""
    ws.fetch_events(from_date="2025-01-01", to_date="2025-03-31")
    ids = {funnel.name: funnel.funnel_id for funnel in ws.funnels()}
    usual = ws.reconcile("funnel", ids["Purchase funnel"], **WINDOWS)
    assert usual.agrees
    assert {number.measure.name for number in usual.numbers_found} == {"count"}
    short = ws.reconcile("funnel", ids["Search to purchase"], **WINDOWS)
    assert causes(short) == {"window": "tested"}
    assert "a conversion window of 1 day all 7 weeks agree" in short.causes[0].evidence
    assert ws.reconcile("funnel", ids["Search to purchase"], window=1, **WINDOWS).agrees
    filtered = ws.reconcile("funnel", ids["Phone to a basket over 50"], window=2, **WINDOWS)
    assert causes(filtered) == {"funnel_definition": "possible"}
    steps = ["App Open", "Add to Cart", ("Start Checkout", 'properties["cart_value"] > 50')]
    named = ws.reconcile("funnel", ids["Phone to a basket over 50"], steps=steps, window=2, **WINDOWS)
    assert named.agrees


def test_a_funnel_goes_on_after_the_table_ends(ws: Workspace) -> None:
    ws.fetch_events(from_date="2025-01-01", to_date="2025-02-10")
    funnel = next(each.funnel_id for each in ws.funnels() if each.name == "Sign-up to first purchase")
    result = ws.reconcile("funnel", funnel, window=30, **WINDOWS)
    assert causes(result) == {"window": "possible"}
    assert all(number.names[0] == 2 for number in result.differing)
    assert all((number.difference or 0) > 0 for number in result.differing)
    assert result.causes[0].command == "fetch events events --from 2025-02-11 --to 2025-03-12 --append"


@pytest.mark.parametrize(
    ("report", "given"),
    [
        ("segmentation", {"event": "Purchase", "on": "plan", "unit": "week"}),
        ("segmentation_sum", {"event": "Purchase", "on": "revenue"}),
        ("segmentation_average", {"event": "Purchase", "on": "revenue"}),
        ("event_counts", {"events": ["Purchase", "Visit"], "unit": "hour"}),
        ("property_counts", {"event": "Purchase", "prop": "plan", "unit": "month"}),
        ("retention", {"born_event": "Visit", "interval_count": 5}),
        ("frequency", {"event": "Visit"}),
    ],
)
def test_every_report_agrees_on_the_same_data(world: World, report: str, given: dict[str, Any]) -> None:
    data = lines()
    world.fetched(data)
    result = world.reconciled(data, report, **given)
    assert result.agrees, result.df[result.df["cause"].notna()]
    assert result.compared > 0
    assert result.to_dict()["agrees"] is True


def test_own_tables_have_no_record_of_fetches(world: World) -> None:
    data = lines()
    world.fetched(data)
    ws = world.workspace(world.serve(data))
    ws.sql_scalar("CREATE TABLE mine AS SELECT * FROM events WHERE day(event_time) <> 5")
    result = ws.reconcile("segmentation", "Purchase", table="mine", **RANGE)
    assert causes(result) == {"unexplained": "unexplained"}
    assert {day for day, row in rows(result).items() if row[2]} == {DAYS[4]}


def test_what_cannot_be_reconciled_costs_nothing(world: World) -> None:
    data = lines()
    world.fetched(data)
    server = world.serve(data)
    ws = world.workspace(server)
    refused: list[tuple[type[Exception], str, Callable[[], Any]]] = [
        (ParameterError, "'flow' cannot be reconciled", lambda: ws.reconcile("flow", event="Visit")),
        (ParameterError, "There is no report 'sums'", lambda: ws.reconcile("sums")),
        (ParameterError, "takes no 'compare'", lambda: ws.reconcile("segmentation", "Visit", compare="year")),
        (ParameterError, "'event' twice", lambda: ws.reconcile("segmentation", "Visit", event="Visit")),
        (ParameterError, "No funnel is named", lambda: ws.reconcile("funnel", steps=["Visit", "Purchase"])),
        (TableNotFoundError, "nowhere", lambda: ws.reconcile("segmentation", "Visit", table="nowhere")),
        (ParameterError, "any event", lambda: ws.reconcile("segmentation", None)),
        (ParameterError, "takes 1 values", lambda: ws.reconcile("segmentation", "Visit", "day")),
    ]
    for kind, message, ask in refused:
        with pytest.raises(kind, match=message):
            ask()
    assert server.requests == []


def test_without_a_table_or_an_account(world: World) -> None:
    server = world.serve(lines())
    ws = world.workspace(server)
    with pytest.raises(ParameterError, match="There is no table to compare Mixpanel with"):
        ws.reconcile("segmentation", "Visit")
    ws.fetch_events(**RANGE)
    server.requests.clear()
    ws.close()
    with Workspace.open(world.file) as offline, pytest.raises(ConfigError):
        offline.reconcile("segmentation", "Visit")
    assert server.requests == []


def test_the_line_before_mixpanel_is_asked(world: World) -> None:
    data = lines()
    world.fetched(data)
    server = world.serve(data)
    told: list[tuple[str, int]] = []
    world.workspace(server).reconcile(
        "segmentation", "Visit", on_ask=lambda text: told.append((text, len(server.requests)))
    )
    ((text, before),) = told
    assert "one query" in text
    assert (before, len(server.requests)) == (0, 1)
