"""Text form of metrics and ranges, such as ``p90(per user total(Purchase)) where properties["x"] > 1``."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries.formulas import parse_formula
from mixpanel_nb.queries.metrics import DEFAULT_MEASURE, Buckets, Metric

if TYPE_CHECKING:
    from collections.abc import Callable

    from lark import Lark, Token

# A name ends before a sign or a filter: " where " with a later `[`.
GRAMMAR = r"""
metric: label? (name | call) WHERE?
label: name "="
call: NAME "(" (call | name) ("," of)? ")"
buckets: NAME "(" of ("," NAME)* ")"
name: NAME | STRING
of: _piece+
_piece: NAME | STRING | EQUALS | inner
inner: OPEN (_piece | COMMA)* CLOSE | "(" (_piece | COMMA)* ")"

NAME: /[^()\[\],"=\s](?:(?!\s+where\s[\s\S]*\[)[^()\[\],"=])*/
STRING: /"(?:[^"\\]|\\.)*"/s
WHERE: /where\s[\s\S]+/
EQUALS: "="
COMMA: ","
OPEN: "["
CLOSE: "]"
%ignore /\s+/
"""

ANY_EVENT = "*"
_BUCKETS = "buckets"
_OPERATOR = re.compile(r"[-+*/^]")
_PER_USER = re.compile(r"per\s+user\s+(.*)", re.DOTALL)
_CALL_OF_BUCKETS = re.compile(r"\s*buckets\s*\(")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_SIGNS = {"LPAR": "(", "RPAR": ")", "COMMA": ",", "EQUALS": "=", "WHERE": "where"}
_IN_QUOTES = 'Put a name that holds any of ( ) [ ] , = " in double quotes.'


def parse_metric(word: str) -> Metric:
    """Parse a metric.

    Raises:
        ParameterError: with the place of the mistake in it.
    """
    if _is_formula(word):
        message = f"{word.strip()!r} is a formula, not a metric."
        hint = [
            "Give it as ",
            Word("formulas", word.strip()),
            "; the name of an event stands in double quotes.",
        ]
        raise ParameterError(message, parameter="metrics", value=word, hint=hint)
    return _Reader(word, "metrics").metric(_parsed(word, "metric", "metrics"))


def _is_formula(word: str) -> bool:
    """Whether a word without quotes calculates with letters, as ``B / A * 100`` does."""
    if '"' in word or not _OPERATOR.search(word):
        return False
    try:
        return bool(parse_formula(word).letters)
    except ParameterError:
        return False


def parse_breakdown(word: str) -> str | Buckets:
    """``buckets(amount, 10, 100)`` as ranges; anything else is a property or an expression, unchanged.

    Raises:
        ParameterError: with the place of the mistake in it.
    """
    if not _CALL_OF_BUCKETS.match(word):
        return word
    return _Reader(word, "on").buckets(_parsed(word, "buckets", "on"))


def metric_word(metric: Metric) -> str:
    """The text form of a metric, without quotes if they are not needed."""
    for write in (_bare, _quoted):
        word = _written(metric, write)
        try:
            if write is _quoted or parse_metric(word) == metric:
                return word
        except ParameterError:
            continue
    raise AssertionError


def buckets_word(buckets: Buckets) -> str:
    """The text form of ranges."""
    edges = "".join(f", {edge!r}" for edge in buckets.edges)
    bare = f"{_BUCKETS}({buckets.of}{edges})"
    try:
        if parse_breakdown(bare) == buckets:
            return bare
    except ParameterError:
        pass
    return f"{_BUCKETS}({_quoted(buckets.of)}{edges})"


def _written(metric: Metric, write: Callable[[str], str]) -> str:
    event = ANY_EVENT if metric.event is None else write(metric.event)
    arguments = event if metric.of is None else f"{event}, {write(metric.of)}"
    word = f"{metric.measure}({arguments})"
    if metric.per_user is not None:
        word = f"{metric.measure}(per user {metric.per_user}({arguments}))"
    elif metric.measure == DEFAULT_MEASURE:
        word = arguments
    if metric.label is not None:
        word = f"{write(metric.label)} = {word}"
    return word if metric.where is None else f"{word} where {metric.where}"


def _bare(name: str) -> str:
    return name


def _quoted(name: str) -> str:
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Reader:
    """Values from Lark's trees."""

    def __init__(self, word: str, parameter: str) -> None:
        self._word = word
        self._parameter = parameter

    def metric(self, tree: Any) -> Metric:
        label = where = None
        parts = list(tree.children)
        if parts[0].data == "label":
            label = self._name(parts.pop(0).children[0])
        if not hasattr(parts[-1], "data"):
            where = str(parts.pop()).removeprefix("where").strip()
        (measured,) = parts
        if measured.data == "name":
            return Metric(self._event(measured), label=label, where=where)
        return self._call(measured, label, where)

    def _call(self, call: Any, label: str | None, where: str | None) -> Metric:
        measure, argument, *of = call.children
        if argument.data == "name":
            event, prop = self._event(argument), self._of(of)
            return Metric(event, measure.strip(), prop, where, label=label)
        if of:
            raise self._mistake("A measure of a number per user takes nothing else.", of[0].meta.start_pos)
        inner, named, *of = argument.children
        per_user = _PER_USER.fullmatch(inner.strip())
        if per_user is None or named.data != "name":
            hint = "Such as average(per user total(Purchase))."
            raise self._mistake(
                "Within a measure stands an event, or `per user` and a measure.", inner.start_pos, hint
            )
        return Metric(
            self._event(named), measure.strip(), self._of(of), where, per_user.group(1).strip(), label
        )

    def buckets(self, tree: Any) -> Buckets:
        _, of, *edges = tree.children
        return Buckets(self._source(of), tuple(self._number(edge) for edge in edges))

    def _number(self, token: Token) -> float:
        text = token.strip()
        try:
            number = float(text)
        except ValueError:
            raise self._mistake(f"{text[:40]!r} is no number.", token.start_pos or 0) from None
        return int(number) if number.is_integer() and "e" not in text.lower() else number

    def _event(self, name: Any) -> str | None:
        (token,) = name.children
        return None if token.type == "NAME" and token.strip() == ANY_EVENT else self._name(name)

    def _name(self, name: Any) -> str:
        (token,) = name.children
        text = _unquoted(token) if token.type == "STRING" else str(token.strip())
        if not text:
            raise self._mistake("A name is missing", token.start_pos)
        return text

    def _of(self, of: list[Any]) -> str | None:
        return self._source(of[0]) if of else None

    def _source(self, of: Any) -> str:
        """The name of a property without its quotes; an expression unchanged."""
        tokens = [child for child in of.children if not hasattr(child, "data")]
        if len(of.children) == 1 and tokens and tokens[0].type == "STRING":
            return _unquoted(tokens[0])
        return self._word[of.meta.start_pos : of.meta.end_pos].strip()

    def _mistake(self, problem: str, position: int, hint: str | None = None) -> ParameterError:
        return _mistake(self._word, self._parameter, problem, position, hint)


def _parsed(word: str, start: str, parameter: str) -> Any:
    from lark import exceptions

    try:
        return _lark().parse(word, start)
    except exceptions.UnexpectedCharacters as error:
        raise _unexpected(word, parameter, error.pos_in_stream or 0, error.allowed) from None
    except exceptions.UnexpectedToken as error:
        position = len(word) if error.token.type == "$END" else error.token.start_pos or 0
        raise _unexpected(word, parameter, position, error.expected) from None


@cache
def _lark() -> Lark:
    from lark import Lark

    return Lark(GRAMMAR, parser="lalr", start=["metric", "buckets"], propagate_positions=True)


def _unexpected(word: str, parameter: str, position: int, expected: Any) -> ParameterError:
    signs = [sign for name, sign in _SIGNS.items() if name in set(expected or ())]
    wants = " or ".join(signs) if signs and not {"NAME", "STRING"} & set(expected or ()) else "a name"
    rest = word[position:].strip()
    if not rest:
        return _mistake(word, parameter, f"It ends too early: expected {wants}.", position)
    return _mistake(word, parameter, f"Unexpected {rest[0]!r}: expected {wants}.", position, _IN_QUOTES)


def _mistake(
    word: str, parameter: str, problem: str, position: int, hint: str | None = None
) -> ParameterError:
    shown = f"In {word[:80]!r}, character {position + 1}: {problem}"
    return ParameterError(shown, parameter=parameter, value=word, hint=hint)


def _unquoted(token: str) -> str:
    return _ESCAPED.sub(r"\1", token[1:-1])
