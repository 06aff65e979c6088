"""The data set as lines: ``generate_events`` and ``generate_profiles``."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.dataset import catalogue, days
from mixpanel_nb.sandbox.dataset.lines import EventLines
from mixpanel_nb.sandbox.dataset.visitors import Visitor, population
from mixpanel_nb.sandbox.dataset.visits import Visit

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_EVENTS = 200_000
DEFAULT_SEED = 2025
# Part of every cache key: raise it with any change of the lines, which the pinned digests of the tests show.
GENERATOR_VERSION = 1

_EVENTS_PER_VISITOR = 17.8
_JOURNEY_STREAM, _PROFILE_STREAM = 1, 2  # offsets of the seed, so that each part has its own numbers
_TWO_YEARS = 2 * 365 * days.DAY_SECONDS


def generate_events(events: int = DEFAULT_EVENTS, seed: int = DEFAULT_SEED) -> Iterator[bytes]:
    """Lines of a raw export (UTF-8, no newline), day by day, ``time`` in whole Unix seconds.

    Args:
        events: How many, roughly (within a few per cent); more events are more visitors, not more days.
        seed: Another seed is another store with the same stories.
    """
    rng = Random(seed * 3 + _JOURNEY_STREAM)  # noqa: S311 - made-up data, no secret
    lines = EventLines(rng)
    for day, visits in enumerate(_agenda(population(_visitor_count(events), seed))):
        for visitor, second in visits:
            Visit(rng, lines, visitor, day, second).run()
        _add_oddities(lines, day, visits)
        yield from lines.take(day)


def generate_profiles(events: int = DEFAULT_EVENTS, seed: int = DEFAULT_SEED) -> Iterator[bytes]:
    """Profiles of the members among the same visitors, as engage objects, one a line (no newline).

    Args:
        events: The same number as for ``generate_events``: the visitors follow from it.
        seed: The same seed.
    """
    rng = Random(seed * 3 + _PROFILE_STREAM)  # noqa: S311 - made-up data, no secret
    for visitor in population(_visitor_count(events), seed):
        if visitor.is_member:
            profile = {"$distinct_id": visitor.user_id, "$properties": _profile(rng, visitor)}
            yield catalogue.encode(profile).encode()


def _visitor_count(events: int) -> int:
    return max(1, round(events / _EVENTS_PER_VISITOR))


def _agenda(visitors: list[Visitor]) -> list[list[tuple[Visitor, int]]]:
    """Per day, the visitors and their times."""
    agenda: list[list[tuple[Visitor, int]]] = [[] for _ in range(days.DAYS)]
    for visitor in visitors:
        for day, second in visitor.visits:
            agenda[day].append((visitor, second))
    return agenda


def _add_oddities(lines: EventLines, day: int, visits: list[tuple[Visitor, int]]) -> None:
    """Add some events that break naive readers: without a user, or with markup in the name."""
    midday = days.EPOCH + day * days.DAY_SECONDS + days.DAY_SECONDS // 2
    if day % 12 == 5:
        lines.write("App Open", midday, '"distinct_id":"","mp_lib":"python",', mobile=False)
    if day % 5 == 2 and visits:
        visitor, second = visits[0]
        properties = visitor.identity(signed_up=visitor.customer_before) + visitor.traits
        partner = catalogue.fragment({"partner": catalogue.MARKUP_TEXT})
        lines.write(catalogue.MARKUP_EVENT, second, properties + partner, mobile=False)


def _profile(rng: Random, visitor: Visitor) -> dict[str, object]:
    first, last = catalogue.pick(rng, catalogue.FIRST_NAMES), catalogue.pick(rng, catalogue.LAST_NAMES)
    created = visitor.sign_up_second or days.EPOCH - 1 - int(rng.random() * _TWO_YEARS)
    seen = max([created, *(second for _, second in visitor.visits[-1:])])
    points = int(rng.random() * 5000)
    return {
        "$name": f"{first} {last}",
        "$email": f"member{visitor.index}@example.com",
        "$city": visitor.place.city,
        "$region": visitor.place.region,
        "$country_code": visitor.place.country,
        "$timezone": visitor.place.timezone,
        "$created": days.iso_seconds(created),
        "$last_seen": days.iso_seconds(seen),
        "plan": visitor.plan,
        "platform": visitor.platform,
        "channel": visitor.channel,
        "newsletter": visitor.newsletter,
        "loyalty_points": str(points) if rng.random() < 0.03 else points,
        "favourite_categories": [catalogue.pick(rng, catalogue.PRODUCTS).category],
        "address": {"country": visitor.place.country, "zip": f"{int(rng.random() * 100_000):05d}"},
        "referred_by": "a friend" if visitor.channel == "referral" else None,
    }
