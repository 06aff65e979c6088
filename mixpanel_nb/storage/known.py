"""What was read of the catalog, remembered while nothing can have changed it.

A report asks which columns its table has, what was fetched, whether there are identities and annotations; the
next report of the same table asks the same.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

T = TypeVar("T")


class Known:
    """Answers about a database and its session.

    Whoever changes either of them pauses it meanwhile. Not safe to use from several threads at once.
    """

    def __init__(self) -> None:
        self._answers: dict[Hashable, Any] = {}
        self._pauses = 0

    def of(self, key: Hashable, read: Callable[[], T], *, lasts: Callable[[T], bool] = lambda _: True) -> T:
        """The answer that is known by a key, else that of ``read()``.

        Args:
            key: The key.
            read: Reads the answer, which must not be changed afterwards.
            lasts: Whether an answer depends on nothing but this database.
        """
        if key in self._answers:
            known: T = self._answers[key]
            return known
        answer = read()
        if not self._pauses and lasts(answer):
            self._answers[key] = answer
        return answer

    def forget(self) -> None:
        """Forget every answer."""
        self._answers.clear()

    def end(self) -> None:
        """Forget every answer, and remember no other."""
        self._pauses += 1
        self.forget()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Forget every answer, and remember none of the block."""
        self.end()
        try:
            yield
        finally:
            self._pauses -= 1
