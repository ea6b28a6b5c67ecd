"""The store is kept small in the background."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from coze_tui.api.objects import Frame
from coze_tui.engine.session.maintenance import DAY_MS, give_back, keep_small
from coze_tui.store import history, journal, retention
from coze_tui.store.database import Database, open_or_rescue
from coze_tui.store.records import ChatRecord
from tests.support.stores import conversation_count

NOW = 1_760_000_000_000


def chatted(c: sqlite3.Connection, at: int, size: int = 200) -> str:
    key = history.create_conversation(c, "coze.cn", "7511", at)
    chat = journal.begin_chat(c, key, "问题", "7511", at)
    journal.append_frames(c, chat, 1, [Frame("e", os.urandom(size).hex())])
    journal.finish_chat(c, chat, ChatRecord(status="completed"), [])
    return key


def captures(c: sqlite3.Connection) -> dict[str, bool]:
    return {
        str(key): bool(has) for key, has in c.execute("SELECT conversation, capture IS NOT NULL FROM chats")
    }


async def test_old_captures_go_and_conversations_stay(database: Database) -> None:
    old, fresh = await database.write(
        lambda c: (chatted(c, NOW - 91 * DAY_MS), chatted(c, NOW - 89 * DAY_MS))
    )
    await keep_small(database, 90, NOW)
    assert await database.run(captures) == {old: False, fresh: True}
    assert await database.run(conversation_count) == 2


async def test_without_the_setting_every_capture_stays(database: Database) -> None:
    key = await database.write(lambda c: chatted(c, 1))
    await keep_small(database, 0, NOW)
    assert await database.run(captures) == {key: True}


async def test_what_was_deleted_a_week_ago_goes_for_good(database: Database) -> None:
    keys = await database.write(lambda c: [chatted(c, NOW), chatted(c, NOW)])
    await database.write(lambda c: history.delete(c, keys[0], NOW - 8 * DAY_MS))
    await database.write(lambda c: history.delete(c, keys[1], NOW - 6 * DAY_MS))
    await keep_small(database, 0, NOW)
    assert set(await database.run(captures)) == {keys[1]}


async def test_room_is_given_back_where_it_pays(database: Database, tmp_path: Path) -> None:
    await database.write(lambda c: [chatted(c, 1, 40_000) for _ in range(40)])
    before = await database.run(retention.file_bytes)
    await keep_small(database, 90, NOW)
    assert await database.run(retention.file_bytes) < before / 2
    assert await give_back(database) == 0


async def test_a_store_in_memory_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "history.db").mkdir()
    opened = await open_or_rescue(tmp_path / "history.db")
    key = await opened.database.write(lambda c: chatted(c, 1))
    await keep_small(opened.database, 90, NOW)
    assert await opened.database.run(captures) == {key: True}
    await opened.database.close()
