"""Reports and discovery asked of Mixpanel itself, in a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from mixpanel_nb.sandbox.faults import FaultRule

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command
    from mixpanel_nb.sandbox.faults import Faults

pytestmark = pytest.mark.usefixtures("database")

DAYS = ("--from", "2025-01-01", "--to", "2025-01-14")
LIVE = (*DAYS, "--live")


@pytest.mark.parametrize(
    "words",
    [
        ("segmentation", "Purchase", "--on", "plan", *DAYS),
        ("segmentation-numeric", "Purchase", "--on", "revenue", *DAYS),
        ("segmentation-sum", "Purchase", "--on", "revenue", *DAYS),
        ("segmentation-average", "Purchase", "--on", "revenue", *DAYS),
        ("event-counts", "Purchase", "Sign Up", *DAYS),
        ("property-counts", "Purchase", "plan", *DAYS),
        ("retention", "--born", "Sign Up", "--intervals", "2", "--unit", "week", *DAYS),
        ("frequency", *DAYS),
    ],
    ids=lambda words: words[0],
)
def test_the_same_command_asks_mixpanel_or_a_table(mp: Command, words: tuple[str, ...]) -> None:
    """With the same columns; the table of this test ends after these two weeks, and Mixpanel's does not."""
    live, local = mp(*words, "--live"), mp(*words)
    assert (live.code, local.code) == (0, 0), live.err + local.err
    assert [list(row) for row in json.loads(live.out)] == [list(row) for row in json.loads(local.out)]


def test_saved_things_are_listed_and_run_by_their_id(mp: Command) -> None:
    funnels = {row["name"]: row["funnel_id"] for row in json.loads(mp("funnels").out)}
    steps = json.loads(mp("funnel", str(funnels["Purchase funnel"]), *DAYS).out)
    assert [row["event"] for row in steps] == ["View Product", "Add to Cart", "Start Checkout", "Purchase"]
    report = next(row for row in json.loads(mp("bookmarks", "--type", "insights").out))
    assert json.loads(mp("saved-report", str(report["id"])).out)
    cohorts = {row["name"]: row for row in json.loads(mp("cohorts").out)}
    members = cohorts["Pro members"]
    fetched = json.loads(mp("fetch", "profiles", "pros", "--cohort", str(members["id"])).out)
    assert fetched == [{"table": "pros", "count": members["count"]}]
    assert {"entity_type", "name", "description"} <= set(json.loads(mp("lexicon", "--type", "event").out)[0])


def test_some_users_are_fetched_by_their_ids(mp: Command) -> None:
    ids = [
        row["distinct_id"] for row in json.loads(mp("sql", "SELECT distinct_id FROM profiles LIMIT 2").out)
    ]
    words = [word for who in ids for word in ("--distinct-id", who)]
    assert json.loads(mp("fetch", "profiles", "two", *words).out) == [{"table": "two", "count": 2}]


def test_users_are_fetched_by_what_they_did(mp: Command) -> None:
    behaviors = [{"name": "bought", "window": "90d", "event_selectors": [{"event": "Purchase"}]}]
    words = ("--behaviors", json.dumps(behaviors), "--where", 'behaviors["bought"] > 0')
    done = mp("fetch", "profiles", "buyers", *words, "--as-of", "1743465600")
    assert done.code == 0, done.err
    everybody = json.loads(mp("sql", "SELECT count(*) AS n FROM profiles").out)[0]["n"]
    assert 0 < json.loads(done.out)[0]["count"] < everybody


def test_a_jql_script_runs_from_a_file_and_is_advised_against(mp: Command, tmp_path: Path) -> None:
    script = tmp_path / "report.js"
    script.write_text('function main() { return [{"plan": "pro", "count": 3}]; }')
    done = mp("jql", str(script))
    assert json.loads(done.out) == [{"plan": "pro", "count": 3}]
    assert "maintenance mode" in mp("jql", str(script), "--format", "table").out
    assert json.loads(mp("jql", "-", stdin=script.read_text()).out) == json.loads(done.out)


def test_a_failing_jql_script_shows_line_and_place(mp: Command, tmp_path: Path) -> None:
    script = tmp_path / "report.js"
    script.write_text("function main() {\n  return Events();\n}")
    done = mp("jql", str(script))
    assert done.code == 3
    assert "The JQL script failed" in done.err
    assert "^" in done.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("funnel", *LIVE), 3, "mp funnels"),
        (("funnel", "99", *DAYS), 4, "See those that are saved: mp funnels"),
        (("funnel", "x", *DAYS), 3, "'x' is no ID"),
        (("saved-report", "99"), 4, "See those that are saved: mp bookmarks"),
        (("jql", "nowhere.js"), 3, "nowhere.js cannot be read"),
        (("fetch", "profiles", "p", "--behaviors", "{"), 3, "JSON array"),
        (("fetch", "profiles", "p", "--only-with-profile"), 3, "--cohort"),
        (("bookmarks", "--type", "insight"), 3, "Did you mean 'insights'?"),
    ],
)
def test_a_mistake_has_its_exit_code_and_says_what_to_do(
    mp: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    done = mp(*words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (401, 2, "does not accept these credentials"),
        (402, 2, "plan does not include"),
        (403, 2, "denies access"),
        (404, 4, "knows no such thing"),
        (400, 3, "refused the query"),
    ],
)
def test_what_mixpanel_refuses_has_its_exit_code(
    mp: Command, faults: Faults, status: int, code: int, said: str
) -> None:
    faults.add(FaultRule("status", path_contains="segmentation", times=None, status=status))
    done = mp("segmentation", "Purchase", *LIVE)
    assert done.code == code
    assert said in done.err


@pytest.mark.parametrize(
    ("rule", "code", "said"),
    [
        (FaultRule("rate_limited", path_contains="segmentation", retry_after=3600), 5, "Try again at"),
        (FaultRule("html", path_contains="segmentation", times=None), 1, "The answer is not JSON"),
    ],
)  # fmt: skip
def test_what_is_no_answer_has_its_exit_code(
    mp: Command, faults: Faults, rule: FaultRule, code: int, said: str
) -> None:
    faults.add(rule)
    done = mp("segmentation", "Purchase", *LIVE)
    assert done.code == code
    assert said in done.err


def test_a_failure_that_passes_is_asked_again(mp: Command, faults: Faults) -> None:
    faults.add(FaultRule("status", path_contains="segmentation", times=2, status=502))
    assert mp("segmentation", "Purchase", *DAYS).code == 0
