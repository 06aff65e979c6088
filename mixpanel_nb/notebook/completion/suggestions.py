"""Result types of completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Choice(NamedTuple):
    """One completion: the inserted text, and its kind (``event``, ``option``, …)."""

    text: str
    kind: str


@dataclass(frozen=True)
class Offer:
    """Completions at the cursor.

    Attributes:
        fragment: The text before the cursor that they replace.
        choices: The completions, in display order; empty if nothing is known and Python names do not fit
            either.
    """

    fragment: str
    choices: tuple[Choice, ...]


def begins_with(names: Iterable[str], start: str) -> list[str]:
    """The names that begin with ``start``, each once.

    Those in another case come later, and last Mixpanel's own without their ``$``: ``os`` finds ``$os``.
    """
    wanted = start.casefold()

    def places(name: str) -> tuple[bool, bool]:
        return not name.casefold().startswith(wanted), not name.startswith(start)

    found = [name for name in dict.fromkeys(names) if wanted in _beginnings(name, len(wanted))]
    return sorted(found, key=places)


def _beginnings(name: str, length: int) -> tuple[str, str]:
    """The first characters of a name, and of it without its ``$``, all in lower case."""
    folded = name.casefold()
    return folded[:length], folded.removeprefix("$")[:length]


def replacing(offer: Offer, token: str) -> list[str]:
    """The completions as texts that replace ``token``, for IPython before 8.6.

    ``token`` and the fragment end at the cursor. If the fragment is longer, the text before the token stays
        as typed, so completions with a different spelling are left out.
    """
    fragment = offer.fragment
    if len(token) >= len(fragment):
        head = token[: len(token) - len(fragment)]
        return [head + choice.text for choice in offer.choices]
    head = fragment[: len(fragment) - len(token)]
    return [choice.text[len(head) :] for choice in offer.choices if choice.text.startswith(head)]
