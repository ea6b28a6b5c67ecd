"""The API client of one run and its token."""

from __future__ import annotations

from coze_tui.api.client import CozeClient
from coze_tui.cli.start import Start
from coze_tui.config.credentials import OAuthPair, Secret, Token


class Connection:
    """A client with a token; an OAuth token is renewed before it expires (docs/wire.md 1.5)."""

    def __init__(self, start: Start, secret: Secret | OAuthPair | None = None) -> None:
        """Connect to nothing yet.

        Args:
            secret: a token, or an OAuth login, to try instead of the one that is set or kept.

        Raises:
            CredentialsError: there is no usable token.
            SettingsError: the site's address cannot be used.
            TransportError: the proxy or the certificates cannot be used.
        """
        settings = start.settings
        if start.no_site is not None:
            raise start.no_site
        match secret:
            case None:
                self.token = start.token()
            case OAuthPair():
                self.token = Token(secret.access, "", secret)
            case Secret():
                self.token = Token(secret, "")
        self._pair = self.token.pair
        self._secret = self.token.secret
        self._credentials = start.credentials
        self._profile = settings.profile
        self.client = CozeClient(
            settings.base_url,
            lambda: self._secret.reveal(),
            connect_timeout=settings.connect_timeout,
            idle_timeout=settings.idle_timeout,
            ca_file=None if settings.ca_file is None else str(settings.ca_file),
            proxy=settings.proxy or None,
        )

    async def renew(self) -> None:
        """Renew an OAuth token that expires soon; call it before each chat."""
        if self._pair is not None and not self._pair.is_fresh():
            from coze_tui.api import oauth

            self._pair = await self._credentials.fresh_pair(
                self._profile, self._pair, lambda pair: oauth.refresh(self.client, pair)
            )
            self._secret = self._pair.access

    async def aclose(self) -> None:
        """Close the client."""
        await self.client.aclose()
