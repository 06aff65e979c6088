"""Rules as templates: SQL of an engine in which the arguments of a function take the places of names."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from mixpanel_nb.analytics.dialects.portable import call, column
from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mixpanel_nb.analytics.dialects.translation import Pass, Rule


@cache
def _parsed(template: str, dialect: str) -> exp.Expr:
    return sqlglot.parse_one(template, read=dialect)


@dataclass(frozen=True)
class Templates:
    """Templates of one engine.

    Attributes:
        engine: The engine, for messages.
        dialect: Its name in sqlglot.
    """

    engine: str
    dialect: str

    def say(self, template: str, **nodes: exp.Expr) -> exp.Expr:
        """The SQL of a template in which nodes take the places of the names ``_x`` and so on."""
        tree = exp.Paren(this=_parsed(template, self.dialect).copy())
        for found in list(tree.find_all(exp.Column)):
            if found.name in nodes and not found.table:
                found.replace(nodes[found.name].copy())
        inner: exp.Expr = tree.this
        return inner.pop()

    def rule(self, template: str) -> Rule:
        """A rule that puts the arguments in the places of ``_a``, ``_b`` and ``_c``."""

        def said(node: exp.Expr) -> exp.Expr:
            return self.say(template, **dict(zip(("_a", "_b", "_c"), arguments(node), strict=False)))

        return said

    def rules(self, templates: Mapping[type[exp.Expr] | str, str]) -> dict[type[exp.Expr] | str, Rule]:
        """Rules by what they are of."""
        return {key: self.rule(template) for key, template in templates.items()}

    def refuse(self, what: str) -> QueryError:
        """The error that something cannot be said."""
        message = f"{what} cannot be said in {self.engine}'s SQL."
        return QueryError(message, hint="Ask a table of a DuckDB file: fetch the days, or load them.")

    def trunc_time(self, template: str) -> Rule:
        """The start of a unit of time, by a template of what ``date_trunc`` gives, ``_a``."""

        def said(node: exp.TimestampTrunc) -> exp.Expr:
            unit = exp.Literal.string(node.args["unit"].name.lower())
            return self.say(template, _a=call("date_trunc", unit, node.this))

        return said

    def difference(self, templates: Mapping[str, str]) -> Rule:
        """The time from ``_a`` to ``_b`` in a unit, by a template a unit.

        Raises:
            QueryError: there is none of the unit.
        """

        def said(node: exp.DateDiff) -> exp.Expr:
            unit = node.args["unit"].name.upper()
            if unit not in templates:
                raise self.refuse(f"date_diff() by {unit.lower()}")
            return exp.Paren(this=self.say(templates[unit], _a=node.expression, _b=node.this))

        return said

    def timezone(self, to_utc: str, of_zone: str) -> Rule:
        """A moment ``_a`` as UTC, or a local time ``_a`` of a zone ``_z`` as UTC."""

        def said(node: exp.Anonymous) -> exp.Expr:
            zone, time = node.expressions
            if zone.name != "UTC":
                return node  # the outer one knows what to do
            if isinstance(time, exp.Anonymous) and time.name.lower() == "timezone":
                local, inner = time.expressions
                return self.say(of_zone, _a=inner, _z=local)
            return self.say(to_utc, _a=time)

        return said


def arguments(node: exp.Expr) -> list[exp.Expr]:
    """The arguments of a function, in order."""
    if isinstance(node, exp.Anonymous):
        return list(node.expressions)
    others: Iterable[Any] = (node.args.get(name) for name in ("expression", "start", "length", "substr"))
    return [node.this, *(each for each in others if each is not None), *(node.args.get("expressions") or [])]


def over_nulls(function: type[exp.Func]) -> Rule:
    """The least or greatest of some values, passing over those that are missing, where engines do not."""

    def said(node: exp.Expr) -> exp.Expr:
        values = arguments(node)
        found = values[0]
        for each in values[1:]:
            both = function(this=found.copy(), expressions=[each.copy()])
            found = exp.Coalesce(this=both, expressions=[found.copy(), each.copy()])
        return found

    return said


def by_cases(node: exp.Filter) -> exp.Expr:
    """A filter of an aggregate as one of its argument.

    Raises:
        QueryError: the aggregate is one whose argument cannot be missing.
    """
    inner: exp.Expr = node.this
    condition: exp.Expr = node.expression.this
    value = inner.this
    if isinstance(inner, exp.WithinGroup):
        (ordered,) = inner.expression.expressions
        ordered.set("this", _where(condition, ordered.this))
        return inner.copy()
    if isinstance(value, exp.Distinct):
        value.set("expressions", [_where(condition, each) for each in value.expressions])
        return inner.copy()
    if not isinstance(inner, exp.AggFunc) or isinstance(inner, exp.ArrayAgg):
        message = f"FILTER of {inner.sql()[:40]} cannot be said in this engine's SQL."
        raise QueryError(message, hint="Ask a table of a DuckDB file: fetch the days, or load them.")
    counted = whole_one() if isinstance(value, exp.Star) or value is None else value
    inner.set("this", _where(condition, counted))
    return inner.copy()


def whole_one() -> exp.Expr:
    """The number 1."""
    return exp.Literal.number(1)


def _where(condition: exp.Expr, value: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=condition.copy(), true=value.copy())])


def spread(make: Callable[[exp.Expr, int], tuple[exp.Expr, exp.Expr]]) -> Pass:
    """A change of the whole statement: a list in a select as rows, by a join.

    Args:
        make: Gives the join of a list, the how-manieth it is, and the item in it.
    """

    def said(tree: exp.Expr) -> exp.Expr:
        for select in list(tree.find_all(exp.Select, bfs=True))[::-1]:
            found = [
                node
                for selected in select.expressions
                for node in selected.find_all(exp.Explode)
                if node.find_ancestor(exp.Select) is select
            ]
            for number, node in enumerate(found, 1):
                if select.args.get("from_") is None:
                    none = exp.select(exp.alias_(whole_one(), "_one"))
                    alias = exp.TableAlias(this=exp.to_identifier("_row"))
                    select.set("from_", exp.From(this=exp.Subquery(this=none, alias=alias)))
                join, item = make(node.this.copy(), number)
                node.replace(item)
                select.append("joins", join)
        return tree

    return said


def unnested(items: exp.Expr, number: int) -> tuple[exp.Expr, exp.Expr]:
    """A list as rows by ``CROSS JOIN UNNEST(list) AS t(item)``."""
    alias = exp.TableAlias(
        this=exp.to_identifier(f"_items_{number}"), columns=[exp.to_identifier(f"_item_of_{number}")]
    )
    return exp.Join(this=exp.Unnest(expressions=[items], alias=alias), kind="CROSS"), column(
        f"_item_of_{number}"
    )


def named(function: str) -> Rule:
    """The function of another name with the same arguments."""
    return lambda node: call(function, *arguments(node))
