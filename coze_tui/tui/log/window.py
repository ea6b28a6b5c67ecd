"""How much of a stored conversation a log has loaded, and the way to the rest of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coze_tui.tui.log.entries import BotEntry, Entry, SectionEntry, UserEntry
from coze_tui.tui.log.message_log import MessageLog
from coze_tui.tui.log.viewport import PageWanted

if TYPE_CHECKING:
    from coze_tui.engine.library.conversations import ChatPage
    from coze_tui.engine.library.history import Occurrence
    from coze_tui.engine.model.transcript import ChatTranscript
    from coze_tui.engine.thread import EngineThread


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a stored chat stands in the log."""

    first: int
    last: int
    """Positions of its messages."""
    question: UserEntry | None
    answer: BotEntry


class LogWindow:
    """Fills a log with chats of one conversation. Nothing is told of what comes too late for it.

    Args:
        only_read: Nothing can be done about a chat where it is shown.
    """

    def __init__(self, engine_thread: EngineThread, log: MessageLog, *, only_read: bool = False) -> None:
        self._engine_thread = engine_thread
        self._log = log
        self._only_read = only_read
        self._page: ChatPage | None = None
        self._places: list[_Place] = []
        self.key = ""
        """Of the conversation; empty for none."""

    @property
    def has_newer(self) -> bool:
        """The log does not reach to the end of the conversation."""
        return self._page is not None and self._page.has_newer

    def forget(self) -> None:
        """There is no stored conversation."""
        self.key, self._page = "", None
        self._places.clear()

    def show(self, key: str, page: ChatPage) -> None:
        """Show this part of a conversation, from its end."""
        self.key, self._page = key, page
        self._places.clear()
        entries = self._entries(page.chats, at_start=False) + _line_behind(page)
        self._log.show(entries, has_older=page.has_older, has_newer=page.has_newer)

    async def load(self, wanted: PageWanted) -> None:
        """Load what the view came near to, or was sent to."""
        if wanted.older:
            await (self.load_start() if wanted.far else self.load_older())
        else:
            await (self.load_end() if wanted.far else self.load_newer())

    async def load_older(self) -> None:
        """Add the chats before."""
        key, page = self.key, self._page
        if page is None or not page.has_older:
            return
        older = await self._engine_thread.call(
            lambda engine: engine.conversations.page(key, before=page.first)
        )
        if self._page is not page:
            return
        self._page = replace(page, first=older.first or page.first, has_older=older.has_older)
        self._log.viewport.prepend(self._entries(older.chats, at_start=True), has_older=older.has_older)

    async def load_newer(self) -> None:
        """Add the chats behind."""
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
        """Show the beginning of the conversation; an answer that comes stays in sight instead."""
        key, page = self.key, self._page
        if self._log.live is not None:
            await self.load_older()
        elif page is not None and page.has_older:
            first = await self._engine_thread.call(lambda engine: engine.conversations.page(key, after=0))
            if self._page is page:
                self.show(key, first)
                self._log.action_to_top()

    async def load_end(self) -> None:
        """Show the end of the conversation, if the log does not reach there."""
        key, page = self.key, self._page
        if page is not None and page.has_newer:
            last = await self._engine_thread.call(lambda engine: engine.conversations.page(key))
            if self._page is page:
                self.show(key, last)

    async def load_around(self, key: str, message: int) -> int:
        """Show the part of a conversation around a message; the message's position, 0 if it is gone."""
        page, position = await self._engine_thread.call(
            lambda engine: engine.conversations.around(key, message)
        )
        self.show(key, page)
        return position

    async def entry_of(self, occurrence: Occurrence) -> Entry | None:
        """The entry of a message, loaded where that was not done; None if it is gone."""
        key, wanted = self.key, occurrence.message
        while self._log.live is not None and self._page is not None and self._page.has_older:
            if self._page.first <= occurrence.position:
                break
            await self.load_older()  # what comes meanwhile must not be put out of the log
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
        for place in self._places:
            if place.first <= occurrence.position <= place.last:
                return place.question if is_question and place.question else place.answer
        kind = UserEntry if is_question else BotEntry  # what was said since the log was filled has no place
        return next(
            (
                entry
                for entry in reversed(self._log.entries)
                if isinstance(entry, kind) and occurrence.chat and entry.chat == occurrence.chat
            ),
            None,
        )

    def position_of(self, entry: Entry | None) -> int:
        """Position of the first message of an entry; 0 where that is not known."""
        for place in self._places:
            if entry is not None and entry in (place.question, place.answer):
                return place.first if entry is place.question else place.first + (place.question is not None)
        return 0

    async def fork(self, entry: Entry | None) -> str:
        """Make a conversation that is the same up to and with an entry, or as a whole; its key.

        Raises:
            StoreError: there is no such place, or nothing has been said.
        """
        key, chat = self.key, entry.chat if entry is not None else 0
        position = self._last_of(entry) if entry is not None and not chat else 0
        only = isinstance(entry, UserEntry)
        return await self._engine_thread.call(
            lambda engine: engine.browsing.fork(key, chat=chat, position=position, question_only=only)
        )

    def _last_of(self, entry: Entry) -> int:
        """Position of the last message of an entry; 0 where that is not known."""
        for place in self._places:
            if entry is place.question:
                return place.first
            if entry is place.answer:
                return place.last
        return 0

    def entry_at(self, position: int) -> Entry | None:
        """The entry of the message at a position, if it is loaded."""
        place = next((place for place in self._places if place.first <= position <= place.last), None)
        if place is None:
            return None
        return place.question if place.question and position == place.first else place.answer

    def _entries(self, chats: Sequence[ChatTranscript], *, at_start: bool) -> list[Entry]:
        entries, places = [], []
        for chat in chats:
            told = entries_of(chat, only_read=self._only_read)
            entries += told
            question = next((entry for entry in told if isinstance(entry, UserEntry)), None)
            answer = told[-1]
            assert isinstance(answer, BotEntry)
            places.append(_Place(chat.first, chat.last, question, answer))
        self._places = places + self._places if at_start else self._places + places
        return entries


def _line_behind(page: ChatPage) -> list[Entry]:
    return [SectionEntry(page.cleared_at_ms)] if page.cleared_at_ms else []


def entries_of(chat: ChatTranscript, *, only_read: bool = False) -> list[Entry]:
    """A stored chat as the log shows it: the line of a new section, the question, what came back."""
    entries: list[Entry] = []
    if chat.starts_section:
        entries.append(SectionEntry(chat.record.sent_at))
    if chat.record.question:
        record = chat.record
        entries.append(UserEntry(record.question, record.sent_at, chat=record.key, files=chat.files))
    return [*entries, BotEntry.told(chat, only_read=only_read)]
