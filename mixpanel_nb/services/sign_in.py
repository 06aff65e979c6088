"""Sign-in by browser: the user's consent, the region of their projects, and the account that comes of it."""

from __future__ import annotations

import os
import sys
import threading
import webbrowser
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mixpanel_nb.accounts import REGIONS, Credentials
from mixpanel_nb.accounts.tokens import GivenToken, TokenFile
from mixpanel_nb.client import MixpanelAPIClient
from mixpanel_nb.client.oauth import OAuthServer
from mixpanel_nb.client.redirect import Redirect
from mixpanel_nb.client.regions import hosts_for
from mixpanel_nb.errors import (
    AccessDeniedError,
    APIError,
    AuthenticationError,
    NotFoundError,
    ParameterError,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from mixpanel_nb.accounts.tokens import Tokens

TIMEOUT = 300.0
"""Seconds to wait for the user's consent."""

_ELSEWHERE = ("SSH_CONNECTION", "SSH_TTY", "COLAB_RELEASE_TAG", "BINDER_SERVICE_HOST", "JUPYTERHUB_USER")
_MAX_LISTED = 20


def has_browser() -> bool:
    """Whether a browser on this machine can be expected to be the user's."""
    if os.environ.get("BROWSER"):
        return True
    if any(os.environ.get(name) for name in _ELSEWHERE):
        return False
    own = sys.platform in {"darwin", "win32"}
    return own or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def consent(
    server: OAuthServer,
    *,
    tell: Callable[[str], None],
    paste: Callable[[], str] | None = None,
    timeout: float = TIMEOUT,
) -> Tokens:
    """The tokens of a sign-in that the user agrees to in a browser.

    Args:
        server: The authorization server.
        tell: Told the address to open.
        paste: Asks for the address that the browser was led to, where it is on another machine; None opens a
            browser on this one and waits.
        timeout: Seconds to wait for the browser.

    Raises:
        AuthenticationError: The user refused, or did nothing.
        APIError: The server failed.
    """
    with Redirect() as redirect:
        authorization = server.begin(redirect.uri)
        tell(authorization.url)
        if paste is not None:
            return authorization.finish(paste())
        # A browser of a terminal returns when it is closed.
        threading.Thread(target=webbrowser.open, args=(authorization.url,), daemon=True).start()
        address = redirect.wait(authorization.is_answer, timeout)
    if address is None:
        message = f"Nobody agreed to the sign-in within {timeout:.0f} s."
        raise AuthenticationError(message, hint="Sign in again; --paste is for a browser on another machine.")
    return authorization.finish(address)


@dataclass(frozen=True)
class SignedIn:
    """A sign-in, and what it can see.

    Attributes:
        tokens: Its tokens.
        region: The region of the projects.
        email: The user's address, or an empty text.
        projects: The projects by id, with ``name`` and ``timezone`` where Mixpanel says them.
    """

    tokens: Tokens
    region: str
    email: str
    projects: Mapping[str, Mapping[str, Any]]

    def project(self, wanted: str | None, ask: Callable[[list[str]], str | None]) -> str:
        """The project to use: the wanted one, the only one, or what is asked for.

        Args:
            wanted: Its id, or None.
            ask: Asks for one of the lines that list them; None where nobody can be asked.

        Raises:
            ParameterError: There is no such project, there are several, or there is none.
        """
        if wanted is None and len(self.projects) == 1:
            return next(iter(self.projects))
        if wanted is None and self.projects:
            wanted = ask(self.listed)
        if wanted is not None and wanted.strip() in self.projects:
            return wanted.strip()
        listed = f"Yours are: {', '.join(self.listed)}" if self.projects else "You have no projects there."
        if wanted is None:
            message = "The sign-in reaches several projects." if self.projects else "No project is reached."
            raise ParameterError(message, parameter="project", hint=listed)
        message = f"The sign-in does not reach a project {wanted.strip()[:40]!r}."
        hint = did_you_mean(wanted, self.projects) or listed
        raise ParameterError(message, parameter="project", value=wanted, hint=hint)

    @property
    def listed(self) -> list[str]:
        """The projects, as id and name."""
        lines = [f"{number} ({found.get('name') or 'no name'})" for number, found in self.projects.items()]
        more = len(lines) - _MAX_LISTED
        return lines if more <= 0 else [*lines[:_MAX_LISTED], f"and {more:,} more"]

    def credentials(self, account: str, project_id: str, home: Path) -> Credentials:
        """The account for one of the projects."""
        zone = self.projects[project_id].get("timezone")
        return Credentials(
            self.email,
            "",
            project_id,
            region=self.region,
            account=account,
            timezone=zone if isinstance(zone, str) and zone else "UTC",
            tokens=TokenFile(home, account),
        )


def reached(tokens: Tokens, region: str | None = None) -> SignedIn:
    """What a sign-in can see: the region that has its projects.

    Args:
        tokens: Its tokens.
        region: The region to ask; None asks one after the other.

    Raises:
        AuthenticationError: No region accepts it.
        APIError: Mixpanel failed.
    """
    asked = [region] if region else list(REGIONS[:1] if os.environ.get("MP_API_BASE_URL") else REGIONS)
    found: SignedIn | None = None
    refused: APIError | None = None
    for each in asked:
        try:
            seen = _seen(tokens, each)
        except (AuthenticationError, AccessDeniedError, NotFoundError) as error:
            refused = refused or error
            continue
        found = found or seen
        if seen.projects:
            return seen
    if found is None:
        raise refused or AuthenticationError("No region accepts the sign-in.")
    return found


def _seen(tokens: Tokens, region: str) -> SignedIn:
    source = GivenToken(tokens.access)
    with MixpanelAPIClient(Credentials("", "", "0", region, tokens=source)) as api:
        me = api.me()
    projects = me.get("projects")
    known = {
        str(number): found if isinstance(found, dict) else {}
        for number, found in (projects if isinstance(projects, dict) else {}).items()
        if str(number).isdecimal()
    }
    email = me.get("user_email")
    own = replace(tokens, host=hosts_for(region).api)
    return SignedIn(own, region, email if isinstance(email, str) else "", known)


def revoke(source: TokenFile) -> str | None:
    """End a sign-in at Mixpanel and remove its tokens.

    Returns:
        Why Mixpanel did not end it, as a line for the reader; None if it did.
    """
    note = None
    try:
        tokens = source.current()
        with OAuthServer(base_url=tokens.issuer) as server:
            server.revoke(tokens)
    except AuthenticationError:
        pass  # there is nothing to end
    except APIError as error:
        note = f"{error.message} It ends by itself."
    source.remove()
    return note
