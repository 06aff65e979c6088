"""``DiscoveryService``: a project's names and saved items, cached."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb import services
from mixpanel_nb.errors import AccessDeniedError, APIError, QueryError, did_you_mean
from mixpanel_nb.queries.checks import OneOf, Whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from zoneinfo import ZoneInfo

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.results import (
        BookmarkList,
        CohortList,
        FunnelList,
        LexiconSchemaList,
        LookupTableList,
    )
    from mixpanel_nb.storage.kept_annotations import AnnotationRecord

    T = TypeVar("T")
    Listing = TypeVar("Listing", FunnelList, CohortList, BookmarkList, LexiconSchemaList, LookupTableList)

MAX_VALUES = 10_000
BOOKMARK_TYPES = ("insights", "funnels", "retention", "flows", "launch-analysis")
ENTITY_TYPES = ("event", "profile", "custom_event", "group")
_BEHIND, _AHEAD = timedelta(hours=12), timedelta(hours=14)  # maximum offset from UTC
_DAY = timedelta(days=1)


class DiscoveryService:
    """Names of events, properties and values, and a project's saved items.

    Each query costs quota only once per session. Every answer is a sorted copy.

    Args:
        api: Returns the client, or raises without an account; called when a request is needed.
    """

    def __init__(self, api: Callable[[], MixpanelAPIClient]) -> None:
        self._api = api
        self._known: dict[tuple[str | int | None, ...], Any] = {}
        self._asking: defaultdict[tuple[str | int | None, ...], threading.Lock] = defaultdict(threading.Lock)

    def events(self) -> list[str]:
        """Names of the project's events of the last 31 days (or as many as its plan reaches), sorted."""
        return self._names(("events",), self._recent_events)

    def known_events(self) -> list[str] | None:
        """The cached answer of :meth:`events`; None if there is none. Sends no request."""
        known: list[str] | None = self._known.get(("events",))
        return None if known is None else list(known)

    def known_hidden(self) -> frozenset[str]:
        """Events hidden in Lexicon according to cached answers. Sends no request."""
        lists = [self._known.get(("lexicon", kind)) for kind in (None, "event")]
        found = next((schemas for schemas in lists if schemas is not None), ())
        return frozenset(schema.name for schema in found if schema.entity_type == "event" and schema.hidden)

    def answered(self, *question: str) -> list[str]:
        """A cached answer, or ``[]`` if there is none. Sends no request.

        Args:
            question: ``"events"``; ``"properties"`` and an event; ``"values"``, an event and a property.
        """
        found = (names for key, names in self._known.items() if key[: len(question)] == question)
        return list(next(found, []))

    def properties(self, event: str) -> list[str]:
        """Names of the properties of ``event``, sorted.

        Raises:
            QueryError: there is no such event; a similar name is suggested.
        """
        try:
            return self._names(("properties", event), lambda: self._api().get_event_properties(event))
        except QueryError as error:
            raise self._suggesting(error, event) from None

    def property_values(self, event: str, prop: str, limit: int = 100) -> list[str]:
        """At most ``limit`` values of the property ``prop`` of ``event``, sorted.

        Raises:
            QueryError: there is no such event; a similar name is suggested.
        """
        limit = Whole(MAX_VALUES)(limit, "limit")
        key = ("values", event, prop, limit)
        try:
            return self._names(key, lambda: self._api().get_property_values(event, prop, limit))
        except QueryError as error:
            raise self._suggesting(error, event) from None

    def no_such_property(self, event: str, prop: str) -> str | None:
        """A note that Mixpanel lists no property ``prop`` of ``event``, if so; else None."""
        try:
            known = self.properties(event)
        except APIError:
            return None  # the reason is only a note, so an error must not make the call fail
        if prop in known:
            return None
        hint = did_you_mean(prop, known)
        return f"Mixpanel knows no property {prop!r} of {event!r}.{f' {hint}' if hint else ''}"

    def funnels(self) -> FunnelList:
        """The saved funnels, by name."""
        return self._listing(("funnels",), lambda: services.saved_items.funnels(self._api().list_funnels()))

    def cohorts(self) -> CohortList:
        """The saved cohorts, by name."""
        return self._listing(("cohorts",), lambda: services.saved_items.cohorts(self._api().list_cohorts()))

    def bookmarks(self, type: str | None = None) -> BookmarkList:  # noqa: A002 - Mixpanel's name
        """The saved reports, by name. They cost no query of the quota.

        Args:
            type: ``insights``, ``funnels``, ``retention``, ``flows`` or ``launch-analysis``; None for all
                (for which Mixpanel is known to time out if there are thousands).

        Raises:
            ParameterError: there is no such type.
        """
        kind = None if type is None else OneOf(BOOKMARK_TYPES)(type, "type")
        return self._listing(
            ("bookmarks", kind), lambda: services.saved_items.bookmarks(self._api().list_bookmarks(kind))
        )

    def custom_events(self) -> Mapping[int, Mapping[str, Any]]:
        """The custom events in Mixpanel's JSON, by id. They cost no query of the quota."""
        return self._items("custom_event", lambda: self._api().list_custom_events(), "customEventId")

    def custom_properties(self) -> Mapping[int, Mapping[str, Any]]:
        """The custom properties in Mixpanel's JSON, by id. They cost no query of the quota."""
        ask, key = (lambda: self._api().list_custom_properties()), "customPropertyId"
        return self._items("custom_property", ask, key)

    def lookup_tables(self) -> LookupTableList:
        """The lookup tables, by name. They cost no query of the quota."""
        return self._listing(
            ("lookup-tables",), lambda: services.saved_items.lookup_tables(self._api().list_lookup_tables())
        )

    def annotations(self, zone: ZoneInfo) -> list[AnnotationRecord]:
        """The annotations of the project, by date. They cost no query of the quota.

        Args:
            zone: The project's time zone.
        """

        def ask() -> list[AnnotationRecord]:
            return services.project_annotations.records(self._api().list_annotations(), zone)

        return list(self._once(("annotations",), ask))

    def known_custom_events(self) -> Mapping[int, Mapping[str, Any]]:
        """The cached answer of :meth:`custom_events`; empty if there is none. Sends no request."""
        return dict(self._known.get(("custom_event",), {}))

    def known_annotations(self) -> list[AnnotationRecord]:
        """The cached answer of :meth:`annotations`; empty if there is none. Sends no request."""
        return list(self._known.get(("annotations",), ()))

    def lexicon_schemas(self, entity_type: str | None = None) -> LexiconSchemaList:
        """The schemas of Lexicon, by type and name; items without one are omitted.

        They cost no query of the quota, but Mixpanel allows 5 such requests a minute.

        Args:
            entity_type: ``event``, ``profile``, ``custom_event`` or ``group``; None for all.

        Raises:
            ParameterError: there is no such type.
        """
        kind = None if entity_type is None else OneOf(ENTITY_TYPES)(entity_type, "entity_type")
        return self._listing(
            ("lexicon", kind), lambda: services.saved_items.lexicon_schemas(self._api().lexicon_schemas(kind))
        )

    def clear_cache(self) -> None:
        """Clear the cache."""
        self._known.clear()

    def _names(self, key: tuple[str | int, ...], ask: Callable[[], list[str]]) -> list[str]:
        return list(self._once(key, lambda: sorted(ask())))

    def _items(
        self, kind: str, ask: Callable[[], list[dict[str, Any]]], key: str
    ) -> Mapping[int, Mapping[str, Any]]:
        return dict(self._once((kind,), lambda: services.saved_items.by_id(ask(), key)))

    def _listing(self, key: tuple[str | None, ...], ask: Callable[[], Listing]) -> Listing:
        return replace(self._once(key, ask))  # a result caches its DataFrame, which callers may change

    def _once(self, key: tuple[str | int | None, ...], ask: Callable[[], T]) -> T:
        """The cached answer; without one, that of ``ask``, which only one of several threads calls."""
        with self._asking[key]:
            if key not in self._known:
                self._known[key] = ask()
            known: T = self._known[key]
        return known

    def _recent_events(self) -> list[str]:
        """Names of the last 31 days, Mixpanel's default; of fewer if the plan does not reach as far."""
        try:
            return self._api().get_events()
        except AccessDeniedError as error:
            reach = error.details.get("lookback_days")
            if not reach:
                raise
        # Today depends on the project's time zone: these days are valid in all zones.
        now = datetime.now(UTC)
        last = (now - _BEHIND).date()
        first = (now + _AHEAD).date() - (reach - 1) * _DAY
        return self._api().get_events(from_date=min(first, last), to_date=last)

    def _suggesting(self, error: QueryError, event: str) -> QueryError:
        try:
            hint = did_you_mean(event, self.events())
        except APIError:
            return error  # the first error is more informative than that of the second request
        if hint is None or event in self.events():
            return error
        message = f"Mixpanel knows no event {event!r}."
        return QueryError(message, hint=hint, status_code=error.status_code, details=error.details)
