"""A report's answer and its request."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client.regions import Family

Data = TypeVar("Data", covariant=True)


@dataclass(frozen=True)
class QueryAnswer(Generic[Data]):
    """Mixpanel's answer, and the request.

    Attributes:
        data: The unchanged JSON.
        request: What was sent: ``method``, ``path`` and ``params`` (of URL and form together, each the text
            that went over the wire), and ``json`` where the body was JSON. Never a secret.
    """

    data: Data
    request: Mapping[str, Any]


class Endpoints(ABC):
    """A group of endpoints: a base class for clients that can send a request."""

    credentials: Credentials

    @abstractmethod
    def ask(
        self,
        method: str,
        endpoint: str,
        params: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        json: Any = None,
        *,
        family: Family = "query",
        optional: bool = False,
    ) -> QueryAnswer[Any]:
        """The JSON that a request is answered with, and the request."""

    @abstractmethod
    def text(self, endpoint: str, params: Mapping[str, Any] | None = None) -> str:
        """The text that a GET of an endpoint of the App API is answered with."""
