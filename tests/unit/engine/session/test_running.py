"""A turn that runs is joined by another screen."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path
from unittest.mock import AsyncMock

from coze_tui.api.captures import read_capture
from coze_tui.api.chats import ChatRequest
from coze_tui.api.client import CozeClient
from coze_tui.config.settings import Settings
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.updates import ChatIdentified
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.engine.session.outbox import Outbox
from coze_tui.engine.session.recorder import JournalRecorder
from coze_tui.engine.session.runner import ChatTurn
from coze_tui.engine.session.running import LiveTurn, LiveTurns
from coze_tui.store import history, journal
from coze_tui.store.database import Database
from tests.support.engine_desk import desk
from tests.support.samples import STREAMS


async def test_who_joins_is_told_all_that_has_happened_also_that_tool_outputs_were_submitted(
    tmp_path: Path,
) -> None:
    database = await Database.open(tmp_path / "store.db")
    client = CozeClient("http://127.0.0.1:1", lambda: "")
    frames = [
        frame
        for stream in ("requires_action", "tool_outputs")
        for frame in read_capture((STREAMS / f"{stream}.sse").read_text(encoding="utf-8")).frames
    ]
    stored = JournalRecorder(Outbox(database, lambda error: None), "k", chat_key=1)
    turn = ChatTurn(client, ChatRequest("7402", "lin", "q", ""), record=stored)
    turn.recover_from(frames, ChatIdentified("c", "v", "s"))
    turn.logid = "2026LOG"
    turns, feed = LiveTurns(lambda live: None, AsyncMock()), TurnFeed()
    turns.start(LiveTurn("k", "q", turn, stored), TurnFeed())
    assert turns.follow("k", feed) is not None
    figures = TurnFigures()
    figures.add_all(await feed.take())
    names = [row.name for row in figures.rows]
    assert names[0] == "sent"
    assert names.index("requires_action") < names.index("tool_outputs") < names.index("answer")
    assert figures.logid == "2026LOG"
    assert names == [row.name for row in turn.figures.rows]
    await turns.leave_all(1)
    await client.aclose()
    await database.close()


async def test_a_chat_of_another_site_is_not_canceled_at_the_one_in_use(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> str:
        key = history.create_conversation(c, "coze.cn", "7511", 1)
        chat = journal.begin_chat(c, key, "q", "7511", 1)
        journal.note_ids(c, chat, chat_id="9", conversation_id="8")
        return key

    database = await Database.open(tmp_path / "store.db")
    key = await database.write(fill)
    await database.close()
    async with desk(tmp_path, replace(Settings(), base_url="http://127.0.0.1:9")) as running:
        assert not await running.engine_thread.call(lambda engine: engine.cancel_running(key))
