"""Annotations of the timeline: read and written in the app API, read in the older form of the query API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.endpoints.projects import CREATOR
from mixpanel_nb.sandbox.refusals import RefusedError

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
    number = call.path["annotation_id"]
    found = _existing(number, call.annotations.find(number))
    return json_answer({"status": "ok", "results": _described(call, found)})


def create(call: Call) -> Response:
    """Make an annotation of ``date``, ``description`` and ``tags``, a list of ids; 201."""
    return json_answer({"status": "ok", "results": _described(call, _created(call))}, 201)


def change(call: Call) -> Response:
    """Change the ``date``, ``description`` or ``tags`` of an annotation; what is not given stays."""
    return json_answer(
        {"status": "ok", "results": _described(call, _changed(call, call.path["annotation_id"]))}
    )


def remove(call: Call) -> Response:
    """Remove an annotation."""
    number = call.path["annotation_id"]
    _remove(call, number)
    return json_answer({"status": "ok", "results": {"id": number}})


def tags(call: Call) -> Response:
    """The tags that annotations may have."""
    return json_answer({"status": "ok", "results": _tags(call.annotations.tags())})


def create_tag(call: Call) -> Response:
    """Make a tag of this ``name``, if there is none yet; 201."""
    [tag] = _tags([call.annotations.add_tag(call.required("name"))])
    return json_answer({"status": "ok", "results": tag}, 201)


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


def legacy_create(call: Call) -> Response:
    """Make an annotation, as clients of ``/api/2.0`` do."""
    _created(call)
    return json_answer({"error": False})


def legacy_update(call: Call) -> Response:
    """Change the annotation of an ``id``."""
    call.required("id")
    _changed(call, call.integer("id", 0))
    return json_answer({"error": False})


def legacy_delete(call: Call) -> Response:
    """Remove the annotation of an ``id``."""
    call.required("id")
    _remove(call, call.integer("id", 0))
    return json_answer({"error": False})


def _created(call: Call) -> Annotation:
    moment, description, chosen = _moment(call), _text(call, "description"), _chosen_tags(call)
    if moment is None or description is None:
        raise RefusedError(400, f"Missing required parameter: {'date' if moment is None else 'description'}")
    return call.annotations.add(moment, description, chosen or ())


def _changed(call: Call, number: int) -> Annotation:
    changes = _moment(call), _text(call, "description"), _chosen_tags(call)
    return _existing(number, call.annotations.change(number, *changes))


def _remove(call: Call, number: int) -> None:
    if not call.annotations.remove(number):
        _existing(number, None)


def _existing(number: int, annotation: Annotation | None) -> Annotation:
    if annotation is None:
        raise RefusedError(404, f"Annotation {number} does not exist")
    return annotation


def _between(call: Call, first: date | None, last: date | None) -> list[Annotation]:
    return [
        annotation
        for annotation in call.annotations.all()
        if (first is None or annotation.moment.date() >= first)
        and (last is None or annotation.moment.date() <= last)
    ]


def _moment(call: Call) -> datetime | None:
    """``date`` as a moment, such as ``2025-01-31 09:00:00`` of the project's time zone, which is UTC."""
    value = call.text("date")
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise RefusedError(400, "Invalid date: expected YYYY-MM-DD HH:mm:ss") from None


def _text(call: Call, name: str) -> str | None:
    value = call.params.get(name)
    if value is not None and not value.strip():
        raise RefusedError(400, f"Invalid {name}: it may not be blank")
    return value


def _chosen_tags(call: Call) -> list[tuple[int, str]] | None:
    """The tags whose ids ``tags`` lists, or None if it is absent."""
    if call.text("tags") is None:
        return None
    known, asked = dict(call.annotations.tags()), call.json("tags")
    if not isinstance(asked, list) or not all(
        isinstance(number, int) and number in known for number in asked
    ):
        raise RefusedError(400, "Invalid tags: expected a list of ids of tags")
    return [(number, known[number]) for number in asked]


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
