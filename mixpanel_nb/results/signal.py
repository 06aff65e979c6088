"""Result of a search for what goes with a goal."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.queries.cells import SignalCell
from mixpanel_nb.results import cells
from mixpanel_nb.results.report import ReportResult, typed_frame
from mixpanel_nb.results.statistics import phi

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    import pandas as pd

    from mixpanel_nb.queries.signal import Did
    from mixpanel_nb.results.users import UsersResult

CERTAIN = 0.05
"""The chance, corrected for all that were tried, below which a behaviour is said to go with the goal."""


@dataclass(frozen=True)
class HeatCell:
    """One of the numbers of times and days that were compared with the goal.

    Attributes:
        times: How often users did it, at least.
        days: Within how many days (of 24 hours) of their start.
        users: How many did.
        phi: The correlation with reaching the goal.
    """

    times: int
    days: int
    users: int
    phi: float


@dataclass(frozen=True)
class Behaviour:
    """Something that users did, beside reaching the goal.

    The names are those of Mixpanel's page (https://docs.mixpanel.com/docs/reports/apps/signal#download-glossary).

    Attributes:
        did: What they did.
        true_positives: Users who did it and reached the goal.
        false_positives: Users who did it and did not reach the goal.
        false_negatives: Users who did not do it and reached the goal.
        true_negatives: Users who neither did it nor reached the goal.
        chance: The p-value of Fisher's exact test, two-sided, corrected for all that were tried.
        grid: Every number of times and days that was compared: Mixpanel's heat map. ``did`` has the best.
    """

    did: Did
    true_positives: int
    false_positives: int
    false_negatives: int
    true_negatives: int
    chance: float
    grid: tuple[HeatCell, ...] = ()

    @property
    def name(self) -> str:
        """What users did: ``Search, plan = pro``."""
        return self.did.name

    @property
    def users(self) -> int:
        """Users who did it."""
        return self.true_positives + self.false_positives

    @property
    def phi(self) -> float:
        """The correlation of doing it with reaching the goal, from -1 to 1."""
        found = phi(self.true_positives, self.false_positives, self.false_negatives, self.true_negatives)
        return found or 0.0

    @property
    def precision(self) -> float:
        """The share of those who did it who reached the goal."""
        return self.true_positives / self.users

    @property
    def false_omission_rate(self) -> float:
        """The share of those who did not do it who reached the goal."""
        return self.false_negatives / (self.false_negatives + self.true_negatives)

    @property
    def recall(self) -> float:
        """The share of those who reached the goal who did it."""
        return self.true_positives / (self.true_positives + self.false_negatives)

    @property
    def fall_out(self) -> float:
        """The share of those who did not reach the goal who did it."""
        return self.false_positives / (self.false_positives + self.true_negatives)

    @property
    def is_certain(self) -> bool:
        """Whether chance does not explain it."""
        return self.chance < CERTAIN


_DID = ("event", "prop", "value", "times", "days")
_FIGURES = (
    *("phi", "precision", "false_omission_rate", "recall", "fall_out", "users"),
    *("true_positives", "false_positives", "false_negatives", "true_negatives", "chance"),
)


@dataclass(frozen=True, repr=False)
class SignalResult(ReportResult):
    """What goes with reaching a goal, the strongest correlation first.

    Attributes:
        goal: The event that users were to reach; None is any event.
        from_date: The first day of starts.
        to_date: The last day of starts.
        start: The event that users begin with; None is their first event of the days.
        where: The filter of starts, or None.
        goal_where: The filter of the goal, or None.
        goal_times: How often the goal must happen.
        after: From how many days after the start on the goal counts.
        window: Within how many days of the start it must be reached.
        before_goal: Whether what users did after they reached the goal is left out.
        properties: The properties whose values were tried.
        most_times: The most times that were tried; with ``at_least`` the only ones.
        most_days: The longest time that was tried, in days; with ``within`` the only one.
        at_least: The only number of times that was tried; None is all up to ``most_times``.
        within: The only time that was tried, in days; None is all up to ``most_days``.
        total: The users.
        reached: Those of them who reached the goal.
        behaviours: What goes with it, an event or value each, as often and as soon as correlates most.
        waiting: Users whose time is not over yet; they are left out.
        tried: How many events and values were compared.
        rare: How many were not, because too few or too many users did them.
        comparisons: How many numbers of times and days were compared, of all of them.
        left_out: Behaviours beyond the limit.
    """

    goal: str | None
    from_date: date
    to_date: date
    start: str | None
    where: str | None
    goal_where: str | None
    goal_times: int
    after: int
    window: int
    before_goal: bool
    properties: tuple[str, ...]
    most_times: int
    most_days: int
    at_least: int | None
    within: int | None
    total: int
    reached: int
    behaviours: tuple[Behaviour, ...]
    waiting: int = 0
    tried: int = 0
    rare: int = 0
    comparisons: int = 0
    left_out: int = 0

    def users(
        self,
        *,
        event: str | None = None,
        prop: str | None = None,
        value: str | None = None,
        without: bool = False,
        reached: bool = False,
        missed: bool = False,
    ) -> UsersResult:
        """The users who did something or did not, and who reached the goal or missed it.

        Args:
            event: Those who did this event as often and as soon as the report says; None is everyone.
            prop: With the event: the property that it had a value of.
            value: That value.
            without: With the event: those who did it less often, or not at all.
            reached: Only those who reached the goal.
            missed: Only those who did not.

        Raises:
            ParameterError: the report does not show this, or both ``reached`` and ``missed`` are given.
            TableNotFoundError: the table was dropped.
            StorageError: the workspace is closed.
        """
        self._check_local()
        cell = SignalCell(
            event=event, prop=prop, value=value, without=without, reached=reached, missed=missed
        )
        did = self._did(cell)
        wanted = True if cell.reached else False if cell.missed else None
        return self._users(cell, did=did, without=cell.without, reached=wanted)

    def _did(self, cell: SignalCell) -> Did | None:
        if cell.event is None:
            return None
        known = {each.did.event: None for each in self.behaviours}
        cells.name(cell.event, known, "event", "event")
        for each in self.behaviours:
            if (each.did.event, each.did.prop, each.did.value) == (cell.event, cell.prop, cell.value):
                return each.did
        shown = [each.name for each in self.behaviours if each.did.event == cell.event]
        message = f"The report shows {cell.event[:60]!r} otherwise: {', '.join(shown)[:200]}."
        raise ParameterError(message, parameter="prop", value=cell.prop, hint="Give its property and value.")

    @property
    def column_names(self) -> list[str]:
        """``event, [property, value,] times, days, phi, precision, …``."""
        named = {"prop": "property"}
        return [named.get(name, name) for name in (*self._did_columns, *_FIGURES)]

    @property
    def _did_columns(self) -> list[str]:
        return [name for name in _DID if self.properties or name not in {"prop", "value"}]

    def tuples(self) -> list[tuple[Any, ...]]:
        """One row a behaviour."""
        return [
            (
                *(getattr(each.did, name) for name in self._did_columns),
                *(getattr(each, name) for name in _FIGURES),
            )
            for each in self.behaviours
        ]

    @property
    def grid_df(self) -> pd.DataFrame:
        """The heat maps: ``event, [property, value,] times, days, users, phi``.

        It has each number of times and days that enough users reached to be compared, of all rows of ``df``.
        """
        rows = [
            (*(getattr(each.did, name) for name in self._did_columns[:-2]), *astuple(cell))
            for each in self.behaviours
            for cell in each.grid
        ]
        names = [*self.column_names[: len(self._did_columns)], "users", "phi"]
        numbers = dict.fromkeys(("times", "days", "users"), "int64")
        return typed_frame(rows, names, numbers | {"phi": "float64"})

    def _dtypes(self) -> Mapping[str, str]:
        counts = {"users", "true_positives", "false_positives", "false_negatives", "true_negatives"}
        numbers = {name: "int64" if name in counts else "float64" for name in _FIGURES}
        return {"times": "int64", "days": "int64"} | numbers
