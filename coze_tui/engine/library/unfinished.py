"""Unfinished chats: finishes those of ended programs in the store, and shows others from their frames."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from heapq import merge
from operator import attrgetter

from coze_tui.engine.model.turn_replay import past_turn
from coze_tui.engine.session.maintenance import FindCleaner, close_orphan
from coze_tui.engine.session.recorder import ended_record, messages_of
from coze_tui.errors import StoreError
from coze_tui.store import journal
from coze_tui.store.archive import ConversationArchive
from coze_tui.store.database import Database, now_ms
from coze_tui.store.packed_messages import packed_if_many
from coze_tui.store.records import SLOT, ChatRecord, SavedMessage
from coze_tui.values import valueclass

_position = attrgetter("position")


@valueclass
class UnfinishedChat:
    """A chat that is not final in the store, with the content of its frames."""

    record: ChatRecord
    """If its program has ended, the record that the store will have; otherwise not final."""
    messages: tuple[SavedMessage, ...]
    """The messages after the question, at their positions. They have no keys."""


async def settle_orphans(database: Database, find_cleaner: FindCleaner) -> StoreError | None:
    """Finish the chats of ended programs, as the next start of the screens would do.

    The next start still fetches the rest of them.

    Args:
        find_cleaner: as for `close_orphan`.

    Returns:
        The error because of which the store did not accept the end of one; see `unfinished_chats`.

    Raises:
        StoreError: the store cannot be read.
    """
    orphans = await database.read(lambda c: journal.orphaned_chats(c, now_ms()))
    try:
        for chat in orphans:
            await close_orphan(database, chat, find_cleaner)
    except StoreError as error:
        return error
    return None


def unfinished_chats(c: sqlite3.Connection, conversation: str = "") -> tuple[UnfinishedChat, ...]:
    """Return the unfinished chats of one conversation or of all that are not deleted, oldest first.

    Raises:
        StoreError: the frames of a chat cannot be read.
    """
    return tuple(
        _unfinished(c, record, is_running)
        for record, is_running in journal.unfinished_chats(c, now_ms(), conversation)
    )


def _unfinished(c: sqlite3.Connection, record: ChatRecord, is_running: bool) -> UnfinishedChat:
    frames = journal.frames_of(c, record.key)
    turn = past_turn(frames, logid=record.logid)
    messages = messages_of(turn.state, record.sent_at)
    if not is_running:
        record = ended_record(turn.figures, turn.outcome, turn.figures.error, turn.figures.last_us, record)
        # As the store will have it once the chat is closed.
        record = replace(record, frame_count=len(frames), has_packed_frames=bool(frames))
    return UnfinishedChat(
        record,
        tuple(
            replace(
                message,
                conversation=record.conversation,
                chat=record.key,
                position=record.slot * SLOT + offset,
            )
            for offset, message in enumerate(messages, 1)
        ),
    )


def with_unfinished(archived: ConversationArchive, chats: Sequence[UnfinishedChat]) -> ConversationArchive:
    """Return a conversation in which unfinished chats have the messages of their frames."""
    if not chats:
        return archived
    by_key = {chat.record.key: chat for chat in chats}
    # A resumed chat still has the messages of its first end.
    first = {chat.record.key: chat.record.slot * SLOT for chat in chats if chat.messages}
    stored = (
        message
        for message in archived.messages
        if message.chat not in first or message.position == first[message.chat]
    )
    received = sorted((message for chat in chats for message in chat.messages), key=_position)
    return replace(
        archived,
        chats=tuple(
            replace(by_key[chat.key].record, has_packed_frames=chat.has_packed_frames)
            if chat.key in by_key
            else chat
            for chat in archived.chats
        ),
        messages=packed_if_many(merge(stored, received, key=_position)),
    )
