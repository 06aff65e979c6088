"""The reports of the Query API: requests by endpoint and parameters, answers as Mixpanel's JSON.

https://developer.mixpanel.com/reference/query-api. Only the outer shape of an answer is checked here.
``where`` and ``on`` are Mixpanel expressions, days are ``YYYY-MM-DD`` texts or dates, inclusive, in the
project's time zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.client.endpoint import Endpoints, QueryAnswer
from mixpanel_nb.client.shape_checks import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Mapping

SHAPES: dict[str, dict[str, type]] = {
    # https://developer.mixpanel.com/reference/segmentation-query: {"data": {"series", "values"}}
    "segmentation": {"data": dict},
    # …/segmentation-numeric-query: the same, keys "2,000 - 2,100"; `buckets` is no longer documented
    "segmentation/numeric": {"data": dict},
    # …/segmentation-sum-query, …/segmentation-query-average: {"status", "results": {bucket: number}}
    "segmentation/sum": {"results": dict},
    "segmentation/average": {"results": dict},
    # …/list-recent-events, …/query-event-properties: as segmentation
    "events": {"data": dict},
    "events/properties": {"data": dict},
    # …/query-top-events: {"type", "events": [{"event", "amount", "percent_change"}]}
    "events/top": {"events": list},
    # …/funnels-query: {"meta", "data": {date: {"steps", "analysis"}}}; with `on`, data[date] maps
    # segments ("$overall" among them) to their steps
    "funnels": {"data": dict},
    # …/retention-query: {date: {"first": n, "counts": [...]}}; `unit` and `interval` are not taken together
    "retention": {},
    # …/retention-frequency-query: {"data": {date: [users, …]}}; an example in the docs has no "data"
    "retention/addiction": {},
    # …/activity-stream-query: {"status", "results": {"events": [{"event", "properties"}]}}
    "stream/query": {"results": dict},
    # …/insights-query: {"computed_at", "date_range", "headers", "series"}
    "insights": {"series": dict},
    # Not in Mixpanel's OpenAPI file. Its own client reads {"steps": [{"nodes"}]}, {"flows": [{"flowSteps"}]}
    "arb_funnels": {},
}
"""The endpoints, and the required fields of their answers with their types."""


class QueryEndpoints(Endpoints):
    """The reports. Each costs one query of the quota."""

    def report(self, endpoint: str, params: Mapping[str, Any]) -> QueryAnswer[dict[str, Any]]:
        """The answer of a report: the JSON as ``data``, the request as ``request``.

        Args:
            endpoint: One of `SHAPES`.
            params: Its parameters; those that are None are not sent.

        Raises:
            ServerError: the answer does not have the expected outer shape.
            APIError: what `MixpanelAPIClient.get` raises.
        """
        asked = self.ask("GET", endpoint, params)
        as_object(asked.data, endpoint, **SHAPES[endpoint])
        return asked

    def typed(self, endpoint: str, body: Mapping[str, Any]) -> QueryAnswer[dict[str, Any]]:
        """The answer of ``insights`` or ``arb_funnels`` to a bookmark.

        Mixpanel's web application and its own client ask so; it is not in Mixpanel's OpenAPI file.

        Args:
            endpoint: ``insights`` or ``arb_funnels``.
            body: ``bookmark``, ``project_id``, and ``queryLimits`` or ``query_type``.

        Raises:
            ServerError: the answer does not have the expected outer shape.
            APIError: what `MixpanelAPIClient.get` raises.
        """
        asked = self.ask("POST", endpoint, json=dict(body))
        as_object(asked.data, endpoint, **SHAPES[endpoint])
        return asked

    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> QueryAnswer[list[Any]]:
        """What a JQL script returns: a list.

        Mixpanel has put JQL in maintenance mode and recommends discontinuing its use. It counts as a query
        and against a quota of its own. https://developer.mixpanel.com/reference/query-jql

        Args:
            script: JavaScript with a function ``main``.
            params: Available to the script as ``params``.

        Raises:
            QueryError: The script failed (412): ``details["context"]`` shows where, ``details["line"]`` is
                the number of the line, if known.
        """
        data = {"script": script, "params": None if params is None else dict(params)}
        asked = self.ask("POST", "jql", data=data)
        as_list(asked.data, "jql")
        return asked
