"""Searches, renames, pins, deletes and forks conversations of the local list.

`library/server.py` does the same on the server.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

from coze_tui.engine.library.unfinished import settle_orphans, unfinished_chats
from coze_tui.engine.session.maintenance import FindCleaner
from coze_tui.errors import StoreError, StoreWarning
from coze_tui.store import forks, history, journal, retention, search
from coze_tui.store.database import Database, now_ms, open_or_rescue
from coze_tui.store.history import SavedConversation
from coze_tui.store.last_chats import LastChat, last_chats
from coze_tui.store.messages import message_count, messages, said_counts
from coze_tui.store.records import SLOT
from coze_tui.store.retention import PrunePlan as PrunePlan
from coze_tui.store.search import Hit as Hit
from coze_tui.store.search import Occurrence as Occurrence
from coze_tui.store.search_walk import SearchWalk
from coze_tui.text.cleaning import clean_line
from coze_tui.text.matching import spans
from coze_tui.values import valueclass

_PATIENCE_S = 1.0
"""Seconds that a command that only reads waits for a lock of another program."""
PageCursor = SavedConversation
"""The end of a page, after which the next page starts. Callers only pass it back."""


@valueclass
class ListPage:
    """A page of the list: pinned conversations, then the latest first."""

    items: tuple[SavedConversation, ...]
    end: PageCursor | None
    """The end after which the next page starts; None if there is no next page."""
    last: Mapping[str, LastChat]
    """By key; conversations without chats have no entry."""


@valueclass
class Found:
    """A conversation that contains a text, with the matches, latest first."""

    summary: SavedConversation
    hits: tuple[Hit, ...]
    """Snippets are clean and on one line."""
    last: LastChat = LastChat()


@valueclass
class Findings:
    """The result of a search; the conversations with the latest matches first."""

    conversations: tuple[Found, ...]
    hits: int
    is_cut: bool
    """There may be more: the limit was reached."""
    elapsed_us: int


@valueclass
class ConversationDetails:
    """A conversation with the numbers for its preview."""

    summary: SavedConversation
    messages: int
    said: tuple[int, int] | None
    """Numbers of questions and of answered questions; None if there are too many messages to read."""
    forked_from: str
    """Title of the conversation from which it was forked; empty if there is none or it was removed."""
    last: LastChat


@valueclass
class OpenHistory:
    """The local history, opened without an engine, for one command."""

    database: Database
    browsing: Browsing
    warnings: tuple[StoreWarning, ...]
    unsettled: StoreError | None = None
    """The error that prevented closing chats of ended programs; those are shown nevertheless."""


@asynccontextmanager
async def open_history(
    file: Path, find_cleaner: FindCleaner, *, changes: bool = False
) -> AsyncIterator[OpenHistory]:
    """Open the history or a copy in memory of its readable data, and finish the chats of ended programs.

    Args:
        find_cleaner: as for `close_orphan`.
        changes: whether to refuse a copy in memory, because changes to it would be lost.

    Raises:
        StoreError: the history cannot be read, or cannot be changed although `changes` asks for it.
    """
    opened = await open_or_rescue(file, patience_s=None if changes else _PATIENCE_S)
    database, warnings = opened.database, opened.warnings
    try:
        # An empty copy may hide a history that is too large to copy.
        if not database.is_saved and (changes or not await _holds_anything(database, file)):
            await database.close()
            read_only = None if changes else await Database.read_only(file)
            if read_only is None:
                database, warnings = await Database.open(file), ()  # raises if the file cannot be opened
            else:
                database = read_only
        unsettled = await settle_orphans(database, find_cleaner)
        yield OpenHistory(database, Browsing(database), warnings, unsettled)
    finally:
        await database.close()


async def _holds_anything(database: Database, file: Path) -> bool:
    """Return whether a copy in memory shows the history, or whether no history exists yet."""
    is_there = await asyncio.to_thread(os.path.lexists, file)
    return not is_there or await database.read(history.last_conversation) is not None


class Browsing:
    """Reads and changes the list of conversations. Every method may raise StoreError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    # --- the list ---

    async def page(self, *, filter: str = "", after: PageCursor | None = None, limit: int = 100) -> ListPage:
        """Return a page of the list; with a filter, the conversations whose title or bot name contains it."""

        def read(c: sqlite3.Connection) -> ListPage:
            rows = history.conversations(c, filter=filter, before=after, limit=limit)
            last = last_chats(c, [saved.key for saved in rows], now_ms())
            # A full page may have a successor.
            return ListPage(rows, rows[-1] if len(rows) == limit else None, last)

        return await self._database.read(read)

    async def count(self) -> int:
        """Return the number of listed conversations."""
        return await self._database.read(history.listed_count)

    async def changes(self) -> int:
        """Return a number that changes with any program's writes. Call it at most once a second."""
        return await self._database.changes()

    async def last(self) -> SavedConversation | None:
        """Return the conversation with the latest message."""
        return await self._database.read(history.last_conversation)

    async def named(self, name: str) -> tuple[SavedConversation, ...]:
        """Return the conversations with this key or Coze ID, or else this prefix of a key; latest first."""

        def read(c: sqlite3.Connection) -> tuple[SavedConversation, ...]:
            found = (history.conversation(c, key) for key in history.keys_named(c, name))
            return tuple(saved for saved in found if saved is not None)

        return await self._database.read(read)

    async def keys(self) -> tuple[str, ...]:
        """Return the keys of all conversations of the list, in its order."""
        return await self._database.read(history.listed_keys)

    # --- searching ---

    async def search(self, text: str, limit: int = 200) -> Findings:
        """Search titles and messages for a text. Cancellation stops the search."""
        start = time.perf_counter_ns()

        def read(c: sqlite3.Connection) -> tuple[list[Found], int]:
            hits = search.search(c, text, limit, _unfinished_hits(c, text))
            return _found(c, text, hits), len(hits)

        found, count = await self._database.read(read)
        return Findings(tuple(found), count, count >= limit, (time.perf_counter_ns() - start) // 1000)

    async def search_all(self, text: str) -> AsyncIterator[Found]:
        """Yield all matches of a text as they are found; successive values may be of the same conversation.

        The conversation with the latest match comes first.
        """
        others = await self._database.read(lambda c: _unfinished_hits(c, text))
        walk = SearchWalk(text, others)

        def read(c: sqlite3.Connection) -> tuple[bool, list[Found]]:
            hits = walk.page(c)
            return bool(hits), _found(c, text, hits)

        # One short read for each page, so that writes do not wait for the whole search.
        has_more = True
        while has_more:
            has_more, page = await self._database.read(read)
            for found in page:
                yield found

    async def find(self, key: str, text: str) -> tuple[Occurrence, ...]:
        """Return the messages of one conversation that contain a text, oldest first."""

        return await self._database.read(lambda c: search.find_in_conversation(c, key, text))

    # --- one conversation ---

    async def details(self, key: str) -> ConversationDetails | None:
        """Return a conversation with the figures of its preview; None if it does not exist."""

        def read(c: sqlite3.Connection) -> ConversationDetails | None:
            saved = history.conversation(c, key)
            if saved is None or saved.deleted_at:
                return None
            origin = history.conversation(c, saved.forked_from) if saved.forked_from else None
            title = clean_line(origin.title) if origin else ""
            last = last_chats(c, [key], now_ms()).get(key, LastChat())
            return ConversationDetails(saved, message_count(c, key), said_counts(c, key), title, last)

        return await self._database.read(read)

    async def rename(self, key: str, title: str) -> None:
        """Set the user's title; `ServerSide.rename` does so on the server."""
        title = clean_line(title).strip()
        await self._database.write(lambda c: history.rename(c, key, title))

    async def fork(
        self,
        key: str,
        *,
        chat: int = 0,
        position: int = 0,
        question_only: bool = False,
        before: bool = False,
    ) -> str:
        """Copy a conversation up to a message, unbound from the server; return its key.

        The place is the end of a chat by key, or the message at a position; by default it is the end of the
        conversation. `question_only` excludes the answer of that chat. `before` excludes the chat or message
        itself; the copy is then empty if that is the first one.

        Raises:
            StoreError: the place does not exist, or the conversation is empty.
        """

        def write(c: sqlite3.Connection) -> str:
            if before:
                return forks.fork(c, key, _last_message_before(c, key, chat, position), now_ms())
            upto = _last_message(c, key, chat, position, question_only=question_only)
            return forks.fork(c, key, upto, now_ms())

        return await self._database.write(write)

    async def conversation(self, key: str) -> SavedConversation | None:
        """Return the conversation with this key, even a deleted one."""
        return await self._database.read(lambda c: history.conversation(c, key))

    # --- several conversations ---

    async def pin(self, keys: Sequence[str], pinned: bool) -> None:
        """Pin conversations to the top of the list, or unpin them."""

        def write(c: sqlite3.Connection) -> None:
            for key in keys:
                history.pin(c, key, pinned)

        await self._database.write(write)

    async def delete(self, keys: Sequence[str]) -> None:
        """Mark conversations as deleted; `undelete` restores them."""
        at = now_ms()

        def write(c: sqlite3.Connection) -> None:
            for key in keys:
                history.delete(c, key, at)

        await self._database.write(write)

    async def undelete(self, keys: Sequence[str]) -> None:
        """Restore deleted conversations."""

        def write(c: sqlite3.Connection) -> None:
            for key in keys:
                history.undelete(c, key)

        await self._database.write(write)

    async def is_there(self, key: str) -> bool:
        """Return whether the conversation exists and is not deleted."""
        saved = await self._database.run(lambda c: history.conversation(c, key))
        return saved is not None and not saved.deleted_at

    async def prune_plan(self, before_ms: int, *, frames_only: bool = False) -> PrunePlan:
        """Return the plan for removing conversations, or frames of chats, that are older than a time."""
        plan = retention.frames_plan if frames_only else retention.prune_plan
        return await self._database.read(lambda c: plan(c, before_ms))


def _unfinished_hits(c: sqlite3.Connection, text: str) -> list[Hit]:
    """Return the matches in chats whose messages are not in the store yet; each refers to the question."""
    hits = []
    for chat in unfinished_chats(c):
        record = chat.record
        first = record.slot * SLOT
        stored = {
            message.position: message
            for message in messages(c, record.conversation, after=first - 1, limit=len(chat.messages) + 1)
        }
        asked = stored.get(first)
        match = partial(
            search.hit_in,
            text=text,
            key=asked.key if asked else 0,
            title=record.title,
            bot_name=record.bot_name,
        )
        for message in chat.messages:
            hit, before = match(message), stored.get(message.position)
            # The store still has the messages of the first end of a chat that was resumed.
            if hit is not None and (before is None or match(before) is None):
                hits.append(hit)
    return hits


def _found(c: sqlite3.Connection, text: str, hits: Sequence[Hit]) -> list[Found]:
    """Group matches by conversation, in the order of the first match of each."""
    by_key: dict[str, list[Hit]] = {}
    for hit in hits:
        by_key.setdefault(hit.conversation, []).append(_shown(hit, text))
    last = last_chats(c, list(by_key), now_ms())
    return [
        Found(saved, tuple(places), last.get(key, LastChat()))
        for key, places in by_key.items()
        if (saved := history.conversation(c, key))
    ]


def _shown(hit: Hit, text: str) -> Hit:
    snippet = clean_line(hit.snippet)
    if snippet == hit.snippet:
        return hit
    return replace(hit, snippet=snippet, ranges=tuple(spans(snippet, text.strip())))


def _last_message(c: sqlite3.Connection, key: str, chat: int, position: int, *, question_only: bool) -> int:
    """Return the key of the last message up to a chat or position; 0 if there is none."""
    if chat:
        saved = journal.chat(c, chat)
        slot = saved.slot if saved and saved.conversation == key else -1
        position = slot * SLOT if question_only else (slot + 1) * SLOT - 1
    rows = messages(c, key, before=position + 1 if position else None, limit=1)
    return rows[0].key if rows else 0


def _last_message_before(c: sqlite3.Connection, key: str, chat: int, position: int) -> int | None:
    """Return the key of the last message before a chat or position; None if there is none."""
    if chat:
        saved = journal.chat(c, chat)
        if saved is None or saved.conversation != key:
            raise StoreError("other", detail=f"there is no chat {chat} in conversation {key}")
        position = saved.slot * SLOT
    rows = messages(c, key, before=position, limit=1)
    return rows[0].key if rows else None
