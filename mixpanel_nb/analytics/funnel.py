"""Funnels: how many people took some steps one after the other, within a time from the first.

https://docs.mixpanel.com/docs/reports/funnels/funnels-advanced (conversion window, specific order, uniques)
and …/funnels-faq (simultaneous events: two seconds of grace; line charts run a funnel for each day).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.question import everyone_and_segments
from mixpanel_nb.analytics.sql import conjunction, seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.analytics.calendar import Unit
    from mixpanel_nb.analytics.question import Question
    from mixpanel_nb.analytics.sql import Statement

GRACE_SECONDS = 2
"""Steps no further apart than this may have happened in either order."""


@dataclass(frozen=True)
class Step:
    """One step of a funnel.

    Attributes:
        event: The event.
        where: Expression that filters it, or None.
    """

    event: str
    where: str | None = None


@dataclass(frozen=True)
class Funnel:
    """What is asked.

    Attributes:
        steps: At least two.
        window_seconds: How long after the first step the last one may be.
        unit: Buckets that each have a funnel of their own; None for one funnel over all days.
        on: Expression or property of the first step's event, for a breakdown.
        where: Expression that filters the events of all steps.
        limit: Segments to give.
    """

    steps: Sequence[Step]
    window_seconds: int
    unit: Unit | None
    on: str | None
    where: str | None
    limit: int

    def same_event_before(self, step: int) -> list[int]:
        """Numbers (from 1) of the steps before ``step`` that ask for the same event."""
        event = self.steps[step - 1].event
        return [number for number in range(1, step) if self.steps[number - 1].event == event]

    @property
    def repeats(self) -> bool:
        """Whether steps ask for the same event, so that one event must not be taken for two steps."""
        return len({step.event for step in self.steps}) < len(self.steps)

    @property
    def keys(self) -> list[str]:
        """What makes an entry to the funnel the same one."""
        return ["distinct_id", *(["date"] if self.unit else []), *(["segment"] if self.on else [])]


def statement(question: Question, asked: Funnel) -> Statement:
    """One row a bucket and segment: ``count_1 …``, ``avg_time_2 …``, ``avg_time_from_start_2 …`` (seconds).

    Before them, ``date`` if there are buckets, and ``segment`` if there is a breakdown (NULL is everyone);
    at the end, with a breakdown, ``place`` and ``segments``, how many there are in all.
    """
    parts = [_entering(question, asked), _first(asked)]
    for step in range(2, len(asked.steps) + 1):
        parts += [_step(question, asked, step), _reached(asked, step)]
    parts.append(_counted(asked))
    if asked.on:
        parts.append(_RANKED)
    return question.statement(f"WITH {', '.join(parts)}\n{_result(question, asked)}")


def _entering(question: Question, asked: Funnel) -> str:
    first = asked.steps[0]
    chosen = question.select().named(first.event, "step").in_period().of_people()
    chosen.where(first.where).where(asked.where)
    columns = ["e.distinct_id", "e.event_time"]
    if asked.repeats:
        columns.append("e.insert_id" if question.events.has_insert_id else "NULL AS insert_id")
    if asked.unit:
        columns.append(f"{question.bucket(asked.unit)} AS date")
    if asked.on:
        columns.append(f"{everyone_and_segments(chosen, asked.on)} AS segment")
    return f"_entering AS (\n    SELECT {', '.join(columns)}\n    {chosen.sql()}\n)"


def _first(asked: Funnel) -> str:
    """The first entry of each person (into each bucket and segment)."""
    keys = ", ".join(asked.keys)
    if not asked.repeats:
        return (
            f"_reached_1 AS (\n    SELECT {keys}, min(event_time) AS time_1\n"
            f"    FROM _entering\n    GROUP BY {keys}\n)"
        )
    return f"""\
_reached_1 AS (
    SELECT {keys}, found.time AS time_1, found.id AS id_1
    FROM (
        SELECT {keys}, min({{'time': event_time, 'id': insert_id}}) AS found
        FROM _entering
        GROUP BY {keys}
    )
)"""


def _step(question: Question, asked: Funnel, number: int) -> str:
    step = asked.steps[number - 1]
    # None of these can be a step of anyone outside these times.
    since = question.period.since - timedelta(seconds=GRACE_SECONDS * (number - 1))
    until = question.period.until + timedelta(seconds=asked.window_seconds)
    chosen = question.select().named(step.event, "step").of_people()
    chosen.that(f"e.event_time >= {question.bind(since, 'earliest')}")
    chosen.that(f"e.event_time < {question.bind(until, 'latest')}")
    chosen.where(step.where).where(asked.where)
    columns = "e.distinct_id, e.event_time"
    if asked.repeats:
        columns += ", e.insert_id" if question.events.has_insert_id else ", NULL AS insert_id"
    return f"_step_{number} AS (\n    SELECT {columns}\n    {chosen.sql()}\n)"


def _reached(asked: Funnel, number: int) -> str:
    """Each entry with the earliest event that can be this step, if there is one."""
    taken = [
        f"(s.event_time IS DISTINCT FROM r.time_{step} OR s.insert_id IS DISTINCT FROM r.id_{step})"
        for step in asked.same_event_before(number)
    ]
    conditions = [
        "s.distinct_id = r.distinct_id",
        f"s.event_time >= r.time_{number - 1} - {seconds(GRACE_SECONDS)}",
        f"s.event_time <= r.time_1 + {seconds(asked.window_seconds)}",
        *taken,
    ]
    joined = (
        f"FROM _reached_{number - 1} AS r\n    LEFT JOIN _step_{number} AS s\n"
        f"        ON {conjunction(conditions, '        ')}"
    )
    keys = ", ".join(f"r.{key}" for key in asked.keys)
    before = range(1, number)
    times = [f"min(r.time_{step}) AS time_{step}" for step in before]
    if not asked.repeats:
        columns = ", ".join([keys, *times, f"min(s.event_time) AS time_{number}"])
        return f"_reached_{number} AS (\n    SELECT {columns}\n    {joined}\n    GROUP BY {keys}\n)"
    ids = [f"min(r.id_{step}) AS id_{step}" for step in before]
    kept = [*asked.keys, *(f"time_{step}" for step in before), *(f"id_{step}" for step in before)]
    return f"""\
_reached_{number} AS (
    SELECT {", ".join(kept)}, found.time AS time_{number}, found.id AS id_{number}
    FROM (
    SELECT
        {", ".join([keys, *times, *ids])},
        min({{'time': s.event_time, 'id': s.insert_id}}) FILTER (WHERE s.event_time IS NOT NULL) AS found
    {joined}
    GROUP BY {keys}
    )
)"""


def _counted(asked: Funnel) -> str:
    groups = asked.keys[1:]
    columns = [*groups, "count(time_1) AS count_1"]
    for step in range(2, len(asked.steps) + 1):
        columns += [
            f"count(time_{step}) AS count_{step}",
            f"{_mean_seconds(step - 1, step)} AS avg_time_{step}",
            f"{_mean_seconds(1, step)} AS avg_time_from_start_{step}",
        ]
    grouped = f"\n    GROUP BY {', '.join(groups)}" if groups else ""
    listed = ",\n        ".join(columns)
    return f"_counted AS (\n    SELECT\n        {listed}\n    FROM _reached_{len(asked.steps)}{grouped}\n)"


def _mean_seconds(start: int, end: int) -> str:
    elapsed = f"greatest(date_diff('microsecond', time_{start}, time_{end}), 0)"
    return f"avg({elapsed}) FILTER (WHERE time_{end} IS NOT NULL) / 1000000"


_RANKED = """\
_ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sum(count_1) DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _counted
    GROUP BY segment
)"""


def _result(question: Question, asked: Funnel) -> str:
    if not asked.on:
        return "SELECT * FROM _counted" + ("\nORDER BY date" if asked.unit else "")
    return f"""\
SELECT _counted.*, _ranked.place, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment IS NOT DISTINCT FROM _counted.segment
WHERE _ranked.place <= {question.bind(asked.limit, "limit")}
ORDER BY _ranked.place{", _counted.date" if asked.unit else ""}"""
