"""The site in use: the connection with its token, whose it is, and the bots that are there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Protocol

from coze_tui.api import resources
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Bot, User, Workspace
from coze_tui.config.settings import Settings
from coze_tui.errors import ApiError, AuthError, NotFoundError, NotServedError

if TYPE_CHECKING:
    from coze_tui.api.oauth import DeviceCode
    from coze_tui.config.credentials import OAuthPair

_MOST_BOTS = 200
_LACKS_A_RIGHT = 4101
"""Coze's code for a good token without the scope for this (docs/wire.md 1.3, 5.1)."""


class Connection(Protocol):
    """A client with its token; made by the command line, which knows where tokens are kept."""

    client: CozeClient

    async def renew(self) -> None:
        """Make sure that the token is good for a while."""

    async def aclose(self) -> None:
        """Close the client."""


class Site:
    """Where the engine talks to. Its methods raise ApiError, TransportError and CredentialsError.

    Args:
        connect: Makes a connection; called in a thread, when one is first needed.
        is_in_use: Whether something may still use the connection of earlier settings.
        name_bot: Keeps a bot's name, by its id.
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
        self._bots: dict[str, Bot] = {}

    async def use(self, settings: Settings, connect: Callable[[Settings], Connection] | None = None) -> None:
        """Go on with other settings: another site, bot or token; perhaps with another way to connect.

        Turns that run or wait go on with the connection that they began with.
        """
        self.settings = settings
        self._connect = connect or self._connect
        self._bots.clear()
        self._leave()
        if not self._is_in_use():
            await self._close_left()

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
        """The client with a fresh token; made when first needed.

        Raises:
            CredentialsError: there is no token.
            TransportError: a proxy or certificate setting cannot be used.
        """
        async with self._connecting:
            if self._connection is None:
                # in a thread: the token may come from a command, certificates are read from disk
                self._connection = await asyncio.to_thread(self._connect, self.settings)
            await self._connection.renew()
            return self._connection.client

    # --- who one is ---

    async def check(self) -> User | None:
        """Whether the token is good, by the cheapest call; None where the site has none.

        See docs/wire.md 4.9.
        """
        client = await self.client()
        try:
            return await resources.current_user(client)
        except ApiError as error:
            if isinstance(error, NotFoundError | NotServedError):
                return None  # studio
            raise

    async def device_code(self, client_id: str) -> DeviceCode:
        """Begin a login with a browser (docs/wire.md 1.4)."""
        from coze_tui.api import oauth

        return await oauth.request_device_code(await self.client(), client_id)

    async def device_pair(self, client_id: str, code: DeviceCode) -> OAuthPair:
        """The tokens, once the person has agreed in the browser."""
        from coze_tui.api import oauth

        return await oauth.wait_for_pair(await self.client(), client_id, code)

    # --- whom one talks to ---

    async def bot(self, bot_id: str) -> Bot:
        """A bot's name and greeting; only its id where the token may not see more (docs/wire.md 4.5).

        Raises:
            AuthError: the token is good for nothing; told before anything is typed.
        """
        if bot_id not in self._bots:
            client = await self.client()
            try:
                bot = await resources.retrieve_bot(client, bot_id)
            except ApiError as error:
                if isinstance(error, AuthError) and error.code != _LACKS_A_RIGHT:
                    raise
                return Bot(id=bot_id)
            self._bots[bot_id] = bot
            if bot.name:
                await self._name_bot(bot_id, bot.name)
        return self._bots[bot_id]

    async def workspaces(self) -> tuple[Workspace, ...]:
        """The spaces of the token's owner; empty where the site has none."""
        client = await self.client()
        return (await resources.list_workspaces(client)).items

    async def bots_of(self, workspace_id: str) -> tuple[Bot, ...]:
        """The published bots of a space."""
        client = await self.client()
        found: list[Bot] = []
        for number in range(1, _MOST_BOTS // 20 + 1):
            page = await resources.list_bots(client, workspace_id, number)
            found += page.items
            if not page.has_more:
                break
        return tuple(found)
