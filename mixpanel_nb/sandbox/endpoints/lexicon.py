"""``schemas``: the described vocabulary of the project (Lexicon schemas API)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.saved.kinds import Entity, Property

_KINDS = ("event", "profile", "custom_event", "group")


def of_project(call: Call) -> Response:
    """All events and profiles that are described."""
    return json_answer({"status": "ok", "results": [_entry(entity) for entity in call.dataset.saved.lexicon]})


def of_type(call: Call) -> Response:
    """Those of one type; with ``entity_name``, the schema of that one alone."""
    kind, name = _kind(call), call.text("entity_name")
    if name is not None:
        return json_answer({"status": "ok", "results": _schema(_named(call, kind, name))})
    found = [_entry(entity) for entity in call.dataset.saved.lexicon if entity.type == kind]
    return json_answer({"status": "ok", "results": found})


def one(call: Call) -> Response:
    """The schema of one event or of profiles."""
    return json_answer(_schema(_named(call, _kind(call), call.path["name"])))


def _kind(call: Call) -> str:
    kind = str(call.path["entity_type"])
    if kind not in _KINDS:
        raise RefusedError(400, f"Invalid entity type: {kind!r}, expected one of {', '.join(_KINDS)}")
    return kind


def _named(call: Call, kind: str, name: str) -> Entity:
    for entity in call.dataset.saved.lexicon:
        if (entity.type, entity.name) == (kind, name):
            return entity
    raise RefusedError(404, f"There is no schema for {kind} {name!r}")


def _entry(entity: Entity) -> dict[str, Any]:
    return {"entityType": entity.type, "name": entity.name, "schemaJson": _schema(entity)}


def _schema(entity: Entity) -> dict[str, Any]:
    metadata = {
        "displayName": entity.display_name or entity.name,
        "tags": list(entity.tags),
        "hidden": entity.hidden,
        "dropped": False,
        "contacts": [],
        "teamContacts": [],
    }
    return {
        "description": entity.description,
        "properties": {name: _property(found) for name, found in entity.properties.items()},
        "metadata": {"com.mixpanel": metadata},
    }


def _property(found: Property) -> Mapping[str, Any]:
    metadata = {"hidden": found.hidden, "dropped": False}
    return {
        "type": found.type,
        "description": found.description,
        "metadata": {"com.mixpanel": metadata},
    }
