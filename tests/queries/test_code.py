"""A query as code: whoever runs the code asks the same query."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import pytest
from asking import query_of
from hypothesis import given

from mixpanel_nb.commands import parsing
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.notebook import line as lines
from mixpanel_nb.notebook.names import COMMANDS
from mixpanel_nb.notebook.notebook_session import NotebookSession
from mixpanel_nb.queries import Buckets, Formula, Funnel, Metric, Query, Segmentation
from mixpanel_nb.queries.groups import Groups

NAMES = st.text(min_size=1, max_size=12) | st.sampled_from(
    [
        "Sign Up",
        "It's",
        'a "b"',
        "$os",
        "{x}",
        '{"a": 1}',
        "-x",
        "--",
        "--verbose",
        "a\nb",
        "b\\",
        "Ready?",
        "é ☕ ש",
    ]
)
DAYS = {"from_date": st.just("2025-01-01"), "to_date": st.just("2025-01-31")}
UNIT = st.sampled_from(["hour", "day", "week", "month"])
TYPE = st.sampled_from(["general", "unique", "average"])
WHERE = st.just('properties["plan"] == "pro"') | NAMES


def are_groups(pair: list[str]) -> bool:
    try:
        Groups()(pair, "diff")
    except ParameterError:
        return False
    return True


GROUP = st.sampled_from(["plan=pro", 'plan="a b"', "@staff", 'properties["a"] > 5', "2025-02", "2025-Q1"])
GROUPS = st.lists(NAMES | GROUP, min_size=2, max_size=2).filter(are_groups)
STEPS = NAMES | st.tuples(NAMES, st.just('properties["a b"] > 5') | NAMES)
OPTIONAL = {"table": NAMES, "where": WHERE}

METRICS = st.one_of(
    st.builds(
        Metric, NAMES | st.none(), st.sampled_from(["total", "unique", "mau"]), label=st.none() | NAMES
    ),
    st.builds(Metric, NAMES, st.sampled_from(["sum", "p90", "p99.5"]), NAMES, st.none() | WHERE),
    st.builds(Metric, NAMES, st.just("median"), per_user=st.just("total")),
    st.builds(Metric, NAMES, st.just("max"), NAMES, WHERE, st.just("distinct"), NAMES),
).filter(lambda metric: metric.label is None or bool(metric.label.strip()))
FORMULAS = st.builds(
    Formula,
    st.sampled_from(["A * 100", "-A ^ 2 / (1 + A)"]),
    st.none() | NAMES,
    st.sampled_from([None, "%", "US dollars"]),
).filter(lambda formula: formula.label is None or bool(formula.label.strip()))
EDGES = st.lists(st.integers(-9, 9) | st.floats(-1e6, 1e6), unique=True, max_size=4).map(sorted)
BREAKDOWNS = st.builds(
    Buckets, NAMES | st.just('properties["a"] * (1 + 2)'), EDGES.map(tuple)
) | NAMES.filter(lambda name: not name.strip().startswith("buckets"))

REPORTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "segmentation": (
        {"event": NAMES, **DAYS},
        {"on": NAMES, "unit": UNIT, "type": TYPE, "limit": st.integers(1, 99), "diff": GROUPS, **OPTIONAL},
    ),
    "insights": (
        {"metrics": st.lists(METRICS, min_size=1, max_size=3), **DAYS},
        {
            "formulas": st.lists(FORMULAS, max_size=2),
            "on": st.lists(BREAKDOWNS, max_size=2),
            "unit": UNIT.filter(lambda unit: unit != "hour"),
            "compare": st.sampled_from(["previous", "year", ("2024-01-01", "2024-01-31")]),
            "limit": st.integers(1, 99),
            **OPTIONAL,
        },
    ),
    "active": (
        {**DAYS},
        {"event": NAMES, "on": st.lists(BREAKDOWNS, max_size=2), "unit": st.sampled_from(["week", "year"])},
    ),
    "segmentation_numeric": (
        {"event": NAMES, "on": NAMES, **DAYS},
        {"unit": UNIT, "type": TYPE, "buckets": st.integers(1, 50), **OPTIONAL},
    ),
    "segmentation_sum": ({"event": NAMES, "on": NAMES, **DAYS}, {"unit": UNIT, **OPTIONAL}),
    "segmentation_average": ({"event": NAMES, "on": NAMES, **DAYS}, {"unit": UNIT, **OPTIONAL}),
    "event_counts": (
        {"events": st.lists(NAMES, min_size=1, max_size=3) | st.none(), **DAYS},
        {"unit": UNIT, "type": TYPE, **OPTIONAL},
    ),
    "property_counts": (
        {"event": NAMES, "prop": NAMES, **DAYS},
        {"values": st.lists(NAMES, min_size=1, max_size=3), "unit": UNIT, "limit": st.integers(1, 99)},
    ),
    "top_events": ({}, {"type": TYPE, "limit": st.integers(1, 99), "table": NAMES}),
    "funnel": (
        {**DAYS},
        {
            "funnel_id": st.integers(1, 9_999),
            "steps": st.lists(STEPS, min_size=2, max_size=4),
            "window": st.integers(1, 30),
            "window_unit": st.sampled_from(["hour", "week"]),
            "on": NAMES,
            **OPTIONAL,
        },
    ),
    "retention": (
        {"born_event": NAMES, **DAYS},
        {
            "return_event": NAMES,
            "born_where": WHERE,
            "interval": st.integers(1, 5),
            "interval_count": st.integers(1, 30),
            "unit": st.sampled_from(["week", "month"]),
            "type": st.just("compounded"),
            "mode": st.sampled_from(["on_or_after", "on_or_before", "streak"]),
            "alignment": st.just("calendar"),
            "prop": NAMES,
            "on": NAMES | st.lists(NAMES, min_size=1, max_size=3),
            "table": NAMES,
        },
    ),
    "frequency": (
        {**DAYS},
        {"unit": st.just("week"), "addiction_unit": st.just("day"), "event": NAMES, **OPTIONAL},
    ),
    "flow": (
        {**DAYS, "start": STEPS},
        {
            "through": st.lists(STEPS, min_size=1, max_size=2),
            "forward": st.integers(0, 9),
            "count": st.sampled_from(["totals", "sessions"]),
            "window": st.integers(1, 300),
            "limit": st.integers(4, 50),
            "collapse_repeats": st.just(value=True),
            "hold": st.lists(NAMES, min_size=1, max_size=2, unique=True),
            "expand": st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=2, unique=True),
            "segments": st.integers(1, 9),
            **OPTIONAL,
        },
    ),
    "sessions": (
        {**DAYS},
        {
            "unit": st.just("week"),
            "event": NAMES,
            "timeout": st.integers(1, 1_440),
            "exclude": st.lists(NAMES, min_size=1, max_size=2, unique=True),
            **OPTIONAL,
        },
    ),
    "experiment": (
        {
            "metrics": st.lists(
                st.builds(Metric, NAMES, st.sampled_from(["total", "unique"])), min_size=2, max_size=3
            ),
            **DAYS,
        },
        {
            "exposure": NAMES,
            "variant": NAMES,
            "control": NAMES,
            "formulas": st.just([Formula("B / A")]),
            "on": NAMES,
            "window": st.integers(1, 99),
            "window_unit": st.just("week"),
            "cuped": st.integers(1, 99),
            "sequential": st.just(value=True),
            "correction": st.just("bh"),
            "effect": st.integers(1, 99),
            "split": st.lists(NAMES.map("{}=2".format), min_size=1, max_size=2, unique=True),
            **OPTIONAL,
        },
    ),
    "why": (
        {
            "metric": st.builds(Metric, NAMES, st.sampled_from(["total", "unique"])),
            "date": st.sampled_from(["2025-01-06", "2025-01-06..2025-01-12"]),
        },
        {
            "baseline": st.just("2025-01-01..2025-01-02"),
            "properties": st.lists(NAMES, min_size=1, max_size=2, unique=True),
            "limit": st.integers(1, 99),
            **OPTIONAL,
        },
    ),
    "anomalies": (
        {},
        {
            "days": st.integers(1, 31),
            "date": st.just("2025-01-06"),
            "properties": st.lists(NAMES, min_size=1, max_size=2, unique=True),
            "limit": st.integers(1, 99),
            **OPTIONAL,
        },
    ),
    "signal": (
        {**DAYS},
        {
            "goal": NAMES,
            "start": NAMES,
            "goal_where": WHERE,
            "goal_times": st.integers(1, 9),
            "after": st.integers(0, 9),
            "window": st.integers(10, 99),
            "at_least": st.integers(1, 9),
            "within": st.integers(1, 9),
            "before_goal": st.just(value=True),
            "events": st.lists(NAMES, min_size=1, max_size=2, unique=True),
            "properties": st.lists(NAMES, min_size=1, max_size=2, unique=True),
            "limit": st.integers(1, 99),
            **OPTIONAL,
        },
    ),
    "activity_feed": ({"distinct_ids": st.lists(NAMES, min_size=1, max_size=3), **DAYS}, {"table": NAMES}),
    "saved_report": ({"bookmark_id": st.integers(1, 9_999)}, {}),
}


class Recorder:
    """Stands for a workspace and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: Query[Any] | None = None

    def __getattr__(self, report: str) -> Any:
        def asked(*args: Any, live: bool = False, **given: Any) -> None:
            self.asked = query_of(report, *args, **given)
            assert live == self.asked.says_live

        return asked


class Session(NotebookSession):
    """A notebook whose workspace is a recorder."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._workspace: Any = recorder
        recorder.storage = type("Storage", (), {"on_wait": None})()  # type: ignore[attr-defined]  # a stand-in


def asked_by_magic(magic: str) -> Any:
    """What the line asks, read as the notebook reads it."""
    name, _, rest = magic.removeprefix("%").partition(" ")
    recorder = Recorder()
    words = lines.split(lines.fill_in(rest, {}))
    parsing.invoke(parsing.find(COMMANDS[name]), words, Session(recorder), shown_as=name)
    return recorder.asked


def asked_by_python(code: str) -> Any:
    """What the Python code asks."""
    recorder = Recorder()
    eval(code, {"ws": recorder})  # the code under test
    return recorder.asked


@st.composite
def queries(draw: st.DrawFn) -> Query[Any]:
    report = draw(st.sampled_from(sorted(REPORTS)))
    needed, optional = REPORTS[report]
    return query_of(report, **draw(st.fixed_dictionaries(needed, optional=optional)))


SPOKEN = {"event": "Sign Up", "from_date": "2025-01-01", "to_date": "2025-01-31"}


@given(queries())
def test_the_python_code_asks_the_same(query: Query[Any]) -> None:
    assert asked_by_python(query.python()) == query


@given(queries())
def test_the_magic_asks_the_same_or_there_is_none(query: Query[Any]) -> None:
    magic = query.magic()
    if magic is not None:
        assert len(magic.splitlines()) == 1
        assert asked_by_magic(magic) == query


@pytest.mark.parametrize(
    ("parameters", "magic"),
    [
        ({}, '%mp_segmentation "Sign Up" --from 2025-01-01 --to 2025-01-31 --live'),
        ({"table": "events"}, '%mp_segmentation "Sign Up" --from 2025-01-01 --to 2025-01-31 --table events'),
        ({"on": "$os"}, "%mp_segmentation \"Sign Up\" --from 2025-01-01 --to 2025-01-31 --on '$os' --live"),
        ({"event": "-1"}, "%mp_segmentation --from 2025-01-01 --to 2025-01-31 --live -- -1"),
        ({"event": "{x}"}, '%mp_segmentation "{{x}}" --from 2025-01-01 --to 2025-01-31 --live'),
        ({"event": ":}"}, '%mp_segmentation ":}" --from 2025-01-01 --to 2025-01-31 --live'),
        ({"event": "two\nlines"}, None),
    ],
)
def test_a_magic_reads_as_people_write_it(parameters: dict[str, Any], magic: str | None) -> None:
    assert Segmentation.of({**SPOKEN, **parameters}).magic() == magic


def test_long_python_is_a_line_for_each_argument() -> None:
    days = {"from_date": "2025-01-01", "to_date": "2025-01-31"}
    query = Funnel.of({"steps": ["A" * 40, "B" * 40], **days})
    assert query.python().splitlines() == [
        "ws.funnel(",
        f'    steps=["{"A" * 40}", "{"B" * 40}"],',
        '    from_date="2025-01-01",',
        '    to_date="2025-01-31",',
        "    live=True,",
        ")",
    ]
