"""What a program that died has left is fetched by the next one, without a question."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coze_tui.api.chats import ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.api.objects import Bot as Chosen
from coze_tui.engine.session import restored_turns
from coze_tui.standin.scenarios import Answer, Bot, Complete, Delta, Gate, RequireAction, Step, ToolCall, Turn
from coze_tui.standin.server import StandIn
from coze_tui.tui.context import LaunchTarget
from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import QuestionEntry
from tests.support.desk import Desk, desk
from tests.support.server_chats import start_chat

BOT = "7511000000000000777"
DYING = """
import json, os, sqlite3, sys
from coze_tui.api.objects import Frame
from coze_tui.store import history, journal, migrations
import asyncio
from pathlib import Path
from coze_tui.store.database import Database

async def main():
    path, site, bot, chat, conversation, key = sys.argv[1:]
    database = await Database.open(Path(path))
    def write(c):
        at = 1_760_000_000_000
        mine = key or history.create_conversation(c, site, bot, at, bot_name="海水")
        number = journal.begin_chat(c, mine, "海水为什么咸？", bot, 1_760_000_000_000)
        ids = {"id": chat, "conversation_id": conversation}
        frames = [Frame("conversation.chat.created", json.dumps(ids), 10)]
        piece = {"type": "answer", "role": "assistant", "content": "河流"}
        frames.append(Frame("conversation.message.delta", json.dumps(piece), 20))
        journal.append_frames(c, number, 1, frames)
        journal.note_ids(c, number, chat_id=chat, conversation_id=conversation)
    await database.write(write)
    os._exit(9)

asyncio.run(main())
"""


async def left_behind(home: Path, stand_in: StandIn, conversation: str = "") -> None:
    """A store in which a program died in the middle of a chat that the server has finished.

    Args:
        conversation: Key of the conversation; by default a new one.
    """
    client = CozeClient(stand_in.base_url, lambda: stand_in.token)
    chat = await start_chat(client, ChatRequest(BOT, "lin", "海水为什么咸？"))
    await client.aclose()
    path = home / "data" / "history.db"
    site = stand_in.base_url.removeprefix("http://")
    ended = subprocess.run(
        [sys.executable, "-c", DYING, str(path), site, BOT, chat.id, chat.conversation_id, conversation],
        check=False,
    )
    assert ended.returncode == 9


def asked(stand_in: StandIn, path: str) -> int:
    """How often a path was requested."""
    return [request.path for request in stand_in.requests].count(path)


async def last_key(at: Desk) -> str:
    """Key of the conversation in which something was said last."""
    key = await at.context.engine_thread.call(lambda engine: engine.conversations.last())
    assert key
    return key


WHOLE = "河流把盐带进海里。"
ENVIRONMENT = {"COZE_BOT_ID": BOT}


async def test_the_rest_is_fetched_into_its_place(home: Path) -> None:
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer(WHOLE)])]) as stand_in:
        await left_behind(home, stand_in)
        target = LaunchTarget(continues_last=True)
        async with desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as at:
            await at.until(lambda: WHOLE in at.text(), "the rest is there")
            await at.answered()
            assert [type(entry) for entry in at.screen.log_widget.entries] == [QuestionEntry, AnswerEntry]
            assert at.app.screen is at.screen
            assert at.screen.prompt.message == ""
            assert asked(stand_in, "/v3/chat") == 1
            assert asked(stand_in, "/v3/chat/message/list") == 1
            assert at.text().count("河流") == 1


async def test_what_is_queued_waits_after_a_rest_that_nobody_asked_for(home: Path) -> None:
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer(WHOLE)])]) as stand_in:
        await left_behind(home, stand_in)
        async with desk(home, environment=ENVIRONMENT, stand_in=stand_in) as at:
            key = await last_key(at)
            await at.context.engine_thread.call(
                lambda engine: engine.keep_queue(key, ["后来呢？"], Chosen(id=BOT))
            )
            await at.until_told("it is complete now")
        await left_behind(home, stand_in, key)
        target = LaunchTarget(conversation=key)
        async with desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as at:
            await at.until(lambda: at.text().count(WHOLE) == 2, "the rest is there")
            await at.answered()
            assert at.screen.queue_strip.queued == ("后来呢？",)
            assert asked(stand_in, "/v3/chat") == 2
            await at.pilot.press("enter")
            await at.until(lambda: asked(stand_in, "/v3/chat") == 3, "the user sends it")
            await at.answered()


async def test_without_an_open_conversation_it_is_fetched_in_the_background(home: Path) -> None:
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer(WHOLE)])]) as stand_in:
        await left_behind(home, stand_in)
        async with desk(home, environment=ENVIRONMENT, stand_in=stand_in) as at:
            await at.until_told("it is complete now")
            assert at.app.screen is at.screen
            assert not at.screen.turns.runs
            await at.screen.opener.open(await last_key(at))
            await at.until(lambda: WHOLE in at.text())


async def test_what_coze_refuses_for_good_is_said_and_not_asked_again(home: Path) -> None:
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer(WHOLE)])]) as stand_in:
        await left_behind(home, stand_in)
        stand_in.fault("code=4001", path="/v3/chat/retrieve", times=99)
        target = LaunchTarget(continues_last=True)
        for _start in range(2):
            async with desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as at:
                await at.until(lambda: "4001" in at.text(), "the reason is shown")
                assert "河流" in at.text()
                assert "type /recover" not in at.text()
                await at.answered()
                assert at.screen.prompt.message == ""
                assert not await at.context.engine_thread.call(lambda engine: engine.unfetched_chats())
        assert asked(stand_in, "/v3/chat/retrieve") == 1


async def test_without_a_connection_what_came_stays_and_a_key_fetches_the_rest_later(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restored_turns, "FETCH_SECONDS", 0)
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer(WHOLE)])]) as stand_in:
        await left_behind(home, stand_in)
        stand_in.fault("500json", path="/v3/chat/retrieve", times=3)  # of one try with its repetitions
        target = LaunchTarget(continues_last=True)
        async with desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as at:
            await at.until(lambda: "type /recover" in at.text() and asked(stand_in, "/v3/chat/retrieve"))
            await at.answered()
            await at.pilot.press("tab", "r")
            await at.until(lambda: WHOLE in at.text(), "the rest is there")
        assert asked(stand_in, "/v3/chat") == 1


async def test_two_programs_that_start_at_once_fetch_it_once_and_both_show_it(home: Path) -> None:
    steps: list[Step] = [Delta("河流"), Gate("held"), Delta("把盐带进海里。"), Complete()]
    with StandIn(pace=0, bots=[Bot(BOT, "海水", steps)]) as stand_in:
        await left_behind(home, stand_in)
        target = LaunchTarget(continues_last=True)
        async with (
            desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as first,
            desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as second,
        ):
            for at in (first, second):
                await at.until(lambda at=at: at.screen.turns.runs, "it follows")  # type: ignore[misc]
            stand_in.release("held")
            for at in (first, second):
                await at.until(lambda at=at: WHOLE in at.text(), "the rest is there")  # type: ignore[misc]
                await at.answered()
                assert at.text().count("河流") == 1
                assert len(at.screen.log_widget.entries) == 2
        assert asked(stand_in, "/v3/chat/message/list") == 1


async def test_the_rest_of_an_earlier_chat_goes_to_its_place(home: Path) -> None:
    def steps(turn: Turn) -> list[Step]:
        return [Answer(WHOLE if "为什么" in turn.question else "后来")]

    with StandIn(pace=0, bots=[Bot(BOT, "海水", steps)]) as stand_in:
        await left_behind(home, stand_in)
        stand_in.fault("code=4100", path="/v3/chat/retrieve", times=1)
        target = LaunchTarget(continues_last=True)
        async with desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as at:
            await at.until(lambda: "4100" in at.text(), "this token may not fetch it")
            await at.answered()
            await at.ask("后来呢？")
            await at.answered()
        async with desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as at:
            await at.until(lambda: WHOLE in at.text(), "the rest is there")
            await at.answered()
            text = at.text()
            assert text.index("海水为什么咸") < text.index(WHOLE) < text.index("后来呢")
            assert len(at.screen.log_widget.entries) == 4
            assert at.screen.prompt.message == ""


async def test_a_fetched_chat_that_waits_for_a_tool_opens_no_form(home: Path) -> None:
    call = ToolCall("home", "set_lamp", {}, "call-1")
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Delta("河流"), RequireAction((call,))])]) as stand_in:
        await left_behind(home, stand_in)
        target = LaunchTarget(continues_last=True)
        async with desk(home, environment=ENVIRONMENT, stand_in=stand_in, target=target) as at:
            await at.until(lambda: "press Enter to answer" in at.text(), "it says what it waits for")
            await at.answered()
            assert at.app.screen is at.screen
