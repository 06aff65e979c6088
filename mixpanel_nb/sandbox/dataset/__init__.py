"""The seeded data set: an online store, 2025-01-01 to 2025-03-31 (UTC).

This package generates events and profiles as lines of a raw export. It must not use storage, HTTP, clocks, or
anything that differs between platforms and Python versions (only
``random.Random`` methods with a stable stream, and only ``+ - * /`` on floats).

The stories in it, each with the direction an analyst should find:

1. **Purchase funnel.** View Product → Add to Cart → Start Checkout → Purchase. The web converts best,
   then iOS, then Android.
2. **Retention.** Week by week fewer of the users who signed up come back; those acquired by
   ``referral`` come back more often than all other channels, and ``pro`` plans more often than ``free``.
3. **Price test**, 2025-02-10 to 2025-03-09. Events of the shop carry ``price_variant``: ``B`` pays 12 %
   more for each product, so revenue per order is higher, and fewer checkouts end in a purchase.
4. **Mobile outage**, 2025-02-18 and 2025-02-19. iOS release 5.2.0 crashes on opening: iOS events
   collapse, App Crash spikes, Android and the web are unharmed. Release 5.2.1 ends it.
5. **Rhythm.** Weekends are busier than weekdays, evenings (UTC) busier than nights, the store grows over
   the quarter, and a newsletter (``utm_campaign`` ``spring_sale``) brings a spike on 2025-03-11 and 12.

The dirt in it, as real exports have it:

- duplicates (about 0.6 %): the same event, distinct_id, time and ``$insert_id`` once more with a later
  ``mp_processing_time_ms``; in some the ``plan`` was corrected from ``free`` to ``plus``, and the copy
  may come before or after the first;
- some events (about 0.15 %) without ``$insert_id``;
- ``quantity`` is a number in most events and a string in some;
- Support Ticket has both ``plan`` and ``Plan``, which differ only in case;
- ``text`` of Write Review holds U+2028, U+0085, emoji and right-to-left text;
- lists, objects, nulls, and ``order_id`` beyond 2^53;
- late events (about 0.4 %, mobile): processed one to four days after they happened;
- ``$device:<uuid>`` distinct_ids before sign-up, and a few events with an empty distinct_id;
- an event name and a property value with HTML and quotes in them;
- events of a day are not in time order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb import lazy

if TYPE_CHECKING:
    from mixpanel_nb.sandbox.dataset.days import FIRST_DAY, LAST_DAY
    from mixpanel_nb.sandbox.dataset.generate import (
        DEFAULT_EVENTS,
        DEFAULT_SEED,
        GENERATOR_VERSION,
        generate_events,
        generate_profiles,
    )
else:
    __getattr__, __dir__ = lazy.names(
        __name__,
        {
            "days": ("FIRST_DAY", "LAST_DAY"),
            "generate": (
                "DEFAULT_EVENTS",
                "DEFAULT_SEED",
                "GENERATOR_VERSION",
                "generate_events",
                "generate_profiles",
            ),
        },
    )

__all__ = [
    "DEFAULT_EVENTS",
    "DEFAULT_SEED",
    "FIRST_DAY",
    "GENERATOR_VERSION",
    "LAST_DAY",
    "generate_events",
    "generate_profiles",
]
