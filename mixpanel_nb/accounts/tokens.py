"""Tokens of a sign-in by browser: kept in a file that only its owner may read, one for each account.

A file is ``tokens/NAME.json`` in the home directory, treated as ``config.toml`` is. Processes that find a
token expired renew it one after the other: the first one asks, the others read what it wrote.
"""

from __future__ import annotations

import json
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mixpanel_nb.accounts.credentials import Secret
from mixpanel_nb.accounts.home import ensure_home_directory, exclusive, read_private, write_private
from mixpanel_nb.errors import AuthenticationError, Command, ConfigError
from mixpanel_nb.redaction import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mixpanel_nb.errors import Text

EXPIRES_EARLY = 30.0
"""Seconds before its end at which a token counts as expired, as in Mixpanel's own client."""

_RENEWAL = 90.0  # seconds for which other processes wait for one that renews a token


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gives.

    Attributes:
        access: The token that requests carry.
        refresh: The token that renews it; None if there is none.
        expires_at: When ``access`` expires, in Unix seconds; None if that is unknown.
        client_id: The id under which this package was registered for the sign-in.
        issuer: The address of the authorization server that gave them, which renews them.
        host: The address of the API host that they are for; they are sent to no other region.
    """

    access: Secret
    refresh: Secret | None = None
    expires_at: float | None = None
    client_id: str = ""
    issuer: str | None = None
    host: str | None = None

    @property
    def expired(self) -> bool:
        """Whether ``access`` has expired, or is about to."""
        return self.expires_at is not None and time.time() >= self.expires_at - EXPIRES_EARLY


class TokenSource(ABC):
    """Where the tokens of an account come from. Everything it gave is redacted as long as it exists."""

    @cached_property
    def redactor(self) -> Redactor:
        """Redacts the tokens that were given."""
        return Redactor("", "")

    @property
    def how(self) -> Text:
        """The hint how to sign in again."""
        return "Sign in again, and set MP_OAUTH_TOKEN to the new token."

    def current(self) -> Tokens:
        """The tokens as they are.

        Raises:
            AuthenticationError: There are none.
            ConfigError: They cannot be read.
        """
        tokens = self._current()
        self._guard(tokens)
        return tokens

    @abstractmethod
    def _current(self) -> Tokens:
        """The tokens as they are."""

    def renewed(self, stale: Tokens, renew: Callable[[Tokens], Tokens]) -> Tokens:
        """Tokens in place of ``stale`` ones.

        Args:
            stale: The tokens that are not accepted, or have expired.
            renew: Asks for new ones; whatever it raises is raised.
        """
        del renew
        return stale

    def _guard(self, tokens: Tokens) -> None:
        for secret in (tokens.access, tokens.refresh):
            if secret is not None:
                self.redactor.also(secret.reveal())


class GivenToken(TokenSource):
    """A token of the environment, which is not renewed.

    Args:
        access: The token.
    """

    def __init__(self, access: Secret) -> None:
        self._tokens = Tokens(access)

    def _current(self) -> Tokens:
        return self._tokens


class TokenFile(TokenSource):
    """The tokens of an account.

    Args:
        home: The home directory.
        account: The account.
    """

    def __init__(self, home: Path, account: str) -> None:
        self._home = home
        self.account = account

    @property
    def path(self) -> Path:
        """The file, whether it exists or not."""
        return self._home / "tokens" / f"{self.account}.json"

    def _current(self) -> Tokens:
        tokens = _parsed(read_private(self.path))
        if tokens is None:
            message = f"The account {self.account!r} is not signed in."
            raise AuthenticationError(message, hint=self.how)
        return tokens

    @property
    def how(self) -> Text:
        """The hint how to sign in again."""
        return ["Sign in again: `", Command(f"auth login {self.account}"), "`."]

    def renewed(self, stale: Tokens, renew: Callable[[Tokens], Tokens]) -> Tokens:
        """Tokens in place of ``stale`` ones: those that another process has got since, or new ones."""
        ensure_home_directory(self.path.parent)
        with exclusive(self.path.with_suffix(".lock"), timeout=_RENEWAL):
            known = self.current()
            if known.access != stale.access and not known.expired:
                return known
            tokens = renew(known)
            self._guard(tokens)
            tokens = replace(tokens, host=known.host)
            write_private(self.path, lambda: _rendered(tokens))
        return tokens

    def write(self, tokens: Tokens) -> None:
        """Keep the tokens of a sign-in.

        Raises:
            ConfigError: They cannot be written.
        """
        ensure_home_directory(self._home)
        ensure_home_directory(self.path.parent)
        self._guard(tokens)
        with exclusive(self.path.with_suffix(".lock"), timeout=_RENEWAL):
            write_private(self.path, lambda: _rendered(tokens))

    def remove(self) -> None:
        """Remove the tokens, if there are any.

        Raises:
            ConfigError: They cannot be removed.
        """
        for path in (self.path, self.path.with_suffix(".lock")):
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise ConfigError(f"{path} cannot be removed: {error.strerror}.") from None


def _parsed(content: bytes) -> Tokens | None:
    """The tokens of a file; None if it is empty, damaged or not there."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not isinstance(found.get("access_token"), str):
        return None
    refresh, expires = found.get("refresh_token"), found.get("expires_at")
    return Tokens(
        Secret(found["access_token"]),
        Secret(refresh) if isinstance(refresh, str) else None,
        float(expires) if isinstance(expires, int | float) else None,
        str(found.get("client_id") or ""),
        *(found.get(name) if isinstance(found.get(name), str) else None for name in ("issuer", "host")),
    )


def _rendered(tokens: Tokens) -> bytes:
    content: dict[str, Any] = {
        "access_token": tokens.access.reveal(),
        "refresh_token": None if tokens.refresh is None else tokens.refresh.reveal(),
        "expires_at": tokens.expires_at,
        "client_id": tokens.client_id,
        "issuer": tokens.issuer,
        "host": tokens.host,
    }
    return json.dumps(content).encode()
