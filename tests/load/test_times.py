"""Times: every way in which files write them, zones, units, and those that no event can have."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reports.strategies import examples

from mixpanel_nb import Workspace
from mixpanel_nb.errors import ConfigError, ParameterError

if TYPE_CHECKING:
    from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
moments = st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31, 23, 59, 59)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)
WRITTEN: dict[str, Any] = {
    "ISO 8601 with Z": lambda at: at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
    "with an offset": lambda at: (at.astimezone(ZoneInfo("Asia/Kolkata"))).isoformat(),
    "with UTC": lambda at: at.strftime("%Y-%m-%d %H:%M:%S.%f UTC"),
    "without a zone": lambda at: at.strftime("%Y-%m-%d %H:%M:%S.%f"),
    "milliseconds": lambda at: (at - EPOCH) // timedelta(milliseconds=1),
    "microseconds": lambda at: (at - EPOCH) // timedelta(microseconds=1),
    "seconds": lambda at: (at - EPOCH) / SECOND,
    "milliseconds in a text": lambda at: str((at - EPOCH) // timedelta(milliseconds=1)),
}


def load(values: list[Any], **how: Any) -> list[datetime]:
    """The times of a table of events that have these times, in UTC without a zone."""
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder, Workspace.memory() as ws:
        file = Path(folder) / "rows.jsonl"
        file.write_text("\n".join(json.dumps({"event": "A", "time": value, "user": "u"}) for value in values))
        ws.load(file, **how)
        return [at for (at,) in ws.sql_rows("SELECT event_time FROM events ORDER BY rowid").rows]


@examples(15)
@given(st.lists(st.tuples(moments, st.sampled_from(list(WRITTEN))), min_size=1, max_size=30))
def test_each_way_gives_the_moment(rows: list[tuple[datetime, str]]) -> None:
    stored = load([WRITTEN[way](at) for at, way in rows])
    assert stored == [at.replace(tzinfo=None) for at, _ in rows]


@examples(10)
@given(st.lists(moments.filter(lambda at: at.year < 2030), min_size=1, max_size=30))
def test_times_without_a_zone_are_those_of_the_zone_that_is_named(rows: list[datetime]) -> None:
    zone = ZoneInfo("America/New_York")
    local = [at.astimezone(zone).replace(tzinfo=None) for at in rows]
    once = [
        at
        for at in local
        if at.replace(tzinfo=zone).utcoffset() == at.replace(tzinfo=zone, fold=1).utcoffset()
    ]
    if not once:
        return
    stored = load([at.isoformat() for at in once], timezone="America/New_York")
    assert stored == [at.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for at in once]
    aware = load([at.isoformat() for at in rows], timezone="America/New_York")
    assert aware == [at.replace(tzinfo=None) for at in rows]


def test_a_unit_that_is_named_counts_before_the_magnitude() -> None:
    assert load([40_000_000], time_unit="s") == [datetime(1971, 4, 8, 23, 6, 40)]
    with pytest.raises(ParameterError, match="no event can have the time '1735725600000'"):
        load([1_735_725_600_000], time_unit="s")
    with pytest.raises(ParameterError, match="no event can have the time '1735725600'"):
        load([1_735_725_600], time_unit="us")


def test_days_without_hyphens() -> None:
    days = [datetime(1997, 1, 1), datetime(1998, 6, 30)]
    assert load([19970101, "19980630"]) == days
    with pytest.raises(ParameterError, match="'19971301'"):
        load([19971301])


@pytest.mark.parametrize(
    "value",
    [
        0,
        1,
        -5,
        2025,
        "12/31/2024",
        "soon",
        "1899-12-31",
        "2200-01-01",
        10**18,
        "0001-01-01",
        True,
        [1],
        {"a": 1},
    ],
)
def test_an_impossible_time_is_refused_with_its_line(tmp_path: Path, value: Any) -> None:
    file = tmp_path / "rows.jsonl"
    lines = [{"event": "A", "time": "2025-01-01"}, {"event": "A", "time": value}]
    file.write_text("\n\n".join(json.dumps(line) for line in lines))
    with Workspace.memory() as ws, pytest.raises(ParameterError) as refused:
        ws.load(file)
    assert refused.value.message.startswith("rows.jsonl, line 3: no event can have the time ")
    assert "\n" not in str(refused.value)


def test_the_line_of_a_csv_row_below_values_with_line_breaks(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text('event,time,note\nA,2025-01-01,"one\ntwo\nthree"\nA,2025-01-02,\nB,never,"x\ny"\n')
    with (
        Workspace.memory() as ws,
        pytest.raises(ParameterError, match=r"rows.csv, line 6: .* 'never' \(time\)"),
    ):
        ws.load(file)


def test_rows_without_a_time_are_left_out_and_counted(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("event,time,user\nA,2025-01-01,u\nB,,u\nC,2025-01-03,\n")
    result = ws.load(file)
    assert (result.rows, result.without_time, result.without_user, result.users) == (2, 1, 1, 1)
    assert "1 row without a time left out." in result.remarks
    assert "1 row without a user." in result.remarks


def test_days_are_those_of_the_zone(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("event,time,user\nA,2025-01-01 00:30,u\nA,2025-01-31 23:30,u\n")
    result = ws.load(file, timezone="Europe/Berlin")
    assert result.date_range == ("2025-01-01", "2025-01-31")
    report = ws.segmentation("A", from_date="2025-01-01", to_date="2025-01-31", table="events")
    assert [count for count in report.df["count"] if count] == [1, 1]
    assert report.df["count"].iloc[0] == report.df["count"].iloc[-1] == 1
    assert not [note for note in report.notes if "not fetched" in note]
    with pytest.raises(ConfigError):
        ws.load(file, "other", timezone="CEST")


def test_reports_know_the_days(ws: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("event,time,user\nA,2025-01-01,u\nA,2025-01-03,u\n")
    ws.load(file)
    report = ws.segmentation("A", from_date="2025-01-01", to_date="2025-01-05", table="events")
    assert any("2025-01-04 to 2025-01-05" in note for note in report.notes)
    table = ws.tables()[0] if hasattr(ws.tables(), "__getitem__") else next(iter(ws.tables().tables))
    assert (str(table.from_date), str(table.to_date), table.type) == ("2025-01-01", "2025-01-03", "events")
