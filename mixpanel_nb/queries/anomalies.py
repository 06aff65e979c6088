"""Anomalies: what was unusual in the last days, over all events and the main properties.

How each figure is computed: ``docs/statistics.md``.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Day, Names, Optional, Whole
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import Identities, InCohort, NotInCohort, Table, Where
from mixpanel_nb.queries.why import HISTORY

if TYPE_CHECKING:
    from mixpanel_nb.results import AnomaliesResult

MAX_DAYS = 31


@dataclass(frozen=True, kw_only=True)
class Anomalies(Query["AnomaliesResult"]):
    """List what was unusual in the last days: of any event, of each event, of values of the main properties.

    What is usual is learned from the eight weeks before each day, with the rhythm of the week. Chances are
    corrected for all that is compared, so that quiet days say nothing in 19 of 20 runs. Each row has the
    command that explains it ({mp why}). A table answers.
    """

    name: ClassVar[str] = "anomalies"
    title: ClassVar[str] = "Anomalies"
    needs_table: ClassVar[bool] = True
    example: ClassVar[str] = "--days 7 --table events"

    days: Annotated[
        int,
        Parameter(
            "How many last days are judged.", Whole(MAX_DAYS), "N", read=int, label=Label("Days", default=7)
        ),
    ] = 7
    date: Annotated[
        dt.date | None,
        Parameter(
            "The last of them; the last that the table holds in full.",
            Optional(Day()),
            "DAY",
            label=Label("Last day"),
        ),
    ] = None
    where: Where = None
    properties: Annotated[
        tuple[str, ...],
        Parameter(
            "Try only this property (repeatable); the main ones.",
            Names(optional=True),
            "PROPERTY",
            option="--property",
        ),
    ] = ()
    limit: Annotated[int, Parameter("Rows to show.", Whole(100), "N", read=int)] = 10
    in_cohort: InCohort = ()
    not_in_cohort: NotInCohort = ()
    identities: Identities = None
    table: Table = None

    @property
    def history(self) -> dt.timedelta:
        """How long before the last day the first is that is read."""
        return dt.timedelta(days=HISTORY["day"] + self.days)
