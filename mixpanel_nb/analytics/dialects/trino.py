"""Trino's SQL: https://trino.io/docs/current/functions.html. It was not run by us.

Times are ``timestamp(6)``; a JSON value is its text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from mixpanel_nb.analytics.dialects import templates
from mixpanel_nb.analytics.dialects.portable import call, whole
from mixpanel_nb.analytics.dialects.structs import fields_by_place
from mixpanel_nb.analytics.dialects.templates import Templates, named, over_nulls
from mixpanel_nb.analytics.dialects.translation import Dialect

if TYPE_CHECKING:
    from mixpanel_nb.analytics.dialects.translation import Rule

_SAY = Templates("Trino", "trino")
_TEXT = "CAST(json_parse(_a) AS VARCHAR)"
_NUMBER = "TRY_CAST(_a AS DOUBLE)"
_WHOLE = "TRY_CAST(_a AS DECIMAL(38, 0))"
_TEMPLATES: dict[type[exp.Expr] | str, str] = {
    exp.AnyValue: "arbitrary(_a)",
    exp.ArrayAppend: "_a || ARRAY[_b]",
    exp.ArrayConcat: "concat(_a, _b)",
    exp.ArrayContains: "contains(_a, _b)",
    exp.ArrayDistinct: "array_distinct(_a)",
    exp.ArraySize: "cardinality(_a)",
    exp.Length: "length(_a)",
    exp.LogicalOr: "bool_or(_a)",
    exp.StrPosition: "strpos(_a, _b)",
    exp.TimeToUnix: "to_unixtime(with_timezone(_a, 'UTC'))",
    exp.UnixToTime: (
        "CAST(at_timezone(from_unixtime_nanos(CAST(_a AS BIGINT) * 1000), 'UTC') AS TIMESTAMP(6))"
    ),
    exp.IsNan: "is_nan(_a)",
    "isfinite": "is_finite(_a)",
    "list_has_all": "cardinality(array_except(_b, _a)) = 0",
    "_at": "element_at(_a, CAST(_b AS INTEGER))",
    "_number_text": (
        "CASE WHEN abs(_a) < 9007199254740992 AND _a = round(_a) THEN CAST(CAST(_a AS BIGINT) AS VARCHAR) "
        "ELSE format('%s', CAST(_a AS DOUBLE)) END"
    ),
    "_json_array": "CASE WHEN starts_with(_a, '[') THEN _a END",
    "_json_array_length": "json_array_length(_a)",
    "_json_boolean": "CASE _a WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
    "_json_items": "transform(CAST(json_parse(_a) AS ARRAY(JSON)), _x -> json_format(_x))",
    "_json_keys": "map_keys(CAST(json_parse(_a) AS MAP(VARCHAR, JSON)))",
    "_json_kind": (
        "CASE WHEN _a IS NULL THEN NULL WHEN starts_with(_a, '\"') THEN 'VARCHAR' WHEN starts_with(_a, '[') "
        "THEN 'ARRAY' WHEN starts_with(_a, '{') THEN 'OBJECT' WHEN _a IN ('true', 'false') THEN 'BOOLEAN' "
        "WHEN _a = 'null' THEN 'NULL' WHEN regexp_like(_a, '[.eE]') THEN 'DOUBLE' ELSE 'BIGINT' END"
    ),
    "_json_member": "json_format(element_at(TRY(CAST(json_parse(_a) AS MAP(VARCHAR, JSON))), _b))",
    "_json_number": f"CASE WHEN is_finite({_NUMBER}) THEN {_NUMBER} END",
    "_json_string": f"CASE WHEN starts_with(_a, '\"') THEN {_TEXT} END",
    "_json_text": f"CASE WHEN starts_with(_a, '\"') THEN {_TEXT} ELSE _a END",
    "_json_valid": "TRY(json_parse(_a)) IS NOT NULL",
    "_json_whole": (
        f"CASE WHEN NOT regexp_like(_a, '[.eE]') AND {_WHOLE} "
        "BETWEEN CAST('-9223372036854775808' AS DECIMAL(38, 0)) "
        f"AND CAST('18446744073709551615' AS DECIMAL(38, 0)) THEN {_WHOLE} END"
    ),
    "_to_json": "json_format(CAST(_a AS JSON))",
}
_QUANTILE = """
element_at(transform(
    ARRAY[array_sort(array_agg(_a) FILTER (WHERE _a IS NOT NULL))],
    _l -> CASE WHEN cardinality(_l) > 0 THEN
        element_at(_l, CAST(floor((cardinality(_l) - 1) * _p) AS INTEGER) + 1)
        + ((cardinality(_l) - 1) * _p - floor((cardinality(_l) - 1) * _p))
        * (element_at(_l, CAST(ceil((cardinality(_l) - 1) * _p) AS INTEGER) + 1)
            - element_at(_l, CAST(floor((cardinality(_l) - 1) * _p) AS INTEGER) + 1))
    END
), 1)
"""


def _percentile(node: exp.PercentileCont) -> exp.Expr:
    """The exact one, which Trino has not, from a sorted list."""
    part = node.expression
    value = exp.Cast(this=node.this, to=exp.DataType.build("DOUBLE"))
    if isinstance(part, exp.Array):
        made = [_SAY.say(_QUANTILE, _a=value, _p=each) for each in part.expressions]
        return exp.Array(expressions=made)
    return _SAY.say(_QUANTILE, _a=value, _p=part)


def _filtered(node: exp.Filter) -> exp.Expr:
    """A filter of what is calculated from a list is one of the list."""
    inner: exp.Expr = node.this
    condition: exp.Expr = node.expression.this
    if isinstance(inner, exp.AggFunc) or (isinstance(inner, exp.Anonymous) and inner.name in _AGGREGATES):
        return node
    lists = list(inner.find_all(exp.Filter))
    if not lists:
        raise _SAY.refuse(f"FILTER of {inner.sql()[:40]}")
    for each in lists:
        where = each.expression
        where.set("this", exp.and_(where.this, condition.copy()))
    return inner.copy()


_AGGREGATES = {"min_by", "arbitrary", "bool_or", "array_agg"}


def _arg_min(node: exp.ArgMin) -> exp.Expr:
    """``arg_min`` passes over rows without a value."""
    known = exp.Where(this=exp.Not(this=exp.Is(this=node.this.copy(), expression=exp.null())))
    return exp.Filter(this=call("min_by", node.this, node.expression), expression=known)


def _listed(node: exp.ArrayAgg) -> exp.Expr:
    inner = node.this
    if isinstance(inner, exp.Order) and isinstance(inner.this, exp.Distinct):
        return call("array_sort", exp.ArrayAgg(this=inner.this))
    return node


def _reduced(node: exp.Anonymous) -> exp.Expr:
    items, step = node.expressions
    rest = _SAY.say("slice(_l, 2, cardinality(_l))", _l=items)
    same = _SAY.say("transform(_l, _x -> _x)", _l=items).expression
    return call("reduce", rest, call("element_at", items.copy(), whole(1)), step, same)


def _field_at(row: exp.Expr, place: int) -> exp.Expr:
    return exp.Bracket(this=row, expressions=[whole(place - 1)])  # sqlglot counts from 0


def _regexp(node: exp.Expr) -> exp.Expr:
    return call("regexp_like", node.this, exp.Literal.string(rf"\A(?:{node.expression.name})\z"))


def _cast(node: exp.Cast) -> exp.Expr:
    """Numbers are rounded half to even by DuckDB; its widest whole number is the widest that there is."""
    kind = node.to
    if kind.is_type("int128", "uint128"):
        node.set("to", exp.DataType.build("DECIMAL(38, 0)", dialect="trino"))
    if kind.is_type("timestampntz", "timestamp"):
        node.set("to", exp.DataType.build("TIMESTAMP(6)", dialect="trino"))
    return node


def _series(node: exp.GenerateSeries) -> exp.Expr:
    return call("sequence", *(node.args[name] for name in ("start", "end", "step") if node.args.get(name)))


def _concat(node: exp.Concat) -> exp.Expr:
    parts = [_SAY.say("coalesce(CAST(_a AS VARCHAR), '')", _a=each) for each in node.expressions]
    return call("concat", *parts)


def _time_text(node: exp.TimeToStr) -> exp.Expr:
    if node.args["format"].name != "%Y-%m-%dT%H:%M:%S":
        raise _SAY.refuse("strftime() of this format")
    return _SAY.say("format_datetime(_a, 'yyyy-MM-dd''T''HH:mm:ss')", _a=node.this)


_MICROS = (
    "CAST(to_unixtime(with_timezone(_b, 'UTC')) * 1000000 AS BIGINT) "
    "- CAST(to_unixtime(with_timezone(_a, 'UTC')) * 1000000 AS BIGINT)"
)
_RULES: dict[type[exp.Expr] | str, Rule] = {
    **_SAY.rules(_TEMPLATES),
    exp.ArgMin: _arg_min,
    exp.ArrayAgg: _listed,
    exp.Cast: _cast,
    exp.Concat: _concat,
    exp.DateDiff: _SAY.difference(
        {
            "MICROSECOND": _MICROS,
            "DAY": "date_diff('day', _a, _b)",
            "MONTH": "(year(_b) * 12 + month(_b)) - (year(_a) * 12 + month(_a))",
        }
    ),
    exp.Filter: _filtered,
    exp.GenerateSeries: _series,
    exp.Greatest: over_nulls(exp.Greatest),
    exp.Least: over_nulls(exp.Least),
    exp.PercentileCont: _percentile,
    exp.RegexpFullMatch: _regexp,
    exp.TimestampTrunc: _SAY.trunc_time("CAST(_a AS TIMESTAMP(6))"),
    exp.TimeToStr: _time_text,
    exp.Struct: lambda node: call("row", *(each.expression for each in node.expressions)),
    exp.TryCast: _cast,
    "timezone": _SAY.timezone(
        "CAST(at_timezone(_a, 'UTC') AS TIMESTAMP(6))",
        "CAST(at_timezone(with_timezone(_a, _z), 'UTC') AS TIMESTAMP(6))",
    ),
    "_each_row": lambda _: exp.Window(this=exp.RowNumber(), over="OVER"),
    "list_reduce": _reduced,
    "row": named("row"),
    "_field": lambda node: _field_at(node.expressions[0], int(node.expressions[1].name)),
}

TRINO = Dialect(
    engine="Trino",
    sqlglot="trino",
    plain=frozenset(
        {
            *(exp.Abs, exp.Array, exp.ArrayFilter, exp.Avg, exp.Ceil, exp.Coalesce, exp.ConcatWs, exp.Count),
            *(
                exp.CovarSamp,
                exp.EndsWith,
                exp.Explode,
                exp.FirstValue,
                exp.Flatten,
                exp.Floor,
                exp.Lag,
                exp.LastValue,
            ),
            *(
                exp.Lead,
                exp.Log,
                exp.Lower,
                exp.Max,
                exp.Min,
                exp.Nullif,
                exp.Pow,
                exp.RegexpLike,
                exp.Replace,
            ),
            *(exp.Round, exp.RowNumber, exp.StartsWith, exp.Substring, exp.Sum, exp.Transform, exp.Trim),
            *(exp.Trunc, exp.Upper, exp.Variance, exp.ApproxDistinct),
        }
    ),
    whole=lambda number: exp.Cast(
        this=exp.Literal.string(str(number)), to=exp.DataType.build("DECIMAL(38, 0)", dialect="trino")
    ),
    before=(fields_by_place("Trino", _field_at),),
    after=(templates.spread(templates.unnested),),
    rules=_RULES,
)
