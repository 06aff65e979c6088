"""Segments and properties that are named like something of ours keep their own places."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from workspaces import workspace_on

from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.results import OVERALL
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.workspace import sandbox_credentials

from .support import Project, did

if TYPE_CHECKING:
    from pathlib import Path

    from .support import Package

DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-02"}


def plans(*values: str) -> Project:
    """A user for each plan, who does A, and B if the number of the plan is even."""
    events = []
    for number, plan in enumerate(values):
        events.append(did(f"u{number}", "A", "2025-01-01 10:00", plan=plan))
        if number % 2 == 0:
            events.append(did(f"u{number}", "B", "2025-01-01 12:00", plan=plan))
    return Project(events)


@pytest.mark.parametrize("unit", [None, "day"])
def test_a_segment_named_overall_is_no_overall_row_of_a_funnel(package: Package, unit: str | None) -> None:
    ask = package(plans(OVERALL, "pro", OVERALL, "", "$overall_2"))
    rows = ask("funnel", steps=["A", "B"], on="plan", unit=unit, **DAYS)
    first = [row for row in rows if row.get("date") in {None, "2025-01-01"}]
    found = {(row["segment"], row["step"]): row["count"] for row in first}
    assert found == {
        (OVERALL, 1): 5,
        (OVERALL, 2): 3,
        ("$overall_3", 1): 2,
        ("$overall_3", 2): 2,
        ("$overall_2", 1): 1,
        ("$overall_2", 2): 1,
        ("pro", 1): 1,
        ("pro", 2): 0,
        ("", 1): 1,
        ("", 2): 0,
    }


def test_a_segment_named_overall_is_no_overall_row_of_a_retention(package: Package) -> None:
    ask = package(plans(OVERALL, "pro", OVERALL))
    rows = ask("retention", born_event="A", return_event="B", on="plan", interval_count=1, **DAYS)
    sizes = {row["segment"]: row["cohort_size"] for row in rows if row["cohort_date"] == "2025-01-01"}
    assert sizes == {OVERALL: 3, "$overall_2": 2, "pro": 1}


def test_a_property_named_event_is_in_the_feed(package: Package, tmp_path: Path) -> None:
    package(Project([did("u1", "A", "2025-01-01 10:00", event="of the property", Time="t", event_3="three")]))
    feed = package.workspace().activity_feed("u1", **DAYS, table="events")
    assert list(feed.df.columns)[:3] == ["event", "time", "distinct_id"]
    (row,) = feed.records()
    assert (row["event"], row["event_2"], row["event_3"], row["Time"]) == (
        "A",
        "of the property",
        "three",
        "t",
    )
    assert "event: of the property" in feed.to_text()


def test_the_sandbox_tells_such_segments_apart(tmp_path: Path, home: Path) -> None:
    import json

    events = tmp_path / "events.jsonl"
    events.write_text("".join(json.dumps(each) + "\n" for each in plans(OVERALL, "", OVERALL).events))
    with (
        Dataset.from_files(events, None, tmp_path / "cache") as dataset,
        SandboxServer(create_app(dataset)) as server,
    ):
        client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
        with workspace_on(client, tmp_path / "data.db") as ws:
            assert ws.segmentation("A", on="plan", **DAYS).totals == {OVERALL: 2, "": 1}


@pytest.mark.parametrize(
    ("columns", "folder"),
    [(["month"], "month=2025-01"), (["plan"], "plan=pro")],
)
def test_an_export_by_month_is_by_the_month_of_the_event(
    package: Package, tmp_path: Path, columns: list[str], folder: str
) -> None:
    package(Project([did("u1", "A", "2025-01-01 10:00", plan="pro")]))
    ws = package.workspace()
    ws.export("events", tmp_path / "lake", partition_by=columns)
    assert [path.name for path in (tmp_path / "lake").iterdir()] == [folder]


@pytest.mark.parametrize("name", ["month", "Month"])
def test_a_property_named_month_stays_in_the_export(package: Package, tmp_path: Path, name: str) -> None:
    package(Project([did("u1", "A", "2025-01-01 10:00", **{name: "mine"})]))
    ws = package.workspace()
    ws.export("events", tmp_path / "lake", partition_by="month", format="jsonl")
    (made,) = (tmp_path / "lake").iterdir()
    assert made.name == "month_2=2025-01"
    (file,) = made.iterdir()
    assert f'"{name}":"mine"' in file.read_text()
    ws.export("SELECT * FROM events", tmp_path / "own", partition_by=name, format="jsonl")
    assert [path.name for path in (tmp_path / "own").iterdir()] == [f"{name}=mine"]
