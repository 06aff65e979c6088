"""Batches that are loaded at once leave what they leave one after the other."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixpanel_nb.storage import StorageEngine
from mixpanel_nb.storage.loading import Batch

from .support import TIME, Exports, chunk, event, metadata

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mixpanel_nb.errors import IncompleteExportError
    from mixpanel_nb.storage.loading import Loaded


@dataclass
class Lines:
    """A feed of batches of these lines, which is told how each ended."""

    exports: Exports
    batches: Sequence[Sequence[Any]]
    begun: int = 0
    loaded: dict[int, Loaded] = field(default_factory=dict)
    errors: dict[int, IncompleteExportError] = field(default_factory=dict)
    stops_before: int | None = None
    has_ended: bool = False

    def next(self) -> Batch | None:
        if self.begun == self.stops_before:
            raise KeyboardInterrupt
        if self.begun == len(self.batches):
            return None
        lines = self.batches[self.begun]
        day = date(2025, 1, 1 + self.begun)
        self.begun += 1
        entry = chunk(day, day, rows=len(lines))
        file = self.exports.file(lines)
        recorded = metadata(from_date=day, to_date=day, complete=False)
        return Batch("events", [file], [entry], recorded, lines=len(lines))

    def stored(self, batch: Batch, loaded: Loaded) -> None:
        self.loaded[_number(batch)] = loaded

    def refused(self, batch: Batch, error: IncompleteExportError) -> None:
        self.errors[_number(batch)] = error

    def is_complete(self) -> bool:
        return len(self.loaded) == len(self.batches)

    def end(self) -> None:
        self.has_ended = True


def _number(batch: Batch) -> int:
    first = batch.chunks[0].from_date
    assert first is not None
    return first.day - 1


def _load(engine: StorageEngine, feed: Lines) -> None:
    while feed.begun < len(feed.batches):  # others may get their turn before all are stored
        engine.load_all(feed)


VALUES = st.one_of(
    st.none(), st.integers(-3, 3), st.just(2**60), st.sampled_from(["x", "5", "true"]), st.just(1.5)
)
EVENTS = st.tuples(st.integers(0, 3), st.sampled_from("ab"), st.sampled_from("pq"), VALUES)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(EVENTS, min_size=1, max_size=4), min_size=1, max_size=6), st.randoms())
def test_duplicates_and_types_are_as_in_one_batch(drawn: list[list[tuple[Any, ...]]], order: Any) -> None:
    """Events of one key in several batches, which contradict each other's types."""
    ingested = list(range(sum(map(len, drawn))))
    order.shuffle(ingested)
    batches, newest = [], dict[tuple[Any, ...], tuple[int, Any]]()
    for rows in drawn:
        lines = []
        for time, user, number, value in rows:
            moment = ingested.pop()
            held = {"mp_processing_time_ms": moment, "v": value}
            lines.append(event(held, time=TIME + time, distinct_id=user, insert_id=number))
            key = (time, user, number)
            newest[key] = max(newest.get(key, (-1, None)), (moment, value), key=lambda each: each[0])
        batches.append(lines)
    with tempfile.TemporaryDirectory() as folder, StorageEngine(Path(folder) / "data.db") as engine:
        feed = Lines(Exports(engine, Path(folder)), batches)
        _load(engine, feed)
        rows_of = engine.execute_rows(
            "SELECT epoch(event_time) - $t, distinct_id, insert_id, properties FROM events", {"t": TIME}
        )
        found = {
            (time, user, number): (properties["mp_processing_time_ms"], properties["v"])
            for time, user, number, properties in ((*row[:3], json.loads(row[3])) for row in rows_of)
        }
        assert found == newest
        assert len(rows_of) == len(newest)
        filled = sum(value is not None for _, value in newest.values())
        if filled:
            assert engine.execute_scalar("SELECT count(v) FROM events") == filled
        assert sum(each.rows for each in feed.loaded.values()) == len(newest)
        assert sum(each.duplicates for each in feed.loaded.values()) == sum(map(len, drawn)) - len(newest)
        recorded = engine.get_metadata("events")
        assert (recorded.complete, recorded.row_count) == (True, len(newest))
        assert {each.from_date for each in engine.chunks("events")} == {
            date(2025, 1, 1 + number) for number in range(len(drawn))
        }


@pytest.fixture
def engine(tmp_path: Path) -> StorageEngine:
    return StorageEngine(tmp_path / "data.db")


def _day(number: int, rows: int = 3000) -> list[dict[str, Any]]:
    """Events of one moment of a day, numbered in their order."""
    return [event({"n": row, "day": number}, time=TIME + 86_400 * number) for row in range(rows)]


def test_rows_of_a_batch_keep_their_order(engine: StorageEngine, tmp_path: Path) -> None:
    feed = Lines(Exports(engine, tmp_path), [_day(number) for number in range(6)])
    _load(engine, feed)
    rows = engine.execute_rows("SELECT day, n FROM events ORDER BY event_time, rowid")
    assert rows == [(day, n) for day in range(6) for n in range(3000)]


def test_one_batch_that_is_broken_leaves_the_others(engine: StorageEngine, tmp_path: Path) -> None:
    batches: list[list[Any]] = [_day(number, rows=10) for number in range(5)]
    batches[2].append(b'{"event": "Visit", "properties": {"time": 17')
    feed = Lines(Exports(engine, tmp_path), batches)
    _load(engine, feed)
    assert set(feed.errors) == {2}
    assert "not JSON" in feed.errors[2].message
    assert engine.execute_rows("SELECT DISTINCT day FROM events ORDER BY 1") == [(0,), (1,), (3,), (4,)]
    assert sorted(each.from_date.day for each in engine.chunks("events") if each.from_date) == [1, 2, 4, 5]
    assert not engine.get_metadata("events").complete


def test_a_new_property_in_a_later_batch_gets_a_column(engine: StorageEngine, tmp_path: Path) -> None:
    batches = [_day(number, rows=10) for number in range(5)]
    for line in batches[3]:
        line["properties"]["late"] = "here"
    _load(engine, Lines(Exports(engine, tmp_path), batches))
    assert engine.execute_rows("SELECT day, count(late) FROM events GROUP BY 1 ORDER BY 1") == [
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 10),
        (4, 0),
    ]


@pytest.mark.parametrize("stops_before", [1, 2, 3, 5])
def test_what_was_noted_when_it_is_interrupted_is_what_is_stored(
    engine: StorageEngine, tmp_path: Path, stops_before: int
) -> None:
    batches = [_day(number) for number in range(6)]
    feed = Lines(Exports(engine, tmp_path), batches, stops_before=stops_before)
    with pytest.raises(KeyboardInterrupt):
        _load(engine, feed)
    stored = {each.from_date.day - 1 for each in engine.chunks("events") if each.from_date}
    assert feed.has_ended
    assert stored == set(feed.loaded)
    if stored:
        counts = engine.execute_rows("SELECT day, count(*) FROM events GROUP BY 1 ORDER BY 1")
        assert counts == [(day, 3000) for day in sorted(stored)]
        assert not engine.get_metadata("events").complete
    _load(engine, Lines(Exports(engine, tmp_path), batches))
    assert engine.execute_scalar("SELECT count(*) FROM events") == 6 * 3000


def test_rows_that_a_killed_process_did_not_record_are_counted_when_the_table_is_complete(
    engine: StorageEngine, tmp_path: Path
) -> None:
    _load(engine, Lines(Exports(engine, tmp_path), [_day(number, rows=10) for number in range(4)]))
    engine.execute_rows("UPDATE _metadata SET row_count = 10, to_date = from_date, complete = false")
    engine.mark("events", complete=True)
    recorded = engine.get_metadata("events")
    assert (recorded.row_count, recorded.complete) == (40, True)
    assert (recorded.from_date, recorded.to_date) == (date(2025, 1, 1), date(2025, 1, 4))
