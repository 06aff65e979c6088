"""Funnels: how many users took some steps one after the other, within a time from the first.

https://developer.mixpanel.com/reference/funnels-query; the conversion window is at most 366 days:
https://docs.mixpanel.com/docs/reports/funnels/funnels-advanced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, get_args

from mixpanel_nb.queries.base import Query
from mixpanel_nb.queries.checks import Name, OneOf, Optional, Step, Steps, Whole, parse_step
from mixpanel_nb.queries.parameter import Label, Parameter
from mixpanel_nb.queries.shared import (
    UNITS,
    FromDate,
    Limit,
    Table,
    ToDate,
    Unit,
    Where,
)

if TYPE_CHECKING:
    from mixpanel_nb.results import FunnelResult

WindowUnit = Literal["second", "minute", "hour", "day", "week"]
WINDOW_UNITS: tuple[WindowUnit, ...] = get_args(WindowUnit)
WINDOW_SECONDS: dict[WindowUnit, int] = {
    "second": 1,
    "minute": 60,
    "hour": 3_600,
    "day": 86_400,
    "week": 604_800,
}
DEFAULT_WINDOW = 7
MAX_WINDOW_SECONDS = 366 * 86_400
MAX_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class Funnel(Query["FunnelResult"]):
    """Show how many users took some steps one after the other.

    Mixpanel knows saved funnels, by their ID; of a table any --step … --step can be asked.
    """

    name: ClassVar[str] = "funnel"
    title: ClassVar[str] = "Funnel"
    example: ClassVar[str] = (
        '--step "View Product" --step Purchase --from 2025-01-01 --to 2025-03-31 --table events'
    )

    funnel_id: Annotated[
        int | None,
        Parameter(
            "A saved funnel, for Mixpanel (see: {mp funnels}).",
            Optional(Whole(MAX_ID)),
            "ID",
            positional=True,
            read=int,
            label=Label(
                "Saved funnel",
                "subject",
                names="funnels",
                needed="Choose a saved funnel.",
                only="Mixpanel",
            ),
        ),
    ] = None
    steps: Annotated[
        tuple[Step, ...],
        Parameter(
            "For a table: a step (repeatable), as 'Purchase where …'.",
            Steps(),
            "EVENT",
            option="--step",
            read=parse_step,
            label=Label(
                "Step", "subject", names="events", needed="Choose at least two steps.", only="tables"
            ),
        ),
    ] = ()
    from_date: FromDate
    to_date: ToDate
    window: Annotated[
        int | None,
        Parameter(
            "How long after the first step the last may come; 7 days.",
            Optional(Whole(MAX_WINDOW_SECONDS)),
            "N",
            read=int,
            label=Label("Within", default=7, only="tables"),
        ),
    ] = None
    window_unit: Annotated[
        WindowUnit,
        Parameter(
            "second, minute, hour, day or week.",
            OneOf(WINDOW_UNITS),
            "UNIT",
            label=Label("", choices=tuple((unit, unit) for unit in WINDOW_UNITS[1:]), only="tables"),
        ),
    ] = "day"
    unit: Annotated[
        Unit | None, Parameter("A funnel of its own for each such bucket.", Optional(OneOf(UNITS)), "UNIT")
    ] = None
    on: Annotated[
        str | None,
        Parameter(
            "Break down by this property (or expression).",
            Optional(Name()),
            "PROPERTY",
            label=Label("By", names="properties", none="(all)", only="tables"),
        ),
    ] = None
    where: Where = None
    limit: Limit = 255
    table: Table = None

    def check(self) -> None:
        """Refuse a window that is longer than Mixpanel takes.

        Raises:
            ParameterError: it is.
        """
        if self.window is not None:
            Whole(MAX_WINDOW_SECONDS // WINDOW_SECONDS[self.window_unit])(self.window, "window")

    @property
    def window_seconds(self) -> int:
        """The window in seconds, 7 units where none is given."""
        length = DEFAULT_WINDOW if self.window is None else self.window
        return length * WINDOW_SECONDS[self.window_unit]
