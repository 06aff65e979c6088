"""``translate``: a statement in another engine's SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from mixpanel_nb.analytics.dialects import portable
from mixpanel_nb.analytics.dialects.said import Said
from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_nb.analytics.dialects.said import Relation
    from mixpanel_nb.analytics.sql import Statement

    Rule = Callable[[Any], exp.Expr]
    Pass = Callable[[exp.Expr], exp.Expr]


@dataclass(frozen=True)
class Dialect:
    """How an engine says what statements need.

    Attributes:
        engine: The engine, for messages.
        sqlglot: Its name in sqlglot.
        rules: What becomes of a node, by its class, or of a call of a function, by its name in small letters.
        plain: The functions that are the same there.
        before: Changes of the whole statement before the rules.
        after: Changes of the whole statement behind them.
        text_is_bound: Whether texts are bound by name; otherwise they are literals.
        whole: A literal of a whole number that takes more than 64 bits.
        options: What is written behind the statement.
        session: Statements that a session needs before it, each of which sets something.
    """

    engine: str
    sqlglot: str
    rules: Mapping[type[exp.Expr] | str, Rule]
    plain: frozenset[type[exp.Expr] | str]
    whole: Callable[[int], exp.Expr]
    before: tuple[Pass, ...] = ()
    after: tuple[Pass, ...] = ()
    text_is_bound: bool = False
    options: str = ""
    session: tuple[str, ...] = ()


def translate(statement: Statement, dialect: Dialect, relations: Mapping[str, Relation]) -> Said:
    """A statement in the SQL of another engine.

    Args:
        statement: The statement, in DuckDB's SQL.
        dialect: The engine's.
        relations: The tables that it may name, by the name that it uses.

    Raises:
        QueryError: it uses something for which there is no rule.
    """
    tree = sqlglot.parse_one(statement.text, read="duckdb")
    tree = portable.made_portable(tree, statement.params, {n: r.columns for n, r in relations.items()})
    tree = _with_values(tree, statement.params, dialect)
    for change in dialect.before:
        tree = change(tree)
    tree = _by_rules(tree, dialect)
    _name_tables(tree, relations)
    for change in dialect.after:
        tree = change(tree)
    params = {node.name: statement.params[node.name] for node in tree.find_all(exp.Placeholder) if node.name}
    text = _written(tree, dialect)
    if not params:
        return Said(text, {}, text)
    shown = tree.transform(
        lambda node: exp.Literal.string(params[node.name]) if isinstance(node, exp.Placeholder) else node
    )
    return Said(text, params, _written(shown, dialect))


def _written(tree: exp.Expr, dialect: Dialect) -> str:
    text = tree.sql(
        dialect.sqlglot, pretty=True, normalize_functions=False, unsupported_level=sqlglot.ErrorLevel.IGNORE
    )
    return f"{text}\n{dialect.options}" if dialect.options else text


def _with_values(tree: exp.Expr, params: Mapping[str, Any], dialect: Dialect) -> exp.Expr:
    """Bound values as literals; texts stay where the engine binds them."""
    for node in list(tree.find_all(exp.Placeholder)):
        value = params[node.name]
        if not (dialect.text_is_bound and isinstance(value, str)):
            node.replace(literal(value, dialect))
    return tree


def literal(value: Any, dialect: Dialect) -> exp.Expr:
    """A value as a literal of its type.

    Raises:
        QueryError: it has none.
    """
    match value:
        case None:
            return exp.null()
        case bool():
            return exp.Boolean(this=value)
        case str():
            return exp.Literal.string(value)
        case int():
            fits = -(2**63) <= value < 2**63
            return exp.convert(value) if fits else dialect.whole(value)
        case float() | Decimal():
            return exp.Cast(this=exp.Literal.string(repr(float(value))), to=exp.DataType.build("DOUBLE"))
        case datetime():
            moment = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
            return _cast_text(moment.isoformat(sep=" "), "TIMESTAMPNTZ")
        case date():
            return _cast_text(value.isoformat(), "DATE")
        case list() | tuple():
            return exp.Array(expressions=[literal(each, dialect) for each in value])
    message = f"{type(value).__name__} has no literal in {dialect.engine}."
    raise QueryError(message)


def _cast_text(text: str, kind: str) -> exp.Expr:
    return exp.Cast(this=exp.Literal.string(text), to=exp.DataType.build(kind))


def _by_rules(tree: exp.Expr, dialect: Dialect) -> exp.Expr:
    """Every node by its rule, the inner ones first.

    Raises:
        QueryError: a function has none.
    """
    root = exp.Paren(this=tree)
    for node in reversed(list(tree.walk(bfs=True))):
        key = _key(node)
        rule = dialect.rules.get(key)
        if rule is not None:
            parent, place, index = (
                node.parent,
                node.arg_key,
                node.index,
            )  # a rule may put the node into another
            changed = rule(node)
            if changed is not node and parent is not None and place is not None:
                parent.set(place, changed, index)
        elif isinstance(node, exp.Func) and key not in dialect.plain and not isinstance(node, _NO_CALLS):
            message = f"{_name(node)} cannot be said in {dialect.engine}'s SQL."
            raise QueryError(message, hint="Ask a table of a DuckDB file: fetch the days, or load them.")
    inner: exp.Expr = root.this
    return inner.pop()


_NO_CALLS = (exp.Cast, exp.Case, exp.And, exp.Or, exp.If)


def _key(node: exp.Expr) -> type[exp.Expr] | str:
    return node.name.lower() if isinstance(node, exp.Anonymous) else type(node)


def _name(node: exp.Expr) -> str:
    return f"{node.name}()" if isinstance(node, exp.Anonymous) else f"{node.key.upper()}()"


def _name_tables(tree: exp.Expr, relations: Mapping[str, Relation]) -> None:
    """Replace the names of tables by those they have there; CTEs keep theirs.

    Raises:
        QueryError: there is no such table.
    """
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in list(tree.find_all(exp.Table)):
        if table.name in ctes or not table.name:
            continue
        relation = relations.get(table.name)
        if relation is None:
            message = f"There is no table {table.name!r} here."
            raise QueryError(message)
        *outer, name = (exp.to_identifier(part, quoted=True) for part in relation.name)
        table.set("this", name)
        table.set("db", outer[-1] if outer else None)
        table.set("catalog", outer[-2] if len(outer) > 1 else None)
