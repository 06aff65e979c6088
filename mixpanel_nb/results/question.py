"""The question behind a report: what was asked, and how to ask it again, as code and with changes."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mixpanel_nb.results.report import ReportResult

_POSITIONAL = {
    "segmentation": ("event",),
    "segmentation_numeric": ("event",),
    "segmentation_sum": ("event",),
    "segmentation_average": ("event",),
    "event_counts": ("events",),
    "property_counts": ("event", "prop"),
    "funnel": ("funnel_id",),
    "activity_feed": ("distinct_ids",),
    "saved_report": ("bookmark_id",),
}
_OPTIONS = {
    "from_date": "--from",
    "to_date": "--to",
    "born_event": "--born",
    "return_event": "--return",
    "interval_count": "--intervals",
    "steps": "--step",
    "values": "--value",
}
"""Options whose name is not the parameter's own."""

_LIKE_JSON = re.compile(r'\{\s*["}]')
_NO_MAGIC = {"jql"}  # its script is a file there
_UNSPEAKABLE = ("--verbose", "--secret", "--help")  # words that a magic line takes as its own


@dataclass(frozen=True)
class Question:
    """What a report was asked.

    Attributes:
        report: The method of ``Workspace`` that answers, such as ``segmentation``.
        parameters: Its arguments, those left out at their defaults.
        defaults: The defaults of those that have one.
    """

    report: str
    parameters: Mapping[str, Any]
    defaults: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def table(self) -> str | None:
        """The table that was asked; None for Mixpanel."""
        return self.parameters.get("table")

    def given(self) -> dict[str, Any]:
        """The arguments that are not at their defaults."""
        return {
            name: value
            for name, value in self.parameters.items()
            if name not in self.defaults or value != self.defaults[name]
        }

    def python(self, workspace: str = "ws") -> str:
        """The question as a call of ``Workspace``, whose variable is called ``workspace``."""
        places = _POSITIONAL.get(self.report, ())
        arguments = [
            _literal(value) if name in places else f"{name}={_literal(value)}"
            for name, value in sorted(self.given().items(), key=lambda item: _rank(item[0], places))
        ]
        line = f"{workspace}.{self.report}({', '.join(arguments)})"
        if len(line) <= 100:
            return line
        inner = "".join(f"    {argument},\n" for argument in arguments)
        return f"{workspace}.{self.report}(\n{inner})"

    def magic(self) -> str | None:
        """The question as a line magic; None where it cannot be written on a line.

        That is so for names with line breaks and other controls, and for steps whose name or filter the
        line would read otherwise.
        """
        words = None if self.report in _NO_MAGIC else self._words()
        if words is None or any(_is_unspeakable(word) for word in words):
            return None
        return _with_braces(f"%mp_{self.report} {' '.join(map(_quoted, words))}")

    def _words(self) -> list[str] | None:
        places = _POSITIONAL.get(self.report, ())
        given = self.given()
        positional = [str(item) for name in places for item in _items(given.pop(name, None))]
        options: list[str] = []
        for name, value in given.items():
            option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
            if value is True:
                options.append(option)
                continue
            for item in _items(value):
                word = _step(item) if name == "steps" else str(item)
                if word is None:
                    return None
                options += [f"{option}={word}"] if word.startswith("-") else [option, word]
        if any(word.startswith("-") for word in positional):
            return [*options, "--", *positional]
        return [*positional, *options]


class Vocabulary(Protocol):
    """The names a question can be made of. Nothing here raises: what is not known is not offered."""

    def tables(self) -> list[str]:
        """The fetched tables of events."""

    def events(self, table: str | None) -> list[str]:
        """Events of a table, or of Mixpanel."""

    def properties(self, table: str | None, event: str | None) -> list[str]:
        """Properties of an event, or of any."""

    def numbers(self, table: str | None, event: str | None) -> list[str]:
        """Properties that hold numbers."""

    def funnels(self) -> list[tuple[str, int]]:
        """Name and id of Mixpanel's saved funnels."""


class Asker(Protocol):
    """Whoever answers questions: a workspace."""

    def ask(self, question: Question) -> ReportResult:
        """The answer."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The names that questions can be made of."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A question and who has answered it.

    Attributes:
        question: The question.
        asker: Who can be asked again; None in a copy that came from a pickle.
    """

    question: Question
    asker: Asker | None

    def __getstate__(self) -> dict[str, Any]:
        return {"question": self.question, "asker": None}


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        if value is not None:
            yield value
    else:
        yield from value


def _step(step: Any) -> str | None:
    """A step as the option ``--step`` reads it, or None where it would read something else."""
    event, where = (step, None) if isinstance(step, str) else step
    word = event if where is None else f"{event} where {where}"
    return word if parse_step(word) == step else None


def parse_step(word: str) -> str | tuple[str, str]:
    """``Purchase where properties["amount"] > 5`` as event and filter; an event's name may hold "where"."""
    event, separator, where = word.partition(" where ")
    return (event.strip(), where.strip()) if separator and "[" in where else word


def _rank(name: str, places: Sequence[str]) -> int:
    return places.index(name) if name in places else len(places)


def _literal(value: Any) -> str:
    """The value as Python source, with the quotes that people use."""
    if isinstance(value, str):
        return (
            repr(value) if '"' in value or not value.isprintable() else json.dumps(value, ensure_ascii=False)
        )
    if isinstance(value, list | tuple):
        inner = ", ".join(map(_literal, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(key)}: {_literal(item)}" for key, item in value.items()) + "}"
    return repr(value)


def _quoted(word: str) -> str:
    """The word as the line's reader takes it whole; with double quotes where that reads better."""
    plain = shlex.quote(word)
    if plain == word or any(sign in word for sign in '"\\$`!'):
        return plain
    return f'"{word}"'


def _with_braces(line: str) -> str | None:
    """The line with its braces doubled, for a line magic fills in what is between single ones.

    None where it would take them for JSON, which it leaves alone, as it does a line without an opening one.
    """
    if "{" not in line:
        return line
    return None if _LIKE_JSON.search(line) else line.replace("{", "{{").replace("}", "}}")


def _is_unspeakable(word: str) -> bool:
    return word.partition("=")[0] in _UNSPEAKABLE or not word.isprintable()
