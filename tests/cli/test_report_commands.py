"""Reports in a terminal: the same rows as ``.df``, and errors that say what to do."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from cli.conftest import Command
    from mixpanel_nb.sandbox.server import SandboxServer

pytestmark = pytest.mark.usefixtures("database")

DAYS = ("--from", "2025-01-01", "--to", "2025-01-14")
ASKED = (*DAYS, "--table", "events")
SERIES = {"date", "count"}
COMMANDS: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "segmentation": (("segmentation", "Purchase", *ASKED), ["date", "segment", "count", "complete"]),
    "breakdown": (
        ("segmentation", "Purchase", "--on", "plan", "--unit", "week", "--type", "unique", *ASKED),
        ["date", "segment", "count", "complete"],
    ),
    "numeric": (
        ("segmentation-numeric", "Purchase", "--on", "revenue", *ASKED),
        ["date", "bucket", "count", "complete"],
    ),
    "sum": (("segmentation-sum", "Purchase", "--on", "revenue", *ASKED), ["date", "sum", "complete"]),
    "average": (
        ("segmentation-average", "Purchase", "--on", "revenue", *ASKED),
        ["date", "average", "complete"],
    ),
    "events": (("event-counts", "Purchase", "Sign Up", *ASKED), ["date", "event", "count", "complete"]),
    "values": (
        ("property-counts", "Purchase", "plan", "--value", "pro", *ASKED),
        ["date", "value", "count", "complete"],
    ),
    "top": (("top-events", "--table", "events"), ["event", "count", "percent_change"]),
    "funnel": (
        ("funnel", "--step", "View Product", "--step", "Purchase", *ASKED),
        [
            *("step", "event", "count", "step_conv_ratio", "overall_conv_ratio"),
            *("avg_time", "avg_time_from_start", "median_time", "median_time_from_start"),
            *("p90_time", "p90_time_from_start", "low", "high"),
        ],
    ),
    "retention": (
        ("retention", "--born", "Sign Up", "--intervals", "2", *ASKED),
        ["cohort_date", "cohort_size", "period_0", "period_1", "period_2"],
    ),
    "frequency": (
        ("frequency", "--unit", "week", "--addiction-unit", "day", *ASKED),
        ["date", *(f"period_{number}" for number in range(1, 8)), "complete"],
    ),
    "flow": (
        ("flow", "--start", "Sign Up", "--end", "Purchase", *ASKED),
        ["step", "source", "target", "count", "target_step"],
    ),
    "sessions": (
        ("sessions", "--on", "plan", *ASKED),
        [
            *("date", "segment", "sessions", "users"),
            *("avg_duration", "median_duration", "p90_duration", "events_per_session"),
            "complete",
        ],
    ),
    "experiment": (
        ("experiment", "unique(Purchase)", "--exposure", "App Open", "--variant", "$os", *ASKED),
        [
            *("metric", "variant", "users", "value", "control", "difference", "low", "high", "lift"),
            *("lift_low", "lift_high", "p_value", "adjusted_p", "significant", "detectable", "test"),
        ],
    ),
    "anomalies": (
        ("anomalies", "--days", "3", "--table", "events"),
        ["date", "kind", "property", "value", "actual", "expected", "change", "chance", "also", "why"],
    ),
    "signal": (
        ("signal", "Purchase", "--window", "3", *ASKED),
        [
            *("event", "times", "days", "phi", "precision", "false_omission_rate", "recall", "fall_out"),
            *("users", "true_positives", "false_positives", "false_negatives", "true_negatives", "chance"),
        ],
    ),
    "compared": (
        ("segmentation", "Purchase", "--compare", "previous", "--from", "2025-01-08", "--to", "2025-01-14"),
        ["date", "before_date", "segment", "before", "after", "difference", "change", "complete"],
    ),
    "funnel compared": (
        (
            *("funnel", "--step", "View Product", "--step", "Purchase", "--from", "2025-01-08"),
            *("--to", "2025-01-14", "--compare", "2025-01-01..2025-01-07"),
        ),
        ["step", "event", "measure", "before", "after", "difference", "change", "complete"],
    ),
    "reconcile": (
        ("reconcile", "segmentation", "Purchase", "--on", "plan", *ASKED),
        ["date", "segment", "mixpanel", "table", "difference", "cause"],
    ),
    "expression": (("expression", 'properties["plan"] == "pro"'), ["expression", "table", "sql"]),
}


MAY_HAVE_NO_ROWS = {"anomalies"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_report_has_the_columns_of_its_dataframe(mp: Command, name: str) -> None:
    words, columns = COMMANDS[name]
    done = mp(*words)
    assert done.code == 0, done.err
    rows = json.loads(done.out)
    assert rows or name in MAY_HAVE_NO_ROWS
    assert all(list(row) == columns for row in rows)
    table = list(csv.reader(io.StringIO(mp(*words, "--format", "csv").out)))
    assert table[0] == columns
    assert len(table) == len(rows) + 1
    assert mp(*words, "--format", "table").out


def test_the_rows_are_those_of_the_workspace(mp: Command, database: Path) -> None:
    rows = json.loads(mp("segmentation", "Purchase", "--on", "plan", *ASKED).out)
    with Workspace.open(database) as ws:
        result = ws.segmentation(
            "Purchase", on="plan", from_date="2025-01-01", to_date="2025-01-14", table="events"
        )
    assert rows == result.records()


def test_a_comparison_says_which_days_it_takes(mp: Command) -> None:
    week = ("--from", "2025-01-08", "--to", "2025-01-14")
    spoken = json.loads(mp("segmentation", "Purchase", *week, "--compare", "2025-01-01..2025-01-07").out)
    assert spoken == json.loads(mp("segmentation", "Purchase", *week, "--compare", "previous").out)
    by_week = json.loads(mp("segmentation", "Purchase", *week, "--compare", "2025-W01").out)
    assert [row["before_date"] for row in by_week][:2] == ["2024-12-30", "2024-12-31"]
    wrong = mp("segmentation", "Purchase", *week, "--compare", "last")
    assert wrong.code == 3
    assert wrong.err.splitlines() == [
        "Error: --compare is 'last'.",
        "It can be previous, year, or two days: 2024-01-01..2024-01-31.",
    ]


def test_a_reconciliation_says_what_it_costs_before_it_asks(mp: Command, connected: SandboxServer) -> None:
    asked = ("reconcile", "segmentation", "Purchase", "--from", "2025-01-10", "--to", "2025-01-16")
    done = mp(*asked, "--format", "table")
    assert done.err.splitlines()[0].startswith("This asks Mixpanel one query of the quota")
    assert "Purchase: 5 of 7 days agree" in done.out
    assert "Type: mp fetch events events --from 2025-01-15 --to 2025-01-16 --append" in done.out
    assert len([line for line in connected.requests if "/segmentation" in line]) == 1
    for wrong, told in (
        (("reconcile", "flow"), "'flow' cannot be reconciled"),
        (("reconcile", "segmentation"), "Missing argument 'EVENT'"),
        (("reconcile", "segmentation", "Purchase", "--compare", "year"), "No such option: --compare"),
        (("reconcile", "segmentation", "Purchase", "--table", "shop"), "There is no table 'shop'."),
        (("reconcile", "funnel"), "No funnel is named"),
    ):
        failed = mp(*wrong)
        assert failed.code in {3, 4}
        assert failed.err.startswith(f"Error: {told}")
    assert len([line for line in connected.requests if "/segmentation" in line]) == 1


@pytest.mark.parametrize(
    ("words", "report", "asked"),
    [
        (("insights", "--any"), "insights", {"metrics": None}),
        (("active", "--any"), "active", {}),
        (("segmentation", "--any"), "segmentation", {"event": None}),
        (("event-counts", "--any"), "event_counts", {"events": None}),
        (("frequency", "--any", "--unit", "week"), "frequency", {"event": None, "unit": "week"}),
        (("sessions", "--any"), "sessions", {"event": None}),
        (("retention", "--any"), "retention", {"born_event": None, "return_event": None}),
        (("retention", "--born", "Sign Up", "--any"), "retention", {"born_event": "Sign Up"}),
        (("retention", "--any", "--return", "Purchase"), "retention", {"return_event": "Purchase"}),
    ],
)
def test_any_event_is_an_option_of_every_report_that_can_ask_it(
    mp: Command, database: Path, words: tuple[str, ...], report: str, asked: dict[str, Any]
) -> None:
    with Workspace.open(database) as ws:
        result = getattr(ws, report)(**asked)
    assert json.loads(mp(*words).out) == result.records()


def test_any_event_and_a_named_one_contradict_each_other(mp: Command) -> None:
    for words, told in (
        (("segmentation", "Purchase", "--any"), "EVENT and --any do not go together."),
        (("insights", "Purchase", "--any"), "METRIC and --any do not go together."),
        (("frequency", "--event", "Purchase", "--any"), "--event and --any do not go together."),
        (
            ("retention", "--born", "Sign Up", "--return", "Purchase", "--any"),
            "--born, --return and --any do not go together.",
        ),
        (("segmentation",), "EVENT is missing: name one, or --any."),
        (("insights",), "METRIC is missing: name one, or --any."),
    ):
        failed = mp(*words)
        assert (failed.code, failed.err.splitlines()[0]) == (3, f"Error: {told}")


def test_a_limit_may_be_larger_than_mixpanels_on_a_table(mp: Command, tmp_path: Path) -> None:
    rows = [{"event": "A", "time": "2025-01-01", "user": n, "number": n % 12_000} for n in range(13_000)]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    db = ("--db", str(tmp_path / "own.db"))
    assert mp(*db, "load", str(tmp_path / "rows.jsonl")).code == 0
    found = json.loads(mp(*db, "segmentation", "A", "--on", "number", "--limit", "20000").out)
    assert {row["segment"]: row["count"] for row in found} == {
        str(n): 2 if n < 1_000 else 1 for n in range(12_000)
    }
    live = mp("segmentation", "Purchase", "--on", "plan", "--limit", "10001", "--last", "2d", "--live")
    assert live.err.splitlines()[0] == "Error: Mixpanel's API gives 10,000 segments at most."
    beyond = mp("segmentation", "Purchase", "--on", "plan", "--limit", "10000001")
    assert beyond.err.splitlines()[1] == "Give a whole number from 1 to 10,000,000."


def test_rows_for_a_program_leave_the_notes_to_standard_error(mp: Command) -> None:
    """A misspelt event answers zeros; a pipe that sees nothing else would take them for the truth."""
    done = mp("segmentation", "Purchse", *ASKED)
    assert {row["count"] for row in json.loads(done.out)} == {0}
    assert done.err.startswith("Note: ")
    assert "Purchase" in done.err
    assert mp("--quiet", "segmentation", "Purchse", *ASKED).err == ""
    assert mp("segmentation", "Purchase", *ASKED).err == ""


def test_a_program_is_told_which_counts_can_still_grow(mp: Command) -> None:
    """A table marks them; in the rows a cohort of yesterday looks as if everybody had left."""
    done = mp("retention", "--born", "Sign Up", "--unit", "week", "--intervals", "2", *ASKED)
    assert [row["cohort_date"] for row in json.loads(done.out)] == ["2024-12-30", "2025-01-06", "2025-01-13"]
    told = "2025-01-13 from period_0, 2025-01-06 from period_0, 2024-12-30 from period_1"
    assert done.err == f"Note: Counts of periods that are not over can still grow: {told}.\n"
    weekly = mp("segmentation", "Purchase", "--unit", "week", *ASKED).err
    assert weekly == "Note: The first and the last week lie only partly within these days.\n"


def test_an_activity_feed_lists_somebodys_events(mp: Command) -> None:
    query = "SELECT distinct_id AS who, count(*) AS n FROM events GROUP BY who ORDER BY n DESC LIMIT 1"
    busiest = json.loads(mp("sql", query).out)[0]
    rows = json.loads(mp("activity-feed", busiest["who"], *ASKED).out)
    assert len(rows) == busiest["n"]
    assert list(rows[0])[:3] == ["event", "time", "distinct_id"]


def test_a_step_may_have_a_filter_of_its_own(mp: Command) -> None:
    step = 'Purchase where properties["revenue"] > 100'
    rows = json.loads(mp("funnel", "--step", "View Product", "--step", step, *ASKED).out)
    everyone = json.loads(mp("funnel", "--step", "View Product", "--step", "Purchase", *ASKED).out)
    assert [row["event"] for row in rows] == ["View Product", "Purchase"]
    assert 0 < rows[1]["count"] < everyone[1]["count"]


def test_days_are_those_of_the_time_zone(mp: Command) -> None:
    in_tokyo = json.loads(mp("--timezone", "Asia/Tokyo", "segmentation", "Page View", *ASKED).out)
    counted = json.loads(
        mp(
            "sql",
            "SELECT count(*) AS n FROM events WHERE event_name = 'Page View' "
            "AND event_time >= '2025-01-01 15:00' AND event_time < '2025-01-02 15:00'",
        ).out
    )
    assert in_tokyo[1] == {
        "date": "2025-01-02",
        "segment": "total",
        "count": counted[0]["n"],
        "complete": True,
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("segmentation", "Purchase", *DAYS, "--table", "evnts"), 4, "There is no table 'evnts'."),
        (("segmentation", "Purchase", *ASKED, "--unit", "wek"), 3, "Did you mean 'week'?"),
        (("segmentation", "Purchase", *ASKED, "--where", 'properties["plan"] = 1'), 3, "Compare with =="),
        (("segmentation", "Purchase", "--from", "2025-02-01", "--to", "2025-01-01"), 3, "is after --to"),
        (("funnel", "--step", "Purchase", *ASKED), 3, "at least two steps"),
        (("--timezone", "Mars", "segmentation", "Purchase", *ASKED), 3, "There is no time zone 'Mars'."),
        (("expression", "plan"), 3, 'properties["plan"]'),
    ],
)
def test_a_mistake_has_its_exit_code_and_says_what_to_do(
    mp: Command, words: tuple[str, ...], code: int, said: str
) -> None:
    done = mp(*words)
    assert (done.code, done.out) == (code, "")
    assert said in done.err
    assert "Traceback" not in done.err


def test_the_place_of_a_mistake_in_an_expression_is_pointed_at(mp: Command) -> None:
    done = mp("segmentation", "Purchase", *ASKED, "--where", 'properties["plan"] = 1')
    assert '\nproperties["plan"] = 1\n                   ^\n' in done.err
