"""An engine in its thread against a stand-in, for the screens that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from coze_tui.api.client import CozeClient
from coze_tui.api.oauth import DeviceCode
from coze_tui.api.objects import User
from coze_tui.config.credentials import OAuthPair, Secret
from coze_tui.config.settings import Settings
from coze_tui.engine.engine import Engine
from coze_tui.engine.session.thread import EngineThread
from coze_tui.errors import CozeTuiError


class Connection:
    """A client with a token that can be changed."""

    def __init__(self, base_url: str, token: str) -> None:
        self.client = CozeClient(base_url, lambda: token, connect_timeout=5.0)

    async def renew(self) -> None:
        """The token is good."""

    async def aclose(self) -> None:
        await self.client.aclose()


@dataclass
class Desk:
    """What the app does for the first run, with what was kept to be looked at."""

    home: EngineThread[Engine]
    settings: Settings
    token: str
    at: dict[str, str]
    """Site → where it really is."""
    kept: list[tuple[str, Secret | OAuthPair]]
    failure: CozeTuiError | None = None
    """Raised instead of keeping."""
    tried: int = 0

    async def try_token(self, base_url: str, token: Secret | OAuthPair) -> User | None:
        self.tried += 1
        self.token = (token if isinstance(token, Secret) else token.access).reveal()
        settings = replace(self.settings, base_url=self.at.get(base_url, base_url))

        async def check(engine: Engine) -> User | None:
            await engine.site.use(settings)
            return await engine.site.check()

        return await self.home.call(check)

    async def keep(self, base_url: str, token: Secret | OAuthPair) -> None:
        if self.failure is not None:
            raise self.failure
        self.kept.append((base_url, token))

    async def begin_device(self, base_url: str, client_id: str) -> DeviceCode:
        settings = replace(self.settings, base_url=self.at.get(base_url, base_url))

        async def begin(engine: Engine) -> DeviceCode:
            await engine.site.use(settings)
            return await engine.site.device_code(client_id)

        return await self.home.call(begin)

    async def wait_for_device(self, base_url: str, client_id: str, code: DeviceCode) -> OAuthPair:
        return await self.home.call(lambda engine: engine.site.device_pair(client_id, code))


@asynccontextmanager
async def desk(folder: Path, settings: Settings, token: str = "") -> AsyncIterator[Desk]:
    """A running engine; it shows the token of the desk."""

    async def build() -> Engine:
        engine = Engine(settings, lambda now: Connection(now.base_url, made.token), lambda error: None)
        await engine.open(folder / "store.db")
        return engine

    home: EngineThread[Engine] = EngineThread(build, Engine.close)
    made = Desk(home, settings, token, {}, [])
    home.start()
    try:
        yield made
    finally:
        assert await asyncio.to_thread(home.close, 10.0)
