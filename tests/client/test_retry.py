from __future__ import annotations

import time
from concurrent.futures import CancelledError
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.client.retry import (
    MAX_BACKOFF,
    Wait,
    backoff,
    clock_time_in,
    exhausted_for,
    parse_policies,
    parse_retry_after,
    pause,
    requested_wait,
)

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20).filter(lambda name: name[0] != "-")
HEADER_TEXT = st.text(st.characters(codec="latin-1"), max_size=60)


@given(st.integers(0, 500_000))
def test_retry_after_in_seconds(seconds: int) -> None:
    assert parse_retry_after(f" {seconds} ") == seconds


@given(st.integers(-86_400, 500_000))
def test_retry_after_as_an_http_date(seconds: int) -> None:
    date = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert parse_retry_after(date, NOW) == max(seconds, 0)


@pytest.mark.parametrize(
    "value", ["", "soon", "-5", "nan", "inf", "1e9", "Mon, 99 Foo 2026 00:00:00 GMT", "٣"]
)
def test_retry_after_that_says_nothing(value: str) -> None:
    assert parse_retry_after(value) is None


def test_an_absurd_retry_after_is_capped_at_a_week() -> None:
    assert parse_retry_after("999999999999") == 7 * 86400


@given(HEADER_TEXT)
def test_no_header_text_breaks_the_parsers(text: str) -> None:
    parse_retry_after(text)
    parse_policies(text)
    exhausted_for(text)


@given(st.dictionaries(NAMES, st.dictionaries(st.sampled_from("rtqw"), st.integers(0, 10**9)), max_size=4))
def test_policies_are_read_as_written(policies: dict[str, dict[str, int]]) -> None:
    written = ", ".join(
        f'"{name}"' + "".join(f";{key}={value}" for key, value in values.items())
        for name, values in policies.items()
    )
    assert parse_policies(written) == policies


def test_the_headers_of_real_answers() -> None:
    hourly = '"project";r=0;t=3600, "project-concurrency";r=3'
    concurrency = '"project";r=12, "project-concurrency";r=0;t=10'
    policy = '"project";q=60;w=3600, "project-concurrency";q=5;qu="concurrent-requests"'
    assert exhausted_for(hourly) == 3600
    assert exhausted_for(concurrency) == 10
    assert parse_policies(policy) == {"project": {"q": 60, "w": 3600}, "project-concurrency": {"q": 5}}
    assert requested_wait({"ratelimit": concurrency}) == 10
    assert requested_wait({"ratelimit": hourly, "retry-after": "7"}) == 7
    assert requested_wait({}) is None


@given(st.integers(1, 2000))
def test_backoff_stays_below_its_ceiling(attempt: int) -> None:
    assert 0 <= backoff(attempt, 0.5) <= min(MAX_BACKOFF, 0.5 * 2 ** min(attempt - 1, 40))


def test_a_pause_ends_at_once_when_cancelled() -> None:
    started = time.monotonic()
    with pytest.raises(CancelledError):
        pause(60, lambda: time.monotonic() - started > 0.15)
    assert time.monotonic() - started < 1


def test_a_wait_says_when_it_ends() -> None:
    wait = Wait.lasting(90, "because")
    assert wait.until.utcoffset() is not None
    assert abs((wait.until - datetime.now(UTC)).total_seconds() - 90) < 5
    assert len(clock_time_in(10 * 86400)) == len("2026-01-01 00:00:00")


def test_a_date_is_judged_by_the_servers_own_clock() -> None:
    """Ours may be years off; then a minute must not become a week."""
    for year in (1999, 2024, 2036):
        headers = {
            "date": f"Mon, 01 Jan {year} 00:00:00 GMT",
            "retry-after": f"Mon, 01 Jan {year} 00:01:00 GMT",
        }
        assert requested_wait(headers) == 60.0
