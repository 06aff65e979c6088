"""Profiles: the pages of an engage query (Mixpanel's docs, query profiles)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypedDict

from mixpanel_nb.errors import IncompleteExportError, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

_USUAL_PAGE_SIZE = 1000


class ProfileFilters(TypedDict, total=False):
    """Which profiles, and what of them; each may be left out or None.

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
        total: Profiles that match, or None where the page does not say (only page 0 is sure to).
        session_id: What the next page is asked with, or None if there is none.
        results: ``{"$distinct_id": …, "$properties": {…}}`` each.
    """

    page: int
    page_size: int
    total: int | None
    session_id: str | None
    results: list[dict[str, Any]]


def form(filters: ProfileFilters, page: int, session_id: str | None) -> dict[str, Any]:
    """The form fields that ask for a page.

    Raises:
        QueryError: Filters that exclude each other.
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
        # Always sent with a cohort, so that nobody has to know the server's default.
        "include_all_users": None if cohort is None else everyone is not False,
    }


def _listed(values: Sequence[Any] | None) -> list[Any] | None:
    return None if values is None else list(values)


def _check(filters: ProfileFilters) -> None:
    given = {name for name, value in filters.items() if value is not None}
    for one, other in (("distinct_id", "distinct_ids"), ("cohort_id", "behaviors")):
        if {one, other} <= given:
            raise QueryError(f"Give {one} or {other}, not both.", details={"params": [one, other]})
    if "include_all_users" in given and "cohort_id" not in given:
        raise QueryError("include_all_users only has a meaning together with cohort_id.")
    if "page" in given or "session_id" in given:
        raise QueryError("Pages are counted here: leave out page and session_id.")
    if isinstance(filters.get("distinct_ids"), str):
        raise QueryError("distinct_ids is a list of ids; for one id, use distinct_id.")


def parse_page(data: Any, asked: int) -> ProfilePage:
    """The page ``asked`` for, from Mixpanel's JSON.

    Raises:
        IncompleteExportError: It is none, or another one.
    """
    results = data.get("results") if isinstance(data, dict) else None
    if not isinstance(results, list) or not all(isinstance(each, dict) for each in results):
        raise IncompleteExportError(f"Page {asked} of the profiles holds no list of profiles.")
    number = data.get("page", asked)
    if number != asked:
        raise IncompleteExportError(f"Page {asked} of the profiles was asked for, but page {number} came.")
    total = data.get("total")
    return ProfilePage(
        page=asked,
        page_size=data.get("page_size") or _USUAL_PAGE_SIZE,
        total=total if isinstance(total, int) else None,
        session_id=data.get("session_id") or None,
        results=results,
    )


def pages(fetch: Callable[[int, str | None], ProfilePage]) -> Iterator[ProfilePage]:
    """All pages, one after the other, until a page is not full or offers no session to go on with.

    ``total`` is trusted only as a lower bound, and only that of page 0 (later pages may lack it): profiles
    beyond it are taken as well, but fewer than it says are an error.

    Raises:
        IncompleteExportError: The pages end before ``total`` profiles came.
    """
    page = fetch(0, None)
    expected, seen = page.total or 0, 0
    while True:
        seen += len(page.results)
        last = len(page.results) < page.page_size or page.session_id is None
        if last and seen < expected:
            raise IncompleteExportError(
                f"The profiles ended with page {page.page} after {seen} of {expected}.",
                hint="Try again.",
                details={"page": page.page, "profiles": seen, "total": expected},
            )
        yield page
        if last:
            return
        page = fetch(page.page + 1, page.session_id)
