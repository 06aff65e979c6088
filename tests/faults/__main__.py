"""``python -m faults``: everything is tried for a while, and ``docs/reliability.md`` is written."""

from __future__ import annotations

import argparse
import os
import platform
import random
import sys
import tempfile
import time
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from client.echoes import KINDS
from hypothesis import HealthCheck, Phase, given, settings
from IPython.core.interactiveshell import InteractiveShell

from faults import disks, inputs, interrupts, kernels, kills, leaks, network, page, scale, together, wire
from faults.record import Record
from faults.resources import small_disk
from faults.truth import EVENTS
from mixpanel_nb import Workspace
from mixpanel_nb.sandbox.app import create_app
from mixpanel_nb.sandbox.server import SandboxServer
from mixpanel_nb.sandbox.store import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HERE = Path(__file__).parent


class Soak:
    """One run of everything.

    Args:
        record: Where outcomes go.
        store: The data.
        folder: A folder to work in.
        minutes: How long each part with random trials may go on; what is a list is tried whole.
        seed: Of the random moments.
    """

    def __init__(self, record: Record, store: Dataset, folder: Path, minutes: float, seed: int) -> None:
        self.record = record
        self.store = store
        self.folder = folder
        self.minutes = minutes
        self.draw = random.Random(seed)

    def network(self) -> None:
        """Every endpoint, every misdeed."""
        attempt = partial(self.record.attempt, network.HEADING)
        with network.arena(self.store, self.fresh()) as arena:
            for name, misdeed in network.MISDEEDS.items():
                family = network.family_of(name)
                for what in network.FETCHING:
                    attempt(f"{family}: fetches", partial(network.fetched, arena, what, misdeed))
                slow = name in network.SLOW
                for what in list(network.ASKING)[:: 8 if slow or self.minutes < 1 else 1]:
                    attempt(f"{family}: questions", partial(network.asked, arena, what, misdeed))
            for misdeed in network.PASSING.values():
                for what in network.FETCHING:
                    attempt("failures that pass", partial(network.fetched, arena, what, misdeed, times=2))
            for what in network.FETCHING:
                attempt("nobody listens, then somebody does", partial(network.unheard, arena, what))
            for part in range(int(60 * min(self.minutes, 1))):
                misdeed = wire.ended_in(self.draw.random(), self.draw.choice(list(wire.End)))
                attempt(
                    "connections that end at random bytes",
                    partial(network.fetched, arena, "fetch_events", misdeed),
                )
                del part
        for kind in network.CERTIFICATES:
            attempt("certificates", partial(network.certified, self.fresh(), kind))

    def process(self) -> None:
        """Signals at random moments."""
        with kills.yard(self.store, self.fresh()) as yard:
            for _ in self._rounds(16):
                for name in kills.COMMANDS:
                    for by in kills.SIGNALS:
                        what = f"{by} during {name}"
                        self.record.attempt(
                            kills.HEADING, what, partial(kills.killed, yard, name, by, self.draw)
                        )
            for name in interrupts.WORK:
                for at in interrupts.random_moments(yard, name, int(40 * min(self.minutes, 1)), self.draw):
                    what = f"Ctrl-C at a random line of {name}, the session lives on"
                    self.record.attempt(kills.HEADING, what, partial(interrupts.interrupted, yard, name, at))
            with kernels.kernel(yard) as kernel:
                for how, count in {"interrupt": 12, "restart": 3, "kill -9": 3}.items():
                    for number in range(count):
                        cell = list(kernels.CELLS)[number % len(kernels.CELLS)]
                        trial = partial(kernels.disturbed, yard, kernel, cell, how, self.draw)
                        self.record.attempt(kills.HEADING, f"kernel: {how}", trial)

    def disk(self) -> None:
        """Disks that fill, refuse or forget."""
        attempt = partial(self.record.attempt, disks.HEADING)
        with kills.yard(self.store, self.fresh()) as yard, small_disk(self.fresh() / "disk", 24) as disk:
            for _ in self._rounds(5):
                for name in kills.COMMANDS if disk else ():
                    attempt(f"full during {name}", partial(disks.full, yard, disk or Path(), name, self.draw))
                for how in disks.DAMAGES:
                    attempt(f"database: {how}", partial(disks.damaged, yard, how, self.draw))
                for how in disks.STAGED:
                    attempt(f"download: {how}", partial(disks.odd_downloads, yard, how, self.draw))
                for how in disks.CACHE_DAMAGES:
                    attempt(f"sandbox data: {how}", partial(disks.odd_cache, self.folder, self.draw, how))
                for _ in range(20):
                    attempt("quota ledger damaged", partial(disks.odd_ledger, self.folder, self.draw))
            for name in ["read", *kills.COMMANDS] if disk else ():
                attempt("read-only", partial(disks.read_only, yard, disk or Path(), name))
        config = self.fresh()
        for cut in range(300):
            attempt("configuration cut at each byte", partial(disks.half_config, cut, config))

    def concurrency(self) -> None:
        """Many programs, one file."""
        for how in together.WAYS:
            trial = partial(together.dropped_meanwhile, self.store, self.fresh(), how)
            self.record.attempt(together.HEADING, f"the table goes while it is fetched: {how}", trial)
        seconds = 60 * self.minutes
        trial_ = partial(together.ten_programs, self.store, self.fresh(), seconds)
        self.record.attempt(together.HEADING, f"ten programs for {seconds:.0f} s", trial_)

    def input(self) -> None:
        """Whatever can be typed or sent."""
        folder = self.fresh()
        os.chdir(folder)
        with SandboxServer(create_app(self.store)) as server, _environment(server.url, folder):
            with Workspace("sandbox") as ws:
                ws.sql("CREATE TABLE keep AS SELECT 1 AS a")
                ws.fetch_events(from_date="2025-01-01", to_date="2025-01-03", columns=["plan"])
                self._many("export streams", inputs.streams(), partial(inputs.ingested, folder), 1)
                for sql in inputs.ODD_SQL:
                    self.record.attempt(inputs.HEADING, "odd SQL", partial(inputs.asked_in_sql, ws, sql))
            for sql in inputs.CHANGING_SQL:
                trial = partial(inputs.refused_read_only, self.fresh(), sql)
                self.record.attempt(inputs.HEADING, "SQL that changes something, read-only", trial)
            self._many("command lines", inputs.command_lines, inputs.typed_in_terminal, 1)
            shell = _shell()
            self._many(
                "magic lines", inputs.magic_lines, lambda it: inputs.typed_in_notebook(shell, *it), 0.5
            )
            self._many("SQL cells", inputs.cells, lambda it: inputs.typed_in_notebook(shell, *it), 0.5)
            shell.run_line_magic("unload_ext", "mixpanel_nb")

    def security(self) -> None:
        """Secrets, links, doors, names."""
        attempt = partial(self.record.attempt, leaks.HEADING)
        attempt("secrets after a run of everything", lambda: leaks.hunted(self.store, self.fresh(), _shell()))
        for kind in KINDS:
            for _ in range(6):
                trial = partial(leaks.echoed, self.fresh(), _shell(), self.draw, kind)
                attempt("answers that echo the secret", trial)
        attempt("permissions of files", lambda: leaks.modes(self.store, self.fresh()))
        for what in leaks.LINKS:
            attempt("links laid beside the database", partial(leaks.linked, self.store, self.fresh(), what))
        attempt("sandbox server", lambda: leaks.counted(leaks.doors(self.store)))
        attempt("injection", lambda: leaks.counted(leaks.injected(self.fresh())))

    def scale(self) -> None:
        """Much of everything."""
        for what, trial in scale.TRIALS.items():
            self.record.attempt(scale.HEADING, what, partial(trial, self.fresh()))

    def fresh(self) -> Path:
        """A folder that nobody has used."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def _rounds(self, least: int) -> Iterator[int]:
        """Numbers until time is up, but so many at least if there is a minute."""
        end = time.monotonic() + 60 * self.minutes
        least = max(1, round(least * min(self.minutes, 1)))
        number = 0
        while number < least or time.monotonic() < end:
            yield number
            number += 1

    def _many(self, what: str, strategy: Any, trial: Callable[[Any], str], share: float) -> None:
        """As many examples as time allows."""
        end = time.monotonic() + 60 * self.minutes * share

        @settings(
            max_examples=100, database=None, deadline=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(strategy)
        def examples(example: Any) -> None:
            if time.monotonic() < end:
                self.record.attempt(inputs.HEADING, what, lambda: trial(example))

        while time.monotonic() < end:
            examples()


PARTS = ["network", "process", "disk", "concurrency", "input", "security"]


def _shell() -> Any:
    shell = InteractiveShell.instance(colors="nocolor")
    shell.run_line_magic("load_ext", "mixpanel_nb")
    return shell


@contextmanager
def _environment(url: str, folder: Path) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(MP_API_BASE_URL=url, MP_ACCOUNT="sandbox", MIXPANEL_NB_HOME=str(folder / "home"))
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def main() -> None:
    """Run the parts that were named (all by default), keep the record, and write the page."""
    parser = argparse.ArgumentParser(description="Try everything that can go wrong.")
    parser.add_argument(
        "parts", nargs="*", help=f"{', '.join([*PARTS, 'scale'])}, or page; all but scale and page by default"
    )
    parser.add_argument("--minutes", type=float, default=1.0, help="of each part with random trials")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", type=Path, default=HERE / "mended", help="folder of the records")
    options = parser.parse_args()
    options.save.mkdir(exist_ok=True)
    for part in options.parts or PARTS:
        if part != "page":
            _run(part, options)
    page.write(HERE)


def _run(part: str, options: argparse.Namespace) -> None:
    about = f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {os.cpu_count()} cores"
    record = Record(options.save / f"{part}.json", about)
    here = Path.cwd()
    with tempfile.TemporaryDirectory(prefix="mixpanel_nb-soak-", ignore_cleanup_errors=True) as folder:
        os.environ["MIXPANEL_NB_HOME"] = str(Path(folder) / "home")
        with Dataset.generated(Path(folder) / "store", events=EVENTS) as store:
            getattr(Soak(record, store, Path(folder), options.minutes, options.seed), part)()
        os.chdir(here)
    record.save()
    for row in record.rows.values():
        told = f"{row.tried:6} {row.faults.total():6} {row.seconds:7.1f} s  {row.heading}: {row.what}\n"
        told += "".join(f"{'':14}{count} × {fault}\n" for fault, count in row.faults.most_common(3))
        sys.stdout.write(told)
    sys.stdout.flush()


if __name__ == "__main__":
    main()
