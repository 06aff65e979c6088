"""Buckets of time, as Mixpanel labels them."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mixpanel_nb.analytics.calendar import Bucket, Period
    from mixpanel_nb.queries import Unit

_SHORT = ("minute", "hour")


def bucket(label: str, unit: Unit) -> Bucket | None:
    """The bucket of a label, or None if it is not a bucket label.

    Days, weeks and months are ``YYYY-MM-DD``, hours and minutes ``YYYY-MM-DD HH:MM:SS``; a ``T`` separator
    and an offset are accepted, too. It is always the project's local time.
    """
    if not label[:4].isdecimal():
        return None
    try:
        moment = datetime.fromisoformat(label).replace(tzinfo=None)
    except ValueError:
        return None
    return moment if unit in _SHORT else moment.date()


def labels(unit: Unit) -> Callable[[str], Bucket | None]:
    """:func:`bucket` for one unit, cached."""
    return cache(lambda label: bucket(label, unit))


def dates(found: Iterable[Bucket], period: Period, unit: Unit) -> tuple[Bucket, ...]:
    """All buckets of the period, or those found if Mixpanel's differ.

    A project's week may begin on an unknown day; the answer contains its buckets.
    """
    usual, told = period.buckets(unit), set(found)
    return tuple(usual if told.issubset(usual) else sorted(told))
