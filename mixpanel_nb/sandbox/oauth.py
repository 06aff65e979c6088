"""Sign-in at the sandbox: registration, the page on which the user agrees, tokens, renewal and revocation.

The paths are Mixpanel's, the rules those of OAuth 2 with PKCE (RFC 6749, 7009, 7591, 7636). Everybody may
sign in: the page has a button to agree and one to refuse. What is given is kept in memory only.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from werkzeug.wrappers import Response

from mixpanel_nb.sandbox.answers import json_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from mixpanel_nb.sandbox.calls import SandboxRequest

PREFIX = "/oauth/"
LIFETIME = 3600
"""Seconds for which an access token is valid."""

_CODE_LIFETIME = 300


@dataclass(frozen=True)
class _Granted:
    """What an authorization code stands for."""

    client_id: str
    redirect_uri: str
    challenge: str
    until: float

    @property
    def asked(self) -> tuple[str, str]:
        """What the request for tokens has to name."""
        return self.client_id, self.redirect_uri


class _DeniedError(Exception):
    """A request that is answered with an OAuth error."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.status = code, status


class SandboxOAuth:
    """The authorization server of a running sandbox; safe to use from several threads.

    Args:
        clock: Unix seconds.
        lifetime: Seconds for which an access token is valid.
    """

    def __init__(self, clock: Callable[[], float], lifetime: float = LIFETIME) -> None:
        self.lifetime = lifetime
        self._clock = clock
        self._lock = threading.Lock()
        self._clients: dict[str, list[str]] = {}
        self._codes: dict[str, _Granted] = {}
        self._access: dict[str, float] = {}
        self._refresh: dict[str, tuple[str, str]] = {}  # refresh token: client and its access token

    def accepts(self, token: str) -> bool:
        """Whether a token is valid."""
        with self._lock:
            return self._access.get(token, 0.0) > self._clock()

    def answer(self, request: SandboxRequest) -> Response:
        """The answer to a request of one of the endpoints."""
        endpoints = {
            ("POST", "mcp/register"): self._register,
            ("GET", "authorize"): self._authorize,
            ("POST", "token"): self._token,
            ("POST", "revoke_token"): self._revoke,
        }
        path = request.path.removeprefix(PREFIX).strip("/")
        handler = endpoints.get((request.method, path))
        if handler is None:
            return json_answer({"error": "invalid_request", "error_description": "No such endpoint"}, 404)
        try:
            with self._lock:
                return handler(request.params)
        except _DeniedError as denied:
            return json_answer({"error": denied.code, "error_description": str(denied)}, denied.status)

    def _register(self, params: Mapping[str, str]) -> Response:
        try:
            uris = json.loads(params.get("redirect_uris", "[]"))
        except ValueError:
            uris = []
        if not isinstance(uris, list) or not uris or not all(map(_is_loopback, uris)):
            raise _DeniedError("invalid_redirect_uri", "redirect_uris must be addresses of this machine")
        client_id = secrets.token_urlsafe(16)
        self._clients[client_id] = uris
        return json_answer({"client_id": client_id, "redirect_uris": uris}, 201)

    def _authorize(self, params: Mapping[str, str]) -> Response:
        client_id, redirect_uri = params.get("client_id", ""), params.get("redirect_uri", "")
        if redirect_uri not in self._clients.get(client_id, ()):
            raise _DeniedError("invalid_client", "Unknown client_id or redirect_uri")
        state = params.get("state", "")
        if params.get("response_type") != "code" or params.get("code_challenge_method") != "S256":
            return _to(redirect_uri, state=state, error="invalid_request")
        decision = params.get("decision")
        if decision is None:
            return _page(params)
        if decision != "allow":
            return _to(redirect_uri, state=state, error="access_denied")
        code = secrets.token_urlsafe(24)
        until = self._clock() + _CODE_LIFETIME
        self._codes[code] = _Granted(client_id, redirect_uri, params.get("code_challenge", ""), until)
        return _to(redirect_uri, state=state, code=code)

    def _token(self, params: Mapping[str, str]) -> Response:
        kind = params.get("grant_type")
        if kind == "authorization_code":
            return self._given(self._code(params))
        if kind == "refresh_token":
            known = self._refresh.pop(params.get("refresh_token", ""), None)  # used once, as in OAuth 2.1
            if known is None or known[0] != params.get("client_id"):
                raise _DeniedError("invalid_grant", "The refresh token is invalid, expired or revoked")
            self._access.pop(known[1], None)
            return self._given(known[0])
        raise _DeniedError("unsupported_grant_type", f"Unknown grant_type {kind!r}")

    def _code(self, params: Mapping[str, str]) -> str:
        """The client of an authorization code, which is used up."""
        granted = self._codes.pop(params.get("code", ""), None)
        asked = (params.get("client_id"), params.get("redirect_uri"))
        if granted is None or granted.until < self._clock() or asked != granted.asked:
            raise _DeniedError("invalid_grant", "The code is invalid or expired")
        digest = hashlib.sha256(params.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != granted.challenge:
            raise _DeniedError("invalid_grant", "The code_verifier does not fit")
        return granted.client_id

    def _given(self, client_id: str) -> Response:
        access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self._access[access] = self._clock() + self.lifetime
        self._refresh[refresh] = (client_id, access)
        return json_answer(
            {
                "access_token": access,
                "refresh_token": refresh,
                "expires_in": self.lifetime,
                "token_type": "Bearer",
                "scope": "projects analysis",
            }
        )

    def _revoke(self, params: Mapping[str, str]) -> Response:
        """End a token; one that is unknown is no error (RFC 7009)."""
        token = params.get("token", "")
        self._access.pop(token, None)
        known = self._refresh.pop(token, None)
        if known is not None:
            self._access.pop(known[1], None)
        return Response(b"", 200)


def _is_loopback(address: object) -> bool:
    return isinstance(address, str) and urlsplit(address).hostname in {"localhost", "127.0.0.1", "::1"}


def _to(redirect_uri: str, **params: str) -> Response:
    return Response(b"", 302, {"Location": f"{redirect_uri}?{urlencode(params)}"})


def _page(params: Mapping[str, str]) -> Response:
    """The page on which the user agrees."""
    links = [
        f'<a href="?{escape(urlencode({**params, "decision": decision}))}">{word}</a>'
        for decision, word in (("allow", "Allow"), ("deny", "Refuse"))
    ]
    text = f"<p>mixpanel_nb would like to read the sandbox for you.</p><p>{' · '.join(links)}</p>"
    page = f"<!doctype html><meta charset=utf-8><title>Sandbox</title><h1>Sign in</h1>{text}"
    return Response(page, 200, content_type="text/html; charset=utf-8")
