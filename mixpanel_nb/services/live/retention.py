"""Live retention and frequency.

https://developer.mixpanel.com/reference/retention-query and …/retention-frequency-query.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.analytics.retention import RETENTION_TYPES
from mixpanel_nb.services import asked
from mixpanel_nb.services.live.asking import LiveReports, checked_buckets, expression, only_tables, sent
from mixpanel_nb.services.live.reading.node import Node
from mixpanel_nb.services.live.reading.people import read_cohorts, read_frequencies

if TYPE_CHECKING:
    from datetime import date

    from mixpanel_nb.analytics.calendar import Unit

MAX_INTERVAL_DAYS = 90
_UNITS: tuple[Unit, ...] = ("day", "week", "month")
_ADDICTION_UNITS = ("hour", "day")


class RetentionReports(LiveReports):
    """Who came back, and how often."""

    def retention(
        self,
        *,
        born_event: str | None = None,
        return_event: str | None = None,
        from_date: str | date,
        to_date: str | date,
        born_where: str | None = None,
        return_where: str | None = None,
        interval: int = 1,
        interval_count: int = 10,
        unit: str = "day",
        type: str = "birth",  # noqa: A002 - Mixpanel's name
        unbounded: bool = False,
        on: str | None = None,
        limit: int = 255,
    ) -> results.RetentionResult:
        """Of the people who did something, how many came back, period by period."""
        kind = asked.choice(type, RETENTION_TYPES, "type")
        # What makes a person part of a cohort is asked for in the birth type alone, and ignored otherwise.
        born = asked.named(born_event, "born_event") if kind == "birth" else None
        born_where = born_where if kind == "birth" else None
        asked.number(limit, "limit", most=asked.MAX_SEGMENTS)
        if on is not None:
            raise only_tables("Mixpanel's API breaks no retention down in a way that is documented.", "on")
        period = self._period(from_date, to_date)
        known, interval = asked.periods(asked.choice(unit, _UNITS, "unit"), interval)
        answer = Node.of(
            self._client.retention(
                from_date=period.first,
                to_date=period.last,
                retention_type=kind,
                born_event=born,
                event=return_event,
                born_where=expression(born_where),
                where=expression(return_where),
                interval_count=asked.number(interval_count, "interval_count", most=asked.MAX_PERIODS),
                unbounded_retention=unbounded,
                **_periods(checked_buckets(period, known), interval),
            )
        )
        cohorts = read_cohorts(answer, period, known, periods=interval_count + 1, interval=interval)
        missing = [event for event in (born, return_event) if event]
        return results.RetentionResult(
            cohorts,
            born,
            return_event,
            period.first,
            period.last,
            known,
            interval,
            interval_count,
            kind,
            unbounded,
            born_where,
            return_where,
            notes=self._notes([] if any(cohort.size for cohort in cohorts) else missing),
            **sent(answer),
        )

    def frequency(
        self,
        *,
        from_date: str | date,
        to_date: str | date,
        unit: str = "day",
        addiction_unit: str = "hour",
        event: str | None = None,
        where: str | None = None,
    ) -> results.FrequencyResult:
        """In how many hours or days of each bucket people were active."""
        period = self._period(from_date, to_date)
        large = checked_buckets(period, asked.choice(unit, _UNITS, "unit"))
        small = asked.choice(addiction_unit, _ADDICTION_UNITS, "addiction_unit")
        answer = Node.of(
            self._client.frequency(
                from_date=period.first,
                to_date=period.last,
                unit=large,
                addiction_unit=small,
                event=event,
                where=expression(where),
            )
        )
        dates, counts = read_frequencies(answer, period, large)
        active = any(people for counted in counts.values() for people in counted)
        return results.FrequencyResult(
            period.first,
            period.last,
            large,
            small,
            event,
            where,
            dates,
            counts,
            notes=self._notes([event] if event and not active else []),
            **sent(answer),
        )


def _periods(unit: Unit, interval: int) -> dict[str, Any]:
    """The periods as they are sent: a unit, or a number of days, never both.

    Raises:
        QueryError: Mixpanel has no such periods.
    """
    if interval == 1:
        return {"unit": unit}
    if unit != "day":
        message = f"Mixpanel's API takes no interval together with the unit {unit}."
        raise only_tables(message, "interval")
    if interval > MAX_INTERVAL_DAYS:
        raise only_tables(f"Mixpanel's API takes no interval beyond {MAX_INTERVAL_DAYS} days.", "interval")
    return {"interval": interval}
