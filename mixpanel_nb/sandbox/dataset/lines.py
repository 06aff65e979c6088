"""Events as lines of a raw export, with the dirt that ingestion leaves on them."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.dataset import catalogue, days

if TYPE_CHECKING:
    from collections.abc import Iterator
    from random import Random

# One lot is drawn per event; it falls into at most one of these slices, counted from 0.
_DUPLICATED = 0.0060
_WITHOUT_INSERT_ID = _DUPLICATED + 0.0015
_LATE_IF_MOBILE = _WITHOUT_INSERT_ID + 0.0075


class EventLines:
    """Collects events as JSON lines per UTC day; a visit that runs past midnight fills two days."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._lines: defaultdict[int, list[str]] = defaultdict(list)
        self._copies: defaultdict[int, list[str]] = defaultdict(list)

    def write(self, event: str, second: int, properties: str, *, mobile: bool) -> None:
        """Add an event.

        Args:
            event: Its name.
            second: When it happened, Unix seconds.
            properties: A fragment (see ``catalogue.fragment``) that begins with the identity.
            mobile: Whether a phone sent it, which may do so days later.
        """
        rng = self._rng
        head = f'{{"event":{catalogue.encode(event)},"properties":{{"time":{second},{properties}'
        identified = f'{head}"$insert_id":"{rng.getrandbits(64):016x}",'
        received = second * 1000 + 300 + int(rng.random() * 4000)
        lot = rng.random()
        day = (second - days.EPOCH) // days.DAY_SECONDS
        if lot < _DUPLICATED:
            self._copies[day].append(self._copy(identified, received))
        elif lot < _WITHOUT_INSERT_ID:
            identified = head
        elif mobile and lot < _LATE_IF_MOBILE:
            received += _days_later(rng, 1, 4)
        self._lines[day].append(_ingested(identified, received))

    def take(self, day: int) -> Iterator[bytes]:
        """The lines of a day, grouped by visitor as in Mixpanel's own shards, not in time order."""
        lines = self._lines.pop(day, [])
        for copy in self._copies.pop(day, ()):
            lines.insert(int(self._rng.random() * (len(lines) + 1)), copy)
        for line in lines:
            yield line.encode()

    def _copy(self, identified: str, received: int) -> str:
        """The event sent once more, by a client that never saw the first answer."""
        rng = self._rng
        if rng.random() < 0.4:
            identified = identified.replace('"plan":"free"', '"plan":"plus"', 1)
        return _ingested(identified, received + 30_000 + _days_later(rng, 0, 2))


def _days_later(rng: Random, least: int, most: int) -> int:
    """A delay between so many days, in milliseconds."""
    return int((least + (most - least) * rng.random()) * days.DAY_SECONDS * 1000)


def _ingested(head: str, received: int) -> str:
    """The line with what ingestion adds; times in milliseconds."""
    return (
        f'{head}"$mp_api_endpoint":"api.mixpanel.com","$mp_api_timestamp_ms":{received},'
        f'"mp_processing_time_ms":{received + 400 + received % 733}}}}}'
    )
