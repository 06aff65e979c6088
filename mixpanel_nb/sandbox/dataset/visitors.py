"""The users of the store: their properties, visits and sign-up."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from mixpanel_nb.sandbox.dataset import catalogue, days

_BORN_BEFORE = 0.36  # share of visitors who were customers already when the period begins
_SIGN_UP_FIRST, _SIGN_UP_SECOND = 0.50, 0.62  # cumulative: on the first visit, on the second
_CHANNEL_LOYALTY = {"organic": 1.0, "paid_search": 0.75, "social": 0.7, "referral": 1.9, "newsletter": 1.1}
_PLAN_LOYALTY = {"free": 0.9, "plus": 1.1, "pro": 1.6}
_DECAY = [7 / (7 + age) for age in range(days.DAYS)]
SIGN_UP_DELAY = 45  # seconds from the beginning of a visit to its Sign Up


@dataclass(slots=True)
class Visitor:
    """One user (one device) and the JSON fragments that all their events share."""

    index: int
    platform: str
    channel: str
    plan: str
    variant: str
    place: catalogue.Place
    device_id: str
    traits: str
    newsletter: bool
    customer_before: bool
    sign_up_second: int | None = None
    visits: list[tuple[int, int]] = field(default_factory=list)
    bought: catalogue.Product | None = None

    @property
    def user_id(self) -> str:
        """The id the store gives its members."""
        return f"user_{self.index:06d}"

    @property
    def is_member(self) -> bool:
        """Whether there is a profile: a customer from before, or one who signed up in the period."""
        return self.customer_before or self.sign_up_second is not None

    def identity(self, *, signed_up: bool) -> str:
        """The identifying properties, as a fragment: by device before sign-up, by user id after."""
        device = f'"$device_id":"{self.device_id}",'
        if not signed_up:
            return f'"distinct_id":"$device:{self.device_id}",{device}'
        return f'"distinct_id":"{self.user_id}",{device}"$user_id":"{self.user_id}",'


def population(count: int, seed: int) -> list[Visitor]:
    """The users with their visits, deterministic for a seed."""
    rng = Random(seed)  # noqa: S311 - made-up data, no secret
    visitors = [_visitor(rng, index) for index in range(count)]
    for visitor in visitors:
        _plan_visits(rng, visitor)
    return visitors


def _visitor(rng: Random, index: int) -> Visitor:
    platform = catalogue.PLATFORMS.draw(rng)
    place = catalogue.PLACES.draw(rng)
    channel = catalogue.CHANNELS.draw(rng)
    return Visitor(
        index=index,
        platform=platform,
        channel=channel,
        plan=catalogue.PLANS.draw(rng),
        variant="B" if rng.random() < 0.5 else "A",
        place=place,
        device_id=_uuid(rng),
        traits=catalogue.fragment({**_device(rng, platform), **_place(place)}),
        newsletter=channel == "newsletter" or rng.random() < 0.3,
        customer_before=rng.random() < _BORN_BEFORE,
    )


def _uuid(rng: Random) -> str:
    digits = f"{rng.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _device(rng: Random, platform: str) -> dict[str, object]:
    width, height = catalogue.pick(rng, catalogue.SCREENS[platform])
    screen = {"$screen_width": width, "$screen_height": height}
    if platform == "web":
        browser, version, system = catalogue.WEB_BROWSERS.draw(rng)
        web = {"$os": system, "$browser": browser, "$browser_version": version}
        return {**web, **screen, "mp_lib": "web", "$lib_version": "2.60.0"}
    library, release = ("swift", "4.3.1") if platform == "iOS" else ("android", "7.5.2")
    phone = {
        "$os": platform,
        "$model": catalogue.pick(rng, catalogue.MODELS[platform]),
        "$wifi": rng.random() < 0.7,
    }
    return {**phone, **screen, "mp_lib": library, "$lib_version": release}


def _place(place: catalogue.Place) -> dict[str, object]:
    return {"$city": place.city, "$region": place.region, "mp_country_code": place.country}


def _plan_visits(rng: Random, visitor: Visitor) -> None:
    """Decide days and moments of the visits, and with them the sign-up."""
    if visitor.customer_before:
        first = 0
        chances = _customer_chances(rng, visitor)
    else:
        first = days.arrival_day(rng)
        visitor.visits.append((first, days.start_second(rng, first)))
        sign_up_visit = _sign_up_visit(rng)
        chances = _newcomer_chances(visitor, first, signs_up=sign_up_visit is not None)
        first += 1
    for day, chance in enumerate(chances, start=first):
        if rng.random() < chance:
            visitor.visits.append((day, days.start_second(rng, day)))
    if not visitor.customer_before:
        _sign_up(visitor, sign_up_visit)


def _customer_chances(rng: Random, visitor: Visitor) -> list[float]:
    habit = 0.02 + 0.08 * rng.random()
    return [habit * _day_boost(visitor, day) for day in range(days.DAYS)]


def _newcomer_chances(visitor: Visitor, first: int, *, signs_up: bool) -> list[float]:
    interest = 0.2 * _CHANNEL_LOYALTY[visitor.channel] * _PLAN_LOYALTY[visitor.plan] if signs_up else 0.06
    return [interest * _DECAY[day - first] * _day_boost(visitor, day) for day in range(first + 1, days.DAYS)]


def _day_boost(visitor: Visitor, day: int) -> float:
    boost = days.DAY_FACTORS[day]
    if visitor.newsletter and day in days.CAMPAIGN:
        return 5 * boost
    if visitor.platform == "iOS" and day in days.OUTAGE:
        return 0.4 * boost  # word of mouth
    return boost


def _sign_up_visit(rng: Random) -> int | None:
    lot = rng.random()
    if lot < _SIGN_UP_FIRST:
        return 0
    return 1 if lot < _SIGN_UP_SECOND else None


def _sign_up(visitor: Visitor, sign_up_visit: int | None) -> None:
    if sign_up_visit is None or sign_up_visit >= len(visitor.visits):
        return
    day, second = visitor.visits[sign_up_visit]
    if visitor.platform == "iOS" and day in days.OUTAGE:
        return  # no user gets past the crash to the sign-up form
    visitor.sign_up_second = second + SIGN_UP_DELAY
