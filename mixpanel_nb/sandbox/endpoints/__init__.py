"""The endpoints of the sandbox, one function each, and the one registry of them.

This package contains functions from a ``Call`` to an answer in Mixpanel's wire format. Authentication,
quotas, faults and routing belong to the app.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.endpoints import (
    bookmarks,
    cohorts,
    definitions,
    engage,
    events,
    export,
    funnels,
    insights,
    jql,
    lexicon,
    links,
    projects,
    retention,
    segmentation,
    stream,
    timeline,
    typed,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call

    Handler = Callable[[Call], Response]

# Under both /api/query/ and /api/2.0/.
QUERY: Mapping[str, Handler] = {
    "annotations": timeline.legacy,
    "annotations/create": timeline.legacy_create,
    "annotations/delete": timeline.legacy_delete,
    "annotations/update": timeline.legacy_update,
    "arb_funnels": typed.arb_funnels,
    "cohorts/list": cohorts.listed,
    "engage": engage.profiles,
    "engage/properties": engage.properties,
    "engage/stats": engage.stats,
    "events": events.counts,
    "events/names": events.names,
    "events/properties": events.properties,
    "events/properties/top": events.top_properties,
    "events/properties/values": events.property_values,
    "events/top": events.top,
    "funnels": funnels.query,
    "funnels/list": funnels.saved,
    "insights": insights.query,
    "jql": jql.query,
    "retention": retention.query,
    "retention/addiction": retention.addiction,
    "segmentation": segmentation.query,
    "segmentation/average": segmentation.average,
    "segmentation/numeric": segmentation.numeric,
    "segmentation/sum": segmentation.total,
    "stream/bookmark": stream.bookmark,
    "stream/query": stream.query,
}
# Under /api/2.0/ alone.
EXPORT: Mapping[str, Handler] = {"export": export.events}
# Under /api/app/, to be read. Saved things are found by way of a project, a workspace, or both.
_SAVED: Mapping[str, Handler] = {
    "annotations": timeline.of_project,
    "annotations/<int:annotation_id>": timeline.one,
    "annotations/tags": timeline.tags,
    "bookmarks": bookmarks.of_project,
    "bookmarks/<int:bookmark_id>": bookmarks.one,
    "cohorts": cohorts.of_project,
    "cohorts/<int:cohort_id>": cohorts.one,
    "custom_properties": definitions.properties,
    "custom_properties/<int:property_id>": definitions.one_property,
    "data-definitions/events": definitions.events,
    "data-definitions/lookup-tables": definitions.lookup_tables,
    "data-definitions/lookup-tables/download": definitions.lookup_table_rows,
}
# The same, to be changed.
_CHANGED: Mapping[tuple[str, str], Handler] = {
    ("POST", "annotations"): timeline.create,
    ("PATCH", "annotations/<int:annotation_id>"): timeline.change,
    ("DELETE", "annotations/<int:annotation_id>"): timeline.remove,
    ("POST", "annotations/tags"): timeline.create_tag,
}
_OWNERS = (
    "projects/<project_id>",
    "workspaces/<workspace_id>",
    "projects/<project_id>/workspaces/<workspace_id>",
)
APP: Mapping[str, Handler] = {
    "me": projects.me,
    "projects/<project_id>/workspaces/public": projects.workspaces,
    "projects/<project_id>/bookmark-urls/<slug>": links.one,
    "projects/<project_id>/schemas": lexicon.of_project,
    "projects/<project_id>/schemas/<entity_type>": lexicon.of_type,
    "projects/<project_id>/schemas/<entity_type>/<path:name>": lexicon.one,
    **{f"{owner}/{path}": handler for owner in _OWNERS for path, handler in _SAVED.items()},
}
# By method and path.
CHANGES: Mapping[tuple[str, str], Handler] = {
    ("POST", "projects/<project_id>/bookmark-urls"): links.create,
    **{
        (method, f"{owner}/{path}"): handler
        for owner in _OWNERS
        for (method, path), handler in _CHANGED.items()
    },
}
