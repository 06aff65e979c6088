"""Lists of names: events, properties, property values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.results.base import RowsResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


_COLUMN_OF = {"events": "event", "properties": "property", "values": "value"}


class NameList(list[str], RowsResult):
    """A list of names that is shown as a table; in every other way it is the list.

    Args:
        kind: What is listed, in the plural: ``events``, ``properties``, ``values``…
        names: The names.
        of: What they belong to, such as the event whose properties these are.
        remark: Why there are none.
    """

    def __init__(
        self,
        kind: str = "names",
        names: Iterable[str] = (),
        *,
        of: str | None = None,
        remark: str | None = None,
    ) -> None:
        super().__init__(names)
        self.kind = kind
        self.of = of
        self.remark = remark

    __repr__ = RowsResult.__repr__  # list's own comes first in the order of bases

    @property
    def column_names(self) -> list[str]:
        """One column: ``event``, ``property``, ``value`` or ``name``."""
        return [_COLUMN_OF.get(self.kind, "name")]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a name."""
        return [(name,) for name in self]

    @property
    def df(self) -> pd.DataFrame:
        """The names as a DataFrame of one column, built anew each time, since a list can change."""
        return self._frame()

    def to_dict(self) -> dict[str, Any]:
        """``kind``, ``of`` and ``names``."""
        return {"kind": self.kind, "of": self.of, "names": list(self)}
