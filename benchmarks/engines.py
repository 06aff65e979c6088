"""Twelve reports on a file, a lake, ClickHouse and Spark: rows, seconds, and what Spark shuffles."""

from __future__ import annotations

import json
import time
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.questions import QUESTIONS
from benchmarks.reports import REPORTS, VARIANTS

if TYPE_CHECKING:
    from benchmarks.reports import Answer, Report
    from mixpanel_nb import Workspace

_ALL = REPORTS | VARIANTS | QUESTIONS
_NAMES = (
    *REPORTS,
    *("by_number", "in_berlin", "metrics", "median", "active", "excluded", "flow", "sessions"),
)
TWELVE: dict[str, Report] = {name: _ALL[name] for name in _NAMES}
ENGINES = ("file", "lake", "ClickHouse", "Spark")
_SETTINGS = {
    "spark.ui.enabled": "true",  # its REST interface tells what a stage has done
    "spark.ui.port": "0",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.memory": "2g",
    "spark.sql.shuffle.partitions": "4",
}


@dataclass
class Spark:
    """A local session, and what its stages did."""

    session: Any

    @classmethod
    def started(cls) -> Spark:
        """A session on two cores."""
        from pyspark.sql import SparkSession

        builder: Any = SparkSession.builder
        for name, value in _SETTINGS.items():
            builder = builder.config(name, value)
        session = builder.master("local[2]").getOrCreate()
        session.sparkContext.setLogLevel("ERROR")
        return cls(session)

    @cached_property
    def _stages_url(self) -> str:
        context = self.session.sparkContext
        return f"{context.uiWebUrl}/api/v1/applications/{context.applicationId}/stages?status=complete"

    def done(self) -> dict[str, int]:
        """Sums over all stages so far: bytes shuffled, nanoseconds of CPU, tasks."""
        time.sleep(0.5)  # what ended last is listed a little later
        with urllib.request.urlopen(self._stages_url) as answer:
            stages = json.load(answer)
        fields = {
            "shuffled": "shuffleWriteBytes",
            "cpu": "executorCpuTime",
            "tasks": "numCompleteTasks",
        }
        return {name: sum(stage[field] for stage in stages) for name, field in fields.items()}


def asked_everywhere(database: str, lake: str, rounds: int) -> dict[str, Any]:
    """Each report on each engine, in turns; in seconds. Rows that differ end it.

    Args:
        database: A database file with a fetched table ``events``.
        lake: Where a lake is, or will be made of that table.
        rounds: How often each report is asked, after once to compare the rows.
    """
    from mixpanel_nb import Workspace

    with Workspace.open(database) as file:
        if not Path(lake).exists():
            file.export("events", lake, format="lake")
        spark = Spark.started()
        on = {
            "file": file,
            "lake": Workspace.lake(lake),
            "ClickHouse": Workspace.over(f"clickhouse://?lake={lake}"),
            "Spark": Workspace.over(spark.session, lake=lake),
        }
        return {name: _measured(report, on, spark, rounds) for name, report in TWELVE.items()}


def _measured(report: Report, on: dict[str, Workspace], spark: Spark, rounds: int) -> dict[str, Any]:
    """Median seconds, median CPU seconds, and what Spark did the last time, of one report."""
    expected = _answer(report, on["file"])
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in on}
    did: dict[str, int] = {}
    for again in range(rounds + 1):
        for name, workspace in on.items():
            before = spark.done() if name == "Spark" else {}
            started, used = time.perf_counter(), time.process_time()
            answer = _answer(report, workspace)
            seconds, cpu = time.perf_counter() - started, time.process_time() - used
            if name == "Spark":
                after = spark.done()
                did = {each: after[each] - before[each] for each in after}
                cpu = did["cpu"] / 1e9
            if again:
                taken[name].append((seconds, cpu))
            else:
                _check_same(report, name, answer, expected)
    medians = {name: tuple(map(median, zip(*times, strict=True))) for name, times in taken.items()}
    return {"shuffled": did["shuffled"], "tasks": did["tasks"], "taken": medians}


def _check_same(report: Report, name: str, answer: Answer, expected: Answer) -> None:
    differing = [key for key in answer if not _alike(answer[key], expected.get(key))]
    if differing or len(answer) != len(expected):
        raise SystemExit(f"{report.told}: {name} says {differing[:3]} otherwise.")


def _answer(report: Report, workspace: Workspace) -> Answer:
    workspace.timezone = report.zone
    return report.said(report.ask(workspace))


def _alike(one: Any, other: Any) -> bool:
    """Equal but for the last digits of means, which are sums in another order."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(_alike, one, other))
    if isinstance(one, float) and other is not None:
        return bool(abs(one - other) <= 1e-3 + 1e-9 * abs(one))
    return bool(one == other)
