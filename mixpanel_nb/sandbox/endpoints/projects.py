"""``/api/app/…``: the account, and the project's workspaces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox.access import PROJECT_ID
from mixpanel_nb.sandbox.answers import json_answer

if TYPE_CHECKING:
    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call

_ORGANIZATION_ID = 1
_WORKSPACE_ID = 1
_NAME = "Sandbox"
CREATOR = {"id": 1, "name": "Sandbox Owner", "email": "sandbox@example.com"}
"""The creator of all saved items."""


def me(_call: Call) -> Response:
    """The account, its organization, project and workspace."""
    organization = {"id": _ORGANIZATION_ID, "name": _NAME, "role": "owner", "permissions": []}
    project = {
        "name": _NAME,
        "organization_id": _ORGANIZATION_ID,
        "timezone": "UTC",
        "has_workspaces": True,
        "domain": "mixpanel.com",
        "type": "default",
    }
    flags = {"is_global": True, "is_restricted": False, "is_visible": True}
    results = {
        "user_id": CREATOR["id"],
        "user_email": CREATOR["email"],
        "user_name": CREATOR["name"],
        "organizations": {str(_ORGANIZATION_ID): organization},
        "projects": {PROJECT_ID: project},
        "workspaces": {str(_WORKSPACE_ID): {**_workspace(int(PROJECT_ID)), **flags}},
    }
    return json_answer({"status": "ok", "results": results})


def workspaces(call: Call) -> Response:
    """The one workspace of any project."""
    return json_answer({"status": "ok", "results": [_workspace(call.project_number)]})


def _workspace(project: int | str) -> dict[str, Any]:
    return {"id": _WORKSPACE_ID, "name": "All Project Data", "project_id": project, "is_default": True}
