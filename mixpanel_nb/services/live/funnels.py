"""Live funnels: those that are saved in the project.

https://developer.mixpanel.com/reference/funnels-query
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.analytics.calendar import SECONDS, UNITS
from mixpanel_nb.errors import QueryError
from mixpanel_nb.services import asked
from mixpanel_nb.services.live.asking import (
    IN_TABLES,
    LiveReports,
    at_limit,
    breakdown,
    expression,
    listed_by,
    only_tables,
    sent,
)
from mixpanel_nb.services.live.reading.funnels import read_funnel
from mixpanel_nb.services.live.reading.node import Node

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from mixpanel_nb.analytics.calendar import Period
    from mixpanel_nb.services.live.reading.funnels import ReadFunnel

MAX_WINDOW_DAYS = 90
MAX_ID = 2**63 - 1
_UNITS = ("day", "week", "month")
_PART = "part"  # of the days asked about, where Mixpanel splits them by itself


class FunnelReports(LiveReports):
    """How many people took the steps of a saved funnel."""

    def funnel(
        self,
        funnel_id: int | None = None,
        *,
        steps: Sequence[str | tuple[str, str | None]] | None = None,
        from_date: str | date,
        to_date: str | date,
        window: int | None = None,
        window_unit: str = "day",
        unit: str | None = None,
        on: str | None = None,
        where: str | None = None,
        limit: int = 255,
    ) -> results.FunnelResult:
        """How many people took the steps of a saved funnel one after the other.

        Without ``window`` it is the one that is saved with the funnel.
        """
        number = _saved(funnel_id, steps)
        period = self._period(from_date, to_date)
        limit = asked.number(limit, "limit", most=asked.MAX_SEGMENTS)
        with listed_by("mp funnels"):
            answer = Node.of(
                self._client.funnel(
                    number,
                    from_date=period.first,
                    to_date=period.last,
                    on=None if on is None else breakdown(on),
                    where=expression(where),
                    limit=None if on is None else limit,
                    **_window(window, window_unit),
                    **_buckets(unit, period),
                )
            )
        found = read_funnel(answer, broken_down=on is not None)
        steps_found, per, notes = _told(found, period, unit)
        segments = sum(name not in {None, results.OVERALL} for name in found.segments)
        return results.FunnelResult(
            steps_found,
            found.events,
            period.first,
            period.last,
            window,
            None if window is None else window_unit,
            per,
            on,
            where,
            funnel_id=number,
            notes=self._notes([], *notes, at_limit(segments, limit, "segment") if on else None),
            **sent(answer),
        )


def _saved(funnel_id: int | None, steps: object) -> int:
    """The id of a saved funnel.

    Raises:
        QueryError: there is none, or it is none.
    """
    if steps is not None:
        raise only_tables("Mixpanel's API knows saved funnels alone, by their id, and no steps.", "steps")
    if funnel_id is None:
        message = "No funnel is named: Mixpanel's API knows those that are saved."
        hint = f"Give the id of one (see: mp funnels). Steps are for tables. {IN_TABLES}"
        raise QueryError(message, hint=hint, details={"parameter": "funnel_id"})
    return asked.number(funnel_id, "funnel_id", most=MAX_ID)


def _window(length: int | None, unit: str) -> dict[str, Any]:
    """The conversion window as it is sent: no week, and at most 90 days.

    Raises:
        QueryError: it is none, or longer.
    """
    if length is None:
        asked.window(1, unit)
        return {}
    if asked.window(length, unit) > MAX_WINDOW_DAYS * SECONDS["day"]:
        message = f"Mixpanel's API takes no conversion window beyond {MAX_WINDOW_DAYS} days."
        raise only_tables(message, "window")
    if unit == "week":
        length, unit = 7 * length, "day"
    return {"length": length, "length_unit": unit}


def _buckets(unit: str | None, period: Period) -> dict[str, Any]:
    """The buckets as they are sent: without a unit one of all days.

    Raises:
        QueryError: Mixpanel has no such buckets.
    """
    if unit is None:
        return {"interval": (period.last - period.first).days + 1}
    known = asked.choice(unit, UNITS, "unit")
    if known not in _UNITS:
        raise only_tables(f"Mixpanel's API gives no funnel per {known}.", "unit")
    return {"unit": known}


def _told(
    found: ReadFunnel, period: Period, unit: str | None
) -> tuple[tuple[results.FunnelStep, ...], str | None, list[str]]:
    """The steps, the unit of their buckets, and notes."""
    if unit is not None:
        steps = found.over_time(period, asked.choice(unit, UNITS, "unit"))
        return steps, unit, [_together(found)] if found.whole else []
    if found.whole or len(found.parts) < 2:
        return found.of(found.whole or next(iter(found.parts.values()), {})), None, []
    # Whoever is in two parts would count twice in a sum, so that the parts stay apart.
    note = f"Mixpanel answered with {len(found.parts)} parts of these days, each a funnel of its own."
    return found.in_parts(), _PART, [note]


def _together(found: ReadFunnel) -> str:
    """What Mixpanel says of all buckets together."""
    name = results.OVERALL if results.OVERALL in found.whole else next(iter(found.whole))
    steps = found.whole[name]
    return f"All dates together: {' → '.join(f'{step.event} {step.count:,}' for step in steps)}."
