"""The endpoints of the sandbox, one function each, and the one registry of them.

What lives here: functions from a ``Call`` to an answer, in the shapes of Mixpanel's wire format. What may
not: authentication, quotas, faults and routing, which are the app's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.endpoints import engage, events, export, projects

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from werkzeug.wrappers import Response

    from mixpanel_nb.sandbox.calls import Call

    Handler = Callable[[Call], Response]

# Under both /api/query/ and /api/2.0/.
QUERY: Mapping[str, Handler] = {
    "engage": engage.profiles,
    "events/names": events.names,
    "events/properties/top": events.top_properties,
    "events/properties/values": events.property_values,
}
# Under /api/2.0/ alone.
EXPORT: Mapping[str, Handler] = {"export": export.events}
# Under /api/app/.
APP: Mapping[str, Handler] = {
    "me": projects.me,
    "projects/<project_id>/workspaces/public": projects.workspaces,
}
