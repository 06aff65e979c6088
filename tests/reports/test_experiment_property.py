"""Experiments agree with loops over users, and with statsmodels' tests of what the loops find."""

from __future__ import annotations

import math
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from mixpanel_nb import MixpanelDataError, Workspace
from mixpanel_nb.errors import ParameterError

from .strategies import examples
from .support import Package, Project, did

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb.results import ExperimentResult

    Lines = Sequence[Mapping[str, Any]]

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 9)
HOUR = 3_600
BEGIN = int(datetime(2025, 3, 1, tzinfo=UTC).timestamp())
METRICS = ["unique(Buy)", "Buy", "sum(Buy, amount)", "average(Buy, amount)", 'View where properties["big"]']
FORMULAS = ["C / E", "B / B"]

HOURS = st.integers(0, 14 * 24) | st.sampled_from([2 * 24, 9 * 24, 2 * 24 - 1, 9 * 24 - 1])
EVENTS = st.tuples(
    st.sampled_from(["u1", "u2", "u3", "u4", "u5", "u6", "", None]),
    st.sampled_from(["Expose", "Expose", "Buy", "View"]),
    HOURS,
    st.sampled_from(["A", "A", "B", "B", "C", "undefined", None, 1, True]),
    st.sampled_from([1, 2.5, -4, 100, "7", None]),
    st.sampled_from(["free", "pro", ["free", "x"], [], None]),
)


@st.composite
def projects(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Events in which nobody does two things in the same hour."""
    found = draw(st.lists(EVENTS, min_size=1, max_size=40, unique_by=lambda each: (each[0], each[2])))
    lines = []
    for user, name, hour, variant, amount, plan in found:
        at = datetime.fromtimestamp(BEGIN + hour * HOUR, UTC)
        held = {"amount": amount, "big": hour % 2 == 0, "plan": plan}
        held |= {"variant": variant} if name == "Expose" else {}
        lines.append(did(user, name, f"{at:%Y-%m-%d %H:%M}", **held))
    return lines


QUESTIONS = st.fixed_dictionaries(
    {},
    optional={
        "window": st.sampled_from([1, 2, 5]),
        "window_unit": st.sampled_from(["day", "week"]),
        "cuped": st.sampled_from([1, 30]),
        "where": st.just('properties["big"]'),
        "on": st.just("plan"),
    },
)


class Naive:
    """An experiment by loops.

    Args:
        lines: The events.
        asked: The question.
    """

    def __init__(self, lines: Lines, asked: Mapping[str, Any]) -> None:
        self.asked = asked
        self.known = max((line["properties"]["time"] for line in lines), default=BEGIN)
        self.of_user: dict[str, list[Any]] = defaultdict(list)
        for line in sorted(lines, key=lambda line: line["properties"]["time"]):
            if line["properties"]["distinct_id"]:
                self.of_user[line["properties"]["distinct_id"]].append(line)
        self.undefined = self.switched = self.waiting = 0
        self.users: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
        for events in self.of_user.values():
            self._place(events)

    def _place(self, events: list[Any]) -> None:
        exposed = [
            line["properties"]
            for line in events
            if line["event"] == "Expose"
            and FIRST <= datetime.fromtimestamp(line["properties"]["time"], UTC).date() <= LAST
            and ("where" not in self.asked or line["properties"]["big"])
        ]
        named = [each for each in exposed if each["variant"] is not None]
        if not named:
            self.undefined += bool(exposed)
            return
        begin = named[0]["time"]
        end = datetime(2025, 3, 10, tzinfo=UTC).timestamp()
        if "window" in self.asked:
            days = {"day": 1, "week": 7}[self.asked.get("window_unit", "day")]
            end = begin + self.asked["window"] * days * 24 * HOUR
            last_day = datetime.fromtimestamp(self.known, UTC).date() + timedelta(days=1)
            if end > datetime(last_day.year, last_day.month, last_day.day, tzinfo=UTC).timestamp():
                self.waiting += 1
                return
        self.switched += len({text(each["variant"]) for each in named}) > 1
        numbers = self._numbers([line for line in events if begin <= line["properties"]["time"] < end])
        if "cuped" in self.asked:
            since = begin - self.asked["cuped"] * 24 * HOUR
            past = self._numbers([line for line in events if since <= line["properties"]["time"] < begin])
            numbers |= {f"{name} before": value for name, value in past.items()}
        for segment in ["$overall", *self._segments(named[0]["plan"])]:
            self.users[segment, text(named[0]["variant"])].append(numbers)

    def _segments(self, plan: Any) -> list[str]:
        if "on" not in self.asked:
            return []
        return ["undefined"] if plan in (None, []) else plan if isinstance(plan, list) else [plan]

    @staticmethod
    def _numbers(events: list[Any]) -> dict[str, float]:
        bought = [line["properties"]["amount"] for line in events if line["event"] == "Buy"]
        numbers = [amount for amount in bought if isinstance(amount, int | float)]
        seen = [line for line in events if line["event"] == "View" and line["properties"]["big"]]
        return {
            "unique(Buy)": float(bool(bought)),
            "Buy": float(len(bought)),
            "sum(Buy, amount)": float(sum(numbers)),
            "count": float(len(numbers)),
            METRICS[4]: float(len(seen)),
        }

    def value(self, segment: str, metric: str, variant: str) -> float | None:
        """The metric of a variant, without adjustment."""
        found = self.users[segment, variant]
        parts = {
            "average(Buy, amount)": ("sum(Buy, amount)", "count"),
            "C / E": ("sum(Buy, amount)", METRICS[4]),
            "B / B": ("Buy", "Buy"),
        }.get(metric)
        if parts is None:
            return fmean(each[metric] for each in found)
        over = sum(each[parts[1]] for each in found)
        return sum(each[parts[0]] for each in found) / over if over else None


def text(variant: Any) -> str:
    return str(variant).lower() if isinstance(variant, bool) else str(variant)


@examples(60)
@given(projects(), QUESTIONS)
def test_users_values_and_who_is_left_out(package: Package, lines: Lines, asked: dict[str, Any]) -> None:
    package(Project(lines))
    result = ask(package.workspace(), **asked)
    naive = Naive(lines, asked)
    assert (result.undefined, result.switched, result.waiting) == (
        naive.undefined,
        naive.switched,
        naive.waiting,
    )
    users = {(each.segment, each.variant): each.users for each in result.exposed}
    assert users == {key: len(found) for key, found in naive.users.items()}
    for each in result.effects:
        if "cuped" in asked and each.kind != "ratio":
            continue
        expected = naive.value(each.segment, each.metric, each.variant)
        assert (each.value is None) == (expected is None)
        assert each.value is None or math.isclose(each.value, expected or 0, rel_tol=1e-9, abs_tol=1e-9)
        if each.kind == "mean" and each.p_value is not None:
            assert each.p_value == pytest.approx(
                welch(naive, each.segment, each.metric, each.variant, result)
            )


def welch(naive: Naive, segment: str, metric: str, variant: str, result: ExperimentResult) -> float:
    one, two = (
        np.array([each[metric] for each in naive.users[segment, name]])
        for name in (variant, result.control or "")
    )
    return float(CompareMeans(DescrStatsW(one), DescrStatsW(two)).ttest_ind(usevar="unequal")[1])


def ask(ws: Workspace, **asked: Any) -> ExperimentResult:
    return ws.experiment(
        METRICS,
        formulas=FORMULAS,
        exposure="Expose",
        variant="variant",
        from_date=FIRST,
        to_date=LAST,
        table="events",
        **asked,
    )


@examples(15)
@given(projects(), QUESTIONS)
def test_the_users_of_a_variant(package: Package, lines: Lines, asked: dict[str, Any]) -> None:
    package(Project(lines))
    result = ask(package.workspace(), **asked)
    for each in result.exposed[:6]:
        segment = None if each.segment == "$overall" else each.segment
        found = result.users(variant=each.variant, segment=segment)
        assert len(found) == each.users
    if result.exposed:
        assert len(result.users()) == sum(result.variants.values())


def many(lift: float = 0.0, users: int = 400) -> Iterator[dict[str, Any]]:
    """Users who buy as they did before, and those of B more by a lift."""
    random = np.random.default_rng(8)
    for number in range(users):
        variant, taste = "AB"[number % 2], float(random.gamma(2, 10))
        past = round(taste + float(random.normal(0, 1)), 2)
        now = round((taste + float(random.normal(0, 1))) * (1 + (variant == "B") * lift), 2)
        yield did(f"u{number}", "Buy", "2025-03-02 10:00", amount=past)
        yield did(f"u{number}", "Expose", "2025-03-04 10:00", variant=variant, plan="free")
        yield did(f"u{number}", "Buy", "2025-03-05 10:00", amount=10_000 if number == 7 else now)


def test_what_users_did_before_and_caps_narrow_the_interval(package: Package) -> None:
    package(Project(list(many(0.1))))
    asked: dict[str, Any] = {
        "exposure": "Expose",
        "variant": "variant",
        "from_date": FIRST,
        "to_date": LAST,
        "table": "events",
    }
    ws = package.workspace()

    def width(**more: Any) -> float:
        (effect,) = [each for each in ws.experiment("sum(Buy, amount)", **asked, **more).effects if each.test]
        assert effect.low is not None
        assert effect.high is not None
        return effect.high - effect.low

    plain, capped, adjusted = width(), width(winsorize=1), width(winsorize=1, cuped=7)
    assert adjusted < 0.5 * capped < 0.5 * plain
    effect = ws.experiment("sum(Buy, amount)", **asked, winsorize=1, cuped=7, effect=10).effects[1]
    assert effect.lift == pytest.approx(0.1, abs=0.03)
    assert effect.before_p is not None
    assert effect.before_p > 0.01
    assert effect.power is not None
    assert effect.power > 0.99


@pytest.mark.parametrize(
    ("asked", "parameter", "says"),
    [
        ({"metrics": "median(Buy, amount)"}, "metrics", "does not test 'median(Buy, amount)'"),
        ({"metrics": "average(per user total(Buy))"}, "metrics", "does not test"),
        ({"metrics": "Buy", "formulas": "A + 1"}, "formulas", "no ratio of two of the metrics"),
        ({"metrics": "Buy", "formulas": "B / A"}, "formulas", "no ratio of two of the metrics"),
        (
            {"metrics": ["average(Buy, amount)", "Buy"], "formulas": "A / B"},
            "formulas",
            "ratio of an average",
        ),
        ({"metrics": "Buy", "control": "a"}, "control", "'a', and no user was exposed to it"),
        ({"metrics": "Buy", "split": "B"}, "split", "split is 'B'"),
        ({"metrics": "Buy", "split": "D=1"}, "split", "no user was exposed"),
        ({"metrics": "Buy", "winsorize": 50}, "winsorize", "winsorize is 50"),
        ({"metrics": "Buy", "variant": "user_number"}, "variant", "has 60 values"),
    ],
)
def test_what_cannot_be_tested_is_refused_in_a_line(
    package: Package, asked: dict[str, Any], parameter: str, says: str
) -> None:
    lines = [
        did(f"u{number}", "Expose", "2025-03-04 10:00", variant="AB"[number % 2], user_number=number)
        for number in range(60)
    ]
    package(Project(lines))
    with pytest.raises(ParameterError) as refused:
        package.workspace().experiment(
            **{"exposure": "Expose", "variant": "variant", "from_date": FIRST, "to_date": LAST, **asked},
            table="events",
        )
    assert says in str(refused.value)
    assert refused.value.parameter == parameter
    assert len(str(refused.value).splitlines()) == 1


def test_without_scipy_a_line_says_what_to_install(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    package(Project(list(many(users=20))))
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(MixpanelDataError, match=r"pip install 'mixpanel-nb\[stats\]'"):
        ask(package.workspace())
