"""What the store defines itself: custom events, custom properties and a lookup table of its products."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.dataset.catalogue import PRODUCTS
from mixpanel_nb.sandbox.saved.kinds import LookupTable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_DEPARTMENTS = {
    "Kitchen": "Food and kitchen",
    "Café": "Food and kitchen",
    "Garden": "House and garden",
    "Home & Living": "House and garden",
    "Office": "Office",
}
_CREATED = "2025-01-08T09:00:00"


def _event(number: int, name: str, *alternatives: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": number,
        "name": name,
        "displayName": name,
        "description": "",
        "customEventId": number,
        "alternatives": list(alternatives),
        "hidden": False,
        "dropped": False,
        "createdUtc": _CREATED,
    }


def _input(name: str, kind: str, resource: str = "event") -> dict[str, str]:
    return {"value": name, "type": kind, "resourceType": resource, "label": name}


def _property(number: int, name: str, kind: str, **definition: Any) -> dict[str, Any]:
    return {
        "customPropertyId": number,
        "name": name,
        "description": "",
        "resourceType": "events",
        "propertyType": kind,
        "isLocked": False,
        "isVisible": True,
        "dataGroupId": None,
        "created": _CREATED,
        "modified": _CREATED,
        **definition,
    }


_PRO = {
    "property": {"name": "plan", "source": "properties", "type": "string"},
    "type": "string",
    "selected_property_type": "string",
    "filter": {"operator": "==", "operand": ["pro"]},
}
CUSTOM_EVENTS: Sequence[Mapping[str, Any]] = (
    _event(5001, "Looking around", {"event": "View Product"}, {"event": "Search"}),
    _event(
        5002,
        "Pro purchase",
        {
            "event": "Purchase",
            "serialized": '(properties["plan"] == "pro")',
            "valid_segfilter": {"op": "and", "filters": [_PRO]},
        },
    ),
    _event(5003, "Close to a sale", {"event": "$custom_event:5002"}, {"event": "Start Checkout"}),
)
CUSTOM_PROPERTIES: Sequence[Mapping[str, Any]] = (
    _property(
        6001,
        "Order size",
        "string",
        displayFormula='IFS(A >= 150, "large", A >= 50, "middle", DEFINED(A), "small")',
        composedProperties={"A": _input("revenue", "number")},
    ),
    _property(
        6002,
        "Revenue per item",
        "number",
        displayFormula="A / B",
        composedProperties={"A": _input("revenue", "number"), "B": _input("quantity", "number")},
    ),
    _property(
        6003,
        "Purchases of 30 days",
        "number",
        behavior={
            "aggregationOperator": "total",
            "event": {"value": "Purchase"},
            "dateRange": {"type": "in the last", "window": {"unit": "day", "value": 30}},
            "filters": [],
            "filtersOperator": "and",
        },
    ),
)


def _products() -> Iterator[Sequence[str]]:
    """What the store knows of its products beside their names."""
    yield "sku", "department", "margin", "fragile"
    for place, product in enumerate(PRODUCTS):
        fragile = "true" if product.category in ("Kitchen", "Café") else "false"
        yield product.sku, _DEPARTMENTS[product.category], f"{0.2 + 0.05 * (place % 5):.2f}", fragile


LOOKUP_TABLES: Sequence[LookupTable] = (LookupTable(7001, "Products", _CREATED, tuple(_products())),)
