"""The users behind a number of a report.

Each report's module gives *members*: a query with one row per user of a cell, ``distinct_id, first_time,
last_time, events``, made of the parts that the report itself counts. This module has what these queries
share, and the statements around them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.expressions.compiler import EVENTS
from mixpanel_nb.analytics.expressions.values import segment
from mixpanel_nb.analytics.sql import Statement, conjunction, identifier
from mixpanel_nb.naming import free_name

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.analytics.columns import TableColumns
    from mixpanel_nb.analytics.context import ReportContext, Selection
    from mixpanel_nb.queries.shared import CalendarUnit

OWN = ("distinct_id", "first_time", "last_time", "events")
"""The columns of members: the user, first and last moment (UTC) and number of the events concerned."""

_UNION = "\n    UNION ALL\n"
_OVERALL = "$overall"
_MOVED = re.compile(r"\$overall_\d+")


def statement(context: ReportContext, members: str, profiles: TableColumns | None) -> Statement:
    """Members in the order of their first moment, with the columns of their profiles where there are any.

    Args:
        context: The context that the members were made with.
        members: A query with the columns of ``OWN``.
        profiles: The profiles of the project.
    """
    columns, joined = "", ""
    if profiles is not None and profiles.properties:
        taken = list(OWN)
        for name, column in profiles.properties.items():
            taken.append(free_name(name, taken))
            columns += f",\n    _profiles.{identifier(column.name)} AS {identifier(taken[-1])}"
        joined = (
            "\nLEFT JOIN (\n    SELECT *\n"
            f"    FROM {profiles.source('    ')}\n"
            "    QUALIFY row_number() OVER (PARTITION BY distinct_id) = 1\n"
            ") AS _profiles ON _profiles.distinct_id = _members.distinct_id"
        )
    own = ",\n    ".join(
        [*(f"_members.{name}" for name in OWN[:3]), "CAST(_members.events AS BIGINT) AS events"]
    )
    return context.statement(f"""\
WITH _members AS (
{_indented(members)}
)
SELECT
    {own}{columns}
FROM _members{joined}
ORDER BY _members.first_time, _members.distinct_id""")


def shared(one: Statement, other: Statement) -> Statement:
    """How many users two statements of users have, and how many are in both: one row of three numbers."""
    first, second = one.with_names("one_"), other.with_names("other_")
    text = f"""\
WITH _one AS (
    SELECT distinct_id FROM (
{_indented(_indented(first.text))}
    ) AS _users
), _other AS (
    SELECT distinct_id FROM (
{_indented(_indented(second.text))}
    ) AS _users
)
SELECT
    (SELECT count(*) FROM _one),
    (SELECT count(*) FROM _other),
    (SELECT count(*) FROM _one WHERE distinct_id IN (SELECT distinct_id FROM _other))"""
    return Statement(text, {**first.params, **second.params})


def in_both(ones: Sequence[Statement], others: Sequence[Statement]) -> Statement:
    """Columns ``one, other, users``: how many users one of some statements shares with one of others."""
    parts: list[str] = []
    params: dict[str, Any] = {}
    for side, statements in (("one", ones), ("other", others)):
        named = [each.with_names(f"{side}_{place}_") for place, each in enumerate(statements)]
        selects = (
            f"    SELECT {place} AS {side}, distinct_id FROM (\n"
            f"{_indented(_indented(each.text))}\n    ) AS _users"
            for place, each in enumerate(named)
        )
        parts.append(f"_{side} AS (\n{_UNION.join(selects)}\n)")
        for each in named:
            params |= each.params
    text = f"""\
WITH {", ".join(parts)}
SELECT _one.one, _other.other, count(*) AS users
FROM _one JOIN _other ON _other.distinct_id = _one.distinct_id
GROUP BY 1, 2
ORDER BY 1, 2"""
    return Statement(text, params)


def events(context: ReportContext, members: str | Sequence[str]) -> Statement:
    """All events of some users in the days, oldest first, with all columns of the table.

    Args:
        context: The context that the members were made with.
        members: A query with the columns of ``OWN``, or the ids of users.
    """
    if isinstance(members, str):
        source, ids = f"WITH _members AS (\n{_indented(members)}\n)\n", "SELECT distinct_id FROM _members"
    else:
        source, ids = "", f"SELECT unnest(CAST({context.bind(list(members), 'ids')} AS VARCHAR[]))"
    chosen = context.select().in_period().that(f"e.distinct_id IN ({ids})")
    order = ", ".join([*context.events.in_order(EVENTS), f"{EVENTS}.distinct_id"])
    text = f"{source}SELECT {context.events.everything}\n{chosen.sql('')}\nORDER BY {order}"
    return context.statement(text)


def of_events(matching: Selection) -> str:
    """The users of some events, as members."""
    matching.of_users()
    return f"""\
SELECT
    e.distinct_id,
    min(e.event_time) AS first_time,
    max(e.event_time) AS last_time,
    count(*) AS events
{matching.sql("")}
GROUP BY e.distinct_id"""


def of_rows(
    parts: str,
    source: str,
    conditions: Sequence[str],
    *,
    user: str = "distinct_id",
    times: tuple[str, str] = ("time", "time"),
    events: str = "count(*)",
) -> str:
    """The users of some rows of a CTE, as members.

    Args:
        parts: ``WITH`` and the CTEs.
        source: The rows, a CTE or what follows FROM.
        conditions: Which rows; all of them must hold.
        user: SQL of a row's user.
        times: SQL of the first and the last time of a row.
        events: The aggregate that counts the events.
    """
    where = f"\nWHERE {conjunction(list(conditions))}" if conditions else ""
    return f"""\
{parts}
SELECT
    {user} AS distinct_id,
    min({times[0]}) AS first_time,
    max({times[1]}) AS last_time,
    {events} AS events
FROM {source}{where}
GROUP BY 1"""


def in_bucket(
    context: ReportContext, matching: Selection, unit: CalendarUnit, bucket: date | None
) -> Selection:
    """Only events of a bucket of time; None is all of them."""
    if bucket is None:
        return matching
    return matching.that(f"{context.bucket(unit)} = {context.bind(bucket, 'bucket')}")


def in_segment(context: ReportContext, matching: Selection, on: str, name: str) -> Selection:
    """Only events of a segment of a breakdown."""
    named, is_list = segment(matching.value(on))
    bound = context.bind(name, "segment")
    return matching.that(f"list_contains({named}, {bound})" if is_list else f"{named} = {bound}")


def is_segment(
    context: ReportContext, source: str, column: str, name: str | None, alias: str | None = None
) -> str:
    """A condition: whether a column of a CTE holds the segment of this name; None is all users.

    A segment whose value is the very text that stands for all users is shown under another name.
    """
    whole = column if alias is None else f"{alias}.{column}"
    if name is None:
        return f"{whole} IS NULL"
    bound = context.bind(name, "segment")
    if not _MOVED.fullmatch(name):
        return f"{whole} = {bound}"
    overall = context.bind(_OVERALL, "overall")
    moved = f"EXISTS (SELECT 1 FROM {source} AS _named WHERE _named.{column} = {overall})"
    return f"{whole} = CASE WHEN {moved} THEN {overall} ELSE {bound} END"


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" if line else line for line in text.split("\n"))
