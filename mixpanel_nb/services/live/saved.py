"""Saved reports and JQL: what is made elsewhere and only run here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.errors import QueryError
from mixpanel_nb.services import asked
from mixpanel_nb.services.live.asking import LiveReports, listed_by, sent
from mixpanel_nb.services.live.funnels import MAX_ID
from mixpanel_nb.services.live.reading.node import Node

if TYPE_CHECKING:
    from collections.abc import Mapping

JQL_NOTE = (
    "Mixpanel has put JQL in maintenance mode and recommends discontinuing its use; "
    "reports and SQL over fetched tables answer most of what it was used for."
)


class SavedReports(LiveReports):
    """What is made elsewhere and only run here."""

    def saved_report(self, bookmark_id: int) -> results.SavedReportResult:
        """A report that is saved in the project (of the kinds insights, funnels and retention).

        https://developer.mixpanel.com/reference/insights-query
        """
        number = asked.number(bookmark_id, "bookmark_id", most=MAX_ID)
        with listed_by("mp bookmarks"):
            answer = Node.of(self._client.saved_report(number))
        headers, dates = answer.get("headers"), answer.get("date_range")
        return results.SavedReportResult(
            number,
            answer["series"].object(),
            () if headers is None else tuple(header.text() for header in headers.elements()),
            {} if dates is None else dates.object(),
            **sent(answer),
        )

    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> results.JQLResult:
        """What a JQL script returns.

        Mixpanel has put JQL in maintenance mode and recommends discontinuing its use
        (https://developer.mixpanel.com/reference/query-jql); it counts against a quota of its own as well.

        Args:
            script: JavaScript with a function ``main``.
            params: Available to the script as ``params``; dates in them are sent as ISO text.

        Raises:
            QueryError: ``params`` cannot be sent as JSON, or the script failed: ``details["context"]`` shows
                the line and the place in it.
        """
        if not isinstance(script, str) or not script.strip():
            message = "The JQL script is empty."
            raise QueryError(
                message, hint="It needs a function main() { … }.", details={"parameter": "script"}
            )
        answer = self._client.jql(script, _as_json(params))
        return results.JQLResult(
            script, tuple(answer.data), params, notes=(JQL_NOTE,), **sent(Node.of(answer))
        )


def _as_json(params: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The parameters made of what JSON has.

    Raises:
        QueryError: they cannot be.
    """
    if params is None:
        return None
    try:
        safe: dict[str, Any] = results.json_safe(dict(params))
        json.dumps(safe)
    except (TypeError, ValueError, RecursionError):
        message = "params of a JQL script must be an object that JSON can hold."
        raise QueryError(message, details={"parameter": "params"}) from None
    return safe
