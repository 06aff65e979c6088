"""Metrics of Insights reports, and breakdowns by ranges.

Each has a short text form, such as ``median(Purchase, amount)``, which ``metric_words`` parses and writes.
The measures are those of https://docs.mixpanel.com/docs/reports/insights#measurements.
"""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from mixpanel_nb.errors import ParameterError, Word, did_you_mean
from mixpanel_nb.queries.checks import Name, Optional, Text

DEFAULT_MEASURE = "total"
ACTIVE_DAYS = {"dau": 1, "wau": 7, "mau": 30}
"""The number of last days of a bucket whose users are counted."""

ONCE = ("unique_first", "unique_last")
"""Measures that count each user once per bucket, in one segment."""

SESSIONS = "sessions"
USERS = ("unique", *ONCE, *ACTIVE_DAYS)
COUNTS = (DEFAULT_MEASURE, *USERS, SESSIONS)
SUMMARIES = ("sum", "average", "median", "min", "max")
DISTINCT = "distinct"
MEASURES = (*COUNTS, *SUMMARIES, DISTINCT)
PER_USER = (DEFAULT_MEASURE, SESSIONS, "sum", "average", "min", "max", DISTINCT)

MAX_METRICS = 26
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The letters of the metrics in formulas, in order."""

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,4})?)")


class Worded(ABC):
    """A value with a text form."""

    @abstractmethod
    def __str__(self) -> str:
        """The text form; parsing it gives an equal value."""


@dataclass(frozen=True)
class Metric(Worded):
    """One number of an Insights report.

    Attributes:
        event: The event; None for any.
        measure: ``total`` (events), ``unique`` (users), ``unique_first`` and ``unique_last`` (each user
            once in a bucket, in their first or last segment), ``dau``, ``wau``, ``mau`` (users of the 1, 7 or
            30 days that end with the bucket's last day), ``sessions`` (those in which the event happened, by
            the rules of ``ws.sessions``); of a property ``sum``, ``average``, ``median``,
            ``min``, ``max``, ``p1`` … ``p99``, and ``distinct`` (how many different values).
        of: The property, or an expression.
        where: Expression that filters the events, or None.
        per_user: Computes one number per user first, to which ``measure`` applies: ``total`` (how often they
            did it), ``sessions`` (in how many of theirs), or ``sum``, ``average``, ``min``, ``max``,
            ``distinct`` of their values of ``of``.
        label: Its name; None is its text form.

    Raises:
        ParameterError: the measure is unknown, or lacks its property.
    """

    event: str | None
    measure: str = DEFAULT_MEASURE
    of: str | None = None
    where: str | None = None
    per_user: str | None = None
    label: str | None = None

    def __post_init__(self) -> None:
        for name, check in (("event", Name()), ("of", Name()), ("where", Text()), ("label", Text())):
            _set(self, name, Optional(check)(getattr(self, name), "metrics"))
        self._check_measure()
        self._check_property()

    def _check_measure(self) -> None:
        if self.measure not in MEASURES and self.percentile is None:
            raise _no_such(self.measure, "measure", (*MEASURES, "p90"), also="any percentile from p1 to p99")
        if self.per_user is None:
            return
        if self.per_user not in PER_USER:
            raise _no_such(self.per_user, "measure per user", PER_USER)
        if self.measure not in SUMMARIES and self.percentile is None:
            problem = f"{self.measure!r} does not summarize a number per user."
            raise _mistake(problem, self.measure, f"Take {', '.join(SUMMARIES)} or a percentile.")

    def _check_property(self) -> None:
        inner = self.per_user or self.measure
        needs = inner not in COUNTS
        call = f"{'per user ' if self.per_user else ''}{inner}({self.event or '*'}"
        if needs and self.of is None:
            raise _mistake(f"{inner} needs a property.", inner, f"Write {call}, amount), say.")
        if not needs and self.of is not None:
            raise _mistake(
                f"{inner} takes no property.", inner, f"Write {call}), or sum({self.event or '*'}, …)."
            )

    @property
    def percentile(self) -> float | None:
        """The part of the values below it (0.9 of ``p90``, 0.5 of the median), or None."""
        if self.measure == "median":
            return 0.5
        match = _PERCENTILE.fullmatch(str(self.measure))
        number = float(match.group(1)) if match else 0.0
        return number / 100 if number else None

    @property
    def is_zero_of_nothing(self) -> bool:
        """Whether it is 0 without events; an average of nothing is undefined."""
        return self.measure in COUNTS or self.measure in {"sum", DISTINCT}

    @property
    def adds_up(self) -> bool:
        """Whether the numbers of several buckets of time can be added."""
        return self.measure in {DEFAULT_MEASURE, "sessions", "sum"} and self.per_user is None

    @property
    def is_count(self) -> bool:
        """Whether it counts events, users, sessions or values."""
        return self.measure in COUNTS or self.measure == DISTINCT

    @property
    def active_days(self) -> int | None:
        """The number of days whose users it counts, if it is ``dau``, ``wau`` or ``mau``."""
        return ACTIVE_DAYS.get(self.measure)

    @property
    def name(self) -> str:
        """Its label, or else its text form."""
        return self.label or ("any event" if self == Metric(None) else str(self))

    def __str__(self) -> str:
        from mixpanel_nb.queries.metric_words import metric_word

        return metric_word(self)


@dataclass(frozen=True)
class Buckets(Worded):
    """A breakdown by ranges of a number.

    Attributes:
        of: The property, or an expression.
        edges: The bounds of the ranges: below the first, from each (included) to the next (excluded), and
            from the last on. None takes about ten equal ranges.

    Raises:
        ParameterError: the edges are not numbers, or not in ascending order.
    """

    of: str
    edges: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        _set(self, "of", Name()(self.of, "on"))
        given = list(self.edges or ())
        for edge in given:
            if isinstance(edge, bool) or not isinstance(edge, int | float) or not math.isfinite(edge):
                raise _mistake(f"{edge!r} is no edge of a range.", edge, "Give numbers.", "on")
        if any(lower >= higher for lower, higher in pairwise(given)):
            raise _mistake("The edges of ranges do not ascend.", given, "Give the smaller first.", "on")
        _set(self, "edges", tuple(given))

    def __str__(self) -> str:
        from mixpanel_nb.queries.metric_words import buckets_word

        return buckets_word(self)


@dataclass(frozen=True)
class Metrics:
    """Metrics: each a ``Metric`` or its text form; a single one needs no list."""

    def __call__(self, value: Any, name: str) -> tuple[Metric, ...]:
        """The metrics."""
        listed = [value] if isinstance(value, str | Metric) else list(value or ())
        if not listed:
            hint = "Give at least one, such as Purchase or unique(Purchase)."
            raise ParameterError([Word(name), " is empty."], parameter=name, value=value, hint=hint)
        if len(listed) > MAX_METRICS:
            problem = f" are {len(listed)}, and {MAX_METRICS} is the most."
            raise ParameterError([Word(name), problem], parameter=name, value=value)
        return tuple(_metric(item, name) for item in listed)

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        word = Name().schema()
        return {"anyOf": [word, {"type": "array", "items": word, "minItems": 1, "maxItems": MAX_METRICS}]}


@dataclass(frozen=True)
class PropertiesOrBuckets:
    """Breakdowns: properties, expressions, ``Buckets`` or their text forms, without duplicates."""

    def __call__(self, value: Any, name: str) -> tuple[str | Buckets, ...]:
        """The breakdowns."""
        listed = [value] if isinstance(value, str | Buckets) else list(value or ())
        return tuple(dict.fromkeys(_breakdown(item, name) for item in listed))

    def schema(self) -> dict[str, Any]:
        """The values that are taken, as JSON Schema."""
        word = Name().schema()
        return {"anyOf": [word, {"type": "array", "items": word}]}


def _metric(value: Any, name: str) -> Metric:
    from mixpanel_nb.queries.metric_words import parse_metric

    return value if isinstance(value, Metric) else parse_metric(Name()(value, name))


def _breakdown(value: Any, name: str) -> str | Buckets:
    from mixpanel_nb.queries.metric_words import parse_breakdown

    return value if isinstance(value, Buckets) else parse_breakdown(Name()(value, name))


def _set(holder: object, name: str, value: Any) -> None:
    if isinstance(value, str) and name not in {"event", "of"}:
        value = value.strip() or None
    object.__setattr__(holder, name, value)


def _no_such(given: Any, kind: str, known: tuple[str, ...], also: str = "") -> ParameterError:
    listed = ", ".join(each for each in known if each != "p90") + (f", {also}" if also else "")
    instead = {"count": "total", "avg": "average", "mean": "average", "distinct_count": DISTINCT}.get(
        str(given)
    )
    hint = f"Did you mean {instead!r}?" if instead else did_you_mean(str(given), known)
    return _mistake(f"There is no {kind} {str(given)[:40]!r}.", given, hint or f"There are {listed}.")


def _mistake(problem: str, value: Any, hint: str | None = None, parameter: str = "metrics") -> ParameterError:
    return ParameterError(problem, parameter=parameter, value=value, hint=hint)
