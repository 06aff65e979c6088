"""Compiler from parsed expressions to SQL, with the typing rules of Mixpanel's documentation.

The rules are those of https://developer.mixpanel.com/reference/segmentation-expressions;
``docs/local-reports.md`` defines what that page leaves open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from mixpanel_nb.analytics.definitions import Definitions
from mixpanel_nb.analytics.expressions import moments, nodes
from mixpanel_nb.analytics.expressions.parser import IN_COHORT, Dialect, parse
from mixpanel_nb.analytics.expressions.values import (
    Value,
    decided,
    first_of,
    members,
    number_in,
    of_json,
    text_of,
    truth,
)
from mixpanel_nb.analytics.sql import Parameters, identifier
from mixpanel_nb.errors import Command, ExpressionError, ParameterError, did_you_mean
from mixpanel_nb.queries.customs import LOOKUP, custom_property, saved_cohort

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from zoneinfo import ZoneInfo

    from mixpanel_nb.analytics.columns import PropertyColumn, TableColumns
    from mixpanel_nb.errors import Text

EVENTS, PROFILES, COHORT = "e", "u", "c"
"""The aliases of events and profiles in statements; of cohorts, with a number."""

_EXACT_IN_DOUBLE = 2**53
_COMPARED = ("number", "text", "moment")
_EQUATED = ("text", "number", "boolean", "moment")
_TIME = frozenset({"time", "$time"})
_DISTINCT_ID = frozenset({"distinct_id", "$distinct_id"})
_NAMES = {
    "text": "text",
    "number": "a number",
    "moment": "a date",
    "items": "a list",
    "boolean": "true or false",
}


@dataclass
class Scope:
    """The context in which an expression is compiled.

    Attributes:
        main: The table that ``properties[…]`` reads: events, or profiles in their own dialect.
        parameters: Collects the statement's bound values.
        zone: The project's time zone.
        now: Unix seconds, for ``NOW``.
        find_profiles: Finds the profiles that ``user[…]`` reads, or None if there are none; called only if an
            expression needs them.
        dialect: The dialect.
        behaviors: SQL of a number for each ``behaviors["name"]`` of a profile query.
        profiles: The profiles, once an expression reads them.
        notes: Notes for the reader, such as a comparison that can never be true.
        without_column: Collects the properties of the main table without their own column.
        find_cohorts: Finds the tables of ids of the cohorts, by name; called only if one is needed.
        cohorts: The alias and the table of each cohort, once an expression needs it.
        find_definitions: Finds the custom properties and lookup tables; called only if one is needed.
        lookups: The alias and the JOIN of each lookup table, by its name, once an expression needs it.
    """

    main: TableColumns
    parameters: Parameters
    zone: ZoneInfo
    now: float
    find_profiles: Callable[[], TableColumns | None]
    dialect: Dialect = Dialect.EVENTS
    behaviors: Mapping[str, str] = field(default_factory=dict)
    profiles: TableColumns | None = None
    notes: list[str] = field(default_factory=list)
    without_column: list[str] = field(default_factory=list)
    find_cohorts: Callable[[], Mapping[str, str]] = dict
    cohorts: dict[str, tuple[str, str]] = field(default_factory=dict)
    find_definitions: Callable[[], Definitions] = Definitions
    lookups: dict[str, tuple[str, str]] = field(default_factory=dict)

    def member(self, cohort: str) -> str:
        """A condition (never NULL): the event's user is in a cohort.

        Raises:
            ParameterError: there is no such cohort.
        """
        if cohort not in self.cohorts:
            known = self.find_cohorts()
            if cohort not in known:
                near = did_you_mean(cohort, known)
                hint: Text = near or ["See those that there are: ", Command("cohort list")]
                number = saved_cohort(cohort)
                if number is not None:
                    saved = Command(f"cohort save NAME --mixpanel {number}")
                    hint = ["Mixpanel has its own: ", saved, " keeps its users under a name here."]
                message = f"There is no cohort {cohort!r}."
                raise ParameterError(message, parameter="in_cohort", value=cohort, hint=hint)
            self.cohorts[cohort] = (f"{COHORT}{len(self.cohorts) + 1}", known[cohort])
        return f"{self.cohorts[cohort][0]}.distinct_id IS NOT NULL"


class Compiler:
    """Compiles expressions in one scope."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope
        self._text = ""

    def condition(self, text: str) -> str:
        """SQL that holds where the expression is true (NULL where it is undefined).

        Raises:
            ExpressionError: it does not parse, or can never be true or false.
        """
        self._text = text
        node = parse(text, self._scope.dialect)
        return self._operand(node, "A filter").as_condition

    def value(self, text: str) -> Value:
        """The value of an expression.

        Raises:
            ExpressionError: it does not parse.
        """
        self._text = text
        return self._value(parse(text, self._scope.dialect))

    def property(self, name: str) -> Value:
        """The value of ``properties[name]``."""
        return self._property(nodes.Property(0, "properties", name))

    def membership(self, cohorts: Sequence[str]) -> Value:
        """The cohorts in which the event's user is, as segments.

        Raises:
            ParameterError: there is no such cohort.
        """
        members = [self._scope.member(cohort) for cohort in cohorts]
        names = [self._bind(f"in {cohort}", "segment") for cohort in cohorts]
        if len(cohorts) == 1:
            outside = self._bind(f"not in {cohorts[0]}", "segment")
            return Value(text=f"CASE WHEN {members[0]} THEN {names[0]} ELSE {outside} END", present="TRUE")
        found = ", ".join(
            f"CASE WHEN {member} THEN {name} END" for member, name in zip(members, names, strict=True)
        )
        nowhere = self._bind("in none", "segment")
        held = f"[_name FOR _name IN [{found}] IF _name IS NOT NULL]"
        return Value(items=f"to_json(CASE WHEN {' OR '.join(members)} THEN {held} ELSE [{nowhere}] END)")

    def _value(self, node: nodes.Node) -> Value:
        compile_: Callable[[nodes.Node], Value] = getattr(self, f"_{type(node).__name__.lower()}")
        return compile_(node)

    # Leaves

    def _constant(self, node: nodes.Constant) -> Value:
        value = node.value
        if isinstance(value, bool):
            return Value(boolean="TRUE" if value else "FALSE", certain=True, present="TRUE", constant=value)
        if isinstance(value, str):
            return Value(text=self._bind(value, "text"), present="TRUE", constant=value)
        name = self._bind(value, "number")
        if isinstance(value, float):  # written out, it would be a DECIMAL
            return Value(number=f"CAST({name} AS DOUBLE)", is_double=True, present="TRUE", constant=value)
        return Value(number=name, present="TRUE", constant=value)

    def _items(self, node: nodes.Items) -> Value:
        message = "A list can only stand to the right of `in`."
        raise self._mistake(message, node)

    def _now(self, node: nodes.Now) -> Value:
        return self._constant(nodes.Constant(node.position, float(int(self._scope.now))))

    def _property(self, node: nodes.Property) -> Value:
        scope = self._scope
        if node.source == "behaviors":
            return self._behavior(node)
        if node.source == "user":
            scope.profiles = scope.profiles or scope.find_profiles()
            if scope.profiles is None:
                message = f'user["{node.name}"] needs a table of profiles.'
                raise self._mistake(message, node, ["Fetch them first: ", Command("fetch profiles")])
            return self._read(scope.profiles, PROFILES, node.name)
        if scope.dialect is Dialect.PROFILES:
            return self._read(scope.main, PROFILES, node.name)
        if node.name in _TIME:
            return self._event_time()
        if node.name in _DISTINCT_ID:
            return Value(text=f"{EVENTS}.distinct_id")
        if node.source == "event":
            message = f'An event has no "{node.name}" of its own.'
            raise self._mistake(message, node, 'It has $time; properties are written properties["name"].')
        if node.name == "$insert_id" and scope.main.has_insert_id:
            return Value(text=f"{EVENTS}.insert_id")
        return self._read(scope.main, EVENTS, node.name)

    def _behavior(self, node: nodes.Property) -> Value:
        if node.name not in self._scope.behaviors:
            message = f"There is no behavior {node.name!r}."
            known = did_you_mean(node.name, self._scope.behaviors)
            raise self._mistake(message, node, known or "Name it in `behaviors`.")
        return Value(number=self._scope.behaviors[node.name])

    def _event_time(self) -> Value:
        """Whole seconds, as exports have them."""
        time = f"{EVENTS}.event_time"
        return Value(
            number=f"floor(epoch({time}))",
            is_double=True,
            moment=f"date_trunc('second', {time})",
            present=f"{time} IS NOT NULL",
        )

    def _read(self, table: TableColumns, alias: str, name: str) -> Value:
        if name in _DISTINCT_ID and alias == PROFILES:
            return Value(text=f"{alias}.distinct_id")
        column = table.properties.get(name)
        if column is not None:
            return self._read_column(column, alias)
        if alias == EVENTS and (defined := self._defined(name)) is not None:
            return defined
        if table is self._scope.main:
            self._scope.without_column.append(name)
        if not table.has_json:
            return Value()
        path = self._bind("/" + name.replace("~", "~0").replace("/", "~1"), "path")
        source = f"{alias}.properties"
        return of_json(f"{source} ->> {path}", f"json_type({source}, {path})", f"{source} -> {path}")

    def _defined(self, name: str) -> Value | None:
        """The value of a custom property, or of a column of a lookup table; None for any other name.

        Raises:
            ParameterError: it is not known here.
        """
        number = custom_property(name)
        if number is not None:
            from mixpanel_nb.analytics.expressions.formulas import FormulaCompiler

            prop = self._scope.find_definitions().property(number)
            self._scope.notes.append(f"{name} is {prop.name!r}: {prop.formula}.")
            return FormulaCompiler(self._scope, prop).result()
        found = self._scope.find_definitions().lookup(name) if name.startswith(LOOKUP) else None
        if found is None:
            return None
        lookup, column = found
        joined = self._scope.lookups
        if lookup.name not in joined:
            alias, key = f"l_{len(joined) + 1}", text_of(Compiler(self._scope).value(lookup.prop))
            joined[lookup.name] = (
                alias,
                f"LEFT JOIN {lookup.table} AS {alias} ON {alias}.{lookup.key} = {key}",
            )
        return self._read_column(column, joined[lookup.name][0])

    def _read_column(self, column: PropertyColumn, alias: str) -> Value:
        sql = f"{alias}.{identifier(column.name)}"
        match column.holds:
            case "text":
                return Value(text=sql)
            case "boolean":
                return Value(boolean=sql)
            case "integer":
                return Value(number=sql)
            case "double":
                return Value(number=sql, is_double=True)
            case "float":
                return Value(number=f"CASE WHEN isfinite({sql}) THEN {sql} END", is_double=True)
            case "decimal":
                return Value(number=f"CAST({sql} AS DOUBLE)", is_double=True)
            case "moment":
                return Value(moment=f"date_trunc('second', {sql})")
        return of_json(f"{sql} ->> '$'", f"json_type({sql})", sql)

    # Functions

    def _functioncall(self, node: nodes.FunctionCall) -> Value:
        if node.name == IN_COHORT:
            return self._member(node)
        if node.name == "datetime" and isinstance(node.arguments[0], nodes.Constant):
            return self._moment(node.arguments[0].value)
        arguments = [self._value(argument) for argument in node.arguments]
        compile_: Callable[..., Value] = getattr(self, f"_call_{node.name}")
        return compile_(*arguments)

    def _member(self, node: nodes.FunctionCall) -> Value:
        name = str(cast("nodes.Constant", node.arguments[0]).value)
        try:
            member = self._scope.member(name)
        except ParameterError as error:
            raise self._mistake(str(error.message), node, error.hint) from None
        return Value(boolean=f"({member})", condition=member, certain=True, present="TRUE")

    def _call_string(self, value: Value) -> Value:
        return Value(text=text_of(value)) if value.types else Value()

    def _call_number(self, value: Value) -> Value:
        forms = [value.double] if value.double else []
        if value.text:
            forms.append(number_in(value.text))
        if value.boolean:
            forms.append(f"CAST({value.boolean} AS DOUBLE)")
        if value.moment and not value.number:
            forms.append(f"epoch({value.moment})")
        return Value(number=first_of(forms), is_double=True) if forms else Value()

    def _call_boolean(self, value: Value) -> Value:
        forms = [value.boolean] if value.boolean else []
        if value.number:
            forms.append(f"{value.number} <> 0")
        if value.text:
            forms.append(f"{value.text} NOT IN ('', 'false')")
        if forms and not (value.items or value.moment):
            return truth(first_of(forms))
        return truth(f"coalesce({', '.join([*forms, value.is_set])})")

    def _call_list(self, value: Value) -> Value:
        return Value(items=value.items)

    def _call_defined(self, value: Value) -> Value:
        return truth(value.is_set, exact=f"({value.is_set})")

    def _call_datetime(self, value: Value) -> Value:
        if value.moment:
            return Value(moment=value.moment)
        forms = [moments.number_sql(value.double)] if value.double else []
        if value.text:
            utc = self._scope.zone.key == "UTC"
            forms.append(
                moments.text_sql(value.text, None if utc else self._bind(self._scope.zone.key, "zone"))
            )
        return Value(moment=first_of(forms)) if forms else Value()

    def _moment(self, constant: str | float) -> Value:
        if isinstance(constant, str):
            moment = moments.of_text(constant, self._scope.zone)
        else:
            moment = moments.of_number(float(constant))
        return Value() if moment is None else Value(moment=self._bind(moment, "moment"))

    def _call_has_prefix(self, value: Value, prefix: Value) -> Value:
        texts = value.text and prefix.text
        # It ignores case: https://docs.mixpanel.com/docs/features/custom-properties
        return decided([f"starts_with(lower({value.text}), lower({prefix.text}))"] if texts else [])

    def _call_floor(self, value: Value) -> Value:
        return self._rounded("floor", value)

    def _call_ceil(self, value: Value) -> Value:
        return self._rounded("ceil", value)

    def _call_round(self, value: Value) -> Value:
        return self._rounded("round", value)

    def _rounded(self, function: str, value: Value) -> Value:
        return Value(number=f"{function}({value.double})", is_double=True) if value.double else Value()

    # Arithmetic

    def _negative(self, node: nodes.Negative) -> Value:
        if isinstance(node.operand, nodes.Constant) and type(node.operand.value) in (int, float):
            number = cast("int | float", node.operand.value)
            return self._constant(nodes.Constant(node.position, -number))
        value = self._value(node.operand)
        return Value(number=f"(-{value.double})", is_double=True) if value.double else Value()

    def _arithmetic(self, operator: str, left: Value, right: Value) -> Value:
        number = text = None
        if left.double and right.double:
            divisor = f"nullif({right.double}, 0)" if operator in "/%" else right.double
            number = f"({left.double} {operator} {divisor})"
        if operator == "+" and left.text and right.text:
            text = f"({left.text} || {right.text})"
        return Value(text=text, number=number, is_double=True)

    # Comparisons

    def _binary(self, node: nodes.Binary) -> Value:
        if node.operator == "in":
            return self._in(node)
        left, right = self._value(node.left), self._value(node.right)
        match node.operator:
            case "==":
                return self._equal(left, right, node)
            case "!=":
                return self._unequal(left, right, node)
            case "+" | "-" | "*" | "/" | "%":
                return self._arithmetic(node.operator, left, right)
        return self._compared(node, left, right)

    def _equal(self, left: Value, right: Value, node: nodes.Binary) -> Value:
        if left.constant is None and right.constant is None:
            return self._equal_properties(left, right)
        pairs = self._pairs(left, right, node)
        return truth(_any(f"{one} = {other}" for one, other in pairs))

    def _unequal(self, left: Value, right: Value, node: nodes.Binary) -> Value:
        pairs = self._pairs(left, right, node)
        if len(pairs) == 1 and left.types == right.types:
            ((one, other),) = pairs
            differ = f"{one} IS DISTINCT FROM {other}"
            return truth(differ, exact=f"({differ})")
        equal = self._equal(left, right, node).boolean
        return truth(f"NOT {equal}", exact=f"(NOT {equal})")

    def _equal_properties(self, left: Value, right: Value) -> Value:
        """Two values, neither constant, are also equal if neither is set."""
        pairs = _common(left, right)
        if len(pairs) == 1 and left.types == right.types:
            ((one, other),) = pairs
            same = f"{one} IS NOT DISTINCT FROM {other}"
            return truth(same, exact=f"({same})")
        neither = f"NOT ({left.is_set} OR {right.is_set})"
        return truth(_any([*(f"{one} = {other}" for one, other in pairs), neither]))

    def _pairs(self, left: Value, right: Value, node: nodes.Binary) -> list[tuple[str, str]]:
        """The operands for each type that both may have; adds a note if there is none."""
        pairs = _common(left, right)
        if not pairs and left.types and right.types:
            always = "true" if node.operator == "!=" else "false"
            self._note_types(left, right, node, f"always {always}")
        return pairs

    def _note_types(self, left: Value, right: Value, node: nodes.Binary, outcome: str) -> None:
        kinds = " and ".join("/".join(_NAMES[name] for name in value.types) for value in (left, right))
        message = f"In {self._text!r}, {node.operator} compares {kinds}, so it is {outcome}."
        self._scope.notes.append(message)

    def _compared(self, node: nodes.Binary, left: Value, right: Value) -> Value:
        pairs = _common(left, right, _COMPARED)
        if not pairs and left.types and right.types:
            self._note_types(left, right, node, "never true")
        return decided([f"{one} {node.operator} {other}" for one, other in pairs])

    def _in(self, node: nodes.Binary) -> Value:
        left = self._value(node.left)
        if isinstance(node.right, nodes.Items):
            return self._in_items(left, node.right)
        right = self._value(node.right)
        forms = []
        if left.text and right.text:
            forms.append(f"strpos({right.text}, {left.text}) > 0")
        if right.items:
            found = [
                f"coalesce(list_contains({members(right.items, name)}, {value}), FALSE)"
                for name in ("text", "number", "boolean")
                if (value := left.double if name == "number" else left.of(name))
            ]
            forms.append(f"CASE WHEN {right.items} IS NOT NULL THEN {' OR '.join(found) or 'FALSE'} END")
        return decided(forms)

    def _in_items(self, left: Value, items: nodes.Items) -> Value:
        found: dict[str, list[str]] = {}
        for item in items.values:
            constant = self._constant(item)
            for one, other in _common(left, constant):
                found.setdefault(one, []).append(other)
        return truth(_any(f"{one} IN ({', '.join(others)})" for one, others in found.items()))

    # Logic

    def _logic(self, node: nodes.Logic) -> Value:
        conditions = [self._operand(operand, f"`{node.operator}`").as_condition for operand in node.operands]
        return truth(f"({f' {node.operator.upper()} '.join(conditions)})")

    def _not(self, node: nodes.Not) -> Value:
        value = self._value(node.operand)
        if not value.types:
            return truth("TRUE")
        if value.boolean is None:
            return decided([f"CASE WHEN {value.is_set} THEN NULL ELSE TRUE END"])
        if value.types != ("boolean",):
            others = f"WHEN {value.is_set} THEN NULL ELSE TRUE"
            return decided([f"CASE WHEN {value.boolean} IS NOT NULL THEN NOT {value.boolean} {others} END"])
        exact = value.boolean if value.certain else f"coalesce({value.boolean}, FALSE)"
        return truth(f"NOT {exact}", exact=f"(NOT {exact})")

    def _operand(self, node: nodes.Node, of: str) -> Value:
        """The value of an operand that can be true or false."""
        value = self._value(node)
        if value.types and value.boolean is None:
            kinds = " or ".join(_NAMES[name] for name in value.types)
            message = f"{of} needs true or false, and this is {kinds}."
            raise self._mistake(message, node, "Compare it (== < in …), or use boolean(…) or defined(…).")
        return value

    def _bind(self, value: object, name: str) -> str:
        return self._scope.parameters.bind(value, name)

    def _mistake(self, message: str, node: nodes.Node, hint: Text | None = None) -> ExpressionError:
        return ExpressionError(message, expression=self._text, position=node.position, hint=hint)


def _common(left: Value, right: Value, types: Iterable[str] = _EQUATED) -> list[tuple[str, str]]:
    """The two in each of the types that both may have."""
    pairs = []
    for name in types:
        one, other = left.of(name), right.of(name)
        if one and other:
            if name == "number":
                one, other = _numbers(left, right), _numbers(right, left)
            pairs.append((one, other))
    return pairs


def _numbers(value: Value, other: Value) -> str:
    """The number as it is compared: exactly, if the other one is beyond 2^53."""
    exactly = isinstance(other.constant, int) and abs(other.constant) > _EXACT_IN_DOUBLE
    return cast("str", (value.whole if exactly else None) or value.number)


def _any(conditions: Iterable[str]) -> str:
    listed = list(conditions)
    if not listed:
        return "FALSE"
    return listed[0] if len(listed) == 1 else f"({' OR '.join(listed)})"
