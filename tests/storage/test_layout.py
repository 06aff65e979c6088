"""Tables that were sorted for reports: the same events, in the same order of sending, whatever happens."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb.errors import MixpanelDataError, StorageError, TableNotFoundError
from mixpanel_nb.storage import StorageEngine, layout, table_names

from .support import TIME, chunk, event, profile

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .support import Exports, Start

DAY = 86_400
NAMES = ("Visit", "Buy", "Search")


def visits(first: int, last: int, **properties: Any) -> list[dict[str, Any]]:
    """Events of a few users and names, one hour each, three at the same moment; ``n`` numbers them."""
    return [
        event(
            {"n": n, **properties},
            name=NAMES[n * 7 % 3],
            time=TIME + n // 3 * 3_600,
            distinct_id=f"u{n * 5 % 4}",
            insert_id=f"e{n}",
        )
        for n in range(first, last)
    ]


def sent(engine: StorageEngine, table: str = "events") -> list[int]:
    """The numbers of the events in the order of sending, as the package knows it."""
    with engine.read_without_waiting() as con:
        number = layout.sent_number(con, table)
    return [n for (n,) in engine.execute_rows(f"SELECT n FROM {table} ORDER BY {number}")]


def lying(engine: StorageEngine) -> list[tuple[str, str]]:
    """The names and users of the rows as they lie in the table."""
    return engine.execute_rows("SELECT event_name, distinct_id FROM events ORDER BY rowid")


def content(engine: StorageEngine) -> list[tuple[Any, ...]]:
    """All rows, with the columns that were there before."""
    columns = [column.name for column in engine.get_schema("events") if column.name != "_sent"]
    return sorted(engine.execute_rows(f"SELECT {', '.join(columns)} FROM events"), key=repr)


def test_events_of_a_name_lie_together_and_among_them_those_of_a_user(exports: Exports) -> None:
    exports.load(*visits(0, 300))
    before = content(exports.engine)
    parts: list[layout.Sorted] = []
    assert exports.engine.optimize("events", parts.append) == 300
    assert parts == [layout.Sorted(date(2025, 1, 1), date(2025, 1, 5), 300)]
    assert lying(exports.engine) == sorted(lying(exports.engine))
    assert content(exports.engine) == before
    assert sent(exports.engine) == list(range(300))


def test_the_columns_stay_as_they_are_and_one_comes_behind_them(exports: Exports) -> None:
    exports.load(*visits(0, 9))
    before = exports.engine.get_schema("events")
    exports.engine.optimize("events")
    *columns, added = exports.engine.get_schema("events")
    assert (tuple(columns), added.name, added.property) == (before, "_sent", None)


def test_the_column_has_another_name_where_a_property_is_called_the_same(exports: Exports) -> None:
    exports.load(*visits(0, 9, _sent="yes"))
    exports.engine.optimize("events")
    assert exports.column("_sent") == ["yes"] * 9
    assert exports.engine.get_schema("events")[-1].name == "_sent_2"
    with exports.engine.read_without_waiting() as con:
        assert list(table_names.tables(con)["events"].properties) == ["_sent", "n"]


def test_a_property_that_comes_later_has_a_column_of_its_own(exports: Exports) -> None:
    exports.load(*visits(0, 9))
    exports.engine.optimize("events")
    exports.load(*visits(9, 18, _sent="yes"))
    assert exports.types() == {"n": "BIGINT", "_sent": "VARCHAR"}
    assert sent(exports.engine) == list(range(18))


def test_only_spans_with_new_events_are_sorted_again(
    exports: Exports, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST_ROWS", 20)  # spans of a day, which hold 72
    exports.load(*visits(0, 300))
    parts: list[layout.Sorted] = []
    assert exports.engine.optimize("events", parts.append) == 300
    assert [part.first.day for part in parts] == [1, 2, 3, 4, 5]
    assert exports.engine.optimize("events") == 0
    late = event({"n": 300}, time=TIME + DAY, insert_id="e300")
    exports.load(late)
    parts.clear()
    assert exports.engine.optimize("events", parts.append) == 73
    assert [part.first.day for part in parts] == [2]
    assert sent(exports.engine) == list(range(301))


def test_events_sent_later_stay_behind_those_of_the_same_time(exports: Exports) -> None:
    exports.load(*visits(0, 30))
    for first in (30, 60, 90):
        exports.engine.optimize("events")
        exports.load(*visits(first, first + 30))
        assert sent(exports.engine) == list(range(first + 30))


def test_days_that_are_fetched_again_replace_sorted_rows(exports: Exports) -> None:
    exports.load(*visits(0, 300))
    exports.engine.optimize("events")
    again = [each for each in visits(0, 300, plan="pro") if each["properties"]["n"] < 36]
    loaded = exports.load(*again, chunks=[chunk(date(2025, 1, 1), date(2025, 1, 1))], renews=True)
    assert [(change.changed, change.added, change.removed) for change in loaded.changes] == [(36, 0, 0)]
    assert sorted(sent(exports.engine)) == list(range(300))
    assert exports.engine.optimize("events") == 300
    assert exports.engine.execute_scalar("SELECT count(*) FROM events WHERE plan = 'pro'") == 36


def test_events_that_come_again_are_found_among_sorted_rows(exports: Exports) -> None:
    exports.load(*visits(0, 60))
    exports.engine.optimize("events")
    assert exports.load(*visits(30, 90)).duplicates == 30
    assert sorted(sent(exports.engine)) == list(range(90))


def test_what_sql_made_of_the_table_stays(exports: Exports) -> None:
    exports.load(*visits(0, 9))
    engine = exports.engine
    engine.execute("CREATE VIEW buys AS SELECT * FROM events WHERE event_name = 'Buy'")
    engine.execute("ALTER TABLE events ADD COLUMN note VARCHAR DEFAULT 'none'")
    engine.execute("COMMENT ON TABLE events IS 'of the shop'")
    buys = engine.execute_rows("SELECT count(*) FROM buys")
    engine.optimize("events")
    assert engine.execute_rows("SELECT count(*) FROM buys") == buys
    assert engine.execute_rows("SELECT DISTINCT note FROM events") == [("none",)]
    assert (
        engine.execute_scalar("SELECT comment FROM duckdb_tables() WHERE table_name = 'events'")
        == "of the shop"
    )


def test_events_at_no_time_that_sql_put_there_stay(exports: Exports) -> None:
    exports.load(*visits(0, 9))
    times = "unnest([NULL, TIMESTAMP 'infinity']) AS event_time"
    exports.engine.execute(f"INSERT INTO events BY NAME SELECT 'Odd' AS event_name, {times}")
    assert exports.engine.optimize("events") == 9
    assert exports.engine.optimize("events") == 0
    assert exports.engine.row_count("events") == 11


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        ("nothing", TableNotFoundError, "There is no table 'nothing'."),
        (
            "own",
            TableNotFoundError,
            "Table 'own' was not fetched from Mixpanel, so nothing is recorded of it.",
        ),
        ("profiles", StorageError, "Table 'profiles' holds profiles, which have no order to be read in."),
    ],
)
def test_only_fetched_events_are_sorted(
    exports: Exports, table: str, error: type[MixpanelDataError], message: str
) -> None:
    exports.engine.execute("CREATE TABLE own AS SELECT 1 AS n")
    exports.load(profile("ann"), table="profiles", table_type="profiles")
    with pytest.raises(error) as raised:
        exports.engine.optimize(table)
    assert raised.value.message == message


def test_an_empty_table_has_nothing_to_sort(exports: Exports) -> None:
    exports.load(event())
    exports.engine.execute("DELETE FROM events")
    assert exports.engine.optimize("events") == 0


KILLED = """
    import sys
    from contextlib import contextmanager
    from mixpanel_nb.storage import StorageEngine, layout

    layout.MOST_ROWS = 20

    @contextmanager
    def never_committed(con):
        con.begin()
        yield
        print("sorted, not committed", flush=True)
        sys.stdin.read()

    def told(part):
        print(part.first, flush=True)
        if part.first.day == 2:
            layout.transaction = never_committed

    StorageEngine(sys.argv[1]).optimize("events", told)
    """


def test_a_killed_process_leaves_each_span_sorted_or_as_it_was(
    exports: Exports, path: Path, start: Start
) -> None:
    exports.load(*visits(0, 300))
    before = content(exports.engine)
    exports.engine.close()
    program = start(KILLED, path)
    told = [program.told() for _ in range(3)]
    assert told == ["2025-01-01", "2025-01-02", "sorted, not committed"]
    program.killed()
    assert content(exports.engine) == before
    assert sent(exports.engine) == list(range(300))
    numbered = "SELECT DISTINCT day(event_time) FROM events WHERE _sent IS NOT NULL ORDER BY 1"
    assert exports.engine.execute_rows(numbered) == [(1,), (2,)]
    assert exports.engine.optimize("events") == 300
    assert sent(exports.engine) == list(range(300))


def test_others_add_events_between_two_spans(
    exports: Exports, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST_ROWS", 20)
    exports.load(*visits(0, 300))
    other = StorageEngine(path)
    added: list[int] = []

    def add(part: layout.Sorted) -> None:
        first = 300 + 3 * len(added)
        added.append(part.rows)
        late = [event({"n": n}, time=TIME + n % 5 * DAY, insert_id=f"e{n}") for n in range(first, first + 3)]
        type(exports)(other, exports.folder).load(*late)

    exports.engine.optimize("events", add)
    assert len(added) == 5
    assert sorted(sent(exports.engine)) == list(range(315))
    assert of_one_time(exports.engine) == sorted(of_one_time(exports.engine))
    other.close()


def of_one_time(engine: StorageEngine) -> Sequence[tuple[Any, ...]]:
    """Time and number of each event, by time and order of sending."""
    with engine.read_without_waiting() as con:
        number = layout.sent_number(con, "events")
    return engine.execute_rows(f"SELECT event_time, n FROM events ORDER BY event_time, {number}")


def test_a_table_that_is_dropped_meanwhile_is_missed(
    exports: Exports, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "MOST_ROWS", 20)
    exports.load(*visits(0, 300))
    other = StorageEngine(path)
    with pytest.raises(TableNotFoundError):
        exports.engine.optimize("events", lambda _: other.drop_tables("events"))
    other.close()
