"""A request as the endpoints see it: its parameters, wherever they were, and what is needed to answer."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from werkzeug.wrappers import Request

from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mixpanel_nb.sandbox.sessions import EngageSessions
    from mixpanel_nb.sandbox.store import Dataset

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SECRETS = frozenset({"api_secret", "secret", "api_key", "sig", "token", "password", "access_token"})
_READABLE = '[]",:/$'


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
        today: The current UTC day.
        sessions: Open engage queries.
        path: Variable parts of the path.
    """

    params: Mapping[str, str]
    dataset: Dataset
    today: date
    sessions: EngageSessions
    path: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """A parameter, or None if it is absent or empty."""
        return self.params.get(name) or None

    def required(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.text(name)
        if value is None:
            raise RefusedError(400, f"Missing required parameter: {name}")
        return value

    def integer(self, name: str, default: int, *, least: int = 1) -> int:
        """A whole number of at least ``least``."""
        value = self.text(name)
        if value is None:
            return default
        if not re.fullmatch(r"\d{1,18}", value) or int(value) < least:
            raise RefusedError(400, f"Invalid {name}: {value!r} is not an integer of at least {least}")
        return int(value)

    def flag(self, name: str) -> bool:
        """A boolean, false when absent."""
        return (self.text(name) or "false").lower() in ("true", "1")

    def strings(self, name: str) -> list[str] | None:
        """A JSON array of strings (numbers are taken as their text), or None if absent."""
        value = self.text(name)
        if value is None:
            return None
        try:
            items = json.loads(value)
        except ValueError:
            items = None
        if not isinstance(items, list) or not all(isinstance(item, str | int) for item in items):
            raise RefusedError(400, f"Invalid {name}: expected a JSON array of strings")
        return [str(item) for item in items]

    def day(self, name: str) -> date | None:
        """A ``yyyy-mm-dd`` day from 2000 on, or None if absent."""
        value = self.text(name)
        if value is None:
            return None
        if not _DAY.fullmatch(value):
            raise RefusedError(400, f"Error in {name}: invalid date, expected yyyy-mm-dd")
        if value < "2000":
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

    def optional_date_range(self) -> tuple[date | None, date | None]:
        """The same, each None where absent."""
        first, last = self.day("from_date"), self.day("to_date")
        if first and last and first > last:
            raise RefusedError(400, "to_date must be greater than or equal to from_date")
        if last and last > self.today:
            raise RefusedError(400, "to_date cannot be later than today")
        return first, last

    def refuse_unsupported(self, *names: str) -> None:
        """Refuse parameters whose neglect would silently change the answer."""
        for name in names:
            if self.text(name) is not None:
                raise RefusedError(400, f"The sandbox does not evaluate `{name}` yet")
