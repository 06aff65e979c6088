"""Tables and views of one's own in lists, forms and completion."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from workspaces import with_sandbox

from mixpanel_nb import Workspace
from mixpanel_nb.errors import StorageError, TableNotFoundError
from mixpanel_nb.services.local import DuckDBEngine
from mixpanel_nb.workspace.vocabulary import WorkspaceVocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VISITS = """
    SELECT * FROM (VALUES
        ('Visit', 1735689600, 7, 'web', 1.5),
        ('Visit', 1735776000, 8, 'app', 2.5),
        ('Leave', 1735862400, 7, NULL, NULL)
    ) AS v(event_name, event_time, distinct_id, source, score)
"""


@pytest.fixture(params=["file", "memory"])
def ws(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    in_memory = request.param == "memory"
    with (
        Workspace.memory(account="sandbox") if in_memory else Workspace("sandbox", path=tmp_path / "data.db")
    ) as ws:
        ws.sql(f"CREATE TABLE visits AS {VISITS}; CREATE VIEW web AS FROM visits WHERE source = 'web'")
        ws.sql("CREATE TABLE other AS SELECT 1 AS a")
        yield ws


def test_they_are_listed_by_what_they_are(ws: Workspace) -> None:
    listed = [(table.name, table.type, table.row_count) for table in ws.tables()]
    assert listed == [("other", "table", 1), ("visits", "table", 3), ("web", "view", None)]
    assert ws.tables().df["row_count"].dropna().tolist() == [1, 3]
    assert ws.tables().records()[2]["row_count"] is None
    assert "NULL" not in repr(ws.tables())


def test_schema_sample_summary_and_export_of_a_view(ws: Workspace, tmp_path: Path) -> None:
    assert ws.schema("web")[0].name == "event_name"
    assert len(ws.sample("web", 5)) == 1
    assert ws.summarize("web").df["column"].tolist()[0] == "event_name"
    ws.export("web", tmp_path / "web.csv")
    assert len((tmp_path / "web.csv").read_text().splitlines()) == 2
    with pytest.raises(TableNotFoundError, match="was not fetched from Mixpanel"):
        ws.promote("web", "source")


def test_a_form_offers_them_and_their_names(ws: Workspace) -> None:
    names = WorkspaceVocabulary(DuckDBEngine(ws.storage), lambda: pytest.fail("Mixpanel is not asked"))
    assert names.tables() == ["visits", "web"]
    assert names.events("visits") == ["Leave", "Visit"]
    assert names.properties("visits", "Visit") == ["score", "source"]
    assert names.properties("web", None) == ["score", "source"]
    assert names.numbers("visits", None) == ["score"]
    assert names.events("other") == []
    ws.sql("CREATE TABLE gone AS FROM visits; CREATE VIEW broken AS FROM gone; DROP TABLE gone")
    assert names.events("broken") == []


def test_their_days_are_those_of_their_events(ws: Workspace) -> None:
    engine = DuckDBEngine(ws.storage)
    assert engine.days("visits") == (date(2025, 1, 1), date(2025, 1, 3))
    assert engine.top_event("web") == "Visit"
    ws.sql("DELETE FROM visits")
    assert engine.days("web") is None
    assert ws.explore(table="visits") is not None


def test_a_view_takes_the_place_of_a_table_name(ws: Workspace, whole_sandbox: Path, home: Path) -> None:
    with_sandbox(home, whole_sandbox)
    with pytest.raises(StorageError, match="'web' is not a fetched table"):
        ws.fetch_events("web", from_date="2025-01-01", to_date="2025-01-01")
    ws.fetch_events("web", from_date="2025-01-01", to_date="2025-01-01", if_exists="replace")
    assert {table.name: table.type for table in ws.tables()}["web"] == "events"


def test_dropping_drops_tables_and_views_or_none(ws: Workspace) -> None:
    with pytest.raises(TableNotFoundError):
        ws.drop("web", "nothing")
    ws.drop("Web", "visits")
    assert ws.tables().names == ["other"]
