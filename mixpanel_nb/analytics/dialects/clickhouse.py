"""ClickHouse's SQL (24.12 and later, with the settings of :data:`OPTIONS`).

https://clickhouse.com/docs/sql-reference. Times are ``DateTime64(6, 'UTC')``; a JSON value is its text. A
list cannot be NULL there, so a missing one is empty: none of ours is empty otherwise.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from mixpanel_nb.analytics.dialects.portable import call, whole
from mixpanel_nb.analytics.dialects.structs import fields_by_place
from mixpanel_nb.analytics.dialects.translation import Dialect
from mixpanel_nb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

_OPTIONS = {
    "session_timezone": "'UTC'",
    "join_use_nulls": 1,
    "group_by_use_nulls": 1,
    "aggregate_functions_null_for_empty": 1,
    "prefer_column_name_to_alias": 1,
    "enable_extended_results_for_datetime_functions": 1,
    "least_greatest_legacy_null_behavior": 0,
    "use_variant_as_common_type": 0,
}
OPTIONS = "SETTINGS " + ", ".join(f"{name} = {value}" for name, value in _OPTIONS.items())
"""What makes ClickHouse answer as SQL's standard has it."""

_LATEST = "2299-12-31 00:00:00"  # the last moments that a DateTime64 holds


@cache
def _parsed(template: str) -> exp.Expr:
    return sqlglot.parse_one(template, read="clickhouse")


def _literal_text(text: str) -> exp.Expr:
    return exp.Literal.string(text)


def _utc(value: exp.Expr) -> exp.Expr:
    """A moment of any type as one of UTC."""
    return call("toDateTime64", value, whole(6), _literal_text("UTC"))


def _to(function: str) -> Callable[[Any], exp.Expr]:
    """The function of another name with the same arguments."""
    return lambda node: call(function, *_arguments(node))


def _arguments(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Anonymous):
        return node.expressions
    second = node.args.get("expression")
    return [node.this] if second is None else [node.this, second]


def _is_null(value: exp.Expr) -> exp.Expr:
    return exp.Is(this=value, expression=exp.null())


def _if(condition: exp.Expr, value: exp.Expr, other: exp.Expr) -> exp.Expr:
    return call("if", condition, value, other)


def _let(name: str, value: exp.Expr, body: exp.Expr) -> exp.Expr:
    """An expression of a value that is calculated once."""
    made = exp.Lambda(this=body, expressions=[exp.to_identifier(name)])
    return call("arrayElement", call("arrayMap", made, exp.Array(expressions=[value])), whole(1))


def _sql(text: str) -> exp.Expr:
    return _parsed(text).copy()


# Lists: which expressions are some


_MAKERS = (exp.Array, exp.Transform, exp.ArrayFilter, exp.ArrayDistinct, exp.ArrayConcat, exp.ArrayAppend)
_LISTED = (*_MAKERS, exp.Flatten, exp.Split, exp.ArrayAgg, exp.GenerateSeries)
_IS_LIST = "is_list"


def _mark_lists(tree: exp.Expr) -> exp.Expr:
    """Mark every expression that is a list; columns are what the CTE has that they come from."""
    known: dict[str, set[str]] = {}
    for select in _in_order(tree):
        sources = _list_columns(select, known)
        for node in reversed(list(select.walk(bfs=True))):
            if node.find_ancestor(exp.Select) is select and _is_list(node, sources):
                node.meta[_IS_LIST] = True
        holder = select.find_ancestor(exp.CTE, exp.Subquery)
        names = {each.alias_or_name for each in select.expressions if each.unalias().meta.get(_IS_LIST)}
        if holder is not None and names:
            known.setdefault(holder.alias if isinstance(holder, exp.CTE) else f"#{id(holder)}", set()).update(
                names
            )
    return tree


def _in_order(tree: exp.Expr) -> list[exp.Select]:
    """Selects, each behind those that it reads from."""
    found: list[exp.Select] = []

    def visit(node: exp.Expr) -> None:
        with_ = node.args.get("with_")
        if with_ is not None:
            visit(with_)
        for child in node.iter_expressions():
            if child is not with_:
                visit(child)
        if isinstance(node, exp.Select):
            found.append(node)

    visit(tree)
    return found


def _list_columns(select: exp.Select, known: dict[str, set[str]]) -> dict[str, set[str]]:
    """The columns that are lists, by the table they come from."""
    from_ = select.args.get("from_")
    places = [] if from_ is None else [from_, *(select.args.get("joins") or ())]
    found: dict[str, set[str]] = {}
    for place in places:
        for each in place.find_all(exp.Table, exp.Subquery):
            if each.find_ancestor(exp.Select) is select:
                key = each.name if isinstance(each, exp.Table) else f"#{id(each)}"
                found[each.alias_or_name] = found.get(each.alias_or_name, set()) | known.get(key, set())
    return found


def _is_list(node: exp.Expr, sources: dict[str, set[str]]) -> bool:
    def marked(each: exp.Expr | None) -> bool:
        return each is not None and bool(each.meta.get(_IS_LIST))

    match node:
        case exp.Array() if isinstance(node.parent, exp.PercentileCont):
            return False
        case exp.Column():
            tables = [sources.get(node.table, set())] if node.table else list(sources.values())
            return any(node.name in names for names in tables)
        case exp.Cast():
            return bool(node.to.is_type("array"))
        case exp.Case():
            return marked(node.args.get("default")) or any(
                marked(each.args["true"]) for each in node.args["ifs"]
            )
        case exp.Coalesce():
            return any(map(marked, [node.this, *node.expressions]))
        case exp.Anonymous():
            return node.name in {"_json_items", "_json_keys"}
        case exp.Explode():
            return _holds_lists(node.this)
        case (
            exp.Min()
            | exp.Max()
            | exp.ArgMin()
            | exp.Filter()
            | exp.Window()
            | exp.Paren()
            | exp.FirstValue()
        ):
            return marked(node.this)
    return isinstance(node, _LISTED)


def _holds_lists(node: exp.Expr) -> bool:
    """Whether the items of a list are lists."""
    match node:
        case exp.Array():
            return any(isinstance(each, _LISTED) for each in node.expressions)
        case exp.ArrayAppend():
            return _holds_lists(node.this)
        case exp.Transform():
            return isinstance(node.expression.this, _LISTED)
        case exp.Flatten() if isinstance(node.this, exp.Transform):
            return _holds_lists(node.this.expression.this)
    return False


def _listing(node: exp.Expr) -> bool:
    return bool(node.meta.get(_IS_LIST))


def _no_list() -> exp.Expr:
    return exp.Array(expressions=[])


# Structs, whose fields are said by their place


def _field_at(struct: exp.Expr, place: int) -> exp.Expr:
    return call("tupleElement", struct, whole(place))


def _struct(node: exp.Struct) -> exp.Expr:
    return call("tuple", *(each.expression for each in node.expressions))


# Types


def _cast(node: exp.Cast) -> exp.Expr:
    value, kind = node.this, node.to
    if isinstance(value, exp.Null):
        return _null_of(kind)
    if kind.is_type("array"):
        return node
    for types, function in _CASTS.items():
        if kind.is_type(*types):
            return call(function, value)
    if kind.is_type("timestampntz", "timestamptz", "timestamp"):
        if isinstance(value, exp.Literal) and value.name >= _LATEST[:4]:
            value = _literal_text(_LATEST)
        return _utc(value)
    if kind.is_type("bigint"):  # DuckDB rounds half to even
        return call("toInt64", call("roundBankers", value))
    return node


_CASTS: dict[tuple[str, ...], str] = {
    ("text", "varchar"): "toString",
    ("double",): "toFloat64",
    ("date",): "toDate32",
    ("int",): "toInt32",
    ("int128",): "toInt128",
    ("boolean",): "identity",
}
_NULLS = {"timestampntz": "DateTime64(6, 'UTC')", "date": "Date32", "text": "String", "varchar": "String"}


def _null_of(kind: exp.DataType) -> exp.Expr:
    if kind.is_type("array"):
        return _sql("CAST([] AS Array(Nullable(String)))")
    for name, theirs in _NULLS.items():
        if kind.is_type(name):
            return call("CAST", exp.null(), _literal_text(f"Nullable({theirs})"))
    return exp.Cast(this=exp.null(), to=kind)


_TRIED = {"double": "toFloat64OrNull", "int128": "toInt128OrNull", "bigint": "toInt64OrNull"}


def _try_cast(node: exp.TryCast) -> exp.Expr:
    text = call("replaceRegexpAll", node.this, _literal_text(r"^\s+|\s+$"), _literal_text(""))
    for name, function in _TRIED.items():
        if node.to.is_type(name):
            return call(function, text)
    if node.to.is_type("timestampntz", "timestamptz"):
        return call("parseDateTime64BestEffortOrNull", node.this, whole(6), _literal_text("UTC"))
    message = f"TRY_CAST to {node.to.sql()} cannot be said in ClickHouse's SQL."
    raise QueryError(message)


# Numbers and texts


def _round(node: exp.Round) -> exp.Expr:
    """Halves away from zero; not to a negative zero, which is another key of a group there."""
    value, decimals = node.this, node.args.get("decimals")
    scale = "1" if decimals is None else f"1e{decimals.name}"
    size = f"(abs(_n) * {scale})"
    body = _sql(f"if(_n < 0, -1, 1) * (floor({size}) + ({size} - floor({size}) >= 0.5)) / {scale} + 0")
    return _let("_n", value, body)


def _log(node: exp.Log) -> exp.Expr:
    if node.this.name != "10" or node.expression is None:
        message = "LOG() of this base cannot be said in ClickHouse's SQL."
        raise QueryError(message)
    return call("log10", node.expression)


def _concat(node: exp.Concat) -> exp.Expr:
    return call(
        "concat", *(call("ifNull", call("toString", each), _literal_text("")) for each in node.expressions)
    )


def _joined(node: exp.ConcatWs) -> exp.Expr:
    sign, *parts = node.expressions
    return call(
        "arrayStringConcat",
        exp.Array(expressions=[call("ifNull", each, _literal_text("")) for each in parts]),
        sign,
    )


def _regexp(node: exp.Expr) -> exp.Expr:
    return call("match", node.this, _literal_text(rf"\A(?:{node.expression.name})\z"))


_NUMBER_TEXT = r"""
multiIf(
    _n IS NULL, NULL,
    _n = trunc(_n) AND abs(_n) < 9007199254740992, toString(toInt64(_n)),
    abs(_n) >= 1e16 AND position(toString(_n), 'e') = 0, concat(
        if(_n < 0, '-', ''),
        replaceRegexpOne(replaceRegexpOne(toString(abs(_n)), '0+$', ''), '^(.)(.+)$', '\\1.\\2'),
        'e+', toString(length(toString(abs(_n))) - 1)
    ),
    position(toString(_n), 'e') > 0,
    replaceRegexpOne(replaceRegexpOne(toString(_n), 'e(\\d)', 'e+\\1'), '(e-)(\\d)$', '\\10\\2'),
    abs(_n) < 0.0001, concat(
        if(_n < 0, '-', ''),
        replaceRegexpOne(extract(toString(abs(_n)), '^0\\.0*(.*)$'), '^(.)(.+)$', '\\1.\\2'),
        'e-0', toString(length(extract(toString(abs(_n)), '^0\\.(0*)')) + 1)
    ),
    _n = trunc(_n), concat(toString(_n), '.0'),
    toString(_n)
)
"""


def _number_text(node: exp.Anonymous) -> exp.Expr:
    return _let("_n", call("toFloat64", node.expressions[0]), _sql(_NUMBER_TEXT))


# Time


_STARTS = {
    "second": "toStartOfSecond",
    "minute": "toStartOfMinute",
    "hour": "toStartOfHour",
    "day": "toStartOfDay",
    "week": "toMonday",
    "month": "toStartOfMonth",
    "quarter": "toStartOfQuarter",
    "year": "toStartOfYear",
}


def _trunc_time(node: exp.TimestampTrunc) -> exp.Expr:
    unit = node.args["unit"].name.lower()
    start = call(_STARTS[unit], node.this)
    return start if unit in {"week", "month", "quarter", "year"} else _utc(start)


def _micros(time: exp.Expr) -> exp.Expr:
    return call("toUnixTimestamp64Micro", time)


def _difference(node: exp.DateDiff) -> exp.Expr:
    unit = node.args["unit"].name.lower()
    if unit == "microsecond":
        return exp.Paren(this=exp.Sub(this=_micros(node.this), expression=_micros(node.expression)))
    if unit in {"day", "month"}:
        return call("dateDiff", _literal_text(unit), node.expression, node.this)
    message = f"date_diff() by {unit} cannot be said in ClickHouse's SQL."
    raise QueryError(message)


def _time_text(node: exp.TimeToStr) -> exp.Expr:
    if node.args["format"].name != "%Y-%m-%dT%H:%M:%S":
        message = "strftime() of this format cannot be said in ClickHouse's SQL."
        raise QueryError(message)
    return call("formatDateTime", node.this, _literal_text("%Y-%m-%dT%H:%i:%S"), _literal_text("UTC"))


def _timezone(node: exp.Anonymous) -> exp.Expr:
    """A moment as UTC, or a local time of a zone as UTC."""
    zone, time = node.expressions
    if zone.name != "UTC":
        return node  # the outer one knows what to do
    if isinstance(time, exp.Anonymous) and time.name.lower() == "timezone":
        local, inner = time.expressions
        text = call("toString", inner)
        return call("toTimeZone", call("toDateTime64OrNull", text, whole(6), local), _literal_text("UTC"))
    return _utc(time)


def _series(node: exp.GenerateSeries) -> exp.Expr:
    first, last = node.args["start"], node.args["end"]
    if node.args.get("step") is None:  # of whole numbers
        return call("range", first, exp.Add(this=last, expression=whole(1)))
    days = exp.Add(this=call("dateDiff", _literal_text("day"), first, last), expression=whole(1))
    later = exp.Lambda(
        this=call("addDays", first.copy(), exp.column("_day")), expressions=[exp.to_identifier("_day")]
    )
    return call("arrayMap", later, call("range", call("toUInt32", days)))


_LENGTHS = {"MICROSECOND": 1, "SECOND": 1_000_000}
_MOST = 2**31 - 1
"""Microseconds of a frame: its bounds have 32 bits."""


def _frame(node: exp.Expr) -> exp.Expr | None:
    """A range of time around a row, in microseconds; another expression where it is longer than any frame."""
    spec = node.args.get("spec")
    if spec is None or spec.args.get("kind") != "RANGE":
        return None
    bounds = [spec.args.get(name) for name in ("start", "end")]
    intervals = [bound for bound in bounds if isinstance(bound, exp.Interval)]
    if not intervals:
        return None
    lengths = [int(each.name) * _LENGTHS[each.args["unit"].name.upper()] for each in intervals]
    if max(lengths) > _MOST:
        return _counted_until(node, intervals[-1])
    for interval, length in zip(intervals, lengths, strict=True):
        interval.replace(whole(length))
    for ordered in node.args["order"].expressions:
        ordered.set("this", _micros(ordered.this))
    return None


def _counted_until(node: exp.Expr, length: exp.Expr) -> exp.Expr:
    """How many rows there are up to a moment after each row: by the list of all their times.

    Raises:
        QueryError: the frame is another one.
    """
    spec = node.args["spec"]
    if not isinstance(node.this, exp.Count) or spec.args.get("start") != "UNBOUNDED":
        message = "A frame of more than half an hour cannot be said in ClickHouse's SQL."
        raise QueryError(message)
    (ordered,) = node.args["order"].expressions
    times = exp.Window(
        this=call("groupArray", ordered.this.copy()),
        partition_by=[each.copy() for each in node.args.get("partition_by") or ()],
        over="OVER",
    )
    until = exp.Add(this=ordered.this.copy(), expression=length.copy())
    earlier = exp.Lambda(
        this=exp.LTE(this=exp.column("_moment"), expression=until), expressions=[exp.to_identifier("_moment")]
    )
    return call("toInt64", call("arrayCount", earlier, times))


# Aggregates and windows


def _counted(node: exp.Expr) -> exp.Expr:
    """Counts are signed, so that they can be subtracted and set beside other numbers."""
    inner: exp.Expr = node
    if isinstance(node, exp.Count) and isinstance(node.this, exp.Distinct):
        inner = call("uniqExact", *node.this.expressions)
    if isinstance(node.parent, exp.Filter | exp.Window):
        return inner
    return call("toInt64", inner)


_COUNTS = (exp.Count, exp.RowNumber)


def _is_count(node: exp.Expr) -> bool:
    return isinstance(node, _COUNTS) or (isinstance(node, exp.Anonymous) and node.name == "uniqExact")


def _filtered(node: exp.Filter) -> exp.Expr:
    condition = node.expression.this
    inner: exp.Expr = node.this
    if isinstance(inner, exp.Anonymous) and inner.name == "map":
        for place, each in enumerate(inner.expressions):
            if place % 2:
                (inside,) = each.expressions[0].expressions
                inside.replace(exp.and_(inside.copy(), condition.copy()))
        return inner
    if isinstance(node.parent, exp.Window):
        (value,) = _arguments(inner)
        if _listing(inner):
            return call("minIf", value, condition)
        inner.set("this", exp.Case(ifs=[exp.If(this=condition, true=value)]))
        return inner
    return call("toInt64", node) if _is_count(inner) else node


def _windowed(node: exp.Window) -> exp.Expr:
    other = _frame(node)
    if other is not None:
        return other
    inner = node.this.this if isinstance(node.this, exp.Filter) else node.this
    return call("toInt64", node) if _is_count(inner) else node


def _beside(function: str) -> Callable[[Any], exp.Expr]:
    """The value of a row before or after; NULL where there is none."""

    def said(node: exp.Lag | exp.Lead) -> exp.Expr:
        offset = node.args.get("offset")
        return call(function, call("toNullable", node.this), *([] if offset is None else [offset]))

    return said


def _percentile(node: exp.PercentileCont) -> exp.Expr:
    part = node.expression
    if isinstance(part, exp.Array):
        return call(f"quantilesExactInclusive({', '.join(map(_share, part.expressions))})", node.this)
    return call(f"quantileExactInclusive({_share(part)})", node.this)


def _share(part: exp.Expr) -> str:
    found = part.find(exp.Literal)
    return str(float(found.name)) if found is not None else ""


def _key(by: exp.Expr) -> exp.Expr:
    """What orders as DuckDB orders a struct of times and texts: a missing field comes last."""
    if not (isinstance(by, exp.Anonymous) and by.name == "tuple"):
        return by
    parts: list[exp.Expr] = []
    for field in by.expressions:
        parts.append(call("isNull", field.copy()))
        parts.append(call("ifNull", call("toString", field.copy()), _literal_text("")))
    return call("tuple", *parts)


def _least(node: exp.Min) -> exp.Expr:
    value = node.this
    if not (isinstance(value, exp.Anonymous) and value.name == "tuple"):
        return node
    known = call("tuple", *(call("toNullable", each.copy()) for each in value.expressions))
    return call("argMin", known, _key(value))


def _arg_min(node: exp.ArgMin) -> exp.Expr:
    """``arg_min`` passes over rows without a value."""
    if _listing(node.this):
        return call("argMinIf", node.this, _key(node.expression), call("notEmpty", node.this.copy()))
    return call("argMin", node.this, _key(node.expression))


def _listed(node: exp.ArrayAgg) -> exp.Expr:
    inner = node.this
    if not isinstance(inner, exp.Order):
        return call("groupArray", inner)
    if isinstance(inner.this, exp.Distinct):
        return call("arraySort", call("groupUniqArray", inner.this.expressions[0]))
    keys = [each.this for each in inner.expressions]
    if keys == [inner.this]:
        return call("arraySort", call("groupArray", inner.this))
    pairs = call("groupArray", call("tuple", *keys, inner.this))
    order = exp.Lambda(this=_sql("tupleElement(_x, 1)"), expressions=[exp.to_identifier("_x")])
    item = exp.Lambda(this=_sql(f"tupleElement(_x, {len(keys) + 1})"), expressions=[exp.to_identifier("_x")])
    return call("arrayMap", item, call("arraySort", order, pairs))


def _reduced(node: exp.Anonymous) -> exp.Expr:
    items, step = node.expressions
    return call(
        "arrayFold", step, call("arraySlice", items, whole(2)), call("arrayElement", items.copy(), whole(1))
    )


def _histogram(node: exp.Anonymous) -> exp.Expr:
    value, edges = node.expressions
    bounds = list(edges.expressions)
    parts: list[exp.Expr] = []
    for place, bound in enumerate(bounds):
        inside: exp.Expr = exp.LTE(this=value.copy(), expression=bound.copy())
        if place:
            inside = exp.and_(inside, exp.GT(this=value.copy(), expression=bounds[place - 1].copy()))
        parts += [bound.copy(), call("toInt64", call("countIf", inside))]
    parts += [
        whole(2**63 - 1),
        call("toInt64", call("countIf", exp.GT(this=value.copy(), expression=bounds[-1].copy()))),
    ]
    return call("map", *parts)


# Lists and logic


def _mapped(function: str) -> Callable[[Any], exp.Expr]:
    return lambda node: call(function, node.expression, node.this)


def _case(node: exp.Case) -> exp.Expr:
    """A list where no case holds is empty."""
    if not _listing(node):
        return node
    if node.args.get("default") is None or isinstance(node.args["default"], exp.Null):
        node.set("default", _no_list())
    return node


def _coalesced(node: exp.Coalesce) -> exp.Expr:
    """The first list that is not empty."""
    if not _listing(node):
        return node
    values: list[exp.Expr] = [node.this, *node.expressions]
    last = values.pop()
    for each in reversed(values):
        last = _if(call("notEmpty", each), each.copy(), last)
    return last


def _array(node: exp.Array) -> exp.Expr:
    """A missing list among lists is empty."""
    if any(_listing(each) for each in node.expressions):
        node.set(
            "expressions", [_no_list() if isinstance(each, exp.Null) else each for each in node.expressions]
        )
    return node


def _flat(node: exp.Flatten) -> exp.Expr:
    """One level of lists; arrayFlatten would flatten all."""
    return call("arrayReduce", _literal_text("groupArrayArray"), node.this)


def _appended(node: exp.ArrayAppend) -> exp.Expr:
    item = node.expression
    inner = node.this
    of_lists = isinstance(inner, exp.Transform | exp.Flatten | exp.Anonymous) and _of_lists(inner)
    if isinstance(item, exp.Null) and of_lists:
        item = _no_list()
    return call("arrayConcat", inner, exp.Array(expressions=[item]))


def _of_lists(node: exp.Expr) -> bool:
    """Whether the items of a list, as it is said here, are lists."""
    if not isinstance(node, exp.Anonymous):
        return False
    if node.name == "arrayReduce":
        return _of_lists(node.expressions[1])
    return node.name == "arrayMap" and (
        isinstance(node.expressions[0].this, exp.Array) or _of_lists(node.expressions[0].this)
    )


def _is(node: exp.Is) -> exp.Expr:
    if isinstance(node.expression, exp.Null) and _listing(node.this):
        return call("empty", node.this)
    if isinstance(node.expression, exp.Boolean):
        found = call("ifNull", node.this, exp.Boolean(this=not node.expression.this))
        return found if node.expression.this else exp.Not(this=found)
    return node


def _differ(node: exp.NullSafeNEQ) -> exp.Expr:
    one, other = node.this, node.expression
    both = exp.and_(_is_null(one.copy()), _is_null(other.copy()))
    same = call("ifNull", exp.EQ(this=one, expression=other), both)
    return exp.Not(this=exp.Paren(this=same))


def _at(node: exp.Anonymous) -> exp.Expr:
    items, place = node.expressions
    inside = exp.and_(
        exp.GTE(this=place.copy(), expression=whole(1)),
        exp.LTE(this=place.copy(), expression=call("length", items.copy())),
    )
    return _if(inside, call("arrayElement", items, place), exp.null())


def _field(node: exp.Anonymous) -> exp.Expr:
    return call("tupleElement", *node.expressions)


# JSON


def _text_argument(node: exp.Anonymous) -> exp.Expr:
    return call("ifNull", node.expressions[0], _literal_text(""))


def _begins(json: exp.Expr, sign: str) -> exp.Expr:
    return call("startsWith", json.copy(), _literal_text(sign))


def _string(node: exp.Anonymous) -> exp.Expr:
    json = node.expressions[0]
    return _if(_begins(json, '"'), call("JSONExtractString", json), exp.null())


def _text(node: exp.Anonymous) -> exp.Expr:
    json = node.expressions[0]
    return _if(_begins(json, '"'), call("JSONExtractString", json.copy()), json)


def _array_of_json(node: exp.Anonymous) -> exp.Expr:
    json = node.expressions[0]
    return _if(_begins(json, "["), json, exp.null())


_KIND = """
multiIf(
    _j IS NULL, NULL,
    startsWith(_j, '"'), 'VARCHAR', startsWith(_j, '['), 'ARRAY', startsWith(_j, '{'), 'OBJECT',
    _j IN ('true', 'false'), 'BOOLEAN', _j = 'null', 'NULL', match(_j, '[.eE]'), 'DOUBLE', 'BIGINT'
)
"""
_NUMBER = "if(isFinite(toFloat64OrNull(_j)), toFloat64OrNull(_j), NULL)"
_WHOLE = """
if(
    NOT match(_j, '[.eE]')
        AND toInt128OrNull(_j) BETWEEN toInt128('-9223372036854775808') AND toInt128('18446744073709551615'),
    toInt128OrNull(_j), NULL
)
"""
"""Larger ones DuckDB takes for a DOUBLE."""
_BOOLEAN = "multiIf(_j = 'true', true, _j = 'false', false, NULL)"


def _as(template: str) -> Callable[[Any], exp.Expr]:
    """A template of one argument, ``_j``."""

    def said(node: exp.Anonymous) -> exp.Expr:
        tree = exp.Paren(this=_sql(template))
        for found in list(tree.find_all(exp.Column)):
            if found.name == "_j":
                found.replace(node.expressions[0].copy())
        inner: exp.Expr = tree.this
        return inner.pop()

    return said


def _member(node: exp.Anonymous) -> exp.Expr:
    return call(
        "nullIf", call("JSONExtractRaw", _text_argument(node), node.expressions[1]), _literal_text("")
    )


def _length_of_json(node: exp.Anonymous) -> exp.Expr:
    json = node.expressions[0]
    return _if(call("isNull", json.copy()), exp.null(), call("toInt64", call("JSONLength", json)))


# The whole statement


def _order_unions(tree: exp.Expr) -> exp.Expr:
    """An order behind UNION ALL, which would be that of its last part."""
    if not isinstance(tree, exp.SetOperation) or not (tree.args.get("order") or tree.args.get("limit")):
        return tree
    names = [each.alias_or_name for each in tree.selects]
    outer = exp.Select(expressions=[exp.column(name) for name in names])
    for name in ("with_", "order", "limit"):
        outer.set(name, tree.args.get(name))
        tree.set(name, None)
    return outer.from_(exp.Subquery(this=tree))


def _unwrap_joins(tree: exp.Expr) -> exp.Expr:
    """A join in parentheses, as what a select reads from, without them."""
    for select in list(tree.find_all(exp.Select)):
        from_ = select.args.get("from_")
        place = None if from_ is None else from_.this
        if isinstance(place, exp.Subquery | exp.Paren) and isinstance(place.this, exp.Table):
            table = place.this
            joins = table.args.get("joins") or []
            table.set("joins", None)
            select.set("from_", exp.From(this=table))
            select.set("joins", [*joins, *(select.args.get("joins") or [])])
    return tree


_FUNCTIONS: tuple[type[exp.Expr], ...] = (
    *(exp.Avg, exp.CovarSamp, exp.FirstValue, exp.Greatest, exp.LastValue, exp.Least, exp.Max),
    *(exp.Nullif, exp.Pow, exp.StartsWith, exp.EndsWith, exp.Sum, exp.Trim, exp.Replace, exp.Floor, exp.Ceil),
    *(exp.RegexpLike, exp.ApproxDistinct, exp.Trunc),
)

CLICKHOUSE = Dialect(
    engine="ClickHouse",
    sqlglot="clickhouse",
    plain=frozenset({*_FUNCTIONS, "tupleelement"}),
    whole=lambda number: call("toInt128", _literal_text(str(number))),
    before=(_mark_lists, fields_by_place("ClickHouse", _field_at)),
    after=(_order_unions, _unwrap_joins),
    options=OPTIONS,
    rules={
        exp.Abs: lambda node: call("greatest", node.this, exp.Neg(this=exp.Paren(this=node.this.copy()))),
        exp.AnyValue: _to("any"),
        exp.ArgMin: _arg_min,
        exp.Array: _array,
        exp.ArrayAgg: _listed,
        exp.ArrayAppend: _appended,
        exp.ArrayConcat: lambda node: call("arrayConcat", node.this, *node.expressions),
        exp.ArrayContains: lambda node: call("has", node.this, node.expression),
        exp.ArrayDistinct: _to("arrayDistinct"),
        exp.ArrayFilter: _mapped("arrayFilter"),
        exp.ArraySize: lambda node: call("toInt64", call("length", node.this)),
        exp.Case: _case,
        exp.Cast: _cast,
        exp.Coalesce: _coalesced,
        exp.Concat: _concat,
        exp.ConcatWs: _joined,
        exp.Count: _counted,
        exp.CovarSamp: _to("covarSampStable"),
        exp.DateDiff: _difference,
        exp.Explode: _to("arrayJoin"),
        exp.Filter: _filtered,
        exp.Flatten: _flat,
        exp.GenerateSeries: _series,
        exp.IntDiv: _to("intDiv"),
        exp.Is: _is,
        exp.IsNan: _to("isNaN"),
        exp.Lag: _beside("lag"),
        exp.Lead: _beside("lead"),
        exp.Length: _to("lengthUTF8"),
        exp.Log: _log,
        exp.LogicalOr: _to("max"),
        exp.Lower: _to("lowerUTF8"),
        exp.Min: _least,
        exp.NullSafeNEQ: _differ,
        exp.PercentileCont: _percentile,
        exp.RegexpFullMatch: _regexp,
        exp.Round: _round,
        exp.RowNumber: _counted,
        exp.StrPosition: lambda node: call("positionUTF8", node.this, node.args["substr"]),
        exp.Struct: _struct,
        exp.TimeToStr: _time_text,
        exp.TimeToUnix: lambda node: exp.Paren(
            this=exp.Div(this=_micros(node.this), expression=whole(1_000_000))
        ),
        exp.TimestampTrunc: _trunc_time,
        exp.Transform: _mapped("arrayMap"),
        exp.TryCast: _try_cast,
        exp.UnixToTime: lambda node: call("fromUnixTimestamp64Micro", node.this, _literal_text("UTC")),
        exp.Upper: _to("upperUTF8"),
        exp.Variance: _to("varSampStable"),
        exp.Window: _windowed,
        "histogram": _histogram,
        "isfinite": _to("isFinite"),
        "list_has_all": _to("hasAll"),
        "list_reduce": _reduced,
        "row": _to("tuple"),
        "timezone": _timezone,
        "_at": _at,
        "_field": _field,
        "_number_text": _number_text,
        "_each_row": lambda _: call("rowNumberInAllBlocks"),
        "_json_array": _array_of_json,
        "_json_array_length": _length_of_json,
        "_json_boolean": _as(_BOOLEAN),
        "_json_items": lambda node: call("JSONExtractArrayRaw", _text_argument(node)),
        "_json_keys": lambda node: call("JSONExtractKeys", _text_argument(node)),
        "_json_kind": _as(_KIND),
        "_json_member": _member,
        "_json_number": _as(_NUMBER),
        "_json_string": _string,
        "_json_text": _text,
        "_json_valid": _to("isValidJSON"),
        "_json_whole": _as(_WHOLE),
        "_to_json": _to("toJSONString"),
    },
)
