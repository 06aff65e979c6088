"""The base of live reports: the client, and checks before a request."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import Period, coverage
from mixpanel_nb.analytics.context import cohorts_of, is_expression
from mixpanel_nb.analytics.expressions import Dialect, nodes, parse
from mixpanel_nb.analytics.expressions.parser import IN_COHORT
from mixpanel_nb.bookmarks import body_of
from mixpanel_nb.bookmarks.refusals import IN_INSIGHTS, IN_TABLES, only_tables
from mixpanel_nb.errors import Command, ExpressionError, NotFoundError, did_you_mean
from mixpanel_nb.queries.checks import MAX_SEGMENTS
from mixpanel_nb.queries.customs import CUSTOM_PROPERTY, LOOKUP
from mixpanel_nb.services.dates import parse_range
from mixpanel_nb.services.live.reading.node import Node

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import date
    from zoneinfo import ZoneInfo

    from mixpanel_nb.bookmarks import OwnCohort
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.queries import Query, Unit
    from mixpanel_nb.weekdays import Weekday

_TYPED = ("insights", "active", "funnel", "retention", "flow")
_NO_COHORTS = "Mixpanel does not know the cohorts of your database, and takes no definition with this report."


class LiveReports:
    """A group of reports that Mixpanel answers.

    Args:
        client: Returns the client. It is called when a request is sent, after all checks.
        zone: The project's time zone.
        known_events: Returns the cached names of events; None if there are none. They distinguish a
            misspelled name from an event without occurrences.
        week_start: The day on which weeks of the project begin.
        find_cohort: Gives a cohort of the database, by its name; None if there are none.
    """

    def __init__(
        self,
        client: Callable[[], MixpanelAPIClient],
        zone: ZoneInfo,
        *,
        known_events: Callable[[], Sequence[str] | None] | None = None,
        week_start: Weekday = "monday",
        find_cohort: Callable[[str], OwnCohort] | None = None,
    ) -> None:
        self._client = client
        self._week_start = week_start
        self._zone = zone
        self._known_events = known_events
        self._find_cohort = find_cohort

    def _period(self, first: date, last: date) -> Period:
        return Period(*parse_range(first, last), self._zone, self._week_start)

    def _complete(
        self, period: Period, unit: Unit, dates: Sequence[date | datetime]
    ) -> tuple[bool | None, ...]:
        """For each bucket, whether it has ended within the requested days (see ``BucketedResult``)."""
        now = datetime.now(UTC).replace(tzinfo=None)
        states = coverage(period, unit, [(min(period.since, now), now)])
        known = dict(zip(period.buckets(unit), states, strict=True))
        return tuple(known.get(day, True) for day in dates)

    def _ask(self, endpoint: str, **params: Any) -> Node:
        """The answer of an endpoint; parameters that are None are not sent."""
        return Node.of(self._client().report(endpoint, params))

    def _ask_typed(self, query: Query[Any], kind: str = "sankey") -> Node:
        """The answer to a query in Mixpanel's own form, a bookmark.

        Raises:
            ParameterError: only a table can answer it.
            ExpressionError: there is a mistake in an expression.
        """
        body = body_of(query, kind, self._find_cohort)
        client = self._client()
        return Node.of(client.typed(body.endpoint, body.of_project(client.credentials.project_id)))

    def _notes(self, events: Iterable[str | None], *more: str | None) -> tuple[str, ...]:
        """The notes of a result.

        Args:
            events: Events without data.
            more: Other notes.
        """
        known = self._known_events() if self._known_events is not None else None
        wanted = [event for event in dict.fromkeys(events) if event is not None]
        if known is None:
            unknown = [
                f"Mixpanel counted nothing of {event!r}. Is that its name? See: mp events" for event in wanted
            ]
        else:
            unknown = [_no_such(event, known) for event in wanted if event not in known]
        return (*unknown, *(note for note in more if note))


def check_askable(query: Query[Any]) -> None:
    """Check that a query is one for Mixpanel.

    Raises:
        ParameterError: only a fetched table can answer it.
    """
    if type(query).needs_table:
        raise only_tables(f"{query.title}: only tables answer this report, not Mixpanel's API.", "table")
    for name in ("in_cohort", "not_in_cohort"):
        if getattr(query, name, ()) and not _takes_definitions(query):
            raise only_tables(_NO_COHORTS, name, or_insights=True)
    if getattr(query, "limit", 0) > MAX_SEGMENTS:
        raise only_tables(f"Mixpanel's API gives {MAX_SEGMENTS:,} segments at most.", "limit")
    if getattr(query, "identities", None) is not None:
        raise only_tables("Mixpanel resolves users by itself.", "identities")


def _takes_definitions(query: Query[Any]) -> bool:
    """Whether Mixpanel is asked in its own form, with which definitions of cohorts can be sent."""
    return query.name in _TYPED and getattr(query, "funnel_id", None) is None


@contextmanager
def listed_by(command: str) -> Iterator[None]:
    """If Mixpanel does not know an id, name the command that lists ids."""
    try:
        yield
    except NotFoundError as error:
        status, details = error.status_code, error.details
        raise NotFoundError(
            error.message,
            status_code=status,
            hint=["See those that are saved: ", Command(command)],
            details=details,
        ) from None


def expression(text: str | None) -> str | None:
    """A filter in wire format.

    Raises:
        ExpressionError: there is a mistake in it (checked before it costs a query).
    """
    if text is not None:
        _check(text)
    return text


def breakdown(on: str) -> str:
    """A breakdown in wire format: an expression; the name of a property becomes one.

    Raises:
        ExpressionError: there is a mistake in it.
    """
    if cohorts_of(on):
        raise only_tables(_NO_COHORTS, "on", or_insights=True)
    text = on if is_expression(on) else property_access(on)
    _check(text)
    return text


def _check(text: str) -> None:
    for node in nodes.inside(parse(text, Dialect.EVENTS)):
        if isinstance(node, nodes.Property) and node.name.startswith((CUSTOM_PROPERTY, LOOKUP)):
            message = f"Mixpanel knows {node.name!r} in insights, funnel (with steps) and retention alone."
            if node.name.startswith(LOOKUP):
                message = "Mixpanel does not know the lookup tables of your database."
            raise ExpressionError(message, expression=text, position=node.position, hint=IN_TABLES)
        if isinstance(node, nodes.FunctionCall) and node.name == IN_COHORT:
            raise ExpressionError(_NO_COHORTS, expression=text, position=node.position, hint=IN_INSIGHTS)


def property_access(name: str) -> str:
    """The expression for a property of an event."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'properties["{escaped}"]'


def checked_buckets(period: Period, unit: Unit) -> Unit:
    """The unit, if the period does not have too many buckets.

    Raises:
        ParameterError: there are.
    """
    period.buckets(unit)
    return unit


def at_limit(found: int, limit: int, noun: str) -> str | None:
    """A note if an answer reaches its limit, because Mixpanel does not give the total."""
    if found < limit:
        return None
    return f"There may be more: the {limit:,} largest {noun}s were asked for."


def sent(asked_of: Node) -> dict[str, Any]:
    """The origin of a live result."""
    computed = asked_of.get("computed_at") if isinstance(asked_of.value, dict) else None
    return {"request": asked_of.request, "computed_at": None if computed is None else computed.text()}


def _no_such(event: str, known: Sequence[str]) -> str:
    hint = did_you_mean(event, known)
    return f"Mixpanel lists no event {event!r}." + (f" {hint}" if hint else "")
