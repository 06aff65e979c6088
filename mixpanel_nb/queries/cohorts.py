"""Definitions of cohorts: which users of a table are meant.

A definition is made of conditions, joined by ``&`` (and), ``|`` (or) and ``~`` (not)::

    did("Purchase", at_least=2, within="30d") & ~in_cohort("staff")

The conditions are those of Mixpanel's cohorts (https://docs.mixpanel.com/docs/users/cohorts). A definition is
plain data (``to_dict``), so it is kept with its cohort and can be computed again.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from mixpanel_nb.errors import ParameterError, Word
from mixpanel_nb.queries import days
from mixpanel_nb.queries.checks import Day, Name, Optional, Text, Whole, in_order

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_COUNT = 10**9
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_LENGTH = re.compile(r"(\d{1,9}) ?(s|min|h|d|w)")
_ANY_DAY = date(2000, 1, 1)
_LONGEST = 100 * 366 * 86_400


@dataclass(frozen=True)
class Definition(ABC):
    """Which users are meant."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """The definition as plain data, for :func:`definition_of`."""

    @abstractmethod
    def python(self) -> str:
        """The definition as Python source."""

    @abstractmethod
    def words(self) -> str:
        """The definition as a sentence."""

    def __and__(self, other: Definition) -> Definition:
        return And.of(self, other)

    def __or__(self, other: Definition) -> Definition:
        return Or.of(self, other)

    def __invert__(self) -> Definition:
        return self.operand if isinstance(self, Not) else Not(self)

    def parts(self) -> Iterator[Definition]:
        """The definition itself and all definitions in it."""
        yield self

    @property
    def cohorts(self) -> tuple[str, ...]:
        """The cohorts that it is made of."""
        return tuple(dict.fromkeys(part.name for part in self.parts() if isinstance(part, InCohort)))


@dataclass(frozen=True)
class Did(Definition):
    """Users who did an event.

    Attributes:
        event: The event; None for any.
        where: Expression that filters its occurrences, or None.
        at_least: The least number of occurrences, or the least sum of ``sum_of``.
        at_most: The largest number of occurrences, or the largest sum; None for any.
        within: A length of time that ends with the last day that the table covers, such as ``30d``.
        from_date: The first day, instead of ``within``.
        to_date: The last day.
        sum_of: The property (or expression) whose values are summed in place of counting occurrences.
    """

    event: str | None
    where: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    within: str | None = None
    from_date: date | None = None
    to_date: date | None = None
    sum_of: str | None = None

    def __post_init__(self) -> None:
        _checked(self, "event", Optional(Name()))
        _checked(self, "where", Optional(Text()))
        _checked(self, "sum_of", Optional(Name()))
        for name in ("from_date", "to_date"):
            _checked(self, name, Optional(Day()))
        for name in ("at_least", "at_most"):
            _checked(self, name, Optional(_number if self.sum_of else Whole(MAX_COUNT)))
        if self.at_least is not None and self.at_most is not None and self.at_least > self.at_most:
            message = [
                Word("at_least"),
                f" {self.at_least} is more than ",
                Word("at_most"),
                f" {self.at_most}.",
            ]
            raise ParameterError(message, parameter="at_least", value=self.at_least)
        if self.sum_of and self.at_least is None and self.at_most is None:
            message = [Word("sum_of"), " needs a limit."]
            hint = ["Give ", Word("at_least", 100), " or ", Word("at_most", 100), "."]
            raise ParameterError(message, parameter="sum_of", value=self.sum_of, hint=hint)
        self._check_days()

    def _check_days(self) -> None:
        if self.within is not None:
            if self.from_date is not None or self.to_date is not None:
                message = [Word("within"), " and days do not go together."]
                raise ParameterError(message, parameter="within", value=self.within, hint="Leave out one.")
            days.days_before(self.within, "within", _ANY_DAY)
        if self.from_date is not None and self.to_date is not None:
            in_order(self.from_date, self.to_date)

    def then(self, event: str, where: str | None = None, *, within: str | None = None) -> InOrder:
        """Users who did this event and, later, another one.

        Args:
            event: The next event.
            where: Expression that filters it.
            within: How long after this event it may come, such as ``7d``, ``2h`` or ``30min``; ever.

        Raises:
            ParameterError: this event is counted, which the steps of a sequence are not.
        """
        if self.at_least not in {None, 1} or self.at_most is not None:
            message = ["The first event of a sequence takes no ", Word("at_least"), "."]
            raise ParameterError(message, parameter="at_least", value=self.at_least or self.at_most)
        return InOrder(self, (Then(event, where, within),))

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {"did": _given(self)}

    def python(self) -> str:
        """See :class:`Definition`."""
        return _call("did", self, ("event",))

    def words(self) -> str:
        """See :class:`Definition`."""
        return f"did {self.told()}"

    def told(self) -> str:
        """The event, its filter, how often and when, as words."""
        parts = ["any event" if self.event is None else self.event]
        parts += [f"where {self.where}"] if self.where else []
        parts += [self._often()] if self._often() else []
        if self.within:
            parts.append(f"within the last {self.within}")
        elif self.from_date and self.to_date:
            parts.append(f"from {self.from_date} to {self.to_date}")
        elif self.from_date or self.to_date:
            parts.append(f"since {self.from_date}" if self.from_date else f"until {self.to_date}")
        return " ".join(parts)

    @property
    def is_uncounted(self) -> bool:
        """Whether it is only asked that the event happened."""
        return self.sum_of is None and self.at_least is None and self.at_most is None

    def _often(self) -> str:
        least, most = self.at_least, self.at_most
        if self.sum_of is None and most is None and least in {None, 1}:
            return ""
        noun = f"{self.sum_of} in all" if self.sum_of else "times"
        if least == most:
            return f"exactly {least:,} {noun}"
        bounds = [f"at least {least:,}"] if least is not None else []
        bounds += [f"at most {most:,}"] if most is not None else []
        return f"{' and '.join(bounds)} {noun}"


@dataclass(frozen=True)
class Then:
    """A later step of a sequence.

    Attributes:
        event: The event.
        where: Expression that filters it, or None.
        within: How long after the step before it may come, such as ``7d``; None for ever.
    """

    event: str
    where: str | None = None
    within: str | None = None

    def __post_init__(self) -> None:
        _checked(self, "event", Name())
        _checked(self, "where", Optional(Text()))
        if self.within is not None:
            length_of(self.within)

    @property
    def seconds(self) -> int | None:
        """The length of ``within``; None for ever."""
        return None if self.within is None else length_of(self.within)


@dataclass(frozen=True)
class InOrder(Definition):
    """Users who did some events one after the other.

    Attributes:
        first: The first one; only it is limited to days.
        steps: The later ones.
    """

    first: Did
    steps: tuple[Then, ...]

    def then(self, event: str, where: str | None = None, *, within: str | None = None) -> InOrder:
        """The sequence with one more event; ``within`` counts from the event before it."""
        return InOrder(self.first, (*self.steps, Then(event, where, within)))

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {"sequence": [_given(self.first), *(_given(step) for step in self.steps)]}

    def python(self) -> str:
        """See :class:`Definition`."""
        return self.first.python() + "".join(_call(".then", step, ("event",)) for step in self.steps)

    def words(self) -> str:
        """See :class:`Definition`."""
        told = [self.first.words()]
        for step in self.steps:
            where = f" where {step.where}" if step.where else ""
            within = f" within {step.within}" if step.within else ""
            told.append(f"then {step.event}{where}{within}")
        return ", ".join(told)


@dataclass(frozen=True)
class Profile(Definition):
    """Users whose profile meets a condition.

    Attributes:
        where: Expression over ``user["…"]``.
    """

    where: str

    def __post_init__(self) -> None:
        _checked(self, "where", Name())

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {"profile": self.where}

    def python(self) -> str:
        """See :class:`Definition`."""
        return f"profile({self.where!r})"

    def words(self) -> str:
        """See :class:`Definition`."""
        return f"has {self.where}"


@dataclass(frozen=True)
class InCohort(Definition):
    """Users of another cohort, as it is kept.

    Attributes:
        name: The cohort.
    """

    name: str

    def __post_init__(self) -> None:
        _checked(self, "name", Name())

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {"in_cohort": self.name}

    def python(self) -> str:
        """See :class:`Definition`."""
        return f"in_cohort({_text(self.name)})"

    def words(self) -> str:
        """See :class:`Definition`."""
        return f"is in {self.name}"


@dataclass(frozen=True)
class Not(Definition):
    """Users of the table who are not meant by a definition.

    Attributes:
        operand: The definition.
    """

    operand: Definition

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {"not": self.operand.to_dict()}

    def python(self) -> str:
        """See :class:`Definition`."""
        inner = self.operand.python()
        if isinstance(self.operand, Did) and self.operand.is_uncounted:
            return f"did_not{inner.removeprefix('did')}"
        return f"~({inner})" if isinstance(self.operand, _Several) else f"~{inner}"

    def words(self) -> str:
        """See :class:`Definition`."""
        inner = self.operand
        if isinstance(inner, Did):
            return f"did not do {inner.told()}"
        return f"is not in {inner.name}" if isinstance(inner, InCohort) else f"not ({inner.words()})"

    def parts(self) -> Iterator[Definition]:
        """See :class:`Definition`."""
        yield self
        yield from self.operand.parts()


@dataclass(frozen=True)
class _Several(Definition):
    """Definitions joined by a word.

    Attributes:
        operands: The definitions, at least two.
    """

    operands: tuple[Definition, ...]
    word: ClassVar[str]
    sign: ClassVar[str]

    @classmethod
    def of(cls, left: Definition, right: Definition) -> Definition:
        for each in (left, right):
            if not isinstance(each, Definition) or isinstance(each, Source):
                hint = "Join conditions such as did(…), did_not(…), profile(…) and in_cohort(…)."
                message = f"{str(each)[:40]!r} is no condition of a cohort."
                raise ParameterError(message, parameter="definition", value=each, hint=hint)
        return cls(tuple(part for each in (left, right) for part in _inner(cls, each)))

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {self.word: [each.to_dict() for each in self.operands]}

    def python(self) -> str:
        """See :class:`Definition`."""
        return f" {self.sign} ".join(self._bracketed(each, each.python()) for each in self.operands)

    def words(self) -> str:
        """See :class:`Definition`."""
        return f" {self.word} ".join(self._bracketed(each, each.words()) for each in self.operands)

    @staticmethod
    def _bracketed(each: Definition, text: str) -> str:
        return f"({text})" if isinstance(each, _Several) else text

    def parts(self) -> Iterator[Definition]:
        """See :class:`Definition`."""
        yield self
        for each in self.operands:
            yield from each.parts()


class And(_Several):
    """Users who are meant by all of some definitions."""

    word = "and"
    sign = "&"


class Or(_Several):
    """Users who are meant by one of some definitions."""

    word = "or"
    sign = "|"


@dataclass(frozen=True)
class Source(Definition):
    """Ids that come from elsewhere; it stands alone."""


@dataclass(frozen=True)
class OfSQL(Source):
    """The ids that a query gives.

    Attributes:
        query: The SQL.
    """

    query: str

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {"sql": self.query}

    def python(self) -> str:
        """See :class:`Definition`."""
        return f"sql={_text(self.query)}"

    def words(self) -> str:
        """See :class:`Definition`."""
        return f"SQL: {' '.join(self.query.split())}"


@dataclass(frozen=True)
class OfMixpanel(Source):
    """The members of a cohort that is saved in Mixpanel.

    Attributes:
        cohort_id: Its id.
    """

    cohort_id: int

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {"mixpanel": self.cohort_id}

    def python(self) -> str:
        """See :class:`Definition`."""
        return f"mixpanel={self.cohort_id}"

    def words(self) -> str:
        """See :class:`Definition`."""
        return f"Mixpanel's saved cohort {self.cohort_id}"


@dataclass(frozen=True)
class Listed(Source):
    """Ids that were given.

    Attributes:
        digest: Tells one list from another.
    """

    digest: str

    def to_dict(self) -> dict[str, Any]:
        """See :class:`Definition`."""
        return {"users": self.digest}

    def python(self) -> str:
        """See :class:`Definition`."""
        return "users"

    def words(self) -> str:
        """See :class:`Definition`."""
        return "a list of users"


def did(
    event: str | None = None,
    *,
    where: str | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
    exactly: int | None = None,
    within: str | None = None,
    from_date: str | date | None = None,
    to_date: str | date | None = None,
    sum_of: str | None = None,
) -> Did:
    """Users who did an event, once or more; for :meth:`Workspace.cohort`.

    Args:
        event: The event; None for any.
        where: Only occurrences for which this Mixpanel expression is true.
        at_least: The least number of occurrences; of ``sum_of``, the least sum.
        at_most: The largest number of occurrences (users without any are left out), or the largest sum.
        exactly: The number of occurrences.
        within: Only the last days, such as ``30d`` or ``3m``, up to the last day that the table covers.
        from_date: Only since this day, instead of ``within``.
        to_date: Only until this day, included.
        sum_of: Sum this property (or expression) instead of counting occurrences.

    Raises:
        ParameterError: a value makes no sense.

    Example:
        >>> from mixpanel_nb import did
        >>> did("Purchase", at_least=2, within="30d").words()
        'did Purchase at least 2 times within the last 30d'
    """
    if exactly is not None:
        if at_least is not None or at_most is not None:
            message = [Word("exactly"), " excludes ", Word("at_least"), " and ", Word("at_most"), "."]
            raise ParameterError(message, parameter="exactly", value=exactly)
        if exactly == 0:
            message = [Word("exactly", 0), " means that users did not do it."]
            raise ParameterError(message, parameter="exactly", value=0, hint="Use did_not(…).")
        at_least = at_most = exactly
    since: Any = from_date
    until: Any = to_date
    return Did(event, where, at_least, at_most, within, since, until, sum_of)


def did_not(
    event: str | None = None,
    *,
    where: str | None = None,
    within: str | None = None,
    from_date: str | date | None = None,
    to_date: str | date | None = None,
) -> Definition:
    """Users of the table who did not do an event. Arguments and errors as in :func:`did`.

    Example:
        >>> from mixpanel_nb import did, did_not
        >>> (did("Sign Up") & did_not("Purchase")).python()
        'did("Sign Up") & did_not("Purchase")'
    """
    return ~did(event, where=where, within=within, from_date=from_date, to_date=to_date)


def profile(where: str) -> Profile:
    """Users whose profile meets a condition.

    Args:
        where: A Mixpanel expression over the profile, such as ``user["plan"] == "pro"``.

    Example:
        >>> from mixpanel_nb import profile
        >>> profile('user["plan"] == "pro"').words()
        'has user["plan"] == "pro"'
    """
    return Profile(where)


def in_cohort(name: str) -> InCohort:
    """Users of another cohort of the database, as it is when the new one is computed.

    Example:
        >>> from mixpanel_nb import did, in_cohort
        >>> (did("Purchase") & ~in_cohort("staff")).words()
        'did Purchase and is not in staff'
    """
    return InCohort(name)


def definition_of(data: Mapping[str, Any]) -> Definition:
    """The definition that :meth:`Definition.to_dict` has written.

    Raises:
        ParameterError: it is none.
    """
    value: Any
    found: list[tuple[str, Any]] = list(data.items())
    kind, value = found[0] if len(found) == 1 else ("", {})
    match kind:
        case "did":
            return Did(**value)
        case "sequence":
            first, *steps = value
            return InOrder(Did(**first), tuple(Then(**step) for step in steps))
        case "profile":
            return Profile(value)
        case "in_cohort":
            return InCohort(value)
        case "not":
            return Not(definition_of(value))
        case "sql":
            return OfSQL(value)
        case "mixpanel":
            return OfMixpanel(value)
        case "users":
            return Listed(value)
        case "and":
            return And(tuple(map(definition_of, value)))
        case "or":
            return Or(tuple(map(definition_of, value)))
    message = f"{str(data)[:60]} defines no cohort."
    raise ParameterError(message, parameter="definition", value=data)


def length_of(within: str) -> int:
    """The seconds of a length of time: ``7d``, ``2w``, ``12h``, ``30min`` or ``45s``.

    Raises:
        ParameterError: it is none.
    """
    found = _LENGTH.fullmatch(str(within).strip().lower())
    length = int(found[1]) * _SECONDS[found[2]] if found else 0
    if not 1 <= length <= _LONGEST:
        message = [Word("within"), f" is {str(within)[:40]!r}, which is no length of time."]
        hint = "Write it as 7d, 2w, 12h, 30min or 45s."
        raise ParameterError(message, parameter="within", value=within, hint=hint)
    return length


def _inner(kind: type[_Several], each: Definition) -> tuple[Definition, ...]:
    return each.operands if type(each) is kind and isinstance(each, _Several) else (each,)


def _number(value: Any, name: str) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf"):
        return value
    raise ParameterError([Word(name), f" is {value!r}."], parameter=name, value=value, hint="Give a number.")


def _checked(node: Any, name: str, check: Any) -> None:
    object.__setattr__(node, name, check(getattr(node, name), name))


def _given(node: Any) -> dict[str, Any]:
    """The values that differ from the defaults, as plain data; ``event`` always."""
    values = {field.name: getattr(node, field.name) for field in fields(node)}
    plain = {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}
    return {name: value for name, value in plain.items() if value is not None or name == "event"}


def _call(function: str, node: Any, places: tuple[str, ...]) -> str:
    given = _given(node)
    if given.get("at_least") is not None and given["at_least"] == given.get("at_most") and not node.sum_of:
        given["exactly"] = given.pop("at_least")
        del given["at_most"]
    leading = [_text(given.pop(name)) for name in places if given[name] is not None]
    given = {name: value for name, value in given.items() if name not in places}
    return (
        f"{function}({', '.join([*leading, *(f'{name}={_text(value)}' for name, value in given.items())])})"
    )


def _text(value: Any) -> str:
    if isinstance(value, str) and '"' not in value and value.isprintable():
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
