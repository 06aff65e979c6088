"""Checks of cells: whether a report shows such a number, and what it stands for in the table."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.errors import ParameterError, Word, did_you_mean
from mixpanel_nb.queries.cells import Moment

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

_NAMED = 5  # names that a hint lists


def bucket(value: date | str | None, dates: Sequence[date], parameter: str = "date") -> date | None:
    """The bucket of time that a date, or its ISO text, means; None is all of them.

    Raises:
        ParameterError: the report has no such bucket.
    """
    if value is None:
        return None
    value = Moment()(value, parameter)
    if not dates:
        return value
    if isinstance(value, datetime) and not isinstance(dates[0], datetime) and value.time() == time():
        value = value.date()
    if isinstance(dates[0], datetime) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if type(value) is type(dates[0]) and value in dates:
        return value
    message = (
        f"The report has no bucket {_text(value)}: its buckets are {_text(dates[0])} to {_text(dates[-1])}."
    )
    raise ParameterError(message, parameter=parameter, value=str(value), hint=_holding(value, dates))


def _holding(value: date, dates: Sequence[date]) -> str | None:
    """The bucket in which a time may lie, as a question; None before the first, and a year after the last."""
    before = [each for each in dates if _moment(each) <= _moment(value)]
    is_far = _moment(value) - _moment(dates[-1]) > timedelta(days=366)
    return f"Did you mean {_text(before[-1])}?" if before and not is_far else None


def _moment(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def _text(value: date) -> str:
    return value.isoformat(timespec="minutes") if isinstance(value, datetime) else value.isoformat()


def name(value: str, known: Collection[str], parameter: str, what: str) -> str:
    """A name that the report shows.

    Args:
        value: The name.
        known: All of them.
        parameter: Which parameter it is.
        what: What it names: a segment, an event.

    Raises:
        ParameterError: the report does not show it.
    """
    if value in known:
        return value
    listed = ", ".join(repr(each) for each in list(known)[:_NAMED]) + (" …" if len(known) > _NAMED else "")
    hint = did_you_mean(value, known) or (f"There are {listed}." if known else "It has no data at all.")
    message = [Word(parameter), f" is {value[:60]!r}, and the report shows no such {what}."]
    raise ParameterError(message, parameter=parameter, value=value, hint=hint)


def rest(value: object, other: object, parameter: str, left_out: int) -> None:
    """Refuse the name that stands for the segments beyond the limit.

    Raises:
        ParameterError: it is that name.
    """
    if left_out and value == other:
        message = f"{other} stands for {left_out:,} segments beyond the limit."
        hint = ["Ask the report again with a larger ", Word("limit"), ", and name the segment."]
        raise ParameterError(message, parameter=parameter, value=str(value), hint=hint)


def unbroken(value: object, parameter: str = "segment") -> None:
    """Refuse a segment of a report that has none.

    Raises:
        ParameterError: a segment is given.
    """
    if value is not None:
        message = "The report is not broken down, so it has no segments."
        hint = ["Leave out ", Word(parameter), ", or ask the report again with ", Word("on"), "."]
        raise ParameterError(message, parameter=parameter, value=str(value), hint=hint)


def names(value: str | Sequence[str], number: int, parameter: str = "segment") -> tuple[str, ...]:
    """The name of a segment for each of several breakdowns.

    Raises:
        ParameterError: there are more or fewer.
    """
    listed = (value,) if isinstance(value, str) else tuple(value)
    if len(listed) != number:
        message = f"The report is broken down by {number}, and {len(listed)} names are given."
        raise ParameterError(
            message, parameter=parameter, value=str(value), hint="Give a name for each breakdown, in order."
        )
    return listed


def combination(
    value: tuple[str, ...], known: Iterable[tuple[str, ...]], parameter: str = "segment"
) -> tuple[str, ...]:
    """The names of a segment with several breakdowns.

    Raises:
        ParameterError: the report does not show it.
    """
    found = {" · ".join(each): each for each in known}
    name(" · ".join(value), list(found), parameter, "segment")
    return value


def step(value: int, last: int, parameter: str = "step") -> None:
    """Refuse a step that the report has not.

    Raises:
        ParameterError: there are fewer.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= last:
        message = [Word(parameter), f" is {value!r}, and the funnel has {last} steps."]
        raise ParameterError(message, parameter=parameter, value=value, hint=f"Give a step from 1 to {last}.")
