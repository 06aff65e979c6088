"""Live saved reports and JQL."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.bookmarks.refusals import only_tables
from mixpanel_nb.errors import APIError, ParameterError, QueryError
from mixpanel_nb.services.live.base import LiveReports, listed_by, sent
from mixpanel_nb.services.live.reading.node import Node

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_nb.queries import JQL, SavedReport

JQL_NOTE = (
    "Mixpanel has put JQL in maintenance mode and recommends discontinuing its use; "
    "reports and SQL over fetched tables answer most of what it was used for."
)


class SavedReports(LiveReports):
    """Saved reports and JQL scripts."""

    def saved_report(self, query: SavedReport) -> results.SavedReportResult:
        """A report that is saved in the project (of the kinds insights, funnels and retention).

        https://developer.mixpanel.com/reference/insights-query

        Raises:
            ParameterError: it is a flow, which only a table answers by its id.
        """
        with listed_by("bookmarks"), self._naming_flows(query.bookmark_id):
            answer = self._ask("insights", bookmark_id=query.bookmark_id)
        headers, dates = answer.get("headers"), answer.get("date_range")
        return results.SavedReportResult(
            query.bookmark_id,
            answer["series"].object(),
            () if headers is None else tuple(header.text() for header in headers.elements()),
            {} if dates is None else dates.object(),
            **sent(answer),
        )

    @contextmanager
    def _naming_flows(self, number: int) -> Iterator[None]:
        """If Mixpanel refuses a saved report that is a flow, say so."""
        try:
            yield
        except QueryError:
            with suppress(APIError):
                if self._client().bookmark(number).get("type") == "flows":
                    message = f"Saved report {number} is a flow, which Mixpanel does not answer by its id."
                    raise only_tables(message, "bookmark_id") from None
            raise

    def jql(self, query: JQL) -> results.JQLResult:
        """What a JQL script returns; dates in its params are sent as ISO text.

        Mixpanel has put JQL in maintenance mode and recommends discontinuing its use
        (https://developer.mixpanel.com/reference/query-jql); it counts against a quota of its own as well.

        Raises:
            ParameterError: the script is empty, or its params cannot be sent as JSON.
            QueryError: the script failed: ``details["context"]`` shows the line and the place in it.
        """
        if not query.script.strip():
            hint = "It needs a function main() { … }."
            raise ParameterError("The JQL script is empty.", parameter="script", hint=hint)
        answer = self._client().jql(query.script, _as_json(query.params))
        return results.JQLResult(
            query.script, tuple(answer.data), query.params, notes=(JQL_NOTE,), **sent(Node.of(answer))
        )


def _as_json(params: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The parameters as JSON data.

    Raises:
        ParameterError: they cannot be converted.
    """
    if params is None:
        return None
    try:
        safe: dict[str, Any] = results.json_safe(dict(params))
        json.dumps(safe)
    except (TypeError, ValueError, RecursionError):
        message = "params of a JQL script must be an object that JSON can hold."
        raise ParameterError(message, parameter="params") from None
    return safe
