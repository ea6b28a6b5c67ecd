"""The messages of conversations: written, read in pages from the end, merged with the server's, removed."""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from sys import intern
from typing import Any

from coze_tui.errors import StoreError
from coze_tui.store import search
from coze_tui.store.records import SLOT, SavedMessage
from coze_tui.store.rows import kinds_of, typed
from coze_tui.store.search import fold_parts
from coze_tui.values import valueclass

_INDEXED_AT_ONCE = 64
_OWN = SLOT // 2
"""A chat of ours uses the first half of its positions; a late recovery may add more (docs/wire.md 7.4)."""
PAGE_CHARACTERS = 4_000_000
_APART = 1024
"""Distance between imported messages, if there is room, so that others fit between them later."""


def storable(text: str) -> str:
    """Return the text in a form that SQLite can store: surrogates are paired or replaced, NUL is removed."""
    if "\0" in text:
        text = text.replace("\0", "")
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def storable_int(number: int) -> int:
    """Return the number, limited to the 64 bits of SQLite."""
    return max(-(2**63), min(2**63 - 1, number))


_COLUMNS = (
    "role, type, content, reasoning, name, content_type, message_id, created_at, "
    "key, conversation, coalesce(chat, 0), position, thought_us"
)


_MESSAGE = kinds_of(SavedMessage)


def message_from_row(row: Sequence[Any]) -> SavedMessage:
    """Return the message of a row with the columns of `_COLUMNS`."""
    role, type_, content, reasoning, name, content_type, message_id, at, key, conversation, *rest = typed(
        row, _MESSAGE
    )
    return SavedMessage(  # thousands of messages share the same few texts as one object
        *(intern(role), intern(type_), content, reasoning, name, intern(content_type), message_id, at, key),
        *(intern(conversation), *rest),
    )


def insert(
    c: sqlite3.Connection, conversation: str, chat: int, position: int, messages: Iterable[SavedMessage]
) -> list[int]:
    """Write messages from a position on, make them searchable, and return their keys."""
    texts: list[tuple[int, str]] = []
    for offset, message in enumerate(messages):
        content, reasoning = storable(message.content), storable(message.reasoning)
        name = storable(message.name)
        cursor = c.execute(
            """INSERT INTO messages (role, type, content, reasoning, name, content_type, message_id,
                                     created_at, conversation, chat, position, thought_us)
               VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, nullif(?, 0), ?, ?)""",
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
                storable_int(message.thought_us),
            ),
        )
        texts.append((cursor.lastrowid or 0, fold_parts(content, reasoning, name)))
    c.executemany("INSERT INTO texts (message, folded) VALUES (?, ?)", texts)
    if len(texts) <= _INDEXED_AT_ONCE:
        search.index_texts(c, texts)
    return [key for key, _ in texts]


def new_slot(c: sqlite3.Connection, conversation: str, count: int = 1) -> int:
    """Reserve unused slots at the end of the conversation and return the first.

    Raises:
        StoreError: the conversation no longer exists.
    """
    c.execute("UPDATE conversations SET last_slot = last_slot + ? WHERE key = ?", (count, conversation))
    row = c.execute("SELECT last_slot FROM conversations WHERE key = ?", (conversation,)).fetchone()
    if row is None:
        raise StoreError("other", detail=f"there is no conversation {conversation}")
    return int(row[0]) - count + 1


def messages(
    c: sqlite3.Connection,
    conversation: str,
    *,
    before: int | None = None,
    after: int | None = None,
    limit: int = 50,
) -> tuple[SavedMessage, ...]:
    """Return a page of messages, oldest first: the last ones, or those next to a position.

    A page ends early with the message that makes it longer than `PAGE_CHARACTERS`.
    """
    place, order, position = ("<", "DESC", 2**63 - 1 if before is None else before)
    if after is not None:
        place, order, position = (">", "ASC", after)
    page: list[SavedMessage] = []
    size = 0
    for row in c.execute(
        f"""SELECT {_COLUMNS} FROM messages WHERE conversation = ? AND position {place} ?
            ORDER BY position {order} LIMIT ?""",
        (conversation, position, limit),
    ):
        page.append(message_from_row(row))
        size += len(page[-1].content) + len(page[-1].reasoning)
        if size > PAGE_CHARACTERS:
            break
    return tuple(page if after is not None else page[::-1])


def each_message(c: sqlite3.Connection, conversation: str) -> Iterator[SavedMessage]:
    """Yield all messages of a conversation, oldest first, reading them step by step."""
    rows = c.execute(
        f"SELECT {_COLUMNS} FROM messages WHERE conversation = ? ORDER BY position", (conversation,)
    )
    return map(message_from_row, rows)


def message(c: sqlite3.Connection, key: int) -> SavedMessage | None:
    """Return one message, or None."""
    row = c.execute(f"SELECT {_COLUMNS} FROM messages WHERE key = ?", (key,)).fetchone()
    return message_from_row(row) if row else None


def message_count(c: sqlite3.Connection, conversation: str) -> int:
    """Return the number of messages of a conversation."""
    row = c.execute("SELECT count(*) FROM messages WHERE conversation = ?", (conversation,)).fetchone()
    return int(row[0])


def said_counts(c: sqlite3.Connection, conversation: str, most: int = 10_000) -> tuple[int, int] | None:
    """Return the number of questions in a conversation, and how many of them were answered.

    Follow-ups, tool calls and further answers to one question do not count.

    Args:
        most: if there are more messages, return None, because each has to be read.
    """
    if message_count(c, conversation) > most:
        return None
    row = c.execute(
        """SELECT coalesce(sum(type = 'question'), 0), count(DISTINCT CASE type WHEN 'answer' THEN turn END)
           FROM (SELECT type, sum(type = 'question') OVER (ORDER BY position) AS turn
                 FROM messages WHERE conversation = ?)""",
        (conversation,),
    ).fetchone()
    return int(row[0]), int(row[1])


def delete_messages(c: sqlite3.Connection, condition: str, *values: object) -> None:
    """Delete the messages that meet a condition over `messages`, with their index entries."""
    search.unindex(c, condition, *values)
    c.execute(f"DELETE FROM messages WHERE {condition}", values)


# --- merging the server's list of messages ---


@valueclass
class ServerMessage:
    """A message in the server's list."""

    message: SavedMessage
    chat_id: str = ""
    section_id: str = ""


@dataclass(slots=True)
class _Known:
    """The messages and chats that a conversation already has."""

    positions: list[int]
    """Of all its messages, ascending."""
    times: list[int]
    """Of the same messages; Unix milliseconds."""
    by_identity: dict[tuple[str, ...], int]
    """Positions of messages without a local chat."""
    own_ids: dict[str, int]
    """Slots by the Coze IDs of local chats and of their messages."""
    own_slots: set[int]


def add_missing(c: sqlite3.Connection, conversation: str, listed: Sequence[ServerMessage]) -> int:
    """Add the messages that the conversation lacks and return their number. Idempotent.

    A local chat is not changed, since its frames are more complete than the list.

    Args:
        listed: all messages that the server has, oldest first.

    Raises:
        StoreError: the conversation no longer exists.
    """
    known = _known(c, conversation)
    anchor: int | None = None
    """Position of the last message before, of those that the server also has."""
    added = 0
    places: list[tuple[ServerMessage, int]] = []
    waiting: list[list[ServerMessage]] = []
    for group in _groups(listed):
        own = next((slot for item in group for slot in _own_slot(known, item)), None)
        if own is not None:
            added += _place(c, conversation, known, anchor, waiting, places)
            waiting = []
            anchor = own * SLOT
            places += [(item, anchor) for item in group]
            continue
        lacking: list[ServerMessage] = []
        for item in group:
            at = known.by_identity.get(_identity(item.message))
            if at is None:
                lacking.append(item)
                continue
            if lacking:
                waiting.append(lacking)
                lacking = []
            added += _place(c, conversation, known, anchor, waiting, places)
            waiting = []
            anchor = at
            places.append((item, at))
        if lacking:
            waiting.append(lacking)
    added += _place(c, conversation, known, anchor, waiting, places)
    _mark_sections(c, conversation, places)
    return added


def _groups(listed: Sequence[ServerMessage]) -> Iterator[list[ServerMessage]]:
    """Yield the messages chat by chat; without chat IDs, each question with the messages after it."""
    group: list[ServerMessage] = []
    for item in listed:
        is_next = group and (
            item.chat_id != group[-1].chat_id if item.chat_id else item.message.type == "question"
        )
        if is_next:
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _known(c: sqlite3.Connection, conversation: str) -> _Known:
    known = _Known([], [], {}, {}, set())
    for chat_id, slot in c.execute(
        "SELECT chat_id, slot FROM chats WHERE conversation = ? AND chat_id <> ''", (conversation,)
    ):
        known.own_ids[str(chat_id)] = int(slot)
    for position, at, chat, role, type_, message_id, content in c.execute(
        """SELECT position, created_at, chat, role, type, message_id, content FROM messages
           WHERE conversation = ? ORDER BY position""",
        (conversation,),
    ):
        known.positions.append(position)
        known.times.append(at)
        if chat is None:
            known.by_identity[_identity(SavedMessage(role, type_, content, message_id=message_id))] = position
        else:
            known.own_slots.add(position // SLOT)
            if message_id:
                known.own_ids[message_id] = position // SLOT
    return known


def _identity(message: SavedMessage) -> tuple[str, ...]:
    """Return an identifier of a message: its ID, or else its content."""
    if message.message_id:
        return (storable(message.message_id),)
    return (message.role, message.type, storable(message.content))


def _own_slot(known: _Known, item: ServerMessage) -> Iterator[int]:
    for id_ in (item.chat_id, item.message.message_id):
        if id_ and id_ in known.own_ids:
            yield known.own_ids[id_]


def _place(
    c: sqlite3.Connection,
    conversation: str,
    known: _Known,
    anchor: int | None,
    groups: Sequence[Sequence[ServerMessage]],
    places: list[tuple[ServerMessage, int]],
) -> int:
    """Write messages after the anchor, or by their time if it is None; return their number."""
    run = [item for group in groups for item in group]
    if not run:
        return 0
    low = _low(known, _by_time(known, run[0].message.created_at) if anchor is None else anchor)
    after = bisect_right(known.positions, low)
    high = known.positions[after] if after < len(known.positions) else None
    step = 0 if high is None else min(_APART, (high - low) // (len(run) + 1))
    found: list[tuple[ServerMessage, int]] = []
    if step:
        found = [(item, low + step * number) for number, item in enumerate(run, 1)]
    else:  # at the end; also if there is no room, which takes a thousand messages at one position
        slot = new_slot(c, conversation, len(groups))
        for number, group in enumerate(groups):
            found += [(item, (slot + number) * SLOT + offset) for offset, item in enumerate(group)]
    for item, position in found:
        insert(c, conversation, 0, position, [item.message])
    c.execute(
        "UPDATE conversations SET updated_at = max(updated_at, ?) WHERE key = ?",
        (storable_int(max(item.message.created_at for item in run)), conversation),
    )
    places += found
    return len(run)


def _by_time(known: _Known, at_ms: int) -> int:
    """Return the position of the last message that is not later than a time."""
    earlier = [position for position, at in zip(known.positions, known.times, strict=True) if at <= at_ms]
    return earlier[-1] if earlier else 0


def _low(known: _Known, anchor: int) -> int:
    """Return the position after which to insert, outside the positions of local chats."""
    slot = anchor // SLOT
    return max(anchor, slot * SLOT + _OWN - 1) if slot in known.own_slots else anchor


def _mark_sections(
    c: sqlite3.Connection, conversation: str, places: Sequence[tuple[ServerMessage, int]]
) -> None:
    """Add a section at each point at which the server started a new one, unless it exists."""
    drawn = {
        str(section_id)
        for (section_id,) in c.execute(
            "SELECT section_id FROM sections WHERE conversation = ?", (conversation,)
        )
    }
    present = ""
    for item, position in places:
        section_id = storable(item.section_id)
        if section_id and present and section_id != present and section_id not in drawn:
            c.execute(
                """INSERT INTO sections (conversation, section_id, position, started_at)
                   VALUES (?, ?, ?, ?)""",
                (conversation, section_id, position, storable_int(item.message.created_at)),
            )
            drawn.add(section_id)
        present = section_id or present
