"""OAuth 2 with PKCE: registration, authorization, tokens, renewal, revocation (RFC 6749, 7009, 7591, 7636).

The paths are those that Mixpanel's own client uses; that of the revocation, which it does not use, is the one
that goes with them in Django's OAuth toolkit. The libraries for this (Authlib, oauthlib) refuse the
loopback addresses of a sign-in on one's own machine, unless a variable of the whole process allows every
plain address.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

from mixpanel_nb.accounts.credentials import Secret
from mixpanel_nb.accounts.tokens import Tokens
from mixpanel_nb.client.exchange import ApiCall, NoAnswerError
from mixpanel_nb.client.regions import hosts_for, is_loopback
from mixpanel_nb.errors import APIError, AuthenticationError, ConnectionFailedError, ServerError
from mixpanel_nb.json_text import parsed
from mixpanel_nb.redaction import Redactor, excerpt

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from mixpanel_nb.client.connection import Connection
    from mixpanel_nb.client.exchange import Answer
    from mixpanel_nb.errors import Text

_TIMEOUT = 30.0
_SAID = 300  # characters of a refusal
_VERIFIER, _STATE = 64, 32  # random bytes; the verifier has as many as that of Mixpanel's own client
_SCOPE = (
    "projects analysis events insights segmentation retention data:read funnels flows data_definitions "
    "dashboard_reports bookmarks"
)


@dataclass(frozen=True)
class OAuthPaths:
    """The endpoints of an authorization server, below the address of the API host."""

    register: str = "/oauth/mcp/register/"
    authorize: str = "/oauth/authorize/"
    token: str = "/oauth/token/"  # noqa: S105 - a path
    revoke: str | None = "/oauth/revoke_token/"
    scope: str | None = None  # asked for by the authorization; without one, all that was registered


class OAuthServer:
    """The authorization server of a region. A context manager that closes its connections.

    Args:
        region: ``us``, ``eu`` or ``in``.
        base_url: The address instead of the region's; by default ``MP_API_BASE_URL``, if that is set.
        transport: Replaces the network, for tests.
        paths: Its endpoints.
        again: The hint where a sign-in has ended.

    Raises:
        ConfigError: ``base_url`` is not an HTTP address.
    """

    def __init__(
        self,
        region: str = "us",
        base_url: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        paths: OAuthPaths | None = None,
        again: Text = "Sign in again.",
    ) -> None:
        self.issuer = hosts_for(region, base_url).api
        self._paths = paths or OAuthPaths()
        self._transport = transport
        self.again = again
        self._redactor = Redactor("", "")
        self._opened: Connection | None = None

    def __enter__(self) -> OAuthServer:
        return self

    def __exit__(self, *_: object) -> None:
        if self._opened is not None:
            self._opened.close()

    def begin(self, redirect_uri: str) -> Authorization:
        """Register for a redirect address, and begin a sign-in.

        Raises:
            APIError: The server does not register this package.
        """
        body = {
            "client_name": "mixpanel_nb",
            "redirect_uris": [redirect_uri],
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "token_endpoint_auth_method": "none",
            "scope": self._paths.scope or _SCOPE,
        }
        found = self._json("register this package", self._paths.register, json=body)
        client_id = found.get("client_id")
        if not isinstance(client_id, str) or not client_id:
            raise ServerError("The registration for a sign-in was answered without a client_id.")
        return Authorization(self, client_id, redirect_uri)

    def renewed(self, tokens: Tokens) -> Tokens:
        """New tokens for a refresh token.

        Raises:
            AuthenticationError: The sign-in has ended.
            APIError: The server failed.
        """
        if tokens.refresh is None:
            raise AuthenticationError("The sign-in has expired.", hint=self.again)
        form = {"grant_type": "refresh_token", "client_id": tokens.client_id}
        found = self._token("renew the sign-in", form, {"refresh_token": tokens.refresh})
        return self._tokens(found, tokens.client_id, tokens.refresh)

    def revoke(self, tokens: Tokens) -> None:
        """End a sign-in.

        Raises:
            APIError: The server did not.
        """
        if self._paths.revoke is None:
            raise ServerError("The server revokes no tokens.")
        secret = tokens.refresh or tokens.access
        kind = "access_token" if tokens.refresh is None else "refresh_token"
        form = {"client_id": tokens.client_id, "token_type_hint": kind}
        self._send("end the sign-in", self._paths.revoke, data=form, secret_data={"token": secret})

    def authorization_url(self, client_id: str, redirect_uri: str, state: str, challenge: str) -> str:
        """The address of the page on which the user agrees."""
        asked = {
            "response_type": "code",
            "client_id": client_id,
            "redirect_uri": redirect_uri,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **({} if self._paths.scope is None else {"scope": self._paths.scope}),
        }
        return f"{self.issuer}{self._paths.authorize}?{urlencode(asked)}"

    def exchanged(self, client_id: str, redirect_uri: str, code: Secret, verifier: Secret) -> Tokens:
        """The tokens for the code of an authorization.

        Raises:
            AuthenticationError: The code is not accepted.
            APIError: The server failed.
        """
        form = {"grant_type": "authorization_code", "redirect_uri": redirect_uri, "client_id": client_id}
        found = self._token("sign in", form, {"code": code, "code_verifier": verifier})
        return self._tokens(found, client_id, None)

    def _tokens(self, found: Mapping[str, Any], client_id: str, refresh: Secret | None) -> Tokens:
        """The tokens of an answer; a server that rotates no refresh tokens leaves the old one in force."""
        access, newer, lasts = (found.get(name) for name in ("access_token", "refresh_token", "expires_in"))
        if not isinstance(access, Secret) or str(found.get("token_type", "Bearer")).lower() != "bearer":
            raise ServerError("The sign-in was answered without a bearer token.")
        return Tokens(
            access,
            newer if isinstance(newer, Secret) else refresh,
            time.time() + lasts if isinstance(lasts, int | float) else None,
            client_id,
            self.issuer,
        )

    def _token(self, aim: str, form: Mapping[str, str], secret_data: Mapping[str, Secret]) -> dict[str, Any]:
        return self._json(aim, self._paths.token, data=form, secret_data=secret_data)

    def _json(self, aim: str, path: str, **sent: Any) -> dict[str, Any]:
        """The object that a request is answered with; what is a token in it is wrapped."""
        found = self._send(aim, path, **sent)
        if not isinstance(found, dict):
            raise ServerError(f"Mixpanel could not {aim}: its answer is not a JSON object.")
        return found

    def _send(self, aim: str, path: str, **sent: Any) -> Any:
        call = ApiCall("POST", self.issuer + path, "app", timeout=_TIMEOUT, **sent)
        for secret in (call.secret_data or {}).values():
            self._redactor.also(secret.reveal())
        try:
            answer = self._connection().ask(call)
        except NoAnswerError as problem:
            error: APIError = ConnectionFailedError(
                f"Mixpanel could not {aim}: {problem.problem.rstrip('.')}.",
                hint="Look at the network, a proxy, and MP_API_BASE_URL.",
            )
        else:
            body = _body(answer)
            if 200 <= answer.status < 300:
                return body
            error = _refusal(aim, answer.status, body, excerpt(answer.text, _SAID), self.again)
        raise error

    def _connection(self) -> Connection:
        from mixpanel_nb.client.connection import Connection

        if self._opened is None:
            self._opened = Connection(
                None, Redactor("", ""), transport=self._transport, trust_env=not is_loopback(self.issuer)
            )
        return self._opened


class Authorization:
    """One sign-in: the address to open, and the tokens for the address that it led to.

    Args:
        server: The authorization server.
        client_id: The registration.
        redirect_uri: The address to which the server leads.
    """

    def __init__(self, server: OAuthServer, client_id: str, redirect_uri: str) -> None:
        self._server, self._client_id, self._redirect_uri = server, client_id, redirect_uri
        self._verifier = Secret(secrets.token_urlsafe(_VERIFIER))
        self._state = Secret(secrets.token_urlsafe(_STATE))
        challenge = _challenge(self._verifier)
        self.url = server.authorization_url(client_id, redirect_uri, self._state.reveal(), challenge)

    def is_answer(self, address: str) -> bool:
        """Whether an address is the redirect of this sign-in: it has its state."""
        return Secret(_parameters(address).get("state", "")) == self._state

    def finish(self, address: str) -> Tokens:
        """The tokens for the address that the browser was led to.

        Raises:
            AuthenticationError: The user or the server refused, or the address is not that of this sign-in.
            APIError: The server failed.
        """
        answer = _parameters(address)
        if not self.is_answer(address):
            message = "This is not the answer to this sign-in: its state is another one."
            hint = "Open the address of this sign-in, and use the address that it leads to."
            raise AuthenticationError(message, hint=hint)
        if answer.get("error"):
            said = excerpt(answer.get("error_description") or answer["error"], _SAID)
            raise AuthenticationError(f"The sign-in was refused: {said}.", hint=self._server.again)
        if not answer.get("code"):
            raise AuthenticationError("The address has no code.", hint="Copy the whole address.")
        code = Secret(answer["code"])
        return self._server.exchanged(self._client_id, self._redirect_uri, code, self._verifier)


def _challenge(verifier: Secret) -> str:
    """The proof key's challenge (RFC 7636, 4.2)."""
    digest = hashlib.sha256(verifier.reveal().encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _parameters(address: str) -> dict[str, str]:
    """The parameters of an address, or of its query alone."""
    try:
        query = urlsplit(address.strip()).query or address.strip().lstrip("?")
        return {name: values[0] for name, values in parse_qs(query).items()}
    except ValueError:
        return {}


def _body(answer: Answer) -> Any:
    """An answer with its tokens as secrets; None if it is not JSON."""
    try:
        body = parsed(answer.body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return body
    hidden = ("access_token", "refresh_token", "id_token", "client_secret")
    return {k: Secret(v) if k in hidden and isinstance(v, str) else v for k, v in body.items()}


def _refusal(aim: str, status: int, body: Any, text: str, again: Text) -> APIError:
    """The error for an answer that says no (RFC 6749, 5.2)."""
    code = body.get("error") if isinstance(body, dict) else None
    said = (body.get("error_description") or code) if isinstance(body, dict) else None
    message = f"Mixpanel could not {aim}: {str(said or text or status)[:_SAID].rstrip('.')}."
    if code in {"invalid_grant", "invalid_client", "access_denied", "unauthorized_client"}:
        return AuthenticationError(message, hint=again, status_code=status)
    if status == 429:
        return APIError(message, hint="Wait a few minutes.", status_code=status)
    return ServerError(message, hint="Try again later.", status_code=status)
