"""A fetch that is repeated: what is here answers, what is not is refused with what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from asking import metered

from mixpanel_nb.errors import ServerError, TableExistsError
from mixpanel_nb.sandbox.faults import FaultRule

from .support import JANUARY, answering, table_rows

if TYPE_CHECKING:
    from conftest import OpenWorkspace

    from mixpanel_nb import Workspace
    from mixpanel_nb.sandbox.faults import Faults
    from mixpanel_nb.sandbox.server import SandboxServer

FIRST_WEEK: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-07"}
SECOND_WEEK: dict[str, Any] = {"from_date": "2025-01-08", "to_date": "2025-01-14"}


def test_the_same_fetch_of_what_is_here_asks_nothing(ws: Workspace, mixpanel: SandboxServer) -> None:
    first = ws.fetch_events(**JANUARY, columns=["plan"], if_exists="same")
    before = table_rows(ws)
    mixpanel.requests.clear()
    again = ws.fetch_events(**JANUARY, columns=["plan"], if_exists="same")
    assert not mixpanel.requests
    assert again.remarks == ["All 31 days are here; nothing was asked."]
    assert (again.requests, again.new_rows) == (0, 0)
    assert (again.per_day, again.rows, again.columns) == (first.per_day, first.rows, first.columns)
    assert table_rows(ws) == before
    assert ws.info().tables[0].complete


def test_the_default_of_the_library_refuses_it(ws: Workspace) -> None:
    ws.fetch_events(**FIRST_WEEK, columns=None)
    with pytest.raises(TableExistsError, match="already"):
        ws.fetch_events(**FIRST_WEEK, columns=None)
    ws.fetch_profiles(columns=None)
    with pytest.raises(TableExistsError):
        ws.fetch_profiles(columns=None)


def test_cells_that_fetch_and_append_run_twice(ws: Workspace, mixpanel: SandboxServer) -> None:
    for _ in range(2):
        mixpanel.requests.clear()
        first = ws.fetch_events(**FIRST_WEEK, columns=None, if_exists="same")
        second = ws.fetch_events(**SECOND_WEEK, columns=None, if_exists="append")
    assert not mixpanel.requests
    assert first.remarks == [
        "All 7 days are here; nothing was asked.",
        "events holds 2025-01-01 to 2025-01-14.",
    ]
    assert second.remarks[0] == "All 7 days are here; nothing was asked."


@pytest.mark.parametrize(
    "other",
    [
        {**FIRST_WEEK, "to_date": "2025-01-08"},
        {**FIRST_WEEK, "from_date": "2024-12-31"},
        {**FIRST_WEEK, "events": ["Purchase"]},
        {**FIRST_WEEK, "where": 'properties["plan"] == "pro"'},
        {**FIRST_WEEK, "limit": 10},
        SECOND_WEEK,
    ],
    ids=str,
)
def test_another_request_is_refused_before_anything_is_asked(
    ws: Workspace, mixpanel: SandboxServer, other: dict[str, Any]
) -> None:
    ws.fetch_events(**FIRST_WEEK, columns=None)
    before = table_rows(ws)
    mixpanel.requests.clear()
    with pytest.raises(TableExistsError) as caught:
        ws.fetch_events(**other, columns=None, if_exists="same")
    assert caught.value.hint == (
        'Add to it with if_exists="append", replace it with if_exists="replace", or choose another name.'
    )
    assert not mixpanel.requests
    assert table_rows(ws) == before


def test_a_limit_of_other_days_is_another_request(ws: Workspace, mixpanel: SandboxServer) -> None:
    ws.fetch_events(**JANUARY, limit=20, columns=None)
    mixpanel.requests.clear()
    assert ws.fetch_events(**JANUARY, limit=20, columns=None, if_exists="same").rows == 20
    with pytest.raises(TableExistsError):
        ws.fetch_events(**FIRST_WEEK, limit=20, columns=None, if_exists="same")
    assert not mixpanel.requests


def test_profiles_of_another_choice_are_another_request(ws: Workspace, mixpanel: SandboxServer) -> None:
    users = [profile["distinct_id"] for profile in ws.stream_profiles()][:2]
    first = ws.fetch_profiles(distinct_ids=users[:1], columns=None, if_exists="same")
    mixpanel.requests.clear()
    again = ws.fetch_profiles(distinct_ids=users[:1], columns=None, if_exists="same")
    assert again.rows == first.rows == 1
    assert "nothing was asked" in again.remarks[0]
    others: list[dict[str, Any]] = [{}, {"distinct_ids": users}, {"where": "true"}]
    for other in others:
        with pytest.raises(TableExistsError):
            ws.fetch_profiles(**other, columns=None, if_exists="same")
    assert not mixpanel.requests


def test_a_stopped_fetch_goes_on_and_only_then_is_all_here(
    ws: Workspace, mixpanel: SandboxServer, faults: Faults
) -> None:
    faults.add(FaultRule("status", match={"from_date": "2025-01-05"}, times=None))
    with pytest.raises(ServerError):
        ws.fetch_events(**FIRST_WEEK, columns=None, if_exists="same")
    with pytest.raises(TableExistsError, match="whose fetch was stopped"):
        ws.fetch_events(**SECOND_WEEK, columns=None, if_exists="same")
    here: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-02", "columns": None}
    stored = ws.fetch_events("one", **here)
    assert ws.fetch_events(**here, if_exists="same").per_day == stored.per_day
    assert not ws.info().tables[0].complete
    faults.clear()
    mixpanel.requests.clear()
    done = ws.fetch_events(**FIRST_WEEK, columns=None, if_exists="same")
    assert len(metered(mixpanel.requests)) == done.requests == 1
    assert ws.info().tables[0].complete


def test_days_that_were_not_over_are_told(open_workspace: OpenWorkspace) -> None:
    today = datetime.now(UTC).date()
    days: dict[str, Any] = {"from_date": today - timedelta(days=3), "to_date": today}
    with answering(lambda path: (200, {}, b"")) as url:
        ws = open_workspace(url)
        ws.fetch_events(**days)
        again = ws.fetch_events(**days, if_exists="same")
    assert again.requests == 0
    assert again.remarks[0] == "All 4 days are here; nothing was asked."
    assert "was not over when it was fetched: a sync asks for it again." in again.remarks[1]
