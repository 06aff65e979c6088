"""Parser of expressions: returns the parsed form, or an error with the position of the mistake."""

from __future__ import annotations

import math
import re
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from mixpanel_nb.analytics.expressions import nodes
from mixpanel_nb.errors import ExpressionError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lark import Lark, Token

MAX_LENGTH = 100_000
MAX_DEPTH = 100
LARGEST_INTEGER = 2**127 - 1  # DuckDB's own limit

# Binding from loose to tight: or, and, not, comparisons and in, + -, * / %, unary minus. The documentation
# lists the operators without precedence; this order is Python's, and fits all of its examples.
GRAMMAR = r"""
start: _any
_any: disjunction | _conjunct
disjunction: _conjunct (OR _conjunct)+
_conjunct: conjunction | _negatable
conjunction: _negatable (AND _negatable)+
_negatable: negation | _compared
negation: NOT _negatable
_compared: comparison | exclusion | _sum
comparison: _compared (COMPARATOR | IN) _sum
exclusion: _compared NOT IN _sum
_sum: sum | _product
sum: _sum (PLUS | MINUS) _product
_product: product | _signed
product: _product (TIMES | OVER | MODULO) _signed
_signed: negative | _atom
negative: MINUS _signed
_atom: number | text | items | word | access | call | "(" _any ")"
number: NUMBER
text: STRING
items: OPEN [_item ("," _item)*] "]"
_item: number | negative_number | text | word
negative_number: MINUS NUMBER
word: NAME
access: NAME OPEN STRING "]"
call: NAME "(" [_any ("," _any)*] ")"

OR.2: /or\b/
AND.2: /and\b/
NOT.2: /not\b/
IN.2: /in\b/
NAME: /[A-Za-z_]\w*/
NUMBER: /([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?/
STRING: /"(?:[^"\\]|\\.)*"/s
COMPARATOR: "==" | "!=" | "<=" | ">=" | "<" | ">"
PLUS: "+"
MINUS: "-"
TIMES: "*"
OVER: "/"
MODULO: "%"
OPEN: "["
%ignore /[ \t\r\n\f]+/
"""

IN_COHORT = "in_cohort"
"""The function of cohorts of tables, which Mixpanel's own expressions do not have."""

_ONE_ARGUMENT = frozenset(
    {"boolean", "number", "string", "floor", "round", "ceil", "defined", "datetime", "list"}
)
ARGUMENTS = {**dict.fromkeys(_ONE_ARGUMENT, 1), "has_prefix": 2, IN_COHORT: 1}
SOURCES = ("properties", "user", "event", "behaviors")
_OF_FORMULAS: dict[str, tuple[int, int]] = {
    "if": (3, 3),
    "ifs": (2, 200),
    "let": (3, 201),
    "has_suffix": (2, 2),
    "min": (2, 2),
    "max": (2, 2),
    "upper": (1, 1),
    "lower": (1, 1),
    "len": (1, 1),
    "left": (2, 2),
    "right": (2, 2),
    "mid": (3, 3),
    "split": (2, 3),
}
"""Functions of formulas alone, with the fewest and the most values that they take."""

UNDEFINED_WORD = "undefined"
_WORDS: dict[str, bool] = {"true": True, "false": False}
_OPERATORS = ("and", "or", "in", "not")
_NOW = "NOW"
_INSTEAD = {
    "=": "Compare with == (two signs).",
    "&": "Write and.",
    "|": "Write or.",
    "!": "Write not, or != to compare.",
    "'": 'Texts stand in double quotes: "…".',
    "‘": 'Texts stand in double quotes: "…".',
    "“": 'Texts stand in straight double quotes: "…".',
    "”": 'Texts stand in straight double quotes: "…".',
}
# Words and functions of SQL and other languages, and their equivalents.
_DEFINED = 'Write defined(properties["name"]), or not defined(…).'
_CONTAINED = 'Write "part" in properties["name"].'
_ELSEWHERE = {
    **dict.fromkeys(("is", "isnull", "is_null", "isset", "is_set", "exists"), _DEFINED),
    **dict.fromkeys(("like", "ilike", "contains", "includes"), _CONTAINED),
    **dict.fromkeys(("lower", "upper"), "Text is compared as it is; has_prefix(…) ignores case."),
    **dict.fromkeys(("starts_with", "startswith"), 'Write has_prefix(properties["name"], "start").'),
    **dict.fromkeys(("date", "to_date", "timestamp"), 'Write datetime("2025-01-31").'),
    **dict.fromkeys(("int", "float", "to_number"), 'Write number(properties["name"]).'),
    **dict.fromkeys(("str", "text", "to_string"), 'Write string(properties["name"]).'),
}
_EXPECTED_VALUE = 'a value, such as properties["name"], "text" or 5'
_ESCAPE = re.compile(r"\\([\"\\])")
_FORMULA_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|[A-Za-z_]\w*', re.DOTALL)
_UNUSABLE = re.compile("[\0\ud800-\udfff]")


class Dialect(Enum):
    """Which expressions are understood.

    ``EVENTS`` is that of reports and of the raw export. ``PROFILES`` is the smaller one in which Mixpanel
    reads the ``where`` of profile queries (engage), where ``properties`` are the profile's own. ``FORMULAS``
    is that of custom properties (https://docs.mixpanel.com/docs/features/custom-properties#functions): there
    a word stands for a property.
    """

    EVENTS = "events"
    PROFILES = "profiles"
    FORMULAS = "formulas"


_PROFILES_LACK = frozenset(
    {"*", "/", "%", "boolean", "floor", "round", "ceil", "has_prefix", "user", "event", IN_COHORT}
)


def formula_text(text: str) -> str:
    """A formula as it is parsed: without comments, with functions and operators in small letters."""
    known = {*ARGUMENTS, *_OF_FORMULAS, *_OPERATORS, *_WORDS, UNDEFINED_WORD}

    def small(found: re.Match[str]) -> str:
        word = found[0]
        if word.startswith("//"):
            return " "
        return word.lower() if word.lower() in known else word

    return _FORMULA_WORD.sub(small, text)


def parse(text: str, dialect: Dialect = Dialect.EVENTS) -> nodes.Node:
    """The parsed form of an expression.

    Args:
        text: Such as ``properties["plan"] == "pro" and defined(properties["coupon"])``.
        dialect: Which expressions are understood.

    Raises:
        ExpressionError: with the position of the mistake, and what was expected there.
    """
    if len(text) > MAX_LENGTH:
        message = f"The expression is {len(text):,} characters long; {MAX_LENGTH:,} is the most."
        raise ExpressionError(message, expression=text[:200], position=MAX_LENGTH)
    if unusable := _UNUSABLE.search(text):
        message = "The expression holds a character that no text in Mixpanel can hold."
        raise ExpressionError(message, expression=text, position=unusable.start())
    for found in _DAY.finditer(text):
        if found["day"]:
            message = f"{found['day']} would be a subtraction."
            hint = f'A day is written datetime("{found["day"]}").'
            raise ExpressionError(message, expression=text, position=found.start(), hint=hint)
    return _parsed(text, _Builder(text, dialect))


def _parsed(text: str, builder: _Builder) -> nodes.Node:
    from lark import exceptions

    try:
        tree = _lark().parse(text)
    except exceptions.UnexpectedCharacters as error:
        raise _unexpected(text, cast("int", error.pos_in_stream), error.allowed) from None
    except exceptions.UnexpectedToken as error:
        position = len(text) if error.token.type == "$END" else cast("int", error.token.start_pos)
        raise _unexpected(text, position, error.expected) from None
    return builder.node(tree.children[0])


@cache
def _lark() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", keep_all_tokens=False, maybe_placeholders=False)


def _unexpected(text: str, position: int, expected: Any) -> ExpressionError:
    rest = text[position : position + 20]
    wants = _expected(set(expected or ()))
    if not rest.strip():
        message = f"The expression ends too early: expected {wants}."
        return ExpressionError(message, expression=text, position=len(text))
    if rest[0] == '"' and not _STRING_AT.match(text, position):
        return ExpressionError("This text has no closing quote.", expression=text, position=position)
    word = _WORD_AT.match(text, position)
    found = word.group() if word else rest[0]
    instead = None if rest.startswith("==") else _INSTEAD.get(rest[0])
    known = found in _OPERATORS  # the right word in the wrong place
    instead = instead or _ELSEWHERE.get(found.lower()) or _meant(text, position)
    hint = instead or (None if known else did_you_mean(found.lower(), _OPERATORS))
    message = f"Unexpected {found[:30]!r} at character {position + 1}: expected {wants}."
    return ExpressionError(message, expression=text, position=position, hint=hint)


def _meant(text: str, position: int) -> str | None:
    """What to write instead, if the text around the mistake shows it."""
    before, rest = text[:position], text[position:]
    for access in _ACCESSES.finditer(text):
        if access.start() <= position <= access.end():
            return f'Write {access[1]}["{access[2]}"].'
    if rest[0] == ">" and before.endswith("<"):
        return "Write !=."
    if rest[0] == "," and _IN_BRACKETS.search(before):
        return 'Write a list: in ["pro", "free"].'
    return None


_ACCESSES = re.compile(r"\b(properties|user)(?:\.|\[\s*)(\$?[A-Za-z_]\w*)")
_IN_BRACKETS = re.compile(r"\bin\s*\([^()]*$")
_DAY = re.compile(r'"(?:[^"\\]|\\.)*"|(?<![\w.-])(?P<day>\d{4}-\d\d-\d\d)(?![\w.-])', re.DOTALL)
_STRING_AT = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_WORD_AT = re.compile(r"[A-Za-z_]\w*")


def _expected(terminals: set[str]) -> str:
    if terminals & {"NUMBER", "STRING", "NAME"}:
        if "LPAR" in terminals:
            return _EXPECTED_VALUE
        return "a property's name in double quotes" if terminals <= {"STRING"} else "a number or a text"
    if "AND" in terminals:
        return "an operator, such as == or and"
    if terminals == {"IN"}:
        return "the word in"
    signs = {"RPAR": ")", "RSQB": "]", "COMMA": ",", "OPEN": "["}
    return " or ".join(sign for name, sign in signs.items() if name in terminals)


class _Builder:
    """Nodes from Lark's tree, with checks beyond the grammar."""

    def __init__(self, text: str, dialect: Dialect) -> None:
        self._text = text
        self._dialect = dialect
        self._depth = 0

    def node(self, tree: Any) -> nodes.Node:
        if self._depth > MAX_DEPTH:
            raise self._mistake("The expression is nested too deeply.", _start(tree))
        build: Callable[[Any], nodes.Node] = getattr(self, f"_build_{tree.data}")
        self._depth += 1
        built = build(tree)
        self._depth -= 1
        return built

    def _build_disjunction(self, tree: Any) -> nodes.Node:
        first, *_ = operands = [self.node(child) for child in tree.children if hasattr(child, "data")]
        return nodes.Logic(first.position, "or", tuple(operands))

    def _build_conjunction(self, tree: Any) -> nodes.Node:
        first, *_ = operands = [self.node(child) for child in tree.children if hasattr(child, "data")]
        return nodes.Logic(first.position, "and", tuple(operands))

    def _build_negation(self, tree: Any) -> nodes.Node:
        sign, operand = tree.children
        return nodes.Not(sign.start_pos, self.node(operand))

    def _build_negative(self, tree: Any) -> nodes.Node:
        sign, operand = tree.children
        return nodes.Negative(sign.start_pos, self.node(operand))

    def _build_comparison(self, tree: Any) -> nodes.Node:
        left, operator, right = tree.children
        self._must_know(operator)
        return nodes.Binary(operator.start_pos, str(operator), self.node(left), self.node(right))

    _build_sum = _build_product = _build_comparison

    def _build_exclusion(self, tree: Any) -> nodes.Node:
        """``a not in b``, which is ``not (a in b)``."""
        left, sign, operator, right = tree.children
        contained = nodes.Binary(operator.start_pos, str(operator), self.node(left), self.node(right))
        return nodes.Not(sign.start_pos, contained)

    def _build_number(self, tree: Any) -> nodes.Constant:
        (token,) = tree.children
        return nodes.Constant(token.start_pos, self._number_of(token))

    def _build_negative_number(self, tree: Any) -> nodes.Constant:
        sign, token = tree.children
        return nodes.Constant(sign.start_pos, -self._number_of(token))

    def _number_of(self, token: Token) -> int | float:
        if token.isdecimal() and len(token) < 39 and int(token) <= LARGEST_INTEGER:
            return int(token)
        value = float(token)
        if math.isinf(value):
            raise self._mistake("This number is too large.", token.start_pos)
        return value

    def _build_text(self, tree: Any) -> nodes.Constant:
        (token,) = tree.children
        return nodes.Constant(token.start_pos, _unescaped(token))

    def _build_items(self, tree: Any) -> nodes.Items:
        opening, *items = tree.children
        values = [self.node(item) for item in items]
        for value in values:
            if not isinstance(value, nodes.Constant):
                message = "A list holds numbers, texts, true and false."
                raise self._mistake(message, value.position)
        return nodes.Items(opening.start_pos, tuple(cast("list[nodes.Constant]", values)))

    def _build_word(self, tree: Any) -> nodes.Node:
        (token,) = tree.children
        if token in _WORDS:
            return nodes.Constant(token.start_pos, _WORDS[token])
        if self._dialect is Dialect.FORMULAS:
            return nodes.Variable(token.start_pos, str(token))
        if str(token) == _NOW:
            return nodes.Now(token.start_pos)
        message = f"{str(token)!r} is no value."
        hint = did_you_mean(token, ["true", "false", "NOW", "not"])
        hint = hint or f'A property is written properties["{token}"], a text "{token}".'
        raise self._mistake(message, token.start_pos, hint)

    def _build_access(self, tree: Any) -> nodes.Property:
        source, _, name = tree.children
        if source == "behaviors" and self._dialect is not Dialect.PROFILES:
            message = "behaviors[…] is known to Mixpanel's profile queries alone."
            raise self._mistake(message, source.start_pos)
        if source not in SOURCES:
            hint = did_you_mean(source, SOURCES) or 'Properties are written properties["name"].'
            raise self._mistake(f"There is no {str(source)!r} to look into.", source.start_pos, hint)
        self._must_know(source)
        return nodes.Property(source.start_pos, cast("nodes.Source", str(source)), _unescaped(name))

    def _build_call(self, tree: Any) -> nodes.FunctionCall:
        name, *arguments = tree.children
        if self._dialect is Dialect.FORMULAS and name in _OF_FORMULAS:
            return self._of_formula(name, arguments)
        if name not in ARGUMENTS:
            hint = _ELSEWHERE.get(name.lower()) or did_you_mean(name, ARGUMENTS)
            hint = hint or f"Functions are {', '.join(sorted(ARGUMENTS))}."
            raise self._mistake(f"There is no function {str(name)!r}.", name.start_pos, hint)
        self._must_know(name)
        if len(arguments) != ARGUMENTS[name]:
            wanted = "one value" if ARGUMENTS[name] == 1 else f"{ARGUMENTS[name]} values"
            message = f"{name}() takes {wanted}, not {len(arguments)}."
            raise self._mistake(message, name.start_pos)
        built = tuple(self.node(argument) for argument in arguments)
        if name == IN_COHORT and not _is_text(built[0]):
            message = "in_cohort() takes the name of a cohort in double quotes."
            raise self._mistake(message, built[0].position)
        return nodes.FunctionCall(name.start_pos, str(name), built)

    def _of_formula(self, name: Token, arguments: Sequence[Any]) -> nodes.FunctionCall:
        fewest, most = _OF_FORMULAS[name]
        if not fewest <= len(arguments) <= most:
            message = f"{name}() takes {fewest} to {most} values, not {len(arguments)}."
            raise self._mistake(message, name.start_pos)
        return nodes.FunctionCall(name.start_pos or 0, str(name), tuple(map(self.node, arguments)))

    def _must_know(self, token: Token) -> None:
        if self._dialect is Dialect.PROFILES and token in _PROFILES_LACK:
            message = f"Mixpanel's profile queries do not understand {str(token)!r}."
            hint = 'There, properties["name"] is the profile\'s own.' if token in SOURCES else None
            raise self._mistake(message, cast("int", token.start_pos), hint)

    def _mistake(self, message: str, position: int | None, hint: str | None = None) -> ExpressionError:
        return ExpressionError(message, expression=self._text, position=position or 0, hint=hint)


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Constant) and isinstance(node.value, str)


def _start(tree: Any) -> int:
    while hasattr(tree, "children") and tree.children:
        tree = tree.children[0]
    return getattr(tree, "start_pos", 0) or 0


def _unescaped(token: str) -> str:
    return _ESCAPE.sub(r"\1", token[1:-1])
