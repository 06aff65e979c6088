"""Hints for failing SQL: common mistakes of users who know Mixpanel or another SQL dialect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from mixpanel_nb.errors import Command, nearest
from mixpanel_nb.storage import table_names
from mixpanel_nb.storage.sqltext import identifier, json_pointer, text
from mixpanel_nb.storage.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    import duckdb

    from mixpanel_nb.errors import Text
    from mixpanel_nb.storage.table_names import Table

_NO_COLUMN = re.compile(
    r'Referenced column "(?P<name>.+)" (?:not found in FROM clause|was not found because)'
    r'|does not have a column named "(?P<of_table>.+)"'
)
_NO_FUNCTION = re.compile(r"Function with name (\w+) does not exist")
_NEAR = re.compile(r'syntax error at or near "(.+)"')
_PATH = re.compile(r"'\$([^.\[*'][^']*)'")
_DASHED = re.compile(r"\b(?:FROM|JOIN|INTO|TABLE|UPDATE)\s+([A-Za-z]\w*(?:-\w+)+)", re.IGNORECASE)
_DAY = re.compile(r"(?<![\w'\"-])\d{4}-\d\d-\d\d(?![\w'\"-])")
_BRACES = re.compile(r"[=<>(,]\s*['\"]?\{(\w+)\}")
_CURLY = re.compile("[“”‘’]")
ROWS = 200_000  # in which a property is looked for
_COMPARING = frozenset({"=", "==", "<>", "!=", "<", ">", "<=", ">=", "LIKE", "ILIKE"})
_BEGINNINGS = ("SELECT", "FROM", "WITH", "CREATE", "INSERT", "UPDATE", "DELETE", "DROP", "DESCRIBE", "SHOW")
# Other common names of the columns of every events table.
_CALLED = {
    "event": "event_name",
    "name": "event_name",
    "time": "event_time",
    "timestamp": "event_time",
    "date": "event_time",
    "user_id": "distinct_id",
    "user": "distinct_id",
}
# Functions of other databases, and DuckDB's equivalents.
_ELSEWHERE = {
    **dict.fromkeys(
        ("date_format", "to_char", "format_date", "format_timestamp"), "strftime(event_time, '%Y-%m')"
    ),
    **dict.fromkeys(
        ("str_to_date", "to_date", "parse_date", "parse_timestamp"), "strptime('31/01/2025', '%d/%m/%Y')"
    ),
    **dict.fromkeys(("timestamp_trunc", "datetime_trunc"), "date_trunc('day', event_time)"),
    **dict.fromkeys(("dateadd", "timestamp_add", "adddate"), "event_time + INTERVAL 7 DAY"),
    **dict.fromkeys(("datesub", "timestamp_sub", "date_sub_days"), "event_time - INTERVAL 7 DAY"),
    **dict.fromkeys(("timestamp_diff", "timestampdiff"), "date_diff('day', first, last)"),
    **dict.fromkeys(("unix_timestamp", "unix_seconds"), "epoch(event_time)"),
    **dict.fromkeys(("from_unixtime", "timestamp_seconds"), "to_timestamp(seconds)"),
    **dict.fromkeys(("getdate", "sysdate", "current_datetime"), "now()"),
    **dict.fromkeys(("percentile", "percentile_cont", "approx_percentile"), "quantile_cont(amount, 0.5)"),
    **dict.fromkeys(("iff", "iif"), "if(plan = 'pro', 1, 0)"),
    **dict.fromkeys(("nvl", "isnull"), "coalesce(plan, 'none')"),
    **dict.fromkeys(("get_json_object", "json_extract_scalar", "json_value"), "properties->>'plan'"),
}


def of_syntax(sql: str, headline: str) -> str | None:
    """A hint for SQL that does not parse; None if unknown."""
    dashed = _DASHED.search(sql)
    if dashed:
        return f"A name with - in it stands in double quotes: {identifier(dashed[1])}"
    if "unterminated string" in headline or "unterminated quoted" in headline:
        return "Close the quote; a ' within text is written twice: 'it''s'"
    if _CURLY.search(sql):
        return "Write straight quotes: 'text' and \"column\"."
    braces = _BRACES.search(sql)
    if braces:
        return f"A value is bound by its name: ${braces[1]}"
    near = _NEAR.search(headline)
    written = [word for _, word in words(sql)]
    if near is None or not written:
        return None
    if written[0].upper() not in _BEGINNINGS:
        if len(written) == 1 and written[0][0] in "\"'":
            return "Write the SQL without quotes around it."
        if len(written) == 1 and written[0].isidentifier():
            return f"Write a statement, such as SELECT * FROM {written[0]} LIMIT 10"
        meant = nearest(written[0].upper(), _BEGINNINGS)
        if meant:
            return f"Did you mean {meant}?"
    if len(written) > 2 and written[0].upper() == "SELECT" and written[1].upper() == "TOP":
        return f"Write LIMIT {near[1]} at the end instead of TOP."
    return _unquoted_text(written, near[1])


def _unquoted_text(written: Sequence[str], near: str) -> str | None:
    """A hint for ``event_name = Sign Up``: an unquoted string of two words."""
    for place, word in enumerate(written[2:], start=2):
        before, comparing = written[place - 1], written[place - 2].upper()
        if word == near and comparing in _COMPARING and before.isidentifier() and word.isidentifier():
            return f"Text stands in single quotes: {text(f'{before} {word}')}"
    return None


@dataclass(frozen=True)
class Failed:
    """A statement that parses and fails.

    Attributes:
        con: The session, which has the tables.
        sql: The statement.
        error: DuckDB's complete message.
    """

    con: duckdb.DuckDBPyConnection
    sql: str
    error: str

    @property
    def hint(self) -> Text | None:
        """A hint; None if unknown."""
        missing = _NO_COLUMN.search(self.error)
        if missing:
            return self._column(missing["name"] or missing["of_table"])
        if "JSON path error" in self.error:
            path = _PATH.search(self.sql)
            return f"""Write '$."${path[1]}"': in a path, $ alone stands for the whole.""" if path else None
        function = _NO_FUNCTION.search(self.error)
        if function:
            return self._function(function[1].lower())
        if "must appear in the GROUP BY clause" in self.error:
            return "Write GROUP BY ALL behind the conditions."
        if "Cannot compare values of type" in self.error and (day := _DAY.search(self.sql)):
            return f"Dates stand in single quotes: '{day[0]}'"
        if "'date_trunc(" in self.error:
            return "The unit comes first: date_trunc('day', event_time)"
        if re.search(r"types '[-+]\((TIMESTAMP|DATE)", self.error):
            return "Days are added as INTERVAL 7 DAY."
        return None

    def _function(self, name: str) -> str | None:
        if name in _ELSEWHERE:
            return f"DuckDB has {_ELSEWHERE[name]} for that."
        near = re.search(r'Did you mean "(.+)"\?', self.error)
        return f"Did you mean {near[1]}?" if near else None

    def _column(self, name: str) -> Text | None:
        if _CURLY.search(name):
            return "Write straight quotes: 'text' and \"column\"."
        columns = list(dict.fromkeys(column for table in self._tables for column in table.columns))
        lower = {column.lower(): column for column in columns}
        if f"${name.lower()}" in lower:
            return f"Mixpanel's own properties begin with $: write {_written(lower[f'${name.lower()}'])}"
        is_value = self._is_compared(name)
        # A value may resemble a column name: only very similar ones count as one.
        meant = nearest(name, columns, cutoff=0.85)
        if meant is None and is_value:
            return f"Text stands in single quotes: {text(name)}"
        if meant is None and _CALLED.get(name.lower()) in lower:
            meant = _CALLED[name.lower()]
        if meant:
            return f"Did you mean {_written(meant)}?"
        held = self._held_in_json(name)
        if held:
            return held
        if not name.isidentifier():
            return f"Text stands in single quotes: {text(name)}"
        meant = nearest(name, columns)
        return f"Did you mean {_written(meant)}?" if meant else None

    def _held_in_json(self, name: str) -> Text | None:
        """A hint for a property without a column; only some rows are searched."""
        for table in self._tables:
            if table.columns.get("properties") != "JSON":
                continue
            for prop in (name, f"${name}"):
                rows = self.con.execute(
                    f"SELECT 1 FROM (SELECT properties FROM {identifier(table.name)} LIMIT {ROWS}) "
                    f"WHERE json_type(properties, {json_pointer(prop)}) <> 'NULL' LIMIT 1"
                ).fetchall()
                if rows:
                    key = text(prop if prop.isidentifier() else f'$."{prop}"')
                    read = f"{prop} has no column: properties->>{key} reads it"
                    shown = prop if prop.isidentifier() else f"'{prop}'"
                    if not table.type:
                        return f"{read}."
                    return [f"{read}; ", Command(f"promote {table.name} {shown}"), " gives it one."]
        return None

    def _is_compared(self, name: str) -> bool:
        """Whether the name is in the place of a value: after ``=`` and similar, or in the list of ``IN``."""
        written = [word for _, word in words(self.sql)]
        for place, word in enumerate(written):
            if word.strip('"') != name or (place + 1 < len(written) and written[place + 1] in {".", "("}):
                continue
            before = [each.upper() for each in written[max(place - 1, 0) : place]]
            if before and before[0] in _COMPARING:
                return True
            if before and before[0] in {"(", ","} and _within_in(written[:place]):
                return True
        return False

    @cached_property
    def _tables(self) -> list[Table]:
        """The tables that the statement names."""
        named = {word.strip("\"'").lower() for _, word in words(self.sql)}
        return [table for name, table in table_names.tables(self.con).items() if name in named]


def _within_in(before: Sequence[str]) -> bool:
    """Whether the last bracket that is open is that of ``IN (``."""
    depth = 0
    for place in range(len(before) - 1, -1, -1):
        depth += {")": 1, "(": -1}.get(before[place], 0)
        if depth < 0:
            return place > 0 and before[place - 1].upper() == "IN"
    return False


def _written(name: str) -> str:
    """A column as it is written in SQL."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else identifier(name)
