"""What users did: how often each did something, for cohorts and for the behaviors of profile queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.calendar import midnight
from mixpanel_nb.analytics.context import number_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.sandbox.reports import ReportRunner
    from mixpanel_nb.sandbox.saved.kinds import Did

_ANY_DAY = date(2000, 1, 1)


@dataclass(frozen=True)
class EventCondition:
    """Something that users may have done.

    Attributes:
        events: Events, each with a filter or None; any of them will do.
        since: The first moment (UTC, naive).
        until: The first moment after.
    """

    events: Sequence[tuple[str, str | None]]
    since: datetime
    until: datetime


def condition_of(did: Did) -> EventCondition:
    """What the members of a cohort did."""
    return EventCondition(
        ((did.event, did.where),), midnight(did.first), midnight(did.last + timedelta(days=1))
    )


def times_done(runner: ReportRunner, condition: EventCondition) -> dict[str, int]:
    """The count per user id, for users with at least one event; not all of them have a profile.

    Raises:
        ExpressionError: there is a mistake in a filter.
    """
    return {user: int(count) for user, count in _measured(runner, condition, None)}


def sums_done(runner: ReportRunner, condition: EventCondition, of: str) -> dict[str, float]:
    """The sum of a property per user id, for users with at least one event that has a number.

    Raises:
        ExpressionError: there is a mistake in a filter.
    """
    return {user: float(total) for user, total in _measured(runner, condition, of) if total is not None}


def users_of(runner: ReportRunner) -> set[str]:
    """The users of all events."""
    context = runner.question(_ANY_DAY, _ANY_DAY)
    statement = context.statement(f"SELECT DISTINCT e.distinct_id {context.select().of_users().sql()}")
    return {user for (user,) in runner.engine.rows(statement)}


def _measured(runner: ReportRunner, condition: EventCondition, of: str | None) -> list[tuple[Any, ...]]:
    context = runner.question(_ANY_DAY, _ANY_DAY)
    since, until = context.bind(condition.since, "since"), context.bind(condition.until, "until")
    matching = []
    for event, where in condition.events:
        chosen = context.select().named(event).of_users()
        chosen.that(f"e.event_time >= {since}").that(f"e.event_time < {until}").where(where)
        number = "NULL" if of is None else number_of(context, chosen.value(of), of)
        matching.append(f"SELECT e.rowid, e.distinct_id, {number} AS number {chosen.sql()}")
    # An event that matches twice is still one: UNION drops it.
    either = "\n    UNION\n    ".join(matching)
    statement = context.statement(f"""\
WITH _matching AS (
    {either}
)
SELECT distinct_id, {"count(*)" if of is None else "sum(number)"} AS measured
FROM _matching
GROUP BY distinct_id
ORDER BY distinct_id""")
    return runner.engine.rows(statement)
