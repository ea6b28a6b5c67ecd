"""The messages of conversations: written, read in pages from the end, and taken out."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from coze_tui.errors import StoreError
from coze_tui.store import search_index
from coze_tui.store.folding import fold_parts, storable, storable_int

SLOT = 1 << 20
"""Each chat has this many positions, so that what a late recovery brings still stands at its place."""
_INDEXED_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class SavedMessage:
    """One message as the log shows it. Texts are without NUL and surrogates once they were stored."""

    role: str
    """Coze's words here and in `type` and `content_type` (docs/wire.md 3.4)."""
    type: str
    content: str
    reasoning: str = ""
    name: str = ""
    """The tool's; of a question the names of the files that went with it, a line each."""
    content_type: str = "text"
    message_id: str = ""
    """Coze's; empty for what was never at the server."""
    created_at: int = 0
    """Unix milliseconds."""
    key: int = 0
    """Given by the store, as are the next three; never used twice."""
    conversation: str = ""
    chat: int = 0
    """0 for an imported or forked message without a chat."""
    position: int = 0
    """Rises along the conversation, with gaps."""


_COLUMNS = (
    "role, type, content, reasoning, name, content_type, message_id, created_at, "
    "key, conversation, coalesce(chat, 0), position"
)


def message_from_row(row: Sequence[Any]) -> SavedMessage:
    """A message from the columns in which `insert` has put it."""
    return SavedMessage(*row)


def insert(
    c: sqlite3.Connection, conversation: str, chat: int, position: int, messages: Iterable[SavedMessage]
) -> list[int]:
    """Writes messages from a position on, and makes them searchable; their keys."""
    texts: list[tuple[int, str]] = []
    for offset, message in enumerate(messages):
        content, reasoning = storable(message.content), storable(message.reasoning)
        name = storable(message.name)
        cursor = c.execute(
            """INSERT INTO messages (role, type, content, reasoning, name, content_type, message_id,
                                     created_at, conversation, chat, position)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?)""",
            (
                storable(message.role),
                storable(message.type),
                content,
                reasoning,
                name,
                storable(message.content_type),
                storable(message.message_id),
                storable_int(message.created_at),
                conversation,
                chat,
                position + offset,
            ),
        )
        texts.append((cursor.lastrowid or 0, fold_parts(content, reasoning, name)))
    c.executemany("INSERT INTO texts (message, folded) VALUES (?, ?)", texts)
    if len(texts) <= _INDEXED_AT_ONCE:
        search_index.add(c, texts)
    return [key for key, _ in texts]


def new_slot(c: sqlite3.Connection, conversation: str, count: int = 1) -> int:
    """The first of so many unused slots at the conversation's end.

    Raises:
        StoreError: the conversation is gone.
    """
    c.execute("UPDATE conversations SET last_slot = last_slot + ? WHERE key = ?", (count, conversation))
    row = c.execute("SELECT last_slot FROM conversations WHERE key = ?", (conversation,)).fetchone()
    if row is None:
        raise StoreError("other", detail=f"there is no conversation {conversation}")
    return int(row[0]) - count + 1


def append_messages(
    c: sqlite3.Connection, conversation: str, messages: Sequence[SavedMessage]
) -> tuple[int, ...]:
    """Adds messages that come from elsewhere, without a chat, at the conversation's end; their keys.

    Many at once are indexed later: call `search_index.add_some`.
    """
    if not messages:
        return ()
    slot = new_slot(c, conversation, 1 + len(messages) // SLOT)
    c.execute(
        "UPDATE conversations SET updated_at = max(updated_at, ?) WHERE key = ?",
        (storable_int(max(message.created_at for message in messages)), conversation),
    )
    return tuple(insert(c, conversation, 0, slot * SLOT, messages))


def messages(
    c: sqlite3.Connection,
    conversation: str,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[SavedMessage, ...]:
    """A page of a conversation, oldest first: its last messages, or those next to a position."""
    if after is not None:
        rows = c.execute(
            f"""SELECT {_COLUMNS} FROM messages WHERE conversation = ? AND position > ?
                ORDER BY position LIMIT ?""",
            (conversation, after, limit),
        ).fetchall()
    else:
        rows = c.execute(
            f"""SELECT {_COLUMNS} FROM messages WHERE conversation = ? AND position < ?
                ORDER BY position DESC LIMIT ?""",
            (conversation, 2**63 - 1 if before is None else before, limit),
        ).fetchall()[::-1]
    return tuple(message_from_row(row) for row in rows)


def message(c: sqlite3.Connection, key: int) -> SavedMessage | None:
    """One message."""
    row = c.execute(f"SELECT {_COLUMNS} FROM messages WHERE key = ?", (key,)).fetchone()
    return message_from_row(row) if row else None


def messages_of_chat(c: sqlite3.Connection, chat: int) -> tuple[SavedMessage, ...]:
    """All messages of one chat, its question first."""
    rows = c.execute(f"SELECT {_COLUMNS} FROM messages WHERE chat = ? ORDER BY position", (chat,))
    return tuple(message_from_row(row) for row in rows)


def question_of_chat(c: sqlite3.Connection, chat: int) -> SavedMessage | None:
    """The question of one chat."""
    row = c.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE chat = ? AND type = 'question' ORDER BY position LIMIT 1",
        (chat,),
    ).fetchone()
    return message_from_row(row) if row else None


def message_count(c: sqlite3.Connection, conversation: str) -> int:
    """How many messages a conversation has."""
    row = c.execute("SELECT count(*) FROM messages WHERE conversation = ?", (conversation,)).fetchone()
    return int(row[0])


def delete_messages(c: sqlite3.Connection, condition: str, *values: object) -> None:
    """Deletes the messages of which a condition over `messages` is true, index and all."""
    search_index.remove(c, condition, *values)
    c.execute(f"DELETE FROM messages WHERE {condition}", values)
