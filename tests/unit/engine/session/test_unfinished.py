"""What a program that died has left is settled with what its frames tell."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Frame
from coze_tui.config.settings import Settings
from coze_tui.engine.engine import Engine
from coze_tui.engine.library.unfinished import settle_orphans
from coze_tui.engine.model.outcomes import Outcome
from coze_tui.engine.model.updates import AnswerGrew, follow
from coze_tui.engine.session.feed import TurnFeed
from coze_tui.engine.session.maintenance import close_orphan
from coze_tui.engine.session.site import Connection
from coze_tui.errors import CozeTuiError, CredentialsError, StoreError
from coze_tui.store import history, journal, messages, owners
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord
from coze_tui.text.cleaning import StreamCleaner
from tests.support.engine_desk import desk
from tests.support.program import TOKEN
from tests.support.samples import STREAMS
from tests.support.stores import NOW


def frames_of(*streams: str) -> list[Frame]:
    folder = STREAMS
    return [
        frame
        for stream in streams
        for frame in read_capture((folder / f"{stream}.sse").read_text(encoding="utf-8")).frames
    ]


async def plain() -> Callable[[], StreamCleaner]:
    """Return what makes cleaners if there is no token."""
    return StreamCleaner


async def settled(database: Database, frames: Sequence[Frame]) -> tuple[bool, ChatRecord]:
    """Whether a chat with these frames, whose program is gone, lacks its rest, and what is kept of it."""
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1_000))
    chat = await database.write(lambda c: journal.begin_chat(c, key, "q", "7402", 5_000))
    await database.write(lambda c: journal.append_frames(c, chat, 1, frames))
    await database.write(lambda c: c.execute("UPDATE chats SET owner = '' WHERE key = ?", (chat,)))
    [left] = await database.run(lambda c: journal.orphaned_chats(c, 1 << 50))
    await close_orphan(database, left, plain)
    unfetched = await database.run(lambda c: journal.unfetched_chats(c, "coze.cn", 10))
    saved = await database.run(lambda c: journal.chat(c, chat))
    assert saved is not None
    assert {each.key for each in unfetched} <= {chat}
    return bool(unfetched), saved


async def test_what_was_cut_off_lacks_its_rest_and_has_its_ids(database: Database) -> None:
    lacks_rest, saved = await settled(database, frames_of("text_chat")[:4])
    assert lacks_rest
    assert saved.status == "interrupted"
    assert saved.chat_id
    assert saved.conversation_id


async def test_a_question_without_an_id_lacks_nothing_that_can_be_fetched(database: Database) -> None:
    lacks_rest, saved = await settled(database, [])
    assert not lacks_rest
    assert saved.status == "interrupted"


async def test_a_chat_that_went_on_after_tool_outputs_has_ended_as_it_did_then(database: Database) -> None:
    lacks_rest, saved = await settled(database, frames_of("requires_action", "tool_outputs"))
    assert not lacks_rest
    assert saved.status == "completed"


async def test_a_failure_keeps_its_code(database: Database) -> None:
    lacks_rest, saved = await settled(database, frames_of("failed"))
    assert not lacks_rest
    assert saved.status == "failed"
    assert saved.error_code
    assert saved.error_msg


async def test_chats_of_dead_programs_end_once_no_other_program_holds_the_store(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    database = await Database.open(path)
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", NOW))
    chat = await database.write(lambda c: journal.begin_chat(c, key, "q", "7402", NOW))
    await database.write(lambda c: c.execute("UPDATE chats SET owner = '' WHERE key = ?", (chat,)))
    await database.close()
    failures, restored = list[CozeTuiError](), asyncio.Event()

    def connect(_settings: Settings) -> Connection:
        raise CredentialsError("missing")

    engine = Engine(Settings(), connect, failures.append, restored.set)
    await engine.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        await engine.unfetched_chats()
        assert [error.kind for error in failures if isinstance(error, StoreError)] == ["locked"]
        feed = TurnFeed()
        await engine.follow_remote(key, chat, feed)  # it is shown as cut off all the same
        assert (await follow(feed.updates(), lambda _update: None)).ended.outcome is Outcome.INTERRUPTED
    await restored.wait()
    with closing(sqlite3.connect(path)) as c:
        for _ in range(2_000):  # until it is in the store
            if c.execute("SELECT is_final FROM chats").fetchone()[0]:
                break
            await asyncio.sleep(0.01)
        assert c.execute("SELECT is_final, status FROM chats").fetchone() == (1, "interrupted")
    await engine.close()


async def test_the_rest_of_what_a_command_has_finished_is_fetched_by_the_next_start(
    database: Database,
) -> None:
    frames = frames_of("text_chat")[:4]
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1_000))

    def begin(c: sqlite3.Connection) -> None:
        for owner in ("", "", owners.this_program()):
            chat = journal.begin_chat(c, key, "q", "7402", NOW)
            journal.append_frames(c, chat, 1, frames)
            c.execute("UPDATE chats SET owner = ? WHERE key = ?", (owner, chat))

    await database.write(begin)
    assert await settle_orphans(database, plain) is None
    unfetched = await database.run(lambda c: journal.unfetched_chats(c, "coze.cn", 10))
    assert [(chat.question, chat.is_final) for chat in unfetched] == [("q", True)] * 2
    assert await database.run(lambda c: journal.unfetched_chats(c, "coze.com", 10)) == ()
    first, second = (chat.key for chat in unfetched)
    assert await database.write(lambda c: journal.take_up(c, first, NOW))
    assert not await database.write(lambda c: journal.take_up(c, first, NOW))  # it is being fetched
    assert [chat.key for chat in await database.run(lambda c: journal.unfetched_chats(c, "coze.cn", 10))] == [
        second
    ]
    await database.write(lambda c: c.execute("UPDATE chats SET owner = '' WHERE key = ?", (first,)))
    assert await settle_orphans(database, plain) is None  # the program that fetched it has died, too
    unfetched = await database.run(lambda c: journal.unfetched_chats(c, "coze.cn", 10))
    assert [chat.key for chat in unfetched] == [first, second]


async def test_a_token_that_a_server_has_split_is_masked_in_what_another_program_left(tmp_path: Path) -> None:
    pieces = ("is it ", TOKEN[:7], TOKEN[7:], "?")
    created = Frame("conversation.chat.created", '{"id":"c1","conversation_id":"v1"}', 10)
    deltas = [
        Frame("conversation.message.delta", json.dumps({"id": "a", "type": "answer", "content": piece}), 20)
        for piece in pieces
    ]
    database = await Database.open(tmp_path / "store.db")
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", NOW))
    chats = [await database.write(lambda c: journal.begin_chat(c, key, "q", "7402", NOW)) for _ in range(2)]
    for chat in chats:
        await database.write(
            partial(journal.append_frames, chat=chat, first_number=1, frames=[created, *deltas])
        )
    dead, running = chats
    await database.write(lambda c: c.execute("UPDATE chats SET owner = '' WHERE key = ?", (dead,)))
    async with desk(tmp_path, Settings(base_url="http://127.0.0.1:9"), TOKEN) as at:
        feed = TurnFeed()
        await at.engine_thread.call(lambda engine: engine.unfetched_chats())
        await at.engine_thread.call(lambda engine: engine.follow_remote(key, running, feed))
        shown = ""
        while "?" not in shown:
            shown += "".join(update.text for update in await feed.take() if isinstance(update, AnswerGrew))
    assert shown == "is it ***?"
    said = await database.run(lambda c: messages.messages(c, key))
    assert [each.content for each in said if each.type == "answer"] == ["is it ***?"]
    await database.close()
