"""``bookmark-urls``: reports that nobody saved, under the slugs of their addresses (app API).

Known from Mixpanel's own client (mixpanel-headless 0.4.0): only projects have them, and none is replaced.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.endpoints.projects import CREATOR
from mixpanel_nb.sandbox.links import LinkedReport
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call

_TYPES = ("insights", "funnels", "retention", "flows")
_SLUG = re.compile(r"[0-9a-zA-Z_-]{12}")


def create(call: Call) -> Response:
    """Keep a report: ``slug``, ``type``, ``params``, and perhaps ``name`` and ``description``."""
    slug, kind, params = call.required("slug"), call.choice("type", _TYPES), call.json("params")
    if not _SLUG.fullmatch(slug):
        raise RefusedError(400, f"Invalid slug: {slug!r} is not 12 letters, digits, _ and -")
    if not isinstance(params, dict):
        raise RefusedError(400, "Invalid params: expected a JSON object")
    report = LinkedReport(slug, kind, params, call.text("name"), call.text("description"), call.now)
    if not call.links.add(call.project_id, report):
        raise RefusedError(400, f"Invalid slug: {slug} exists already")
    return json_answer({"status": "ok", "results": _described(call, report)}, 201)


def one(call: Call) -> Response:
    """The report under a slug."""
    report = call.links.find(call.project_id, call.path["slug"])
    if report is None:
        raise RefusedError(404, f"Bookmark URL {call.path['slug']} does not exist")
    return json_answer({"status": "ok", "results": _described(call, report)})


def _described(call: Call, report: LinkedReport) -> dict[str, Any]:
    return {
        "slug": report.slug,
        "type": report.type,
        "params": report.params,
        "name": report.name,
        "description": report.description,
        "project_id": call.project_number,
        "user_id": CREATOR["id"],
        "created_at": f"{report.created:%Y-%m-%dT%H:%M:%S}",
        "bookmark_id": None,
    }
