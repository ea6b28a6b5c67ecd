"""The chats: each frame on disk before it is seen, packed into one capture when the chat is final."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError
from coze_tui.store import owners
from coze_tui.store.folding import fold_parts, storable, storable_int
from coze_tui.store.messages import SLOT, SavedMessage, delete_messages, insert, new_slot
from coze_tui.text.cleaning import title_of

_quoted = json.JSONEncoder(ensure_ascii=False).encode
INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class ChatSummary:
    """How a chat ended, and its figures."""

    status: str
    """Coze's word, or `interrupted`."""
    first_text_us: int = 0
    total_us: int = 0
    deltas: int = 0
    characters: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    token_count: int = 0
    error_code: int = 0
    error_msg: str = ""


@dataclass(frozen=True, slots=True)
class SavedChat:
    """One chat as it is kept. Its frames are read apart from it."""

    key: int
    conversation: str
    slot: int
    """Its messages stand from position slot * SLOT on, the question first."""
    chat_id: str
    """Coze's; empty until the first event."""
    section_id: str
    bot_id: str
    logid: str
    question: str
    sent_at: int
    """Unix milliseconds."""
    is_final: bool
    frame_count: int
    """In the capture; 0 while the chat runs."""
    has_capture: bool
    """False also when retention has removed it."""
    summary: ChatSummary


_SUMMARY = tuple(field.name for field in fields(ChatSummary))
_COLUMNS = (
    "key, conversation, slot, chat_id, section_id, bot_id, logid, question, sent_at, is_final, frame_count, "
    "capture IS NOT NULL, " + ", ".join(_SUMMARY)
)


def _chat_from_row(row: Sequence[Any]) -> SavedChat:
    return SavedChat(*(*row[:9], bool(row[9]), row[10], bool(row[11]), ChatSummary(*row[12:])))


# --- frames as bytes ---


def line_from_frame(frame: Frame) -> bytes:
    """One frame as a line of JSON, exactly: lone surrogates stay what they are."""
    line = f"[{frame.at_us},{_quoted(frame.event)},{_quoted(frame.data)},{_quoted(frame.id)}]"
    return line.encode("utf-8", "surrogatepass")


def frame_from_line(line: bytes) -> Frame:
    """The frame that `line_from_frame` has written."""
    at_us, event, data, id_ = json.loads(line.decode("utf-8", "surrogatepass"))
    return Frame(event, data, at_us, id_)


# --- the life of a chat ---


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
    """Writes a question that is about to be sent; the chat's key. This program owns the chat from now on.

    A conversation without a title gets one from the question.

    Args:
        files: names of the files that go with it; the question itself is a text then.
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
    """Writes frames, the first of which has this number in the chat, counted from 1.

    Writing the same frames again is no harm, so what failed once can be sent once more together with what
    came after.
    """
    c.executemany(
        "INSERT OR REPLACE INTO frames (chat, number, line) VALUES (?, ?, ?)",
        [(chat, number, line_from_frame(frame)) for number, frame in enumerate(frames, first_number)],
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
    """Keeps the ids that Coze has told, in the chat and in its conversation; an empty one changes nothing.

    A section that the conversation has not been in before begins with this chat's question.
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
    c: sqlite3.Connection, chat: int, summary: ChatSummary, messages: Sequence[SavedMessage]
) -> tuple[int, ...]:
    """Packs the frames of a chat and writes what it came to: messages without the question, and figures.

    May be called again, after a recovery: the messages take the place of the earlier ones. Their keys.

    Raises:
        StoreError: the chat is gone, with its conversation.
    """
    row = c.execute("SELECT conversation, slot, sent_at FROM chats WHERE key = ?", (chat,)).fetchone()
    if row is None:
        raise StoreError("other", detail=f"there is no chat {chat}")
    packed, count = _packed(_lines(c, chat))
    conversation, slot, sent_at = str(row[0]), int(row[1]), int(row[2])
    figures = [
        storable(value) if isinstance(value, str) else storable_int(value) for value in astuple(summary)
    ]
    c.execute(
        f"""UPDATE chats SET is_final = 1, owner = '', capture = coalesce(?, capture),
                frame_count = max(frame_count, ?), {", ".join(f"{name} = ?" for name in _SUMMARY)}
            WHERE key = ?""",
        (packed or None, count, *figures, chat),
    )
    c.execute("DELETE FROM frames WHERE chat = ?", (chat,))
    delete_messages(c, "messages.chat = ? AND messages.position > ?", chat, slot * SLOT)
    keys = insert(c, conversation, chat, slot * SLOT + 1, messages)
    c.execute(
        """UPDATE conversations SET updated_at = max(updated_at, ?),
               interrupted = coalesce((SELECT status = ? FROM chats WHERE conversation = conversations.key
                                       ORDER BY slot DESC LIMIT 1), 0)
           WHERE key = ?""",
        (storable_int(sent_at + summary.total_us // 1000), INTERRUPTED, conversation),
    )
    return tuple(keys)


def resume_chat(c: sqlite3.Connection, chat: int, now_ms: int) -> int:
    """Makes a final chat run again, for tool outputs or a recovery; the number of its next frame."""
    c.execute(
        "UPDATE chats SET is_final = 0, owner = ?, beat_at = ? WHERE key = ?",
        (owners.this_program(), now_ms, chat),
    )
    return len(frame_lines(c, chat)) + 1


# --- reading ---


def frame_lines(c: sqlite3.Connection, chat: int) -> list[bytes]:
    """The frames of a chat as lines: what was packed, and what came after."""
    return list(_lines(c, chat))


def _lines(c: sqlite3.Connection, chat: int) -> Iterator[bytes]:
    row = c.execute("SELECT capture FROM chats WHERE key = ?", (chat,)).fetchone()
    if row and row[0] is not None:
        try:
            yield from zlib.decompress(row[0]).split(b"\n")
        except (zlib.error, TypeError) as error:
            raise StoreError("damaged", detail=f"capture of chat {chat}: {error}") from error
    for (line,) in c.execute("SELECT line FROM frames WHERE chat = ? ORDER BY number", (chat,)):
        yield bytes(line)


def _packed(lines: Iterable[bytes]) -> tuple[bytes, int]:
    """A capture of these lines, made without holding them all, and how many they are."""
    packer, parts, count = zlib.compressobj(), list[bytes](), 0
    for count, line in enumerate(lines, 1):
        parts.append(packer.compress(b"\n" + line if count > 1 else line))
    return (b"".join(parts) + packer.flush() if count else b""), count


def frames_of(c: sqlite3.Connection, chat: int) -> tuple[Frame, ...]:
    """The frames of a chat, exactly as they came, whether it runs or is final; none if they were pruned.

    Raises:
        StoreError: they cannot be read any more.
    """
    try:
        return tuple(frame_from_line(line) for line in frame_lines(c, chat))
    except (ValueError, TypeError) as error:
        raise StoreError("damaged", detail=f"frames of chat {chat}: {error}") from error


def frames_after(c: sqlite3.Connection, chat: int, count: int) -> tuple[Frame, ...]:
    """The frames of a chat behind the first `count`: cheap while it runs, however many there are.

    Raises:
        StoreError: they cannot be read any more.
    """
    rows = c.execute(
        "SELECT number, line FROM frames WHERE chat = ? AND number > ? ORDER BY number", (chat, count)
    ).fetchall()
    if rows and rows[0][0] == count + 1:
        try:
            return tuple(frame_from_line(bytes(line)) for _number, line in rows)
        except (ValueError, TypeError) as error:
            raise StoreError("damaged", detail=f"frames of chat {chat}: {error}") from error
    row = c.execute("SELECT frame_count FROM chats WHERE key = ?", (chat,)).fetchone()
    return frames_of(c, chat)[count:] if row and row[0] > count else ()


def chat(c: sqlite3.Connection, key: int) -> SavedChat | None:
    """One chat."""
    row = c.execute(f"SELECT {_COLUMNS} FROM chats WHERE key = ?", (key,)).fetchone()
    return _chat_from_row(row) if row else None


def chats(c: sqlite3.Connection, conversation: str) -> tuple[SavedChat, ...]:
    """All chats of a conversation, oldest first."""
    rows = c.execute(f"SELECT {_COLUMNS} FROM chats WHERE conversation = ? ORDER BY slot", (conversation,))
    return tuple(_chat_from_row(row) for row in rows)


def last_chat(c: sqlite3.Connection, conversation: str) -> int:
    """The key of the latest chat of a conversation; 0 for none."""
    row = c.execute(
        "SELECT key FROM chats WHERE conversation = ? ORDER BY slot DESC LIMIT 1", (conversation,)
    ).fetchone()
    return int(row[0]) if row else 0


def find_chat(c: sqlite3.Connection, name: str) -> SavedChat | None:
    """The chat with this id of Coze's, or the last one that is over of the conversation with this key."""
    row = c.execute(
        f"""SELECT {_COLUMNS} FROM chats
            WHERE chat_id = ? AND chat_id <> '' OR conversation = ? AND is_final = 1
            ORDER BY chat_id = ? DESC, slot DESC LIMIT 1""",
        (storable(name),) * 3,
    ).fetchone()
    return _chat_from_row(row) if row else None


def chats_like(
    c: sqlite3.Connection, question: str, bot_id: str, chat_id: str, limit: int
) -> tuple[SavedChat, ...]:
    """Chats to compare one with: of its question first, then of its bot; the latest first, itself not."""
    question, bot_id, chat_id = storable(question), storable(bot_id), storable(chat_id)
    rows = c.execute(
        f"""SELECT {_COLUMNS} FROM chats
            WHERE is_final = 1 AND capture IS NOT NULL AND (chat_id = '' OR chat_id <> ?)
              AND (question = ? OR bot_id = ?)
              AND (SELECT deleted_at FROM conversations WHERE conversations.key = conversation) = 0
            ORDER BY question = ? DESC, sent_at DESC, key DESC LIMIT ?""",
        (chat_id, question, bot_id, question, limit),
    )
    return tuple(_chat_from_row(row) for row in rows)


# --- chats whose program has died ---


def unfinished_chats(c: sqlite3.Connection, now_ms: int) -> tuple[SavedChat, ...]:
    """Chats that were running in a program that is no more, oldest first."""
    rows = c.execute(
        f"SELECT owner, beat_at, {_COLUMNS} FROM chats WHERE is_final = 0 ORDER BY key"
    ).fetchall()
    return tuple(_chat_from_row(row[2:]) for row in rows if owners.is_dead(row[0], int(row[1]), now_ms))


def is_run(c: sqlite3.Connection, chat: int, now_ms: int) -> bool:
    """The chat is not final, and the program that runs it lives."""
    row = c.execute("SELECT owner, beat_at FROM chats WHERE key = ? AND is_final = 0", (chat,)).fetchone()
    return row is not None and not owners.is_dead(row[0], int(row[1]), now_ms)


def adopt(c: sqlite3.Connection, chat: int, now_ms: int) -> bool:
    """Makes this program the owner of an unfinished chat; False if another one was quicker."""
    row = c.execute("SELECT owner, beat_at FROM chats WHERE key = ? AND is_final = 0", (chat,)).fetchone()
    if row is None or not owners.is_dead(row[0], int(row[1]), now_ms):
        return False
    c.execute("UPDATE chats SET owner = ?, beat_at = ? WHERE key = ?", (owners.this_program(), now_ms, chat))
    return True


def heartbeat(c: sqlite3.Connection, now_ms: int) -> None:
    """Says that this program and its running chats live; every ten seconds while one runs."""
    c.execute(
        "UPDATE chats SET beat_at = ? WHERE is_final = 0 AND owner = ?", (now_ms, owners.this_program())
    )
