"""An authorization server whose rules are oauthlib's: grants, proof keys, renewal, revocation, errors.

Only what it remembers, and how HTTP reaches it, is of these tests.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

from oauthlib.oauth2 import RequestValidator, WebApplicationServer
from oauthlib.oauth2.rfc6749.errors import FatalClientError, OAuth2Error
from werkzeug.wrappers import Request, Response


@dataclass
class Memory(RequestValidator):  # type: ignore[misc]  # oauthlib publishes no types
    """What the server remembers."""

    redirects: dict[str, list[str]] = field(default_factory=dict)
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    access: dict[str, float] = field(default_factory=dict)
    refresh: dict[str, str] = field(default_factory=dict)
    renewals: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    def validate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        return client_id in self.redirects

    def validate_redirect_uri(
        self, client_id: str, redirect_uri: str, request: Any, *a: Any, **k: Any
    ) -> bool:
        return redirect_uri in self.redirects.get(client_id, ())

    def validate_response_type(self, client_id: str, response_type: str, *args: Any, **kwargs: Any) -> bool:
        return response_type == "code"

    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return ["projects"]

    def validate_scopes(self, *args: Any, **kwargs: Any) -> bool:
        return True

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        return True

    def save_authorization_code(self, client_id: str, code: Any, request: Any, *args: Any, **k: Any) -> None:
        self.codes[code["code"]] = {
            "client": client_id,
            "redirect": request.redirect_uri,
            "challenge": request.code_challenge,
            "method": request.code_challenge_method,
        }

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        return False

    def authenticate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        request.client = type("Client", (), {"client_id": client_id})()
        return client_id in self.redirects

    def validate_grant_type(self, client_id: str, grant_type: str, *args: Any, **kwargs: Any) -> bool:
        return grant_type in {"authorization_code", "refresh_token"}

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *a: Any, **k: Any) -> bool:
        request.user, request.scopes = "ana", ["projects"]
        return bool(self.codes.get(code, {}).get("client") == client_id)

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *a: Any, **k: Any
    ) -> bool:
        return bool(self.codes[code]["redirect"] == redirect_uri)

    def get_code_challenge(self, code: str, request: Any) -> str:
        return str(self.codes[code]["challenge"])

    def get_code_challenge_method(self, code: str, request: Any) -> str:
        return str(self.codes[code]["method"])

    def invalidate_authorization_code(self, client_id: str, code: str, *args: Any, **kwargs: Any) -> None:
        self.codes.pop(code, None)

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        if request.grant_type == "refresh_token":
            self.renewals += 1
            self.refresh.pop(request.refresh_token, None)
        self.access[token["access_token"]] = time.time() + token["expires_in"]
        self.refresh[token["refresh_token"]] = request.client.client_id

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *a: Any, **k: Any
    ) -> bool:
        return bool(self.refresh.get(refresh_token) == client.client_id)

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        return ["projects"]

    def revoke_token(self, token: str, token_type_hint: str, request: Any, *args: Any, **kwargs: Any) -> None:
        self.refresh.pop(token, None)
        self.access.pop(token, None)


class ForeignServer:
    """The server as a WSGI app, with the API that takes its tokens."""

    def __init__(self, lifetime: int = 3600) -> None:
        self.memory = Memory()
        self._server = WebApplicationServer(self.memory, token_expires_in=lifetime)

    def __call__(self, environ: Any, start_response: Any) -> Any:
        request = Request(environ)
        handlers = {
            "/oauth/mcp/register": self._register,
            "/oauth/authorize": self._authorize,
            "/oauth/token": self._token,
            "/oauth/revoke_token": self._revoke,
            "/api/app/me": self._me,
        }
        return handlers[request.path.rstrip("/")](request)(environ, start_response)

    def _register(self, request: Request) -> Response:
        client_id = secrets.token_hex(8)
        self.memory.redirects[client_id] = request.get_json()["redirect_uris"]
        return _json({"client_id": client_id}, 201)

    def _authorize(self, request: Request) -> Response:
        asked = _secure(request)
        try:
            scopes, found = self._server.validate_authorization_request(*asked)
            if request.args.get("user") == "refuses":
                return Response(status=302, headers={"Location": _denied(request)})
            headers, body, status = self._server.create_authorization_response(*asked, scopes, found)
        except FatalClientError as error:
            return _json({"error": error.error}, 400)
        except OAuth2Error as error:
            headers, body, status = {"Location": error.in_uri(error.redirect_uri)}, "", 302
        return Response(body, status, headers)

    def _token(self, request: Request) -> Response:
        headers, body, status = self._server.create_token_response(*_secure(request))
        return Response(body, status, headers)

    def _revoke(self, request: Request) -> Response:
        headers, body, status = self._server.create_revocation_response(*_secure(request))
        return Response(body, status, headers)

    def _me(self, request: Request) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.memory.access.get(token, 0) < time.time():
            return _json({"status": "error", "error": "Unauthorized"}, 401)
        me = {
            "user_email": "ana@example.com",
            "projects": {"7": {"name": "Shop", "timezone": "Europe/Berlin"}},
        }
        return _json({"status": "ok", "results": me}, 200)


def _secure(request: Request) -> tuple[str, str, str, dict[str, str]]:
    """A request as oauthlib takes it, which refuses plain HTTP also on one's own machine."""
    address = request.url.replace("http://", "https://", 1)
    return address, request.method, request.get_data(as_text=True), dict(request.headers)


def _denied(request: Request) -> str:
    return f"{request.args['redirect_uri']}?error=access_denied&state={request.args['state']}"


def _json(found: Any, status: int) -> Response:
    return Response(json.dumps(found), status, content_type="application/json")
