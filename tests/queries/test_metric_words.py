"""Words of metrics, ranges and formulas: what they mean, and what is wrong with those that mean nothing."""

from __future__ import annotations

import math
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries import Buckets, Formula, Insights, Metric

DAYS = {"from_date": "2025-01-01", "to_date": "2025-01-31", "table": "events"}
PRO = 'properties["plan"] == "pro"'


def metric(word: str) -> Metric:
    return Insights.of({"metrics": word, **DAYS}).metrics[0]


def breakdown(word: str) -> Any:
    return Insights.of({"metrics": "A", "on": word, **DAYS}).on[0]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("Purchase", Metric("Purchase")),
        ("Sign Up", Metric("Sign Up")),
        ("*", Metric(None)),
        ('"*"', Metric("*")),
        ("total(Purchase)", Metric("Purchase")),
        ("unique( Sign Up )", Metric("Sign Up", "unique")),
        ("sessions(*)", Metric(None, "sessions")),
        ("average(per user sessions(A))", Metric("A", "average", per_user="sessions")),
        ("median(Purchase, amount)", Metric("Purchase", "median", "amount")),
        ("p99.5(Purchase, amount)", Metric("Purchase", "p99.5", "amount")),
        ('sum("a, b", "c (d)")', Metric("a, b", "sum", "c (d)")),
        ('sum(A, properties["x"] * (1 + 2))', Metric("A", "sum", 'properties["x"] * (1 + 2)')),
        ("p90(per user total(Purchase))", Metric("Purchase", "p90", per_user="total")),
        ("max(per user sum(A, x))", Metric("A", "max", "x", per_user="sum")),
        (f"Purchase where {PRO}", Metric("Purchase", where=PRO)),
        (f"dau(*) where {PRO}", Metric(None, "dau", where=PRO)),
        ("Revenue = sum(A, x)", Metric("A", "sum", "x", label="Revenue")),
        (f'"a = b" = A where {PRO}', Metric("A", where=PRO, label="a = b")),
        ("Know where to go", Metric("Know where to go")),
        ('"A / B"', Metric("A / B")),
        ("A/B test", Metric("A/B test")),
    ],
)
def test_a_word_is_a_metric(word: str, meant: Metric) -> None:
    assert metric(word) == meant
    assert metric(str(meant)) == meant


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("summ(A, x)", "There is no measure 'summ'. Did you mean 'sum'?"),
        ("B / A * 100", "'B / A * 100' is a formula, not a metric."),
        ("Rate = (A + B) / C [%]", "is a formula, not a metric."),
        ("count(A)", "There is no measure 'count'. Did you mean 'total'?"),
        ("p100(A, x)", "There is no measure 'p100'."),
        ("p0(A, x)", "There is no measure 'p0'."),
        ("sum(A)", "sum needs a property. Write sum(A, amount), say."),
        ("unique(A, x)", "unique takes no property."),
        ("unique(per user total(A))", "'unique' does not summarize a number per user."),
        ("average(per user median(A, x))", "There is no measure per user 'median'."),
        ("average(total(A))", "Within a measure stands an event, or `per user` and a measure."),
        ("average(per user sum(A))", "sum needs a property. Write per user sum(A, amount), say."),
        ("sum(A", "In 'sum(A', character 6: It ends too early: expected ) or ,."),
        ("a (b)", "There is no measure 'a'."),
        ("a) b", "In 'a) b', character 2: Unexpected ')'"),
        ("", "is '', which is no name."),
    ],
)
def test_a_word_that_means_nothing_is_refused_in_one_line(word: str, says: str) -> None:
    with pytest.raises(ParameterError) as refused:
        metric(word)
    assert says in str(refused.value)
    assert refused.value.parameter == "metrics"
    assert len(str(refused.value).splitlines()) == 1


def test_ranges_of_a_number() -> None:
    assert breakdown("buckets(amount)") == Buckets("amount")
    assert breakdown("buckets(amount, -1, 0.5, 1e3)") == Buckets("amount", (-1, 0.5, 1000.0))
    assert breakdown('buckets(properties["a"] + 1, 2)') == Buckets('properties["a"] + 1', (2,))
    assert breakdown("bucket") == "bucket"
    with pytest.raises(ParameterError, match="'x' is no number"):
        breakdown("buckets(amount, x)")
    with pytest.raises(ParameterError, match="do not ascend"):
        breakdown("buckets(amount, 2, 1)")
    with pytest.raises(ParameterError, match="is no edge"):
        Buckets("amount", (math.nan,))


@pytest.mark.parametrize(
    ("given_", "parameter", "says"),
    [
        (
            {"formulas": "B / A"},
            "formulas",
            "takes B, which is no metric. The metrics are A, in their order.",
        ),
        ({"formulas": "A **"}, "formulas", "cannot be read from character 4 on."),
        ({"formulas": "(A"}, "formulas", "cannot be read at its end."),
        ({"rolling": 7, "cumulative": True}, "rolling", "exclude each other."),
        ({"rolling": 1}, "rolling", "rolling is 1. Give a whole number from 2 to 366."),
        ({"totals": True, "rolling": 7}, "totals", "exclude each other."),
        ({"unit": "hour", "metrics": "dau(*)"}, "unit", "dau, wau and mau count days."),
        ({"compare": "last"}, "compare", "It can be previous, year, or two days"),
        ({"compare": "2024-01-31..2024-01-01"}, "from_date", "is after"),
        ({"metrics": []}, "metrics", "metrics is empty."),
        ({"metrics": ["A"] * 27}, "metrics", "26 is the most."),
    ],
)
def test_what_contradicts_itself_is_refused(given_: dict[str, Any], parameter: str, says: str) -> None:
    with pytest.raises(ParameterError) as refused:
        Insights.of({"metrics": "A", **DAYS, **given_})
    assert says in str(refused.value)
    assert refused.value.parameter == parameter


def test_a_formula_may_have_a_name_and_a_unit() -> None:
    query = Insights.of({"metrics": ["A", "B"], "formulas": ["Rate = B / A * 100 [%]", "A+B"], **DAYS})
    assert query.formulas == (Formula("B / A * 100", "Rate", "%"), Formula("A+B"))
    assert str(query.formulas[0]) == "Rate = B / A * 100 [%]"


NUMBERS = st.integers(-5, 5).map(float) | st.floats(-1e6, 1e6)


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 3) -> str:
    """A formula, fully in parentheses, that Python reads as we do."""
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["A", "B", "2", "0.5", "1e2", "0"]))
    left, right = draw(arithmetic(depth - 1)), draw(arithmetic(depth - 1))
    sign = draw(st.sampled_from("+-*/"))
    return draw(st.sampled_from([f"({left}) {sign} ({right})", f"-({left})", f"{left} {sign} {right}"]))


@given(arithmetic(), NUMBERS, NUMBERS)
def test_formulas_calculate_as_python_does(text: str, a: float, b: float) -> None:
    try:
        expected = float(eval(text, {"A": a, "B": b}))  # arithmetic alone, made above
    except ZeroDivisionError:
        expected = math.nan
    value = Formula(text).of({"A": a, "B": b})
    if value is None:
        assert not math.isfinite(expected)
    else:
        assert math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-12)


def test_a_formula_without_a_result_is_none() -> None:
    assert Formula("A / B").of({"A": 1, "B": 0}) is None
    assert Formula("A / B").of({"A": None, "B": 1}) is None
    assert Formula("A ^ 0.5").of({"A": -1}) is None
    assert Formula("-A ^ 2").of({"A": 3}) == -9
    assert Formula("9 ^ 999").of({}) is None
