"""Faults to inject: errors of servers and networks, on demand.

A ``Faults`` object is handed to ``create_app``; rules may be added at any time, from any thread.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from werkzeug.http import http_date
from werkzeug.wrappers import Response

from mixpanel_nb.sandbox.quotas import rate_limited
from mixpanel_nb.sandbox.refusals import RefusedError, error_body, family_of, refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from mixpanel_nb.sandbox.calls import SandboxRequest

FaultKind = Literal[
    "status",
    "rate_limited",
    "html",
    "hang",
    "terminated_early",
    "broken_line",
    "cut",
    "slow",
    "truncate_gzip",
    "wrong_content_length",
]
_PAGE = "<!DOCTYPE html>\n<html><title>Sign in</title><body>Please sign in to the network.</body></html>\n"
_GARBAGE = b'{"event":"Purch\x00\xff'
_GZIP_TAIL = 12  # the checksum, the length, and a little of the data


class ConnectionCutError(ConnectionResetError):
    """Raised into the server to make it drop the connection; an in-process client meets it itself."""


@dataclass(frozen=True)
class FaultRule:
    """What goes wrong, for which requests, how often.

    Attributes:
        kind: ``status``: answer ``status``, ``body``, ``headers``. ``rate_limited``: the real 429, with
            ``retry_after``. ``html``: 200 with a log-in page. ``hang``: wait ``seconds``, then answer
            properly. ``terminated_early``: end an export with that line. ``broken_line``: garbage in
            place of the middle line. ``cut``: drop the connection after ``size`` bytes of the body (0:
            before any answer). ``slow``: wait ``seconds`` before each block of ``size`` bytes.
            ``truncate_gzip``: a proper answer whose gzip stream lacks its end (no effect on a client
            that takes no gzip). ``wrong_content_length``: announce ``size`` bytes too many.
        path_contains: Only requests whose path contains this.
        match: Only requests with these parameters, compared as text.
        times: How often before the rule is used up; None for always.
    """

    kind: FaultKind
    path_contains: str = ""
    match: Mapping[str, str] = field(default_factory=dict)
    times: int | None = 1
    status: int = 500
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    size: int = 1000
    seconds: float = 0.1
    retry_after: float | datetime = 3600


@dataclass
class _Armed:
    rule: FaultRule
    left: int | None


class Faults:
    """The rules in force; the first that matches a request applies to it.

    Attributes:
        fired: The rules that have applied, in order.
    """

    def __init__(self, *rules: FaultRule) -> None:
        self.fired: list[FaultRule] = []
        self._armed = [_Armed(rule, rule.times) for rule in rules]
        self._lock = threading.Lock()
        self._released = threading.Event()

    def add(self, rule: FaultRule) -> None:
        """Put another rule in force, after those already there."""
        with self._lock:
            self._armed.append(_Armed(rule, rule.times))

    def clear(self) -> None:
        """Take all rules out of force."""
        with self._lock:
            self._armed.clear()

    def release(self) -> None:
        """End all waiting, now and in future, so that a server can stop."""
        self._released.set()

    def wait(self, seconds: float) -> None:
        """Sleep, unless released."""
        self._released.wait(seconds)

    def take(self, request: SandboxRequest) -> FaultRule | None:
        """The rule that applies to a request, used up by one."""
        with self._lock:
            for armed in self._armed:
                if armed.left != 0 and _matches(armed.rule, request):
                    if armed.left is not None:
                        armed.left -= 1
                    self.fired.append(armed.rule)
                    return armed.rule
        return None


def _matches(rule: FaultRule, request: SandboxRequest) -> bool:
    return rule.path_contains in request.path and all(
        request.params.get(name) == value for name, value in rule.match.items()
    )


def answer_instead(rule: FaultRule, request: SandboxRequest) -> Response | None:
    """The answer that a rule puts in place of the real one, if it does that."""
    if rule.kind == "status":
        return _status_answer(rule, request)
    if rule.kind == "rate_limited":
        return _rate_limit_answer(rule, request)
    if rule.kind == "html":
        return Response(_PAGE, content_type="text/html; charset=utf-8")
    return None


def corrupt_lines(rule: FaultRule, response: Response) -> None:
    """Damage the text of an answer, before it is compressed."""
    if rule.kind == "terminated_early":
        response.response = _with_last_line(response.iter_encoded(), b"terminated early\n")
    elif rule.kind == "broken_line":
        lines = b"".join(response.iter_encoded()).split(b"\n")
        lines[(len(lines) - 1) // 2] = _GARBAGE
        response.set_data(b"\n".join(lines))


def corrupt_transfer(rule: FaultRule, faults: Faults, response: Response) -> None:
    """Damage the way an answer is sent, after it is compressed."""
    if rule.kind == "cut":
        response.response = _cut_after(response.iter_encoded(), rule.size)
    elif rule.kind == "slow":
        response.response = _slowly(response.iter_encoded(), rule, faults)
    elif rule.kind == "truncate_gzip" and response.headers.get("Content-Encoding") == "gzip":
        response.response = _without_end(response.iter_encoded())
    elif rule.kind == "wrong_content_length":
        data = b"".join(response.iter_encoded())
        response.response = [data]
        response.headers["Content-Length"] = str(len(data) + rule.size)


def _status_answer(rule: FaultRule, request: SandboxRequest) -> Response:
    body = rule.body
    if body is None:
        body = error_body(family_of(request.path), request.target, f"Injected status {rule.status}")
    kind = "application/json" if body.startswith(("{", "[")) else "text/plain"
    return Response(body, rule.status, headers=dict(rule.headers), content_type=kind)


def _rate_limit_answer(rule: FaultRule, request: SandboxRequest) -> Response:
    family, retry_after = family_of(request.path), rule.retry_after
    wait = retry_after.timestamp() - time.time() if isinstance(retry_after, datetime) else retry_after
    project_id = request.params.get("project_id", "")
    refusal: RefusedError = rate_limited(family, project_id, used=60, period=3600, wait=wait)
    if isinstance(retry_after, datetime):
        refusal.headers["Retry-After"] = http_date(retry_after)
    refusal.headers.update(rule.headers)
    return refused(refusal, family, request.target)


def _with_last_line(blocks: Iterable[bytes], line: bytes) -> Iterator[bytes]:
    yield from blocks
    yield line


def _cut_after(blocks: Iterable[bytes], size: int) -> Iterator[bytes]:
    left = size
    for block in blocks:
        if len(block) > left:
            if left:
                yield block[:left]
            break
        yield block
        left -= len(block)
    raise ConnectionCutError("The connection was cut on purpose")


def _slowly(blocks: Iterable[bytes], rule: FaultRule, faults: Faults) -> Iterator[bytes]:
    for block in blocks:
        for start in range(0, len(block), rule.size):
            faults.wait(rule.seconds)
            yield block[start : start + rule.size]


def _without_end(blocks: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for block in blocks:
        held += block
        if len(held) > _GZIP_TAIL:
            yield held[:-_GZIP_TAIL]
            held = held[-_GZIP_TAIL:]
