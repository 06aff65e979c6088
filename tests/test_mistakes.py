"""What people write wrongly in Python is answered with what to write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faces import built, connected, database  # noqa: F401 - fixtures
from mistakes import SQL_MISTAKES, ZONES

from mixpanel_nb import ConfigError, MixpanelDataError, ParameterError, QueryError, Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def ws(database: Path) -> Iterator[Workspace]:  # noqa: F811 - the fixture
    with Workspace.sandbox(path=database) as workspace:
        yield workspace


@pytest.mark.parametrize(("sql", "hint"), SQL_MISTAKES)
def test_sql(ws: Workspace, sql: str, hint: str) -> None:
    with pytest.raises(MixpanelDataError) as failed:
        ws.sql(sql)
    assert failed.value.hint == hint


def test_a_property_without_a_column(ws: Workspace) -> None:
    ws.fetch_events("few", from_date="2025-01-01", to_date="2025-01-02", columns=["plan"])
    with pytest.raises(QueryError) as failed:
        ws.sql_scalar("SELECT count(category) FROM few")
    assert failed.value.hint == (
        "category has no column: properties->>'category' reads it; mp promote few category gives it one."
    )


@pytest.mark.parametrize(("zone", "hint"), ZONES)
def test_time_zones(tmp_path: Path, zone: str, hint: str) -> None:
    with pytest.raises(ConfigError, match="There is no time zone") as failed:
        Workspace.sandbox(path=tmp_path / "own.db", timezone=zone)
    assert failed.value.hint == hint


def test_several_numbers_are_the_business_of_insights(ws: Workspace) -> None:
    for kind in ("sum", "average", "numeric"):
        with pytest.raises(ParameterError, match="on takes one value") as failed:
            getattr(ws, f"segmentation_{kind}")("Purchase", on=["revenue", "shipping"])
        assert str(failed.value.hint).startswith("The report insights takes several numbers: ")
    both = ws.insights(["sum(Purchase, revenue)", "sum(Purchase, shipping)"], totals=True)
    assert both.df["metric"].tolist() == ["sum(Purchase, revenue)", "sum(Purchase, shipping)"]


@pytest.mark.parametrize(
    ("report", "asked"),
    [
        ("segmentation", {"event": "Purchase", "on": ["plan", "$os"]}),
        ("segmentation", {"event": None}),
        ("segmentation_sum", {"event": "Purchase", "on": "revenue", "unit": "week"}),
    ],
)
def test_mixpanel_answers_with_insights_what_it_does_not_answer_otherwise(
    ws: Workspace, report: str, asked: dict[str, object]
) -> None:
    with pytest.raises(ParameterError) as failed:
        getattr(ws, report)(**asked, last="14d", live=True)
    assert str(failed.value.hint).endswith(", or Mixpanel for the report insights.")


def test_insights_live_answers_these(ws: Workspace) -> None:
    days = {"from_date": "2025-01-01", "to_date": "2025-01-14"}
    for asked in (
        {"metrics": "Purchase", "on": ["plan", "$os"]},
        {"metrics": None},
        {"metrics": "sum(Purchase, revenue)", "unit": "week"},
    ):
        live = ws.insights(**asked, **days, live=True).df.drop(columns="complete")
        table = ws.insights(**asked, **days).df.drop(columns="complete")
        key = [name for name in table.columns if name != "value"]
        assert live.sort_values(key).values.tolist() == table.sort_values(key).values.tolist()
