"""Reports as magics: cards, and errors with the place of the mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from notebook.conftest import Shell

pytestmark = pytest.mark.usefixtures("database")

ASKED = "--from 2025-01-01 --to 2025-01-14 --table events"


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        (f"%mp_insights Purchase 'unique(Purchase)' --formula 'A / B' --on plan {ASKED}", "InsightsResult"),
        (f"%mp_active {ASKED}", "InsightsResult"),
        (f'%mp_segmentation "Sign Up" --on plan {ASKED}', "SegmentationResult"),
        (f"%mp_segmentation_numeric Purchase --on revenue {ASKED}", "NumericBucketResult"),
        (f"%mp_segmentation_sum Purchase --on revenue {ASKED}", "NumericSumResult"),
        (f"%mp_segmentation_average Purchase --on revenue {ASKED}", "NumericAverageResult"),
        (f'%mp_event_counts Purchase "Sign Up" {ASKED}', "EventCountsResult"),
        (f"%mp_property_counts Purchase plan {ASKED}", "PropertyCountsResult"),
        ("%mp_top_events --table events", "TopEventsResult"),
        (f'%mp_funnel --step "View Product" --step Purchase {ASKED}', "FunnelResult"),
        (f'%mp_retention --born "Sign Up" {ASKED}', "RetentionResult"),
        (f"%mp_frequency {ASKED}", "FrequencyResult"),
        (f'%mp_flow --start "Sign Up" --end Purchase {ASKED}', "FlowResult"),
        (f"%mp_sessions --unit week {ASKED}", "SessionsResult"),
        (
            f'%mp_funnel --step "View Product" --step Purchase --diff plan=pro "plan = free" {ASKED}',
            "ComparisonResult",
        ),
        ("%mp_why Purchase 2025-01-14 --table events", "WhyResult"),
        ("%mp_anomalies --days 3 --table events", "AnomaliesResult"),
        (f"%mp_signal Purchase --window 3 {ASKED}", "SignalResult"),
        (
            f"%mp_experiment 'unique(Purchase)' --exposure 'App Open' --variant $os {ASKED}",
            "ExperimentResult",
        ),
        ('%mp_expression \'properties["plan"] == "pro"\'', "ExpressionResult"),
    ],
)
def test_a_report_gives_its_result_and_a_card(shell: Shell, line: str, kind: str) -> None:
    shown = shell.run(line)
    assert type(shown.value).__name__ == kind
    assert shown.value._repr_html_().startswith("<div")


def test_a_reconciliation_says_what_it_costs_and_what_to_type(shell: Shell) -> None:
    shown = shell.run("%mp_reconcile segmentation Purchase --from 2025-01-10 --to 2025-01-16 --table events")
    assert type(shown.value).__name__ == "ReconcileResult"
    assert "This asks Mixpanel one query of the quota" in shown.out
    assert "Type: %mp_fetch events events --from 2025-01-15 --to 2025-01-16" in shown.value._repr_html_()
    again = dict(shown.value.codes())["Magic"]
    assert again.startswith("%mp_reconcile segmentation Purchase")
    assert shell.value(again).records() == shown.value.records()


@pytest.mark.parametrize(
    "line",
    [
        "%mp_insights Purchase --on plan",
        "%mp_active",
        "%mp_segmentation Purchase --on plan --limit 2",
        "%mp_segmentation_numeric Purchase --on revenue",
        "%mp_segmentation_sum Purchase --on revenue",
        "%mp_segmentation_average Purchase --on revenue",
        '%mp_event_counts Purchase "Sign Up"',
        "%mp_property_counts Purchase plan --limit 2",
        '%mp_funnel --step "View Product" --step Purchase',
        '%mp_retention --born "Sign Up" --intervals 3',
        "%mp_frequency",
        '%mp_flow --start "Sign Up"',
        "%mp_sessions",
    ],
)
def test_a_report_is_compared_with_the_period_before(shell: Shell, line: str) -> None:
    asked = "--from 2025-01-08 --to 2025-01-14 --table events"
    shown = shell.run(f"{line} {asked} --compare previous")
    comparison = shown.value
    assert type(comparison).__name__ == "ComparisonResult"
    assert comparison._repr_html_().startswith("<div")
    alone, before = (
        shell.value(f"{line} --from 2025-01-0{first} --to 2025-01-{last} --table events")
        for first, last in ((8, 14), (1, "07"))
    )
    if "numeric" in line:  # both have the wider of the two ranges
        assert sum(comparison.after.df["count"]) == sum(alone.df["count"])
        return
    assert comparison.after.records() == alone.records()
    assert (comparison.before.from_date, comparison.before.to_date) == (before.from_date, before.to_date)
    if "--limit" not in line and "--on" not in line:
        assert comparison.before.records() == before.records()
        assert comparison.records() == alone.compare(before).records()
    again = dict(comparison.codes())["Magic"]
    assert shell.value(again).records() == comparison.records()


def test_two_answers_are_compared_with_the_code_of_both(shell: Shell) -> None:
    asked = f"%mp_segmentation Purchase --unit week {ASKED}"
    code = "\n".join(
        f'{name} = {asked} --where \'properties["plan"] == "{plan}"\''
        for name, plan in (("after", "pro"), ("before", "free"))
    )
    comparison = shell.value(f"{code}\nafter.compare(before)")
    assert shell.value(dict(comparison.codes())["Magic"]).records() == comparison.records()
    live = shell.value(f"%mp_segmentation Purchase --unit week {ASKED.replace('--table events', '--live')}")
    local = shell.value(asked)
    assert {row["difference"] for row in live.compare(local).records()} == {0}


def test_mixpanel_answers_both_sides_of_a_comparison(shell: Shell) -> None:
    week = "--from 2025-01-08 --to 2025-01-14 --compare previous"
    live = shell.value(f"%mp_segmentation Purchase {week} --live")
    assert live.records() == shell.value(f"%mp_segmentation Purchase {week} --table events").records()
    assert live.after.request["params"]["from_date"] == "2025-01-08"
    assert live.before.request["params"]["from_date"] == "2025-01-01"


def test_mixpanel_answers_a_live_report(shell: Shell) -> None:
    live = shell.value("%mp_segmentation Purchase --on plan --from 2025-01-01 --to 2025-01-14 --live")
    local = shell.value(f"%mp_segmentation Purchase --on plan {ASKED}")
    assert live.records() == local.records()
    assert live.request["path"] == "/api/query/segmentation"
    assert "GET /api/query/segmentation?" in live.to_html()
    assert "sandbox" not in json.dumps(live.request)
    assert type(shell.value("%mp_funnels")).__name__ == "FunnelList"
    assert shell.value("%mp_funnel 1001 --from 2025-01-01 --to 2025-01-14").conversion > 0


def test_a_filter_is_typed_in_single_quotes(shell: Shell) -> None:
    free = f'%mp_segmentation Purchase --where \'properties["plan"] == "free"\' {ASKED}'
    everyone = shell.value(f"%mp_segmentation Purchase {ASKED}")
    assert 0 < shell.value(free).df["count"].sum() < everyone.df["count"].sum()


def test_values_of_the_notebook_are_filled_in(shell: Shell) -> None:
    shell.names["event"], shell.names["plan"] = "Sign Up", "pro"
    result = shell.value(f'%mp_segmentation "{{event}}" --where \'properties["plan"] == "{{plan}}"\' {ASKED}')
    assert (result.event, result.where) == ("Sign Up", 'properties["plan"] == "pro"')


def test_the_sql_of_a_result_runs_in_a_cell(shell: Shell) -> None:
    shell.run(f"x = %mp_segmentation Purchase {ASKED}")
    assert len(shell.value(f"%%mp_sql\n{shell.names['x'].sql}")) == 14


def test_a_mistake_in_an_expression_is_pointed_at(shell: Shell) -> None:
    lines = shell.failure(f"%mp_segmentation Purchase --where 'properties[\"plan\"] = 1' {ASKED}")
    assert "ExpressionError: Unexpected '=' at character 20" in lines[0]
    assert lines[1] == 'properties["plan"] = 1'
    assert lines[2] == " " * 19 + "^"
    assert lines[3] == "Compare with == (two signs)."


def test_connect_takes_a_time_zone(shell: Shell) -> None:
    shell.run("%mp_connect sandbox --timezone Asia/Tokyo")
    result = shell.value(f'%mp_segmentation "Page View" {ASKED}')
    assert "2024-12-31 (UTC)" in result.notes[0]


def test_json_on_a_line_is_left_as_it_is(shell: Shell) -> None:
    behaviors = '[{"name": "bought", "window": "90d", "event_selectors": [{"event": "Purchase"}]}]'
    where = 'behaviors["bought"] > 0'
    fetched = shell.value(
        f"%mp_fetch profiles buyers --behaviors '{behaviors}' --where '{where}' --as-of 1743465600"
    )
    assert fetched.rows > 0
