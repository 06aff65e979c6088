"""One request from start to end: quota, sending, meaning, and asking again."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.client.exchange import NoAnswerError
from mixpanel_nb.client.quota import Lease
from mixpanel_nb.client.regions import is_loopback
from mixpanel_nb.client.retry import Persistence, TransientFailureError, never, requested_wait

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import httpx

    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client.answers import Interpreter
    from mixpanel_nb.client.connection import Connection
    from mixpanel_nb.client.exchange import ApiCall, Stream
    from mixpanel_nb.client.quota import QuotaLedger
    from mixpanel_nb.client.retry import Wait
    from mixpanel_nb.errors import APIError

T = TypeVar("T")

_UNCOUNTED_STATUSES = (401, 402, 429)
"""Answers that Mixpanel does not count against the quota (as its own client has it)."""


class RequestRunner:
    """What all requests of a client share.

    Args:
        credentials: Who asks.
        base_url: Address of the API host; with the project it is the key of the quota.
        interpreter: Gives answers their meaning.
        ledger: Paces requests, or None for no pacing.
        persistence: How patiently to ask again.
        transport: Replaces the network, for tests.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        base_url: str,
        interpreter: Interpreter,
        ledger: QuotaLedger | None,
        persistence: Persistence,
        transport: httpx.BaseTransport | None,
    ) -> None:
        self.interpreter = interpreter
        self._credentials = credentials
        self._base_url = base_url
        self._ledger = ledger
        self._persistence = persistence
        self._transport = transport
        self._lock = threading.Lock()
        self._opened: Connection | None = None

    def json(self, call: ApiCall, *, counted: bool, cancelled: Callable[[], bool] = never) -> Any:
        """The JSON that ``call`` is answered with.

        Raises:
            APIError: It failed, also after asking again.
            CancelledError: ``cancelled`` said so, before an attempt or during a wait.
        """
        # A change of the App API that broke off may have been made: only questions are asked again blindly.
        repeatable = call.method == "GET" or call.family != "app"
        persistence = self.persistence(cancelled=cancelled, repeatable=repeatable)
        return persistence.run(lambda: self._ask(call, counted, cancelled))

    @contextlib.contextmanager
    def open(self, call: ApiCall, cancelled: Callable[[], bool] = never) -> Iterator[Stream]:
        """The answer to ``call``, of status 200, before its body has been read. Tries once.

        Raises:
            TransientFailureError: A failure that may pass.
            APIError: Any other.
            NoAnswerError: While the body is read: it broke off.
        """
        with self._lease(call, counted=True, cancelled=cancelled) as lease, contextlib.ExitStack() as stack:
            connection = self._connection()
            stream = self._answered(lambda: stack.enter_context(connection.stream(call)), call, lease)
            self._tell(lease, stream.status, stream.headers)
            if stream.status != 200:
                raise self.interpreter.failure(self._answered(stream.answer, call, lease), call)
            yield stream

    def persistence(self, *, cancelled: Callable[[], bool] = never, repeatable: bool = True) -> Persistence:
        """The client's persistence, for one piece of work."""
        each = self._persistence
        return Persistence(each.max_retries, each.max_wait, each.base, each.on_wait, cancelled, repeatable)

    def listen(self, on_wait: Callable[[Wait], None] | None) -> None:
        """Tell waits to another listener from now on; work that has begun keeps the one it has."""
        self._persistence = replace(self._persistence, on_wait=on_wait)

    @property
    def on_wait(self) -> Callable[[Wait], None] | None:
        """Who is told of waits."""
        return self._persistence.on_wait

    def prepare(self) -> None:
        """Load the HTTP library, which otherwise the first request does."""
        self._connection()

    def abort(self) -> None:
        """Break every answer that is being read by another thread."""
        if self._opened is not None:
            self._opened.abort()

    def close(self) -> None:
        """Give the connections back; a later request opens new ones."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _ask(self, call: ApiCall, counted: bool, cancelled: Callable[[], bool]) -> Any:
        with self._lease(call, counted=counted, cancelled=cancelled) as lease:
            connection = self._connection()
            answer = self._answered(lambda: connection.ask(call), call, lease)
            self._tell(lease, answer.status, answer.headers)
            return self.interpreter.data(answer, call)

    def _connection(self) -> Connection:
        from mixpanel_nb.client.connection import Connection  # loads the HTTP library on the first request

        with self._lock:
            if self._opened is None:
                trust_env = not is_loopback(self._base_url)  # a proxy cannot reach this machine's loopback
                self._opened = Connection(
                    self._credentials,
                    self.interpreter.redact,
                    transport=self._transport,
                    trust_env=trust_env,
                )
            return self._opened

    def _lease(self, call: ApiCall, *, counted: bool, cancelled: Callable[[], bool]) -> Lease:
        if self._ledger is None or call.family == "app":
            return Lease()
        return self._ledger.acquire(
            f"{self._base_url} {self._credentials.project_id}",
            call.family,
            counted=counted,
            max_wait=self._persistence.max_wait,
            on_wait=self._persistence.on_wait,
            cancelled=cancelled,
        )

    def _tell(self, lease: Lease, status: int, headers: Mapping[str, str]) -> None:
        """Report to the ledger what an answer says about the quota."""
        lease.announced(headers)
        if status in _UNCOUNTED_STATUSES:
            lease.forget()
        if status == 429 and (seconds := requested_wait(headers)):
            lease.refused(seconds)

    def _answered(self, action: Callable[[], T], call: ApiCall, lease: Lease) -> T:
        """What ``action`` returns; a missing answer becomes an error of the package."""
        try:
            return action()
        except NoAnswerError as problem:
            failure = self._unanswered(problem, call, lease)
        raise failure

    def _unanswered(
        self, problem: NoAnswerError, call: ApiCall, lease: Lease
    ) -> APIError | TransientFailureError:
        if not problem.reached:
            lease.forget()
        error = self.interpreter.no_answer(problem, call)
        # A query that ran out of time would most likely do so again, and cost another piece of the quota.
        if problem.permanent or (problem.timed_out and call.family != "export"):
            return error
        return TransientFailureError(error, untouched=not problem.reached)
