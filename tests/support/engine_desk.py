"""An engine in its thread against a stand-in, for the screens that ask it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from coze_tui.config.child_environment import TOKEN_VARIABLE
from coze_tui.config.credentials import Kept
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup
from coze_tui.config.tokens import OAuthPair, Secret
from coze_tui.engine.engine import Engine
from coze_tui.engine.session.site import Connection
from coze_tui.engine.thread import EngineThread
from coze_tui.errors import CozeTuiError
from coze_tui.values import valueclass
from tests.support.startup import startup_under


@valueclass
class Elsewhere(Startup):
    """A start whose sites are servers of a test, and which only lists the tokens that it is to keep."""

    at: dict[str, str] = field(default_factory=dict)
    """Site → where it really is."""
    asked: list[str] = field(default_factory=list)
    """Each site to which a connection was made."""
    kept: list[tuple[str, Secret | OAuthPair]] = field(default_factory=list)
    refusals: list[CozeTuiError] = field(default_factory=list)
    """Raised instead of keeping, each once."""

    def with_settings(self, settings: Settings) -> Startup:
        self.asked.append(settings.base_url)
        return Startup.with_settings(
            self, replace(settings, base_url=self.at.get(settings.base_url, settings.base_url))
        )

    def keep_token(self, settings: Settings, token: Secret | OAuthPair) -> Kept:
        if self.refusals:
            raise self.refusals.pop()
        self.kept.append((settings.base_url, token))
        return Kept(str(self.credentials.path))


@dataclass
class Desk:
    """A running engine and what it was started with."""

    engine_thread: EngineThread
    startup: Elsewhere


@asynccontextmanager
async def desk(folder: Path, settings: Settings, token: str = "") -> AsyncIterator[Desk]:
    """Run an engine with a store in a folder; it shows the token to each site."""
    plain = startup_under(folder, settings)
    startup = Elsewhere(
        plain.paths, {TOKEN_VARIABLE: token}, settings, (), plain.app_state, plain.credentials
    )

    async def build() -> Engine:
        engine = Engine(settings, lambda now: Connection(startup.with_settings(now)), lambda error: None)
        await engine.open(folder / "store.db")
        return engine

    engine_thread = EngineThread(build)
    engine_thread.start()
    try:
        yield Desk(engine_thread, startup)
    finally:
        assert await asyncio.to_thread(engine_thread.close, 10.0)
