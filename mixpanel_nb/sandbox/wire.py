"""Report results in Mixpanel's wire format: days, numbers, series."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mixpanel_nb.analytics.calendar import Bucket


def bucket_text(bucket: Bucket) -> str:
    """``2025-01-31``, or ``2025-01-31 13:00:00`` for hours and minutes."""
    if isinstance(bucket, datetime):
        return bucket.isoformat(" ", "seconds")
    return bucket.isoformat()


def bucket_moment(bucket: Bucket) -> str:
    """The moment at which a bucket begins, as saved reports write it: ``2025-01-31T00:00:00+00:00``."""
    if isinstance(bucket, datetime):
        return f"{bucket.isoformat()}+00:00"
    return f"{bucket.isoformat()}T00:00:00+00:00"


def number(value: float) -> int | float:
    """A whole number without decimals, any other as it is."""
    return int(value) if float(value).is_integer() else value


def series(dates: Iterable[Bucket], values: Mapping[str, Mapping[Bucket, float]]) -> dict[str, Any]:
    """Counts over time: all buckets in ``series``, those with events in ``values``."""
    shown = {name: _not_zero(counts) for name, counts in values.items()}
    return {
        "data": {"series": [bucket_text(bucket) for bucket in dates], "values": shown},
        "legend_size": len(shown),
    }


def series_rows(answer: Mapping[str, Any]) -> Iterator[list[Any]]:
    """The same as a table: a column ``date`` and one a name, a row a bucket, 0 where there are no events.

    How Mixpanel lays out its CSV is nowhere described; this is the table of its reports.
    """
    buckets, values = answer["data"]["series"], answer["data"]["values"]
    yield ["date", *values]
    for bucket in buckets:
        yield [bucket, *(counts.get(bucket, 0) for counts in values.values())]


def _not_zero(counts: Mapping[Bucket, float]) -> dict[str, float]:
    return {bucket_text(bucket): number(count) for bucket, count in sorted(counts.items()) if count}


def computed_at(now: datetime) -> str:
    """When an answer was computed: ``2020-09-21T16:35:41.252314+00:00``."""
    return now.isoformat(timespec="microseconds")
