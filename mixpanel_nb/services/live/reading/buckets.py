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
    """The bucket of a label, or None if it is no label of one.

    Days, weeks and months are ``YYYY-MM-DD``, hours and minutes ``YYYY-MM-DD HH:MM:SS``; a ``T`` between and
    an offset behind are taken as well. It is the wall clock of the project in any case.
    """
    if not label[:4].isdecimal():
        return None
    try:
        moment = datetime.fromisoformat(label).replace(tzinfo=None)
    except ValueError:
        return None
    return moment if unit in _SHORT else moment.date()


def labels(unit: Unit) -> Callable[[str], Bucket | None]:
    """:func:`bucket` for one unit, fast for labels that come again and again."""
    return cache(lambda label: bucket(label, unit))


def dates(found: Iterable[Bucket], period: Period, unit: Unit) -> tuple[Bucket, ...]:
    """All buckets of the period, or those that were found where Mixpanel's are others.

    A project's week may begin on another day than is known here; the answer tells which buckets there are.
    """
    usual, told = period.buckets(unit), set(found)
    return tuple(usual if told.issubset(usual) else sorted(told))
