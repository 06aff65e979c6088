"""Answers that say no, in the shapes Mixpanel's API families give them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Literal

from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

Family = Literal["query", "export", "app"]


class RefusedError(Exception):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        message: The ``error`` of the answer.
        headers: Further headers of the answer.
    """

    def __init__(self, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.headers = dict(headers or {})


def family_of(path: str) -> Family:
    """Which of Mixpanel's API families a path belongs to; what belongs to none counts as query."""
    if path.startswith("/api/app/"):
        return "app"
    return "export" if path.rstrip("/") == "/api/2.0/export" else "query"


def error_body(family: Family, target: str, message: str) -> str:
    """The JSON of an error: app endpoints name a status, the others the request (Mixpanel's docs)."""
    if family == "app":
        return json.dumps({"status": "error", "error": message})
    return json.dumps({"request": target, "error": message})


def refused(refusal: RefusedError, family: Family, target: str) -> Response:
    """The answer to a refused request.

    Args:
        refusal: Why.
        family: Decides the shape of the body.
        target: The path and query of the request, without secrets.
    """
    body = error_body(family, target, refusal.message)
    return Response(body, refusal.status, headers=refusal.headers, content_type="application/json")
