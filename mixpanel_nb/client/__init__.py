"""Talking to Mixpanel over HTTP, and nothing else.

Here live the hosts of the regions, Basic authentication, the meaning of every status, retries, the quota
ledger that all processes of a home directory share, the export and profile streams, and a method for each
report (``queries``) and list (``lists``). What comes back is Mixpanel's own JSON or a file of exported lines.
What must not live here: storage, result types, display.

``connection`` is the only module that touches the HTTP library; no exception of that library leaves it,
because those hold the request and with it the ``Authorization`` header.
"""

from __future__ import annotations

from mixpanel_nb.client.api import MixpanelAPIClient
from mixpanel_nb.client.endpoint import QueryAnswer
from mixpanel_nb.client.engage import ProfilePage
from mixpanel_nb.client.quota import QuotaLedger
from mixpanel_nb.client.raw_export import Download
from mixpanel_nb.client.retry import Wait

__all__ = ["Download", "MixpanelAPIClient", "ProfilePage", "QueryAnswer", "QuotaLedger", "Wait"]
