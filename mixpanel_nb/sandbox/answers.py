"""Successful answers: JSON or CSV, and gzip if the client accepts it."""

from __future__ import annotations

import csv
import io
import json
import zlib
from typing import TYPE_CHECKING, Any

from werkzeug.wrappers import Response

from mixpanel_nb.sandbox.wire import series_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from werkzeug.wrappers import Request

_GZIP_FROM_BYTES = 1400  # smaller bodies are sent as they are (Mixpanel's docs, raw data export)
_FAST = 1
_GZIP_FORMAT = 31


def json_answer(data: Any, status: int = 200) -> Response:
    """An answer with JSON."""
    return text_answer(json.dumps(data, ensure_ascii=False), status)


def text_answer(text: str, status: int = 200) -> Response:
    """An answer with JSON text; lone surrogates, as JavaScript makes them, are escaped."""
    return Response(text.encode("utf-8", "backslashreplace"), status=status, content_type="application/json")


def csv_answer(rows: Iterable[Iterable[Any]]) -> Response:
    """A 200 with CSV, the first row of which is the header."""
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    body = text.getvalue().encode("utf-8", "backslashreplace")
    return Response(body, content_type="text/csv; charset=utf-8")


def over_time(found: Mapping[str, Any], *, as_csv: bool) -> Response:
    """Counts over time, as ``wire.series`` gives them: unchanged in JSON, one row per bucket in CSV."""
    return csv_answer(series_rows(found)) if as_csv else json_answer(found)


def packed(request: Request, response: Response) -> Response:
    """The response, gzip-compressed if the client accepts that and the body is worth it; still streaming."""
    if response.status_code != 200:
        return response
    rest = iter(response.iter_encoded())
    first, complete = _first_bytes(rest)
    if complete and len(first) <= _GZIP_FROM_BYTES:
        response.set_data(first)
        return response
    response.headers["Vary"] = "Accept-Encoding"
    if not request.accept_encodings.quality("gzip"):
        response.response = _chained(first, rest)
        return response
    response.headers["Content-Encoding"] = "gzip"
    response.headers.pop("Content-Length", None)
    response.response = _gzipped(_chained(first, rest))
    return response


def _first_bytes(blocks: Iterator[bytes]) -> tuple[bytes, bool]:
    """The beginning of a body, and whether that is all of it."""
    first = b""
    for block in blocks:
        first += block
        if len(first) > _GZIP_FROM_BYTES:
            return first, False
    return first, True


def _chained(first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _gzipped(blocks: Iterable[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(_FAST, zlib.DEFLATED, _GZIP_FORMAT)
    for block in blocks:
        packed_block = packer.compress(block)
        if packed_block:
            yield packed_block
    yield packer.flush()
