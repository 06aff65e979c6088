"""Spark's SQL (4.0 and later; ANSI mode, UTC, names told apart by case).

https://spark.apache.org/docs/latest/sql-ref.html. Times are ``TIMESTAMP_NTZ``, which no time zone changes; a
JSON value is its text.
"""

from __future__ import annotations

from sqlglot import exp

from mixpanel_nb.analytics.dialects.portable import call, column, whole
from mixpanel_nb.analytics.dialects.templates import Templates, named
from mixpanel_nb.analytics.dialects.translation import Dialect
from mixpanel_nb.errors import QueryError

_STAMP = "yyyy-MM-dd'T'HH:mm:ss"


_SAY = Templates("Spark", "spark")
say, _as, _to = _SAY.say, _SAY.rule, named


# Numbers and texts

_FINITE = "abs(_a) < CAST('Infinity' AS DOUBLE)"
_WHOLE_DOUBLE = "if(abs(_a) < CAST(9007199254740992 AS DOUBLE), CAST({0} AS DOUBLE), CAST(_a AS DOUBLE))"
"""A whole number as a DOUBLE; beyond 2^53 every DOUBLE is whole."""

_NUMBER_TEXT = r"""
CASE
    WHEN abs(_n) < 9007199254740992D AND _n = rint(_n) THEN CAST(CAST(_n AS BIGINT) AS STRING)
    WHEN abs(_n) >= 0.0001D AND abs(_n) < 10000000000000000D
    THEN regexp_replace(CAST(CAST(_n AS DECIMAL(38, 21)) AS STRING), '(\\.[0-9]+?)0+$', '$1')
    WHEN _n IS NOT NULL
    THEN regexp_replace(regexp_replace(regexp_replace(regexp_replace(
        CAST(_n AS STRING), '\\.0E', 'E'), 'E([0-9])', 'e+$1'), 'E-([0-9])$', 'e-0$1'), 'E-', 'e-')
END
"""


def _number_text(node: exp.Anonymous) -> exp.Expr:
    """The digits that DuckDB writes, from those of Java."""
    written = exp.Lambda(this=say(_NUMBER_TEXT), expressions=[exp.to_identifier("_n")])
    once = exp.Array(expressions=[say("CAST(_a AS DOUBLE)", _a=node.expressions[0])])
    return call("get", call("transform", once, written), whole(0))


def _cast(node: exp.Cast) -> exp.Expr:
    """Text of a boolean and others are the same; HUGEINT is the widest whole number that there is."""
    for kind in node.to.find_all(exp.DataType):
        if kind.is_type("int128", "uint128"):
            kind.replace(exp.DataType.build("DECIMAL(38, 0)", dialect="spark"))
    kind = node.to
    if kind.is_type("bigint"):  # DuckDB rounds half to even
        node.set("this", call("rint", node.this))
    if kind.is_type("timestamptz"):
        node.set("to", exp.DataType.build("TIMESTAMP", dialect="spark"))
    return node


def _timezone(node: exp.Anonymous) -> exp.Expr:
    """A moment as UTC, or a local time of a zone as UTC."""
    zone, time = node.expressions
    if zone.name != "UTC":
        return node  # the outer one knows what to do
    if isinstance(time, exp.Anonymous) and time.name.lower() == "timezone":
        local, inner = time.expressions
        return say("CAST(to_utc_timestamp(CAST(_a AS TIMESTAMP), _z) AS TIMESTAMP_NTZ)", _a=inner, _z=local)
    return say("CAST(_a AS TIMESTAMP_NTZ)", _a=time)


def _concat(node: exp.Concat) -> exp.Expr:
    parts = [
        each if isinstance(each, exp.Literal) else say("coalesce(CAST(_a AS STRING), '')", _a=each)
        for each in node.expressions
    ]
    return call("concat", *parts)


def _log(node: exp.Log) -> exp.Expr:
    if node.this.name != "10" or node.expression is None:
        message = "LOG() of this base cannot be said in Spark's SQL."
        raise QueryError(message)
    return call("log10", node.expression)


def _regexp(node: exp.Expr) -> exp.Expr:
    return say("_a RLIKE _p", _a=node.this, _p=exp.Literal.string(rf"\A(?:{node.expression.name})\z"))


def _of_several(node: exp.Func) -> exp.Expr:
    """The least or greatest of one value is the value."""
    only: exp.Expr = node.args["this"]
    return node if node.args.get("expressions") else only


def _int_argument(node: exp.Expr) -> exp.Expr:
    return say("CAST(least(_a, 2147483647) AS INT)", _a=node)


def _substring(node: exp.Substring) -> exp.Expr:
    start, length = node.args["start"], node.args.get("length")
    more = [] if length is None else [_int_argument(length)]
    return call("substring", node.this, _int_argument(start), *more)


def _right(node: exp.Right) -> exp.Expr:
    return call("right", node.this, _int_argument(node.expression))


def _split(node: exp.Split) -> exp.Expr:
    sign = r"concat('\\Q', replace(_b, '\\E', '\\E\\\\E\\Q'), '\\E')"
    return call("split", node.this, say(sign, _b=node.expression), whole(-1))


# Time


def _trunc_time(node: exp.TimestampTrunc) -> exp.Expr:
    unit = exp.Literal.string(node.args["unit"].name.lower())
    return say("CAST(_a AS TIMESTAMP_NTZ)", _a=call("date_trunc", unit, node.this))


def _difference(node: exp.DateDiff) -> exp.Expr:
    match node.args["unit"].name.upper():
        case "MICROSECOND":
            template = "unix_micros(CAST(_b AS TIMESTAMP)) - unix_micros(CAST(_a AS TIMESTAMP))"
            return exp.Paren(this=say(template, _a=node.expression, _b=node.this))
        case "MONTH":
            months = "(year(_b) * 12 + month(_b)) - (year(_a) * 12 + month(_a))"
            return exp.Paren(this=say(months, _a=node.expression, _b=node.this))
        case "DAY":
            return call("datediff", node.this, node.expression)
    message = f"date_diff() by {node.args['unit'].name} cannot be said in Spark's SQL."
    raise QueryError(message)


def _time_text(node: exp.TimeToStr) -> exp.Expr:
    if node.args["format"].name != "%Y-%m-%dT%H:%M:%S":
        message = "strftime() of this format cannot be said in Spark's SQL."
        raise QueryError(message)
    return call("date_format", node.this, exp.Literal.string(_STAMP))


def _from_epoch(node: exp.UnixToTime) -> exp.Expr:
    return say("CAST(timestamp_micros(_a) AS TIMESTAMP_NTZ)", _a=node.this)


def _series(node: exp.GenerateSeries) -> exp.Expr:
    return call("sequence", *(node.args[name] for name in ("start", "end", "step") if node.args.get(name)))


# Structs, lists and aggregates


def _key(by: exp.Expr) -> exp.Expr:
    """What orders as DuckDB orders a struct: a missing field comes last."""
    if not isinstance(by, exp.Struct):
        return by
    fields = [each.expression for each in by.expressions]
    parts = [
        part for each in fields for part in (exp.Is(this=each.copy(), expression=exp.null()), each.copy())
    ]
    return call("struct", *parts)


def _least_struct(node: exp.Min) -> exp.Expr:
    if not isinstance(node.this, exp.Struct):
        return node
    return call("min_by", node.this, _key(node.this))


def _arg_min(node: exp.ArgMin) -> exp.Expr:
    """``arg_min`` passes over rows without a value."""
    known = exp.Where(this=exp.Not(this=exp.Is(this=node.this.copy(), expression=exp.null())))
    return exp.Filter(this=call("min_by", node.this, _key(node.expression)), expression=known)


def _listed(node: exp.ArrayAgg) -> exp.Expr:
    inner = node.this
    if not isinstance(inner, exp.Order):
        return call("collect_list", inner)
    if isinstance(inner.this, exp.Distinct):
        return call("sort_array", call("collect_set", inner.this.expressions[0]))
    keys = [each.this for each in inner.expressions]
    if keys == [inner.this]:
        return call("sort_array", call("collect_list", inner.this))
    fields = [
        exp.PropertyEQ(this=exp.to_identifier(f"key_{place}"), expression=key)
        for place, key in enumerate(keys, 1)
    ]
    fields.append(exp.PropertyEQ(this=exp.to_identifier("item"), expression=inner.this))
    listed = call("sort_array", call("collect_list", exp.Struct(expressions=fields)))
    return say("transform(_l, _x -> _x.item)", _l=listed)


def _reduced(node: exp.Anonymous) -> exp.Expr:
    items, step = node.expressions
    rest = say("slice(_l, 2, array_size(_l))", _l=items)
    return call("aggregate", rest, call("get", items.copy(), whole(0)), step)


def _ordered(node: exp.Window) -> exp.Expr:
    """Rows are numbered in some order there; where ours is open, all rows of a part are equal in it."""
    if isinstance(node.this, exp.RowNumber) and not (node.args.get("order") or node.args.get("alias")):
        by = [exp.Ordered(this=each.copy()) for each in node.args.get("partition_by") or ()]
        node.set("order", exp.Order(expressions=by))
    return node


def _filtered(node: exp.Filter) -> exp.Expr:
    """A filter of an aggregate over a window is one of its argument; a histogram has one in each count."""
    condition = node.expression.this
    if isinstance(node.parent, exp.Window):
        chosen = exp.Case(ifs=[exp.If(this=condition, true=node.this.this)])
        inner: exp.Expr = node.this
        inner.set("this", chosen)
        return inner
    if isinstance(node.this, exp.Anonymous) and node.this.name == "map_from_arrays":
        for count in list(node.this.find_all(exp.CountIf)):
            count.set("this", exp.and_(condition.copy(), count.this))
        return node.this.copy()
    return node


def _histogram(node: exp.Anonymous) -> exp.Expr:
    value, edges = node.expressions
    bounds: list[exp.Expr] = list(edges.expressions)
    counts: list[exp.Expr] = []
    for place, bound in enumerate(bounds):
        inside: exp.Expr = exp.LTE(this=value.copy(), expression=bound.copy())
        if place:
            inside = exp.and_(inside, exp.GT(this=value.copy(), expression=bounds[place - 1].copy()))
        counts.append(exp.CountIf(this=inside))
    counts.append(exp.CountIf(this=exp.GT(this=value.copy(), expression=bounds[-1].copy())))
    names = [*(each.copy() for each in bounds), whole(2**63 - 1)]
    return call("map_from_arrays", exp.Array(expressions=names), exp.Array(expressions=counts))


def _at(node: exp.Anonymous) -> exp.Expr:
    items, place = node.expressions
    return say("get(_l, CAST(_p AS INT) - 1)", _l=items, _p=place)


def _field(node: exp.Anonymous) -> exp.Expr:
    row, place = node.expressions
    return exp.Dot(this=row, expression=exp.to_identifier(f"col{place.name}"))


# JSON: the text of a value begins with what it is


_KIND = """
CASE
    WHEN _a IS NULL THEN NULL
    WHEN startswith(_a, '"') THEN 'VARCHAR'
    WHEN startswith(_a, '[') THEN 'ARRAY'
    WHEN startswith(_a, '{') THEN 'OBJECT'
    WHEN _a IN ('true', 'false') THEN 'BOOLEAN'
    WHEN _a = 'null' THEN 'NULL'
    WHEN _a RLIKE '[.eE]' THEN 'DOUBLE'
    ELSE 'BIGINT'
END
"""
_UNQUOTED = "CAST(try_parse_json(_a) AS STRING)"
_TEXT = f"CASE WHEN startswith(_a, '\"') THEN {_UNQUOTED} ELSE _a END"
_STRING = f"CASE WHEN startswith(_a, '\"') THEN {_UNQUOTED} END"
_NUMBER = "CASE WHEN abs(TRY_CAST(_a AS DOUBLE)) < CAST('Infinity' AS DOUBLE) THEN TRY_CAST(_a AS DOUBLE) END"
_WHOLE = """
CASE
    WHEN NOT _a RLIKE '[.eE]'
        AND TRY_CAST(_a AS DECIMAL(38, 0)) BETWEEN -9223372036854775808 AND 18446744073709551615
    THEN TRY_CAST(_a AS DECIMAL(38, 0))
END
"""
"""Larger ones DuckDB takes for a DOUBLE."""
_BOOLEAN = "CASE _a WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END"
_ARRAY = "CASE WHEN startswith(_a, '[') THEN _a END"


def _items(node: exp.Anonymous) -> exp.Expr:
    listed = say("from_json(_a, 'array<variant>')", _a=node.expressions[0])
    return say("transform(_l, _x -> coalesce(to_json(_x), 'null'))", _l=listed)


def _member(node: exp.Anonymous) -> exp.Expr:
    json, key = node.expressions
    members = say("from_json(_a, 'map<string,variant>')", _a=json)
    return call("to_json", call("try_element_at", members, key))


# Generators


def _named_once(tree: exp.Expr) -> exp.Expr:
    """Each common table expression with a name of its own: nested ones are written at the top for Spark."""
    used: set[str] = set()
    for found in list(tree.find_all(exp.With)):
        for cte in found.expressions:
            name = new = cte.alias
            while new in used:
                new += "_"
            used.add(new)
            if new != name and found.parent is not None:
                cte.args["alias"].set("this", exp.to_identifier(new))
                _rename(found.parent, name, new)
    return tree


def _rename(query: exp.Expr, name: str, new: str) -> None:
    """Ask a common table expression of a query under its new name; columns keep the old one before them."""
    for table in list(query.find_all(exp.Table)):
        if table.name == name and not table.db:
            if not table.alias:
                table.set("alias", exp.TableAlias(this=exp.to_identifier(name)))
            table.set("this", exp.to_identifier(new))


def _spread(tree: exp.Expr) -> exp.Expr:
    """A list in a select as rows: by LATERAL VIEW, which may stand beside aggregates and other columns."""
    for select in list(tree.find_all(exp.Select, bfs=True))[::-1]:
        found = [
            node
            for selected in select.expressions
            for node in selected.find_all(exp.Explode)
            if node.find_ancestor(exp.Select) is select
        ]
        for number, node in enumerate(found, 1):
            name = f"_item_of_{number}"
            node.replace(column(name))
            if select.args.get("from_") is None:
                inner = exp.select(exp.alias_(node, name))
                select.set("from_", exp.From(this=exp.Subquery(this=inner)))
                continue
            view = exp.Lateral(
                this=node,
                view=True,
                alias=exp.TableAlias(
                    this=exp.to_identifier(f"_items_{number}"), columns=[exp.to_identifier(name)]
                ),
            )
            select.append("laterals", view)
    return tree


_FUNCTIONS: tuple[type[exp.Expr], ...] = (
    *(exp.Abs, exp.Array, exp.ArrayContains, exp.ArrayDistinct, exp.ArrayFilter, exp.Avg, exp.Coalesce),
    *(exp.ConcatWs, exp.Count, exp.CovarSamp, exp.EndsWith, exp.Exists, exp.Explode, exp.FirstValue),
    *(exp.Lag, exp.LastValue, exp.Lead, exp.Length, exp.LogicalOr, exp.Lower),
    *(exp.Max, exp.Nullif, exp.Pow, exp.Replace, exp.RowNumber, exp.StartsWith, exp.StrPosition, exp.Struct),
    *(exp.Sum, exp.Transform, exp.Trim, exp.Upper, exp.Variance, exp.AnyValue, exp.Mode, exp.ApproxDistinct),
    *(exp.RegexpLike, exp.IsNan, exp.ArrayConcat, exp.Round, exp.Flatten),
)

SPARK = Dialect(
    engine="Spark",
    sqlglot="spark",
    plain=frozenset(_FUNCTIONS),
    text_is_bound=True,
    whole=lambda number: exp.Cast(
        this=exp.Literal.string(str(number)), to=exp.DataType.build("DECIMAL(38, 0)", dialect="spark")
    ),
    after=(_spread, _named_once),
    rules={
        exp.Cast: _cast,
        exp.TryCast: _cast,
        exp.Concat: _concat,
        exp.Log: _log,
        exp.Floor: _as(_WHOLE_DOUBLE.format("floor(_a)")),
        exp.Ceil: _as(_WHOLE_DOUBLE.format("ceil(_a)")),
        exp.Trunc: _as(_WHOLE_DOUBLE.format("CAST(_a AS BIGINT)")),
        exp.RegexpFullMatch: _regexp,
        exp.Substring: _substring,
        exp.Right: _right,
        exp.Split: _split,
        exp.TimestampTrunc: _trunc_time,
        exp.DateDiff: _difference,
        exp.TimeToStr: _time_text,
        exp.TimeToUnix: _as("unix_micros(CAST(_a AS TIMESTAMP)) / CAST(1000000 AS DOUBLE)"),
        exp.UnixToTime: _from_epoch,
        exp.GenerateSeries: _series,
        exp.Greatest: _of_several,
        exp.Least: _of_several,
        exp.Min: _least_struct,
        exp.ArgMin: _arg_min,
        exp.ArrayAgg: _listed,
        exp.ArrayAppend: _as("concat(_a, array(_b))"),
        exp.ArraySize: _to("array_size"),
        exp.PercentileCont: _to("percentile"),
        exp.Filter: _filtered,
        exp.Window: _ordered,
        "histogram": _histogram,
        "isfinite": _as(_FINITE),
        "list_has_all": _as("array_size(array_except(_b, _a)) = 0"),
        "list_reduce": _reduced,
        "row": _to("struct"),
        "timezone": _timezone,
        "_at": _at,
        "_field": _field,
        "_number_text": _number_text,
        "_each_row": lambda _: call("monotonically_increasing_id"),
        "_json_array": _as(_ARRAY),
        "_json_array_length": _to("json_array_length"),
        "_json_boolean": _as(_BOOLEAN),
        "_json_items": _items,
        "_json_keys": _to("json_object_keys"),
        "_json_kind": _as(_KIND),
        "_json_member": _member,
        "_json_number": _as(_NUMBER),
        "_json_string": _as(_STRING),
        "_json_text": _as(_TEXT),
        "_json_valid": _as("try_parse_json(_a) IS NOT NULL"),
        "_json_whole": _as(_WHOLE),
        "_to_json": _to("to_json"),
    },
)
