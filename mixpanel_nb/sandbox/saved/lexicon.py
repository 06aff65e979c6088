"""The vocabulary of the store: what each event and property means (see ``dataset`` for their stories)."""

from __future__ import annotations

from mixpanel_nb.sandbox.dataset.catalogue import MARKUP_EVENT
from mixpanel_nb.sandbox.saved.kinds import Entity, Property

_EVERY_VISIT = {
    "session_id": Property("string", "One visit to the store; all of its events share it.", hidden=True),
    "plan": Property("string", "The member's plan: free, plus or pro. Not there before sign-up."),
    "utm_source": Property("string", "Where the visitor came from: google, instagram, friend, newsletter."),
    "utm_medium": Property("string", "The kind of that source: cpc, social, referral, email."),
    "utm_campaign": Property("string", "The campaign, such as spring_sale of 11 and 12 March."),
}
_PRODUCT = {
    "product_id": Property("string", "The product's number in the shop, such as SKU-14."),
    "product": Property("string", "The product's name."),
    "category": Property("string", "The shelf it stands on: Kitchen, Garden, Office, Home & Living, Café."),
    "price": Property("number", "Price of one piece in US dollars, as the visitor saw it."),
}
_PRICE_TEST = {
    "price_variant": Property(
        "string", "Group of the price test, 10 February to 9 March: A as always, B 12 % dearer."
    )
}
_RELEASE = {"$app_version_string": Property("string", "The app's release, such as 5.2.0.")}

ENTITIES = (
    Entity(
        "event",
        "App Open",
        "The app came to the front of a phone.",
        {
            **_EVERY_VISIT,
            **_RELEASE,
            "from_background": Property("boolean", "Whether it had been running already."),
        },
        tags=("mobile",),
    ),
    Entity(
        "event",
        "App Crash",
        "The app ended by an error.",
        {
            **_EVERY_VISIT,
            **_RELEASE,
            "error": Property("string", "The exception's name."),
            "fatal": Property("boolean", "Whether the app had to end."),
            "free_memory_mb": Property("integer", "Free memory at that moment, in megabytes."),
        },
        tags=("mobile", "quality"),
    ),
    Entity(
        "event",
        "Page View",
        "A page of the web shop was shown.",
        {
            **_EVERY_VISIT,
            "page": Property("string", "Path of the page, such as /p/SKU-14."),
            "$current_url": Property("string", "The whole address."),
            "$referrer": Property("null", "Nothing: the shop does not tell where the browser came from."),
        },
        tags=("web",),
    ),
    Entity(
        "event",
        "Sign Up",
        "A visitor became a member, under a user id from then on.",
        {
            **_EVERY_VISIT,
            "method": Property("string", "How: email, google or apple."),
            "referred": Property("boolean", "Whether a friend had recommended the store."),
        },
        tags=("account",),
    ),
    Entity(
        "event",
        "Search",
        "Somebody looked for something.",
        {
            **_EVERY_VISIT,
            "query": Property("string", "What they typed."),
            "results_count": Property("integer", "How many products were found."),
        },
        tags=("shop",),
    ),
    Entity(
        "event",
        "View Product",
        "A product was looked at: the first step of the purchase funnel.",
        {**_EVERY_VISIT, **_PRODUCT, **_PRICE_TEST},
        tags=("shop", "funnel"),
    ),
    Entity(
        "event",
        "Add to Cart",
        "A product was put into the cart.",
        {
            **_EVERY_VISIT,
            **_PRODUCT,
            **_PRICE_TEST,
            "quantity": Property("integer", "How many pieces. An old release of the cart sends it as text."),
        },
        tags=("shop", "funnel"),
    ),
    Entity(
        "event",
        "Start Checkout",
        "The cart was taken to the checkout.",
        {
            **_EVERY_VISIT,
            **_PRICE_TEST,
            "cart_value": Property("number", "What the cart costs in US dollars."),
            "items_count": Property("integer", "How many different products are in it."),
        },
        tags=("shop", "funnel"),
    ),
    Entity(
        "event",
        "Purchase",
        "An order was paid.",
        {
            **_EVERY_VISIT,
            **_PRICE_TEST,
            "order_id": Property("integer", "The order's number, beyond what a float can hold."),
            "revenue": Property("number", "What was paid, in US dollars."),
            "currency": Property("string", "Always USD."),
            "quantity": Property("integer", "How many pieces in all."),
            "items": Property("array", "What was bought: objects with product_id and quantity."),
            "categories": Property("array", "The shelves that the products stand on, each once."),
            "shipping": Property("object", "How (method) and where to (to.country) it is sent."),
            "coupon": Property("string", "The coupon that was used, or null."),
        },
        tags=("shop", "funnel", "revenue"),
    ),
    Entity(
        "event",
        "Write Review",
        "A buyer wrote a review.",
        {
            **_EVERY_VISIT,
            "product_id": _PRODUCT["product_id"],
            "rating": Property("integer", "Stars, from 1 to 5."),
            "text": Property("string", "What they wrote, in any language."),
            "tags": Property("array", "What it is about: quality, delivery, price, design, gift."),
            "photos": Property("integer", "How many photos came with it, or null."),
        },
        tags=("shop",),
    ),
    Entity(
        "event",
        "Support Ticket",
        "A member asked for help.",
        {
            **_EVERY_VISIT,
            "subject": Property("string", "What it is about."),
            "priority": Property("integer", "From 1 to 3."),
            "Plan": Property(
                "string", "The plan as the help runner's own integration spells it, beside plan."
            ),
        },
        tags=("support",),
    ),
    Entity(
        "event",
        MARKUP_EVENT,
        "A leftover of a partner's integration, with markup in its name.",
        {"partner": Property("string", "The partner's name, with markup in it.")},
        hidden=True,
        display_name="Viewed partner",
    ),
    Entity(
        "profile",
        "$user",
        "A member of the store.",
        {
            "$name": Property("string", "First and last name."),
            "$email": Property("string", "Where mail goes to."),
            "$city": Property("string", "Where they live."),
            "$region": Property("string", "The region of that city."),
            "$country_code": Property("string", "The country, in two letters."),
            "$timezone": Property("string", "Name of their time zone, such as Europe/Berlin."),
            "$created": Property("string", "When they signed up (UTC)."),
            "$last_seen": Property("string", "When they were last seen (UTC)."),
            "plan": Property("string", "free, plus or pro."),
            "platform": Property("string", "web, iOS or Android."),
            "channel": Property("string", "How they found the store."),
            "newsletter": Property("boolean", "Whether they take the newsletter."),
            "loyalty_points": Property("integer", "Points collected; in a few profiles as text."),
            "favourite_categories": Property("array", "Shelves they like."),
            "address": Property("object", "country and zip."),
            "referred_by": Property("string", "Who recommended the store, or null."),
        },
        tags=("account",),
    ),
)
