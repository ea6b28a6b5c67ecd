"""Values of other types than the program has written."""

from __future__ import annotations

import sqlite3
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import get_args

import pytest

from coze_tui.engine.analysis.statistics import statistics
from coze_tui.store import history, journal, messages
from coze_tui.store.database import Database
from coze_tui.store.history import SavedConversation, SavedSection
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.store.rows import kinds_of, typed
from coze_tui.store.totals import ChatFilter, Grouping, chat_totals, last_messages
from tests.support.stores import NOW

ODD = (None, -1, 1.5, "x", "{", b"\xff\0\xfe", b"")


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("cls", [SavedMessage, ChatRecord, SavedConversation, SavedSection])
def test_every_value_has_the_type_of_its_column(cls: type, odd: object) -> None:
    kinds = kinds_of(cls)
    assert set(kinds) == {int, str}
    assert len(kinds) == len(fields(cls))
    assert tuple(map(type, typed([odd] * len(kinds), kinds))) == kinds
    right = [kind() for kind in kinds]
    assert typed(right, kinds) is right


def counted(by: Grouping, c: sqlite3.Connection) -> int:
    """The number of chats in the statistics."""
    rows = chat_totals(c, by, {"completed": "completed", "x": "failed"}, ChatFilter())
    return statistics(rows, by, last_messages(c, ChatFilter())).total.chats


@pytest.mark.parametrize("odd", ODD, ids=repr)
async def test_a_damaged_value_hides_nothing_else(tmp_path: Path, odd: object) -> None:
    """Every column that may hold it gets the value; the question stays readable."""

    def fill(c: sqlite3.Connection) -> str:
        key = history.create_conversation(c, "coze.cn", "7511", NOW)
        chat = journal.begin_chat(c, key, "海水为什么咸？", "7511", NOW)
        journal.finish_chat(
            c, chat, ChatRecord(status="completed"), [SavedMessage("assistant", "answer", "盐")]
        )
        kept = {
            "key",
            "conversation",
            "chat",
            "slot",
            "position",
            "content",
            "deleted_at",
            "chat_id",
            "is_final",
        }
        for table in ("conversations", "chats", "messages"):
            for column in [row[1] for row in c.execute(f"PRAGMA table_info({table})")]:
                if column not in kept:
                    c.execute("SAVEPOINT one")
                    try:
                        c.execute(f"UPDATE {table} SET {column} = ?", (odd,))
                    except sqlite3.Error:  # a rule of the table
                        c.execute("ROLLBACK TO one")
        return key

    database = await Database.open(tmp_path / "store.db")
    key = await database.write(fill)
    saved = await database.read(lambda c: history.conversation(c, key))
    assert saved is not None
    assert all(type(getattr(saved, each.name)) in (str, int, bool, tuple) for each in fields(saved))
    chat = await database.read(lambda c: journal.chat(c, 1))
    assert isinstance(chat, ChatRecord)
    assert not chat.has_lost_frames or chat.frame_count
    for by in get_args(Grouping):
        assert await database.read(partial(counted, by))
    found = await database.read(lambda c: list(messages.messages(c, key)))
    assert [message.content for message in found] == ["海水为什么咸？", "盐"]
    await database.close()


async def test_a_text_that_is_not_utf8_is_read_and_written_around(tmp_path: Path) -> None:
    def fill(c: sqlite3.Connection) -> str:
        key = history.create_conversation(c, "coze.cn", "7511", NOW, title="盐")
        journal.begin_chat(c, key, "海水为什么咸？", "7511", NOW)
        c.execute("UPDATE conversations SET title = CAST(x'41ff42' AS TEXT)")
        c.execute("UPDATE messages SET name = CAST(x'ff' AS TEXT)")
        return key

    database = await Database.open(tmp_path / "store.db")
    key = await database.write(fill)
    saved = await database.read(lambda c: history.conversation(c, key))
    assert saved is not None
    assert saved.title == "A\ufffdB"
    found = await database.write(lambda c: list(messages.messages(c, key)))
    assert [(message.content, message.name) for message in found] == [("海水为什么咸？", "\ufffd")]
    await database.close()
