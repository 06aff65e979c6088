"""The users behind a number: their table, their events, sets of them, and what is refused."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any

import pytest
from workspaces import with_sandbox

from mixpanel_nb import Buckets, Metric, Workspace
from mixpanel_nb.errors import ParameterError, TableNotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVENTS = """
CREATE TABLE events AS SELECT * FROM (VALUES
    ('View', TIMESTAMP '2025-01-01 10:00:00', 'u1', '1', 'pro'),
    ('Buy', TIMESTAMP '2025-01-01 10:30:00', 'u1', '2', 'pro'),
    ('View', TIMESTAMP '2025-01-01 11:00:00', 'u2', '3', 'free'),
    ('View', TIMESTAMP '2025-01-01 12:00:00', 'u2', '4', 'free'),
    ('View', TIMESTAMP '2025-01-02 09:00:00', 'it''s "u3"', '5', '$overall'),
    ('Leave', TIMESTAMP '2025-01-02 09:10:00', 'it''s "u3"', '6', NULL),
    ('View', TIMESTAMP '2025-01-02 10:00:00', '', '7', 'pro')
) AS t(event_name, event_time, distinct_id, insert_id, plan)
"""
PROFILES = '''
CREATE TABLE profiles AS SELECT * FROM (VALUES
    ('u1', 'Berlin', 3), ('u2', 'Paris', 4), ('u2', 'Paris', 4)
) AS t(distinct_id, "city ""x""", events)
'''
DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-02", "table": "events"}
U3 = 'it\'s "u3"'


@pytest.fixture
def ws() -> Iterator[Workspace]:
    with Workspace.memory(account="sandbox") as ws:
        ws.sql(EVENTS)
        yield ws


def test_a_row_a_user_with_the_moments_of_the_events_concerned(ws: Workspace) -> None:
    users = ws.segmentation("View", **DAYS).users()
    assert users.column_names == ["distinct_id", "first_time", "last_time", "events"]
    assert [(row[0], f"{row[1]:%d %H}", f"{row[2]:%d %H}", row[3]) for row in users] == [
        ("u1", "01 10", "01 10", 1),
        ("u2", "01 11", "01 12", 2),
        (U3, "02 09", "02 09", 1),
    ]
    assert (users.ids, len(users)) == (("u1", "u2", U3), 3)
    assert list(users.df["events"]) == [1, 2, 1]


def test_profiles_stand_beside_their_users_once(ws: Workspace) -> None:
    ws.sql(PROFILES)
    users = ws.segmentation("View", **DAYS).users()
    assert users.column_names == ["distinct_id", "first_time", "last_time", "events", 'city "x"', "events_2"]
    assert [row[4:] for row in users] == [("Berlin", 3), ("Paris", 4), (None, None)]


def test_all_their_events(ws: Workspace) -> None:
    lost = ws.funnel(steps=["View", "Buy"], **DAYS).users(step=2, dropped=True)
    assert lost.ids == ("u2", U3)
    assert [(row[0], row[2]) for row in lost.events()] == [
        ("View", "u2"),
        ("View", "u2"),
        ("View", U3),
        ("Leave", U3),
    ]
    assert lost.events().column_names == ["event_name", "event_time", "distinct_id", "insert_id", "plan"]


def test_sets(ws: Workspace) -> None:
    viewed = ws.segmentation("View", **DAYS).users()
    bought = ws.segmentation("Buy", **DAYS).users()
    left = ws.segmentation("Leave", **DAYS).users()
    assert (viewed & bought).ids == ("u1",)
    assert (viewed - bought).ids == ("u2", U3)
    assert (bought | left).ids == ("u1", U3)
    assert (bought | left | bought).ids == ("u1", U3)
    assert [row[0] for row in (bought | left).events()] == ["View", "Buy", "View", "Leave"]
    assert (viewed - bought).rows == viewed.rows[1:]
    assert "2 numbers combined" in (viewed - bought).headline
    assert len((viewed - viewed).events()) == 0
    with pytest.raises(ParameterError, match="Users are combined with users"):
        viewed & ["u1"]


def test_a_segment_called_like_all_users(ws: Workspace) -> None:
    funnel = ws.funnel(steps=["View", "Buy"], on="plan", **DAYS)
    assert {step.segment for step in funnel.steps} == {"$overall", "$overall_2", "free", "pro"}
    assert funnel.users(segment="$overall").ids == ("u1", "u2", U3)
    assert funnel.users(segment="$overall_2").ids == (U3,)


@pytest.mark.parametrize(
    ("report", "cell", "message"),
    [
        ("funnel", {"step": 3}, "step is 3, and the funnel has 2 steps. Give a step from 1 to 2."),
        ("funnel", {"step": 0}, "step is 0, and the funnel has 2 steps. Give a step from 1 to 2."),
        ("funnel", {"dropped": True}, "dropped needs a step from 2 on"),
        ("funnel", {"segment": "pro"}, "The report is not broken down, so it has no segments."),
        ("funnel", {"date": "2025-01-01"}, "The funnel is one for all days"),
        ("segmentation", {"segment": "por"}, "Did you mean 'pro'?"),
        ("segmentation", {"segment": "(other)"}, "stands for 1 segments beyond the limit."),
        ("segmentation", {"date": "2025-01-03"}, "its buckets are 2025-01-01 to 2025-01-02. Did you mean"),
        ("segmentation", {"date": "soon"}, "date is 'soon', which is no day."),
        ("flow", {"step": 1, "event": "Bye"}, "Did you mean 'Buy'?"),
        ("flow", {"step": 9, "event": "Buy"}, "It has steps 0 to"),
        ("flow", {"step": 1}, "step and an event go together."),
        ("flow", {"step": 0, "source": "View"}, "source is one end alone."),
        ("flow", {"path": 99}, "and the flow shows"),
        ("retention", {"returned": False}, "there is no period in which users did not come back"),
        ("retention", {"period": 11}, "the report's last one is 10"),
        ("frequency", {"at_least": 25}, "A day has at most 24 hours"),
        ("insights", {"metric": "C"}, "the report shows no such metric"),
        ("insights", {"metric": "A / B"}, "'A / B' is a formula"),
    ],
)
def test_what_the_report_does_not_show(
    ws: Workspace, report: str, cell: dict[str, Any], message: str
) -> None:
    results: dict[str, Any] = {
        "funnel": lambda: ws.funnel(steps=["View", "Buy"], **DAYS),
        "segmentation": lambda: ws.segmentation("View", on="plan", limit=2, **DAYS),
        "flow": lambda: ws.flow(start="View", **DAYS),
        "retention": lambda: ws.retention(born_event="View", **DAYS),
        "frequency": lambda: ws.frequency(**DAYS),
        "insights": lambda: ws.insights(["View", "Buy"], formulas=["A / B"], **DAYS),
    }
    with pytest.raises(ParameterError) as caught:
        results[report]().users(**cell)
    assert message in str(caught.value)


def test_a_live_answer_says_to_ask_a_table(ws: Workspace, whole_sandbox: Path, home: Path) -> None:
    with_sandbox(home, whole_sandbox)
    live = ws.segmentation("Purchase", from_date="2025-01-01", to_date="2025-01-02", live=True)
    with pytest.raises(ParameterError, match="not the users behind them"):
        live.users()


def test_a_dropped_table_and_a_closed_workspace(ws: Workspace) -> None:
    result = ws.segmentation("View", **DAYS)
    users = result.users()
    ws.drop("events")
    with pytest.raises(TableNotFoundError):
        result.users()
    with pytest.raises(TableNotFoundError):
        users.events()
    assert len(users) == 3
    with pytest.raises(ParameterError, match="has lost its workspace"):
        pickle.loads(pickle.dumps(result)).users()


def test_a_workspace_that_was_closed_opens_its_file_again(tmp_path: Path) -> None:
    with Workspace.sandbox(path=tmp_path / "data.db") as ws:
        ws.sql(EVENTS)
        result = ws.segmentation("View", **DAYS)
    assert len(result.users()) == 3


def test_the_card_names_the_command_of_its_most_telling_number(ws: Workspace) -> None:
    funnel = ws.funnel(steps=["View", "Buy"], **DAYS)
    assert "%mp_users funnel --step View --step Buy" in funnel.to_html()
    assert "--dropped 2</code>" in funnel.to_html()
    (_, python, sql) = funnel.users(step=2, dropped=True).codes()
    assert python[1].endswith(".users(step=2, dropped=True)")
    assert len(ws.sql(sql[1])) == 2
    assert funnel.users(step=2, dropped=True).headline == "2 users: funnel, lost before step 2"


def test_python_code_gives_the_same_users(ws: Workspace) -> None:
    asked = [
        ws.funnel(steps=["View", "Buy"], on="plan", unit="day", **DAYS),
        ws.segmentation("View", on=["plan", "event_name"], **DAYS),
        ws.retention(born_event="View", **DAYS),
        ws.flow(start="View", **DAYS),
        ws.frequency(**DAYS),
        ws.sessions(**DAYS),
        ws.insights(["View", "Buy"], on="plan", **DAYS),
        ws.active(**DAYS),
        ws.event_counts(["View", "Buy"], **DAYS),
        ws.property_counts("View", "plan", **DAYS),
        ws.segmentation_numeric("View", on="plan", **DAYS),
        ws.top_events(date="2025-01-01", table="events"),
    ]
    for result in asked:
        for group in result.groups()[:6]:
            users: Any = group.answer()
            code = dict(users.codes())
            again = eval(code["Python"], {"ws": ws})
            assert again.ids == users.ids, code["Python"]
            assert again.ids, code["Python"]


def test_a_cohort_of_the_users_behind_a_number(ws: Workspace) -> None:
    lost = ws.funnel(steps=["View", "Buy"], **DAYS).users(step=2, dropped=True)
    ws.cohort("lost", lost)
    for result in (
        ws.segmentation("View", in_cohort="lost", **DAYS),
        ws.insights("View", in_cohort="lost", **DAYS),
        ws.retention(born_event="View", in_cohort="lost", **DAYS),
        ws.funnel(steps=["View", "Leave"], in_cohort="lost", **DAYS),
    ):
        assert result.users().ids == lost.ids
        assert len(result.users().events()) == 4
    assert ws.segmentation("View", not_in_cohort="lost", **DAYS).users().ids == ("u1",)


def test_any_event(ws: Workspace) -> None:
    anything = ws.event_counts(events=None, type="unique", **DAYS)
    assert [row[2] for row in anything.tuples()] == [2, 1]
    assert anything.users().ids == anything.users(event="any event").ids == ("u1", "u2", U3)
    assert anything.users(date="2025-01-02").ids == (U3,)
    with pytest.raises(ParameterError, match="shows no such event"):
        anything.users(event="View")


def test_sessions_of_insights(ws: Workspace) -> None:
    sessions = ws.insights([Metric("Leave", "sessions"), Metric("View", "sessions")], **DAYS)
    assert sessions.users(metric="A").ids == (U3,)
    assert sessions.users(metric="B").ids == ("u1", "u2", U3)
    per_user = ws.insights(Metric("View", "max", per_user="sessions"), **DAYS)
    assert per_user.users(date="2025-01-01").ids == ("u1", "u2")


def test_optional_steps(ws: Workspace) -> None:
    ws.sql("INSERT INTO events VALUES ('Leave', TIMESTAMP '2025-01-01 11:30:00', 'u1', '8', 'pro')")
    funnel = ws.funnel(steps=["View", "Buy", "Leave"], optional=[2], **DAYS)
    assert [step.count for step in funnel.steps] == [3, 1, 2]
    assert funnel.users(step=2).ids == ("u1",)
    assert funnel.users(step=2, dropped=True).ids == ("u2", U3)
    assert [(row[0], row[3]) for row in funnel.users(step=3)] == [("u1", 3), (U3, 2)]
    assert [(row[0], row[3]) for row in funnel.users(step=3, dropped=True)] == [("u2", 1)]
    (line,) = [line for line in funnel.to_html().split("<") if "%mp_users" in line]
    assert "--optional 2 " in line
    assert "--dropped 3" in line


DAY = {"from_date": "2025-01-02", "to_date": "2025-01-02", "compare": "previous", "table": "events"}


def test_users_of_a_comparison(ws: Workspace) -> None:
    viewed = ws.segmentation("View", **DAY)
    assert viewed.users("gained").ids == (U3,)
    assert viewed.users("lost").ids == ("u1", "u2")
    assert viewed.users().ids == (U3, "u1", "u2")
    assert viewed.before.users(date="2025-01-01").ids == ("u1", "u2")
    with pytest.raises(ParameterError, match="which is 'new', and is gained or lost"):
        viewed.users("new")  # type: ignore[arg-type]
    one, other = ws.segmentation("View", **DAYS), ws.segmentation("Buy", **DAYS)
    assert other.compare(one).users("lost").ids == ("u2", U3)


def test_segments_and_ranges_that_a_comparison_settled(ws: Workspace) -> None:
    """Both reports show the segments and ranges of one of them, and tell their users."""
    ws.sql("""CREATE TABLE sales AS SELECT * FROM (VALUES
        ('Buy', TIMESTAMP '2025-01-01 10:00:00', 'a', '1', 'pro', 1),
        ('Buy', TIMESTAMP '2025-01-01 11:00:00', 'a', '2', 'pro', 2),
        ('Buy', TIMESTAMP '2025-01-01 12:00:00', 'b', '3', 'free', 3),
        ('Buy', TIMESTAMP '2025-01-02 10:00:00', 'c', '4', 'free', 10),
        ('Buy', TIMESTAMP '2025-01-02 11:00:00', 'c', '5', 'free', 900),
        ('Buy', TIMESTAMP '2025-01-02 12:00:00', 'd', '6', 'pro', 420)
    ) AS t(event_name, event_time, distinct_id, insert_id, plan, amount)""")
    days = {**DAY, "table": "sales"}
    segments = ws.segmentation("Buy", on="plan", limit=1, type="unique", **days)
    assert segments.before.users(segment="free").ids == ("b",)
    insights = ws.insights(Metric("Buy", "unique"), on=["plan"], limit=1, **days)
    assert {line.segment for line in insights.before.lines} == {("free",), ("(other)",)}
    assert insights.after.users(segment="free").ids == ("c",)
    assert insights.before.users(segment="free").ids == ("b",)
    assert [name for name, _ in insights.before.users(segment="free").codes()] == ["SQL"]
    numbers = ws.segmentation_numeric("Buy", on="amount", type="unique", **days)
    in_ranges = ws.insights(Metric("Buy", "unique"), on=[Buckets("amount")], **days)
    for result in (numbers.before, numbers.after, in_ranges.before, in_ranges.after):
        cells = [row for row in result.tuples() if row[-2]]
        assert cells
        for row in cells:
            name = {"segment": row[2]} if len(row) == 5 else {"bucket": row[1]}
            assert len(result.users(date=row[0], **name)) == row[-2], row
