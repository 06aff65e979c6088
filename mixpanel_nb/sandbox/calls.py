"""A request with its merged parameters and the context for answering it."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

from werkzeug.wrappers import Request

from mixpanel_nb.errors import ExpressionError, MixpanelDataError, ParameterError, QueryError
from mixpanel_nb.queries import COUNT_TYPES, Query, parameters_of
from mixpanel_nb.queries.base import required
from mixpanel_nb.queries.checks import Flag, Name, OneOf, Whole
from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from mixpanel_nb.queries import CountType
    from mixpanel_nb.queries.parameter import Check
    from mixpanel_nb.sandbox.annotations import Annotations
    from mixpanel_nb.sandbox.links import ReportLinks
    from mixpanel_nb.sandbox.reports import ReportRunner
    from mixpanel_nb.sandbox.sessions import EngageSessions
    from mixpanel_nb.sandbox.store import Dataset

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECRETS = frozenset({"api_secret", "secret", "api_key", "sig", "token", "password", "access_token"}) | {
    "code",
    "code_verifier",
    "refresh_token",
}
_READABLE = '[]",:/$'

AnyQuery = TypeVar("AnyQuery", bound=Query[Any])
Choice = TypeVar("Choice", bound=str)


class SandboxRequest(Request):
    """A WSGI request whose parameters are merged as Mixpanel's server merges them."""

    @cached_property
    def params(self) -> dict[str, str]:
        """Parameters of the body over those of the URL; the body is tried as JSON first, then as a form.

        A JSON value that is no string is given as JSON text, null is left out.
        """
        return {**self.args.to_dict(), **_body_params(self.get_data())}

    @property
    def target(self) -> str:
        """Path and query of the URL, without secrets."""
        return shown(self.path, self.args.to_dict())


def shown(path: str, params: Mapping[str, str]) -> str:
    """A path with parameters, for logs and answers: secrets left out, no character that breaks a line."""
    kept = {name: value for name, value in params.items() if name.lower() not in _SECRETS}
    path = quote(path, safe=f"/{_READABLE}")
    return f"{path}?{urlencode(kept, safe=_READABLE)}" if kept else path


def _body_params(body: bytes) -> dict[str, str]:
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError):
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    if not isinstance(parsed, dict):
        return {}
    return {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in parsed.items()
        if value is not None
    }


@dataclass(frozen=True)
class Call:
    """An authenticated request to one endpoint.

    Attributes:
        params: Merged parameters; an empty value is the same as none.
        dataset: What is asked.
        now: The current time, UTC.
        sessions: Open engage queries.
        annotations: The annotations as they are now.
        links: The reports that links lead to.
        project_id: The project that is asked.
        path: Variable parts of the path.
    """

    params: Mapping[str, str]
    dataset: Dataset
    now: datetime
    sessions: EngageSessions
    annotations: Annotations
    links: ReportLinks
    project_id: str
    path: Mapping[str, Any] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The clock's UTC day, after which no event can be, so that later days are refused."""
        return self.now.date()

    @property
    def last_day(self) -> date:
        """The endpoints' "today": the data set's last day; without events, the clock's."""
        return self.dataset.last_day or self.today

    @property
    def project_number(self) -> int | str:
        """The project as the number that answers name it by."""
        return int(self.project_id) if self.project_id.isdecimal() else self.project_id

    def having(self, **params: str) -> Call:
        """The same call with other parameters, which came in another way."""
        return replace(self, params=params)

    @contextmanager
    def runner(self) -> Iterator[ReportRunner]:
        """The runner of local reports; its errors become refusals."""
        try:
            with self.dataset.runner() as runner:
                yield runner
        except ExpressionError as error:
            raise self._mistake(error) from None
        except (ParameterError, QueryError) as error:
            raise RefusedError(400, error.message) from None
        except MixpanelDataError as error:  # a line of a replayed export that no table can hold
            raise RefusedError(500, f"The sandbox cannot ask its data: {error.message}") from None

    def _mistake(self, error: ExpressionError) -> RefusedError:
        wrong = [name for name, value in self.params.items() if value == error.details["expression"]]
        return RefusedError(400, f"Invalid {wrong[0] if wrong else 'expression'}: {error.message}")

    def text(self, name: str) -> str | None:
        """A parameter, or None if it is absent or empty."""
        return self.params.get(name) or None

    def required(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.text(name)
        if value is None:
            raise RefusedError(400, f"Missing required parameter: {name}")
        return value

    def choice(self, name: str, choices: Iterable[Choice], default: Choice | None = None) -> Choice:
        """One of several words; it must be there unless there is a default."""
        value = self.text(name)
        if value is None and default is not None:
            return default
        listed = list(choices)
        for known in listed:
            if value == known:
                return known
        found = self.required(name)
        raise RefusedError(400, f"Invalid {name}: {found!r}, expected one of {', '.join(listed)}")

    def count_type(self, default: CountType | None = None) -> CountType:
        """What to count."""
        return self.choice("type", COUNT_TYPES, default)

    def integer(self, name: str, default: int, *, least: int = 1, most: int | None = None) -> int:
        """A whole number of at least ``least`` and at most ``most``."""
        found = self.optional_integer(name, least=least, most=most)
        return default if found is None else found

    def optional_integer(self, name: str, *, least: int = 1, most: int | None = None) -> int | None:
        """The same, or None if absent."""
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"\d{1,18}", value) or int(value) < least:
            raise RefusedError(400, f"Invalid {name}: {value!r} is not an integer of at least {least}")
        if most is not None and int(value) > most:
            raise RefusedError(400, f"Invalid {name}: {value} exceeds the maximum of {most}")
        return int(value)

    @property
    def is_csv(self) -> bool:
        """Whether the answer is to be CSV: ``format`` is ``json``, which is the default, or ``csv``."""
        return self.choice("format", ("json", "csv"), "json") == "csv"

    def query(self, kind: type[AnyQuery], wire: Mapping[str, str] | None = None, **known: Any) -> AnyQuery:
        """The query of the parameters, each parsed as its field declares.

        Args:
            kind: The kind of query.
            wire: The wire names of fields, if different.
            known: Values that are known already.
        """
        if "from_date" not in known and "from_date" in parameters_of(kind):
            known["from_date"], known["to_date"] = self.date_range()
        for name, parameter in parameters_of(kind).items():
            if name not in known and name != "table":
                default = None if name in required(kind) else getattr(kind, name)
                value = self._read((wire or {}).get(name, name), parameter.check, default)
                known |= {} if value is None else {name: value}
        return kind.of(known)

    def _read(self, name: str, check: Check, default: Any) -> Any:
        match check:
            case OneOf(choices):
                return self.choice(name, choices, default)
            case Whole(most, least):
                return self.optional_integer(name, least=least, most=most)
            case Flag():
                return self.flag(name)
            case Name():
                return self.required(name)
            case _:
                return self.text(name)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """A boolean; ``default`` when absent."""
        value = self.text(name)
        return default if value is None else value.lower() in ("true", "1")

    def strings(self, name: str) -> list[str] | None:
        """A JSON array of strings (numbers are taken as their text), or None if absent."""
        if self.text(name) is None:
            return None
        items = self.json(name)
        if not isinstance(items, list) or not all(isinstance(item, str | int) for item in items):
            raise RefusedError(400, f"Invalid {name}: expected a JSON array of strings")
        return [str(item) for item in items]

    def numbers(self, name: str) -> list[int] | None:
        """Whole numbers between commas, or None if absent."""
        value = self.text(name)
        if value is None:
            return None
        if not re.fullmatch(r"\d{1,18}(,\d{1,18})*", value):
            raise RefusedError(400, f"Invalid {name}: expected whole numbers between commas")
        return [int(number) for number in value.split(",")]

    def json(self, name: str) -> Any:
        """A parameter parsed as JSON; None if it is absent or not JSON."""
        try:
            return json.loads(self.text(name) or "null")
        except (ValueError, RecursionError):
            return None

    def expression(self, name: str, check: Callable[[str | None], object]) -> str | None:
        """A filter that makes sense to ``check`` (one of ``filters``), or None if absent."""
        value = self.text(name)
        try:
            check(value)
        except ExpressionError as error:
            raise RefusedError(400, f"Invalid {name}: {error.message}") from None
        return value

    def day(self, name: str, *, from_year: int = 1971) -> date | None:
        """A ``yyyy-mm-dd`` day from that year on, or None if absent."""
        value = self.text(name)
        if value is None:
            return None
        if not _DAY.fullmatch(value):
            raise RefusedError(400, f"Error in {name}: invalid date, expected yyyy-mm-dd")
        if value < str(from_year):
            raise RefusedError(400, f"Error in {name}: invalid date, bad year")
        try:
            return date.fromisoformat(value)
        except ValueError as error:
            raise RefusedError(400, f"Error in {name}: invalid date, {error}") from None

    def date_range(self) -> tuple[date, date]:
        """``from_date`` and ``to_date``, both required, in order and not in the future."""
        first, last = self.optional_date_range()
        if first is None or last is None:
            raise RefusedError(400, f"Missing required parameter: {'to_date' if first else 'from_date'}")
        return first, last

    def optional_date_range(self, *, from_year: int = 1971) -> tuple[date | None, date | None]:
        """The same, each None where absent."""
        first, last = (self.day(name, from_year=from_year) for name in ("from_date", "to_date"))
        if first and last and first > last:
            raise RefusedError(400, "to_date must be greater than or equal to from_date")
        if last and last > self.today:
            raise RefusedError(400, "to_date cannot be later than today")
        return first, last

    def refuse_both(self, one: str, other: str) -> None:
        """Refuse two parameters that exclude each other, in Mixpanel's words."""
        if self.text(one) is not None and self.text(other) is not None:
            raise RefusedError(400, f"Validate failed: {one} and {other} both set")

    def refuse_unsupported(self, *names: str) -> None:
        """Refuse parameters whose neglect would silently change the answer."""
        for name in names:
            if self.text(name) is not None:
                raise RefusedError(400, f"The sandbox does not evaluate `{name}` yet")
