"""Reads whole conversations from a store and writes them into one, for exports and imports."""

from __future__ import annotations

import hashlib
import sqlite3
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import field, replace
from itertools import zip_longest

from coze_tui.api.objects import Frame
from coze_tui.errors import StoreError
from coze_tui.store import history, journal, messages
from coze_tui.store.history import SavedConversation, SavedSection
from coze_tui.store.journal import BREAK_COLUMNS, CHAT_COLUMNS, stored_values
from coze_tui.store.messages import storable, storable_int
from coze_tui.store.packed_messages import packed_if_many
from coze_tui.store.packing import Packer, frame_from_line, line_from_frame, lines_in
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from coze_tui.values import valueclass


@valueclass
class ConversationArchive:
    """A conversation with everything that belongs to it, in a few large values."""

    conversation: SavedConversation
    sections: tuple[SavedSection, ...] = ()
    chats: tuple[ChatRecord, ...] = ()
    """Ordered by slot. Their keys are those of the source store; they link messages and frames to chats."""
    messages: Collection[SavedMessage] = ()
    """Ordered by position; packed if there are many."""
    packed_frames: Mapping[int, bytes] = field(default_factory=dict, repr=False)
    """By the key of the chat; a chat without frames has no entry."""

    def frames_of(self, chat: ChatRecord) -> Iterator[Frame]:
        """Yield the frames of one of its chats, exactly as they were received.

        Raises:
            StoreError: the frames can no longer be read.
        """
        packed = self.packed_frames.get(chat.key)
        if packed is None:
            return
        try:
            yield from map(frame_from_line, lines_in(packed))
        except (zlib.error, ValueError, TypeError) as error:
            raise StoreError("damaged", detail=f"frames of chat {chat.key}: {error}") from error


def pack(frames: Iterable[Frame]) -> bytes | None:
    """Return frames packed as the store does."""
    packer = Packer()
    for frame in frames:
        packer.add(line_from_frame(frame))
    return packer.packed()


def take(c: sqlite3.Connection, key: str) -> ConversationArchive | None:
    """Return a conversation, even a deleted one, or None; a running chat has the frames received so far.

    Raises:
        StoreError: the frames of a chat can no longer be read.
    """
    saved = history.conversation(c, key)
    if saved is None:
        return None
    chats, packed = [], {}
    for chat in journal.chats(c, key):
        frames = journal.packed_frames(c, chat.key)
        if frames is not None:
            packed[chat.key] = frames
        if chat.has_packed_frames != (frames is not None):
            chat = replace(chat, has_packed_frames=frames is not None)
        chats.append(chat)
    return ConversationArchive(
        saved,
        history.sections(c, key),
        tuple(chats),
        packed_if_many(messages.each_message(c, key)),
        packed,
    )


def put(c: sqlite3.Connection, archived: ConversationArchive) -> None:
    """Write a conversation under its own key, which must be unused; a running chat gets no owner.

    Messages are searchable at once. Many of them are indexed later, by `search.index_some`.
    """
    saved = archived.conversation
    history.insert_conversation(c, replace(saved, deleted_at=0), last_slot=_last_slot(archived))
    for section in archived.sections:
        c.execute(
            "INSERT INTO sections (conversation, section_id, position, started_at) VALUES (?, ?, ?, ?)",
            (saved.key, storable(section.section_id), section.position, storable_int(section.started_at)),
        )
    keys = {
        chat.key: _put_chat(c, saved.key, chat, archived.packed_frames.get(chat.key))
        for chat in archived.chats
    }
    for run in _runs(archived.messages):
        messages.insert(c, saved.key, keys.get(run[0].chat, 0), run[0].position, run)


def _put_chat(c: sqlite3.Connection, conversation: str, chat: ChatRecord, packed: bytes | None) -> int:
    cursor = c.execute(
        f"""INSERT INTO chats (conversation, capture, {", ".join(CHAT_COLUMNS)})
            VALUES (?, ?, {", ".join("?" * len(CHAT_COLUMNS))})""",
        (conversation, packed, *stored_values(chat)),
    )
    key = cursor.lastrowid or 0
    journal.note_breaks(c, key, chat)
    return key


def _last_slot(archived: ConversationArchive) -> int:
    slots = [chat.slot for chat in archived.chats]
    slots += [section.position // SLOT - 1 for section in archived.sections]
    slots.append(max((message.position for message in archived.messages), default=0) // SLOT)
    return max(slots)


def _runs(found: Iterable[SavedMessage]) -> Iterator[list[SavedMessage]]:
    """Yield runs of messages of one chat at adjacent positions, which can be written together."""
    run: list[SavedMessage] = []
    for message in found:
        if run and (message.chat != run[-1].chat or message.position != run[-1].position + 1):
            yield run
            run = []
        run.append(message)
    if run:
        yield run


def holds(whole: ConversationArchive, part: ConversationArchive) -> bool:
    """Return whether `whole` contains all messages, chats and frames of `part` at the same positions.

    Titles, drafts and the like are not compared, nor are frames that retention has removed from `part`.
    """
    chats = {chat.slot: chat for chat in whole.chats}
    for chat in part.chats:
        same = chats.get(chat.slot)
        if same is None or _essence(same) != _essence(chat):
            return False
        pairs = zip_longest(part.frames_of(chat), whole.frames_of(same))
        if chat.key in part.packed_frames and any(mine != theirs for mine, theirs in pairs):
            return False
    return _placed(part) <= _placed(whole) and _starts(part) <= _starts(whole)


def _essence(chat: ChatRecord) -> tuple[object, ...]:
    """Return the facts of a chat that are equal in every store; the number of frames depends on retention."""
    names = (*CHAT_COLUMNS, *BREAK_COLUMNS)
    return tuple(getattr(chat, name) for name in names if name != "frame_count")


def _placed(archived: ConversationArchive) -> set[bytes]:
    """Return an identifier of each message and its position; the messages themselves may be large."""
    slots = {chat.key: chat.slot for chat in archived.chats}
    placed = (
        replace(message, key=0, conversation="", chat=slots.get(message.chat, 0))
        for message in archived.messages
    )
    return {hashlib.sha256(repr(message).encode("utf-8", "surrogatepass")).digest() for message in placed}


def _starts(archived: ConversationArchive) -> set[tuple[str, int]]:
    return {(section.section_id, section.position) for section in archived.sections}
