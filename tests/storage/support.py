"""Making exports, loading them, and reading properties with nothing but plain Python."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mixpanel_nb.storage import Chunk, StorageEngine, TableMetadata
from mixpanel_nb.storage.ledger import canonical
from mixpanel_nb.storage.loading import Batch, Loaded

if TYPE_CHECKING:
    import signal
    from collections.abc import Iterable, Sequence
    from datetime import date

FETCHED = datetime(2025, 2, 1, 12)
TIME = 1_735_732_800  # 2025-01-01 12:00 UTC

_numbers = itertools.count(1)


def event(properties: dict[str, Any] | None = None, *, name: str = "Visit", **base: Any) -> dict[str, Any]:
    """An event as Mixpanel exports it; ``base`` replaces ``time``, ``distinct_id`` and ``insert_id``."""
    held = {
        "time": base.get("time", TIME),
        "distinct_id": base.get("distinct_id", "ann"),
        "$insert_id": base.get("insert_id", f"id-{next(_numbers)}"),
    }
    return {"event": name, "properties": {**held, **(properties or {})}}


def case(name: str) -> list[dict[str, Any]]:
    """The lines of a small export in ``cases/``."""
    lines = (Path(__file__).parent / "cases" / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def profile(distinct_id: Any, properties: dict[str, Any] | None = None) -> dict[str, Any]:
    """A profile as Mixpanel's engage answers it."""
    return {"$distinct_id": distinct_id, "$properties": properties or {}}


def metadata(table_type: str = "events", **known: Any) -> TableMetadata:
    """What a fetch records of its table."""
    return TableMetadata("profiles" if table_type == "profiles" else "events", FETCHED, **known)


def chunk(first: date | None = None, last: date | None = None, rows: int = 0) -> Chunk:
    """A ledger entry without filters."""
    return Chunk(first, last, canonical({}), rows, 1, 1000, FETCHED)


@dataclass
class Exports:
    """Loads lines into an engine, each call one batch of one downloaded file.

    Attributes:
        engine: Where to.
        folder: Where the files lie.
    """

    engine: StorageEngine
    folder: Path
    table: str = "events"
    chunks: Sequence[Chunk] = field(default_factory=list)

    def file(self, lines: Iterable[Any]) -> Path:
        """A file of these lines: text and bytes as they are, all else as JSON."""
        path = self.folder / f"export-{next(_numbers)}.jsonl"
        path.write_bytes(b"".join(_line(line) for line in lines))
        return path

    def load(
        self, *lines: Any, table: str | None = None, table_type: str = "events", **options: Any
    ) -> Loaded:
        """Load ``lines`` as one batch."""
        recorded = options.pop("metadata", None) or metadata(table_type)
        chunks = options.pop("chunks", self.chunks)
        files = options.pop("files", None) or [self.file(lines)]
        return self.engine.load(Batch(table or self.table, files, chunks, recorded, **options))

    def load_values(self, name: str, *values: Any, **options: Any) -> Loaded:
        """Load one event a value, each holding it as the property ``name``, in this order."""
        lines = [event({name: value}, time=TIME + number) for number, value in enumerate(values)]
        return self.load(*lines, **options)

    def column(self, name: str, table: str | None = None) -> list[Any]:
        """The values of a column, by time."""
        rows = self.engine.execute_rows(
            f'SELECT "{name}" FROM {table or self.table} ORDER BY event_time, rowid'
        )
        return [value for (value,) in rows]

    def types(self, table: str | None = None) -> dict[str, str]:
        """The types of the typed property columns, by property."""
        return {c.property: c.type for c in self.engine.get_schema(table or self.table) if c.property}

    def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of all tables, the engine's own among them, to compare before and after."""
        names = [
            row[0] for row in self.engine.execute_rows("SELECT table_name FROM duckdb_tables() ORDER BY 1")
        ]
        return {name: sorted(self.engine.execute_rows(f'FROM "{name}"'), key=repr) for name in names}


def _line(line: Any) -> bytes:
    if isinstance(line, bytes):
        return line
    return (line if isinstance(line, str) else json.dumps(line) + "\n").encode()


class Number(str):
    """A number as it is written in JSON."""

    __slots__ = ()


def parsed(text: str) -> Any:
    """JSON with numbers as they are written, the first of equal keys (as DuckDB reads them), and no NaN."""

    def first_of_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        return dict(reversed(pairs))

    def nothing(_: str) -> None:
        return None

    return json.loads(
        text, parse_int=Number, parse_float=Number, parse_constant=nothing, object_pairs_hook=first_of_each
    )


def reading(properties: str, name: str, sql_type: str) -> Any:
    """What a column of this type should hold of a row's ``properties``; JSON comes parsed."""
    value = parsed(properties).get(name)
    if value is None or sql_type == "JSON":
        return value
    match sql_type, value:
        case "BIGINT", Number():
            return int(value)
        case "DOUBLE", Number():
            return float(value)
        case "BOOLEAN", bool():
            return value
        case "VARCHAR", bool():
            return str(value).lower()
        case "VARCHAR", str():
            return str(value)
    message = f"{value!r} is in a column of type {sql_type}"
    raise AssertionError(message)


def check_columns(engine: StorageEngine, table: str) -> None:
    """Assert that every typed column of every row is what the row's ``properties`` say."""
    for column in engine.property_columns(table):
        quoted = '"' + column.name.replace('"', '""') + '"'
        rows = engine.execute_rows(f"SELECT CAST(properties AS VARCHAR), {quoted} FROM {table}")
        for properties, value in rows:
            held = parsed(value) if column.sql_type == "JSON" and value is not None else value
            expected = reading(properties, column.property, column.sql_type)
            assert held == expected, (column, properties)
            assert type(held) is type(expected), (column, properties)
            if isinstance(held, float) and isinstance(parsed(properties)[column.property], Number):
                written = parsed(properties)[column.property]
                assert "." in written or "e" in written.lower() or int(written) == held, (column, properties)


class Start(Protocol):
    """Starts a program; the fixture ``start``."""

    def __call__(self, code: str, *arguments: str | Path) -> Program: ...


class Program:
    """A Python program of its own, which talks to the test line by line."""

    def __init__(self, code: str, *arguments: str | Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code), *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.pid = self._process.pid

    def told(self) -> str:
        """The next line that it prints."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().rstrip("\n")

    def tell(self) -> None:
        """Let it go on where it waits for a line."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def ended(self) -> list[str]:
        """The lines it prints until its end, which is a good one."""
        out, err = self._process.communicate(timeout=120)
        assert err == ""
        assert self._process.returncode == 0
        return out.splitlines()

    def killed(self) -> int:
        """Kill it, if it has not ended; how it ended."""
        self._process.kill()
        self._process.communicate()
        return self._process.returncode
