"""The tokens of a sign-in as requests need them: renewed before they expire, or once they are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mixpanel_nb.errors import ConfigError

if TYPE_CHECKING:
    import httpx

    from mixpanel_nb.accounts import Credentials, Secret
    from mixpanel_nb.accounts.tokens import Tokens, TokenSource


def bearer_of(
    credentials: Credentials, base_url: str, transport: httpx.BaseTransport | None
) -> Bearer | None:
    """The bearer of an account that signed in; None for a service account."""
    return None if credentials.tokens is None else Bearer(credentials.tokens, base_url, transport)


class Bearer:
    """The tokens of an account; safe to use from several threads and processes.

    Args:
        source: Where they come from.
        base_url: The address of the API host.
        transport: Replaces the network, for tests.
    """

    def __init__(self, source: TokenSource, base_url: str, transport: httpx.BaseTransport | None) -> None:
        self._source = source
        self._base_url = base_url
        self._transport = transport

    def access(self) -> Secret:
        """The token that a request carries."""
        return self._source.current().access

    def current(self) -> Tokens:
        """The tokens as they are. Errors as in :meth:`prepare`."""
        tokens = self._source.current()
        if tokens.host not in {None, self._base_url}:
            message = f"The account is signed in at {tokens.host}, not at {self._base_url}."
            raise ConfigError(message, hint="Look at MP_API_BASE_URL and the region, or sign in again.")
        return tokens

    def prepare(self) -> None:
        """Renew the tokens if they have expired.

        Raises:
            AuthenticationError: The sign-in has ended.
            ConfigError: The tokens are those of another host.
            APIError: They could not be renewed.
        """
        tokens = self.current()
        if tokens.expired:
            self.renew(tokens)

    def renew(self, stale: Tokens) -> bool:
        """Get tokens in place of ``stale`` ones; False if these cannot be renewed. Errors as in `prepare`."""
        if stale.refresh is None:
            return False
        self._source.renewed(stale, self._ask)
        return True

    def _ask(self, tokens: Tokens) -> Tokens:
        from mixpanel_nb.client.oauth import OAuthServer

        with OAuthServer(
            base_url=tokens.issuer or self._base_url, transport=self._transport, again=self._source.how
        ) as server:
            return server.renewed(tokens)
