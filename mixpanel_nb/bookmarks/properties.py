"""Properties of a bookmark: those with a name, and formulas over several (``customProperty``)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.context import is_expression
from mixpanel_nb.analytics.expressions import nodes, parse
from mixpanel_nb.bookmarks.refusals import only_tables, untranslated
from mixpanel_nb.errors import ExpressionError
from mixpanel_nb.queries.customs import CUSTOM_PROPERTY, LOOKUP

if TYPE_CHECKING:
    from collections.abc import Mapping

_OF_USERS = ("people", "user")
_OF_EVENTS = ("events", "event")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_LETTER = re.compile(r'"(?:[^"\\]|\\.)*"|\b([A-Z])\b(?!\()', re.DOTALL)
_ACCESS = re.compile(r'\b(?:properties|user)\s*\[\s*"(?:[^"\\]|\\.)*"\s*\]', re.DOTALL)
_ARITHMETIC = ("floor", "ceil", "round", "number")


def access_of(name: Any, resource: Any) -> str:
    """The expression for a property of an event, or of the event's user.

    Raises:
        ParameterError: it is a property of something else.
    """
    if not isinstance(name, str) or not name:
        raise untranslated(f"a property without a name, {str(name)[:60]!r}", name)
    if resource not in (*_OF_USERS, *_OF_EVENTS):
        raise untranslated(f"a property of {resource!r}", resource)
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'{"user" if resource in _OF_USERS else "properties"}["{escaped}"]'


def property_of_clause(clause: Mapping[str, Any]) -> str:
    """The expression for the property of a filter, a group or a measurement.

    Raises:
        ParameterError: it cannot be said in an expression.
    """
    number = clause.get("customPropertyId")
    if isinstance(number, int):
        return access_of(f"{CUSTOM_PROPERTY}{number}", "events")
    if clause.get("behavior") is not None:
        raise untranslated("a property that counts how often users did something", clause["behavior"])
    if clause.get("joinPropertyType") or clause.get("filterJoinType"):
        raise untranslated("a property of the objects in a list", clause.get("value"))
    custom = clause.get("customProperty")
    if custom is not None:
        return _formula_of(custom)
    name = clause.get("value", clause.get("name"))
    return access_of(name, clause.get("resourceType", "events"))


def named(text: str) -> str:
    """A property of an event by its name alone, where an expression is no more than that."""
    node = parse(text)
    plain = isinstance(node, nodes.Property) and node.source == "properties" and not is_expression(node.name)
    return node.name if plain and isinstance(node, nodes.Property) else text


def property_node(on: str) -> nodes.Property | None:
    """The property that a breakdown or a measure names; None for any other expression.

    Raises:
        ExpressionError: there is a mistake in it.
        ParameterError: it is a column of a lookup table.
    """
    node = parse(on) if is_expression(on) else nodes.Property(0, "properties", on)
    if not isinstance(node, nodes.Property) or node.source not in ("properties", "user"):
        return None
    if node.name.startswith(LOOKUP):
        raise only_tables("Mixpanel does not know the lookup tables of your database.", "on")
    return node


def resource_of(node: nodes.Property) -> str:
    """Mixpanel's word for whose property it is."""
    return "people" if node.source == "user" else "events"


def custom_property(text: str) -> dict[str, Any] | None:
    """An expression that calculates a number from properties, as ``customProperty``; None for any other.

    Raises:
        ExpressionError: there is a mistake in it.
    """
    node = parse(text)
    if not _calculates(node):
        return None
    letters: dict[str, str] = {}

    def letter(found: re.Match[str]) -> str:
        return letters.setdefault(re.sub(r"\s", "", found[0]), _LETTERS[len(letters)])

    accesses = {each.group() for each in _ACCESS.finditer(text)}
    if len(accesses) > len(_LETTERS):
        return None
    formula = _ACCESS.sub(letter, text)
    composed = {}
    for access, name in letters.items():
        prop = parse(access)
        if not isinstance(prop, nodes.Property):
            return None
        kind = "user" if prop.source == "user" else "event"
        composed[name] = {"value": prop.name, "type": "number", "resourceType": kind}
    return {
        "displayFormula": formula,
        "composedProperties": composed,
        "name": "",
        "description": "",
        "resourceType": "events",
        "propertyType": "number",
    }


def _calculates(node: nodes.Node) -> bool:
    """Whether only numbers and properties are calculated with, without texts."""
    match node:
        case nodes.Binary(operator="+" | "-" | "*" | "/", left=left, right=right):
            return _calculates(left) and _calculates(right)
        case nodes.FunctionCall(name=name, arguments=(argument,)) if name in _ARITHMETIC:
            return _calculates(argument)
        case nodes.Negative(operand=operand):
            return _calculates(operand)
        case nodes.Property(source="properties" | "user"):
            return True
        case nodes.Constant(value=value):
            return isinstance(value, int | float) and not isinstance(value, bool)
    return False


def _formula_of(custom: Mapping[str, Any]) -> str:
    """The expression of a custom property's formula, with its letters replaced by their properties."""
    formula, composed = custom.get("displayFormula"), custom.get("composedProperties") or {}

    def replaced(found: re.Match[str]) -> str:
        letter = found[1]
        if letter is None:
            return found[0]
        if letter not in composed:
            raise untranslated(f"the custom property {formula!r} without its {letter}", formula)
        one = composed[letter]
        return access_of(one.get("value"), one.get("resourceType", "event"))

    text = _LETTER.sub(replaced, str(formula))
    try:
        parse(text)
    except ExpressionError:
        raise untranslated(f"the custom property {formula!r}", formula) from None
    return text
