"""``python -m benchmarks``: run everything, print it, write ``docs/performance.md``."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import platform
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
from benchmarks.reports import REPORTS, VARIANTS
from benchmarks.shop import make_shop

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"


@dataclass(frozen=True)
class Line:
    """One line of the report."""

    what: str
    measured: str
    budget: str
    kept: bool


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
    options = parser.parse_args()
    with _folder(options.folder) as folder:
        lines = measure(folder, options.rows, options.big, options.rounds)
    page = _page(lines)
    print(page)
    if not options.dry:
        PAGE.write_text(page)
    if not all(line.kept for line in lines):
        sys.exit("A budget is not kept.")


def measure(folder: Path, rows: int, big: int, rounds: int) -> list[Line]:
    """Every line of the report."""
    lines = []
    chunks = make_chunks(folder / f"chunks-{rows}", rows)
    raw = raw_size(chunks)
    lines += _fetch_lines(folder, chunks, raw, rounds)
    if big:
        many = make_chunks(folder / f"chunks-{big}", big)
        with _serving(many[0].parent) as url:
            outcome = _task("fetch", url, str(folder))
        rate = outcome["rows"] / outcome["seconds"]
        lines.append(_memory_line(outcome, f"{rate:,.0f} rows/s"))
    lines += _wide_lines(folder)
    lines += _query_lines(folder / "fetched.db")
    lines += _report_lines(folder, big or rows)
    lines += _frame_lines(folder, rows)
    lines += _start_lines()
    return lines


def _fetch_lines(folder: Path, chunks: list[Path], raw: int, rounds: int) -> list[Line]:
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
    seconds = {name: median(run["seconds"] for run in runs) for name, runs in taken.items()}
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
            "≤ 1.5×",
            served <= 1.5,
        ),
        Line(
            "the same / DuckDB's own load of the file unpacked beforehand",
            f"{unpacked:.2f}× ({seconds['plain']:.1f} s)",
            "≤ 1.5×",
            unpacked <= 1.5,
        ),
        _memory_line(last, f"DuckDB's own load: {taken['gzip'][-1]['peak_mb']:.0f} MB"),
        Line(
            "size of the database / raw JSON lines",
            f"{size:.2f}× ({last['file_bytes'] / 1e6:.0f} MB / {raw / 1e6:.0f} MB)",
            "≤ 0.25×",
            size <= 0.25,
        ),
    ]


def _memory_line(outcome: dict[str, Any], remark: str) -> Line:
    what = f"peak memory, {outcome['rows']:,} events"
    return Line(what, f"{outcome['peak_mb']:.0f} MB ({remark})", "≤ 700 MB", outcome["peak_mb"] <= 700)


def _wide_lines(folder: Path) -> list[Line]:
    file = folder / "wide.jsonl"
    if not file.exists():
        make_wide(file, 300_000)
    outcome = _task("wide", str(file), str(folder))
    rate = outcome["rows"] / outcome["seconds"]
    what = "load 300,000 events with 1,000 sparse properties, names differing in case, mixed types"
    remark = f"{rate:,.0f} rows/s ({outcome['rare']} rows with a rare property, read from JSON)"
    return [Line(what, remark, "≥ 50,000 rows/s", rate >= 50_000 and outcome["rare"] > 0)]


def _query_lines(database: Path) -> list[Line]:
    taken = _task("queries", str(database))
    through = taken["workspace_df"] / taken["raw_df"]
    added = taken["magic"] - taken["raw"]
    waited = {k: v for k, v in _task("interrupt", str(database)).items() if k != "peak_mb"}
    worst = max(waited.values())
    each = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in waited.items())
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
        Line(
            "interrupt of three heavy queries, the longest",
            f"{worst:.2f} s ({each})",
            "≤ 0.3 s",
            worst <= 0.3,
        ),
    ]


def _report_lines(folder: Path, rows: int) -> list[Line]:
    taken = _task("reports", str(make_shop(folder, rows)))
    lines = []
    for name, report in (REPORTS | VARIANTS).items():
        ours, by_hand = taken[name]["ours"], taken[name]["by_hand"]
        lines.append(
            Line(
                f"{report.told}, {rows:,} events / the best DuckDB SQL by hand",
                f"{ours / by_hand:.2f}× ({ours * 1000:,.0f} ms / {by_hand * 1000:,.0f} ms)",
                "≤ 2×" if name in REPORTS else "",
                name in VARIANTS or ours <= 2 * by_hand,
            )
        )
    return lines


def _frame_lines(folder: Path, rows: int) -> list[Line]:
    taken = _task("frames", str(make_shop(folder, rows)))
    lines = []
    for name, report in REPORTS.items():
        seconds = taken[name]
        ours, plain, loop = seconds["ours"], seconds["pandas"], seconds.get("loop")
        remark = f"; a loop over people: {loop / ours:.0f}×, {loop:.1f} s" if loop else ""
        lines.append(
            Line(
                f"pandas, the data in memory / {report.told}, {rows:,} events",
                f"{plain / ours:.1f}× ({plain * 1000:,.0f} ms / {ours * 1000:,.0f} ms{remark})",
                "≥ 20×",
                plain >= 20 * ours,
            )
        )
    return lines


def _start_lines() -> list[Line]:
    loads = [_task("load_extension") for _ in range(5)]
    milliseconds = median(load["milliseconds"] for load in loads)
    heavy = loads[0]["heavy"]
    helps = []
    for _ in range(7):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "mixpanel_nb", "--help"], check=True, capture_output=True)
        helps.append((time.perf_counter() - started) * 1000)
    return [
        Line(
            "`%load_ext mixpanel_nb` in a running shell",
            f"{milliseconds:.0f} ms (heavy imports: {', '.join(heavy) or 'none'})",
            "≤ 60 ms",
            milliseconds <= 60 and not heavy,
        ),
        Line("`mp --help`", f"{median(helps):.0f} ms", "≤ 300 ms", median(helps) <= 300),
    ]


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
def _serving(folder: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.server", str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None and server.stdout is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


@contextmanager
def _folder(given: Path | None) -> Iterator[Path]:
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="mixpanel_nb-bench-") as temporary:
        yield Path(temporary)


def _page(lines: list[Line]) -> str:
    rows = "\n".join(
        f"| {line.what} | {line.measured} | {line.budget} | {'yes' if line.kept else '**no**'} |"
        for line in lines
    )
    return f"""# Performance

Written by `make bench`: medians of interleaved rounds in one run, on {os.cpu_count()} cores, Python
{platform.python_version()}, DuckDB {duckdb.__version__}. The server that sends the events runs on the same
cores.

| what | measured | budget | kept |
|---|---|---|---|
{rows}

DuckDB's own load is one `INSERT … SELECT` into the same columns with the types given beforehand. A fetch
also receives and unpacks the data, checks that each stream is whole, finds the types and verifies every
value against them, removes duplicates and keeps the ledger.
"""


if __name__ == "__main__":
    main()
