"""The chunks of a fetch: their requests and downloads."""

from __future__ import annotations

import json
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.client.disk_space import DiskSpace
from mixpanel_nb.services.fetch.filters import at_a_moment
from mixpanel_nb.services.fetch.plan import is_settled
from mixpanel_nb.services.fetch.staging import Receipt
from mixpanel_nb.storage import ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import date
    from pathlib import Path

    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.services.fetch.plan import DateRange

    Received = Callable[[int, int], None]


@dataclass(frozen=True)
class EventChunk:
    """Some days of events.

    Attributes:
        span: The days.
        filters: ``events``, ``where`` and ``limit`` of the export.
        zone: The zone these days are of; None is UTC.
    """

    span: DateRange
    filters: Mapping[str, Any]
    zone: str | None = None

    def __str__(self) -> str:
        return str(self.span)

    __hash__ = object.__hash__

    @property
    def days(self) -> int:
        """Days it covers."""
        return self.span.days

    def request(self) -> dict[str, Any]:
        """What is asked, for the name of its file."""
        return {"from_date": str(self.span.first), "to_date": str(self.span.last), **self.filters}

    def is_settled(self, receipt: Receipt) -> bool:
        """Whether a download of that time contains these days completely."""
        return is_settled(self.span.last, receipt.moment, self.zone)

    def entry(self, receipt: Receipt) -> ledger.Chunk:
        """Its entry in the ledger."""
        return _entry(self.filters, receipt, self.span.first, self.span.last)

    def download(
        self, client: MixpanelAPIClient, file: Path, received: Received, stopped: Callable[[], bool]
    ) -> Receipt:
        """Write its events to ``file``, as JSON lines.

        Raises:
            APIError: Mixpanel refused or failed.
            CancelledError: ``stopped`` returned True.
        """
        done = client.download_events(
            from_date=str(self.span.first),
            to_date=str(self.span.last),
            **self.filters,
            destination=file,
            on_progress=received,
            cancelled=stopped,
        )
        received(done.rows, done.bytes_received)
        return Receipt(
            done.rows,
            done.bytes_written,
            done.bytes_received,
            done.requests,
            ledger.now().isoformat(),
            str(source_of(client)),
        )


@dataclass(frozen=True)
class ProfileChunk:
    """All users of one selection.

    Attributes:
        filters: The selection, see ``filters.profile_filters``.
    """

    filters: Mapping[str, Any]

    def __str__(self) -> str:
        return "The profiles"

    __hash__ = object.__hash__

    @property
    def days(self) -> int:
        """Profiles have no days."""
        return 0

    def request(self) -> dict[str, Any]:
        """What is asked, for the name of its file."""
        return {"type": "profiles", **self.filters}

    def is_settled(self, receipt: Receipt) -> bool:
        """Profiles change over time, so a download is never settled."""
        del receipt
        return False

    def entry(self, receipt: Receipt) -> ledger.Chunk:
        """Its entry in the ledger."""
        return _entry(self.filters, receipt, None, None)

    def download(
        self, client: MixpanelAPIClient, file: Path, received: Received, stopped: Callable[[], bool]
    ) -> Receipt:
        """Write its profiles to ``file``, as JSON lines. Errors as in :meth:`EventChunk.download`."""
        rows = size = requests = 0
        room = DiskSpace(file.parent)
        with file.open("wb") as stream:
            for page in client.profile_pages(cancelled=stopped, **at_a_moment(self.filters)):
                if stopped():
                    raise CancelledError
                lines = [json.dumps(profile, ensure_ascii=False) + "\n" for profile in page.results]
                # A lone surrogate cannot be written; it becomes a question mark.
                written = stream.write("".join(lines).encode("utf-8", "replace"))
                room.take(written)
                size += written
                rows, requests = rows + len(lines), requests + 1
                received(rows, size)
        return Receipt(rows, size, size, requests, ledger.now().isoformat(), str(source_of(client)))


FetchChunk = EventChunk | ProfileChunk


@dataclass(frozen=True)
class Staged:
    """A downloaded chunk that waits to be stored."""

    chunk: FetchChunk
    file: Path
    receipt: Receipt


def source_of(client: MixpanelAPIClient) -> ledger.Source:
    """The project of a client."""
    return ledger.Source.at(client.base_url, client.credentials.project_id)


def _entry(
    filters: Mapping[str, Any], receipt: Receipt, first: date | None, last: date | None
) -> ledger.Chunk:
    return ledger.Chunk(
        first, last, ledger.canonical(filters), receipt.rows, receipt.requests, receipt.bytes, receipt.moment
    )
