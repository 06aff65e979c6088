"""``FetchStore``: what a fetch needs of the place that it fills, a database or a lake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

    from mixpanel_nb.storage import Chunk, TableMetadata
    from mixpanel_nb.storage.parallel import Feed
    from mixpanel_nb.storage.schema import PropertyColumn


class FetchStore(Protocol):
    """Tables that a fetch fills. ``StorageEngine`` describes the methods."""

    @property
    def on_wait(self) -> Callable[[str], None] | None:
        """Called with a sentence when the fetch waits for another process."""

    @on_wait.setter
    def on_wait(self, value: Callable[[str], None] | None) -> None: ...

    @property
    def beside(self) -> Path:
        """The file or folder beside which downloads wait until they are stored."""

    def check_writable(self) -> None:
        """Check before any work that tables can be written."""

    def table_exists(self, name: str) -> bool:
        """Whether there is such a table."""

    def get_metadata(self, table: str) -> TableMetadata:
        """What is recorded of a table."""

    def metadata_or_none(self, table: str) -> TableMetadata | None:
        """What is recorded of a table, or None."""

    def chunks(self, table: str) -> list[Chunk]:
        """The fetched chunks of a table."""

    def property_columns(self, table: str) -> list[PropertyColumn]:
        """The typed columns of a table."""

    def row_count(self, table: str) -> int:
        """The rows of a table."""

    def rows_per_day(self, table: str, since: date, until: date, zone: str | None = None) -> dict[date, int]:
        """The events per day of a table."""

    def load_all(self, feed: Feed) -> None:
        """Store the batches of a feed, each with its ledger entries, all or nothing."""

    def mark(
        self,
        table: str,
        *,
        complete: bool,
        request: Mapping[str, Any] | None = None,
        timezone: str | None = None,
    ) -> None:
        """Record whether the last fetch of a table is complete."""

    def discard(self, name: str) -> None:
        """Drop an unfinished replacement."""

    def swap(self, new: str, name: str) -> None:
        """Put a replacement in the place of a table."""
