from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
from contextlib import closing, suppress
from typing import TYPE_CHECKING

import httpx
import pytest

from mixpanel_nb.accounts import Credentials
from mixpanel_nb.client import MixpanelAPIClient, QuotaLedger, Wait
from mixpanel_nb.client.clock import Moment
from mixpanel_nb.client.quota_policy import is_counted
from mixpanel_nb.errors import RateLimitError

if TYPE_CHECKING:
    from pathlib import Path

KEY = "https://mixpanel.com 1"


class Clock:
    """Time that passes when a test says so; ``wall`` alone is the clock that somebody sets."""

    def __init__(self) -> None:
        self.wall, self.steady, self.boot = 1_800_000_000.0, 5_000.0, "first"

    def __call__(self) -> Moment:
        return Moment(self.wall, self.steady, self.boot)

    def passes(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds

    def restarts(self) -> None:
        self.boot, self.steady = f"after {self.boot}", 10.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path, clock: Clock) -> QuotaLedger:
    return QuotaLedger(tmp_path / "quota.db", clock=clock)


def ask(ledger: QuotaLedger, times: int = 1, key: str = KEY) -> None:
    for _ in range(times):
        with ledger.acquire(key, "query", max_wait=0):
            pass


def test_the_sixty_first_query_of_an_hour_is_refused_with_the_time_to_wait(
    ledger: QuotaLedger, clock: Clock
) -> None:
    ask(ledger)
    clock.passes(600)
    ask(ledger, 59)
    with pytest.raises(RateLimitError, match="60 queries in 1 h") as caught:
        ask(ledger)
    assert caught.value.retry_after == 3000
    assert "Try again at" in str(caught.value)
    clock.passes(3000)
    ask(ledger)
    with pytest.raises(RateLimitError):
        ask(ledger)


def test_each_project_has_its_own_quota(ledger: QuotaLedger) -> None:
    ask(ledger, 60)
    ask(ledger, 60, key="https://mixpanel.com 2")


def test_queries_and_exports_are_counted_apart(ledger: QuotaLedger) -> None:
    ask(ledger, 60)
    ledger.acquire(KEY, "export", max_wait=0).release()


def test_free_pages_do_not_count_and_are_not_held_up(ledger: QuotaLedger) -> None:
    for _ in range(100):
        ledger.acquire(KEY, "query", counted=False, max_wait=0).release()
    ask(ledger, 60)
    ledger.acquire(KEY, "query", counted=False, max_wait=0).release()


def test_a_forgotten_request_does_not_count(ledger: QuotaLedger) -> None:
    for _ in range(100):
        with ledger.acquire(KEY, "query", max_wait=0) as lease:
            lease.forget()


def test_a_sixth_query_waits_for_one_of_five_to_end(ledger: QuotaLedger) -> None:
    leases = [ledger.acquire(KEY, "query", max_wait=0) for _ in range(5)]
    with pytest.raises(RateLimitError, match="5 queries are running already"):
        ledger.acquire(KEY, "query", max_wait=0)
    waits: list[Wait] = []
    threading.Timer(0.2, leases[0].release).start()
    with ledger.acquire(KEY, "query", on_wait=waits.append):
        pass
    assert [wait.reason for wait in waits] == ["5 queries are running already"]


def test_exports_are_paced_to_three_a_second_and_say_so(tmp_path: Path) -> None:
    ledger = QuotaLedger(tmp_path / "quota.db")
    waits: list[Wait] = []
    started = time.monotonic()
    for _ in range(4):
        with ledger.acquire(KEY, "export", on_wait=waits.append):
            pass
    assert 0.9 < time.monotonic() - started < 2
    assert [wait.reason for wait in waits] == ["3 exports a second are the limit"]


def test_what_mixpanel_announces_is_adopted(ledger: QuotaLedger) -> None:
    with ledger.acquire(KEY, "query") as lease:
        lease.announced({"ratelimit-policy": '"project";q=70;w=3600, "project-concurrency";q=7'})
    ask(ledger, 69)
    with pytest.raises(RateLimitError, match="70 queries"):
        ask(ledger)


def test_a_server_without_limits_is_not_paced(ledger: QuotaLedger) -> None:
    for _ in range(100):
        with ledger.acquire(KEY, "export", max_wait=0) as lease:
            lease.announced({"ratelimit-policy": '"project";q=1000000;w=3600'})


@pytest.mark.parametrize(
    ("remaining", "closed"),
    [
        ('"project";r=0;t=1800', True),
        ('"project";r=0;t=1800, "project-concurrency";r=3', True),
        ('"project";r=1;t=1800', False),
        ('"project";r=12, "project-concurrency";r=0;t=10', False),
        ("nonsense", False),
    ],
)
def test_a_good_answer_that_was_the_last_one_closes_the_quota(
    remaining: str, closed: bool, tmp_path: Path
) -> None:
    """Another machine may have asked the others, which this ledger has not seen."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=[], headers={"RateLimit": remaining}))
    account = Credentials("me", "the secret of it", "1")
    ledger = QuotaLedger(tmp_path / "quota.db")
    with MixpanelAPIClient(account, transport=transport, ledger=ledger, max_wait=1) as client:
        client.get_events()
        if not closed:
            client.get_events()
            return
        with pytest.raises(RateLimitError, match="Mixpanel said that the quota is used up"):
            client.get_events()


def test_a_refusal_is_remembered_by_all_who_share_the_file(ledger: QuotaLedger, clock: Clock) -> None:
    with ledger.acquire(KEY, "query") as lease:
        lease.forget()
        lease.refused(1800)
    other = QuotaLedger(ledger.path, clock=clock)
    with pytest.raises(RateLimitError) as caught:
        ask(other)
    assert caught.value.retry_after == 1800
    clock.passes(1801)
    ask(other)


@pytest.mark.parametrize("seconds", [-5, -86_400, -10 * 365 * 86_400, 5, 10 * 365 * 86_400])
def test_setting_the_clock_neither_opens_nor_closes_the_quota(
    ledger: QuotaLedger, clock: Clock, seconds: int
) -> None:
    ask(ledger, 60)
    clock.passes(600)
    clock.wall += seconds
    with pytest.raises(RateLimitError) as caught:
        ask(ledger)
    assert caught.value.retry_after == 3000
    clock.passes(3000)
    ask(ledger, 60)
    with pytest.raises(RateLimitError):
        ask(ledger)


@pytest.mark.parametrize("seconds", [-5, -10 * 365 * 86_400])
def test_a_restart_with_a_clock_that_was_ahead_costs_one_window_at_most(
    ledger: QuotaLedger, clock: Clock, seconds: int
) -> None:
    ask(ledger, 60)
    clock.wall += seconds
    clock.restarts()
    with pytest.raises(RateLimitError) as caught:
        ask(ledger)
    assert caught.value.retry_after == 3600
    clock.passes(3600)
    ask(ledger, 60)


def test_a_restart_forgets_nothing(ledger: QuotaLedger, clock: Clock) -> None:
    ask(ledger, 60)
    clock.passes(600)
    clock.restarts()
    with pytest.raises(RateLimitError) as caught:
        ask(ledger)
    assert caught.value.retry_after == 3000


@pytest.mark.parametrize("seconds", [60, 10 * 365 * 86_400])
def test_a_refusal_under_a_wrong_clock_ends_when_it_should(
    ledger: QuotaLedger, clock: Clock, seconds: int
) -> None:
    clock.wall += seconds
    with ledger.acquire(KEY, "query") as lease:
        lease.forget()
        lease.refused(1800)
    clock.wall -= seconds
    with pytest.raises(RateLimitError) as caught:
        ask(ledger)
    assert caught.value.retry_after == 1800
    clock.passes(1800)
    ask(ledger)


def test_no_refusal_closes_the_quota_for_longer_than_a_window(ledger: QuotaLedger, clock: Clock) -> None:
    with ledger.acquire(KEY, "query") as lease:
        lease.forget()
        lease.refused(7 * 86_400)
    with pytest.raises(RateLimitError):
        ask(ledger)
    clock.passes(3601)
    ask(ledger)


@pytest.mark.parametrize(
    "policy",
    [
        '"project";q=60;w=999999999999999',
        '"project";q=999999999999999;w=3600',
        '"project";q=1;w=999999999999999',
        '"project";q=0;w=3600',
        '"project";q=60;w=0',
        '"project";q=60;w=86401',
        '"project";q=60;w=99999999999999999999999999',
    ],
)
def test_an_announced_quota_that_cannot_be_is_passed_over(ledger: QuotaLedger, policy: str) -> None:
    with ledger.acquire(KEY, "query", max_wait=0) as lease:
        lease.announced({"ratelimit-policy": policy})
    ask(ledger, 59)
    with pytest.raises(RateLimitError, match="60 queries in 1 h"):
        ask(ledger)


@pytest.mark.parametrize("policy", ["0", "1", "999999999999999"])
def test_odd_concurrency_does_not_stop_everybody(ledger: QuotaLedger, policy: str) -> None:
    with ledger.acquire(KEY, "query") as lease:
        lease.announced({"ratelimit-policy": f'"project";q=60;w=3600, "project-concurrency";q={policy}'})
    ask(ledger, 59)


@pytest.mark.parametrize("value", ["1e300", "9e999", "-9e999", "999999999999999999", "'text'", "NULL"])
@pytest.mark.parametrize(
    "column",
    [
        "told.span",
        "told.amount",
        "told.concurrent",
        "asked.at",
        "asked.steady",
        "closed.seconds",
        "closed.steady",
        "running.steady",
        "running.pid",
        "asked.boot",
    ],
)
def test_whatever_number_stands_in_the_file_the_next_hour_is_a_good_one(
    ledger: QuotaLedger, clock: Clock, column: str, value: str
) -> None:
    with ledger.acquire(KEY, "query") as lease:
        lease.announced({"ratelimit-policy": '"project";q=60;w=3600, "project-concurrency";q=5'})
        lease.refused(1)
        table, name = column.split(".")
        with sqlite3.connect(ledger.path) as db:
            db.execute(f"UPDATE {table} SET {name} = {value}")
        db.close()
    with suppress(RateLimitError):
        ask(ledger)
    clock.passes(3601)
    ask(ledger, 60)


def test_a_ledger_that_others_locked_is_come_back_to(
    ledger: QuotaLedger, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mixpanel_nb.client.quota._BUSY", 0.05)
    ask(ledger, 20)
    with closing(sqlite3.connect(ledger.path, isolation_level=None)) as locker:
        locker.execute("BEGIN EXCLUSIVE")
        ask(ledger, 30)
        lease = ledger.acquire(KEY, "query", max_wait=0)
    monkeypatch.setattr(ledger, "_return_at", 0.0)
    lease.release()
    ask(QuotaLedger(ledger.path, clock=clock), 9)
    for each in (ledger, QuotaLedger(ledger.path, clock=clock)):
        with pytest.raises(RateLimitError, match="60 queries"):
            ask(each)
    with closing(sqlite3.connect(ledger.path)) as db:
        assert db.execute("SELECT count(*) FROM running").fetchone() == (0,)


def test_a_place_to_write_that_appears_later_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = QuotaLedger(tmp_path / "later" / "quota.db")
    ask(ledger, 60)
    (tmp_path / "later").mkdir()
    monkeypatch.setattr(ledger, "_return_at", 0.0)
    for each in (ledger, QuotaLedger(ledger.path)):
        with pytest.raises(RateLimitError):
            ask(each)


def test_old_requests_are_removed_from_the_file(ledger: QuotaLedger, clock: Clock) -> None:
    ask(ledger, 30)
    clock.passes(4000)
    ask(ledger)
    with sqlite3.connect(ledger.path) as db:
        (rows,) = db.execute("SELECT count(*) FROM asked").fetchone()
    db.close()
    assert rows == 1


def test_leases_of_a_process_that_died_are_given_back(ledger: QuotaLedger) -> None:
    code = (
        "import sys, time; from pathlib import Path; from mixpanel_nb.client import QuotaLedger\n"
        "from mixpanel_nb.client.clock import Moment\n"
        "ledger = QuotaLedger(Path(sys.argv[1]), clock=lambda: Moment(1_800_000_000.0, 5_000.0, 'first'))\n"
        f"leases = [ledger.acquire({KEY!r}, 'query', counted=False) for _ in range(5)]\n"
        "import os; os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(ledger.path)], check=False)
    with sqlite3.connect(ledger.path) as db:
        assert db.execute("SELECT count(*) FROM running").fetchone() == (5,)
    db.close()
    ask(ledger)


def test_leases_of_a_process_that_hangs_expire(ledger: QuotaLedger, clock: Clock) -> None:
    for _ in range(5):
        ledger.acquire(KEY, "query")
    clock.passes(601)
    ask(ledger)


def test_two_processes_never_ask_more_than_the_quota_together(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    code = (
        "import sys; from pathlib import Path\n"
        "from mixpanel_nb.client import QuotaLedger; from mixpanel_nb.errors import RateLimitError\n"
        "ledger, admitted = QuotaLedger(Path(sys.argv[1])), 0\n"
        "for _ in range(45):\n"
        "    try:\n"
        f"        with ledger.acquire({KEY!r}, 'query', max_wait=0): admitted += 1\n"
        "    except RateLimitError: pass\n"
        "print(admitted)"
    )
    arguments = [sys.executable, "-c", code, str(path)]
    processes = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    admitted = [int(process.communicate(timeout=120)[0]) for process in processes]
    assert sum(admitted) == 60


def test_eight_threads_share_one_ledger(ledger: QuotaLedger) -> None:
    refused: list[RateLimitError] = []

    def work() -> None:
        for _ in range(10):
            try:
                ledger.acquire(KEY, "export", max_wait=0).release()
            except RateLimitError as error:
                refused.append(error)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 80 - 3  # the clock stands still: three in its second


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_the_file_is_for_its_owner_alone(ledger: QuotaLedger) -> None:
    ask(ledger)
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "rubbish", [b"this is no database at all" * 100, b"SQLite format 3\x00" + b"\x01" * 4096]
)
def test_a_damaged_file_is_replaced_quietly(tmp_path: Path, rubbish: bytes) -> None:
    path = tmp_path / "quota.db"
    path.write_bytes(rubbish)
    ledger = QuotaLedger(path)
    ask(ledger, 60)
    with pytest.raises(RateLimitError):
        ask(QuotaLedger(path))


def test_a_file_of_another_make_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "quota.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE asked (something INTEGER)")
    db.close()
    ask(QuotaLedger(path), 60)
    with pytest.raises(RateLimitError):
        ask(QuotaLedger(path))


def test_without_a_place_to_write_the_process_keeps_its_own_count(tmp_path: Path) -> None:
    ledger = QuotaLedger(tmp_path / "missing" / "quota.db")
    ask(ledger, 60)
    with pytest.raises(RateLimitError):
        ask(ledger)
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize(
    ("endpoint", "session_id", "counted"),
    [
        ("events/names", None, True),
        ("/jql", None, True),
        ("engage", None, True),
        ("engage", "1234-EXAMPL", False),
        ("engage/aliases", None, False),
        ("annotations", None, False),
    ],
)
def test_what_counts_against_the_hourly_quota(endpoint: str, session_id: str | None, counted: bool) -> None:
    assert is_counted(endpoint, session_id=session_id) is counted
