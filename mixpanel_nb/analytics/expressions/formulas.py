"""Compiler from formulas of custom properties to SQL.

https://docs.mixpanel.com/docs/features/custom-properties#functions. A formula is an expression in which
words stand for properties, with further functions; ``==`` and ``!=`` ignore the case of texts. Functions that
are not here (regular expressions, dates, URLs, and those over the items of lists) have no translation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mixpanel_nb.analytics.expressions import nodes
from mixpanel_nb.analytics.expressions.compiler import Compiler
from mixpanel_nb.analytics.expressions.parser import UNDEFINED_WORD, Dialect, formula_text, parse
from mixpanel_nb.analytics.expressions.values import Value, decided, first_of
from mixpanel_nb.errors import ExpressionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mixpanel_nb.analytics.definitions import CustomProperty
    from mixpanel_nb.analytics.expressions.compiler import Scope


def check_formula(formula: str, inputs: Iterable[str]) -> None:
    """Check that a formula can be calculated on a table.

    Args:
        formula: The formula.
        inputs: The words that stand for properties.

    Raises:
        ExpressionError: it has a part without a translation, or names a word that stands for nothing.
    """
    text = formula_text(formula)
    _check_words(parse(text, Dialect.FORMULAS), {*inputs, UNDEFINED_WORD}, text)


def _check_words(node: nodes.Node, known: set[str], text: str) -> None:
    if isinstance(node, nodes.Variable) and node.name not in known:
        message = f"{node.name!r} stands for nothing."
        raise ExpressionError(message, expression=text, position=node.position)
    if isinstance(node, nodes.FunctionCall) and node.name == "let":
        names, definitions, result = _let(node, text)
        for name, definition in zip(names, definitions, strict=True):
            _check_words(definition, known, text)
            known = known | {name}
        _check_words(result, known, text)
        return
    for child in nodes.children(node):
        _check_words(child, known, text)


def _let(node: nodes.FunctionCall, text: str) -> tuple[list[str], Sequence[nodes.Node], nodes.Node]:
    """The names that ``let`` defines, their definitions, and the expression that uses them."""
    *pairs, result = node.arguments
    names = [each.name for each in pairs[::2] if isinstance(each, nodes.Variable)]
    if len(pairs) % 2 or len(names) * 2 != len(pairs):
        message = "let() takes names, each with its definition, and then an expression."
        raise ExpressionError(message, expression=text, position=node.position)
    return names, pairs[1::2], result


class FormulaCompiler(Compiler):
    """Compiles the formula of a custom property.

    Args:
        scope: Where it is compiled.
        prop: The custom property.
    """

    def __init__(self, scope: Scope, prop: CustomProperty) -> None:
        super().__init__(scope)
        self._text = formula_text(prop.formula or UNDEFINED_WORD)
        self._values: Mapping[str, Value] = {
            name: Compiler(scope).value(access) for name, access in prop.inputs.items()
        }

    def result(self) -> Value:
        """Its value.

        Raises:
            ExpressionError: it cannot be calculated on a table.
        """
        return self._value(parse(self._text, Dialect.FORMULAS))

    def _variable(self, node: nodes.Variable) -> Value:
        if node.name == UNDEFINED_WORD:
            return Value()
        if node.name not in self._values:
            raise self._mistake(f"{node.name!r} stands for nothing.", node)
        return self._values[node.name]

    def _functioncall(self, node: nodes.FunctionCall) -> Value:
        match node.name:
            case "if":
                return self._choice(node.arguments[:2], node.arguments[2])
            case "ifs":
                return self._choice(node.arguments, None)
            case "let":
                return self._with_names(node)
            case "split":
                return self._split(node)
        return super()._functioncall(node)

    def _with_names(self, node: nodes.FunctionCall) -> Value:
        names, definitions, result = _let(node, self._text)
        before = self._values
        for name, definition in zip(names, definitions, strict=True):
            self._values = {**self._values, name: self._value(definition)}
        value = self._value(result)
        self._values = before
        return value

    def _choice(self, cases: Sequence[nodes.Node], otherwise: nodes.Node | None) -> Value:
        """The value of the first case whose condition is true; cases are conditions and values by turns."""
        conditions = [self._operand(each, "A condition").as_condition for each in cases[::2]]
        values = [self._value(each) for each in cases[1::2]]
        if len(values) < len(conditions):
            message = "ifs() takes conditions, each with its value."
            raise ExpressionError(message, expression=self._text, position=cases[0].position)
        last = Value() if otherwise is None else self._value(otherwise)
        return _chosen(conditions, [*values, last])

    def _split(self, node: nodes.FunctionCall) -> Value:
        """https://docs.mixpanel.com/docs/features/custom-properties#functions: parts count from 1."""
        text, sign, *which = (self._value(argument) for argument in node.arguments)
        if not text.text or not sign.text:
            return Value()
        parts = f"string_split({text.text}, {sign.text})"
        if not which:
            return Value(items=f"CASE WHEN {text.text} IS NOT NULL THEN to_json({parts}) END")
        if not which[0].double:
            return Value()
        number = f"CAST({which[0].double} AS BIGINT)"
        # Of a text without the sign, any part is the whole text, as in the documentation's example.
        alone = f"CASE WHEN len({parts}) = 1 THEN {text.text} WHEN {number} >= 1 THEN {parts}[{number}] END"
        return Value(text=f"({alone})")

    def _binary(self, node: nodes.Binary) -> Value:
        if node.operator not in ("==", "!="):
            return super()._binary(node)
        left, right = (_folded(self._value(each)) for each in (node.left, node.right))
        return (self._equal if node.operator == "==" else self._unequal)(left, right, node)

    def _call_has_suffix(self, value: Value, suffix: Value) -> Value:
        texts = value.text and suffix.text
        return decided([f"ends_with(lower({value.text}), lower({suffix.text}))"] if texts else [])

    def _call_min(self, one: Value, other: Value) -> Value:
        return _of_two("least", one, other)

    def _call_max(self, one: Value, other: Value) -> Value:
        return _of_two("greatest", one, other)

    def _call_upper(self, value: Value) -> Value:
        return Value(text=f"upper({value.text})") if value.text else Value()

    def _call_lower(self, value: Value) -> Value:
        return Value(text=f"lower({value.text})") if value.text else Value()

    def _call_len(self, value: Value) -> Value:
        forms = [f"length({value.text})"] if value.text else []
        forms += [f"CAST(json_array_length({value.items}) AS BIGINT)"] if value.items else []
        return Value(number=first_of(forms)) if forms else Value()

    def _call_left(self, value: Value, count: Value) -> Value:
        return self._part(value, "1", count)

    def _call_right(self, value: Value, count: Value) -> Value:
        if not value.text or not count.double:
            return Value()
        return Value(text=f"right({value.text}, CAST(greatest({count.double}, 0) AS BIGINT))")

    def _call_mid(self, value: Value, first: Value, count: Value) -> Value:
        if not first.double:
            return Value()
        return self._part(value, f"CAST(greatest({first.double}, 1) AS BIGINT)", count)

    def _part(self, value: Value, first: str, count: Value) -> Value:
        if not value.text or not count.double:
            return Value()
        length = f"CAST(greatest({count.double}, 0) AS BIGINT)"
        return Value(text=f"substring({value.text}, {first}, {length})")


def _of_two(function: str, one: Value, other: Value) -> Value:
    if not one.double or not other.double:
        return Value()
    both = f"{one.double} IS NOT NULL AND {other.double} IS NOT NULL"
    return Value(number=f"CASE WHEN {both} THEN {function}({one.double}, {other.double}) END", is_double=True)


def _folded(value: Value) -> Value:
    """The value with its text in small letters."""
    if value.text is None:
        return value
    return Value(**{**vars(value), "text": f"lower({value.text})"})


def _chosen(conditions: Sequence[str], values: Sequence[Value]) -> Value:
    """The value beside the first condition that holds; the last one stands alone."""

    def case(forms: Sequence[str | None]) -> str | None:
        if not any(forms):
            return None
        *chosen, last = (form or "NULL" for form in forms)
        parts = " ".join(f"WHEN {one} THEN {form}" for one, form in zip(conditions, chosen, strict=True))
        return f"CASE {parts} ELSE {last} END"

    texts: dict[str, Any] = {
        name: case([value.of(name) for value in values]) for name in ("text", "boolean", "moment", "items")
    }
    number = case([value.double for value in values])
    return Value(**texts, number=number, is_double=number is not None)
