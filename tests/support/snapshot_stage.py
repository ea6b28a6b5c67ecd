"""What is seen in the snapshots: the whole app, with turns played from captures at their recorded times."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Protocol

from textual.pilot import Pilot
from textual.screen import Screen
from textual.strip import Strip

from coze_tui.api.captures import Capture, read_capture
from coze_tui.api.events import parse_event
from coze_tui.cli.commands import CHAT
from coze_tui.cli.options import Arguments
from coze_tui.cli.startup import begin
from coze_tui.config.addresses import COZE_CN
from coze_tui.config.settings import Settings
from coze_tui.config.startup import Startup
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.model.turn_replay import TurnReplay
from coze_tui.engine.model.updates import TurnUpdate
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.standin.scenarios import Bot
from coze_tui.standin.server import StandIn
from coze_tui.tui.app import CozeApp
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import QuestionEntry
from coze_tui.tui.screens.chat import ChatScreen
from coze_tui.tui.widgets.key_footer import KeyFooter
from coze_tui.values import valueclass
from tests.support.samples import CAPTURES
from tests.support.shown import drawn_strips, drawn_text
from tests.support.waiting import until

BOTS = (
    Bot(
        "7511000000000000101",
        "小春",
        [],
        "懂一点春节。",
        "你好，我是小春。问问我春节的事吧。",
        ("2025年春节是哪一天", "属相是什么？"),
    ),
    Bot(
        "7511000000000000104",
        "Ferry desk",
        [],
        "Looks up the timetable, then answers.",
        "Ask me for the **next ferry**.",
        ("When does the next ferry leave?", "What does it cost?"),
    ),
    Bot("7511000000000000105", "Clock", [], "Calls a local tool and waits for its output."),
    Bot("7511000000000000108", "Fails", [], "Fails in one of five ways, in turn or by number."),
)
"""They are shown, never asked."""
_ROUNDS = 3


@valueclass
class Here(Startup):
    """Shows the address of a real site, and talks to a stand-in."""

    server: str = ""

    def with_settings(self, settings: Settings) -> Startup:
        return Startup.with_settings(self, replace(settings, base_url=self.server))


def app_of(
    stand_in: StandIn, home: Path, *, bot: str, language: str, theme: str, has_token: bool = True
) -> CozeApp:
    """The program as it is started in a home of its own."""
    bot_id = next(each.id for each in BOTS if each.name == bot)
    environment = {
        "COZE_TUI_HOME": str(home),
        "COZE_TUI_LANGUAGE": language,
        "COZE_TUI_THEME": theme,
        "PATH": os.environ["PATH"],
        **({"COZE_API_TOKEN": stand_in.token, "COZE_API_BASE": COZE_CN} if has_token else {}),
        **({"COZE_BOT_ID": bot_id} if has_token else {}),
    }
    startup = begin(Arguments(CHAT), environment)
    known = {each.name: getattr(startup, each.name) for each in fields(startup)}
    app = CozeApp(Here(**known, server=stand_in.base_url))
    app.animation_level = "none"
    return app


class Stage:
    """A running app, and what is done with it before it is looked at."""

    def __init__(self, pilot: Pilot[None]) -> None:
        assert isinstance(pilot.app, CozeApp)
        self.app: CozeApp = pilot.app
        self.pilot = pilot
        self.chat.offers.quiet_seconds = 0

    @property
    def chat(self) -> ChatScreen:
        """The chat screen, under whatever is over it."""
        screen = self.app.screen_stack[0]
        assert isinstance(screen, ChatScreen)
        return screen

    async def until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait for a state."""
        await until(self.pilot, is_so, what, seen=self.text)

    async def press(self, *keys: str) -> None:
        """Press keys."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def open(self, screen: Screen[Any]) -> None:
        """Put a screen over the others."""
        await self.app.push_screen(screen)

    async def settled(self) -> None:
        """Wait until all that is on its way has been drawn: several rounds of the loop change nothing."""
        if self.app.screen is not self.chat:  # a turn that stands still never ends
            await self.until(lambda: not self._works(), "what the screen waits for has come")
        before: list[Strip] = []
        same = 0
        while same < _ROUNDS:
            await asyncio.sleep(0.02)
            await self.pilot.pause()
            for footer in self.app.screen.query(KeyFooter):
                footer.flush()
            now = drawn_strips(self.app)
            same = same + 1 if now == before else 0
            before = now

    def _works(self) -> bool:
        return any(not work.is_finished for work in self.app.workers if work.node is self.app.screen)

    async def shows(self, text: str) -> None:
        """Wait until a text is to be read on the screen."""
        await self.until(lambda: text in self.text(), text)

    async def greeted(self) -> None:
        """Wait until the bot is known."""
        await self.until(lambda: self.chat.conversation.bot.name, "the bot is known")
        await self.pilot.pause()

    def text(self) -> str:
        """What is to be read."""
        return drawn_text(self.app)

    async def play(self, name: str, *, until_ms: int | None = None, outcome: Outcome | None = None) -> None:
        """Play a chat from its capture: to its end, or to a moment at which time stands still.

        Args:
            outcome: How it ends at that moment; None lets it run on.
        """
        await self.greeted()
        capture = read_capture((CAPTURES / f"{name}.sse").read_text("utf-8"))
        assert not capture.problems
        sent_at_ms = today_at(10, 2, 9)
        screen, feed = self.chat, TurnFeed()
        entry = AnswerEntry(screen.conversation.bot_name, sent_at_ms)
        screen.turns.view.clock = lambda: 0.0
        screen.header.title = capture.facts["question"]
        screen.log_widget.append(QuestionEntry(capture.facts["question"], sent_at_ms), entry)
        screen.turns.resume(entry, TurnFigures(), feed)
        screen.turns.view.clock = lambda: (until_ms or 0) / 1000
        told = TurnFigures()
        for update in _updates(capture, until_ms, outcome):
            told.add(update)
            feed.put(update)
        is_over = told.is_ended
        await self.until(lambda: screen.turns.view.figures.last_us == told.last_us, "all has come")
        await self.until(lambda: screen.turns.view.figures.is_ended == is_over, "the end has come")
        await self.until(lambda: not (is_over and screen.turns.runs), "the screen has heard of the end")
        follows = asyncio.Event()
        screen.call_after_refresh(follows.set)  # behind what the screen does after the end
        await self.until(follows.is_set, "what follows the end was done")
        screen.log_widget.viewport.flush()
        screen.turns.figures.flush()
        await self.pilot.pause()


def _updates(capture: Capture, until_ms: int | None, outcome: Outcome | None) -> list[TurnUpdate]:
    frames = [frame for frame in capture.frames if until_ms is None or frame.at_us <= until_ms * 1000]
    replay = TurnReplay(TurnState())
    updates = replay.start(capture.facts["logid"])
    for frame in frames:
        updates += replay.apply(parse_event(frame))
    if until_ms is None:
        updates += replay.finish(total_us=frames[-1].at_us + 1000)
    elif outcome is not None:
        updates += replay.finish(outcome, until_ms * 1000)
    return updates


def today_at(hour: int, minute: int, second: int) -> int:
    """A moment of today in milliseconds; entries of today are shown with their time alone."""
    now = time.localtime()
    return int(time.mktime((*now[:3], hour, minute, second, 0, 0, -1)) * 1000)


def zone_in_which_it_is_noon() -> Mapping[str, str]:
    """An environment in which no test comes near midnight."""
    hours = time.gmtime().tm_hour - 12
    return {"TZ": f"NOON{hours:+d}"}


class Looks(Protocol):
    """Whether the app looks as it did, after what `before` does with it."""

    def __call__(
        self,
        before: Callable[[Stage], Awaitable[None]],
        size: tuple[int, int] = (120, 40),
        *,
        bot: str = "Ferry desk",
        language: str = "en",
        theme: str = "coze-dark",
        has_token: bool = True,
    ) -> bool: ...
