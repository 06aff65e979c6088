"""Saved cohorts: ``cohorts/list`` of the query API, and those of the app API, which tell a little more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.answers import json_answer
from mixpanel_nb.sandbox.endpoints.projects import CREATOR
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call
    from mixpanel_nb.sandbox.saved.kinds import Cohort


def listed(call: Call) -> Response:
    """All cohorts of the project with the number of their members; the interface hides some."""
    return json_answer([_listed(call, cohort) for cohort in call.dataset.saved.cohorts])


def of_project(call: Call) -> Response:
    """The same in the app API; with ``ids``, only these. There are none of groups."""
    ids = call.numbers("ids")
    cohorts = [] if call.text("data_group_id") else call.dataset.saved.cohorts
    found = [_described(call, cohort) for cohort in cohorts if ids is None or cohort.id in ids]
    return json_answer({"status": "ok", "results": found})


def one(call: Call) -> Response:
    """One cohort."""
    cohort = by_id(call.dataset.saved.cohorts, call.path["cohort_id"])
    if cohort is None:
        raise RefusedError(404, f"Cohort {call.path['cohort_id']} does not exist")
    return json_answer({"status": "ok", "results": _described(call, cohort)})


def _listed(call: Call, cohort: Cohort) -> dict[str, Any]:
    return {
        "count": len(call.dataset.members(cohort)),
        "is_visible": int(cohort.is_visible),
        "description": cohort.description,
        "created": f"{cohort.created:%Y-%m-%d %H:%M:%S}",
        "project_id": call.project_number,
        "id": cohort.id,
        "name": cohort.name,
        "data_group_id": None,
    }


def _described(call: Call, cohort: Cohort) -> dict[str, Any]:
    return {
        **_listed(call, cohort),
        "is_visible": cohort.is_visible,
        "is_locked": False,
        "last_edited": f"{cohort.created:%Y-%m-%d %H:%M:%S}",
        "created_by": CREATOR,
        "referenced_by": [],
    }
