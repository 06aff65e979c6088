"""A parsed statement without what only DuckDB has: in calls and joins that every engine can say.

Some calls here are of no engine; each engine has a rule for them:

* ``_json_member(json, key)``, ``_json_text(json)``, ``_json_kind(json)``, ``_json_items(json)``,
  ``_json_keys(json)``, ``_json_array_length(json)``, ``_json_valid(json)``, ``_to_json(value)``: a JSON value
  is its JSON text. Kinds are DuckDB's names, of whole numbers always ``BIGINT``.
* ``_json_string(json)``, ``_json_number(json)``, ``_json_whole(json)``, ``_json_boolean(json)``,
  ``_json_array(json)``: the value as a text, a finite DOUBLE, a whole number, a boolean or a list, NULL if it
  is of another kind.
* ``_at(list, place)``: from 1, NULL beyond the end; ``_field(row, place)``: of a row without names.
* ``_number_text(number)``: a DOUBLE in the digits that DuckDB writes, whole numbers without a point.
* ``_each_row()``: another number in each row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

Columns = dict[str, list[str]]
"""Names of columns by the name of a table or CTE."""

_LISTS = (exp.Array, exp.Transform, exp.ArrayFilter, exp.Split, exp.ArrayDistinct, exp.Comprehension)
_INNER = "_inner"


def made_portable(tree: exp.Expr, params: Mapping[str, Any], tables: Mapping[str, Sequence[str]]) -> exp.Expr:
    """The statement without what only DuckDB has.

    Args:
        tree: The parsed statement; it is changed.
        params: Its bound values.
        tables: The columns of the tables it may name.
    """
    _forget_materialized(tree)
    _follow_chains(tree)
    _name_columns(tree, {name: list(columns) for name, columns in tables.items()})
    _mark_fields(tree)
    for select in _selects(tree):
        _number_rows(select)
        _join_by_time(select)
        _qualify(select)
    _say_lists(tree)
    _say_json(tree, params)
    _say_numbers(tree)
    for select in _selects(tree):
        _read_json_once(select)
    return tree


def call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    """A call of a function."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def whole(number: int) -> exp.Expr:
    """A whole number."""
    return exp.Literal.number(number)


def column(name: str, table: str | None = None) -> exp.Column:
    """A column."""
    return exp.column(exp.to_identifier(name, quoted=_is_quoted(name)), table)


def _is_quoted(name: str) -> bool:
    return not (name.isidentifier() and name.isascii() and name == name.lower())


def _selects(tree: exp.Expr) -> list[exp.Select]:
    """All selects, the inner ones first."""
    return list(tree.find_all(exp.Select, bfs=True))[::-1]


def _forget_materialized(tree: exp.Expr) -> None:
    for cte in tree.find_all(exp.CTE):
        cte.set("materialized", None)


# A chain of flows: pointer doubling by recursion becomes a walk along the list of a user's starts

_CHAIN = """
SELECT distinct_id, unnest(taken) AS number
FROM (
    SELECT
        distinct_id,
        list_reduce(
            list({'next': next, 'taken': [number]} ORDER BY number),
            lambda done, further: CASE
                WHEN further.taken[1] = done.next
                THEN {'next': further.next, 'taken': list_concat(done.taken, further.taken)}
                ELSE done
            END
        ).taken AS taken
    FROM _candidates
    GROUP BY distinct_id
)
"""


def _follow_chains(tree: exp.Expr) -> None:
    """Say the recursive part of flows, ``_jumps``, without recursion: a user's first start counts."""
    for found in tree.find_all(exp.With):
        if not found.args.get("recursive"):
            continue
        named = {cte.alias: cte for cte in found.expressions}
        if "_jumps" not in named:
            message = "WITH RECURSIVE cannot be said in another engine's SQL."
            raise QueryError(message)
        named["_jumps"].pop()
        named["_taken"].set("this", sqlglot.parse_one(_CHAIN, read="duckdb"))
        found.set("recursive", None)


# Names: each column by its own name, each star as the columns that it stands for


def _name_columns(tree: exp.Expr, known: Columns) -> list[str]:
    """Write out stars, and name every column of a query; returns the names."""
    known = dict(known)
    with_ = tree.args.get("with_")
    for cte in with_.expressions if with_ is not None else ():
        known[cte.alias] = _name_columns(cte.this, known)
    if isinstance(tree, exp.Subquery | exp.Paren):
        return _name_columns(tree.this, known)
    if isinstance(tree, exp.SetOperation):
        names = _name_columns(tree.this, known)
        _name_columns(tree.expression, known)
        return names
    if isinstance(tree, exp.Values):
        return [each.name for each in tree.args["alias"].columns]
    if not isinstance(tree, exp.Select):
        message = f"{tree.key.upper()} cannot be said in another engine's SQL."
        raise QueryError(message)
    for inner in list(_inner_queries(tree)):
        _name_columns(inner, known)
    sources = dict(_sources(tree, known))
    written = [each for selected in tree.expressions for each in _written_out(selected, sources)]
    tree.set("expressions", written)
    return [each.alias_or_name for each in written]


def _inner_queries(select: exp.Select) -> Iterator[exp.Expr]:
    """The queries within expressions of a select, which are not what it reads from."""
    for name, value in select.args.items():
        if name in {"from_", "joins", "with_"}:
            continue
        for root in value if isinstance(value, list) else [value]:
            if isinstance(root, exp.Expr):
                yield from _outermost(root)


def _outermost(root: exp.Expr) -> Iterator[exp.Expr]:
    if isinstance(root, exp.Query):
        yield root
        return
    for child in root.iter_expressions():
        yield from _outermost(child)


def _sources(select: exp.Select, known: Columns) -> Iterator[tuple[str, list[str]]]:
    """What a select reads from: each by the name that it has there, with its columns."""
    from_ = select.args.get("from_")
    places = [] if from_ is None else [from_.this, *(join.this for join in select.args.get("joins") or ())]
    while places:
        place = places.pop(0)
        if isinstance(place, exp.Subquery | exp.Paren) and isinstance(place.this, exp.Table):
            places[:0] = [place.this, *(join.this for join in place.this.args.get("joins") or ())]
        elif isinstance(place, exp.Table):
            if place.name not in known:
                message = f"There is no table {place.name!r} here."
                raise QueryError(message)
            yield place.alias_or_name, known[place.name]
        else:
            yield place.alias_or_name, _name_columns(place, known)


def _written_out(selected: exp.Expr, sources: Columns) -> list[exp.Expr]:
    star = selected if isinstance(selected, exp.Star) else selected.this
    if not isinstance(star, exp.Star) or isinstance(selected, exp.Count):
        if isinstance(selected, exp.Column) and selected.table:
            return [exp.alias_(selected, selected.this.copy())]
        return [selected]
    table = "" if star is selected else selected.args["table"].name
    left_out = {each.name for each in star.args.get("except_") or ()}
    replaced = {each.alias: each.this for each in star.args.get("replace") or ()}
    found: list[exp.Expr] = []
    several = len(sources) > 1
    for source in [table] if table else sources:
        for name in sources[source]:
            if name in left_out:
                continue
            alias = exp.to_identifier(name, quoted=_is_quoted(name))
            value = replaced.get(name) or column(name, source if table or (several and source) else None)
            found.append(exp.alias_(value.copy(), alias))
    return found


def _mark_fields(tree: exp.Expr) -> None:
    """Say access to a field of a struct as such, where it looks like a column of a table."""
    for node in list(tree.find_all(exp.Column)):
        parts = [node.args[name] for name in ("catalog", "db", "table", "this") if node.args.get(name)]
        if len(parts) > 1 and parts[0].name not in _in_scope(node):
            inner: exp.Expr = exp.Column(this=parts[0].copy())
            for part in parts[1:]:
                inner = exp.Dot(this=inner, expression=part.copy())
            node.replace(inner)


def _in_scope(node: exp.Expr) -> set[str]:
    """The names of tables that a column can have."""
    names: set[str] = set()
    select = node.find_ancestor(exp.Select)
    while select is not None:
        from_ = select.args.get("from_")
        places = [] if from_ is None else [from_, *(select.args.get("joins") or ())]
        for place in places:
            names |= {
                each.alias_or_name
                for each in place.find_all(exp.Table, exp.Subquery, exp.Values)
                if each.find_ancestor(exp.Select) is select
            }
        select = select.find_ancestor(exp.Select)
    return names


# Windows


def _number_rows(select: exp.Select) -> None:
    """Numbers in no order only tell rows apart.

    Where a statement reads them twice, there is a row a user, so that the user tells them apart.
    """
    for node in list(_own(select, exp.Window)):
        if isinstance(node.this, exp.RowNumber) and not (
            node.args.get("order") or node.args.get("partition_by") or node.args.get("alias")
        ):
            one_each = select.args.get("group") or select.args.get("qualify")
            node.replace(exp.column("distinct_id") if one_each else call("_each_row"))


def _own(select: exp.Select, kind: type[exp.Expr]) -> Iterator[exp.Expr]:
    """The nodes of a select itself, without those of queries within it."""
    return (node for node in select.find_all(kind) if node.find_ancestor(exp.Select) is select)


def _qualify(select: exp.Select) -> None:
    """``QUALIFY`` as the filter of a query around the select."""
    qualify = select.args.get("qualify")
    if qualify is None:
        return
    select.set("qualify", None)
    names = [each.alias_or_name for each in select.expressions]
    select.select(exp.alias_(qualify.this, "_qualifies"), copy=False)
    outer = exp.select(*(exp.alias_(column(name), name, quoted=_is_quoted(name)) for name in names))
    with_ = select.args.get("with_")
    placeholder = exp.Select()
    select.replace(placeholder)
    if with_ is not None:
        select.set("with_", None)
        outer.set("with_", with_)
    for name in ("order", "limit"):  # they are about the rows that are left
        outer.set(name, select.args.get(name))
        select.set(name, None)
    outer = outer.from_(
        exp.Subquery(this=select, alias=exp.TableAlias(this=exp.to_identifier("_ranked_rows")))
    )
    placeholder.replace(outer.where(column("_qualifies")))


def _join_by_time(select: exp.Select) -> None:
    """A join with the next row in time, as one with the list of all times, from which the next is taken."""
    joins = select.args.get("joins") or []
    if not any(join.method == "ASOF" for join in joins):
        return
    (join,) = joins
    row, rows = select.args["from_"].this, join.this
    own, other = row.alias_or_name, rows.alias_or_name
    conditions = (
        list(join.args["on"].flatten()) if isinstance(join.args["on"], exp.And) else [join.args["on"]]
    )
    (later,) = (each for each in conditions if isinstance(each, exp.GTE))
    same = [each for each in conditions if each is not later]
    time = later.this.name
    listed: exp.Select = rows.this
    keys = [(each.this if each.this.table == other else each.expression).name for each in same]
    values = [each for each in listed.expressions if each.alias_or_name not in keys]
    lists = [
        exp.alias_(
            exp.ArrayAgg(this=exp.Order(this=each.unalias().copy(), expressions=[_ordered(column(time))])),
            f"_all_{each.alias_or_name}",
        )
        for each in values
    ]
    listed.set("expressions", [*(each for each in listed.expressions if each.alias_or_name in keys), *lists])
    listed.set("group", exp.Group(expressions=[column(key) for key in keys]))
    all_times = column(f"_all_{time}", other)
    earlier = exp.Lambda(
        this=exp.LT(this=exp.Column(this=exp.to_identifier("_moment")), expression=later.expression.copy()),
        expressions=[exp.to_identifier("_moment")],
    )
    before = exp.ArraySize(this=exp.ArrayFilter(this=all_times, expression=earlier))
    place = exp.Add(this=before, expression=whole(1))
    used = [node for node in _own(select, exp.Column) if node.text("table") == own]
    kept = {node.name: None for node in used}
    inner = [exp.alias_(column(name, own), name, quoted=_is_quoted(name)) for name in kept]
    inner += [
        exp.alias_(
            call("_at", column(f"_all_{each.alias_or_name}", other), place.copy()),
            f"_next_{each.alias_or_name}",
        )
        for each in values
    ]
    on = exp.and_(*(each.copy() for each in same))
    made = exp.select(*inner).from_(row.copy()).join(exp.Join(this=rows.copy(), side="LEFT", on=on))
    select.set("joins", None)
    select.set(
        "from_", exp.From(this=exp.Subquery(this=made, alias=exp.TableAlias(this=exp.to_identifier(own))))
    )
    for node in list(_own(select, exp.Column)):
        if node.text("table") == other:
            node.replace(column(f"_next_{node.name}", own))


def _ordered(by: exp.Expr) -> exp.Ordered:
    return exp.Ordered(this=by, nulls_first=False)


# Lists, structs and numbers


def _say_lists(tree: exp.Expr) -> None:
    for node in _inner_first(tree, exp.Comprehension, exp.Array, exp.Length, exp.Bracket, exp.Anonymous):
        match node:
            case exp.Array() if _is_comprehension(node):
                (made,) = node.expressions
                node.replace(made)
            case exp.Comprehension():
                node.replace(_of_comprehension(node))
            case exp.Length() if isinstance(node.this, _LISTS):
                node.replace(exp.ArraySize(this=node.this))
            case exp.Bracket():
                node.replace(_of_bracket(node))
            case exp.Anonymous() if node.name.lower() == "list_reduce":
                _write_out_updates(node)


def _is_comprehension(node: exp.Array) -> bool:
    return len(node.expressions) == 1 and node.expressions[0].meta.get("comprehension", False)


def _inner_first(tree: exp.Expr, *kinds: type[exp.Expr]) -> list[exp.Expr]:
    return list(tree.find_all(*kinds, bfs=True))[::-1]


def _of_comprehension(node: exp.Comprehension) -> exp.Expr:
    items = node.args["iterator"]
    name = node.expression
    condition = node.args.get("condition")
    if condition is not None:
        items = exp.ArrayFilter(this=items, expression=exp.Lambda(this=condition, expressions=[name.copy()]))
    same = isinstance(node.this, exp.Column) and node.this.name == name.name and not node.this.table
    made: exp.Expr = items
    if not same:
        made = exp.Transform(this=items, expression=exp.Lambda(this=node.this, expressions=[name.copy()]))
    made.meta["comprehension"] = True
    return made


def _of_bracket(node: exp.Bracket) -> exp.Expr:
    (index,) = node.expressions
    place = (
        whole(int(index.name) + 1)
        if isinstance(index, exp.Literal)
        else exp.Add(this=index, expression=whole(1))
    )
    inner = node.this.this if isinstance(node.this, exp.Min | exp.Max) else None
    of_row = isinstance(inner, exp.Anonymous) and inner.name.lower() == "row"
    return call("_field" if of_row else "_at", node.this, place)


def _write_out_updates(node: exp.Anonymous) -> None:
    """``struct_update`` in a reduction as the whole struct, whose fields are those of the list."""
    items, step = node.expressions
    struct = items.find(exp.Struct)
    names = [each.this.name for each in struct.expressions]
    for update in list(step.find_all(exp.Anonymous)):
        if update.name.lower() == "struct_update":
            value, *given = update.expressions
            new = {each.this.name: each.expression for each in given}
            fields = [
                exp.PropertyEQ(
                    this=exp.to_identifier(name),
                    expression=new.get(name)
                    or exp.Dot(this=value.copy(), expression=exp.to_identifier(name)),
                )
                for name in names
            ]
            update.replace(exp.Struct(expressions=fields))


def _say_numbers(tree: exp.Expr) -> None:
    """Say the text of a number, which may be whole, as one call."""
    for node in _inner_first(tree, exp.Case):
        default = node.args.get("default")
        if not isinstance(default, exp.Cast) or not default.is_type("text"):
            continue
        first = node.args["ifs"][0].this
        if any(isinstance(each, exp.Trunc) for each in first.walk()):
            node.replace(call("_number_text", default.this))


# JSON


def _say_json(tree: exp.Expr, params: Mapping[str, Any]) -> None:
    kinds = (exp.JSONExtractScalar, exp.JSONExtract, exp.JSONType, exp.JSONKeys, exp.Anonymous)
    for node in _inner_first(tree, *kinds):
        json, path = node.this, node.args.get("expression")
        match node:
            case exp.JSONExtractScalar():
                node.replace(call("_json_text", _member(json, path, params)))
            case exp.JSONType():
                node.replace(call("_json_kind", _member(json, path, params)))
            case exp.JSONExtract() if path is not None and list(path.find_all(exp.JSONPathWildcard)):
                node.replace(call("_json_items", json))
            case exp.JSONExtract():
                node.replace(_member(json, path, params))
            case exp.JSONKeys():
                node.replace(call("_json_keys", json))
            case exp.Anonymous() if node.name.lower() in {"json_array_length", "json_valid", "to_json"}:
                node.set("this", f"_{node.name.lower()}" if node.name.startswith("json") else "_to_json")
    for cast in _inner_first(tree, exp.Cast):
        if cast.args["to"].is_type("json"):
            cast.replace(cast.this)
    for case in _inner_first(tree, exp.Case):
        _say_kind(case)


_OF_KINDS = {
    ("VARCHAR",): "_json_string",
    ("BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"): "_json_number",
    ("BIGINT", "UBIGINT", "HUGEINT"): "_json_whole",
    ("BOOLEAN",): "_json_boolean",
    ("ARRAY",): "_json_array",
}


def _say_kind(case: exp.Expr) -> None:
    """The value of a JSON value where it is of one kind, as one call."""
    ifs = case.args["ifs"]
    if case.this is not None or case.args.get("default") is not None or len(ifs) != 1:
        return
    condition = ifs[0].this
    if isinstance(condition, exp.And):  # a finite number
        condition = condition.this
    match condition:
        case exp.EQ(this=exp.Anonymous() as kind, expression=exp.Literal() as name):
            kinds: tuple[str, ...] = (name.name,)
        case exp.In(this=exp.Anonymous() as kind):
            kinds = tuple(each.name for each in condition.expressions)
        case _:
            return
    if kind.name == "_json_kind" and kinds in _OF_KINDS:
        case.replace(call(_OF_KINDS[kinds], kind.expressions[0]))


def _member(json: exp.Expr, path: exp.Expr | None, params: Mapping[str, Any]) -> exp.Expr:
    """The JSON value at a path: the whole, or a member of an object by its key."""
    if path is None or isinstance(path, exp.JSONPath):
        return json
    pointer = str(params[path.name]) if isinstance(path, exp.Placeholder) else path.name
    key = pointer.removeprefix("/").replace("~1", "/").replace("~0", "~")
    return call("_json_member", json, exp.Literal.string(key))


def _read_json_once(select: exp.Select) -> None:
    """Members of a table's JSON in a query of their own, so that each is read once."""
    members: dict[str, dict[str, str]] = {}
    for node in list(_own(select, exp.Anonymous)):
        if node.name != "_json_member" or not isinstance(node.expressions[0], exp.Column):
            continue
        json, key = node.expressions
        if json.name != "properties" or not json.table:
            continue
        found = members.setdefault(json.table, {})
        name = found.setdefault(key.name, f"_member_{len(found) + 1}")
        node.replace(column(name, json.table))
    for place in list(_own_places(select)):
        found = members.get(place.alias_or_name, {})
        if not found:
            continue
        alias = place.alias_or_name
        place.set("alias", exp.TableAlias(this=exp.to_identifier(_INNER)))
        read = [
            exp.alias_(call("_json_member", exp.column("properties", _INNER), exp.Literal.string(key)), name)
            for key, name in found.items()
        ]
        placeholder = exp.Table(this=exp.to_identifier("_none"))
        place.replace(placeholder)
        others = exp.Column(this=exp.Star(), table=exp.to_identifier(_INNER))
        made = exp.Select(expressions=[others, *read]).from_(place)
        placeholder.replace(exp.Subquery(this=made, alias=exp.TableAlias(this=exp.to_identifier(alias))))


def _own_places(select: exp.Select) -> Iterator[exp.Expr]:
    from_ = select.args.get("from_")
    if from_ is not None:
        yield from_.this
        yield from (join.this for join in select.args.get("joins") or ())
