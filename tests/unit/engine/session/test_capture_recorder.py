"""Turns saved as captures while they go on, never with the token in them."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from coze_tui.api.captures import read_capture
from coze_tui.api.chats import ChatRequest, ToolOutput
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Frame
from coze_tui.config.settings import Settings
from coze_tui.config.tokens import Secret
from coze_tui.engine.engine import Engine
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.frame_log import FrameLog
from coze_tui.engine.model.outcomes import Outcome, outcome_of
from coze_tui.engine.model.records import chat_from_capture
from coze_tui.engine.model.state import TurnState
from coze_tui.engine.session.capture_recorder import CaptureFile, CaptureRecorder
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.engine.session.site import Connection
from coze_tui.errors import CozeTuiError, FileError
from coze_tui.standin.scenarios import Answer, Bot, Event, Gate, RequireAction, Step, ToolCall
from coze_tui.standin.server import StandIn
from coze_tui.store import history, journal
from coze_tui.store.database import Database
from tests.support.server_chats import start_chat
from tests.support.startup import startup_under

TOKEN = "pat_MARKED0TOKEN0EXAMPLE"
BOT = "7511000000000000101"
posix = pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")


@dataclass
class Desk:
    """A stand-in, a client, and a folder for captures."""

    stand_in: StandIn
    client: CozeClient
    folder: Path
    troubles: list[CozeTuiError] = field(default_factory=list)

    def record(self, path: Path | None = None) -> CaptureRecorder:
        return CaptureRecorder(
            lambda: CaptureFile.at(path) if path else CaptureFile.in_folder(self.folder),
            site="127.0.0.1",
            without_token=self.client.without_token,
            report=self.troubles.append,
        )

    async def ask(self, record: CaptureRecorder, question: str = "海水为什么咸？") -> ChatTurn:
        turn = ChatTurn(self.client, ChatRequest(BOT, "lin", question), record=record)
        async for _update in turn.updates():
            pass
        return turn


@asynccontextmanager
async def desk(folder: Path, scenario: Sequence[Step]) -> AsyncIterator[Desk]:
    with StandIn(token=TOKEN, pace=0, bots=[Bot(BOT, "Sea", list(scenario))]) as stand_in:
        client = CozeClient(stand_in.base_url, lambda: TOKEN)
        try:
            yield Desk(stand_in, client, folder / "captures")
        finally:
            await client.aclose()


async def test_a_whole_turn_is_in_its_file(tmp_path: Path) -> None:
    async with desk(tmp_path, [Answer("河流。")]) as made:
        turn = await made.ask(made.record())
        [file] = made.folder.iterdir()
    capture = read_capture(file.read_text(encoding="utf-8"))
    assert capture.problems == ()
    assert list(capture.frames) == list(turn.frames.shown())
    facts = chat_from_capture(capture).record
    assert (facts.question, facts.bot_id, facts.site) == ("海水为什么咸？", BOT, "127.0.0.1")
    assert (facts.chat_id, facts.logid) == (turn.state.chat_id, turn.logid)
    assert outcome_of(facts) is Outcome.COMPLETED
    assert facts.total_us >= capture.frames[-1].at_us
    assert facts.sent_at > 0
    assert made.troubles == []


async def test_what_has_come_is_on_disk_while_the_turn_goes_on(tmp_path: Path) -> None:
    async with desk(tmp_path, [Answer("half"), Gate("middle"), Answer(" whole")]) as made:
        asking = asyncio.create_task(made.ask(made.record()))
        await asyncio.to_thread(made.stand_in.wait_for, "middle")
        while not any("half" in file.read_text() for file in made.folder.glob("*.sse")):
            await asyncio.sleep(0.001)
        made.stand_in.release("middle")
        await asking


async def test_a_token_that_the_server_repeats_is_masked(tmp_path: Path) -> None:
    echo: list[Step] = [Event("odd", f"Bearer {TOKEN}"), Answer(f"Your token is {TOKEN}.")]
    async with desk(tmp_path, echo) as made:
        await made.ask(made.record(), f"Is {TOKEN} good?")
        [file] = made.folder.iterdir()
    text = file.read_text(encoding="utf-8")
    assert TOKEN not in text
    assert "Your token is ***." in text


async def test_tool_outputs_go_on_in_the_same_file(tmp_path: Path) -> None:
    scenario: list[Step] = [RequireAction((ToolCall("home", "lamp", {}, "call"),)), Answer("It is on.")]
    async with desk(tmp_path, scenario) as made:
        turn = await made.ask(made.record())
        turn.submit([ToolOutput("call", "ok")])
        async for _update in turn.updates():
            pass
        [file] = made.folder.iterdir()
    capture = read_capture(file.read_text(encoding="utf-8"))
    assert list(capture.frames) == list(turn.frames.shown())
    assert outcome_of(chat_from_capture(capture).record) is Outcome.COMPLETED


async def test_turns_of_one_second_have_files_of_their_own(tmp_path: Path) -> None:
    files = [CaptureFile.in_folder(tmp_path / "captures") for _ in range(5)]
    for number, file in enumerate(files):
        file.write(str(number))
        file.close()
    assert sorted(path.read_text() for path in (tmp_path / "captures").iterdir()) == list("01234")


async def test_a_file_of_the_same_name_is_replaced_and_a_closed_one_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "new" / "chat.sse"
    CaptureFile.at(path).close()
    path.write_text("before")
    file = CaptureFile.at(path)
    file.write("one ")
    file.close()
    file.close()
    file.write("two")
    file.close()
    assert path.read_text() == "one two"


@posix
async def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    (tmp_path / "chat.sse").touch(0o644)
    CaptureFile.at(tmp_path / "chat.sse").close()
    CaptureFile.in_folder(tmp_path / "captures").close()
    for path in (tmp_path / "chat.sse", *(tmp_path / "captures").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_a_place_that_cannot_be_written_is_told_once_and_the_answer_comes(tmp_path: Path) -> None:
    (tmp_path / "captures").write_text("a file, not a folder")
    async with desk(tmp_path, [Answer("河流。")]) as made:
        turn = await made.ask(made.record())
        assert turn.state.answers[0].whole_text == "河流。"
        [trouble] = made.troubles
    assert isinstance(trouble, FileError)
    assert trouble.reason == "unwritable"


async def test_a_file_that_vanishes_between_two_parts_is_told(tmp_path: Path) -> None:
    file = CaptureFile.at(tmp_path / "chat.sse")
    file.close()
    file.path.unlink()
    with pytest.raises(FileError):
        file.write("more")


class Order:
    """What else writes a turn down."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.seen: list[tuple[str, str]] = []

    def _note(self, name: str) -> None:
        self.seen.append((name, self.file.read_text() if self.file.exists() else ""))

    async def begin(self, request: ChatRequest) -> None:
        self._note("begin")

    async def append(self, frames: FrameLog) -> None:
        self._note("append")

    async def identify(self, state: TurnState, logid: str) -> None:
        self._note("identify")

    async def finish(
        self, state: TurnState, figures: TurnFigures, outcome: Outcome, error: CozeTuiError | None, at_us: int
    ) -> None:
        self._note("finish")


async def test_the_journal_is_written_before_the_capture(tmp_path: Path) -> None:
    path = tmp_path / "chat.sse"
    journal = Order(path)
    record = CaptureRecorder(
        lambda: CaptureFile.at(path), site="", without_token=str, report=lambda error: None, first=journal
    )
    await record.begin(ChatRequest(BOT, "lin", "q"))
    await record.append(FrameLog([Frame("done", '"[DONE]"', 5)]))
    await record.identify(TurnState(), "log1")
    await record.finish(TurnState(), TurnFigures(), Outcome.COMPLETED, None, 7)
    assert [name for name, _text in journal.seen] == ["begin", "append", "identify", "finish"]
    assert journal.seen[0][1] == ""
    assert "DONE" not in journal.seen[1][1]
    assert "completed" not in journal.seen[3][1]
    assert "completed" in path.read_text()


def connection(folder: Path, settings: Settings) -> Connection:
    """Return a client with the token of the stand-in."""
    return Connection(startup_under(folder, settings), Secret(TOKEN))


async def test_the_setting_records_the_turns_of_the_screens(tmp_path: Path) -> None:
    with StandIn(token=TOKEN, pace=0, bots=[Bot(BOT, "Sea", [Answer("河流。")])]) as stand_in:
        folder = tmp_path / "captures"
        settings = Settings(base_url=stand_in.base_url, bot_id=BOT, user_id="lin", record_captures=folder)
        engine = Engine(settings, partial(connection, tmp_path), lambda error: None)
        await engine.open(tmp_path / "history.db")
        try:
            for question in ("one", "two"):
                key = await engine.conversations.create(settings.site, BOT)
                feed = TurnFeed()
                await engine.ask(key, question, feed)
                while await feed.take():
                    pass
        finally:
            await engine.close()
    files = sorted(folder.iterdir())
    captures = [read_capture(file.read_text(encoding="utf-8")) for file in files]
    assert sorted(chat_from_capture(capture).record.question for capture in captures) == ["one", "two"]
    assert all(json.loads(capture.frames[-1].data) == "[DONE]" for capture in captures)
    for file in files:
        assert TOKEN not in file.read_text(encoding="utf-8")


async def test_the_setting_records_a_recovered_chat_whole(tmp_path: Path) -> None:
    """A chat whose beginning another run of the program has stored."""
    with StandIn(token=TOKEN, pace=0, bots=[Bot(BOT, "Sea", [Answer("河流把盐带进海里。")])]) as stand_in:
        folder = tmp_path / "captures"
        settings = Settings(base_url=stand_in.base_url, bot_id=BOT, user_id="lin", record_captures=folder)
        site = connection(tmp_path, settings)
        started = await start_chat(site.client, ChatRequest(BOT, "lin", "海水为什么咸？"))
        created = json.dumps({"id": started.id, "conversation_id": started.conversation_id})
        before = Frame("conversation.chat.created", created, 10)

        def write(c: sqlite3.Connection) -> int:
            key = history.create_conversation(c, settings.site, BOT, 1_760_000_000_000)
            chat = journal.begin_chat(c, key, "海水为什么咸？", BOT, 1_760_000_000_000)
            journal.append_frames(c, chat, 1, [before])
            journal.note_ids(c, chat, chat_id=started.id, conversation_id=started.conversation_id)
            c.execute("UPDATE chats SET owner = ''")
            return chat

        database = await Database.open(tmp_path / "history.db")
        chat = await database.write(write)
        await database.close()
        engine = Engine(settings, lambda now: site, lambda error: None)
        await engine.open(tmp_path / "history.db")
        try:
            feed = TurnFeed()
            await engine.recover(chat, feed)
            while await feed.take():
                pass
        finally:
            await engine.close()
    (file,) = folder.iterdir()
    capture = read_capture(file.read_text(encoding="utf-8"))
    facts = chat_from_capture(capture).record
    assert (facts.question, facts.chat_id, facts.sent_at) == (
        "海水为什么咸？",
        started.id,
        1_760_000_000_000,
    )
    assert outcome_of(facts) is Outcome.COMPLETED
    assert capture.frames[0] == before
    assert any("河流把盐带进海里。" in frame.data for frame in capture.frames[1:])
    assert TOKEN not in file.read_text(encoding="utf-8")
