"""How a list of names looks."""

from __future__ import annotations

from typing import ClassVar

from mixpanel_nb.display import Card, Column, Table
from mixpanel_nb.results import NameList
from mixpanel_nb.views.base import View


class NameListView(View[NameList]):
    """A list of names."""

    shown_rows: ClassVar[int] = 50

    @property
    def remarks(self) -> list[str]:
        """Why there are none, where that is known."""
        return [self.result.remark] if self.result.remark else []

    def card(self, *, max_rows: int | None = None) -> Card:
        """The names under a headline that counts them."""
        del max_rows
        of = f" of {self.result.of}" if self.result.of else ""
        return Card(
            title=f"{len(self.result):,} {self.result.kind}{of}",
            table=Table([Column(self.result.column_names[0], "text")], self.result.tuples())
            if self.result
            else None,
            notes=self.remarks,
            empty=None if self.result else f"There are no {self.result.kind}{of}.",
        )
