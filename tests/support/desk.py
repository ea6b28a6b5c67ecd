"""The whole app, driven by keys, against a stand-in over loopback."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from textual.driver import Driver
from textual.pilot import Pilot
from textual.screen import Screen

from coze_tui.cli.commands import CHAT
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import begin
from coze_tui.standin.scenarios import Bot
from coze_tui.standin.server import StandIn
from coze_tui.tui.app import CozeApp
from coze_tui.tui.context import AppContext, LaunchTarget
from coze_tui.tui.screens.chat import ChatScreen
from tests.support.shown import toasts_of
from tests.support.waiting import until


class Desk:
    """A running app, its pilot and its server."""

    def __init__(self, app: CozeApp, pilot: Pilot[None], stand_in: StandIn) -> None:
        self.app = app
        self.pilot = pilot
        self.stand_in = stand_in

    @property
    def screen(self) -> ChatScreen:
        screen = self.app.screen_stack[0]
        assert isinstance(screen, ChatScreen)
        return screen

    @property
    def context(self) -> AppContext:
        return self.app.context

    async def until(self, is_so: Callable[[], object], what: str = "") -> None:
        """Wait for a state; fails with what is on the screen."""
        await until(self.pilot, is_so, what, seen=self.text)

    async def opened(self, kind: type[Screen[Any]]) -> None:
        """Wait until a screen of this kind is open and takes keys, which it may lose while it is mounted."""
        await self.until(
            lambda: isinstance(self.app.screen, kind) and self.app.screen.focused is not None, kind.__name__
        )

    async def ask(self, question: str) -> None:
        """Type a question and send it."""
        self.screen.prompt.set_message(question)
        await self.pilot.pause()
        await self.pilot.press("enter")

    async def answered(self) -> None:
        """Wait until the running turn is over."""
        await self.until(
            lambda: self.screen.log_widget.live is None and not self.screen.turns.runs, "answered"
        )

    async def finished(self) -> None:
        """Wait until all workers are done, except those that wait for something."""
        for worker in list(self.app.workers):
            if worker.group not in ("left", "offers"):
                await worker.wait()

    async def until_told(self, words: str) -> str:
        """Wait for a toast with these words; all of it."""
        await self.until(lambda: words in self._told(), words)
        return self._told()

    def _told(self) -> str:
        return "\n".join(toasts_of(self.app))

    def text(self) -> str:
        """The log as text."""
        log = self.screen.log_widget
        return "\n".join(strip.text.rstrip() for strip in log.render_lines(log.size.region))

    def life(self) -> str:
        """The sidebar as text."""
        return "\n".join(self.screen.sidebar.lines())


@asynccontextmanager
async def desk(
    home: Path,
    bots: Sequence[Bot] | None = None,
    *,
    size: tuple[int, int] = (120, 40),
    profile: str = "official",
    target: LaunchTarget | None = None,
    environment: dict[str, str] | None = None,
    stand_in: StandIn | None = None,
    pace: float = 0,
    driver: type[Driver] | None = None,
    quiet_seconds: float = 0,
) -> AsyncIterator[Desk]:
    """An app at a stand-in, with a home of its own; nothing is written unless a driver is named for it.

    Args:
        quiet_seconds: See `Offers`: by default panels open at once and get every key.
    """
    server = stand_in or StandIn(dialect=profile, pace=pace, bots=bots)
    if stand_in is None:
        server.start()
    try:
        env = {
            "COZE_TUI_HOME": str(home),
            "COZE_API_TOKEN": server.token,
            "COZE_API_BASE": server.base_url,
            "COZE_BOT_ID": bots[0].id if bots else "7511000000000000101",
            "COZE_TUI_LANGUAGE": "en",
            "PATH": os.environ["PATH"],
            **(environment or {}),
        }
        startup = begin(Arguments(CHAT), env)
        app = CozeApp(startup, target=target)
        app.driver_class = driver or app.driver_class
        async with app.run_test(
            headless=driver is None, size=size, tooltips=True, notifications=True
        ) as pilot:
            at = Desk(app, pilot, server)
            at.screen.offers.quiet_seconds = quiet_seconds
            await at.until(lambda: app.context.engine_thread.is_up, "the engine is up")
            yield at
            await app.action_quit()
    finally:
        if stand_in is None:
            server.stop()
