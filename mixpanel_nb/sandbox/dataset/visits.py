"""One visit to the store: its events, in a user's order of actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.dataset import catalogue, days
from mixpanel_nb.sandbox.dataset.visitors import SIGN_UP_DELAY

if TYPE_CHECKING:
    from random import Random

    from mixpanel_nb.sandbox.dataset.catalogue import Product
    from mixpanel_nb.sandbox.dataset.lines import EventLines
    from mixpanel_nb.sandbox.dataset.visitors import Visitor

# Of the visits that view a product: share that adds to the cart; of those, share that starts a
# checkout; of those, share that buys.
_CONVERSION = {"web": (0.50, 0.66, 0.80), "iOS": (0.42, 0.60, 0.72), "Android": (0.35, 0.54, 0.63)}
_DEARER_PRICE_DRAWBACK = 0.76  # factor on the last step for variant B while the price test runs
_CRASH_DAY_SHARE = 0.88  # of iOS visits on the days of the outage; the rest have not updated yet
_EVERYDAY_CRASH_SHARE = 0.006
_QUANTITIES: catalogue.Weighted[int] = catalogue.Weighted((1, 70), (2, 20), (3, 7), (6, 3))
_UTM = {channel: catalogue.fragment(dict(utm)) for channel, utm in catalogue.UTM.items()}
_CAMPAIGN_UTM = catalogue.fragment(dict(catalogue.CAMPAIGN_UTM))
_SITE = "https://shop.example.com"
_BEYOND_FLOAT = 2**53 + 1  # odd integers from here on are exact as integers only


class Visit:
    """A visit of one visitor on one day; each method sends events and moves the clock on."""

    def __init__(self, rng: Random, lines: EventLines, visitor: Visitor, day: int, second: int) -> None:
        self._rng = rng
        self._lines = lines
        self._visitor = visitor
        self._day = day
        self._second = second
        self._mobile = visitor.platform != "web"
        self._tests_prices = day in days.PRICE_TEST
        self._variant = visitor.variant if self._tests_prices else "A"
        self._updated = rng.random() < _CRASH_DAY_SHARE
        self._version = self._app_version()
        signs_up_at = visitor.sign_up_second
        self._signs_up_now = signs_up_at == second + SIGN_UP_DELAY
        self._member = visitor.customer_before or (signs_up_at is not None and signs_up_at < second)
        self._shared = self._shared_properties()

    def run(self) -> None:
        """Send all events of the visit."""
        self._open()
        if self._crashes():
            self._crash()
            return
        if self._signs_up_now:
            self._sign_up()
        if self._rng.random() < 0.72:
            self._shop()
        self._afterwards()

    def _app_version(self) -> str | None:
        if not self._mobile:
            return None
        if self._visitor.platform == "Android":
            return "4.8.2" if self._day < 40 else "4.9.0"
        if self._day < days.OUTAGE.start:
            return "5.1.3"
        if self._day in days.OUTAGE:
            return "5.2.0" if self._updated else "5.1.3"
        return "5.2.1"

    def _shared_properties(self) -> str:
        visitor = self._visitor
        campaign = visitor.newsletter and self._day in days.CAMPAIGN
        return "".join(
            (
                visitor.identity(signed_up=self._member),
                visitor.traits,
                f'"$app_version_string":"{self._version}",' if self._mobile else "",
                _CAMPAIGN_UTM if campaign else _UTM[visitor.channel],
                f'"plan":"{visitor.plan}",' if self._member else "",
                f'"session_id":"{self._rng.getrandbits(40):010x}",',
            )
        )

    def _send(self, event: str, properties: str = "") -> None:
        self._lines.write(event, self._second, self._shared + properties, mobile=self._mobile)
        self._second += 4 + int(self._rng.random() * 85)

    def _page(self, path: str) -> None:
        if not self._mobile:
            self._send("Page View", f'"$current_url":"{_SITE}{path}","$referrer":null,"page":"{path}",')

    def _open(self) -> None:
        if self._mobile:
            self._send("App Open", f'"from_background":{"true" if self._rng.random() < 0.3 else "false"},')
        else:
            self._page("/")

    def _crashes(self) -> bool:
        if self._version == "5.2.0":
            return True
        return self._mobile and self._rng.random() < _EVERYDAY_CRASH_SHARE

    def _crash(self) -> None:
        error = "NSInvalidArgumentException" if self._version == "5.2.0" else None
        for _ in range(1 + int(self._rng.random() * 1.5)):
            reason = error or catalogue.pick(self._rng, catalogue.CRASHES)
            self._send("App Crash", f'"error":"{reason}","fatal":true,"free_memory_mb":{self._second % 900},')

    def _sign_up(self) -> None:
        """Send Sign Up, and everything after it, under the new user id."""
        visitor = self._visitor
        if visitor.sign_up_second is not None:
            self._second = visitor.sign_up_second
        self._member = True
        self._shared = self._shared_properties()
        method = catalogue.pick(self._rng, ("email", "google", "apple"))
        self._send("Sign Up", f'"method":"{method}","referred":{_boolean(visitor.channel == "referral")},')

    def _shop(self) -> None:
        rng = self._rng
        if rng.random() < 0.45:
            query = catalogue.encode(catalogue.pick(rng, catalogue.SEARCHES))
            self._send("Search", f'"query":{query},"results_count":{int(rng.random() * 40)},')
        to_cart, to_checkout, to_purchase = _CONVERSION[self._visitor.platform]
        viewed = [catalogue.pick(rng, catalogue.PRODUCTS) for _ in range(1 + int(rng.random() * 3))]
        for product in viewed:
            self._page(f"/p/{product.sku}")
            self._send("View Product", self._product(product))
        if rng.random() >= to_cart:
            return
        cart = self._fill_cart(viewed)
        if rng.random() >= to_checkout:
            return
        total = sum(product.cents_in(self._variant) * quantity for product, quantity in cart)
        self._checkout(cart, total)
        if rng.random() < to_purchase * (_DEARER_PRICE_DRAWBACK if self._variant == "B" else 1):
            self._purchase(cart, total)

    def _product(self, product: Product) -> str:
        return (
            f'"product_id":"{product.sku}","product":{catalogue.encode(product.name)},'
            f'"category":"{product.category}","price":{catalogue.money(product.cents_in(self._variant))},'
            f"{self._price_variant()}"
        )

    def _price_variant(self) -> str:
        return f'"price_variant":"{self._variant}",' if self._tests_prices else ""

    def _fill_cart(self, viewed: list[Product]) -> list[tuple[Product, int]]:
        cart = [(product, _QUANTITIES.draw(self._rng)) for product in viewed[-2:]]
        for product, quantity in cart:
            # An old release of the cart wrote the quantity as text.
            written = f'"{quantity}"' if self._rng.random() < 0.06 else quantity
            self._send("Add to Cart", f'{self._product(product)}"quantity":{written},')
        return cart

    def _checkout(self, cart: list[tuple[Product, int]], total: int) -> None:
        self._send(
            "Start Checkout",
            f'"cart_value":{catalogue.money(total)},"items_count":{len(cart)},{self._price_variant()}',
        )

    def _purchase(self, cart: list[tuple[Product, int]], total: int) -> None:
        rng = self._rng
        items = [{"product_id": product.sku, "quantity": quantity} for product, quantity in cart]
        categories = list(dict.fromkeys(product.category for product, _ in cart))
        shipping = {
            "method": catalogue.pick(rng, ("standard", "express")),
            "to": {"country": self._visitor.place.country},
        }
        coupon = '"SPRING10"' if rng.random() < 0.08 else "null"
        self._send(
            "Purchase",
            f'"order_id":{_BEYOND_FLOAT + 2 * rng.getrandbits(40)},"revenue":{catalogue.money(total)},'
            f'"currency":"USD","quantity":{sum(quantity for _, quantity in cart)},'
            f'"items":{catalogue.encode(items)},"categories":{catalogue.encode(categories)},'
            f'"shipping":{catalogue.encode(shipping)},"coupon":{coupon},{self._price_variant()}',
        )
        self._visitor.bought = cart[0][0]

    def _afterwards(self) -> None:
        rng = self._rng
        lot = rng.random()
        if lot < 0.015 and self._member:
            subject = catalogue.encode(catalogue.pick(rng, catalogue.TICKET_SUBJECTS))
            # The help desk's own integration writes the plan with a capital.
            plan = f'"Plan":"{self._visitor.plan.capitalize()}"'
            self._send(
                "Support Ticket", f'"subject":{subject},{plan},"priority":{1 + int(rng.random() * 3)},'
            )
        elif lot < 0.25 and self._visitor.bought:
            self._review(self._visitor.bought)
            self._visitor.bought = None

    def _review(self, product: Product) -> None:
        rng = self._rng
        text = catalogue.encode(catalogue.pick(rng, catalogue.REVIEWS))
        tags = [tag for tag in catalogue.REVIEW_TAGS if rng.random() < 0.4]
        photos = int(rng.random() * 4) or "null"
        self._send(
            "Write Review",
            f'"product_id":"{product.sku}","rating":{1 + int((1 - rng.random() * rng.random()) * 4.99)},'
            f'"text":{text},"tags":{catalogue.encode(tags)},"photos":{photos},',
        )


def _boolean(value: bool) -> str:
    return "true" if value else "false"
