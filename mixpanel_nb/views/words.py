"""Texts that several views share: measures, days, events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.naming import property_of
from mixpanel_nb.weekdays import WEEKDAYS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

MAX_NAME = 60
"""Characters of an event's or a property's name within a sentence."""

_MAX_FILTER = 120
_COUNTED = {"general": "events", "unique": "users", "average": "events per user"}


def measure(kind: str) -> str:
    """What a report of that type counts: ``events``, ``users`` or ``events per user``."""
    return _COUNTED.get(kind, "events")


def days(first: date, last: date) -> str:
    """``2025-01-01 to 2025-01-31``, or the one day."""
    return f"{first}" if first == last else f"{first} to {last}"


def per(unit: str, dates: Iterable[date | None]) -> str:
    """``per week``; ``per week from Sunday`` where the buckets show that weeks do not begin on Monday."""
    first = next((day for day in dates if day is not None), None)
    if unit != "week" or first is None or first.weekday() == 0:
        return f"per {unit}"
    return f"per week from {WEEKDAYS[first.weekday()].capitalize()}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def bucket_name(day: date, unit: str | None) -> str:
    """``Jan 2025``, ``Q1 2025``, ``2025``; a day or a week by its first day."""
    if unit == "year":
        return str(day.year)
    if unit == "quarter":
        return f"Q{(day.month + 2) // 3} {day.year}"
    return f"{_MONTHS[day.month - 1]} {day.year}" if unit == "month" else str(day)


def when(day: date, unit: str | None) -> str:
    """``on 2025-03-01``, ``in the week of 2025-03-03``, ``in Mar 2025``, ``at 2025-03-01 14:00``."""
    if unit in {"month", "quarter", "year"}:
        return f"in {bucket_name(day, unit)}"
    if unit == "week":
        return f"in the week of {day}"
    return f"at {day:%Y-%m-%d %H:%M}" if unit in {"minute", "hour"} else f"on {day}"


def partly_covered(dates: Sequence[date], unit: str, first: date, last: date) -> str | None:
    """That the first or last week or month counts only some of its days, so that none is taken for a fall."""
    if unit not in {"week", "month"} or not dates:
        return None
    start, end = dates[0], dates[-1]
    after = (
        end + timedelta(days=7)
        if unit == "week"
        else (end.replace(day=1) + timedelta(days=32)).replace(day=1)
    )
    cut = [
        word
        for word, is_cut in (("first", start < first), ("last", after > last + timedelta(days=1)))
        if is_cut
    ]
    if not cut:
        return None
    if len(dates) == 1:
        return f"The {unit} lies only partly within these days."
    verb = "lies" if len(cut) == 1 else "lie"
    return f"The {' and the '.join(cut)} {unit} {verb} only partly within these days."


def short(name: str, limit: int = MAX_NAME) -> str:
    """The name, cut where it is too long for a sentence."""
    return name if len(name) <= limit else f"{name[: limit - 1]}…"


def event_name(event: str | None, any_event: str = "Any event") -> str:
    """The event, or that it may be any."""
    return any_event if event is None else short(event)


def property_name(on: str) -> str:
    """The property of an expression that consists only of it; any other expression unchanged."""
    return short(property_of(on))


def filtered(where: str | None) -> str | None:
    """``where properties["plan"] == "pro"``, or None without a filter."""
    return f"where {short(where, _MAX_FILTER)}" if where else None


def signed_percent(change: float) -> str:
    """``+12.3%``, ``-4.0%``, or ``0.0%`` where it comes to nothing."""
    text = f"{change:+,.1%}"
    return "0.0%" if text in {"+0.0%", "-0.0%"} else text


def listed(parts: Iterable[str | None], separator: str = ", ") -> str:
    """The parts that there are, in one line."""
    return separator.join(part for part in parts if part)


def beyond_limit(left_out: int, noun: str) -> str | None:
    """What to say of those that the limit cut off."""
    if not left_out:
        return None
    smaller = f"1 smaller {noun} is" if left_out == 1 else f"{left_out:,} smaller {noun}s are"
    return f"{smaller} beyond the limit and left out."


def drawn_of(drawn: int, total: int, noun: str) -> str | None:
    """What to say where a chart draws only the largest of what the table shows; None where it draws all."""
    return f"The chart shows the {drawn:,} largest of {total:,} {noun}s." if drawn < total else None
