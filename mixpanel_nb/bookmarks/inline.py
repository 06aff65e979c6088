"""``raw_cohort``: a cohort of the database, sent with a query as its definition.

The shapes are those of Mixpanel's own client (mixpanel-headless 0.4.0): ``{"selector": tree, "behaviors":
{key: behavior}}``. The leaves of the tree compare how often a user did a behavior, a property of the user's
profile, or membership in a saved cohort. What that client never sends has no known form, and is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.bookmarks import cohorts, filters
from mixpanel_nb.bookmarks.properties import property_node
from mixpanel_nb.bookmarks.refusals import IN_TABLES, only_tables
from mixpanel_nb.errors import ExpressionError, ParameterError
from mixpanel_nb.queries.cohorts import (
    And,
    Did,
    InCohort,
    InOrder,
    Listed,
    Not,
    OfMixpanel,
    OfSQL,
    Or,
    Profile,
)
from mixpanel_nb.queries.customs import custom_event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import date

    from mixpanel_nb.queries.cohorts import Definition

    Raw = dict[str, Any]

_WITHIN = re.compile(r"\s*(\d+)\s*([a-z]+)\s*")
_WINDOWS = {"d": ("day", 1), "w": ("week", 1), "m": ("month", 1), "y": ("month", 12)}
_FILTERS = {
    "equals",
    "does not equal",
    "contains",
    "does not contain",
    "is greater than",
    "is less than",
    "is set",
    "is not set",
    "is between",
}
_SIGNS = {
    "contains": "in",
    "does not contain": "not in",
    "is greater than": ">",
    "is less than": "<",
    "is equal to": "==",
    "does not equal": "!=",
    "is set": "defined",
    "is not set": "not defined",
}
_NEGATED = {"equals": "does not equal", "is equal to": "does not equal"}
_OPPOSITES = {"==": "!=", "in": "not in", "defined": "not defined"}
_OPPOSITES |= {negative: positive for positive, negative in _OPPOSITES.items()}


@dataclass(frozen=True)
class OwnCohort:
    """A cohort of the database.

    Attributes:
        definition: Who is meant.
        first: The first day of the table that it was computed from, or None.
        last: The last day of the table.
    """

    definition: Definition
    first: date | None = None
    last: date | None = None


def defined(bookmark: dict[str, Any], find: Callable[[str], OwnCohort] | None) -> dict[str, Any]:
    """The bookmark with the definitions of those cohorts that it names and Mixpanel does not know.

    Args:
        bookmark: The bookmark, which is changed.
        find: Gives a cohort of the database by its name; None where none can be sent.

    Raises:
        ParameterError: Mixpanel's form has no place for one of them.
    """
    for entry, parameter in _entries(bookmark):
        if "id" in entry:
            continue
        if find is None:
            raise only_tables("Mixpanel does not know the cohorts of your database.", parameter)
        entry["raw_cohort"] = raw_cohort(entry["name"], find)
    return bookmark


def defined_in(bookmark: Any) -> tuple[str, ...]:
    """The cohorts that a bookmark defines, by name."""
    return tuple(dict.fromkeys(entry["name"] for entry, _ in _entries(bookmark) if "raw_cohort" in entry))


def _entries(node: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """The cohorts of a bookmark, and the parameter that names each."""
    if isinstance(node, list):
        for each in node:
            yield from _entries(each)
    if not isinstance(node, dict):
        return
    for name, value in node.items():
        if name in ("cohort", "filter_by_cohort"):
            yield value, "where"
        elif name == "cohorts":
            yield from ((each, "on") for each in value)
        else:
            yield from _entries(value)


def raw_cohort(name: str, find: Callable[[str], OwnCohort]) -> Raw:
    """The definition of a cohort in Mixpanel's form.

    A condition without days is about those of the table, as it is here. ``within`` is a window that ends
    with the day on which Mixpanel answers.

    Args:
        name: The cohort.
        find: Gives a cohort of the database by its name.

    Raises:
        ParameterError: the form has no place for a part of it.
    """
    raw = _Raw(name, find)
    selector = raw.node(find(name).definition)
    if "children" not in selector:
        selector = _joined("and", [selector])
    return {"selector": selector, "behaviors": raw.behaviors}


class _Raw:
    """One definition in Mixpanel's form, with the cohorts that it is made of."""

    def __init__(self, name: str, find: Callable[[str], OwnCohort]) -> None:
        self.behaviors: dict[str, Raw] = {}
        self._name = name
        self._find = find
        self._own = find(name)
        self._open: tuple[str, ...] = (name,)

    def node(self, definition: Definition, *, is_negated: bool = False) -> Raw:
        """The definition, or its opposite, as a node of the selector."""
        match definition:
            case Not(operand=operand):
                return self.node(operand, is_negated=not is_negated)
            case And(operands=operands) | Or(operands=operands):
                is_and = isinstance(definition, And) is not is_negated
                nodes = [self.node(each, is_negated=is_negated) for each in operands]
                return _joined("and" if is_and else "or", nodes)
            case Did():
                return self._did(definition, is_negated=is_negated)
            case Profile(where=where):
                return self._profile(where, is_negated=is_negated)
            case InCohort(name=name):
                return self._inner(name, is_negated=is_negated)
            case OfMixpanel(cohort_id=number):
                return {"property": "cohort", "value": number, "operator": "not in" if is_negated else "in"}
            case InOrder():
                raise self._refused("users who did one event after the other")
            case OfSQL():
                raise self._refused("users found by SQL")
            case Listed():
                raise self._refused("a list of users")
        raise TypeError(definition)

    def _inner(self, name: str, *, is_negated: bool) -> Raw:
        """Another cohort of the database, in place."""
        if name in self._open:
            raise self._refused(f"the cohort {name!r} within itself")
        before, self._open, self._own = (self._open, self._own), (*self._open, name), self._find(name)
        try:
            return self.node(self._own.definition, is_negated=is_negated)
        finally:
            self._open, self._own = before

    def _did(self, did: Did, *, is_negated: bool) -> Raw:
        if did.event is None:
            raise self._refused("users who did any event")
        if custom_event(did.event) is not None:
            raise self._refused("users who did a custom event")
        least, most = did.at_least, did.at_most
        if did.sum_of is None:
            least = 1 if least is None else least
        elif is_negated or least is None or least <= 0:
            raise self._refused("a sum that may be of nothing")
        key = f"bhvr_{len(self.behaviors)}"
        self.behaviors[key] = self._behavior(did)
        if is_negated:
            limits = (
                [_limit(key, "<=", least - 1) if least > 1 else _limit(key, "==", 0)] if least > 0 else []
            )
            limits += [_limit(key, ">=", most + 1)] if most is not None else []
            return limits[0] if len(limits) == 1 else _joined("or", limits)
        if least == most:
            return _limit(key, "==", least)
        limits = [_limit(key, ">=", least)]
        limits += [_limit(key, "<=", most)] if most is not None else []
        return limits[0] if len(limits) == 1 else _joined("and", limits)

    def _behavior(self, did: Did) -> Raw:
        selected: Raw = {"event": did.event}
        if did.where is not None:
            selected["selector"] = _joined("and", self._filters(did.where))
        count: Raw = {"event_selector": selected, "type": "absolute"}
        if did.sum_of is not None:
            prop = property_node(did.sum_of)
            if prop is None or prop.source != "properties":
                raise self._refused(f"a sum of {did.sum_of!r}, which is no property of the event")
            count |= {"aggregationOperator": "total", "property": prop.name}
        return {"count": count, **self._days(did)}

    def _days(self, did: Did) -> Raw:
        if did.within is not None:
            text = f"{did.within}d" if isinstance(did.within, int) else did.within.lower()
            found = _WITHIN.fullmatch(text)
            if found is None or found[2] not in _WINDOWS:
                raise self._refused(f"the days {did.within!r}")
            unit, factor = _WINDOWS[found[2]]
            return {"window": {"unit": unit, "value": int(found[1]) * factor}}
        first, last = did.from_date or self._own.first, did.to_date or self._own.last
        if first is None or last is None:
            raise self._refused("an event on any day")
        return {"from_date": first.isoformat(), "to_date": max(first, last).isoformat()}

    def _filters(self, where: str) -> list[Raw]:
        clauses, determiner = self._said(where)
        if determiner != filters.ALL and len(clauses) > 1:
            raise self._refused(f"filters of an event joined by or, {where!r}")
        return [self._filter(clause, where) for clause in clauses]

    def _filter(self, clause: Raw, where: str) -> Raw:
        if clause["filterOperator"] not in _FILTERS or clause.get("resourceType") != "events":
            raise self._refused(f"the filter {where!r} of an event")
        return {name: value for name, value in clause.items() if value is not None}

    def _profile(self, where: str, *, is_negated: bool) -> Raw:
        clauses, determiner = self._said(where)
        if any(clause.get("resourceType") != "people" for clause in clauses):
            raise self._refused(f"the condition {where!r} of a profile")
        nodes = [self._of_profile(clause, where) for clause in clauses]
        if is_negated:
            nodes = [self._opposite(node, where) for node in nodes]
        is_and = (determiner == filters.ALL) is not is_negated
        return nodes[0] if len(nodes) == 1 else _joined("and" if is_and else "or", nodes)

    def _of_profile(self, clause: Raw, where: str) -> Raw:
        operator, value, name = clause["filterOperator"], clause["filterValue"], clause["value"]
        kind = clause["filterType"]
        if kind == "boolean":
            return _property(name, "==", operator == "true", kind)
        if kind == "string" and operator in ("equals", "does not equal"):
            sign, joint = ("==", "or") if operator == "equals" else ("!=", "and")
            nodes = [_property(name, sign, each, kind) for each in value]
            return nodes[0] if len(nodes) == 1 else _joined(joint, nodes)
        if operator in ("is at least", "is at most"):
            sign = ">" if operator == "is at least" else "<"
            return _joined("or", [_property(name, each, value, kind) for each in (sign, "==")])
        if operator == "is between":
            low, high = value
            bounds = [clause | {"filterOperator": "is at least", "filterValue": low}]
            bounds += [clause | {"filterOperator": "is at most", "filterValue": high}]
            return _joined("and", [self._of_profile(each, where) for each in bounds])
        if operator not in _SIGNS:
            raise self._refused(f"the condition {where!r} of a profile")
        return _property(name, _SIGNS[operator], "" if value is None else value, kind)

    def _opposite(self, node: Raw, where: str) -> Raw:
        """All other users, those without the property included."""
        if "children" in node:
            joint = "or" if node["operator"] == "and" else "and"
            return _joined(joint, [self._opposite(each, where) for each in node["children"]])
        if node["operator"] not in _OPPOSITES:
            raise self._refused(f"the opposite of {where!r}")
        return node | {"operator": _OPPOSITES[node["operator"]]}

    def _said(self, where: str) -> tuple[list[Raw], str]:
        try:
            found = filters.clauses_of(where)
        except ExpressionError:
            found = None
        if found is None or any(clause.get("value") in (None, cohorts.COHORTS) for clause in found[0]):
            raise self._refused(f"the condition {where!r}")
        return found

    def _refused(self, what: str) -> ParameterError:
        message = f"The cohort {self._name!r} has {what[:100]}: Mixpanel takes no such cohort with a query."
        return ParameterError(message, parameter="in_cohort", value=self._name, hint=IN_TABLES)


def _limit(key: str, sign: str, operand: float) -> Raw:
    return {"property": "behaviors", "value": key, "operator": sign, "operand": operand}


def _property(name: str, sign: str, operand: Any, kind: str) -> Raw:
    return {"property": "user", "value": name, "operator": sign, "operand": operand, "type": kind}


def _joined(joint: str, children: Sequence[Mapping[str, Any]]) -> Raw:
    return {"operator": joint, "children": list(children)}
