"""The profiles of a data set, selected by ids, an expression or a cohort, and returned unchanged."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.sandbox import filters

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Rows = Callable[[str, Mapping[str, Any]], list[Any]]

# Members of a cohort need no profile; those that have none come after all others, with no properties.
_CHOSEN = """
WITH chosen AS (
    SELECT rowid AS place, line, distinct_id, json_extract(line, '$."$properties"') AS properties
    FROM profiles
    WHERE ($wanted IS NULL OR distinct_id IN (SELECT unnest($wanted::VARCHAR[])))
        AND ($members IS NULL OR distinct_id IN (SELECT unnest($members::VARCHAR[])))
    UNION ALL
    SELECT
        NULL, json_object('$distinct_id', member, '$properties', '{}'::JSON)::VARCHAR, member, '{}'::JSON
    FROM (SELECT unnest($members::VARCHAR[]) AS member)
    WHERE $without_profile
        AND ($wanted IS NULL OR member IN (SELECT unnest($wanted::VARCHAR[])))
        AND member NOT IN (SELECT distinct_id FROM profiles)
)
"""
_DONE = """
LEFT JOIN (
    SELECT unnest(${table}_users::VARCHAR[]) AS user_id, unnest(${table}_times::BIGINT[]) AS times
) AS {table} ON {table}.user_id = u.distinct_id"""
_FOUND = """
(contains(lower(u.distinct_id), lower($search)) OR len(list_filter(
    json_extract_string(u.properties, '$.*'), lambda held: contains(lower(held), lower($search))
)) > 0)"""
_OWN_ORDER = ("u.place NULLS LAST", "u.distinct_id")

_DATE_TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)?"
_PROPERTIES = f"""
WITH found AS (
    SELECT json_extract(line, '$."$properties"') AS properties FROM profiles
), named AS (
    SELECT properties, unnest(json_keys(properties)) AS name FROM found WHERE json_type(properties) = 'OBJECT'
), valued AS (
    SELECT name, json_extract(properties, '/' || replace(replace(name, '~', '~0'), '/', '~1')) AS value
    FROM named
), typed AS (
    SELECT
        name,
        CASE json_type(value)
            WHEN 'ARRAY' THEN 'list'
            WHEN 'OBJECT' THEN 'object'
            WHEN 'BOOLEAN' THEN 'boolean'
            WHEN 'VARCHAR' THEN
                CASE WHEN regexp_full_match(value ->> '$', '{_DATE_TIME}') THEN 'datetime' ELSE 'string' END
            ELSE 'number'
        END AS type
    FROM valued WHERE json_type(value) <> 'NULL'
), counted AS (
    SELECT name, type, count(*) AS count FROM typed GROUP BY name, type
)
SELECT name, CAST(sum(count) AS BIGINT) AS count, arg_max(type, (count, type)) AS type
FROM counted
GROUP BY name ORDER BY count DESC, name LIMIT $limit
"""


@dataclass(frozen=True)
class Choice:
    """Which profiles are meant, and in which order.

    Attributes:
        distinct_ids: Only these; None for all.
        where: Only those for which this expression is true.
        members: Only these, the members of a cohort; None for all.
        without_profile: Whether members are meant, too, that have no profile.
        sort_key: An expression to order by, such as ``properties["plan"]``; None for their own order.
        descending: Whether the largest comes first.
        behaviors: For each ``behaviors["name"]`` in ``where``, how often each user did that.
        search: Only those that have this text in their id or in a property, whatever its case; None for all.
    """

    distinct_ids: Sequence[str] | None = None
    where: str | None = None
    members: Sequence[str] | None = None
    without_profile: bool = False
    sort_key: str | None = None
    descending: bool = False
    behaviors: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    search: str | None = None


@dataclass(frozen=True)
class Summary:
    """Numbers of profiles: how many, and None where there are none.

    Attributes:
        count: How many profiles have a number.
        least: The smallest.
        most: The largest.
        mean: Their mean.
        variance: Their variance (of all, not of a sample).
        squares: The sum of their squares.
        percentile: The number at a percentile, interpolated between two.
    """

    count: int
    least: float | None
    most: float | None
    mean: float | None
    variance: float | None
    squares: float | None
    percentile: float | None


class Profiles:
    """The profiles of a data set.

    Args:
        rows: Runs a query on the file of raw lines.
        now: Unix seconds, for ``NOW``.
    """

    def __init__(self, rows: Rows, now: float) -> None:
        self._rows = rows
        self._now = now

    def page(self, number: int, size: int = 1000, choice: Choice | None = None) -> tuple[list[str], int]:
        """One page of profile lines, and how many profiles match in all.

        Args:
            number: Counted from 0; past the end the page is empty.
            size: Profiles on a page.
            choice: Which profiles; None for all.

        Raises:
            ExpressionError: there is a mistake in an expression.
        """
        wanted = choice or Choice()
        chosen = _filter(wanted, self._now)
        direction = "DESC" if wanted.descending else "ASC"
        order = [*(f"{key} {direction} NULLS LAST" for key in chosen.order), *_OWN_ORDER]
        rows = self._rows(
            f"{_CHOSEN} SELECT u.line FROM chosen AS u{chosen.join} WHERE {chosen.condition} "
            f"ORDER BY {', '.join(order)} LIMIT $size OFFSET $start",
            {**_parameters(wanted), **chosen.params, "size": size, "start": number * size},
        )
        return [line for (line,) in rows], self.count(wanted)

    def count(self, choice: Choice) -> int:
        """How many profiles match.

        Raises:
            ExpressionError: there is a mistake in an expression.
        """
        chosen = _filter(replace(choice, sort_key=None), self._now)
        [(count,)] = self._rows(
            f"{_CHOSEN} SELECT count(*) FROM chosen AS u{chosen.join} WHERE {chosen.condition}",
            {**_parameters(choice), **chosen.params},
        )
        return int(count)

    def summary(self, choice: Choice, of: str, percentile: float | None = None) -> Summary:
        """The numbers of a property of the matching profiles.

        Args:
            choice: Which profiles.
            of: The property as an expression.
            percentile: From 0 to 100; None for none.

        Raises:
            ExpressionError: there is a mistake in an expression.
        """
        chosen = _filter(replace(choice, sort_key=of), self._now)
        [row] = self._rows(
            f"{_CHOSEN} SELECT count(n), min(n), max(n), avg(n), var_pop(n), sum(n * n), "
            f"quantile_cont(n, $part) FROM (SELECT {chosen.order[0]} AS n FROM chosen AS u{chosen.join} "
            f"WHERE {chosen.condition})",
            {**_parameters(choice), **chosen.params, "part": (percentile or 0) / 100},
        )
        return Summary(*row)

    def ids(self, where: str) -> list[str]:
        """The ids of the users whose profile matches, in order.

        Raises:
            ExpressionError: there is a mistake in the expression.
        """
        chosen = _filter(Choice(where=where), self._now)
        rows = self._rows(
            f"{_CHOSEN} SELECT DISTINCT u.distinct_id FROM chosen AS u WHERE {chosen.condition} ORDER BY ALL",
            {**_parameters(Choice()), **chosen.params},
        )
        return [user for (user,) in rows]

    def properties(self, limit: int) -> dict[str, dict[str, Any]]:
        """How many profiles carry each property, and of which type it mostly is, the most frequent first."""
        rows = self._rows(_PROPERTIES, {"limit": limit})
        return {name: {"count": count, "type": kind} for name, count, kind in rows}


def _filter(choice: Choice, now: float) -> filters.Filter:
    """The condition on profiles, with what users did joined to them."""
    tables = {name: f"b{place}" for place, name in enumerate(choice.behaviors)}
    times = {name: f"coalesce({table}.times, 0)" for name, table in tables.items()}
    chosen = filters.of_profiles(choice.where, choice.sort_key, times, now)
    join, params = "", dict(chosen.params)
    for name, done in choice.behaviors.items():
        table = tables[name]
        join += _DONE.format(table=table)
        params |= {f"{table}_users": list(done), f"{table}_times": list(done.values())}
    condition = chosen.condition
    if choice.search is not None:
        condition = f"({condition}) AND {_FOUND}"
        params["search"] = choice.search
    return replace(chosen, condition=condition, join=join, params=params)


def _parameters(choice: Choice) -> dict[str, Any]:
    return {
        "wanted": None if choice.distinct_ids is None else list(choice.distinct_ids),
        "members": None if choice.members is None else list(choice.members),
        "without_profile": choice.without_profile,
    }
