"""What a program that died has left is offered by the next one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from coze_tui.api import chats
from coze_tui.api.chats import ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.standin.server import StandIn
from coze_tui.tui.screens.dialogs import Confirm
from tests.support.desk import desk

BOT = "7511000000000000777"
DYING = """
import json, os, sqlite3, sys
from coze_tui.api.objects import Frame
from coze_tui.store import history, journal, migrations
import asyncio
from pathlib import Path
from coze_tui.store.database import Database

async def main():
    path, site, bot, chat, conversation = sys.argv[1:]
    database = await Database.open(Path(path))
    def write(c):
        key = history.create_conversation(c, site, bot, 1_760_000_000_000, bot_name="海水")
        number = journal.begin_chat(c, key, "海水为什么咸？", bot, 1_760_000_000_000)
        ids = {"id": chat, "conversation_id": conversation}
        frames = [Frame("conversation.chat.created", json.dumps(ids), 10)]
        piece = {"id": "1", "type": "answer", "role": "assistant", "content": "河流"}
        frames.append(Frame("conversation.message.delta", json.dumps(piece), 20))
        journal.append_frames(c, number, 1, frames)
        journal.note_ids(c, number, chat_id=chat, conversation_id=conversation)
    await database.write(write)
    os._exit(9)

asyncio.run(main())
"""


async def left_behind(home: Path, stand_in: StandIn) -> None:
    """A store in which a program died in the middle of a chat that the server has finished."""
    client = CozeClient(stand_in.base_url, lambda: stand_in.token)
    chat = await chats.start(client, ChatRequest(BOT, "lin", "海水为什么咸？"))
    await client.aclose()
    path = home / "data" / "history.db"
    site = stand_in.base_url.removeprefix("http://")
    ended = subprocess.run(
        [sys.executable, "-c", DYING, str(path), site, BOT, chat.id, chat.conversation_id], check=False
    )
    assert ended.returncode == 9


@pytest.mark.parametrize("fetch", [True, False])
async def test_the_rest_is_fetched_or_what_came_is_kept(home: Path, fetch: bool) -> None:
    with StandIn(pace=0, bots=[Bot(BOT, "海水", [Answer("河流把盐带进海里。")])]) as stand_in:
        await left_behind(home, stand_in)
        async with desk(home, environment={"COZE_BOT_ID": BOT}, stand_in=stand_in) as at:
            await at.until(lambda: isinstance(at.app.screen, Confirm), "it is offered")
            await at.pilot.press("y" if fetch else "n")
            if fetch:
                await at.until(lambda: "河流把盐带进海里。" in at.text(), "the rest is there")
            await at.until(lambda: not isinstance(at.app.screen, Confirm))
            assert sum(request.path == "/v3/chat" for request in stand_in.requests) == 1
        async with desk(home, environment={"COZE_BOT_ID": BOT}, stand_in=stand_in) as at:
            key = await at.context.engine_thread.call(lambda engine: engine.conversations.last())
            assert key
            await at.screen.actions.open(key)
            await at.until(lambda: ("河流把盐带进海里。" if fetch else "cut off at") in at.text())
            assert not isinstance(at.app.screen, Confirm)
