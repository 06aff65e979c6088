"""Random small projects: what Mixpanel (the sandbox, over HTTP) and the fetched table answer is the same."""

from __future__ import annotations

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from reports.strategies import NAME, examples, properties, ranges, scenes
from workspaces import workspace_on

from mixpanel_nb import Metric
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.results.series import OTHER
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.workspace import sandbox_credentials

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from reports.support import Project

Question = tuple[str, tuple[Any, ...], dict[str, Any]]
Case = tuple["Project", "date", list[Question]]
# Names and values of properties are as odd as in the tests of reports on tables.
ON = st.sampled_from([None, "plan", "amount", "mixed", ("plan", "flag")])
WHERE = st.sampled_from(
    [
        None,
        'properties["plan"] == "pro"',
        'not defined(properties["amount"])',
        'properties["amount"] >= 1 and properties["amount"] <= 20',
        'properties["flag"] == true or properties["plan"] in ["free", "pro"]',
    ]
)
MEASURE = st.sampled_from(
    [("total", None), ("unique", None), ("sessions", None), ("sum", "amount"), ("median", "amount")]
)
WITHOUT = ("median_time", "median_time_from_start", "p90_time", "p90_time_from_start")
"""Mixpanel's funnels have no percentiles of times."""


@st.composite
def questions(draw: st.DrawFn, day: date) -> Question:
    one, other, where = draw(NAME), draw(NAME), draw(WHERE)
    days = draw(ranges(day))
    report = draw(st.sampled_from(["insights", "funnel", "retention", "flow"]))
    if report == "insights":
        metrics = draw(st.lists(MEASURE, min_size=1, max_size=2, unique=True))
        on = draw(ON)
        asked: dict[str, Any] = {"where": where, "unit": draw(st.sampled_from(["day", "week"]))}
        asked |= draw(st.sampled_from([{}, {"totals": True}, {"cumulative": True}]))
        return report, ([Metric(one, kind, of=of) for kind, of in metrics],), asked | days | {"on": on or []}
    if report == "funnel":
        count = draw(st.sampled_from(["uniques", "totals", "sessions"]))
        asked = {"steps": [(one, where), other], "count": count, "on": draw(ON), "window": 2}
        return report, (), asked | {"unit": draw(st.sampled_from([None, "day"]))} | days
    if report == "retention":
        mode = draw(st.sampled_from(["on", "on_or_after", "on_or_before", "streak"]))
        asked = {"born_event": one, "return_event": other, "return_where": where, "mode": mode}
        return report, (), asked | {"on": draw(ON), "interval_count": 3} | days
    count = draw(st.sampled_from(["uniques", "totals", "sessions"]))
    return report, (), {"start": one, "forward": 2, "count": count, "where": where, **days}


@st.composite
def cases(draw: st.DrawFn) -> Case:
    project, day = draw(scenes(properties(), most_users=4))
    return project, day, draw(st.lists(questions(day), min_size=3, max_size=5))


def told(result: Any) -> list[str]:
    """The rows that both sides have, in an order of their own."""
    rows = [{name: value for name, value in row.items() if name not in WITHOUT} for row in result.records()]
    return sorted(str(sorted(map(str, row.items()))) for row in rows if OTHER not in row.values())


@settings(examples(36), phases=[Phase.explicit, Phase.generate])
@given(cases())
def test_random_small_projects_agree(case: Case) -> None:
    project, day, asked = case
    with tempfile.TemporaryDirectory(prefix="small-") as name:
        folder = Path(name)
        lines = [*project.events, last_event(day)]
        (folder / "export.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        with (
            Dataset.from_files(folder / "export.jsonl", None, folder / "cache") as dataset,
            SandboxServer(create_app(dataset)) as server,
        ):
            client = MixpanelAPIClient(sandbox_credentials(), base_url=server.url)
            with workspace_on(client, folder / "data.db") as ws:
                check(ws, day, asked)


def last_event(day: date) -> dict[str, Any]:
    """An event after all others: without one, the sandbox does not know that the days before it are over."""
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=170)
    return {"event": "End", "properties": {"time": int(moment.timestamp()), "$insert_id": "end"}}


def check(ws: Any, day: date, asked: Sequence[Question]) -> None:
    around = {"from_date": day - timedelta(days=150), "to_date": day + timedelta(days=180)}
    ws.fetch_events(**around)
    for report, words, more in asked:
        live = getattr(ws, report)(*words, **more, live=True)
        local = getattr(ws, report)(*words, **more, table="events")
        assert told(live) == told(local), (report, words, more)
