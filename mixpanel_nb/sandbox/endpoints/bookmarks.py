"""``bookmarks``: saved reports, what each asks and who saved it (app API)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.endpoints.projects import CREATOR
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.saved.params import params_of

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.saved.kinds import Report

_TYPES = ("insights", "funnels", "retention", "flows", "launch-analysis")


def of_project(call: Call) -> Response:
    """The saved reports, all or those of a ``type`` or of some ``ids``, in the envelope of ``v=2``."""
    kind = call.choice("type", _TYPES) if call.text("type") else None
    ids = call.numbers("ids")
    found = [
        _described(call, report)
        for report in call.dataset.saved.reports
        if kind in (None, report.type) and (ids is None or report.id in ids)
    ]
    return json_answer({"status": "ok", "results": {"results": found}})


def one(call: Call) -> Response:
    """One saved report."""
    report = by_id(call.dataset.saved.reports, call.path["bookmark_id"])
    if report is None:
        raise RefusedError(404, f"Bookmark {call.path['bookmark_id']} does not exist")
    return json_answer({"status": "ok", "results": _described(call, report)})


def _described(call: Call, report: Report) -> dict[str, Any]:
    moment = f"{report.created:%Y-%m-%dT%H:%M:%S}"
    return {
        "id": report.id,
        "name": report.name,
        "type": report.type,
        "project_id": call.project_number,
        "workspace_id": None,
        "dashboard_id": None,
        "description": report.description,
        "params": params_of(report),
        "created": moment,
        "modified": moment,
        "creator_id": CREATOR["id"],
        "creator_name": CREATOR["name"],
        "creator_email": CREATOR["email"],
    }
