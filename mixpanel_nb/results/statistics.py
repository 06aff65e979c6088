"""Confidence intervals and p-values in plain Python."""

from __future__ import annotations

from math import exp, lgamma, sqrt

_Z = 1.959963984540054  # of 95 %
_NEGLIGIBLE = 1e-18


def wilson(part: int, whole: int) -> tuple[float, float] | tuple[None, None]:
    """The Wilson interval (95 %) of a share; none where the whole is 0.

    https://en.wikipedia.org/wiki/Binomial_proportion_confidence_interval#Wilson_score_interval
    """
    if whole <= 0 or not 0 <= part <= whole:
        return None, None
    share, square = part / whole, _Z * _Z
    middle = share + square / (2 * whole)
    spread = _Z * sqrt(share * (1 - share) / whole + square / (4 * whole * whole))
    scale = 1 + square / whole
    low = 0.0 if part == 0 else (middle - spread) / scale
    return low, 1.0 if part == whole else (middle + spread) / scale


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
