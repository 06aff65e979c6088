"""Structs in engines where a field is said by its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from mixpanel_nb.analytics.dialects.translation import Pass


def fields_by_place(engine: str, field_at: Callable[[exp.Expr, int], exp.Expr]) -> Pass:
    """A change of the whole statement: structs of a statement have each name at one place.

    Args:
        engine: The engine, for messages.
        field_at: Gives the field of a struct at a place, from 1.
    """

    def said(tree: exp.Expr) -> exp.Expr:
        places: dict[str, int] = {}
        for struct in tree.find_all(exp.Struct):
            for place, each in enumerate(struct.expressions, 1):
                places.setdefault(each.this.name, place)
        for dot in list(tree.find_all(exp.Dot, bfs=True))[::-1]:
            name = dot.expression.name
            if name not in places:
                message = f"The field {name!r} cannot be said in {engine}'s SQL."
                raise QueryError(message)
            dot.replace(field_at(dot.this, places[name]))
        return tree

    return said
