"""Custom events, custom properties and lookup tables of the project (app API)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.answers import csv_answer, json_answer
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call


def events(call: Call) -> Response:
    """The custom events, in Lexicon's form; other events are described by ``schemas``."""
    if call.text("custom_event") != "true":
        raise RefusedError(400, "The sandbox lists custom events here alone: custom_event=true")
    return json_answer({"status": "ok", "results": list(call.dataset.saved.custom_events)})


def properties(call: Call) -> Response:
    """The custom properties."""
    return json_answer({"status": "ok", "results": list(call.dataset.saved.custom_properties)})


def one_property(call: Call) -> Response:
    """One custom property."""
    number = call.path["property_id"]
    for each in call.dataset.saved.custom_properties:
        if each["customPropertyId"] == number:
            return json_answer({"status": "ok", "results": each})
    raise RefusedError(404, f"Custom property {number} does not exist")


def lookup_tables(call: Call) -> Response:
    """The lookup tables, all or that of a ``data-group-id``."""
    wanted = call.text("data-group-id")
    found = [
        {
            "id": each.id,
            "name": each.name,
            "token": None,
            "createdAt": each.created,
            "lastModifiedAt": each.created,
            "hasMappedProperties": False,
        }
        for each in call.dataset.saved.lookup_tables
        if wanted in (None, str(each.id))
    ]
    return json_answer({"status": "ok", "results": found})


def lookup_table_rows(call: Call) -> Response:
    """The rows of the lookup table of a ``data-group-id``, as CSV."""
    number = call.required("data-group-id")
    for each in call.dataset.saved.lookup_tables:
        if str(each.id) == number:
            return csv_answer(each.rows)
    raise RefusedError(404, f"Lookup table {number} does not exist")
