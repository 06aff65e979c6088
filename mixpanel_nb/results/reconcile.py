"""Result of a reconciliation: the numbers of Mixpanel and of a table side by side, and why they differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.naming import free_name
from mixpanel_nb.results.json_safe import json_safe
from mixpanel_nb.results.report import ReportResult

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from mixpanel_nb.queries import Query
    from mixpanel_nb.results.numbers import Measure
    from mixpanel_nb.results.users import UsersResult

CauseName = Literal[
    "time_zone",
    "duplicates",
    "window",
    "days_not_fetched",
    "filters",
    "funnel_definition",
    "data_view",
    "identities",
    "late_events",
    "changed_events",
    "unexplained",
]
Status = Literal["tested", "possible", "unexplained"]

_NUMBERS = ("mixpanel", "table", "difference")
_OWN = ("date", "cohort_date", "measure", *_NUMBERS, "cause")


@dataclass(frozen=True)
class Cause:
    """Why numbers differ.

    Attributes:
        name: ``time_zone``, ``duplicates``, ``window``, ``days_not_fetched``, ``filters``,
            ``funnel_definition``, ``data_view``, ``identities``, ``late_events``, ``changed_events`` or
            ``unexplained``.
        status: ``tested`` where the difference is gone when the table is asked in another way, or the record
            of fetches says that the table holds nothing of these days; ``possible`` where all that is known
            speaks for it; ``unexplained`` where nothing does.
        evidence: What was asked and found, in a sentence.
        numbers: How many numbers it concerns.
        command: The words of a command that mends it, such as ``sync events --days 5``, or None.
        advice: What else to do, in a sentence, or None.
    """

    name: CauseName
    status: Status
    evidence: str
    numbers: int
    command: str | None = None
    advice: str | None = None


@dataclass(frozen=True)
class ReconciledNumber:
    """A number of Mixpanel and the same of the table.

    Attributes:
        date: The bucket of time; None for a report that is not over time.
        names: What the key columns show, such as the segment.
        measure: What it is.
        mixpanel: Mixpanel's number; None where it is unknown.
        table: The table's; None where it is unknown.
        causes: The names of the causes of the difference; empty where there is none.
        agrees: Whether both are the same; None where one of them cannot be known, such as beyond a limit.
    """

    date: date | None
    names: tuple[Any, ...]
    measure: Measure
    mixpanel: float | None
    table: float | None
    causes: tuple[CauseName, ...] = ()
    agrees: bool | None = True

    @property
    def difference(self) -> float | None:
        """Mixpanel's number less the table's; None where one is unknown."""
        if self.mixpanel is None or self.table is None:
            return None
        return self.mixpanel - self.table


@dataclass(frozen=True, repr=False)
class ReconcileResult(ReportResult):
    """One report of Mixpanel and of a table, number by number, with the causes of the differences.

    ``.sql`` is the statement of the table's answer and ``.request`` that of Mixpanel's.

    Attributes:
        asked: The query.
        table: The table.
        mixpanel: Mixpanel's answer.
        local: The table's answer to the same question, as any report gives it.
        numbers_found: Both, number by number.
        causes: Why they differ, the tested causes first.
        keys: The names of the key columns.
        date_column: The name of the column of buckets; None for a report that is not over time.
    """

    asked: Query[Any]
    table: str
    mixpanel: ReportResult
    local: ReportResult
    numbers_found: tuple[ReconciledNumber, ...]
    causes: tuple[Cause, ...]
    keys: tuple[str, ...]
    date_column: str | None

    @property
    def agrees(self) -> bool:
        """Whether all numbers that both sides know are the same, and none is missing in the table."""
        return all(number.agrees is not False for number in self.numbers_found)

    @cached_property
    def differing(self) -> list[ReconciledNumber]:
        """The numbers that differ."""
        return [number for number in self.numbers_found if number.agrees is False]

    @property
    def unit(self) -> str:
        """What is counted in :attr:`compared` and :attr:`agreeing`: a bucket of time, or ``number``."""
        return (self.asked.bucket_unit or "day") if self.date_column else "number"

    @cached_property
    def states(self) -> dict[Any, bool]:
        """For each bucket of time (or number, where there is none), whether all of it agrees."""
        states: dict[Any, bool] = {}
        for place, number in enumerate(self.numbers_found):
            if number.agrees is not None:
                key = place if self.date_column is None else number.date
                states[key] = states.get(key, True) and number.agrees
        return states

    @property
    def compared(self) -> int:
        """How many buckets of time (or numbers) were compared."""
        return len(self.states)

    @property
    def agreeing(self) -> int:
        """How many of them agree."""
        return sum(self.states.values())

    @property
    def has_measures(self) -> bool:
        """Whether the report has several measures, so that a column names them."""
        return len({number.measure.name for number in self.numbers_found}) > 1

    @property
    def key_columns(self) -> list[str]:
        """The names of the key columns, unlike the other columns."""
        names = list(_OWN)
        for name in self.keys:
            names.append(free_name(name, names))
        return names[len(_OWN) :]

    @property
    def column_names(self) -> list[str]:
        """The bucket, the keys of the report, ``measure`` where it has several, both numbers, the cause."""
        return [
            *([self.date_column] if self.date_column else []),
            *self.key_columns,
            *(["measure"] if self.has_measures else []),
            *_NUMBERS,
            "cause",
        ]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a number, also where both are the same; several causes are joined by commas."""
        with_measure = self.has_measures
        return [
            (
                *([number.date] if self.date_column else []),
                *number.names,
                *([number.measure.name] if with_measure else []),
                number.mixpanel,
                number.table,
                number.difference,
                ", ".join(number.causes) or None,
            )
            for number in self.numbers_found
        ]

    def users(self) -> UsersResult:
        """Not of both at once: the table's numbers have users, ``.local.users(…)``.

        Raises:
            ParameterError: always.
        """
        message = "A reconciliation has no users of its own."
        raise ParameterError(message, parameter="users", hint="Ask the table's answer: `.local.users(…)`.")

    def _dtypes(self) -> Mapping[str, str]:
        dates = {self.date_column: "datetime64[ns]"} if self.date_column else {}
        return dates | dict.fromkeys(_NUMBERS, "float64")

    def to_dict(self) -> dict[str, Any]:
        """Both answers, the rows, and the causes as JSON-safe data."""
        return {
            "report": self.asked.name,
            "asked": json_safe(self.asked.plain()),
            "table": self.table,
            "agrees": self.agrees,
            "unit": self.unit,
            "compared": self.compared,
            "agreeing": self.agreeing,
            "causes": [json_safe(vars(cause)) for cause in self.causes],
            "rows": json_safe(self.records()),
            "mixpanel": self.mixpanel.to_dict(),
            "local": self.local.to_dict(),
            "sql": self.sql,
            "request": json_safe(self.request),
            "notes": list(self.notes),
            "timezone": self.timezone,
            "computed_at": self.computed_at,
        }
