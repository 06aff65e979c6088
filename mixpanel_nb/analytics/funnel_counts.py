"""What a funnel counts of the attempts at it: how many reached each step, how long they took, what they sum.

A relation of attempts has ``[date,] [segment,] time_1 … time_N [, amount_1 … amount_N]``: NULL is a step
that was not reached, and the NULL segment is everyone.
"""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from mixpanel_nb.queries.customs import may_be_same

if TYPE_CHECKING:
    from mixpanel_nb.analytics.context import ReportContext
    from mixpanel_nb.queries import Funnel

GRACE_SECONDS = 2
"""Steps no further apart than this may have happened in either order."""

QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0)
"""Those of the time between two steps; between two times they are interpolated."""

EDGES = (
    *(1, 10, 30),
    *(60 * minutes for minutes in (1, 2, 5, 10, 30)),
    *(3_600 * hours for hours in (1, 2, 6, 12)),
    *(86_400 * days for days in (1, 2, 3, 7, 14, 30, 60, 90, 180, 366)),
)
"""Seconds at which the buckets of the distribution of times begin; the first begins at 0."""

_MICROSECONDS = 1_000_000


def same_event_before(query: Funnel, step: int) -> list[int]:
    """Numbers (from 1) of the steps before ``step`` that ask for the same event."""
    event = query.steps[step - 1].event
    return [number for number in range(1, step) if may_be_same(query.steps[number - 1].event, event)]


def repeats(query: Funnel) -> bool:
    """Whether steps ask for the same event, so that one event must not be taken for two steps."""
    return any(may_be_same(one.event, other.event) for one, other in combinations(query.steps, 2))


def places(query: Funnel) -> list[tuple[int, ...]]:
    """The steps (from 1) that can stand at each place: one, or with any order all up to the next anchor."""
    numbers = range(1, len(query.steps) + 1)
    if query.order == "specific":
        return [(number,) for number in numbers]
    runs: list[list[int]] = []
    for number in numbers:
        if number in query.anchors or not runs or runs[-1][0] in query.anchors:
            runs.append([number])
        else:
            runs[-1].append(number)
    return [tuple(run) for run in runs for _ in run]


def pairs(query: Funnel) -> list[tuple[int, int]]:
    """The pairs of an earlier and a later step whose times are shown.

    Optional steps with the same required step before them have no order.
    """
    if not query.times:
        return []
    return [
        (start, end)
        for start, end in combinations(range(1, len(query.steps) + 1), 2)
        if not (start in query.optional and end in query.optional and query.before(end) < start)
    ]


def measures(query: Funnel) -> list[str]:
    """The names of the measures of a row, in order, after its date and segment, such as ``count_2``."""
    return [name for _, name in _measured(query)]


_REACHED = "time_{} IS NOT NULL"


def _measured(query: Funnel, known: str = _REACHED) -> list[tuple[str, str]]:
    """SQL and name of each measure; for ``known`` see :func:`counted`."""
    found = [(_count(1, known), "count_1")]
    for step in range(2, len(query.steps) + 1):
        found.append((_count(step, known), f"count_{step}"))
        for name, start in (("time", query.before(step)), ("time_from_start", 1)):
            found += [
                (
                    f"{_aggregate(query, call, start, step, known)} / {_MICROSECONDS}",
                    f"{prefix}_{name}_{step}",
                )
                for prefix, call in (
                    ("avg", "avg({})"),
                    ("median", "quantile_cont({}, 0.5)"),
                    ("p90", "quantile_cont({}, 0.9)"),
                )
            ]
    if query.sum_of is not None:
        found += [(f"sum(amount_{step})", f"sum_{step}") for step in range(1, len(query.steps) + 1)]
    for start, end in pairs(query):
        edges = ", ".join(str(edge * _MICROSECONDS - 1) for edge in EDGES)
        quantiles = ", ".join(map(str, QUANTILES))
        if start in query.optional:
            both = f"count(*) FILTER (WHERE {_both(query, start, end, known)})"
            found.append((both, f"count_{start}_{end}"))
        found += [
            (f"{_aggregate(query, 'avg({})', start, end, known)} / {_MICROSECONDS}", f"mean_{start}_{end}"),
            (
                _aggregate(query, f"quantile_cont({{}}, [{quantiles}])", start, end, known),
                f"quantiles_{start}_{end}",
            ),
            (_aggregate(query, f"histogram({{}}, [{edges}])", start, end, known), f"histogram_{start}_{end}"),
        ]
    return found


def _count(step: int, known: str) -> str:
    return f"count(*) FILTER (WHERE {known.format(step)})"


def _aggregate(query: Funnel, call: str, start: int, end: int, known: str) -> str:
    elapsed = f"greatest(date_diff('microsecond', time_{start}, time_{end}), 0)"
    return f"{call.format(elapsed)} FILTER (WHERE {_both(query, start, end, known)})"


def _both(query: Funnel, start: int, end: int, known: str) -> str:
    """The condition that an attempt has two steps."""
    condition = known.format(end)
    return f"time_{start} IS NOT NULL AND {condition}" if start in query.optional else condition


def counted(query: Funnel, source: str, known: str = _REACHED) -> list[str]:
    """CTEs that count the attempts of ``source`` and, with a breakdown, rank the segments.

    Args:
        query: The funnel.
        source: The relation of attempts.
        known: SQL that tells the one row of an attempt that reached a step, whose number is put in.
    """
    groups = [*(["date"] if query.unit else []), *(["segment"] if query.on else [])]
    columns = [*groups, *(f"{sql} AS {name}" for sql, name in _measured(query, known))]
    grouped = f"\n    GROUP BY {', '.join(groups)}" if groups else ""
    listed = ",\n        ".join(columns)
    made = f"_counted AS (\n    SELECT\n        {listed}\n    FROM {source}{grouped}\n)"
    return [made, _RANKED] if query.on else [made]


_RANKED = """\
_ranked AS (
    SELECT
        segment,
        row_number() OVER (ORDER BY segment IS NOT NULL, sum(count_1) DESC, segment) - 1 AS place,
        count(*) OVER () - 1 AS segments
    FROM _counted
    GROUP BY segment
)"""


def result(context: ReportContext, query: Funnel) -> str:
    """The rows: with a breakdown, ``place`` and ``segments`` stand behind the measures."""
    if not query.on:
        return "SELECT * FROM _counted" + ("\nORDER BY date" if query.unit else "")
    return f"""\
SELECT _counted.*, _ranked.place, _ranked.segments
FROM _counted JOIN _ranked ON _ranked.segment IS NOT DISTINCT FROM _counted.segment
WHERE _ranked.place <= {context.bind(query.limit, "limit")}
ORDER BY _ranked.place{", _counted.date" if query.unit else ""}"""
