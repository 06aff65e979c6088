"""Constants of the store: places, devices, channels, products and texts."""

from __future__ import annotations

import json
from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

T = TypeVar("T")


class Weighted(Generic[T]):
    """Weighted random choice, with one ``random()`` per draw."""

    def __init__(self, *choices: tuple[T, float]) -> None:
        self.items = [item for item, _ in choices]
        self._limits = list(accumulate(weight for _, weight in choices))

    def draw(self, rng: Random) -> T:
        """One of the items."""
        return self.items[bisect(self._limits, rng.random() * self._limits[-1])]


def pick(rng: Random, items: Sequence[T]) -> T:
    """One of the items, all equally likely, with one ``random()``."""
    return items[int(rng.random() * len(items))]


def encode(value: Any) -> str:
    """Compact JSON as Mixpanel writes it: UTF-8 stays as it is, U+2028 included."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def fragment(properties: dict[str, Any]) -> str:
    """Properties as the inside of a JSON object, each followed by a comma."""
    return "".join(f"{encode(name)}:{encode(value)}," for name, value in properties.items())


@dataclass(frozen=True)
class Place:
    """A user's home: city, region, ISO country code, IANA time zone."""

    city: str
    region: str
    country: str
    timezone: str


PLACES: Weighted[Place] = Weighted(
    (Place("New York", "New York", "US", "America/New_York"), 12),
    (Place("San Francisco", "California", "US", "America/Los_Angeles"), 9),
    (Place("Austin", "Texas", "US", "America/Chicago"), 7),
    (Place("Chicago", "Illinois", "US", "America/Chicago"), 6),
    (Place("Toronto", "Ontario", "CA", "America/Toronto"), 5),
    (Place("London", "England", "GB", "Europe/London"), 11),
    (Place("Dublin", "Leinster", "IE", "Europe/Dublin"), 3),
    (Place("Berlin", "Berlin", "DE", "Europe/Berlin"), 9),
    (Place("München", "Bavaria", "DE", "Europe/Berlin"), 5),
    (Place("Paris", "Île-de-France", "FR", "Europe/Paris"), 8),
    (Place("Madrid", "Madrid", "ES", "Europe/Madrid"), 4),
    (Place("São Paulo", "São Paulo", "BR", "America/Sao_Paulo"), 6),
    (Place("Bengaluru", "Karnataka", "IN", "Asia/Kolkata"), 6),
    (Place("Tokyo", "Tokyo", "JP", "Asia/Tokyo"), 5),
    (Place("תל אביב", "Tel Aviv", "IL", "Asia/Jerusalem"), 2),
    (Place("Xi'an", "Shaanxi", "CN", "Asia/Shanghai"), 2),
)

PLATFORMS: Weighted[str] = Weighted(("web", 46), ("iOS", 30), ("Android", 24))
WEB_BROWSERS: Weighted[tuple[str, int, str]] = Weighted(  # browser, version, operating system
    (("Chrome", 132, "Windows"), 30),
    (("Chrome", 132, "Mac OS X"), 22),
    (("Safari", 18, "Mac OS X"), 16),
    (("Firefox", 134, "Windows"), 8),
    (("Microsoft Edge", 131, "Windows"), 12),
    (("Firefox", 134, "Linux"), 4),
)
SCREENS = {
    "web": ((1920, 1080), (1440, 900), (2560, 1440), (1366, 768)),
    "iOS": ((390, 844), (430, 932), (375, 667)),
    "Android": ((412, 915), (360, 800), (384, 854)),
}
MODELS = {
    "iOS": ("iPhone14,5", "iPhone15,3", "iPhone16,1", "iPad13,1"),
    "Android": ("Pixel 8", "SM-S918B", "SM-A546B", "Redmi Note 12"),
}

CHANNELS: Weighted[str] = Weighted(
    ("organic", 34), ("paid_search", 22), ("social", 18), ("referral", 14), ("newsletter", 12)
)
UTM = {
    "organic": {},
    "paid_search": {"utm_source": "google", "utm_medium": "cpc", "utm_campaign": "brand_q1"},
    "social": {"utm_source": "instagram", "utm_medium": "social", "utm_campaign": "creators"},
    "referral": {"utm_source": "friend", "utm_medium": "referral"},
    "newsletter": {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "weekly"},
}
CAMPAIGN_UTM = {"utm_source": "newsletter", "utm_medium": "email", "utm_campaign": "spring_sale"}
PLANS: Weighted[str] = Weighted(("free", 68), ("plus", 22), ("pro", 10))


@dataclass(frozen=True)
class Product:
    """A thing on sale; prices are integer cents, so that no float rounding enters the data."""

    sku: str
    name: str
    category: str
    cents: int

    def cents_in(self, variant: str) -> int:
        """The price of a variant of the price test, where ``B`` costs 12 % more."""
        return self.cents * 112 // 100 if variant == "B" else self.cents


def _products() -> tuple[Product, ...]:
    shelves = {
        "Kitchen": (("Kettle", 3990), ("Moka pot", 2790), ("Chef's knife", 5490), ("Cast-iron pan", 6290)),
        "Garden": (("Pruning shears", 2450), ("Watering can", 1890), ("Herb seeds", 590), ("Trowel", 1290)),
        "Office": (("Desk lamp", 4590), ("Notebook A5", 890), ("Fountain pen", 3290), ("Footrest", 3890)),
        "Home & Living": (("Wool blanket", 7990), ("Candle", 1490), ('27" frame', 2990), ("Rug", 12900)),
        "Café": (("Espresso beans 1kg", 2190), ("Filter papers", 490), ("Tamper", 1990), ("Cup set", 3490)),
    }
    return tuple(
        Product(f"SKU-{shelf}{place}", name, category, cents)
        for shelf, (category, goods) in enumerate(shelves.items(), start=1)
        for place, (name, cents) in enumerate(goods, start=1)
    )


PRODUCTS = _products()


def money(cents: int) -> str:
    """Cents as a JSON number of whole units: ``39.9``."""
    return repr(cents / 100)


MARKUP_TEXT = '<b>"O\'Brien" & Co</b>'
MARKUP_EVENT = f"Viewed {MARKUP_TEXT}"
SEARCHES = (
    "kettle",
    "wool blanket",
    "desk lamp",
    "gift for mum",
    "café au lait",
    '27" frame',
    "100% cotton",
    "rug 2x3",
    "C:\\temp",
    MARKUP_TEXT,
    "קומקום",
    "☕ beans",
)
REVIEWS = (
    "Exactly as described.",
    "Arrived late, but works well.",
    "Line one\u2028line two, pasted from a phone",
    "Old terminal text\u0085with a next-line in it",
    "Love it 😍👩‍👩‍👧 would buy again",
    "מוצר מצוין, הגיע מהר",
    "جودة ممتازة",
    "Two\nreal\nlines and a\ttab",
    "Broke after a week :(",
    "=SUM(A1:A9) is not a review",
)
REVIEW_TAGS = ("quality", "delivery", "price", "design", "gift")
TICKET_SUBJECTS = (
    "Where is my order?",
    "Refund",
    "Cannot log in",
    "Wrong item",
    "Invoice, please",
    "App crashes",
)
CRASHES = ("NSInvalidArgumentException", "EXC_BAD_ACCESS", "NullPointerException", "OutOfMemoryError")
FIRST_NAMES = (
    "Ada",
    "Björn",
    "Chen",
    "Dalia",
    "Emeka",
    "Fatima",
    "Grace",
    "Hiro",
    "Inés",
    "Jonas",
    "Kavya",
    "Luc",
)
LAST_NAMES = (
    "Okafor",
    "Müller",
    "Garcia",
    "O'Brien",
    "Tanaka",
    "Levi",
    "Silva",
    "Novak",
    "Singh",
    "Dubois",
    "Kim",
)
