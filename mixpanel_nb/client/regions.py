"""The hosts of each region and API (Mixpanel's docs, API overview and the OpenAPI files' server lists)."""

from __future__ import annotations

import ipaddress
import os
from dataclasses import dataclass
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
    """The hosts of a region, unless ``base_url`` or ``MP_API_BASE_URL`` replaces them.

    Raises:
        ConfigError: The base URL is not an ``http://`` or ``https://`` address, carries credentials, or would
            send the secret unencrypted to another machine (``MP_ALLOW_PLAIN_HTTP=1`` allows that).
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
    if parts.scheme == "http" and not is_loopback(base) and os.environ.get("MP_ALLOW_PLAIN_HTTP") != "1":
        raise ConfigError(
            f"The base URL would send the secret unencrypted to {parts.hostname}.",
            hint="Use https://, or set MP_ALLOW_PLAIN_HTTP=1 if you trust every machine on the way.",
        )
    return Hosts(base, base)


def is_loopback(base_url: str) -> bool:
    """Whether the host is this machine, which no proxy needs to reach.

    A name counts if it is ``localhost`` or ends in ``.localhost`` (RFC 6761), an address if it is a loopback
    one; a name that only looks like an address (``127.0.0.1.example``) does not.
    """
    host = (urlsplit(base_url).hostname or "").rstrip(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback
