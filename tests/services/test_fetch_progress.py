"""What a fetch tells while it runs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import AuthenticationError
from mixpanel_nb.sandbox.faults import FaultRule, Faults

from .support import JANUARY, QUARTER, Told

if TYPE_CHECKING:
    from mixpanel_nb import Workspace
    from mixpanel_nb.results import FetchProgress

WEEK: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-07"}


def test_progress_ends_with_all_that_was_done(ws: Workspace) -> None:
    told = Told()
    result = ws.fetch_events(**QUARTER, columns=None, progress=told)
    assert told.states == ["starting", "fetching", "done"]
    last = told.moments[-1]
    assert last.finished
    assert (last.chunks_done, last.chunks_total) == (13, 13)
    assert (last.days_done, last.days_total) == (90, 90)
    assert last.rows == result.rows + result.duplicates
    assert last.bytes > 0
    assert last.rows_per_second is not None
    assert last.table == "events"


def test_progress_shows_the_rows_while_they_come(ws: Workspace, faults: Faults) -> None:
    faults.add(FaultRule("slow", times=None, size=8000, seconds=0.02))
    told = Told()
    ws.fetch_events(**JANUARY, columns=None, progress=told)
    assert len({moment.rows for moment in told.moments}) > 3


def test_what_is_there_already_counts_as_done_from_the_start(ws: Workspace) -> None:
    ws.fetch_events(**WEEK, columns=None)
    told = Told()
    ws.fetch_events(**JANUARY, columns=None, if_exists="append", progress=told)
    assert told.moments[0].days_done == 7
    assert told.moments[-1].days_done == told.moments[-1].days_total == 31


def test_a_replaced_table_is_called_by_its_name(ws: Workspace) -> None:
    ws.fetch_events(**WEEK, columns=None)
    told = Told()
    ws.fetch_events(**WEEK, columns=None, if_exists="replace", progress=told)
    assert {moment.table for moment in told.moments} == {"events"}


def test_a_wait_is_told_with_its_reason(ws: Workspace, faults: Faults) -> None:
    faults.add(FaultRule("rate_limited", retry_after=1))
    told = Told()
    ws.fetch_events(**WEEK, columns=None, progress=told, workers=1)
    waits = [moment for moment in told.moments if moment.state == "waiting"]
    assert waits[-1].elapsed_seconds - waits[0].elapsed_seconds > 0.7
    assert all(moment.message and moment.message.startswith("waiting 1 s: ") for moment in waits)
    assert all(moment.message is None for moment in told.moments if moment.state != "waiting")
    assert (told.states[0], told.states[-1]) == ("starting", "done")


def test_a_chunk_that_comes_twice_does_not_turn_progress_back(ws: Workspace, faults: Faults) -> None:
    faults.add(FaultRule("broken_line", match={"from_date": "2025-01-01"}))
    faults.add(FaultRule("slow", match={"from_date": "2025-01-01"}, size=2000, seconds=0.02))
    told = Told()
    ws.fetch_events(**WEEK, columns=None, progress=told)
    assert told.states[-1] == "done"


def test_a_failure_is_the_last_word(ws: Workspace, faults: Faults) -> None:
    faults.add(FaultRule("status", status=401, times=None))
    told = Told()
    with pytest.raises(AuthenticationError):
        ws.fetch_events(**WEEK, progress=told)
    assert told.states[-1] == "failed"


@pytest.mark.parametrize("kind", ["events", "profiles"])
def test_whoever_watches_can_cancel(ws: Workspace, faults: Faults, kind: str) -> None:
    faults.add(FaultRule("hang", times=None, seconds=30))
    states: list[str] = []
    first = time.monotonic()

    def cancel(now: FetchProgress) -> None:
        states.append(now.state)
        if now.state == "fetching" and time.monotonic() - first > 0.1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        if kind == "events":
            ws.fetch_events(**WEEK, progress=cancel)
        else:
            ws.fetch_profiles(progress=cancel)
    assert time.monotonic() - first < 1.5
    assert states[-1] == "cancelled"
    assert not ws.tables()


def test_profiles_tell_their_rows(ws: Workspace) -> None:
    told = Told()
    result = ws.fetch_profiles(progress=told)
    last = told.moments[-1]
    assert told.states == ["starting", "fetching", "done"]
    assert (last.type, last.rows, last.days_total) == ("profiles", result.rows, None)


def test_nothing_to_fetch_is_done_at_once(ws: Workspace) -> None:
    ws.fetch_events(**WEEK, columns=None)
    told = Told()
    ws.fetch_events(**WEEK, columns=None, if_exists="append", progress=told)
    assert told.states == ["starting", "done"]
    assert told.moments[-1].days_done == 7


def test_a_downloaded_chunk_stays_downloaded_while_the_file_is_waited_for(
    ws: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_all, told = ws.storage.load_all, Told()

    def after_a_wait(feed: Any) -> None:
        assert ws.storage.on_wait is not None
        ws.storage.on_wait("waiting for data.db, held by another program")
        load_all(feed)

    monkeypatch.setattr(ws.storage, "load_all", after_a_wait)
    ws.fetch_events(**WEEK, columns=None, progress=told)
    (moment,) = [
        moment for moment in told.moments if (moment.message or "").startswith("waiting for data.db")
    ]
    assert [piece.state for piece in moment.pieces] == ["here"] * moment.chunks_done
