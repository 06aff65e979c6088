"""Choice of properties for typed columns, from a sample of lines.

Pure functions over parsed objects; the ingest verifies every row, so a misleading sample costs time, never a
value.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from mixpanel_nb.json_text import parsed
from mixpanel_nb.storage.kinds import EXACT_IN_DOUBLE, Kinds, kind_of, looks_like_json
from mixpanel_nb.storage.schema import PropertyColumn, column_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

DEFAULT_COLUMNS = 100
SAMPLE_LINES = 2000
FREQUENT = 0.01  # a property in one of a hundred rows is worth adding to a table that exists


class Sample:
    """The frequency and kinds of each property in some objects."""

    def __init__(self, objects: Iterable[dict[str, Any]]) -> None:
        self.size = 0
        self.counts: Counter[str] = Counter()
        self.kinds: defaultdict[str, Kinds] = defaultdict(lambda: Kinds.NONE)
        self.raw: set[str] = set()
        self._known: set[tuple[str, type]] = set()  # names, and types whose usual kind is noted
        self._unusable: set[str] = set()
        for properties in objects:
            self._add(properties)

    def _add(self, properties: dict[str, Any]) -> None:
        self.size += 1
        for name, value in properties.items():
            if value is None or name in self._unusable:
                continue
            self.counts[name] += 1
            if isinstance(value, str) and looks_like_json(value):
                self.raw.add(name)
            is_known = (name, type(value)) in self._known
            if not is_known or (isinstance(value, int) and abs(value) >= EXACT_IN_DOUBLE):
                self._note(name, value)

    def _note(self, name: str, value: Any) -> None:
        """Note the kind of a value, and whether the name is usable."""
        if not usable(name):
            self._unusable.add(name)
            del self.counts[name]
            self.raw.discard(name)
            return
        kinds = kind_of(value)
        self.kinds[name] |= kinds
        if not kinds & (Kinds.BIG | Kinds.HUGE):  # rare ones, each of which is looked at
            self._known.add((name, type(value)))

    def by_frequency(self) -> list[str]:
        """Property names, the most frequent first (ties by name, so that the order is stable)."""
        return sorted(self.counts, key=lambda name: (-self.counts[name], name))

    def columns(self, properties: Iterable[str], taken: Iterable[str]) -> list[PropertyColumn]:
        """A column definition for each of ``properties``."""
        names = column_names(properties, taken)
        return [
            PropertyColumn(prop, name, self.kinds[prop], raw=prop in self.raw) for prop, name in names.items()
        ]


def usable(name: str) -> bool:
    """Whether a property can be read into a column.

    DuckDB's ``from_json`` takes no empty key; a NUL or a lone surrogate cannot be in SQL.
    """
    return name != "" and "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


def choose(
    sample: Sample,
    wanted: int | Sequence[str] | None,
    *,
    held: Collection[str],
    existing: Collection[str] = (),
) -> list[str]:
    """The properties that get a column.

    Args:
        sample: The sample.
        wanted: At most that many columns, or these properties, or none (None or 0).
        held: Properties that base columns hold already.
        existing: Properties that have a column already; then only frequent ones are added.
    """
    fresh = [name for name in sample.by_frequency() if name not in held and name not in existing]
    if not wanted:
        return []
    if isinstance(wanted, str):
        wanted = [wanted]
    if isinstance(wanted, int):
        if existing:
            fresh = [name for name in fresh if sample.counts[name] >= FREQUENT * sample.size]
        return fresh[: max(wanted - len(existing), 0)]
    return [
        name for name in dict.fromkeys(wanted) if name not in held and name not in existing and usable(name)
    ]


def sample_lines(files: Sequence[Path], lines: int = SAMPLE_LINES) -> list[dict[str, Any]]:
    """Up to ``lines`` parsed objects from the beginnings of files of JSON lines.

    Lines that are no JSON objects, or nested too deeply for Python, are skipped: the ingest reports them.
    """
    per_file = max(lines // max(len(files), 1), 1)
    objects: list[dict[str, Any]] = []
    for file in files:
        with file.open("rb") as stream:
            for _, line in zip(range(per_file), stream, strict=False):
                try:
                    value = parsed(line)
                except (ValueError, RecursionError):
                    continue
                if isinstance(value, dict):
                    objects.append(value)
    return objects
