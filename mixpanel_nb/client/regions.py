"""Which host answers what (Mixpanel's docs, API overview and the OpenAPI files' server lists)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Literal
from urllib.parse import urlsplit

from mixpanel_nb.errors import ConfigError

Family = Literal["query", "app", "export"]
"""The path families: Query API, App API, Raw Export API. Each has its own quota and habits."""

_PREFIXES: dict[Family, str] = {"query": "/api/query/", "app": "/api/app/", "export": "/api/2.0/"}


@dataclass(frozen=True)
class Hosts:
    """Base URLs without a trailing slash.

    Attributes:
        api: For the Query and App APIs.
        data: For raw export.
    """

    api: str
    data: str

    def url(self, family: Family, endpoint: str) -> str:
        """The address of ``endpoint``, for example ``url("query", "events/names")``."""
        base = self.data if family == "export" else self.api
        return f"{base}{_PREFIXES[family]}{endpoint.lstrip('/')}"


_REGIONS = {
    "us": Hosts("https://mixpanel.com", "https://data.mixpanel.com"),
    "eu": Hosts("https://eu.mixpanel.com", "https://data-eu.mixpanel.com"),
    "in": Hosts("https://in.mixpanel.com", "https://data-in.mixpanel.com"),
}


def hosts_for(region: str, base_url: str | None = None) -> Hosts:
    """The hosts of a region, unless ``base_url`` or ``MP_API_BASE_URL`` sends every call elsewhere.

    Raises:
        ConfigError: The base URL is no ``http://`` or ``https://`` address, or carries credentials.
    """
    base = base_url or os.environ.get("MP_API_BASE_URL")
    if not base:
        return _REGIONS[region]
    base = base.strip().rstrip("/")
    try:
        parts = urlsplit(base)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
    except ValueError:
        usable = False
    if not usable:
        # Not repeated in the message: it may hold a password.
        raise ConfigError(
            "The base URL must look like http://host:port, without user name or password.",
            hint="Look at MP_API_BASE_URL.",
        )
    return Hosts(base, base)


def is_loopback(base_url: str) -> bool:
    """Whether the host is this machine, which no proxy needs to reach."""
    host = urlsplit(base_url).hostname or ""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, such as 127.0.0.1.example.com
        return False
