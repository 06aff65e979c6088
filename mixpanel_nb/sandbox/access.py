"""Access control: the Host header, and the sandbox's credentials."""

from __future__ import annotations

import base64
import binascii
from enum import Enum, auto
from typing import TYPE_CHECKING

from mixpanel_nb.sandbox.refusals import RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from mixpanel_nb.sandbox.refusals import Family

USERNAME = "sandbox"
SECRET = "sandbox"  # noqa: S105 - published on purpose; the data are made up
PROJECT_ID = "1"  # what /api/app/me names; every other id works as well

_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})


class Identity(Enum):
    """How a request identified itself."""

    SERVICE_ACCOUNT = auto()  # username and secret: names its project in project_id
    OAUTH = auto()  # a token: the same
    PROJECT_SECRET = auto()  # the secret alone, which implies its project


def check_host(host: str, allowed: Collection[str]) -> None:
    """Refuse requests for other host names, which web pages could use to reach a loopback server.

    Args:
        host: The Host header, with or without port.
        allowed: Host names to accept besides the local ones.

    Raises:
        RefusedError: 403.
    """
    name = host.lower()
    if not name.endswith("]"):
        name = name.rpartition(":")[0] or name
    if name in _LOCAL_HOSTS or name.endswith(".localhost") or name in allowed:
        return
    raise RefusedError(403, "The sandbox answers only requests for localhost")


def authenticate(
    authorization: str | None, family: Family, accepts: Callable[[str], bool] = lambda _: False
) -> Identity:
    """Check credentials in any form Mixpanel accepts (Mixpanel's docs, service accounts).

    Basic credentials are ``base64(user:secret)``, or ``user:secret`` as plain text, or the base64 of a
    project secret with or without its colon. A Bearer token is the secret, or one that a sign-in gave; the
    raw export takes none.

    Args:
        authorization: The header.
        family: The API that is asked.
        accepts: Whether a sign-in gave a token.

    Raises:
        RefusedError: 400 on query endpoints, 401 on the others, as in Mixpanel.
    """
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() == "bearer" and (token.strip() == SECRET or accepts(token.strip())):
        if family == "export":
            raise RefusedError(401, "Unable to authenticate request: must pass API secret")
        return Identity.OAUTH
    if scheme.lower() == "basic":
        for text in (token.strip(), _decoded(token.strip())):
            if text == f"{USERNAME}:{SECRET}":
                return Identity.SERVICE_ACCOUNT
        if _decoded(token.strip()) in (SECRET, f"{SECRET}:"):
            return Identity.PROJECT_SECRET
    raise RefusedError(400 if family == "query" else 401, "Unable to authenticate request")


def _decoded(token: str) -> str | None:
    padded = token.rstrip("=") + "=" * (-len(token.rstrip("=")) % 4)
    try:
        return base64.b64decode(padded.translate(str.maketrans("-_", "+/")), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
