"""Intervals and tests of two groups, against statsmodels, a published example and simulations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep
from statsmodels.stats.rates import confint_poisson_2indep, test_poisson_2indep

from mixpanel_nb.results import RetentionCohort
from mixpanel_nb.results.comparison import compared
from mixpanel_nb.results.groups import MAX_SHARED, ComparedGroups, Overlap
from mixpanel_nb.results.statistics import (
    counts_differ,
    counts_ratio,
    p_of_counts,
    p_of_shares,
    shares_differ,
)
from results import reports

if TYPE_CHECKING:
    from collections.abc import Iterator

proportions_test, poisson_test = test_proportions_2indep, test_poisson_2indep
del test_proportions_2indep, test_poisson_2indep  # no tests of this module

SHARES = [(56, 70, 48, 80), (9, 10, 3, 10), (6, 7, 2, 7), (5, 56, 0, 29), (0, 10, 0, 20), (10, 10, 0, 20)]
COUNTS = [(60, 30), (7, 12), (1, 1), (2_500, 2_400), (40, 3)]
RUNS = 3_000


@pytest.mark.parametrize(
    ("shares", "wanted"),
    [
        ((56, 70, 48, 80), (0.0524, 0.3339)),
        ((9, 10, 3, 10), (0.1705, 0.8090)),
        ((6, 7, 2, 7), (0.0582, 0.8062)),
        ((5, 56, 0, 29), (-0.0381, 0.1926)),
        ((0, 10, 0, 20), (-0.1611, 0.2775)),
        ((0, 10, 0, 10), (-0.2775, 0.2775)),
        ((10, 10, 0, 20), (0.6791, 1.0)),
        ((10, 10, 0, 10), (0.6075, 1.0)),
    ],
)
def test_the_examples_of_newcombe(shares: tuple[int, ...], wanted: tuple[float, float]) -> None:
    """Newcombe (1998), table II, contrasts (a) to (h), method 10."""
    one, of_one, two, of_two = shares
    assert shares_differ(one / of_one, of_one, two / of_two, of_two) == pytest.approx(wanted, abs=6e-5)


@pytest.mark.parametrize("shares", SHARES)
def test_shares_agree_with_statsmodels(shares: tuple[int, int, int, int]) -> None:
    one, of_one, two, of_two = shares
    theirs = confint_proportions_2indep(*shares, compare="diff", method="newcomb")
    assert shares_differ(one / of_one, of_one, two / of_two, of_two) == pytest.approx(theirs)
    if two:  # statsmodels divides by it
        chance = proportions_test(*shares, compare="diff", method="score", correction=False).pvalue
        assert p_of_shares(one / of_one, of_one, two / of_two, of_two) == pytest.approx(chance)


@pytest.mark.parametrize("counts", COUNTS)
def test_counts_agree_with_statsmodels(counts: tuple[int, int]) -> None:
    one, two = counts
    theirs = confint_poisson_2indep(one, 1, two, 1, compare="diff", method="mover", method_mover="score")
    assert counts_differ(one, two) == pytest.approx(theirs)
    ratio = confint_poisson_2indep(one, 1, two, 1, compare="ratio", method="score")
    assert counts_ratio(one, two) == pytest.approx(ratio, rel=1e-6)
    assert p_of_counts(one, two) == pytest.approx(poisson_test(one, 1, two, 1, method="score").pvalue)


def test_nothing_has_no_interval() -> None:
    assert shares_differ(0.0, 0, 0.5, 10) == (None, None)
    assert p_of_shares(0.0, 0, 0.5, 10) is p_of_shares(1.0, 5, 1.0, 10) is p_of_counts(0, 0) is None
    assert counts_ratio(0, 5) == counts_ratio(5, 0) == (None, None)


def coverage(truth: float, intervals: Any) -> float:
    found = [low <= truth <= high for low, high in intervals]
    return float(np.mean(found))


@pytest.mark.parametrize(
    ("one", "two"), [((0.3, 400), (0.25, 5_000)), ((0.05, 300), (0.08, 900)), ((0.5, 60), (0.4, 90))]
)
def test_intervals_of_shares_cover_the_truth(one: tuple[float, int], two: tuple[float, int]) -> None:
    random = np.random.default_rng(11)
    (p, n), (q, k) = one, two
    drawn = zip(random.binomial(n, p, RUNS), random.binomial(k, q, RUNS), strict=True)
    assert 0.93 <= coverage(p - q, (shares_differ(a / n, n, b / k, k) for a, b in drawn)) <= 0.97


@pytest.mark.parametrize(("one", "two"), [(40, 30), (400, 2_000), (12, 12)])
def test_intervals_of_counts_cover_the_truth(one: int, two: int) -> None:
    random = np.random.default_rng(12)
    drawn = list(zip(random.poisson(one, RUNS), random.poisson(two, RUNS), strict=True))
    assert 0.93 <= coverage(one - two, (counts_differ(a, b) for a, b in drawn)) <= 0.97
    assert 0.93 <= coverage(one / two, (counts_ratio(a, b) for a, b in drawn if a and b)) <= 0.97


def test_a_test_of_nothing_finds_something_in_one_of_twenty() -> None:
    random = np.random.default_rng(13)
    pairs = zip(random.binomial(300, 0.2, RUNS), random.binomial(800, 0.2, RUNS), strict=True)
    chances = [p_of_shares(a / 300, 300, b / 800, 800) or 1 for a, b in pairs]
    assert 0.035 <= sum(p < 0.05 for p in chances) / RUNS <= 0.065


def retention_of(random: Any, sizes: list[int], rate: float) -> Any:
    cohorts = [
        RetentionCohort(
            reports.day(place), size, (size, int(random.binomial(size, rate))), complete=(True,) * 2
        )
        for place, size in enumerate(sizes)
    ]
    return reports.retention(*cohorts, interval_count=1)


def test_intervals_of_averages_of_cohorts_cover_the_truth() -> None:
    """Mixpanel's average weighs the cohorts of many users more than these users' number."""
    random = np.random.default_rng(14)
    one, two = [5, 80, 30, 12, 140], [60, 500, 20, 200, 90]
    intervals = []
    for _ in range(600):
        comparison = compared(
            retention_of(random, one, 0.3), retention_of(random, two, 0.22), diff=ComparedGroups(("a", "b"))
        )
        total = next(each for each in comparison.totals if each.names == (1,))
        intervals.append((total.low, total.high))
    assert 0.93 <= coverage(0.08, intervals) <= 0.97


def test_as_many_users_in_both_as_are_let_pass_hardly_change_the_coverage() -> None:
    random = np.random.default_rng(15)
    p, n = 0.3, 1_000
    both = int(MAX_SHARED * n)
    intervals = []
    for _ in range(RUNS):
        shared = random.binomial(both, p)  # who is in both has the same outcome in both
        one, two = (shared + random.binomial(n - both, p) for _ in range(2))
        intervals.append(shares_differ(one / n, n, two / n, n))
    assert 0.935 <= coverage(0.0, intervals) <= 0.97


class Overlapping:
    """Runs of two groups that have users in common, whose outcomes in both go together to some degree.

    Args:
        one: The probability in the first group, and its users.
        two: Those of the second.
        both: How many of these are in both.
        same: The part of them whose outcomes come from the same chance.
    """

    def __init__(self, one: tuple[float, int], two: tuple[float, int], both: int, same: float) -> None:
        random = np.random.default_rng(16)
        (p, self.n), (q, self.k) = one, two
        chance = random.random((RUNS, both))
        other = np.where(random.random((RUNS, both)) < same, chance, random.random((RUNS, both)))
        first, second = chance < p, other < q
        self.both = both
        self.in_first, self.in_second = first.sum(axis=1), second.sum(axis=1)
        self.in_each = (first & second).sum(axis=1)
        self.one = self.in_first + random.binomial(self.n - both, p, RUNS)
        self.two = self.in_second + random.binomial(self.k - both, q, RUNS)

    def runs(self) -> Iterator[tuple[tuple[float, int, float, int], float]]:
        """The shares of each run, and their correlation."""
        counted = zip(self.one, self.two, self.in_each, self.in_first, self.in_second, strict=True)
        for a, b, each, first, second in counted:
            shares = (a / self.n, self.n, b / self.k, self.k)
            yield shares, Overlap(each, self.both, first, second).correlation(*shares)


@pytest.mark.parametrize(
    ("one", "two", "both", "same"),
    [
        ((0.3, 400), (0.25, 900), 300, 0.7),
        ((0.3, 400), (0.25, 900), 300, 0.0),
        ((0.5, 200), (0.4, 200), 200, 0.9),  # pairs
        ((0.06, 800), (0.08, 1_000), 500, 0.5),
    ],
)
def test_intervals_of_groups_with_users_in_common_cover_the_truth(
    one: tuple[float, int], two: tuple[float, int], both: int, same: float
) -> None:
    runs = Overlapping(one, two, both, same).runs()
    intervals = (shares_differ(*shares, correlation=together) for shares, together in runs)
    assert 0.93 <= coverage(one[0] - two[0], intervals) <= 0.97


def test_a_test_of_groups_with_users_in_common_finds_nothing_in_19_of_20() -> None:
    runs = Overlapping((0.2, 300), (0.2, 800), 250, 0.6).runs()
    chances = [p_of_shares(*shares, correlation=together) or 1 for shares, together in runs]
    assert 0.035 <= sum(p < 0.05 for p in chances) / RUNS <= 0.065


def test_the_same_users_are_pairs() -> None:
    """The variance of McNemar: of 100 users 40 reached it in both, 20 and 10 in one alone."""
    shares = (0.6, 100, 0.5, 100)
    together = Overlap(40, 100, 60, 50).correlation(*shares)
    variance = 0.24 / 100 + 0.25 / 100 - 2 * together * (0.24 * 0.25) ** 0.5 / 100
    assert variance == pytest.approx((20 + 10 - (20 - 10) ** 2 / 100) / 100**2)


def test_groups_that_share_more_users_have_no_intervals_where_these_are_not_known() -> None:
    one, two = reports.funnel(reports.path(100, 40)), reports.funnel(reports.path(90, 20))
    for in_both, told in ((None, True), (0, True), (4, True), (5, False), (90, False)):
        users = None if in_both is None else (100, 90)
        comparison = compared(one, two, diff=ComparedGroups(("a", "b"), users=users, in_both=in_both))
        (drawn,) = (total for total in comparison.totals if total.is_drawn)
        assert (drawn.low is not None) is (drawn.p_value is not None) is told
        assert (drawn.difference, drawn.before, drawn.after) == (0.4 - 20 / 90, 20 / 90, 0.4)
        text = " ".join(comparison.to_text().split())
        assert ("in both groups" in text) is (in_both != 0), text
        assert ("no interval or test" in text) is not told
