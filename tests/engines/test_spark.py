"""Reports on a Spark session have the rows that they have on DuckDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mixpanel_nb import ConfigError, ParameterError, QueryError, StorageError, TableNotFoundError, Workspace

from . import tables
from .compared import assert_same, records
from .corpus import DAYS, Asked, asked, chosen

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Open = Callable[..., Workspace]


@pytest.fixture
def session(spark_session: Any) -> Any:
    return spark_session


@pytest.fixture
def spark(session: Any, folder: Path) -> Callable[[str], Workspace]:
    """A workspace over the session, whose views have a shape."""

    def of(shape: str) -> Workspace:
        names = ["`" + name.replace("`", "``") + "`" for name in tables.columns_of(shape)]
        session.read.parquet(str(folder / tables.file_of(shape))).select(*names).createOrReplaceTempView(
            "events"
        )
        session.read.parquet(str(folder / "profiles.parquet")).createOrReplaceTempView("profiles")
        return Workspace.over(session, profiles="profiles", json=tables.JSON, account="sandbox")

    return of


@pytest.mark.parametrize(
    ("shape", "question"), chosen(few=True), ids=lambda each: getattr(each, "name", each)
)
def test_rows_are_those_of_duckdb(shape: str, question: Asked, duck: Open, spark: Open) -> None:
    assert_same(records(duck(shape), question), records(spark(shape), question), question)


def test_a_session_in_another_time_zone_counts_the_same_and_stays_as_it_was(
    session: Any, duck: Open, spark: Open
) -> None:
    by_day = asked("segmentation", event="View Product", unit="day")
    ws = spark("flat")
    assert session.conf.get("spark.sql.session.timeZone") == "America/New_York"
    assert_same(records(duck("flat"), by_day), records(ws, by_day), by_day)
    assert session.conf.get("spark.sql.session.timeZone") == "America/New_York"
    assert session.conf.get("spark.sql.ansi.enabled") == "false"


def test_moments_with_a_zone_are_read_as_what_they_are(session: Any, duck: Open, spark: Open) -> None:
    spark("flat")
    session.conf.set("spark.sql.session.timeZone", "UTC")
    session.sql(
        "SELECT * EXCEPT (event_time), CAST(event_time AS TIMESTAMP) AS event_time FROM events"
    ).write.saveAsTable("zoned")
    session.conf.set("spark.sql.session.timeZone", "America/New_York")
    by_hour = asked("segmentation", "Europe/Berlin", event=None, unit="hour")
    ws = Workspace.over(session, events="spark_catalog.default.zoned", account="sandbox")
    ws.timezone = by_hour.zone
    answer = ws.segmentation(None, unit="hour", **DAYS)
    assert_same(records(duck("flat"), by_hour)[:-1], list(answer.records()), by_hour)


class Stubborn:
    """A session whose settings cannot be changed, as some servers have it."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.conf = self

    def get(self, name: str, default: Any = None) -> Any:
        return "America/New_York" if name == "spark.sql.session.timeZone" else default

    def set(self, name: str, value: str) -> None:
        """Change nothing."""

    def unset(self, name: str) -> None:
        """Change nothing."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


def test_a_session_that_keeps_a_wrong_time_zone_is_refused(session: Any, spark: Open) -> None:
    from mixpanel_nb.services.local.engines.spark import settings

    spark("flat")
    with (
        pytest.raises(ConfigError, match=r"spark.sql.session.timeZone at 'America/New_York'"),
        settings(Stubborn(session)),
    ):
        pass


def test_sql_is_sparks_own(spark: Open) -> None:
    ws = spark("events")
    rows = ws.sql(
        "SELECT event_name, count_if(price > :least) AS n FROM events GROUP BY ALL ORDER BY n DESC",
        {"least": 20},
    )
    assert list(rows.columns) == ["event_name", "n"]
    assert ws.sql_scalar("SELECT :text", {"text": "it's ${x} \\"}) == "it's ${x} \\"
    with pytest.raises(QueryError, match=r"^Spark: "):
        ws.sql("SELECT nothing FROM events")


def test_the_sql_of_a_result_is_what_ran(spark: Open) -> None:
    ws = spark("flat")
    answer = ws.segmentation("View Product", unit="week", where='properties["plan"] == "pro"', **DAYS)
    assert "TIMESTAMP_NTZ" in answer.sql
    assert "'pro'" in answer.sql
    assert len(ws.sql(answer.sql)) == len([each for each in answer.records() if each["count"]])


def test_tables_of_the_engine_are_listed(spark: Open) -> None:
    ws = spark("events")
    assert [(table.name, table.type) for table in ws.tables()] == [
        ("events", "events"),
        ("profiles", "profiles"),
    ]
    types = {column.name: column.type for column in ws.schema("events")}
    assert types["event_time"] == "TIMESTAMP"
    assert types["categories"] == "JSON"
    assert len(ws.sample("events", 3)) == 3
    assert ws.vocabulary.events("events") == sorted(tables.NAMES)
    assert "rating" in ws.vocabulary.properties("events", "Search")


@pytest.mark.parametrize(
    "ask",
    [
        lambda ws: ws.fetch_events("more", from_date="2025-01-01", to_date="2025-01-02"),
        lambda ws: ws.promote("events", "plan"),
        lambda ws: ws.sync(),
        lambda ws: ws.drop("events"),
        lambda ws: ws.cohort("buyers"),
        lambda ws: ws.export("events", "events.parquet"),
    ],
)
def test_what_only_a_file_can_do_says_so(spark: Open, ask: Callable[[Workspace], Any]) -> None:
    with pytest.raises(
        StorageError, match="This needs a database file, and the workspace reads tables of Spark"
    ):
        ask(spark("flat"))


def test_a_file_is_a_table_by_its_path(session: Any, folder: Path, duck: Open) -> None:
    path = folder / "events.parquet"
    ws = Workspace.over(session, events=f"parquet.`{path}`", json=tables.JSON, account="sandbox")
    ours = ws.segmentation("Search", on="plan", unit="week", **DAYS)
    assert ours.records() == duck("events").segmentation("Search", on="plan", unit="week", **DAYS).records()


def test_a_table_that_is_not_there(session: Any) -> None:
    with pytest.raises(TableNotFoundError, match=r"There is no table 'nowhere\.at_all'"):
        Workspace.over(session, events="nowhere.at_all", account="sandbox").segmentation("A", **DAYS)


def test_a_connection_of_no_engine() -> None:
    with pytest.raises(ParameterError, match="no engine that reports know"):
        Workspace.over(object())
    with pytest.raises(ParameterError, match="no URL of an engine"):
        Workspace.over("shop.db")
