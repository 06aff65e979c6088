"""Custom events and custom properties of a project: Mixpanel's JSON as definitions for reports on tables.

A custom event is ``{"customEventId", "name", "alternatives": [{"event", "serialized", "valid_segfilter"}]}``,
where ``serialized`` is the filter as an expression. A custom property is ``{"customPropertyId", "name",
"displayFormula", "composedProperties"}``, or has a ``behavior`` in place of the formula. The shapes are those
of Mixpanel's own client (mixpanel-headless 0.4.0) and Terraform provider; its documentation has none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.definitions import Alternative, CustomEvent, CustomProperty
from mixpanel_nb.analytics.expressions import parse
from mixpanel_nb.analytics.expressions.formulas import check_formula
from mixpanel_nb.bookmarks import filters
from mixpanel_nb.bookmarks.properties import access_of
from mixpanel_nb.bookmarks.sections import ANY_EVENT
from mixpanel_nb.errors import ExpressionError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping

    Item = Mapping[str, Any]


def custom_event_of(number: int, item: Item) -> CustomEvent:
    """A custom event; ``problem`` says what of it has no translation."""
    name = str(item.get("displayName") or item.get("name") or "")
    listed = item.get("alternatives")
    if not isinstance(listed, list) or not listed or not all(isinstance(each, dict) for each in listed):
        return CustomEvent(number, name, problem="Mixpanel does not say of which events it is.")
    try:
        return CustomEvent(number, name, tuple(map(_alternative, listed)))
    except (ExpressionError, ParameterError) as error:
        return CustomEvent(number, name, problem=_sentence(error))


def _alternative(item: Item) -> Alternative:
    event = item.get("event")
    if not isinstance(event, str) or not event:
        message = "One of its events has no name."
        raise ParameterError(message, parameter="event", value=event)
    where = item.get("serialized") or None
    if where is None:
        where = _of_segfilter(item.get("valid_segfilter") or {})
    else:
        parse(str(where))
    return Alternative(None if event in ANY_EVENT else event, where)


def _of_segfilter(found: Item) -> str | None:
    listed = found.get("filters") or found.get("children") or ()
    return filters.of_step(listed, str(found.get("op") or found.get("operator") or "and"))


def custom_property_of(number: int, item: Item) -> CustomProperty:
    """A custom property; ``problem`` says what of it has no translation."""
    name, formula = str(item.get("name") or ""), item.get("displayFormula")
    if not isinstance(formula, str) or not formula.strip():
        problem = "It is no formula, but counts what users did."
        return CustomProperty(number, name, problem=problem)
    composed = item.get("composedProperties")
    try:
        inputs = {letter: _input(each) for letter, each in (composed or {}).items() if isinstance(each, dict)}
        check_formula(formula, inputs)
    except (ExpressionError, ParameterError) as error:
        return CustomProperty(number, name, formula, problem=_sentence(error))
    return CustomProperty(number, name, formula, inputs)


def _input(item: Item) -> str:
    if item.get("customPropertyId") is not None or item.get("behavior") is not None:
        message = "Its formula has a property that is itself no property of an event or a user."
        raise ParameterError(message, parameter="on")
    return access_of(item.get("value"), item.get("resourceType", "event"))


def _sentence(error: ExpressionError | ParameterError) -> str:
    text = str(error.message)
    return text if text.endswith((".", "?")) else f"{text}."
