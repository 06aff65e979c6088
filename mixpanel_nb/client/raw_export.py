"""Raw export: events straight to a file, or one by one."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mixpanel_nb.client.disk_space import DiskSpace
from mixpanel_nb.client.exchange import NoAnswerError
from mixpanel_nb.client.inflate import check_encoding, inflated
from mixpanel_nb.client.invalid_body import InvalidBodyError
from mixpanel_nb.client.lines import LineCheck, events_in
from mixpanel_nb.client.retry import TransientFailureError, never, stop_if
from mixpanel_nb.errors import APIError, IncompleteExportError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from pathlib import Path

    from mixpanel_nb.client.exchange import ApiCall, Stream
    from mixpanel_nb.client.request_runner import RequestRunner

T = TypeVar("T")

_STALLED_BELOW = 1000  # minimum bytes per longest silence; a slower export counts as stalled


@dataclass(frozen=True)
class Download:
    """An export that is complete on disk.

    Attributes:
        path: Plain JSONL, one event per line; the last line may lack its newline.
        rows: Events in it.
        bytes_received: Bytes that came over the network (compressed) in the attempt that succeeded.
        bytes_written: Size of the file.
        requests: HTTP requests it took, retries included.
    """

    path: Path
    rows: int
    bytes_received: int
    bytes_written: int
    requests: int


class _Counts(NamedTuple):
    rows: int
    received: int
    written: int


class _Meter:
    """Passes a body on, counts its bytes, and stops it if the work is cancelled or nearly stalls."""

    def __init__(self, blocks: Iterator[bytes], call: ApiCall, cancelled: Callable[[], bool] = never) -> None:
        self.received = 0
        self._blocks = blocks
        self._silence = call.timeout
        self._cancelled = cancelled

    def __iter__(self) -> Iterator[bytes]:
        waited, before = 0.0, 0  # seconds of waiting only, without the consumer's time
        blocks = iter(self._blocks)
        while True:
            started = time.monotonic()
            block = next(blocks, None)
            if block is None:
                return
            stop_if(self._cancelled)
            self.received += len(block)
            waited += time.monotonic() - started
            if waited >= self._silence:
                if self.received - before < _STALLED_BELOW:
                    raise InvalidBodyError(f"only {self.received - before} bytes came in {self._silence:g} s")
                waited, before = 0.0, self.received
            yield block


class _Progress:
    """Reports the progress of a download; the numbers never decrease, although a retry starts again."""

    def __init__(self, listener: Callable[[int, int], None] | None) -> None:
        self._listener = listener
        self._rows = 0
        self._received = 0

    def tell(self, rows: int, received: int) -> None:
        if self._listener is not None:
            self._rows, self._received = max(rows, self._rows), max(received, self._received)
            self._listener(self._rows, self._received)


def download(
    runner: RequestRunner,
    call: ApiCall,
    destination: Path,
    *,
    on_progress: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool],
) -> Download:
    """Write the export that answers ``call`` to ``destination``, with retries if it is incomplete.

    Raises:
        IncompleteExportError: Each attempt ended early, or the answer is not an export.
        APIError: Mixpanel refused, or could not be reached.
        CancelledError: ``cancelled`` returned True.
    """
    part = destination.with_name(f"{destination.name}.part")
    progress = _Progress(on_progress)
    requests = 0

    def attempt() -> _Counts:
        nonlocal requests
        requests += 1
        return _download_once(runner, call, part, progress, cancelled)

    try:
        counts = runner.persistence(cancelled=cancelled).run(attempt)
        part.replace(destination)
    except APIError as error:
        error.details.update(_range_of(call))
        raise
    finally:
        part.unlink(missing_ok=True)
    return Download(destination, counts.rows, counts.received, counts.written, requests)


def _download_once(
    runner: RequestRunner, call: ApiCall, part: Path, progress: _Progress, cancelled: Callable[[], bool]
) -> _Counts:
    written = 0
    with runner.open(call, cancelled) as stream, part.open("wb") as file:
        check, meter, room = LineCheck(), _Meter(stream.blocks, call, cancelled), DiskSpace(part.parent)
        for block in _guarded(runner, call, _checked(_plain(stream, meter), check)):
            written += file.write(block)
            room.take(len(block))
            progress.tell(check.rows, meter.received)
    progress.tell(check.rows, meter.received)  # the last line may have counted only at the end
    return _Counts(check.rows, meter.received, written)


def _checked(blocks: Iterator[bytes], check: LineCheck) -> Iterator[bytes]:
    for block in blocks:
        check.feed(block)
        yield block
    check.finish()


def events(runner: RequestRunner, call: ApiCall) -> Iterator[dict[str, Any]]:
    """The events that answer ``call``, one by one.

    Retries only before the first event, so that none is yielded twice.

    Raises:
        IncompleteExportError: The stream broke, or contains something that is not an event.
        APIError: Mixpanel refused, or could not be reached.
    """

    def begin() -> tuple[dict[str, Any] | None, Generator[dict[str, Any], None, None]]:
        stream = _events_once(runner, call)
        return next(stream, None), stream

    try:
        first, rest = runner.persistence().run(begin)
        if first is not None:
            with contextlib.closing(rest):
                yield first
                yield from _without_retry(rest)
    except APIError as error:
        error.details.update(_range_of(call))
        raise


def _events_once(runner: RequestRunner, call: ApiCall) -> Generator[dict[str, Any], None, None]:
    with runner.open(call) as stream:
        yield from _guarded(runner, call, events_in(_plain(stream, _Meter(stream.blocks, call))))


def _plain(stream: Stream, meter: _Meter) -> Iterator[bytes]:
    """The decompressed bytes of an export whose end is detectable.

    Compression does not suffice: a gzip stream may have several members, and one cut between two of them
    looks complete.
    """
    check_encoding(stream.headers.get("content-encoding", ""))
    if not stream.shows_its_end:
        reason = "neither a length nor a final chunk would show where it ends (is there an old proxy?)"
        raise InvalidBodyError(reason, passing=False)
    yield from inflated(meter)


def _without_retry(items: Iterator[T]) -> Iterator[T]:
    """The items; a transient failure is final here."""
    try:
        yield from items
        return
    except TransientFailureError as failure:
        error = failure.error
    raise error


def _guarded(runner: RequestRunner, call: ApiCall, items: Iterator[T]) -> Iterator[T]:
    """The items of a body; an invalid or broken body becomes an `IncompleteExportError`."""
    try:
        yield from items
        return
    except InvalidBodyError as flaw:
        reason, passing = flaw.reason, flaw.passing
    except NoAnswerError as problem:
        reason, passing = f"the connection broke ({problem.problem.rstrip('.')})", True
    error = _incomplete(runner, call, reason)
    raise TransientFailureError(error) if passing else error


def _incomplete(runner: RequestRunner, call: ApiCall, reason: str) -> IncompleteExportError:
    first, last = call.params["from_date"], call.params["to_date"]
    return IncompleteExportError(
        runner.interpreter.redact(f"The export of {first} to {last} is not complete: {reason}."),
        hint="Try again, or ask for fewer days at once.",
        details=runner.interpreter.details(call),
    )


def _range_of(call: ApiCall) -> dict[str, str]:
    return {"from_date": call.params["from_date"], "to_date": call.params["to_date"]}
