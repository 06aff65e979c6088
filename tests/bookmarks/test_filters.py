"""Filters: clauses become expressions, and expressions of that kind become the clauses again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_nb.analytics.expressions import parse
from mixpanel_nb.bookmarks import filters
from mixpanel_nb.errors import ParameterError

NAMES = st.sampled_from(["plan", "$city", 'a "quoted" name', "back\\slash", "date", "é"])
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8)
NUMBERS = st.integers(-1000, 1000) | st.floats(-1e6, 1e6).filter(lambda number: number != int(number))
DAYS = st.dates().filter(lambda day: 1971 <= day.year <= 2100).map(lambda day: day.isoformat())


def _clause(kind: str, operator: str, value: Any) -> st.SearchStrategy[dict[str, Any]]:
    return st.builds(
        lambda name, resource, found: {
            "resourceType": resource,
            "filterType": kind,
            "defaultType": kind,
            "filterValue": found,
            "filterOperator": operator,
            "value": name,
        },
        NAMES,
        st.sampled_from(["events", "people"]),
        value,
    )


LISTED = ("equals", "does not equal")
SPLIT = ("not between", "was not on", "was on")
CLAUSES = st.one_of(
    *(
        _clause("string", each, st.lists(TEXTS, min_size=1, max_size=3))
        for each in ("equals", "does not equal")
    ),
    *(_clause("string", each, TEXTS) for each in ("contains", "does not contain", "starts with")),
    *(_clause("string", each, st.none()) for each in ("is set", "is not set")),
    *(_clause("number", each, NUMBERS) for each in ("is equal to", "is at least", "is less than")),
    _clause("number", "not between", st.lists(NUMBERS, min_size=2, max_size=2)),
    *(_clause("boolean", each, st.none()) for each in ("true", "false")),
    *(_clause("datetime", each, DAYS) for each in ("was before", "was since", "was on", "was not on")),
)


@settings(max_examples=150, deadline=None)
@given(CLAUSES)
def test_one_clause_and_its_expression_say_the_same(clause: dict[str, Any]) -> None:
    text = filters.expression_of([clause])
    assert text is not None
    parse(text)
    assert filters.clauses_of(text) == ([clause], filters.ALL)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        CLAUSES.filter(
            lambda clause: clause["filterOperator"] not in ("not between", "was not on", "was on")
        ),
        min_size=2,
        max_size=4,
    ),
    st.sampled_from([filters.ALL, filters.ANY]),
)
def test_several_clauses_are_joined(clauses: list[dict[str, Any]], determiner: str) -> None:
    found = filters.clauses_of(filters.expression_of(clauses, determiner))
    assert found is not None
    again, joint = found
    assert joint == determiner
    assert filters.expression_of(again, joint) == filters.expression_of(clauses, determiner)


@pytest.mark.parametrize(
    "text",
    [
        'properties["a"] == "b" and (properties["c"] == "d" or properties["e"] == "f")',
        'not (properties["a"] == "b" and properties["c"] == "d")',
        'properties["a"] + 1 > 5',
        'properties["a"] == properties["b"]',
        'floor(properties["a"]) == 5',
    ],
)
def test_what_clauses_cannot_say_is_not_sent(text: str) -> None:
    assert filters.clauses_of(text) is None


@pytest.mark.parametrize(
    "clause",
    [
        {"filterType": "string", "filterOperator": "ends with", "filterValue": "x", "value": "a"},
        {"filterType": "number", "filterOperator": "is at least", "filterValue": "many", "value": "a"},
        {"filterType": "datetime", "filterOperator": "was before", "filterValue": "soon", "value": "a"},
        {"filterType": "string", "filterOperator": "equals", "filterValue": [1], "value": "a"},
        {"filterType": "list", "filterOperator": "equals", "filterValue": [1], "value": None},
        {"filterType": "string", "filterOperator": "is set", "filterValue": None, "behavior": {"a": 1}},
    ],
)
def test_a_clause_that_no_expression_says_is_named(clause: dict[str, Any]) -> None:
    with pytest.raises(ParameterError, match="cannot calculate"):
        filters.expression_of([{"resourceType": "events", **clause}])


def test_filters_of_flow_steps_say_the_same_in_their_own_form() -> None:
    text = 'properties["country"] == "US" and user["age"] > 18 and properties["pro"] == true'
    found = filters.step_clauses(text)
    assert found is not None
    entries, joint = found
    assert entries[1]["property"] == {"name": "age", "source": "user", "type": "number"}
    assert entries[1]["filter"] == {"operator": ">", "operand": "18"}
    assert filters.of_step(entries, joint) == text
    clauses = filters.clauses_of(text)
    assert clauses is not None
    whole = filters.flow_clauses(*clauses)
    assert filters.of_flow(whole) == text


@pytest.mark.parametrize("text", ['in_cohort("$cohort:12")', 'not in_cohort("$cohort:12")'])
def test_a_cohort_of_mixpanel_is_a_filter(text: str) -> None:
    """As Mixpanel's own client has it, whose ``not_in_cohort`` says so twice."""
    found = filters.clauses_of(text)
    assert found is not None
    ([clause], determiner) = found
    negated = text.startswith("not")
    assert clause["filterOperator"] == ("does not contain" if negated else "contains")
    assert clause["filterValue"] == [{"cohort": {"negated": negated, "name": "", "id": 12}}]
    assert filters.expression_of([clause], determiner) == text
    with pytest.raises(ParameterError, match="only filter"):
        filters.step_clauses(text)
