"""Mixpanel's page on segmentation expressions, sentence by sentence, asked of package and reference.

All from reference/segmentation-expressions, unless a test says otherwise.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from .expressions import Node, event_time, literal, moment, node, prop, user
from .support import Project, did, profile

if TYPE_CHECKING:
    from .support import Package, Reports

DAY = date(2025, 1, 1)
COLUMNS = pytest.mark.parametrize("columns", [100, 0])


def kept(reports: Reports, where: Node, *values: Any, columns: int = 100) -> list[Any]:
    """Of events that hold these values as ``x``, those for which the condition is true."""
    events = [did("ann", "E", f"{DAY} 12:00", **({} if value is ... else {"x": value})) for value in values]
    ids = [event["properties"]["$insert_id"] for event in events]
    project = Project(events, columns=columns)
    query: dict[str, Any] = {"from_date": DAY, "to_date": DAY, "on": "$insert_id", "where": where}
    found = {record["segment"] for record in reports(project)("segmentation", event="E", **query)}
    return [value for value, insert_id in zip(values, ids, strict=True) if insert_id in found]


def result(reports: Reports, expression: Node, value: Any = ..., columns: int = 100) -> str:
    """What an expression makes of ``x``, as the segment it puts the event into."""
    event = did("ann", "E", f"{DAY} 12:00", y="seven", z=7, **({} if value is ... else {"x": value}))
    query: dict[str, Any] = {"from_date": DAY, "to_date": DAY, "on": expression}
    (record,) = reports(Project([event], columns=columns))("segmentation", event="E", **query)
    return str(record["segment"])


X, Y, Z, NOTHING = prop("x"), prop("y"), prop("z"), prop("nothing")


# The table of examples


@COLUMNS
def test_in_a_list_of_literals(reports: Reports, columns: int) -> None:
    where = node("in", prop("x"), [1, 2, 3, 4])
    assert str(where) == 'properties["x"] in [1, 2, 3, 4]'
    assert kept(reports, where, 1, 4, 5, 2.0, "1", True, ..., columns=columns) == [1, 4, 2.0]


@COLUMNS
def test_a_property_of_the_user(reports: Reports, columns: int) -> None:
    where = node("==", user("$email"), "allison@example.com")
    assert str(where) == 'user["$email"] == "allison@example.com"'
    events = [did(who, "E", f"{DAY} 12:00") for who in ("allison", "bob", "carl", "")]
    users = [
        profile("allison", **{"$email": "allison@example.com"}),
        profile("bob", **{"$email": "bob@example.com"}),
    ]
    project = Project(events, users, columns=columns)
    query: dict[str, Any] = {"event": "E", "from_date": DAY, "to_date": DAY}
    assert reports(project)("segmentation", where=where, **query)[0]["count"] == 1
    by_email = reports(project)("segmentation", on=user("$email"), **query)
    assert {record["segment"]: record["count"] for record in by_email} == {
        "allison@example.com": 1,
        "bob@example.com": 1,
        "undefined": 2,
    }


@COLUMNS
def test_defined_is_is_set(reports: Reports, columns: int) -> None:
    values = ["", 0, False, [], {"a": 1}, None, ...]
    assert kept(reports, node("defined", X), *values, columns=columns) == values[:5]
    assert kept(reports, node("not", node("defined", X)), *values, columns=columns) == [None, ...]


def test_the_time_of_an_event(reports: Reports) -> None:
    clocks = ["2024-12-31 23:59:59", "2025-01-01 00:00:00", "2025-01-01 12:00:00"]
    events = [did("ann", "E", when, zone="Europe/Berlin") for when in clocks]
    query: dict[str, Any] = {"from_date": date(2024, 12, 31), "to_date": DAY, "unit": "month"}
    for spelled in ('event["$time"]', 'properties["$time"]', 'properties["time"]'):
        where = node(">=", event_time(spelled), moment("2025-01-01T00:00:00"))
        assert str(where) == f'{spelled} >= datetime("2025-01-01T00:00:00")'
        records = reports(Project(events, zone="Europe/Berlin"))(
            "segmentation", event="E", where=where, **query
        )
        assert [record["count"] for record in records] == [0, 2]


# Casts


@COLUMNS
@pytest.mark.parametrize(
    ("value", "text"),
    [("same", "same"), (5, "5"), (5.5, "5.5"), (5.0, "5"), (-3, "-3"), (True, "true"), (False, "false")],
)
def test_cast_to_string(reports: Reports, value: Any, text: str, columns: int) -> None:
    assert result(reports, node("string", X), value, columns) == text
    assert kept(reports, node("==", node("string", X), text), value, columns=columns) == [value]


@COLUMNS
@pytest.mark.parametrize("value", [None, ...])
def test_nothing_stays_nothing_as_a_string(reports: Reports, value: Any, columns: int) -> None:
    assert kept(reports, node("defined", node("string", X)), value, "a", columns=columns) == ["a"]
    assert result(reports, node("string", X), value, columns) == "undefined"


@COLUMNS
@pytest.mark.parametrize(
    ("value", "number"),
    [
        *(("12", "12"), ("-3.5", "-3.5"), ("abc", "undefined"), ("", "undefined"), (7, "7"), (2.5, "2.5")),
        *((True, "1"), (False, "0"), (None, "undefined"), (..., "undefined")),
    ],
)
def test_cast_to_number(reports: Reports, value: Any, number: str, columns: int) -> None:
    assert result(reports, node("number", X), value, columns) == number
    assert result(reports, node("+", node("number", X), 0), value, columns) == number


@COLUMNS
def test_cast_to_boolean(reports: Reports, columns: int) -> None:
    """Docs/data-structure/property-reference/data-type, "Boolean"."""
    true = ["true", True, "yes", 1, -0.5, "0", "False", [], {"a": 1}]
    false = ["false", False, 0, "", None, ...]
    assert kept(reports, node("boolean", X), *true, *false, columns=columns) == true
    assert [result(reports, node("boolean", X), value, columns) for value in true] == ["true"] * len(true)
    assert [result(reports, node("boolean", X), value, columns) for value in false] == ["false"] * len(false)


# Binary operators


@COLUMNS
@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (node("-", Z, 2), "5"),
        (node("*", Z, 2), "14"),
        (node("/", Z, 2), "3.5"),
        (node("%", Z, 4), "3"),
        (node("%", node("negative", Z), 4), "-3"),
        (node("%", Z, -4), "3"),
        (node("/", Z, 0), "undefined"),
        (node("%", Z, 0), "undefined"),
        (node("+", Z, 0.5), "7.5"),
        (node("+", Y, " of nine"), "seven of nine"),
        (node("+", Z, Y), "undefined"),
        (node("+", Z, NOTHING), "undefined"),
        (node("+", Z, "1"), "undefined"),
        *((node(op, Z, Y), "undefined") for op in "-*/%"),
        *((node(op, NOTHING, Z), "undefined") for op in "-*/%"),
    ],
)
def test_arithmetic(reports: Reports, expression: Node, text: str, columns: int) -> None:
    assert result(reports, expression, columns=columns) == text


@COLUMNS
def test_equals_is_always_a_boolean(reports: Reports, columns: int) -> None:
    values = [5, 5.0, "5", True, "true", None, ..., [5], 6]
    assert kept(reports, node("==", X, 5), *values, columns=columns) == [5, 5.0]
    assert kept(reports, node("==", X, "5"), *values, columns=columns) == ["5"]
    assert kept(reports, node("==", X, literal(True)), *values, columns=columns) == [True]
    assert kept(reports, node("!=", X, 5), *values, columns=columns) == values[2:]
    assert result(reports, node("==", X, 5), columns=columns) == "false"
    assert result(reports, node("==", X, NOTHING), columns=columns) == "true"


@COLUMNS
def test_comparisons_need_equal_types(reports: Reports, columns: int) -> None:
    values = [1, 5, 9, "1", "9", True, None, ...]
    assert kept(reports, node("<", X, 5), *values, columns=columns) == [1]
    assert kept(reports, node("<=", X, 5), *values, columns=columns) == [1, 5]
    assert kept(reports, node(">=", X, 5), *values, columns=columns) == [5, 9]
    assert kept(reports, node(">", X, "5"), *values, columns=columns) == ["9"]
    assert result(reports, node("<", X, 5), "1", columns) == "undefined"
    assert result(reports, node("<", X, 5), 1, columns) == "true"


@COLUMNS
def test_in_finds_a_part_of_a_text(reports: Reports, columns: int) -> None:
    """The page, and its guide: ``"Facebook" in properties["$referring_domain"]``."""
    values = ["www.Facebook.com", "Facebook", "facebook", "", 5, ..., ["Facebook", "b"], ["www.Facebook.com"]]
    where = node("in", "Facebook", X)
    assert kept(reports, where, *values, columns=columns) == [*values[:2], ["Facebook", "b"]]
    assert kept(reports, node("not", where), *values, columns=columns) == [
        "facebook",
        "",
        5,
        ...,
        ["www.Facebook.com"],
    ]
    assert result(reports, node("in", Y, X), 5, columns) == "undefined"


@COLUMNS
def test_not_in_is_the_opposite_of_in(reports: Reports, columns: int) -> None:
    """Decided here: what is not set is not in a list, and what can be in nothing is not in it."""
    where = node("not in", X, ["a", 1])
    assert str(where) == 'properties["x"] not in ["a", 1]'
    assert kept(reports, where, "a", 1, "1", True, None, ..., columns=columns) == ["1", True, None, ...]
    values = ["www.Facebook.com", "facebook", 5, ..., ["Facebook"], ["b"]]
    assert kept(reports, node("not in", "Facebook", X), *values, columns=columns) == [
        "facebook",
        5,
        ...,
        ["b"],
    ]


@COLUMNS
def test_and_or_take_undefined_as_false(reports: Reports, columns: int) -> None:
    undefined, true = node("<", NOTHING, 5), node("==", Z, 7)
    for expression, text in [
        (node("and", true, undefined), "false"),
        (node("or", undefined, true), "true"),
        (node("or", undefined, undefined), "false"),
        (node("and", true, true), "true"),
        (node("or", NOTHING, true), "true"),
    ]:
        assert result(reports, expression, columns=columns) == text, str(expression)


# Unary and math operations


@COLUMNS
def test_not(reports: Reports, columns: int) -> None:
    values = [True, False, ..., None, "text", 5]
    assert kept(reports, node("not", X), *values, columns=columns) == [False, ..., None]
    for other in ("text", 5, [True], {"a": True}):  # a typed column of its own each time
        assert kept(reports, node("not", X), other, ..., None, columns=columns) == [..., None]
    assert result(reports, node("not", X), "text", columns) == "undefined"
    assert result(reports, node("not", X), 5, columns) == "undefined"


@COLUMNS
@pytest.mark.parametrize(
    ("op", "value", "text"),
    [
        ("negative", 5, "-5"),
        ("negative", -2.5, "2.5"),
        ("floor", 2.7, "2"),
        ("floor", -2.2, "-3"),
        ("ceil", 2.2, "3"),
        ("ceil", -2.7, "-2"),
        ("round", 2.4, "2"),
        ("round", 2.6, "3"),
        *(
            (op, value, "undefined")
            for op in ("negative", "floor", "ceil", "round")
            for value in ("5", True, None, ...)
        ),
    ],
)
def test_of_numbers_alone(reports: Reports, op: str, value: Any, text: str, columns: int) -> None:
    assert result(reports, node(op, X), value, columns) == text


# How it is written


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (node("and", node("or", X, Y), Z), '(properties["x"] or properties["y"]) and properties["z"]'),
        (node("or", X, node("and", Y, Z)), 'properties["x"] or properties["y"] and properties["z"]'),
        (node("not", node("in", "a", X)), 'not "a" in properties["x"]'),
        (node("and", node("not in", "a", X), Y), '"a" not in properties["x"] and properties["y"]'),
        (node("not", node("not in", "a", X)), 'not "a" not in properties["x"]'),
        (node("*", node("+", X, 1), 2), '(properties["x"] + 1) * 2'),
        (node("-", X, node("-", Y, Z)), 'properties["x"] - (properties["y"] - properties["z"])'),
        (prop('say "\\"'), 'properties["say \\"\\\\\\""]'),
    ],
)
def test_parentheses_are_written_where_they_are_needed(expression: Node, text: str) -> None:
    assert str(expression) == text


@COLUMNS
def test_what_is_not_set_is_in_no_list(reports: Reports, columns: int) -> None:
    """Decided here, the same whatever the list holds: a list as text is undefined, and so no item of it."""
    absent = node("==", node("in", node("string", X), X), literal(False))
    assert kept(reports, absent, ["a"], [1], [], columns=columns) == [["a"], [1], []]


@COLUMNS
def test_whole_numbers_have_all_of_their_digits_as_segments(package: Package, columns: int) -> None:
    numbers = [10**15, 2**53 - 1, 5.0, -3, 0.5, 2**63 - 1]
    events = [did("u", "A", "2025-01-01 10:00", x=number) for number in numbers[:-1]]
    days = {"from_date": date(2025, 1, 1), "to_date": date(2025, 1, 1)}
    rows = package(Project(events, columns=columns))("segmentation", event="A", on="x", **days)
    assert {row["segment"] for row in rows} == {"1000000000000000", "9007199254740991", "5", "-3", "0.5"}
    alone = package(Project([did("u", "A", "2025-01-01 10:00", x=numbers[-1])], columns=columns))
    assert [row["segment"] for row in alone("segmentation", event="A", on="x", **days)] == [str(2**63 - 1)]
