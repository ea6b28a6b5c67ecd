"""Chats: each frame is on disk before it is shown, and the frames are packed when the chat ends."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from itertools import chain
from sys import intern
from typing import Any

from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError
from coze_tui.store import history, owners
from coze_tui.store.messages import delete_messages, insert, new_slot, storable, storable_int
from coze_tui.store.packing import (
    Packer,
    frame_from_line,
    line_from_frame,
    lines_in,
    lines_of,
    rows_of,
    within,
)
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from coze_tui.store.rows import kinds_of, typed
from coze_tui.store.search import fold_parts
from coze_tui.text.cleaning import title_of

INTERRUPTED = "interrupted"
_END_COLUMNS = (
    "status",
    "first_text_us",
    "total_us",
    "deltas",
    "characters",
    "input_tokens",
    "output_tokens",
    "token_count",
    "error_code",
    "error_msg",
)
CHAT_COLUMNS = (
    *("slot", "chat_id", "section_id", "bot_id", "logid", "question", "sent_at", "is_final", "frame_count"),
    *_END_COLUMNS,
)
"""Columns of a chat that are equal in every store; they have the names of fields of ChatRecord."""
BREAK_COLUMNS = ("waited_us", "cut_us", "asks_back")
"""Columns of the table `breaks`, which have the names of fields of ChatRecord."""
_KNOWN = f"""chats.key, chats.conversation, {", ".join(f"chats.{name}" for name in CHAT_COLUMNS)},
    capture IS NOT NULL, conversations.conversation_id, conversations.site, conversations.bot_name,
    conversations.title"""
_CHATS = "chats JOIN conversations ON conversations.key = chats.conversation"
_SELECT = f"""
    SELECT {_KNOWN}, coalesce(asked.content_type, ''), coalesce(asked.name, ''),
        {", ".join(f"coalesce(breaks.{name}, 0)" for name in BREAK_COLUMNS)} FROM {_CHATS}
    LEFT JOIN breaks ON breaks.chat = chats.key
    LEFT JOIN messages AS asked ON asked.conversation = chats.conversation
         AND asked.position = chats.slot * {SLOT} AND asked.type = 'question'"""
_NAMES = tuple(each.name for each in fields(ChatRecord))
_CHAT = kinds_of(ChatRecord)
_FLAGS = [_NAMES.index(name) for name in ("is_final", "has_packed_frames", "asks_back")]
"""Columns that SQLite stores as numbers."""
_REPEATED = [
    _NAMES.index(name)
    for name in ("conversation", "bot_id", "status", "conversation_id", "site", "bot_name", "title")
]
"""Texts that many chats share; each becomes one object in memory."""


def _record(row: Sequence[Any]) -> ChatRecord:
    values = list(typed(row, _CHAT))
    for place in _FLAGS:
        values[place] = bool(values[place])
    for place in _REPEATED:
        values[place] = intern(values[place])
    return ChatRecord(*values)


def stored_values(record: ChatRecord, names: Sequence[str] = CHAT_COLUMNS) -> list[str | int]:
    """Return the values of some columns, converted if SQLite cannot store them as they are."""
    values = [getattr(record, name) for name in names]
    return [storable(value) if isinstance(value, str) else storable_int(value) for value in values]


# --- from the question to the end of a chat ---


def begin_chat(
    c: sqlite3.Connection,
    conversation: str,
    question: str,
    bot_id: str,
    sent_at_ms: int,
    *,
    content_type: str = "text",
    files: Sequence[str] = (),
) -> int:
    """Save a question before it is sent; return the key of its chat, which this program then owns.

    A conversation without a title gets one from the question.

    Args:
        files: names of the attached files; the question is then stored as plain text.
    """
    question = storable(question)
    slot = new_slot(c, conversation)
    cursor = c.execute(
        """INSERT INTO chats (conversation, slot, bot_id, question, sent_at, section_id, owner, beat_at)
           SELECT key, ?, ?, ?, ?, section_id, ?, ? FROM conversations WHERE key = ?""",
        (slot, storable(bot_id), question, sent_at_ms, owners.this_program(), sent_at_ms, conversation),
    )
    chat = cursor.lastrowid or 0
    names = "\n".join(files)
    asked = SavedMessage(
        "user", "question", question, name=names, content_type=content_type, created_at=sent_at_ms
    )
    insert(c, conversation, chat, slot * SLOT, [asked])
    c.execute(
        "UPDATE conversations SET updated_at = max(updated_at, ?) WHERE key = ?", (sent_at_ms, conversation)
    )
    if content_type == "text" or files:
        _give_title(c, conversation, question)
    return chat


def _give_title(c: sqlite3.Connection, conversation: str, question: str) -> None:
    title = title_of(question)
    row = c.execute("SELECT title, bot_name FROM conversations WHERE key = ?", (conversation,)).fetchone()
    if title and not row[0]:
        c.execute(
            "UPDATE conversations SET title = ?, folded = ? WHERE key = ?",
            (title, fold_parts(title, row[1]), conversation),
        )


def append_frames(c: sqlite3.Connection, chat: int, first_number: int, frames: Iterable[Frame]) -> None:
    """Write frames of a chat, instead of those that are stored from `first_number` on.

    So a failed write can be repeated together with the frames that arrived later.

    Args:
        first_number: the number of the first frame, counted from 1; an earlier write must not contain it,
            unless it started with it.
    """
    c.execute("DELETE FROM frames WHERE chat = ? AND number >= ?", (chat, first_number))
    c.executemany(
        "INSERT INTO frames (chat, number, line) VALUES (?, ?, ?)",
        [(chat, number, lines) for number, lines in rows_of(map(line_from_frame, frames), first_number)],
    )


def note_ids(
    c: sqlite3.Connection,
    chat: int,
    *,
    chat_id: str = "",
    conversation_id: str = "",
    section_id: str = "",
    logid: str = "",
) -> None:
    """Set the IDs that Coze sent, in the chat and in its conversation; an empty one changes nothing.

    A section that is new to the conversation starts with this chat's question.
    """
    ids = (storable(chat_id), storable(section_id), storable(logid), chat)
    c.execute(
        """UPDATE chats SET chat_id = coalesce(nullif(?, ''), chat_id),
               section_id = coalesce(nullif(?, ''), section_id), logid = coalesce(nullif(?, ''), logid)
           WHERE key = ?""",
        ids,
    )
    if section_id:
        c.execute(
            """INSERT INTO sections (conversation, section_id, position, started_at)
               SELECT conversations.key, ?, chats.slot * ?, chats.sent_at
               FROM chats JOIN conversations ON conversations.key = chats.conversation
               WHERE chats.key = ? AND conversations.section_id NOT IN ('', ?)""",
            (ids[1], SLOT, chat, ids[1]),
        )
    c.execute(
        """UPDATE conversations SET conversation_id = coalesce(nullif(?, ''), conversation_id),
               section_id = coalesce(nullif(?, ''), section_id), on_server = max(on_server, ? <> '')
           WHERE key = (SELECT conversation FROM chats WHERE key = ?)""",
        (storable(conversation_id), ids[1], storable(conversation_id), chat),
    )


def finish_chat(
    c: sqlite3.Connection,
    chat: int,
    ended: ChatRecord,
    messages: Sequence[SavedMessage],
    *,
    is_unfetched: bool = False,
) -> tuple[int, ...]:
    """Pack the frames of a chat and save its outcome; return the keys of the messages.

    May be called again after a recovery: the messages replace the earlier ones.

    Args:
        ended: only the fields that are set when a chat ends are written.
        messages: those after the question; if empty, the earlier ones remain, whose frames may be pruned.
        is_unfetched: Coze may have more of the chat; the next start fetches it.

    Raises:
        StoreError: the chat was deleted with its conversation.
    """
    row = c.execute("SELECT conversation, slot, sent_at FROM chats WHERE key = ?", (chat,)).fetchone()
    if row is None:
        raise StoreError("other", detail=f"there is no chat {chat}")
    packed, count = _packed(c, chat)
    conversation, slot, sent_at = str(row[0]), int(row[1]), int(row[2])
    c.execute(
        f"""UPDATE chats SET is_final = 1, owner = '', capture = coalesce(?, capture),
                frame_count = max(frame_count, ?), {", ".join(f"{name} = ?" for name in _END_COLUMNS)}
            WHERE key = ?""",
        (packed, count, *stored_values(ended, _END_COLUMNS), chat),
    )
    note_breaks(c, chat, ended)
    c.execute("DELETE FROM frames WHERE chat = ?", (chat,))
    if is_unfetched:
        c.execute("INSERT OR IGNORE INTO unfetched (chat) VALUES (?)", (chat,))
    else:
        c.execute("DELETE FROM unfetched WHERE chat = ?", (chat,))
    if messages:
        delete_messages(c, "messages.chat = ? AND messages.position > ?", chat, slot * SLOT)
    keys = insert(c, conversation, chat, slot * SLOT + 1, messages)
    c.execute(
        """UPDATE conversations SET updated_at = max(updated_at, ?),
               interrupted = coalesce((SELECT status = ? FROM chats WHERE conversation = conversations.key
                                       ORDER BY slot DESC LIMIT 1), 0)
           WHERE key = ?""",
        (storable_int(replace(ended, sent_at=sent_at).ended_at), INTERRUPTED, conversation),
    )
    return tuple(keys)


def note_breaks(c: sqlite3.Connection, chat: int, record: ChatRecord) -> None:
    """Save what stopped a chat for a while, and whether it asks back; a known time never decreases."""
    values = [getattr(record, name) for name in BREAK_COLUMNS]
    if any(values):
        c.execute(
            """INSERT INTO breaks (chat, waited_us, cut_us, asks_back) VALUES (?, ?, ?, ?)
               ON CONFLICT (chat) DO UPDATE
               SET waited_us = max(waited_us, excluded.waited_us),
                   cut_us = coalesce(nullif(cut_us, 0), excluded.cut_us),
                   asks_back = excluded.asks_back""",
            (chat, *map(storable_int, values)),
        )


def resume_chat(c: sqlite3.Connection, chat: int, now_ms: int) -> int:
    """Set a final chat to running, for tool outputs or a recovery; return the number of its next frame."""
    c.execute(
        "UPDATE chats SET is_final = 0, owner = ?, beat_at = ? WHERE key = ?",
        (owners.this_program(), now_ms, chat),
    )
    return sum(1 for _line in frame_lines(c, chat)) + 1


# --- reading ---


def frame_lines(c: sqlite3.Connection, chat: int) -> Iterator[bytes]:
    """Yield the frames of a chat as lines: the packed ones and those received since.

    Raises:
        StoreError: the frames can no longer be read.
    """
    try:
        if capture := _capture(c, chat):
            yield from lines_in(capture)
        for _number, row in _rows(c, chat):
            yield from lines_of(row)
    except (zlib.error, ValueError, TypeError) as error:
        raise StoreError("damaged", detail=f"packed frames of chat {chat}: {error}") from error


def _capture(c: sqlite3.Connection, chat: int) -> bytes:
    # A damaged file may contain text where it should contain bytes.
    row = c.execute("SELECT cast(capture AS BLOB) FROM chats WHERE key = ?", (chat,)).fetchone()
    return row[0] or b"" if row else b""


def _rows(c: sqlite3.Connection, chat: int, since: int = 0) -> Iterable[tuple[int, bytes]]:
    """Return the frames received since the chat was last final, as `rows_of` made them."""
    return c.execute(
        """SELECT number, cast(line AS BLOB) FROM frames WHERE chat = ? AND number >= ?
           ORDER BY number""",
        (chat, since),
    )


def _packed(c: sqlite3.Connection, chat: int) -> tuple[bytes | None, int]:
    """Return the frames of a chat, packed, and their number, or 0 if none was received since its end."""
    packer, count = Packer(_capture(c, chat)), 0
    for number, row in _rows(c, chat):
        packer.add(row)
        count = number
    return packer.packed(), count


def packed_frames(c: sqlite3.Connection, chat: int) -> bytes | None:
    """Return the packed frames of a chat, or None if there are none."""
    return _packed(c, chat)[0]


def each_frame(c: sqlite3.Connection, chat: int) -> Iterator[Frame]:
    """Yield the frames of a running or final chat, exactly as received; none if they were pruned.

    Raises:
        StoreError: the frames can no longer be read.
    """
    try:
        yield from map(frame_from_line, frame_lines(c, chat))
    except (ValueError, TypeError) as error:
        raise StoreError("damaged", detail=f"frames of chat {chat}: {error}") from error


def frames_of(c: sqlite3.Connection, chat: int) -> tuple[Frame, ...]:
    """Return the frames of a chat as `each_frame` does, but no more than one reply of Coze may contain.

    Raises:
        StoreError: the frames can no longer be read.
    """
    return tuple(within(each_frame(c, chat)))


def frames_after(c: sqlite3.Connection, chat: int, count: int) -> tuple[Frame, ...]:
    """Return the frames after the first `count`; cheap for a running chat, however many there are.

    Raises:
        StoreError: the frames can no longer be read.
    """
    rows = list(_rows(c, chat, count + 1))
    try:
        lines = list(chain.from_iterable(lines_of(row) for _number, row in rows))
        # The first row may contain earlier frames, too.
        if rows and (new := rows[-1][0] - count) <= len(lines):
            return tuple(map(frame_from_line, lines[-new:]))
    except (zlib.error, ValueError, TypeError) as error:
        raise StoreError("damaged", detail=f"frames of chat {chat}: {error}") from error
    row = c.execute("SELECT frame_count FROM chats WHERE key = ?", (chat,)).fetchone()
    return frames_of(c, chat)[count:] if row and row[0] > count else ()


def chat(c: sqlite3.Connection, key: int) -> ChatRecord | None:
    """Return one chat, or None."""
    row = c.execute(f"{_SELECT} WHERE chats.key = ?", (key,)).fetchone()
    return _record(row) if row else None


def chats(c: sqlite3.Connection, conversation: str) -> tuple[ChatRecord, ...]:
    """Return all chats of a conversation, oldest first."""
    rows = c.execute(f"{_SELECT} WHERE chats.conversation = ? ORDER BY chats.slot", (conversation,))
    return tuple(map(_record, rows))


def last_chat(c: sqlite3.Connection, conversation: str) -> int:
    """Return the key of the latest chat of a conversation; 0 if there is none."""
    row = c.execute(
        "SELECT key FROM chats WHERE conversation = ? ORDER BY slot DESC LIMIT 1", (conversation,)
    ).fetchone()
    return int(row[0]) if row else 0


def last_identified(c: sqlite3.Connection, conversation: str) -> ChatRecord | None:
    """Return the latest chat of a conversation with a known Coze ID, or None."""
    row = c.execute(
        f"""{_SELECT} WHERE chats.conversation = ? AND chat_id <> ''
            ORDER BY chats.slot DESC LIMIT 1""",
        (conversation,),
    ).fetchone()
    return _record(row) if row else None


def find_chat(c: sqlite3.Connection, name: str) -> ChatRecord | None:
    """Return the chat with this Coze ID, or the last one of the conversation with this ID, or None.

    Args:
        name: a Coze chat ID, the key of a conversation, or a Coze conversation ID.
    """
    name = storable(name)
    # Two queries, so that SQLite reads one row of an index and does not sort a whole conversation.
    for condition in ("chat_id = ? AND chat_id <> ''", "chats.conversation = ?"):
        row = c.execute(f"{_SELECT} WHERE {condition} ORDER BY slot DESC LIMIT 1", (name,)).fetchone()
        if row:
            return _record(row)
    key = history.key_by_id(c, name)
    return find_chat(c, key) if key and key != name else None


def chats_like(
    c: sqlite3.Connection, question: str, bot_id: str, chat_id: str, limit: int
) -> tuple[ChatRecord, ...]:
    """Return other chats with this question, then others with this bot, the latest first.

    A fork has copies of the chats before it: returns the first record of each chat.
    """
    question, bot_id, chat_id = storable(question), storable(bot_id), storable(chat_id)
    rows = c.execute(
        f"""{_SELECT}
            WHERE is_final = 1 AND capture IS NOT NULL AND (chat_id = '' OR chat_id <> ?)
              AND (question = ? OR chats.bot_id = ?) AND deleted_at = 0 AND NOT EXISTS (
                  SELECT 1 FROM chats AS first JOIN conversations AS origin ON origin.key = first.conversation
                  WHERE first.chat_id = chats.chat_id AND first.chat_id <> '' AND first.key < chats.key
                    AND origin.deleted_at = 0)
            ORDER BY question = ? DESC, sent_at DESC, chats.key DESC LIMIT ?""",
        (chat_id, question, bot_id, question, limit),
    )
    return tuple(map(_record, rows))


# --- chats whose program has ended ---


def unfinished_chats(
    c: sqlite3.Connection, now_ms: int, conversation: str = ""
) -> tuple[tuple[ChatRecord, bool], ...]:
    """Return the chats that are not final, and whether their programs are running; oldest first.

    Args:
        conversation: a key; by default the chats of all conversations that are not deleted.
    """
    rows = c.execute(
        """SELECT chats.key, owner, beat_at FROM chats JOIN conversations
           ON conversations.key = chats.conversation
           WHERE is_final = 0 AND CASE WHEN :key = '' THEN deleted_at = 0 ELSE chats.conversation = :key END
           ORDER BY chats.key""",
        {"key": conversation},
    ).fetchall()
    return tuple(
        (
            _record(c.execute(f"{_SELECT} WHERE chats.key = ?", (key,)).fetchone()),
            not owners.is_dead(owner, int(beat_at), now_ms),
        )
        for key, owner, beat_at in rows
    )


def orphaned_chats(c: sqlite3.Connection, now_ms: int) -> tuple[ChatRecord, ...]:
    """Return the orphaned chats (not final, and their program has ended), oldest first."""
    rows = c.execute("SELECT key, owner, beat_at FROM chats WHERE is_final = 0 ORDER BY key").fetchall()
    dead = [key for key, owner, beat_at in rows if owners.is_dead(owner, int(beat_at), now_ms)]
    return tuple(_record(c.execute(f"{_SELECT} WHERE chats.key = ?", (key,)).fetchone()) for key in dead)


def is_running(c: sqlite3.Connection, chat: int, now_ms: int) -> bool:
    """Return whether the chat is not final and its program is running."""
    row = c.execute("SELECT owner, beat_at FROM chats WHERE key = ? AND is_final = 0", (chat,)).fetchone()
    return row is not None and not owners.is_dead(row[0], int(row[1]), now_ms)


def adopt(c: sqlite3.Connection, chat: int, now_ms: int) -> bool:
    """Make this program the owner of an orphaned chat; return False if another program was faster."""
    row = c.execute("SELECT owner, beat_at FROM chats WHERE key = ? AND is_final = 0", (chat,)).fetchone()
    if row is None or not owners.is_dead(row[0], int(row[1]), now_ms):
        return False
    c.execute("UPDATE chats SET owner = ?, beat_at = ? WHERE key = ?", (owners.this_program(), now_ms, chat))
    return True


def unfetched_chats(c: sqlite3.Connection, site: str, limit: int) -> tuple[ChatRecord, ...]:
    """Return the final chats at a site of which Coze may have more, oldest first."""
    rows = c.execute(  # `+`: start from the few unfetched ones, not from all conversations of the site
        f"""{_SELECT}
            WHERE chats.key IN (SELECT chat FROM unfetched)
              AND is_final = 1 AND deleted_at = 0 AND +conversations.site = ? AND +chats.chat_id <> ''
            ORDER BY chats.key LIMIT ?""",
        (storable(site), limit),
    )
    return tuple(map(_record, rows))


def take_up(c: sqlite3.Connection, chat: int, now_ms: int) -> bool:
    """Make this program the owner of a chat that was cut off, to fetch the rest.

    Returns:
        False if a program is fetching the rest, or has already fetched it.
    """
    row = c.execute("SELECT is_final, status FROM chats WHERE key = ?", (chat,)).fetchone()
    if row is None:
        return False
    is_final, status = row
    if not is_final:
        return adopt(c, chat, now_ms)
    if status != INTERRUPTED:
        return False
    resume_chat(c, chat, now_ms)
    return True


def heartbeat(c: sqlite3.Connection, now_ms: int) -> None:
    """Record that this program is running; call it every ten seconds while a chat runs."""
    c.execute(
        "UPDATE chats SET beat_at = ? WHERE is_final = 0 AND owner = ?", (now_ms, owners.this_program())
    )
