"""Filters as people give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LIMIT = 100_000  # Mixpanel's own cap on the export's ``limit``


def names_of(names: Sequence[str] | None) -> list[str] | None:
    """Names, each once and in order, so that equal selections are recognised; None stays None.

    Raises:
        QueryError: there is none, or one is empty: Mixpanel would answer with everything.
    """
    if names is None:
        return None
    listed = [names] if isinstance(names, str) else list(names)
    if not listed or not all(isinstance(name, str) and name for name in listed):
        message = "The list of names is empty or holds an empty name."
        raise QueryError(message, hint="Leave it out to fetch all.")
    return sorted(set(listed))


def checked_limit(limit: int | None) -> int | None:
    """The limit itself, if Mixpanel takes it.

    Raises:
        QueryError: it does not.
    """
    if limit is not None and not 1 <= limit <= MAX_LIMIT:
        message = f"limit is {limit}, which Mixpanel does not take."
        raise QueryError(message, hint=f"Give a number from 1 to {MAX_LIMIT:,}, or none to fetch all.")
    return limit
