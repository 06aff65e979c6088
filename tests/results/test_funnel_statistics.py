"""Significance and intervals: exact arithmetic, and what Mixpanel's documentation says of them."""

from __future__ import annotations

from fractions import Fraction
from math import comb, isclose
from statistics import correlation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mixpanel_nb.results.statistics import by_chance, fisher, phi, wilson

from .reports import funnel, path


@st.composite
def draws(draw: st.DrawFn) -> tuple[int, int, int, int]:
    """k, n, K and N: also what no draw can give."""
    population = draw(st.integers(1, 300))
    successes, drawn = draw(st.integers(0, population)), draw(st.integers(0, population))
    return draw(st.integers(0, drawn)), drawn, successes, population


@given(draws())
def test_p_is_one_minus_the_larger_of_two_probabilities(drawn: tuple[int, int, int, int]) -> None:
    """Docs/reports/funnels/funnels-faq: 1 - max(P(X < k), P(X >= k)), X of a hypergeometric distribution."""
    k, n, successes, population = drawn
    ways = sum(comb(successes, x) * comb(population - successes, n - x) for x in range(k))
    fewer = Fraction(ways, comb(population, n))
    assert isclose(by_chance(*drawn), 1 - max(fewer, 1 - fewer), rel_tol=1e-9, abs_tol=1e-15)


def test_nine_red_socks_of_ten() -> None:
    """The same section: 20 socks, 10 of them red, 10 drawn: at least 9 red ones come with 101 in 184,756."""
    assert isclose(by_chance(9, 10, 10, 20), 101 / 184_756)


def test_a_million_users_are_counted_exactly_enough() -> None:
    assert by_chance(50_000, 100_000, 500_000, 1_000_000) == pytest.approx(0.5, abs=0.01)
    assert by_chance(49_000, 100_000, 500_000, 1_000_000) < 1e-10
    assert by_chance(51_000, 100_000, 500_000, 1_000_000) < 1e-10


@given(draws())
def test_fishers_exact_test_is_twice_the_smaller_tail(drawn: tuple[int, int, int, int]) -> None:
    k, n, successes, population = drawn
    ways = [comb(successes, x) * comb(population - successes, n - x) for x in range(n + 1)]
    every = comb(population, n)
    smaller = min(Fraction(sum(ways[: k + 1]), every), Fraction(sum(ways[k:]), every))
    assert isclose(fisher(*drawn), float(min(Fraction(1), 2 * smaller)), rel_tol=1e-9, abs_tol=1e-15)


def test_phi_of_a_table_by_hand() -> None:
    """30 did it and reached the goal, 10 only did it, 20 only reached it, 40 neither: 1,000 / sqrt(6e6)."""
    assert phi(30, 10, 20, 40) == pytest.approx(0.408248, abs=1e-6)
    assert (phi(5, 0, 0, 7), phi(0, 5, 7, 0), phi(2, 3, 4, 6)) == (1.0, -1.0, 0.0)
    assert phi(4, 6, 0, 0) is None


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=2, max_size=60))
def test_phi_is_the_correlation_of_zeros_and_ones(users: list[tuple[bool, bool]]) -> None:
    found = phi(*(users.count(each) for each in ((True, True), (True, False), (False, True), (False, False))))
    ones, others = zip(*users, strict=True)
    if len(set(ones)) < 2 or len(set(others)) < 2:
        assert found is None
    else:
        assert found == pytest.approx(correlation([*map(float, ones)], [*map(float, others)]), abs=1e-9)


def test_wilson_of_known_shares() -> None:
    """Newcombe 1998, table I (method 3): 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    published = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611)}
    published[1, 29] = (0.0061, 0.1718)
    for (part, whole), bounds in published.items():
        assert wilson(part, whole) == pytest.approx(bounds, abs=5e-5)
    assert wilson(20, 20) == pytest.approx((1 - 0.1611, 1), abs=5e-5)
    assert wilson(0, 0) == (None, None)


def test_significance_is_about_segments_of_enough_entries() -> None:
    """Docs/reports/funnels/funnels-advanced, "Significance": above 0.95, and none below 30 entries."""
    counts = [("$overall", 1_000, 200), ("a", 500, 140), ("b", 471, 57), ("c", 29, 3)]
    result = funnel(*(path(*steps, segment=name) for name, *steps in counts), on="plan")
    found = {each.segment: each for each in result.significance}
    assert list(found) == ["a", "b", "c"]
    assert found["a"].p == by_chance(140, 500, 200, 1_000)
    assert found["a"].is_significant
    assert found["b"].confidence == 1 - by_chance(57, 471, 200, 1_000)
    assert (found["c"].p, found["c"].is_significant) == (None, False)
    frame = result.significance_df
    assert list(frame["segment"]) == ["a", "b", "c"]
    assert frame["p"].isna().tolist() == [False, False, True]
    assert funnel().significance == ()


def test_the_card_says_which_segments_differ() -> None:
    counts = [("$overall", 1_000, 500, 200), ("a", 500, 250, 140), ("b", 471, 240, 94), ("c", 29, 9, 3)]
    result = funnel(*(path(*steps, segment=name) for name, *steps in counts), on="plan")
    lines = {line.split()[0]: line for line in repr(result).split("\n") if line}
    assert "yes (>99.9%)" in lines["a"]
    assert "no (" in lines["b"]
    assert "too few" in lines["c"]
    assert "as Mixpanel computes it" in " ".join(result.card().notes)
