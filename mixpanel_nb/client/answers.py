"""Interpretation of answers: JSON, or one of the package's errors.

The shapes of errors differ by API (Mixpanel's docs and its clients' records): the Query API answers
``{"request", "error"}``, the App API ``{"status": "error", "error"}``, raw export plain text. So a body is
read as JSON first, else as text.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.client.jql import problem_in
from mixpanel_nb.client.retry import TransientFailureError, clock_time_in, local_time_in, requested_wait
from mixpanel_nb.errors import (
    AccessDeniedError,
    APIError,
    AuthenticationError,
    Command,
    ConnectionFailedError,
    NotFoundError,
    PlanError,
    QueryError,
    RateLimitError,
    ServerError,
)
from mixpanel_nb.json_text import parsed
from mixpanel_nb.redaction import Redactor, excerpt
from mixpanel_nb.surrogates import mended

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client.exchange import Answer, ApiCall, NoAnswerError
    from mixpanel_nb.errors import Text

_EXCERPT = 500  # characters of a body, or of a parameter, that an error shows
_MOST_SAID = 10_000  # characters of an explanation that are read
_BAD_CREDENTIALS = re.compile(
    r"unable to authenticate|must pass api secret|invalid (project|api) secret|invalid service account"
    r"|unauthorized",
    re.IGNORECASE,
)
_LOOKBACK = re.compile(r"Date range exceeds (\d{1,6}) days? into the past", re.IGNORECASE)
_HINTS = (
    ("to_date cannot be later than today", "Today is judged in the project's time zone: end a day earlier."),
    (
        "request for page in uncached query",
        "Pass as_of_timestamp: paging with behaviors needs a fixed moment.",
    ),
)


class Interpreter:
    """Turns answers into data or errors, and redacts the credentials' secret.

    Args:
        credentials: The account; errors name it (without the secret) if it is refused.

    Attributes:
        redact: Removes the secret from text.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self.redact = (
            Redactor(credentials.username, credentials.secret.reveal())
            if credentials.tokens is None
            else credentials.tokens.redactor
        )

    def data(self, answer: Answer, call: ApiCall) -> Any:
        """The parsed JSON of a good answer; None for one without content.

        Raises:
            TransientFailureError: A failure that may pass.
            APIError: Any other.
        """
        failure, data = self._judged(answer, call)
        if failure is not None:  # raised here, so that no frame of the error contains the answer
            raise failure
        return data

    def _judged(self, answer: Answer, call: ApiCall) -> tuple[APIError | TransientFailureError | None, Any]:
        """The error that an answer stands for, or None and its data."""
        if not 200 <= answer.status < 300:
            return self.failure(answer, call), None
        if answer.status != 200 and not answer.body.strip():
            return None, None
        if call.as_text:
            return None, _text_of(answer)
        parsed = _parsed(answer.body)
        if parsed is None:
            return self._not_json(answer, call), None
        data = parsed[0]
        if isinstance(data, dict) and _is_error(data.get("error")):
            message = f"Mixpanel refused the query: {self._said(answer)}"
            return self._error(QueryError, message, answer, call), None
        return None, data

    def failure(self, answer: Answer, call: ApiCall) -> APIError | TransientFailureError:
        """The exception for an answer whose status is not a success."""
        said, status = self._said(answer), answer.status
        if 300 <= status < 400:
            return self._redirect(answer, call)
        if status == 401 or (status == 400 and _BAD_CREDENTIALS.search(_text_of(answer))):
            return self._authentication(answer, call)
        if status == 403:
            return self._denied(said, answer, call)
        if status == 429:
            return self._rate_limited(said, answer, call)
        if status >= 500:
            hint = "That is on Mixpanel's side: try again later."
            error = self._error(
                ServerError, f"Mixpanel failed with {status}: {said}", answer, call, hint=hint
            )
            return TransientFailureError(error, requested_wait(answer.headers))
        return self._refused(said, answer, call)

    def no_answer(self, problem: NoAnswerError, call: ApiCall) -> ConnectionFailedError:
        """The error for a request that got no complete answer."""
        host = re.sub(r"^https?://([^/]+).*$", r"\1", call.url)
        return ConnectionFailedError(
            self.redact(f"No answer from {host}: {problem.problem.rstrip('.')}."),
            hint="Look at the network, a proxy, and MP_API_BASE_URL.",
            details=self.details(call),
        )

    def details(self, call: ApiCall, body: str | None = None) -> dict[str, Any]:
        """JSON-safe facts about a call and its answer, without secrets."""
        shown = self.described(call)
        shown["params"] = {name: _excerpt(value) for name, value in shown["params"].items()}
        if "json" in shown:
            shown["json"] = _excerpt(json.dumps(shown["json"], ensure_ascii=False))
        if body is not None:
            shown["body"] = _excerpt(body)
        return shown

    def described(self, call: ApiCall) -> dict[str, Any]:
        """The request: ``method``, ``path`` and ``params`` (of URL and form together), without secrets.

        Where the body was JSON, it is ``json``.
        """
        asked = {**call.params, **(call.data or {})}
        params = {name: self.redact(value) for name, value in asked.items()}
        shown: dict[str, Any] = {"method": call.method, "path": call.path, "params": params}
        if call.json is not None:
            shown["json"] = _redacted(call.json, self.redact)
        return shown

    def _said(self, answer: Answer) -> str:
        """The error message of the answer."""
        text = excerpt(_text_of(answer), _MOST_SAID)
        if text[:1] == "<":
            return "an HTML page"
        text = re.sub(
            r"\s*For more information, please consult our documentation.*", "", text, flags=re.DOTALL
        )
        return _excerpt(text) if text else "(no explanation)"

    def _error(
        self, kind: type[APIError], message: str, answer: Answer, call: ApiCall, *, hint: Text | None = None
    ) -> APIError:
        details = self.details(call, answer.text)
        return kind(_sentence(message), status_code=answer.status, hint=hint, details=details)

    def _refused(self, said: str, answer: Answer, call: ApiCall) -> APIError:
        if answer.status == 412:
            return self._script_failed(answer, call)
        unknown = (APIError, f"Mixpanel answered {answer.status}", None)
        kind, sentence, usual_hint = _REFUSALS.get(answer.status, unknown)
        if answer.status == 402 and call.family == "export":
            sentence, usual_hint = "The project's plan does not include raw export", _WITHOUT_EXPORT
        hint = next((advice for text, advice in _HINTS if text in said), usual_hint)
        return self._error(kind, f"{sentence}: {said}", answer, call, hint=hint)

    def _script_failed(self, answer: Answer, call: ApiCall) -> APIError:
        script = (call.data or call.params).get("script", "")
        problem = problem_in(self.redact(_text_of(answer)), self.redact(script))
        place = "" if problem.line is None else f" in line {problem.line}"
        message = f"The JQL script failed{place}: {_excerpt(problem.reason) or '(no explanation)'}"
        error = self._error(QueryError, message, answer, call)
        known = {"line": problem.line, "context": problem.context}
        error.details.update({name: value for name, value in known.items() if value is not None})
        return error

    def _authentication(self, answer: Answer, call: ApiCall) -> APIError:
        who = self._credentials
        if who.tokens is not None:
            return self._not_signed_in(who.tokens.how, answer, call)
        message = f"Mixpanel does not accept these credentials ({who.username}, region {who.region})"
        hint = ["Check user name, secret and region; `", Command("auth test"), "` asks again."]
        return self._error(AuthenticationError, message, answer, call, hint=hint)

    def _not_signed_in(self, again: Text, answer: Answer, call: ApiCall) -> APIError:
        if call.family == "export":  # seen by Mixpanel's own client: "must pass API secret"
            message = "Mixpanel's raw export does not accept a sign-in by browser"
            again = ["Fetch with a service account: `", Command("auth add NAME"), "`."]
        else:
            message = f"Mixpanel does not accept the sign-in (region {self._credentials.region})"
        return self._error(AuthenticationError, message, answer, call, hint=again)

    def _denied(self, said: str, answer: Answer, call: ApiCall) -> APIError:
        message = f"Mixpanel denies access to project {self._credentials.project_id}: {said}"
        hint = "Check the service account's role in the project."
        lookback = _LOOKBACK.search(said)
        if lookback:
            days = int(lookback[1])
            first = datetime.now(UTC).date() - timedelta(days=days)
            hint = f"This project's plan reaches {days} days back: start on {first} or later."
        error = self._error(AccessDeniedError, message, answer, call, hint=hint)
        if lookback:
            error.details["lookback_days"] = days
        return error

    def _rate_limited(self, said: str, answer: Answer, call: ApiCall) -> TransientFailureError:
        seconds = requested_wait(answer.headers)
        hint = "Try again in a minute." if seconds is None else f"Try again at {clock_time_in(seconds)}."
        error = RateLimitError(
            _sentence(f"Mixpanel takes no more requests for now: {said}"),
            retry_after=seconds,
            status_code=429,
            hint=hint,
            details=self.details(call, answer.text),
        )
        if seconds is not None:
            error.details["retry_at"] = local_time_in(seconds).isoformat(timespec="seconds")
        return TransientFailureError(error, seconds, untouched=True)

    def _redirect(self, answer: Answer, call: ApiCall) -> APIError:
        target = _excerpt(answer.headers.get("location", "nowhere"))
        message = f"Mixpanel answered {answer.status} and points to {target}, which is not followed"
        hint = "Check the region, a proxy, and MP_API_BASE_URL."
        return self._error(APIError, message, answer, call, hint=hint)

    def _not_json(self, answer: Answer, call: ApiCall) -> APIError:
        kind = answer.headers.get("content-type", "no content type")
        message = f"The answer is not JSON but {_excerpt(kind)}"
        hint = "A proxy or a login page may have answered in Mixpanel's place."
        return self._error(ServerError, message, answer, call, hint=hint)


_WITHOUT_EXPORT = "Ask Mixpanel's own reports, without a table, or have the plan of the project changed."
_REFUSALS: dict[int, tuple[type[APIError], str, str | None]] = {
    400: (QueryError, "Mixpanel refused the query", None),
    402: (
        PlanError,
        "The project's plan does not include this API",
        "Raw export may still work: fetch the events and ask the local table.",
    ),
    404: (NotFoundError, "Mixpanel knows no such thing", "Check the name, the id and the project."),
    422: (QueryError, "Mixpanel refused the request", None),
}


def _is_error(value: object) -> bool:
    """Whether the ``error`` of an answer with status 200 is an error.

    ``events/properties/top`` answers with property names as keys, and a property may be called ``error``.
    """
    if isinstance(value, dict):
        return bool(value) and "count" not in value
    return bool(value)


def _text_of(answer: Answer) -> str:
    """The readable part of an error body: ``error`` or ``message`` of a JSON object, else all of it."""
    parsed = _parsed(answer.body)
    if parsed is None or not isinstance(parsed[0], dict):
        return answer.text
    data = parsed[0]
    said = data.get("error") or data.get("message") or ""
    return said if isinstance(said, str) else json.dumps(said)


def _parsed(body: bytes) -> tuple[Any] | None:
    """The parsed JSON of a body, or None if it is not JSON."""
    try:
        return (parsed(mended(body)),)
    except (ValueError, RecursionError):
        return None


def _sentence(message: str) -> str:
    """``message`` with a full stop, unless it ends in one or has several lines."""
    return message if message.endswith((".", "!", "?")) or "\n" in message else f"{message}."


def _excerpt(text: str) -> str:
    return excerpt(text, _EXCERPT)


def _redacted(value: Any, redact: Callable[[str], str]) -> Any:
    """A JSON value, without secrets in its texts and names."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {redact(name): _redacted(each, redact) for name, each in value.items()}
    return [_redacted(each, redact) for each in value] if isinstance(value, list | tuple) else value
