"""Whatever an export, a cell or a command line can hold."""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections import Counter
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import duckdb
from hypothesis import strategies as st
from IPython.utils.capture import capture_output
from storage.support import Number, check_columns, parsed

from faults.record import must
from mixpanel_nb.cli.formats import write
from mixpanel_nb.cli.options import Format
from mixpanel_nb.cli.program import run
from mixpanel_nb.client.invalid_body import InvalidBodyError
from mixpanel_nb.client.lines import LineCheck, events_in
from mixpanel_nb.errors import IncompleteExportError, MixpanelDataError, StorageError
from mixpanel_nb.storage import StorageEngine, TableMetadata, ledger
from mixpanel_nb.storage.loading import Batch
from mixpanel_nb.surrogates import replace_lone_surrogates

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from mixpanel_nb import Workspace

HEADING = "Input"
HOSTILE = [
    *("", " ", "a", "A", "ä", "İ", "ß", "time", "TIME", "event", "distinct_id", "$insert_id", "properties"),
    *("rowid", "select", 'x"; DROP TABLE events; --', "'; DROP TABLE events; --", "$1", "?", "{}", "[0]"),
    *("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&amp;", "\x00", "a\x00b", "\x1b[31m"),
    *("\u2028", "\u202e", "\ufeff", "\U0001f600", "\ud83d", "a/b", "a~b", "~1", "\\", "\\u0041", "%s", "{x}"),
    *("constructor", "toString", "valueOf", "hasOwnProperty", "__proto__", "\\u", 'a\\"b'),
    *("=1+1", "../../etc/passwd", "NaN", "null", "true", "-0", "a" * 70, "k" * 5_000),
]
NUMBERS = [
    *("0", "-0", "0.0", "-0.0", "1", "-1", "9007199254740991", "9007199254740992", "9007199254740993"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809"),
    *(
        "18446744073709551615",
        "18446744073709551616",
        "1" + "0" * 38,
        "1" + "0" * 400,
        "1e3",
        "1E400",
        "-1e400",
    ),
    *(
        "1e-400",
        "0.1",
        "0.30000000000000004",
        "123456789.123456789",
        "1.7976931348623157e308",
        "5e-324",
        "1.0e0",
    ),
]
TIMES = [
    "1735700000",
    "1735700000.25",
    "1735700000000",
    "0",
    "-1",
    "99999999999",
    "100000000000",
    "1735700000e0",
]
ODD_TIMES = ["1e300", "-1e300", "253402300800", '"1735700000"', "null", "true", "[]", "1e19"]

texts = st.one_of(st.sampled_from(HOSTILE), st.text(max_size=8), st.characters(categories=["Cs"]))
atoms = st.one_of(
    texts.map(json.dumps),
    st.sampled_from(NUMBERS),
    st.sampled_from(["true", "false", "null", "NaN", "Infinity", "-Infinity"]),
    st.integers().map(str),
)
values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.dictionaries(texts.map(json.dumps), inner, max_size=3).map(lambda d: _object(list(d.items()))),
    ),
    max_leaves=8,
)
deep = st.integers(1, 150).map(lambda depth: "[" * depth + "1" + "]" * depth)
pairs = st.lists(st.tuples(texts.map(json.dumps), st.one_of(values, values, values, deep)), max_size=6)


def _object(items: Sequence[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{name}:{value}" for name, value in items) + "}"


@st.composite
def events(draw: Any) -> bytes:
    """A line of an export: mostly an event, with whatever properties."""
    properties = [
        ('"time"', draw(st.one_of(st.sampled_from(TIMES), st.sampled_from(TIMES + ODD_TIMES)))),
        ('"distinct_id"', draw(st.one_of(texts.map(json.dumps), atoms))),
        *draw(pairs),
    ]
    line = _object(
        [
            ('"event"', draw(st.one_of(texts.map(json.dumps), texts.map(json.dumps), st.just("null")))),
            ('"properties"', _object(properties)),
        ]
    )
    return line.encode("utf-8", "surrogatepass")


@st.composite
def streams(draw: Any) -> bytes:
    """What an export may send: events, or bytes that are none among them."""
    lines = draw(st.lists(events(), max_size=6))
    if draw(st.integers(0, 5)) == 0:
        odd = st.one_of(
            st.binary(max_size=30), st.sampled_from([b"", b" ", b"[]", b"null", b"terminated early", b"\xff"])
        )
        lines.insert(draw(st.integers(0, len(lines))), draw(odd))
    data = b"\n".join(lines)
    return data + b"\n" if draw(st.booleans()) else data


def ingested(folder: Path, stream: bytes, columns: int | None = 100) -> str:
    """Take a stream as a download does and store it: every row as it was sent, or all of it refused."""
    if not accepted(stream):
        return "refused as it came"
    file = folder / "stream.jsonl"
    file.write_bytes(stream)
    lines = [line for line in stream.split(b"\n") if line.strip()]
    with StorageEngine.memory() as engine:
        batch = Batch(
            "events", [file], [], TableMetadata("events", ledger.now()), columns=columns, dedupe=False
        )
        try:
            try:
                engine.load(batch)
            except IncompleteExportError as error:
                if "surrogate" not in error.message or not replace_lone_surrogates(file):
                    raise
                lines = [line for line in file.read_bytes().split(b"\n") if line.strip()]
                engine.load(batch)
        except MixpanelDataError as error:
            must("\n" not in error.message, "an error of several lines")
            must(str(folder) not in error.message, "an error that names a file of ours")
            must(not engine.table_exists("events"), "refused, and there is a table")
            return "refused in one line"
        rows = engine.execute_rows(
            "SELECT event_name, CAST(properties AS VARCHAR) FROM events ORDER BY rowid"
        )
        must(len(rows) == len(lines), f"{len(lines)} lines, and {len(rows)} rows")
        stored = Counter(_canonical(name, parsed(text)) for name, text in rows)
        sent = Counter(_sent(line) for line in lines)
        must(stored == sent, f"stored is not what was sent: {list((sent - stored) or (stored - sent))[:1]}")
        check_columns(engine, "events")
    return "stored as it was sent"


def accepted(stream: bytes) -> bool:
    """Whether the client takes a stream for a whole export."""
    check = LineCheck()
    try:
        for start in range(0, len(stream), 97):
            check.feed(stream[start : start + 97])
        check.finish()
    except InvalidBodyError:
        return False
    with suppress(InvalidBodyError):
        list(events_in([stream]))  # the stream of events one by one: no other error than this
    return True


def _sent(line: bytes) -> str:
    event = parsed(line.decode())
    return _canonical(event["event"], event["properties"])


def _canonical(name: Any, properties: Any) -> str:
    return json.dumps([name, _plain(properties)], sort_keys=True)


def _plain(value: Any) -> Any:
    """The value with numbers as what they are worth: DuckDB writes ``1e0`` as ``1.0``."""
    match value:
        case Number():
            return str(int(value)) if re.fullmatch("-?[0-9]+", value) else repr(float(value))
        case dict():
            return {key: _plain(item) for key, item in value.items()}
        case list():
            return [_plain(item) for item in value]
        case _:
            return value


ODD_SQL = [
    'SELECT 1 AS a, 2 AS a, 3 AS "A"',
    "SELECT NULL",
    "SELECT TIMESTAMP 'infinity', TIMESTAMP '-infinity', DATE 'infinity'",
    "SELECT TIMESTAMP '294247-01-10 04:00:54.775806'",
    "SELECT TIMESTAMP '290309-12-22 (BC) 00:00:00'",
    "SELECT DATE '5877642-06-25 (BC)'",
    "SELECT TIMESTAMPTZ '294246-01-01 00:00:00+00', TIMESTAMP_NS '2200-01-01', TIMESTAMP_S '9999-12-31'",
    "SELECT TIME '24:00:00', TIMETZ '00:00:00+15:59:59'",
    "SELECT INTERVAL 999999999 YEAR, INTERVAL 2147483647 DAY, INTERVAL 106751991 DAY",
    "SELECT 'nan'::DOUBLE, 'inf'::DOUBLE, '-inf'::FLOAT, 1e308 * 10",
    "SELECT 170141183460469231731687303715884105727::HUGEINT, (2::UHUGEINT) ** 127",
    "SELECT 99999999999999999999999999999999999999::DECIMAL(38,0), 1.5::DECIMAL(18,3)",
    "SELECT MAP {[1]: 2, [3]: 4}",
    "SELECT MAP {'a': NULL}, {'a': 1, 'b': [1, NULL]}, [[1], NULL, []]",
    "SELECT union_value(k := 1), 'x'::ENUM('x', 'y'), '10101'::BIT, '\\xFF\\x00'::BLOB",
    "SELECT uuid() IS NOT NULL, 'f81d4fae-7dec-11d0-a765-00a0c91e6bf6'::UUID",
    "SELECT chr(0) || 'a', 'a' || chr(8232), repeat('x', 1000000)",
    "SELECT '<script>alert(1)</script>' AS \"<b>x</b>\", '=1+1' AS \"a,b\"",
    "SELECT [1, 2]::INTEGER[2], ['a']::VARCHAR[1]",
    "SELECT '{\"a\": NaN}'::VARCHAR, '{\"a\": 1e999}'::JSON, 'null'::JSON, '\"\\ud83d\"'::JSON",
    "SELECT * FROM range(0)",
    "SELECT unnest([]) AS nothing",
    "SELECT (SELECT x FROM (VALUES (1), (2)) AS t(x))",
    "SELECT 1 / 0, 0.0 / 0, 5 % 0",
    "SELECT CAST('abc' AS INTEGER)",
    "SELECT error('mine <b>\n second line')",
    "SELECT current_setting('no_such_setting')",
    "PRAGMA version",
    "SHOW TABLES",
    "DESCRIBE events",
    "EXPLAIN SELECT 1",
    "EXPLAIN ANALYZE SELECT 1",
    "SUMMARIZE events",
    "CALL pragma_version()",
    "FROM events LIMIT 1",
    "SELECT COLUMNS(*) FROM events LIMIT 1",
    "VALUES (1), ('a')",
    "PIVOT events ON event_name USING count(*)",
    "UNPIVOT (SELECT 1 AS a, 2 AS b) ON a, b",
    "ATTACH '/proc/nowhere/at/all.db' AS other",
    "ATTACH '/etc/passwd' AS other",
    "DETACH mp",
    "DETACH memory",
    "USE memory",
    "USE nowhere",
    "INSTALL nothing_such",
    "LOAD nothing_such",
    "COPY events TO '/proc/nowhere/x.csv'",
    "COPY events FROM '/etc/passwd'",
    "SET threads = 0",
    "SET threads = 100000",
    "PRAGMA worker_threads = 100000",
    "EXPLAIN ANALYZE SET threads = 100000",
    "SET memory_limit = '900GB'",
    "SET VARIABLE size = '900GB'; SET memory_limit = getvariable('size')",
    "SET temp_directory = '/proc/nowhere'",
    "SET enable_external_access = false",
    "SET lock_configuration = true",
    "SET disabled_filesystems = 'LocalFileSystem'",
    "SET max_expression_depth = 100000000",
    "SET memory_limit = '1KB'",
    "SET TimeZone = 'Mars/Olympus'",
    "RESET ALL",
    "CHECKPOINT",
    "VACUUM",
    "EXPORT DATABASE '/proc/nowhere'",
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "BEGIN; SELECT 1",
    "BEGIN; DROP TABLE events; ROLLBACK",
    "PREPARE p AS SELECT $1",
    "EXECUTE p(1)",
    "DEALLOCATE p",
    "SELECT $a",
    "SELECT ?",
    "SELECT $1 + $2",
    ";",
    ";;;",
    "-- only a comment",
    "/* open",
    "'open",
    '"open',
    "SELECT",
    "SELEC 1",
    "(((((",
    ")",
    "\x00",
    "SELECT '\x00'",
    "SELECT \ud83d",
    "SELECT " + "(" * 3000 + "1" + ")" * 3000,
    "SELECT " + " + ".join(["1"] * 5000),
    "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 1000) SELECT max(n) FROM t",
    "CREATE TABLE _metadata (a INTEGER)",
    "DROP TABLE _ledger",
    "CREATE TABLE events (a INTEGER)",
    'CREATE TABLE "a b" AS SELECT 1',
    "CREATE VIEW v AS SELECT * FROM nowhere",
    "CREATE MACRO f(x) AS f(x)",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_json('/proc/nowhere.json')",
    "SELECT * FROM 'nowhere.parquet'",
    "SELECT * FROM glob('/proc/nowhere/*')",
    "SELECT getenv('HOME')",
]


def asked_in_sql(ws: Workspace, sql: str) -> str:
    """Run SQL and look at its rows in every way: an answer, or one error of ours; the session goes on."""
    try:
        result = ws.sql_rows(sql)
        _looked_at(result)
        outcome = "answered"
    except MixpanelDataError as error:
        must("\n" not in error.message.strip(), f"an error of several lines: {error.message[:80]!r}")
        outcome = "refused in one line"
    with suppress(MixpanelDataError):
        ws.sql(sql)
    must(_asked_again(lambda: ws.sql_scalar("SELECT 41 + 1")) == 42, "the session does not go on")
    must(_asked_again(lambda: ws.storage.table_exists("keep")), "a table is gone")
    fits = _asked_again(lambda: _takes_no_more_than_its_part(ws))
    must(fits, "the session may take more than the machine has")
    return outcome


def _asked_again(ask: Callable[[], Any]) -> Any:
    """The answer, the third time at the latest.

    A session from which SQL took all memory says so, first for a query and then where the file is attached
    anew, and is replaced. When the file is attached anew depends on how long the statements before took.
    """
    for _ in range(2):
        with suppress(StorageError):
            return ask()
    return ask()


def _takes_no_more_than_its_part(ws: Workspace) -> bool:
    """Whether the session is bounded as DuckDB itself bounds a new one, and spills where it did."""
    names = ("threads", "memory_limit", "temp_directory")
    threads, memory, spill = (ws.sql_scalar(f"SELECT current_setting('{name}')") for name in names)
    with duckdb.connect() as fresh:
        fits = """
            SELECT current_setting('threads') >= $threads AND
                parse_formatted_bytes(current_setting('memory_limit')) >= parse_formatted_bytes($memory)"""
        answer = fresh.execute(fits, {"threads": threads, "memory": memory}).fetchall()
    return answer == [(True,)] and "-scratch-" in spill


# What would change the database, another file, or DuckDB, run in a folder with data.db and mine.csv.
CHANGING_SQL = [
    "DROP TABLE events",
    "DELETE FROM events",
    "WITH gone AS (DELETE FROM events RETURNING 1 AS a) FROM gone",
    "USE memory; DETACH mp; ATTACH 'data.db' AS mp; DROP TABLE mp.events",
    "ATTACH 'data.db' AS again; DROP TABLE again.events",
    "ATTACH 'new.db' AS new",
    "ATTACH IF NOT EXISTS 'new.db'",
    "COPY events TO 'mine.csv'",
    "/* a */ COPY (FROM events) TO 'new.csv'",
    "COPY (PIVOT events ON plan USING count(*)) TO 'new.csv'",
    "WITH out AS (COPY (FROM events) TO 'new.csv') FROM out",
    "WITH a AS (SELECT 1), out AS NOT MATERIALIZED (COPY (FROM a) TO 'new.csv') FROM a",
    "EXPLAIN ANALYZE COPY (FROM events) TO 'new.csv'",
    "EXPLAIN (ANALYZE, FORMAT json) COPY (FROM events) TO 'new.csv'",
    "EXPLAIN ANALYZE COPY (PIVOT events ON plan USING count(*)) TO 'new.csv'",
    "PREPARE out AS COPY (FROM events) TO 'new.csv'; EXECUTE out",
    "SELECT 1; COPY (SELECT 1) TO 'new.csv'",
    "EXPORT DATABASE 'new'",
    "IMPORT DATABASE 'new'",
    "PRAGMA import_database('new')",
    "COPY FROM DATABASE mp TO memory",
    "INSTALL nothing_such",
    "LOAD nothing_such",
    "UPDATE EXTENSIONS",
    "CREATE PERSISTENT SECRET mine (TYPE http, BEARER_TOKEN 'x')",
    "CREATE TEMP SECRET mine (TYPE http, BEARER_TOKEN 'x')",
    "DROP PERSISTENT SECRET mine",
    "FROM enable_logging(storage = 'file', storage_path = 'new'); SELECT 1",
    "CALL enable_logging(storage := 'file', storage_path := 'new'); SELECT 1",
    """FROM system.main."enable_logging" /* a */ (storage = 'file', storage_path = 'new'); SELECT 1""",
    "FROM query('FROM enable_log' || 'ging(storage = ''file'', storage_path = ''new'')'); SELECT 1",
    "CREATE TEMP MACRO quiet() AS TABLE FROM enable_logging(storage = 'file'); FROM quiet()",
    "PRAGMA profiling_output = 'new.json'",
    "PRAGMA enable_profiling = 'json'",
    "SET log_query_path = 'new.sql'",
    "SET autoinstall_known_extensions = true",
]


def refused_read_only(folder: Path, sql: str) -> str:
    """Run SQL in every way on a read-only workspace: refused in one line, and no file is another one."""
    home, before_home = folder / "home", os.environ.get("HOME", "")
    home.mkdir(exist_ok=True)
    (folder / "mine.csv").write_text("precious")
    with StorageEngine(folder / "data.db") as engine:
        engine.query("CREATE OR REPLACE TABLE events AS SELECT 'pro' AS plan")
    before = _everything_in(folder)
    os.environ["HOME"] = str(home)  # where DuckDB keeps secrets and extensions
    try:
        with chdir(folder), StorageEngine.open_existing("data.db", read_only=True) as engine:
            export = partial(engine.export, path=folder / "exported.csv")
            for run in (engine.query, engine.execute_rows, engine.execute_df, engine.execute, export):
                _refused(run, sql)
            must(engine.execute_rows("FROM events") == [("pro",)], "the table is another one")
    finally:
        os.environ["HOME"] = before_home
    must(_everything_in(folder) == before, "a file is new, gone, or another one")
    return "refused in one line"


def _refused(run: Callable[[str], Any], sql: str) -> None:
    try:
        run(sql)
    except MixpanelDataError as error:
        must("\n" not in error.message, f"an error of several lines: {error.message[:80]!r}")
    else:
        must(False, "it was not refused")


def _everything_in(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def _looked_at(result: Any) -> None:
    for how in Format:
        stream = io.StringIO()
        write(result, how, stream)
        stream.getvalue().encode()
    repr(result)
    result._repr_html_()
    len(result.df)
    json.dumps(result.to_dict())


WORDS = [
    *(
        "--from",
        "--to",
        "--on",
        "--where",
        "--table",
        "--limit",
        "--columns",
        "--append",
        "--replace",
        "--workers",
        "--unit",
    ),
    *(
        "--event",
        "--rows",
        "--format",
        "--output",
        "--window",
        "--step",
        "--born",
        "--interval",
        "--type",
        "--db",
        "--account",
    ),
    *("--help", "--verbose", "--quiet", "--timezone", "--no-such", "-", "--", "-x", "--from=", "="),
    *(
        "2025-01-01",
        "2025-01-12",
        "2025-02-30",
        "0000-00-00",
        "9999-12-31",
        "yesterday",
        "-1",
        "0",
        "1e9",
        "99999999999999999999",
    ),
    *(
        "events",
        "keep",
        "no_such",
        "Purchase",
        "plan",
        "day",
        "none",
        "json",
        "csv",
        "table",
        "nan",
        "inf",
        "/proc/nowhere/x",
        ".",
    ),
    *(
        'properties["plan"] == "pro"',
        "(((",
        '"',
        "'",
        "{",
        "}",
        "{x",
        "{0}",
        "{1/0}",
        "$x",
        "%s",
        "\\",
        ";",
        "|",
        "\n",
        "\t",
        "$(id)",
    ),
    *HOSTILE,
]
COMMANDS = [
    *(
        "tables",
        "info",
        "schema",
        "sample",
        "summarize",
        "promote",
        "drop",
        "sql",
        "events",
        "properties",
        "values",
        "funnels",
    ),
    *(
        "cohorts",
        "bookmarks",
        "lexicon",
        "top-events",
        "segmentation",
        "segmentation-numeric",
        "segmentation-sum",
        "segmentation-average",
    ),
    *(
        "event-counts",
        "property-counts",
        "funnel",
        "retention",
        "frequency",
        "activity-feed",
        "saved-report",
        "jql",
        "expression",
    ),
    *(
        "auth list",
        "auth show",
        "auth switch",
        "auth remove",
        "auth test",
        "fetch events",
        "fetch profiles",
        "fetch",
        "auth",
        "sandbox",
        "nonsense",
    ),
]
command_lines = st.tuples(
    st.sampled_from(COMMANDS), st.lists(st.one_of(st.sampled_from(WORDS), texts), max_size=6)
).map(lambda both: [*both[0].split(), *both[1]])


def typed_in_terminal(words: list[str]) -> str:
    """``mp`` with these words: an exit code, no traceback, and words that can be printed."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    error = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    stdin, sys.stdin = sys.stdin, io.StringIO("")
    try:
        with redirect_stdout(out), redirect_stderr(error):
            code = run(["--quiet", *words])
    finally:
        sys.stdin = stdin
    error.flush()
    said = error.buffer.getvalue().decode()
    must(code in {0, 1, 2, 3, 4, 5}, f"it ended with {code}")
    must("--verbose" in words or "-v" in words or "Traceback" not in said, f"a traceback: {said[-120:]}")
    must(code == 0 or said.strip(), "it failed without a word")
    must("\x1b" not in said, "an escape sequence reached the terminal")
    return "done" if code == 0 else "refused in one line"


MAGICS = [
    *(
        "mp_tables",
        "mp_info",
        "mp_schema",
        "mp_sample",
        "mp_summarize",
        "mp_promote",
        "mp_drop",
        "mp_sql",
        "mp_events",
        "mp_properties",
    ),
    *(
        "mp_values",
        "mp_segmentation",
        "mp_funnel",
        "mp_retention",
        "mp_frequency",
        "mp_fetch",
        "mp_expression",
        "mp_event_counts",
        "mp_auth",
    ),
]
magic_lines = st.tuples(
    st.sampled_from(MAGICS),
    st.lists(st.one_of(st.sampled_from(WORDS), st.sampled_from(ODD_SQL[:30]), texts), max_size=5),
).map(lambda both: (both[0], " ".join(both[1]).replace("\n", " ")))
cells = st.tuples(
    st.just("mp_sql"),
    st.lists(st.one_of(st.sampled_from(WORDS), texts), max_size=3).map(" ".join),
    st.one_of(st.sampled_from(ODD_SQL), texts).filter(bool),  # an empty cell IPython itself refuses
)


def typed_in_notebook(shell: Any, magic: str, line: str, cell: str | None = None) -> str:
    """A magic with this line: a value, or an error of ours that is shown in few lines."""
    with capture_output(display=False) as captured:
        try:
            if cell is None:
                shell.run_line_magic(magic, line)
            else:
                shell.run_cell_magic(magic, line, cell)
        except MixpanelDataError as error:
            shown = error._render_traceback_() if hasattr(error, "_render_traceback_") else ["verbose"]
            must(len(shown) <= 4 and all(str(part) for part in shown), "an error of many parts")
            must(sum(part.count("\n") for part in shown) < 25, "an error of many lines")
            must("Traceback" not in str(shown), "a traceback")
            return "refused in one line"
    must("Traceback" not in captured.stdout + captured.stderr, "a traceback was printed")
    return "done"
