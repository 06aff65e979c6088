"""Days, weeks and months of a project: its time zone, and the buckets of its reports.

SQL contains a time zone only as the few offsets that it has in the range of a report. Statements thus need no
time zone support from the engine and cost only an addition.
"""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from mixpanel_nb.analytics.sql import Parameters, seconds
from mixpanel_nb.errors import ParameterError
from mixpanel_nb.weekdays import WEEKDAYS, Weekday

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from zoneinfo import ZoneInfo

    from mixpanel_nb.queries import LargeUnit
    from mixpanel_nb.queries.shared import CalendarUnit

Bucket = date | datetime
MAX_BUCKETS = 200_000

_SHORT = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1)}
_DAY = timedelta(days=1)
_MONTHS = {"month": 1, "quarter": 3, "year": 12}
SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800, "month": 30 * 86_400}
"""Fixed lengths of conversion windows and retention periods; a month is 30 days there."""


@dataclass(frozen=True)
class Period:
    """Days of a project, inclusive, in its time zone.

    Attributes:
        first: The first day.
        last: The last day.
        zone: The time zone.
        week_start: The day on which weeks begin, a setting of the project
            (https://docs.mixpanel.com/docs/orgs-and-projects/managing-projects#time-period-settings).
    """

    first: date
    last: date
    zone: ZoneInfo
    week_start: Weekday = "monday"

    @cached_property
    def since(self) -> datetime:
        """The first moment, in UTC (naive)."""
        return utc(midnight(self.first), self.zone)

    @cached_property
    def until(self) -> datetime:
        """The first moment after the last day, in UTC (naive)."""
        return utc(midnight(self.last + _DAY), self.zone)

    def buckets(self, unit: CalendarUnit) -> list[Bucket]:
        """All buckets that touch the period, by name: dates, or local times without a zone.

        Raises:
            ParameterError: there are too many buckets.
        """
        if unit in _SHORT:
            step = _SHORT[unit]
            count = (self.last - self.first + _DAY) // step
            if count > MAX_BUCKETS:
                message = f"{count:,} buckets of a {unit} are too many; {MAX_BUCKETS:,} is the most."
                hint = "Take a larger unit or fewer days."
                raise ParameterError(message, parameter="unit", value=unit, hint=hint)
            return [midnight(self.first) + number * step for number in range(count)]
        return list(self._dates(unit))

    def _dates(self, unit: CalendarUnit) -> Iterator[date]:
        day = start_of(self.first, unit, self.week_start)
        while day <= self.last:
            yield day
            day = later(day, unit, 1)


def coverage(
    period: Period, unit: CalendarUnit, spans: Sequence[tuple[datetime, datetime]]
) -> tuple[bool | None, ...]:
    """For each bucket, whether all of its time is known: False if only a part is known, None if nothing is.

    Args:
        period: The report's days; time outside them is not counted.
        unit: The buckets.
        spans: The known times as half-open intervals (UTC), in order and disjoint.
    """
    starts = [utc(_local(bucket), period.zone) for bucket in period.buckets(unit)]
    ends = [*starts[1:], utc(_local(_next(period, unit)), period.zone)]
    within = [(max(since, period.since), min(until, period.until)) for since, until in spans]
    counted = [(since, until) for since, until in within if since < until]
    states: list[bool | None] = []
    place = 0
    for start, end in zip(starts, ends, strict=True):
        while place < len(counted) and counted[place][1] <= start:
            place += 1
        known = counted[place] if place < len(counted) else None
        if known is None or known[0] >= end:
            states.append(None)
        else:
            states.append(known[0] <= start and known[1] >= end)
    return tuple(states)


def _local(bucket: Bucket) -> datetime:
    return bucket if isinstance(bucket, datetime) else midnight(bucket)


def _next(period: Period, unit: CalendarUnit) -> Bucket:
    """The first bucket after the period."""
    if unit in _SHORT:
        return midnight(period.last + _DAY)
    return later(start_of(period.last, unit, period.week_start), unit, 1)


def start_of(day: date, unit: CalendarUnit, week_start: Weekday = "monday") -> date:
    """The first day of the week, month, quarter or year of ``day``; the day itself for smaller units."""
    if unit == "week":
        return day - (day.weekday() - WEEKDAYS.index(week_start)) % 7 * _DAY
    if unit in _MONTHS:
        return day.replace(month=(day.month - 1) // _MONTHS[unit] * _MONTHS[unit] + 1, day=1)
    return day


def later(day: date, unit: CalendarUnit, number: int) -> date:
    """``day`` shifted by weeks, months, quarters or years (by days for smaller units); negative is earlier.

    A day beyond the end of the month becomes its last day.
    """
    if unit not in _MONTHS:
        return day + number * (7 if unit == "week" else 1) * _DAY
    months = day.year * 12 + day.month - 1 + number * _MONTHS[unit]
    year, month = divmod(months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def shifted(start: date, unit: LargeUnit, number: int) -> date:
    """The bucket ``number`` buckets after one; the last day that there is, where it would be beyond."""
    try:
        return later(start, unit, number)
    except (OverflowError, ValueError):
        return date.max


def after(moment: datetime, length: int) -> datetime:
    """The moment so many seconds later; the last one that there is, where it would be beyond."""
    try:
        return moment + timedelta(seconds=length)
    except OverflowError:
        return datetime.combine(date.max, time.max)


def midnight(day: date) -> datetime:
    """The local time (naive) at which a day begins."""
    return datetime.combine(day, time.min)


def utc(local: datetime, zone: ZoneInfo) -> datetime:
    """A local time as UTC, both naive; of two equal local times the earlier one."""
    return local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None)


def offset_at(moment: datetime, zone: ZoneInfo) -> int:
    """Seconds by which local time is ahead of UTC at a moment (UTC, naive)."""
    offset = moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def offsets(since: datetime, until: datetime, zone: ZoneInfo) -> list[tuple[datetime, int]]:
    """The offsets of a zone between two moments in UTC, each with the moment from which it holds."""
    found = [(since, offset_at(since, zone))]
    moment = since
    while moment < until:
        later = min(moment + _DAY, until)
        if offset_at(later, zone) != found[-1][1]:
            changed = _change_between(moment, later, zone)
            found.append((changed, offset_at(changed, zone)))
        moment = later
    return found


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    old = offset_at(before, zone)
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        before, after = (middle, after) if offset_at(middle, zone) == old else (before, middle)
    return after


def local_sql(time: str, period: Period, parameters: Parameters) -> str:
    """SQL for the local time of ``time`` (UTC), right for all moments of the period."""
    found = offsets(period.since, period.until, period.zone)
    if len(found) == 1:
        offset = found[0][1]
        return f"({time} + {seconds(offset)})" if offset else time
    cases = " ".join(
        f"WHEN {time} < {parameters.bind(until, 'clock_change')} THEN {seconds(offset)}"
        for (_, offset), (until, _) in pairwise(found)
    )
    return f"({time} + CASE {cases} ELSE {seconds(found[-1][1])} END)"


def bucket_sql(time: str, unit: CalendarUnit, period: Period, parameters: Parameters) -> str:
    """SQL for the bucket that ``time`` (UTC, within the period) is in, as :meth:`Period.buckets` calls it."""
    return start_sql(local_sql(time, period, parameters), unit, period.week_start)


def start_sql(local: str, unit: CalendarUnit, week_start: Weekday) -> str:
    """SQL for the bucket of a local time or a day."""
    if unit == "day":
        return f"CAST({local} AS DATE)"
    if unit == "week" and week_start != "monday":  # on which date_trunc has weeks begin
        late = seconds(SECONDS["day"] * WEEKDAYS.index(week_start))
        return f"CAST(date_trunc('week', {local} - {late}) + {late} AS DATE)"
    truncated = f"date_trunc('{unit}', {local})"
    return truncated if unit in _SHORT else f"CAST({truncated} AS DATE)"
