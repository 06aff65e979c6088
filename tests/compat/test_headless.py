"""Mixpanel's own client, in an environment of its own, takes the sandbox for Mixpanel: with our figures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mixpanel_nb.sandbox.store import Dataset

CLIENT = "mixpanel-headless==0.4.0"
ENVIRONMENT = Path(__file__).parents[2] / ".venv" / "headless"  # kept for the next run
QUARTER: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}
TWO_WEEKS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-19"}

ASK = """
import json, sys
import mixpanel_headless
quarter, weeks = json.loads(sys.argv[1])
ws = mixpanel_headless.Workspace()
funnel = ws.funnel(1001, unit="month", **quarter)
retention = ws.retention(
    born_event="Sign Up", return_event="Purchase", unit="week", interval_count=4, **weeks
)
print(json.dumps({
    "events": ws.events(),
    "properties": ws.properties("Purchase"),
    "purchases": ws.segmentation("Purchase", **quarter).series["Purchase"],
    "funnel": [step.count for step in funnel.steps],
    "retention": {cohort.date: [cohort.size, cohort.retention] for cohort in retention.cohorts},
    "frequency": ws.frequency(unit="week", addiction_unit="day", **weeks).data,
    "pro": sorted(person["distinct_id"] for person in ws.query_user(
        mode="profiles", where='properties["plan"] == "pro"', limit=None
    ).profiles),
    "streamed": sum(1 for _ in ws.stream_events(**quarter)),
}))
"""


@pytest.fixture(scope="module")
def python() -> Path:
    """The Python of an environment with Mixpanel's client; made once."""
    program = ENVIRONMENT / "bin" / "python"
    ready = ENVIRONMENT / CLIENT
    if not ready.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        subprocess.run([program, "-m", "pip", "install", "--quiet", CLIENT], check=True)
        ready.touch()
    return program


@pytest.fixture(scope="module")
def server(store: Dataset) -> Iterator[SandboxServer]:
    with SandboxServer(create_app(store)) as server:
        yield server


@pytest.fixture(scope="module")
def theirs(python: Path, server: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Mixpanel's client makes of the sandbox."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MP_")}
    account = {"MP_USERNAME": "sandbox", "MP_SECRET": "sandbox", "MP_PROJECT_ID": "1", "MP_REGION": "us"}
    home = {"HOME": str(tmp_path_factory.mktemp("headless")), "MP_API_BASE_URL": server.url}
    done = subprocess.run(
        [python, "-c", ASK, json.dumps([QUARTER, TWO_WEEKS])],
        env=kept | account | home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def ws(server: SandboxServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
    folder = tmp_path_factory.mktemp("ours")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXPANEL_NB_HOME", str(folder))
        with Workspace("sandbox", path=folder / "data.db", _api_client=client) as workspace:
            workspace.fetch_events(**QUARTER)
            yield workspace


def test_names_are_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    assert sorted(theirs["events"]) == [row["event"] for row in ws.events().records()]
    assert set(theirs["properties"]) <= {row["property"] for row in ws.properties("Purchase").records()}
    assert theirs["properties"]


def test_segmentation_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.segmentation("Purchase", **QUARTER, table="events")
    assert theirs["purchases"] == {row["date"]: row["count"] for row in ours.records() if row["count"]}


def test_the_saved_funnel_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    """Their client adds up the buckets."""
    steps = ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
    ours = ws.funnel(steps=steps, unit="month", **QUARTER, table="events")
    assert theirs["funnel"] == [
        sum(step.count for step in ours.steps if step.step == number) for number in range(1, 5)
    ]


def test_retention_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.retention(
        born_event="Sign Up",
        return_event="Purchase",
        unit="week",
        interval_count=4,
        **TWO_WEEKS,
        table="events",
    )
    assert theirs["retention"] == {
        str(cohort.date): [
            cohort.size,
            pytest.approx([(count or 0) / cohort.size for count in cohort.counts]),
        ]
        for cohort in ours.cohorts
    }


def test_frequency_is_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.frequency(unit="week", addiction_unit="day", **TWO_WEEKS, table="events")
    assert theirs["frequency"] == {str(date): list(counts) for date, counts in ours.counts.items()}


def test_profiles_are_the_same(theirs: dict[str, Any], ws: Workspace) -> None:
    ours = ws.stream_profiles(where='properties["plan"] == "pro"')
    assert theirs["pro"] == sorted(person["distinct_id"] for person in ours)


def test_their_stream_has_every_event_duplicates_included(theirs: dict[str, Any], ws: Workspace) -> None:
    stored = ws.sql_scalar("SELECT count(*) FROM events")
    assert theirs["streamed"] == sum(1 for _ in ws.stream_events(**QUARTER))
    assert theirs["streamed"] > stored


def test_it_is_their_client_that_was_asked(python: Path) -> None:
    shown = subprocess.run(
        [python, "-c", "import importlib.metadata as m; print(m.version('mixpanel-headless'))"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == CLIENT.partition("==")[2]
    assert Path(sys.executable) != python
