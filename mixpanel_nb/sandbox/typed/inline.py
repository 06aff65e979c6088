"""Inline cohorts (``raw_cohort``): conditions about what users did, their profiles and saved cohorts.

The shapes are those that Mixpanel's own client sends (mixpanel-headless 0.4.0).
"""

from __future__ import annotations

import json
import operator
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import midnight
from mixpanel_nb.bookmarks import filters
from mixpanel_nb.bookmarks.properties import access_of
from mixpanel_nb.errors import ExpressionError, ParameterError
from mixpanel_nb.queries.days import days_before
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.user_counts import EventCondition, sums_done, times_done, users_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mixpanel_nb.sandbox.calls import Call

    Item = Mapping[str, Any]

_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
    "=": operator.eq,
}
_LETTERS = {"day": "d", "week": "w", "month": "m"}
_EVER = date(1971, 1, 1)
_POSITIVE = {"!=": "==", "not in": "in", "not defined": "defined"}


def members(call: Call, cohort: Any, last: date | None = None) -> Sequence[str]:
    """The members of an inline cohort as of the end of a day, with which its windows end.

    Args:
        call: The request.
        cohort: The cohort.
        last: The day; None is the data's last one.

    Raises:
        RefusedError: it is of an unknown form.
    """
    try:
        found = _Inline(call, cohort.get("behaviors") or {}, last or call.last_day).node(cohort["selector"])
    except (KeyError, TypeError, AttributeError):
        raise RefusedError(400, "Invalid raw_cohort: expected a selector with children") from None
    except (ParameterError, ExpressionError) as error:
        raise RefusedError(400, f"Invalid raw_cohort: {error.message}") from None
    return sorted(found)


class _Inline:
    def __init__(self, call: Call, behaviors: Item, last: date) -> None:
        self._call = call
        self._last = last
        self._behaviors = behaviors
        self._everyone: set[str] | None = None

    def node(self, node: Item) -> set[str]:
        """The users whom a node of the selector means."""
        if "children" in node or "property" not in node:
            return self._joined(node["children"], str(node.get("operator") or "and"))
        kind, sign, value = node["property"], str(node.get("operator")), node.get("value")
        if kind == "behaviors":
            return self._counted(self._behaviors[str(value)], sign, node.get("operand"))
        if kind == "user":
            return self._with_profile(node, sign)
        if kind == "cohort":
            return self._saved(value, sign)
        raise RefusedError(400, f"Invalid raw_cohort: {kind!r} is no property of a selector")

    def _joined(self, children: Sequence[Item], joint: str) -> set[str]:
        if not children or joint not in ("and", "or"):
            raise RefusedError(400, "Invalid raw_cohort: expected children joined by and, or by or")
        found = [self.node(child) for child in children]
        return set.intersection(*found) if joint == "and" else set.union(*found)

    def _all_others(self, users: set[str]) -> set[str]:
        if self._everyone is None:
            with self._call.runner() as runner:
                self._everyone = users_of(runner) | set(self._call.dataset.profiles.ids("true"))
        return self._everyone - users

    def _counted(self, behavior: Item, sign: str, operand: Any) -> set[str]:
        compare = _COMPARE.get(sign)
        if compare is None or isinstance(operand, bool) or not isinstance(operand, int | float):
            raise RefusedError(400, f"Invalid raw_cohort: {sign} {operand!r} is no number of times")
        count = behavior["count"]
        selected = count["event_selector"]
        since, until = self._days(behavior)
        condition = EventCondition(((selected["event"], _where(selected)),), since, until)
        summed = count.get("aggregationOperator")
        if summed not in (None, "total"):
            raise RefusedError(400, f"The sandbox does not evaluate the {summed} of a property yet")
        with self._call.runner() as runner:
            if summed is None:
                done: Mapping[str, float] = times_done(runner, condition)
            else:
                done = sums_done(runner, condition, access_of(count.get("property"), "events"))
        found = {user for user, number in done.items() if compare(number, operand)}
        return found | self._all_others(set(done)) if compare(0, operand) else found

    def _days(self, behavior: Item) -> tuple[datetime, datetime]:
        window, last = behavior.get("window"), self._last
        if window:
            unit, value = str(window.get("unit")), window.get("value")
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise RefusedError(400, f"Invalid window: {dict(window)}, expected a number of days")
            until = midnight(last + timedelta(days=1))
            if unit == "hour":
                return until - timedelta(hours=value), until
            if unit not in _LETTERS:
                message = f"Invalid window: {dict(window)}, expected a number of hours, days, weeks or months"
                raise RefusedError(400, message)
            return midnight(days_before(f"{value}{_LETTERS[unit]}", "window", last)), until
        first = _day(behavior["from_date"]) if "from_date" in behavior else _EVER
        final = min(_day(behavior["to_date"]), last) if "to_date" in behavior else last
        return midnight(first), midnight(final + timedelta(days=1))

    def _with_profile(self, node: Item, sign: str) -> set[str]:
        wanted = _POSITIVE.get(sign, sign)
        access, operand = access_of(node["value"], "events"), node.get("operand")  # of profile queries
        if wanted == "defined":
            text = f"defined({access})"
        elif wanted == "in":
            text = f"{_literal(operand)} in {access}"
        elif wanted in ("==", ">", "<"):
            listed = operand if isinstance(operand, list) else [operand]
            text = " or ".join(f"{access} {wanted} {_literal(each)}" for each in listed)
        else:
            raise RefusedError(400, f"Invalid raw_cohort: {sign!r} compares no property")
        found = set(self._call.dataset.profiles.ids(text))
        return self._all_others(found) if sign in _POSITIVE else found

    def _saved(self, number: Any, sign: str) -> set[str]:
        cohort = by_id(self._call.dataset.saved.cohorts, number if isinstance(number, int) else -1)
        if cohort is None or sign not in ("in", "not in"):
            raise RefusedError(400, f"Invalid cohort: there is no cohort {number}")
        found = set(self._call.dataset.members(cohort))
        return found if sign == "in" else self._all_others(found)


def _where(selected: Item) -> str | None:
    """The filter of a behavior's events."""
    selector = selected.get("selector")
    if not selector:
        return None
    joint = filters.ANY if selector.get("operator") == "or" else filters.ALL
    return filters.expression_of(selector["children"], joint)


def _literal(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return f"{value!r}" if value >= 0 else f"-{-value!r}"
    return json.dumps(str(value), ensure_ascii=False)


def _day(text: Any) -> date:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError:
        raise RefusedError(400, f"Invalid raw_cohort: {text!r} is no day") from None
