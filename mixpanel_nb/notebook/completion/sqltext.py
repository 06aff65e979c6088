"""Parser of incomplete SQL: its tokens and the tables it names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, cast

Kind = Literal["space", "comment", "text", "quoted", "parameter", "word", "sign"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
    | (?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<text>'(?:[^']|'')*(?:'|\Z)|\$\$.*?(?:\$\$|\Z))
    | (?P<quoted>"(?:[^"]|"")*(?:"|\Z))
    | (?P<parameter>\$\w*)
    | (?P<word>\w+)
    | (?P<sign>[<>=!]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
_TABLES_FOLLOW = {"from", "join", "into", "update", "table", "describe", "summarize", "view"}
_ENDS_TABLES = {
    *("where", "group", "order", "having", "limit", "select", "set", "on", "using", "qualify", "values"),
    *("union", "except", "intersect", "window", "offset", "returning"),
}
_NO_ALIAS = {
    *("as", "left", "right", "full", "inner", "cross", "natural", "asof", "semi", "anti", "positional"),
    *("join", "lateral", "tablesample", "pivot", "unpivot", "by", "outer"),
}


class Token(NamedTuple):
    """A SQL token: its kind and its text."""

    kind: Kind
    text: str

    @property
    def name(self) -> str:
        """The name without quotes."""
        return self.text[1:].removesuffix('"').replace('""', '"') if self.kind == "quoted" else self.text


@dataclass(frozen=True)
class PartialStatement:
    """The statement around the cursor.

    Attributes:
        before: Its tokens up to the cursor, without spaces and comments; the last one is being typed.
        typing: Whether the last token touches the cursor.
        in_comment: Whether the cursor is in a comment.
        aliases: The tables it names, before the cursor and after it: alias and name.
        defined: Names that its ``WITH`` defines.
    """

    before: list[Token]
    typing: bool
    in_comment: bool
    aliases: dict[str, str] = field(default_factory=dict)
    defined: list[str] = field(default_factory=list)

    @property
    def expects_table(self) -> bool:
        """Whether a table name comes next."""
        finished = self.before[:-1] if self.typing else self.before
        if not finished:
            return False
        if finished[-1].text == ",":
            return _is_from(finished, len(finished) - 1)
        return finished[-1].kind == "word" and finished[-1].text.lower() in _TABLES_FOLLOW


def statement(before: str, after: str) -> PartialStatement:
    """The statement around the cursor, which is between two texts."""
    here = _last_statement(tokens(before))
    last = here[-1] if here else Token("space", "")
    typing = last.kind not in {"space", "comment", "sign"} and not _is_closed(last)
    # The rest of the word or string at the cursor belongs to it.
    rest = _first_statement(tokens(_behind(last, after) if typing else after))
    whole = [token for token in [*here, *rest] if token.kind not in {"space", "comment"}]
    in_comment = last.kind == "comment" and not last.text.endswith("*/")
    seen = [token for token in here if token.kind not in {"space", "comment"}]
    return PartialStatement(seen, typing, in_comment, _aliases(whole), _defined(whole))


def _behind(token: Token, after: str) -> str:
    """``after`` without the rest of the word or string that the cursor is in."""
    mark = {"text": "'", "quoted": '"'}.get(token.kind)
    if mark is None:
        return re.sub(r"\A\w+", "", after)
    return re.sub(rf"\A[^{mark}\n]*{mark}", "", after)


def tokens(sql: str) -> list[Token]:
    """The tokens of a text, in order."""
    return [Token(cast("Kind", found.lastgroup), found[0]) for found in _TOKEN.finditer(sql)]


def _is_closed(token: Token) -> bool:
    mark = {"text": "'", "quoted": '"'}.get(token.kind)
    if mark is None:
        return False
    inner = token.text[1:].replace(mark * 2, "")
    return inner.endswith(mark)


def _last_statement(found: list[Token]) -> list[Token]:
    ends = [index for index, token in enumerate(found) if token.text == ";"]
    return found[ends[-1] + 1 :] if ends else found


def _first_statement(found: list[Token]) -> list[Token]:
    ends = [index for index, token in enumerate(found) if token.text == ";"]
    return found[: ends[0]] if ends else found


def _aliases(found: list[Token]) -> dict[str, str]:
    """The aliases and names of the tables after FROM, JOIN, …."""
    aliases: dict[str, str] = {}
    index, expected = 0, False
    while index < len(found):
        token = found[index]
        word = token.text.lower() if token.kind == "word" else ""
        if word in _TABLES_FOLLOW or (token.text == "," and _is_from(found, index)):
            expected = True
        elif expected and token.kind in {"word", "quoted"}:
            index = _end_of_name(found, index)
            table = found[index].name
            alias = _alias(found, index + 1)
            aliases[table if alias is None else alias] = table
            expected = False
        else:
            expected = False
        index += 1
    return aliases


def _end_of_name(found: list[Token], index: int) -> int:
    """The position of the last part of ``schema.table``."""
    while (
        index + 2 < len(found)
        and found[index + 1].text == "."
        and found[index + 2].kind in {"word", "quoted"}
    ):
        index += 2
    return index


def _alias(found: list[Token], index: int) -> str | None:
    if index < len(found) and found[index].text.lower() == "as":
        index += 1
    if index >= len(found) or found[index].kind not in {"word", "quoted"}:
        return None
    word = found[index].text.lower()
    return None if word in _NO_ALIAS | _ENDS_TABLES | _TABLES_FOLLOW else found[index].name


def _is_from(found: list[Token], index: int) -> bool:
    """Whether the comma at ``index`` separates tables."""
    depth = 0
    for token in reversed(found[:index]):
        depth += {")": 1, "(": -1}.get(token.text, 0)
        if depth < 0:
            return False
        word = token.text.lower() if token.kind == "word" and depth == 0 else ""
        if word == "from":
            return True
        if word in _ENDS_TABLES:
            return False
    return False


def _defined(found: list[Token]) -> list[str]:
    """Names before ``AS (``, if the statement begins with ``WITH``."""
    if not found or found[0].text.lower() != "with":
        return []
    return [
        token.name
        for token, word, bracket in zip(found, found[1:], found[2:], strict=False)
        if token.kind in {"word", "quoted"} and word.text.lower() == "as" and bracket.text == "("
    ]
