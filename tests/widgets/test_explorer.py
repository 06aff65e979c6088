"""The explorer: choosing asks the question that the fields say, of whom they say."""

from __future__ import annotations

import pickle
import re
from datetime import date
from typing import TYPE_CHECKING, Any

import ipywidgets
import pandas as pd
import pytest

from mixpanel_nb import did
from mixpanel_nb.display.widgets import Explorer
from mixpanel_nb.errors import ParameterError, QueryError
from widgets.support import all_in, buttons, choose, labelled, look_at, press, tab, text_of, type_in

if TYPE_CHECKING:
    from mixpanel_nb import Workspace
    from mixpanel_nb.results import SegmentationResult

DAYS: Any = {"from_date": "2025-01-01", "to_date": "2025-01-14"}
HTML = "text/html"
VIEW = "application/vnd.jupyter.widget-view+json"


def purchases(ws: Workspace, **given: Any) -> SegmentationResult:
    result: SegmentationResult = ws.segmentation("Purchase", **{**DAYS, "table": "events", **given})
    return result


@pytest.fixture
def explorer(ws: Workspace) -> Explorer:
    made = purchases(ws).explore()
    assert isinstance(made, Explorer)
    return made


def test_every_field_changes_the_answer(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "By", "plan")
    choose(explorer, "Per", "week")
    choose(explorer, "Count", "users")
    type_in(explorer, "Where", 'properties["$os"] == "iOS"')
    type_in(explorer, "From", date(2025, 1, 6))
    assert explorer.answer == purchases(
        ws, on="plan", unit="week", type="unique", where='properties["$os"] == "iOS"', from_date="2025-01-06"
    )
    choose(explorer, "Event", "Sign Up")
    choose(explorer, "By", "(total)")
    assert explorer.answer.event == "Sign Up"
    assert explorer.answer.on is None


def test_an_answer_is_compared_with_the_period_before_or_the_year_before(ws: Workspace) -> None:
    explorer = purchases(ws, from_date="2025-01-08").explore()
    assert isinstance(explorer, Explorer)
    choose(explorer, "Compare with", "period before")
    assert explorer.answer.before == purchases(ws, from_date="2025-01-01", to_date="2025-01-07")
    choose(explorer, "Compare with", "(nothing)")
    assert explorer.answer == purchases(ws, from_date="2025-01-08")


def test_an_answer_is_asked_of_two_groups(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "Group 1", "type…")
    type_in(explorer, "Group 1", "plan=pro")
    assert "Name a second group." in text_of(explorer)
    press(explorer, "Add another group")
    choose(explorer, "Group 2", "type…")
    type_in(explorer, "Group 2", "plan=free")
    assert explorer.answer == purchases(ws, diff=("plan=pro", "plan=free"))


def test_the_names_offered_are_those_of_the_table(ws: Workspace, explorer: Explorer) -> None:
    events = ws.sql("SELECT DISTINCT event_name FROM events ORDER BY 1")["event_name"].tolist()
    assert list(labelled(explorer)["Event"].options) == ["(any event)", *events, "type…"]
    assert {"plan", "revenue", "$os"} <= set(labelled(explorer)["By"].options)


def test_something_that_is_not_offered_can_be_typed(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "By", "type…")
    type_in(explorer, "By", 'properties["revenue"] > 50')
    assert explorer.answer == purchases(ws, on='properties["revenue"] > 50')


@pytest.mark.parametrize("report", ["Several events", "Retention", "Frequency"])
def test_another_report_asks_about_the_same_event(explorer: Explorer, report: str) -> None:
    choose(explorer, "Report", report)
    name = {"Several events": "event_counts"}.get(report, report.lower())
    assert explorer.answer.question.query.name == name
    assert "Purchase" in explorer.answer.to_text() or report == "Frequency"


def test_another_report_keeps_breakdown_and_unit_where_it_has_them(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "By", "plan")
    choose(explorer, "Per", "month")
    choose(explorer, "Report", "Retention")
    assert explorer.answer == ws.retention(
        born_event="Purchase", on="plan", unit="month", table="events", **DAYS
    )
    choose(explorer, "Report", "Sum of a number")  # its "on" is a number; it has no breakdown
    choose(explorer, "Number", "revenue")
    assert explorer.answer.unit == "month"
    choose(explorer, "Report", "Segmentation")
    assert explorer.answer == purchases(ws, on="plan", unit="month")
    choose(explorer, "By", "(total)")
    choose(explorer, "Per", "day")
    choose(explorer, "Report", "Frequency")
    assert explorer.answer == ws.frequency(event="Purchase", unit="day", table="events", **DAYS)
    choose(explorer, "Report", "Retention")
    assert (explorer.answer.on, explorer.answer.unit) == (None, "day")


def test_days_are_kept_through_a_report_that_has_no_first_day(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "Report", "Anomalies")
    assert explorer.answer == ws.anomalies(date="2025-01-14", table="events")
    type_in(explorer, "Days", 2)
    assert explorer.answer == ws.anomalies(date="2025-01-14", days=2, table="events")
    choose(explorer, "Report", "Signal")
    type_in(explorer, "Goal within days", 3)
    assert explorer.answer == ws.signal("Purchase", window=3, table="events", **DAYS)
    assert "Error" not in text_of(explorer)
    choose(explorer, "At least times", "2")
    assert explorer.answer == ws.signal("Purchase", window=3, at_least=2, table="events", **DAYS)
    choose(explorer, "At least times", "(the best)")
    choose(explorer, "Start", "Sign Up")
    assert explorer.answer == ws.signal("Purchase", start="Sign Up", window=3, table="events", **DAYS)
    choose(explorer, "Report", "Segmentation")
    assert explorer.answer == purchases(ws)


def test_anomalies_have_a_form_of_their_own(ws: Workspace) -> None:
    made = ws.anomalies(date="2025-01-14", days=3, table="events").explore()
    assert isinstance(made, Explorer)
    type_in(made, "Last day", date(2025, 1, 13))
    assert made.answer == ws.anomalies(date="2025-01-13", days=3, table="events")
    choose(made, "Report", "Active users")
    assert (str(made.answer.from_date), str(made.answer.to_date)) == ("2025-01-12", "2025-01-14")


def test_why_has_a_form_for_a_day_and_for_ranges(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "Report", "Why")
    assert explorer.answer == ws.why("Purchase", "2025-01-14", table="events")
    type_in(explorer, "Days", "2025-01-13..2025-01-14")
    type_in(explorer, "Compare with", "2025-01-06..2025-01-12")
    wanted = ws.why("Purchase", "2025-01-13..2025-01-14", baseline="2025-01-06..2025-01-12", table="events")
    assert explorer.answer == wanted
    type_in(explorer, "Compare with", "2025-01-14..2025-01-15")
    assert "has days in common" in text_of(explorer)
    type_in(explorer, "Days", "yesterday")
    assert "neither a day nor a range of days" in text_of(explorer)
    choose(explorer, "Report", "Segmentation")
    assert explorer.answer == purchases(ws)


def test_an_explorer_opens_with_any_report(ws: Workspace) -> None:
    opened = ws.explore("Purchase", report="why", **DAYS)
    assert opened.answer == ws.why("Purchase", "2025-01-14", table="events")
    assert isinstance(ws.why("Purchase", "2025-01-14", table="events").explore(), Explorer)
    with pytest.raises(ParameterError, match="There is no form of 'wy'"):
        ws.explore("Purchase", report="wy")


def test_a_mistyped_property_is_said_in_every_tab(explorer: Explorer) -> None:
    choose(explorer, "By", "type…")
    type_in(explorer, "By", "plann")
    for name in ("Chart", "Table", "Query"):
        look_at(explorer, name)
        assert "None of these events has a property 'plann'. Did you mean" in tab(explorer)[1], name


def test_several_events_can_become_any_event(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "Report", "Several events")
    choose(explorer, "Event 1", "(any event)")
    assert explorer.answer == ws.event_counts(None, table="events", **DAYS)


def test_a_funnel_grows_step_by_step(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "Report", "Funnel")
    assert "Choose at least two steps." in text_of(explorer)
    press(explorer, "Add another step")
    choose(explorer, "Step 2", "Write Review")
    choose(explorer, "Step 1", "View Product")
    assert explorer.answer == ws.funnel(steps=["View Product", "Write Review"], table="events", **DAYS)
    press(explorer, "Add another step")
    choose(explorer, "Step 3", "Purchase")
    press(explorer, "Take out step 2")
    assert explorer.answer == ws.funnel(steps=["View Product", "Purchase"], table="events", **DAYS)


def test_a_funnel_has_the_fields_of_the_web_application(ws: Workspace) -> None:
    steps = ["View Product", "Purchase"]
    excluded: Any = ("Sign Up", 'properties["$os"] == "iOS"')
    explorer: Any = ws.funnel(steps=steps, exclude=[excluded], table="events", **DAYS).explore()
    choose(explorer, "Times", "yes")
    choose(explorer, "Re-entry", "optimized")
    choose(explorer, "Same 1", "plan")
    choose(explorer, "Sum of", "type…")
    type_in(explorer, "Sum of", "revenue")
    wanted: dict[str, Any] = {"reentry": "optimized", "hold": ["plan"], "sum_of": "revenue", "times": True}
    asked = ws.funnel(steps=steps, exclude=[excluded], **wanted, table="events", **DAYS)
    assert asked.question is not None
    assert explorer.answer.question.query == asked.question.query
    pd.testing.assert_frame_equal(explorer.answer.df, asked.df)
    choose(explorer, "Without 1", "(nothing)")
    choose(explorer, "Times", "no")
    choose(explorer, "Per", "week")
    wanted |= {"times": False, "unit": "week"}
    asked = ws.funnel(steps=steps, **wanted, table="events", **DAYS)
    assert asked.question is not None
    assert explorer.answer.question.query == asked.question.query


def test_a_funnel_has_optional_steps_anchors_and_the_step_of_its_segments(ws: Workspace) -> None:
    steps = ["View Product", "Add to Cart", "Purchase"]
    explorer: Any = ws.funnel(steps=steps, on="plan", table="events", **DAYS).explore()
    choose(explorer, "Optional step 1", "2")
    choose(explorer, "Segment of", "step 3")
    wanted: dict[str, Any] = {"optional": [2], "attribution": 3}
    assert explorer.answer == ws.funnel(steps=steps, on="plan", **wanted, table="events", **DAYS)
    choose(explorer, "Optional step 1", "(none)")
    choose(explorer, "Segment of", "last step that has one")
    choose(explorer, "Order", "any")
    choose(explorer, "Step in its place 1", "1")
    wanted = {"attribution": "last", "order": "any", "anchors": [1]}
    assert explorer.answer == ws.funnel(steps=steps, on="plan", **wanted, table="events", **DAYS)


def test_retention_has_the_units_of_its_periods_and_whose_cohorts_they_are(ws: Workspace) -> None:
    asked: dict[str, Any] = {"born_event": "Sign Up", "return_event": "Purchase", "table": "events", **DAYS}
    explorer: Any = ws.retention(**asked).explore()
    type_in(explorer, "Units in a period", 2)
    choose(explorer, "Cohorts of", "who did the event of return")
    assert explorer.answer == ws.retention(**asked, interval=2, type="compounded")


def test_cohorts_are_offered_where_there_are_some(ws: Workspace) -> None:
    explorer: Any = ws.segmentation("Purchase", table="events", **DAYS).explore()
    assert "In cohort" not in text_of(explorer)
    ws.cohort("buyers", did("Purchase"))
    ws.cohort("new", did("Sign Up"))
    explorer = ws.segmentation("Purchase", table="events", **DAYS).explore()
    choose(explorer, "In cohort 1", "buyers")
    choose(explorer, "Not in cohort 1", "new")
    wanted: dict[str, Any] = {"in_cohort": ["buyers"], "not_in_cohort": ["new"]}
    assert explorer.answer == ws.segmentation("Purchase", **wanted, table="events", **DAYS)


def test_insights_and_flows_have_their_fields(ws: Workspace) -> None:
    metrics = ["Purchase", "unique(Purchase)"]
    explorer: Any = ws.insights(metrics, table="events", **DAYS).explore()
    choose(explorer, "Rolling", "average of 7")
    choose(explorer, "Formula 1", "type…")
    type_in(explorer, "Formula 1", "A / B")
    assert explorer.answer == ws.insights(metrics, formulas="A / B", rolling=7, table="events", **DAYS)
    choose(explorer, "Totals alone", "yes")
    assert "--totals and --rolling" in text_of(explorer) or "exclude each other" in text_of(explorer)
    flow: Any = ws.flow(start="Search", table="events", **DAYS).explore()
    choose(flow, "Hide 1", "View Product")
    choose(flow, "Repeats as one", "yes")
    hidden: dict[str, Any] = {"hide": ["View Product"], "collapse_repeats": True}
    assert flow.answer == ws.flow(start="Search", **hidden, table="events", **DAYS)
    choose(flow, "Expand 1", "type…")
    type_in(flow, "Expand 1", "Add to Cart by plan")
    hidden["expand"] = {"Add to Cart": "plan"}
    assert flow.answer == ws.flow(start="Search", **hidden, table="events", **DAYS)
    choose(flow, "Count", "totals")
    assert flow.answer == ws.flow(start="Search", **hidden, count="totals", table="events", **DAYS)


def test_steps_keep_the_filters_they_came_with(ws: Workspace) -> None:
    steps: list[Any] = [("View Product", 'properties["$os"] == "iOS"'), "Purchase"]
    explorer: Any = ws.funnel(steps=steps, table="events", **DAYS).explore()
    choose(explorer, "Within", "14")
    assert explorer.answer == ws.funnel(steps=steps, window=14, table="events", **DAYS)
    choose(explorer, "Within", "type…")
    type_in(explorer, "Within", "2")
    assert explorer.answer == ws.funnel(steps=steps, window=2, table="events", **DAYS)


def test_a_window_without_end_is_shown_and_chosen(ws: Workspace) -> None:
    steps = ["View Product", "Purchase"]
    explorer: Any = ws.funnel(steps=steps, window="ever", table="events", **DAYS).explore()
    within = labelled(explorer)["Within"]
    assert within.options[within.index] == "ever"
    choose(explorer, "Per", "week")
    assert explorer.answer == ws.funnel(steps=steps, window="ever", unit="week", table="events", **DAYS)
    choose(explorer, "Within", "7")
    assert explorer.answer == ws.funnel(steps=steps, window=7, unit="week", table="events", **DAYS)
    choose(explorer, "Within", "type…")
    type_in(explorer, "Within", "soon")
    assert "window is 'soon'" in text_of(explorer) or "--window is 'soon'" in text_of(explorer)


@pytest.mark.parametrize(
    ("report", "first", "label", "name"),
    [
        ("Sum of a number", "Choose a number.", "Number", "segmentation_sum"),
        ("Average of a number", "Choose a number.", "Number", "segmentation_average"),
        ("Ranges of a number", "Choose a number.", "Number", "segmentation_numeric"),
        ("Property values", "Choose a property.", "Property", "property_counts"),
    ],
)
def test_what_is_missing_is_said_and_nothing_else_shown(
    ws: Workspace, explorer: Explorer, report: str, first: str, label: str, name: str
) -> None:
    choose(explorer, "Report", report)
    assert first in text_of(explorer)
    assert "Purchase" not in text_of(explorer)
    choose(explorer, label, "revenue")
    wanted = {"prop": "revenue"} if label == "Property" else {"on": "revenue"}
    assert explorer.answer == getattr(ws, name)(event="Purchase", table="events", **DAYS, **wanted)
    assert first not in text_of(explorer)


def test_mixpanel_is_asked_when_its_button_is_pressed(ws: Workspace, explorer: Explorer) -> None:
    assert "Ask now" not in buttons(explorer)
    choose(explorer, "Ask", "Mixpanel")
    choose(explorer, "By", "plan")
    assert explorer.answer.sql is not None
    press(explorer, "Ask now")
    assert explorer.answer.request is not None
    assert explorer.answer.df.equals(purchases(ws, on="plan", table=None).df)
    choose(explorer, "Ask", "table events")
    assert explorer.answer.sql is not None


def test_mixpanel_answers_for_its_saved_funnels(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "Report", "Funnel")
    choose(explorer, "Ask", "Mixpanel")
    assert "Choose at least two steps." in text_of(explorer)
    choose(explorer, "Saved funnel", "Purchase funnel")
    press(explorer, "Ask now")
    assert explorer.answer.df.equals(ws.funnel(1001, **DAYS).df)


def test_a_mistake_is_told_in_a_line_and_the_answer_before_stays(explorer: Explorer) -> None:
    type_in(explorer, "Where", 'properties["plan" == 1')
    shown = text_of(explorer)
    assert "ExpressionError" in shown
    assert "Traceback" not in shown
    assert "Purchase" in shown
    type_in(explorer, "Where", "")
    assert "ExpressionError" not in text_of(explorer)


def test_days_the_wrong_way_round_are_told(explorer: Explorer) -> None:
    type_in(explorer, "From", date(2025, 2, 1))
    assert "from_date 2025-02-01 is after to_date 2025-01-14." in text_of(explorer)


def test_the_tabs_are_chart_all_rows_and_code(ws: Workspace, explorer: Explorer) -> None:
    choose(explorer, "By", "plan")
    name, shown = tab(explorer)
    assert name == "Chart"
    assert "Purchase by plan" in shown
    look_at(explorer, "Table")
    assert f"1 to 10 of {len(explorer.answer.df)}" in tab(explorer)[1]
    look_at(explorer, "Query")
    assert (
        "%mp_segmentation Purchase --from 2025-01-01 --to 2025-01-14 --on plan --table events"
        in tab(explorer)[1]
    )
    assert 'ws.segmentation("Purchase", from_date="2025-01-01"' in tab(explorer)[1]
    assert explorer.answer.sql.splitlines()[0] in tab(explorer)[1]
    choose(explorer, "By", "(total)")
    assert "--on plan" not in tab(explorer)[1]


def test_the_card_stands_before_the_widget_and_is_hidden_while_it_lives(explorer: Explorer) -> None:
    reserve, widget = explorer.bundles()
    assert explorer.answer.to_html() in reserve[HTML]
    assert reserve["text/plain"] == explorer.answer.to_text()
    name = re.match(r'<div class="([\w-]+)">', reserve[HTML])
    assert name is not None
    assert f".{name[1]} {{ display: none }}" in explorer.children[-1].value
    assert widget[VIEW]["model_id"] == explorer.model_id
    assert widget[HTML] == ""


def test_a_result_from_a_pickle_has_tabs_and_its_code_but_nobody_to_ask(ws: Workspace) -> None:
    copied = pickle.loads(pickle.dumps(purchases(ws)))
    view = copied.explore()
    assert not isinstance(view, Explorer)
    look_at(view, "Query")
    assert "%mp_segmentation Purchase" in tab(view)[1]


def test_a_hostile_name_is_only_text(ws: Workspace) -> None:
    name = '<script>alert("1")</script>'
    explorer: Any = ws.segmentation(name, table="events", **DAYS).explore()
    for each in ("Chart", "Table", "Query"):
        look_at(explorer, each)
    values = [each.value for each in all_in(explorer) if isinstance(each, ipywidgets.HTML)]
    assert "&lt;script&gt;" in "".join(values)
    assert "<script" not in "".join(values) + explorer._repr_html_()


def test_an_explorer_opens_on_the_most_frequent_event_of_the_table(ws: Workspace) -> None:
    explorer = ws.explore()
    most = ws.sql_scalar("SELECT event_name FROM events GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
    assert explorer.answer == ws.segmentation(most, table="events", **DAYS)
    assert ws.explore("Purchase", from_date="2025-01-03").answer.from_date == date(2025, 1, 3)


def test_an_explorer_of_mixpanel_waits_for_an_event_and_the_button(ws: Workspace) -> None:
    explorer: Any = ws.explore(live=True)
    assert not explorer.answer
    assert "Choose an event." in text_of(explorer)
    choose(explorer, "Event", "Purchase")
    assert not explorer.answer
    press(explorer, "Ask now")
    assert explorer.answer.request
    waiting: Any = ws.explore(live=True)
    assert [set(bundle) for bundle in waiting.bundles()] == [{VIEW, "text/plain"}]


def test_an_explorer_asks_one_of_both(ws: Workspace) -> None:
    with pytest.raises(ParameterError, match="table and live do not go together"):
        ws.explore(table="events", live=True)


def test_rows_of_a_query_are_paged_and_drawn(ws: Workspace) -> None:
    explorer = ws.sql_rows("SELECT event_time::DATE AS day, count(*) AS n FROM events GROUP BY 1").explore()
    assert tab(explorer)[0] == "Table"
    choose(explorer, "Chart", "bar")
    assert tab(explorer)[0] == "Chart"
    assert explorer.answer.chart_options["kind"] == "bar"
    choose(explorer, "y", "n")
    assert explorer.answer.chart().to_dict()["mark"]["type"] == "bar"
    choose(explorer, "x", "n")
    choose(explorer, "y", "day")
    assert "which is no number" in tab(explorer)[1]
    choose(explorer, "Chart", "(no chart)")
    assert tab(explorer)[0] == "Table"


def test_results_without_a_question_have_tabs(ws: Workspace) -> None:
    view = ws.tables().explore()
    assert tab(view)[0] == "Table"
    assert "events" in tab(view)[1]
    look_at(view, "Chart")
    assert "There is no chart of this." in tab(view)[1]


def test_rows_that_are_gone_are_told_where_they_would_have_been(ws: Workspace) -> None:
    view = ws.tables().explore()

    class Gone:
        def __getattr__(self, name: str) -> Any:
            return getattr(ws.tables(), name)

        def pages(self) -> Any:
            raise QueryError("The rows are gone.", hint="Run the query again.")

    view.show(Gone())
    look_at(view, "Table")
    assert "QueryError: The rows are gone.\nRun the query again." in tab(view)[1]
    view.show(ws.tables())
    assert "events" in tab(view)[1]


def test_a_result_can_be_asked_again(ws: Workspace) -> None:
    first = ws.segmentation(
        "Purchase", from_date="2025-01-01", to_date="2025-01-14", on="plan", table="events"
    )
    assert first.question is not None
    again = ws.ask(first.question.query)
    assert again == first
    assert "asked" not in again.to_dict()


def test_the_users_behind_a_number(ws: Workspace) -> None:
    funnel = ws.funnel(steps=["View Product", "Purchase"], **DAYS, table="events")
    explorer: Any = funnel.explore()
    look_at(explorer, "Users")
    entered, bought = (step.count for step in funnel.steps)
    assert f"{entered - bought:,} users: funnel, lost before step 2" in tab(explorer)[1]
    choice = next(each for each in all_in(explorer) if getattr(each, "description", "") == "Users of")
    choice.index = list(choice.options).index("reached step 2")
    assert f"{bought:,} users: funnel, reached step 2" in tab(explorer)[1]
    choose(explorer, "Report", "Segmentation")
    assert "users: segmentation" in tab(explorer)[1]
