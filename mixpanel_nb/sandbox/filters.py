"""``where`` as a condition on the raw lines of a data set."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from mixpanel_nb.analytics.columns import TableColumns
from mixpanel_nb.analytics.expressions import Compiler, Dialect, Scope
from mixpanel_nb.analytics.expressions.values import text_of
from mixpanel_nb.analytics.sql import Parameters

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_PROFILES = """
LEFT JOIN (
    SELECT distinct_id, json_extract(line, '$."$properties"') AS properties FROM profiles
) AS u ON u.distinct_id = e.distinct_id"""


@dataclass(frozen=True)
class Filter:
    """A condition, and perhaps an order.

    Attributes:
        condition: SQL over ``e`` (events) or ``u`` (profiles).
        params: Values of the ``$names`` in it.
        join: What has to stand behind FROM for it.
        order: SQL of what to order by.
    """

    condition: str = "TRUE"
    params: Mapping[str, Any] = field(default_factory=dict)
    join: str = ""
    order: Sequence[str] = ()


def of_events(where: str | None, now: float = 0) -> Filter:
    """The condition on events ``e``, which must have the columns of an events table.

    Args:
        where: Expression that must be true; None for all.
        now: Unix seconds, for ``NOW``.

    Raises:
        ExpressionError: there is a mistake in ``where``.
    """
    if where is None:
        return Filter()
    scope = _scope(Dialect.EVENTS, TableColumns("events", has_insert_id=False), now)
    condition = Compiler(scope).condition(where)
    return Filter(condition, scope.parameters.values, _PROFILES if scope.profiles else "")


def of_profiles(
    where: str | None,
    sort_key: str | None = None,
    behaviors: Mapping[str, str] | None = None,
    now: float = 0,
) -> Filter:
    """The condition on profiles ``u``, which must have ``distinct_id`` and ``properties``.

    Args:
        where: Expression that must be true; None for all.
        sort_key: Expression to order by: numbers first, then texts.
        behaviors: SQL of a number for each name that ``behaviors["name"]`` may have.
        now: Unix seconds, for ``NOW``.

    Raises:
        ExpressionError: there is a mistake in one of them.
    """
    scope = _scope(Dialect.PROFILES, TableColumns("profiles"), now, behaviors)
    condition = "TRUE" if where is None else Compiler(scope).condition(where)
    order: Sequence[str] = ()
    if sort_key is not None:
        key = Compiler(scope).value(sort_key)
        order = (key.double or "NULL", text_of(key))
    return Filter(condition, scope.parameters.values, order=order)


def _scope(
    dialect: Dialect, columns: TableColumns, now: float, behaviors: Mapping[str, str] | None = None
) -> Scope:
    return Scope(
        main=columns,
        parameters=Parameters(),
        zone=ZoneInfo("UTC"),
        now=now,
        find_profiles=lambda: TableColumns("profiles"),
        dialect=dialect,
        behaviors=behaviors or {},
    )
