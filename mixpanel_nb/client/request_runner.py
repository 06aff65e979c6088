"""One request from start to end: quota, sending, interpretation, and retries."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from mixpanel_nb.client.bearer import bearer_of
from mixpanel_nb.client.exchange import NoAnswerError
from mixpanel_nb.client.quota import Lease
from mixpanel_nb.client.regions import is_loopback
from mixpanel_nb.client.retry import Persistence, TransientFailureError, exhausted_for, never, requested_wait
from mixpanel_nb.errors import AuthenticationError

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
"""Answers that Mixpanel does not count against the quota (as in its own client)."""


class RequestRunner:
    """Runs the requests of a client.

    Args:
        credentials: The account.
        base_url: Address of the API host; with the project it is the key of the quota.
        interpreter: Interprets answers.
        ledger: Paces requests, or None for no pacing.
        persistence: The retry policy.
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
        self._bearer = bearer_of(credentials, base_url, transport)

    def json(
        self,
        call: ApiCall,
        *,
        counted: bool,
        cancelled: Callable[[], bool] = never,
        once: bool = False,
    ) -> Any:
        """The JSON that ``call`` is answered with; ``once`` for one attempt and no wait.

        Raises:
            APIError: It failed, also after retries.
            CancelledError: ``cancelled`` returned True before an attempt or during a wait.
        """
        # A broken request may have changed something in the App API: only reads are retried unconditionally.
        repeatable = call.method == "GET" or call.family != "app"
        persistence = self.persistence(cancelled=cancelled, repeatable=repeatable)
        if once:
            persistence = replace(persistence, max_retries=0)
        return persistence.run(lambda: self._ask(call, counted, cancelled))

    @contextlib.contextmanager
    def open(self, call: ApiCall, cancelled: Callable[[], bool] = never) -> Iterator[Stream]:
        """The answer to ``call``, of status 200, before its body has been read. Tries once.

        Raises:
            TransientFailureError: A failure that may pass.
            APIError: Any other.
            NoAnswerError: The connection broke while the body was read.
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
        """Set the listener of waits; work in progress keeps its listener."""
        self._persistence = replace(self._persistence, on_wait=on_wait)

    @property
    def on_wait(self) -> Callable[[Wait], None] | None:
        """The listener that is called with each wait."""
        return self._persistence.on_wait

    def prepare(self) -> None:
        """Load the HTTP library, which the first request would do otherwise."""
        self._connection()

    def abort(self) -> None:
        """Abort all answers that other threads are reading."""
        if self._opened is not None:
            self._opened.abort()

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.close()

    def _ask(self, call: ApiCall, counted: bool, cancelled: Callable[[], bool]) -> Any:
        if self._bearer is None:
            return self._ask_once(call, counted, cancelled)
        self._bearer.prepare()
        used = self._bearer.current()
        try:
            return self._ask_once(call, counted, cancelled)
        except AuthenticationError as error:
            refused = error
        # Raised here, so that the error has no context with frames.
        if not self._bearer.renew(used):
            raise refused
        return self._ask_once(call, counted, cancelled)

    def _ask_once(self, call: ApiCall, counted: bool, cancelled: Callable[[], bool]) -> Any:
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
                    bearer=self._bearer,
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
        """Report the quota information of an answer to the ledger."""
        lease.announced(headers)
        if status in _UNCOUNTED_STATUSES:
            lease.forget()
        seconds = (
            requested_wait(headers)
            if status == 429
            else exhausted_for(headers.get("ratelimit"), only="project")
        )
        if seconds:
            lease.refused(seconds)

    def _answered(self, action: Callable[[], T], call: ApiCall, lease: Lease) -> T:
        """Run ``action``; a missing answer becomes an error of the package."""
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
        # A query that timed out would most likely do so again, and cost more of the quota.
        if problem.permanent or (problem.timed_out and call.family != "export"):
            return error
        return TransientFailureError(error, untouched=not problem.reached)
