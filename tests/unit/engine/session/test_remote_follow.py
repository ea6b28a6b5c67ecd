"""A chat that another program runs is followed to its end, or to the end of that program."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from coze_tui.api.objects import Frame
from coze_tui.engine.model.figures import TurnFigures
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import AnswerGrew, TurnEnded, TurnUpdate
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.engine.session.running import follow_remote
from coze_tui.store import history, journal, owners
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.text.cleaning import StreamCleaner

CREATED = Frame("conversation.chat.created", '{"id":"c1","conversation_id":"v1"}', 10)


def delta(text: str, at_us: int) -> Frame:
    content = json.dumps({"id": "a", "type": "answer", "content": text})
    return Frame("conversation.message.delta", content, at_us)


@pytest.fixture
def other() -> Iterator[subprocess.Popen[bytes]]:
    """Another living process."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        yield process
        process.kill()


async def begun(database: Database, pid: int) -> int:
    """A chat that a process runs, with half an answer."""
    now_ms = int(time.time() * 1000)
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7511", now_ms))
    chat = await database.write(lambda c: journal.begin_chat(c, key, "下一班？", "7511", now_ms))
    owner = owners.owner_of(pid)
    await database.write(lambda c: c.execute("UPDATE chats SET owner = ? WHERE key = ?", (owner, chat)))
    await database.write(lambda c: journal.append_frames(c, chat, 1, [CREATED, delta("是 ", 20)]))
    return chat


async def plain() -> Callable[[], StreamCleaner]:
    """Return what makes cleaners if there is no token."""
    return StreamCleaner


async def until(feed: TurnFeed, kind: type[TurnUpdate]) -> list[TurnUpdate]:
    seen: list[TurnUpdate] = []
    async with asyncio.timeout(30):
        while not any(isinstance(update, kind) for update in seen):
            seen += await feed.take()
    return seen


async def test_it_is_followed_to_its_end(database: Database, other: subprocess.Popen[bytes]) -> None:
    chat = await begun(database, other.pid)
    feed = TurnFeed()
    task = asyncio.create_task(follow_remote(database, chat, feed, plain))
    seen = await until(feed, AnswerGrew)
    assert not any(isinstance(update, TurnEnded) for update in seen)
    await database.write(lambda c: journal.append_frames(c, chat, 3, [delta("18:40", 30)]))
    answer = SavedMessage("assistant", "answer", "是 18:40")
    await database.write(lambda c: journal.finish_chat(c, chat, ChatRecord(status="completed"), [answer]))
    seen += await until(feed, TurnEnded)
    assert "".join(update.text for update in seen if isinstance(update, AnswerGrew)) == "是 18:40"
    assert isinstance(seen[-1], TurnEnded)
    assert seen[-1].outcome is Outcome.COMPLETED
    await task


async def test_it_ends_as_cut_off_with_the_program_that_ran_it(
    database: Database, other: subprocess.Popen[bytes]
) -> None:
    chat = await begun(database, other.pid)
    feed = TurnFeed()
    task = asyncio.create_task(follow_remote(database, chat, feed, plain))
    await until(feed, AnswerGrew)
    other.kill()
    other.wait()
    seen = await until(feed, TurnEnded)
    assert isinstance(seen[-1], TurnEnded)
    assert (seen[-1].outcome, seen[-1].at_us) == (Outcome.INTERRUPTED, 20)
    await task


async def test_what_this_program_could_not_settle_does_not_run(database: Database) -> None:
    chat = await begun(database, os.getpid())
    feed = TurnFeed()
    await follow_remote(database, chat, feed, plain, is_orphaned=True)
    seen = await until(feed, TurnEnded)
    assert isinstance(seen[-1], TurnEnded)
    assert seen[-1].outcome is Outcome.INTERRUPTED


async def test_it_goes_on_after_tool_outputs_and_tells_its_logid_when_it_is_known(
    database: Database, other: subprocess.Popen[bytes]
) -> None:
    chat = await begun(database, other.pid)
    feed = TurnFeed()
    task = asyncio.create_task(follow_remote(database, chat, feed, plain))
    seen = await until(feed, AnswerGrew)
    call = {"id": "t", "type": "function", "function": {"name": "lamp", "arguments": "{}"}}
    asked = {"id": "c1", "required_action": {"submit_tool_outputs": {"tool_calls": [call]}}}
    frames = [
        Frame("conversation.chat.requires_action", json.dumps(asked), 30),
        Frame("conversation.chat.in_progress", '{"id":"c1"}', 40),
        Frame("conversation.chat.completed", '{"id":"c1"}', 50),
    ]
    await database.write(lambda c: journal.append_frames(c, chat, 3, frames))
    await database.write(lambda c: journal.note_ids(c, chat, logid="2026LOG"))
    await database.write(
        lambda c: journal.finish_chat(c, chat, ChatRecord(status="completed", total_us=60), [])
    )
    seen += await until(feed, TurnEnded)
    figures = TurnFigures()
    figures.add_all(seen)
    names = ["sent", "created", "delta", "requires_action", "tool_outputs", "in_progress", "completed"]
    assert [row.name for row in figures.rows] == names
    assert (figures.outcome, figures.total_us, figures.logid) == (Outcome.COMPLETED, 60, "2026LOG")
    await task
