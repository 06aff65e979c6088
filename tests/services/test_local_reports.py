"""Reports over tables as people have them: what is said beside the numbers, and what is refused."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.errors import (
    ConfigError,
    ExpressionError,
    MixpanelDataError,
    ParameterError,
    StorageError,
    TableNotFoundError,
)
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset
from mixpanel_nb.storage import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conftest import OpenWorkspace

    from mixpanel_nb.results import ReportResult

FIXTURES = Path(__file__).parents[1] / "fixtures"

DAYS: dict[str, Any] = {"from_date": "2025-01-01", "to_date": "2025-01-14"}
HERE: dict[str, Any] = {**DAYS, "table": "events"}
STEPS = ["View Product", "Add to Cart", "Purchase"]

REPORTS: dict[str, Callable[[Workspace], ReportResult]] = {
    "segmentation": lambda ws: ws.segmentation("Purchase", **HERE),
    "segmentation by segment": lambda ws: ws.segmentation("Purchase", on="plan", type="unique", **HERE),
    "segmentation by item": lambda ws: ws.segmentation("Purchase", on="categories", unit="week", **HERE),
    "numeric": lambda ws: ws.segmentation_numeric("Purchase", on="revenue", **HERE),
    "sum": lambda ws: ws.segmentation_sum("Purchase", on="revenue", **HERE),
    "average": lambda ws: ws.segmentation_average("Purchase", on="revenue", unit="week", **HERE),
    "event counts": lambda ws: ws.event_counts(["Purchase", "Sign Up"], unit="hour", **HERE),
    "property counts": lambda ws: ws.property_counts("Purchase", "plan", values=["pro", "free"], **HERE),
    "top events": lambda ws: ws.top_events(table="events"),
    "funnel": lambda ws: ws.funnel(steps=STEPS, **HERE),
    "funnel by segment and week": lambda ws: ws.funnel(steps=STEPS, on="$os", unit="week", **HERE),
    "funnel of one event": lambda ws: ws.funnel(steps=["Search"] * 3, window=1, window_unit="hour", **HERE),
    "retention": lambda ws: ws.retention(born_event="Sign Up", interval_count=3, **HERE),
    "retention, recurring": lambda ws: ws.retention(
        return_event="Purchase", type="compounded", mode="on_or_after", unit="week", on="plan", **HERE
    ),
    "frequency": lambda ws: ws.frequency(unit="week", addiction_unit="day", **HERE),
    "flow": lambda ws: ws.flow(start="Sign Up", end="Purchase", on="plan", **HERE),
    "flow, totals": lambda ws: ws.flow(through="Add to Cart", count="totals", **HERE),
    "sessions": lambda ws: ws.sessions(unit="week", on="plan", **HERE),
    "activity feed": lambda ws: ws.activity_feed(
        ws.sql(
            "SELECT distinct_id FROM events WHERE distinct_id <> '' ORDER BY event_time LIMIT 2"
        ).distinct_id.tolist(),
        **HERE,
    ),
}


@pytest.fixture(scope="module")
def ws(built: Path) -> Iterator[Workspace]:
    with Workspace.open(built, read_only=True) as workspace:
        yield workspace


@pytest.fixture
def small() -> Iterator[Workspace]:
    """A workspace for tables of one's own."""
    with Workspace.memory(account="sandbox") as workspace:
        yield workspace


@pytest.mark.parametrize("name", REPORTS)
def test_every_report_has_rows_json_a_chart_a_card_and_its_sql(ws: Workspace, name: str) -> None:
    result = REPORTS[name](ws)
    assert len(result.df)
    assert list(result.df.columns) == result.column_names
    json.dumps(result.to_dict(), allow_nan=False)
    json.dumps(result.records(), allow_nan=False)
    result.chart().to_dict()
    drawn = result.card().chart
    assert drawn is not None
    assert ("data:image/svg+xml" in result.to_html()) == (drawn.rows is None)
    assert result.to_html() == REPORTS[name](ws).to_html()
    assert result.notes == ()


@pytest.mark.parametrize("name", REPORTS)
def test_the_sql_of_a_result_runs_as_it_stands(ws: Workspace, name: str) -> None:
    result = REPORTS[name](ws)
    assert result.sql is not None
    assert not re.search(
        r"\$[A-Za-z]", re.sub(r"""'[^']*'|"[^"]*\"""", "", result.sql)
    )  # no value is left out
    assert len(ws.sql(result.sql))


def test_the_sql_of_a_segmentation_gives_its_numbers(ws: Workspace) -> None:
    result = ws.segmentation("Purchase", on="plan", **HERE)
    rows = ws.sql_rows(str(result.sql))
    assert {(str(day), name): count for day, name, count, *_ in rows} == {
        (row["date"], row["segment"]): row["count"] for row in result.records() if row["count"]
    }


def test_numbers_are_those_of_plain_sql(ws: Workspace) -> None:
    counted = ws.sql(
        "SELECT event_time::DATE AS day, count(*) AS n, count(DISTINCT distinct_id) AS users FROM events "
        "WHERE event_name = 'Purchase' GROUP BY day ORDER BY day"
    )
    assert ws.segmentation("Purchase", **HERE).df["count"].tolist() == counted["n"].tolist()
    assert (
        ws.segmentation("Purchase", type="unique", **HERE).df["count"].tolist() == counted["users"].tolist()
    )


def test_a_breakdown_says_how_many_segments_it_leaves_out(ws: Workspace) -> None:
    cities = ws.sql_scalar("SELECT count(DISTINCT \"$city\") FROM events WHERE event_name = 'Purchase'")
    result = ws.segmentation("Purchase", on="$city", limit=3, **HERE)
    assert len(result.values) == 3
    assert result.left_out >= cities - 3
    assert f"{result.left_out} " in result.to_text()


def test_users_are_looked_up_in_the_profiles(ws: Workspace) -> None:
    counted = ws.sql_scalar(
        "SELECT count(*) FROM events JOIN profiles USING (distinct_id) "
        "WHERE event_name = 'Purchase' AND profiles.plan = 'pro'"
    )
    result = ws.segmentation("Purchase", where='user["plan"] == "pro"', unit="month", **HERE)
    assert result.df["count"].sum() == counted
    by_platform = ws.segmentation("Purchase", on='user["platform"]', unit="month", **HERE)
    assert {"web", "iOS", "Android"} <= set(by_platform.values)


# What is said beside the numbers


def test_an_unknown_event_is_named_and_the_near_one_suggested(ws: Workspace) -> None:
    result = ws.segmentation("Purchse", **HERE)
    assert result.df["count"].sum() == 0
    assert result.notes == ("There is no event 'Purchse' in events. Did you mean 'Purchase'?",)
    funnel = ws.funnel(steps=["View Product", "Chekout"], **HERE)
    assert "There is no event 'Chekout' in events." in funnel.notes[0]
    counts = ws.event_counts(["Purchase", "sign up"], **HERE)
    assert counts.notes == ("There is no event 'sign up' in events. Did you mean 'Sign Up'?",)


def test_an_event_that_only_did_not_happen_is_no_mistake(ws: Workspace) -> None:
    assert ws.segmentation("Purchase", where="1 == 2", **HERE).notes == ()


def test_a_property_that_none_of_the_events_has_is_named(ws: Workspace) -> None:
    result = ws.segmentation("Purchase", on="paln", **HERE)
    assert list(result.values) == ["undefined"]
    assert result.notes == ("None of these events has a property 'paln'. Did you mean 'plan'?",)


def test_a_comparison_that_can_never_hold_is_noted(ws: Workspace) -> None:
    result = ws.segmentation("Purchase", where='properties["revenue"] == "50"', **HERE)
    assert "== compares a number and text, so it is always false." in result.notes[0]


def test_days_that_were_not_fetched_are_named(ws: Workspace) -> None:
    result = ws.segmentation("Purchase", from_date="2024-12-30", to_date="2025-01-16", table="events")
    assert result.notes == (
        "events holds no events of 2024-12-30 to 2024-12-31, 2025-01-15 to 2025-01-16 (UTC): "
        "these days were not fetched.",
    )


def test_in_another_time_zone_the_first_day_lacks_its_first_hour(built: Path) -> None:
    with Workspace.open(built, read_only=True, timezone="Europe/Berlin") as berlin:
        result = berlin.segmentation("Page View", **HERE)
        assert result.notes == (
            "events holds no events of 2024-12-31 (UTC): these days were not fetched.",
            "Days are those of Europe/Berlin; events was fetched with UTC.",
        )
        counted = berlin.sql_scalar(
            "SELECT count(*) FROM events WHERE event_name = 'Page View' "
            "AND event_time >= '2025-01-01 23:00' AND event_time < '2025-01-02 23:00'"
        )
        assert result.df["count"].tolist()[1] == counted


def test_what_a_table_was_fetched_without_is_said(mixpanel: SandboxServer, connected: object) -> None:
    del mixpanel, connected
    with Workspace.memory(account="sandbox") as ws:
        ws.fetch_events(**DAYS, events=["Purchase"], where='properties["plan"] == "pro"')
        assert ws.segmentation("Purchase", **HERE).notes == (
            'events holds only Purchase for which properties["plan"] == "pro" is true.',
        )
        assert "events was fetched without the event 'Search'." in ws.segmentation("Search", **HERE).notes


# Tables of somebody's own


def own_table(ws: Workspace) -> None:
    ws.sql(
        """
        CREATE TABLE visits AS SELECT * FROM (VALUES
            ('Visit', TIMESTAMP '2025-01-01 10:00', 'a', 'web', 5, 1.5, TRUE),
            ('Visit', TIMESTAMP '2025-01-02 10:00', 'a', 'app', 6, 2.5, FALSE),
            ('Leave', TIMESTAMP '2025-01-02 11:00', 'b', NULL, NULL, NULL, NULL)
        ) AS v(event_name, event_time, distinct_id, source, pages, score, paid)
        """
    )


def test_a_table_made_in_sql_can_be_asked(small: Workspace) -> None:
    own_table(small)
    asked: dict[str, Any] = {**DAYS, "table": "visits"}
    assert small.segmentation("Visit", on="source", **asked).totals == {"app": 1, "web": 1}
    assert small.segmentation("Visit", on="paid", **asked).totals == {"false": 1, "true": 1}
    assert small.segmentation_sum("Visit", on="pages", unit="month", **asked).df["sum"].tolist() == [11.0]
    where = 'properties["pages"] + properties["score"] > 8 and not defined(properties["other"])'
    assert small.segmentation("Visit", where=where, **asked).df["count"].sum() == 1
    assert [step.count for step in small.funnel(steps=["Visit", "Visit"], **asked).steps] == [1, 1]
    feed = small.activity_feed("a", **asked)
    assert feed.events[0].properties == {"source": "web", "pages": 5, "score": 1.5, "paid": True}


def test_a_view_can_be_asked(small: Workspace) -> None:
    own_table(small)
    small.sql("CREATE VIEW apps AS SELECT * FROM visits WHERE source = 'app'")
    assert small.segmentation("Visit", **DAYS, table="apps").df["count"].sum() == 1


def test_a_table_without_events_is_refused(ws: Workspace) -> None:
    with pytest.raises(StorageError, match="has no column 'event_name', so it holds no events"):
        ws.segmentation("Purchase", **DAYS, table="profiles")


def test_an_empty_table_has_no_events(small: Workspace) -> None:
    own_table(small)
    small.sql("DELETE FROM visits")
    asked: dict[str, Any] = {**DAYS, "table": "visits"}
    assert small.segmentation("Visit", **asked).df["count"].sum() == 0
    assert [step.count for step in small.funnel(steps=["Visit", "Leave"], **asked).steps] == [0, 0]
    retention = small.retention(born_event="Visit", **asked)
    assert {cohort.size for cohort in retention.cohorts} == {0}
    assert small.top_events(table="visits").events == ()
    assert small.activity_feed("a", **asked).events == ()
    assert "No " in small.segmentation("Visit", **asked).to_text()


def test_without_profiles_user_is_a_mistake_with_a_place(small: Workspace) -> None:
    own_table(small)
    with pytest.raises(ExpressionError, match="needs a table of profiles") as caught:
        small.segmentation("Visit", where='1 == 1 and user["plan"] == "pro"', **DAYS, table="visits")
    assert caught.value.position == 11
    assert "mp fetch profiles" in str(caught.value.hint)


# Mistakes


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda ws: ws.segmentation("", **HERE), "event is ''"),
        (lambda ws: ws.segmentation("Purchase", unit="wek", **HERE), "Did you mean 'week'"),
        (lambda ws: ws.segmentation("Purchase", type="total", **HERE), "general, unique, average"),
        (lambda ws: ws.segmentation("Purchase", on="plan", limit=0, **HERE), "from 1 to 10,000"),
        (lambda ws: ws.segmentation("Purchase", **{**HERE, "to_date": "2024-01-01"}), "is after"),
        (
            lambda ws: ws.segmentation("Purchase", **{**HERE, "from_date": "1.1.2025"}),
            "neither a day nor a period",
        ),
        (lambda ws: ws.segmentation_numeric("Purchase", on="revenue", buckets=0, **HERE), "buckets is 0"),
        (lambda ws: ws.event_counts([], **HERE), "events is empty"),
        (lambda ws: ws.property_counts("Purchase", "", **HERE), "prop is ''"),
        (lambda ws: ws.funnel(**HERE), "at least two steps, and 0 are given"),
        (lambda ws: ws.funnel(steps=["Purchase"], **HERE), "at least two steps, and 1 is given"),
        (lambda ws: ws.funnel(steps="Purchase", **HERE), "at least two steps"),
        (lambda ws: ws.funnel(steps=["a", 5], **HERE), "A step is '5'"),
        (lambda ws: ws.funnel(steps=["a", "b"], window=0, **HERE), "window is 0"),
        (lambda ws: ws.funnel(steps=["a", "b", "c"], optional=[3], **HERE), "last step are required"),
        (lambda ws: ws.funnel(steps=["a", "b", "c"], optional=2, order="any", **HERE), "do not go together"),
        (lambda ws: ws.funnel(steps=["a", "b", "c"], optional=2, attribution=2, **HERE), "which is optional"),
        (lambda ws: ws.funnel(steps=["a", "b"], window=367, **HERE), "from 1 to 366"),
        (lambda ws: ws.funnel(steps=["a", "b"], window_unit="year", **HERE), "window_unit is 'year'"),
        (lambda ws: ws.retention(born_event="Sign Up", unit="hour", **HERE), "unit is 'hour'"),
        (lambda ws: ws.retention(born_event="Sign Up", type="first", **HERE), "Did you mean 'birth'"),
        (lambda ws: ws.frequency(addiction_unit="week", **HERE), "addiction_unit is 'week'"),
        (lambda ws: ws.activity_feed([], **HERE), "distinct_ids is empty"),
        (lambda ws: ws.top_events(date="soon", table="events"), "neither a day nor a period"),
        (lambda ws: ws.event_counts("Purchase", unit="minute", table="events", from_date="2024-01-01",
                                    to_date="2024-12-31"), "are too many"),
    ],
)  # fmt: skip
def test_a_question_that_makes_no_sense_is_refused_in_one_line(
    ws: Workspace, ask: Callable[[Workspace], object], message: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        ask(ws)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ('properties["plan"]', "A filter needs true or false, and this is text."),
        ('properties["revenue"] and true', "`and` needs true or false, and this is a number."),
        ("1", "A filter needs true or false, and this is a number."),
        ('[1] == properties["x"]', "A list can only stand to the right of `in`."),
        ('event["plan"] == "pro"', 'An event has no "plan" of its own.'),
        ('properties["plan"] = "pro"', "Unexpected '='"),
    ],
)
def test_a_mistake_in_an_expression_is_told(ws: Workspace, where: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        ws.segmentation("Purchase", where=where, **HERE)
    assert message in caught.value.message


def test_what_never_is_a_number_counts_as_0_and_that_is_said(ws: Workspace) -> None:
    result = ws.segmentation_sum("Purchase", on="plan", **HERE)
    assert result.df["sum"].sum() == 0
    assert result.notes == ("'plan' never is a number (it holds text). Try number(properties[\"plan\"]).",)
    assert ws.segmentation_numeric("Purchase", on="plan", **HERE).buckets == ()


def test_a_saved_funnel_is_not_known_to_a_table(ws: Workspace) -> None:
    with pytest.raises(ParameterError, match="Saved funnels are known to Mixpanel alone"):
        ws.funnel(1001, **HERE)


def test_a_table_that_is_not_there_is_named(ws: Workspace) -> None:
    with pytest.raises(TableNotFoundError, match="'evnts'") as caught:
        ws.segmentation("Purchase", **DAYS, table="evnts")
    assert "events" in str(caught.value)


def test_a_time_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ConfigError, match="There is no time zone 'Europe/Berln'") as caught:
        Workspace.memory(account="sandbox", timezone="Europe/Berln")
    assert "Europe/Berlin" in str(caught.value.hint)


def test_no_report_changes_the_database(built: Path) -> None:
    before = built.read_bytes()
    with Workspace.open(built) as ws:
        for ask in REPORTS.values():
            ask(ws)
    assert built.read_bytes() == before


# Expressions for people who want the SQL


def test_an_expression_is_shown_as_sql_over_the_tables_own_columns(ws: Workspace) -> None:
    result = ws.expression('properties["plan"] == "pro" and properties["$os"] != "iOS"')
    assert result.sql == (
        'SELECT e.*\nFROM "events" AS e\nWHERE (e."plan" = \'pro\' AND e."$os" IS DISTINCT FROM \'iOS\')'
    )
    counted = ws.sql_scalar(
        "SELECT count(*) FROM events WHERE plan = 'pro' AND \"$os\" IS DISTINCT FROM 'iOS'"
    )
    assert len(ws.sql(result.sql)) == counted
    assert "LEFT JOIN" in ws.expression('user["plan"] == "pro"').sql


def test_a_hostile_text_in_an_expression_stays_a_text(ws: Workspace) -> None:
    hostile = "'; DROP TABLE events; --"
    result = ws.expression(f'properties["plan"] == "{hostile}"')
    assert "'''; DROP TABLE events; --'" in result.sql
    assert len(ws.sql(result.sql)) == 0
    assert ws.segmentation("Purchase", on="plan", where=f'properties["plan"] != "{hostile}"', **HERE).values


def test_every_error_is_one_of_ours(ws: Workspace) -> None:
    for table in ("", "no such", '"; DROP TABLE events', "events\0"):
        with pytest.raises(MixpanelDataError):
            ws.segmentation("Purchase", **DAYS, table=table)


class TestPartsFetchedWithDifferentFilters:
    """A table to which days were added with other filters never passes for a whole one."""

    FIRST: ClassVar[Any] = {"from_date": "2025-01-01", "to_date": "2025-01-07"}
    BOTH: ClassVar[Any] = {"from_date": "2025-01-01", "to_date": "2025-01-14"}

    @pytest.fixture
    def mixed(self, mixpanel: SandboxServer, open_workspace: OpenWorkspace) -> Workspace:
        workspace = open_workspace(mixpanel.url)
        workspace.fetch_events("mixed", **self.FIRST, events=["Purchase"])
        workspace.fetch_events("mixed", from_date="2025-01-08", to_date="2025-01-14", if_exists="append")
        return workspace

    def test_the_list_of_tables_says_so(self, mixed: Workspace) -> None:
        (table,) = mixed.tables()
        assert (table.mixed, table.filters) == (True, {})
        assert "differs from part to part" in mixed.tables().to_text()

    def test_a_report_says_which_days_lack_what(self, mixed: Workspace) -> None:
        note = "mixed holds, of 2025-01-01 to 2025-01-07 (UTC), only Purchase."
        assert note in mixed.segmentation("Search", **self.BOTH, table="mixed").notes
        assert note in mixed.frequency(**self.BOTH, table="mixed").notes
        second: Any = {"from_date": "2025-01-08", "to_date": "2025-01-14"}
        assert mixed.segmentation("Search", **second, table="mixed").notes == ()

    def test_days_fetched_again_without_a_filter_are_whole(self, mixed: Workspace) -> None:
        mixed.fetch_events("mixed", **self.FIRST, if_exists="append")
        (table,) = mixed.tables()
        assert (table.mixed, table.filters, table.limited_to) == (False, {}, "")
        assert mixed.segmentation("Search", **self.BOTH, table="mixed").notes == ()

    def test_a_limit_is_told(self, mixed: Workspace) -> None:
        mixed.fetch_events("few", **self.FIRST, limit=50)
        notes = mixed.segmentation("Purchase", **self.FIRST, table="few").notes
        assert "few holds at most 50 events." in notes
        assert {table.name: table.limited_to for table in mixed.tables()}["few"] == "limit: 50"


class TestWhereRetentionEnds:
    """Ten users sign up on 1 January; the last event is on the fifth."""

    DAY: ClassVar[dict[str, Any]] = {"from_date": "2025-01-01", "to_date": "2025-01-01"}
    SEEN: ClassVar[tuple[int, ...]] = (0, 5, 0, 0, 1, 0, 0, 0, 0, 0, 0)

    @pytest.fixture
    def ws(self, tmp_path: Path, open_workspace: OpenWorkspace) -> Iterator[Workspace]:
        dataset = Dataset.from_files(FIXTURES / "quiet_end.jsonl", None, tmp_path / "cache")
        with SandboxServer(create_app(dataset)) as server:
            yield open_workspace(server.url)

    def cohort(self, ws: Workspace, **asked: Any) -> Any:
        (found,) = ws.retention(
            born_event="Sign Up", return_event="Open", **self.DAY, table="events", **asked
        ).cohorts
        return found

    def test_days_that_were_fetched_and_were_quiet_are_zero_and_final(self, ws: Workspace) -> None:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-31")
        cohort = self.cohort(ws)
        assert cohort.counts == self.SEEN
        assert cohort.complete == (True,) * 11

    def test_days_that_were_not_fetched_are_blank(self, ws: Workspace) -> None:
        """Until the end of 8 January: the last period that all have lived through is the seventh day."""
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-08")
        cohort = self.cohort(ws)
        assert cohort.counts == (*self.SEEN[:8], None, None, None)
        assert cohort.complete == (True,) * 7 + (False,) * 4

    def test_a_gap_is_blank_and_what_touches_it_is_not_final(self, ws: Workspace) -> None:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-03")
        ws.fetch_events(from_date="2025-01-08", to_date="2025-01-31", if_exists="append")
        cohort = self.cohort(ws)
        assert cohort.counts == (0, 5, 0, None, None, None, 0, 0, 0, 0, 0)
        assert cohort.complete == (True, True, *(False,) * 5, *(True,) * 4)

    def test_a_day_that_was_not_over_is_known_until_it_was_fetched(
        self, ws: Workspace, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        noon = datetime(2025, 1, 8, 12)
        with monkeypatch.context() as patch:
            patch.setattr(ledger, "now", lambda: noon)
            ws.fetch_events(from_date="2025-01-01", to_date="2025-01-08")
        assert self.cohort(ws).complete == (True,) * 6 + (False,) * 5

    def test_cohorts_of_days_that_were_not_fetched_are_blank(self, ws: Workspace) -> None:
        ws.fetch_events(from_date="2025-01-02", to_date="2025-01-31")
        assert self.cohort(ws).counts == (None,) * 11
        assert self.cohort(ws).size is None
        assert self.cohort(ws, prop="n", measure="average").rates == (None,) * 11

    def test_what_covers_several_periods_is_known_where_each_is(self, ws: Workspace) -> None:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-03")
        ws.fetch_events(from_date="2025-01-08", to_date="2025-01-31", if_exists="append")
        before = self.cohort(ws, mode="on_or_before")
        assert before.counts == (0, 5, 5, *(None,) * 8)
        assert before.complete == (True, True, *(False,) * 9)
        assert self.cohort(ws, mode="streak").counts == (0, 0, 0, *(None,) * 8)
        sums = self.cohort(ws, mode="on_or_before", prop="n")
        assert sums.counts == (0.0, 0.0, 0.0, *(None,) * 8)
        brackets = self.cohort(ws, brackets=[0, 1, 3, 7, 14, 30])
        assert brackets.counts == (0, 5, 0, 0, 0)
        assert brackets.complete == (True, False, False, True, True)

    def test_calendar_days_end_at_midnight_for_everyone(self, ws: Workspace) -> None:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-08")
        cohort = self.cohort(ws, alignment="calendar")
        assert cohort.complete == (True,) * 8 + (False,) * 3
        assert cohort.counts[8:] == (None, None, None)

    def test_without_a_ledger_it_ends_with_the_last_event(self, ws: Workspace) -> None:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-31")
        ws.sql("CREATE TABLE mine AS SELECT * FROM events")
        (cohort,) = ws.retention(born_event="Sign Up", return_event="Open", **self.DAY, table="mine").cohorts
        assert cohort.counts == (*self.SEEN[:5], *(None,) * 6)
        assert not any(cohort.complete[4:])

    def test_only_events_that_were_fetched_are_known(self, ws: Workspace) -> None:
        ws.fetch_events(from_date="2025-01-01", to_date="2025-01-31", events=["Sign Up"])
        assert self.cohort(ws).counts == (None,) * 11
