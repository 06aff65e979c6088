"""The bodies that Mixpanel's own client sends become queries, and our queries become the same bodies."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import did
from mixpanel_nb.bookmarks import OwnCohort, body_of, read
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries import changed

from .captured import BODIES, UNTRANSLATED

if TYPE_CHECKING:
    from collections.abc import Iterator

TODAY = date(2025, 3, 31)
REFUSED = {
    "flow full": "no published answer shows how a flow by segment is shaped, so ours does not ask for one",
}
"""What ours asks of tables alone, and why."""
WEEKLY = "ours asks for cohorts of the retention's own unit"
LIMIT = "ours asks for as many segments as it shows"
HIDDEN = "ours shows the metrics that a formula calculates with"
CURVE = "ours asks for retention as a curve in any case"
SEGMENTS = "ours names the segments of a cohort as those of a table"
NAMELESS = "ours names a saved cohort by its id alone"
PLAIN = "ours writes the sections of a funnel or retention in full"
DIFFERENCES: dict[str, dict[str, str]] = {
    "insights formula": {
        "bookmark.sections.show[0].isHidden": HIDDEN,
        "bookmark.sections.show[1].isHidden": HIDDEN,
    },
    "insights math p90 prop, per_user, group, filter, rolling, compare": {
        "bookmark.displayOptions.timeComparison": "ours asks for the other days in a query of its own",
        "queryLimits.limit": LIMIT,
    },
    "funnel full": {"queryLimits.limit": LIMIT},
    "retention minimal": {"bookmark.sections.time[0].unit": WEEKLY},
    "retention full": {
        "bookmark.sections.show[0].measurement.retentionCumulative": "the mode says the same",
        "queryLimits.limit": LIMIT,
    },
    "filter in_cohort": {"bookmark.sections.filter[0].filterValue[0].cohort.name": NAMELESS},
    "inline cohort": {
        "bookmark.sections.group[0].value[0]": SEGMENTS,
        "bookmark.sections.group[0].value[1]": SEGMENTS,
        "queryLimits.limit": LIMIT,
    },
    "flow cohort": {"bookmark.filter_by_cohort.name": NAMELESS},
    "flow tree": {
        "bookmark.flows_merge_type": "ours has no trees",
        "query_type": "ours has no trees",
    },
    "funnel metric in insights": {
        "bookmark.displayOptions.analysis": PLAIN,
        "bookmark.sections.formula": PLAIN,
    },
    "retention metric in insights": {
        "bookmark.displayOptions.analysis": PLAIN,
        "bookmark.displayOptions.chartType": CURVE,
        "bookmark.sections.formula": PLAIN,
        "bookmark.sections.time[0].unit": WEEKLY,
        "bookmark.sorting": PLAIN,
        "bookmark.columnWidths": PLAIN,
    },
    "total mode": {
        "bookmark.sections.time[0].dateRangeType": "ours names the days",
        "bookmark.sections.time[0].value": "ours names the days",
        "bookmark.sections.time[0].window": "ours names the days",
    },
    "retention trends": {
        "bookmark.displayOptions.chartType": CURVE,
        "bookmark.sections.show[0].measurement.math": "counts and rates are both in the answer",
        "bookmark.sections.time[0].unit": WEEKLY,
    },
}
"""Where our body differs from theirs, and why."""


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """The paths at which two JSON values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            inner = f"{path}.{key}".lstrip(".")
            if key in one and key in other:
                yield from differences(one[key], other[key], inner)
            else:
                yield inner
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (left, right) in enumerate(zip(one, other, strict=True)):
            yield from differences(left, right, f"{path}[{place}]")
    elif one != other or type(one) is not type(other):
        yield path


def own_cohort(name: str) -> OwnCohort:
    """The cohort of the database that a captured body defines."""
    assert name == "PU"
    return OwnCohort(did("Purchase", at_least=3, within="30d"))


def query_of(name: str) -> Any:
    """The query of a captured body, with cohorts that are saved in Mixpanel by their ids."""
    reading = read(BODIES[name]["body"]["bookmark"], TODAY)
    query: Any = reading.query
    for cohort, definition in reading.cohorts.items():
        if "id" in definition:
            where = query.where.replace(f'"{cohort}"', f'"$cohort:{definition["id"]}"')
            query = changed(query, where=where)
    return query


@pytest.mark.parametrize("name", sorted(set(BODIES) - set(UNTRANSLATED) - set(REFUSED)))
def test_our_query_sends_what_their_client_sends(name: str) -> None:
    body = BODIES[name]["body"]
    kind = "paths" if body.get("query_type") == "flows_top_paths" else "sankey"
    ours = body_of(query_of(name), kind, own_cohort)
    assert ours.endpoint == BODIES[name]["endpoint"]
    assert set(differences(ours.of_project("12345"), body)) == set(DIFFERENCES.get(name, {}))


@pytest.mark.parametrize("name", sorted(set(BODIES) - set(UNTRANSLATED)))
def test_a_query_is_what_its_own_body_says(name: str) -> None:
    """Reading what we send gives the query again; what tables alone can answer has no body."""
    query = query_of(name)
    if name in REFUSED:
        with pytest.raises(ParameterError) as refused:
            body_of(query, find_cohort=own_cohort)
        assert "Ask a fetched table" in str(refused.value)
        return
    again = read(body_of(query, find_cohort=own_cohort).bookmark, TODAY, getattr(query, "limit", None)).query
    assert again.plain() | {"compare": None} == query.plain() | {"compare": None}


@pytest.mark.parametrize("name", UNTRANSLATED)
def test_what_no_query_can_hold_is_named(name: str) -> None:
    with pytest.raises(ParameterError) as refused:
        read(BODIES[name]["body"]["bookmark"], TODAY)
    assert UNTRANSLATED[name] in refused.value.message
    assert refused.value.hint


def test_cohorts_are_named_in_the_query_and_described_beside_it() -> None:
    saved = read(BODIES["filter in_cohort"]["body"]["bookmark"], TODAY)
    assert saved.query.plain()["where"] == 'in_cohort("PU")'
    assert saved.cohorts == {"PU": {"id": 123}}
    inline = read(BODIES["inline cohort"]["body"]["bookmark"], TODAY)
    assert inline.query.plain()["on"] == ["cohort:PU"]
    assert inline.segments == {"in PU": "PU", "not in PU": "Not In PU"}
    assert "raw_cohort" in inline.cohorts["PU"]


@pytest.mark.parametrize(
    ("bookmark", "named"),
    [
        (None, "no object"),
        ({}, "no metric to show"),
        ({"sections": {"show": []}}, "no metric to show"),
        ({"sections": {"show": [{"behavior": {"name": "A"}}]}}, "no days"),
        (
            {"steps": [], "date_range": {"type": "between", "from_date": "2025-01-01", "to_date": "x"}},
            "days of",
        ),
    ],
)
def test_a_bookmark_of_another_form_is_refused_in_one_line(bookmark: Any, named: str) -> None:
    with pytest.raises(ParameterError, match=named):
        read(bookmark, TODAY)
