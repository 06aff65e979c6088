"""Buckets that were not fetched are gaps, and buckets cut by range or fetch stay out of means."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.analytics.calendar import Period, coverage, midnight, utc

if TYPE_CHECKING:
    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.server import SandboxServer

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
ZONES = ["UTC", "Europe/Berlin", "Asia/Kathmandu", "America/St_Johns"]


@st.composite
def fetched(draw: st.DrawFn) -> tuple[Period, str, list[tuple[datetime, datetime]]]:
    """Days around a change of clocks, a unit, and spans of time that were fetched."""
    first = date(2025, 3, 24) + draw(st.integers(0, 10)) * DAY
    last = first + draw(st.integers(0, 9)) * DAY
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    period = Period(first, last, zone, draw(st.sampled_from(["monday", "sunday"])))
    start = utc(midnight(first - 5 * DAY), zone)
    hours = sorted(draw(st.sets(st.integers(0, 500), max_size=8)))
    edges = [start + timedelta(hours=hour) for hour in hours[: len(hours) // 2 * 2]]
    unit = draw(st.sampled_from(["hour", "day", "week", "month"]))
    return period, unit, list(zip(edges[::2], edges[1::2], strict=True))


@given(fetched())
def test_coverage_is_what_a_look_at_every_half_hour_finds(
    given_: tuple[Period, Any, list[tuple[datetime, datetime]]],
) -> None:
    period, unit, spans = given_
    half_hours: dict[Any, list[bool]] = {}
    moment = utc(midnight(period.first - 40 * DAY), period.zone)
    while moment < utc(midnight(period.last + 40 * DAY), period.zone):
        local = moment.replace(tzinfo=UTC).astimezone(period.zone).replace(tzinfo=None)
        bucket: Any = local.replace(minute=0, second=0)
        if unit != "hour":
            bucket = local.date()
        if unit == "week":
            bucket -= (bucket.weekday() - (6 if period.week_start == "sunday" else 0)) % 7 * DAY
        if unit == "month":
            bucket = bucket.replace(day=1)
        asked = period.first <= local.date() <= period.last
        known = asked and any(since <= moment < until for since, until in spans)
        half_hours.setdefault(bucket, []).append(known)
        moment += 15 * MINUTE
    expected = []
    for bucket in period.buckets(unit):
        seen = half_hours.get(bucket, [])
        expected.append(all(seen) if any(seen) else None)
    if unit == "hour" and any(bucket not in half_hours for bucket in period.buckets(unit)):
        return  # an hour that clocks skipped
    assert list(coverage(period, unit, spans)) == expected


@pytest.fixture
def gap(ws: Workspace, mixpanel: SandboxServer) -> Workspace:
    """3 to 20 January and 28 January to 20 February."""
    del mixpanel
    ws.fetch_events(from_date="2025-01-03", to_date="2025-01-20")
    ws.fetch_events(from_date="2025-01-28", to_date="2025-02-20", if_exists="append")
    return ws


ASKED: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-02-24"}


def is_fetched(day: date) -> bool:
    """Whether the table of these tests holds the day."""
    return date(2025, 1, 3) <= day <= date(2025, 1, 20) or date(2025, 1, 28) <= day <= date(2025, 2, 20)


@pytest.mark.parametrize("report", ["segmentation", "segmentation_sum", "segmentation_average"])
def test_days_that_were_not_fetched_are_gaps(gap: Workspace, report: str) -> None:
    more = {} if report == "segmentation" else {"on": "revenue"}
    frame = getattr(gap, report)("Purchase", **ASKED, **more).df
    fetched_days = frame["date"].dt.date.map(is_fetched)
    assert frame["complete"].tolist() == fetched_days.tolist()
    assert fetched_days.sum() == 42
    value = frame[frame.columns[-2]]
    assert value[~fetched_days].isna().all()
    if report != "segmentation_average":  # there is no average of no events
        assert value[fetched_days].notna().all()
    assert value.sum() > 0


def test_frequency_of_buckets_that_were_not_fetched_is_unknown(gap: Workspace) -> None:
    result = gap.frequency(**ASKED, unit="day", addiction_unit="hour")
    frame = result.df
    fetched = frame["date"].dt.date.map(is_fetched)
    counts = frame.drop(columns=["date", "complete"])
    assert frame["complete"].tolist() == fetched.tolist()
    assert counts[~fetched].isna().all(axis=None)
    assert counts[fetched].notna().all(axis=None)
    assert result.mean_active == pytest.approx(counts.loc[fetched, "period_1"].mean())
    assert result.records()[0]["period_1"] is None
    assert "these days were not fetched" in result.to_text()
    assert result.chart() is not None


def test_sessions_of_buckets_that_were_not_fetched_are_unknown(gap: Workspace) -> None:
    result = gap.sessions(**ASKED, on="plan", limit=1)
    frame = result.df
    fetched = frame["date"].dt.date.map(is_fetched)
    assert frame["complete"].tolist() == fetched.tolist()
    figures = frame[["sessions", "users"]]
    assert figures[~fetched].isna().all(axis=None)
    assert figures[fetched].notna().all(axis=None)
    assert frame.loc[~fetched, "avg_duration"].isna().all()
    assert figures.loc[frame["segment"] == "$overall", "sessions"].sum() == result.total.sessions > 0
    assert result.records()[0]["sessions"] is None


def test_sessions_and_frequency_of_cut_weeks_are_marked(gap: Workspace) -> None:
    whole = gap.segmentation("Purchase", **ASKED, unit="week").df["complete"].tolist()
    assert gap.frequency(**ASKED, unit="week", addiction_unit="day").df["complete"].tolist() == whole
    sessions = gap.sessions(**ASKED, unit="week", annotations=False)
    assert sessions.df["complete"].tolist() == whole
    assert sessions.numbers().lines[0].complete == tuple(whole)
    marks = [layer["mark"] for layer in sessions.chart().to_dict()["layer"]]
    assert [mark["type"] for mark in marks] == ["rect", "line", "line", "point"]
    assert "strokeDash" in marks[1]


def test_what_is_known_in_part_stays_out_of_means_and_extremes(gap: Workspace) -> None:
    weeks = gap.segmentation("Purchase", **ASKED, unit="week")
    days = gap.segmentation("Purchase", **ASKED).df.set_index("date")["count"]
    whole = [week for week in weeks.dates if all(is_fetched(week + n * DAY) for n in range(7))]
    counts = {week: int(days[str(week) : str(week + 6 * DAY)].sum()) for week in whole}
    (series,) = weeks.series
    assert [week for week, state in zip(weeks.dates, weeks.complete, strict=True) if state] == whole
    assert (series.low, series.high) == (min(counts.values()), max(counts.values()))
    assert series.mean == pytest.approx(sum(counts.values()) / len(counts))
    assert series.total == days.sum()
    facts = dict(weeks.card().facts)
    assert facts["Total"] == days.sum()
    assert facts["Per week"] == pytest.approx(series.mean, abs=0.06)


def test_a_chart_shows_gaps_as_bands_and_cut_weeks_dashed(gap: Workspace) -> None:
    spec = gap.segmentation("Purchase", **ASKED, unit="week", annotations=False).chart().to_dict()
    marks = [layer["mark"] for layer in spec["layer"]]
    assert [mark["type"] for mark in marks] == ["rect", "line", "line", "point"]
    assert "strokeDash" in marks[1]
    band = spec["layer"][0]["data"].get("values") or spec["datasets"][spec["layer"][0]["data"]["name"]]
    assert [(run["x"][:10], run["x2"][:10]) for run in band] == [("2025-02-20", "2025-02-27")]
    weeks = {"from_date": "2025-02-03", "to_date": "2025-02-16", "unit": "week"}
    plain = gap.segmentation("Purchase", **weeks, annotations=False)
    assert "layer" not in plain.chart().to_dict()


def test_an_event_that_was_not_fetched_is_no_zero(ws: Workspace, mixpanel: SandboxServer) -> None:
    del mixpanel
    ws.fetch_events(from_date="2025-01-01", to_date="2025-01-05", events=["Purchase"])
    report = ws.segmentation("Sign Up")
    assert report.df["count"].isna().all()
    assert "events was fetched without the event 'Sign Up'." in report.notes


def test_shares_are_of_the_whole_and_the_rest_has_a_row(ws: Workspace, mixpanel: SandboxServer) -> None:
    del mixpanel
    ws.fetch_events(from_date="2025-01-01", to_date="2025-01-14")
    everything = ws.segmentation("Purchase", on="$city").df.groupby("segment")["count"].sum()
    cut = ws.segmentation("Purchase", on="$city", limit=3)
    shown = cut.df.groupby("segment")["count"].sum()
    assert shown["(other)"] == everything.sum() - everything.nlargest(3).sum()
    assert shown.sum() == everything.sum()
    table = cut.card().table
    assert table is not None
    names = [column.name for column in table.columns]
    shares = {row[0]: row[names.index("share")] for row in table.rows}
    assert shares[f"(other): {len(everything) - 3} segments"] == shown["(other)"] / everything.sum()
    assert sum(shares.values()) == pytest.approx(1)
    unique = ws.segmentation("Purchase", on="$city", limit=3, type="unique")
    assert "(other)" not in set(unique.df["segment"])  # users of several cities cannot be added up
    by_number = ws.segmentation("Purchase", on="revenue", limit=2)
    assert by_number.df["count"].sum() == everything.sum()
