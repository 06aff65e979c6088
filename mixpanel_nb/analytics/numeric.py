"""Numbers in properties: in buckets of equal width, summed, and averaged over time.

https://developer.mixpanel.com/reference/segmentation-numeric-query, …/segmentation-sum-query and
…/segmentation-query-average: "if the expression is not numeric, a value of 0.0 is assumed" for the latter
two. How the buckets of the first are chosen is not documented; here their width is 1, 2 or 5 times a power
of ten.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mixpanel_nb.analytics import users
from mixpanel_nb.analytics.context import USER, ReportContext, measure, number_of

if TYPE_CHECKING:
    import datetime as dt

    from mixpanel_nb.analytics.expressions.values import Value
    from mixpanel_nb.analytics.sql import Statement
    from mixpanel_nb.queries import CountType, Unit

_FINEST = f"greatest(abs(CAST(lowest AS DOUBLE)), abs(CAST(highest AS DOUBLE))) / {2**51}"
"""Minimum width of buckets whose bounds differ as DOUBLE."""


def in_buckets(
    context: ReportContext,
    event: str | None,
    *,
    on: str,
    unit: Unit,
    kind: CountType,
    where: str | None,
    buckets: int,
    width: float | None = None,
) -> Statement:
    """Columns ``date, place, width, origin, count``; non-numeric values are left out.

    A bucket begins at ``origin + place * width`` and ends before ``origin + (place + 1) * width``.
    Whole numbers are placed exactly, however large; other buckets are wide enough to differ as DOUBLE.

    Args:
        context: The table and days.
        event: The event.
        on: Expression or property with the number.
        unit: The buckets of time.
        kind: What is counted.
        where: Expression that filters the events.
        buckets: The approximate number of buckets.
        width: Their width, 1, 2 or 5 times a power of ten; None chooses it by their number.
    """
    parts = _placed(context, event, on=on, unit=unit, where=where, buckets=buckets, width=width)
    return context.statement(f"""\
{parts}
SELECT date, place, width, origin, {measure(kind, "user_id")} AS count
FROM _placed
GROUP BY date, place, width, origin
ORDER BY place, date""")


def members(
    context: ReportContext,
    event: str | None,
    *,
    on: str,
    unit: Unit,
    where: str | None,
    buckets: int,
    date: dt.date | None,
    low: float | None,
    width: float | None = None,
) -> str:
    """The users who did the event with a number: in a bucket of time, in the range that begins at ``low``."""
    parts = _placed(context, event, on=on, unit=unit, where=where, buckets=buckets, width=width, timed=True)
    conditions = ["user_id IS NOT NULL"]
    if date is not None:
        conditions.append(f"date = {context.bind(date, 'bucket')}")
    if low is not None:
        conditions.append(f"place = round(CAST({context.bind(low, 'low')} - origin AS DOUBLE) / width)")
    return users.of_rows(parts, "_placed", conditions, user="user_id")


def _placed(
    context: ReportContext,
    event: str | None,
    *,
    on: str,
    unit: Unit,
    where: str | None,
    buckets: int,
    width: float | None,
    timed: bool = False,
) -> str:
    """WITH and CTEs, the last of which is ``_placed``: each event in the place of its range."""
    matching = context.select().named(event).in_period().where(where)
    value = matching.value(on)
    ranges = Ranges.of(context, value, on, buckets, width)
    matching.that(f"{ranges.number} IS NOT NULL")
    time = ", e.event_time AS time" if timed else ""
    return f"""\
WITH _matching AS (
    SELECT {context.bucket(unit)} AS date, {ranges.number} AS number, {USER} AS user_id{time}
    {matching.sql()}
), {ranges.sql("_matching")}, _placed AS (
    SELECT date, {PLACE} AS place, width, origin, user_id{", time" if timed else ""}
    FROM _matching CROSS JOIN _begun
)"""


@dataclass(frozen=True)
class Ranges:
    """Ranges of equal width, 1, 2 or 5 times a power of ten.

    Attributes:
        number: SQL of the number: HUGEINT or DOUBLE.
        span: SQL of the width asked for, or that would give the number of ranges asked for.
        finest: SQL of the least width.
        origin: SQL of where ranges begin.
    """

    number: str
    span: str
    finest: str
    origin: str

    @staticmethod
    def of(context: ReportContext, value: Value, on: str, buckets: int, width: float | None = None) -> Ranges:
        """Ranges of a value, about as many as requested or of that width."""
        wanted = None if width is None else f"CAST({context.bind(width, 'width')} AS DOUBLE)"
        number_buckets = None if wanted else context.bind(buckets, "buckets")
        if value.number and not value.is_double:
            return Ranges(
                f"CAST({value.number} AS HUGEINT)",
                wanted or _spanning(f"CAST(highest - lowest AS DOUBLE) / {number_buckets}"),
                f"least({_FINEST}, 1)",
                "lowest - lowest % CAST(greatest(width, 1) AS HUGEINT)",
            )
        return Ranges(
            number_of(context, value, on),
            wanted or _spanning(f"least(highest / {number_buckets} - lowest / {number_buckets}, 5e307)"),
            _FINEST,
            "CAST(0 AS DOUBLE)",
        )

    def sql(self, source: str, column: str = "number", suffix: str = "") -> str:
        """CTEs that end with ``_begun``, one row of ``width`` and ``origin``.

        Args:
            source: The CTE with the numbers.
            column: Their column.
            suffix: What the names of these CTEs end with.
        """
        return f"""\
_span{suffix} AS (
    SELECT min({column}) AS lowest, max({column}) AS highest
    FROM {source}
), _wide{suffix} AS (
    SELECT lowest, greatest(
        {self.span},
        {self.finest}
    ) AS raw
    FROM _span{suffix}
), _scale{suffix} AS (
    SELECT lowest, raw, pow(10, floor(log10(raw))) AS power
    FROM _wide{suffix}
), _chosen{suffix} AS (
    SELECT
        lowest,
        CASE
            WHEN raw <= power THEN power
            WHEN raw <= 2 * power THEN 2 * power
            WHEN raw <= 5 * power THEN 5 * power
            ELSE 10 * power
        END AS width
    FROM _scale{suffix}
), _begun{suffix} AS (
    SELECT width, {self.origin} AS origin
    FROM _chosen{suffix}
)"""


def _spanning(span: str) -> str:
    return f"CASE WHEN highest > lowest THEN {span} ELSE 1 END"


PLACE = "floor(round(CAST(number - origin AS DOUBLE) / width, 9))"
"""SQL of the range that a ``number`` is in."""


def total(context: ReportContext, event: str | None, *, on: str, unit: Unit, where: str | None) -> Statement:
    """Columns ``date, sum``; non-numeric values count as 0."""
    return _aggregated(context, event, "sum", on, unit, where)


def mean(context: ReportContext, event: str | None, *, on: str, unit: Unit, where: str | None) -> Statement:
    """Columns ``date, average``, over all events; non-numeric values count as 0."""
    return _aggregated(context, event, "avg", on, unit, where)


def _aggregated(
    context: ReportContext, event: str | None, function: str, on: str, unit: Unit, where: str | None
) -> Statement:
    matching = context.select().named(event).in_period().where(where)
    number = number_of(context, matching.value(on), on)
    name = {"sum": "sum", "avg": "average"}[function]
    return context.statement(f"""\
SELECT {context.bucket(unit)} AS date, {function}(coalesce({number}, 0)) AS {name}
{matching.sql("")}
GROUP BY 1
ORDER BY 1""")
