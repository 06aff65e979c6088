"""BigQuery's SQL: https://cloud.google.com/bigquery/docs/reference/standard-sql. It was not run by us.

Times are ``DATETIME``, which have no zone; a JSON value is its text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from mixpanel_nb.analytics.dialects import templates
from mixpanel_nb.analytics.dialects.portable import call, column
from mixpanel_nb.analytics.dialects.templates import Templates, over_nulls
from mixpanel_nb.analytics.dialects.translation import Dialect

if TYPE_CHECKING:
    from mixpanel_nb.analytics.dialects.translation import Rule

_SAY = Templates("BigQuery", "bigquery")
_NUMBER = "SAFE_CAST(_a AS FLOAT64)"
_WHOLE = "SAFE_CAST(_a AS BIGNUMERIC)"
_TEMPLATES: dict[type[exp.Expr] | str, str] = {
    exp.ArrayDistinct: "ARRAY(SELECT DISTINCT _x FROM UNNEST(_a) AS _x)",
    exp.ArrayContains: "_b IN UNNEST(_a)",
    exp.ArraySize: "ARRAY_LENGTH(_a)",
    exp.Log: "LOG(_b, _a)",
    exp.LogicalOr: "LOGICAL_OR(_a)",
    exp.StrPosition: "STRPOS(_a, _b)",
    exp.TimeToUnix: "UNIX_MICROS(TIMESTAMP(_a, 'UTC')) / 1000000",
    exp.UnixToTime: "DATETIME(TIMESTAMP_MICROS(CAST(_a AS INT64)), 'UTC')",
    exp.RegexpLike: "REGEXP_CONTAINS(_a, _b)",
    exp.IsNan: "IS_NAN(_a)",
    "isfinite": "NOT (IS_NAN(_a) OR IS_INF(_a))",
    "_number_text": (
        "CASE WHEN ABS(_a) < 9007199254740992 AND _a = ROUND(_a) "
        "THEN CAST(CAST(_a AS INT64) AS STRING) ELSE CAST(CAST(_a AS FLOAT64) AS STRING) END"
    ),
    "_json_array": "CASE WHEN STARTS_WITH(_a, '[') THEN _a END",
    "_json_array_length": "ARRAY_LENGTH(JSON_QUERY_ARRAY(_a))",
    "_json_boolean": "CASE _a WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
    "_json_items": "JSON_QUERY_ARRAY(_a)",
    "_json_keys": "JSON_KEYS(SAFE.PARSE_JSON(_a), 1)",
    "_json_kind": (
        "CASE WHEN _a IS NULL THEN NULL WHEN STARTS_WITH(_a, '\"') THEN 'VARCHAR' WHEN STARTS_WITH(_a, '[') "
        "THEN 'ARRAY' WHEN STARTS_WITH(_a, '{') THEN 'OBJECT' WHEN _a IN ('true', 'false') THEN 'BOOLEAN' "
        "WHEN _a = 'null' THEN 'NULL' WHEN REGEXP_CONTAINS(_a, '[.eE]') THEN 'DOUBLE' ELSE 'BIGINT' END"
    ),
    "_json_number": f"CASE WHEN NOT IS_INF({_NUMBER}) THEN {_NUMBER} END",
    "_json_string": "CASE WHEN STARTS_WITH(_a, '\"') THEN JSON_VALUE(_a, '$') END",
    "_json_text": "CASE WHEN STARTS_WITH(_a, '\"') THEN JSON_VALUE(_a, '$') ELSE _a END",
    "_json_valid": "SAFE.PARSE_JSON(_a) IS NOT NULL",
    "_json_whole": (
        f"CASE WHEN NOT REGEXP_CONTAINS(_a, '[.eE]') AND {_WHOLE} BETWEEN BIGNUMERIC '-9223372036854775808' "
        f"AND BIGNUMERIC '18446744073709551615' THEN {_WHOLE} END"
    ),
    "_to_json": "TO_JSON_STRING(_a)",
}


def _member(node: exp.Anonymous) -> exp.Expr:
    """A member by a path, which takes no quotation marks."""
    json, key = node.expressions
    if set(key.name) & {'"', "\\"}:
        raise _SAY.refuse(f"A property that is called {key.name}")
    return call("JSON_QUERY", json, exp.Literal.string(f'$."{key.name}"'))


def _transformed(node: exp.Transform) -> exp.Expr:
    """Each item of a list by a query of it."""
    return _of_items(node.this, node.expression, node.expression.this, None)


def _chosen(node: exp.ArrayFilter) -> exp.Expr:
    name = node.expression.expressions[0]
    return _of_items(node.this, node.expression, exp.column(name.copy()), node.expression.this)


def _of_items(items: exp.Expr, by: exp.Lambda, value: exp.Expr, where: exp.Expr | None) -> exp.Expr:
    (name,) = by.expressions
    alias = exp.TableAlias(columns=[exp.to_identifier(name.name)])
    query = exp.Select(expressions=[value]).from_(
        exp.Unnest(expressions=[items], alias=alias, offset=exp.to_identifier("_place"))
    )
    query = query if where is None else query.where(where)
    return exp.Array(expressions=[query.order_by(exp.column("_place"))])


def _least(node: exp.Min) -> exp.Expr:
    if isinstance(node.this, exp.Struct | exp.Anonymous):
        raise _SAY.refuse("min() of several values at once")
    return node


def _take_percentiles(tree: exp.Expr) -> exp.Expr:
    """Percentiles of groups, which there are of windows only: of lists, in a query around the groups."""
    for select in list(tree.find_all(exp.Select, bfs=True))[::-1]:
        found = [_own_percentiles(each, select) for each in select.expressions]
        if any(found):
            _take(select, found)
    return tree


def _own_percentiles(selected: exp.Expr, select: exp.Select) -> list[exp.Expr]:
    nodes = selected.find_all(exp.PercentileCont)
    return [node for node in nodes if node.find_ancestor(exp.Select) is select]


def _take(select: exp.Select, found: list[list[exp.Expr]]) -> None:
    """Put a query around a select, whose percentiles become lists at the same places.

    Raises:
        QueryError: an expression has more than one.
    """
    outer = exp.Select()
    for place, (selected, nodes) in enumerate(zip(list(select.expressions), found, strict=True)):
        name = selected.alias_or_name
        if not nodes:
            outer.select(exp.alias_(column(name), name, quoted=True), copy=False)
            continue
        node, listed = nodes[0], f"_list_{place + 1}"
        if len(nodes) > 1 or isinstance(node.expression, exp.Array):
            raise _SAY.refuse("quantile_cont() of several shares")
        value = node.this
        whole_node = node.parent if isinstance(node.parent, exp.Filter) else node
        if isinstance(whole_node, exp.Filter):
            value = exp.Case(ifs=[exp.If(this=whole_node.expression.this, true=value)])
        of_list = _SAY.say(_OF_LIST, _l=column(listed), _p=node.expression)
        whole_node.replace(of_list)
        outer.select(selected.copy(), copy=False)
        made = exp.alias_(_SAY.say("ARRAY_AGG(_a IGNORE NULLS)", _a=value), listed)
        selected.replace(made)
    for name in ("with_", "order", "limit"):
        outer.set(name, select.args.get(name))
        select.set(name, None)
    placeholder = exp.Select()
    select.replace(placeholder)
    alias = exp.TableAlias(this=exp.to_identifier("_groups"))
    placeholder.replace(outer.from_(exp.Subquery(this=select, alias=alias)))


_OF_LIST = "(SELECT PERCENTILE_CONT(_v, _p) OVER () FROM UNNEST(_l) AS _v LIMIT 1)"


def _regexp(node: exp.Expr) -> exp.Expr:
    return call("REGEXP_CONTAINS", node.this, exp.Literal.string(rf"\A(?:{node.expression.name})\z"))


def _cast(node: exp.Cast) -> exp.Expr:
    kind = node.to
    if kind.is_type("int128", "uint128"):
        node.set("to", exp.DataType.build("BIGNUMERIC", dialect="bigquery"))
    if kind.is_type("timestampntz", "timestamp"):
        node.set("to", exp.DataType.build("DATETIME", dialect="bigquery"))
    return node


def _unnested(items: exp.Expr, number: int) -> tuple[exp.Expr, exp.Expr]:
    name = f"_item_of_{number}"
    alias = exp.TableAlias(columns=[exp.to_identifier(name)])
    return exp.Join(this=exp.Unnest(expressions=[items], alias=alias), kind="CROSS"), column(name)


def _time_text(node: exp.TimeToStr) -> exp.Expr:
    return call("FORMAT_DATETIME", exp.Literal.string(node.args["format"].name), node.this)


def _concat(node: exp.Concat) -> exp.Expr:
    return call(
        "CONCAT", *(_SAY.say("COALESCE(CAST(_a AS STRING), '')", _a=each) for each in node.expressions)
    )


def _trunc_time(node: exp.TimestampTrunc) -> exp.Expr:
    unit = node.args["unit"].name.upper()
    return call("DATETIME_TRUNC", node.this, exp.var("ISOWEEK" if unit == "WEEK" else unit))


def _order_windows(tree: exp.Expr) -> exp.Expr:
    """Windows with a name have missing values where BigQuery has them: they are ids, which break ties."""
    for select in tree.find_all(exp.Select):
        for window in select.args.get("windows") or ():
            for ordered in window.find_all(exp.Ordered):
                ordered.set("nulls_first", not ordered.args.get("desc"))
    return tree


_RULES: dict[type[exp.Expr] | str, Rule] = {
    **_SAY.rules(_TEMPLATES),
    exp.ArrayFilter: _chosen,
    exp.Cast: _cast,
    exp.Concat: _concat,
    exp.DateDiff: _SAY.difference(
        {
            "MICROSECOND": "DATETIME_DIFF(_b, _a, MICROSECOND)",
            "DAY": "DATE_DIFF(_b, _a, DAY)",
            "MONTH": "DATE_DIFF(_b, _a, MONTH)",
        }
    ),
    exp.Filter: templates.by_cases,
    exp.Greatest: over_nulls(exp.Greatest),
    exp.Least: over_nulls(exp.Least),
    exp.Min: _least,
    exp.RegexpFullMatch: _regexp,
    exp.TimestampTrunc: _trunc_time,
    exp.TimeToStr: _time_text,
    exp.Transform: _transformed,
    exp.TryCast: _cast,
    "timezone": _SAY.timezone("DATETIME(_a, 'UTC')", "DATETIME(TIMESTAMP(_a, _z), 'UTC')"),
    "_each_row": lambda _: exp.Window(this=exp.RowNumber(), over="OVER"),
    "_json_member": _member,
}

BIGQUERY = Dialect(
    engine="BigQuery",
    sqlglot="bigquery",
    plain=frozenset(
        {
            *(exp.Array, exp.ArrayAgg, exp.Explode, exp.PercentileCont, exp.Unnest),
            *(exp.Abs, exp.AnyValue, exp.Avg, exp.Ceil, exp.Coalesce, exp.Count, exp.CovarSamp, exp.EndsWith),
            *(exp.FirstValue, exp.Floor, exp.Lag, exp.LastValue, exp.Lead, exp.Length, exp.Lower, exp.Max),
            *(exp.Nullif, exp.Pow, exp.Replace, exp.Round, exp.RowNumber, exp.StartsWith, exp.Substring),
            *(exp.Sum, exp.Trim, exp.Trunc, exp.Upper, exp.Variance, exp.ApproxDistinct),
        }
    ),
    whole=lambda number: exp.Cast(
        this=exp.Literal.string(str(number)), to=exp.DataType.build("BIGNUMERIC", dialect="bigquery")
    ),
    before=(_take_percentiles,),
    after=(templates.spread(_unnested), _order_windows),
    rules=_RULES,
)
