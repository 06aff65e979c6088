"""``engage`` and ``engage/…``: user profiles, their number and their properties (query API, profiles)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ExpressionError
from mixpanel_nb.json_text import parsed
from mixpanel_nb.sandbox import behaviors, filters
from mixpanel_nb.sandbox.answers import json_answer, text_answer
from mixpanel_nb.sandbox.profiles import Choice
from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.saved import by_id
from mixpanel_nb.sandbox.sessions import ProfileQuery
from mixpanel_nb.sandbox.typed import inline
from mixpanel_nb.sandbox.wire import computed_at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call

_PAGE_SIZE = 1000
_ACTION = re.compile(
    r"(?P<name>extremes|percentile|numeric_summary)\((?P<of>.+?)(,\s*(?P<part>\d+(\.\d+)?))?\)", re.DOTALL
)
_SORT_ORDERS = ("ascending", "descending")


def profiles(call: Call) -> Response:
    """One page of profiles; page 0 opens a session, later pages name it.

    ``total`` is on every page, and pages past the end are empty.
    """
    page = call.integer("page", 0, least=0)
    session_id = call.text("session_id")
    if session_id is None:
        if page > 0:
            raise RefusedError(400, "session_id is required for pages after the first")
        query = _query(call)
        session_id = call.sessions.open(query)
    else:
        query = _continued(call, session_id)
    lines, total = call.dataset.profiles.page(page, query.page_size, query.choice)
    if query.limit is not None:
        lines = lines[: query.limit]
    if query.output_properties is not None:
        lines = [_reduced(line, query.output_properties) for line in lines]
    return text_answer(_body(page, query.page_size, lines, session_id, total))


def stats(call: Call) -> Response:
    """How many profiles match, or a statistic of one of their properties; by cohort where asked for."""
    action, choice = call.text("action") or "count()", _choice(call)
    found: Any = _statistic(call, action, choice)
    if call.text("segment_by_cohorts") is not None:
        found = {name: _statistic(call, action, one) for name, one in _segments(call, choice).items()}
    return json_answer({"results": found, "status": "ok", "computed_at": computed_at(call.now)})


def _statistic(call: Call, action: str, choice: Choice) -> Any:
    """``count()``, ``extremes(p)``, ``percentile(p, 90)`` or ``numeric_summary(p)``."""
    profiles = call.dataset.profiles
    if action.replace(" ", "") == "count()":
        return profiles.count(choice)
    asked = _ACTION.fullmatch(action.strip())
    if asked is None:
        raise RefusedError(400, f"Invalid action: {action[:80]!r}, expected such as count() or extremes(…)")
    name, of, part = asked["name"], asked["of"], asked["part"]
    percentile = None if part is None else float(part)
    if (name == "percentile") != (percentile is not None) or not 0 <= (percentile or 0) <= 100:
        raise RefusedError(400, f"Invalid action: {action[:80]!r}, a percentile is from 0 to 100")
    try:
        found = profiles.summary(choice, of, percentile)
    except ExpressionError as error:
        raise RefusedError(400, f"Invalid action: {error.message}") from None
    if name == "extremes":
        return {"min": found.least, "max": found.most}
    if name == "percentile":
        return {"percentile": percentile, "result": found.percentile}
    return {
        "count": found.count,
        "mean": found.mean,
        "var": found.variance,
        "sum_of_squares": found.squares,
    }


def _segments(call: Call, choice: Choice) -> dict[str, Choice]:
    """The profiles of each cohort of ``segment_by_cohorts``, such as ``{"2001": true}``."""
    asked = call.json("segment_by_cohorts")
    if not isinstance(asked, dict) or not asked:
        raise RefusedError(400, 'Invalid segment_by_cohorts: expected {"id": true} with ids of saved cohorts')
    found = {}
    for name in asked:
        number = str(name).removeprefix("cohort_")
        cohort = by_id(call.dataset.saved.cohorts, int(number) if number.isdecimal() else -1)
        if cohort is None:
            raise RefusedError(400, f"Invalid segment_by_cohorts: there is no cohort {name}")
        members = set(call.dataset.members(cohort))
        if choice.members is not None:
            members &= set(choice.members)
        found[name] = replace(choice, members=sorted(members))
    return found


def properties(call: Call) -> Response:
    """The properties of profiles, with their types and how many profiles carry them."""
    found = call.dataset.profiles.properties(call.integer("limit", 255))
    return json_answer({"status": "ok", "results": found})


def _query(call: Call) -> ProfileQuery:
    page_size = min(call.integer("page_size", _PAGE_SIZE), _PAGE_SIZE)
    limit, names = call.optional_integer("limit"), call.strings("output_properties")
    # Without a moment that stays the same, Mixpanel gives no second page of what users did.
    has_pages = call.text("behaviors") is None or call.text("as_of_timestamp") is not None
    return ProfileQuery(_choice(call), page_size, limit, names, has_pages)


def _choice(call: Call) -> Choice:
    """Which profiles a request means."""
    members, did = _members(call), behaviors.counted(call)
    if call.text("data_group_id"):
        members = ()  # the project has no groups, so there are no members
    sort_order = call.choice("sort_order", _SORT_ORDERS, "ascending")

    def check(where: str | None) -> object:
        return filters.of_profiles(where, behaviors=dict.fromkeys(did, "0"))

    return Choice(
        distinct_ids=_distinct_ids(call),
        where=call.expression("where", check) or call.expression("selector", check),
        members=members,
        without_profile=call.flag("include_all_users", default=True),
        sort_key=call.expression("sort_key", lambda key: filters.of_profiles(None, key)),
        descending=sort_order == "descending",
        behaviors=did,
        search=call.text("search"),
    )


def _distinct_ids(call: Call) -> Sequence[str] | None:
    distinct_id, distinct_ids = call.text("distinct_id"), call.strings("distinct_ids")
    if distinct_id is None:
        return distinct_ids
    if distinct_ids is not None:
        raise RefusedError(400, "distinct_id and distinct_ids cannot be used together")
    return [distinct_id]


def _members(call: Call) -> Sequence[str] | None:
    """The members of the cohort that ``filter_by_cohort`` names, such as ``{"id": 12345}``."""
    if call.text("filter_by_cohort") is None:
        return None
    asked = call.json("filter_by_cohort")
    if isinstance(asked, dict) and "raw_cohort" in asked:
        return inline.members(call, asked["raw_cohort"])
    number = asked.get("id") if isinstance(asked, dict) else None
    if not str(number).isdecimal():
        raise RefusedError(400, 'Invalid filter_by_cohort: expected {"id": …} with the id of a saved cohort')
    cohort = by_id(call.dataset.saved.cohorts, int(str(number)))
    if cohort is None:
        raise RefusedError(400, f"Invalid filter_by_cohort: there is no cohort {number}")
    return call.dataset.members(cohort)


def _continued(call: Call, session_id: str) -> ProfileQuery:
    query = call.sessions.find(session_id)
    if query is None or not query.has_pages:
        raise RefusedError(400, "request for page in uncached query for params")
    return query


def _reduced(line: str, names: Collection[str]) -> str:
    profile = parsed(line)
    properties = profile.get("$properties") or {}
    profile["$properties"] = {name: value for name, value in properties.items() if name in names}
    return json.dumps(profile, ensure_ascii=False)


def _body(page: int, page_size: int, lines: list[str], session_id: str, total: int) -> str:
    """The page as JSON; profiles are put in as they are, so that no number passes through a float."""
    head = f'{{"page":{page},"page_size":{page_size},"results":[{",".join(lines)}]'
    return f'{head},"session_id":{json.dumps(session_id)},"status":"ok","total":{total}}}'
