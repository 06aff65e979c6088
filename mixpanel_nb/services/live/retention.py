"""Live retention and frequency.

https://developer.mixpanel.com/reference/retention-query and …/retention-frequency-query; what these have no
parameter for is asked as a bookmark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb import results
from mixpanel_nb.analytics.expressions.parser import IN_COHORT
from mixpanel_nb.queries.customs import CUSTOM_EVENT, CUSTOM_PROPERTY
from mixpanel_nb.services.asked import result_of
from mixpanel_nb.services.live.base import checked_buckets, expression, sent
from mixpanel_nb.services.live.reading.users import read_cohorts, read_frequencies
from mixpanel_nb.services.live.typed import TypedReports

if TYPE_CHECKING:
    from mixpanel_nb.queries import Frequency, Retention, Unit

MAX_INTERVAL_DAYS = 90


class RetentionReports(TypedReports):
    """Retention and frequency."""

    def retention(self, query: Retention) -> results.RetentionResult:
        """Of the users who did something, how many came back, period by period."""
        if _needs_typed(query):
            return self.typed_retention(query)
        # The born event applies only to the birth type, and is ignored otherwise.
        birth = query.type == "birth"
        born, born_where = (query.born_event, query.born_where) if birth else (None, None)
        period = self._period(query.from_date, query.to_date)
        known, interval = query.period
        answer = self._ask(
            "retention",
            from_date=period.first,
            to_date=period.last,
            retention_type=query.type,
            born_event=born,
            event=query.return_event,
            born_where=expression(born_where),
            where=expression(query.return_where),
            interval_count=query.interval_count,
            unbounded_retention=query.mode == "on_or_after",
            **_periods(checked_buckets(period, known), interval),
        )
        cohorts = read_cohorts(answer, period, known, periods=query.interval_count + 1, interval=interval)
        missing = [event for event in (born, query.return_event) if event]
        return result_of(
            results.RetentionResult,
            query,
            cohorts=cohorts,
            born_event=born,
            unit=known,
            interval=interval,
            born_where=born_where,
            notes=self._notes([] if any(cohort.size for cohort in cohorts) else missing),
            **sent(answer),
        )

    def frequency(self, query: Frequency) -> results.FrequencyResult:
        """In how many hours or days of each bucket users were active."""
        period = self._period(query.from_date, query.to_date)
        answer = self._ask(
            "retention/addiction",
            from_date=period.first,
            to_date=period.last,
            unit=checked_buckets(period, query.unit),
            addiction_unit=query.addiction_unit,
            event=query.event,
            where=expression(query.where),
        )
        dates, counts = read_frequencies(answer, period, query.unit)
        active = any(users for counted in counts.values() for users in counted)
        return result_of(
            results.FrequencyResult,
            query,
            dates=dates,
            counts=counts,
            complete=self._complete(period, query.unit, dates),
            notes=self._notes([query.event] if query.event and not active else []),
            **sent(answer),
        )


def _needs_typed(query: Retention) -> bool:
    """Whether the documented endpoint ``retention`` has no parameter for something."""
    if query.type == "birth" and query.born_event is None:
        return True
    unit, interval = query.period
    named = f"{query.born_event} {query.return_event} {query.born_where} {query.return_where}"
    return (
        query.on is not None
        or bool(query.in_cohort or query.not_in_cohort)
        or any(name in named for name in (CUSTOM_EVENT, CUSTOM_PROPERTY, f"{IN_COHORT}("))
        or query.mode not in {"on", "on_or_after"}
        or query.alignment != "rolling"
        or query.brackets is not None
        or query.prop is not None
        or (interval != 1 and (unit != "day" or interval > MAX_INTERVAL_DAYS))
    )


def _periods(unit: Unit, interval: int) -> dict[str, Any]:
    """The periods in wire format: a unit, or a number of days, never both."""
    return {"unit": unit} if interval == 1 else {"interval": interval}
