from __future__ import annotations

import json
import math
import pickle
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.lib.pretty import pretty

from mixpanel_nb.errors import ChartError, ParameterError
from mixpanel_nb.results import (
    AccountInfo,
    AccountList,
    ColumnInfo,
    DaySync,
    FetchProgress,
    FetchResult,
    MemoryRows,
    NameList,
    Result,
    SQLResult,
    SummaryResult,
    SyncResult,
    TableInfo,
    TableList,
    TableSchema,
    WorkspaceInfo,
    json_safe,
)

FETCHED = datetime(2025, 2, 1, 12, tzinfo=UTC)


def fetched(**changes: Any) -> FetchResult:
    values: dict[str, Any] = {
        "table": "events",
        "rows": 30,
        "type": "events",
        "duration_seconds": 1.5,
        "date_range": ("2025-01-01", "2025-01-04"),
        "fetched_at": FETCHED,
        "duplicates": 2,
        "requests": 1,
        "per_day": ((date(2025, 1, 3), 20), (date(2025, 1, 1), 10)),
        "new_rows": 30,
        "columns": ("plan", "amount"),
    }
    return FetchResult(**(values | changes))


def tables() -> TableList:
    return TableList(
        (
            TableInfo(
                "events",
                "events",
                203_311,
                FETCHED,
                date(2025, 1, 1),
                date(2025, 3, 31),
                False,
                {"where": "x"},
            ),
            TableInfo("profiles", "profiles", 8_000, FETCHED),
        )
    )


def every_result() -> list[Result]:
    rows = MemoryRows(["a", "n"], ["VARCHAR", "DOUBLE"], [("x", math.nan), (None, 2.0)])
    return [
        fetched(),
        fetched(type="profiles", date_range=None, per_day=()),
        tables(),
        TableSchema("events", (ColumnInfo("plan", "VARCHAR", True, "plan"),)),
        WorkspaceInfo("/somewhere/123.db", "123", "eu", "prod", tables().tables, 5_000),
        AccountList((AccountInfo("prod", "me", "123", "eu", True),)),
        NameList("events", ["Sign Up", "Purchase"]),
        SummaryResult.from_rows(
            "events", [("n", "DOUBLE", "1", "9", 3, "4.5", "1", "2", "3", "4", 10, Decimal("12.50"))]
        ),
        SQLResult("SELECT 1", rows, params={"day": date(2025, 1, 1)}),
    ]


@pytest.mark.parametrize("result", every_result(), ids=lambda result: type(result).__name__)
def test_every_result_has_a_frame_json_html_and_text_that_agree(result: Result) -> None:
    assert list(result.df.columns) == result.column_names
    records = json.loads(json.dumps(result.records(), allow_nan=False))
    assert len(records) == len(result.df)
    assert all(list(record) == result.column_names for record in records)
    json.dumps(result.to_dict(), allow_nan=False)
    title = result.card().title
    assert title in result._repr_html_().replace("<bdi>", "").replace("</bdi>", "")
    assert repr(result).split("\n")[0] == title
    assert pretty(result) == repr(result)
    assert result._repr_html_() == result._repr_html_()


def test_results_come_without_pandas_altair_or_rich_until_something_is_asked() -> None:
    program = (
        "import sys; from mixpanel_nb.results import NameList, MemoryRows, SQLResult\n"
        "SQLResult('SELECT 1', MemoryRows(['a'], ['INTEGER'], [(1,)])).to_dict()\n"
        "NameList('events', ['a']).records()\n"
        "assert not {'altair', 'pandas', 'numpy', 'rich', 'duckdb', 'mixpanel_nb.display'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_result_without_a_chart_says_so() -> None:
    with pytest.raises(ChartError, match="A TableList has no chart"):
        tables().chart()


def test_a_repr_that_fails_is_visible_text_instead_of_a_blank_cell() -> None:
    class Broken(NameList):
        shown_rows: ClassVar[int] = 3

        def card(self, *, max_rows: int | None = None) -> Any:
            raise ZeroDivisionError("<oh>")

    assert repr(Broken()) == "<Broken: cannot be shown (ZeroDivisionError: <oh>); its data is in .df>"
    assert "(ZeroDivisionError: &lt;oh&gt;)" in Broken()._repr_html_()


def synced(*days: DaySync) -> SyncResult:
    """A sync, so long after the fetch of :func:`fetched`."""
    return SyncResult("events", 30, days, 1.5, datetime(2025, 2, 1, tzinfo=UTC), requests=1)


class TestSyncResult:
    def test_rows_and_headline_tell_what_each_day_brought(self) -> None:
        result = synced(
            DaySync(date(2025, 1, 3), False, 2, 1, 0, 22),
            DaySync(date(2025, 1, 4), False, 0, 0, 1, 7),
            DaySync(date(2025, 1, 5), True, 1200, 0, 0, 1200),
        )
        assert result.records()[0] == {
            "date": "2025-01-03", "added": 2, "changed": 1, "removed": 0, "total": 22,
        }  # fmt: skip
        assert result.headline == (
            "30 events in events: 1 new day with 1,200 events; "
            "2 days fetched again: 2 came late, 1 changed, 1 removed."
        )
        assert [row[-1] for row in result.card().table.rows] == ["again", "again", "new"]  # type: ignore[union-attr]  # there is one

    def test_no_day_is_said_and_has_typed_columns(self) -> None:
        assert "There is no new day; nothing was asked." in synced().to_text()
        dtypes = {"date": "datetime64[ns]"} | dict.fromkeys(("added", "changed", "removed", "total"), "int64")
        assert synced().df.dtypes.astype(str).to_dict() == dtypes


class TestFetchResult:
    def test_the_frame_has_every_day_of_the_range_in_order(self) -> None:
        frame = fetched().df
        assert frame["date"].dtype == "datetime64[ns]"
        assert frame["count"].tolist() == [10, 0, 20, 0]
        assert fetched().records()[1] == {"date": "2025-01-02", "count": 0}

    def test_a_fetch_of_nothing_still_has_typed_columns(self) -> None:
        frame = fetched(date_range=None, per_day=()).df
        assert frame.dtypes.astype(str).to_dict() == {"date": "datetime64[ns]", "count": "int64"}

    def test_profiles_have_one_row_and_no_chart(self) -> None:
        profiles = fetched(table="profiles", type="profiles", date_range=None, per_day=())
        assert profiles.records() == [{"table": "profiles", "count": 30}]
        with pytest.raises(ChartError, match="no days to draw for the profiles in 'profiles'"):
            profiles.chart()
        assert profiles.card().chart is None

    def test_what_is_shown_does_not_tell_when_or_how_fast_it_was_fetched(self) -> None:
        later = fetched(duration_seconds=99.0, fetched_at=datetime(2030, 1, 1, tzinfo=UTC), requests=7)
        assert later._repr_html_() == fetched()._repr_html_()
        assert repr(later) == repr(fetched())
        assert later.duration_seconds == 99.0

    def test_the_card_draws_the_days(self) -> None:
        busy = fetched(per_day=tuple((date(2025, 1, day), day) for day in (1, 2, 3, 4)))
        assert busy.chart().to_dict()["mark"]["type"] == "bar"
        assert busy.card().notes == []
        assert (
            'alt="Events per day in events, 2025-01-01 to 2025-01-04: 30 in total' in fetched()._repr_html_()
        )

    def test_days_without_events_are_named(self) -> None:
        assert fetched().card().notes == ["2 days without events: 2025-01-02, 2025-01-04."]
        year = fetched(date_range=("2025-01-01", "2025-12-31")).card().notes
        assert year == ["363 days without events: 2025-01-02, 2025-01-04 to 2025-12-31."]
        odd = tuple((date(2025, 1, day), 1) for day in range(1, 32, 2))
        month = fetched(date_range=("2025-01-01", "2025-01-31"), per_day=odd).card().notes
        assert month[0].startswith("15 days without events: 2025-01-02, 2025-01-04, ")
        assert month[0].endswith(" and 7 more.")

    def test_no_events_are_said_in_words(self) -> None:
        nothing = fetched(rows=0, per_day=(), new_rows=0)
        assert "no events from 2025-01-01 to 2025-01-04 that match what was asked for." in repr(nothing)
        assert not nothing.card().notes

    def test_to_dict_keeps_every_field(self) -> None:
        data = fetched().to_dict()
        assert data["fetched_at"] == "2025-02-01T12:00:00+00:00"
        assert data["date_range"] == ["2025-01-01", "2025-01-04"]
        assert data["per_day"] == [["2025-01-03", 20], ["2025-01-01", 10]]

    def test_it_can_be_compared_and_pickled(self) -> None:
        result = fetched()
        assert pickle.loads(pickle.dumps(result)) == fetched()


class TestFetchProgress:
    def test_rate_and_time_left_follow_from_what_is_done(self) -> None:
        now = FetchProgress("events", "events", "fetching", 5, 20, 5, 20, 1_000, 5_000, 10.0)
        assert (now.rows_per_second, now.seconds_left, now.finished) == (100.0, 30.0, False)

    def test_neither_is_known_at_the_start(self) -> None:
        now = FetchProgress("events", "events", "starting", 0, None, 0, None, 0, 0, 0.0)
        assert (now.rows_per_second, now.seconds_left) == (None, None)

    @pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
    def test_the_last_states_are_known(self, state: Any) -> None:
        assert FetchProgress("events", "events", state, 1, 1, 1, 1, 1, 1, 1.0).finished


class TestTables:
    def test_a_table_list_is_a_sequence_of_its_tables(self) -> None:
        found = tables()
        assert [table.name for table in found] == ["events", "profiles"] == found.names
        assert (len(found), found[1].row_count, found[-1].type) == (2, 8_000, "profiles")
        assert TableList([found[0]]) == TableList((found[0],))  # type: ignore[arg-type]  # a list is welcome too

    def test_cards_show_the_range_but_not_when_it_was_fetched(self) -> None:
        assert repr(tables()).split("\n") == [
            "2 tables",
            "table     type         rows  from        to          complete  limited to",
            "─────────────────────────────────────────────────────────────────────────",
            "events    events    203,311  2025-01-01  2025-03-31  no        where: x",
            "profiles  profiles    8,000                          yes",
        ]
        assert tables().records()[0]["fetched_at"] == "2025-02-01T12:00:00+00:00"

    def test_a_schema_is_a_sequence_of_its_columns(self) -> None:
        schema = TableSchema(
            "events", (ColumnInfo("event_name", "VARCHAR", False), ColumnInfo("p", "JSON", True, "P"))
        )
        assert [column.property for column in schema] == [None, "P"]
        assert schema.df["nullable"].tolist() == [False, True]
        assert schema.to_dict()["columns"][1] == {
            "name": "p",
            "type": "JSON",
            "nullable": True,
            "property": "P",
        }

    def test_a_workspace_names_its_file_but_not_the_folder_or_the_size(self) -> None:
        workspace = WorkspaceInfo("/home/somebody/123.db", "123", "eu", "prod", (), 4_321)
        assert "123.db" in repr(workspace)
        assert "somebody" not in repr(workspace) + workspace._repr_html_()
        assert "This workspace has no tables yet." in repr(workspace)
        assert "in memory" in repr(WorkspaceInfo(None, None, None, None))

    def test_a_summary_shows_shares_of_null_as_percentages(self) -> None:
        row = ("n", "DOUBLE", "1", "9", 3, "4.5", "1", "2", "3", "4", 10, Decimal("12.50"))
        day = ("d", "DATE", "2025-01-01", "2025-01-02", 2, "2025-01-01", None, None, None, None, 10, None)
        summary = SummaryResult.from_rows("events", [row, day])
        assert "12.5%" in repr(summary)
        assert repr(summary).startswith("events: 2 columns, 10 rows\n")
        assert summary.records()[0]["null_percentage"] == 12.5


class TestNameList:
    def test_it_is_a_list_in_every_way_but_how_it_looks(self) -> None:
        names = NameList("properties", ["plan", "city"], of="Sign Up")
        assert names == ["plan", "city"]
        assert json.dumps(names) == '["plan", "city"]'
        assert sorted(names) == ["city", "plan"]
        assert pickle.loads(pickle.dumps(names)).of == "Sign Up"
        assert repr(names).split("\n") == ["2 properties of Sign Up", "property", "────────", "plan", "city"]

    def test_a_change_is_in_the_frame(self) -> None:
        names = NameList("events", ["a"])
        assert len(names.df) == 1
        names.append("b")
        assert names.df["event"].tolist() == ["a", "b"]

    def test_an_empty_one_says_so(self) -> None:
        assert "There are no events." in repr(NameList("events"))


HUGE = 170141183460469231731687303715884105727


class TestSQLResult:
    class Counting(MemoryRows):
        """Rows that remember how many were asked for."""

        asked: ClassVar[list[int | None]] = []

        def fetch(
            self, limit: int | None = None, offset: int = 0, order: tuple[int, bool] | None = None
        ) -> list[tuple[Any, ...]]:
            self.asked.append(limit)
            return super().fetch(limit, offset, order)

    @staticmethod
    def days(count: int, **options: Any) -> SQLResult:
        rows = [(date(2025, 1, 1) + timedelta(days=number), "pro", number) for number in range(count)]
        return SQLResult(
            "SELECT", MemoryRows(["day", "plan", "n"], ["DATE", "VARCHAR", "BIGINT"], rows), **options
        )

    def test_showing_it_fetches_only_what_is_shown(self) -> None:
        self.Counting.asked.clear()
        source = self.Counting(["n"], ["BIGINT"], [(number,) for number in range(100_000)])
        result = SQLResult("SELECT n", source)
        assert "10 of 100,000 rows shown — .df has them all" in repr(result)
        assert "3 of 100,000 rows shown" in result.to_html(max_rows=3)
        assert self.Counting.asked == [10, 3]

    def test_iterating_goes_through_all_rows_in_batches(self) -> None:
        self.Counting.asked.clear()
        rows = [(number,) for number in range(5_000)]
        result = SQLResult("SELECT n", self.Counting(["n"], ["BIGINT"], rows))
        assert list(result) == rows
        assert self.Counting.asked == [2_048] * 3
        assert len(result) == 5_000

    def test_its_own_number_of_rows_holds_unless_another_is_asked_for(self) -> None:
        result = self.days(100, max_rows=25)
        assert "25 of 100 rows shown" in repr(result)
        assert "5 of 100 rows shown" in result.to_text(max_rows=5)

    def test_repeated_names_are_told_apart_and_names_differing_in_case_are_kept(self) -> None:
        result = SQLResult("SELECT", MemoryRows(["a", "a", "A", "a_1"], ["INTEGER"] * 4, [(1, 2, 3, 4)]))
        assert result.columns == ["a", "a_1", "A", "a_1_1"] == list(result.df.columns)
        assert result.records() == [{"a": 1, "a_1": 2, "A": 3, "a_1_1": 4}]

    def test_huge_integers_keep_every_digit(self) -> None:
        result = SQLResult("SELECT", MemoryRows(["n"], ["HUGEINT"], [(HUGE,)]))
        assert result.records() == [{"n": HUGE}]
        assert f"{HUGE:,}" in repr(result)

    def test_no_rows_are_said_in_words_and_are_still_an_answer(self) -> None:
        result = self.days(0)
        assert "The query gave no rows." in repr(result)
        assert result
        assert list(result.df.columns) == ["day", "plan", "n"]

    def test_the_query_is_on_the_card_escaped(self) -> None:
        result = SQLResult("SELECT '<b>'", MemoryRows(["a"], ["VARCHAR"], [("x",)]))
        assert "SELECT &#x27;&lt;b&gt;&#x27;" in result._repr_html_()

    def test_a_chart_chooses_time_number_and_category_by_type(self) -> None:
        spec = self.days(5).chart().to_dict()
        assert spec["mark"]["type"] == "line"
        assert (spec["encoding"]["y"]["title"], spec["encoding"]["color"]["title"]) == ("n", "plan")
        assert spec["encoding"]["x"]["type"] == "temporal"

    def test_a_chart_on_the_card_only_when_asked_for(self) -> None:
        assert "<img" not in self.days(5)._repr_html_()
        assert "<img" in self.days(5, chart_options={"kind": "bar"})._repr_html_()

    def test_a_mistake_in_the_chart_is_an_error_and_still_shows_the_rows(self) -> None:
        result = self.days(5, chart_options={"x": "dya"})
        with pytest.raises(ParameterError, match=r"no column 'dya'\. Did you mean 'day'"):
            result.chart()
        assert "No chart: The result has no column" in repr(result)
        assert "2025-01-05" in repr(result)

    def test_too_many_rows_or_no_number_cannot_be_drawn(self) -> None:
        with pytest.raises(ChartError, match="20,001 rows are too many"):
            self.days(20_001).chart()
        with pytest.raises(ChartError, match="numeric column for y"):
            SQLResult("SELECT", MemoryRows(["a"], ["VARCHAR"], [("x",)])).chart()

    def test_to_dict_holds_question_and_answer(self) -> None:
        data = self.days(1, params={"plan": "pro"}).to_dict()
        assert data["rows"] == [{"day": "2025-01-01", "plan": "pro", "n": 0}]
        assert (data["params"], data["types"], data["row_count"]) == (
            {"plan": "pro"},
            ["DATE", "VARCHAR", "BIGINT"],
            1,
        )


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        (HUGE, HUGE),
        (math.nan, None),
        (-math.inf, None),
        (Decimal(12), 12),
        (Decimal("1E+3"), 1000),
        (Decimal("12.5"), 12.5),
        (Decimal("NaN"), None),
        (Decimal("1E+1000000"), None),
        (b"\x00\xff", "AP8="),
        (date(2025, 1, 31), "2025-01-31"),
        (FETCHED, "2025-02-01T12:00:00+00:00"),
        (time(1, 2), "01:02:00"),
        (timedelta(minutes=1), 60.0),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        ({2, 1}, [1, 2]),
        ({date(2025, 1, 1): {"a": (1,)}}, {"2025-01-01": {"a": [1]}}),
        (np.int64(5), 5),
        (np.float64("nan"), None),
        (np.array([1.5, math.nan]), [1.5, None]),
        (pd.Timestamp("2025-01-01"), "2025-01-01T00:00:00"),
        (pd.NaT, None),
        (pd.NA, None),
        (ColumnInfo("a", "JSON"), {"name": "a", "type": "JSON", "nullable": True, "property": None}),
    ],
)
def test_each_type_has_its_json(value: Any, safe: Any) -> None:
    assert json_safe(value) == safe


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.decimals()
    | st.uuids()
) | (st.dates() | st.datetimes() | st.times() | st.timedeltas())
KEYS = st.text() | st.integers() | st.none() | st.dates() | st.tuples(st.integers(), st.text())


@given(
    st.recursive(
        LEAVES,
        lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner),
        max_leaves=15,
    )
)
def test_anything_becomes_json(value: Any) -> None:
    json.loads(json.dumps(json_safe(value), allow_nan=False))
