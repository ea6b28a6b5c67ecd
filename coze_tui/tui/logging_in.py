"""What the first-run screen may do with a token: get one with a browser, try it, and keep it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_tui.api.objects import User
from coze_tui.config.credentials import OAuthPair, Secret

if TYPE_CHECKING:
    from coze_tui.api.oauth import DeviceCode
    from coze_tui.tui.context import AppContext


class AppLogIn:
    """Tries tokens through the engine, and keeps them where the command line does."""

    def __init__(self, context: AppContext) -> None:
        self._context = context

    async def try_token(self, base_url: str, token: Secret | OAuthPair) -> User | None:
        """Let the engine talk to this site with this token from now on, and check it by one live call."""
        access = self._context.access
        settings = replace(self._context.settings, base_url=base_url)
        await self._context.engine_thread.call(
            lambda engine: engine.site.use(settings, lambda used: access.connect_with(used, token))
        )
        return await self._context.engine_thread.call(lambda engine: engine.site.check())

    async def keep(self, base_url: str, token: Secret | OAuthPair) -> None:
        """Keep a token that was checked, for the profile in use."""
        settings = replace(self._context.settings, base_url=base_url)
        await asyncio.to_thread(self._context.access.keep_token, settings, token)

    async def begin_device(self, base_url: str, client_id: str) -> DeviceCode:
        """A code for a login with a browser; the engine talks to this site, with no token yet."""
        access = self._context.access
        settings = replace(self._context.settings, base_url=base_url)
        await self._context.engine_thread.call(
            lambda engine: engine.site.use(settings, lambda used: access.connect_with(used, Secret("")))
        )
        return await self._context.engine_thread.call(lambda engine: engine.site.device_code(client_id))

    async def wait_for_device(self, base_url: str, client_id: str, code: DeviceCode) -> OAuthPair:
        """The tokens, once the person has agreed in the browser."""
        return await self._context.engine_thread.call(lambda engine: engine.site.device_pair(client_id, code))
