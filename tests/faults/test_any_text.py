"""Any text in any field of any screen neither ends the program nor changes the terminal, and stays text.

One app visits every screen in each example, and what it writes is played to an emulated terminal. Only the
pty itself is left out; `test_terminal_safety.py` has it for the texts that are known.

It was seen to fail with `clean` and the guard switched off, with `clean` alone switched off, and with markup
read in a toast; with the guard alone switched off it holds, as what comes in is clean. More examples:
`COZE_TUI_EXAMPLES=200 pytest tests/faults/test_any_text.py`.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_type_hints

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from textual import events
from textual.drivers.headless_driver import HeadlessDriver
from textual.screen import Screen
from textual.widgets import Input

from coze_tui.api.objects import Frame
from coze_tui.engine.model.records import ChatFrames, ChatRecord
from coze_tui.errors import ApiError, ProtocolError, TransportError
from coze_tui.exports import jsonl
from coze_tui.exports.jsonl import FORMAT, VERSION
from coze_tui.standin.scenarios import (
    Bot,
    Complete,
    Delta,
    Event,
    FollowUps,
    FunctionCall,
    Knowledge,
    Refuse,
    RequireAction,
    Step,
    ToolCall,
    ToolResponse,
    Turn,
    Verbose,
)
from coze_tui.store.history import SavedConversation, SavedSection
from coze_tui.store.records import SLOT, SavedMessage
from coze_tui.text.cleaning import clean_line
from coze_tui.tui.chat_sources import ChatSource
from coze_tui.tui.screens.bots import BotPicker
from coze_tui.tui.screens.dialogs import AskText, Choose, Confirm, Option, ShowText
from coze_tui.tui.screens.difference import DifferenceScreen
from coze_tui.tui.screens.doctor import DoctorScreen
from coze_tui.tui.screens.first_run import FirstRun
from coze_tui.tui.screens.help import HelpScreen
from coze_tui.tui.screens.history import HistoryScreen
from coze_tui.tui.screens.inspector import InspectorScreen, inspector_at
from coze_tui.tui.screens.log_in import DeviceLogin, LogIn
from coze_tui.tui.screens.log_screen import ShowLink
from coze_tui.tui.screens.palette import CommandPalette
from coze_tui.tui.screens.replay import ReplayScreen
from coze_tui.tui.screens.side_by_side import SideBySideScreen
from coze_tui.tui.screens.statistics import StatisticsScreen
from coze_tui.tui.screens.tool_request import ToolRequest
from tests.support.checks import foreign_controls
from tests.support.desk import Desk, desk
from tests.support.hostile_text import PAYLOADS
from tests.support.raw_server import Line, RawServer
from tests.support.shown import drawn_text
from tests.support.terminal import ScreenFeed, TerminalScreen

T = TypeVar("T")

BOT = "7511000000000000777"
LARGEST = jsonl.MOST
EXAMPLES = int(os.environ.get("COZE_TUI_EXAMPLES", "0"))
"""So many of them, by chance; 0 for the same few each time."""
SIZE = (120, 36)
SHORT = "q[b]z[/b]q\x1b[2J\x9b5m\x1b]0;HACKED\x07\u202e"
"""A little of everything, so that the simplest example is worth its time."""
MARKUP = ("q[b]z[/b]q", "w[@click=app.quit]z[/]w", "y:smile:z", "e[/]f")
READ_AS_MARKUP = ("qzq", "wzw", "y😄z", "y😃z")
TEXTS = st.lists(
    st.lists(
        st.sampled_from(
            [
                SHORT,
                *PAYLOADS.values(),
                *MARKUP,
                "盐👨‍👩‍👧e\u0301กำ",
                "long " * 60,
                "水" * 200,
            ]
        )
        | st.text(st.characters(exclude_categories=()), max_size=12),
        min_size=1,
        max_size=4,
    ).map("".join),
    min_size=5,
    max_size=13,
)
"""Any characters at all, halves of pairs too, and what has meant something to a terminal or to markup."""


_CHARACTERS = {"space": " ", "slash": "/"}


class Tape(HeadlessDriver):
    """A driver that writes, to a terminal that keeps all it was sent."""

    is_headless = False
    latest: ClassVar[Tape]
    """The one that Textual made last; an app does not say which driver it has."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)  # type: ignore[arg-type]
        Tape.latest = self
        self.foreign: list[str] = []
        self.terminal = TerminalScreen(*SIZE)
        self._feed = ScreenFeed(self.terminal)

    def write(self, data: str) -> None:
        sent = data.encode("utf-8", "surrogatepass")
        self.foreign += foreign_controls(sent)
        self._feed.feed(sent)


class Visitor:
    """Who goes through the screens; each field gets the next text behind a word of its own."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts
        self._given = count()
        self.at: Desk

    def text(self, word: str) -> str:
        """A hostile text that begins with this word."""
        return word + self._texts[next(self._given) % len(self._texts)]

    def typed(self, word: str) -> str:
        """The same as a terminal can send it: an escape ends a paste."""
        return self.text(word).encode("utf-8", "replace").decode().replace("\x1b", "")

    @property
    def tape(self) -> Tape:
        return Tape.latest

    # -- what is done

    def paste(self, text: str) -> None:
        self.tape.process_message(events.Paste(text))

    async def seen(self, *words: str) -> None:
        """Wait until the terminal shows each of these words, and look."""
        for word in words:
            await self.until(partial(self.is_shown, word), f"{word} is on the screen")
        await self.look()

    def is_shown(self, word: str) -> bool:
        return word in self.tape.terminal.text()

    async def until(self, is_so: Callable[[], object], what: str) -> None:
        """Wait for a state; fails with what the terminal shows."""
        end = time.monotonic() + 45
        while not is_so():
            self.must_go_on()
            assert time.monotonic() < end, f"never: {what}\n{self.tape.terminal.text()}"
            await self.at.pilot.pause(0.01)

    def put(self, word: str) -> None:
        """Paste a text between two of this word: what is long shows its end, and Enter ends no backslash."""
        self.paste(f"{self.typed(word)} {word}")

    def press(self, *keys: str) -> None:
        """Press keys, as the terminal sends them."""
        for key in keys:
            self.tape.process_message(events.Key(key, _CHARACTERS.get(key, key if len(key) == 1 else None)))

    async def look(self) -> None:
        """The terminal shows what the program has drawn, and nothing that was sent to it is foreign."""
        await self.at.pilot.pause(0)
        tape = self.tape
        await self.until(lambda: self.drawn() == tape.terminal.text(), "the terminal shows what is drawn")
        shown = tape.terminal.text()
        assert not [word for word in READ_AS_MARKUP if word in shown], shown

    def must_go_on(self) -> None:
        """The program lives, and has sent nothing foreign."""
        assert self.at.app.is_running
        assert self.at.app.crash is None
        assert not self.tape.foreign, self.tape.foreign[:5]

    def drawn(self) -> str:
        """What the program wants to be seen."""
        return drawn_text(self.at.app)

    async def opened(self, screen: type[Screen[Any]]) -> None:
        """Wait until such a screen is there, and look."""
        await self.until(
            lambda: isinstance(self.at.app.screen, screen) and self.at.app.screen.is_mounted, "it opens"
        )
        await self.look()

    async def show(self, screen: Screen[Any], *words: str) -> None:
        """Put a screen over the others."""
        await self.at.app.push_screen(screen)
        await self.seen(*words)

    async def back(self) -> None:
        """Leave all screens but the chat."""
        await self.look()
        while self.at.app.screen is not self.at.screen:
            self.must_go_on()
            await self.at.pilot.press("escape")
        await self.look()

    async def ask(self, word: str, *words: str) -> None:
        """Paste a question into the empty prompt of a new conversation, send it, and see these words."""
        self.press("ctrl+n")
        self.put(word)
        await self.seen(word)
        self.press("enter")
        await self.seen(*words)

    # -- what comes from outside

    def bot(self) -> Bot:
        """A bot of which every field and every word is such a text."""
        return Bot(
            BOT,
            self.text("N1"),
            self.steps,
            description=self.text("D1"),
            prologue=self.text("G1"),
            suggested_questions=(self.text("S1"), self.text("S2")),
        )

    def steps(self, turn: Turn) -> Sequence[Step]:
        text = self.text
        if turn.question.startswith("T1"):
            return [RequireAction((ToolCall(text("P2"), text("C2"), {text("K2"): text("V2")}),))]
        if turn.question.startswith("E1"):
            return [Refuse(5000, text("M1"))]
        return [
            Verbose(text("odd"), text("data")),
            Knowledge(((text("W1"), text("W2")),)),
            Delta(reasoning=text("R1")),
            FunctionCall(text("P1"), text("C1"), {text("K1"): text("V1")}),
            ToolResponse(text("O1")),
            Event(f"conversation.{text('odd')}", {text("K3"): text("V3")}),
            Delta(text("A1")),
            Delta(
                f"\n\n| {text('A2')} | b |\n|---|---|\n| {text('A3')} | x |\n\n```{text('py')}\n{text('A4')}"
            ),
            Complete(text("A1")),
            FollowUps((text("F1"), text("F2")), wait=0),
        ]

    def frames(self) -> ChatSource:
        """A chat out of a file."""
        text = self.text
        frames = (
            Frame("conversation.message.delta", json.dumps({"content": text("A5"), "type": "answer"}), 1),
            Frame(text("B1"), text("B2"), 2),
            Frame("conversation.message.completed", text("B3"), 3, text("B4")),
            Frame("error", text("B5"), 4),
        )
        record = ChatRecord(
            question=text("H1"),
            sent_at=1,
            site=text("H2"),
            bot_id=text("H3"),
            bot_name=text("H4"),
            title=text("H5"),
            chat_id=text("H6"),
            is_final=True,
        )
        return ChatSource.whole(ChatFrames(record, frames))


# -- the screens


async def chat(v: Visitor) -> None:
    await v.seen("G1", "N1", "S1")
    await v.ask("Q1", "A1", "F1")
    await v.at.answered()
    v.press("tab", "k", "space", "k", "space", "k", "space", "home")
    await v.seen("Q1")
    v.press("escape")


async def failed_answer(v: Visitor) -> None:
    await v.ask("E1", "M1")


async def tool_form(v: Visitor) -> None:
    await v.ask("T1")
    await v.opened(ToolRequest)
    await v.seen("K2")
    v.put("Y1")
    await v.seen("Y1")
    await v.back()


async def prompt(v: Visitor) -> None:
    v.paste(" ".join(v.typed("/rename L1").split()))
    v.press("enter", "enter")
    await v.until(lambda: v.at.screen.conversation.title.startswith("L1"), "it is renamed")
    await v.look()  # beside a long name of the bot there is no room for a title
    v.paste(v.typed("@") * 3)
    await v.look()
    v.press("ctrl+f")
    await v.until(lambda: v.at.screen.find_bar.is_open, "one can find")
    v.put("A1")
    v.press("enter", "escape")
    await v.until(lambda: not v.at.screen.find_bar.is_open, "finding is over")


async def file_names(v: Visitor) -> None:
    name = clean_line(v.typed("X1")).replace("/", "").encode()[:200].decode("utf-8", "ignore").rstrip()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / name
        file.write_bytes(b"%PDF")
        for path in (file, f"{file}/{clean_line(v.typed('X2'))}"):
            v.at.screen.prompt.focus()
            await v.until(lambda: v.at.app.focused is v.at.screen.prompt, "one can type")
            v.at.screen.prompt.set_message(f"/attach {path}")
            v.press("enter")
            await v.seen("X1")
    v.at.screen.attachments.clear()


async def toasts(v: Visitor) -> None:
    for error in (
        ApiError(5000, v.text("M2"), logid=v.text("M3")),
        ApiError(123456, v.text("M2"), logid=v.text("M3")),
        TransportError("other", v.text("M4"), url=v.text("M5")),
        ProtocolError(v.text("M6"), excerpt=v.text("M7"), logid=v.text("M8")),
    ):
        v.at.screen.notify_failure(error)
        await v.look()
    v.at.screen.conversation.warn(v.text("M9"))
    await v.seen("M9")


async def bots(v: Visitor) -> None:
    v.at.screen.action_bot()
    await v.opened(BotPicker)
    await v.seen("N1", "D1")
    v.put("Y2")
    await v.seen("Y2")
    await v.back()


async def side_by_side(v: Visitor) -> None:
    v.at.screen.opener.ask_side_by_side()
    await v.opened(BotPicker)
    await v.seen("Sample team")
    v.press("down", "enter")  # a row that was chosen by a key counts, also while more bots are loading
    await v.opened(SideBySideScreen)
    v.put("Q2")
    await v.seen("Q2")
    v.press("enter")
    await v.seen("A1", "✓")
    await v.back()


async def doctor(v: Visitor) -> None:
    v.at.screen.commands.examine_terminal()
    await v.opened(DoctorScreen)
    await v.back()


async def history(v: Visitor) -> None:
    v.at.screen.action_history()
    await v.opened(HistoryScreen)
    await v.seen("L1")
    v.press("down", "up", "tab", "tab", "r")
    v.put("L2")
    v.press("escape", "slash")
    v.put("A1")
    await v.back()


def filled(v: Visitor, kind: type[T], **given: object) -> T:
    """A thing of the store with such a text, or a number as large as can be, in each of its other fields."""
    hints = get_type_hints(kind)
    return kind(
        **{
            field.name: given[field.name]
            if field.name in given
            else {str: v.text("I"), int: LARGEST, bool: True}.get(hints[field.name], ())
            for field in fields(kind)  # type: ignore[arg-type]
        }
    )


async def imported(v: Visitor) -> None:
    chat = filled(v, ChatRecord, slot=1, frame_count=2)
    messages = [
        filled(v, SavedMessage, chat=1, position=SLOT + number, role=role, type=type_)
        for number, (role, type_) in enumerate(
            [("user", "question"), ("assistant", "answer"), ("assistant", "function_call"), ("", v.text(""))]
        )
    ]
    lines = [
        {"format": FORMAT, "version": VERSION},
        {"conversation": jsonl.object_from(filled(v, SavedConversation, key="imported"))},
        {"section": jsonl.object_from(filled(v, SavedSection, position=0))},
        {"chat": jsonl.object_from(chat)},
        *({"frame": [at_us, v.text("I"), v.text("I"), v.text("I")]} for at_us in (0, LARGEST)),
        *({"message": jsonl.object_from(message)} for message in messages),
        {"end": {"sections": 1, "chats": 1, "frames": 2, "messages": len(messages)}},
    ]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "imported.jsonl"
        file.write_text("".join(f"{json.dumps(line)}\n" for line in lines), "ascii")
        v.at.screen.run_in_worker("import", v.at.screen.opener.import_file, str(file))
        await v.until(lambda: v.at.screen.conversation.key == "imported", "it is open")
    await v.seen("▎ I")
    v.press("tab", "k", "space", "k", "space")
    await v.until(lambda: v.at.app.focused is v.at.screen.log_widget, "one can look through it")
    v.press("escape")
    await v.until(lambda: v.at.app.focused is v.at.screen.prompt, "one can type again")
    await v.look()
    v.at.screen.actions.inspect()
    await v.opened(InspectorScreen)
    v.press("down", "t")
    await v.back()
    v.at.screen.action_history()
    await v.opened(HistoryScreen)
    v.press("down", "up")
    await v.back()


async def inspector(v: Visitor) -> None:
    v.at.screen.actions.inspect()
    await v.opened(InspectorScreen)
    v.press("end", "tab", "tab", "slash")
    v.put("A1")
    v.press("escape")
    await v.back()
    await v.show(InspectorScreen(v.frames()), "A5")
    v.press("down", "down", "down", "tab", "down")
    await v.back()


async def replay(v: Visitor) -> None:
    await v.show(ReplayScreen(v.frames(), inspector_at), "H1")
    v.press("end", "home")
    await v.back()


async def comparison(v: Visitor) -> None:
    await v.show(DifferenceScreen(v.frames(), v.frames()), "H1")
    v.press("n", "x", "down")
    await v.back()


async def statistics(v: Visitor) -> None:
    v.at.screen.run_in_worker("screen", v.at.screen.opener.show_statistics, exclusive=True)
    await v.opened(StatisticsScreen)
    assert isinstance(v.at.app.screen, StatisticsScreen)
    v.at.app.screen.notify_failure(ApiError(5000, v.text("U1")))
    await v.seen("U1")
    await v.seen("N1")
    v.press("down", "tab")
    await v.back()


async def help_(v: Visitor) -> None:
    v.at.app.action_help()
    await v.opened(HelpScreen)
    v.put("Y3")
    await v.seen("Y3")
    v.press("escape")
    await v.back()


async def commands(v: Visitor) -> None:
    v.at.app.action_command_palette()
    await v.opened(CommandPalette)
    v.put("Y4")  # whose end may be cut off: it takes the first line only
    field = v.at.app.screen.query_one(Input)
    await v.until(lambda: field.value.startswith("Y4"), "it is typed")
    await v.back()


async def first_run(v: Visitor) -> None:
    v.at.app.push_screen(FirstRun(notice=v.text("Z1")))
    await v.seen("Z1")
    v.press("down", "down")
    v.put("Z2")
    v.press("enter")
    v.put("Z3")
    v.press("enter")
    await v.back()


async def device_login(v: Visitor) -> None:
    code = {
        "device_code": v.text("Z4"),
        "user_code": v.text("Z5"),
        "verification_uri": f"https://{v.text('Z6')}",
        "interval": 60,
    }
    body = json.dumps(code).encode()

    def talk(line: Line) -> None:
        line.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        line.send(body)

    with RawServer(talk) as server:
        await v.show(DeviceLogin(LogIn(v.at.context), server.base_url, "client"), "Z5", "Z6")
        await v.back()


async def dialogs(v: Visitor) -> None:
    text = v.text
    await v.show(Confirm(text("J1"), text("J2"), text("J3"), text("J4")), "J1")
    await v.back()
    await v.show(AskText(text("J1"), text("J2"), text("J3")), "J1")
    await v.back()
    options = [Option(text("J3"), text("J4"), text("J5")), Option(text("J6"), text("J7"), text("J8"))]
    await v.show(Choose(text("J1"), text("J2"), options), "J1")
    await v.back()
    await v.show(ShowText(text("J1"), text("J2")), "J1")
    await v.back()
    await v.show(ShowLink(text("J1"), may_open=True), "J1")
    await v.back()


SCREENS: Sequence[Callable[[Visitor], Awaitable[None]]] = (
    *(
        chat,
        prompt,
        file_names,
        toasts,
        bots,
        side_by_side,
        doctor,
        history,
        inspector,
        replay,
        comparison,
        statistics,
    ),
    *(help_, commands, dialogs, failed_answer, tool_form, first_run, device_login, imported),
)


async def visit_all(texts: Sequence[str], home: Path) -> None:
    visitor = Visitor(texts)
    async with desk(home, [visitor.bot()], size=SIZE, driver=Tape) as visitor.at:
        for screen in SCREENS:
            await screen(visitor)


@settings(
    max_examples=EXAMPLES or 2,
    derandomize=not EXAMPLES,  # what is found by chance is sought on purpose
    phases=(Phase.explicit, Phase.generate),  # an example takes seconds
    suppress_health_check=[HealthCheck.too_slow],
)
@given(TEXTS)
def test_any_text_in_any_field_of_any_screen(texts: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(visit_all(texts, Path(folder) / "home"))
