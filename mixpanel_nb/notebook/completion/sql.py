"""Completion of SQL: tables, columns, values, notebook variables, functions, keywords."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mixpanel_nb.notebook.completion.sqltext import PartialStatement, Token, statement
from mixpanel_nb.notebook.completion.suggestions import Choice, Offer, begins_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mixpanel_nb.notebook.completion.sources import Sources

_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = {"=", "==", "!=", "<>", "like", "ilike", "in", "not"}

_FIRST = (
    *("SELECT", "FROM", "WITH", "DESCRIBE", "SUMMARIZE", "CREATE TABLE", "INSERT INTO", "UPDATE"),
    *("DELETE FROM", "DROP TABLE", "SHOW TABLES", "PIVOT", "UNPIVOT", "COPY", "EXPLAIN"),
)
_CLAUSES = (
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "HAVING",
    "QUALIFY",
    "LIMIT",
    "JOIN",
    "LEFT JOIN",
    "AS",
    "AND",
    "OR",
)
_OTHERS = (
    *("ALL", "AND", "ANTI JOIN", "ANY", "ASC", "ASOF JOIN", "BETWEEN", "BY NAME", "CASE", "CAST", "COLUMNS"),
    *("CROSS JOIN", "CURRENT ROW", "DESC", "DISTINCT", "DISTINCT ON", "ELSE", "END", "EXCEPT", "EXCLUDE"),
    *("EXISTS", "FALSE", "FILTER", "FOLLOWING", "FULL JOIN", "IGNORE NULLS", "ILIKE", "IN", "INNER JOIN"),
    *("INTERSECT", "INTERVAL", "IS NOT NULL", "IS NULL", "LATERAL", "LIKE", "NOT", "NULL", "NULLS FIRST"),
    *("NULLS LAST", "OFFSET", "ON", "OR", "OVER", "PARTITION BY", "PRECEDING", "RANGE", "REPLACE", "ROWS"),
    *("SEMI JOIN", "SET", "THEN", "TRUE", "TRY_CAST", "UNBOUNDED", "UNION", "UNION ALL", "UNION BY NAME"),
    *("UNNEST", "USING", "USING SAMPLE", "VALUES", "WHEN", "WINDOW", "WITHIN GROUP"),
)
_PROPERTIES = {"properties", '"properties"'}
NOTHING = Offer("", ())
KEYWORDS = tuple(dict.fromkeys((*_FIRST, *_CLAUSES, *_OTHERS)))
_WORDS = {word for keyword in KEYWORDS for word in keyword.split()} - {"END", "NULL", "TRUE", "FALSE"}


def offer(before: str, after: str, sources: Sources) -> Offer:
    """Completions in SQL between two texts."""
    stated = statement(before, after)
    if stated.in_comment:
        return NOTHING
    typed = stated.before[-1] if stated.typing else Token("word", "")
    if typed.kind == "text":
        return _values(stated, typed.text, after, sources)
    if typed.kind == "parameter":
        names = [f"${name}" for name in sources.variables()]
        return _offer(typed.text, [Choice(name, "variable") for name in begins_with(names, typed.text)])
    if typed.kind == "word" and typed.text[:1].isdigit():
        return NOTHING
    return _offer(typed.text, _matching(typed, after, _names(stated, typed, sources), sources))


def _offer(fragment: str, choices: Sequence[Choice]) -> Offer:
    return Offer(fragment, tuple(choices))


def _names(stated: PartialStatement, typed: Token, sources: Sources) -> list[Choice]:
    """All possible names, unquoted, in display order."""
    finished = stated.before[:-1] if stated.typing else stated.before
    if len(finished) > 1 and finished[-1].text == ".":
        return _columns(_qualified(stated, finished[-2].name), sources)
    if stated.expects_table:
        return _tables(stated, sources)
    if not typed.text and (not finished or _is_operand(finished[-1])):
        return [Choice(word, "keyword") for word in (_CLAUSES if finished else _FIRST)]
    called = [Choice(name, "table") for name in stated.aliases]
    named = [*_columns(list(stated.aliases.values()), sources), *called]
    if not typed.text:
        return [*named, *(Choice(word, "keyword") for word in _CLAUSES)]
    return [
        *named,
        *(Choice(word, "keyword") for word in KEYWORDS),
        *(Choice(name, "function") for name in sources.functions()),
    ]


def _is_operand(token: Token) -> bool:
    """Whether no name can follow, because a name, a value or a bracket has just ended."""
    if token.kind == "word":
        return token.text.upper() not in _WORDS
    return token.kind != "sign" or token.text in {")", "]"}


def _qualified(stated: PartialStatement, qualifier: str) -> list[str]:
    """The table that ``qualifier`` refers to, as a list; empty if there is none."""
    named = {name.lower(): table for name, table in stated.aliases.items()}
    table = named.get(qualifier.lower())
    return ["" if table is None else table]


def _columns(tables: Sequence[str], sources: Sources) -> list[Choice]:
    """The columns of the tables; of all tables if none is named yet."""
    known, frames = sources.tables(), sources.frames()
    names: list[str] = []
    for table in tables or list(known):
        if table.lower() in known:
            names += known[table.lower()].columns
        else:
            names += frames.get(table, [])
    return [Choice(name, "column") for name in dict.fromkeys(names)]


def _tables(stated: PartialStatement, sources: Sources) -> list[Choice]:
    named = [*stated.defined, *(table.name for table in sources.tables().values())]
    known = {name.lower() for name in named}
    further = [
        *((name, "query") for name in sources.queries()),
        *((name, "DataFrame") for name in sources.frames()),
    ]
    return [
        *(Choice(name, "table") for name in named),
        *(Choice(name, kind) for name, kind in further if name.lower() not in known),
    ]


def _matching(typed: Token, after: str, named: Iterable[Choice], sources: Sources) -> list[Choice]:
    """Names that begin with the typed text, written as SQL."""
    is_quoted = typed.kind == "quoted"
    kinds = {choice.text: choice.kind for choice in reversed(list(named))}
    found = begins_with([*reversed(kinds)], typed.name)
    reserved = frozenset(sources.reserved()) if found else frozenset()
    written: list[Choice] = []
    for name in found:
        kind = kinds[name]
        if kind in {"keyword", "function"}:
            if not is_quoted:
                written.append(Choice(_word(name, kind, typed.text, after), kind))
        elif name.isprintable():
            written.append(Choice(_identifier(name, is_quoted, after, reserved), kind))
    return written


def _word(name: str, kind: str, typed: str, after: str) -> str:
    """A keyword in the case that is being typed; a function with its bracket."""
    if kind == "keyword":
        return name.lower() if typed.islower() else name
    return name if after.startswith("(") else f"{name}("


def _identifier(name: str, is_quoted: bool, after: str, reserved: frozenset[str]) -> str:
    """A name as SQL, quoted if necessary or if a quote is open."""
    if not is_quoted and _BARE.fullmatch(name) and name.lower() not in reserved:
        return name
    closing = "" if is_quoted and after.startswith('"') else '"'
    return '"' + name.replace('"', '""') + closing


def _values(stated: PartialStatement, typed: str, after: str, sources: Sources) -> Offer:
    """Values of the column in the comparison; of the JSON of all properties its names."""
    if _is_of_properties(stated.before[:-1]):
        return _properties(stated, typed, after, sources)
    column = _compared(stated.before[:-1])
    if column is None or not typed.startswith("'"):
        return NOTHING
    start = typed[1:].replace("''", "'")
    closing = "" if after.startswith("'") else "'"
    for table in stated.aliases.values():
        if values := [value for value in sources.values(table, column) if value.isprintable()]:
            found = ["'" + value.replace("'", "''") + closing for value in begins_with(values, start)]
            return _offer(typed, [Choice(value, "value") for value in found])
    return NOTHING


def _is_of_properties(finished: Sequence[Token]) -> bool:
    """Whether ``properties->`` or ``properties->>`` has just ended."""
    last = [token.text for token in finished[-3:]]
    return len(last) == 3 and last[1] == "-" and last[2] in {">", ">>"} and last[0].lower() in _PROPERTIES


def _properties(stated: PartialStatement, typed: str, after: str, sources: Sources) -> Offer:
    """Names of properties in the tables that the statement names, else in all."""
    known = sources.tables()
    named = [table for table in stated.aliases.values() if table.lower() in known]
    tables: list[str | None] = [*named] or [None]
    names = dict.fromkeys(
        name
        for table in tables
        for kind in ("events", "profiles")
        if table is None or known[table.lower()].type == kind
        for name in sources.properties(table, None, kind)
    )
    closing = "" if after.startswith("'") else "'"
    start = typed[1:].removeprefix('$."').replace("''", "'")
    found = begins_with((name for name in names if name.isprintable()), start)
    return _offer(
        typed, [Choice("'" + _key(name).replace("'", "''") + closing, "property") for name in found]
    )


def _key(name: str) -> str:
    """The property's place in the JSON; a name that begins with ``$`` or ``/`` would be a path itself."""
    if name[:1] not in {"$", "/"}:
        return name
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'$."{escaped}"'


def _compared(finished: Sequence[Token]) -> str | None:
    """The column before ``=``, ``IN ('a',`` and the like; None if the text is something else."""
    end = len(finished)
    while end and (finished[end - 1].kind == "text" or finished[end - 1].text in {",", "("}):
        end -= 1
    operator = end
    while end and finished[end - 1].text.lower() in _OPERATORS:
        end -= 1
    if end == operator or not end or finished[end - 1].kind not in {"word", "quoted"}:
        return None
    return finished[end - 1].name
