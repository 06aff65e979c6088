"""User files and data frames as relations of JSON records: format, columns, and reading in DuckDB.

A file's format is detected by its content, not by its name: gzip, zstd, Parquet, JSON lines, a JSON array,
else CSV. A row becomes a record, a JSON object with one key per column. Values of a CSV file are text, except
columns that only contain numbers, booleans or JSON in JSON notation (``007`` and ``1.10.2`` stay text): the
whole file is read for that. Rows keep the order of the files and of their lines.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import json
import re
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from mixpanel_nb.errors import ParameterError
from mixpanel_nb.files.content import HEAD, kind_of
from mixpanel_nb.json_text import parsed
from mixpanel_nb.storage.connections import new_session
from mixpanel_nb.storage.interrupt import interruptible
from mixpanel_nb.storage.sqltext import identifier, literal_path, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Form = Literal["JSON lines", "a JSON array", "CSV", "Parquet", "a frame"]
Compression = Literal["none", "gzip", "zstd"]

SAMPLE_ROWS = 2000
FRAME = "_own_frame"  # the name of a frame in SQL
_ROW = "_own_row"
_PACKED: dict[str, Compression] = {"compressed with gzip": "gzip", "compressed with zstd": "zstd"}
_DELIMITERS = (",", "\t", ";", "|")
_UTF16 = "text in UTF-16"
# One column with each unchanged line: no line of text contains this character.
_LINES = (
    "columns={'line': 'VARCHAR'}, delim='\x01', quote='', escape='', header=false, auto_detect=false, "
    "strict_mode=false"
)
_LONGEST_LINE = 16 * 2**20


@dataclass(frozen=True)
class InputFile:
    """One file and its detected format.

    Attributes:
        path: The path.
        form: The format.
        compression: The compression.
        encoding: Of CSV: ``utf-8`` or ``utf-16``.
        header: Of CSV: the names of its columns.
        delimiter: Of CSV: the delimiter.
    """

    path: Path
    form: Form
    compression: Compression = "none"
    encoding: str = "utf-8"
    header: tuple[str, ...] = ()
    delimiter: str = ","

    def reading(self, options: str) -> str:
        """The common part of the options of DuckDB's readers of text."""
        return f"{text(literal_path(self.path))}, compression={text(self.compression)}, {options}"


@dataclass(frozen=True)
class Input:
    """User rows.

    Attributes:
        form: The format.
        files: The files; none for a frame.
        columns: Of CSV, Parquet and frames: each column and the DuckDB type that its values are read as.
        sample: Records of its beginning.
        is_export: Whether each record is an event of Mixpanel's export: ``event``, and ``properties`` with a
            ``time``.
    """

    form: Form
    files: tuple[InputFile, ...]
    columns: Mapping[str, str]
    sample: tuple[Mapping[str, Any], ...] = ()
    is_export: bool = False

    @property
    def fields(self) -> list[str]:
        """The names of what a record holds (for JSON: those of the sample)."""
        if self.columns:
            return list(self.columns)
        return list(dict.fromkeys(name for record in self.sample for name in record))

    def records(self) -> str:
        """All rows as a relation with a JSON column ``record``; of an export, with ``event`` beside it."""
        if self.form == "a frame":
            return self._packed(FRAME)
        if self.form == "Parquet":
            return self._packed(f"read_parquet({self._paths()}, union_by_name=true, hive_partitioning=false)")
        parts = [self._part(file) for file in self.files]
        if self.form == "CSV":
            return self._packed(f"({' UNION ALL BY NAME '.join(parts)})")
        return f"({' UNION ALL '.join(parts)})"

    def numbered(self, file: InputFile | None) -> str:
        """The rows of one file (None: of the frame) as :meth:`records`, in order."""
        return replace(self, files=() if file is None else (file,)).records()

    def _paths(self) -> str:
        return f"[{', '.join(text(literal_path(file.path)) for file in self.files)}]"

    def _part(self, file: InputFile) -> str:
        if file.form == "CSV":
            return f"SELECT * FROM {_csv(file)}"
        way = "array" if file.form == "a JSON array" else "newline_delimited"
        options = f"format={text(way)}, hive_partitioning=false"
        if self.is_export:
            read = file.reading(f"columns={{event: 'VARCHAR', properties: 'JSON'}}, {options}")
            return f"SELECT event, properties AS record FROM read_json({read})"
        return f"SELECT json AS record FROM read_json_objects({file.reading(options)})"

    def _packed(self, source: str) -> str:
        """Rows of a table as records: times in ISO 8601, other values as in DuckDB."""
        values = [
            f"{_value(name, sql_type)} AS {identifier(name)}" for name, sql_type in self.columns.items()
        ]
        return f"(SELECT to_json({_ROW}) AS record FROM (SELECT {', '.join(values)} FROM {source}) AS {_ROW})"


def look_at(paths: Sequence[Path]) -> Input:
    """Detect the format of files, which must be the same.

    Raises:
        ParameterError: a file cannot be read, is empty, or has an unknown format; or the formats differ.
    """
    with new_session() as con:
        files = tuple(_sniffed(con, path) for path in paths)
        forms = {file.form for file in files}
        if len(forms) > 1:
            first, other = files[0], next(file for file in files if file.form != files[0].form)
            message = f"{first.path.name} holds {first.form}, {other.path.name} holds {other.form}."
            raise bad_input(message, "Load files of one kind, then append the others.")
        found = Input(files[0].form, files, {})
        with explained(found):
            return interruptible(con, lambda: _looked_into(con, found))


def look_at_frame(frame: Any) -> Input:
    """The input of a data frame (pandas, Polars, Arrow).

    Raises:
        ParameterError: DuckDB cannot read it, or it has no rows or no columns.
    """
    found = Input("a frame", (), {})
    with new_session() as con, explained(found):
        con.register(FRAME, frame)
        return interruptible(con, lambda: _looked_into(con, found))


def _looked_into(con: duckdb.DuckDBPyConnection, found: Input) -> Input:
    """The input with its columns and a sample."""
    match found.form:
        case "CSV":
            found = replace(found, columns=_csv_types(con, found.files))
        case "Parquet":
            found = replace(found, columns=_described(con, found.files))
        case "a frame":
            found = replace(found, columns=_types_of(con, FRAME))
    if found.form in {"CSV", "Parquet", "a frame"} and not found.columns:
        raise bad_input(f"{_named(found)} has no columns.", "Give rows with columns.")
    rows = con.execute(f"SELECT record FROM {found.records()} LIMIT {SAMPLE_ROWS}").fetchall()
    records = [record for (raw,) in rows if isinstance(record := _parsed(raw), dict)]
    if not rows:
        raise bad_input(f"{_named(found)} holds no rows.", "Give a file with events.")
    is_export = not found.columns and any(_is_export(record) for record in records)
    return replace(found, sample=tuple(records), is_export=is_export)


def _parsed(raw: str | None) -> Any:
    try:
        return parsed((raw or "null").encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None


def _is_export(record: Mapping[str, Any]) -> bool:
    properties = record.get("properties")
    return "event" in record and isinstance(properties, dict) and "time" in properties


def _named(found: Input) -> str:
    return found.files[0].path.name if len(found.files) == 1 else "What was given"


def bad_input(message: str, hint: str) -> ParameterError:
    """The error for files that cannot be loaded."""
    return ParameterError(message, parameter="path", value=message, hint=hint)


class explained:  # noqa: N801 - used as a function, as contextlib.suppress is
    """Convert DuckDB's errors about the input, with file and line; others pass."""

    def __init__(self, found: Input) -> None:
        self._input = found

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, *_: object) -> None:
        if isinstance(error, duckdb.Error):
            known = _broken(str(error), self._input)
            if known is not None:
                raise known from None


def _broken(message: str, found: Input) -> ParameterError | None:
    """The error for rows that DuckDB cannot read, or None for other errors."""
    named = {str(file.path): file.path.name for file in found.files}
    lines = message.splitlines()
    malformed = re.search(
        r'Malformed JSON in file "(?P<file>.+?)", at byte \d+ in (?P<what>line|record/value) '
        r"(?P<number>\d+): "
        r"(?P<reason>.+?)\.?\s*$",
        lines[0],
    )
    if malformed:
        name = named.get(malformed["file"], malformed["file"])
        place = f"{'line' if malformed['what'] == 'line' else 'element'} {malformed['number']}"
        return bad_input(f"{name}, {place}, is not JSON: {malformed['reason']}.", "Mend it, or leave it out.")
    if "CSV Error on Line" in message:
        return _broken_csv(lines, named)
    if "CSV Parser state machine" in lines[0]:
        name = next((name for path, name in named.items() if path in message), _named(found))
        problem = "its lines end in different ways (LF and CR LF), or a quote is out of place"
        return bad_input(f"{name} is not regular CSV: {problem}.", "Convert it, for example with: dos2unix")
    if "Map keys must be unique" in message or "JSON transform error" in message:
        return bad_input("A row has a name twice.", "Give each name once in an object.")
    if "maximum_object_size" in message:
        return bad_input("A row is longer than 16 MB.", "Leave it out.")
    if re.search(r"GZIP|gzip|zstd|ZSTD|inflate|decompress", lines[0]):
        return bad_input(f"{_named(found)} is damaged or cut off.", "Get it once more.")
    if "not a Parquet file" in lines[0] or "magic bytes" in lines[0] or "Parquet" in lines[0]:
        return bad_input(f"{_named(found)} is no whole Parquet file.", "Get it once more.")
    if found.form == "a frame":
        return bad_input(f"The frame cannot be read: {lines[0]}", "Convert the types of its columns.")
    return None


def _broken_csv(lines: Sequence[str], named: Mapping[str, str]) -> ParameterError:
    told = "\n".join(lines)
    number = re.search(r"CSV Error on Line: (\d+)", told)
    file = next((name for path, name in named.items() if path in told), next(iter(named.values())))
    place = f"{file}, line {number[1]}" if number else file
    if "unicode" in told or "utf-8" in told:
        hint = "Convert it to UTF-8, for example with: iconv -f LATIN1 -t UTF-8"
        return bad_input(f"{place}, is not text in UTF-8.", hint)
    counted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", told)
    if counted:
        return bad_input(
            f"{place}, has {counted[2]} values, and the header {counted[1]} names.",
            "Mend it, or put quotes around values with separators.",
        )
    reason = next((line for line in lines[1:] if line and not line.startswith("Original Line")), lines[0])
    return bad_input(f"{place}, is not CSV: {reason.rstrip('.')}.", "Mend it.")


def _sniffed(con: duckdb.DuckDBPyConnection, path: Path) -> InputFile:
    """The format of a file, by its first bytes and its first line."""
    try:
        head = _head(path)
    except OSError as error:
        raise bad_input(f"{path} cannot be read: {error.strerror}.", "Check the name.") from None
    if not head:
        raise bad_input(f"{path.name} is empty.", "Give a file with events.")
    kind = kind_of(head)
    packed = _PACKED.get(kind or "", "none")
    if kind == "a Parquet file":
        return InputFile(path, "Parquet")
    if packed == "none":
        _check_text(path, head)
    elif packed == "gzip":
        head = _head_within(path)
        _check_text(path, head)
    is_utf16 = head.startswith(codecs.BOM_UTF16_LE)
    return _text_file(con, InputFile(path, "CSV", packed, "utf-16" if is_utf16 else "utf-8"))


def _check_text(path: Path, head: bytes) -> None:
    """Check by the first bytes that a file is text that DuckDB can read."""
    kind = kind_of(head)
    if head.startswith(b"ARROW1"):
        raise bad_input(f"{path.name} is an Arrow file.", "Read it with pyarrow, and load the table.")
    if kind == _UTF16 and not head.startswith(codecs.BOM_UTF16_LE):
        hint = "Convert it to UTF-8, for example with: iconv -f UTF-16 -t UTF-8"
        raise bad_input(f"{path.name} is text in UTF-16, big-endian or without its mark (BOM).", hint)
    if kind not in (None, _UTF16):
        raise bad_input(f"{path.name} is {kind}, which cannot be loaded.", _unpacking(kind))
    if kind is None and b"\0" in head:
        raise bad_input(f"{path.name} is no text, and nothing else that is known.", _unpacking(None))


def _text_file(con: duckdb.DuckDBPyConnection, file: InputFile) -> InputFile:
    line = _first_line(con, file)
    start = line.lstrip()[:1]
    if start in {"{", "["} and file.encoding == "utf-16":
        hint = "Convert it to UTF-8, for example with: iconv -f UTF-16 -t UTF-8"
        raise bad_input(f"{file.path.name} is JSON in UTF-16.", hint)
    if start == "{":
        return replace(file, form="JSON lines")
    if start == "[":
        return replace(file, form="a JSON array")
    delimiter = max(_DELIMITERS, key=line.count)
    header = next(csv.reader([line], delimiter=delimiter), [])
    return replace(file, header=_distinct(header), delimiter=delimiter)


def _head(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(HEAD)


def _head_within(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            return stream.read(HEAD)
    except (OSError, EOFError, zlib.error):
        raise bad_input(f"{path.name} is damaged: it is no whole gzip file.", "Get it once more.") from None


def _unpacking(kind: str | None) -> str:
    if kind == "a zip archive":
        return "Unpack it, and load the files in it (a workbook: save its sheet as CSV)."
    if kind is not None and kind.startswith("compressed"):
        return "Unpack it, and load what is in it."
    return "Load JSON lines, a JSON array, CSV or Parquet, plain or compressed with gzip or zstd."


def _first_line(con: duckdb.DuckDBPyConnection, file: InputFile) -> str:
    """The first line that is not blank, without a byte order mark (BOM)."""
    options = f"{_LINES}, encoding={text(file.encoding)}, max_line_size={_LONGEST_LINE}"
    lines = f"SELECT line FROM read_csv({file.reading(options)}) LIMIT 100"
    with explained(replace(Input("CSV", (file,), {}))):
        rows = con.execute(lines).fetchall()
    for (line,) in rows:
        if line and (shown := line.removeprefix("\ufeff")).strip():
            return str(shown)
    raise bad_input(f"{file.path.name} is empty.", "Give a file with events.")


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    """Names of columns, each once as DuckDB compares them; a column without a name gets its number."""
    used: set[str] = set()
    result = []
    for number, given in enumerate(names, 1):
        base = name = given.strip() or f"column_{number}"
        again = 1
        while name.casefold() in used:
            again += 1
            name = f"{base}_{again}"
        used.add(name.casefold())
        result.append(name)
    return tuple(result)


def _csv(file: InputFile) -> str:
    columns = ", ".join(f"{text(name)}: 'VARCHAR'" for name in file.header)
    return "read_csv({})".format(
        file.reading(
            f"columns={{{columns}}}, delim={text(file.delimiter)}, quote='\"', escape='\"', header=true, "
            f"auto_detect=false, encoding={text(file.encoding)}, max_line_size={_LONGEST_LINE}, "
            "hive_partitioning=false"
        )
    )


# What the values of a CSV column must be, all of them, to be read as that type.
_WHOLE = "TRY_CAST({0} AS BIGINT)::VARCHAR IS NOT DISTINCT FROM {0}"
_NUMBER = (
    "(regexp_full_match({0}, '-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?') AND "
    "coalesce(isfinite(TRY_CAST({0} AS DOUBLE)), FALSE) AND "
    "(abs(TRY_CAST({0} AS DOUBLE)) < 9007199254740992 OR regexp_matches({0}, '[.eE]')))"
)
_TRUTH = "lower({0}) IN ('true', 'false')"
_NESTED = "(left({0}, 1) IN ('{{', '[') AND json_valid({0}))"
_CSV_TYPES = {"BIGINT": _WHOLE, "DOUBLE": _NUMBER, "BOOLEAN": _TRUTH, "JSON": _NESTED}


def _csv_types(con: duckdb.DuckDBPyConnection, files: Sequence[InputFile]) -> dict[str, str]:
    """The type of each column, in which every value of every file reads as it is written."""
    names = list(dict.fromkeys(name for file in files for name in file.header))
    source = " UNION ALL BY NAME ".join(f"SELECT * FROM {_csv(file)}" for file in files)
    every = {name: tuple(_CSV_TYPES) for name in names}
    # Types excluded by the beginning need not be checked in the rest.
    likely = _fitting(con, f"{source} LIMIT {SAMPLE_ROWS}", every)
    fits = _fitting(con, source, {name: types for name, types in likely.items() if types})
    empty = tuple(_CSV_TYPES)  # every type fits a column without values
    return {name: "VARCHAR" if fits.get(name, ()) in ((), empty) else fits[name][0] for name in names}


def _fitting(
    con: duckdb.DuckDBPyConnection, source: str, candidates: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """Those of the types of each column that all its values have."""
    pairs = [(name, sql_type) for name, types in candidates.items() for sql_type in types]
    if not pairs:
        return {}
    asked = [
        f"bool_and({identifier(name)} IS NULL OR {_CSV_TYPES[sql_type].format(identifier(name))})"
        for name, sql_type in pairs
    ]
    row = con.execute(f"SELECT {', '.join(asked)} FROM ({source})").fetchall()[0]
    held = {pair for pair, fit in zip(pairs, row, strict=True) if fit is not False}
    return {name: tuple(each for each in types if (name, each) in held) for name, types in candidates.items()}


def _described(con: duckdb.DuckDBPyConnection, files: Sequence[InputFile]) -> dict[str, str]:
    paths = ", ".join(text(literal_path(file.path)) for file in files)
    return _types_of(con, f"read_parquet([{paths}], union_by_name=true, hive_partitioning=false)")


def _types_of(con: duckdb.DuckDBPyConnection, source: str) -> dict[str, str]:
    rows = con.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()
    return {name: sql_type for name, sql_type, *_ in rows}


def _value(name: str, sql_type: str) -> str:
    """A column's value as it becomes JSON."""
    column = identifier(name)
    if sql_type in {"BIGINT", "DOUBLE", "BOOLEAN", "JSON"}:
        return f"CAST({column} AS {sql_type})"
    if sql_type.startswith("TIMESTAMP") and "[" not in sql_type:
        zone = "Z" if "TIME ZONE" in sql_type else ""
        return f"replace(replace(CAST({column} AS VARCHAR), ' ', 'T'), '+00', '{zone}')"
    return column


def line_of(con: duckdb.DuckDBPyConnection, file: InputFile, number: int) -> str:
    """The place of a record by its number (from 1): ``line 17`` of text, ``row 17`` of Parquet."""
    if file.form == "Parquet":
        return f"row {number}"
    if file.form == "a JSON array":
        return f"element {number}"
    if file.form == "CSV":
        return f"line {number + 1 + _line_breaks(con, file, number - 1)}"
    options = f"{_LINES}, max_line_size={_LONGEST_LINE}"
    lines = con.execute(
        "SELECT place FROM "
        f"(SELECT line, row_number() OVER () AS place FROM read_csv({file.reading(options)})) "
        f"WHERE trim(line) <> '' ORDER BY place LIMIT 1 OFFSET {number - 1}"
    ).fetchall()
    return f"line {lines[0][0] if lines else number}"


def _line_breaks(con: duckdb.DuckDBPyConnection, file: InputFile, rows: int) -> int:
    """How many line breaks are within the values of the first so many rows of a CSV file."""
    breaks = " + ".join(
        f"coalesce(length({identifier(name)}) - length(replace({identifier(name)}, chr(10), '')), 0)"
        for name in file.header
    )
    counted = con.execute(f"SELECT sum({breaks}) FROM (SELECT * FROM {_csv(file)} LIMIT {rows})").fetchall()
    return int(counted[0][0] or 0)


def as_json(value: Any) -> str:
    """A value as JSON text, for SQL that patches records."""
    return json.dumps(value, ensure_ascii=False)
