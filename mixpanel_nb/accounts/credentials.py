"""Service account credentials, protected from accidental disclosure."""

from __future__ import annotations

import difflib
import hmac
import re
import zoneinfo
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from mixpanel_nb.errors import ConfigError, did_you_mean
from mixpanel_nb.weekdays import WEEKDAYS, Weekday

if TYPE_CHECKING:
    from mixpanel_nb.accounts.tokens import TokenSource

REGIONS = ("us", "eu", "in")
"""Mixpanel's regions: the United States, the European Union, India."""

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # and half a character, which cannot be sent


_CITY = re.compile(r"(?!Etc/)\w+/|UTC$")  # no Etc/GMT+2, which is behind UTC and not ahead
_OFFSET = re.compile(
    r"(?:Etc/)?(?:UTC|GMT)?\s*(?P<sign>[+-])(?P<hours>\d{1,2})(?::?(?P<minutes>\d{2}))?", re.IGNORECASE
)
# Names that tz knows for clocks without summer time, which are rarely what a user means.
_WITHOUT_SUMMER = frozenset({"EST", "MST"})
# A city for each clock that many projects have.
_CITIES = (
    *("Pacific/Honolulu", "America/Los_Angeles", "America/Denver", "America/Chicago", "America/New_York"),
    *("America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Europe/Athens", "Africa/Johannesburg"),
    *("Europe/Istanbul", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Dhaka", "Asia/Jakarta"),
    *("Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland"),
)
# Common abbreviations, and the cities they may stand for.
_ABBREVIATED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("PST", "PDT", "PT", "PACIFIC", "US PACIFIC"), ("America/Los_Angeles",)),
    **dict.fromkeys(("MST", "MDT", "MT", "US MOUNTAIN"), ("America/Denver", "America/Phoenix")),
    **dict.fromkeys(("CST",), ("America/Chicago", "Asia/Shanghai")),
    **dict.fromkeys(("CDT", "CT", "US CENTRAL"), ("America/Chicago",)),
    **dict.fromkeys(("EST", "EDT", "ET", "EASTERN", "US EASTERN"), ("America/New_York",)),
    **dict.fromkeys(("CEST", "MEZ", "MESZ"), ("Europe/Berlin", "Europe/Paris")),
    **dict.fromkeys(("EEST",), ("Europe/Athens", "Europe/Helsinki")),
    **dict.fromkeys(("BST", "UK"), ("Europe/London",)),
    **dict.fromkeys(("IST",), ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem")),
    **dict.fromkeys(("INDIA",), ("Asia/Kolkata",)),
    **dict.fromkeys(("JST",), ("Asia/Tokyo",)),
    **dict.fromkeys(("KST",), ("Asia/Seoul",)),
    **dict.fromkeys(("SGT",), ("Asia/Singapore",)),
    **dict.fromkeys(("MSK",), ("Europe/Moscow",)),
    **dict.fromkeys(("BRT",), ("America/Sao_Paulo",)),
    **dict.fromkeys(("AEST", "AEDT"), ("Australia/Sydney", "Australia/Brisbane")),
    **dict.fromkeys(("NZST", "NZDT"), ("Pacific/Auckland",)),
}


class Secret:
    """A string that is only shown by an explicit call.

    ``repr``, ``str``, formatting, ``dataclasses.asdict`` and tracebacks that print local variables show
    ``***``. Copying keeps the secret; pickling is refused, so that none ends up in a file by accident.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return format("***", spec)

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not pickled: resolve the account again where it is needed.")


@dataclass(frozen=True, init=False)
class Credentials:
    """A service account and its project.

    Args:
        username: User name of the service account.
        secret: Its secret; a plain string is wrapped at once.
        project_id: The project's number.
        region: ``us``, ``eu`` or ``in``.
        account: Name under which it is configured, or None if it came from elsewhere.
        timezone: The project's time zone, an IANA name such as ``Europe/Berlin``.
        legacy_time: True for projects created before 2023, whose exports carry project-local times.
        week_start: The day on which the project's weeks begin, such as ``monday``.
        workspace_id: The number of a data view of the project, from which Mixpanel answers queries; None for
            all of the project.
        tokens: Where the tokens of a sign-in come from, which stand in place of the secret; the user name is
            then the user's address, for display.

    Raises:
        ConfigError: A value is missing or cannot be right. The message never repeats the secret.
    """

    username: str
    secret: Secret = field(repr=False)
    project_id: str
    region: str = "us"
    account: str | None = None
    timezone: str = "UTC"
    legacy_time: bool = False
    week_start: Weekday = "monday"
    workspace_id: str | None = None
    tokens: TokenSource | None = field(default=None, repr=False, compare=False)

    def __init__(
        self,
        username: str,
        secret: str | Secret,
        project_id: str | int,
        region: str = "us",
        account: str | None = None,
        timezone: str = "UTC",
        legacy_time: bool = False,
        week_start: str = "monday",
        workspace_id: str | int | None = None,
        tokens: TokenSource | None = None,
    ) -> None:
        # Wrapped before anything can fail, so that no traceback of this frame shows the bare string.
        secret = secret if isinstance(secret, Secret) else Secret(secret)
        values = {
            "username": _checked_username(username) if tokens is None else username,
            "secret": _checked_secret(secret) if tokens is None else secret,
            "project_id": _checked_project_id(str(project_id)),
            "region": checked_region(region),
            "account": account,
            "timezone": checked_timezone(timezone),
            "legacy_time": bool(legacy_time),
            "week_start": checked_weekday(week_start),
            "workspace_id": None if workspace_id is None else checked_workspace_id(str(workspace_id)),
            "tokens": tokens,
        }
        for name, value in values.items():
            object.__setattr__(self, name, value)


def _checked_username(username: str) -> str:
    if not username.strip():
        raise _wrong("username", "The user name of the service account is empty.")
    if _CONTROL.search(username) or ":" in username:
        # HTTP Basic authentication separates user and secret by the first colon (RFC 7617).
        raise _wrong(
            "username", "The user name holds a colon or a control character, which no service account has."
        )
    return username


def _checked_secret(secret: Secret) -> Secret:
    if not secret.reveal().strip():
        raise _wrong("secret", "The secret of the service account is empty.")
    if "\ufeff" in secret.reveal():
        hint = "Pipe it as UTF-8 without a mark (BOM), or type it."
        raise _wrong("secret", "The secret holds a byte order mark, which no secret has.", hint)
    if _CONTROL.search(secret.reveal()):
        hint = "Copy it again, without the line break around it."
        raise _wrong("secret", "The secret holds a control character.", hint)
    return secret


def _checked_project_id(project_id: str) -> str:
    if not re.fullmatch(r"[0-9]+", project_id):
        hint = "Mixpanel shows it under Settings > Project Settings."
        raise _wrong("project_id", f"The project id must be a number, not {project_id!r}.", hint)
    return project_id


def checked_workspace_id(workspace_id: str) -> str:
    """The number of a data view.

    Raises:
        ConfigError: it is no number.
    """
    if not re.fullmatch(r"[0-9]+", workspace_id):
        hint = "It stands in the address of the data view in Mixpanel: …/project/12345/view/67890/…"
        raise _wrong("workspace_id", f"The workspace id must be a number, not {workspace_id!r}.", hint)
    return workspace_id


def checked_region(region: str) -> str:
    """The name of a region, whichever case it is written in.

    Raises:
        ConfigError: there is no such region.
    """
    if region.lower() not in REGIONS:
        raise _wrong("region", f"The region must be one of {', '.join(REGIONS)}, not {region!r}.")
    return region.lower()


def checked_timezone(timezone: str) -> str:
    """The name of a time zone, if it exists.

    Raises:
        ConfigError: there is none; the nearest name is suggested.
    """
    if timezone == "UTC":  # known even where the system has no time zone files
        return timezone
    if timezone in _WITHOUT_SUMMER:
        raise _wrong("timezone", f"{timezone} is no city's time zone.", _zone_hint(timezone))
    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise _wrong("timezone", f"There is no time zone {timezone!r}.", _zone_hint(timezone)) from None
    return timezone


def _zone_hint(wanted: str) -> str:
    """A suggested zone name, only if it is unambiguous: a wrong zone would shift all times."""
    key = wanted.strip().casefold().replace(" ", "_")
    zones = {zone.casefold(): zone for zone in zoneinfo.available_timezones() if _CITY.match(zone)}
    meant = [zone for name, zone in sorted(zones.items()) if key in {name, name.rpartition("/")[2]}]
    if not meant and "/" in key:
        meant = [zones[name] for name in difflib.get_close_matches(key, zones, n=1, cutoff=0.85)]
    if meant:
        return f"Did you mean {meant[0]!r}?"
    abbreviated = _ABBREVIATED.get(wanted.strip().upper())
    if abbreviated:
        return f"Name the city: {' or '.join(abbreviated)}."
    offset = _OFFSET.fullmatch(wanted.strip())
    if offset:
        cities = _cities_at(f"{offset['sign']}{int(offset['hours']):02}{offset['minutes'] or '00'}")
        named = f", such as {' or '.join(cities)}" if cities else ""
        return f"An offset has no summer time: name a city{named}."
    area = wanted.strip().partition("/")[0].casefold()
    near = [city for city in _CITIES if city.casefold().startswith(f"{area}/")]
    return f"Name a city: {', '.join(near or _CITIES)} …"


def _cities_at(offset: str) -> list[str]:
    """The cities whose clocks have such an offset (``+0530``) in January or in July."""
    days = (datetime(2025, 1, 15, tzinfo=UTC), datetime(2025, 7, 15, tzinfo=UTC))
    return [
        city
        for city in _CITIES
        if offset in {day.astimezone(zoneinfo.ZoneInfo(city)).strftime("%z") for day in days}
    ]


def _wrong(parameter: str, problem: str, hint: str | None = None) -> ConfigError:
    return ConfigError(problem, hint=hint, details={"parameter": parameter})


def checked_weekday(day: str) -> Weekday:
    """The day of the week of that name, whichever case it is written in.

    Raises:
        ConfigError: There is no such day.
    """
    for known in WEEKDAYS:
        if day.lower() == known:
            return known
    hint = did_you_mean(day.lower(), WEEKDAYS) or f"It can be {', '.join(WEEKDAYS)}."
    raise _wrong("week_start", f"There is no day of the week {day!r}.", hint)
