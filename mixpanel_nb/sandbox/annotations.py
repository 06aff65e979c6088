"""The annotations of a running sandbox: those of its data set, and clients' changes.

Changes are kept in memory only.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.saved.kinds import Annotation

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    Tag = tuple[int, str]


class Annotations:
    """Annotations and their tags; safe to use from several threads.

    Args:
        saved: What there is to begin with.
    """

    def __init__(self, saved: Iterable[Annotation]) -> None:
        self._found = {annotation.id: annotation for annotation in saved}
        self._tags = dict(tag for annotation in self._found.values() for tag in annotation.tags)
        self._last_id = max(self._found, default=0)
        self._last_tag = max(self._tags, default=0)
        self._lock = threading.Lock()

    def all(self) -> list[Annotation]:
        """Every annotation, by its moment."""
        with self._lock:
            return sorted(self._found.values(), key=lambda found: (found.moment, found.id))

    def find(self, number: int) -> Annotation | None:
        """The annotation with this id, or None."""
        with self._lock:
            return self._found.get(number)

    def add(self, moment: datetime, description: str, tags: Sequence[Tag]) -> Annotation:
        """Make an annotation (its moment in UTC)."""
        with self._lock:
            self._last_id += 1
            self._found[self._last_id] = Annotation(self._last_id, moment, description, tuple(tags))
            return self._found[self._last_id]

    def change(
        self, number: int, moment: datetime | None, description: str | None, tags: Sequence[Tag] | None
    ) -> Annotation | None:
        """Change what is not None of an annotation; None if there is no such annotation."""
        with self._lock:
            known = self._found.get(number)
            if known is None:
                return None
            self._found[number] = replace(
                known,
                moment=known.moment if moment is None else moment,
                description=known.description if description is None else description,
                tags=known.tags if tags is None else tuple(tags),
            )
            return self._found[number]

    def remove(self, number: int) -> bool:
        """Remove an annotation; False if there is no such annotation."""
        with self._lock:
            return self._found.pop(number, None) is not None

    def tags(self) -> list[Tag]:
        """Every tag, by its id."""
        with self._lock:
            return sorted(self._tags.items())

    def add_tag(self, name: str) -> Tag:
        """Make a tag; the one of this name, if there is one."""
        with self._lock:
            for number, known in self._tags.items():
                if known == name:
                    return number, name
            self._last_tag += 1
            self._tags[self._last_tag] = name
            return self._last_tag, name
