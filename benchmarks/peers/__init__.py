"""The reports' questions asked of other software, as one would write them there, with the data in memory."""

from __future__ import annotations

COLUMNS = ("event_name", "event_time", "distinct_id", "mp_country_code")
BORN = "View Product"
