"""Filters: the clauses of a bookmark as an expression, and an expression as clauses.

A clause is ``{"resourceType", "filterType", "defaultType", "filterOperator", "filterValue", "value"}``, where
``value`` is the property. A list of them is joined by ``all`` or ``any``. The steps of flows have another
form of the same (``property_filter_params_list``), and flows as a whole a third (``filter_by_event``).
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.expressions import nodes, parse
from mixpanel_nb.bookmarks import cohorts
from mixpanel_nb.bookmarks.properties import property_of_clause
from mixpanel_nb.bookmarks.refusals import only_tables, untranslated
from mixpanel_nb.queries.customs import LOOKUP, custom_property

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Clause = dict[str, Any]
    Shape = tuple[Any, ...]

ALL, ANY = "all", "any"

_COMPARED = {
    "is greater than": ">",
    "is less than": "<",
    "is at least": ">=",
    "is at most": "<=",
    "is greater than or equal to": ">=",
    "is less than or equal to": "<=",
    "is equal to": "==",
    "equals": "==",
    "does not equal": "!=",
}
_OPERATORS = {
    ">": "is greater than",
    "<": "is less than",
    ">=": "is at least",
    "<=": "is at most",
    "==": "is equal to",
    "!=": "does not equal",
}
_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_SECONDS = {"hour": 3_600, "day": 86_400, "week": 604_800}
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_STEP_SOURCES = {"properties": "events", "user": "people"}
_STEP_STRINGS = {
    "==": "equals",
    "!=": "does not equal",
    "in": "contains",
    "not in": "does not contain",
    "set": "is set",
    "not set": "is not set",
}
_STEP_NUMBERS = {
    **_OPERATORS,
    "><": "is between",
    "!><": "not between",
    "is set": "is set",
    "is not set": "is not set",
}
# The signs are those of the day against the event, as Mixpanel's own client sends them.
_STEP_DATES = {
    "==": "was on",
    "!=": "was not on",
    ">": "was before",
    "<": "was since",
    "><": "was between",
    "!><": "was not between",
}
_UNSET = ("is set", "is not set")


# Clauses as an expression


def expression_of(clauses: Sequence[Mapping[str, Any]], determiner: str = ALL) -> str | None:
    """The expression that holds where all, or any, of the clauses do; None without clauses.

    Raises:
        ParameterError: a clause cannot be said in an expression.
    """
    if determiner not in (ALL, ANY):
        raise untranslated(f"filters that are joined by {determiner!r}", determiner)
    texts = [_text_of(clause) for clause in clauses]
    if len(texts) == 1:
        return texts[0]
    joint = " and " if determiner == ALL else " or "
    return joint.join(_enclosed(text) for text in texts) or None


def both(one: str | None, other: str | None) -> str | None:
    """The expression that holds where both do; None for neither."""
    if one is None or other is None:
        return one or other
    return f"{_enclosed(one)} and {_enclosed(other)}"


def _enclosed(text: str) -> str:
    return f"({text})" if isinstance(parse(text), nodes.Logic | nodes.Not) else text


def _text_of(clause: Mapping[str, Any]) -> str:
    by_cohort = cohorts.condition_of(clause)
    if by_cohort is not None:
        return by_cohort
    operator, value = clause.get("filterOperator"), clause.get("filterValue")
    prop = property_of_clause(clause)
    if operator == "is set":
        return f"defined({prop})"
    if operator == "is not set":
        return f"not defined({prop})"
    kinds = {"string": _of_text, "number": _of_number, "boolean": _of_boolean, "datetime": _of_date}
    kind = str(clause.get("filterType"))
    write = kinds.get(kind)
    text = None if write is None else write(prop, str(operator), value, clause)
    if text is None:
        raise untranslated(f"a filter {operator!r} of type {kind!r} on {prop}", value)
    return text


def _of_text(prop: str, operator: str, value: Any, _: Mapping[str, Any]) -> str | None:
    if operator in ("equals", "is equal to", "does not equal"):
        listed = [quoted(each) for each in (value if isinstance(value, list) else [value])]
        if not listed:
            return None
        if len(listed) == 1:
            return f"{prop} {'!=' if operator == 'does not equal' else '=='} {listed[0]}"
        inside = f"{prop} in [{', '.join(listed)}]"
        return f"not {inside}" if operator == "does not equal" else inside
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(one, str):
        return None
    return {
        "contains": f"{quoted(one)} in {prop}",
        "does not contain": f"not {quoted(one)} in {prop}",
        "starts with": f"has_prefix({prop}, {quoted(one)})",
    }.get(operator)


def _of_number(prop: str, operator: str, value: Any, _: Mapping[str, Any]) -> str | None:
    if operator in ("is between", "between", "not between"):
        low, high = (_number(each) for each in _pair(value))
        if operator == "not between":
            return f"{prop} < {low} or {prop} > {high}"
        return f"{prop} >= {low} and {prop} <= {high}"
    sign = _COMPARED.get(operator)
    one = value[0] if isinstance(value, list) and len(value) == 1 else value
    return None if sign is None else f"{prop} {sign} {_number(one)}"


def _of_boolean(prop: str, operator: str, _: Any, __: Mapping[str, Any]) -> str | None:
    return f"{prop} == {operator}" if operator in ("true", "false") else None


def _of_date(prop: str, operator: str, value: Any, clause: Mapping[str, Any]) -> str | None:
    moment = f"datetime({prop})"
    if operator in ("was in the", "was not in the"):
        seconds = _SECONDS.get(str(clause.get("filterDateUnit")))
        if seconds is None or not isinstance(value, int):
            return None
        since = f"datetime(NOW - {value * seconds})"
        if operator == "was not in the":
            return f"{moment} < {since} or {moment} >= datetime(NOW)"
        return f"{moment} >= {since} and {moment} < datetime(NOW)"
    if operator in ("was between", "was not between"):
        first, last = (_day(each) for each in _pair(value))
        since, until = _moment(first), _moment(last + timedelta(days=1))
        if operator == "was not between":
            return f"{moment} < {since} or {moment} >= {until}"
        return f"{moment} >= {since} and {moment} < {until}"
    if operator == "was before":
        return f"{moment} < {_moment(_day(value))}"
    if operator == "was since":
        return f"{moment} >= {_moment(_day(value))}"
    if operator in ("was on", "was not on"):
        day = _day(value)
        since, until = _moment(day), _moment(day + timedelta(days=1))
        if operator == "was not on":
            return f"{moment} < {since} or {moment} >= {until}"
        return f"{moment} >= {since} and {moment} < {until}"
    return None


def quoted(value: Any) -> str:
    """A value as a text of an expression.

    Raises:
        ParameterError: it is no text.
    """
    if not isinstance(value, str):
        raise untranslated(f"a filter of text with the value {value!r}", value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise untranslated(f"a filter of numbers with the value {value!r}", value)
    try:
        number = float(value)
    except ValueError:
        raise untranslated(f"a filter of numbers with the value {value!r}", value) from None
    if isinstance(value, str):
        return value.strip()
    return repr(value) if number >= 0 else f"-{-value!r}"


def _pair(value: Any) -> Sequence[Any]:
    if not isinstance(value, list) or len(value) != 2:
        raise untranslated(f"a filter between the values {value!r}", value)
    return value


def _day(value: Any) -> date:
    text = str(value)[:10]
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise untranslated(f"a filter of days with the value {value!r}", value)


def _moment(day: date) -> str:
    return f'datetime("{day.isoformat()}")'


# An expression as clauses


def clauses_of(text: str | None) -> tuple[list[Clause], str] | None:
    """The clauses of an expression, and how they are joined; None if clauses cannot say it.

    Raises:
        ExpressionError: there is a mistake in it.
    """
    if text is None:
        return [], ALL
    node = parse(text)
    if (whole := _range_of([node])) is not None:
        return [whole], ALL
    if isinstance(node, nodes.Logic):
        operands = list(node.operands)
        found = _joined(operands) if node.operator == "and" else [_clause_of(each) for each in operands]
        determiner = ALL if node.operator == "and" else ANY
    else:
        found, determiner = [_clause_of(node)], ALL
    if any(each is None for each in found):
        return None
    return [each for each in found if each is not None], determiner


def _joined(operands: Sequence[nodes.Node]) -> list[Clause | None]:
    """The clauses of operands of ``and``; two that bound a property are one."""
    found: list[Clause | None] = []
    place = 0
    while place < len(operands):
        bounds = _range_of(operands[place : place + 2])
        found.append(_clause_of(operands[place]) if bounds is None else bounds)
        place += 1 if bounds is None else 2
    return found


def _clause_of(node: nodes.Node) -> Clause | None:
    match node:
        case nodes.Logic():
            return _range_of([node])
        case nodes.Not(operand=inner):
            return _negated(_clause_of(inner))
        case nodes.FunctionCall(name=cohorts.FUNCTION, arguments=(nodes.Constant(value=str(name)),)):
            return cohorts.clause_of(name)
        case nodes.FunctionCall(name="defined", arguments=(nodes.Property() as prop,)):
            return _clause(prop, "string", "is set", None)
        case nodes.FunctionCall(
            name="has_prefix", arguments=(nodes.Property() as prop, nodes.Constant(value=str(start)))
        ):
            return _clause(prop, "string", "starts with", start)
        case nodes.Binary(
            operator="in", left=nodes.Constant(value=str(part)), right=nodes.Property() as prop
        ):
            return _clause(prop, "string", "contains", part)
        case nodes.Binary(operator="in", left=nodes.Property() as prop, right=nodes.Items(values=values)):
            return _clause_in(prop, [each.value for each in values])
        case nodes.Binary(operator=sign, left=left, right=right) if sign in _OPERATORS:
            return _compared(left, sign, right) or _compared(right, _FLIPPED[sign], left)
    return None


def _compared(left: nodes.Node, sign: str, right: nodes.Node) -> Clause | None:
    if isinstance(left, nodes.FunctionCall) and left.name == "datetime":
        (left,) = left.arguments
        day = _day_of(right)
        operator = {"<": "was before", ">=": "was since"}.get(sign)
        if isinstance(left, nodes.Property) and day is not None and operator is not None:
            return _clause(left, "datetime", operator, day)
        return None
    value = _constant(right)
    if not isinstance(left, nodes.Property) or value is None:
        return None
    if isinstance(value, bool):
        return _clause(left, "boolean", str(value).lower(), None) if sign == "==" else None
    if isinstance(value, str):
        operator = {"==": "equals", "!=": "does not equal"}.get(sign)
        return None if operator is None else _clause(left, "string", operator, [value])
    return _clause(left, "number", _OPERATORS[sign], value)


def _clause_in(prop: nodes.Property, values: list[Any]) -> Clause | None:
    return _clause(prop, "string", "equals", values) if all(isinstance(v, str) for v in values) else None


def _negated(clause: Clause | None) -> Clause | None:
    """The opposite of a clause, also for events without the property."""
    opposites = {"equals": "does not equal", "contains": "does not contain", "is set": "is not set"}
    if clause is not None and clause.get("value") == cohorts.COHORTS:
        return cohorts.negated(clause)
    if clause is None or clause["filterOperator"] not in opposites:
        return None
    return clause | {"filterOperator": opposites[clause["filterOperator"]]}


def _range_of(operands: Sequence[nodes.Node]) -> Clause | None:
    """The clause of two bounds of one property, as :func:`expression_of` writes them."""
    if len(operands) == 1 and isinstance(operands[0], nodes.Logic):
        joint, operands = operands[0].operator, operands[0].operands
    else:
        joint = "and"
    if len(operands) != 2:
        return None
    wanted = (joint, tuple(_shape(each) for each in operands))
    for clause in _candidates(operands):
        node = parse(_text_of(clause))
        if isinstance(node, nodes.Logic):
            found = node.operator, tuple(_shape(each) for each in node.operands)
            if found == wanted:
                return clause
    return None


def _candidates(operands: Sequence[nodes.Node]) -> list[Clause]:
    low, high = operands
    if not isinstance(low, nodes.Binary) or not isinstance(high, nodes.Binary):
        return []
    prop = low.left
    numbers = _constant(low.right), _constant(high.right)
    if isinstance(prop, nodes.Property) and all(_is_number(number) for number in numbers):
        operators = ("is between", "not between")
        return [_clause(prop, "number", operator, list(numbers)) for operator in operators]
    if not (isinstance(prop, nodes.FunctionCall) and prop.name == "datetime"):
        return []
    (of,) = prop.arguments
    if not isinstance(of, nodes.Property):
        return []
    found: list[Clause] = []
    first, after = _day_of(low.right), _day_of(high.right)
    if first is not None and after is not None:
        last = (date.fromisoformat(after) - timedelta(days=1)).isoformat()
        days: Any = first if first == last else [first, last]
        names = ("was on", "was not on") if first == last else ("was between", "was not between")
        found += [_clause(of, "datetime", name, days) for name in names]
    seconds = _seconds_before_now(low.right)
    unit = next((unit for unit in reversed(_SECONDS) if seconds and seconds % _SECONDS[unit] == 0), None)
    if unit == "week":
        unit = "day"
    if seconds and unit is not None:
        ago = {"filterDateUnit": unit}
        found += [
            _clause(of, "datetime", name, seconds // _SECONDS[unit]) | ago
            for name in ("was in the", "was not in the")
        ]
    return found


def _clause(prop: nodes.Property, kind: str, operator: str, value: Any) -> Clause:
    if prop.name.startswith(LOOKUP):
        raise only_tables("Mixpanel does not know the lookup tables of your database.", "where")
    number = custom_property(prop.name)
    named = {"value": prop.name} if number is None else {"customPropertyId": number, "dataset": "$mixpanel"}
    return {
        "resourceType": "people" if prop.source == "user" else "events",
        "filterType": kind,
        "defaultType": kind,
        "filterValue": value,
        "filterOperator": operator,
        **named,
    }


def _constant(node: nodes.Node) -> Any:
    if isinstance(node, nodes.Negative):
        value = _constant(node.operand)
        return -value if _is_number(value) else None
    return node.value if isinstance(node, nodes.Constant) else None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _day_of(node: nodes.Node) -> str | None:
    """The day of ``datetime("2025-01-31")``."""
    match node:
        case nodes.FunctionCall(name="datetime", arguments=(nodes.Constant(value=str(text)),)):
            day = text.removesuffix("T00:00:00")
            return day if _DAY.fullmatch(day) else None
    return None


def _seconds_before_now(node: nodes.Node) -> int | None:
    """The seconds of ``datetime(NOW - 604800)``."""
    match node:
        case nodes.FunctionCall(
            name="datetime",
            arguments=(
                nodes.Binary(operator="-", left=nodes.Now(), right=nodes.Constant(value=int(seconds))),
            ),
        ):
            return seconds
    return None


def _shape(node: Any) -> Shape:
    """A node without its place in the text."""
    if isinstance(node, tuple):
        return tuple(_shape(each) for each in node)
    if not isinstance(node, nodes.Node):
        return (type(node), node)
    values = (value for name, value in vars(node).items() if name != "position")
    return (type(node), *(_shape(value) for value in values))


# The two forms of flows


def of_step(listed: Sequence[Mapping[str, Any]], joint: str) -> str | None:
    """The expression of a flow step's filters (``property_filter_params_list`` and ``bool_op``).

    Raises:
        ParameterError: one cannot be said in an expression.
    """
    return expression_of([_from_step(each) for each in listed], ANY if joint == "or" else ALL)


def _from_step(entry: Mapping[str, Any]) -> Clause:
    try:
        prop, kind, wanted = entry["property"], entry["type"], entry["filter"]
        source = _STEP_SOURCES[prop["source"]]
        operand = wanted["operand"]
        clause = {"resourceType": source, "filterType": kind, "value": prop["name"]}
        if kind == "boolean":
            return clause | {"filterOperator": operand, "filterValue": None}
        operators = {"string": _STEP_STRINGS, "number": _STEP_NUMBERS, "datetime": _STEP_DATES}[kind]
        if kind == "datetime":
            return clause | _date_from_step(wanted, operators)
        return clause | {"filterOperator": operators[wanted["operator"]], "filterValue": operand}
    except (KeyError, TypeError, AttributeError):
        raise untranslated(f"a filter of a step of an unknown form, {str(entry)[:80]!r}", entry) from None


def _date_from_step(wanted: Mapping[str, Any], operators: Mapping[str, str]) -> Clause:
    operand = wanted["operand"]
    if "unit" in wanted:
        unit = str(wanted["unit"]).removesuffix("s")
        return {"filterOperator": "was in the", "filterValue": operand, "filterDateUnit": unit}
    days = [_american(day) for day in operand] if isinstance(operand, list) else _american(operand)
    return {"filterOperator": operators[wanted["operator"]], "filterValue": days}


def _american(day: str) -> str:
    month, number, year = day.split("/")
    return f"{year}-{month}-{number}"


def step_clauses(text: str | None) -> tuple[list[Clause], str] | None:
    """The filters of a flow step, and ``and`` or ``or``; None if they cannot say the expression.

    Raises:
        ExpressionError: there is a mistake in it.
    """
    found = clauses_of(text)
    if found is None:
        return None
    clauses, determiner = found
    entries = [_to_step(clause) for clause in clauses]
    if any(entry is None for entry in entries):
        return None
    return [each for each in entries if each is not None], "or" if determiner == ANY else "and"


def _to_step(clause: Clause) -> Clause | None:
    kind, operator, value = clause["filterType"], clause["filterOperator"], clause["filterValue"]
    _refuse_custom(clause)
    wanted: Clause
    if kind == "boolean":
        wanted = {"operand": operator}
    elif kind == "datetime":
        found = _date_to_step(clause)
        if found is None:
            return None
        wanted = found
    else:
        known = _STEP_STRINGS if kind == "string" else _STEP_NUMBERS
        sign = next((sign for sign, name in known.items() if name == operator), None)
        if sign is None:
            return None
        if operator in _UNSET:
            operand: Any = ""
        elif kind == "number":
            operand = [str(each) for each in value] if isinstance(value, list) else str(value)
        else:
            operand = value
        wanted = {"operator": sign, "operand": operand}
    source = "user" if clause["resourceType"] == "people" else "properties"
    return {
        "property": {"name": clause["value"], "source": source, "type": kind},
        "type": kind,
        "selected_property_type": kind,
        "filter": wanted,
    }


def _refuse_custom(clause: Clause) -> None:
    """Refuse a custom property or a cohort, for which the filters of flows have no field.

    Raises:
        ParameterError: the clause is about one.
    """
    if clause.get("value") == cohorts.COHORTS:
        raise only_tables(
            "A flow has a cohort as its only filter, without others and not of a step.", "where"
        )
    if "customPropertyId" in clause:
        raise only_tables("Mixpanel's flows have no filter by a custom property.", "where")


def _date_to_step(clause: Clause) -> Clause | None:
    operator, value = clause["filterOperator"], clause["filterValue"]
    if operator == "was in the":
        return {"operator": ">", "operand": value, "unit": f"{clause['filterDateUnit']}s"}
    sign = next((sign for sign, name in _STEP_DATES.items() if name == operator), None)
    if sign is None:
        return None
    days = [f"{day[5:7]}/{day[8:10]}/{day[:4]}" for day in (value if isinstance(value, list) else [value])]
    return {"operator": sign, "operand": days if isinstance(value, list) else days[0]}


def of_flow(found: Mapping[str, Any] | None) -> str | None:
    """The expression of ``filter_by_event``: ``{"operator": "and", "children": [clause, …]}``.

    Raises:
        ParameterError: it cannot be said in an expression.
    """
    if not found:
        return None
    clauses = [{**child, "value": child.get("propertyName")} for child in found.get("children") or ()]
    return expression_of(clauses, ANY if found.get("operator") == "or" else ALL)


def flow_clauses(clauses: Sequence[Clause], determiner: str) -> Clause:
    """``filter_by_event`` of the clauses of an expression.

    Raises:
        ParameterError: one is about a custom property or a cohort.
    """
    for clause in clauses:
        _refuse_custom(clause)
    children = [
        {name: value for name, value in clause.items() if name not in ("value", "defaultType")}
        | {"propertyName": clause["value"]}
        for clause in clauses
    ]
    return {"operator": "or" if determiner == ANY else "and", "children": children}
