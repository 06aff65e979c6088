"""Links to reports: kept by a Mixpanel over HTTP, with the query that the result answers."""

from __future__ import annotations

import pickle
import webbrowser
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from mixpanel_nb import ReportLink, Workspace, did
from mixpanel_nb.errors import ConfigError, ParameterError, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.results.report import ReportResult
    from mixpanel_nb.sandbox.server import SandboxServer

    Ask = Callable[[Workspace], ReportResult]

DAYS: dict[str, Any] = {"from_date": "2025-01-06", "to_date": "2025-01-19"}
PRO = 'properties["plan"] == "pro"'


def kept(mixpanel: SandboxServer, link: str, project: str = "1") -> dict[str, Any]:
    """What the server keeps under a link's slug."""
    slug = link.rpartition("#")[2]
    address = f"{mixpanel.url}/api/app/projects/{project}/bookmark-urls/{slug}/"
    answer = httpx.get(address, auth=("sandbox", "sandbox"))
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()["results"]
    return found


@pytest.mark.parametrize(
    ("ask", "app", "kind"),
    [
        (lambda ws: ws.insights("unique(Purchase)", on="plan", **DAYS, live=True), "insights", "insights"),
        (lambda ws: ws.active(**DAYS, live=True), "insights", "insights"),
        (lambda ws: ws.funnel(steps=["View Product", "Purchase"], **DAYS, live=True), "insights", "funnels"),
        (
            lambda ws: ws.retention(
                born_event="Sign Up", return_event="Purchase", brackets=[0, 1, 3], **DAYS, live=True
            ),
            "insights",
            "retention",
        ),
        (lambda ws: ws.flow(start="Sign Up", forward=2, **DAYS, live=True), "flows", "flows"),
    ],
)
def test_a_link_leads_to_the_report_that_was_asked(
    ws: Workspace, mixpanel: SandboxServer, ask: Ask, app: str, kind: str
) -> None:
    result = ask(ws)
    assert result.request is not None
    link = result.open_in_mixpanel()
    assert link.rpartition("#")[0] == f"{mixpanel.url}/project/1/app/{app}"
    found = kept(mixpanel, link)
    assert (found["type"], found["name"], found["project_id"]) == (kind, result.headline, 1)
    assert found["params"] == result.request["json"]["bookmark"]


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws, **more: ws.segmentation("Purchase", on="plan", type="unique", **DAYS, **more),
        lambda ws, **more: ws.segmentation("Purchase", unit="week", where=PRO, **DAYS, **more),
        lambda ws, **more: ws.segmentation_sum("Purchase", on="revenue", **DAYS, **more),
        lambda ws, **more: ws.event_counts(["Purchase", "Sign Up"], type="unique", **DAYS, **more),
        lambda ws, **more: ws.insights(["average(Purchase, revenue)"], where=PRO, **DAYS, **more),
    ],
)
def test_the_linked_report_has_the_figures_of_the_table_and_of_mixpanel(
    ws: Workspace, mixpanel: SandboxServer, ask: Callable[..., ReportResult]
) -> None:
    ws.fetch_events("events", from_date="2025-01-06", to_date="2025-01-19")
    from_table, from_mixpanel = ask(ws, table="events"), ask(ws, live=True)
    bookmark = kept(mixpanel, from_table.open_in_mixpanel())["params"]
    assert bookmark == kept(mixpanel, from_mixpanel.open_in_mixpanel())["params"]
    answer = ws.api.post("insights", json={"bookmark": bookmark, "project_id": 1})

    of_link: Counter[str] = Counter()
    for found in answer["series"].values():
        for segment, days in found.items() if "$overall" in found else [("", found)]:
            if segment != "$overall":
                of_link.update({day[:10]: value or 0 for day, value in days.items()})
    of_table: Counter[str] = Counter()
    [measure] = {"count", "sum", "value"} & set(from_table.column_names)
    for row in from_table.records():
        of_table[row["date"]] += row[measure] or 0
    assert of_link == pytest.approx(of_table)
    assert sum(of_link.values()) > 0


def test_a_saved_report_is_linked_itself(ws: Workspace, mixpanel: SandboxServer) -> None:
    base = f"{mixpanel.url}/project/1/app"
    assert ws.funnel(1001, **DAYS).open_in_mixpanel() == f"{base}/funnels#view/1001"
    assert ws.saved_report(3001).open_in_mixpanel() == f"{base}/insights#report/3001"
    assert ws.saved_report(3004).open_in_mixpanel() == f"{base}/retention#report/3004"


@pytest.mark.parametrize(
    ("ask", "parameter", "message"),
    [
        (
            lambda ws: ws.segmentation_numeric("Purchase", on="revenue", **DAYS, table="events"),
            "report",
            "Ranges of a number: Mixpanel has no link to a report that asks this.",
        ),
        (lambda ws: ws.frequency(**DAYS, table="events"), "report", "Frequency: Mixpanel has no link"),
        (lambda ws: ws.sessions(table="events", **DAYS), "table", "only tables answer this report"),
        (lambda ws: ws.segmentation("Purchase", type="average", **DAYS, table="events"), "type", "average"),
        (
            lambda ws: ws.segmentation("Purchase", **DAYS, identities="raw", table="events"),
            "identities",
            "resolves users by itself",
        ),
        (
            lambda ws: ws.segmentation("Purchase", on=f"{PRO} or 1 == 2", **DAYS, table="events"),
            "on",
            "",
        ),
        (
            lambda ws: ws.funnel(steps=["View Product", "Purchase"], times=True, **DAYS, table="events"),
            "times",
            "times",
        ),
        (
            lambda ws: ws.segmentation("Purchase", compare="previous", **DAYS, table="events"),
            "compare",
            "one report, without compare",
        ),
    ],
)
def test_what_mixpanel_cannot_be_asked_is_refused_by_name(
    ws: Workspace, ask: Ask, parameter: str, message: str
) -> None:
    ws.fetch_events("events", from_date="2025-01-01", to_date="2025-01-19")
    result = ask(ws)
    with pytest.raises(ParameterError) as refused:
        result.open_in_mixpanel()
    assert refused.value.parameter == parameter
    assert message in refused.value.message
    assert "Ask a fetched table" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_link_keeps_a_cohort_of_the_database_as_its_definition(
    ws: Workspace, mixpanel: SandboxServer
) -> None:
    ws.fetch_events("events", from_date="2025-01-06", to_date="2025-01-19")
    ws.cohort("buyers", did("Purchase", at_least=2))
    ws.cohort("listed", ["a", "b"])
    asked: dict[str, Any] = {"totals": True, "in_cohort": "buyers", **DAYS}
    from_table, live = (
        ws.insights("Purchase", table="events", **asked),
        ws.insights("Purchase", live=True, **asked),
    )
    assert live.request is not None
    for result in (from_table, live):
        params = kept(mixpanel, result.open_in_mixpanel())["params"]
        assert params == live.request["json"]["bookmark"]
        assert "bhvr_0" in str(params)
    with pytest.raises(ParameterError, match="a list of users") as refused:
        ws.insights("Purchase", table="events", **asked | {"in_cohort": "listed"}).open_in_mixpanel()
    assert "\n" not in str(refused.value)


def test_the_reports_of_a_comparison_have_links(ws: Workspace, mixpanel: SandboxServer) -> None:
    compared = ws.segmentation("Purchase", compare="previous", **DAYS, live=True)
    before = kept(mixpanel, compared.before.open_in_mixpanel())["params"]
    assert before["sections"]["time"][0]["value"] == ["2024-12-23", "2025-01-05"]


def test_without_an_account_or_a_workspace_there_is_no_link(ws: Workspace) -> None:
    ws.fetch_events("events", from_date="2025-01-06", to_date="2025-01-19")
    path = ws.info().path
    assert path is not None
    ws.close()
    with Workspace.open(path) as alone:
        result = alone.segmentation("Purchase", **DAYS, table="events")
        with pytest.raises(ConfigError, match="opened without an account") as refused:
            result.open_in_mixpanel()
    assert "\n" not in str(refused.value)
    copied = pickle.loads(pickle.dumps(result))
    with pytest.raises(ParameterError, match="lost its workspace"):
        copied.open_in_mixpanel()


def test_a_link_shows_as_one_and_opens_a_browser_only_where_asked(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    result = ws.event_counts(["Purchase"], **DAYS, live=True)
    link = result.open_in_mixpanel()
    assert opened == []
    assert link._repr_html_() == f'<a href="{link}" target="_blank" rel="noopener noreferrer">{link}</a>'
    assert ReportLink('http://x/"><b>')._repr_html_().count("<") == 2
    other = result.open_in_mixpanel(browser=True)
    assert opened == [other]
    assert other != link


def test_hostile_names_reach_mixpanel_as_they_are(ws: Workspace, mixpanel: SandboxServer) -> None:
    event = "a\"; <b>\u202e' #" * 40
    found = kept(mixpanel, ws.segmentation(event, **DAYS, live=True).open_in_mixpanel())
    assert found["params"]["sections"]["show"][0]["behavior"]["name"] == event
    assert len(found["name"]) <= 255


def test_a_link_belongs_to_its_project(ws: Workspace, mixpanel: SandboxServer) -> None:
    link = ws.segmentation("Purchase", **DAYS, live=True).open_in_mixpanel()
    other = f"{mixpanel.url}/api/app/projects/2/bookmark-urls/{link.rpartition('#')[2]}/"
    refused = httpx.get(other, auth=("sandbox", "sandbox"))
    assert (refused.status_code, refused.json()["status"]) == (404, "error")


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"type": "insights", "params": {}}, "Missing required parameter: slug"),
        ({"slug": "short", "type": "insights", "params": {}}, "Invalid slug"),
        ({"slug": "abcdefghijkm", "type": "launch-analysis", "params": {}}, "Invalid type"),
        ({"slug": "abcdefghijkm", "type": "insights", "params": []}, "Invalid params"),
    ],
)
def test_the_sandbox_refuses_what_is_no_report(ws: Workspace, body: dict[str, Any], problem: str) -> None:
    with pytest.raises(QueryError, match=problem):
        ws.api.post("projects/1/bookmark-urls/", json=body, family="app")


def test_a_slug_is_never_taken_twice(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.api.create_report_link("abcdefghijkm", "insights", {"a": 1}, "One")
    with pytest.raises(QueryError, match="exists already"):
        ws.api.create_report_link("abcdefghijkm", "insights", {"a": 2}, "Two")
    assert kept(mixpanel, "#abcdefghijkm")["params"] == {"a": 1}
