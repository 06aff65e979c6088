"""Users over time: the answers of ``retention``, ``retention/addiction`` and ``stream/query``."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mixpanel_nb.results import ActivityEvent, RetentionCohort
from mixpanel_nb.services.live.reading.buckets import bucket, dates
from mixpanel_nb.storage.ingest import MILLISECONDS_FROM

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.analytics.calendar import Bucket, Period
    from mixpanel_nb.queries import Unit
    from mixpanel_nb.services.live.reading.node import Node

_BESIDE_COHORTS = ("computed_at", "status", "meta", "$average", "$overall")


def read_cohorts(
    answer: Node, period: Period, unit: Unit, *, periods: int, interval: int
) -> tuple[RetentionCohort, ...]:
    """The cohorts of ``{date: {"first": users, "counts": [users, …]}}``, in order.

    Counts missing at the end are not yet known. A bucket of the period that is missing from the answer is an
    empty cohort, except with intervals of several units, where only the answer shows which cohorts exist.
    https://developer.mixpanel.com/reference/retention-query

    Raises:
        ServerError: it is no such answer.
    """
    found: dict[Bucket, tuple[int, tuple[int | None, ...]]] = {}
    for label, node in answer.items():
        day = bucket(label, "day")
        if day is not None:
            found[day] = node["first"].whole(), _counts(node["counts"], periods)
        elif label not in _BESIDE_COHORTS:
            raise node.wrong("a day as key")
    nobody = 0, (None,) * periods
    days = dates(found, period, unit) if interval == 1 else sorted(found)
    return tuple(RetentionCohort(day, *found.get(day, nobody)) for day in days)


def _counts(node: Node, periods: int) -> tuple[int | None, ...]:
    """``periods`` counts, padded with None."""
    told = [None if each.value is None else each.whole() for each in node.elements()]
    return tuple([*told, *[None] * periods][:periods])


def read_frequencies(
    answer: Node, period: Period, unit: Unit
) -> tuple[tuple[Bucket, ...], dict[date, tuple[int, ...]]]:
    """The buckets, and users per bucket of ``{"data": {date: [users, …]}}``, or of that without ``data``.

    The first number is the users active in at least one of the smaller units, the second in at least two…
    https://developer.mixpanel.com/reference/retention-frequency-query

    Raises:
        ServerError: it is no such answer.
    """
    found: dict[date, tuple[int, ...]] = {}
    for label, node in (answer.get("data") or answer).items():
        day = bucket(label, "day")
        if day is None:
            raise node.wrong("a day as key")
        found[day] = tuple(each.whole() for each in node.elements())
    return dates(found, period, unit), found


def read_activity(answer: Node, users: Sequence[str]) -> tuple[ActivityEvent, ...]:
    """The events of ``{"results": {"events": [{"event", "properties"}]}}``, oldest first.

    The user is ``distinct_id`` in some events and ``$distinct_id`` in others.
    https://developer.mixpanel.com/reference/activity-stream-query

    Raises:
        ServerError: it is no such answer.
    """
    events = [_event(node, users) for node in answer["results"]["events"].elements()]
    return tuple(sorted(events, key=lambda event: event.time))


def _event(node: Node, users: Sequence[str]) -> ActivityEvent:
    properties = node["properties"]
    known = properties.get("distinct_id") or properties.get("$distinct_id")
    if known is None:
        who = users[0] if len(users) == 1 else ""
    else:
        who = known.value if isinstance(known.value, str) else str(known.value)
    return ActivityEvent(node["event"].text(), _moment(properties["time"]), who, properties.object())


def _moment(node: Node) -> datetime:
    time = node.number()
    try:
        return datetime.fromtimestamp(time / 1000 if abs(time) >= MILLISECONDS_FROM else time, UTC)
    except (ValueError, OverflowError, OSError):
        raise node.wrong("a time") from None
