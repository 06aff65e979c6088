"""A part of an answer with its path."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ServerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mixpanel_nb.client import QueryAnswer

LARGEST = 2**63 - 1
"""The largest count: the maximum of a DataFrame column."""

_EXCERPT = 60
_HINT = (
    "Mixpanel may answer otherwise than it used to: the client (workspace.api) gives answers as they come."
)


@dataclass(frozen=True)
class Node:
    """A piece of an answer.

    Attributes:
        value: The JSON.
        request: The request.
        path: The keys and indices that lead here.
    """

    value: Any
    request: Mapping[str, Any]
    path: tuple[str | int, ...] = ()

    @classmethod
    def of(cls, asked: QueryAnswer[Any]) -> Node:
        """A whole answer."""
        return cls(asked.data, asked.request)

    def __getitem__(self, key: str) -> Node:
        """The piece at a key.

        Raises:
            ServerError: This is not an object, or has no such key.
        """
        found = self.get(key)
        if found is None:
            raise self.wrong(f"an object with {key!r}")
        return found

    def get(self, key: str) -> Node | None:
        """The part at a key, or None if it is missing or null."""
        value = self.object().get(key)
        return None if value is None else self._at(key, value)

    def items(self) -> Iterator[tuple[str, Node]]:
        """Keys and pieces of an object."""
        return ((key, self._at(key, value)) for key, value in self.object().items())

    def elements(self) -> Iterator[Node]:
        """Pieces of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return (self._at(place, value) for place, value in enumerate(self.value))

    def object(self) -> dict[str, Any]:
        """The value, an object."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        return self.value

    def text(self) -> str:
        """The value, a text."""
        if not isinstance(self.value, str):
            raise self.wrong("text")
        return self.value

    def number(self) -> float:
        """The value, a number."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong("a number")
        return value

    def whole(self) -> int:
        """The value, a valid count of events or users."""
        number = self.number()
        if number != int(number) or abs(number) > LARGEST:
            raise self.wrong("a whole number")
        return int(number)

    def wrong(self, wanted: str) -> ServerError:
        """The error for an unexpected part."""
        found = json.dumps(self.value, ensure_ascii=False)
        excerpt = found if len(found) <= _EXCERPT else f"{found[:_EXCERPT]}…"
        place = f" at {self._place()}" if self.path else ""
        called = str(self.request["path"]).rpartition("/api/query/")[2]
        return ServerError(
            f"The answer of {called} has an unexpected shape: expected {wanted}{place}, found {excerpt}.",
            hint=_HINT,
            details={**self.request, "at": self._place()},
        )

    def _at(self, key: str | int, value: Any) -> Node:
        return Node(value, self.request, (*self.path, key))

    def _place(self) -> str:
        """``data.values["Sign Up"][0]``."""
        parts = [
            f".{key}" if isinstance(key, str) and key.isidentifier() else f"[{json.dumps(key)}]"
            for key in self.path
        ]
        return "".join(parts).removeprefix(".")
