"""Tests of differences agree with statsmodels, published examples, and simulations of known truth."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import NormalIndPower
from statsmodels.stats.proportion import test_proportions_2indep as proportions_test
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from mixpanel_nb.results.inference import (
    Difference,
    Moments,
    Sample,
    adjustment,
    corrected,
    sample,
    split_mismatch,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    Numbers = np.ndarray[Any, Any]


def of_numbers(values: Numbers, **more: Numbers) -> Moments:
    """The moments that a statement would give."""
    found = Moments(len(values), float(values.mean()), variance=float(values.var(ddof=1)))
    if "over" in more:
        over = more["over"]
        return Moments(
            len(values),
            float(values.mean()),
            float(over.mean()),
            variance=float(values.var(ddof=1)),
            over_variance=float(over.var(ddof=1)),
            over_covariance=float(np.cov(values, over)[0, 1]),
        )
    if "before" in more:
        before = more["before"]
        return Moments(
            len(values),
            float(values.mean()),
            before=float(before.mean()),
            variance=float(values.var(ddof=1)),
            before_variance=float(before.var(ddof=1)),
            before_covariance=float(np.cov(values, before)[0, 1]),
        )
    return found


def known(found: Sample | None) -> Sample:
    assert found is not None
    return found


def between(samples: Iterable[Sample], *, sequential: bool = False) -> Difference:
    one, two = samples
    return Difference(one, two, sequential=sequential)


def conversions(users: int, converted: int) -> Sample:
    share = converted / users
    return known(sample("conversion", Moments(users, share, variance=share * (1 - share))))


def test_the_example_of_mixpanels_page_on_experiments() -> None:
    """Docs/experiments, "E-commerce Checkout Experiment": 5 and 6 of 10 users converted."""
    difference = Difference(conversions(10, 6), conversions(10, 5))
    assert round(difference.error, 3) == 0.221
    assert round(difference.value / difference.error, 2) == 0.45
    assert round(difference.p_value or 0, 2) == 0.65


@pytest.mark.parametrize(("one", "two"), [((40, 100), (30, 120)), ((5, 1_000), (15, 990)), ((1, 9), (8, 9))])
def test_conversions_agree_with_statsmodels(one: tuple[int, int], two: tuple[int, int]) -> None:
    difference = Difference(conversions(one[1], one[0]), conversions(two[1], two[0]))
    theirs = proportions_test(*one, *two, compare="diff", method="wald")
    assert difference.p_value == pytest.approx(theirs.pvalue)
    assert difference.value == pytest.approx(theirs.diff)


@pytest.mark.parametrize("sizes", [(3, 4), (30, 200), (4_000, 900)])
def test_means_agree_with_statsmodels(sizes: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    one, two = random.gamma(2, 3, sizes[0]), random.gamma(1, 8, sizes[1])
    difference = Difference(
        known(sample("mean", of_numbers(one))), known(sample("mean", of_numbers(two))), confidence=0.9
    )
    theirs = CompareMeans(DescrStatsW(one), DescrStatsW(two))
    assert difference.p_value == pytest.approx(theirs.ttest_ind(usevar="unequal")[1])
    assert difference.interval == pytest.approx(theirs.tconfint_diff(alpha=0.1, usevar="unequal"))


@pytest.mark.parametrize(("method", "theirs"), [("holm", "holm"), ("bh", "fdr_bh"), ("bonferroni",) * 2])
def test_corrections_agree_with_statsmodels(method: str, theirs: str) -> None:
    p_values = [0.04, 0.001, 0.03, 0.9, 0.012, 0.012, 0.3]
    assert corrected(p_values, method) == pytest.approx(list(multipletests(p_values, method=theirs)[1]))
    assert corrected([None, *p_values], method)[1:] == corrected(p_values, method)
    assert corrected([0.2, None], "none") == [0.2, None]


def test_the_example_of_benjamini_and_hochberg() -> None:
    """Their table of 15 p-values (1995, section 4): four are rejected, and three by Bonferroni."""
    p_values = [
        *(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344),
        *(0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0),
    ]
    assert sum((p or 0) <= 0.05 for p in corrected(p_values, "bh")) == 4
    assert sum((p or 0) <= 0.05 for p in corrected(p_values, "bonferroni")) == 3


def test_power_agrees_with_statsmodels_and_the_detectable_lift_has_80_percent() -> None:
    one, two = Sample(4_000, 10.4, 25.0, "mean"), Sample(4_000, 10.0, 25.0, "mean")
    difference = Difference(one, two)
    theirs = NormalIndPower().power(0.04 * 10.0 / 5.0, 4_000, 0.05)
    assert difference.power(0.04) == pytest.approx(theirs, abs=1e-3)
    assert difference.power(difference.detectable or 0) == pytest.approx(0.8, abs=1e-6)


def test_a_split_agrees_with_scipy() -> None:
    users = {"A": 5_100, "B": 4_900, "C": 990}
    wanted = [10_990 * share / 2.2 for share in (1, 1, 0.2)]
    theirs = stats.chisquare(list(users.values()), wanted).pvalue
    assert split_mismatch(users, {"A": 1, "B": 1, "C": 0.2}) == pytest.approx(theirs)
    assert split_mismatch({"A": 10}, {}) is None
    assert (split_mismatch({"A": 6_000, "B": 4_000}, {}) or 0) < 1e-10
    assert split_mismatch({"A": 6_000, "B": 4_000}, {"A": 3, "B": 2}) == pytest.approx(1)


def test_a_lift_is_certain_exactly_where_its_difference_is() -> None:
    random = np.random.default_rng(2)
    for _ in range(300):
        one, two = random.exponential(3, 40), random.exponential(2, 60)
        difference = Difference(
            known(sample("mean", of_numbers(one))), known(sample("mean", of_numbers(two)))
        )
        low, _ = difference.interval
        lift_low, lift_high = difference.lift_interval
        assert low is not None
        assert lift_low is not None
        assert lift_high is not None
        assert lift_low < (difference.lift or 0) < lift_high
        assert (lift_low > 0) == (low > 0)
        assert (low > 0) == ((difference.p_value or 1) < 0.05 and difference.value > 0)


def test_nothing_is_said_where_nothing_is_known() -> None:
    nobody, same = Sample(5, 0.0, 0.0, "conversion"), Sample(5, 0.0, 0.0, "conversion")
    difference = Difference(nobody, same)
    assert (difference.p_value, difference.lift, difference.detectable) == (None, None, None)
    assert difference.interval == difference.lift_interval == (None, None)
    assert sample("mean", Moments(1, 3.0)) is None
    assert sample("ratio", Moments(9, 0.0, 0.0, variance=0.0, over_variance=0.0, over_covariance=0.0)) is None
    uncertain = Difference(Sample(5, 1.0, 9.0, "mean"), Sample(5, 0.5, 9.0, "mean"))
    assert uncertain.lift == 1.0
    assert uncertain.lift_interval == (None, None)


# Simulations: seeded, so that they are the same in each run

RUNS = 2_000
LIKELY = (0.93, 0.97)  # of intervals at 95 %


def orders(random: np.random.Generator, users: int, factor: float = 1.0) -> tuple[Numbers, Numbers]:
    """Orders of users, and what they paid: most have none, and those who pay more order more."""
    taste = random.gamma(2, 0.5, users)
    count = random.poisson(0.8 * taste)
    paid = np.array([factor * random.exponential(20 * t, c).sum() for t, c in zip(taste, count, strict=True)])
    return count.astype(float), paid


@pytest.mark.parametrize("kind", ["conversion", "mean", "ratio"])
def test_intervals_cover_the_true_lift(kind: str) -> None:
    random = np.random.default_rng(3)
    covered, found = 0, 0
    counts, sums = orders(random, 200_000)
    truth = 0.1
    for _ in range(RUNS):
        samples = []
        for users, lift in ((400, truth), (300, 0.0)):
            drawn = random.integers(0, len(counts), users)
            number, paid = counts[drawn], sums[drawn] * (1 + lift)
            if kind == "conversion":
                chance = 0.2 * (1 + lift)
                samples.append(
                    known(sample(kind, of_numbers(random.binomial(1, chance, users).astype(float))))
                )
            elif kind == "mean":
                samples.append(known(sample(kind, of_numbers(paid))))
            else:
                samples.append(known(sample(kind, of_numbers(paid, over=number))))
        low, high = between(samples).lift_interval
        if low is not None and high is not None:
            found += 1
            covered += low <= truth <= high
    assert found == RUNS
    assert LIKELY[0] <= covered / RUNS <= LIKELY[1]


def test_what_users_did_before_narrows_intervals_that_still_cover() -> None:
    random = np.random.default_rng(4)
    covered, widths, plain_widths, false = 0, 0.0, 0.0, 0
    for _ in range(RUNS):
        groups = []
        for lift in (1.0, 0.0):
            before = random.gamma(2, 5, 300)
            after = before * 0.8 + random.gamma(2, 2, 300) + lift
            groups.append(of_numbers(after, before=before))
        theta, mean = adjustment(groups)
        adjusted = between(known(sample("mean", each, theta, mean)) for each in groups)
        plain = between(known(sample("mean", each)) for each in groups)
        low, high = adjusted.interval
        assert low is not None
        assert high is not None
        covered += low <= 1.0 <= high
        widths += high - low
        plain_low, plain_high = plain.interval
        plain_widths += (plain_high or 0) - (plain_low or 0)
        false += abs(theta - 0.8) > 0.1
    assert LIKELY[0] <= covered / RUNS <= LIKELY[1]
    assert widths < 0.6 * plain_widths
    assert false < RUNS / 20


@pytest.mark.parametrize("kind", ["conversion", "mean", "ratio"])
def test_without_a_difference_few_tests_find_one(kind: str) -> None:
    random = np.random.default_rng(5)
    counts, sums = orders(random, 200_000)
    found = 0
    for _ in range(RUNS):
        samples = []
        for users in (500, 500):
            drawn = random.integers(0, len(counts), users)
            number, paid = counts[drawn], sums[drawn]
            values = {"conversion": (number > 0).astype(float), "mean": paid, "ratio": paid}[kind]
            moments = of_numbers(values, over=number) if kind == "ratio" else of_numbers(values)
            samples.append(known(sample(kind, moments)))
        found += (between(samples).p_value or 1) < 0.05
    assert found / RUNS <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / RUNS)


def test_of_several_tests_none_is_false_in_most_runs() -> None:
    random = np.random.default_rng(6)
    for method in ("holm", "bonferroni"):
        false = sum(
            any((p or 1) < 0.05 for p in corrected(list(random.uniform(size=8)), method)) for _ in range(RUNS)
        )
        assert false / RUNS <= 0.05 + 2 * math.sqrt(0.05 * 0.95 / RUNS)


def looks(random: np.random.Generator, lift: float, *, sequential: bool) -> bool:
    """Whether one of 40 looks at a growing test finds a difference."""
    one, two = random.exponential(1 + lift, 4_000), random.exponential(1, 4_000)
    for users in range(100, 4_001, 100):
        samples = (known(sample("mean", of_numbers(each[:users]))) for each in (one, two))
        if (between(samples, sequential=sequential).p_value or 1) < 0.05:
            return True
    return False


def test_looking_often_is_safe_with_sequential_figures_alone() -> None:
    random = np.random.default_rng(7)
    runs = 400
    naive = sum(looks(random, 0.0, sequential=False) for _ in range(runs)) / runs
    safe = sum(looks(random, 0.0, sequential=True) for _ in range(runs)) / runs
    seen = sum(looks(random, 0.2, sequential=True) for _ in range(100)) / 100
    assert naive > 0.15
    assert safe <= 0.05
    assert seen > 0.95


def test_sequential_p_values_are_those_of_sequential_intervals() -> None:
    one, two = Sample(3_000, 1.1, 2.0, "mean"), Sample(2_500, 1.0, 2.5, "mean")
    p = Difference(one, two, sequential=True).p_value
    assert p is not None
    assert p > (Difference(one, two).p_value or 1)
    low, high = Difference(one, two, sequential=True).interval
    assert low is not None
    assert high is not None
    assert high - low > 2 * 1.96 * Difference(one, two).error
