"""Snowflake's SQL: https://docs.snowflake.com/en/sql-reference. It was not run by us.

Times are ``TIMESTAMP_NTZ``; a JSON value is its text.
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

_SAY = Templates("Snowflake", "snowflake")
_TEXT = "CAST(TRY_PARSE_JSON(_a) AS VARCHAR)"
_NUMBER = "_TRY_DOUBLE(_a)"
_WHOLE = "_TRY_WHOLE(_a)"
_TEMPLATES: dict[type[exp.Expr] | str, str] = {
    exp.ArrayAppend: "ARRAY_APPEND(_a, _b)",
    exp.ArrayConcat: "ARRAY_CAT(_a, _b)",
    exp.ArrayContains: "ARRAY_CONTAINS(TO_VARIANT(_b), _a)",
    exp.ArrayDistinct: "ARRAY_DISTINCT(_a)",
    exp.ArraySize: "ARRAY_SIZE(_a)",
    exp.LogicalOr: "BOOLOR_AGG(_a)",
    exp.StrPosition: "CHARINDEX(_b, _a)",
    exp.TimeToUnix: "DATE_PART(EPOCH_MICROSECOND, _a) / 1000000",
    exp.UnixToTime: "TO_TIMESTAMP_NTZ(CAST(_a AS NUMBER(38, 0)), 6)",
    exp.RegexpLike: "REGEXP_INSTR(_a, _b) > 0",
    "isfinite": "ABS(_a) < CAST('inf' AS DOUBLE)",
    "_each_row": "SEQ8()",
    "_number_text": (
        "CASE WHEN ABS(_a) < 9007199254740992 AND _a = ROUND(_a) "
        "THEN CAST(CAST(_a AS NUMBER(38, 0)) AS VARCHAR) ELSE CAST(CAST(_a AS DOUBLE) AS VARCHAR) END"
    ),
    "_json_array": "CASE WHEN STARTSWITH(_a, '[') THEN _a END",
    "_json_array_length": "ARRAY_SIZE(TRY_PARSE_JSON(_a))",
    "_json_boolean": "CASE _a WHEN 'true' THEN TRUE WHEN 'false' THEN FALSE END",
    "_json_items": "TRANSFORM(CAST(TRY_PARSE_JSON(_a) AS ARRAY), _x VARIANT -> TO_JSON(_x))",
    "_json_keys": "OBJECT_KEYS(TRY_PARSE_JSON(_a))",
    "_json_kind": (
        "CASE WHEN _a IS NULL THEN NULL WHEN STARTSWITH(_a, '\"') THEN 'VARCHAR' WHEN STARTSWITH(_a, '[') "
        "THEN 'ARRAY' WHEN STARTSWITH(_a, '{') THEN 'OBJECT' WHEN _a IN ('true', 'false') THEN 'BOOLEAN' "
        "WHEN _a = 'null' THEN 'NULL' WHEN REGEXP_INSTR(_a, '[.eE]') > 0 THEN 'DOUBLE' ELSE 'BIGINT' END"
    ),
    "_json_member": "TO_JSON(GET(TRY_PARSE_JSON(_a), _b))",
    "_json_number": f"CASE WHEN ABS({_NUMBER}) < CAST('inf' AS DOUBLE) THEN {_NUMBER} END",
    "_json_string": f"CASE WHEN STARTSWITH(_a, '\"') THEN {_TEXT} END",
    "_json_text": f"CASE WHEN STARTSWITH(_a, '\"') THEN {_TEXT} ELSE _a END",
    "_json_valid": "TRY_PARSE_JSON(_a) IS NOT NULL",
    "_json_whole": (
        f"CASE WHEN REGEXP_INSTR(_a, '[.eE]') = 0 AND {_WHOLE} BETWEEN -9223372036854775808 "
        f"AND 18446744073709551615 THEN {_WHOLE} END"
    ),
    "_to_json": "TO_JSON(TO_VARIANT(_a))",
}


def _percentile(node: exp.PercentileCont) -> exp.Expr:
    if isinstance(node.expression, exp.Array):
        raise _SAY.refuse("quantile_cont() of several shares")
    order = exp.Order(expressions=[exp.Ordered(this=node.this)])
    return exp.WithinGroup(this=exp.PercentileCont(this=node.expression), expression=order)


def _min(node: exp.Min) -> exp.Expr:
    if isinstance(node.this, exp.Struct | exp.Anonymous):
        raise _SAY.refuse("min() of several values at once")
    return node


def _regexp(node: exp.Expr) -> exp.Expr:
    return call("REGEXP_LIKE", node.this, exp.Literal.string(node.expression.name))


def _cast(node: exp.Cast) -> exp.Expr:
    """Moments with a zone are read as UTC, whatever the session's zone is."""
    kind = node.to
    if kind.is_type("int128", "uint128"):
        node.set("to", exp.DataType.build("DECIMAL(38, 0)"))
    return node


def _flattened(items: exp.Expr, number: int) -> tuple[exp.Expr, exp.Expr]:
    """A list as rows by ``LATERAL FLATTEN``; its items are texts."""
    name = f"_items_{number}"
    flat = call("FLATTEN", exp.Kwarg(this=exp.var("input"), expression=items))
    lateral = exp.Lateral(this=flat, alias=exp.TableAlias(this=exp.to_identifier(name)))
    item = exp.Cast(this=column("value", name), to=exp.DataType.build("VARCHAR"))
    return exp.Join(this=lateral, kind="CROSS"), item


def _time_text(node: exp.TimeToStr) -> exp.Expr:
    if node.args["format"].name != "%Y-%m-%dT%H:%M:%S":
        raise _SAY.refuse("strftime() of this format")
    return call("TO_CHAR", node.this, exp.Literal.string('YYYY-MM-DD"T"HH24:MI:SS'))


def _concat(node: exp.Concat) -> exp.Expr:
    return call(
        "CONCAT", *(_SAY.say("COALESCE(CAST(_a AS VARCHAR), '')", _a=each) for each in node.expressions)
    )


def _trunc_time(node: exp.TimestampTrunc) -> exp.Expr:
    """The start of a unit; weeks begin on Monday, whatever the session's WEEK_START is."""
    unit = node.args["unit"].name.lower()
    day = call("DATE_TRUNC", exp.Literal.string("day" if unit == "week" else unit), node.this)
    if unit == "week":
        back = exp.Sub(this=exp.Literal.number(1), expression=call("DAYOFWEEKISO", node.this.copy()))
        day = call("DATEADD", exp.var("DAY"), back, day)
    return _SAY.say("CAST(_a AS TIMESTAMP_NTZ)", _a=day)


_TRIED = {"double": "TRY_TO_DOUBLE", "timestampntz": "TRY_TO_TIMESTAMP_NTZ"}


def _try_cast(node: exp.TryCast) -> exp.Expr:
    """By functions, which take texts alone, as ours do."""
    for kind, function in _TRIED.items():
        if node.to.is_type(kind):
            return call(function, node.this)
    if node.to.is_type("bigint", "int128"):
        return call("TRY_TO_NUMBER", node.this, exp.Literal.number(38), exp.Literal.number(0))
    raise _SAY.refuse(f"TRY_CAST to {node.to.sql()}")


def _name_tries(tree: exp.Expr) -> exp.Expr:
    """The functions of templates, which sqlglot would turn into casts that fail."""
    for node in tree.find_all(exp.Anonymous):
        if node.name == "_TRY_DOUBLE":
            node.set("this", "TRY_TO_DOUBLE")
        if node.name == "_TRY_WHOLE":
            node.set("this", "TRY_TO_NUMBER")
            node.set("expressions", [*node.expressions, exp.Literal.number(38), exp.Literal.number(0)])
    return tree


def _unquote(tree: exp.Expr) -> exp.Expr:
    """Names in small letters without quotes everywhere: with them, they would be other names."""
    for name in tree.find_all(exp.Identifier):
        if name.name.isidentifier() and name.name.isascii() and name.name == name.name.lower():
            name.set("quoted", False)
    return tree


_RULES: dict[type[exp.Expr] | str, Rule] = {
    **_SAY.rules(_TEMPLATES),
    exp.Cast: _cast,
    exp.Concat: _concat,
    exp.DateDiff: _SAY.difference(
        {
            "MICROSECOND": "DATEDIFF(MICROSECOND, _a, _b)",
            "DAY": "DATEDIFF(DAY, _a, _b)",
            "MONTH": "DATEDIFF(MONTH, _a, _b)",
        }
    ),
    exp.Filter: templates.by_cases,
    exp.Greatest: over_nulls(exp.Greatest),
    exp.Least: over_nulls(exp.Least),
    exp.Min: _min,
    exp.PercentileCont: _percentile,
    exp.RegexpFullMatch: _regexp,
    exp.TimestampTrunc: _trunc_time,
    exp.TimeToStr: _time_text,
    exp.TryCast: _try_cast,
    "timezone": _SAY.timezone(
        "CAST(CONVERT_TIMEZONE('UTC', _a) AS TIMESTAMP_NTZ)", "CONVERT_TIMEZONE(_z, 'UTC', _a)"
    ),
}

SNOWFLAKE = Dialect(
    engine="Snowflake",
    sqlglot="snowflake",
    plain=frozenset(
        {
            *(exp.Array, exp.ArrayAgg, exp.ArrayFilter, exp.Explode, exp.Transform),
            *(exp.Abs, exp.AnyValue, exp.Avg, exp.Ceil, exp.Coalesce, exp.ConcatWs, exp.Count, exp.CovarSamp),
            *(exp.EndsWith, exp.FirstValue, exp.Floor, exp.Lag, exp.LastValue, exp.Lead, exp.Length, exp.Log),
            *(exp.Lower, exp.Max, exp.Nullif, exp.Pow, exp.Replace, exp.Round, exp.RowNumber, exp.StartsWith),
            *(exp.Substring, exp.Sum, exp.Trim, exp.Trunc, exp.Upper, exp.Variance, exp.ApproxDistinct),
        }
    ),
    whole=lambda number: exp.Cast(
        this=exp.Literal.string(str(number)), to=exp.DataType.build("DECIMAL(38, 0)")
    ),
    after=(templates.spread(_flattened), _name_tries, _unquote),
    rules=_RULES,
)
