"""Names of what a project defines itself: custom events and custom properties.

``$custom_event:42`` is Mixpanel's own name of a custom event in queries. ``$custom_property:42`` is ours: a
bookmark names a custom property by ``customPropertyId``. So is ``$cohort:42``, a cohort that is saved in
Mixpanel. ``lookup:songs.artist`` is the column ``artist`` of a lookup table of the database.
"""

from __future__ import annotations

import re

CUSTOM_EVENT, CUSTOM_PROPERTY, COHORT = "$custom_event:", "$custom_property:", "$cohort:"
LOOKUP = "lookup:"
_NUMBER = re.compile(r"[0-9]{1,18}")
_EVENTS = re.compile(r"\$custom_event:([0-9]{1,18})(?![0-9])")


def custom_event(name: str | None) -> int | None:
    """The id of the custom event that a name stands for; None for any other event."""
    return _number(name, CUSTOM_EVENT)


def custom_property(name: str | None) -> int | None:
    """The id of the custom property that a name stands for; None for any other property."""
    return _number(name, CUSTOM_PROPERTY)


def saved_cohort(name: str | None) -> int | None:
    """The id of the cohort of Mixpanel that a name stands for; None for any other cohort."""
    return _number(name, COHORT)


def custom_events_in(text: str) -> list[int]:
    """The ids of the custom events that a text names."""
    return [int(number) for number in dict.fromkeys(_EVENTS.findall(text))]


def may_be_same(one: str, other: str) -> bool:
    """Whether one event can be both of these: the same name, or a custom event, which has several."""
    return one == other or custom_event(one) is not None or custom_event(other) is not None


def _number(name: str | None, prefix: str) -> int | None:
    if name is None or not name.startswith(prefix):
        return None
    rest = name.removeprefix(prefix)
    return int(rest) if _NUMBER.fullmatch(rest) else None
