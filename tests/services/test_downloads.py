"""Several downloads at once: each outcome is handed out once, and an end is an end."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.services.fetch.downloads import LEAVING_SECONDS, Downloads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(autouse=True)
def no_threads_left() -> Iterator[None]:
    yield
    deadline = time.monotonic() + 5
    while any(thread.name.startswith("mixpanel_nb-download") for thread in threading.enumerate()):
        assert time.monotonic() < deadline, "a download thread does not end"
        time.sleep(0.01)


def outcomes(downloads: Downloads[int, int]) -> list[tuple[int, int | None, str | None]]:
    """Everything that ends, until nothing is outstanding."""
    ended = []
    while downloads.outstanding:
        outcome = downloads.next(5)
        assert outcome is not None
        ended.append((outcome.job, outcome.value, None if outcome.error is None else str(outcome.error)))
    return sorted(ended)


def square(job: int, stopped: Callable[[], bool]) -> int:
    if job == 13:
        message = "unlucky"
        raise ValueError(message)
    return job * job


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_each_job_ends_once_with_a_value_or_an_error(workers: int) -> None:
    with Downloads(range(20), square, workers) as downloads:
        expected = [(job, None, "unlucky") if job == 13 else (job, job * job, None) for job in range(20)]
        assert outcomes(downloads) == expected
        assert downloads.next(0) is None


def test_no_jobs_are_done_at_once() -> None:
    nothing: list[int] = []
    with Downloads(nothing, square, 4) as downloads:
        assert downloads.outstanding == 0
        assert downloads.next(0) is None


def test_no_more_run_at_once_than_there_are_workers() -> None:
    running: list[int] = []
    most: list[int] = []
    lock = threading.Lock()

    def work(job: int, stopped: Callable[[], bool]) -> int:
        with lock:
            running.append(job)
            most.append(len(running))
        time.sleep(0.01)
        with lock:
            running.remove(job)
        return job

    with Downloads(range(12), work, 3) as downloads:
        outcomes(downloads)
    assert max(most) == 3


def test_jobs_begin_in_order() -> None:
    begun: list[int] = []

    def work(job: int, stopped: Callable[[], bool]) -> int:
        begun.append(job)
        return job

    with Downloads(range(10), work, 1) as downloads:
        outcomes(downloads)
    assert begun == list(range(10))


def test_waiting_for_an_outcome_ends_after_the_timeout() -> None:
    go = threading.Event()
    with Downloads([1], lambda job, stopped: go.wait(5), 1) as downloads:
        started = time.monotonic()
        assert downloads.next(0.05) is None
        assert 0.04 < time.monotonic() - started < 1
        assert downloads.outstanding == 1
        go.set()
        assert downloads.next(5) is not None
        assert downloads.outstanding == 0


def test_a_job_can_be_done_again() -> None:
    attempts: list[int] = []

    def work(job: int, stopped: Callable[[], bool]) -> int:
        attempts.append(job)
        if len(attempts) == 1:
            raise ValueError
        return len(attempts)

    with Downloads([7], work, 1) as downloads:
        first = downloads.next(5)
        assert first is not None
        assert isinstance(first.error, ValueError)
        downloads.again(first.job)
        assert downloads.outstanding == 1
        second = downloads.next(5)
    assert second is not None
    assert (second.job, second.value, second.error) == (7, 2, None)


def test_leaving_begins_nothing_more_and_tells_running_ones_to_end() -> None:
    begun: list[int] = []
    running = threading.Event()

    def work(job: int, stopped: Callable[[], bool]) -> int:
        begun.append(job)
        running.set()
        while not stopped():
            time.sleep(0.002)
        return job

    with Downloads(range(50), work, 2) as downloads:
        assert running.wait(5)
        time.sleep(0.01)
    assert len(begun) <= 2
    assert downloads.outstanding == 0


def test_what_hangs_is_broken_off() -> None:
    connection = threading.Event()
    with Downloads([1], lambda job, stopped: connection.wait(30), 1, abort=connection.set):
        started = time.monotonic()
    assert time.monotonic() - started < 1


def test_what_cannot_be_broken_off_holds_nobody_up() -> None:
    deaf = threading.Event()
    with Downloads([1], lambda job, stopped: deaf.wait(30), 1):
        started = time.monotonic()
    assert time.monotonic() - started < LEAVING_SECONDS + 0.5
    deaf.set()


def test_nothing_is_broken_off_when_all_has_ended() -> None:
    aborted: list[bool] = []
    with Downloads(range(3), square, 3, abort=lambda: aborted.append(True)) as downloads:
        outcomes(downloads)
        time.sleep(0.05)
    assert aborted == []


def test_draining_lets_running_ones_end() -> None:
    go = threading.Event()
    begun: list[int] = []

    def work(job: int, stopped: Callable[[], bool]) -> int:
        begun.append(job)
        go.wait(5)
        return job

    with Downloads(range(10), work, 2) as downloads:
        while len(begun) < 2:
            time.sleep(0.002)
        downloads.drain()
        assert downloads.outstanding == 2
        go.set()
        assert [job for job, *_ in outcomes(downloads)] == sorted(begun) == [0, 1]


def test_after_a_fatal_error_no_job_begins() -> None:
    begun: list[int] = []

    def work(job: int, stopped: Callable[[], bool]) -> int:
        begun.append(job)
        message = "the password is wrong"
        raise PermissionError(message)

    with Downloads(
        range(10), work, 1, is_fatal=lambda error: isinstance(error, PermissionError)
    ) as downloads:
        outcome = downloads.next(5)
        assert outcome is not None
        assert isinstance(outcome.error, PermissionError)
        assert downloads.next(0.05) is None
        downloads.drain()
        assert downloads.outstanding == 0
    assert begun == [0]


def test_threads_do_not_keep_the_program_alive() -> None:
    go = threading.Event()
    with Downloads([1], lambda job, stopped: go.wait(5), 1):
        (thread,) = [t for t in threading.enumerate() if t.name.startswith("mixpanel_nb-download")]
        assert thread.daemon
        go.set()
