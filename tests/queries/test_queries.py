"""Queries: declared once, and the same for whoever asks them."""

from __future__ import annotations

import dataclasses
import inspect
from datetime import UTC, date, datetime
from typing import Any

import jsonschema
import pytest

from mixpanel_nb import Workspace
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries import QUERIES, Funnel, Query, Segmentation, Step, changed, schema
from mixpanel_nb.queries.base import parameters_of, request_defaults, request_parameters
from mixpanel_nb.services.live import service as live
from mixpanel_nb.services.local import reports

DAYS = {"from_date": "2025-01-01", "to_date": "2025-01-31"}


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
def test_the_method_of_a_workspace_has_the_same_parameters(query: type[Query[Any]]) -> None:
    signature = inspect.signature(getattr(Workspace, query.name))
    method = {
        name: inspect.Parameter.empty if parameter.default is parameter.empty else parameter.default
        for name, parameter in signature.parameters.items()
        if name != "self"
    }
    defaults = request_defaults(query)
    declared = {name: defaults.get(name, inspect.Parameter.empty) for name in request_parameters(query)}
    assert method == declared


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
def test_help_in_a_notebook_names_every_parameter(query: type[Query[Any]]) -> None:
    doc = inspect.getdoc(getattr(Workspace, query.name)) or ""
    assert all(f"\n    {field.name}: " in doc for field in dataclasses.fields(query))


def test_values_are_kept_as_their_fields_have_them() -> None:
    query = Funnel.of(
        {
            "steps": ["View", ("Buy", 'properties["n"] > 1')],
            "from_date": datetime(2025, 1, 1, 23, tzinfo=UTC),
            "to_date": " 2025-01-31 ",
        }
    )
    assert query.steps == (Step("View"), Step("Buy", 'properties["n"] > 1'))
    assert (query.from_date, query.to_date) == (date(2025, 1, 1), date(2025, 1, 31))
    assert query.plain()["steps"] == ["View", ("Buy", 'properties["n"] > 1')]
    assert query.given() == {
        "steps": ["View", ("Buy", 'properties["n"] > 1')],
        "from_date": "2025-01-01",
        "to_date": "2025-01-31",
    }


@pytest.mark.parametrize(
    ("query", "given", "parameter", "says"),
    [
        (Segmentation, {"event": ""}, "event", "event is '', which is no name."),
        (Segmentation, {}, "event", "event is missing."),
        (Segmentation, {"event": "A", "unit": "dya"}, "unit", "unit is 'dya'. Did you mean 'day'?"),
        (
            Segmentation,
            {"event": "A", "limit": 0},
            "limit",
            "limit is 0. Give a whole number from 1 to 10,000,000.",
        ),
        (Segmentation, {"event": "A", "limit": True}, "limit", "limit is True."),
        (Segmentation, {"event": "A", "from_date": "2025-02-30"}, "from_date", "which is not a day"),
        (
            Segmentation,
            {"event": "A", "from_date": "2025-02-01"},
            "from_date",
            "is after to_date 2025-01-31.",
        ),
        (Segmentation, {"event": "A", "onn": "plan"}, "onn", "takes no 'onn'. Did you mean 'on'?"),
        (Funnel, {"steps": ["A", 7]}, "steps", "A step is '7'."),
        (Funnel, {"window": 60, "window_unit": "week"}, "window", "window is 60."),
    ],
)
def test_what_makes_no_sense_is_refused(
    query: type[Query[Any]], given: dict[str, Any], parameter: str, says: str
) -> None:
    with pytest.raises(ParameterError) as refused:
        query.of({**DAYS, **given})
    assert says in str(refused.value)
    assert refused.value.parameter == parameter
    assert len(str(refused.value).splitlines()) == 1


def test_a_changed_query_is_checked_too() -> None:
    query = Segmentation.of({"event": "A", **DAYS})
    assert changed(query, unit="week").unit == "week"
    with pytest.raises(ParameterError):
        changed(query, unit="fortnight")


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
def test_the_schema_is_one_and_takes_what_the_query_takes(query: type[Query[Any]]) -> None:
    declared = schema(query)
    jsonschema.Draft202012Validator.check_schema(declared)
    values = {
        "event": "A",
        "events": ["A"],
        "prop": "p",
        "on": "n",
        "distinct_ids": ["u"],
        "bookmark_id": 7,
        "script": "main",
        "born_event": "A",
        "steps": ["A", ["B", None]],
        "metrics": ["A", "unique(B)"],
        "start": "A",
        "metric": "A",
        "date": "2025-01-31",
        **DAYS,
    }
    given = {name: value for name, value in values.items() if name in declared["properties"]}
    jsonschema.validate(given, declared)
    assert isinstance(query.of(given), query)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**given, "nope": 1}, declared)


# A saved report becomes one of the other queries where it is computed from a table.
OF_TABLES = [
    query for query in QUERIES.values() if "table" in parameters_of(query) and query.name != "saved_report"
]


def test_any_event_has_one_spelling() -> None:
    found = set()
    for query in QUERIES.values():
        for name, parameter in parameters_of(query).items():
            if parameter.label is not None and parameter.label.none == "(any event)":
                assert parameter.any_option == "--any", (query, name)
                found.add(query.name)
    assert found == {"active", "event_counts", "frequency", "retention", "segmentation", "sessions"} | {
        f"segmentation_{kind}" for kind in ("sum", "average", "numeric")
    }


def test_mixpanel_answers_every_query_and_a_table_those_that_name_one() -> None:
    assert set(live._ANSWERS) == {query.name for query in QUERIES.values() if not query.needs_table}
    assert set(reports.ANSWERS) == {query.name for query in OF_TABLES}


@pytest.mark.parametrize("query", OF_TABLES)
def test_every_report_on_a_table_can_be_limited_to_cohorts(query: type[Query[Any]]) -> None:
    known = parameters_of(query)
    assert known["in_cohort"].option_of("in_cohort") == "--in"
    assert known["not_in_cohort"].option_of("not_in_cohort") == "--not-in"
