"""Checks of fetch filters."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MAX_LIMIT = 100_000  # Mixpanel's own cap on the export's ``limit``


def names_of(names: Sequence[str] | None, parameter: str) -> list[str] | None:
    """Names, each once and in order, so that equal selections are recognised; None stays None.

    Raises:
        ParameterError: there is none, or one is empty: Mixpanel would return everything.
    """
    if names is None:
        return None
    listed = [names] if isinstance(names, str) else list(names)
    if not listed or not all(isinstance(name, str) and name for name in listed):
        message = [Word(parameter), " is empty or holds an empty name."]
        raise ParameterError(message, parameter=parameter, hint="Leave it out to fetch all.")
    return sorted(set(listed))


def profile_filters(
    *,
    where: str | None = None,
    cohort_id: int | None = None,
    output_properties: Sequence[str] | None = None,
    distinct_ids: str | Sequence[str] | None = None,
    group_id: int | str | None = None,
    behaviors: Sequence[Mapping[str, Any]] | None = None,
    as_of_timestamp: int | None = None,
    include_all_users: bool | None = None,
) -> dict[str, Any]:
    """The filters of profiles for the client, without unset ones.

    Raises:
        ParameterError: a list is empty or holds an empty name, or two parameters exclude each other.
    """
    if cohort_id is not None and behaviors is not None:
        message = [Word("cohort_id"), " and ", Word("behaviors"), " exclude each other."]
        hint = "Mixpanel takes one of them at a time."
        raise ParameterError(message, parameter="cohort_id", value=cohort_id, hint=hint)
    for name, value, needed, other in (
        ("include_all_users", include_all_users, cohort_id, "cohort_id"),
        ("as_of_timestamp", as_of_timestamp, behaviors, "behaviors"),
    ):
        if value is not None and needed is None:
            message = [Word(name), " has a meaning only together with ", Word(other), "."]
            raise ParameterError(message, parameter=name, value=value)
    given = {
        "where": where,
        "cohort_id": cohort_id,
        "output_properties": names_of(output_properties, "output_properties"),
        "distinct_ids": names_of(distinct_ids, "distinct_ids"),
        "group_id": group_id,
        "behaviors": None if behaviors is None else [dict(behavior) for behavior in behaviors],
        "as_of_timestamp": as_of_timestamp,
        "include_all_users": include_all_users,
    }
    return {name: value for name, value in given.items() if value is not None}


def at_a_moment(filters: Mapping[str, Any]) -> dict[str, Any]:
    """The filters of profiles with the moment at which ``behaviors`` are evaluated, by default now.

    Without it Mixpanel gives a single page ("request for page in uncached query for params").
    """
    if "behaviors" not in filters or "as_of_timestamp" in filters:
        return dict(filters)
    return {**filters, "as_of_timestamp": int(time.time())}


def checked_limit(limit: int | None) -> int | None:
    """The limit, if Mixpanel accepts it.

    Raises:
        ParameterError: Mixpanel does not accept it.
    """
    if limit is not None and not 1 <= limit <= MAX_LIMIT:
        message = [Word("limit"), f" is {limit}, which Mixpanel does not take."]
        hint = f"Give a number from 1 to {MAX_LIMIT:,}, or none to fetch all."
        raise ParameterError(message, parameter="limit", value=limit, hint=hint)
    return limit
