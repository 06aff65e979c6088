"""Reports over typed columns can be said in the SQL of other engines.

That the engines take the SQL, and give the same rows, is tested in ``tests/engines``.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import sqlglot
from sqlglot import exp

from mixpanel_nb.analytics import (
    counts,
    experiment,
    flow,
    frequency,
    funnel,
    insights,
    numeric,
    retention,
    segmentation,
    sessions,
    signal,
    why,
)
from mixpanel_nb.analytics.calendar import Period
from mixpanel_nb.analytics.columns import PropertyColumn, TableColumns
from mixpanel_nb.analytics.context import ReportContext
from mixpanel_nb.analytics.dialects.clickhouse import CLICKHOUSE
from mixpanel_nb.analytics.dialects.said import Relation, Said
from mixpanel_nb.analytics.dialects.spark import SPARK
from mixpanel_nb.analytics.dialects.translation import translate
from mixpanel_nb.analytics.sql import Statement
from mixpanel_nb.errors import QueryError
from mixpanel_nb.queries import (
    Active,
    Experiment,
    Flow,
    Frequency,
    Funnel,
    Insights,
    Retention,
    Sessions,
    Signal,
    Step,
    Why,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PRO = 'properties["plan"] == "pro" and not properties["amount"] > 5 or properties["plan"] in ["a", "b"]'
STEPS = (Step("A"), Step("B", PRO), Step("A"))
DAYS = {"from_date": date(2025, 1, 1), "to_date": date(2025, 1, 31)}
KNOWN_UNTIL = datetime(2025, 3, 31)


def asked(steps: tuple[Step, ...]) -> Funnel:
    window = {"window": 1, "window_unit": "hour"}
    return Funnel.of(
        {"steps": steps, **window, "unit": "week", "on": "plan", "where": PRO, "limit": 5, **DAYS}
    )


def returning(**asked: Any) -> Retention:
    cohorts = {"born_event": "A", "born_where": PRO, "unit": "week", "interval_count": 4}
    return Retention.of({**cohorts, "on": "plan", "limit": 5, **asked, **DAYS})


def active() -> Frequency:
    return Frequency.of({"event": "A", "unit": "week", "addiction_unit": "day", "where": PRO, **DAYS})


def moved(metric: str) -> Why:
    return Why.of({"metric": metric, "date": date(2025, 1, 31), "where": PRO})


def flowing(**query: Any) -> Flow:
    return Flow.of({"start": "A", "end": ("B", PRO), "back": 1, **query, **DAYS})


def attempts(**query: Any) -> Callable[[ReportContext], Statement]:
    wanted = Funnel.of({"steps": ("A", ("B", PRO), "C"), **query, **DAYS})
    return lambda q: funnel.statement(q, wanted)


def measured(*metrics: str, **query: Any) -> Callable[[ReportContext], Statement]:
    return with_days(Insights.of({"metrics": metrics, **query, **DAYS}))


def with_days(wanted: Insights) -> Callable[[ReportContext], Statement]:
    return lambda q: insights.statement(q, wanted, insights.Days.of(wanted, q.period))


STATEMENTS: dict[str, Callable[[ReportContext], Statement]] = {
    "insights": measured("A", "unique(B)", "sum(A, amount)", "average(*, amount)", unit="week", where=PRO),
    "insights, percentiles": measured("median(A, amount)", "p90(A, amount)", "min(A, amount)", unit="hour"),
    "insights, different values": measured("distinct(A, plan)", "distinct(*, amount)", totals=True),
    "insights per user": measured("p90(per user total(A))", "sum(per user max(A, amount))", unit="quarter"),
    "insights, sessions": measured("sessions(A)", "average(per user sessions(A))", on=["plan"], unit="year"),
    "insights, once": measured("A", "unique_first(A)", "unique_last(A)", on=["plan", "amount"], limit=5),
    "insights, ranges": measured("A", on=["buckets(amount)", "buckets(amount, 0, 9.5)"], totals=True),
    "insights, days before": measured("A", "wau(*)", rolling=7, on=["plan"]),
    "active": with_days(Active.of(DAYS).insights),
    "funnel, attempts": attempts(count="totals", exclude=("L",)),
    "funnel of sessions": attempts(count="sessions"),
    "funnel, window of sessions": attempts(window=2, window_unit="session"),
    "funnel, exclusion": attempts(exclude=(("L", PRO),)),
    "funnel, held": attempts(hold=("plan",)),
    "funnel, any order": attempts(order="any", anchors=(1,)),
    "funnel, optional": attempts(optional=(2,)),
    "funnel, optimized": attempts(reentry="optimized"),
    "funnel, aggressive": attempts(reentry="aggressive", count="totals"),
    "funnel without end": attempts(window="ever"),
    "funnel by other steps": attempts(on=("plan", "amount"), attribution="last"),
    "funnel by several": attempts(on=("plan", "amount")),
    "funnel, sums": attempts(sum_of="amount"),
    "funnel, times": attempts(times=True),
    "flow, from both sides": lambda q: flow.statement(
        q, Flow.of({"through": ("A", "B"), "forward": 2, "hide": ("X",), "expand": (("A", "plan"),), **DAYS})
    ),
    "sessions with an event": lambda q: sessions.statement(
        q, Sessions.of({"event": "A", "exclude": ("X",), "timeout": 5, **DAYS})
    ),
    "retention, compounded": lambda q: retention.statement(
        q, Retention.of({"type": "compounded", "return_event": "A", **DAYS})
    ),
    "totals": lambda q: segmentation.totals(q, "A", unit="day", kind="unique", where=PRO),
    "by text": lambda q: segmentation.by_segment(
        q, "A", on="plan", unit="hour", kind="average", where=None, limit=5
    ),
    "by number": lambda q: segmentation.by_segment(
        q, "A", on="amount", unit="month", kind="general", where=None, limit=5
    ),
    "numeric": lambda q: numeric.in_buckets(
        q, "A", on="amount", unit="day", kind="general", where=PRO, buckets=5
    ),
    "sum": lambda q: numeric.total(q, "A", on="amount", unit="day", where=None),
    "average": lambda q: numeric.mean(q, "A", on="amount", unit="day", where=None),
    "events": lambda q: counts.by_event(q, ["A", "B"], unit="week", kind="general", where=PRO),
    "top": lambda q: counts.top(q, kind="unique", limit=5),
    "frequency": lambda q: frequency.statement(q, active()),
    "funnel": lambda q: funnel.statement(q, asked(STEPS[:2])),
    "funnel with an event twice": lambda q: funnel.statement(q, asked(STEPS)),
    "flow": lambda q: flow.statement(q, flowing(count="uniques", on="plan", hold=("plan",))),
    "flow, totals": lambda q: flow.statement(q, flowing(count="totals", exclude=("C",))),
    "flow, sessions": lambda q: flow.statement(q, flowing(count="sessions", collapse_repeats=True)),
    "sessions": lambda q: sessions.statement(q, Sessions.of({"on": "plan", "where": PRO, **DAYS})),
    "experiment": lambda q: experiment.statement(
        q,
        Experiment.of(
            {
                "metrics": ["unique(A)", "average(B, amount)", "sum(B, amount)"],
                "formulas": "C / A",
                "on": "plan",
                "where": PRO,
                "window": 7,
                "cuped": 14,
                "winsorize": 1,
                **DAYS,
            }
        ),
        KNOWN_UNTIL,
    ),
    "signal": lambda q: signal.statement(
        q, Signal.of({"goal": "B", "start": "A", "where": PRO, "properties": "plan", **DAYS}), KNOWN_UNTIL
    ),
    "signal, several times": lambda q: signal.statement(
        q, Signal.of({"goal": "B", "goal_times": 2, "before_goal": True, **DAYS}), KNOWN_UNTIL
    ),
    "why, whole": lambda q: why.whole(q, moved("sum(A, amount)")),
    "why, values": lambda q: why.by_value(q, moved("unique(A)"), "amount"),
    "why, events": lambda q: why.by_event(q, moved("A")),
    "why, spread": lambda q: why.spread(q, moved("A"), ["plan", "amount"]),
    "why, together": lambda q: why.together(q, moved("unique(A)"), [("plan", "a"), ("amount", "5")]),
    "retention": lambda q: retention.statement(q, returning()),
    "retention, on or after": lambda q: retention.statement(q, returning(mode="on_or_after")),
    "retention, on or before": lambda q: retention.statement(q, returning(mode="on_or_before")),
    "retention, streak": lambda q: retention.statement(q, returning(mode="streak")),
    "retention, calendar": lambda q: retention.statement(q, returning(alignment="calendar", interval=2)),
    "retention, brackets": lambda q: retention.statement(
        q, returning(brackets=(0, 1, 3), interval_count=10, prop="amount", on=("plan", "amount"))
    ),
}


COLUMNS = TableColumns(
    "events",
    {"plan": PropertyColumn("plan", "text"), "amount": PropertyColumn("amount", "double")},
    has_json=False,
)
RELATION = Relation(
    ("shop", "events"), ("event_name", "event_time", "distinct_id", "insert_id", "plan", "amount")
)
DIALECTS = {"spark": SPARK, "clickhouse": CLICKHOUSE}


def translated(statement: Statement, engine: str, relation: Relation = RELATION) -> Said:
    return translate(statement, DIALECTS[engine], {"events": relation})


@pytest.mark.parametrize("engine", DIALECTS)
@pytest.mark.parametrize("name", STATEMENTS)
def test_a_report_can_be_translated(name: str, engine: str) -> None:
    period = Period(date(2025, 3, 1), date(2025, 3, 31), ZoneInfo("Europe/Berlin"))
    statement = STATEMENTS[name](ReportContext(COLUMNS, lambda: None, period, now=0.0))
    text = translated(statement, engine).shown
    ours = {each for each in ("ASOF", "QUALIFY", "MATERIALIZED", "RECURSIVE", "rowid") if each in text}
    assert not ours
    assert not re.search(r"ROW_NUMBER\(\) OVER \(\)", text)
    assert not re.search(r"\b_(json|at|field|each_row|number_text|to_json)\w*\(", text)


@pytest.mark.parametrize("engine", DIALECTS)
def test_an_unknown_function_is_an_error_that_names_it_and_the_engine(engine: str) -> None:
    statement = Statement("SELECT damerau_levenshtein(e.plan, 'pro') AS d FROM events AS e", {})
    with pytest.raises(
        QueryError, match=r"damerau_levenshtein\(\) cannot be said in (Spark|ClickHouse)'s SQL"
    ):
        translated(statement, engine)


@pytest.mark.parametrize("engine", DIALECTS)
def test_a_table_that_is_not_known_is_an_error(engine: str) -> None:
    with pytest.raises(QueryError, match="There is no table 'others' here"):
        translated(Statement("SELECT count(*) FROM others AS o", {}), engine)


def test_texts_are_bound_where_the_engine_binds_them() -> None:
    hostile = "it's \\ ${spark.app.name} \" :c"
    statement = Statement("SELECT count(*) FROM events AS e WHERE e.plan = $plan", {"plan": hostile})
    bound, written = translated(statement, "spark"), translated(statement, "clickhouse")
    assert bound.params == {"plan": hostile}
    assert ":plan" in bound.text
    assert written.params == {}
    (same,) = sqlglot.parse_one(written.text, read="clickhouse").find_all(exp.Where)
    assert same.this.expression.name == hostile


@pytest.mark.parametrize(
    ("engine", "table"), [("spark", "`shop`.`events`"), ("clickhouse", '"shop"."events"')]
)
def test_tables_have_the_engines_names(engine: str, table: str) -> None:
    assert table in translated(Statement("SELECT count(*) FROM events AS e", {}), engine).text
