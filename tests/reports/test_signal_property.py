"""What goes with a goal agrees with loops over users; planted causes are found first, chance is not named."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, date, datetime
from itertools import product
from statistics import StatisticsError, correlation
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries import Signal
from mixpanel_nb.services.local.signals import Behaviours

from .strategies import examples
from .support import Package, Project, did

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb import Behaviour, SignalResult

    Lines = Sequence[Mapping[str, Any]]
    Counts = tuple[int, int]

FIRST, LAST = date(2025, 3, 3), date(2025, 3, 16)
DAY = 86_400
BEGIN = int(datetime(2025, 3, 3, tzinfo=UTC).timestamp())
END = BEGIN + 14 * DAY
EVENTS = ["Start", "Search", "Search", "Share", "Goal"]
PLANS = [None, "free", "pro", 7, ["free", "x"], ["free", "free"], []]


@st.composite
def projects(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Users who do a few things over 25 days, two days before the first and beyond the last."""
    source = random.Random(draw(st.integers(0, 10_000)))
    often = draw(st.sampled_from([8, 14, 4]))
    lines = []
    for number in range(draw(st.sampled_from([120, 160, 8]))):
        user = [f"u{number}", f"u{number}", f"u{number}", "", None][source.randrange(5 if number < 9 else 3)]
        for _ in range(source.randrange(1, often)):
            second = source.choice([source.randrange(-2 * DAY, 23 * DAY), DAY * source.randrange(-2, 23)])
            at = datetime.fromtimestamp(BEGIN + second, UTC)
            held: dict[str, Any] = {"plan": source.choice(PLANS), "big": source.random() < 0.6}
            lines.append(did(user, source.choice(EVENTS), f"{at:%Y-%m-%d %H:%M:%S}", **held))
    return lines


OPTIONS: dict[str, list[Any]] = {
    "goal": ["Goal", "Share"],
    "start": ["Start", "Search", "Goal"],
    "where": ['properties["big"]'],
    "goal_where": ['properties["big"]'],
    "goal_times": [2],
    "after": [0, 2],
    "window": [8, 9, 12],
    "at_least": [1, 2],
    "within": [1, 4, 11],
    "before_goal": [True],
    "events": [["Search"], ["Goal", "Start"]],
    "properties": [["plan"]],
}


@st.composite
def questions(draw: st.DrawFn) -> dict[str, Any]:
    """Mostly about a goal, with up to three further options, so that there often is something to compare."""
    chosen = draw(st.lists(st.sampled_from(list(OPTIONS)), max_size=3, unique=True))
    asked = {name: draw(st.sampled_from(OPTIONS[name])) for name in chosen}
    return {"goal": "Goal", **asked} if draw(st.integers(0, 3)) else asked


def texts(plan: Any) -> list[str]:
    """The values of a property that an event is counted for."""
    if isinstance(plan, list):
        return sorted(set(plan)) or ["undefined"]
    return [] if plan is None else [str(plan)]


class Naive:
    """Behaviours by loops.

    Args:
        lines: The events.
        asked: The question.
    """

    def __init__(self, lines: Lines, asked: Mapping[str, Any]) -> None:
        self.asked = asked
        self.goal, self.start = asked.get("goal"), asked.get("start")
        self.after = asked.get("after", 0 if self.goal else 7)
        self.window = asked.get("window", 14)
        self.days = asked.get("within") or min(15, self.after or self.window)
        last = max((line["properties"]["time"] for line in lines), default=BEGIN)
        self.known = BEGIN + ((last - BEGIN) // DAY + 1) * DAY
        of_user: dict[str, list[Any]] = defaultdict(list)
        for line in sorted(lines, key=lambda line: line["properties"]["time"]):
            if line["properties"]["distinct_id"]:
                of_user[line["properties"]["distinct_id"]].append(line)
        self.waiting = 0
        self.reached: list[bool] = []
        self.done: list[dict[tuple[str, str | None], list[int]]] = []
        for events in of_user.values():
            self._place(events)

    def _place(self, events: list[Any]) -> None:
        begun = [
            line["properties"]["time"]
            for line in events
            if self.start in {None, line["event"]}
            and BEGIN <= line["properties"]["time"] < END
            and ("where" not in self.asked or line["properties"]["big"])
        ]
        if not begun:
            return
        begin = begun[0]
        if begin + max(self.window, self.days) * DAY > self.known:
            self.waiting += 1
            return
        met = [
            line["properties"]["time"]
            for line in events
            if self.goal in {None, line["event"]}
            and ("goal_where" not in self.asked or line["properties"]["big"])
            and self._is_in_time(line["properties"]["time"] - begin)
        ]
        times = self.asked.get("goal_times", 1)
        end = met[times - 1] if len(met) >= times else None
        self.reached.append(end is not None)
        done: dict[tuple[str, str | None], list[int]] = defaultdict(list)
        for line in events:
            name, passed = line["event"], line["properties"]["time"] - begin
            wanted = name in self.asked["events"] if "events" in self.asked else name != self.goal
            is_late = self.asked.get("before_goal") and end is not None and passed >= end - begin
            if wanted and 0 <= passed < self.days * DAY and not is_late:
                done[name, None].append(int(passed // DAY))
                for value in texts(line["properties"]["plan"]) if "properties" in self.asked else []:
                    done[name, value].append(int(passed // DAY))
        self.done.append(done)

    def _is_in_time(self, passed: float) -> bool:
        is_start = passed == 0 and self.after == 0 and (self.start is None or self.goal in {None, self.start})
        return self.after * DAY <= passed < self.window * DAY and not is_start

    def did(self, behaviour: tuple[str, str | None], times: int, days: int) -> list[bool]:
        """For each user whether it was done so often within so many days."""
        return [sum(day < days for day in done.get(behaviour, [])) >= times for done in self.done]

    def grid(self, behaviour: tuple[str, str | None]) -> dict[tuple[int, int], list[bool]]:
        """Who did it, for each number of times and days with which it can be compared."""
        wanted = [self.asked["at_least"]] if "at_least" in self.asked else range(1, 11)
        within = [self.days] if "within" in self.asked else range(1, self.days + 1)
        found = {(times, days): self.did(behaviour, times, days) for times, days in product(wanted, within)}
        return {place: who for place, who in found.items() if self._is_comparable(who)}

    def _is_comparable(self, who: list[bool]) -> bool:
        users = len(who)
        groups = product((sum(who), users - sum(who)), (sum(self.reached), users - sum(self.reached)))
        return users > 0 and all(one * other / users >= 5 for one, other in groups)

    def grids(self) -> dict[tuple[str, str | None], dict[tuple[int, int], list[bool]]]:
        """All behaviours that can be compared."""
        named = {
            behaviour
            for behaviour in {each for done in self.done for each in done}
            if behaviour[1] is None or self._is_told_apart(behaviour)
        }
        return {behaviour: grid for behaviour in named if (grid := self.grid(behaviour))}

    def _is_told_apart(self, behaviour: tuple[str, str | None]) -> bool:
        """Whether enough users did an event with a value, and not all of these events have it."""
        every = (behaviour[0], None)
        is_all = all(done.get(behaviour) == done.get(every) for done in self.done)
        return not is_all and sum(bool(done.get(behaviour)) for done in self.done) >= 5

    def strength(self, who: list[bool]) -> float:
        try:
            return correlation([*map(float, who)], [*map(float, self.reached)])
        except StatisticsError:
            return 0.0


@examples(90)
@given(projects(), questions())
def test_users_correlations_and_chances(package: Package, lines: Lines, asked: dict[str, Any]) -> None:
    package(Project(lines))
    result, naive = ask(package, **asked), Naive(lines, asked)
    assert (result.total, result.reached, result.waiting) == (
        len(naive.reached),
        sum(naive.reached),
        naive.waiting,
    )
    grids = naive.grids()
    assert {(each.did.event, each.did.value) for each in result.behaviours} == set(grids)
    distinct = {
        behaviour: {(sum(who), sum(map(min, who, naive.reached))) for who in grid.values()}
        for behaviour, grid in grids.items()
    }
    assert result.comparisons == sum(map(len, distinct.values()))
    for each in result.behaviours:
        grid = grids[each.did.event, each.did.value]
        who = grid[each.did.times, each.did.days]
        assert each.phi == pytest.approx(naive.strength(who), abs=1e-9)
        assert abs(each.phi) == pytest.approx(max(abs(naive.strength(one)) for one in grid.values()))
        assert_shares(each, who, naive.reached)
        assert {(one.times, one.days): one.users for one in each.grid} == {
            place: sum(who) for place, who in grid.items()
        }
        assert [one.phi for one in each.grid] == pytest.approx(
            [naive.strength(grid[one.times, one.days]) for one in each.grid], abs=1e-9
        )
        drawn = hypergeom(result.total, result.reached, each.users)
        tail = min(drawn.cdf(each.true_positives), drawn.sf(each.true_positives - 1))
        assert each.chance == pytest.approx(min(1.0, min(1.0, 2 * tail) * result.comparisons), rel=1e-6)
    assert len(result.grid_df) == sum(map(len, grids.values()))
    strengths = [abs(each.phi) for each in result.behaviours]
    assert strengths == sorted(strengths, reverse=True)


def assert_shares(each: Behaviour, who: list[bool], reached: list[bool]) -> None:
    pairs = list(zip(who, reached, strict=True))
    assert (each.true_positives, each.false_positives) == (
        pairs.count((True, True)),
        pairs.count((True, False)),
    )
    assert (each.false_negatives, each.true_negatives) == (
        pairs.count((False, True)),
        pairs.count((False, False)),
    )
    assert each.precision == pytest.approx(each.true_positives / sum(who))
    assert each.recall == pytest.approx(each.true_positives / sum(reached))
    assert each.false_omission_rate == pytest.approx(each.false_negatives / who.count(False))
    assert each.fall_out == pytest.approx(each.false_positives / reached.count(False))


def ask(package: Package, **asked: Any) -> SignalResult:
    query = {"from_date": FIRST, "to_date": LAST, "limit": 100, **asked}
    return package.workspace().signal(query.pop("goal", None), **query, table="events")


@examples(15)
@given(projects(), questions())
def test_the_users_of_a_behaviour(package: Package, lines: Lines, asked: dict[str, Any]) -> None:
    package(Project(lines))
    result = ask(package, **asked)
    for each in result.behaviours[:2]:
        named: dict[str, Any] = {"event": each.did.event, "prop": each.did.prop, "value": each.did.value}
        assert len(result.users(**named, reached=True)) == each.true_positives
        assert len(result.users(**named, missed=True)) == each.false_positives
        assert len(result.users(**named, without=True, reached=True)) == each.false_negatives
        assert len(result.users(**named, without=True)) == result.total - each.users
    assert len(result.users()) == result.total
    assert len(result.users(reached=True)) == result.reached


def test_the_example_by_hand(package: Package) -> None:
    """100 users begin; 40 share twice within three days, 30 of whom buy, as do 20 of the others."""
    package(Project(list(_by_hand())))
    result = ask(package, goal="Goal", start="Start", window=6)
    (each, *_) = result.behaviours
    assert (result.total, result.reached, each.did.times, each.did.days) == (100, 50, 2, 3)
    assert each.phi == pytest.approx(0.408248, abs=1e-6)
    figures = (each.precision, each.recall, each.false_omission_rate, each.fall_out)
    assert figures == pytest.approx((0.75, 0.6, 1 / 3, 0.2))
    assert each.is_certain
    assert "This is correlation" in result.to_text()
    assert "Share: phi by times and days, best 2+ in 3 days" in result.to_text()
    assert str(each.chance)[:6] in result.df["chance"].astype(str).tolist()[0]


def _by_hand() -> Iterator[dict[str, Any]]:
    for number in range(100):
        user, does = f"u{number}", number < 40
        yield did(user, "Start", "2025-03-04 10:00")
        yield did(user, "Share", "2025-03-04 12:00")
        if does:
            yield did(user, "Share", "2025-03-07 09:00")
        if number < 30 or 40 <= number < 60:
            yield did(user, "Goal", "2025-03-08 10:00")
    yield did("late", "Other", "2025-03-16 10:00")


class Store:
    """Simulated users who do ten things, each at its own pace, and reach the goal with some probability.

    Args:
        source: The source of chance.
        users: How many there are.
    """

    def __init__(self, source: np.random.Generator, users: int = 300) -> None:
        self.done = [
            [np.sort(source.integers(0, 14, count)) for count in source.poisson(rate, users)]
            for rate in np.linspace(0.3, 4, 10)
        ]
        self.chance = np.full(users, 0.3)
        self.source = source

    def plant(self, event: int, times: int, days: int) -> None:
        """Let those who did something so often, so soon, reach the goal twice as often."""
        self.chance[[(days_of < days).sum() >= times for days_of in self.done[event]]] = 0.6

    def found(self) -> list[Behaviour]:
        reached = self.source.random(len(self.chance)) < self.chance
        counted: dict[tuple[str, int, int], list[int]] = defaultdict(lambda: [0, 0])
        for event, of_users in enumerate(self.done):
            for days_of, hit in zip(of_users, reached, strict=True):
                for times, day in enumerate(days_of[:10], 1):
                    cell = counted[f"event {event}", times, int(day)]
                    cell[0] += 1
                    cell[1] += bool(hit)
        whole = (0, len(reached), int(reached.sum()))
        rows = [(*whole, event, 0, "", times, day, *cell) for (event, times, day), cell in counted.items()]
        asked = {"goal": "Goal", "from_date": FIRST, "to_date": LAST}
        return [*Behaviours(Signal.of(asked), rows).first(len(rows))]


def test_planted_causes_are_found_first() -> None:
    source, first = np.random.default_rng(21), 0
    for event, times, days in [(3, 1, 4), (6, 2, 7), (8, 3, 10), (5, 1, 3), (9, 4, 12)] * 20:
        store = Store(source)
        store.plant(event, times, days)
        first += store.found()[0].did.event == f"event {event}"
    assert first >= 95


def test_where_nothing_goes_with_the_goal_at_most_one_run_in_20_says_so() -> None:
    source = np.random.default_rng(22)
    assert sum(Store(source).found()[0].is_certain for _ in range(100)) <= 5


@pytest.mark.parametrize(
    ("asked", "parameter", "says"),
    [
        ({"goal": "Goal", "window": 0}, "window", "window is 0"),
        ({"window": 7}, "window", "window is 7, and the goal counts from 7 days on"),
        ({"goal": "Goal", "after": 20}, "window", "the goal counts from 20 days on"),
        ({"goal": "Goal", "at_least": 0}, "at_least", "at_least is 0"),
        ({"goal": "Goal", "events": "$custom_event:1"}, "events", "takes events by their own names"),
        ({"goal": "Goal", "where": "properties["}, None, "ends too early"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_line(
    package: Package, asked: dict[str, Any], parameter: str | None, says: str
) -> None:
    package(Project(list(_by_hand())))
    with pytest.raises(Exception, match=says) as refused:
        ask(package, **asked)
    assert len(str(refused.value).splitlines()) == 1
    assert parameter is None or getattr(refused.value, "parameter", None) == parameter


def test_nothing_to_compare_is_said_in_words(package: Package) -> None:
    package(Project(list(_by_hand())))
    assert "There is no event 'Gaol'" in ask(package, goal="Gaol", window=6).to_text()
    assert "none reached the goal" in ask(package, goal="Gaol", window=6).to_text()
    assert "No users of Strat" in ask(package, goal="Goal", start="Strat", window=6).to_text()
    waiting = ask(package, goal="Goal", window=60)
    assert (waiting.total, waiting.waiting) == (0, 101)
    assert "101 users left out whose time is not over" in waiting.to_text()
    few = ask(package, goal="Goal", start="Start", window=6, events="Other")
    assert "No event was done by enough users of Start" in few.to_text()


def test_users_that_the_report_does_not_show_are_refused(package: Package) -> None:
    package(Project(list(_by_hand())))
    result = ask(package, goal="Goal", start="Start", window=6)
    for asked, says in (
        ({"event": "Shares"}, "Did you mean 'Share'"),
        ({"event": "Share", "prop": "plan", "value": "pro"}, "shows 'Share' otherwise: Share"),
        ({"prop": "plan", "value": "pro"}, "prop needs the event"),
        ({"without": True}, "without needs the event"),
        ({"reached": True, "missed": True}, "reached and missed do not go together"),
    ):
        with pytest.raises(ParameterError) as refused:
            result.users(**asked)
        assert says in f"{refused.value} {refused.value.hint}"


def test_a_value_that_all_events_have_is_not_told_twice(package: Package) -> None:
    lines = [{**line, "properties": {**line["properties"], "plan": "pro"}} for line in _by_hand()]
    package(Project(lines))
    result = ask(package, goal="Goal", start="Start", window=6, properties="plan")
    assert [(each.did.event, each.did.value) for each in result.behaviours] == [("Share", None)]


def test_days_beyond_the_table_are_not_over(package: Package) -> None:
    """The two weeks of one user end with the table, those of the other a minute later."""
    lines = [did("a", "Start", "2025-03-06 00:00"), did("b", "Start", "2025-03-06 00:01")]
    package(Project([*lines, did("c", "Other", "2025-03-19 23:00")]))
    result = ask(package, goal="Goal", start="Start", window=14)
    assert (result.total, result.waiting) == (1, 1)
