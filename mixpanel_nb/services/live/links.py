"""Links to reports in Mixpanel's web application.

Mixpanel keeps a report that nobody saved under a slug, which the address ends with. The endpoint and the
addresses are those of its own client (mixpanel-headless 0.4.0); Mixpanel's OpenAPI file has neither.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from mixpanel_nb.bookmarks import linked
from mixpanel_nb.errors import ParameterError, ServerError
from mixpanel_nb.queries import Funnel, SavedReport
from mixpanel_nb.results import ReportLink
from mixpanel_nb.services.live.base import check_askable, listed_by

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.bookmarks import OwnCohort
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.queries import Query

_ALPHABET = (
    "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"  # the web application's: no 0, I, O, l
)
_SLUG_LENGTH = 12
_APPS = {"insights": "insights", "funnels": "insights", "retention": "insights", "flows": "flows"}
_SAVED = {
    "insights": "insights#report/{}",
    "funnels": "funnels#view/{}",
    "retention": "retention#report/{}",
    "flows": "flows#report/{}",
    "launch-analysis": "impact#report/{}",
}
_LONGEST_NAME = 255


def report_link(
    client: Callable[[], MixpanelAPIClient],
    query: Query[Any],
    name: str,
    find_cohort: Callable[[str], OwnCohort] | None = None,
) -> ReportLink:
    """The link to a report in Mixpanel that asks a query: a new one, or the saved report that it names.

    Args:
        client: Returns the client; called after all checks.
        query: The query, answered by Mixpanel or by a table.
        name: The title of the report.
        find_cohort: Gives a cohort of the database, by its name.

    Raises:
        ParameterError: no report of Mixpanel's asks it.
        APIError: what the client raises.
    """
    if isinstance(query, Funnel) and query.funnel_id is not None:
        return _address(client(), _SAVED["funnels"].format(query.funnel_id))
    if isinstance(query, SavedReport):
        return _of_saved(client(), query.bookmark_id)
    try:
        check_askable(query)
        report = linked(query, find_cohort)
    except ParameterError as error:
        raise _without_tables(error) from None
    api = client()
    slug = "".join(secrets.choice(_ALPHABET) for _ in range(_SLUG_LENGTH))
    api.create_report_link(slug, report.type, report.params, name[:_LONGEST_NAME])
    return _address(api, f"{_APPS[report.type]}#{slug}")


def _of_saved(api: MixpanelAPIClient, number: int) -> ReportLink:
    with listed_by("bookmarks"):
        kind = api.bookmark(number).get("type")
    if kind not in _SAVED:
        raise ServerError(f"Saved report {number} is of a type that has no known address: {kind!r}.")
    return _address(api, _SAVED[kind].format(number))


def _address(api: MixpanelAPIClient, report: str) -> ReportLink:
    project, view = api.credentials.project_id, api.credentials.workspace_id
    shown = "" if view is None else f"/view/{view}"
    return ReportLink(f"{api.base_url}/project/{quote(project, safe='')}{shown}/app/{report}")


def _without_tables(error: ParameterError) -> ParameterError:
    """The same error, without advice to ask a table where it is about that."""
    hint = error.hint
    if hint is None or "table" in hint:
        hint = "A link shows what Mixpanel can be asked: ask the report without that."
    return ParameterError(error.message, parameter=error.parameter, value=error.value, hint=hint)
