"""Annotations of the timeline: of the app API, and in the older form of the query API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.endpoints.projects import CREATOR
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.saved.kinds import Annotation


def of_project(call: Call) -> Response:
    """The annotations from ``fromDate`` to ``toDate``; with ``tags``, those that have one of these ids."""
    tags = call.numbers("tags")
    found = [
        _described(call, annotation)
        for annotation in _between(call, call.day("fromDate"), call.day("toDate"))
        if tags is None or any(number in tags for number, _ in annotation.tags)
    ]
    return json_answer({"status": "ok", "results": found})


def one(call: Call) -> Response:
    """One annotation."""
    annotation = by_id(call.dataset.saved.annotations, call.path["annotation_id"])
    if annotation is None:
        raise RefusedError(404, f"Annotation {call.path['annotation_id']} does not exist")
    return json_answer({"status": "ok", "results": _described(call, annotation)})


def tags(call: Call) -> Response:
    """The tags that annotations have."""
    used = {tag for annotation in call.dataset.saved.annotations for tag in annotation.tags}
    return json_answer({"status": "ok", "results": _tags(sorted(used))})


def legacy(call: Call) -> Response:
    """The annotations as clients of ``/api/2.0`` know them."""
    found = [
        {
            "date": f"{annotation.moment:%Y-%m-%d %H:%M:%S}",
            "project_id": call.project_number,
            "id": annotation.id,
            "description": annotation.description,
        }
        for annotation in _between(call, *call.date_range())
    ]
    return json_answer({"annotations": found, "error": False})


def _between(call: Call, first: date | None, last: date | None) -> list[Annotation]:
    return [
        annotation
        for annotation in call.dataset.saved.annotations
        if (first is None or annotation.moment.date() >= first)
        and (last is None or annotation.moment.date() <= last)
    ]


def _described(call: Call, annotation: Annotation) -> dict[str, Any]:
    first_name, _, last_name = str(CREATOR["name"]).partition(" ")
    return {
        "id": annotation.id,
        "project_id": call.project_number,
        "date": annotation.moment.isoformat(),
        "description": annotation.description,
        "user": {"id": CREATOR["id"], "first_name": first_name, "last_name": last_name},
        "tags": _tags(annotation.tags),
    }


def _tags(found: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    return [{"id": number, "name": name} for number, name in found]
