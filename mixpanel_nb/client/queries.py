"""The reports of the Query API: one method an endpoint, parameters in, Mixpanel's own JSON out.

https://developer.mixpanel.com/reference/query-api. Nothing is interpreted here but the outer shape of an
answer. Parameters that are None are not sent. ``where`` and ``on`` are Mixpanel expressions, days are
``YYYY-MM-DD`` texts or dates, inclusive, in the project's time zone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.client.asked import Asked, Endpoints
from mixpanel_nb.client.shape import as_list, as_object

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    Day = str | date
    AskedObject = Asked[dict[str, Any]]


class QueryEndpoints(Endpoints):
    """The reports.

    Each method costs one query of the quota and gives an `Asked`: the JSON as ``data``, what was sent as
    ``request``. Each raises what `MixpanelAPIClient.get` raises, and ``ServerError`` for an answer that has
    not even the outer shape of its kind.
    """

    def segmentation(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str | None = None,
        unit: str | None = None,
        where: str | None = None,
        type: str | None = None,  # noqa: A002 - Mixpanel's name
        limit: int | None = None,
    ) -> AskedObject:
        """An event over time and by segment: ``{"data": {"series", "values"}, "legend_size"}``.

        https://developer.mixpanel.com/reference/segmentation-query
        """
        params = {
            "event": event,
            "from_date": from_date,
            "to_date": to_date,
            "on": on,
            "unit": unit,
            "where": where,
            "type": type,
            "limit": limit,
        }
        return self._object("segmentation", params, data=dict)

    def segmentation_numeric(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: str | None = None,
        where: str | None = None,
        type: str | None = None,  # noqa: A002 - Mixpanel's name
        buckets: int | None = None,
    ) -> AskedObject:
        """An event over time and by ranges of a number; shaped as `segmentation`, keys ``"2,000 - 2,100"``.

        ``buckets`` is no longer documented. https://developer.mixpanel.com/reference/segmentation-numeric-query
        """
        params = {
            "event": event,
            "from_date": from_date,
            "to_date": to_date,
            "on": on,
            "unit": unit,
            "where": where,
            "type": type,
            "buckets": buckets,
        }
        return self._object("segmentation/numeric", params, data=dict)

    def segmentation_sum(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: str | None = None,
        where: str | None = None,
    ) -> AskedObject:
        """A number summed over an event, over time: ``{"status", "computed_at", "results": {bucket: sum}}``.

        https://developer.mixpanel.com/reference/segmentation-sum-query
        """
        return self._number("segmentation/sum", event, from_date, to_date, on, unit, where)

    def segmentation_average(
        self,
        event: str,
        *,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: str | None = None,
        where: str | None = None,
    ) -> AskedObject:
        """A number averaged over an event, over time; shaped as `segmentation_sum`.

        https://developer.mixpanel.com/reference/segmentation-query-average
        """
        return self._number("segmentation/average", event, from_date, to_date, on, unit, where)

    def event_counts(
        self,
        events: Sequence[str],
        *,
        from_date: Day,
        to_date: Day,
        unit: str,
        type: str,  # noqa: A002 - Mixpanel's name
    ) -> AskedObject:
        """Several events over time: ``{"data": {"series", "values"}, "legend_size"}``.

        https://developer.mixpanel.com/reference/list-recent-events
        """
        params = {
            "event": list(events),
            "type": type,
            "unit": unit,
            "from_date": from_date,
            "to_date": to_date,
        }
        return self._object("events", params, data=dict)

    def property_counts(
        self,
        event: str,
        name: str,
        *,
        from_date: Day,
        to_date: Day,
        unit: str,
        type: str,  # noqa: A002 - Mixpanel's name
        values: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> AskedObject:
        """The values of a property over time; shaped as `event_counts`, keys are the values.

        https://developer.mixpanel.com/reference/query-event-properties
        """
        params = {
            "event": event,
            "name": name,
            "values": None if values is None else list(values),
            "type": type,
            "unit": unit,
            "from_date": from_date,
            "to_date": to_date,
            "limit": limit,
        }
        return self._object("events/properties", params, data=dict)

    def top_events(self, *, type: str, limit: int | None = None) -> AskedObject:  # noqa: A002 - Mixpanel's name
        """Today's events: ``{"type", "events": [{"event", "amount", "percent_change"}]}``.

        https://developer.mixpanel.com/reference/query-top-events
        """
        return self._object("events/top", {"type": type, "limit": limit}, events=list)

    def funnel(
        self,
        funnel_id: int,
        *,
        from_date: Day,
        to_date: Day,
        length: int | None = None,
        length_unit: str | None = None,
        interval: int | None = None,
        unit: str | None = None,
        on: str | None = None,
        where: str | None = None,
        limit: int | None = None,
    ) -> AskedObject:
        """A saved funnel: ``{"meta": {"dates"}, "data": {date: {"steps", "analysis"}}}``.

        With ``on``, ``data[date]`` maps segments (``$overall`` among them) to their steps.
        https://developer.mixpanel.com/reference/funnels-query
        """
        params = {
            "funnel_id": funnel_id,
            "from_date": from_date,
            "to_date": to_date,
            "length": length,
            "length_unit": length_unit,
            "interval": interval,
            "unit": unit,
            "on": on,
            "where": where,
            "limit": limit,
        }
        return self._object("funnels", params, data=dict)

    def retention(
        self,
        *,
        from_date: Day,
        to_date: Day,
        retention_type: str | None = None,
        born_event: str | None = None,
        event: str | None = None,
        born_where: str | None = None,
        where: str | None = None,
        interval: int | None = None,
        interval_count: int | None = None,
        unit: str | None = None,
        unbounded_retention: bool | None = None,
    ) -> AskedObject:
        """Who came back: ``{date: {"first": n, "counts": [...]}}``. ``where`` filters the returning event.

        Mixpanel refuses ``unit`` and ``interval`` together.
        https://developer.mixpanel.com/reference/retention-query
        """
        params = {
            "from_date": from_date,
            "to_date": to_date,
            "retention_type": retention_type,
            "born_event": born_event,
            "event": event,
            "born_where": born_where,
            "where": where,
            "interval": interval,
            "interval_count": interval_count,
            "unit": unit,
            "unbounded_retention": unbounded_retention,
        }
        return self._object("retention", params)

    def frequency(
        self,
        *,
        from_date: Day,
        to_date: Day,
        unit: str,
        addiction_unit: str,
        event: str | None = None,
        where: str | None = None,
    ) -> AskedObject:
        """In how many hours or days people were active: ``{"data": {date: [people, …]}}``.

        An example in the docs has no ``data`` around it.
        https://developer.mixpanel.com/reference/retention-frequency-query
        """
        params = {
            "from_date": from_date,
            "to_date": to_date,
            "unit": unit,
            "addiction_unit": addiction_unit,
            "event": event,
            "where": where,
        }
        return self._object("retention/addiction", params)

    def activity_feed(self, distinct_ids: Sequence[str], *, from_date: Day, to_date: Day) -> AskedObject:
        """The events of some people: ``{"status", "results": {"events": [{"event", "properties"}]}}``.

        Mixpanel has put this endpoint in maintenance mode.
        https://developer.mixpanel.com/reference/activity-stream-query
        """
        params = {"distinct_ids": list(distinct_ids), "from_date": from_date, "to_date": to_date}
        return self._object("stream/query", params, results=dict)

    def saved_report(self, bookmark_id: int) -> AskedObject:
        """A saved report: ``{"computed_at", "date_range", "headers", "series"}``.

        https://developer.mixpanel.com/reference/insights-query
        """
        return self._object("insights", {"bookmark_id": bookmark_id}, series=dict)

    def jql(self, script: str, params: Mapping[str, Any] | None = None) -> Asked[list[Any]]:
        """What a JQL script returns: a list.

        Mixpanel has put JQL in maintenance mode and recommends discontinuing its use. It counts as a query
        and against a quota of its own. https://developer.mixpanel.com/reference/query-jql

        Args:
            script: JavaScript with a function ``main``.
            params: Available to the script as ``params``.

        Raises:
            QueryError: The script failed (412): ``details["context"]`` shows where, ``details["line"]`` is
                the number of the line, where it can be told.
        """
        data = {"script": script, "params": None if params is None else dict(params)}
        asked = self.ask("POST", "jql", data=data)
        as_list(asked.data, "jql")
        return asked

    def _number(
        self,
        endpoint: str,
        event: str,
        from_date: Day,
        to_date: Day,
        on: str,
        unit: str | None,
        where: str | None,
    ) -> AskedObject:
        params = {
            "event": event,
            "from_date": from_date,
            "to_date": to_date,
            "on": on,
            "unit": unit,
            "where": where,
        }
        return self._object(endpoint, params, results=dict)

    def _object(self, endpoint: str, params: Mapping[str, Any], **fields: type) -> AskedObject:
        """The answer to a GET, which must be an object with these fields."""
        asked = self.ask("GET", endpoint, params)
        as_object(asked.data, endpoint, **fields)
        return asked
