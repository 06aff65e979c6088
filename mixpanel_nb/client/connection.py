"""The only module that uses the HTTP library: sends and receives bytes, and translates its exceptions.

The library's exceptions contain the request, and with it the ``Authorization`` header. So each becomes a
`NoAnswerError` that contains only text and is raised after the ``except`` block has ended: no cause or
context leads to the header.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
import time
import weakref
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import httpx

import mixpanel_nb
from mixpanel_nb.client.environment import TLS_FILES, unusable_environment
from mixpanel_nb.client.exchange import Answer, NoAnswerError, Stream
from mixpanel_nb.client.inflate import ACCEPTED, check_encoding, inflated, is_compressed
from mixpanel_nb.client.invalid_body import InvalidBodyError
from mixpanel_nb.redaction import excerpt, redacted

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Generator, Iterator, Mapping

    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client.bearer import Bearer
    from mixpanel_nb.client.exchange import ApiCall
    from mixpanel_nb.redaction import Redactor

T = TypeVar("T")

logger = logging.getLogger(__name__)

CONNECT_TIMEOUT = 15.0
"""Seconds to wait for a connection."""

LARGEST_ANSWER = 256 * 2**20
"""Maximum bytes of an answer that is read at once; a larger one is refused."""

MOST_VALUES = 10_000_000
"""Maximum values in a parsed answer (counted by commas): each takes some 70 bytes of memory."""

LARGEST_EXPLANATION = 2**20
"""Maximum bytes read of an error body."""

_PROBLEM = 500  # characters of a problem of the HTTP library, which may quote a whole header

_HEAD_WITHIN = 1.5  # times the longest silence, in which the head of an answer must have come
_LIBRARY_LOGS = ("connection", "http11", "http2", "proxy", "socks")


def _redact_record(record: logging.LogRecord) -> bool:
    """A filter that redacts what is logged before any handler sees it, and lets it pass."""
    record.msg, record.args = redacted(record.getMessage()), ()
    return True


def _guard_logs() -> None:
    """Redact the logs of this module and of the HTTP library, which logs what servers send."""
    for name in (__name__, "httpx", "httpcore", *(f"httpcore.{part}" for part in _LIBRARY_LOGS)):
        logging.getLogger(name).addFilter(_redact_record)  # once, however often it is added


class Connection:
    """Authenticated HTTP; safe to use from several threads.

    Args:
        credentials: User name and secret for Basic authentication; None sends none.
        redactor: Removes the secret from what servers send.
        transport: Replaces the network, for tests.
        trust_env: Whether proxies of the environment apply.
        bearer: The tokens of a sign-in, in place of the credentials.

    Raises:
        ConnectionFailedError: the environment names a proxy or a file of certificates that cannot be used.
    """

    def __init__(
        self,
        credentials: Credentials | None,
        redactor: Redactor,
        *,
        transport: httpx.BaseTransport | None,
        trust_env: bool,
        bearer: Bearer | None = None,
    ) -> None:
        _guard_logs()
        self._redactor = redactor
        self._bearer = bearer
        self._http = _http(_auth_of(credentials, self._bearer), transport=transport, trust_env=trust_env)
        self._sockets: weakref.WeakSet[socket.socket] = weakref.WeakSet()
        self._lock = threading.Lock()

    def ask(self, call: ApiCall) -> Answer:
        """Send ``call`` and read the whole answer.

        Raises:
            NoAnswerError: There is none.
        """
        with self.stream(call) as stream:
            return stream.answer()

    @contextlib.contextmanager
    def stream(self, call: ApiCall) -> Iterator[Stream]:
        """Send ``call`` and give the answer before its body has been read.

        Raises:
            NoAnswerError: There is no answer, or (while the body is read) it is incomplete.
        """
        started = time.monotonic()
        try:
            if self._bearer is not None:
                self._bearer.prepare()
            response = self._begun(call)
        except NoAnswerError as problem:
            logger.info("%s: %s, after %.2f s", call, problem.problem, time.monotonic() - started)
            raise
        headers = {name.lower(): value for name, value in response.headers.items()}

        def answer() -> Answer:
            body = self._redactor.in_bytes(_body_of(response, call))
            return Answer(response.status_code, headers, body)

        try:
            yield Stream(
                response.status_code, headers, _blocks(response, call), answer, _shows_its_end(response)
            )
        finally:
            response.close()
            taken, size = time.monotonic() - started, response.num_bytes_downloaded
            logger.info("%s: %d, %s bytes in %.2f s", call, response.status_code, f"{size:,}", taken)

    def _begun(self, call: ApiCall) -> httpx.Response:
        """The answer as soon as its headers have arrived, within a time limit.

        The HTTP library only limits the longest silence. So at the time limit every connection is broken;
        other requests in progress are retried.
        """
        overdue = threading.Event()

        def give_up() -> None:
            overdue.set()
            self.abort()

        timer = threading.Timer(_HEAD_WITHIN * call.timeout, give_up)
        timer.name, timer.daemon = "mixpanel_nb-deadline", True
        timer.start()
        try:
            return _translated(lambda: self._http.send(self._request(call), stream=True), call)
        except NoAnswerError as failure:
            problem = failure
        finally:
            timer.cancel()
        raise _too_slow(call) if overdue.is_set() else problem

    def abort(self) -> None:
        """Break every connection, so that threads which wait for bytes stop waiting at once."""
        with self._lock:
            sockets = list(self._sockets)
        for each in sockets:
            # The plain socket's method: the TLS one would change an object another thread is reading from.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _request(self, call: ApiCall) -> httpx.Request:
        return self._http.build_request(
            call.method,
            call.url,
            params=dict(call.params),
            data=_form(call),
            content=None if call.json is None else json.dumps(call.json).encode(),
            headers=None if call.json is None else {"Content-Type": "application/json"},
            timeout=httpx.Timeout(call.timeout, connect=min(CONNECT_TIMEOUT, call.timeout)),
            extensions={"trace": self._note_socket},
        )

    def _note_socket(self, event: str, info: Mapping[str, Any]) -> None:
        """Remember the sockets that are opened, for `abort` (a hook of httpcore's ``trace`` extension)."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            opened = info["return_value"].get_extra_info("socket")
            if isinstance(opened, socket.socket):
                with self._lock:
                    self._sockets.add(opened)


class _BearerAuth(httpx.Auth):
    """Puts the token of a sign-in on each request."""

    def __init__(self, bearer: Bearer) -> None:
        self._bearer = bearer

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._bearer.access().reveal()}"
        yield request


def _auth_of(credentials: Credentials | None, bearer: Bearer | None) -> httpx.Auth | None:
    if bearer is not None:
        return _BearerAuth(bearer)
    return None if credentials is None else httpx.BasicAuth(credentials.username, credentials.secret.reveal())


def _form(call: ApiCall) -> dict[str, str] | None:
    hidden = {name: value.reveal() for name, value in (call.secret_data or {}).items()}
    return None if call.data is None and not hidden else {**(call.data or {}), **hidden}


def _http(auth: httpx.Auth | None, *, transport: httpx.BaseTransport | None, trust_env: bool) -> httpx.Client:
    try:
        return httpx.Client(
            auth=auth,
            headers={"User-Agent": f"mixpanel-nb/{mixpanel_nb.__version__}", "Accept-Encoding": ACCEPTED},
            # Credentials are never sent to another host.
            follow_redirects=False,
            transport=transport,
            trust_env=trust_env,
            verify=_trusted(trust_env, *map(os.environ.get, TLS_FILES)) if transport is None else True,
        )
    except (ImportError, ValueError, OSError, httpx.InvalidURL) as error:
        failure = unusable_environment(error)
    raise failure  # raised here without context, which may contain a proxy's password


@cache
def _trusted(trust_env: bool, *files: str | None) -> ssl.SSLContext:
    """What certificates are checked with, by the environment's files; it takes 15 ms to make."""
    del files
    return httpx.create_ssl_context(trust_env=trust_env)


def _shows_its_end(response: httpx.Response) -> bool:
    """Whether a truncated body can be detected by its length or its final chunk."""
    return (
        "network_stream" not in response.extensions  # no network was used
        or "content-length" in response.headers
        or "chunked" in response.headers.get("transfer-encoding", "").lower()
    )


def _body_of(response: httpx.Response, call: ApiCall) -> bytes:
    """The whole body of an answer; of a failure, as much of the body as can be read.

    Raises:
        NoAnswerError: It was incomplete or late, or is not an answer of Mixpanel's.
    """
    failed = not response.is_success
    try:
        check_encoding(_encoding_of(response))
        body = _whole(response, call, LARGEST_EXPLANATION if failed else LARGEST_ANSWER, cut=failed)
    except InvalidBodyError as flaw:
        problem = flaw
    else:
        return body
    if failed:  # its status is sufficient
        return f"({problem.reason})".encode()
    raise NoAnswerError(problem.reason, permanent=not problem.passing)


def _encoding_of(response: httpx.Response) -> str:
    return "" if response.is_stream_consumed else response.headers.get("content-encoding", "")


def _whole(response: httpx.Response, call: ApiCall, largest: int, *, cut: bool) -> bytes:
    """The inflated body, if it arrives in time; beyond ``largest`` bytes it is ``cut`` or refused."""
    end = time.monotonic() + call.timeout
    blocks, size, values = [], 0, 0
    for block in inflated(_blocks(response, call), promised=is_compressed(_encoding_of(response))):
        blocks.append(block)
        size += len(block)
        values += block.count(b",")
        if size > largest and cut:
            break
        if size > largest:
            raise InvalidBodyError(f"the answer is larger than {largest // 2**20} MB", passing=False)
        if values > MOST_VALUES:
            raise InvalidBodyError(f"the answer holds more than {MOST_VALUES:,} values", passing=False)
        if time.monotonic() > end:
            raise _too_slow(call)
    return b"".join(blocks)


def _too_slow(call: ApiCall) -> NoAnswerError:
    return NoAnswerError(f"the answer was not complete after {call.timeout:g} s", timed_out=True)


def _blocks(response: httpx.Response, call: ApiCall) -> Iterator[bytes]:
    if response.is_stream_consumed:  # a transport may return an answer that it has already read
        yield response.content
        return
    raw = response.iter_raw()
    while (block := _translated(lambda: next(raw, None), call)) is not None:
        yield block


def _translated(action: Callable[[], T], call: ApiCall) -> T:
    """Run ``action``; an exception of the HTTP library becomes a `NoAnswerError`."""
    try:
        return action()
    except httpx.HTTPError as error:
        failure: BaseException = _no_answer(error, call)
    except (httpx.InvalidURL, UnicodeError):  # a label of the host is empty, too long, or no IDNA
        failure = NoAnswerError("the address is not valid", reached=False, permanent=True)
    except KeyboardInterrupt as interrupt:  # drops the library's frames, which contain the header
        failure = interrupt.with_traceback(None)
        failure.__context__ = None
    raise failure


def _no_answer(error: httpx.HTTPError, call: ApiCall) -> NoAnswerError:
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return NoAnswerError(f"no connection within {min(CONNECT_TIMEOUT, call.timeout):g} s", reached=False)
    if isinstance(error, httpx.TimeoutException):
        return NoAnswerError(f"nothing came for {call.timeout:g} s", timed_out=True)
    problem = excerpt(str(error), _PROBLEM) or type(error).__name__
    unreached = isinstance(error, httpx.ConnectError | httpx.ProxyError | httpx.UnsupportedProtocol)
    permanent = isinstance(error, httpx.UnsupportedProtocol) or "CERTIFICATE_VERIFY_FAILED" in problem
    return NoAnswerError(problem, reached=not unreached, permanent=permanent)
