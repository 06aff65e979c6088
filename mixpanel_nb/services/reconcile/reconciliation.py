"""One question of both sides, compared and explained."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, Any, get_args
from zoneinfo import ZoneInfo

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries import Funnel, changed
from mixpanel_nb.queries.shared import USERS
from mixpanel_nb.results.reconcile import CauseName, ReconciledNumber, ReconcileResult, Status
from mixpanel_nb.services.reconcile.answers import Answers
from mixpanel_nb.services.reconcile.coverage import Coverage
from mixpanel_nb.services.reconcile.evidence import Evidence
from mixpanel_nb.services.reconcile.sides import Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from mixpanel_nb.queries import Query
    from mixpanel_nb.queries.shared import UsersRead
    from mixpanel_nb.services.reconcile.pairs import Pair, Place
    from mixpanel_nb.services.reconcile.sides import Sides

_DAY = timedelta(days=1)
_ENOUGH = 3  # buckets: that two or fewer agree in some time zone may be chance
_LONGEST_WINDOW = 366  # days
_USERS = {"funnel", "retention", "frequency"}
_COUNTS = {"count", "users"}
_WINDOWS = (1, 7, 14, 30, 60, 90)
_ZONES = (
    "UTC",
    "America/Los_Angeles",
    "America/Denver",
    "America/Chicago",
    "America/New_York",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Helsinki",
    "Europe/Istanbul",
    "Asia/Dubai",
    "Asia/Kolkata",
    "Asia/Bangkok",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Australia/Sydney",
    "Pacific/Auckland",
)
"""Time zones that are tried where nothing is known of the project's: one for each common offset."""

_ORDER: tuple[CauseName, ...] = get_args(CauseName)
_STATUSES = get_args(Status)


def reconcile(query: Query[Any], sides: Sides, before_live: Callable[[], None]) -> ReconcileResult:
    """One question of both sides, compared and explained.

    The table is asked first, so that a mistake costs no query; only the steps of a saved funnel come from
    Mixpanel's answer.

    Args:
        query: The question, with its table.
        sides: Who answers it.
        before_live: Called before Mixpanel is asked, which happens once.

    Raises:
        ParameterError: one side cannot answer it.
        APIError: Mixpanel failed.
    """
    of_table = _of_table(query)
    asked: Any = query
    usual: UsersRead = "resolved" if sides.has_identities else "raw"
    base = Reading(sides.zone, identities=asked.identities or usual)
    local = None if of_table is None else sides.local(of_table, base)
    before_live()
    live = sides.live(_of_mixpanel(query))
    if of_table is None or local is None:
        steps: Any = live
        of_table = changed(query, funnel_id=None, steps=steps.events)
        local = sides.local(of_table, base)
    return Reconciliation(Answers(query, of_table, sides, base, live, local)).result()


def _of_mixpanel(query: Query[Any]) -> Query[Any]:
    steps = {"steps": ()} if isinstance(query, Funnel) else {}
    return changed(query, table=None, identities=None, **steps)


def _of_table(query: Query[Any]) -> Query[Any] | None:
    """The question for the table; None for a saved funnel whose steps Mixpanel has to tell first."""
    if not isinstance(query, Funnel):
        return query
    if query.funnel_id is None:
        message = "No funnel is named: Mixpanel's API knows those that are saved."
        raise ParameterError(message, parameter="funnel_id", hint="Give the ID of one.")
    return changed(query, funnel_id=None) if query.steps else None


class Reconciliation:
    """Explains the differences between Mixpanel's answer and the table's.

    Args:
        answers: Both.
    """

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._sides = answers.sides
        self._base = answers.base

    def result(self) -> ReconcileResult:
        """Both answers, number by number, and the causes."""
        answers, reading = self._answers, self._best
        found = self._causes()
        together: dict[CauseName, list[Place]] = defaultdict(list)
        for place, named in found.items():
            for name in named:
                together[name].append(place)
        evidence = Evidence(answers, reading, self._coverage, self._window_days)
        causes = [evidence.cause(name, together[name]) for name in _ORDER if name in together]
        numbers = answers.local.numbers()
        return ReconcileResult(
            answers.query,
            self._sides.name,
            answers.live,
            answers.local,
            tuple(self._rows(found)),
            tuple(sorted(causes, key=lambda cause: _STATUSES.index(cause.status))),
            numbers.columns,
            numbers.date_column if answers.is_over_time else None,
            sql=answers.local.sql,
            request=answers.live.request,
            notes=tuple(self._notes()),
            timezone=answers.live.timezone,
            computed_at=answers.live.computed_at,
        )

    def _rows(self, found: Mapping[Place, Sequence[CauseName]]) -> Iterator[ReconciledNumber]:
        for place, pair in self._answers.pairs.items():
            causes = tuple(found.get(place, ()))
            numbers = pair.mixpanel, pair.table
            yield ReconciledNumber(place.date, pair.names, pair.measure, *numbers, causes, pair.agrees)

    def _notes(self) -> Iterator[str]:
        yield from self._answers.local.notes
        unknown = sum(pair.agrees is None for pair in self._answers.pairs.values())
        if unknown:
            yield f"{unknown:,} numbers are not compared, as Mixpanel's answer leaves them open."

    # The table asked again

    def _score(self, reading: Reading) -> tuple[int, int, int]:
        same = sum(pair.agrees is True for pair in self._answers.read(reading).values())
        return self._answers.agreement(reading)[0], same, -len(reading.changes(self._base))

    @cached_property
    def _best(self) -> Reading:
        """The reading in which most agrees; of equals that with the fewest changes."""
        answers = self._answers
        if all(pair.agrees is not False for pair in answers.pairs.values()):
            return self._base
        zones = dict.fromkeys([self._base.zone, self._sides.account_zone])
        distinct = [False, True] if answers.copies else [False]
        windows = [None, *_WINDOWS] if self._is_window_unknown else [None]
        users = dict.fromkeys([self._base.identities, *(USERS if self._sides.has_identities else ())])
        best = max((Reading(*each) for each in product(zones, distinct, windows, users)), key=self._score)
        agreeing, compared = answers.agreement(best)
        if len(zones) > 1 or compared < _ENOUGH or 2 * agreeing > compared:
            return best
        readings = (replace(best, zone=zone, distinct=copies) for zone, copies in product(_ZONES, distinct))
        guessed = max(readings, key=self._score)
        return guessed if 2 * answers.agreement(guessed)[0] > compared else best

    @property
    def _is_window_unknown(self) -> bool:
        """Whether Mixpanel has a conversion window of its own, which its answer does not tell."""
        return isinstance(self._answers.query, Funnel) and self._answers.query.window is None

    # What explains each difference

    def _causes(self) -> dict[Place, list[CauseName]]:
        """The causes of every number that differs."""
        changes = self._best.changes(self._base)
        again = self._answers.read(self._best)
        found: dict[Place, list[CauseName]] = {}
        left: dict[Place, Pair] = {}
        for place, pair in self._answers.pairs.items():
            if pair.agrees is not False:
                continue
            if changes and place in again and again[place].agrees:
                alone = [each for each in changes if self._mends(place, each)]
                found[place] = alone[:1] or changes
            else:
                left[place] = again.get(place, pair)
        return found | self._left(left)

    def _mends(self, place: Place, change: CauseName) -> bool:
        """Whether one change of the best reading is enough for a number."""
        alone = self._best
        for other in alone.changes(self._base):
            if other != change:
                alone = alone.without(other, self._base)
        pair = self._answers.read(alone).get(place)
        return pair is not None and pair.agrees is True

    def _left(self, left: Mapping[Place, Pair]) -> dict[Place, list[CauseName]]:
        """The causes of what no reading takes away."""
        of_fetches = {place: self._by_fetches(place, pair) for place, pair in left.items()}
        is_shifted = self._is_shifted([left[place] for place, cause in of_fetches.items() if cause is None])
        return {
            place: [cause or ("time_zone" if is_shifted else self._by_size(left[place]))]
            for place, cause in of_fetches.items()
        }

    def _by_fetches(self, place: Place, pair: Pair) -> CauseName | None:
        """What the record of fetches says of a number, or None; it only explains what the table lacks."""
        days = self._answers.days_of([place])
        if not self._coverage.is_known or not days or _has_more(pair):
            return None
        states = {self._coverage.state(day) for day in days}
        for cause in _FETCHES:
            if cause in states:
                return cause
        if self._answers.query.name == "retention":
            return None if pair.is_whole else "window"
        is_first = place.key[-1:] == (1,)
        ends = (days[-1] + number * _DAY for number in range(1, self._window_days + 1))
        is_cut = not is_first and any(self._coverage.state(day) is not None for day in ends)
        return "window" if is_cut else None

    def _by_size(self, pair: Pair) -> CauseName:
        """What a difference that nothing else explains may come from."""
        if not self._coverage.is_known or pair.table is None:
            return "unexplained"
        if not _has_more(pair):
            return "late_events"
        query = self._answers.query
        if self._sides.data_view is not None:
            return "data_view"
        if isinstance(query, Funnel) and not query.steps:
            return "funnel_definition"
        counts_users = query.name in _USERS or getattr(query, "type", None) == "unique"
        return "identities" if counts_users else "changed_events"

    def _is_shifted(self, pairs: Sequence[Pair]) -> bool:
        """Whether both sides count the same in all, on other days."""
        known = [
            pair.mixpanel - pair.table
            for pair in pairs
            if pair.measure.adds_up and pair.mixpanel is not None and pair.table is not None
        ]
        moved = sum(map(abs, known))
        return self._answers.is_over_time and len(known) >= _ENOUGH and abs(sum(known)) * 50 <= moved

    # What the table covers

    @cached_property
    def _coverage(self) -> Coverage:
        zone = ZoneInfo(self._best.zone)
        return Coverage(self._sides.table, zone, _events_of(self._answers.of_table))

    @property
    def _window_days(self) -> int:
        """How many days after a bucket the numbers of a funnel may still grow."""
        asked = self._answers.of_table
        if not isinstance(asked, Funnel) or asked.window_seconds is None:
            return 0
        days = self._best.window or -(-asked.window_seconds // 86_400)
        return min(days, _LONGEST_WINDOW)


_FETCHES: tuple[CauseName, ...] = ("days_not_fetched", "filters")


def _has_more(pair: Pair) -> bool:
    """Whether the table counts more than Mixpanel."""
    if pair.mixpanel is None or pair.table is None or pair.measure.name not in _COUNTS:
        return False
    return pair.table > pair.mixpanel


def _events_of(query: Any) -> tuple[str | None, ...]:
    """The events that a question counts; None is any."""
    match query.name:
        case "event_counts":
            return tuple(query.events or [None])
        case "funnel":
            return tuple(step.event for step in query.steps)
        case "retention":
            return query.born_event, query.return_event
    return (query.event,)
