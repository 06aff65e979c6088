"""``DiscoveryService``: what a project holds, asked once and remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.errors import APIError, QueryError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.client import MixpanelAPIClient


class DiscoveryService:
    """Names of events, properties and values; each question costs quota only once a session.

    Every answer is a sorted copy.

    Args:
        client: Asks Mixpanel.
    """

    def __init__(self, client: MixpanelAPIClient) -> None:
        self._client = client
        self._known: dict[tuple[str | int, ...], list[str]] = {}

    def events(self) -> list[str]:
        """Names of the project's events, sorted."""
        return self._once(("events",), self._client.get_events)

    def properties(self, event: str) -> list[str]:
        """Names of the properties of ``event``, sorted.

        Raises:
            QueryError: there is no such event; a similar name is suggested.
        """
        try:
            return self._once(("properties", event), lambda: self._client.get_event_properties(event))
        except QueryError as error:
            raise self._suggesting(error, event) from None

    def property_values(self, event: str, prop: str, limit: int = 100) -> list[str]:
        """At most ``limit`` values of the property ``prop`` of ``event``, sorted."""
        if limit < 1:
            message = f"limit is {limit}."
            raise QueryError(message, hint="Give a number from 1.")
        key = ("values", event, prop, limit)
        return self._once(key, lambda: self._client.get_property_values(event, prop, limit))

    def clear_cache(self) -> None:
        """Forget all answers."""
        self._known.clear()

    def _once(self, key: tuple[str | int, ...], ask: Callable[[], list[str]]) -> list[str]:
        if key not in self._known:
            self._known[key] = sorted(ask())
        return list(self._known[key])

    def _suggesting(self, error: QueryError, event: str) -> QueryError:
        try:
            hint = did_you_mean(event, self.events())
        except APIError:
            return error  # the first error says more than that the second question failed too
        if hint is None:
            return error
        message = f"Mixpanel knows no event {event!r}."
        return QueryError(message, hint=hint, status_code=error.status_code, details=error.details)
