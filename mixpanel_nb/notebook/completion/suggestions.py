"""What is offered at a key press."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable


class Choice(NamedTuple):
    """One completion: the text that is put in, and what it is (``event``, ``option``, …)."""

    text: str
    kind: str


@dataclass(frozen=True)
class Offer:
    """Completions at the cursor.

    Attributes:
        fragment: The text before the cursor whose place they take.
        choices: The completions, in the order in which they are shown; none where nothing is known that
            could stand there, and Python's names could not either.
    """

    fragment: str
    choices: tuple[Choice, ...]


def begins_with(names: Iterable[str], start: str) -> list[str]:
    """The names that begin with ``start``, each once; those that do so in another case come last."""
    wanted = start.casefold()
    found = [name for name in dict.fromkeys(names) if name.casefold().startswith(wanted)]
    return sorted(found, key=lambda name: not name.startswith(start))


def replacing(offer: Offer, token: str) -> list[str]:
    """The completions as texts that take the place of ``token``, as IPython before 8.6 wants them.

    ``token`` and the fragment end at the cursor. Where the fragment is longer, what is before the token
    stays as it was typed, so completions that spell that otherwise are left out.
    """
    fragment = offer.fragment
    if len(token) >= len(fragment):
        head = token[: len(token) - len(fragment)]
        return [head + choice.text for choice in offer.choices]
    head = fragment[: len(fragment) - len(token)]
    return [choice.text[len(head) :] for choice in offer.choices if choice.text.startswith(head)]
