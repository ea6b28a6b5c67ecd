"""What a program that died has left is settled with what its frames tell."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from coze_tui.api.captures import read_capture
from coze_tui.api.objects import Frame
from coze_tui.engine.library.unfinished import settle_orphans
from coze_tui.engine.session.maintenance import close_orphan
from coze_tui.store import history, journal, owners
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord
from tests.support.samples import STREAMS
from tests.support.stores import NOW


def frames_of(*streams: str) -> list[Frame]:
    folder = STREAMS
    return [
        frame
        for stream in streams
        for frame in read_capture((folder / f"{stream}.sse").read_text(encoding="utf-8")).frames
    ]


async def settled(database: Database, frames: Sequence[Frame]) -> tuple[ChatRecord | None, ChatRecord]:
    """What is offered of a chat with these frames, whose program is gone, and what is kept of it."""
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1_000))
    chat = await database.write(lambda c: journal.begin_chat(c, key, "q", "7402", 5_000))
    await database.write(lambda c: journal.append_frames(c, chat, 1, frames))
    await database.write(lambda c: c.execute("UPDATE chats SET owner = '' WHERE key = ?", (chat,)))
    [left] = await database.run(lambda c: journal.orphaned_chats(c, 1 << 50))
    found = await close_orphan(database, left)
    saved = await database.run(lambda c: journal.chat(c, chat))
    assert saved is not None
    return found, saved


async def test_what_was_cut_off_is_offered(database: Database) -> None:
    found, saved = await settled(database, frames_of("text_chat")[:4])
    assert found is not None
    assert (found.key, found.title) == (saved.key, "q")
    assert saved.status == "interrupted"


async def test_a_chat_that_went_on_after_tool_outputs_has_ended_as_it_did_then(database: Database) -> None:
    found, saved = await settled(database, frames_of("requires_action", "tool_outputs"))
    assert found is None
    assert saved.status == "completed"


async def test_a_failure_keeps_its_code(database: Database) -> None:
    found, saved = await settled(database, frames_of("failed"))
    assert found is None
    assert saved.status == "failed"
    assert saved.error_code
    assert saved.error_msg


async def test_what_a_command_has_finished_is_offered_once_by_the_next_start(database: Database) -> None:
    frames = frames_of("text_chat")[:4]
    key = await database.write(lambda c: history.create_conversation(c, "coze.cn", "7402", 1_000))

    def begin(c: sqlite3.Connection) -> None:
        for owner in ("", "", owners.this_program()):
            chat = journal.begin_chat(c, key, "q", "7402", NOW)
            journal.append_frames(c, chat, 1, frames)
            c.execute("UPDATE chats SET owner = ? WHERE key = ?", (owner, chat))

    def forget(c: sqlite3.Connection) -> None:
        for chat in journal.offered_chats(c, NOW):
            journal.forget_offer(c, chat.key)

    await database.write(begin)
    assert await settle_orphans(database) is None
    offered = await database.run(lambda c: journal.offered_chats(c, NOW))
    assert [(chat.question, chat.is_final) for chat in offered] == [("q", True)] * 2
    await database.write(forget)
    assert await database.run(lambda c: journal.offered_chats(c, NOW)) == ()
    assert await settle_orphans(database) is None
    assert await database.run(lambda c: journal.offered_chats(c, NOW)) == ()
