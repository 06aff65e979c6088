"""Confidence intervals and p-values in plain Python."""

from __future__ import annotations

from math import erfc, exp, lgamma, sqrt

_Z = 1.959963984540054  # of 95 %
_NEGLIGIBLE = 1e-18


def wilson(part: int, whole: int) -> tuple[float, float] | tuple[None, None]:
    """The Wilson interval (95 %) of a share; none where the whole is 0.

    https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval
    """
    if whole <= 0 or not 0 <= part <= whole:
        return None, None
    return _wilson(part / whole, whole)


def _wilson(share: float, whole: float) -> tuple[float, float]:
    square = _Z * _Z
    middle = share + square / (2 * whole)
    spread = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low = 0.0 if share == 0 else (middle - spread) / scale
    return low, 1.0 if share == 1 else (middle + spread) / scale


def shares_differ(
    share: float, whole: float, other: float, other_whole: float, *, correlation: float = 0.0
) -> tuple[float, float] | tuple[None, None]:
    """The interval (95 %) of the difference of two shares; none where a whole is 0.

    Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven
    methods", Statistics in Medicine 17, 1998, method 10: it joins the Wilson intervals of both. Of shares
    that are correlated: Zou and Donner, "Construction of confidence limits about effect measures: a general
    approach", Statistics in Medicine 27, 2008 (Newcombe's own method for pairs is such a one, too).

    Args:
        share: The first share, from 0 to 1.
        whole: Of how many it is; where these do not weigh the same, of how many it is worth.
        other: The share that is subtracted.
        other_whole: Of how many that is.
        correlation: Of both, from -1 to 1; 0 of independent ones.
    """
    if whole <= 0 or other_whole <= 0:
        return None, None
    share, other = (min(max(each, 0.0), 1.0) for each in (share, other))
    (low, high), (other_low, other_high) = _wilson(share, whole), _wilson(other, other_whole)
    return _joined(share, low, high, other, other_low, other_high, correlation)


def counts_differ(count: float, other: float) -> tuple[float, float]:
    """The interval (95 %) of the difference of two independent counts of a Poisson distribution.

    The score intervals of both, joined as Newcombe joins those of shares: Li, Tang, Poon and Tang,
    "Confidence Intervals for Difference Between Two Poisson Rates", Communications in Statistics - Simulation
    and Computation 40, 2011.
    """
    return _joined(count, *_score(count), other, *_score(other))


def counts_ratio(count: float, other: float) -> tuple[float, float] | tuple[None, None]:
    """The interval (95 %) of the ratio of two independent counts of a Poisson distribution.

    Given their sum, the first is binomial: the Wilson interval of its share, as a ratio (Przyborowski and
    Wilenski, "Homogeneity of results in testing samples from Poisson series", Biometrika 31, 1940). None
    where a count is 0.
    """
    if count <= 0 or other <= 0:
        return None, None
    low, high = _wilson(count / (count + other), count + other)
    return low / (1 - low), high / (1 - high)


def p_of_shares(
    share: float, whole: float, other: float, other_whole: float, *, correlation: float = 0.0
) -> float | None:
    """The two-sided p-value of two shares being the same: the z-test with the pooled share.

    Of shares that are correlated, since some of their users are the same: Derrick, Dobson-Mckittrick, Toher
    and White, "Test statistics for comparing two proportions with partially overlapping samples", Journal of
    Applied Quantitative Methods 10(3), 2015, z8. None where a whole, or all variance, is 0.
    """
    if whole <= 0 or other_whole <= 0:
        return None
    pooled = (share * whole + other * other_whole) / (whole + other_whole)
    errors = 1 / whole + 1 / other_whole - 2 * correlation / sqrt(whole * other_whole)
    return _two_sided(share - other, pooled * (1 - pooled) * errors)


def p_of_counts(count: float, other: float) -> float | None:
    """The two-sided p-value of two independent Poisson counts having the same mean: the score test.

    None where both are 0.
    """
    return _two_sided(count - other, count + other)


def _two_sided(difference: float, variance: float) -> float | None:
    return erfc(abs(difference) / sqrt(2 * variance)) if variance > _NEGLIGIBLE else None


def _score(count: float) -> tuple[float, float]:
    """The score interval of a Poisson mean (Rao)."""
    square = _Z * _Z
    middle, spread = count + square / 2, _Z * sqrt(count + square / 4)
    return max(middle - spread, 0.0), middle + spread


def _joined(
    one: float,
    low: float,
    high: float,
    other: float,
    other_low: float,
    other_high: float,
    correlation: float = 0.0,
) -> tuple[float, float]:
    """The interval of ``one - other`` from those of both, by the variances recovered from their limits."""
    difference = one - other
    below = _apart(one - low, other_high - other, correlation)
    above = _apart(high - one, other - other_low, correlation)
    return difference - below, difference + above


def _apart(one: float, other: float, correlation: float) -> float:
    """How far a difference can be, whose two parts can be so far."""
    return sqrt(max(one**2 + other**2 - 2 * correlation * one * other, 0.0))


def by_chance(found: int, drawn: int, successes: int, population: int) -> float:
    """The p-value of a group's difference from the whole, as Mixpanel computes it.

    ``1 - max(P(X < k), P(X >= k))`` where X, of a hypergeometric distribution, is the number of successes
    among ``n`` draws from ``N``, of which ``K`` are successes
    (https://docs.mixpanel.com/docs/reports/funnels/funnels-faq#how-does-mixpanel-calculate-statistical-significance).

    Args:
        found: k, at most ``drawn``.
        drawn: n.
        successes: K.
        population: N.
    """
    fewer = _fewer(found, drawn, successes, population)
    return min(max(min(fewer), 0.0), 1.0)


def fisher(found: int, drawn: int, successes: int, population: int) -> float:
    """The two-sided p-value of Fisher's exact test: twice the smaller tail, at most 1.

    Args:
        found: How many of the group are successes.
        drawn: The group.
        successes: How many of all are.
        population: All.
    """
    at_most = _fewer(found + 1, drawn, successes, population)[0]
    at_least = _fewer(found, drawn, successes, population)[1]
    return min(1.0, 2 * max(min(at_most, at_least), 0.0))


def phi(both: int, one: int, other: int, neither: int) -> float | None:
    """The phi coefficient of two properties of users, from -1 to 1; None where all or none have one of them.

    It is Pearson's correlation of the two as numbers 0 and 1
    (https://en.wikipedia.org/wiki/Phi_coefficient), which Mixpanel's Signal uses: "a single number between
    -1 and 1 that indicates how closely an event moves with your goal event"
    (https://docs.mixpanel.com/docs/reports/apps/signal#correlation).

    Args:
        both: Users who have both.
        one: Those who have only the one.
        other: Those who have only the other.
        neither: Those who have neither.
    """
    product = (both + one) * (both + other) * (neither + one) * (neither + other)
    return (both * neither - one * other) / sqrt(product) if product else None


def _fewer(found: int, drawn: int, successes: int, population: int) -> tuple[float, float]:
    """P(X < k) and P(X >= k); the smaller one is summed, the other is its complement."""
    least, most = max(0, drawn + successes - population), min(drawn, successes)
    if found <= least:
        return 0.0, 1.0
    if found > most:
        return 1.0, 0.0
    mode = (drawn + 1) * (successes + 1) // (population + 2)
    if found > mode:
        tail = _tail(found, drawn, successes, population, upwards=True)
        return 1 - tail, tail
    tail = _tail(found - 1, drawn, successes, population, upwards=False)
    return tail, 1 - tail


def _tail(k: int, n: int, successes: int, population: int, *, upwards: bool) -> float:
    """P(X >= k), or P(X <= k), summed in the direction of decreasing terms."""
    others = population - successes
    term = exp(_choose(successes, k) + _choose(others, n - k) - _choose(population, n))
    total = 0.0
    while term > total * _NEGLIGIBLE and term > 0:
        total += term
        if upwards:
            term *= (successes - k) * (n - k) / ((k + 1) * (others - n + k + 1))
            k += 1
        else:
            term *= k * (others - n + k) / ((successes - k + 1) * (n - k + 1))
            k -= 1
    return total


def _choose(n: int, k: int) -> float:
    """The logarithm of a binomial coefficient."""
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
