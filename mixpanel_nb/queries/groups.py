"""Two groups that a report is asked of and compared for.

A group is written as ``plan=pro`` (or ``plan!=pro``), ``@cohort``, an expression, or days (``2025-03``,
``2025-01-01..2025-01-31``).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries import days
from mixpanel_nb.queries.checks import Day, in_order

_RANGE = ".."
COHORT = "@"
"""What the name of a cohort begins with, as a group."""
_PERIOD = re.compile(r"\d{4}(-[0-9QqWw]\S*)?(\.\.\S+)?")
_EQUAL = re.compile(r"(?P<name>[^=!<>\"'()\[\]]+?)\s*(?P<sign>!=|==?)\s*(?P<value>\"[^\"\\]*\"|[^=\"]*)")
_PLAIN = re.compile(r"-?\d+(\.\d+)?|true|false")
_FORMS = "Write it as plan=pro, @cohort, an expression, or days such as 2025-03 or 2025-01-01..2025-01-31."
_ANY_DAY = date(2000, 1, 1)  # the forms that a group takes do not depend on it


@dataclass(frozen=True)
class Group:
    """One of two groups that are compared.

    Attributes:
        text: The group as it was written.
        where: The expression that is true of its events; None for days.
        days: Its first and last day; None for a condition.
    """

    text: str
    where: str | None = None
    days: tuple[date, date] | None = None

    @property
    def is_cohort(self) -> bool:
        """Whether it is the users of a cohort."""
        return self.text.startswith(COHORT)


@dataclass(frozen=True)
class Groups:
    """Two groups, as texts; days may be a pair of them."""

    def __call__(self, value: Any, name: str) -> tuple[str, str]:
        given = [] if isinstance(value, str) or not isinstance(value, Sequence) else list(value)
        if len(given) != 2:
            told = given[0] if len(given) == 1 else value
            problem = f" takes two groups, and {str(told)[:60]!r} is given."
            raise ParameterError([Word(name), problem], parameter=name, value=value, hint=_FORMS)
        first, second = (_written(each, name) for each in given)
        if first == second:
            problem = f" names the group {first[:60]!r} twice."
            hint = "Name two groups that differ."
            raise ParameterError([Word(name), problem], parameter=name, value=value, hint=hint)
        if (group_of(first).days is None) != (group_of(second).days is None):
            problem = f" compares {first[:60]!r} with {second[:60]!r}: days with a condition."
            hint = "Compare days with days, and choose the users of both by a filter."
            raise ParameterError([Word(name), problem], parameter=name, value=value, hint=hint)
        return first, second

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        text = {"type": "string", "minLength": 1}
        return {"type": "array", "items": text, "minItems": 2, "maxItems": 2}


def group_of(text: str) -> Group:
    """The group that a checked text stands for."""
    since, dots, until = text.partition(_RANGE)
    if dots and _PERIOD.fullmatch(text):
        return Group(text, days=(date.fromisoformat(since), date.fromisoformat(until)))
    if text.startswith(COHORT):
        return Group(text, f"in_cohort({_quoted(text[1:])})")
    return Group(text, _condition(text))


def joined(where: str | None, condition: str | None) -> str | None:
    """A filter and a further condition, if there are such."""
    if where is None or not where.strip() or condition is None:
        return condition or where
    return f"({where}) and ({condition})"


def _written(value: Any, name: str) -> str:
    """The text of a group: days as two of them, everything else as it is."""
    if not isinstance(value, str) and isinstance(value, Sequence) and len(value) == 2:
        return _days(*in_order(*(Day()(day, name) for day in value)))
    text = value.strip() if isinstance(value, str) else ""
    if text in {"", COHORT}:
        problem = f" has the group {str(value)[:60]!r}."
        raise ParameterError([Word(name), problem], parameter=name, value=value, hint=_FORMS)
    return _days(*days.period(text, name, _ANY_DAY)) if _PERIOD.fullmatch(text) else text


def _days(first: date, last: date) -> str:
    return f"{first}{_RANGE}{last}"


def _condition(text: str) -> str:
    """An expression: ``plan=pro`` in its full form, everything else as it is."""
    found = _EQUAL.fullmatch(text)
    if found is None:
        return text
    value = found["value"].strip()
    if not value.startswith('"') and not _PLAIN.fullmatch(value):
        value = _quoted(value)
    sign = "!=" if found["sign"] == "!=" else "=="
    return f"properties[{_quoted(found['name'].strip())}] {sign} {value}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
