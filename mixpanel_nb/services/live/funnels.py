"""Live funnels: those that are saved in the project, by their id, and others by their steps.

https://developer.mixpanel.com/reference/funnels-query answers the former.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.bookmarks.refusals import only_tables
from mixpanel_nb.errors import Command, ParameterError, Word
from mixpanel_nb.queries import LARGE_UNITS
from mixpanel_nb.queries.funnel import WINDOW_SECONDS
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.live.base import at_limit, breakdown, expression, listed_by, sent
from mixpanel_nb.services.live.reading.funnels import read_funnel
from mixpanel_nb.services.live.typed import TypedReports

if TYPE_CHECKING:
    from mixpanel_nb.analytics.calendar import Period
    from mixpanel_nb.queries import Funnel, Unit
    from mixpanel_nb.services.live.reading.funnels import ReadFunnel

MAX_WINDOW_DAYS = 90
_PART = "part"  # of the requested days, if Mixpanel splits them itself


class FunnelReports(TypedReports):
    """How many users took the steps of a funnel."""

    def funnel(self, query: Funnel) -> results.FunnelResult:
        """How many users took the steps of a funnel one after the other.

        Without ``window``, the saved funnel's window applies.
        """
        if query.funnel_id is None and query.steps:
            return self.funnel_of_steps(query)
        number, on = _saved(query), _breakdown(query)
        period = self._period(query.from_date, query.to_date)
        with listed_by("funnels"):
            answer = self._ask(
                "funnels",
                funnel_id=number,
                from_date=period.first,
                to_date=period.last,
                on=None if on is None else breakdown(on),
                where=expression(query.where),
                limit=None if on is None else query.limit,
                **_window(query),
                **_buckets(query.unit, period),
            )
        found = read_funnel(answer, broken_down=on is not None)
        steps_found, per, notes = _steps_and_buckets(found, period, query.unit)
        segments = sum(name not in {None, results.OVERALL} for name in found.segments)
        return result_of(
            results.FunnelResult,
            query,
            steps=steps_found,
            events=found.events,
            window_unit=None if query.window is None else query.window_unit,
            unit=per,
            funnel_id=number,
            notes=self._notes([], *notes, at_limit(segments, query.limit, "segment") if on else None),
            **sent(answer),
        )


def _saved(query: Funnel) -> int:
    """The id of a saved funnel.

    Raises:
        ParameterError: there is none.
    """
    if query.steps:
        both = [Word("funnel_id"), " and ", Word("steps"), " exclude each other."]
        hint = "A saved funnel has steps of its own. Give one of them."
        raise ParameterError(both, parameter="steps", hint=hint)
    if query.funnel_id is None:
        listed = ["Name its steps, or give the id of a saved one (see: ", Command("funnels"), ")."]
        raise ParameterError("No funnel is named.", parameter="funnel_id", hint=listed)
    return query.funnel_id


def _breakdown(query: Funnel) -> str | None:
    """The breakdown of the funnel.

    Raises:
        ParameterError: Mixpanel's API does not support it or another parameter.
    """
    if query.only_tables is not None:
        message = ["Mixpanel's API has no ", Word(query.only_tables), " for a saved funnel."]
        raise only_tables(message, query.only_tables)
    if isinstance(query.on, tuple):
        raise only_tables("Mixpanel's API breaks a saved funnel down by one property alone.", "on")
    return query.on


def _window(query: Funnel) -> dict[str, Any]:
    """The conversion window in wire format: not in weeks, and at most 90 days.

    Raises:
        ParameterError: it is longer.
    """
    length, unit = query.window, query.window_unit
    if length is None:
        return {}
    seconds = query.window_seconds
    if seconds is None or isinstance(length, str):
        raise only_tables("Mixpanel's API takes no such conversion window.", "window")
    if seconds > MAX_WINDOW_DAYS * WINDOW_SECONDS["day"]:
        message = f"Mixpanel's API takes no conversion window beyond {MAX_WINDOW_DAYS} days."
        raise only_tables(message, "window")
    if unit in {"week", "month"}:
        length, unit = seconds // WINDOW_SECONDS["day"], "day"
    return {"length": length, "length_unit": unit}


def _buckets(unit: Unit | None, period: Period) -> dict[str, Any]:
    """The buckets in wire format: without a unit, one of all days.

    Raises:
        ParameterError: Mixpanel has no such buckets.
    """
    if unit is None:
        return {"interval": (period.last - period.first).days + 1}
    if unit not in LARGE_UNITS:
        raise only_tables(f"Mixpanel's API gives no funnel per {unit}.", "unit")
    return {"unit": unit}


def _steps_and_buckets(
    found: ReadFunnel, period: Period, unit: Unit | None
) -> tuple[tuple[results.FunnelStep, ...], str | None, list[str]]:
    """The steps, the unit of their buckets, and notes."""
    if unit is not None:
        steps = found.over_time(period, unit)
        return steps, unit, [_together(found)] if found.whole else []
    if found.whole or len(found.parts) < 2:
        return found.of(found.whole or next(iter(found.parts.values()), {})), None, []
    # A user in two parts would count twice in a sum, so the parts stay separate.
    note = f"Mixpanel answered with {len(found.parts)} parts of these days, each a funnel of its own."
    return found.in_parts(), _PART, [note]


def _together(found: ReadFunnel) -> str:
    """Mixpanel's numbers for all buckets together."""
    name = results.OVERALL if results.OVERALL in found.whole else next(iter(found.whole))
    steps = found.whole[name]
    return f"All dates together: {' → '.join(f'{step.event} {step.count:,}' for step in steps)}."
