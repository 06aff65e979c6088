"""What is wrong with the body of an answer."""

from __future__ import annotations


class InvalidBodyError(Exception):
    """What is wrong with a body (internal: it never leaves this package).

    Attributes:
        reason: As half a sentence.
        passing: Whether another attempt may bring a good one.
    """

    def __init__(self, reason: str, *, passing: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.passing = passing


class TooDeepError(InvalidBodyError):
    """Lists or objects in each other, or values, more of them than Python can hold well. DuckDB can."""

    def __init__(self) -> None:
        super().__init__("a line is too deep, or has too many values, to be read one by one", passing=False)
