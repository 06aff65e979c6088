"""``python -m benchmarks``: run everything, print it, write ``docs/performance.md``."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import duckdb

from benchmarks.data import make_chunks, make_wide, raw_size
from benchmarks.engines import ENGINES, TWELVE
from benchmarks.questions import QUESTIONS
from benchmarks.reports import REPORTS, VARIANTS
from benchmarks.shop import make_shop

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


@dataclass(frozen=True)
class Line:
    """One line of the report."""

    what: str
    measured: str
    budget: str
    kept: bool


@dataclass(frozen=True)
class Run:
    """What is measured, and where.

    Attributes:
        folder: For the data.
        rows: Events of the small fetch.
        big: Events of the big one; 0 leaves it out.
        rounds: How often a fetch is repeated.
    """

    folder: Path
    rows: int
    big: int
    rounds: int

    @property
    def chunks(self) -> list[Path]:
        """The exports of the small fetch."""
        return make_chunks(self.folder / f"chunks-{self.rows}", self.rows)

    @property
    def database(self) -> Path:
        """A database with the events of a fetch: the last one that was measured, or one fetched now."""
        file = self.folder / "fetched.db"
        if not file.exists():
            with _serving(self.chunks[0].parent) as url:
                _task("fetch", url, str(self.folder))
        return file


def main() -> None:
    """Measure, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="events of the small fetch")
    parser.add_argument(
        "--big", type=int, default=10_000_000, help="events of the big fetch; 0 leaves it out"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="keep the data here for another run")
    parser.add_argument("--dry", action="store_true", help="do not write the page")
    parser.add_argument(
        "--only", action="append", choices=PARTS, help="measure this part again, keep the page's other lines"
    )
    options = parser.parse_args()
    with _folder(options.folder) as folder:
        lines = measure(Run(folder, options.rows, options.big, options.rounds), options.only or PARTS)
    page = _with_lines(PAGE.read_text(), lines) if options.only else _page(lines)
    print(page)
    if not options.dry:
        PAGE.write_text(page)
    if not all(line.kept for line in lines):
        sys.exit("A budget is not kept.")


def measure(run: Run, parts: Iterable[str]) -> list[Line]:
    """The lines of these parts of the report, in its order."""
    return [line for part in PARTS if part in parts for line in PARTS[part](run)]


def _fetch_lines(run: Run) -> list[Line]:
    folder, chunks, rounds = run.folder, run.chunks, run.rounds
    raw = raw_size(chunks)
    plain = folder / "plain.jsonl"
    with plain.open("wb") as target:
        for chunk in chunks:
            with gzip.open(chunk) as source:
                shutil.copyfileobj(source, target)
    taken: dict[str, list[dict[str, Any]]] = {"fetch": [], "gzip": [], "plain": []}
    with _serving(chunks[0].parent) as url:
        for _ in range(rounds):
            taken["plain"].append(_task("duckdb_load", str(plain), str(folder)))
            taken["gzip"].append(_task("duckdb_load", f"{chunks[0].parent}/*.jsonl.gz", str(folder)))
            taken["fetch"].append(_task("fetch", url, str(folder)))
    plain.unlink()
    seconds = {name: median(each["seconds"] for each in runs) for name, runs in taken.items()}
    cpu = {name: median(each["cpu"] for each in runs) for name, runs in taken.items()}
    last = taken["fetch"][-1]
    rate = last["rows"] / seconds["fetch"]
    served = seconds["fetch"] / seconds["gzip"]
    unpacked = seconds["fetch"] / seconds["plain"]
    size = last["file_bytes"] / raw
    return [
        Line(
            f"fetch {last['rows']:,} events (22 properties, gzip over loopback) into {last['columns']} typed"
            " columns / DuckDB's own load of the same gzip files",
            f"{served:.2f}× ({seconds['fetch']:.1f} s, {rate:,.0f} rows/s / {seconds['gzip']:.1f} s)",
            "≤ 1.2×",
            served <= 1.2,
        ),
        Line(
            f"CPU of that fetch of {last['rows']:,} events / of that load",
            f"{cpu['fetch'] / cpu['gzip']:.2f}× ({cpu['fetch']:.1f} s / {cpu['gzip']:.1f} s)",
            "",
            kept=True,
        ),
        Line(
            "the same / DuckDB's own load of the file unpacked beforehand",
            f"{unpacked:.2f}× ({seconds['plain']:.1f} s)",
            "",
            kept=True,
        ),
        _memory_line(last, f"DuckDB's own load: {taken['gzip'][-1]['peak_mb']:.0f} MB"),
        Line(
            "size of the database / raw JSON lines",
            f"{size:.2f}× ({last['file_bytes'] / 1e6:.0f} MB / {raw / 1e6:.0f} MB)",
            "≤ 0.25×",
            size <= 0.25,
        ),
    ]


def _big_lines(run: Run) -> list[Line]:
    if not run.big:
        return []
    many = make_chunks(run.folder / f"chunks-{run.big}", run.big)
    with _serving(many[0].parent) as url:
        outcome = _task("fetch", url, str(run.folder))
    return [_memory_line(outcome, f"{outcome['rows'] / outcome['seconds']:,.0f} rows/s")]


def _memory_line(outcome: dict[str, Any], remark: str = "", into: str = "") -> Line:
    what = f"peak memory, {outcome['rows']:,} events{into}"
    shown = f"{outcome['peak_mb']:.0f} MB{f' ({remark})' if remark else ''}"
    return Line(what, shown, "≤ 500 MB", outcome["peak_mb"] <= 500)


def _lake_lines(run: Run) -> list[Line]:
    """A fetch into a lake beside one into a database file, and reports on both."""
    lines = []
    for rows in filter(None, (run.rows, run.big)):
        chunks = make_chunks(run.folder / f"chunks-{rows}", rows)
        taken: dict[str, list[dict[str, Any]]] = {"fetch": [], "fetch_lake": []}
        with _serving(chunks[0].parent) as url:
            for _ in range(run.rounds if rows == run.rows else 1):
                for task, outcomes in taken.items():
                    outcomes.append(_task(task, url, str(run.folder)))
        file, lake = (median(each["seconds"] for each in outcomes) for outcomes in taken.values())
        last = taken["fetch_lake"][-1]
        used, of_file = (median(each["cpu"] for each in taken[task]) for task in ("fetch_lake", "fetch"))
        size = last["file_bytes"] / 1e6
        lines += [
            Line(
                f"fetch {rows:,} events into a lake / into a database file",
                f"{lake / file:.2f}× ({lake:.1f} s, {size:.0f} MB / {file:.1f} s; "
                f"CPU {used:.1f} s / {of_file:.1f} s)",
                "≤ 2×",
                lake <= 2 * file,
            ),
            _memory_line(last, into=" into a lake"),
        ]
    compared = _task("lake_reports", str(run.folder / "fetched.db"), str(run.folder / "lake"))
    for name, seconds in compared.items():
        if isinstance(seconds, dict):
            ratio = seconds["lake"] / seconds["file"]
            shown = f"{ratio:.1f}× ({seconds['lake'] * 1000:,.0f} ms / {seconds['file'] * 1000:,.0f} ms)"
            lines.append(Line(f"{name} on the lake / on the file", shown, "", kept=True))
    return lines


def _engine_lines(run: Run) -> list[Line]:
    """Twelve reports on each engine, of small and of big tables."""
    lines = []
    for rows in filter(None, (run.rows, run.big)):
        rounds = run.rounds if rows == run.rows else 1
        lake = run.folder / f"shop-lake-{rows}"
        taken = _task("engines", str(make_shop(run.folder, rows)), str(lake), str(rounds))
        for name, report in TWELVE.items():
            did = taken[name]
            seconds, cpu = (
                " / ".join(f"{did['taken'][engine][place] * 1000:,.0f}" for engine in ENGINES)
                for place in (0, 1)
            )
            moved = f"{did['shuffled'] / 1e6:,.1f} MB shuffled"
            lines.append(
                Line(
                    f"{report.told}, {rows:,} events: file / lake / ClickHouse / Spark `local[2]`",
                    f"{seconds} ms; CPU {cpu} ms (Spark: {moved}, {did['tasks']} tasks)",
                    "",
                    kept=True,
                )
            )
    return lines


def _wide_lines(run: Run) -> list[Line]:
    file = run.folder / "wide.jsonl"
    if not file.exists():
        make_wide(file, 300_000)
    outcome = _task("wide", str(file), str(run.folder))
    rate = outcome["rows"] / outcome["seconds"]
    what = "load 300,000 events with 1,000 sparse properties, names differing in case, mixed types"
    remark = f"{rate:,.0f} rows/s ({outcome['rare']} rows with a rare property, read from JSON)"
    return [Line(what, remark, "≥ 50,000 rows/s", rate >= 50_000 and outcome["rare"] > 0)]


def _query_lines(run: Run) -> list[Line]:
    taken = _task("queries", str(run.database))
    through = taken["workspace_df"] / taken["raw_df"]
    added = taken["magic"] - taken["raw"]
    return [
        Line(
            "a query on a typed column: `ws.sql` / DuckDB on an open connection",
            f"{through:.2f}× ({taken['workspace_df']:.1f} ms / {taken['raw_df']:.1f} ms)",
            "≤ 1.2×",
            through <= 1.2,
        ),
        Line("the same through `%%mp_sql`", f"+ {added:.1f} ms", "≤ + 10 ms", added <= 10),
        Line(
            "the same column read from JSON / typed",
            f"{taken['json'] / taken['raw']:.0f}× ({taken['json']:.0f} ms)",
            "",
            kept=True,
        ),
    ]


def _interrupt_lines(run: Run) -> list[Line]:
    with _serving(run.chunks[0].parent) as url:
        waited = _task("interrupt", str(run.database), url, str(run.folder))
    told = {
        "fetch": "a fetch",
        **{name: f"a heavy query: {name}" for name in ("count", "cross join", "sort")},
    }
    return [
        Line(
            f"interrupt of {what}, in a kernel, until the cell has ended: the longest of three",
            f"{waited[name]:.2f} s",
            "≤ 0.3 s",
            waited[name] <= 0.3,
        )
        for name, what in told.items()
    ]


def _live_lines(run: Run) -> list[Line]:
    folder = run.chunks[0].parent
    with _serving(folder, "live") as url:
        taken = _task("live", url, str(run.folder))
    counts = taken["counts"]
    rate, sent = (taken["bytes"] / taken[name] / 1e6 for name in ("downloads", "plain"))
    return [
        Line(
            "requests of a discovery query that is asked twice, and afresh by four threads at once",
            f"{counts['names']} (first: {taken['events'] * 1000:.0f} ms, of which the server takes 50 ms)",
            "≤ 2",
            counts["names"] <= 2,
        ),
        Line(
            f"{counts['engage']} pages of profiles, each answered after 50 ms",
            f"{taken['profiles']:.2f} s",
            "≤ 1 s",
            taken["profiles"] <= 1,
        ),
        Line(
            f"connections of all that and of {len(run.chunks)} exports on four threads",
            f"{counts['connections'] - 1}",
            "≤ 8",
            counts["connections"] - 1 <= 8,
        ),
        Line(
            "downloads alone: received, inflated, checked, written",
            f"{rate:.0f} MB/s of gzip (CPU {taken['downloads cpu']:.1f} s; the server sends {sent:.0f} MB/s)",
            "",
            kept=True,
        ),
    ]


def _report_lines(run: Run) -> list[Line]:
    rows = run.big or run.rows
    shop = str(make_shop(run.folder, rows))
    made = _task("optimize", shop, str(run.folder))
    taken = _task("reports", shop, made["path"])
    lines = []
    for name, report in (REPORTS | VARIANTS | QUESTIONS).items():
        budget = 2.0 if name in QUESTIONS else None
        of_sorted = 0.8 if name in REPORTS else budget
        what = f"{report.told}, {rows:,} events"
        lines += [
            _beside_by_hand(what, taken[name], "ours", budget),
            _beside_by_hand(f"{what}, after `mp optimize`", taken[name], "sorted", of_sorted),
        ]
    peak = max(_task("own_reports", path)["peak_mb"] for path in (shop, made["path"]))
    Path(made["path"]).unlink()
    rate = f"{made['seconds']:.0f} s, {made['cpu']:.0f} s of CPU"
    return [
        *lines,
        Line(f"`mp optimize` of {made['rows']:,} events", rate, "", kept=True),
        Line(f"peak memory of all these reports, {rows:,} events", f"{peak:.0f} MB", "≤ 700 MB", peak <= 700),
    ]


def _beside_by_hand(what: str, taken: dict[str, Any], kind: str, budget: float | None) -> Line:
    """A line of a report, its time and CPU beside those of SQL by hand on the table as it was fetched."""
    (ours, cpu), (by_hand, cpu_by_hand) = taken[kind], taken["by_hand"]
    seconds = f"{ours * 1000:,.0f} ms / {by_hand * 1000:,.0f} ms"
    of_cpu = f"CPU {cpu * 1000:,.0f} ms / {cpu_by_hand * 1000:,.0f} ms"
    return Line(
        f"{what} / the best DuckDB SQL by hand",
        f"{ours / by_hand:.2f}×, CPU {cpu / cpu_by_hand:.2f}× ({seconds}; {of_cpu})",
        "" if budget is None else f"≤ {budget:g}×",
        budget is None or ours <= budget * by_hand,
    )


def _growth_lines(run: Run) -> list[Line]:
    if not run.big:
        return []
    sizes = (run.rows, run.big)
    taken = {rows: _task("four_reports", str(make_shop(run.folder, rows))) for rows in sizes}
    larger = run.big / run.rows
    lines = []
    for name, report in REPORTS.items():
        few, many = (taken[rows][name]["ours"][0] for rows in sizes)
        lines.append(
            Line(
                f"{report.told}, {run.big:,} events / {run.rows:,} events",
                f"{many / few:.1f}× ({many * 1000:,.0f} ms / {few * 1000:,.0f} ms)",
                f"≤ {larger:.0f}×",
                many <= larger * few,
            )
        )
    return lines


def _why_lines(run: Run) -> list[Line]:
    rows = run.big or run.rows
    taken = _task("why", str(make_shop(run.folder, rows)))
    taken.pop("peak_mb")
    return [
        Line(f"`mp {asked}`, {rows:,} events", f"{seconds:.1f} s", "≤ 10 s", seconds <= 10)
        for asked, seconds in taken.items()
    ]


def _explorer_lines(run: Run) -> list[Line]:
    rows = run.big or run.rows
    taken = _task("explorer", str(make_shop(run.folder, rows)))
    changes = f"a change in the explorer until its answer is shown, {rows:,} events"
    return [
        Line(f"{changes}: {name}", f"{taken[name]:.2f} s", f"≤ {budget} s", taken[name] <= budget)
        for name, budget in (("median", 0.3), ("longest", 1.0))
    ]


def _peer_lines(run: Run) -> list[Line]:
    rows = run.rows
    taken = _task("peers", str(make_shop(run.folder, rows)))
    lines = []
    for name, report in REPORTS.items():
        ours = taken[name].pop("ours")
        others = "; ".join(
            f"{peer} {seconds * 1000:,.0f} ms ({seconds / ours:.1f}×)"
            for peer, seconds in taken[name].items()
        )
        what = f"{report.told}, {rows:,} events, with the data in memory, by hand in other software"
        lines.append(Line(what, f"ours {ours * 1000:,.0f} ms; {others}", "", kept=True))
    return lines


def _start_lines(run: Run) -> list[Line]:
    loads = [_task("load_extension") for _again in range(5)]
    milliseconds = median(load["milliseconds"] for load in loads)
    heavy = loads[0]["heavy"]
    helps = []
    for _again in range(7):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "mixpanel_nb", "--help"], check=True, capture_output=True)
        helps.append((time.perf_counter() - started) * 1000)
    return [
        Line(
            "`%load_ext mixpanel_nb` in a running shell",
            f"{milliseconds:.0f} ms (heavy imports: {', '.join(heavy) or 'none'})",
            "≤ 20 ms",
            milliseconds <= 20 and not heavy,
        ),
        Line("`mp --help`", f"{median(helps):.0f} ms", "≤ 120 ms", median(helps) <= 120),
        *_first_answer_lines(run),
    ]


def _first_answer_lines(run: Run) -> list[Line]:
    """A report from a terminal, and the first card of a shell."""
    shop = str(make_shop(run.folder, run.rows))
    command = [sys.executable, "-m", "mixpanel_nb", "segmentation", "Purchase", "--db", shop]
    used = median(_cpu_of(command) for _again in range(7)) * 1000
    statement = median(_task("statement", shop)["cpu"] for _again in range(3)) * 1000
    seconds = median(_task("first_card", shop)["seconds"] for _again in range(3))
    return [
        Line(
            "a report from a terminal beyond its statement, CPU",
            f"{used - statement:.0f} ms (statement: {statement:.0f} ms)",
            "≤ 350 ms",
            used - statement <= 350,
        ),
        Line("first card of a shell, with its chart", f"{seconds:.2f} s", "≤ 1.5 s", seconds <= 1.5),
    ]


def _cpu_of(command: list[str]) -> float:
    """CPU seconds of a process that ends well."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


PARTS: dict[str, Callable[[Run], list[Line]]] = {
    "fetch": _fetch_lines,
    "big": _big_lines,
    "lake": _lake_lines,
    "engines": _engine_lines,
    "wide": _wide_lines,
    "queries": _query_lines,
    "interrupts": _interrupt_lines,
    "live": _live_lines,
    "reports": _report_lines,
    "growth": _growth_lines,
    "why": _why_lines,
    "explorer": _explorer_lines,
    "peers": _peer_lines,
    "start": _start_lines,
}


def _task(name: str, *arguments: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tasks", name, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(done.stderr)
    outcome: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    print(name, *arguments, outcome, file=sys.stderr, flush=True)
    return outcome


@contextmanager
def _serving(folder: Path, server: str = "server") -> Iterator[str]:
    command = [sys.executable, "-m", f"benchmarks.{server}", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None and process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="mixpanel_nb-bench-") as temporary:
        yield Path(temporary)


def _row(line: Line) -> str:
    return f"| {line.what} | {line.measured} | {line.budget} | {'yes' if line.kept else '**no**'} |"


def _with_lines(page: str, lines: list[Line]) -> str:
    """The page with these lines in the place of those on the same thing, or else below the last one."""
    rows = page.split("\n")
    for line in lines:
        same = [place for place, row in enumerate(rows) if row.startswith(f"| {line.what} |")]
        last = max(place for place, row in enumerate(rows) if row.startswith("| "))
        rows[same[0] if same else last + 1 : same[0] + 1 if same else last + 1] = [_row(line)]
    return "\n".join(rows)


def _page(lines: list[Line]) -> str:
    rows = "\n".join(map(_row, lines))
    return f"""# Performance

Written by `make bench`: medians of interleaved rounds, each part in one run, on {os.cpu_count()} cores,
Python {platform.python_version()}, DuckDB {duckdb.__version__}. The server that sends the
events runs on the same cores. `python -m benchmarks --only interrupts` measures one part again and keeps the
other lines.

| what | measured | budget | kept |
|---|---|---|---|
{rows}

DuckDB's own load is one `INSERT … SELECT` into the same columns with the types given beforehand. A fetch
also receives and unpacks the data, checks that each stream is complete, infers the types and verifies every
value against them, removes duplicates and keeps the ledger.
"""


if __name__ == "__main__":
    main()
