"""Building the DuckDB file of a data set, from generated lines or from an export on disk.

A file is built under a temporary name and moved into place when complete, so a reader never sees an
incomplete data set, and two processes that build the same one concurrently only duplicate the work.
"""

from __future__ import annotations

import gzip
import json
import shutil
import tempfile
import time
import zlib
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import MixpanelDataError
from mixpanel_nb.files.content import HEAD, kind_of
from mixpanel_nb.storage.ingest import IMPOSSIBLE_FROM, MILLISECONDS_FROM

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import BinaryIO

    Progress = Callable[[int, int], None]

# Part of every cache key: raise it when the tables change.
FORMAT_VERSION = 2
SCHEMA = """
CREATE TABLE events (day DATE, event VARCHAR, time DOUBLE, distinct_id VARCHAR, line VARCHAR);
CREATE TABLE profiles (distinct_id VARCHAR, line VARCHAR);
"""

# `time` is kept in seconds, whichever unit the export was made in.
_LOAD_EVENTS = f"""
INSERT INTO events
WITH lines AS (
    SELECT row_number() OVER () AS position, json::VARCHAR AS line,
        json_extract_string(json, ['$.event', '$.properties.time', '$.properties.distinct_id']) AS parts
    FROM read_ndjson_objects(?)
), timed AS (
    SELECT *, CASE WHEN parts[2]::DOUBLE >= {MILLISECONDS_FROM} THEN parts[2]::DOUBLE / 1000
        ELSE parts[2]::DOUBLE END AS time
    FROM lines
)
SELECT make_timestamp((time * 1e6)::BIGINT)::DATE AS day, parts[1], time, coalesce(parts[3], ''), line
FROM timed
"""
_IN_DAY_ORDER = "ORDER BY day, position"
_LOAD_PROFILES = """
INSERT INTO profiles
SELECT json_extract_string(json, '$."$distinct_id"'), json::VARCHAR FROM read_ndjson_objects(?)
"""
_REPORT_EVERY = 5_000
# In a notebook, DuckDB would show its own progress below the first cell that uses the sandbox.
SILENT = "SET enable_progress_bar = false"
_STALE_SECONDS = 86_400
_LONGEST_LINE = 16 * 2**20  # bytes; DuckDB reads no longer ones either


def build_from_lines(
    target: Path,
    events: Iterable[bytes],
    profiles: Iterable[bytes],
    *,
    expected: int,
    on_progress: Progress | None,
) -> None:
    """Build ``target`` from lines whose events come day by day.

    Args:
        target: The DuckDB file to make.
        events: Event lines, without newline.
        profiles: Profile lines, without newline.
        expected: About how many events there will be, for ``on_progress``.
        on_progress: Called now and then with (events so far, ``expected``).
    """
    with build_directory(target) as work:
        counted = _counted(events, expected, on_progress) if on_progress else events
        events_file, profiles_file = work / "events.jsonl", work / "profiles.jsonl"
        _write_lines(events_file, counted)
        _write_lines(profiles_file, profiles)
        _load(work / "data.duckdb", _LOAD_EVENTS, events_file, profiles_file)
        (work / "data.duckdb").replace(target)


def build_from_files(target: Path, events: Path, profiles: Path | None) -> None:
    """Build ``target`` from an export and, if there are any, profiles; both ``.jsonl`` or ``.jsonl.gz``.

    Raises:
        MixpanelDataError: A file is missing or unreadable, or a line is not what it should be.
    """
    import duckdb

    with build_directory(target) as work:
        try:
            _load(work / "data.duckdb", _LOAD_EVENTS + _IN_DAY_ORDER, events, profiles)
        except duckdb.Error as error:
            raise _bad_file(events, profiles, str(error)) from None
        (work / "data.duckdb").replace(target)


@contextmanager
def build_directory(target: Path) -> Iterator[Path]:
    """A temporary directory beside ``target``, on the same file system."""
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for leftover in target.parent.glob(".building-*"):  # of a process that was killed
        if leftover.exists() and time.time() - leftover.stat().st_mtime > _STALE_SECONDS:
            shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".building-", dir=target.parent) as name:
        yield Path(name)


def _counted(lines: Iterable[bytes], expected: int, on_progress: Progress) -> Iterator[bytes]:
    count = 0
    for count, line in enumerate(lines, start=1):
        yield line
        if count % _REPORT_EVERY == 0:
            on_progress(count, expected)
    on_progress(count, expected)


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(line + b"\n" for line in lines)


def _load(database: Path, load_events: str, events: Path, profiles: Path | None) -> None:
    import duckdb

    from mixpanel_nb.storage.connections import private_files

    # Others may not read the export either.
    with private_files(), duckdb.connect(str(database)) as connection:
        connection.execute(SILENT)
        connection.execute(SCHEMA)
        connection.execute(load_events, [str(events)])
        odd = f"event IS NULL OR time IS NULL OR abs(time) >= {MILLISECONDS_FROM}"
        _refuse_odd(connection, "events", odd)
        if profiles is not None:
            connection.execute(_LOAD_PROFILES, [str(profiles)])
            _refuse_odd(connection, "profiles", "distinct_id IS NULL")


def _refuse_odd(connection: Any, table: str, condition: str) -> None:
    import duckdb

    if connection.execute(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1").fetchone():
        raise duckdb.InvalidInputException(f"A line of {table} is not what it should be.")


def _bad_file(events: Path, profiles: Path | None, cause: str) -> MixpanelDataError:
    """Find the first bad line; only done when loading has failed, for it reads line by line."""
    for file in (events, profiles):
        wrong = file and _wrong_kind(file)
        if wrong:
            return wrong
    fault = _first_fault(events, _event_fault)
    if fault is None and profiles is not None:
        fault = _first_fault(profiles, _profile_fault)
    return MixpanelDataError(
        fault or f"{events} cannot be read: {cause.splitlines()[0]}",
        hint="The sandbox replays raw exports: one JSON object per line, as .jsonl or .jsonl.gz.",
    )


def _wrong_kind(file: Path) -> MixpanelDataError | None:
    """The error for a file that does not match its name, or is not UTF-8 text."""
    try:
        with file.open("rb") as stream:
            kind = kind_of(stream.read(HEAD))
    except OSError:
        return None  # the first line that cannot be read says it
    is_packed = kind == kind_of(b"\x1f\x8b")
    if file.suffix == ".gz":
        message = f"{file} is not compressed with gzip, though its name ends in .gz."
        return None if is_packed else MixpanelDataError(message, hint="Give it another name.")
    if kind is None:
        return None
    hint = "Save it as text in UTF-8, one JSON object per line."
    if is_packed:
        hint = "Let its name end in .gz."
    return MixpanelDataError(f"{file} is {kind}.", hint=hint)


def _first_fault(path: Path, fault_of: Callable[[Any], str | None]) -> str | None:
    number = 0
    try:
        with _open(path) as file:
            # Never more than the longest line is read at once: one line may be larger than memory.
            lines = iter(partial(file.readline, _LONGEST_LINE + 1), b"")
            for number, line in enumerate(lines, start=1):
                fault = _line_fault(line, fault_of) if line.strip() else None
                if fault:
                    return f"{path}, line {number}: {fault}."
    except OSError as error:
        return f"{path} cannot be read: {error.strerror or error}."
    except (EOFError, zlib.error):
        return f"{path} ends in the middle of its gzip stream, after line {number}."
    return None


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _line_fault(line: bytes, fault_of: Callable[[Any], str | None]) -> str | None:
    if len(line) > _LONGEST_LINE:
        return f"a line of more than {_LONGEST_LINE // 2**20} MB, and an event or a profile has 1 MB at most"
    try:
        return fault_of(json.loads(line.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return "no text in UTF-8"
    except ValueError as error:
        return f"not JSON ({error})"


def _event_fault(event: Any) -> str | None:
    if not isinstance(event, dict) or not isinstance(event.get("event"), str):
        return 'not an event (an object with "event" and "properties")'
    properties = event.get("properties")
    moment = properties.get("time") if isinstance(properties, dict) else None
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return 'an event without a numeric "time"'
    return None if abs(moment) < IMPOSSIBLE_FROM else f'an impossible "time" ({moment})'


def _profile_fault(profile: Any) -> str | None:
    if not isinstance(profile, dict) or profile.get("$distinct_id") is None:
        return 'not a profile (an object with "$distinct_id" and "$properties")'
    return None
