"""The errors of the package, in one tree.

::

    MixpanelDataError
    ├── ConfigError                 no usable account or configuration
    │   ├── AccountNotFoundError
    │   └── AccountExistsError
    ├── ParameterError              a parameter that cannot be used, with its name
    ├── ChartError                  a result that has no chart, or rows that make none
    ├── APIError                    Mixpanel's answer, or the lack of one
    │   ├── AuthenticationError     401, or 400 "Unable to authenticate request"
    │   ├── AccessDeniedError       403: permission, or a date range the plan does not reach
    │   ├── PlanError               402: the plan does not include this API
    │   ├── NotFoundError           404
    │   ├── RateLimitError          429, or the quota ledger says so beforehand
    │   ├── QueryError              Mixpanel or DuckDB refuses the query: a 400, a script or SQL that fails
    │   ├── ServerError             5xx
    │   ├── ConnectionFailedError   no answer at all
    │   └── IncompleteExportError   a stream that ended early, or is not the requested one
    ├── StorageError                the local database
    │   ├── TableExistsError
    │   ├── TableNotFoundError
    │   └── DatabaseLockedError
    └── ExpressionError             a mistake in a Mixpanel expression, with its position

No error contains a secret: its text passes through `redaction` first.
"""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Any, Self

from mixpanel_nb.redaction import redacted, redacted_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Text = str | Sequence[str]

_IN_HELP = re.compile(r"\{mp (?P<words>[^{}]+)\}")


class Word(str):
    """A parameter within a message, alone or with a value: ``from_date``, ``table="events"``.

    An interface replaces it by what its users type: ``--from``, ``--table events``.

    Attributes:
        parameter: The parameter, by its name in the library.
        value: The value, or None for the parameter alone.
    """

    parameter: str
    value: str | int | None

    def __new__(cls, parameter: str, value: str | int | None = None) -> Self:
        """The text for users of the library."""
        word = super().__new__(cls, parameter if value is None else f"{parameter}={_literal(value)}")
        word.parameter, word.value = parameter, value
        return word

    def typed_as(self, option: str) -> str:
        """The text if the parameter is typed as ``option``."""
        if self.value is None or self.value is True:
            return option
        return f"{option} {_quoted(str(self.value))}"


class Command(str):
    """A command within a message: ``mp tables``, ``mp auth test shop``.

    A notebook replaces it by its magic: ``%mp_tables``.

    Attributes:
        name: The command, or its group.
    """

    name: str

    def __new__(cls, words: str) -> Self:
        """The text typed in a terminal, from the words after ``mp``."""
        command = super().__new__(cls, f"mp {words}")
        command.name = words.split(" ", 1)[0]
        return command

    def typed_as(self, name: str) -> str:
        """The text if its name is typed as ``name``."""
        return name + self.removeprefix(f"mp {self.name}")


class MixpanelDataError(Exception):
    """Base of every error that this package raises deliberately.

    Args:
        message: One line that says what is wrong, in parts if it names parameters (``Word``) or commands
            (``Command``).
        hint: One line that says what to do about it, likewise.
        details: JSON-safe facts for programs (no secrets).

    Example:
        >>> from mixpanel_nb import MixpanelDataError
        >>> try:
        ...     ws.schema("event")
        ... except MixpanelDataError as error:
        ...     print(error.code, error.message, error.hint)
        TABLE_NOT_FOUND There is no table 'event'. Did you mean 'events'?
    """

    code = "MIXPANEL_DATA_ERROR"

    def __init__(
        self, message: Text, *, hint: Text | None = None, details: dict[str, Any] | None = None
    ) -> None:
        super().__init__()
        self._pieces: tuple[Text, Text | None] = message, hint
        self.details: dict[str, Any] = redacted_data(dict(details or {}))
        self.word({}, {})

    def word(self, words: Mapping[str, str], commands: Mapping[str, str]) -> None:
        """Replace parameters and commands by an interface's wording; those without one stay.

        Args:
            words: The typed form of a parameter: ``--from`` for ``from_date``.
            commands: The typed form of a command: ``%mp_tables`` for ``tables``.
        """
        message, hint = self._pieces
        message = _said(message, words, commands)
        hint = None if hint is None else _said(hint, words, commands)
        self._pieces = message, hint
        self.message: str = redacted("".join(message))
        self.hint: str | None = None if hint is None else redacted("".join(hint))
        self.args = (self.message,)

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message

    def to_dict(self) -> dict[str, Any]:
        """The error as JSON-safe data: ``code``, ``message``, ``hint``, ``details``."""
        return {"code": self.code, "message": self.message, "hint": self.hint, "details": self.details}


class ConfigError(MixpanelDataError):
    """Accounts or configuration are missing, unreadable or contradictory."""

    code = "CONFIG_ERROR"


class AccountNotFoundError(ConfigError):
    """No account of that name is configured."""

    code = "ACCOUNT_NOT_FOUND"


class AccountExistsError(ConfigError):
    """An account of that name is configured already."""

    code = "ACCOUNT_EXISTS"


class ParameterError(MixpanelDataError):
    """Raised for a parameter that cannot be used: it is missing, invalid, or contradicts another one.

    Args:
        message: One line that says what is wrong.
        parameter: The parameter, by its name in the library.
        value: What was given.
        hint: One line that says what to do about it.
        details: JSON-safe facts for programs.

    Attributes:
        parameter: The parameter.
        value: What was given.

    Example:
        >>> from mixpanel_nb import ParameterError
        >>> try:
        ...     ws.segmentation("Purchase", from_date="2025-01-31", to_date="2025-01-01", table="events")
        ... except ParameterError as error:
        ...     print(error.parameter, error.value, error.hint)
        from_date 2025-01-31 Give the earlier day first.
    """

    code = "PARAMETER_ERROR"

    def __init__(
        self,
        message: Text,
        *,
        parameter: str,
        value: Any = None,
        hint: Text | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, details={"parameter": parameter, **(details or {})})
        self.parameter = parameter
        self.value = value


class ChartError(MixpanelDataError):
    """A result cannot be drawn: its kind has no chart, or its rows make none.

    Example:
        >>> from mixpanel_nb import ChartError
        >>> try:
        ...     ws.tables().chart()
        ... except ChartError as error:
        ...     print(error)
        A TableList has no chart. Its rows are in `.df`.
    """

    code = "CHART_ERROR"


class APIError(MixpanelDataError):
    """A request to Mixpanel failed.

    Args:
        message: One line that says what is wrong.
        status_code: HTTP status, or None without an HTTP answer.
        hint: One line that says what to do about it.
        details: JSON-safe facts: ``method``, ``path``, ``params``, ``body`` (an excerpt of the answer).
    """

    code = "API_ERROR"

    def __init__(
        self,
        message: Text,
        *,
        status_code: int | None = None,
        hint: Text | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint=hint, details=details)
        self.status_code = status_code
        if status_code is not None:
            self.details.setdefault("status_code", status_code)


class AuthenticationError(APIError):
    """Mixpanel does not accept these credentials."""

    code = "AUTHENTICATION_FAILED"


class AccessDeniedError(APIError):
    """The account lacks permission, or the plan does not reach that far back (403)."""

    code = "ACCESS_DENIED"


class PlanError(APIError):
    """The project's plan does not include this API (402)."""

    code = "PLAN_REQUIRED"


class NotFoundError(APIError):
    """Mixpanel does not find it (404)."""

    code = "NOT_FOUND"


class RateLimitError(APIError):
    """The quota is used up.

    Attributes:
        retry_after: Seconds until a retry can succeed, or None if unknown.
    """

    code = "RATE_LIMITED"

    def __init__(
        self,
        message: Text,
        *,
        retry_after: float | None = None,
        status_code: int | None = None,
        hint: Text | None = None,
        details: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(message, status_code=status_code, hint=hint, details=details)
        self.retry_after = retry_after
        self.details["retry_after"] = retry_after


class QueryError(APIError):
    """Mixpanel or DuckDB refuses the query: an API refusal (400), a script or SQL that fails.

    Example:
        >>> from mixpanel_nb import QueryError
        >>> try:
        ...     ws.sql("SELECT plam FROM events")
        ... except QueryError as error:
        ...     print(error.message)
        Referenced column "plam" not found in FROM clause!
    """

    code = "QUERY_ERROR"


class ServerError(APIError):
    """Mixpanel failed (5xx)."""

    code = "SERVER_ERROR"


class ConnectionFailedError(APIError):
    """Mixpanel could not be reached, or the connection broke and stayed broken."""

    code = "CONNECTION_FAILED"


class IncompleteExportError(APIError):
    """An export ended early or contains something that is not an event, so it cannot be used."""

    code = "INCOMPLETE_EXPORT"


class StorageError(MixpanelDataError):
    """The local database cannot do this."""

    code = "STORAGE_ERROR"


class TableExistsError(StorageError):
    """A table of that name exists, and neither replacing nor appending was requested."""

    code = "TABLE_EXISTS"


class TableNotFoundError(StorageError):
    """No table of that name."""

    code = "TABLE_NOT_FOUND"


class DatabaseLockedError(StorageError):
    """Another program locks the database file for longer than the maximum wait."""

    code = "DATABASE_LOCKED"


class ExpressionError(MixpanelDataError):
    """A mistake in a Mixpanel expression.

    Attributes:
        position: Offset of the mistake in the expression, in characters from 0.

    Example:
        >>> from mixpanel_nb import ExpressionError
        >>> try:
        ...     ws.expression('properties["plan"] = "pro"')
        ... except ExpressionError as error:
        ...     print(error.details["context"])
        properties["plan"] = "pro"
                           ^
    """

    code = "EXPRESSION_ERROR"

    def __init__(self, message: str, *, expression: str, position: int, hint: Text | None = None) -> None:
        context = _pointed_at(expression, position)
        details = {"expression": expression, "position": position, "context": context}
        super().__init__(message, hint=hint, details=details)
        self.position = position


def worded(text: Text, words: Mapping[str, str], commands: Mapping[str, str]) -> str:
    """A message as one text, with an interface's wording of parameters and commands."""
    return "".join(_said(text, words, commands))


def _said(text: Text, words: Mapping[str, str], commands: Mapping[str, str]) -> list[str]:
    return [_typed(piece, words, commands) for piece in ((text,) if isinstance(text, str) else text)]


def _typed(piece: str, words: Mapping[str, str], commands: Mapping[str, str]) -> str:
    # An interface may have a separate option for one value of a parameter.
    if isinstance(piece, Word) and f"{piece.parameter}={piece.value}" in words:
        return words[f"{piece.parameter}={piece.value}"]
    if isinstance(piece, Word) and piece.parameter in words:
        return piece.typed_as(words[piece.parameter])
    if isinstance(piece, Command) and piece.name in commands:
        return piece.typed_as(commands[piece.name])
    return piece


def help_text(template: str, commands: Mapping[str, str] | None = None) -> str:
    """A help text with its commands (as ``{mp tables}``) as they are typed."""
    return _IN_HELP.sub(lambda found: _typed(Command(found["words"]), {}, commands or {}), template)


def _literal(value: str | int) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text else text


def _pointed_at(text: str, position: int, width: int = 70) -> str:
    """The line of a text that contains a position, and a caret below; of a long line, an excerpt."""
    begin = text.rfind("\n", 0, position) + 1
    line, column = text[begin:].split("\n", 1)[0], position - begin
    left = max(column - width // 2, 0) if len(line) > width else 0
    shown = ("…" if left else "") + line[left : left + width] + ("…" if left + width < len(line) else "")
    return f"{shown}\n{' ' * (column - left + bool(left))}^"


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A hint that names the known word nearest to ``name``, or None if nothing is near."""
    near = nearest(name, known)
    return f"Did you mean {near!r}?" if near is not None else None


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The known word nearest to ``name``, or None if nothing is near.

    Args:
        name: What was typed.
        known: The known words.
        cutoff: How near a word must be, from 0 to 1.
    """
    candidates = list(known)
    near = difflib.get_close_matches(name, candidates, n=1, cutoff=cutoff)
    if not near:
        folded = {candidate.casefold(): candidate for candidate in candidates}
        near = [folded[hit] for hit in difflib.get_close_matches(name.casefold(), folded, n=1, cutoff=cutoff)]
    return near[0] if near else None
