"""Experiments: moments of what the users of each variant did after their first exposure.

https://docs.mixpanel.com/docs/experiments: users belong to the variant of their first exposure; what they did
from that moment on counts, and what they did before it adjusts for how they differed already. The statement
gives means, variances and covariances per user; tests are made of these outside of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.calendar import SECONDS
from mixpanel_nb.analytics.context import number_of
from mixpanel_nb.analytics.expressions.values import held_text, segment
from mixpanel_nb.analytics.sql import seconds

if TYPE_CHECKING:
    from datetime import datetime

    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import Experiment, Metric

PER_ESTIMAND = 8
"""The columns of one estimand: the means of the number, of what it is divided by, and of the number before
exposure, their variances, and the covariances of the number with the other two.
"""

_DAY = 86_400


@dataclass(frozen=True)
class Estimand:
    """What is estimated of the users of a variant.

    Attributes:
        kind: ``conversion`` (a share of users), ``mean`` (a number per user), or ``ratio`` of two numbers.
        number: The column of the number per user.
        over: The column that it is divided by; None for users.
    """

    kind: str
    number: str
    over: str | None = None

    @property
    def has_before(self) -> bool:
        """Whether the same number before exposure can adjust it."""
        return self.kind != "ratio"


def estimands(query: Experiment) -> list[Estimand]:
    """What is estimated for each metric, and then for each formula."""
    kinds = {"unique": "conversion", "average": "ratio"}
    found = [
        Estimand(
            kinds.get(metric.measure, "mean"),
            f"number_{place}",
            f"count_{place}" if metric.measure == "average" else None,
        )
        for place, metric in enumerate(query.metrics)
    ]
    for formula in query.formulas:
        number, over = query.ratio(formula)
        found.append(Estimand("ratio", f"number_{number}", f"number_{over}"))
    return found


def statement(context: ReportContext, query: Experiment, known_until: datetime) -> Statement:
    """Columns ``waiting, undefined, switched, variant, segment, users``, then those of each estimand.

    The first three are the same in each row: users whose window is not over, users of whom no exposure names
    a variant, and users who met a second one. A row without a segment is about all users. There is one row
    at least; its variant is NULL where there are none.

    Args:
        context: The table, and the days of exposures.
        query: The experiment.
        known_until: The end (UTC) of what the table holds.
    """
    parts = [*_people(context, query, known_until), _facts(context, query), _values(query)]
    source = "_values"
    if query.winsorize is not None:
        parts += _capped(context, query, query.winsorize)
        source = "_capped"
    parts.append(_left_out(query))
    moments = [f"        {sql} AS m{place}" for place, sql in enumerate(_moments(query))]
    parts.append(
        f"""\
_counted AS (
    SELECT
        variant,
        segment,
        count(*) AS users,
{f",{chr(10)}".join(moments)}
    FROM (SELECT *, unnest(segments) AS segment FROM {source}) AS _split
    GROUP BY variant, segment
)"""
    )
    return context.statement(f"""\
WITH {", ".join(parts)}
SELECT _left_out.*, _counted.*
FROM _left_out LEFT JOIN _counted ON TRUE
ORDER BY _counted.segment IS NOT NULL, _counted.segment, _counted.variant""")


def members(
    context: ReportContext,
    query: Experiment,
    *,
    known_until: datetime,
    variant: str | None,
    segment: str | None,
) -> str:
    """The users of a variant, of a segment; the moment is that of their exposure."""
    parts = [
        *_people(context, query, known_until),
        "_split AS (SELECT *, unnest(segments) AS segment FROM _users)",
    ]
    conditions = ["ripe", users.is_segment(context, "_split", "segment", segment)]
    if variant is not None:
        conditions.append(f"variant = {context.bind(variant, 'variant')}")
    return users.of_rows(
        f"WITH {', '.join(parts)}",
        "_split",
        conditions,
        times=("exposed", "exposed"),
        events="sum(exposures)",
    )


def _people(context: ReportContext, query: Experiment, known_until: datetime) -> list[str]:
    """CTEs that end with ``_users``: each user's first exposure that names a variant."""
    chosen = context.select().named(query.exposure, "exposure").in_period().of_users().where(query.where)
    variant = held_text(chosen.value(query.variant))
    held = "CAST(NULL AS VARCHAR)"
    is_list = False
    if query.on is not None:
        held, is_list = segment(chosen.value(query.on))
    everyone = "list_append(arg_min(held, place), NULL)" if is_list else "[arg_min(held, place), NULL]"
    order = ", ".join(context.events.in_order("e"))
    ripe = "TRUE"
    if query.window is not None:
        until = context.bind(known_until, "known_until")
        ripe = f"min(event_time) + {seconds(query.window * SECONDS[query.window_unit])} <= {until}"
    return [
        f"""\
_exposed AS (
    SELECT
        e.distinct_id,
        e.event_time,
        {variant} AS variant,
        {held} AS held,
        row_number() OVER (PARTITION BY e.distinct_id ORDER BY {order}) AS place
    {chosen.sql()}
)""",
        f"""\
_users AS (
    SELECT
        distinct_id,
        min(event_time) AS exposed,
        arg_min(variant, place) AS variant,
        {"[CAST(NULL AS VARCHAR)]" if query.on is None else everyone} AS segments,
        count(DISTINCT variant) > 1 AS switched,
        {ripe} AS ripe,
        count(*) AS exposures
    FROM _exposed
    WHERE variant IS NOT NULL
    GROUP BY distinct_id
)""",
    ]


def _facts(context: ReportContext, query: Experiment) -> str:
    """The numbers of each user who did any of it: after exposure, and with CUPED before it."""
    chosen = context.select().of_users()
    after = "e.event_time >= _u.exposed"
    if query.window is not None:
        after += f" AND e.event_time < _u.exposed + {seconds(query.window * SECONDS[query.window_unit])}"
    columns, meant = [], []
    for place, metric in enumerate(query.metrics):
        is_meant = chosen.meant(metric.event, metric.where)
        meant.append(is_meant)
        number = _number(context, chosen, metric)
        columns.append(f"{_aggregate(metric, number, after, is_meant)} AS number_{place}")
        if metric.measure == "average":
            columns.append(f"count(CASE WHEN {after} AND {is_meant} THEN {number} END) AS count_{place}")
        elif query.cuped is not None:
            before = "e.event_time < _u.exposed"
            columns.append(f"{_aggregate(metric, number, before, is_meant)} AS before_{place}")
    since, until = context.bind(context.period.since, "since"), context.bind(context.period.until, "until")
    chosen.joined("JOIN _users AS _u ON _u.distinct_id = e.distinct_id")
    if query.cuped is None:
        chosen.that(f"e.event_time >= {since}").that("e.event_time >= _u.exposed")
    else:
        length = seconds(query.cuped * _DAY)
        chosen.that(f"e.event_time >= {since} - {length}").that(f"e.event_time >= _u.exposed - {length}")
    if query.window is None:
        chosen.that(f"e.event_time < {until}")
    else:
        length = seconds(query.window * SECONDS[query.window_unit])
        chosen.that(f"e.event_time < {until} + {length}").that(f"e.event_time < _u.exposed + {length}")
    if "TRUE" not in meant:
        chosen.that(f"({' OR '.join(dict.fromkeys(meant))})")
    listed = ",\n        ".join(columns)
    return f"""\
_facts AS (
    SELECT
        e.distinct_id,
        {listed}
    {chosen.sql()}
    GROUP BY e.distinct_id
)"""


def _number(context: ReportContext, chosen: Selection, metric: Metric) -> str:
    return "1" if metric.of is None else number_of(context, chosen.value(metric.of), metric.of)


def _aggregate(metric: Metric, number: str, when: str, is_meant: str) -> str:
    """A user's number of the events at some time."""
    case = f"CASE WHEN {when} AND {is_meant} THEN {number} END"
    if metric.measure == "unique":
        return f"CAST(least(count({case}), 1) AS DOUBLE)"
    return f"CAST(count({case}) AS DOUBLE)" if metric.measure == "total" else f"sum({case})"


def _values(query: Experiment) -> str:
    """All users with their numbers; 0 of what they did not do."""
    columns = ",\n        ".join(f"coalesce({name}, 0) AS {name}" for name in _columns(query))
    return f"""\
_values AS (
    SELECT
        variant,
        segments,
        {columns}
    FROM _users LEFT JOIN _facts ON _facts.distinct_id = _users.distinct_id
    WHERE ripe
)"""


def _columns(query: Experiment) -> list[str]:
    names = []
    for place, metric in enumerate(query.metrics):
        names.append(f"number_{place}")
        if metric.measure == "average":
            names.append(f"count_{place}")
        elif query.cuped is not None:
            names.append(f"before_{place}")
    return names


def _capped(context: ReportContext, query: Experiment, percent: float) -> list[str]:
    """The numbers per user, none beyond the percentiles of all users; conversions and ratios as they are."""
    low = context.bind(percent / 100, "low")
    high = context.bind(1 - percent / 100, "high")
    capped = [
        f"{kind}_{place}"
        for place, metric in enumerate(query.metrics)
        if metric.measure in {"total", "sum"}
        for kind in ("number", "before")
        if kind == "number" or query.cuped is not None
    ]
    bounds = [
        f"quantile_cont({name}, {part}) AS {end}_{name}"
        for name in capped
        for end, part in (("low", low), ("high", high))
    ]
    columns = [
        f"greatest(least({name}, high_{name}), low_{name}) AS {name}" if name in capped else name
        for name in _columns(query)
    ]
    listed = ",\n        ".join(["variant", "segments", *columns])
    bounded = ",\n        ".join(bounds or ["1 AS unbounded"])
    return [
        f"_bounds AS (\n    SELECT\n        {bounded}\n    FROM _values\n)",
        f"_capped AS (\n    SELECT\n        {listed}\n    FROM _values CROSS JOIN _bounds\n)",
    ]


def _left_out(query: Experiment) -> str:
    waiting = "0" if query.window is None else "(SELECT count(*) FROM _users WHERE NOT ripe)"
    return f"""\
_left_out AS (
    SELECT
        {waiting} AS waiting,
        (SELECT count(DISTINCT distinct_id) FROM _exposed) - (SELECT count(*) FROM _users) AS undefined,
        (SELECT count(*) FROM _users WHERE switched AND ripe) AS switched
)"""


def _moments(query: Experiment) -> list[str]:
    """The aggregates of all estimands, ``PER_ESTIMAND`` each."""
    found = []
    for each in estimands(query):
        number, over = each.number, each.over
        before = None
        if query.cuped is not None and each.has_before:
            before = number.replace("number", "before")
        found += [
            f"avg({number})",
            "NULL" if over is None else f"avg({over})",
            "NULL" if before is None else f"avg({before})",
            f"var_samp({number})",
            "NULL" if over is None else f"var_samp({over})",
            "NULL" if before is None else f"var_samp({before})",
            "NULL" if over is None else f"covar_samp({number}, {over})",
            "NULL" if before is None else f"covar_samp({number}, {before})",
        ]
    return found
