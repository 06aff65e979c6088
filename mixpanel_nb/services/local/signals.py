"""``Behaviours``: the rows of a search for what goes with a goal, as figures."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.queries.signal import Did
from mixpanel_nb.results.signal import Behaviour, HeatCell
from mixpanel_nb.results.statistics import fisher, phi

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mixpanel_nb.queries import Signal

_LEAST = 5
"""The fewest users that chance must put into each of the four groups for something to be compared at all.

Cochran, "Some Methods for Strengthening the Common Chi-Squared Tests", Biometrics 10, 1954.
"""

Counts = tuple[int, int]
"""Users who did something, and those of them who reached the goal."""

Reach = tuple[int, int, Counts]
"""At least so many times within so many days, and who did it."""


class Behaviours:
    """What users did, as often and as soon as correlates most with the goal.

    Attributes:
        waiting: Users whose time is not over.
        users: The others.
        reached: Those of them who reached the goal.
        tried: How many events and values were compared.
        rare: How many were not, because too few or too many users did them.
        comparisons: How many numbers of times and days were compared.

    Args:
        query: The question.
        rows: As ``analytics.signal.statement`` gives them.
    """

    def __init__(self, query: Signal, rows: Sequence[tuple[Any, ...]]) -> None:
        self._query = query
        self.waiting, self.users, self.reached = map(int, rows[0][:3])
        cells = _cells(rows)
        best: list[tuple[Did, Counts, list[Reach]]] = []
        self.comparisons = 0
        for (event, place, value), counted in cells.items():
            grid = [each for each in self._grid(counted) if self._is_comparable(each[2][0])]
            if not grid:
                continue
            self.comparisons += len({counts for *_, counts in grid})
            times, days, counts = max(grid, key=lambda each: (self._strength(each[2]), -each[0], -each[1]))
            prop = query.properties[place - 1] if place else None
            best.append((Did(event, prop, value if place else None, times, days), counts, grid))
        self.tried, self.rare = len(best), len(cells) - len(best)
        self._grids = {did: grid for did, _, grid in best}
        self._found = sorted(
            (self._behaviour(did, counts) for did, counts, _ in best),
            key=lambda each: (-abs(each.phi), each.name),
        )

    def first(self, limit: int) -> tuple[Behaviour, ...]:
        """The strongest, each with all numbers of times and days that were compared."""
        return tuple(replace(each, grid=self._grid_of(each.did)) for each in self._found[:limit])

    def _grid_of(self, did: Did) -> tuple[HeatCell, ...]:
        return tuple(
            HeatCell(times, days, counts[0], phi(*self._groups(counts)) or 0.0)
            for times, days, counts in self._grids[did]
        )

    def _grid(self, counted: dict[tuple[int, int], Counts]) -> Iterator[Reach]:
        """How many did it at least so many times within so many days, for those that are asked about."""
        query = self._query
        for times in [query.at_least] if query.at_least else range(1, query.most_times + 1):
            did = hits = 0
            for day in range(query.most_days):
                own = counted.get((times, day), (0, 0))
                did, hits = did + own[0], hits + own[1]
                if query.within in {None, day + 1}:
                    yield times, day + 1, (did, hits)

    def _is_comparable(self, did: int) -> bool:
        """Whether enough users did it and did not, of those who reached the goal and those who did not."""
        smaller = min(did, self.users - did) * min(self.reached, self.users - self.reached)
        return smaller >= _LEAST * self.users > 0

    def _groups(self, counts: Counts) -> tuple[int, int, int, int]:
        """Users who did it and reached the goal, only did it, only reached the goal, did neither."""
        did, hits = counts
        return hits, did - hits, self.reached - hits, self.users - did - self.reached + hits

    def _strength(self, counts: Counts) -> float:
        return round(abs(phi(*self._groups(counts)) or 0.0), 12)

    def _behaviour(self, did: Did, counts: Counts) -> Behaviour:
        chance = fisher(counts[1], counts[0], self.reached, self.users)
        return Behaviour(did, *self._groups(counts), min(1.0, chance * self.comparisons))


def _cells(rows: Sequence[tuple[Any, ...]]) -> dict[tuple[str, int, str], dict[tuple[int, int], Counts]]:
    """The counts of each event and value, by times and day, without values that every event has."""
    cells: dict[tuple[str, int, str], dict[tuple[int, int], Counts]] = defaultdict(dict)
    for *_, event, place, value, times, day, did, hits in rows:
        if event is not None:
            cells[event, place, value][int(times), int(day)] = int(did), int(hits)
    return {
        (event, place, value): counted
        for (event, place, value), counted in cells.items()
        if place == 0 or counted != cells[event, 0, ""]
    }
