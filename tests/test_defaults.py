"""What a workspace fills in: the usual table, and the days that it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from workspaces import workspace_on

from mixpanel_nb import Workspace
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.errors import ParameterError, TableNotFoundError
from mixpanel_nb.queries import QUERIES, request_parameters
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.sandbox.server import SandboxServer

JANUARY: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
QUARTER: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-03-31"}


@pytest.fixture
def ws(mixpanel: SandboxServer, tmp_path: Path) -> Iterator[Workspace]:
    client = MixpanelAPIClient(sandbox_credentials(), base_url=mixpanel.url, max_retries=0)
    with workspace_on(client, tmp_path / "data.db") as workspace:
        yield workspace


def table_of(ws: Workspace, name: str, days: int, first: str = "2025-01-01") -> None:
    """A table of one's own with an event a day."""
    ws.sql(
        f"CREATE TABLE {name} AS SELECT 'Visit' AS event_name, 'u' || n AS distinct_id, "
        f"TIMESTAMP '{first} 12:00' + INTERVAL 1 DAY * n AS event_time FROM range({days}) AS t(n)"
    )


def test_the_only_table_is_asked_about_all_its_days(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.fetch_events("visits", **JANUARY)
    before = len(mixpanel.requests)
    short, long = ws.segmentation("Purchase"), ws.segmentation("Purchase", **JANUARY, table="visits")
    assert short.records() == long.records()
    assert asked(short) == asked(long)
    assert len(mixpanel.requests) == before
    said = "Asked table visits, all 31 days it holds (2025-01-01 to 2025-01-31)."
    assert said in short.notes
    assert said in short._repr_html_()
    assert not long.notes


def test_mixpanel_is_asked_where_there_is_no_table_or_if_it_is_said(ws: Workspace) -> None:
    live = ws.segmentation("Purchase")
    assert live.request is not None
    assert live.notes == ("Asked about the last 30 days (2025-03-02 to 2025-03-31).",)
    ws.fetch_events(**JANUARY)
    assert ws.segmentation("Purchase").request is None
    again = ws.segmentation("Purchase", live=True, **JANUARY)
    assert again.request is not None
    assert asked(again).python().endswith("live=True)")
    assert ws.funnel(1001).request is not None  # a saved funnel is Mixpanel's alone


# A saved report is asked of Mixpanel, unless a table is named.
OF_TABLES = [
    name for name, query in QUERIES.items() if "live" in request_parameters(query) and name != "saved_report"
]


def asked(report: ReportResult) -> Any:
    """The query that a report answers."""
    assert report.question is not None
    return report.question.query


@pytest.mark.parametrize("name", OF_TABLES)
def test_every_report_fills_in_table_and_days(ws: Workspace, name: str) -> None:
    table_of(ws, "visits", 40)
    needed: dict[str, Any] = {
        "event": "Visit",
        "events": ["Visit"],
        "prop": "plan",
        "on": "n",
        "distinct_ids": ["u1"],
        "born_event": "Visit",
        "metrics": ["Visit"],
        "metric": "Visit",
        "date": "2025-02-05",
        "start": "Visit",
        "steps": ["Visit", "Visit"],
    }
    takes = request_parameters(QUERIES[name])
    given = {key: value for key, value in needed.items() if key in takes}
    query = asked(getattr(ws, name)(**given))
    assert query.table == "visits"
    if "from_date" in takes:
        assert (str(query.from_date), str(query.to_date)) == ("2025-01-01", "2025-02-09")


@pytest.mark.parametrize(
    ("given", "first", "last", "said"),
    [
        ({}, "2025-04-06", "2025-05-05", "its last 30 days"),
        ({"last": "7d"}, "2025-04-29", "2025-05-05", None),
        ({"last": "2m"}, "2025-03-06", "2025-05-05", None),
        ({"last": 3, "to_date": "2025-02"}, "2025-02-26", "2025-02-28", None),
        ({"during": "2025-02"}, "2025-02-01", "2025-02-28", None),
        ({"during": "2025-W10"}, "2025-03-03", "2025-03-09", None),
        ({"during": "2025-01-05..2025-02"}, "2025-01-05", "2025-02-28", None),
        ({"from_date": "2025-04"}, "2025-04-01", "2025-05-05", None),
        ({"to_date": "2025-02"}, "2025-01-01", "2025-02-28", None),
        ({"to_date": "2025-05-04"}, "2025-04-05", "2025-05-04", None),
        ({"from_date": "2024", "to_date": "2025-Q1"}, "2024-01-01", "2025-03-31", None),
    ],
    ids=str,
)
def test_days_that_are_left_out_end_with_the_table(
    ws: Workspace, given: dict[str, Any], first: str, last: str, said: str | None
) -> None:
    table_of(ws, "events", 125)  # to 5 May
    report = ws.segmentation("Visit", **given)
    assert (str(report.from_date), str(report.to_date)) == (first, last)
    notes = "\n".join(report.notes)
    assert (f"{said} ({first} to {last})" in notes) if said else (" to " not in notes)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"last": "7d", "during": "2025"}, "last and during do not go together"),
        ({"last": "7d", "from_date": "2025"}, "last and from_date do not go together"),
        ({"during": "2025", "to_date": "2025"}, "during and to_date do not go together"),
        ({"table": "events", "live": True}, "table and live do not go together"),
        ({"from_date": "2025-06"}, "from_date is 2025-06-01, and events ends on 2025-01-31."),
        ({"from_date": "2025-02", "to_date": "2025-01"}, "is after to_date"),
    ],
    ids=str,
)
def test_contradictions_are_refused(ws: Workspace, given: dict[str, Any], says: str) -> None:
    table_of(ws, "events", 31)
    with pytest.raises(ParameterError, match=says):
        ws.segmentation("Visit", **given)


def test_of_several_tables_the_usual_one_is_asked_or_none(ws: Workspace) -> None:
    table_of(ws, "visits", 5)
    table_of(ws, "clicks", 5)
    ws.sql("CREATE TABLE other AS SELECT 1 AS n")
    with pytest.raises(ParameterError, match="There are 2 tables of events: clicks, visits") as refused:
        ws.segmentation("Visit")
    assert 'table="clicks"' in str(refused.value)
    ws.table = "visits"
    assert asked(ws.segmentation("Visit")).table == "visits"
    ws.table = None
    table_of(ws, "events", 5)
    assert asked(ws.segmentation("Visit")).table == "events"
    ws.table = "nowhere"
    with pytest.raises(TableNotFoundError):
        ws.segmentation("Visit")


def test_a_fetched_table_goes_before_those_made_of_it(ws: Workspace) -> None:
    ws.fetch_events("visits", **JANUARY)
    ws.sql("CREATE TABLE buyers AS SELECT * FROM visits WHERE event_name = 'Purchase'")
    assert asked(ws.segmentation("Purchase")).table == "visits"
    assert "visits" in ws.expression('properties["plan"] == "pro"').sql


def test_an_empty_table_has_no_days_of_its_own(ws: Workspace) -> None:
    table_of(ws, "events", 0)
    report = ws.segmentation("Visit")
    assert (str(report.from_date), str(report.to_date)) == ("2025-03-02", "2025-03-31")


def test_the_table_is_chosen_with_the_workspace(tmp_path: Path) -> None:
    with Workspace.sandbox(tmp_path / "x.db", table="visits") as ws:
        ws.fetch_events("visits", from_date="2025-01-01", to_date="2025-01-02")
        ws.fetch_events(from_date="2025-01-03", to_date="2025-01-04")
        assert str(ws.segmentation("Purchase").to_date) == "2025-01-02"


@pytest.mark.parametrize(
    ("given", "first", "last"),
    [
        ({"last": "3d"}, "2025-03-29", "2025-03-31"),
        ({"from_date": "2025-03-30"}, "2025-03-30", "2025-03-31"),
        ({"during": "2025-W02"}, "2025-01-06", "2025-01-12"),
        ({"from_date": "2025-01", "to_date": "2025-01-02"}, "2025-01-01", "2025-01-02"),
        ({"from_date": "yesterday", "to_date": "yesterday"}, "2025-03-31", "2025-03-31"),
        ({"last": "1w", "to_date": "2025-02"}, "2025-02-22", "2025-02-28"),
    ],
    ids=str,
)
def test_a_fetch_takes_days_as_reports_do(
    tmp_path: Path, given: dict[str, Any], first: str, last: str
) -> None:
    with Workspace.sandbox(tmp_path / "x.db") as ws:  # whose yesterday is its last day
        ws.fetch_events(**given)
        (table,) = ws.tables()
    assert (str(table.from_date), str(table.to_date)) == (first, last)


def test_a_fetch_without_days_says_how_to_name_them(ws: Workspace) -> None:
    with pytest.raises(ParameterError, match="from_date is missing") as refused:
        ws.fetch_events()
    assert 'last="30d"' in str(refused.value)
