"""Intervals and tests of two groups, against statsmodels, a published example and simulations."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep, test_proportions_2indep
from statsmodels.stats.rates import confint_poisson_2indep, test_poisson_2indep

from mixpanel_nb.results import ComparedGroups, RetentionCohort
from mixpanel_nb.results.comparison import MAX_SHARED, compared
from mixpanel_nb.results.statistics import (
    counts_differ,
    counts_ratio,
    p_of_counts,
    p_of_shares,
    shares_differ,
)
from results import reports

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


def test_groups_that_share_more_users_have_no_intervals() -> None:
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
