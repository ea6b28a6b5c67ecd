"""What is pruned is what the plan said, and its room is given back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from coze_tui.api.objects import Frame
from coze_tui.store import history, journal, messages, retention, search
from coze_tui.store.database import Database
from coze_tui.store.records import ChatRecord, SavedMessage


def chatted(c: sqlite3.Connection, at: int, *, frames: int = 3, is_final: bool = True) -> str:
    key = history.create_conversation(c, "coze.cn", "7402", at)
    chat = journal.begin_chat(c, key, "问题", "7402", at)
    journal.append_frames(c, chat, 1, [Frame("e", os.urandom(200).hex()) for _ in range(frames)])
    if is_final:
        journal.finish_chat(
            c, chat, ChatRecord(status="completed"), [SavedMessage("assistant", "answer", "答案" * 50)]
        )
    return key


def test_a_plan_counts_what_pruning_then_removes(c: sqlite3.Connection) -> None:
    old, pinned, running, deleted, fresh = (
        chatted(c, 10),
        chatted(c, 20),
        chatted(c, 30, is_final=False),
        chatted(c, 5_000),
        chatted(c, 6_000),
    )
    history.pin(c, pinned)
    history.delete(c, deleted, 90)
    plan = retention.prune_plan(c, 100)
    assert plan.keys == (old, deleted)
    assert (plan.conversations, plan.messages, plan.chats, plan.recorded_chats) == (2, 4, 2, 2)
    assert plan.bytes > 2 * (600 + 300)
    retention.prune(c, plan.keys)
    assert [history.conversation(c, key) is None for key in (old, pinned, running, deleted, fresh)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert retention.prune_plan(c, 100) == retention.PrunePlan(0, 0, 0, 0, 0, ())


def test_captures_go_and_what_was_said_stays(c: sqlite3.Connection) -> None:
    old, pinned, fresh = chatted(c, 10), chatted(c, 20), chatted(c, 500)
    chatted(c, 30, is_final=False)
    history.pin(c, pinned)
    plan = retention.frames_plan(c, 100)
    assert (plan.conversations, plan.recorded_chats) == (0, 1)
    assert plan.bytes > 600
    assert retention.prune_frames(c, 100) == 1
    assert retention.prune_frames(c, 100) == 0
    (gone,), (kept,), (young,) = (journal.chats(c, key) for key in (old, pinned, fresh))
    assert [gone.has_packed_frames, kept.has_packed_frames, young.has_packed_frames] == [False, True, True]
    assert journal.frames_of(c, gone.key) == ()
    assert len(messages.messages(c, old)) == 2
    assert len(search.search(c, "答案")) == 3
    assert retention.frames_plan(c, 100).recorded_chats == 0


def test_captures_go_some_at_a_time(c: sqlite3.Connection) -> None:
    for at in range(5):
        chatted(c, at)
    assert [retention.prune_frames(c, 100, limit=2) for _ in range(4)] == [2, 2, 1, 0]


async def test_room_is_given_back_when_it_pays(tmp_path: Path) -> None:
    path = tmp_path / "data" / "store.db"
    database = await Database.open(path)
    keep = await database.write(lambda c: chatted(c, 9_000))
    assert not await database.run(retention.vacuum_pays)
    await database.write(lambda c: [chatted(c, at, frames=2_000) for at in range(10)])
    full = await database.run(retention.file_bytes)
    plan = await database.read(lambda c: retention.prune_plan(c, 1_000))
    await database.write(lambda c: retention.prune(c, plan.keys))
    await database.write(search.start_tidying)
    while await database.write(search.tidy_some):
        pass
    assert await database.run(retention.vacuum_pays)
    assert await database.run(retention.free_bytes) >= plan.bytes * 0.9
    assert await database.write(lambda c: retention.vacuum_some(c, 100)) == 100
    while await database.write(retention.vacuum_some):
        pass
    assert not await database.run(retention.vacuum_pays)
    assert await database.run(retention.free_bytes) == 0
    await database.close()
    assert path.stat().st_size < full / 4
    with closing(sqlite3.connect(path)) as c:
        assert c.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
        assert history.conversation(c, keep) is not None
