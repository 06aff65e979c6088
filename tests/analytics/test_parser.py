"""Mistakes in expressions: each is told with its place, and what was expected there."""

from __future__ import annotations

import pytest

from mixpanel_nb.analytics.expressions import Dialect, parse
from mixpanel_nb.errors import ExpressionError

PRO = 'properties["plan"] == "pro"'


def mistake(text: str, dialect: Dialect = Dialect.EVENTS) -> ExpressionError:
    with pytest.raises(ExpressionError) as caught:
        parse(text, dialect)
    return caught.value


@pytest.mark.parametrize(
    ("text", "at", "message", "hint"),
    [
        ("", 0, "ends too early: expected a value", None),
        ("   ", 3, "ends too early: expected a value", None),
        (f"{PRO} and", 31, "ends too early: expected a value", None),
        ("(1 == 1", 7, "ends too early: expected )", None),
        ('properties["plan"', 17, "ends too early: expected ]", None),
        ("properties[plan]", 11, "Unexpected 'plan' at character 12: expected a property's name", None),
        ('properties["plan"] = "pro"', 19, "Unexpected '='", "Compare with == (two signs)."),
        (f"{PRO} && true", 28, "Unexpected '&'", "Write and."),
        (f"{PRO} || true", 28, "Unexpected '|'", "Write or."),
        (f"!{PRO}", 0, "Unexpected '!'", "Write not, or != to compare."),
        ('properties["plan"] not "pro"', 23, "expected the word in.", None),
        ('properties["plan"] not', 22, "ends too early: expected the word in.", None),
        (f"{PRO} AND true", 28, "Unexpected 'AND'", "Did you mean 'and'?"),
        ("properties[\"plan\"] == 'pro'", 22, 'Unexpected "\'"', 'Texts stand in double quotes: "…".'),
        ('properties["plan"] == “pro”', 22, "Unexpected '“'", 'straight double quotes: "…".'),
        ('properties["plan"] == "pro', 22, "This text has no closing quote.", None),
        ("1 2", 2, "Unexpected '2' at character 3: expected an operator", None),
        ("plan", 0, "'plan' is no value.", 'A property is written properties["plan"], a text "plan".'),
        ("True", 0, "'True' is no value.", "Did you mean 'true'?"),
        ('propertys["plan"] == "pro"', 0, "no 'propertys' to look into", "Did you mean 'properties'?"),
        ('event["$tme"] > 5 and fllor(1) == 1', 22, "There is no function 'fllor'.", "Did you mean 'floor'?"),
        ("floor(1, 2) == 1", 0, "floor() takes one value, not 2.", None),
        ('has_prefix("a")', 0, "has_prefix() takes 2 values, not 1.", None),
        ("floor() == 1", 0, "floor() takes one value, not 0.", None),
        ('[properties["a"]]', 11, "Unexpected '['", None),
        ("1 in [1,]", 8, "Unexpected ']' at character 9: expected a number or a text", None),
        ("1 in [plan]", 6, "'plan' is no value.", None),
        ("1 == 1e999", 5, "This number is too large.", None),
        ('behaviors["bought"] > 0', 0, "behaviors[…] is known to Mixpanel's profile queries alone.", None),
        ('"a\0b" == "a"', 2, "holds a character that no text in Mixpanel can hold", None),
        ('"a\ud800" == "a"', 2, "holds a character that no text in Mixpanel can hold", None),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, at: int, message: str, hint: str | None) -> None:
    error = mistake(text)
    assert message in error.message
    assert error.position == at
    if hint is not None:
        assert hint in str(error.hint)


def test_the_place_of_a_mistake_is_pointed_at() -> None:
    error = mistake(f'{PRO} and\nproperties["amount"] = 5')
    assert error.details["context"] == 'properties["amount"] = 5\n                     ^'


def test_of_a_long_line_the_part_around_the_mistake_is_shown() -> None:
    error = mistake(" and ".join(["1 == 1"] * 40) + " and ?")
    line, caret = error.details["context"].split("\n")
    assert len(line) < 80
    assert line[caret.index("^")] == "?"


@pytest.mark.parametrize("sign", ["(", "-", "not ", "floor("])
def test_what_is_nested_too_deeply_is_refused(sign: str) -> None:
    closing = ")" if sign.endswith("(") else ""
    parse(f"{sign * 50}1{closing * 50}")
    if sign != "(":  # parentheses leave no trace, however many there are
        assert "nested too deeply" in mistake(f"{sign * 5000}1{closing * 5000}").message


def test_long_lists_and_many_conditions_are_no_nesting() -> None:
    parse(f"1 in [{','.join(['1'] * 5000)}]")
    parse(" and ".join([PRO] * 2000))


def test_what_is_longer_than_anything_sensible_is_refused() -> None:
    assert "characters long" in mistake('"' + "x" * 200_000 + '"').message


@pytest.mark.parametrize(
    "text",
    [
        'properties["a"] * 2 == 4',
        'boolean(properties["a"])',
        'has_prefix(properties["a"], "b")',
        'floor(properties["a"]) == 1',
        'user["a"] == 1',
        'event["$time"] > 5',
    ],
)
def test_profile_queries_understand_less(text: str) -> None:
    parse(text)
    assert "profile queries do not understand" in mistake(text, Dialect.PROFILES).message


def test_profile_queries_understand_what_mixpanel_documents_for_them() -> None:
    parse(
        'datetime(properties["$last_seen"]) >= datetime(NOW - 604800) and not defined(properties["x"])'
        ' or "a" in list(properties["tags"]) and number(properties["n"]) + 1 > 5',
        Dialect.PROFILES,
    )


def test_a_missing_bracket_is_not_taken_for_a_missing_sign() -> None:
    with pytest.raises(ExpressionError, match="Unexpected '=' at character 19: expected ]") as wrong:
        parse('properties["plan" == 1')
    assert wrong.value.hint is None


def test_no_word_is_suggested_in_place_of_itself() -> None:
    assert mistake("properties[in]").hint == 'Write properties["in"].'
    assert mistake(f"{PRO} And true").hint == "Did you mean 'and'?"
