"""The exports of other tools: their field mappings, and the objects that contain properties.

Users are identified as in the tool itself, so that unique users match, before and after a login.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mixpanel_nb.storage.own_rows import Spread

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.storage.own_rows import TimeUnit


@dataclass(frozen=True)
class Tables:
    """The tables of a tool in a warehouse, where reports read them.

    Attributes:
        events: The table of events.
        profiles: What the table of profiles may be called.
        identities: What the table of identity mappings may be called, which has ``distinct_id`` and
            ``resolved_distinct_id``.
        others: The columns that are properties beside the object of all properties, with the property of
            each; None for all columns.
        left_out: How the names of columns begin that are the tool's own.
    """

    events: str = "events"
    profiles: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    others: Mapping[str, str] | None = None
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Preset:
    """The preset of a tool's export. The first of several fields with a value counts.

    Attributes:
        title: The name of the tool.
        url: Where its format is documented.
        events: The event's name.
        times: Its time, in UTC if it has no zone.
        users: Its user.
        ids: The id that identifies repeated events.
        unit: The unit of numeric times.
        spreads: The objects whose keys become properties.
        numbers: Fields whose texts are whole numbers.
        otherwise: What to do with a file of the tool that cannot be read. Empty is a list of its columns.
        tables: Its tables in a warehouse.
    """

    title: str
    url: str
    events: tuple[str, ...]
    times: tuple[str, ...]
    users: tuple[str, ...]
    ids: tuple[str, ...] = ()
    unit: TimeUnit | None = None
    spreads: tuple[Spread, ...] = ()
    numbers: frozenset[str] = frozenset()
    otherwise: str = ""
    tables: Tables = field(default_factory=Tables)


def _under(*path: str) -> Spread:
    return Spread(path, ".".join(path) + ".")


AMPLITUDE = Preset(
    title="Amplitude",
    url="https://amplitude.com/docs/apis/analytics/export",
    events=("event_type",),
    times=("event_time",),
    users=("amplitude_id", "user_id", "device_id"),
    ids=("$insert_id", "uuid"),
    spreads=(Spread(("event_properties",)), _under("user_properties")),
)
"""The Export API: JSON lines, an object an event, times as ``2025-01-31 10:00:00.000000`` in UTC.

``amplitude_id`` is Amplitude's user. Source: https://amplitude.com/docs/apis/analytics/export
"""

GA4 = Preset(
    title="Google Analytics 4",
    url="https://support.google.com/analytics/answer/7029846",
    events=("event_name",),
    times=("event_timestamp",),
    users=("user_id", "user_pseudo_id"),
    unit="us",
    spreads=(
        Spread(("event_params",), pairs=True),
        Spread(("user_properties",), "user_properties.", pairs=True),
        _under("device"),
        _under("device", "web_info"),
        _under("geo"),
        _under("app_info"),
        _under("traffic_source"),
        _under("collected_traffic_source"),
        _under("privacy_info"),
        _under("ecommerce"),
        _under("user_ltv"),
    ),
    numbers=frozenset(
        {
            *("event_previous_timestamp", "event_server_timestamp_offset", "event_bundle_sequence_id"),
            *("user_first_touch_timestamp", "batch_event_index", "batch_ordering_id", "batch_page_id"),
            *("device.time_zone_offset_seconds", "ecommerce.total_item_quantity", "ecommerce.unique_items"),
        }
    ),
)
"""The tables ``events_YYYYMMDD`` of BigQuery Export, as Parquet or JSON lines.

``event_timestamp`` counts microseconds; parameters are lists of ``key`` and one value of four; BigQuery
writes 64-bit integers into JSON as texts. Events have no id.
Source: https://support.google.com/analytics/answer/7029846
"""

SEGMENT = Preset(
    title="Segment",
    url="https://www.twilio.com/docs/segment/connections/spec/common",
    events=("event", "type"),
    times=("timestamp", "originalTimestamp", "sentAt", "receivedAt"),
    users=("userId", "anonymousId"),
    ids=("messageId",),
    spreads=(
        Spread(("properties",)),
        _under("traits"),
        _under("context"),
        *(
            _under("context", name)
            for name in (
                "app",
                "campaign",
                "device",
                "library",
                "location",
                "network",
                "os",
                "page",
                "referrer",
            )
        ),
        _under("context", "screen"),
    ),
)
"""The calls as the S3 destination stores them: gzipped JSON lines.

Calls other than track have no event; their ``type`` (``page``, ``identify`` …) is its name.
Source: https://www.twilio.com/docs/segment/connections/spec/common and …/spec/track
"""

POSTHOG = Preset(
    title="PostHog",
    url="https://posthog.com/docs/cdp/batch-exports/s3",
    events=("event",),
    times=("timestamp",),
    users=("person_id", "distinct_id"),
    ids=("uuid",),
    spreads=(Spread(("properties",)), _under("person_properties")),
)
"""The events model of batch and file exports: Parquet (objects as JSON in texts) or JSON lines.

``person_id`` is PostHog's user. Source: https://posthog.com/docs/cdp/batch-exports/s3
"""

SNOWPLOW = Preset(
    title="Snowplow",
    url="https://docs.snowplow.io/docs/fundamentals/canonical-event",
    events=("event_name", "event"),
    times=("derived_tstamp", "collector_tstamp"),
    users=("user_id", "domain_userid", "network_userid"),
    ids=("event_id",),
    otherwise=(
        "Files of enriched events (TSV) have no header: make JSON lines of them with an Analytics SDK, "
        "or put the header of https://docs.snowplow.io/docs/pipeline/enriched-tsv-format in front."
    ),
)
"""The table ``atomic.events`` of a warehouse (Parquet or CSV with a header), or JSON of the Analytics SDKs.

Entities and self-describing events (``contexts_…``, ``unstruct_event_…``) stay JSON columns. The TSV of the
enriched stream has no header, and is refused unless one is put in front.
Source: https://docs.snowplow.io/docs/fundamentals/canonical-event and …/pipeline/enriched-tsv-format
"""

PIPELINES = Preset(
    title="Mixpanel's pipelines",
    url="https://docs.mixpanel.com/docs/data-pipelines/json-pipelines",
    events=("event_name",),
    times=("time",),
    users=("distinct_id", "user_id", "device_id"),
    ids=("insert_id",),
    spreads=(Spread(("properties",)),),
    tables=Tables(
        "mp_master_event",
        ("mp_people_data_view", "mp_people_data"),
        ("mp_identity_mappings_data_view", "mp_identity_mappings_data"),
        {"user_id": "$user_id", "device_id": "$device_id"},
    ),
)
"""The events of Mixpanel's JSON pipelines (``mp_master_event``), from object storage or a warehouse.

Users are as sent, not merged; the table of identity mappings says who they are. Source: https://docs.mixpanel.com/docs/data-pipelines/json-pipelines
"""

FIVETRAN = Preset(
    title="Fivetran's Mixpanel connector",
    url="https://fivetran.com/docs/connectors/applications/mixpanel/connector-schema",
    events=("name",),
    times=("time",),
    users=("distinct_id",),
    ids=("_fivetran_id",),
    spreads=(Spread(("properties",)),),
    tables=Tables("event", ("people",), others={}, left_out=("_fivetran_",)),
)
"""The table ``event`` that Fivetran fills, from a warehouse or a lake.

``_fivetran_id`` is the table's key. Users are as sent, not merged.
Source: https://fivetran.com/docs/connectors/applications/mixpanel/connector-schema
"""

AIRBYTE = Preset(
    title="Airbyte's Mixpanel source",
    url="https://docs.airbyte.com/integrations/sources/mixpanel",
    events=("event",),
    times=("time",),
    users=("distinct_id",),
    ids=("insert_id",),
    tables=Tables("export", ("engage",), left_out=("_airbyte_",)),
)
"""The stream ``export`` as Airbyte's destinations have it.

The source removes the ``$`` at the beginning of names (``$city`` is ``city``), and makes text of all values.
Source: https://docs.airbyte.com/integrations/sources/mixpanel and ``streams/export.py`` of its code
"""

PRESETS = {
    "amplitude": AMPLITUDE,
    "ga4": GA4,
    "segment": SEGMENT,
    "posthog": POSTHOG,
    "snowplow": SNOWPLOW,
    "pipelines": PIPELINES,
    "fivetran": FIVETRAN,
    "airbyte": AIRBYTE,
}
