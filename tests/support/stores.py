"""Stores in memory and in the home of a program, and what is written into them."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from coze_tui.api.captures import Capture, read_capture
from coze_tui.config.locations import find_paths
from coze_tui.engine.analysis.statistics import COLUMNS, Statistics, statistics
from coze_tui.exports.exporting import files_from
from coze_tui.standin.scenarios import Answer, Bot
from coze_tui.store import archive, history, journal, messages, records
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.database import Database
from coze_tui.store.migrations import migrate
from coze_tui.store.records import ChatRecord, SavedMessage
from coze_tui.store.totals import ChatFilter, Grouping, chat_totals, last_messages

BOT = "7511000000000000777"
NOW = int(time.time() * 1000)
"""The time of the start of the tests, in milliseconds."""
_T = TypeVar("_T")


DONE = ChatRecord(
    status="completed",
    first_text_us=412_000,
    total_us=1_902_000,
    deltas=214,
    characters=512,
    input_tokens=120,
    output_tokens=312,
    token_count=432,
)
"""How a chat of the tests ended."""


def bots(*steps: object) -> list[Bot]:
    """Return the one bot that `talk` writes about; it answers with these steps, or in a few words."""
    return [Bot(BOT, "海水", list(steps) or [Answer("因为盐。")])]  # type: ignore[arg-type]


def conversation_count(c: sqlite3.Connection) -> int:
    """Return how many conversations a store has that are not deleted, empty ones too."""
    return int(c.execute("SELECT count(*) FROM conversations WHERE deleted_at = 0").fetchone()[0])


def append_messages(
    c: sqlite3.Connection, conversation: str, said: Sequence[SavedMessage]
) -> tuple[int, ...]:
    """Add messages without a chat at the end of a conversation; return their keys."""
    if not said:
        return ()
    slot = messages.new_slot(c, conversation)
    c.execute(
        "UPDATE conversations SET updated_at = max(updated_at, ?) WHERE key = ?",
        (messages.storable_int(max(each.created_at for each in said)), conversation),
    )
    return tuple(messages.insert(c, conversation, 0, slot * records.SLOT, said))


class _Scratch(sqlite3.Connection):
    """A connection that closes itself with its last reference. Python 3.13 and newer warn of an open one."""

    def __del__(self) -> None:
        with contextlib.suppress(sqlite3.ProgrammingError):  # collected in another thread
            self.close()


def empty_store() -> sqlite3.Connection:
    """Return a new store in memory, with its tables and no rows. It needs not be closed."""
    c = sqlite3.connect(":memory:", isolation_level=None, factory=_Scratch)
    migrate(c, None)
    c.execute("PRAGMA foreign_keys = ON")
    return c


def statistics_of(
    chats: Iterable[ChatRecord], by: Grouping = "bot", only: ChatFilter | None = None
) -> Statistics:
    """Return the statistics of a store that has these chats, stored in their order."""
    c = empty_store()
    for number, chat in enumerate(chats, 1):
        add_record(c, chat, number)
    only = only or ChatFilter()
    return statistics(chat_totals(c, by, COLUMNS, only), by, last_messages(c, only))


def add_record(c: sqlite3.Connection, chat: ChatRecord, slot: int) -> int:
    """Write a chat as it is, with its conversation if that is new; return its key."""
    key = history.create_conversation(
        *(c, chat.site, chat.bot_id, chat.sent_at),
        bot_name=chat.bot_name,
        title=chat.title,
        key=chat.conversation,
    )
    columns = (
        *("chat_id", "bot_id", "question", "sent_at", "is_final", "status", "first_text_us", "total_us"),
        *("characters", "input_tokens", "output_tokens", "token_count", "error_code", "error_msg"),
    )
    cursor = c.execute(
        f"""INSERT INTO chats (conversation, slot, {", ".join(columns)})
            VALUES (?, ?, {", ".join("?" * len(columns))})""",
        (key, slot, *(getattr(chat, name) for name in columns)),
    )
    return cursor.lastrowid or 0


def taken(c: sqlite3.Connection, key: str) -> ConversationArchive:
    """Return the conversation with this key as an export takes it; it must exist."""
    archived = archive.take(c, key)
    assert archived is not None
    return archived


def captures_from(archived: ConversationArchive) -> Iterator[tuple[int, Capture]]:
    """Yield the captures that an export writes, with the numbers of their chats, counted from 1."""
    numbers = [number for number, chat in enumerate(archived.chats, 1) if chat.key in archived.packed_frames]
    for number, (_name, pieces) in zip(numbers, files_from(archived, "sse"), strict=True):
        yield number, read_capture(b"".join(pieces).decode())


async def write(home: Path, function: Callable[[sqlite3.Connection], _T]) -> _T:
    """Call a function with the store of a home, as another program would write into it; return its result."""
    path = find_paths({"COZE_TUI_HOME": str(home)}).database_file
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = await Database.open(path)
    try:
        return await database.write(function)
    finally:
        await database.close()


def talk(
    title: str, *turns: tuple[str, str], at: int = NOW, status: str = "completed", bot_name: str = "客服"
) -> Callable[[sqlite3.Connection], str]:
    """Return a function for `write` that adds a conversation of these chats and gives its key."""

    def add(c: sqlite3.Connection) -> str:
        key = history.create_conversation(c, "coze.cn", BOT, at, bot_name=bot_name, title=title)
        for number, (question, answer) in enumerate(turns or (("q", "a"),)):
            chat = journal.begin_chat(c, key, question, BOT, at + number)
            said = SavedMessage("assistant", "answer", answer, created_at=at + number)
            journal.finish_chat(c, chat, ChatRecord(status=status), [said])
        return key

    return add


def written(home: Path, function: Callable[[sqlite3.Connection], _T]) -> _T:
    """Do as `write` does, for tests without an event loop."""
    return asyncio.run(write(home, function))
