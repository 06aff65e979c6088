"""What is measured, each in a process of its own: ``python -m benchmarks.tasks NAME ARGUMENTS…``.

A task prints one JSON object: seconds, CPU seconds, rows, peak memory in MB, and what else it tells.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from benchmarks.reports import Answer, Report
    from mixpanel_nb import Workspace

EXPLORED: tuple[tuple[str, Any], ...] = (
    ("Event", "Purchase"),
    ("Per", "week"),
    ("By", "plan"),
    ("Where", 'properties["mp_country_code"] == "DE"'),
    ("Count", "users"),
    ("Event", "Page View"),
    ("By", "mp_country_code"),
    ("Where", ""),
    ("Per", "day"),
    ("Count", "events"),
)


def fetch(url: str, folder: str) -> dict[str, Any]:
    """A fetch over HTTP into a fresh database."""
    from benchmarks.data import PERIOD
    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.services.fetch.fetcher import FetcherService
    from mixpanel_nb.storage import StorageEngine

    path = Path(folder) / "fetched.db"
    path.unlink(missing_ok=True)
    client = MixpanelAPIClient(Credentials("user", "secret", "1"), base_url=url)
    fetcher = FetcherService(client, StorageEngine(path))
    started, used = time.perf_counter(), time.process_time()
    result = fetcher.fetch_events(from_date=PERIOD.first, to_date=PERIOD.last)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - used,
        "rows": result.rows,
        "columns": len(result.columns),
        "file_bytes": path.stat().st_size,
    }


def fetch_lake(url: str, folder: str) -> dict[str, Any]:
    """The same fetch into a lake that is made for it."""
    import shutil

    from benchmarks.data import PERIOD
    from mixpanel_nb.accounts import Credentials
    from mixpanel_nb.client import MixpanelAPIClient
    from mixpanel_nb.files.places import place_of
    from mixpanel_nb.services.fetch.chunks import source_of
    from mixpanel_nb.services.fetch.fetcher import FetcherService
    from mixpanel_nb.services.fetch.lake import LakeStore, LakeTargets

    path = Path(folder) / "lake"
    shutil.rmtree(path, ignore_errors=True)
    client = MixpanelAPIClient(Credentials("user", "secret", "1"), base_url=url)
    store = LakeStore(place_of(path), path)
    fetcher = FetcherService(client, store, targets=LakeTargets(store, source_of(client), None))
    started, used = time.perf_counter(), time.process_time()
    result = fetcher.fetch_events(from_date=PERIOD.first, to_date=PERIOD.last)
    return {
        "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - used,
        "rows": result.rows,
        "columns": len(result.columns),
        "file_bytes": sum(file.stat().st_size for file in path.rglob("*.parquet")),
    }


def lake_reports(database: str, lake: str) -> dict[str, Any]:
    """Reports on the same events in a database file and in a lake; in seconds."""
    from mixpanel_nb import Workspace

    asked: dict[str, Any] = {"table": "events", "during": "2025-Q1"}
    steps = ["View Product", "Add to Cart", "Purchase"]
    reports: dict[str, Callable[[Workspace], Any]] = {
        "a segmentation of 90 days": lambda ws: ws.segmentation("Purchase", on="plan", **asked),
        "a segmentation of one day": lambda ws: ws.segmentation(
            "Purchase", on="plan", unit="hour", table="events", during="2025-02-10"
        ),
        "a funnel of three steps": lambda ws: ws.funnel(steps=steps, **asked),
        "a breakdown by items of a list": lambda ws: ws.segmentation("Purchase", on="tags", **asked),
    }
    taken = {}
    with Workspace.open(database) as file, Workspace.lake(lake) as other:
        for name, ask in reports.items():
            if not ask(file).df.equals(ask(other).df):
                sys.exit(f"{name}: the rows differ.")
            both: dict[str, Callable[[], Any]] = {"file": partial(ask, file), "lake": partial(ask, other)}
            taken[name] = interleaved(both, rounds=5)
    return taken


def engines(database: str, lake: str, rounds: str) -> dict[str, Any]:
    """Twelve reports on a file, a lake, ClickHouse and Spark."""
    from benchmarks.engines import asked_everywhere

    return asked_everywhere(database, lake, int(rounds))


def duckdb_load(pattern: str, folder: str) -> dict[str, Any]:
    """The best load of the same files that we know in DuckDB itself: one statement, the same columns.

    Types are given, nothing is checked, nothing is de-duplicated, memory is not limited.
    """
    from mixpanel_nb.storage.inference import Sample, choose
    from mixpanel_nb.storage.schema import BASE_COLUMNS, HELD_BY_BASE, create_table_sql
    from mixpanel_nb.storage.sqltext import identifier, json_spec

    path = Path(folder) / "loaded.db"
    path.unlink(missing_ok=True)
    lines = duckdb.execute(f"SELECT properties FROM read_ndjson('{pattern}') LIMIT 2000").fetchall()
    sample = Sample(json.loads(json.dumps(row[0], default=str)) for row in lines)
    chosen = choose(sample, 100, held=HELD_BY_BASE["events"])
    columns = sample.columns(chosen, BASE_COLUMNS["events"])
    structure = json_spec(
        {"time": "BIGINT", "distinct_id": "VARCHAR", "$insert_id": "VARCHAR"}
        | {column.property: column.sql_type for column in columns}
    )
    fields = ", ".join(f"p.{identifier(column.property)}" for column in columns)
    with duckdb.connect(config={"preserve_insertion_order": False}) as con:
        con.execute(f"ATTACH '{path}' AS db (STORAGE_VERSION 'v1.2.0'); USE db")
        con.execute(create_table_sql("events", "events", columns))
        started, used = time.perf_counter(), time.process_time()
        con.execute(
            f"""
            INSERT INTO events
            SELECT event, make_timestamp(p.time * 1000000), p.distinct_id, p."$insert_id", properties,
                {fields}
            FROM (
                SELECT event, properties, from_json(properties, {structure}) AS p
                FROM read_ndjson('{pattern}', columns={{event: 'VARCHAR', properties: 'JSON'}})
            )
            """
        )
        con.execute("CHECKPOINT")
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        rows = con.execute("SELECT count(*) FROM events").fetchall()[0][0]
    return {"seconds": seconds, "cpu": cpu, "rows": rows, "file_bytes": path.stat().st_size}


def wide(file: str, folder: str) -> dict[str, Any]:
    """A load of an export with 1,000 sparse properties."""
    from mixpanel_nb.storage import StorageEngine, TableMetadata
    from mixpanel_nb.storage.ledger import now
    from mixpanel_nb.storage.loading import Batch

    path = Path(folder) / "wide.db"
    path.unlink(missing_ok=True)
    engine = StorageEngine(path)
    started = time.perf_counter()
    loaded = engine.load(Batch("events", [Path(file)], [], TableMetadata("events", now())))
    seconds = time.perf_counter() - started
    rare = engine.execute_scalar("SELECT count(*) FROM events WHERE properties->>'property 997' IS NOT NULL")
    return {"seconds": seconds, "rows": loaded.rows, "rare": rare}


def queries(path: str) -> dict[str, Any]:
    """A query on a typed column: raw DuckDB on an open connection, ``ws.sql_rows``, ``%%mp_sql``; in ms."""
    from IPython.core.interactiveshell import InteractiveShell

    from mixpanel_nb import Workspace

    query = "SELECT plan, count(*) AS n, sum(amount) AS amount FROM events GROUP BY plan ORDER BY plan"
    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "mixpanel_nb")
    shell.run_line_magic("mp_connect", f"--db {path}")
    run_magic: Callable[..., Any] = shell.run_cell_magic
    raw = duckdb.connect(path, read_only=True)
    workspace = Workspace.open(path)
    times = interleaved(
        {
            "raw": lambda: raw.execute(query).fetchall(),
            "raw_df": lambda: raw.execute(query).df(),
            "workspace_df": lambda: workspace.sql(query),
            "workspace": lambda: workspace.storage.execute_rows(query),
            "magic": lambda: run_magic("mp_sql", "", query),
        },
        rounds=25,
    )
    from_json = query.replace("plan,", "properties->>'plan' AS plan,").replace("BY plan", "BY 1")
    times |= interleaved({"json": lambda: raw.execute(from_json).fetchall()}, rounds=3)
    return {name: seconds * 1000 for name, seconds in times.items()}


def interleaved(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """The median seconds of each piece of work, taken in turns."""
    return {name: seconds for name, (seconds, _) in with_cpu(works, rounds).items()}


def with_cpu(works: dict[str, Callable[[], Any]], rounds: int) -> dict[str, tuple[float, float]]:
    """The median seconds and CPU seconds of each piece of work, taken in turns."""
    from statistics import median

    times: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            started, used = time.perf_counter(), time.process_time()
            work()
            times[name].append((time.perf_counter() - started, time.process_time() - used))
    return {
        name: (median(seconds for seconds, _ in taken), median(cpu for _, cpu in taken))
        for name, taken in times.items()
    }


def load_extension() -> dict[str, Any]:
    """``%load_ext mixpanel_nb`` in a running shell, in ms, and the heavy modules it brought in."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    heavy = {"pandas", "altair", "ipywidgets", "httpx"}
    before = heavy & set(sys.modules)
    started = time.perf_counter()
    shell.run_line_magic("load_ext", "mixpanel_nb")
    seconds = time.perf_counter() - started
    return {"milliseconds": seconds * 1000, "heavy": sorted((heavy & set(sys.modules)) - before)}


def interrupt(path: str, url: str, folder: str) -> dict[str, Any]:
    """Interrupts in a real kernel; see ``kernel``."""
    from benchmarks import kernel

    return kernel.interrupt(path, url, folder)


def optimize(path: str, folder: str) -> dict[str, Any]:
    """A copy of a database whose events are sorted; in seconds."""
    import shutil

    from mixpanel_nb import Workspace

    copy = Path(folder) / f"{Path(path).stem}-sorted.db"
    shutil.copyfile(path, copy)
    with Workspace.open(copy) as workspace:
        started, used = time.perf_counter(), time.process_time()
        rows = workspace.optimize("events")
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
    return {"seconds": seconds, "cpu": cpu, "rows": rows, "path": str(copy)}


def live(url: str, folder: str) -> dict[str, Any]:
    """The client beside the network; see ``live``."""
    from benchmarks import live

    return live.live(url, folder)


def reports(path: str, optimized: str) -> dict[str, Any]:
    """Each local report through ``Workspace`` (also where the table is sorted), and by hand; in seconds."""
    from benchmarks.questions import QUESTIONS
    from benchmarks.reports import REPORTS, VARIANTS

    return _beside_by_hand(path, REPORTS | VARIANTS | QUESTIONS, optimized)


def four_reports(path: str) -> dict[str, Any]:
    """The same of the reports that have a budget of growth, of the table as it was fetched."""
    from benchmarks.reports import REPORTS

    return _beside_by_hand(path, REPORTS)


def own_reports(path: str) -> dict[str, Any]:
    """Each local report through ``Workspace`` alone, once; for its memory."""
    from benchmarks.questions import QUESTIONS
    from benchmarks.reports import REPORTS, VARIANTS
    from mixpanel_nb import Workspace

    asked = REPORTS | VARIANTS | QUESTIONS
    for report in asked.values():
        with Workspace.open(path, timezone=report.zone) as workspace:
            report.said(report.ask(workspace))
    return {"reports": len(asked)}


def _beside_by_hand(path: str, asked: Mapping[str, Report], optimized: str | None = None) -> dict[str, Any]:
    from mixpanel_nb import Workspace

    raw = duckdb.connect(path, read_only=True)
    taken: dict[str, Any] = {}
    for name, report in asked.items():

        def by_hand(report: Report = report) -> list[tuple[Any, ...]]:
            return raw.execute(report.sql).fetchall()

        works: dict[str, Callable[[], Any]] = {}
        with ExitStack() as opened:
            for kind, file in {"ours": path, "sorted": optimized}.items():
                if file is not None:
                    workspace = opened.enter_context(Workspace.open(file, timezone=report.zone))
                    works[kind] = partial(_said, report, workspace)
                    _same(name, works[kind](), report.rows(by_hand()))
            taken[name] = with_cpu({**works, "by_hand": by_hand}, rounds=5)
    return taken


def _said(report: Report, workspace: Workspace) -> Answer:
    return report.said(report.ask(workspace))


def why(path: str) -> dict[str, Any]:
    """Why a number moved (events, users, ranges), days that stand out, a goal, an experiment; in seconds."""
    from benchmarks.data import PERIOD
    from benchmarks.reports import RANGE
    from mixpanel_nb import Workspace

    with Workspace.open(path) as workspace:
        asked: dict[str, Callable[[], Any]] = {
            f"why {metric}": partial(workspace.why, metric, PERIOD.last, table="events")
            for metric in ("Purchase", "unique(Page View)")
        }
        week, before = "2025-03-25..2025-03-31", "2025-02-25..2025-03-03"
        asked["why Purchase, a week and another"] = partial(
            workspace.why, "Purchase", week, baseline=before, table="events"
        )
        asked["anomalies"] = partial(workspace.anomalies, date=PERIOD.last, table="events")
        asked["signal Purchase"] = partial(workspace.signal, "Purchase", **RANGE)
        metrics = ["unique(Purchase)", "sum(Purchase, amount)"]
        test: dict[str, Any] = {"exposure": "View Product", "variant": "plan", "control": "free", **RANGE}
        asked["experiment"] = partial(workspace.experiment, metrics, **test)
        asked["experiment with CUPED"] = partial(workspace.experiment, metrics, cuped=14, **test)
        return interleaved(asked, rounds=1)


def explorer(path: str) -> dict[str, Any]:
    """Changes in the form of an explorer, each until its answer is shown; in seconds."""
    from statistics import median

    from benchmarks.reports import RANGE
    from mixpanel_nb import Workspace

    with Workspace.open(path) as workspace:
        shown = workspace.segmentation("Page View", **RANGE).explore()
        times = {}
        for label, value in EXPLORED:
            started = time.perf_counter()
            _choose(shown, label, value)
            times[f"{label}: {value}"] = time.perf_counter() - started
    return {"median": median(times.values()), "longest": max(times.values()), "changes": times}


def _choose(explorer: Any, label: str, value: Any) -> None:
    """Set the field of a form that has this label."""
    boxes = [explorer]
    while boxes:
        box = boxes.pop()
        children: tuple[Any, ...] = getattr(box, "children", ())
        if len(children) == 2 and f">{label}<" in getattr(children[0], "value", ""):
            getattr(children[1], "children", children[1:])[0].value = value
            return
        boxes.extend(children)
    sys.exit(f"The explorer has no field {label}.")


def statement(path: str) -> dict[str, Any]:
    """CPU seconds of a report's statement alone, on a new connection."""
    from benchmarks.reports import RANGE
    from mixpanel_nb import Workspace

    with Workspace.open(path) as workspace:
        text = workspace.segmentation("Purchase", **RANGE).sql
    with duckdb.connect(path, read_only=True) as raw:
        used = time.process_time()
        raw.execute(text).fetchall()
        return {"cpu": time.process_time() - used}


def first_card(path: str) -> dict[str, Any]:
    """The first card of a shell, with its chart, after ``%load_ext`` and ``%mp_connect``; in seconds."""
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    shell.run_line_magic("load_ext", "mixpanel_nb")
    shell.run_line_magic("mp_connect", f"--db {path}")
    started = time.perf_counter()
    answer = shell.run_line_magic("mp_segmentation", "Purchase")
    formatter: Any = shell.display_formatter
    shown, _ = formatter.format(answer)
    return {"seconds": time.perf_counter() - started, "bytes": len(shown["text/html"])}


def peers(path: str) -> dict[str, Any]:
    """Each local report through ``Workspace``, by hand in DuckDB, and by other software; in seconds."""
    from benchmarks.peers import COLUMNS, with_clickhouse, with_pandas, with_polars
    from benchmarks.reports import REPORTS
    from mixpanel_nb import Workspace

    raw = duckdb.connect(path, read_only=True)
    held = raw.sql(f"SELECT {', '.join(COLUMNS)} FROM events")
    pandas_frame, polars_frame = held.df(), held.pl()
    workspace = Workspace.open(path)
    taken: dict[str, Any] = {}
    with TemporaryDirectory() as folder:
        parquet = Path(folder) / "events.parquet"
        held.write_parquet(str(parquet))
        with with_clickhouse.table(parquet, Path(folder) / "clickhouse") as session:
            for name, report in REPORTS.items():

                def ask(report: Report = report) -> Answer:
                    return report.said(report.ask(workspace))

                def by_hand(report: Report = report) -> Answer:
                    return report.rows(raw.execute(report.sql).fetchall())

                others: dict[str, Callable[[], Answer]] = {
                    "DuckDB": by_hand,
                    "polars": partial(with_polars.PLAIN[name], polars_frame),
                    "ClickHouse": partial(with_clickhouse.PLAIN[name], session),
                    "pandas": partial(with_pandas.PLAIN[name], pandas_frame),
                }
                expected = ask()
                for other in others.values():
                    _same(name, expected, other())
                taken[name] = interleaved({"ours": ask} | others, rounds=5)
                if name in with_pandas.LOOPS:
                    loop = partial(with_pandas.LOOPS[name], pandas_frame)
                    users = {key: value[0] if name == "funnel" else value for key, value in expected.items()}
                    _same(name, users, loop())
                    taken[name] |= interleaved({"a loop in Python": loop}, rounds=1)
    return taken


def _same(name: str, ours: Answer, other: Answer) -> None:
    differing = [key for key in ours.keys() | other.keys() if ours.get(key) != other.get(key)]
    if differing:
        key = differing[0]
        sys.exit(f"{name}: {len(differing)} values differ; {key}: {ours.get(key)} and {other.get(key)}.")


TASKS: dict[str, Callable[..., dict[str, Any]]] = {
    task.__name__: task
    for task in (
        fetch,
        fetch_lake,
        lake_reports,
        engines,
        duckdb_load,
        wide,
        queries,
        optimize,
        own_reports,
        reports,
        four_reports,
        why,
        explorer,
        statement,
        first_card,
        peers,
        load_extension,
        interrupt,
        live,
    )
}

if __name__ == "__main__":
    outcome = TASKS[sys.argv[1]](*sys.argv[2:])
    outcome["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(outcome))
