"""Annotations: what the users of a project noted at moments of its timeline."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from mixpanel_nb.results.base import RowsResult
from mixpanel_nb.results.tables import _ItemList

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class Annotation:
    """One annotation.

    Attributes:
        id: Mixpanel's id of it.
        date: When it is about, in the time zone of the report or the project.
        description: Its text.
        tags: The names of its tags.
        author: Who wrote it; None where Mixpanel does not say.
    """

    id: int
    date: datetime
    description: str
    tags: tuple[str, ...] = ()
    author: str | None = None


@dataclass(frozen=True, repr=False)
class AnnotationList(_ItemList[Annotation], RowsResult):
    """The annotations of a project, by their date: a sequence of ``Annotation``."""

    item_columns: ClassVar[tuple[str, ...]] = tuple(f.name for f in dataclasses.fields(Annotation))
    annotations: tuple[Annotation, ...] = ()

    def _items(self) -> tuple[Annotation, ...]:
        return self.annotations
