"""``engage``: user profiles, page by page (Mixpanel's docs, query profiles)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from mixpanel_nb.sandbox.refusals import RefusedError
from mixpanel_nb.sandbox.sessions import ProfileQuery

if TYPE_CHECKING:
    from collections.abc import Collection

    from mixpanel_nb.sandbox.calls import Call

_PAGE_SIZE = 1000
_NOT_YET = ("where", "selector", "filter_by_cohort", "behaviors", "data_group_id", "search", "sort_key")


def profiles(call: Call) -> Response:
    """One page of profiles; page 0 opens a session, later pages name it.

    ``total`` is on every page, and pages past the end are empty.
    """
    call.refuse_unsupported(*_NOT_YET)
    page = call.integer("page", 0, least=0)
    session_id = call.text("session_id")
    if session_id is None:
        if page > 0:
            raise RefusedError(400, "session_id is required for pages after the first")
        query = _query(call)
        session_id = call.sessions.open(query)
    else:
        query = _continued(call, session_id)
    lines, total = call.dataset.profiles_page(page, query.page_size, distinct_ids=query.distinct_ids)
    if query.output_properties is not None:
        lines = [_reduced(line, query.output_properties) for line in lines]
    return Response(_body(page, query.page_size, lines, session_id, total), content_type="application/json")


def _query(call: Call) -> ProfileQuery:
    distinct_id, distinct_ids = call.text("distinct_id"), call.strings("distinct_ids")
    if distinct_id is not None:
        if distinct_ids is not None:
            raise RefusedError(400, "distinct_id and distinct_ids cannot be used together")
        distinct_ids = [distinct_id]
    page_size = min(call.integer("page_size", _PAGE_SIZE), _PAGE_SIZE)
    return ProfileQuery(page_size, distinct_ids, call.strings("output_properties"))


def _continued(call: Call, session_id: str) -> ProfileQuery:
    query = call.sessions.find(session_id)
    if query is None:
        raise RefusedError(400, "request for page in uncached query for params")
    return query


def _reduced(line: str, names: Collection[str]) -> str:
    profile = json.loads(line)
    properties = profile.get("$properties") or {}
    profile["$properties"] = {name: value for name, value in properties.items() if name in names}
    return json.dumps(profile, ensure_ascii=False)


def _body(page: int, page_size: int, lines: list[str], session_id: str, total: int) -> str:
    """The page as JSON; profiles are put in as they are, so that no number passes through a float."""
    head = f'{{"page":{page},"page_size":{page_size},"results":[{",".join(lines)}]'
    return f'{head},"session_id":{json.dumps(session_id)},"status":"ok","total":{total}}}'
