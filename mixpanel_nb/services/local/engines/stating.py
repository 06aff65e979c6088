"""``StatingEngine``: an engine whose first statement ends a question, to be shown and not run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from mixpanel_nb.services.local.engines.forwarding import ForwardingEngine

if TYPE_CHECKING:
    from mixpanel_nb.analytics.sql import Statement

ONE_STATEMENT = frozenset(
    {
        "insights",
        "active",
        "segmentation",
        "segmentation_numeric",
        "segmentation_sum",
        "segmentation_average",
        "event_counts",
        "property_counts",
        "funnel",
        "retention",
        "flow",
        "frequency",
        "sessions",
        "activity_feed",
    }
)
"""The reports that run one statement, or whose first one has their numbers."""


class Stated(Exception):  # noqa: N818 - it is an answer
    """The statement of a question.

    Attributes:
        statement: The statement.
    """

    def __init__(self, statement: Statement) -> None:
        super().__init__(statement.text)
        self.statement = statement


@dataclass(frozen=True)
class StatingEngine(ForwardingEngine):
    """Another engine, which is asked for columns alone."""

    def rows(self, statement: Statement) -> NoReturn:
        """See :class:`Engine`.

        Raises:
            Stated: always, with the statement.
        """
        raise Stated(statement)
