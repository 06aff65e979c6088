"""Sessions for SQL: views that stay in the database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.errors import ParameterError, TableExistsError, TableNotFoundError
from mixpanel_nb.queries import Sessions

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = """
CREATE TABLE events AS SELECT * FROM (VALUES
    ('A', TIMESTAMP '2025-01-01 10:00:00', 'u1', '1', 'x'),
    ('B', TIMESTAMP '2025-01-01 10:30:00', 'u1', '2', 'y'),
    ('Sent', TIMESTAMP '2025-01-01 10:50:00', 'u1', '3', 'y'),
    ('C', TIMESTAMP '2025-01-01 11:15:30.5', 'u1', '4', 'y'),
    ('A', TIMESTAMP '2025-01-01 22:50:00', 'u2', '5', 'y'),
    ('B', TIMESTAMP '2025-01-01 23:10:00', 'u2', '6', 'y'),
    ('A', TIMESTAMP '2025-01-01 10:00:00', '', '7', 'y'),
    ('$identify', TIMESTAMP '2025-01-01 10:01:00', 'u1', '8', 'y')
) AS t(event_name, event_time, distinct_id, insert_id, "$session_id")
"""
ANY_DAYS: dict[str, Any] = {"from_date": date(2025, 1, 1), "to_date": date(2025, 1, 2)}
DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-02", "table": "events"}


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace.memory(account="sandbox", timezone="Europe/Berlin") as ws:
        ws.sql(EVENTS)
        yield ws


def test_a_row_a_session(ws: Workspace) -> None:
    ws.session_view(exclude="Sent")
    rows = ws.sql_rows("SELECT * EXCLUDE (session_start, session_end) FROM sessions ORDER BY ALL").rows
    assert rows == [
        ("u1-1735725600000", "u1", 1800.0, 2, "A", "B"),
        ("u1-1735730130500", "u1", 0.0, 1, "C", "C"),
        ("u2-1735771800000", "u2", 0.0, 1, "A", "A"),  # midnight in Berlin
        ("u2-1735773000000", "u2", 0.0, 1, "B", "B"),
    ]
    total = ws.sessions(**DAYS, exclude="Sent").total
    assert (total.sessions, total.users, total.avg_duration) == (4, 2, 450.0)


def test_a_row_an_event_beside_a_property_of_that_name(ws: Workspace) -> None:
    ws.session_view("events_by_session", per="event")
    rows = ws.sql_rows(
        'SELECT insert_id, "$session_id", "$session_id_2", "$event_count", "$origin_end" '
        "FROM events_by_session ORDER BY insert_id"
    ).rows
    assert rows[0] == ("1", "x", "u1-1735725600000", 4, "C")
    assert rows[3] == ("4", "y", "u1-1735725600000", 4, "C")
    assert [row[2:] for row in rows[6:]] == [(None, None, None)] * 2
    by_length = ws.segmentation("A", on="$duration_s", **{**DAYS, "table": "events_by_session"})
    assert by_length.df.groupby("segment")["count"].sum().to_dict() == {"undefined": 1, "0": 1, "4530.5": 1}


def test_the_view_stays_and_is_never_out_of_date(tmp_path: Path) -> None:
    with Workspace(account="sandbox", path=tmp_path / "a.db") as ws:
        ws.sql(EVENTS)
        ws.session_view("visits")
    with Workspace(account="sandbox", path=tmp_path / "a.db") as ws:
        before = ws.sql_scalar("SELECT count(*) FROM visits")
        ws.sql("ALTER TABLE events ADD COLUMN plan VARCHAR")
        ws.sql("INSERT INTO events VALUES ('A', '2025-02-01', 'u3', '9', NULL, 'pro')")
        assert ws.sql_scalar("SELECT count(*) FROM visits") == before + 1
        ws.drop("visits")
        with pytest.raises(TableNotFoundError):
            ws.sql("FROM visits")


def test_what_makes_no_sense_is_refused(ws: Workspace) -> None:
    with pytest.raises(TableNotFoundError):
        ws.session_view(table="evnts")
    with pytest.raises(ParameterError, match="cannot name a table"):
        ws.session_view("no such")
    with pytest.raises(ParameterError, match="timeout is 0"):
        ws.session_view(timeout=0)
    with pytest.raises(ParameterError, match="per is 'user'"):
        ws.session_view(per="user")  # type: ignore[arg-type]  # that is the mistake
    with pytest.raises(TableExistsError, match="table 'events'"):
        ws.session_view("events", replace=True)
    ws.session_view()
    with pytest.raises(TableExistsError, match="view 'sessions'"):
        ws.session_view()
    assert len(ws.session_view(timeout=60, replace=True).columns) == 8


def test_mixpanel_is_not_asked() -> None:
    with Workspace.memory(account="sandbox") as ws, pytest.raises(ParameterError) as refused:
        ws.ask(Sessions(**ANY_DAYS))
    assert refused.value.parameter == "table"
    assert 'Ask a fetched table instead: table="events".' in str(refused.value)
