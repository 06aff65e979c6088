"""Local reports over the typed tables, one query at a time.

One engine serves all threads. Several would hardly be faster, as each statement runs on all cores, and older
versions of DuckDB (1.4) let only one session of a process have a file, even for reading.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from mixpanel_nb.analytics.calendar import Period
from mixpanel_nb.analytics.context import ReportContext
from mixpanel_nb.analytics.definitions import Definitions
from mixpanel_nb.sandbox.tables import EVENTS
from mixpanel_nb.services.local.engines.forwarding import ForwardingEngine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from mixpanel_nb.sandbox.typed.frequencies import Frequency
    from mixpanel_nb.services.local import Engine, LocalQueryService
    from mixpanel_nb.weekdays import Weekday

ZONE = ZoneInfo("UTC")
"""The time zone of the sandbox's project."""


@dataclass(frozen=True)
class ReportRunner:
    """Where one question is answered.

    Attributes:
        service: The reports.
        engine: The tables, for questions that are no reports.
        now: Unix seconds, for ``NOW``.
        week_start: The day on which weeks begin.
    """

    service: LocalQueryService
    engine: Engine
    now: float
    week_start: Weekday = "monday"

    def having(
        self,
        members: Mapping[str, Sequence[str]],
        counts: Mapping[Frequency, Mapping[str, int]] | None = None,
    ) -> ReportRunner:
        """The same with cohorts, by name and with the ids of their members, and with frequencies of users."""
        from mixpanel_nb.sandbox.typed.members import CohortEngine
        from mixpanel_nb.services.local import LocalQueryService

        engine = CohortEngine(self.engine, members, counts or {})
        service = LocalQueryService(engine, EVENTS, ZONE, lambda: self.now, week_start=self.week_start)
        return ReportRunner(service, engine, self.now, self.week_start)

    def question(self, first: date, last: date) -> ReportContext:
        """A question about the events of some days, without any condition yet."""
        columns, profiles = self.engine.events(EVENTS, ZONE).columns, partial(self.engine.profiles, EVENTS)
        period = Period(first, last, ZONE, self.week_start)
        return ReportContext(
            columns,
            profiles,
            period,
            self.now,
            find_cohorts=self.engine.cohorts,
            find_definitions=self.engine.definitions,
        )


@dataclass(frozen=True)
class DefiningEngine(ForwardingEngine):
    """The engine of the sandbox, with the custom events and properties of its project.

    Attributes:
        known: They.
    """

    known: Definitions

    def definitions(self) -> Definitions:
        """See ``Engine``."""
        return self.known


class Reports:
    """The reports on one file of tables; safe to use from several threads.

    Args:
        path: The file, as ``build_tables`` has made it.
        now: Unix seconds, for ``NOW``.
        week_start: The day on which weeks begin.
        definitions: The custom events and properties of the project; none by default.
    """

    def __init__(
        self,
        path: Path,
        now: float,
        week_start: Weekday = "monday",
        definitions: Definitions | None = None,
    ) -> None:
        from mixpanel_nb.services.local import DuckDBEngine, LocalQueryService
        from mixpanel_nb.storage import StorageEngine

        self._storage = StorageEngine(path, read_only=True)
        engine = DefiningEngine(DuckDBEngine(self._storage), definitions or Definitions())
        service = LocalQueryService(engine, EVENTS, ZONE, lambda: now, week_start=week_start)
        self._runner = ReportRunner(service, engine, now, week_start)
        self._lock = threading.Lock()

    @contextmanager
    def runner(self) -> Iterator[ReportRunner]:
        """The runner for the block; waits until no other thread uses it."""
        with self._lock:
            yield self._runner

    def close(self) -> None:
        """Close the file, once the question at the runner is answered."""
        with self._lock:
            self._storage.close()
