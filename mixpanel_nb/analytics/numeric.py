"""Numbers in properties: in buckets of equal width, summed, and averaged over time.

https://developer.mixpanel.com/reference/segmentation-numeric-query, …/segmentation-sum-query and
…/segmentation-query-average: "if the expression is not numeric, a value of 0.0 is assumed" for the latter
two. How the buckets of the first are chosen is not documented; here their width is 1, 2 or 5 times a power
of ten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.analytics.question import PERSON, CountType, Question, measure, number_of

if TYPE_CHECKING:
    from mixpanel_nb.analytics.calendar import Unit
    from mixpanel_nb.analytics.sql import Statement


def in_buckets(
    question: Question, event: str, *, on: str, unit: Unit, kind: CountType, where: str | None, buckets: int
) -> Statement:
    """Columns ``date, place, width, count``; values that are no numbers are left out.

    A bucket holds what is at least ``place * width``, and less than ``(place + 1) * width``.

    Args:
        question: What is asked of.
        event: The event.
        on: Expression or property with the number.
        unit: The buckets of time.
        kind: What is counted.
        where: Expression that filters the events.
        buckets: About how many buckets the numbers are to be put in.
    """
    matching = question.select().named(event).in_period().where(where)
    number = number_of(question, matching.value(on), on)
    matching.that(f"{number} IS NOT NULL")
    return question.statement(f"""\
WITH _matching AS (
    SELECT {question.bucket(unit)} AS date, {number} AS number, {PERSON} AS person
    {matching.sql()}
), _span AS (
    SELECT CAST(max(number) - min(number) AS DOUBLE) / {question.bind(buckets, "buckets")} AS raw
    FROM _matching
), _scale AS (
    SELECT raw, pow(10, floor(log10(nullif(raw, 0)))) AS power FROM _span
), _chosen AS (
    SELECT
        CASE
            WHEN raw <= power THEN power
            WHEN raw <= 2 * power THEN 2 * power
            WHEN raw <= 5 * power THEN 5 * power
            WHEN raw > 0 THEN 10 * power
            ELSE 1
        END AS width
    FROM _scale
), _placed AS (
    SELECT date, floor(round(number / width, 9)) AS place, width, person
    FROM _matching CROSS JOIN _chosen
)
SELECT date, place, width, {measure(kind)} AS count
FROM _placed
GROUP BY date, place, width
ORDER BY place, date""")


def total(question: Question, event: str, *, on: str, unit: Unit, where: str | None) -> Statement:
    """Columns ``date, sum``; what is no number counts as 0."""
    return _aggregated(question, event, "sum", on, unit, where)


def mean(question: Question, event: str, *, on: str, unit: Unit, where: str | None) -> Statement:
    """Columns ``date, average``, over all events; what is no number counts as 0."""
    return _aggregated(question, event, "avg", on, unit, where)


def _aggregated(
    question: Question, event: str, function: str, on: str, unit: Unit, where: str | None
) -> Statement:
    matching = question.select().named(event).in_period().where(where)
    number = number_of(question, matching.value(on), on)
    name = {"sum": "sum", "avg": "average"}[function]
    return question.statement(f"""\
SELECT {question.bucket(unit)} AS date, {function}(coalesce({number}, 0)) AS {name}
{matching.sql("")}
GROUP BY 1
ORDER BY 1""")
