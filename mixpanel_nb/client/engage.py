"""Profiles: the pages of an engage query (Mixpanel's docs, query profiles)."""

from __future__ import annotations

import math
from contextlib import closing
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypedDict

from mixpanel_nb.client.prefetch import in_order
from mixpanel_nb.client.retry import never
from mixpanel_nb.errors import IncompleteExportError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    Fetch = Callable[[int, str | None, Callable[[], bool]], "ProfilePage"]

PAGES_AT_ONCE = 4
"""Maximum pages in progress or buffered; Mixpanel allows five concurrent queries."""

_USUAL_PAGE_SIZE = 1000


class ProfileFilters(TypedDict, total=False):
    """Filters of profiles and their properties; each may be omitted or None.

    Attributes:
        where: A Mixpanel expression over profile properties.
        cohort_id: Members of this cohort only.
        output_properties: Only these properties of each profile.
        distinct_id: This profile only.
        distinct_ids: These profiles only (not together with ``distinct_id``).
        group_id: Profiles of this group type (Mixpanel's ``data_group_id``) instead of users.
        behaviors: What users did, for use in ``where`` (not together with ``cohort_id``).
        as_of_timestamp: Moment, in seconds since the epoch, at which ``behaviors`` are judged; needed for
            more than one page of them.
        include_all_users: With ``cohort_id``, also give members that have no profile (Mixpanel's default).
    """

    where: str | None
    cohort_id: int | None
    output_properties: Sequence[str] | None
    distinct_id: str | None
    distinct_ids: Sequence[str] | None
    group_id: int | str | None
    behaviors: Sequence[dict[str, Any]] | None
    as_of_timestamp: int | None
    include_all_users: bool | None


@dataclass(frozen=True)
class ProfilePage:
    """One page of profiles.

    Attributes:
        page: Its number, from 0.
        page_size: Profiles on a full page.
        total: Profiles that match, or None if the page does not contain it (only page 0 always does).
        session_id: The session of the next page, or None if there is none.
        results: ``{"$distinct_id": …, "$properties": {…}}`` each.
    """

    page: int
    page_size: int
    total: int | None
    session_id: str | None
    results: list[dict[str, Any]]

    @property
    def is_short(self) -> bool:
        """Whether it holds fewer profiles than a page can."""
        return len(self.results) < self.page_size


def form(filters: ProfileFilters, page: int, session_id: str | None) -> dict[str, Any]:
    """The form fields that ask for a page.

    Raises:
        ParameterError: Filters that exclude each other.
    """
    _check(filters)
    cohort = filters.get("cohort_id")
    ids = filters.get("distinct_ids")
    everyone = filters.get("include_all_users")
    return {
        "page": page,
        "session_id": session_id,
        "where": filters.get("where"),
        "output_properties": _listed(filters.get("output_properties")),
        "distinct_id": filters.get("distinct_id"),
        "distinct_ids": None if ids is None else list(dict.fromkeys(ids)),
        "data_group_id": filters.get("group_id"),
        "behaviors": _listed(filters.get("behaviors")),
        "as_of_timestamp": filters.get("as_of_timestamp"),
        "filter_by_cohort": None if cohort is None else {"id": cohort},
        # Always sent with a cohort, so that the result does not depend on the server's default.
        "include_all_users": None if cohort is None else everyone is not False,
    }


def _listed(values: Sequence[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _check(filters: ProfileFilters) -> None:
    given = {name for name, value in filters.items() if value is not None}
    for one, other in (("distinct_id", "distinct_ids"), ("cohort_id", "behaviors")):
        if {one, other} <= given:
            raise ParameterError(f"Give {one} or {other}, not both.", parameter=other)
    if "include_all_users" in given and "cohort_id" not in given:
        message = "include_all_users only has a meaning together with cohort_id."
        raise ParameterError(message, parameter="include_all_users")
    if "page" in given or "session_id" in given:
        raise ParameterError("Pages are counted here: leave out page and session_id.", parameter="page")
    if isinstance(filters.get("distinct_ids"), str):
        message = "distinct_ids is a list of ids; for one id, use distinct_id."
        raise ParameterError(message, parameter="distinct_ids")


def parse_page(data: Any, asked: int) -> ProfilePage:
    """The page ``asked`` for, from Mixpanel's JSON.

    Raises:
        IncompleteExportError: It is not a page, or not the requested one.
    """
    results = data.get("results") if isinstance(data, dict) else None
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise IncompleteExportError(f"Page {asked} of the profiles holds no list of profiles.")
    number = data.get("page", asked)
    if number != asked:
        raise IncompleteExportError(f"Page {asked} of the profiles was asked for, but page {number} came.")
    total, size = data.get("total"), data.get("page_size")
    return ProfilePage(
        page=asked,
        page_size=size if isinstance(size, int) and size > 0 else _USUAL_PAGE_SIZE,
        total=total if isinstance(total, int) else None,
        session_id=data.get("session_id") or None,
        results=results,
    )


def pages(fetch: Fetch, *, cancelled: Callable[[], bool] = never) -> Iterator[ProfilePage]:
    """All pages in order: page 0, then the announced pages concurrently, then any further pages one by one.

    ``total`` is trusted only as a lower bound, and only that of page 0 (later pages may lack it). It
        determines which pages can be requested concurrently; the last page is one that is not full, or that
        has no session after all announced profiles arrived. An earlier page that is not full is an error.

    Args:
        fetch: Gives page ``n`` of a session; stops when its third argument returns True.
        cancelled: Polled throughout.

    Raises:
        IncompleteExportError: The pages end before ``total`` profiles came.
        concurrent.futures.CancelledError: ``cancelled`` said so.
    """
    first = fetch(0, None, cancelled)
    expected, seen = first.total or 0, 0
    with closing(_following(fetch, first, cancelled)) as following:
        for page in chain((first,), following):
            seen += len(page.results)
            last = page.is_short or (page.session_id is None and (page is first or seen >= expected))
            if last and seen < expected:
                raise _ended_early(page, seen, expected)
            yield page
            if last:
                return


def _following(
    fetch: Fetch, first: ProfilePage, cancelled: Callable[[], bool]
) -> Generator[ProfilePage, None, None]:
    """The pages after the first, without an end."""
    session_id, page = first.session_id, first
    announced = range(1, math.ceil((first.total or 0) / first.page_size))

    def work(number: int, stopped: Callable[[], bool]) -> ProfilePage:
        return fetch(number, session_id, stopped)

    with closing(in_order(announced, work, workers=PAGES_AT_ONCE, cancelled=cancelled)) as ahead:
        for page in ahead:
            yield page
    while True:
        session_id = page.session_id or session_id
        page = fetch(page.page + 1, session_id, cancelled)
        yield page


def _ended_early(page: ProfilePage, seen: int, expected: int) -> IncompleteExportError:
    return IncompleteExportError(
        f"The profiles ended with page {page.page} after {seen} of {expected}.",
        hint="Try again.",
        details={"page": page.page, "profiles": seen, "total": expected},
    )
