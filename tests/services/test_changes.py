"""Why a number moved: planted causes are found first, quiet data says little, the stories are told."""

from __future__ import annotations

import json
import math
import shlex
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from workspaces import with_sandbox

from mixpanel_nb import MixpanelDataError, Workspace
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries import Why
from mixpanel_nb.results.usual import expectations, shares, surprise
from mixpanel_nb.services.local import changes
from mixpanel_nb.services.local.ranges import Ranges
from mixpanel_nb.services.local.watching import Watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from mixpanel_nb.results import Finding, WhyResult

FIRST = date(2025, 1, 1)
DAYS = 57
RHYTHM = (1.0, 0.95, 0.9, 1.0, 1.1, 1.4, 1.3)
CITIES = [0.3, 0.2, 0.15, 0.1, 0.1, 0.08, 0.05, 0.02]
SYSTEMS = [0.45, 0.3, 0.25]
PLANS = [0.6, 0.4]
RUNS = 100


class Shop:
    """Simulated counts of 57 days: a weekly rhythm, growth, and users who do several things at once.

    Args:
        random: The source of chance.
        size: Users on a usual day.
        growth: By which each day is larger than the one before.
    """

    def __init__(self, random: np.random.Generator, size: float = 300, growth: float = 1.004) -> None:
        self.random = random
        self.dates = [FIRST + timedelta(days=number) for number in range(DAYS)]
        levels = [size * RHYTHM[day.weekday()] * growth**number for number, day in enumerate(self.dates)]
        users = random.poisson(levels * random.lognormal(0, 0.05, DAYS))
        chances = np.einsum("i,j,k->ijk", CITIES, SYSTEMS, PLANS)
        held = random.multinomial(users, chances.ravel())
        self.rows = (held + random.poisson(held)).reshape(DAYS, *chances.shape)

    def plant(self, place: int, value: int, factor: float, days: int = 1) -> None:
        """Change the events of a value in the last days."""
        part = np.moveaxis(self.rows[-days:], place + 1, 0)
        part[value] = np.round(part[value] * factor)

    def findings(self) -> tuple[changes.Whole, list[Finding]]:
        totals = self._over_time(self.rows.sum(axis=(1, 2, 3)))
        whole = changes.Whole(self.dates, totals, [True] * DAYS, "day")
        shifts = []
        for name in ("city", "os", "plan"):
            shifts += whole.shifts(name, self._values(name))
        return whole, changes.findings(whole, shifts, changes.Comparisons.of(shifts))

    def of_ranges(self, asked: int, before: int, apart: int) -> tuple[Ranges, list[Finding]]:
        """The last days against as many before, so many days apart."""
        totals, last = self._over_time(self.rows.sum(axis=(1, 2, 3))), self.dates[-1]
        first, until = self.dates[-asked], self.dates[-asked - apart - 1]
        baseline = (until - timedelta(days=before - 1), until)
        whole = Ranges(self.dates, totals, [True] * DAYS, (first, last), baseline)
        shifts = []
        for name in ("city", "os", "plan"):
            shifts += whole.shifts(name, self._values(name))
        return whole, changes.findings(whole, shifts, changes.Comparisons.of(shifts))

    def watched(self) -> Watched:
        """The cities as events, the systems and plans as properties of all of them."""
        totals = self._over_time(self.rows.sum(axis=(1, 2, 3)))
        whole = changes.Whole(self.dates, totals, [True] * DAYS, "day")
        events = {
            name: changes.Whole(self.dates, values, [True] * DAYS, "day")
            for name, values in self._values("city").items()
        }
        return Watched(whole, events, [whole.trace(name, self._values(name)) for name in ("os", "plan")])

    def _values(self, name: str) -> dict[str, dict[date, float]]:
        place = ("city", "os", "plan").index(name) + 1
        daily = self.rows.sum(axis=tuple(axis for axis in (1, 2, 3) if axis != place))
        return {f"{name}{value}": self._over_time(part) for value, part in enumerate(daily.T)}

    def _over_time(self, numbers: np.ndarray[Any, Any]) -> dict[date, float]:
        return dict(zip(self.dates, numbers.tolist(), strict=True))


@pytest.mark.parametrize(("place", "value", "factor"), [(1, 1, 0.3), (0, 2, 3.0)])
def test_a_planted_cause_is_found_first(place: int, value: int, factor: float) -> None:
    random = np.random.default_rng(11)
    name = ("city", "os", "plan")[place]
    found = 0
    for _ in range(RUNS):
        shop = Shop(random)
        shop.plant(place, value, factor)
        _, listed = shop.findings()
        found += bool(listed) and listed[0].name == f"{name} = {name}{value}"
    assert found >= 0.95 * RUNS


def test_quiet_days_say_little() -> None:
    random = np.random.default_rng(12)
    unusual = spoken = 0
    for _ in range(RUNS):
        whole, listed = Shop(random).findings()
        unusual += whole.is_unusual
        spoken += bool(listed)
    assert unusual <= 5
    assert spoken <= 5


LENGTHS = [(7, 7, 28), (7, 28, 0), (3, 28, 0), (14, 14, 7), (10, 12, 20), (1, 28, 0)]
"""The days of two ranges, and those between them."""


@pytest.mark.parametrize(("asked", "before", "apart"), LENGTHS)
def test_quiet_ranges_say_little(asked: int, before: int, apart: int) -> None:
    random = np.random.default_rng(15)
    below: Counter[float] = Counter()
    spoken = 0
    for _ in range(3 * RUNS):
        whole, listed = Shop(random, growth=1.0).of_ranges(asked, before, apart)
        assert whole.surprise is not None
        spoken += bool(listed)
        for level in (0.01, 0.05):
            below[level] += (whole.surprise.chance or 0) < level
    assert spoken <= 0.05 * 3 * RUNS
    assert below[0.01] <= 0.025 * 3 * RUNS
    assert below[0.05] <= 0.08 * 3 * RUNS


@pytest.mark.parametrize(("asked", "before", "apart"), LENGTHS[:3])
@pytest.mark.parametrize(("place", "value", "factor"), [(1, 1, 0.5), (0, 2, 2.0)])
def test_a_cause_planted_in_a_range_is_found_first(
    place: int, value: int, factor: float, asked: int, before: int, apart: int
) -> None:
    random = np.random.default_rng(16)
    name = ("city", "os", "plan")[place]
    found = 0
    for _ in range(RUNS):
        shop = Shop(random, growth=1.0)
        shop.plant(place, value, factor, days=asked)
        _, listed = shop.of_ranges(asked, before, apart)
        found += bool(listed) and listed[0].name == f"{name} = {name}{value}"
    assert found >= 0.95 * RUNS


NOISES: dict[str, Callable[[np.random.Generator], np.ndarray[Any, Any]]] = {
    "of counts only": lambda _: np.ones(DAYS),
    "of days, too": lambda random: random.lognormal(0, 0.04, DAYS),
    "of days that go far": lambda random: np.exp(0.04 * random.standard_t(4, DAYS)),
}
HELD = {
    "of counts only": (0.013, 0.056),
    "of days, too": (0.013, 0.056),
    "of days that go far": (0.02, 0.065),
}
"""The most of 2,000 quiet days that may have a chance below 1 and 5 %: 1.3 standard errors above."""


@pytest.mark.parametrize("size", [3, 20, 2_000])
@pytest.mark.parametrize("noise", list(NOISES))
def test_the_chance_of_a_quiet_day_is_what_it_says(size: int, noise: str) -> None:
    random = np.random.default_rng(13)
    below: Counter[float] = Counter()
    runs = 2_000
    rhythm = size * np.array([RHYTHM[day % 7] * 1.003**day for day in range(DAYS)])
    for _ in range(runs):
        values = random.poisson(rhythm * NOISES[noise](random)).astype(float).tolist()
        judged = surprise(values, expectations(values, "day"))
        assert judged is not None
        for level in (0.01, 0.05):
            below[level] += judged.chance is not None and judged.chance < level
    rare, unusual = HELD[noise]
    assert below[0.01] / runs <= rare
    assert below[0.05] / runs <= unusual


def asked(**fields: Any) -> Why:
    return Why.of(fields)


LAST_WEEK = range(DAYS - 6, DAYS + 1)


@pytest.mark.parametrize("size", [20, 300])
def test_of_20_runs_on_quiet_days_at_most_one_speaks(size: int) -> None:
    random = np.random.default_rng(15)
    runs = 2 * RUNS
    spoken = sum(bool(Shop(random, size).watched().anomalies(LAST_WEEK, asked)) for _ in range(runs))
    assert spoken <= 0.05 * runs


def test_a_planted_anomaly_is_listed_with_its_day() -> None:
    random = np.random.default_rng(16)
    found = 0
    for _ in range(RUNS):
        shop = Shop(random)
        shop.plant(1, 1, 0.2)
        listed = shop.watched().anomalies(LAST_WEEK, asked)
        found += any(each.name == "os = os1" and each.date == shop.dates[-1] for each in listed)
    assert found >= 0.95 * RUNS


def test_expectations_follow_the_rhythm_and_the_level() -> None:
    values = [100.0 * RHYTHM[day % 7] * 1.01**day for day in range(DAYS)]
    expected = expectations(values, "day")
    assert expected[:14] == [None] * 14
    for now, then in list(zip(values, expected, strict=True))[21:]:
        assert then is not None
        assert math.isclose(now, then, rel_tol=0.02)
    gap = [*values[:40], None, *values[41:]]
    assert expectations(gap, "day")[47] == pytest.approx(values[47], rel=0.05)
    assert expectations([5.0, 7.0, 6.0, 8.0], "week") == [None, None, None, 6.0]


def test_a_share_is_not_moved_by_one_unusual_day() -> None:
    parts, wholes = [30.0] * 20, [100.0] * 20
    parts[18] = 0.0
    assert shares(parts, wholes, "day")[19] == 0.3
    assert shares(parts[:5], wholes[:5], "day") == [None] * 5


def test_nothing_is_said_of_too_few_days() -> None:
    values = [10.0] * 10
    assert surprise(values, expectations(values, "day")) is None
    judged = surprise([5.0, 6.0, 7.0, 50.0], [None, None, 6.0, 6.0])
    assert judged is not None
    assert judged.chance is None


# The sandbox


@pytest.fixture(scope="module")
def ws(whole_sandbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = with_sandbox(tmp_path_factory.mktemp("why"), whole_sandbox)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MIXPANEL_NB_HOME", str(home))
        with Workspace.sandbox() as ws:
            ws.fetch_events(from_date="2025-01-01", to_date="2025-03-31")
            yield ws


def names(result: WhyResult) -> list[str]:
    return [each.name for each in result.findings]


def test_on_its_first_day_the_phones_carry_all_of_the_change(ws: Workspace) -> None:
    result = ws.why("*", "2025-02-18")
    assert result.is_unusual
    ios = result.findings[0]
    assert ios.name == "$os = iOS"
    assert ios.actual < 0.5 * ios.expected
    assert ios.share_of_change == pytest.approx(1, abs=0.15)
    opened = ws.why("App Open", "2025-02-18")
    assert "event = App Crash" in names(opened)
    assert any("crash" in each.description for each in opened.annotations)


def test_on_its_second_day_the_outage_of_the_phones_is_told(ws: Workspace) -> None:
    assert "$os = iOS" in names(ws.why("*", "2025-02-19"))


@pytest.mark.parametrize("metric", ["*", "Purchase", "unique(App Open)", "sum(Purchase, revenue)"])
def test_the_spring_sale_is_told(ws: Workspace, metric: str) -> None:
    result = ws.why(metric, "2025-03-11")
    assert result.is_unusual
    assert names(result)[0] == "utm_campaign = spring_sale"
    same = {each.name for each in result.findings if each.same_as == "utm_campaign = spring_sale"}
    assert same >= {"utm_source = newsletter", "utm_medium = email"}
    assert "Spring sale, announced in the newsletter." in "".join(result.remarks)


def test_the_begin_of_the_price_test_is_told(ws: Workspace) -> None:
    result = ws.why("Purchase", "2025-02-10")
    assert {"price_variant = A", "price_variant = B"} <= set(names(result))


@pytest.mark.parametrize(
    ("metric", "day"),
    [
        ("*", "2025-02-05"),
        ("*", "2025-03-28"),
        ("Purchase", "2025-02-05"),
        ("Purchase", "2025-02-26"),
        ("Purchase", "2025-03-20"),
        ("Purchase", "2025-03-28"),
    ],
)
def test_a_quiet_day_gives_nothing(ws: Workspace, metric: str, day: str) -> None:
    result = ws.why(metric, day)
    assert result.findings == ()
    assert result.headline.endswith("as usual")
    assert "no value or event moved" in "".join(result.remarks)


STORIES = {
    "2025-02-11": ("2025-02-10", "price_variant = B"),
    "2025-02-19": ("2025-02-18", "$os = iOS"),
    "2025-03-12": ("2025-03-11", "utm_campaign = spring_sale"),
}


ON_DAY = "CAST(event_time AS DATE) = $day AND distinct_id <> ''"


@pytest.mark.parametrize("last", list(STORIES))
def test_the_stories_are_anomalies_of_their_days(ws: Workspace, last: str) -> None:
    result = ws.anomalies(date=last)
    day, name = STORIES[last]
    (story,) = [each for each in result.anomalies if each.name == name and str(each.date) == day]
    assert {each.date for each in result.anomalies} <= {story.date, date.fromisoformat(last)}
    counted = ws.event_counts(
        None, where=f'properties["{story.prop}"] == "{story.value}"', during=f"{day}..{day}"
    )
    assert story.actual == counted.df["count"].tolist()[0]
    assert name in names(ws.why("*", story.why.date, properties=story.why.properties))
    assert story.command == f'mp why "*" {day} --property {shlex.quote(str(story.prop))} --table events'
    assert f"Type: {story.command}" in result.to_text()
    distinct = f'SELECT count(DISTINCT distinct_id) FROM events WHERE "{story.prop}" = $value AND {ON_DAY}'
    users = ws.sql_scalar(distinct, {"value": story.value, "day": story.date})
    assert len(result.users(date=day, prop=story.prop, value=story.value)) == users


def test_a_sale_is_one_anomaly_of_all_events(ws: Workspace) -> None:
    every, campaign = ws.anomalies(days=1, date="2025-03-11").anomalies
    assert (every.name, every.kind) == ("any event", "all")
    assert {"Purchase", "View Product"} <= set(every.also)
    assert "utm_source = newsletter" in campaign.also


@pytest.mark.parametrize(("last", "days"), [("2025-02-07", 7), ("2025-03-30", 14), (None, 7)])
def test_quiet_days_have_no_anomalies(ws: Workspace, last: str | None, days: int) -> None:
    result = ws.anomalies(date=last, days=days)
    assert result.anomalies == ()
    assert result.judged == days
    assert f"No anomalies from {result.from_date} to {result.to_date}:" in result.to_text()
    assert str(result.to_date) == (last or "2025-03-31")


def test_the_users_of_a_day_and_of_an_event(ws: Workspace) -> None:
    result = ws.anomalies(days=2, date="2025-02-19")
    crashed = f"SELECT count(DISTINCT distinct_id) FROM events WHERE event_name = 'App Crash' AND {ON_DAY}"
    assert len(result.users(date="2025-02-19", event="App Crash")) == ws.sql_scalar(
        crashed, {"day": date(2025, 2, 19)}
    )
    both = "SELECT count(DISTINCT distinct_id) FROM events WHERE distinct_id <> '' AND event_time >= $first"
    until = f"{both} AND event_time < $until"
    days = {"first": date(2025, 2, 18), "until": date(2025, 2, 20)}
    assert len(result.users()) == ws.sql_scalar(until, days)
    with pytest.raises(ParameterError, match="no bucket 2025-02-20"):
        result.users(date="2025-02-20")
    with pytest.raises(ParameterError, match="value and prop go together"):
        result.users(value="iOS")


def test_anomalies_of_too_few_days_and_of_wrong_names(ws: Workspace) -> None:
    assert "No day from 2025-01-04 to 2025-01-10 has enough" in ws.anomalies(date="2025-01-10").to_text()
    assert "Did you mean '$os'?" in ws.anomalies(properties="os", date="2025-03-11").to_text()
    with pytest.raises(ParameterError, match="days is 0"):
        ws.anomalies(days=0)
    with Workspace.memory(account="sandbox") as empty:
        empty.sql("CREATE TABLE events (event_name TEXT, event_time TIMESTAMP, distinct_id TEXT)")
        assert "There are no events" in empty.anomalies().to_text()


def test_the_numbers_are_those_of_the_reports(ws: Workspace) -> None:
    days = {"from_date": "2025-01-14", "to_date": "2025-03-11"}
    result = ws.why("unique(Purchase)", "2025-03-11")
    counted = ws.segmentation("Purchase", type="unique", **days).df["count"].tolist()
    assert list(result.actuals) == counted
    sale = next(each for each in result.findings if each.name == "utm_campaign = spring_sale")
    where = 'properties["utm_campaign"] == "spring_sale"'
    only = ws.segmentation("Purchase", type="unique", where=where, during="2025-03-11..2025-03-11")
    assert sale.actual == only.df["count"].tolist()[0]
    bought = result.users(prop="utm_campaign", value="spring_sale")
    assert len(bought) == sale.actual
    assert len(result.users()) == result.actual
    with pytest.raises(ParameterError, match="go together"):
        result.users(value="spring_sale")
    crashes = ws.why("App Open", "2025-02-18").findings[0]
    assert crashes.actual == ws.event_counts("App Crash", during="2025-02-18").df["count"].tolist()[0]


def test_two_ranges_have_the_means_of_their_days(ws: Workspace) -> None:
    days, before = "2025-02-18..2025-02-19", "2025-02-04..2025-02-05"
    result = ws.why("App Open", days, baseline=before, properties="$os")
    now, then = (ws.segmentation("App Open", during=each).df["count"].mean() for each in (days, before))
    assert (result.actual, result.expected) == (now, then)
    assert result.chance is None  # two days each
    assert "too few days" in result.to_text()
    assert result.to_dict()["baseline"] == ["2025-02-04", "2025-02-05"]
    longer = ws.why("App Open", days, where='properties["$os"] == "iOS"')
    assert longer.baseline == (date(2025, 1, 21), date(2025, 2, 17))
    assert longer.is_unusual
    counted = [
        ws.segmentation("App Open", during=each, where='properties["$os"] == "iOS"').df
        for each in (days, "2025-01-21..2025-02-17")
    ]
    weekdays = counted[1].groupby(counted[1]["date"].dt.day_of_week)["count"].mean()
    assert longer.expected == pytest.approx(weekdays[[1, 2]].mean())
    assert longer.actual == counted[0]["count"].mean()
    assert "per day 2025-02-18 to 2025-02-19" in longer.to_text()
    assert longer.question is not None
    assert ws.ask(longer.question.query).records() == longer.records()
    users = ws.segmentation("App Open", type="unique", unit="month", during=days).df["count"].sum()
    assert len(ws.why("App Open", ("2025-02-18", "2025-02-19")).users()) == users
    assert ws.why("unique(App Open)", days).actual == pytest.approx(
        ws.segmentation("App Open", type="unique", during=days).df["count"].mean()
    )


def test_a_result_is_explained_by_what_it_asked(ws: Workspace) -> None:
    plain = ws.why("unique(Purchase)", "2025-03-11", where='properties["$os"] == "iOS"')
    result = ws.segmentation("Purchase", type="unique", where='properties["$os"] == "iOS"', during="2025-03")
    assert ws.why(result, "2025-03-11").records() == plain.records()
    revenue = ws.segmentation_sum("Purchase", on="revenue", unit="week", during="2025-03")
    assert ws.why(revenue, "2025-03-10").metric == "sum(Purchase, revenue)"
    with pytest.raises(
        ParameterError, match=r"is not one number over time(?s:.)*differs between days says diff"
    ):
        ws.why(ws.funnel(steps=["App Open", "Purchase"]), "2025-03-11")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"metric": "median(Purchase, revenue)", "date": "2025-03-11"}, "is not explained"),
        ({"metric": "Purchase", "date": "2025-03-11", "unit": "week"}, "begins on 2025-03-10"),
        ({"metric": "Purchase", "date": "2025-03-11", "unit": "month"}, "begins on 2025-03-01"),
        ({"metric": "Purchase", "date": "nonsense"}, "date is 'nonsense'"),
        ({"metric": "Purchase", "date": "2025-02", "unit": "week"}, "ranges are compared day by day"),
        (
            {"metric": "Purchase", "date": "2025-02-10..2025-02-16", "baseline": "2025-02-16..2025-02-20"},
            "has days in common with 2025-02-10 to 2025-02-16",
        ),
        ({"metric": "Purchase", "date": "2025-02-16..2025-02-10"}, "is after"),
        ({"metric": "Purchase", "date": "2025-02-16", "baseline": "x"}, "baseline is 'x'"),
    ],
)
def test_what_cannot_be_explained_is_refused_in_a_line(
    ws: Workspace, asked: Mapping[str, Any], says: str
) -> None:
    with pytest.raises(ParameterError) as refused:
        ws.why(**asked)
    assert says in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


def test_days_without_enough_before_them_are_shown_without_a_judgement(ws: Workspace) -> None:
    result = ws.why("Purchase", "2025-01-05")
    assert (result.is_unusual, result.findings) == (None, ())
    assert "Too few days are before it" in "".join(result.remarks)
    missing = ws.why("Purchase", "2025-04-05")
    assert missing.actual is None
    assert "No Purchase from 2025-02-08 to 2025-04-05 of which the table holds all." in missing.to_text()
    unknown = ws.why("Purchse", "2025-03-11")
    assert unknown.findings == ()
    assert "Did you mean 'Purchase'?" in unknown.to_text()


def test_without_scipy_a_line_says_what_to_install(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "scipy", None)
    with pytest.raises(MixpanelDataError, match=r"pip install 'mixpanel-nb\[stats\]'"):
        ws.why("Purchase", "2025-03-11")


HOSTILE = ["segment", "date", "value", "events", 'a "b"', "it's", "size", "_counted", "e", "e.x", "tags"]


@pytest.mark.parametrize("typed", [True, False])
def test_properties_may_have_any_name_and_hold_lists(tmp_path: Path, *, typed: bool) -> None:
    random = np.random.default_rng(14)
    lines = []
    for number in range(DAYS):
        last = number == DAYS - 1
        for user in range(int(random.poisson(40)) + 60 * last):
            planted = last and user < 60
            held: dict[str, Any] = {
                name: "new" if planted else str(random.integers(0, 3)) for name in HOSTILE[:-1]
            }
            held["tags"] = ["new", "x"] if planted else ["x"]
            when = f"{FIRST + timedelta(days=number)} 12:00:00"
            lines.append({"event": "A", "time": when, "user": f"u{user}", **held})
    file = tmp_path / "events.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with Workspace.memory(account="sandbox") as ws:
        ws.load(file, event="event", time="time", user="user", columns=100 if typed else 0)
        for metric in ("A", "unique(A)"):
            found = ws.why(metric, FIRST + timedelta(days=DAYS - 1), limit=50)
            assert found.is_unusual
            told = {each.prop for each in found.findings if each.value == "new"}
            assert told == set(HOSTILE)
            assert all(each.actual == 60 for each in found.findings if each.value == "new")
