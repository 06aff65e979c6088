"""The text of each cause: its evidence, its status, and the command that fixes it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from mixpanel_nb.results.reconcile import Cause
from mixpanel_nb.services.local.remarks import days_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from mixpanel_nb.results.reconcile import CauseName
    from mixpanel_nb.services.reconcile.answers import Answers
    from mixpanel_nb.services.reconcile.coverage import Coverage
    from mixpanel_nb.services.reconcile.pairs import Place
    from mixpanel_nb.services.reconcile.sides import Reading

_DAY = timedelta(days=1)
_LONGEST_SYNC = 366
_USERS = {"resolved": "users resolved", "raw": "each id a user"}


@dataclass(frozen=True)
class Evidence:
    """Writes the causes of a reconciliation.

    Attributes:
        answers: The answers of both sides.
        reading: The way of asking the table with which most numbers agree.
        coverage: Which days were fetched, by the ledger.
        window_days: The conversion window of a funnel, in days; 0 for other reports.
    """

    answers: Answers
    reading: Reading
    coverage: Coverage
    window_days: int

    def cause(self, name: CauseName, places: Sequence[Place]) -> Cause:
        """A cause of the differences at some places."""
        if name in self.reading.changes(self.answers.base):
            return _TESTED[name](self, len(places))
        return _POSSIBLE[name](self, places)

    # Tested: the table asked in another way

    def _time_zone_tested(self, numbers: int) -> Cause:
        zone, usual = self.reading.zone, self.answers.base.zone
        is_account = zone == self.answers.sides.account_zone
        told = f"{zone}, that of the account," if is_account else zone
        evidence = (
            f"with the time zone {told} {self._said(self.reading)}; with {usual}, in which {self._table} "
            f"is asked, {self._before('time_zone')}."
        )
        advice = f"Ask the table in that zone: --timezone {zone}"
        advice += "." if is_account else ". If it is the project's, give it to the account, too."
        return Cause("time_zone", "tested", evidence, numbers, advice=advice)

    def _duplicates(self, numbers: int) -> Cause:
        evidence = (
            f"{self._table} has several copies of {_counted(self.answers.copies, 'event')} of these days. "
            f"Counted once {self._said(self.reading)}; with all copies {self._before('duplicates')}."
        )
        advice = "Fetch the table again with duplicates removed, which is the default."
        return Cause("duplicates", "tested", evidence, numbers, advice=advice)

    def _window_tested(self, numbers: int) -> Cause:
        evidence = (
            f"with a conversion window of {_counted(self.reading.window or 0, 'day')} "
            f"{self._said(self.reading)}; with the usual 7 days {self._before('window')}."
        )
        return Cause(
            "window", "tested", evidence, numbers, advice=f"Ask with --window {self.reading.window}."
        )

    def _identities_tested(self, numbers: int) -> Cause:
        reading = self.reading.identities
        evidence = (
            f"with {_USERS[reading]} {self._said(self.reading)}; "
            f"with {_USERS[self.answers.base.identities]} {self._before('identities')}."
        )
        advice = f"Ask with --identities {reading}"
        advice += ": Mixpanel did not merge these ids." if reading == "raw" else "."
        return Cause("identities", "tested", evidence, numbers, advice=advice)

    def _said(self, reading: Reading) -> str:
        agreeing, compared = self.answers.agreement(reading)
        if agreeing == compared:
            return f"all {compared:,} {self.answers.unit}s agree"
        return f"{agreeing:,} of {compared:,} {self.answers.unit}s agree"

    def _before(self, name: CauseName) -> str:
        """How much agrees without one of the changes."""
        return self._said(self.reading.without(name, self.answers.base))

    # What the record of fetches says

    def _days_not_fetched(self, places: Sequence[Place]) -> Cause:
        days = [day for day in self.answers.days_of(places) if self.coverage.state(day) == "days_not_fetched"]
        is_sure = all(map(self.coverage.is_empty, days))
        what = "holds nothing" if is_sure else "does not hold all events"
        evidence = f"{self._table} {what} of {days_text(days)}{self._others(places)}."
        return Cause(
            "days_not_fetched",
            "tested" if is_sure else "possible",
            evidence,
            len(places),
            self._fetch(days[0], days[-1]),
        )

    def _filters(self, places: Sequence[Place]) -> Cause:
        days = self.answers.days_of(places)
        evidence = f"{self._table} holds {self.coverage.limits(days)}{self._others(places)}."
        advice = f"Fetch these days into another table, without {self.coverage.filters(days)}."
        return Cause("filters", "possible", evidence, len(places), advice=advice)

    def _window(self, places: Sequence[Place]) -> Cause:
        last = self.answers.sides.last_day
        evidence = (
            f"{self._table} ends on {last}, and Mixpanel also knows what users of {self._on(places)} "
            f"did afterwards{self._others(places)}."
        )
        command = None
        if last is not None:
            command = self._fetch(last + _DAY, last + max(self.window_days, 1) * _DAY)
        return Cause("window", "possible", evidence, len(places), command)

    # What else there may be

    def _funnel_definition(self, places: Sequence[Place]) -> Cause:
        evidence = (
            f"Mixpanel has fewer users in {self._on(places)} {self._numbers(places)}. Its API tells the "
            "events of a saved funnel, and not its window, nor filters, order and exclusions."
        )
        advice = "Give its --window, and the steps with their filters: --step 'EVENT where …'."
        return Cause("funnel_definition", "possible", evidence, len(places), advice=advice)

    def _data_view(self, places: Sequence[Place]) -> Cause:
        evidence = (
            f"Mixpanel has fewer in {self._on(places)} {self._numbers(places)}{self._others(places)}. It was "
            f"asked in the data view {self.answers.sides.data_view}, which may hide a part of the project; "
            f"raw export knows no data views, so {self._table} has all of it."
        )
        advice = "Ask Mixpanel without a data view: an account without --workspace-id."
        return Cause("data_view", "possible", evidence, len(places), advice=advice)

    def _identities(self, places: Sequence[Place]) -> Cause:
        days = self.answers.days_of(places)
        evidence = (
            f"Mixpanel has fewer users in {self._on(places)} {self._numbers(places)}{self._others(places)}. "
            f"Ids that it merged after the fetch ({self.coverage.fetched(days)}) are one user there, and "
            f"several in {self._table}."
        )
        table = shlex.quote(self._table)
        command = self._sync(days) if self.answers.sides.has_identities else f"identities {table}"
        return Cause("identities", "possible", evidence, len(places), command)

    def _late_events(self, places: Sequence[Place]) -> Cause:
        days = self.answers.days_of(places)
        evidence = (
            f"Mixpanel has more in {self._on(places)} {self._numbers(places)}{self._others(places)}. Events "
            f"that came after the fetch ({self.coverage.fetched(days)}) are not in {self._table}."
        )
        return Cause("late_events", "possible", evidence, len(places), self._sync(days))

    def _changed_events(self, places: Sequence[Place]) -> Cause:
        days = self.answers.days_of(places)
        evidence = (
            f"Mixpanel has fewer in {self._on(places)} {self._numbers(places)}{self._others(places)}. Events "
            f"were deleted, hidden or changed there after the fetch ({self.coverage.fetched(days)})."
        )
        return Cause("changed_events", "possible", evidence, len(places), self._sync(days))

    def _time_zone(self, places: Sequence[Place]) -> Cause:
        evidence = (
            f"both count about the same in all {self._numbers(places)}, and {self._on(places)} differ. "
            "No time zone that was tried explains it."
        )
        advice = "Compare the time zone in the project's settings with that of the account."
        return Cause("time_zone", "possible", evidence, len(places), advice=advice)

    def _unexplained(self, places: Sequence[Place]) -> Cause:
        evidence = f"{self._on(places)} differ {self._numbers(places)}, and nothing that was tried says why."
        return Cause("unexplained", "unexplained", evidence, len(places))

    # Words

    @property
    def _table(self) -> str:
        return self.answers.sides.name

    def _on(self, places: Sequence[Place]) -> str:
        """How many buckets (or numbers) there are at these places."""
        return _counted(len(set(map(self.answers.group, places))), self.answers.unit)

    def _others(self, places: Sequence[Place]) -> str:
        """A sentence that all others agree, if they do."""
        concerned = set(map(self.answers.group, places))
        states = [
            pair.agrees
            for place, pair in self.answers.read(self.reading).items()
            if pair.agrees is not None and self.answers.group(place) not in concerned
        ]
        return f"; all other {self.answers.unit}s agree" if states and all(states) else ""

    def _numbers(self, places: Sequence[Place]) -> str:
        """What both sides count there together."""
        pairs = self.answers.read(self.reading)
        known = [
            (pair.mixpanel, pair.table)
            for pair in (pairs[place] for place in places if place in pairs)
            if pair.measure.kind == "number" and pair.mixpanel is not None and pair.table is not None
        ]
        if not known:
            return f"({_counted(len(places), 'number')})"
        theirs, ours = (round(sum(each), 6) for each in zip(*known, strict=True))
        return f"({theirs:,.12g}, and {ours:,.12g} in {self._table})"

    def _sync(self, days: Sequence[date]) -> str | None:
        """The command that fetches these days again."""
        last = self.answers.sides.last_day
        if last is None or not days:
            return None
        count = (last - days[0]).days + 1
        return f"sync {shlex.quote(self._table)} --days {count}" if 1 <= count <= _LONGEST_SYNC else None

    def _fetch(self, first: date, last: date) -> str:
        return f"fetch events {shlex.quote(self._table)} --from {first} --to {last} --append"


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"


_TESTED: dict[CauseName, Callable[[Evidence, int], Cause]] = {
    "time_zone": Evidence._time_zone_tested,
    "duplicates": Evidence._duplicates,
    "window": Evidence._window_tested,
    "identities": Evidence._identities_tested,
}
_POSSIBLE: dict[CauseName, Callable[[Evidence, Sequence[Place]], Cause]] = {
    "time_zone": Evidence._time_zone,
    "window": Evidence._window,
    "days_not_fetched": Evidence._days_not_fetched,
    "filters": Evidence._filters,
    "funnel_definition": Evidence._funnel_definition,
    "data_view": Evidence._data_view,
    "identities": Evidence._identities,
    "late_events": Evidence._late_events,
    "changed_events": Evidence._changed_events,
    "unexplained": Evidence._unexplained,
}
