"""Lists of a project: names, saved funnels, cohorts, saved reports, annotations, Lexicon schemas.

The App API (saved reports, annotations, Lexicon) names the project in the path and costs no query of the
quota.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mixpanel_nb.client.endpoint import Endpoints
from mixpanel_nb.client.shape_checks import as_object, as_object_of_objects, as_objects, as_texts, unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date


class ListEndpoints(Endpoints):
    """Lists of names and saved items. Each method raises what `MixpanelAPIClient.get` raises."""

    def get_events(
        self, limit: int = 5000, *, from_date: str | date | None = None, to_date: str | date | None = None
    ) -> list[str]:
        """Names of events, in no particular order (``events/names``).

        Args:
            limit: At most this many; Mixpanel gives 5000 at most.
            from_date: Seen since then. By default Mixpanel looks at the last 31 days.
            to_date: Seen until then.
        """
        params = {"type": "general", "limit": limit, "from_date": from_date, "to_date": to_date}
        return as_texts(self.ask("GET", "events/names", params).data, "events/names")

    def get_event_properties(self, event: str, limit: int = 2000) -> list[str]:
        """Names of the properties ``event`` carries, most frequent first (``events/properties/top``)."""
        endpoint = "events/properties/top"
        answer = self.ask("GET", endpoint, {"event": event, "limit": limit}).data
        return list(as_object_of_objects(answer, endpoint))

    def get_property_values(self, event: str, prop: str, limit: int = 100) -> list[str]:
        """Values of a property, as text (``events/properties/values``)."""
        endpoint = "events/properties/values"
        params = {"event": event, "name": prop, "limit": limit}
        return as_texts(self.ask("GET", endpoint, params).data, endpoint)

    def list_funnels(self) -> list[dict[str, Any]]:
        """Saved funnels, ``{"funnel_id", "name"}`` each.

        https://developer.mixpanel.com/reference/funnels-list-saved
        """
        return as_objects(self.ask("GET", "funnels/list").data, "funnels/list")

    def list_cohorts(self) -> list[dict[str, Any]]:
        """Saved cohorts, ``{"id", "name", "count", "description", "created", "is_visible", …}`` each.

        https://developer.mixpanel.com/reference/cohorts-list
        """
        return as_objects(self.ask("POST", "cohorts/list").data, "cohorts/list")

    def list_bookmarks(self, type: str | None = None) -> list[dict[str, Any]]:  # noqa: A002 - Mixpanel's name
        """Saved reports, ``{"id", "name", "type", …}`` each (App API; known from Mixpanel's own client).

        Args:
            type: ``insights``, ``funnels``, ``retention``, ``flows`` or ``launch-analysis``; None for all.
        """
        params = {"v": 2, "type": type}
        results = self._results(self._in_project("bookmarks"), params, "bookmarks")
        # Newer answers have a second envelope around the list.
        if isinstance(results, dict):
            results = results.get("results")
        return as_objects(results, "bookmarks")

    def bookmark(self, number: int) -> dict[str, Any]:
        """A saved report, ``{"id", "name", "type", "params", …}`` (App API; known from its own client).

        Raises:
            NotFoundError: there is no such report.
        """
        found = self._results(self._in_project(f"bookmarks/{number}"), {"v": 2}, "bookmarks")
        return as_object(found, "bookmarks", params=dict)

    def create_report_link(self, slug: str, type: str, params: Mapping[str, Any], name: str) -> None:  # noqa: A002 - Mixpanel's name
        """Keep a report that nobody saved under a name for its address (App API; known from its own client).

        Args:
            slug: 12 letters and digits.
            type: ``insights``, ``funnels``, ``retention`` or ``flows``.
            params: The bookmark.
            name: The title of the report.

        Raises:
            QueryError: Mixpanel refuses the report; and whatever else `MixpanelAPIClient.post` raises.
        """
        body = {"slug": slug, "type": type, "params": dict(params), "name": name}
        self.ask("POST", self._in_project("bookmark-urls/"), json=body, family="app")

    def list_annotations(
        self,
        from_date: str | date | None = None,
        to_date: str | date | None = None,
        *,
        optional: bool = False,
    ) -> list[dict[str, Any]]:
        """Annotations, ``{"id", "date", "description", "user", "tags"}`` each.

        https://developer.mixpanel.com/reference/list-all-annotations-for-project

        Args:
            from_date: Only those of this day and later ones.
            to_date: Only those of this day and earlier ones.
            optional: As in `MixpanelAPIClient.ask`.
        """
        params = {"fromDate": from_date, "toDate": to_date}
        endpoint = self._in_project("annotations")
        return as_objects(self._results(endpoint, params, "annotations", optional=optional), "annotations")

    def list_custom_events(self) -> list[dict[str, Any]]:
        """Custom events, ``{"customEventId", "name", "alternatives", …}`` each.

        Each alternative is ``{"event", "serialized", "valid_segfilter"}``; a filter is there twice, as an
        expression and in the form of flows. App API; known from Mixpanel's own client (mixpanel-headless) and
        Terraform provider.
        """
        endpoint, called = self._in_project("data-definitions/events/"), "data-definitions/events"
        return as_objects(self._results(endpoint, {"custom_event": "true"}, called), called)

    def list_custom_properties(self) -> list[dict[str, Any]]:
        """Custom properties, ``{"customPropertyId", "name", "displayFormula", "composedProperties"}`` each.

        App API; known from Mixpanel's own client (mixpanel-headless) and Terraform provider.
        """
        endpoint, called = self._in_project("custom_properties/"), "custom_properties"
        return as_objects(self._results(endpoint, {}, called), called)

    def list_lookup_tables(self) -> list[dict[str, Any]]:
        """Lookup tables, ``{"id", "name", "createdAt", "lastModifiedAt", "hasMappedProperties"}`` each.

        App API; known from Mixpanel's own client (mixpanel-headless).
        """
        endpoint, called = self._in_project("data-definitions/lookup-tables/"), "lookup-tables"
        return as_objects(self._results(endpoint, {}, called), called)

    def lookup_table_csv(self, number: int) -> str:
        """The rows of a lookup table, as CSV (App API; known from Mixpanel's own client, mixpanel-headless).

        Raises:
            NotFoundError: there is no such lookup table.
        """
        endpoint = self._in_project("data-definitions/lookup-tables/download/")
        return self.text(endpoint, {"data-group-id": number})

    def lexicon_schemas(
        self, entity_type: str | None = None, name: str | None = None
    ) -> list[dict[str, Any]]:
        """Lexicon's schemas, ``{"entityType", "name", "schemaJson"}`` each; items without one are omitted.

        Mixpanel allows 5 such requests a minute.
        https://developer.mixpanel.com/reference/list-all-schemas-for-project

        Args:
            entity_type: ``event`` or ``profile``; None for all.
            name: Only the schema of that name; needs ``entity_type``.
        """
        path = "schemas" if entity_type is None else f"schemas/{quote(entity_type, safe='')}"
        results = self._results(self._in_project(path), {"entity_name": name}, "schemas")
        if isinstance(results, dict) and name is not None:  # a single schema has no envelope
            return [{"entityType": entity_type, "name": name, "schemaJson": results}]
        return as_objects(results, "schemas")

    def _in_project(self, path: str) -> str:
        return f"projects/{quote(self.credentials.project_id, safe='')}/{path}"

    def _results(self, endpoint: str, params: dict[str, Any], called: str, *, optional: bool = False) -> Any:
        """The ``results`` of an answer of the App API."""
        answered = self.ask("GET", endpoint, params, family="app", optional=optional)
        answer = as_object(answered.data, called)
        if "results" not in answer:
            raise unexpected(answer, called, "'results'", f"only {', '.join(answer) or 'an empty object'}")
        return answer["results"]
