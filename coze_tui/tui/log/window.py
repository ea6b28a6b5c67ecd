"""Loads the displayed part of a stored conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from coze_tui.tui.log.answer_entry import AnswerEntry
from coze_tui.tui.log.entries import Entry, QuestionEntry, SectionEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.viewport import PageWanted
from coze_tui.values import valueclass

if TYPE_CHECKING:
    from coze_tui.engine.library.conversations import ChatPage
    from coze_tui.engine.library.history import Occurrence
    from coze_tui.engine.model.transcript import ChatTranscript
    from coze_tui.engine.thread import EngineThread


@valueclass
class _LoadedChat:
    """A stored chat and its entries in the pane."""

    first: int
    last: int
    """Position of the last message."""
    question: QuestionEntry | None
    answer: AnswerEntry | None


class LogWindow:
    """A loader of the chats of one conversation. Ignores pages that arrive after another one was opened.

    Args:
        only_read: Whether entries omit key hints, because no key works in this view.
    """

    def __init__(self, engine_thread: EngineThread, log: MessageLog, *, only_read: bool = False) -> None:
        self._engine_thread = engine_thread
        self._log = log
        self._only_read = only_read
        self._page: ChatPage | None = None
        self._loaded: list[_LoadedChat] = []
        self.key = ""
        """Key of the conversation; empty for none."""

    @property
    def has_newer(self) -> bool:
        """Return whether the conversation continues after the last loaded message."""
        return self._page is not None and self._page.has_newer

    def forget(self) -> None:
        """Stop showing a stored conversation."""
        self.key, self._page = "", None
        self._loaded.clear()

    def show(self, key: str, page: ChatPage) -> None:
        """Show this page of a conversation, scrolled to its end."""
        self.key, self._page = key, page
        self._loaded.clear()
        # The line about the cleared context comes last: no chat has followed it yet.
        entries = self._entries(page.chats, at_start=False) + _line_behind(page)
        self._log.show(entries, has_older=page.has_older, has_newer=page.has_newer)

    async def load(self, wanted: PageWanted) -> None:
        """Load the page that the view has requested."""
        if wanted.older:
            await (self.load_start() if wanted.to_the_end else self.load_older())
        else:
            await (self.load_end() if wanted.to_the_end else self.load_newer())

    async def load_older(self) -> None:
        """Load the page before the first loaded chat."""
        key, page = self.key, self._page
        if page is None or not page.has_older:
            return
        older = await self._engine_thread.call(
            lambda engine: engine.conversations.page(key, before=page.first)
        )
        # Another conversation or page was shown meanwhile.
        if self._page is not page:
            return
        # An empty page has no positions.
        self._page = replace(page, first=older.first or page.first, has_older=older.has_older)
        self._log.viewport.prepend(self._entries(older.chats, at_start=True), has_older=older.has_older)

    async def load_newer(self) -> None:
        """Load the page after the last loaded chat."""
        key, page = self.key, self._page
        if page is None or not page.has_newer:
            return
        newer = await self._engine_thread.call(lambda engine: engine.conversations.page(key, after=page.last))
        if self._page is not page:
            return
        self._page = replace(page, last=newer.last or page.last, has_newer=newer.has_newer)
        entries = self._entries(newer.chats, at_start=False) + _line_behind(newer)
        self._log.viewport.extend(entries, has_newer=newer.has_newer)

    async def load_start(self) -> None:
        """Show the start of the conversation; while an answer arrives, only load the page before."""
        key, page = self.key, self._page
        # Showing another page would remove the entry that grows.
        if self._log.live is not None:
            await self.load_older()
        elif page is not None and page.has_older:
            first = await self._engine_thread.call(lambda engine: engine.conversations.page(key, after=0))
            if self._page is page:
                self.show(key, first)
                self._log.action_to_top()

    async def load_end(self) -> None:
        """Load and show the end of the conversation, if it is not loaded."""
        key, page = self.key, self._page
        if page is not None and page.has_newer:
            last = await self._engine_thread.call(lambda engine: engine.conversations.page(key))
            if self._page is page:
                self.show(key, last)

    async def load_around(self, key: str, message: int) -> int:
        """Show the page around a message; return the message's position, 0 if it no longer exists."""
        page, position = await self._engine_thread.call(
            lambda engine: engine.conversations.around(key, message)
        )
        self.show(key, page)
        return position

    async def entry_of(self, occurrence: Occurrence) -> Entry | None:
        """Return the entry of a message, loading it if needed; None if the message no longer exists."""
        key, wanted = self.key, occurrence.message
        while self._log.live is not None and self._page is not None and self._page.has_older:
            if self._page.first <= occurrence.position:
                break
            await self.load_older()  # the live answer must stay loaded
        entry = self._entry_at(occurrence)
        if entry is None and key and self._log.live is None:
            page, position = await self._engine_thread.call(
                lambda engine: engine.conversations.around(key, wanted)
            )
            if position and self.key == key:
                self.show(key, page)
                entry = self._entry_at(occurrence)
        return entry

    def _entry_at(self, occurrence: Occurrence) -> Entry | None:
        is_question = occurrence.type == "question"
        for chat in self._loaded:
            if chat.first <= occurrence.position <= chat.last:
                return (is_question and chat.question) or chat.answer or chat.question
        # Messages sent since the pane was filled belong to no loaded chat.
        kind = QuestionEntry if is_question else AnswerEntry
        return next(
            (
                entry
                for entry in reversed(self._log.entries)
                if isinstance(entry, kind) and occurrence.chat and entry.chat == occurrence.chat
            ),
            None,
        )

    def position_of(self, entry: Entry | None) -> int:
        """Return the position of an entry's first message; 0 if unknown."""
        for chat in self._loaded:
            if entry is not None and entry in (chat.question, chat.answer):
                return chat.first if entry is chat.question else chat.first + (chat.question is not None)
        return 0

    async def fork(self, entry: Entry | None) -> str:
        """Copy the conversation up to and including an entry, or all of it; return the key of the copy.

        Raises:
            StoreError: the chat no longer exists, or the conversation is empty.
        """
        key, chat = self.key, entry.chat if entry is not None else 0
        # Messages without a chat, such as imported ones, are named by their position.
        position = self._last_of(entry) if entry is not None and not chat else 0
        # A fork at a question ends with it, so that it can be answered differently.
        only = isinstance(entry, QuestionEntry)
        return await self._engine_thread.call(
            lambda engine: engine.browsing.fork(key, chat=chat, position=position, question_only=only)
        )

    def _last_of(self, entry: Entry) -> int:
        """Return the position of an entry's last message; 0 if unknown."""
        for chat in self._loaded:
            if entry is chat.question:
                return chat.first
            if entry is chat.answer:
                return chat.last
        return 0

    def entry_at(self, position: int) -> Entry | None:
        """Return the entry of the message at a position, or None if it is not loaded."""
        chat = next((chat for chat in self._loaded if chat.first <= position <= chat.last), None)
        if chat is None:
            return None
        return (position == chat.first and chat.question) or chat.answer or chat.question

    def _entries(self, chats: Sequence[ChatTranscript], *, at_start: bool) -> list[Entry]:
        entries, loaded = [], []
        for chat in chats:
            shown = entries_of(chat, only_read=self._only_read)
            entries += shown
            question = next((entry for entry in shown if isinstance(entry, QuestionEntry)), None)
            answer = next((entry for entry in shown if isinstance(entry, AnswerEntry)), None)
            loaded.append(_LoadedChat(chat.first, chat.last, question, answer))
        self._loaded = loaded + self._loaded if at_start else self._loaded + loaded
        return entries


def _line_behind(page: ChatPage) -> list[Entry]:
    return [SectionEntry(page.cleared_at_ms)] if page.cleared_at_ms else []


def entries_of(chat: ChatTranscript, *, only_read: bool = False) -> list[Entry]:
    """Return the entries of a stored chat: section line, question and answer.

    A question without a chat has no answer: a fork may end at it.
    """
    entries: list[Entry] = []
    if chat.starts_section:
        entries.append(SectionEntry(chat.record.sent_at))
    if chat.record.question:
        record = chat.record
        entries.append(QuestionEntry(record.question, record.sent_at, chat=record.key, files=chat.files))
    if chat.record.key or chat.parts or not chat.record.question:
        entries.append(AnswerEntry.of(chat, only_read=only_read))
    return entries
