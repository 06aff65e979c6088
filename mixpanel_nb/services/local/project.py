"""``LocalProject``: what services over a project's tables need to know."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date
    from zoneinfo import ZoneInfo

    from mixpanel_nb.services.local.engines import Engine
    from mixpanel_nb.storage import StorageEngine
    from mixpanel_nb.weekdays import Weekday


@dataclass(frozen=True, kw_only=True)
class LocalProject:
    """A project and its tables.

    Attributes:
        engine: Where the tables are.
        storage: Where cohorts and identities are kept.
        usual_table: Gives the table that is asked where none is named, or None.
        zone_of: Gives the time zone of a table's days.
        today: Gives the day it is in the project.
        week_start: Gives the day on which weeks of the project begin.
        hidden: Gives the events that are known to be hidden in Lexicon.
        clock: Unix seconds, for ``NOW`` in expressions.
    """

    engine: Engine
    storage: StorageEngine
    usual_table: Callable[[], str | None]
    zone_of: Callable[[str], ZoneInfo]
    today: Callable[[], date]
    week_start: Callable[[], Weekday]
    hidden: Callable[[], frozenset[str]]
    clock: Callable[[], float] = time.time
