"""The site in use: the connection with its token, the token's owner, and the bots."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from coze_tui.api import resources
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Bot, Page, User, Workspace
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup
from coze_tui.config.tokens import OAuthPair, Secret, Token
from coze_tui.errors import ApiError, AuthError, CozeTuiError, NotFoundError, NotServedError, SettingsError
from coze_tui.text.cleaning import StreamCleaner
from coze_tui.text.i18n import _

if TYPE_CHECKING:
    from coze_tui.api.oauth import DeviceCode
    from coze_tui.store.history import SavedConversation

_T = TypeVar("_T")
_MOST_PAGES = 10
"""A page has 20 bots or 50 workspaces."""
_LACKS_A_RIGHT = 4101
"""Coze's code for a valid token without the required permission (docs/wire.md 1.3, 5.1)."""


class Connection:
    """A client with a token; an OAuth token is renewed before it expires (docs/wire.md 1.5).

    The constructor does not connect yet.

    Args:
        secret: a token, or an OAuth login, to try instead of the configured or saved one.

    Raises:
        CredentialsError: no usable token was found.
        SettingsError: the URL of the site cannot be used.
        TransportError: the proxy or the certificates cannot be used.
    """

    def __init__(self, startup: Startup, secret: Secret | OAuthPair | None = None) -> None:
        settings = startup.settings
        if startup.no_site is not None:
            raise startup.no_site
        match secret:
            case None:
                self.token = startup.token()
            case OAuthPair():
                self.token = Token(secret.access, "", secret)
            case Secret():
                self.token = Token(secret, "")
        self._pair = self.token.pair
        self._secret = self.token.secret
        self._credentials = startup.credentials
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
            # Deferred, because few logins use OAuth.
            from coze_tui.api import oauth

            self._pair = await self._credentials.fresh_pair(
                self._profile, self._pair, lambda pair: oauth.refresh(self.client, pair)
            )
            self._secret = self._pair.access

    async def aclose(self) -> None:
        """Close the client."""
        await self.client.aclose()


class Site:
    """The site in use. Its methods raise ApiError, TransportError and CredentialsError.

    Args:
        connect: creates a connection; called in a thread at the first use.
        is_in_use: returns whether the connection of earlier settings may still be used.
        name_bot: saves a bot's name by its ID.
    """

    def __init__(
        self,
        settings: Settings,
        connect: Callable[[Settings], Connection],
        *,
        is_in_use: Callable[[], bool],
        name_bot: Callable[[str, str], Awaitable[None]],
    ) -> None:
        self.settings = settings
        self._connect = connect
        self._is_in_use = is_in_use
        self._name_bot = name_bot
        self._connection: Connection | None = None
        self._left: list[Connection] = []
        """Connections of earlier settings that a turn may still use."""
        self._connecting = asyncio.Lock()
        self._changes = 0
        """The number of calls of `use`."""
        self._calls = 0
        """The number of calls that use a connection now, of these settings or earlier ones."""
        self._bots: dict[str, Bot] = {}

    async def use(self, settings: Settings, connect: Callable[[Settings], Connection] | None = None) -> None:
        """Use other settings: another site, bot or token, perhaps with another way to connect.

        Running and waiting turns, and other calls, continue with the connection with which they started.
        """
        self.settings = settings
        self._changes += 1
        self._connect = connect or self._connect
        # An ID of one site means nothing on another.
        self._bots = {}
        self._leave()
        if not self._calls and not self._is_in_use():
            await self._close_left()

    def refuse_foreign(self, saved: SavedConversation | None) -> None:
        """Raise SettingsError if a conversation belongs to another site than the one in use.

        A conversation that was started without a bot belongs to no site.
        """
        here = self.settings.site
        if saved is not None and saved.bot_id and saved.site != here:
            problem = _(
                "is the site in use, but this conversation belongs to {site}: press Ctrl+T to choose a "
                "profile for that site, or start a new conversation here"
            ).format(site=saved.site)
            raise SettingsError(problem, source=here)

    async def aclose(self) -> None:
        """Close every connection."""
        self._leave()
        await self._close_left()

    def _leave(self) -> None:
        if self._connection is not None:
            self._left.append(self._connection)
            self._connection = None

    async def _close_left(self) -> None:
        while self._left:
            await self._left.pop().aclose()

    async def client(self) -> CozeClient:
        """Return the client with a fresh token; connect at the first call.

        Raises:
            CredentialsError: no token was found.
            TransportError: a proxy or certificate setting cannot be used.
        """
        # One at a time: two calls must not ask a token command twice.
        async with self._connecting:
            connection, changes = self._connection, self._changes
            if connection is None:
                # In a thread, because the token may come from a command, and certificates are read from disk.
                connection = await asyncio.to_thread(self._connect, self.settings)
                if changes == self._changes:
                    self._connection = connection
                else:  # other settings are in use since: only this call uses this connection
                    self._left.append(connection)
            await connection.renew()
            return connection.client

    @asynccontextmanager
    async def calling(self) -> AsyncIterator[CozeClient]:
        """Return the client, as `client` does, for a call outside of turns; keep it open until the exit."""
        self._calls += 1
        try:
            yield await self.client()
        finally:
            self._calls -= 1

    async def find_cleaner(self) -> Callable[[], StreamCleaner]:
        """Return what makes cleaners that mask the token, if there is one; connect at the first call."""
        try:
            return (await self.client()).new_cleaner
        except CozeTuiError:
            return StreamCleaner

    # --- the account ---

    async def check(self) -> User | None:
        """Check the token with the cheapest call; return its owner, or None if the site has no such call.

        See docs/wire.md 4.9.
        """
        async with self.calling() as client:
            try:
                return await resources.current_user(client)
            except ApiError as error:
                if isinstance(error, NotFoundError | NotServedError):
                    return None  # Coze Studio
                raise

    async def device_code(self, client_id: str) -> DeviceCode:
        """Start a login in a browser (docs/wire.md 1.4)."""
        from coze_tui.api import oauth

        async with self.calling() as client:
            return await oauth.request_device_code(client, client_id)

    async def device_pair(self, client_id: str, code: DeviceCode) -> OAuthPair:
        """Return the tokens once the user has agreed in the browser."""
        from coze_tui.api import oauth

        async with self.calling() as client:
            return await oauth.wait_for_pair(client, client_id, code)

    # --- bots ---

    async def bot(self, bot_id: str, *, again: bool = False) -> Bot:
        """Return a bot; only its ID if the token has no permission for more (docs/wire.md 4.5).

        Args:
            again: Ask the site even if the bot is known, and forget the others.

        Raises:
            AuthError: the token is not valid; this is reported before the user types a question.
        """
        if again:
            self._bots = {}
        bots = self._bots
        if bot_id not in bots:
            try:
                async with self.calling() as client:
                    bot = await resources.retrieve_bot(client, bot_id)
            except ApiError as error:
                # Other errors do not prevent chatting: some tokens may chat but not read bots.
                if isinstance(error, AuthError) and error.code != _LACKS_A_RIGHT:
                    raise
                # Not cached: the token may get the permission later.
                return Bot(id=bot_id)
            bots[bot_id] = bot  # never into those of the next site
            if bot.name:
                await self._name_bot(bot_id, bot.name)
        return bots[bot_id]

    async def workspaces(self) -> tuple[Workspace, ...]:
        """Return the workspaces of the token's owner, at most 500; none if the site has no workspaces."""
        async with self.calling() as client:
            return await _all_of(lambda number: resources.list_workspaces(client, number))

    async def bots_of(self, workspace_id: str) -> tuple[Bot, ...]:
        """Return the published bots of a workspace, at most 200."""
        async with self.calling() as client:
            return await _all_of(lambda number: resources.list_bots(client, workspace_id, number))


async def _all_of(read: Callable[[int], Awaitable[Page[_T]]]) -> tuple[_T, ...]:
    """Return the items of the first ten pages."""
    found: list[_T] = []
    for number in range(1, _MOST_PAGES + 1):
        page = await read(number)
        found += page.items
        if not page.has_more:
            break
    return tuple(found)
