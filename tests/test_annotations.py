"""Annotations of a project: listed, kept with tables, refreshed by syncs, and drawn on charts over time."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_nb import ParameterError, ServerError, TableNotFoundError, Workspace
from mixpanel_nb.display.annotations import Mark, with_marks
from mixpanel_nb.display.charts import series_chart
from mixpanel_nb.results import Annotation
from mixpanel_nb.sandbox.faults import FaultRule
from mixpanel_nb.storage.kept_annotations import AnnotationRecord
from mixpanel_nb.views.annotated import Annotated

if TYPE_CHECKING:
    from conftest import OpenWorkspace

    from mixpanel_nb.sandbox.faults import Faults
    from mixpanel_nb.sandbox.server import SandboxServer

FEBRUARY: dict[str, Any] = {"from_date": "2025-02-01", "to_date": "2025-02-28"}
TEXTS = [
    "Price test begins: variant B costs 12 % more.",
    "iOS 5.2.0 is out and crashes on opening.",
    "iOS 5.2.1 ends the crashes.",
]


def texts(found: Any) -> list[str]:
    return [each.description for each in found]


def note(server: SandboxServer, moment: str, text: str) -> None:
    """Somebody makes an annotation in Mixpanel."""
    made = {"date": moment, "description": text}
    answer = httpx.post(
        f"{server.url}/api/app/projects/1/annotations", json=made, auth=("sandbox", "sandbox"), verify=False
    )
    assert answer.status_code == 201


def drawn(chart: Any) -> list[str]:
    """The numbers above a chart."""
    [layer] = [each for each in chart.to_dict()["layer"] if "text" in each["encoding"]]
    return [point["number"] for point in data_of(chart, layer)]


def data_of(chart: Any, layer: dict[str, Any]) -> list[dict[str, Any]]:
    """The points of a layer."""
    data = layer["data"]
    points: list[dict[str, Any]] = (
        data["values"] if "values" in data else chart.to_dict()["datasets"][data["name"]]
    )
    return points


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"last": "30x"}, "last is '30x', which is no length of time."),
        ({"during": "2025-02", "last": "3d"}, "do not go together."),
        ({"from_date": "2025-03", "to_date": "2025-02"}, "2025-03-01"),
        ({"from_date": "soon"}, "from_date is 'soon', which is neither a day nor a period."),
    ],
)
def test_days_that_make_no_sense(ws: Workspace, asked: dict[str, Any], said: str) -> None:
    with pytest.raises(ParameterError, match=re.escape(said)):
        ws.annotations(**asked)


def test_they_are_listed_by_date(ws: Workspace) -> None:
    assert texts(ws.annotations("2025-02-01", "2025-02-28")) == TEXTS
    assert texts(ws.annotations(to_date="2025-02-10")) == TEXTS[:1]
    assert len(ws.annotations()) == 5
    for asked in ({"during": "2025-02"}, {"from_date": "2025-02", "to_date": "2025-W08"}):
        assert texts(ws.annotations(**asked)) == TEXTS
    assert texts(ws.annotations(last="3w", to_date="2025-02-28")) == TEXTS
    assert texts(ws.annotations("2025-02-18", "2025-02-18")) == TEXTS[1:2]
    first = ws.annotations()[0]
    assert (first.date, first.tags, first.author) == (
        datetime(2025, 2, 10),
        ("pricing",),
        "Sandbox Owner",
    )
    assert list(ws.annotations().df.columns) == ["id", "date", "description", "tags", "author"]


def test_a_fetch_keeps_those_of_its_days(ws: Workspace, mixpanel: SandboxServer) -> None:
    fetched = ws.fetch_events(**FEBRUARY)
    assert fetched.notes == ()
    assert texts(ws.annotations(table="events")) == TEXTS
    assert texts(ws.annotations(last="10d", table="events")) == TEXTS[2:]  # up to the table's last day
    answer = ws.segmentation("Purchase", table="events")
    assert texts(answer.annotations) == TEXTS
    assert texts(ws.segmentation("Purchase", table="events", annotations=False).annotations) == []
    week = ws.segmentation("Purchase", table="events", from_date="2025-02-17", to_date="2025-02-23")
    assert texts(week.annotations) == TEXTS[1:]
    with pytest.raises(TableNotFoundError):
        ws.annotations(table="nothing")


def test_a_sync_refreshes_them_and_a_drop_removes_them(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.fetch_events(**FEBRUARY)
    note(mixpanel, "2025-02-27 10:00:00", "Somebody's note")
    assert texts(ws.annotations(table="events")) == TEXTS
    ws.sync(to_date="2025-02-28")
    assert texts(ws.annotations(table="events")) == [*TEXTS, "Somebody's note"]
    ws.drop("events")
    assert ws.storage.annotations("events") == []


def test_a_table_that_is_replaced_has_those_of_its_new_days(ws: Workspace) -> None:
    ws.fetch_events(**FEBRUARY)
    ws.fetch_events(from_date="2025-01-01", to_date="2025-01-03", if_exists="replace")
    assert texts(ws.annotations(table="events")) == []


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_without_permission_a_fetch_only_says_so(
    status: int, ws: Workspace, mixpanel: SandboxServer, faults: Faults
) -> None:
    faults.add(FaultRule("status", path_contains="/annotations", status=status, times=None))
    fetched = ws.fetch_events(**FEBRUARY)
    assert fetched.rows > 0
    [said] = fetched.notes
    assert said.startswith("The project's annotations were not fetched: ")
    assert said in ws.sync(to_date="2025-02-28").notes
    assert texts(ws.segmentation("Purchase", table="events").annotations) == []


def test_what_was_kept_stays_where_mixpanel_fails(
    ws: Workspace, mixpanel: SandboxServer, faults: Faults
) -> None:
    ws.fetch_events(**FEBRUARY)
    faults.add(FaultRule("status", path_contains="/annotations", status=500, times=None))
    assert ws.sync(to_date="2025-02-28").notes
    assert texts(ws.annotations(table="events")) == TEXTS


def test_the_card_has_numbers_and_texts(ws: Workspace) -> None:
    ws.fetch_events(**FEBRUARY)
    answer = ws.segmentation("Purchase", table="events")
    assert drawn(answer.chart()) == ["1", "2", "3"]
    html = answer.to_html()
    for number, (day, text) in enumerate(
        zip(("2025-02-10", "2025-02-18", "2025-02-20"), TEXTS, strict=True), 1
    ):
        assert f">{number} · {day}" in html.replace("<bdi>", "")
        assert text in html
    assert f"Annotations: 1 on 2025-02-10, {TEXTS[0]}" in answer.to_text(width=10_000)
    without = ws.segmentation("Purchase", table="events", annotations=False)
    assert TEXTS[0] not in without.to_html()


@pytest.mark.parametrize("unit", ["hour", "day", "week", "month"])
def test_every_report_over_time_has_them(unit: str, ws: Workspace) -> None:
    ws.fetch_events(from_date="2025-02-17", to_date="2025-03-16")
    shared: dict[str, Any] = {"unit": unit, "table": "events"}
    answers = [
        ws.segmentation("Purchase", **shared),
        ws.segmentation_sum("Purchase", on="revenue", **shared),
        ws.segmentation_numeric("Purchase", on="revenue", **shared),
        ws.event_counts(["Purchase", "Sign Up"], **shared),
        ws.property_counts("Purchase", "plan", **shared),
        ws.insights("Purchase", on="plan", **shared),
    ]
    if unit != "hour":
        answers += [ws.funnel(steps=["View Product", "Purchase"], **shared), ws.sessions(**shared)]
    for answer in answers:
        assert len(answer.annotations) == 4
        shown = drawn(answer.chart())
        assert shown[0][0] == "1"
        assert shown[-1][-1] == "4"
        assert answer.card().chart is not None


def test_live_reports_have_those_that_were_listed(ws: Workspace) -> None:
    assert ws.segmentation("Purchase", **FEBRUARY, live=True).annotations == ()
    ws.annotations()
    assert texts(ws.segmentation("Purchase", **FEBRUARY, live=True).annotations) == TEXTS


def test_moments_are_those_of_the_reports_zone(
    mixpanel: SandboxServer, open_workspace: OpenWorkspace
) -> None:
    note(mixpanel, "2025-01-31T23:30:00+00:00", "Late in January, early in February")
    ws = open_workspace(mixpanel.url, timezone="Asia/Tokyo")
    assert str(ws.annotations("2025-02-01")[0].date) == "2025-02-01 08:30:00"
    ws.fetch_events(from_date="2025-02-01", to_date="2025-02-03")
    [kept] = ws.segmentation(None, table="events").annotations
    assert str(kept.date) == "2025-02-01 08:30:00"


def test_hostile_texts_are_only_texts(ws: Workspace) -> None:
    ws.fetch_events(**FEBRUARY)
    hostile = ["<script>alert(1)</script>", "$a$ \\ {b}", "\u202e\u2028\x00\n", "", "שלום " * 50, "x" * 5_000]
    moment = datetime(2025, 2, 3, 12)
    ws.storage.save_annotations(
        "events", [AnnotationRecord(n, moment, text) for n, text in enumerate(hostile)]
    )
    answer = ws.segmentation("Purchase", table="events")
    html = answer.to_html()
    assert "<script>" not in html
    assert "\u202e" not in html
    assert "(no text)" in html
    assert len(html) < 200_000
    assert drawn(answer.chart()) == ["1–6"]


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"id": "1"},
        {"id": True},
        {"id": 2**63},
        {"id": 1},
        {"id": 1, "date": 5},
        {"id": 1, "date": "soon"},
    ],
)
def test_a_strange_answer_is_one_line(item: dict[str, Any]) -> None:
    from zoneinfo import ZoneInfo

    from mixpanel_nb.services.project_annotations import records

    with pytest.raises(ServerError, match="came without"):
        records([item], ZoneInfo("UTC"))
    good = {
        "id": 1,
        "date": "2025-01-01 00:00:00",
        "description": "\ud800",
        "tags": [1, {"name": None}],
        "user": 5,
    }
    [found] = records([good], ZoneInfo("Europe/Berlin"))
    assert str(found.moment) == "2024-12-31 23:00:00"
    json.dumps(found.description).encode()


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 24 * 120 - 1), min_size=1, max_size=40).map(sorted),
    st.sampled_from([1, 7]),
)
def test_each_annotation_is_marked_at_its_bucket(hours: list[int], step: int) -> None:
    """Compared with a loop over the buckets; numbers follow the dates, and none is lost in a group."""
    first = date(2025, 1, 1)
    buckets = [first + timedelta(days=day) for day in range(0, 120, step)]
    start = datetime(2025, 1, 1)
    found = [Annotation(n, start + timedelta(hours=hour), f"t{n}") for n, hour in enumerate(hours)]
    rows = [{"date": day, "n": 1} for day in buckets]
    annotated = Annotated(found, buckets, "day" if step == 1 else "week")
    expected = [max(day for day in buckets if day <= each.date.date()) for each in found]
    assert [annotated._bucket(each.date) for each in found] == expected
    marks = [Mark(n, bucket, f"t{n}") for n, bucket in enumerate(expected, 1)]
    chart = with_marks(series_chart(rows, "date", "n"), marks, buckets, str)
    numbers: list[int] = []
    for text in drawn(chart):
        low, _, high = text.partition("–")
        numbers += range(int(low), int(high or low) + 1)
    assert numbers == list(range(1, len(found) + 1))
    rules = data_of(chart, chart.to_dict()["layer"][0])
    assert len(rules) == len({*expected})
