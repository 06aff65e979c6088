"""Errors of invalid bodies."""

from __future__ import annotations


class InvalidBodyError(Exception):
    """An invalid body (internal: it never leaves this package).

    Attributes:
        reason: The problem, as a clause.
        passing: Whether a retry may help.
    """

    def __init__(self, reason: str, *, passing: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing


class TooDeepError(InvalidBodyError):
    """Too much nesting or too many values to parse in Python; DuckDB can still read it."""

    def __init__(self) -> None:
        super().__init__("a line is too deep, or has too many values, to be read one by one", passing=False)
