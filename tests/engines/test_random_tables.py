"""Random tables and questions of the reports' own property tests: engines have the rows of DuckDB."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from reports.strategies import asked, examples, properties, scenes, with_profiles
from reports.support import Package, assert_same, plain
from reports.test_funnel_property import attempted_funnels, filtered_funnels
from reports.test_retention_property import filtered_retentions
from reports.test_segmentation_property import calculations, numeric_buckets, segmentations

from mixpanel_nb import Workspace
from mixpanel_nb.errors import MixpanelDataError

from . import tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from reports.support import Project

_numbers = itertools.count(1)
SCENES = with_profiles(scenes(properties(), most_users=4))


class Both:
    """A project in DuckDB, as a view without an order of its rows, and in ClickHouse."""

    def __init__(self, folder: Path) -> None:
        from chdb.session import Session

        self._folder = folder
        self._package = Package()
        self._session = Session()

    def close(self) -> None:
        self._session.close()
        self._package.close()

    def check(self, project: Project, report: str, questions: Sequence[dict[str, Any]]) -> None:
        """Both answer every question alike, or refuse it alike."""
        self._package(project)
        ws = self._package.workspace(project.zone, project.week_start)
        json = self._export(ws, "events") | self._export(ws, "profiles")
        with Workspace.over(
            self._session,
            profiles="profiles" if project.profiles is not None else None,
            json=json,
            account="sandbox",
            timezone=project.zone,
            week_start=project.week_start,
        ) as other:
            for question in questions:
                one = _answer(ws, report, question, "as_a_view")
                assert_same(_answer(other, report, question, "events"), one, plain(question))

    def _export(self, ws: Workspace, table: str) -> set[str]:
        """Write a table as Parquet, and name it in both engines; returns the columns that are JSON."""
        if not ws.storage.table_exists(table):
            return set()
        file = self._folder / f"{table}_{next(_numbers)}.parquet"
        known = {each.name: each.type for each in ws.schema(table) if each.type != "HUGEINT"}
        json = {name for name, kind in known.items() if kind == "JSON"}
        written = [
            f"CAST({_quoted(name)} AS {_kind(kind)}) AS {_quoted(name)}" for name, kind in known.items()
        ]
        ws.sql(f"COPY (SELECT {', '.join(written)} FROM {table}) TO '{file}' (FORMAT parquet)")
        if table == "events":
            read = [f"CAST({_quoted(name)} AS {kind}) AS {_quoted(name)}" for name, kind in known.items()]
            ws.sql(f"CREATE OR REPLACE VIEW as_a_view AS SELECT {', '.join(read)} FROM '{file}'")
        columns = ", ".join(map(tables.in_clickhouse, known))
        self._session.query(f"CREATE OR REPLACE VIEW {table} AS SELECT {columns} FROM file('{file}')")
        return json - {"properties"}


def _answer(ws: Workspace, report: str, question: dict[str, Any], table: str) -> list[Any]:
    try:
        return list(getattr(ws, report)(**plain(question), table=table).records())
    except MixpanelDataError as error:
        return [{"error": error.code}]


def _kind(kind: str) -> str:
    return "VARCHAR" if kind == "JSON" else kind


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    made = Both(tmp_path_factory.mktemp("random"))
    yield made
    made.close()


@examples(6)
@given(asked(SCENES, segmentations))
def test_segmentation(both: Both, case: tuple[Project, list[dict[str, Any]]]) -> None:
    both.check(case[0], "segmentation", case[1])


@examples(6)
@given(asked(SCENES, numeric_buckets))
def test_segmentation_numeric(both: Both, case: tuple[Project, list[dict[str, Any]]]) -> None:
    both.check(case[0], "segmentation_numeric", case[1])


@examples(6)
@given(asked(SCENES, calculations))
def test_segmentation_sum(both: Both, case: tuple[Project, list[dict[str, Any]]]) -> None:
    both.check(case[0], "segmentation_sum", case[1])


@examples(6)
@given(asked(SCENES, filtered_retentions))
def test_retention(both: Both, case: tuple[Project, list[dict[str, Any]]]) -> None:
    both.check(case[0], "retention", case[1])


@examples(6)
@given(asked(SCENES, filtered_funnels))
def test_funnel(both: Both, case: tuple[Project, list[dict[str, Any]]]) -> None:
    both.check(case[0], "funnel", case[1])


@examples(6)
@given(asked(SCENES, attempted_funnels))
def test_attempts(both: Both, case: tuple[Project, list[dict[str, Any]]]) -> None:
    both.check(case[0], "funnel", case[1])
