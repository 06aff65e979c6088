"""What a report was asked, checked before anything is spent on it: the same for live and local reports."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from mixpanel_nb.analytics.calendar import SECONDS
from mixpanel_nb.analytics.funnel import Step
from mixpanel_nb.errors import QueryError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mixpanel_nb.analytics.calendar import Unit

MAX_SEGMENTS = 10_000  # what Mixpanel's API gives at most
MAX_WINDOW_SECONDS = 366 * 86_400  # https://docs.mixpanel.com/docs/reports/funnels/funnels-advanced
MAX_PERIODS = 1_000

Choice = TypeVar("Choice", bound=str)


def choice(value: str, choices: Iterable[Choice], name: str) -> Choice:
    """``value``, if it is one of the choices.

    Raises:
        QueryError: it is not; the nearest choice is suggested.
    """
    listed = list(choices)
    for known in listed:
        if value == known:
            return known
    message = f"{name} is {str(value)[:40]!r}."
    hint = did_you_mean(str(value), listed) or f"It can be {', '.join(listed)}."
    raise QueryError(message, hint=hint, details={"parameter": name})


def named(value: str | None, name: str) -> str:
    """``value``, if it can be a name.

    Raises:
        QueryError: it is empty or None, or no text.
    """
    if not isinstance(value, str) or not value:
        message = f"{name} is missing." if value is None else f"{name} is {value!r}, which is no name."
        raise QueryError(message, hint="Give the name as Mixpanel has it.", details={"parameter": name})
    return value


def names(values: str | Sequence[str], name: str) -> tuple[str, ...]:
    """Names, each once, in their order; a single one may stand alone.

    Raises:
        QueryError: there is none, or one is empty.
    """
    listed = [values] if isinstance(values, str) else list(values)
    if not listed:
        message = f"{name} is empty."
        raise QueryError(message, hint="Give at least one.", details={"parameter": name})
    return tuple(dict.fromkeys(named(value, name) for value in listed))


def texts(values: Sequence[str], name: str) -> tuple[str, ...]:
    """Values of a property, each once, in their order; the empty text may be one.

    Raises:
        QueryError: there is none, or one is no text.
    """
    listed = [values] if isinstance(values, str) else list(values)
    if not listed or not all(isinstance(value, str) for value in listed):
        message = f"{name} is {str(listed)[:60]}."
        raise QueryError(message, hint="Give texts, at least one.", details={"parameter": name})
    return tuple(dict.fromkeys(listed))


def number(value: int, name: str, *, most: int, least: int = 1) -> int:
    """``value``, if it is a whole number within bounds.

    Raises:
        QueryError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        message = f"{name} is {value!r}."
        raise QueryError(
            message, hint=f"Give a whole number from {least:,} to {most:,}.", details={"parameter": name}
        )
    return value


def steps(values: Sequence[str | Step | tuple[str, str | None]] | None) -> tuple[Step, ...]:
    """The steps of a funnel.

    Raises:
        QueryError: there are fewer than two, or one is neither an event nor an event with a filter.
    """
    given = [] if values is None or isinstance(values, str) else list(values)
    if len(given) < 2:
        message = (
            f"A funnel needs at least two steps, and {len(given)} {'is' if len(given) == 1 else 'are'} given."
        )
        hint = "Name the events in their order, such as Sign Up and then Purchase."
        raise QueryError(message, hint=hint, details={"parameter": "steps"})
    return tuple(_step(value) for value in given)


def _step(value: str | Step | tuple[str, str | None]) -> Step:
    if isinstance(value, Step):
        return value
    if isinstance(value, str):
        return Step(named(value, "steps"))
    if isinstance(value, Sequence) and len(value) == 2:
        return Step(named(value[0], "steps"), value[1])
    message = f"A step is {str(value)[:60]!r}."
    hint = "Give an event, or a pair of it and a filter: (\"Purchase\", '…')."
    raise QueryError(message, hint=hint, details={"parameter": "steps"})


def periods(unit: Unit, interval: int) -> tuple[Unit, int]:
    """Unit and interval of a retention: seven days are the unit week, whichever way they are asked for.

    Mixpanel's API takes a unit or a number of days (https://developer.mixpanel.com/reference/retention-query).

    Raises:
        QueryError: the interval is no number of units.
    """
    number(interval, "interval", most=366)
    return ("week", 1) if (unit, interval) == ("day", 7) else (unit, interval)


def window(length: int, unit: str) -> int:
    """The seconds of a conversion window.

    Raises:
        QueryError: the unit is none, or the window is longer than Mixpanel takes.
    """
    units = [name for name in SECONDS if name != "month"]
    known = choice(unit, units, "window_unit")
    return SECONDS[known] * number(length, "window", most=MAX_WINDOW_SECONDS // SECONDS[known])
