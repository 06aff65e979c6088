"""Reports on a cluster of Spark: a master and two workers on this computer, of which one is killed.

``make test-cluster`` runs it. The processes are those of the package PySpark, and listen on loopback alone.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyspark
import pytest

from mixpanel_nb import Workspace

from . import tables
from .compared import assert_same, records
from .corpus import STEPS, Asked, asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

QUESTIONS = (
    asked("segmentation", event="Search", on="plan", unit="week"),
    asked("segmentation", event="Search", type="unique", unit="day"),
    asked("insights", metrics=["Search", "unique(Purchase)", "sum(Purchase, revenue)"], unit="week"),
    asked("event_counts", events=["Search", "Purchase"]),
    asked("frequency", event="Search", unit="week"),
    asked("funnel", steps=STEPS),
    asked("funnel", steps=STEPS, on="plan", count="totals"),
    asked("retention", born_event="Search", return_event="Purchase"),
    asked("flow", start="Search"),
    asked("sessions", on="plan"),
    asked("experiment", exposure="View Product", variant="plan", metrics=["unique(Purchase)"]),
    asked("why", days={"date": "2025-01-15"}, metric="View Product"),
)
_PATIENCE = 120
_CLASSES = "org.apache.spark.deploy"


class Cluster:
    """A master and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._processes: list[subprocess.Popen[bytes]] = []
        self.workers: list[subprocess.Popen[bytes]] = []
        self.url = self._said(self._start("master.Master"), r"Starting Spark master at (spark://\S+)")

    def add_worker(self) -> None:
        """One more worker, with one core."""
        worker = self._start(
            "worker.Worker",
            "--cores",
            "1",
            "--memory",
            "1g",
            "--work-dir",
            str(self._folder / "work"),
            self.url,
        )
        self._said(worker, r"(Successfully registered with master)")
        self.workers.append(worker)

    def stop(self) -> None:
        for process in self._processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, name: str, *options: str) -> subprocess.Popen[bytes]:
        script = str(Path(pyspark.__file__).parent / "bin" / "spark-class")
        where = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        with self._log(len(self._processes)).open("wb") as log:
            process = subprocess.Popen(
                [script, f"{_CLASSES}.{name}", *where, *options],
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "256m"},
            )
        self._processes.append(process)
        return process

    def _log(self, number: int) -> Path:
        return self._folder / f"{number}.log"

    def _said(self, process: subprocess.Popen[bytes], pattern: str) -> str:
        """What a process has written."""
        log, until = self._log(self._processes.index(process)), time.monotonic() + _PATIENCE
        while (found := re.search(pattern, log.read_text(errors="replace"))) is None:
            assert process.poll() is None, log.read_text(errors="replace")[-2000:]
            assert time.monotonic() < until, log.read_text(errors="replace")[-2000:]
            time.sleep(0.1)
        return found[1]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"))
    try:
        for _ in range(2):
            made.add_worker()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def ask(cluster: Cluster, folder: Path) -> Iterator[Callable[[Asked], list[Any]]]:
    """Rows of an answer of the master's URL; notes are left out, as they name the table, a file here."""
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    table = f"parquet.`{folder / 'events.parquet'}`"
    with Workspace.over(f"{cluster.url}?events={table}", json=tables.JSON, account="sandbox") as ws:
        yield lambda question: records(ws, question, table)[:-1]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda each: each.name)
def test_rows_are_those_of_duckdb(
    question: Asked, duck: Callable[[str], Workspace], ask: Callable[[Asked], list[Any]]
) -> None:
    assert_same(records(duck("events"), question)[:-1], ask(question), question)


def test_the_answer_is_the_same_when_a_worker_is_killed(
    duck: Callable[[str], Workspace], ask: Callable[[Asked], list[Any]], cluster: Cluster
) -> None:
    question = next(each for each in QUESTIONS if each.report == "funnel")
    killed = cluster.workers[0]
    kill = threading.Timer(0.5, lambda: os.killpg(killed.pid, signal.SIGKILL))
    kill.start()
    answers = [ask(question) for _ in range(3)]
    kill.join()
    assert killed.wait() == -signal.SIGKILL
    for answer in [*answers, ask(question)]:
        assert_same(records(duck("events"), question)[:-1], answer, question)
