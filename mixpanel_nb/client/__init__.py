"""The HTTP client of Mixpanel's APIs.

This package contains the hosts of the regions, Basic authentication, the interpretation of statuses, retries,
the quota ledger that all processes of a home directory share, the export and profile streams, and a method
for each report (``queries``) and list (``lists``). Methods return Mixpanel's own JSON or a file of exported
lines. Storage, result types and display do not belong here.

``connection`` is the only module that touches the HTTP library; no exception of that library leaves it,
    because it would expose the request and its ``Authorization`` header.
"""

from __future__ import annotations

from mixpanel_nb.client.api import MixpanelAPIClient
from mixpanel_nb.client.endpoint import QueryAnswer
from mixpanel_nb.client.engage import ProfilePage
from mixpanel_nb.client.quota import QuotaLedger
from mixpanel_nb.client.raw_export import Download
from mixpanel_nb.client.retry import Wait

__all__ = ["Download", "MixpanelAPIClient", "ProfilePage", "QueryAnswer", "QuotaLedger", "Wait"]
